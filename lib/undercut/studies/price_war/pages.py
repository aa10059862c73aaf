"""What does the report on a price war say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from undercut.report.findings.sentences import number
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.price_war.estimates import (
    MULTIPLES,
    AllScenarios,
    AtMarket,
    AtMultiples,
    BreakEven,
    ByAssumption,
    PriceWar,
    RoleDrivers,
    Weights,
)
from undercut.studies.value import charts
from undercut.studies.value.charts import ROLE_NAMES
from undercut.studies.value.words import CAVEATS, words

_ORDER: Final = {role: place for place, role in enumerate(ROLE_NAMES)}
_VERBS: Final = {"loses": "lose", "gains": "gain", "open": "neither clearly lose nor gain"}
_HOW: Final = (
    "median and 90% interval over common draws of the stated assumptions, no confidence interval; owners may "
    "close what is worth less than nothing"
)
_EQUILIBRIUM: Final = (
    "Intervals are those of the stated assumptions (90% of draws), not confidence intervals. There is no "
    "equilibrium: gains of suppliers while their customers lose money are upper bounds."
)


def price_war(found: PriceWar) -> Iterator[Part]:
    """Findings by role, the answer, and the figure of all companies."""
    ends = [case.company.period_end for case in found.cases]
    for row in found.frame.itertuples():
        left_out = ""
        if row.defined != 1:
            part = f"{100 * (1 - row.defined):.1f}%"
            left_out = f"; {part} of draws left out, in which no such business is worth anything"
        leads = (row.scenario, row.role) == (found.scenario.name, "seller")
        yield Number(
            f"{row.scenario.replace('-', '_')}.{row.role}",
            f"{row.title}: change of the value of the AI business of {_many(row.role)}, median company",
            100 * row.median, "%", ci=(100 * row.low, 100 * row.high), level=0.9, n=row.vendors, method=_HOW,
            note=f"it loses in {100 * row.falls:.0f}% of the draws{left_out}",
            role="headline" if leads else "assumption",
        )  # fmt: skip
    yield Answer(answer(found))
    yield Figure(
        "price_war",
        lambda: charts.change_rows(
            companies(found), label="name", group="kind", finding=title(found),
            measure="Change of the value of the AI business alone against the status quo, median and 90% of "
            "common draws; −100%: worth nothing to its owners",
        ),
        alt="Dots with intervals by company. " + "; ".join(
            f"{r.name} {100 * r.median:.0f}% ({100 * r.low:.0f} to {100 * r.high:.0f})"
            for r in companies(found).itertuples()
        ),
        data=companies(found),
    )  # fmt: skip
    yield Sentence(
        f"{found.scenario.title}: {found.scenario.story} {len(found.cases)} companies, accounts from "
        f"{min(ends)} to {max(ends)}, {found.frame['scenario'].nunique()} scenarios beside the status quo, "
        f"{found.draws:,} common draws."
    )
    yield Sentence(in_full(found.here, found.scenario.title))
    others = found.frame[found.frame["scenario"].isin(["open-parity", "chinese-price-rises"])]
    for name, rows in others[others["scenario"] != found.scenario.name].groupby("title", sort=False):
        yield Sentence(in_full(rows, str(name)))
    yield Sentence(idle(found))
    yield Caveat(CAVEATS[0])
    yield Caveat(_EQUILIBRIUM)


def answer(found: PriceWar) -> str:
    """Who loses and who gains, in one sentence."""
    told = _by_verdict(found.here)
    parts = [f"{_listed(told[verdict])} {verb}" for verdict, verb in _VERBS.items() if told[verdict]]
    head = f"In the scenario {found.scenario.title}, if somebody goes on paying for the computing"
    return f"{head}, {'; '.join(parts)}."


def in_full(rows: pd.DataFrame, title: str) -> str:
    """The same with every number."""
    parts = []
    for verdict, verb in _VERBS.items():
        names = [
            f"{_many(row.role)} ({number(100 * row.median, '%')}, 90% of draws {number(100 * row.low, '%')} "
            f"to {number(100 * row.high, '%')})"
            for row in rows[rows["verdict"] == verdict].itertuples()
        ]
        parts += [f"{_listed(names)} {verb}"] if names else []
    return f"In the scenario {title}, {'; '.join(parts)}: change of the AI business of the median company."


def title(found: PriceWar) -> str:
    """Who clearly loses and gains."""
    told = _by_verdict(found.here)
    parts = [f"{' and '.join(told[kind])} {_VERBS[kind]}" for kind in ("loses", "gains") if told[kind]]
    return f"{found.scenario.title}: {', '.join(parts) or 'no side clearly loses or gains'}"


def idle(found: PriceWar) -> str:
    """Whose AI business is worth nothing to begin with."""
    rows = found.companies[found.companies["worthless_before"] > 0.2]
    told = "in no more than a fifth of the draws for any company."
    if len(rows):
        named = [
            f"{100 * row.worthless_before:.0f}% of the draws for {row.name}"
            for row in rows.itertuples(index=False)
        ]
        told = f"in {', '.join(named)}; such draws have no percentage and are left out of it."
    return f"Already under the status quo the AI business is worth nothing or less {told}"


def companies(found: PriceWar) -> pd.DataFrame:
    """Companies in the headline's scenario, by role and change."""
    rows = found.companies.assign(kind=found.companies["role"].map(_kind))
    return rows.sort_values(["role", "median"], key=lambda c: c.map(_ORDER) if c.name == "role" else c)


