"""Did open models do it? Rivals of closed models, sellers of the same weights, adoption, demand.

`rivals` (how near open models come, and what closed ones then charge), `hosts` (who sells the same weights,
and at which price), `adoption` (who uses what), `demand` (how buyers respond; what if models were gone).
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(__name__, {}, modules=("adoption", "demand", "hosts", "rivals"))
