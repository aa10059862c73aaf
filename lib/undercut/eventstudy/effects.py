"""What did it come to? Dollar effects, rebounds, and the weeks after (calendar-time portfolios)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from undercut.errors import DuplicateRowsError, OutsideDataError, TooFewError, need_columns
from undercut.eventstudy.data import ReturnsPanel, returns_panel
from undercut.eventstudy.events import EventRows, align_events
from undercut.eventstudy.normal import benchmarks_of, named_benchmarks
from undercut.eventstudy.portfolio import portfolio_return
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, event_days, label, parse_window
from undercut.inference.arrays import Floats
from undercut.sources.closes import market_values
from undercut.sources.reference import load_reference


def dollar_effects(
    study: EventStudy, market_values: pd.DataFrame, *, window: Window | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Abnormal return times market value the day before, by firm, with the total of each event.

    Parameters
    ----------
    study : EventStudy
        The event study.
    market_values : pandas.DataFrame
        Columns firm, value, and event where values differ between events. Effects have the unit of ``value``.
    window : tuple of int, optional
        Days that are summed; default, the event window.
    level : float
        Of the intervals. That of the total allows for every correlation between firms.

    Returns
    -------
    pandas.DataFrame
        Columns event, firm (``total`` for the sum), window, car, value, effect, se, ci_low, ci_high, n.

    Raises
    ------
    DataError
        If a firm has no market value, or more than one.
    """
    days = study.abnormal.windows.event if window is None else window
    whole = np.isfinite(study.abnormal.car(days))
    abnormal = study.abnormal.take(whole)
    values = _values(abnormal.rows.event, abnormal.rows.firm, market_values)
    car, error = abnormal.car(days), np.sqrt(abnormal.car_variance(days))
    half = stats.t.ppf((1 + level) / 2, abnormal.freedom) * error
    frame = pd.DataFrame(
        {
            "event": abnormal.rows.event, "firm": abnormal.rows.firm, "window": label(days), "car": car,
            "value": values, "effect": car * values, "se": error * values, "ci_low": (car - half) * values,
            "ci_high": (car + half) * values, "n": 1,
        }
    )  # fmt: skip
    totals = []
    for event in dict.fromkeys(abnormal.rows.event):
        chosen = np.flatnonzero(abnormal.rows.event == event)
        found = portfolio_return(abnormal.take(chosen), days, weights=values[chosen])
        reach = float(stats.t.ppf((1 + level) / 2, found.freedom)) * found.standard_error
        size = float(values[chosen].sum())
        ends = (found.car - reach, found.car + reach)
        effect = (found.car / size, size, found.car, found.standard_error, *ends, len(chosen))
        totals.append((event, "total", label(days), *effect))
    return pd.concat([frame, pd.DataFrame(totals, columns=frame.columns)], ignore_index=True)


def known_dollar_effects(study: EventStudy, closes: pd.DataFrame) -> pd.DataFrame:
    """Dollar effects of the firms whose closes and shares are known, billions; no row where none is.

    Parameters
    ----------
    study : EventStudy
        The event study.
    closes : pandas.DataFrame
        Columns ticker, date and close, as :func:`undercut.sources.closes.closing_prices` gives them.

    Returns
    -------
    pandas.DataFrame
        As `dollar_effects`: market values are those at the close before the event's window. Shares are the
        reference table's within 100 days, else a fiscal year's diluted ones.
    """
    days = study.to_frame()
    first = days[days["day"].eq(study.abnormal.windows.event[0])].groupby("event", sort=False)["date"].min()
    accounts, shares = load_reference("fundamentals"), load_reference("shares_outstanding")
    found = [
        market_values(closes, accounts, day, outstanding=shares).assign(event=event)
        for event, day in first.dropna().items()
    ]
    columns = ["event", "firm", "value", "note"]
    values = pd.concat(found)[columns] if found else pd.DataFrame(columns=columns)
    rows = pd.MultiIndex.from_arrays([study.abnormal.rows.event, study.abnormal.rows.firm])
    known = rows.isin(pd.MultiIndex.from_frame(values[["event", "firm"]]))
    known &= np.isfinite(study.abnormal.car())
    if not known.any():
        return pd.DataFrame(
            columns=["event", "firm", "window", "car", "value", "effect", "ci_low", "ci_high"]
        )
    return dollar_effects(
        EventStudy(study.setup, study.abnormal.take(np.flatnonzero(known)), study.market), values
    )


