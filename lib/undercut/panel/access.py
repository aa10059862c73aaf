"""What is an open model? One whose weights can be had, whatever the licence (data/reference/models.csv)."""

from __future__ import annotations

import pandas as pd


def has_open_weights(access: pd.Series) -> pd.Series:
    """Whether weights can be had, for values of the column ``access``; not where it is not known.

    Examples
    --------
    >>> has_open_weights(pd.Series(["open", "open-noncommercial", "closed", None])).tolist()
    [True, True, False, False]
    """
    return access.astype("str").str.startswith("open").fillna(False).astype(bool)
