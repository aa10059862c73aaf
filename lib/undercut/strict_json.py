"""How is JSON written that every program can read? Numbers that JSON does not have become null."""

from __future__ import annotations

import json
import math
from typing import Any


def dumps(value: Any, **options: Any) -> str:
    """JSON text of a value, as `json.dumps`, but never with ``NaN`` or ``Infinity`` in it.

    Examples
    --------
    >>> dumps({"p": float("nan"), "t": [float("-inf"), 1.5]})
    '{"p": null, "t": [null, 1.5]}'
    """
    try:
        return json.dumps(value, allow_nan=False, **options)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, **options)


def _finite(value: Any) -> Any:
    """The value with missing for every number that is not finite."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
