"""How did prices move at fixed quality? Hedonic indices, and what the change of a price is made of.

`hedonic_index` is the time dummy, over all months or in rolling windows; `double_imputation` predicts what is
missing in a month; `with_imputed_capability` scores models that no benchmark covers;
`decompose_frontier` splits a fall of the lowest price into offers that stay, come and go.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "time_dummy": "hedonic_index",
        "double_imputation": "double_imputation",
        "results": "HedonicIndex",
        "characteristics": "OF_ALL_OFFERS OF_NEW_MODELS with_characteristics",
        "imputation": "impute_capability with_imputed_capability",
        "decomposition": "decompose_frontier Decomposition",
    },
)