def by_assumption(found: ByAssumption) -> Iterator[Part]:
    """The change by role over one assumption."""
    lines, name = found.frame, found.assumption
    points = [
        f"{role}: {100 * rows['median'].iloc[0]:.0f}% at {rows[name].iloc[0]:.2f}, "
        f"{100 * rows['median'].iloc[-1]:.0f}% at {rows[name].iloc[-1]:.2f}"
        for role, rows in lines.groupby("role", sort=False)
    ]
    yield Figure(
        "by_assumption",
        lambda: charts.role_lines(
            lines, name, finding=title_by_assumption(found),
            measure=f"Change of the value of the AI business of the median company over the {words(name)}; "
            "medians and 90% bands of draws of all else",
        ),
        alt="Lines by role over the assumption. " + "; ".join(points), data=lines,
    )  # fmt: skip


def title_by_assumption(found: ByAssumption) -> str:
    """Whose side the assumption decides."""
    turns = [
        _many(str(role))
        for role, rows in found.frame.groupby("role", sort=False)
        if rows["median"].min() < 0 < rows["median"].max()
    ]
    head, name = found.war.scenario.title, words(found.assumption)
    if turns:
        return f"{head}: the {name} decides the side of {' and '.join(turns)}"
    return f"{head}: whatever the {name}, no median changes its sign"


def break_even(found: BreakEven) -> Iterator[Part]:
    """Growth of demand that leaves suppliers where they were."""
    single, head = found.frame.dropna(subset=["root"]), found.war.scenario.title
    told = []
    for role, rows in single.groupby("role", sort=False):
        root, assumed = 100 * rows["root"].median(), 100 * rows["assumed"].median()
        yield Number(
            f"break_even.demand_growth.{role}",
            f"{head}: growth of demand in the first year at which {_many(str(role))} are worth what they "
            "were, median company",
            root, "%", n=len(rows), method="root of the change of value", role="assumption",
            note="all other assumptions at their defaults, so no interval; companies from "
            f"{100 * rows['root'].min():.0f}% to {100 * rows['root'].max():.0f}%; assumed: {assumed:.0f}%",
        )  # fmt: skip
        told.append(
            f"{_many(str(role))}: first-year growth at unchanged prices of {root:.0f}% rather than "
            f"{assumed:.0f}%"
        )
    open_ones = list(found.frame.loc[found.frame["root"].isna(), "name"])
    left = f" No single answer for {', '.join(open_ones)}." if open_ones else ""
    yield Sentence(
        "Which growth of demand would leave the suppliers where they were? " + "; ".join(told)
        + f" (median company, others at their defaults).{left}"
    )  # fmt: skip


