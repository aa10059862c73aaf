"""What does the report on market prices say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pandas as pd

from undercut import plots
from undercut.panel.measures import DEFAULT, MEASURES
from undercut.prices.capability.gaps import GapHistory
from undercut.prices.ladders import PriceLadder
from undercut.prices.spreads import HostSpread
from undercut.prices.workloads import find_workload
from undercut.report.findings.sentences import number
from undercut.sources.reference import load_reference
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Role, Sentence, Table
from undercut.studies.prices import charts
from undercut.studies.prices.market import Coverage, OnOffer, Quality

if TYPE_CHECKING:
    from undercut.tables import Format

_MONEY: Final[dict[str, Format]] = dict.fromkeys(("lowest", "median", "highest", "best_price"), "usd")
_SHARES: Final[dict[str, Format]] = {
    **dict.fromkeys(("gap", "low", "high"), "share"),
    "n_group": "integer",
    "n_reference": "integer",
}
_ENDS: Final = {"low": "95% from", "high": "to"}
#: Choices that the report tells apart from the rest.
_PRIMARY: Final = ("models of 2026", "without restricted licences")
CAVEATS: Final = (Caveat("List prices, not transaction prices."),)


def on_offer(found: OnOffer) -> Iterator[Part]:
    """How much is on sale."""
    offers, mix = found.frame, find_workload(found.workload)
    yield Sentence(
        f"{_day(found.day)}: {len(offers):,} usable offers of {offers['model_id'].nunique():,} models by "
        f"{offers['host'].nunique():,} sellers. Prices are for the {mix.name} workload: {mix.description}."
    )


def gap(found: GapHistory) -> Iterator[Part]:
    """The gap under other choices, over time, or on one day, as the result has it."""
    if "choice" in found.frame:
        return _choices(found)
    return _over_time(found) if len(found.frame) > 1 else _now(found)


def _now(found: GapHistory) -> Iterator[Part]:
    row = found.frame.iloc[0]
    opened, closed = _sides(found)
    told = _gap_number(found, row)
    yield Answer(gap_sentence(found, row))
    if found.last is not None:
        names = load_reference("models").set_index("model_id")["name"]
        models, axis = found.last.models, MEASURES[found.options["measure"] or DEFAULT].title
        models = models.assign(name=models["model_id"].map(names).fillna(models["model_id"]))
        yield Figure(
            "price_by_capability",
            lambda: charts.price_by_capability(
                models, found.last.lines(), axis=axis,  # type: ignore[union-attr]
                finding=f"{opened} open models cost {told.size} {_way(told)} than {closed} closed ones",
                measure=f"{_per_million(found)}; {_whose(found)}, {_day(row['day'])}; the lines are as far "
                "apart as models of equal capability" + _and_age(found),
            ),
            alt=f"Price against capability, one mark a model. {gap_sentence(found, row)}",
            data=models[["model_id", "origin", "access", "eci", "age", "price"]],
        )  # fmt: skip
    yield told


def _over_time(found: GapHistory) -> Iterator[Part]:
    known = found.frame.dropna(subset=["gap"])
    if known.empty:
        yield Sentence("No month has enough models of both kinds for the comparison.")
        return
    opened, closed = _sides(found)
    first, last = known.iloc[0], known.iloc[-1]
    start, end = (number(100 * row["gap"], "%", decimals=0) for row in (first, last))
    yield Figure(
        "gap_over_time",
        lambda: plots.headline(
            found.plot(),
            f"The gap went from {start} to {end}",
            f"{opened} open relative to {closed} closed models at equal capability, 95% interval",
            source=charts.SOURCE,
        ),
        alt=f"Line from {first['day']:%B %Y} ({start}) to {last['day']:%B %Y} ({end}).",
        data=known,
    )


def _choices(found: GapHistory) -> Iterator[Part]:
    frame = found.frame
    opened, closed = _sides(found)
    for _, row in frame.dropna(subset=["gap"]).iterrows():
        yield _gap_number(
            found, row, key="gap." + row["choice"].replace(" ", "_").replace("'", ""),
            label=f"The same gap: {row['choice']}", method="as the headline, one choice changed",
            role="primary" if row["choice"] in _PRIMARY else "robustness",
        )  # fmt: skip
    yield Sentence(by_measure(found))
    columns = ["choice", "gap", "low", "high", "n_group", "n_reference"]
    yield Table(
        frame[columns],
        title="The gap under other choices",
        subtitle=f"{opened} open relative to {closed} closed models, {_day(frame['day'].iloc[0])}",
        row_label="choice",
        formats=_SHARES,
        labels=_ENDS | {"n_group": f"{opened} open", "n_reference": f"{closed} closed"},
    )  # fmt: skip
    missing = frame.loc[frame["gap"].isna(), "choice"]
    if len(missing):
        yield Caveat("Not estimable with too few models: " + ", ".join(missing) + ".")


def by_measure(found: GapHistory) -> str:
    """What each measure of capability says, and whether they disagree about who costs less."""
    rows = found.frame[found.frame["choice"].str.startswith("measure ")].dropna(subset=["gap"])
    if rows.empty:
        return "No other measure of capability scores enough models of both kinds."
    rows = pd.concat(
        [found.frame.head(1).assign(choice=f"measure {found.options['measure'] or DEFAULT}"), rows]
    )
    told, verdicts = [], {}
    for _, row in rows.iterrows():
        title = MEASURES[row["choice"].removeprefix("measure ")].title
        size = number(100 * row["gap"], "%", decimals=0)
        told.append(f"{title} {size} ({_span(100 * row['low'], 100 * row['high'])})")
        verdicts[title] = "less" if row["high"] < 0 else "more" if row["low"] > 0 else "no verdict"
    sides = {verdict: [t for t, said in verdicts.items() if said == verdict] for verdict in verdicts.values()}
    agree = "All say the same." if len(sides) == 1 else "They disagree: " + "; ".join(
        f"{' and '.join(titles)} {_SAYS[verdict]}" for verdict, titles in sides.items()
    ) + "."  # fmt: skip
    return f"By measure of capability: {'; '.join(told)}. {agree}"


_SAYS: Final = {
    "less": "find a lower price beyond chance", "more": "find a higher price beyond chance",
    "no verdict": "cannot tell",
}  # fmt: skip


def gap_sentence(found: GapHistory, row: pd.Series) -> str:
    """Who costs how much less or more, or why it cannot be told."""
    opened, closed = _sides(found)
    told = _gap_number(found, row)
    if told.value is None:
        return (
            f"On {_day(row['day'])} the gap between {opened} open and {closed} closed models cannot be told: "
            f"{told.note}"
        )
    sure = "" if told.is_clear else "; that could be chance"
    return (
        f"{opened} open models cost {abs(told.value):.0f}% {_way(told)} than {closed} closed ones of equal "
        f"capability{_and_age(found)} ({told.interval}){sure}."
    )


def _gap_number(
    found: GapHistory, row: pd.Series, *, key: str = "gap_equal_capability", label: str = "",
    method: str = "", role: Role | None = None,
) -> Number:  # fmt: skip
    opened, closed = _sides(found)
    known = pd.notna(row["gap"])
    return Number(
        key,
        label or f"Price of {opened} open relative to {closed} closed models at equal capability"
        + _and_age(found),
        100 * row["gap"] if known else None, "%",
        ci=(100 * row["low"], 100 * row["high"]) if known else None, role=role, note=row["why_not"],
        n=int(row[["n_group", "n_reference"]].fillna(0).sum()),
        method=method or f"OLS of log price on capability{_and_age(found)} and group, common support, "
        f"{_whose(found)}; pairs bootstrap over {found.options.get('cluster', 'family')}, scores drawn",
    )  # fmt: skip


def _and_age(found: GapHistory) -> str:
    return " and age" if found.options.get("equal_age") else ""


def _whose(found: GapHistory) -> str:
    """Whose price counts."""
    at = {"median": "median seller", "developer": "developer's own price"}
    reach = " in reach of US buyers" if found.options.get("sellers") == "us-reachable" else ""
    return at.get(str(found.options.get("at")), "cheapest seller") + reach


def _span(low: float, high: float) -> str:
    return f"{number(low, '%', decimals=0)} to {number(high, '%', decimals=0)}"


def host_spread(found: HostSpread) -> Iterator[Part]:
    """How far apart the sellers of one open model are."""
    shared, typical = found.models, found.typical
    why_not = "" if len(shared) else "no open model of these countries has two sellers on this day"
    told = {}
    for name, key, label, unit in (
        ("ratio", "host_price_ratio", "Highest over lowest price of the same open model (median model)", "x"),
        ("sellers", "sellers_per_open_model", "Sellers of an open model that has at least two (median model)",
         "sellers"),
    ):  # fmt: skip
        value, low, high = map(float, typical.loc[name]) if len(shared) else (None, 0.0, 0.0)
        told[name] = Number(
            key, label, value, unit, ci=(low, high) if len(shared) else None, level=found.level,
            n=len(shared), method="median; bootstrap over developers", note=why_not, role="primary",
        )  # fmt: skip
        yield told[name]
    yield Sentence(spread_sentence(found, told["sellers"], told["ratio"]))
    if shared.empty:
        return
    most, measure = shared.iloc[0], _per_million(found)
    rows = "; ".join(
        f"{row.model_id} {row.lowest:.2f} to {row.highest:.2f}" for row in shared.head(5).itertuples()
    )
    yield Figure(
        "host_prices",
        lambda: charts.host_prices(
            found.offers, shared, measure=f"{measure}; dots are sellers, the bar is the median seller",
            finding=f"{most['sellers']} sellers, one model: prices differ {most['ratio']:.1f}-fold",
        ),
        alt="Each row an open model, each dot a seller's price. " + rows,
        data=shared.head(14),
    )  # fmt: skip
    yield Table(
        shared.head(12)[["name", "developer", "sellers", "lowest", "median", "highest", "ratio"]],
        title="Open models with most sellers", subtitle=measure, row_label="name",
        formats={name: _MONEY[name] for name in ("lowest", "median", "highest")},
        labels={"name": "model", "ratio": "highest / lowest"},
    )  # fmt: skip


def spread_sentence(found: HostSpread, sellers: Number, ratio: Number) -> str:
    """The median model, and the one with most sellers."""
    if found.models.empty:
        return "No open model has two sellers on this day."
    most = found.models.iloc[0]
    return (
        f"The median open model with at least two sellers has {sellers}; its most expensive seller asks "
        f"{ratio} what its cheapest asks. Most widely sold: {most['name'] or most['model_id']}, by "
        f"{most['sellers']} sellers."
    )


def ladder(found: PriceLadder) -> Iterator[Part]:
    """Where each vendor's own prices stand."""
    best, measure = found.table(), _per_million(found)
    day = _day(found.rungs["day"].max())
    top, bottom = best.iloc[[0, -1]].to_dict("records")
    yield Figure(
        "price_ladders",
        lambda: charts.ladders(
            found.rungs,
            finding=f"{top['vendor']} asks {top['best_price'] / bottom['best_price']:.0f} times what "
            f"{bottom['vendor']} asks for its highest-scored model",
            measure=f"{measure}; own models at the vendor's own price, highest-scored one in colour",
        ),
        alt=f"Small multiples, one a vendor. On {day}: "
        + "; ".join(f"{row.vendor} {row.best_model} {row.best_price:.2f}" for row in best.itertuples()),
        data=found.rungs,
    )
    for row in best.itertuples():
        yield Number(
            "best_model_price." + str(row.vendor).lower().replace(" ", "_").replace(".", ""),
            f"{row.vendor}: price of its highest-scored model ({row.best_model})",
            row.best_price, "USD per million tokens", n=1, role="descriptive",
            method=f"own list price, {found.options['workload']} workload",
            note="a list price, not an estimate: it has no sampling error",
        )  # fmt: skip
    yield Table(
        best, title="Where each vendor's own prices stand", subtitle=f"{measure}, {day}", row_label="vendor",
        formats=dict.fromkeys(("lowest", "highest", "best_price"), "usd"),
        labels={"models": "own models scored", "best_model": "highest-scored", "best_price": "its price"},
    )  # fmt: skip


