"""Do firms earn abnormal returns over the weeks after their events? Calendar-time portfolios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from undercut.errors import TooFewError
from undercut.eventstudy.data import ReturnsPanel, returns_panel
from undercut.eventstudy.events import EventRows, align_events
from undercut.eventstudy.normal import benchmarks_of, named_benchmarks
from undercut.eventstudy.windows import Window, label, parse_window
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class CalendarTimePortfolio:
    """Alpha of the portfolio that holds every firm in the days after its event.

    Attributes
    ----------
    alpha, standard_error : float
        Abnormal return a day.
    p_value : float
        Two-sided, t with days less regressors degrees of freedom.
    loadings : numpy.ndarray
        On the benchmarks.
    returns : pandas.DataFrame
        The portfolio: date, return, n_firms.
    window : str
        Days after the event that a firm is held.
    """

    alpha: float
    standard_error: float
    p_value: float
    loadings: Floats
    returns: pd.DataFrame
    window: str

    def summary(self) -> str:
        """The result as text."""
        return (
            f"Calendar-time portfolio, firms held over days {self.window}: alpha {self.alpha:.5f} a day "
            f"(s.e. {self.standard_error:.5f}, p {self.p_value:.3f}) over {len(self.returns)} days, "
            f"{self.returns['n_firms'].mean():.1f} firms a day."
        )


def calendar_time_portfolio(
    returns: pd.DataFrame | ReturnsPanel,
    events: pd.DataFrame,
    *,
    window: Window | str = (0, 20),
    market: str | pd.Series | None = None,
    factors: pd.DataFrame | Sequence[str] | None = None,
    risk_free: str | pd.Series | None = None,
    min_firms: int = 1,
) -> CalendarTimePortfolio:
    """Hold every firm for the days of ``window``, equal weights by day, and regress on the benchmarks.

    Correlation between firms enters the variance of the portfolio by itself. Days are weighted by the square
    root of the number of firms; standard errors are robust to heteroskedasticity (HC1).

    Raises
    ------
    TooFewError
        If too few days have a portfolio.

    References
    ----------
    Jaffe (1974); Mandelker (1974); Mitchell and Stafford (2000), Managerial decisions and long-term
    stock price performance, J. Business 73.
    """
    days = parse_window(window)
    panel, benchmarks = benchmarks_of(
        returns_panel(returns), market=market, factors=factors, risk_free=risk_free
    )
    named = named_benchmarks(market, factors, risk_free)
    rows = align_events(events, panel, not_firms=named, benchmarks=named)
    series, count = _portfolio(panel, rows, days)
    columns = [c for c in (benchmarks.market, benchmarks.factors) if c is not None]
    design = np.column_stack([np.ones(len(panel.days)), *columns])
    used = (count >= min_firms) & np.isfinite(series) & np.isfinite(design).all(axis=1)
    if used.sum() <= design.shape[1] + 1:
        raise TooFewError(f"Only {int(used.sum())} days have a portfolio of at least {min_firms} firms.")
    estimate, error = _weighted_least_squares(series[used], design[used], np.sqrt(count[used]))
    p_value = 2 * stats.t.sf(abs(estimate[0] / error[0]), used.sum() - design.shape[1])
    dates = pd.DatetimeIndex(panel.days[used])
    held = pd.DataFrame({"date": dates, "return": series[used], "n_firms": count[used].astype(int)})
    return CalendarTimePortfolio(
        float(estimate[0]), float(error[0]), float(p_value), estimate[1:], held, label(days)
    )


def _portfolio(panel: ReturnsPanel, rows: EventRows, window: Window) -> tuple[Floats, Floats]:
    """Mean return of the firms held on each day, and their number; a firm counts once a day."""
    held = np.zeros(panel.returns.shape, dtype=bool)
    for offset in range(window[0], window[1] + 1):
        day = rows.day + offset
        inside = (day >= 0) & (day < len(panel.days))
        held[rows.unit[inside], day[inside]] = True
    held &= np.isfinite(panel.returns)
    count = held.sum(axis=0).astype(np.float64)
    total = np.where(held, panel.returns, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0), count


def _weighted_least_squares(target: Floats, design: Floats, weights: Floats) -> tuple[Floats, Floats]:
    scaled, aim = design * weights[:, None], target * weights
    inverse = np.linalg.pinv(scaled.T @ scaled)
    estimate = inverse @ (scaled.T @ aim)
    scores = scaled * (aim - scaled @ estimate)[:, None]
    spare = len(aim) / (len(aim) - design.shape[1])
    return estimate, np.sqrt(spare * np.diag(inverse @ (scores.T @ scores) @ inverse))