def all_scenarios(found: AllScenarios) -> Iterator[Part]:
    """Roles in every scenario, and whole companies."""
    war = found.war
    roles = found.frame.assign(kind=found.frame["role"].map(_kind))
    grid = roles.sort_values("role", key=lambda column: column.map(_ORDER), kind="stable")
    yield Figure(
        "scenarios",
        lambda: charts.change_rows(
            grid, label="title", group="kind", most=6.0, finding=title_all(grid),
            measure="Change of the value of the AI business of the median company against the status quo, "
            "median and 90% of common draws",
        ),
        alt="Dots with intervals by role and scenario. "
        + "; ".join(f"{r.kind}, {r.title} {100 * r.median:.0f}%" for r in grid.itertuples()),
        data=grid.drop(columns="kind"),
    )  # fmt: skip
    head = war.scenario
    for row in war.companies.itertuples():
        yield Number(
            f"operations.{head.name.replace('-', '_')}.{row.ticker.lower()}",
            f"{head.title}: change of the value of all operations of {row.name}", 100 * row.firm_median, "%",
            ci=(100 * row.firm_low, 100 * row.firm_high), level=0.9, n=war.draws, method=_HOW,
            role="assumption",
            note=f"falls by more than {100 * war.fall:.0f}% in {100 * row.falls_by:.0f}% of the draws",
        )  # fmt: skip
    yield Table(
        whole_companies(war), title="Whole companies, scenario by scenario", row_label="name",
        subtitle="Percent change of the value of all operations against the status quo; median (90% of "
        "common draws)",
    )  # fmt: skip


def title_all(grid: pd.DataFrame) -> str:
    """How many sides gain in one scenario and lose in another."""
    both = grid.groupby("role")["verdict"].agg(lambda told: {"gains", "loses"} <= set(told)).sum()
    return f"{both} of {grid['role'].nunique()} sides gain in one scenario and lose in another"


def whole_companies(war: PriceWar) -> pd.DataFrame:
    """One row a company, one column a scenario, the headline's first."""
    ends = ["firm_median", "firm_low", "firm_high"]
    texts = [
        "{} ({} to {})".format(*(number(100 * value, "", decimals=0).strip() for value in row))
        for row in war.vendors[ends].itertuples(index=False)
    ]
    cells = war.vendors.assign(cell=texts)
    wide = cells.pivot_table(
        index=["role", "name"], columns="title", values="cell", aggfunc="first"
    ).reset_index()
    wide = wide.sort_values("role", key=lambda column: column.map(_ORDER), kind="stable")
    return wide[["name", *dict.fromkeys([war.scenario.title, *war.vendors["title"]])]]


def weights(found: Weights) -> Iterator[Part]:
    """How much of each company this is about."""
    fall = f"{100 * found.war.fall:.0f}%"
    for row in found.frame.itertuples():
        yield Number(
            f"ai_share_of_value.{row.ticker.lower()}",
            f"{row.company}: AI business as part of the value of operations",
            row.share, "%", ci=(row.low, row.high), level=0.9, n=row.n,
            method="median and 90% of draws, status quo",
            note=f"over the {100 * row.used:.0f}% of draws in which operations are worth something",
            role="assumption",
        )  # fmt: skip
    rows = found.frame.sort_values("share", ascending=False)
    yield Sentence(
        f"For {int((rows['share'] >= 50).sum())} of {len(rows)} companies the AI business is at least half "
        f"of the value (median of the draws); for {int((rows['share'] < 10).sum())} it is less than a tenth, "
        "and what this page says about them is about little of them."
    )
    shares = ["share", "low", "high", "falls_by", "worthless_before", "worthless_after"]
    yield Table(
        rows[["company", *shares[:3], "rests on", *shares[3:]]],
        title="What the exercise can speak about, and how often value falls", row_label="company",
        subtitle="Percent; share: AI business in the value of operations, status quo; falls: draws in which "
        f"operations lose more than {fall} in the scenario {found.war.scenario.title}; nothing: draws in "
        "which the AI business is worth nothing or less, status quo and scenario",
        formats=dict.fromkeys(shares, "percent"),
        labels={"share": "share of value", "low": "90% from", "high": "to", "falls_by": f"falls by {fall}",
                "worthless_before": "nothing before", "worthless_after": "nothing after"},
    )  # fmt: skip


def role_drivers(found: RoleDrivers) -> Iterator[Part]:
    """What matters, by kind of company."""
    leading = found.frame[found.frame["rank"] == 1]
    for row in leading.itertuples():
        yield Number(
            f"top_driver.{row.role}",
            f"{_kind(row.role)}: part of the variance of equity that involves {words(row.parameter)}",
            100 * row.total,
            "%", n=int(row.vendors), method="Sobol total index, median company", role="robustness",
            note="median over companies of estimates with few draws: a rank, not a measurement, so no "
            "interval",
        )  # fmt: skip
    told = [f"{_many(r.role)}: {words(r.parameter)} ({100 * r.total:.0f}%)" for r in leading.itertuples()]
    yield Sentence(f"First by variance: {'; '.join(told)}.")
    best = found.frame[found.frame["rank"] <= 5]
    table = best.assign(
        role=best["role"].map(_many), total=100 * best["total"], swing=100 * best["swing"],
        parameter=best["parameter"].map(words),
    )  # fmt: skip
    yield Table(
        table[["role", "rank", "parameter", "total", "swing"]],
        title="The five assumptions that matter most, by kind of company", row_label="role",
        subtitle="Percent; Sobol total index of equity; tornado: width of equity over the assumption's range "
        "as part of the value of operations; median company, status quo",
        formats={"total": "percent", "swing": "percent"}, labels={"total": "variance", "swing": "tornado"},
    )  # fmt: skip