def _values(events: np.ndarray, firms: np.ndarray, market_values: pd.DataFrame) -> Floats:
    keys = ["event", "firm"] if "event" in market_values.columns else ["firm"]
    need_columns(market_values, ("firm", "value"), "Market values need the columns firm and value; they lack")
    if market_values.duplicated(keys).any():
        repeated = market_values.loc[market_values.duplicated(keys), "firm"].iloc[0]
        raise DuplicateRowsError(
            f"Market values: {repeated} has more than one value; give one for each {keys[0]}."
        )
    rows = pd.DataFrame({"event": events, "firm": firms})
    merged = rows.merge(market_values[[*keys, "value"]], on=keys, how="left")
    absent = sorted(set(merged.loc[merged["value"].isna(), "firm"]))
    if absent:
        raise OutsideDataError(
            f"No market value for {', '.join(absent[:8])}; add a row or leave the firm out."
        )
    return merged["value"].to_numpy(dtype=np.float64)


def rebounds(
    study: EventStudy, *, event: Window = (0, 0), after: Window = (1, 10), level: float = 0.95
) -> pd.DataFrame:
    r"""How much of the event's abnormal return came back afterwards?

    Parameters
    ----------
    study : EventStudy
        Its event window must contain both windows.
    event, after : tuple of int
        The days of the effect and of the rebound.
    level : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        Columns event, firm, car, se, car_after, se_after, share_recovered, ci_low, ci_high. A share of one is
        a full rebound, below zero a drift in the same direction.

    Notes
    -----
    :math:`-CAR_{after} / CAR_{event}` with Fieller's interval, which allows for the common forecast error.
    Where the effect itself cannot be told from zero, no interval is bounded and its ends are infinite.

    References
    ----------
    Fieller (1954), Some problems in interval estimation, J. Royal Statistical Society B 16.
    """
    abnormal = study.abnormal
    first, second = abnormal.columns(event), abnormal.columns(after)
    effect, later = abnormal.car(event), abnormal.car(after)
    v11, v22 = abnormal.car_variance(event), abnormal.car_variance(after)
    v12 = abnormal.covariance[:, first, second].sum(axis=(1, 2))
    quantile = stats.t.ppf((1 + level) / 2, abnormal.freedom)
    low, high = _fieller(-later, effect, v22, v11, -v12, quantile)
    return pd.DataFrame(
        {
            "event": abnormal.rows.event, "firm": abnormal.rows.firm, "car": effect, "se": np.sqrt(v11),
            "car_after": later, "se_after": np.sqrt(v22), "share_recovered": -later / effect, "ci_low": low,
            "ci_high": high,
        }
    )  # fmt: skip


def _fieller(
    top: Floats, bottom: Floats, var_top: Floats, var_bottom: Floats, covariance: Floats, quantile: Floats
) -> tuple[Floats, Floats]:
    """Interval of top / bottom: the ratios r for which top - r bottom is within its own error."""
    a = bottom**2 - quantile**2 * var_bottom
    b = top * bottom - quantile**2 * covariance
    c = top**2 - quantile**2 * var_top
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
        bounded = a > 0
        low = np.where(bounded, (b - root) / a, -np.inf)
        high = np.where(bounded, (b + root) / a, np.inf)
    missing = np.isnan(top) | np.isnan(bottom)
    return np.where(missing, np.nan, low), np.where(missing, np.nan, high)


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
    held = event_days(rows, window, panel.returns.shape) & np.isfinite(panel.returns)
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
