"""Does a monthly series move after a set of dates, more than after dates drawn at random?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import NotIdentifiedError, OutsideDataError
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result


class BeforeAfter(Result):
    """Mean change of a series around dates, beyond that around random dates.

    Attributes
    ----------
    effect, low, high : float
        In units of the series; the interval is that of the permutation distribution at ``level``, widened
        to hold zero where the test does not reject: few dates make few distinct means, and an end that
        lands on zero must not be decided by rounding.
    raw_change : float
        Mean of the months after less mean of the months before, nothing subtracted.
    usual_change : float
        The same averaged over random dates: the drift of the series.
    p_value : float
        Two-sided, ``(1 + as extreme) / (1 + draws)``.
    detectable : float
        Smallest effect that a two-sided test at ``1 - level`` finds in four of five cases.
    level : float
    events : int
        Months with at least one date; dates of one month count once.
    left_out : tuple of str
        Months with a date but without enough observations around it.
    """

    effect: float
    low: float
    high: float
    raw_change: float
    usual_change: float
    p_value: float
    detectable: float
    level: float
    events: int
    left_out: tuple[str, ...]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the change with its interval."""
        return plots.interval_rows({"change": (self.effect, self.low, self.high)}, ax=ax)


def change_around(
    series: pd.Series,
    days: Iterable[str | date | pd.Timestamp],
    *,
    months: int = 3,
    draws: int = 4999,
    level: float = 0.95,
    seed: int = 0,
) -> BeforeAfter:
    """Mean change around dates against the same around months drawn at random.

    Parameters
    ----------
    series : Series
        One value a month, index of monthly periods or of texts ``YYYY-MM``; gaps are allowed.
    days : iterable of date
        When something happened.
    months : int
        Observations averaged before (the month of the date excluded) and after (it included).
    draws, level, seed
        Of the permutation.

    Returns
    -------
    BeforeAfter

    Raises
    ------
    OutsideDataError
        No date has enough observations around it.
    NotIdentifiedError
        Dates fill all months that could be drawn.

    Notes
    -----
    Permutation over dates: as many months as there are events are drawn without replacement from all months
    with enough observations around them. It holds where dates fall independently of the series. Dates that
    react to it, or cluster with other news, are not made comparable by it.

    Examples
    --------
    >>> flat = pd.Series(range(24), index=pd.period_range("2024-01", periods=24, freq="M"), dtype=float)
    >>> found = change_around(flat, ["2024-09-10"])
    >>> found.raw_change, found.effect
    (3.0, 0.0)
    """
    ordered = pd.Series(series.to_numpy(float), index=pd.PeriodIndex(series.index, freq="M")).sort_index()
    changes = _changes(ordered, months)
    wanted = sorted({pd.Timestamp(day).to_period("M") for day in days})
    usable = [month for month in wanted if month in changes.index]
    if not usable:
        raise OutsideDataError(
            f"None of {len(wanted)} dates has {months} monthly values before and after it between "
            f"{ordered.index.min()} and {ordered.index.max()}."
        )
    if len(usable) >= len(changes):
        raise NotIdentifiedError(
            "Dates fall into every month that could be drawn: nothing is left to compare with."
        )
    pool = changes.to_numpy()
    drawn = _drawn_means(pool, len(usable), draws, seed) - pool.mean()
    raw = float(changes.loc[usable].mean())
    effect = raw - float(pool.mean())
    tail = (1 - level) / 2
    below, above = np.quantile(drawn, [tail, 1 - tail])
    p_value = (1 + int((np.abs(drawn) >= abs(effect) - 1e-12).sum())) / (1 + draws)
    low, high = effect - float(above), effect - float(below)
    if p_value > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return BeforeAfter(
        effect=effect,
        low=low,
        high=high,
        raw_change=raw,
        usual_change=float(pool.mean()),
        p_value=p_value,
        detectable=float(np.quantile(np.abs(drawn), level) + np.quantile(drawn, 0.8)),
        level=level,
        events=len(usable),
        left_out=tuple(str(month) for month in wanted if month not in changes.index),
    )


def _changes(series: pd.Series, months: int) -> pd.Series:
    """Mean of the observations after each month less mean of those before, where both are there."""
    valid = series.dropna()
    # Observations, not calendar months: one missing month must not remove every month around it.
    before = valid.rolling(months).mean().shift(1)
    after = valid[::-1].rolling(months).mean()[::-1]
    return (after - before).dropna()


def _drawn_means(pool: Floats, size: int, draws: int, seed: int) -> Floats:
    """Means of ``size`` values drawn without replacement."""
    order = np.random.default_rng(seed).random((draws, len(pool))).argsort(axis=1)[:, :size]
    return np.asarray(pool[order].mean(axis=1))