def at_multiples(found: AtMultiples) -> Iterator[Part]:
    """Which erosion multiples of the model's own value would assume."""
    beyond = found.frame[found.frame["times"] != 1.0]
    none, several = (int((beyond["verdict"] == verdict).sum()) for verdict in ("none", "several"))
    yield Number(
        "implied.out_of_reach",
        "Half or twice the model's own value that no price erosion alone can explain, part of the companies",
        100 * none / len(beyond), "%", n=len(beyond), role="assumption",
        note="a count over companies: no interval",
        method="reverse discounted cash flow, other assumptions at their defaults",
    )  # fmt: skip
    left = ""
    if found.left_out:
        left = f" {found.left_out} companies are left out, whose central value is nothing or less."
    yield Sentence(
        f"Of {len(beyond)} cases of half or twice the model's own value, {none} have no root, {several} have "
        f"several: price erosion alone could not explain such a market value, or not in one way only.{left}"
    )
    shares = found.frame.drop_duplicates("ticker").set_index("ticker")["ai_share"]
    texts = found.frame.assign(text=[_root(row) for row in found.frame.itertuples()])
    wide = texts.pivot_table(index="ticker", columns="times", values="text", aggfunc="first")
    yield Table(
        wide.set_axis(list(MULTIPLES.values()), axis=1).join(100 * shares).reset_index(),
        title="Yearly erosion of token prices that would be assumed", row_label="ticker",
        subtitle="If the market paid a multiple of the model's own central value of equity; all other "
        "assumptions at their defaults",
        formats={"ai_share": "percent"}, labels={"ai_share": "AI share of value"},
    )  # fmt: skip


def at_market(found: AtMarket) -> Iterator[Part]:
    """What the reader's market values assume."""
    if not found.given:
        yield Sentence(
            "No table of market values was given (parameter market_values), so there is nothing to say about "
            "what today's market assumes."
        )
        return
    for row in found.frame.itertuples():
        yield Number(
            f"implied.{row.parameter}.{row.ticker.lower()}",
            f"{row.ticker}: {words(row.parameter)} implied by the market value", 100 * row.implied, "%",
            method="reverse discounted cash flow", role="assumption",
            note=f"verdict: {row.verdict}; all other assumptions at their defaults, so no interval",
        )  # fmt: skip
    erosion = found.frame[found.frame["parameter"] == "price_erosion"]
    single = int((erosion["verdict"] == "one").sum())
    yield Figure(
        "implied",
        lambda: charts.implied_by_vendor(
            found.frame, "price_erosion",
            finding=f"{single} of {found.priced} market values have one price erosion behind them",
            measure="Yearly price erosion implied by each market value, the others at their defaults",
        ),
        alt="Implied price erosion by company. "
        + "; ".join(f"{r.ticker} {r.parameter}: {r.roots or r.verdict}" for r in found.frame.itertuples()),
        data=found.frame,
    )  # fmt: skip
    gone = [f"{ticker} ({reason})" for ticker, reason in found.left_out.items()]
    yield Sentence(f"Left out: {'; '.join(gone) or 'nobody'}.")


def _root(row: object) -> str:
    verdict, roots, value = (getattr(row, name) for name in ("verdict", "roots", "implied"))
    if verdict == "one":
        return f"{100 * value:+.0f}%".replace("-", "−")
    return f"several: {roots}" if verdict == "several" else str(verdict)


def _by_verdict(rows: pd.DataFrame) -> dict[str, list[str]]:
    return {verdict: [_many(r) for r in rows.loc[rows["verdict"] == verdict, "role"]] for verdict in _VERBS}


def _many(role: str) -> str:
    return ROLE_NAMES[role][1]


def _kind(role: str) -> str:
    return _many(role).capitalize()


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1] if parts else ""]))
