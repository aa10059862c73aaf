"""What would one day's abnormal return mean for a vendor's expected cash flows? From returns to the reading.

Nothing is calibrated here: the event study knows no valuation, the valuation no share price.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from undercut import plots
from undercut.errors import DataError, OutsideDataError
from undercut.eventstudy.groups import group_tests
from undercut.eventstudy.model import event_study
from undercut.result import Axes, Result
from undercut.valuation.event_link import CashFlowNews, cash_flow_news
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
