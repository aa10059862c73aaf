"""Which assumptions can be measured? Erosion from a price index, the decline of rents from rate cards."""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.errors import DataError
from undercut.valuation.assumptions import Assumptions, Parameter

_YEAR_DAYS = 365.25


def measured_erosion(
    comparison: pd.DataFrame, assumptions: Assumptions, *, method: str = "time dummy, all offers"
) -> Parameter:
    """The parameter ``price_erosion`` from an index, with the index's interval as its range.

    Parameters
    ----------
    comparison : DataFrame
        Of `undercut.studies.prices.comparison.compare_methods`: method, annual (factor a year), low, high.
    assumptions : Assumptions
        Whose parameter is replaced (`Assumptions.with_parameters`).
    method : str
        Which index: it decides the question (average offer, same model, new models).

    Raises
    ------
    DataError
        The comparison does not have the method.

    Examples
    --------
    >>> from undercut.valuation.assumptions import load_assumptions
    >>> row = {"method": ["a"], "annual": [0.6], "low": [0.5], "high": [0.8]}
    >>> found = measured_erosion(pd.DataFrame(row), load_assumptions(), method="a")
    >>> round(found.default, 9), round(found.low, 9), round(found.high, 9)
    (0.4, 0.2, 0.5)
    """
    rows = comparison[comparison["method"] == method]
    if rows.empty:
        raise DataError(f"No index {method!r} in the comparison; it has {', '.join(comparison['method'])}.")
    row = rows.iloc[0]
    erosion, low, high = 1 - float(row["annual"]), 1 - float(row["high"]), 1 - float(row["low"])
    return assumptions["price_erosion"].ranged(
        erosion, low, high, source=f"price index {method!r}, measured now", evidence="measured"
    )


def measured_rental_decline(
    gpu_rental: pd.DataFrame, assumptions: Assumptions, *, gpu: str = "H100"
) -> Parameter:
    """The parameter ``rental_decline``: trend of the log restated rent of one accelerator.

    The range stays that of the assumption, moved along: the few rate cards make no interval, and
    accelerators differ
    in sign.

    Parameters
    ----------
    gpu_rental : DataFrame
        As `undercut.load_reference("gpu_rental")`.
    assumptions : Assumptions
        Whose parameter is replaced.
    gpu : str
        A100, H100, H200 or B200.

    Raises
    ------
    DataError
        Fewer than twelve months.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.assumptions import load_assumptions
    >>> found = measured_rental_decline(undercut.load_reference("gpu_rental"), load_assumptions())
    >>> round(found.default, 2)
    0.09
    """
    rows = gpu_rental[gpu_rental["gpu"] == gpu].dropna(subset=["usd_per_gpu_hour_restated"])
    if len(rows) < 12:
        raise DataError(f"{len(rows)} months of restated rents of {gpu!r}; a trend needs twelve.")
    age = (rows["date"] - rows["date"].min()).dt.days.to_numpy(float) / _YEAR_DAYS
    slope = np.polyfit(age, np.log(rows["usd_per_gpu_hour_restated"].to_numpy(float)), 1)[0]
    months = f"{rows['date'].min():%Y-%m} to {rows['date'].max():%Y-%m}"
    source = f"{gpu} restated list rent, {months}, log-linear trend"
    return assumptions["rental_decline"].moved(float(1 - np.exp(slope)), source=source)
