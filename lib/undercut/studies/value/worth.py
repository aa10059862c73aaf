"""What is one firm worth under stated assumptions, by which cash flows, and which assumptions matter?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd

from undercut import plots
from undercut.report.findings.sentences import number
from undercut.studies.framed import Framed, Shown
from undercut.studies.presentation import Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.value.charts import ROLE_NAMES, SOURCE
from undercut.studies.value.words import CAVEATS, named, words
from undercut.valuation import charts
from undercut.valuation.montecarlo import value_ranges
from undercut.valuation.scenarios import Scenario
from undercut.valuation.sensitivity import Tornado
from undercut.valuation.valuation import Valuation
from undercut.valuation.vendors import Case


class Value(Framed):
    """Quantities of `value_ranges`, with the draws and what moves equity most."""

    case: Case
    scenario: Scenario
    drawn: Valuation
    tornado: Tornado

    def parts(self) -> Iterator[Part]:
        """The value and its range, the answer and the distribution."""
        yield from _value(self)


def title(case: Case) -> str:
    """The question."""
    return f"What is {case.company.name} worth under price erosion, and what does its price assume?"


def value(case: Case, scenario: Scenario, drawn: Valuation, tornado: Tornado) -> Value:
    """The value over draws, and at the default assumptions."""
    return Value(value_ranges(case, drawn), case, scenario, drawn, tornado)


def _value(found: Value) -> Iterator[Part]:
    firm, told, draws = found.case.company.name, found.scenario.title, len(found.drawn.enterprise)
    how = (
        f"discounted cash flow, scenario {told}; median and 90% interval of the stated assumptions, not a "
        "confidence interval"
    )
    numbers = {}
    for row in found.frame.itertuples():
        used = f"; over the {100 * row.used:.0f}% of draws in which operations are worth something"
        numbers[row.key] = Number(
            str(row.key), f"{firm}: {row.label}", row.median, str(row.unit), ci=(row.low, row.high),
            level=0.9, n=draws, method=how, role="assumption",
            note=f"with every assumption at its default: {number(row.central, str(row.unit))}"
            f"{used * (row.used != 1)}",
        )  # fmt: skip
    yield from numbers.values()
    yield Number(
        "value.below_zero", f"{firm}: draws in which equity is worth less than nothing",
        100 * float((found.drawn.equity < 0).mean()), "%", n=draws, method=how, role="assumption",
        note="a share of the draws: its numerical error is far below the width of the assumptions",
    )  # fmt: skip
    yield Sentence(f"{worth(found)} {rest(found)}")
    equity, unit = numbers["value.equity"], f"billion {found.case.company.currency}"
    low, high = equity.ci or (float("nan"), float("nan"))
    yield Figure(
        "distribution",
        lambda: plots.headline(
            charts.distribution(found.drawn.equity, unit=unit),
            f"{firm}: 90% of the draws lie between {low:,.0f} and {number(high, unit)}",
            f"Value of equity under {draws:,} draws of all assumptions, scenario {told}; line: median, "
            "shaded: 90% of draws; 1% and 3% at the ends not shown", source=SOURCE,
        ),
        alt=f"Histogram of the value of equity. Median {number(equity.value, unit)}, 90% of the draws from "
        f"{number(low, unit)} to {number(high, unit)}.",
        data=pd.DataFrame({"equity_million": found.drawn.equity}),
    )  # fmt: skip
    yield Table(
        found.frame[["label", "unit", "central", "median", "low", "high"]],
        title=f"The value of {firm} under stated assumptions",
        subtitle=f"Scenario {told}; defaults: every assumption at its own default; median and 90% of "
        f"{draws:,} draws",
        row_label="label",
        labels={"label": "quantity", "central": "at the defaults", "low": "90% from", "high": "to"},
    )  # fmt: skip


def worth(found: Value) -> str:
    """The value of operations and one range."""
    row = found.frame.set_index("key").loc["value.operations"]
    money = f"billion {found.case.company.currency}"
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


def accounts(found: Value) -> Shown:
    """The published figures behind the value."""
    return Shown(found.case.figures, partial(_accounts, case=found.case))


def _accounts(figures: pd.DataFrame, case: Case) -> Iterator[Part]:
    """Published figures, their traps, and which part of revenue is AI."""
    company, share = case.company, case.assumptions["ai_revenue_share"]
    yield from (Caveat(f"{company.name}: {note}.") for note in company.notes)
    yield Sentence(
        f"{company.name} ({ROLE_NAMES[company.role][0]}), accounts to {company.period_end}. Part of "
        f"revenue that is AI business: {100 * share.default:.0f}% (range {100 * share.low:.0f}% to "
        f"{100 * share.high:.0f}%, {share.evidence}: {named(share.source)})."
    )
    figures = figures.assign(period_end=pd.to_datetime(figures["period_end"]).dt.strftime("%Y-%m-%d"))
    for column in ("item", "unit", "confidence"):
        figures[column] = figures[column].str.replace("_", " ")
    yield Table(
        figures[["item", "value", "unit", "period_end", "confidence", "source_title"]],
        title=f"Published figures behind the value of {company.name}",
        subtitle=f"Money in {company.currency}", row_label="item", formats={"value": "integer"},
        labels={"period_end": "at", "source_title": "source"},
    )  # fmt: skip


def cash_flows(found: Value) -> Shown:
    """Cash flow of both businesses by year, over the draws."""
    return Shown(found.drawn.cash_flow_ranges(), partial(_cash_flows, value=found))


def _cash_flows(flows: pd.DataFrame, value: Value) -> Iterator[Part]:
    """Cash by year, and the rate at which it is discounted."""
    currency = value.case.company.currency
    ends = [
        f"{name}: median {rows['median'].iloc[0]:,.0f} in the first and {rows['median'].iloc[-1]:,.0f} in "
        "the last year"
        for name, rows in flows.groupby("business")
    ]
    yield Figure(
        "cash_flows",
        lambda: plots.headline(
            charts.cash_flows(flows, currency=currency), title_of_cash_flows(flows, f"billion {currency}"),
            f"Operating income less net investment, before tax, billion {currency} a year; median and 90% of "
            f"draws, scenario {value.scenario.title}", source=SOURCE,
        ),
        alt="Lines with bands of cash flow by year. " + "; ".join(ends), data=flows,
    )  # fmt: skip
    rows, beta = value.frame.set_index("key"), value.case.assumptions["asset_beta"]
    late, rate = rows.loc["terminal_share"], rows.loc["cost_of_capital"]
    yield Sentence(
        f"After the horizon lies {number(late['median'], '%')} of the value of operations "
        f"({number(late['low'], '%')} to {number(late['high'], '%')}). The cost of capital is "
        f"{number(rate['median'], '%')} ({number(rate['low'], '%')} to {number(rate['high'], '%')}); the "
        f"market risk behind it is {'an assumption' if beta.evidence == 'assumption' else beta.evidence} "
        f"({beta.source})."
    )
    yield Table(
        value.case.value().capital_cost.table(), title="The cost of capital, built up",
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


def drivers(found: Value, indices: pd.DataFrame) -> Shown:
    """What matters, by variance (Sobol indices) and one at a time."""
    return Shown(indices, partial(_drivers, value=found))


def _drivers(indices: pd.DataFrame, value: Value) -> Iterator[Part]:
    """The tornado and the Sobol indices."""
    firm, money = value.case.company.name, f"billion {value.case.company.currency}"
    bars, first = value.tornado.rows, indices.iloc[0]
    top, name = bars.iloc[0], words(bars["parameter"].iloc[0])
    yield Figure(
        "tornado",
        lambda: plots.headline(
            value.tornado.plot(most=10, names={name: words(name) for name in bars["parameter"]}),
            f"What moves the value of {firm} most: {name}",
            "Value of equity with one assumption at the low or the high end of its range, the others at "
            f"their defaults, scenario {value.scenario.title}", source=SOURCE,
        ),
        alt="Bars of the value of equity at both ends of each assumption. " + value.tornado.summary(),
        data=bars,
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
    rows = indices.head(8).copy()
    rows.insert(1, "meaning", [value.case.assumptions[name].meaning for name in rows["parameter"]])
    rows[estimates] *= 100
    yield Table(
        rows.assign(parameter=rows["parameter"].map(words)), title="Part of the variance of value",
        subtitle="Percent; Sobol indices with half widths of 95% intervals; totals overlap and can add up to "
        "more than all",
        formats=dict.fromkeys(estimates, "percent"), row_label="parameter",
        labels={"first_order": "alone", "first_order_error": "±", "total": "with others",
                "total_error": "± "},
    )  # fmt: skip


def assumed(found: Value) -> Shown:
    """Every assumption that is drawn."""
    table, role = found.case.assumptions.table(), found.case.company.role
    rows = table[table["name"].isin(found.case.assumptions.uncertain(role))]
    return Shown(rows, partial(_assumed, scenario=found.scenario))


def _assumed(table: pd.DataFrame, scenario: Scenario) -> Iterator[Part]:
    """Every assumption, and what to be warned of."""
    table = table[["name", "default", "low", "high", "unit", "evidence", "source"]]
    told = table.assign(name=table["name"].map(words), source=table["source"].map(named))
    yield Table(
        told, title="Every assumption that is varied", subtitle=f"Scenario {scenario.title}",
        row_label="name",
    )  # fmt: skip
    yield from (Caveat(text) for text in CAVEATS)
