"""At which elasticity does one firm break even, what does its price assume, and what would one day mean?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pandas as pd

from undercut import plots
from undercut.report.findings.sentences import number
from undercut.studies.framed import Framed, Shown
from undercut.studies.presentation import Answer, Figure, Number, Part, Sentence
from undercut.studies.value.charts import SOURCE, change_rows, implied_pairs
from undercut.studies.value.words import needs, numbers, told
from undercut.studies.value.worth import Value
from undercut.valuation import charts
from undercut.valuation.break_even import ELASTICITIES, BreakEvens, company_break_evens
from undercut.valuation.company import MarketValue
from undercut.valuation.event_reading import EventReading, read_event
from undercut.valuation.implied import ImpliedPair, implied_pair, told_erosion
from undercut.valuation.montecarlo import change_table, scenario_changes
from undercut.valuation.scenarios import Scenario, load_scenarios
from undercut.valuation.vendors import Case


class BreakEven(Framed):
    """Break-even elasticity of the firm's AI business in a price war."""

    case: Case
    scenario: Scenario
    found: BreakEvens

    def parts(self) -> Iterator[Part]:
        """The elasticity at which a price war leaves the firm's AI business where it was: the answer."""
        yield from _break_even(self)


def break_even(case: Case, told: Scenario, war: Scenario, *, draws: int = 1_024) -> BreakEven:
    """How responsive must use be for the firm not to lose in a price war?"""
    found = company_break_evens([case], war, draws=draws)
    return BreakEven(found.frame, case, told, found)


def _break_even(found: BreakEven) -> Iterator[Part]:
    firm, ticker, war = found.case.company.name, found.case.company.ticker, found.found.scenario.title
    yield from numbers(found.found, {ticker: firm}, ["headline"])
    side = found.frame["side"].iloc[0]
    verb = "needs use to be more elastic than" if not side else "has no break-even:"
    head = f"{war}: the AI business of {firm} {verb} {told(found.found, ticker)}"
    yield Answer(
        f"{war}: the AI business of {firm} "
        f"{f'{side} whatever use does' if side else f'keeps its value {needs(found.found, ticker)}'}."
    )
    line = 100 * found.found.curves["median"]
    ends = (f"{number(line.iloc[at], '%', decimals=0)} at {number(ELASTICITIES[at], '')}" for at in (0, -1))
    yield Sentence(
        f"Change of its value against the status quo by elasticity of use, median: {', '.join(ends)}."
    )
    yield Figure(
        "break_even",
        lambda: plots.headline(
            charts.by_elasticity(found.found.curves, found.frame, names={ticker: firm}), head,
            "Change of its value against the status quo by elasticity of use; dot: break-even, bar: 90%",
            source=SOURCE,
        ),
        alt=f"{head}.", data=found.found.curves, leads=True,
    )  # fmt: skip


def other_scenarios(case: Case, told: Scenario, *, draws: int) -> Shown:  # noqa: ARG001
    """Change of value in every scenario but the status quo, on common draws, highest first."""
    others = [entry for name, entry in load_scenarios().items() if name != "status-quo"]
    table = change_table(scenario_changes([case], others, draws=draws))
    table = table.sort_values("firm_median", ascending=False, ignore_index=True)
    return Shown(table, partial(_other_scenarios, firm=case.company.name, draws=draws))


def _other_scenarios(table: pd.DataFrame, firm: str, draws: int) -> Iterator[Part]:
    """Change of value in the other scenarios."""
    rows = table.drop(columns=["median", "low", "high"], errors="ignore")
    rows = rows.rename(columns=lambda name: name.removeprefix("firm_")).dropna(subset=["median"])
    texts = {}
    for row in rows.itertuples():
        yield Number(
            f"change.{row.scenario.replace('-', '_')}",
            f"{firm}: change of the value of operations, {row.title} against the status quo",
            100 * row.median, "%", ci=(100 * row.low, 100 * row.high), level=0.9, n=draws, role="assumption",
            method="median of the change over common draws, 90% of draws",
            note=f"the AI business loses in {100 * row.ai_falls:.0f}% of draws",
        )  # fmt: skip
        texts[row.title] = (
            f"{number(100 * row.median, '%')} ({number(100 * row.low, '%')} to {number(100 * row.high, '%')})"
        )
    title = f"{firm}: {_change(rows.iloc[-1])}, {_change(rows.iloc[0])}"
    yield Figure(
        "scenarios",
        lambda: change_rows(
            rows, label="title", finding=title,
            measure="Change of the value of operations against the status quo, median and 90% of common "
            "draws",
        ),
        alt="Dots with intervals by scenario: " + "; ".join(f"{name} {text}" for name, text in texts.items()),
        data=table,
    )  # fmt: skip


def _change(row: pd.Series) -> str:
    move = number(100 * row["median"], "%")
    return f"{'+' if row['median'] > 0 else ''}{move} in {row['title']}"


