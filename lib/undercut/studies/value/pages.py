"""What does the report on one firm's value say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from undercut import plots
from undercut.report.findings.sentences import number
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.value import charts
from undercut.studies.value.break_evens import needs, numbers
from undercut.studies.value.break_evens import told as break_even_told
from undercut.studies.value.estimates import (
    Accounts,
    Assumed,
    BreakEven,
    CashFlows,
    Drivers,
    Event,
    Implied,
    OtherScenarios,
    Value,
)
from undercut.studies.value.words import CAVEATS, named, words
from undercut.valuation.break_even import ELASTICITIES
from undercut.valuation.charts import by_elasticity
from undercut.valuation.implied import told_erosion
from undercut.valuation.vendors import Case

_ENDS: Final = {"low": "90% from", "high": "to"}


def title(case: Case) -> str:
    """The question."""
    return f"What is {case.company.name} worth under price erosion, and what does its price assume?"


def value(found: Value) -> Iterator[Part]:
    """The value and its range, the answer and the distribution."""
    firm, told, draws = found.case.company.name, found.scenario.title, len(found.drawn.enterprise)
    how = (
        f"discounted cash flow, scenario {told}; median and 90% interval of the stated assumptions, not a "
        "confidence interval"
    )
    numbers = {}
    for row in found.frame.itertuples():
        used = (
            ""
            if row.used == 1
            else f"; over the {100 * row.used:.0f}% of draws in which operations are worth something"
        )
        numbers[row.key] = Number(
            str(row.key), f"{firm}: {row.label}", row.median, str(row.unit), ci=(row.low, row.high),
            level=0.9,
            n=draws, method=how, role="assumption",
            note=f"with every assumption at its default: {number(row.central, str(row.unit))}{used}",
        )  # fmt: skip
    yield from numbers.values()
    yield Number(
        "value.below_zero", f"{firm}: draws in which equity is worth less than nothing",
        100 * float((found.drawn.equity < 0).mean()), "%", n=draws, method=how, role="assumption",
        note="a share of the draws: its numerical error is far below the width of the assumptions",
    )  # fmt: skip
    yield Sentence(f"{worth(found)} {rest(found)}")
    equity, money = numbers["value.equity"], _money(found.case)
    low, high = equity.ci or (float("nan"), float("nan"))
    note = (
        f"Value of equity under {draws:,} draws of all assumptions, scenario {told}; line: median, shaded: "
        "90% of draws; 1% and 3% at the ends not shown"
    )
    yield Figure(
        "distribution",
        lambda: charts.distribution(
            found.drawn, finding=f"{firm}: 90% of the draws lie between {low:,.0f} and {number(high, money)}",
            measure=note,
        ),
        alt=f"Histogram of the value of equity. Median {number(equity.value, money)}, 90% of the draws from "
        f"{number(low, money)} to {number(high, money)}.",
        data=pd.DataFrame({"equity_million": found.drawn.equity}),
    )  # fmt: skip
    yield Table(
        found.frame[["label", "unit", "central", "median", "low", "high"]],
        title=f"The value of {firm} under stated assumptions",
        subtitle=f"Scenario {told}; defaults: every assumption at its own default; median and 90% of "
        f"{draws:,} draws",
        row_label="label", labels={"label": "quantity", "central": "at the defaults", **_ENDS},
    )  # fmt: skip


def worth(found: Value) -> str:
    """The value of operations and one range."""
    row = found.frame.set_index("key").loc["value.operations"]
    money = _money(found.case)
    return (
        f"Under stated assumptions ({found.scenario.title}) the operations of {found.case.company.name} are "
        f"worth {number(row['median'], money)}; nine draws in ten lie between {number(row['low'], '')} and "
        f"{number(row['high'], '')}."
    )


def rest(found: Value) -> str:
    """How wide the range is, what makes it so, and how much of the firm it is about."""
    rows, top = found.frame.set_index("key"), found.tornado.rows.iloc[0]
    operations, share = rows.loc["value.operations"], rows.loc["ai_share_of_value"]
    wide = "The lower end is not above zero"
    if operations["low"] > 0:
        wide = f"The upper end is {operations['high'] / operations['low']:.3g} times the lower"
    parameter = found.case.assumptions[top["parameter"]]
    return (
        f"{wide}. What moves the value most: {words(parameter.name)} "
        f"({parameter.meaning[0].lower()}{parameter.meaning[1:]}), assumed {top['low']:.3g} to "
        f"{top['high']:.3g} {parameter.unit}. The AI business, the part that this exercise can speak about, "
        f"is {number(share['median'], '%')} of the value ({number(share['low'], '%')} to "
        f"{number(share['high'], '%')})."
    )


def accounts(found: Accounts) -> Iterator[Part]:
    """Published figures, their traps, and which part of revenue is AI."""
    company, share = found.case.company, found.case.assumptions["ai_revenue_share"]
    yield from (Caveat(f"{company.name}: {note}.") for note in company.notes)
    yield Sentence(
        f"{company.name} ({charts.ROLE_NAMES[company.role][0]}), accounts to {company.period_end}. Part of "
        f"revenue that is AI business: {100 * share.default:.0f}% (range {100 * share.low:.0f}% to "
        f"{100 * share.high:.0f}%, {share.evidence}: {named(share.source)})."
    )
    figures = found.frame.assign(period_end=pd.to_datetime(found.frame["period_end"]).dt.strftime("%Y-%m-%d"))
    for column in ("item", "unit", "confidence"):
        figures[column] = figures[column].str.replace("_", " ")
    yield Table(
        figures[["item", "value", "unit", "period_end", "confidence", "source_title"]],
        title=f"Published figures behind the value of {company.name}",
        subtitle=f"Money in {company.currency}", row_label="item", formats={"value": "integer"},
        labels={"period_end": "at", "source_title": "source"},
    )  # fmt: skip


def cash_flows(found: CashFlows) -> Iterator[Part]:
    """Cash by year, and the rate at which it is discounted."""
    flows, money, told = found.frame, _money(found.case), found.scenario.title
    ends = [
        f"{name}: median {rows['median'].iloc[0]:,.0f} in the first and {rows['median'].iloc[-1]:,.0f} in "
        "the last year"
        for name, rows in flows.groupby("business")
    ]
    yield Figure(
        "cash_flows",
        lambda: charts.cash_flow_bands(
            flows, currency=found.case.company.currency, finding=title_of_cash_flows(flows, money),
            measure=f"Operating income less net investment, before tax, {money} a year; median and 90% of "
            f"draws, scenario {told}",
        ),
        alt="Lines with bands of cash flow by year. " + "; ".join(ends), data=flows,
    )  # fmt: skip
    rows, beta = found.value.frame.set_index("key"), found.case.assumptions["asset_beta"]
    late, rate = rows.loc["terminal_share"], rows.loc["cost_of_capital"]
    yield Sentence(
        f"After the horizon lies {number(late['median'], '%')} of the value of operations "
        f"({number(late['low'], '%')} to {number(late['high'], '%')}). The cost of capital is "
        f"{number(rate['median'], '%')} ({number(rate['low'], '%')} to {number(rate['high'], '%')}); the "
        f"market risk behind it is {'an assumption' if beta.evidence == 'assumption' else beta.evidence} "
        f"({beta.source})."
    )
    yield Table(
        found.case.value().capital_cost.table(), title="The cost of capital, built up",
        subtitle="At the default assumptions; shares a year, beta and weight as numbers", row_label="part",
    )  # fmt: skip


def title_of_cash_flows(flows: pd.DataFrame, money: str) -> str:
    """Whether the AI business brings more cash at the end than at the beginning."""
    rows = flows[flows["business"] == "AI business"]
    last = rows.loc[rows["year"].idxmax()]
    more = "more" if last["median"] > rows["median"].iloc[0] else "less"
    return (
        f"AI business: {more} cash in year {last['year']:.0f} than in year 1, but {number(last['low'], '')} "
        f"to {number(last['high'], money)}"
    )


def drivers(found: Drivers) -> Iterator[Part]:
    """The tornado and the Sobol indices."""
    firm, money = found.case.company.name, _money(found.case)
    top, first, told = found.tornado.rows.iloc[0], found.frame.iloc[0], found.scenario.title
    name = words(top["parameter"])
    yield Figure(
        "tornado",
        lambda: charts.tornado(
            found.tornado, finding=f"What moves the value of {firm} most: {name}",
            measure="Value of equity with one assumption at the low or the high end of its range, the others "
            f"at their defaults, scenario {told}",
        ),
        alt="Bars of the value of equity at both ends of each assumption. " + found.tornado.summary(),
        data=found.tornado.rows,
    )  # fmt: skip
    yield Number(
        "top_driver.tornado", f"{firm}: width of value over the range of {name}", top["swing"] / 1000, money,
        method="tornado: 5% to 95% quantile, others at their defaults", role="robustness",
        note=f"{name} from {top['low']:.3g} to {top['high']:.3g}: value "
        f"{number(top['value_low'] / 1000, money)} to {number(top['value_high'] / 1000, money)}; a width, "
        "so without an interval",
    )  # fmt: skip
    total, error = 100 * first["total"], 100 * first["total_error"]
    yield Number(
        "top_driver.sobol", f"{firm}: part of the variance that involves {words(first['parameter'])}", total,
        "%", ci=(max(total - error, 0), total + error), role="robustness",
        method="Sobol total index, independent assumptions; bootstrap interval of the estimate",
    )  # fmt: skip
    same = "as in the tornado" if first["parameter"] == top["parameter"] else "other than in the tornado"
    yield Sentence(
        f"By variance {words(first['parameter'])} comes first, {same}: {number(total, '%')} of the variance "
        f"involves it ({number(100 * first['first_order'], '%')} on its own)."
    )
    estimates = ["first_order", "first_order_error", "total", "total_error"]
    rows = found.frame.head(8).copy()
    rows.insert(1, "meaning", [found.case.assumptions[name].meaning for name in rows["parameter"]])
    rows[estimates] *= 100
    yield Table(
        rows.assign(parameter=rows["parameter"].map(words)), title="Part of the variance of value",
        subtitle="Percent; Sobol indices with half widths of 95% intervals; totals overlap and can add up to "
        "more than all",
        formats=dict.fromkeys(estimates, "percent"), row_label="parameter",
        labels={"first_order": "alone", "first_order_error": "±", "total": "with others",
                "total_error": "± "},
    )  # fmt: skip


def other_scenarios(found: OtherScenarios) -> Iterator[Part]:
    """Change of value in the other scenarios."""
    firm = found.case.company.name
    parts = {"median": "firm_median", "low": "firm_low", "high": "firm_high"}
    rows = found.frame.assign(**{name: found.frame[column] for name, column in parts.items()})
    rows = rows.dropna(subset=["median"])
    texts = {}
    for row in rows.itertuples():
        yield Number(
            f"change.{row.scenario.replace('-', '_')}",
            f"{firm}: change of the value of operations, {row.title} against the status quo",
            100 * row.median, "%",
            ci=(100 * row.low, 100 * row.high), level=0.9, n=found.draws, role="assumption",
            method="median of the change over common draws, 90% of draws",
            note=f"the AI business loses in {100 * row.ai_falls:.0f}% of draws",
        )  # fmt: skip
        texts[row.title] = (
            f"{number(100 * row.median, '%')} ({number(100 * row.low, '%')} to {number(100 * row.high, '%')})"
        )
    title = f"{firm}: {_change(rows.iloc[-1])}, {_change(rows.iloc[0])}"
    yield Figure(
        "scenarios",
        lambda: charts.change_rows(
            rows, label="title", finding=title,
            measure="Change of the value of operations against the status quo, median and 90% of common "
            "draws",
        ),
        alt="Dots with intervals by scenario: " + "; ".join(f"{name} {text}" for name, text in texts.items()),
        data=found.frame,
    )  # fmt: skip


def break_even(found: BreakEven) -> Iterator[Part]:
    """The elasticity at which a price war leaves the firm's AI business where it was: the answer."""
    firm, ticker, war = found.case.company.name, found.case.company.ticker, found.found.scenario.title
    yield from numbers(found.found, {ticker: firm}, ["headline"])
    side = found.frame["side"].iloc[0]
    verb = "needs use to be more elastic than" if not side else "has no break-even:"
    head = f"{war}: the AI business of {firm} {verb} {break_even_told(found.found, ticker)}"
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
            by_elasticity(found.found.curves, found.frame, names={ticker: firm}), head,
            "Change of its value against the status quo by elasticity of use; dot: break-even, bar: 90%",
            source=charts.SOURCE,
        ),
        alt=f"{head}.", data=found.found.curves, leads=True,
    )  # fmt: skip


