"""What does the report on the price of capability say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from undercut import plots
from undercut.report.findings.sentences import number
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.prices import charts
from undercut.studies.prices.levels import Holders, Levels, OwnPrices, Split, Without

_VERSIONS: Final = {
    "fixed number": "by the cheapest of five offers",
    "lowest": "at its lowest price",
    "low quantile": "by the tenth percentile",
}
#: The definition that the report leads with: more offers alone do not lower it.
LEADS: Final = "fixed number"
_COUNT: Final = "a count on one day: no interval"
CAVEATS: Final = (Caveat("The lowest price is a single offer; its interval is one-sided by construction."),)


def levels(found: Levels) -> Iterator[Part]:
    """How fast each level became cheaper."""
    told = {}
    for row in found.frame.itertuples():
        leads = (row.level, row.version) == (found.level, LEADS)
        told[row.level, row.version] = Number(
            _key("times_cheaper", f"{row.level} {row.version}"),
            f"{row.level} capability, {row.version}: times cheaper a year",
            row.times_cheaper_a_year, "x", ci=(row.times_low, row.times_high), n=int(row.months),
            note=row.note or "",
            method=f"slope of log price, {row.first} to {row.last}; bootstrap over {found.prices.clusters} "
            "developers, scores drawn",
            role="headline" if leads else "primary" if row.version == LEADS else "robustness",
        )  # fmt: skip
    own = {version: told[found.level, version] for version in _VERSIONS if (found.level, version) in told}
    answer = fall(found.level, {version: rate for version, rate in own.items() if version == LEADS})
    yield Answer(answer)
    title = answer.partition(" by the cheapest")[0]

    def draw() -> Axes:
        axes = plots.own_axes(height=4.3)
        measure = (
            f"US dollars per million tokens, {found.prices.settings['workload']} workload, the cheapest of "
            f"five offers near each level; 95% band of {found.level}"
        )
        plots.headline(axes, title, measure, source=charts.SOURCE)
        return found.prices.plot(axes, version=LEADS, level=found.level)

    yield Figure(
        "price_of_capability", draw, data=found.prices.paths,
        alt="Falling step lines on a logarithmic axis, one a capability level. " + answer,
    )  # fmt: skip
    yield Sentence(fall(found.level, own))
    yield from sorted(told.values(), key=lambda rate: rate.role != "headline")
    columns = ["level", "version", "first", "last", "first_price", "last_price", "times_cheaper_a_year"]
    yield Table(
        found.frame[[*columns, "times_low", "times_high", "halving_months"]],
        title="How fast, by three definitions",
        subtitle="Lowest price; tenth percentile; cheapest of five offers near the level",
        row_label="level",
        formats={"first_price": "usd", "last_price": "usd"},
        labels={
            "first_price": "price then", "last_price": "price now", "times_low": "95% from",
            "times_high": "to", "times_cheaper_a_year": "times cheaper a year",
            "halving_months": "halving time, months",
        },
    )  # fmt: skip


def fall(level: str, told: dict[str, Number]) -> str:
    """How much cheaper, or more expensive, a level became, by each definition that has a rate."""
    if not told:
        return f"For a model as capable as {level} there are too few months for a rate."
    falls = (next(iter(told.values())).value or 0.0) >= 1
    word = "cheaper" if falls else "more expensive"
    rates = [
        f"{rate.short} {word} a year {_VERSIONS[version]} ({rate.interval})"
        for version, rate in ((version, rate if falls else _inverted(rate)) for version, rate in told.items())
    ]
    return f"A model as capable as {level} became {', '.join(rates)}."


def _inverted(rate: Number) -> Number:
    ends = None if rate.ci is None else (1 / rate.ci[1], 1 / rate.ci[0])
    return replace(rate, value=None if rate.value is None else 1 / rate.value, ci=ends)


def holders(found: Holders) -> Iterator[Part]:
    """Who holds the frontier."""
    late = found.now
    of_open, chinese = int(late["is_open"].sum()), int(late["is_chinese_open"].sum())
    yield Figure(
        "frontier_holders",
        lambda: charts.frontier_holders(
            found.frame,
            finding=f"Open models hold {of_open} of {len(late)} levels, Chinese ones {chinese}",
            measure="Developer of the cheapest model at each capability level, "
            f"{found.workload} workload; hollow: open weights",
        ),
        alt="Strips of months by level, coloured by the origin of the cheapest model. Last month: "
        + "; ".join(f"{row.level}: {row.model_id}" for row in late.itertuples()),
        data=found.frame,
    )
    for key, whose, count in (("open", "an open", of_open), ("chinese_open", "a Chinese open", chinese)):
        yield Number(
            f"levels_held_by_{key}", f"Capability levels whose cheapest offer is {whose} model, last month",
            count, "levels", n=len(late), method="count", note=_COUNT, role="descriptive",
        )  # fmt: skip
    yield Table(
        late[["level", "name", "developer", "origin", "access", "host", "price", "offers"]],
        title="The cheapest offer at each level now", row_label="level", formats={"price": "usd"},
        subtitle=f"US dollars per million tokens, {found.workload} workload",
        labels={"offers": "offers that compete"},
    )  # fmt: skip


def without(found: Without) -> Iterator[Part]:
    """What the lowest price would be without a group of offers."""
    for row in found.frame.itertuples():
        unknown = pd.isna(row.year_low)
        yield Number(
            _key("ratio_without", f"{row.without} {row.level}"),
            f"{row.level}: lowest price without {row.without} models, over that with them "
            "(last twelve months)",
            row.year, "x", ci=None if unknown else (row.year_low, row.year_high), n=12, role="primary",
            method="counterfactual frontier, others' prices held",
            note="cannot be bought without them in enough resamples" if unknown else "",
        )  # fmt: skip
    yield Sentence(where_it_matters(found))
    yield Table(
        found.frame[["without", "level", "price", "price_without", "year", "year_low", "year_high"]],
        title="The frontier without them", row_label="level",
        subtitle="Lowest price now, with and without the group; ratio averaged over the last twelve months",
        formats={"price": "usd", "price_without": "usd"},
        labels={
            "price_without": "without", "year": "ratio", "year_low": "95% from", "year_high": "to",
            "without": "taken away",
        },
    )  # fmt: skip


def where_it_matters(found: Without) -> str:
    """The levels that would cost more without Chinese open models."""
    rows = [f"{row.level} ({number(row.year, 'x')})" for row in found.matters.itertuples()]
    return (
        "Without Chinese open models the lowest price would be clearly higher at "
        f"{', '.join(rows) or 'no level'}."
    )


def split(found: Split) -> Iterator[Part]:
    """Whose offers, and which of them, made the lowest price fall."""
    parts = found.found
    main = parts.contributions.sum(axis=1).idxmin()

    def draw() -> Axes:
        axes = plots.own_axes(height=4.0)
        title = f"Most of the fall at {found.level} capability: {main} models"
        plots.headline(
            axes, title, "Contributions to the change of the log of the lowest price", source=charts.SOURCE
        )
        return parts.plot(axes)

    yield Figure(
        "decomposition", draw, data=parts.table(),
        alt=f"Contributions by group and component; the largest fall comes from {main} models.",
    )  # fmt: skip
    low, high = parts.total_interval
    wide = high - low > 1e-9
    yield Number(
        "frontier_change", f"Change of the log lowest price at {found.level} capability", parts.total,
        "log points", ci=(low, high) if wide else None, n=parts.clusters, role="descriptive",
        method=f"{parts.first} to {parts.last}; bootstrap over developers",
        note="one-sided by construction" if wide else "the same developer holds both ends in every "
        "resample that can be decomposed: no interval",
    )  # fmt: skip
    entry = float(parts.contributions["entry"].sum())
    yield Number(
        "frontier_change_by_entry", "of which by offers that came", entry, "log points", n=parts.clusters,
        method="Shapley values within Melitz-Polanec stages", role="descriptive",
        note="the figure's data hold the interval of each part",
    )  # fmt: skip
    yield Sentence(
        f"Of the change of {number(parts.total, 'log points')} between {parts.first} and {parts.last}, "
        f"offers that came account for {number(entry, 'log points')}."
    )


def own_prices(found: OwnPrices) -> Iterator[Part]:
    """Which way developers move the prices of models that they already sell."""
    turn = found.frame
    for row in turn[turn["year"] == turn["year"].max()].itertuples():
        unknown = pd.isna(row.low)
        yield Number(
            f"own_price_drift.{str(row.origin).lower()}",
            f"Drift of own list prices in {row.year}, developers from {row.origin}", 100 * row.drift, "%",
            ci=None if unknown else (100 * row.low, 100 * row.high), n=row.offer_months, role="primary",
            method="mean log change per offer and year; bootstrap over developers",
            note="too few developers for an interval" if unknown else f"{row.rises} rises, {row.cuts} cuts",
        )  # fmt: skip
    yield Table(
        turn, title="Rises and cuts of developers' own prices", row_label="year",
        subtitle="Same model, same seller, month to month; drift: mean log change per offer and year",
        labels={
            "offer_months": "offer-months", "low": "95% from", "high": "to",
            "developers": "developers that moved",
        },
    )  # fmt: skip
    yield Table(
        found.recent[["period", "developer", "model_id", "before", "after", "change"]],
        title="Every change of the last twelve months", row_label="period",
        subtitle=f"US dollars per million tokens, {found.workload} workload",
        formats={"before": "usd", "after": "usd", "change": "signed_percent"},
    )  # fmt: skip


def _key(kind: str, name: str) -> str:
    return "_".join(f"{kind}.{name}".lower().replace("-", " ").split())
