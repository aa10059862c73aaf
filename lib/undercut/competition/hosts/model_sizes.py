"""How many parameters work on each token of an open model?

Computing one token takes about two operations per active parameter, so this number carries most of the cost
of serving. Names of most open models state it; for the rest it stands in the developers' model cards.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd

#: Active parameters in billions by the beginning of the model id, from the developers' model cards and
#: technical reports; longest beginning first. None: the name's own number would mislead, or nothing is
#: published that we have read.
PUBLISHED: Final[dict[str, float | None]] = {
    "codestral-2405": 22, "codestral-mamba-2407": 7.3, "cogito-v2.1-671b": 37, "command-a-03-2025": 111,
    "command-a-reasoning-08-2025": 111, "command-a-vision-07-2025": 112, "command-r-03-2024": 35,
    "command-r-08-2024": 32, "command-r-plus": 104, "dbrx": 36, "deepseek-coder-v2": 21,
    "deepseek-coder-v2-lite": 2.4, "deepseek-prover-v2": 37, "deepseek-r1": 37, "deepseek-v2": 21,
    "deepseek-v2-lite": 2.4, "deepseek-v3": 37, "devstral-small-25": 24, "glm-4.5": 32, "glm-4.5-air": 12,
    "glm-4.5v": 12, "glm-4.6": 32, "glm-4.6v": None, "glm-4.7": None, "gpt-oss-120b": 5.1, "gpt-oss-20b": 3.6,
    "gpt-oss-safeguard-120b": 5.1, "gpt-oss-safeguard-20b": 3.6, "granite-4.0-h-small": 9, "grok-2": None,
    "jamba-1.5-large": 94, "jamba-1.5-mini": 12, "jamba-large": 94, "jamba-mini-1": 12, "kimi-k2-": 32,
    "magistral-small-25": 24, "mai-ds-r1": 37, "mimo-v2-flash": 15, "minimax-01": 45.9, "minimax-m1": 45.9,
    "minimax-m2": 10, "minimax-m2.1": None, "minimax-m2.5": None, "minimax-m2.7": None,
    "mistral-large-2407": 123, "mistral-large-2411": 123, "mistral-large-2512": 41, "mistral-nemo": 12.2,
    "mistral-small-2409": 22, "mistral-small-2501": 24, "mistral-small-2503": 24, "mistral-small-2506": 24,
    "phi-2": 2.7, "phi-3-medium": 14, "phi-3-mini": 3.8, "phi-3-small": 7.4, "phi-3-vision": 4.2,
    "phi-3.5-mini": 3.8, "phi-3.5-moe": 6.6, "phi-3.5-vision": 4.2, "phi-4": 14.7, "phi-4-mini": 3.8,
    "phi-4-multimodal": 5.6, "pixtral-large-2411": 124, "qwen3-coder-next": 3, "r1-1776": 37,
    "solar-open": None,
}  # fmt: skip

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
            active_or_none = PUBLISHED[beginning]
            return np.nan if active_or_none is None else float(active_or_none)
    return float(dense[1]) if dense else np.nan