def implied(found: Implied) -> Iterator[Part]:
    """The pairs of erosion and elasticity that a market value assumes."""
    firm, market = found.case.company.name, found.case.market_value
    given = market is not None
    if not given:
        yield Sentence(
            "No market value ships with this project. The reader puts in today's (in billions of US dollars, "
            "from Yahoo, or as a table of closes) and gets its curve; here are those of half, the same and "
            "twice the model's own value."
        )
    for name, at in zip(("elastic", "middle", "inelastic"), (0, 8, -1), strict=True):
        row = next(iter(found.pairs.values())).frame.iloc[at] if given else None
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
    if found.frame["median"].notna().any():
        yield Figure(
            "implied_pair", lambda: charts.implied_pairs(found.frame, finding=title_of_implied(found)),
            alt=f"{title_of_implied(found)}. " + " ".join(p.summary() for p in found.pairs.values()),
            data=found.frame,
        )  # fmt: skip
    told = found.pairs if given else {"the same": found.pairs["the same"]}
    yield Sentence(" ".join(pair.summary() for pair in told.values()))


def title_of_implied(found: Implied) -> str:
    """Whether more elastic use goes with a faster or a slower fall behind the same value."""
    name, pair = (
        next(iter(found.pairs.items())) if len(found.pairs) == 1 else ("the same", found.pairs["the same"])
    )
    rows, firm = pair.frame.dropna(subset=["median"]), found.case.company.name
    whose = "the market value" if name == "market" else "the model's own value"
    if len(rows) < 2:
        return f"{firm}: hardly any fall of prices gives {whose}"
    first, last = (_price_move(100 * rows["median"].iloc[at]) for at in (0, -1))
    ends = [number(rows["elasticity"].iloc[at], "", decimals=1) for at in (0, -1)]
    fits = f"{firm}: {whose} fits prices that {first} in a year at an elasticity of {ends[0]}"
    return f"{fits}, {last} at {ends[1]}"


