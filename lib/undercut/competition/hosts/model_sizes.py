"""How many parameters work on each token of an open model?

Computing one token takes about two operations per active parameter, so this number carries most of the cost
of serving. Names of most open models state it; for the rest it stands in the developers' model cards.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd

from undercut.paths import read_beside

#: Active parameters in billions by the beginning of the model id, as published.
PUBLISHED: Final[dict[str, float]] = read_beside(__file__)

#: 8x7b: two of eight experts of Mixtral work on a token.
_MIXTRAL: Final = {"8x7b": 12.9, "8x22b": 39.1}
_ACTIVE = re.compile(r"(?:^|-)a(\d+(?:\.\d+)?)b(?:$|-)")
_DENSE = re.compile(r"(?:^|-)e?(\d+(?:\.\d+)?)b(?:$|-)")


def active_parameters(model_ids: pd.Series) -> pd.Series:
    """Active parameters of each model, billions; missing where nothing is known.

    Parameters
    ----------
    model_ids : Series of str
        Canonical names.

    Returns
    -------
    Series of float

    Notes
    -----
    In this order: distilled models by the number in the name; ``a22b`` in the name; Mixtral; the published
    table; ``70b`` in the name, as all dense models have it. A mixture of experts whose name states only the
    total would be taken for a dense model; those that we know of are in the table.

    Examples
    --------
    >>> names = pd.Series(["qwen3-235b-a22b", "llama-3.3-70b-instruct", "deepseek-r1-0528", "kimi-k3"])
    >>> active_parameters(names).tolist()
    [22.0, 70.0, 37.0, nan]
    """
    known = {name: _active(name) for name in model_ids.dropna().unique()}
    return model_ids.map(known).astype(float).rename("active_billions")


def _active(name: str) -> float:
    stated = _ACTIVE.search(name)
    if stated:
        return float(stated[1])
    for pattern, active in _MIXTRAL.items():
        if pattern in name:
            return active
    dense = _DENSE.search(name)
    if dense and ("distill" in name or "qwen3-8b" in name):
        return float(dense[1])
    for beginning in sorted(PUBLISHED, key=len, reverse=True):
        if name.startswith(beginning):
            return float(PUBLISHED[beginning])
    return float(dense[1]) if dense else np.nan