def coverage(found: Coverage) -> Iterator[Part]:
    """How many offers the panel holds."""
    total = found.frame.groupby("day")["offers"].sum()
    first, last = total.iloc[0], total.iloc[-1]
    yield Figure(
        "offers_over_time",
        lambda: charts.offers_over_time(
            found.frame,
            finding=f"From {first:,} usable offers to {last:,}",
            measure="Offers (model and seller) with a usable price, by developer's country and access",
        ),
        alt=f"Lines of the number of offers, {first:,} in {total.index[0]:%B %Y}, {last:,} on "
        f"{_day(total.index[-1])}.",
        data=found.frame,
    )


def quality(found: Quality) -> Iterator[Part]:
    """What was set aside, and whether sources agree."""
    agree, met = found.agreement
    yield Number(
        "share_of_rows_usable", "Share of the panel's rows that are usable", 100 * found.usable, "%",
        n=found.rows, method="rows with status ok", role="descriptive",
        note="a count of all rows, not a sample: no interval",
    )  # fmt: skip
    yield Table(
        found.frame.head(12), title="Why quotes were set aside", row_label="reason",
        subtitle="Rows of the panel and raw ids, most frequent reasons",
    )  # fmt: skip
    yield Number(
        "agreement_between_sources", "Same price in two sources for the same offer and month",
        None if agree is None else 100 * agree, "%", n=met, role="descriptive",
        method="both token prices within 1%, first day of each month, offers that both sources list",
        note="a count over all pairs that meet, not a sample: no interval",
    )  # fmt: skip
    yield Table(
        found.pairs, title="Do the sources agree?", formats={"agree": "share"},
        subtitle="Share of offer-months with the same price, by pair of sources",
        labels={"source_a": "source", "source_b": "compared with", "offer_months": "offer-months",
                "agree": "same price"},
    )  # fmt: skip


def _way(told: Number) -> str:
    return "less" if told.value is not None and told.value < 0 else "more"


def _sides(found: GapHistory) -> tuple[str, str]:
    """What the open and the closed models are called."""
    opened, closed = (
        plots.origin_adjective(found.options[side]) for side in ("open_origin", "closed_origin")
    )
    return opened, closed


def _per_million(found: GapHistory | HostSpread | PriceLadder) -> str:
    return f"US dollars per million tokens, {found.options['workload']} workload"


def _day(day: pd.Timestamp) -> str:
    return f"{day:%d %B %Y}".lstrip("0")
