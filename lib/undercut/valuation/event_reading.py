"""What would one day's abnormal return mean for a vendor's expected cash flows? From returns to the reading.

Nothing is calibrated here: the event study knows no valuation, the valuation no share price. A valuation
whose assumptions were inferred from a market value after the event already contains the return: explaining
the return with it would be circular, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from undercut import plots
from undercut.errors import DataError, InputError, OutsideDataError
from undercut.eventstudy.groups import group_tests
from undercut.eventstudy.model import event_study
from undercut.result import Axes, Result
from undercut.valuation.company import MarketValue
from undercut.valuation.valuation import Valuation
from undercut.valuation.vendors import Case, vendor_case

_QUARTERS_AFTER = 8
_MINUS = "\N{MINUS SIGN}"


class EventReading(Result):
    """An abnormal return and what it would mean.

    Attributes
    ----------
    case : Case
        The vendor with the accounts that were used; `Company.period_end` says up to when they go.
    news : CashFlowNews
        Change of expected cash flows with its 95% interval, from the event study alone.
    p_permutation : float
        Of the abnormal return, over the other sessions of the data.
    placebo_days, estimation_days : int
        Sessions that it was compared with, and on which the normal return was estimated.
    """

    case: Case
    news: CashFlowNews
    p_permutation: float
    placebo_days: int
    estimation_days: int

    def to_frame(self) -> pd.DataFrame:
        """Estimate and interval of each reading."""
        return self.news.table()

    def plot(self, ax: Axes | None = None) -> Axes:
        """The return and the readings, in percent."""
        rows = self.news.table().set_index("reading").drop("equity, million")
        axes = plots.interval_rows({name: tuple(100 * row) for name, row in rows.iterrows()}, ax=ax)
        axes.set_xlabel("%")
        return axes

    def summary(self) -> str:
        """What the return would mean."""
        news, company = self.news, self.case.company
        side = "after" if company.period_end > news.day else "before"
        alone = " The AI business alone cannot lose that much." if news.ai_flows[0] < -1 else ""
        told = (
            f"On {news.day} the return of {company.name} was {news.abnormal_return:+.1%} beyond what its "
            f"benchmark explains (95% interval {_span((news.low, news.high))}; p = {self.p_permutation:.3f} "
            f"over {self.placebo_days} other sessions). At an unchanged discount rate that equals a change "
            f"of all expected cash flows, for ever, by {news.all_flows[0]:+.1%} "
            f"({_span(news.all_flows[1:])}), or of those of the AI business alone by {news.ai_flows[0]:+.1%} "
            f"({_span(news.ai_flows[1:])}).{alone} The accounts used go to "
            f"{company.period_end}, {side} the day; assumptions and rates are today's."
        )
        return re.sub(r"-(?=\d+(\.\d+)?%)", _MINUS, told)


def read_event(
    ticker: str,
    fundamentals: pd.DataFrame,
    returns: pd.DataFrame,
    *,
    day: str,
    market: str = "RSP",
    estimation: tuple[int, int] = (-150, -21),
) -> EventReading:
    """Event study of one day and its reading as news about cash flows.

    Parameters
    ----------
    ticker : str
        In both tables.
    fundamentals, returns : DataFrame
        As `undercut.load_reference("fundamentals")` and `undercut.valuation.vendors.sample_returns`.
    day : str
        The session, YYYY-MM-DD.
    market : str
        Benchmark, a ticker of ``returns``.
    estimation : tuple of int
        First and last trading day before the event that define what is normal.

    Raises
    ------
    OutsideDataError
        The returns do not have the ticker or the benchmark.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.vendors import sample_returns
    >>> published = undercut.load_reference("fundamentals")
    >>> found = read_event("NVDA", published, sample_returns(), day="2025-01-27")
    >>> found.news.low < found.news.abnormal_return < found.news.high
    True
    """
    wide = returns.pivot_table(index="date", columns="ticker", values="return")
    for name in (ticker, market):
        if name not in wide.columns:
            raise OutsideDataError(
                f"No returns of {name}: an event study needs those of the firm and the benchmark."
            )
    events = pd.DataFrame({"event": ["event"], "date": [day], "firm": [ticker], "group": [ticker]})
    study = event_study(wide, events, market=market, estimation=estimation, window=(0, 0))
    tests = group_tests(study)
    row = tests.rows.iloc[0]
    case = event_case(ticker, fundamentals, day)
    ends = (float(row["ci_low"]), float(row["ci_high"]))
    news = cash_flow_news(case.value(), day=day, abnormal_return=float(row["car"]), interval=ends)
    return EventReading(
        case, news, float(row["p_permutation"]), tests.placebo_days,
        int(study.abnormal.n_estimation.max()),
    )  # fmt: skip


def event_case(ticker: str, fundamentals: pd.DataFrame, day: str) -> Case:
    """A vendor with the oldest accounts that are complete and were published by an event or after it.

    Later accounts may know of the event: the case's ``company.period_end`` says up to when they go. Its beta
    is the assumed one, because returns around the event belong to the event study.

    Raises
    ------
    DataError
        No accounts of two years after the event, nor later ones, are complete.
    """
    days = [pd.Timestamp(day), *pd.date_range(day, periods=_QUARTERS_AFTER, freq="QE")]
    for known in (f"{each:%Y-%m-%d}" for each in days):
        try:
            found = vendor_case(ticker, fundamentals, as_of=known)
        except DataError:  # not yet published: the next quarter may have it
            continue
        return replace(found, elapsed_years=0.0)
    return vendor_case(ticker, fundamentals)


def _span(ends: Sequence[float]) -> str:
    return f"{min(ends):+.1%} to {max(ends):+.1%}"


@dataclass(frozen=True, slots=True)
class CashFlowNews:
    """Change of expected cash flows that explains an abnormal return at an unchanged discount rate.

    Attributes
    ----------
    ticker, day : str
        Whose return, on which day.
    abnormal_return, low, high : float
        Decimals, with their interval.
    equity_change : tuple of float
        Million: abnormal return (and ends of its interval) times equity before the event.
    all_flows : tuple of float
        Relative change of all cash flows of the firm, for ever, that has this value.
    ai_flows : tuple of float
        The same if the AI business alone is concerned.
    """

    ticker: str
    day: str
    abnormal_return: float
    low: float
    high: float
    equity_change: tuple[float, float, float]
    all_flows: tuple[float, float, float]
    ai_flows: tuple[float, float, float]

    def table(self) -> pd.DataFrame:
        """Estimate and interval of each reading."""
        rows = {
            "abnormal return": (self.abnormal_return, self.low, self.high),
            "equity, million": self.equity_change,
            "all cash flows, relative": self.all_flows,
            "cash flows of the AI business, relative": self.ai_flows,
        }
        frame = pd.DataFrame(rows.values(), columns=["estimate", "low", "high"])
        frame.insert(0, "reading", list(rows))
        return frame


def cash_flow_news(
    valuation: Valuation,
    *,
    day: str,
    abnormal_return: float,
    interval: tuple[float, float],
    market_value_before: MarketValue | None = None,
) -> CashFlowNews:
    """Read an abnormal return as news about cash flows.

    Parameters
    ----------
    valuation : Valuation
        Under assumptions that were not inferred from a market value of the event day or later.
    day : str
        Event day, YYYY-MM-DD.
    abnormal_return : float
        Decimals, from an event study.
    interval : tuple of float
        Its ends.
    market_value_before : MarketValue, optional
        Of the day before; the model's own equity by default.

    Raises
    ------
    InputError
        The valuation is calibrated to a market value that already contains the return (circular), or the
        model's
        equity is not above zero.

    Notes
    -----
    At an unchanged discount rate the value of equity plus net debt is proportional to the path of cash
    flows, so
    ``dV / V = AR E / V``. Campbell (1991) splits returns into news about cash flows and about discount
    rates; here
    all of it is taken as the first, which is an upper bound where rates moved the same way.
    """
    market = valuation.calibrated_to
    if market is not None and market.day >= day:
        raise InputError(
            f"This valuation was inferred from the market value of {market.day}, which already contains the "
            f"return of {day}: explaining the return with it would be circular. Use assumptions from before "
            f"{day}."
        )
    if market_value_before is not None and market_value_before.day >= day:
        raise InputError(f"The market value is of {market_value_before.day}; give one from before {day}.")
    model = float(valuation.equity[0])
    if not model > 0:
        raise InputError(f"{valuation.company.ticker}: the model's equity is {model:,.0f} million; no base.")
    equity = model if market_value_before is None else market_value_before.value
    returns = (abnormal_return, *interval)
    # On the model's own equity: a model that is worth less than the market keeps its proportions.
    scale = model / float(valuation.enterprise[0])
    part = float(valuation.ai_share[0])
    moved = tuple(r * scale for r in returns)
    alone = tuple(m / part if part > 0 else float("nan") for m in moved)
    return CashFlowNews(
        valuation.company.ticker, day, *returns, _three([r * equity for r in returns]), _three(moved),
        _three(alone)
    )  # fmt: skip


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    first, second, third = values
    return float(first), float(second), float(third)
