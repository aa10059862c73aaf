"""How did prices move? Index numbers for anyone's quotes; nothing here knows of AI.

`price_index` computes any method of `METHODS` from a table of quotes, `resampled_index` adds intervals,
`price_index_from_parquet` reads files that do not fit in memory; `prepare` checks quotes once for several
methods.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "compute": "price_index",
        "resampled": "resampled_index ResampledIndex",
        "large": "price_index_from_parquet",
        "data": "Quotes prepare",
        "methods": "METHODS Method",
        "result": "IndexResult",
        "splice": "SPLICES",
    },
)