def implied(case: Case, told: Scenario, *, draws: int = 128) -> Shown:  # noqa: ARG001
    """What the market value implies; without one, what half, the same and twice the model's own would.

    Pairs of erosion and elasticity: rows of `ImpliedPair` with ``asked``: the market value given, or, where
    none was, half of, equal to and twice the model's own value.
    """
    asked = {"market": case}
    if case.market_value is None:
        own = abs(float(case.value().equity[0]))
        day = case.company.period_end
        asked = {
            name: replace(case, market_value=MarketValue(times * own, case.company.currency, day,
                                                         f"{name} of the model's own value"))
            for name, times in {"half": 0.5, "the same": 1.0, "twice": 2.0}.items()
        }  # fmt: skip
    pairs = {name: implied_pair(each, draws=draws) for name, each in asked.items()}
    table = pd.concat([pair.to_frame().assign(asked=name) for name, pair in pairs.items()])
    return Shown(table.reset_index(drop=True), partial(_implied, case=case, pairs=pairs))


def _implied(frame: pd.DataFrame, case: Case, pairs: dict[str, ImpliedPair]) -> Iterator[Part]:
    """The pairs of erosion and elasticity that a market value assumes."""
    firm, given = case.company.name, case.market_value is not None
    if not given:
        yield Sentence(
            "No market value ships with this project. The reader puts in today's (in billions of US dollars, "
            "from Yahoo, or as a table of closes) and gets its curve; here are those of half, the same and "
            "twice the model's own value."
        )
    for name, at in zip(("elastic", "middle", "inelastic"), (0, 8, -1), strict=True):
        row = next(iter(pairs.values())).frame.iloc[at] if given else None
        fall: float | None = None
        ends: tuple[float, float] | None = None
        why = "no market value ships with the project; the reader gives one"
        if row is not None:
            if pd.notna(row["median"]):
                fall, ends = 100 * row["median"], (100 * row["low"], 100 * row["high"])
            why = f"{told_erosion(row)}; one root in {100 * row['one']:.0f}% of draws"
        yield Number(
            f"implied_erosion.{name}",
            f"{firm}: fall of token prices in the first year that the market value assumes, at an elasticity "
            f"of {number(ELASTICITIES[at], '', decimals=1)}",
            fall, "%", ci=ends, level=0.9,
            method="reverse discounted cash flow, all other assumptions drawn; draws with exactly "
            "one root", note=why, role="assumption",
        )  # fmt: skip
    if frame["median"].notna().any():
        title = _title_of_implied(pairs, firm)
        yield Figure(
            "implied_pair", lambda: implied_pairs(frame, finding=title),
            alt=f"{title}. " + " ".join(pair.summary() for pair in pairs.values()), data=frame,
        )  # fmt: skip
    told = list(pairs.values()) if given else [pairs["the same"]]
    yield Sentence(" ".join(pair.summary() for pair in told))


def _title_of_implied(pairs: dict[str, ImpliedPair], firm: str) -> str:
    """Whether more elastic use goes with a faster or a slower fall behind the same value."""
    name = "market" if "market" in pairs else "the same"
    rows = pairs[name].frame.dropna(subset=["median"])
    whose = "the market value" if name == "market" else "the model's own value"
    if len(rows) < 2:
        return f"{firm}: hardly any fall of prices gives {whose}"
    first, last = (_price_move(100 * rows["median"].iloc[at]) for at in (0, -1))
    ends = [number(rows["elasticity"].iloc[at], "", decimals=1) for at in (0, -1)]
    fits = f"{firm}: {whose} fits prices that {first} in a year at an elasticity of {ends[0]}"
    return f"{fits}, {last} at {ends[1]}"


def _price_move(fall: float) -> str:
    return f"{'fall' if fall > 0 else 'rise'} {number(abs(fall), '%')}"


def event(found: Value, fundamentals: pd.DataFrame, returns: pd.DataFrame, *, day: str) -> Shown | list[Part]:
    """Reading of one day's return, from the event study alone."""
    ticker, firm = found.case.company.ticker, found.case.company.name
    if ticker not in set(returns["ticker"]):
        return [Sentence(f"The returns at hand do not have {firm}: there is no day to read.")]
    reading = read_event(ticker, fundamentals, returns, day=day)
    return Shown(reading.to_frame(), partial(_event, reading=reading, firm=firm, day=day))


def _event(_: pd.DataFrame, reading: EventReading, firm: str, day: str) -> Iterator[Part]:
    """What one day's return would mean."""
    news = reading.news
    how = (
        f"market model on RSP (the S&P 500 with equal weights), estimation {reading.estimation_days} "
        f"sessions that end 21 before; p = {reading.p_permutation:.3f} over {reading.placebo_days} other "
        "sessions"
    )
    same = "expected cash flows with the same value"
    readings = {
        "return": ("abnormal return", (news.abnormal_return, news.low, news.high)),
        "all_cash_flows": (f"change of all {same}", news.all_flows),
        "ai_cash_flows": (f"change of the AI business's {same}", news.ai_flows),
    }
    for key, (label, (estimate, *ends)) in readings.items():
        yield Number(
            f"event.{key}", f"{firm}, {day}: {label}", 100 * estimate, "%",
            ci=(100 * min(ends), 100 * max(ends)), n=reading.estimation_days, method=how, as_of=day,
            note=f"at an unchanged discount rate; accounts to {reading.case.company.period_end}",
            role="descriptive",
        )  # fmt: skip
    yield Sentence(reading.summary())