def _price_move(fall: float) -> str:
    return f"{'fall' if fall > 0 else 'rise'} {number(abs(fall), '%')}"


def event(found: Event) -> Iterator[Part]:
    """What one day's return would mean."""
    firm, reading = found.case.company.name, found.reading
    if reading is None:
        yield Sentence(f"The returns at hand do not have {firm}: there is no day to read.")
        return
    news = reading.news
    how = (
        f"market model on RSP (the S&P 500 with equal weights), estimation {reading.estimation_days} "
        f"sessions that end 21 before; p = {reading.p_permutation:.3f} over {reading.placebo_days} other "
        "sessions"
    )
    readings = {
        "return": ("abnormal return", (news.abnormal_return, news.low, news.high)),
        "all_cash_flows": ("change of all expected cash flows with the same value", news.all_flows),
        "ai_cash_flows": (
            "change of the AI business's expected cash flows with the same value",
            news.ai_flows,
        ),
    }
    for key, (label, (estimate, *ends)) in readings.items():
        yield Number(
            f"event.{key}", f"{firm}, {found.day}: {label}", 100 * estimate, "%",
            ci=(100 * min(ends), 100 * max(ends)), n=reading.estimation_days, method=how, as_of=found.day,
            note=f"at an unchanged discount rate; accounts to {reading.case.company.period_end}",
            role="descriptive",
        )  # fmt: skip
    yield Sentence(reading.summary())


def assumed(found: Assumed) -> Iterator[Part]:
    """Every assumption, and what to be warned of."""
    table = found.frame[["name", "default", "low", "high", "unit", "evidence", "source"]]
    told = table.assign(name=table["name"].map(words), source=table["source"].map(named))
    yield Table(
        told, title="Every assumption that is varied", subtitle=f"Scenario {found.scenario.title}",
        row_label="name",
    )  # fmt: skip
    yield from (Caveat(text) for text in CAVEATS)


def _change(row: pd.Series) -> str:
    move = number(100 * row["median"], "%")
    return f"{'+' if row['median'] > 0 else ''}{move} in {row['title']}"


def _money(case: Case) -> str:
    return f"billion {case.company.currency}"
