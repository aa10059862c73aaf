"""What does the report on price indices say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.prices import charts
from undercut.studies.prices.comparison import MAIN, ByUse, MethodComparison, Sample
from undercut.studies.prices.published import Replications

_ENDS: Final = {"low": "95% from", "high": "to"}
_NOT_A_SAMPLE: Final = (
    "one platform's fifteen most used models: no sample from which an interval could be drawn"
)
_WEIGHTED: Final = "Change over the window, weighted by tokens (chained Törnqvist)"
_UNWEIGHTED: Final = "The same models unweighted (chained Jevons)"
CAVEATS: Final = (Caveat("Prices per token, not per task; list prices; no statement about causes."),)


def sample(found: Sample) -> Iterator[Part]:
    """What the indices are computed from."""
    quotes = found.frame
    yield Sentence(
        f"{len(quotes):,} monthly prices of {quotes['product'].nunique():,} products (a model at a seller) "
        f"from {quotes['period'].min()} to {quotes['period'].max()}, {found.workload} workload, observed "
        "on the 15th of each month."
    )


def methods(found: MethodComparison) -> Iterator[Part]:
    """Every method's rate, and the three questions."""
    table, (first, last) = found.frame, found.paths.index[[0, -1]]
    told = {row.method: _rate(row) for row in table.itertuples()}
    yield from told.values()
    yield Answer(three_answers(told, first, last))
    same, _, new = (told[method] for method in MAIN.values())
    yield Figure(
        "rates_by_method",
        lambda: charts.rates_by_method(
            table,
            finding=f"From {same.short} to {new.short} a year: the question decides",
            measure=f"Factor by which the price changes a year, 95% intervals, {found.workload} workload, "
            f"{first} to {last}; colour: question",
        ),
        alt="Dot plot of annual factors with intervals. "
        + "; ".join(f"{row.method} {row.annual:.2f}" for row in table.itertuples()),
        data=table,
    )
    shown = found.paths[list(MAIN.values())].set_axis(list(MAIN), axis=1)
    yield Figure(
        "index_paths",
        lambda: charts.index_paths(
            shown, finding=heading(same, new), measure=f"Price index, {first} = 1, logarithmic axis"
        ),
        alt="Three price indices on a logarithmic axis: "
        + "; ".join(f"{name} ends at {path.iloc[-1]:.3f}" for name, path in shown.items()),
        data=found.paths,
    )
    yield Table(
        table.assign(times=1 / table["annual"]),
        title="Every method",
        subtitle=f"Factor a year and how many times cheaper a year, {first} to {last}",
        row_label="method",
        formats=dict.fromkeys(("annual", "low", "high", "times"), "number"),
        labels=_ENDS | {"annual": "factor a year", "times": "times cheaper"},
    )


def three_answers(told: dict[str, Number], first: str, last: str) -> str:
    """The rate of new models, of the average offer, and of the same model."""
    same, average, new = (told[method] for method in MAIN.values())
    return (
        f"From {first} to {last} newly released models of a given capability changed in price by "
        f"{new.short} a year ({new.interval}), the average offer on sale by {average.short} "
        f"({average.interval}), and the same model at the same seller by {same.short} ({same.interval})."
    )


def heading(same: Number, new: Number) -> str:
    """Whether new models get cheaper faster than models on sale."""
    apart = same.ci is not None and new.ci is not None and new.ci[1] < same.ci[0]
    return "Prices fall between products, not within them" if apart else "The indices cannot be told apart"


def by_use(found: ByUse) -> Iterator[Part]:
    """Whether it matters what people buy."""
    months = found.frame["period"].min(), found.frame["period"].max()
    pair = [
        Number(
            key, label, 100 * (float(index.index.iloc[-1]) - 1), "%", n=len(found.frame), role="robustness",
            method=f"{months[0]} to {months[-1]}", note=_NOT_A_SAMPLE,
        )
        for key, label, index in (
            ("token_weighted_change", _WEIGHTED, found.weighted),
            ("unweighted_change_same_models", _UNWEIGHTED, found.unweighted),
        )
    ]  # fmt: skip
    yield from pair
    yield Sentence(
        f"Between {months[0]} and {months[-1]} the models in the ranking changed in price by {pair[0].short} "
        f"weighted by tokens and by {pair[1].short} unweighted; they make up {100 * found.covered:.0f}% of "
        "the ranked tokens."
    )
    for note in found.weighted.notes:
        yield Caveat(f"Token weights: {note}.")


def published(found: Replications) -> Iterator[Part]:
    """Each published rate beside the same definition on our data."""
    for row in found.frame.dropna(subset=["times_cheaper_a_year"]).itertuples():
        name = f"{row.source} {row.level} {row.window}".lower()
        plain = "".join(letter for letter in name if letter not in "(),'")
        yield Number(
            "published." + "_".join(plain.split()),
            f"{row.source}, {row.level}, window: {row.window}", row.times_cheaper_a_year, "x",
            ci=(row.low, row.high), level=found.each[0].confidence,
            n=None if pd.isna(row.points) else int(row.points), role="robustness",
            method=f"their definition, {row.first} to {row.last}; claimed {row.claimed_low:g} to "
            f"{row.claimed_high:g} times a year",
        )  # fmt: skip
    columns = "source level window claimed_low claimed_high times_cheaper_a_year low high points note"
    yield Table(
        found.frame[columns.split()].fillna({"note": ""}),
        title="Their number out of our data, or not",
        subtitle="Times cheaper a year, 90% intervals; window: months that their data and ours share, "
        "or all of ours",
        row_label="source",
        labels={"claimed_low": "claimed from", "claimed_high": "to", "times_cheaper_a_year": "here",
                "low": "from", "high": "to "},
    )  # fmt: skip
    for one in found.each:
        rate = one.rate
        yield Sentence(f"{rate.source}. {rate.claim}. Definition: {rate.definition} Here: {rate.differs}")


def _rate(row: object) -> Number:
    factor, low, high = (100 * (getattr(row, name) - 1) for name in ("annual", "low", "high"))
    method, question = row.method, row.question  # type: ignore[attr-defined]
    is_main = method in MAIN.values()
    return Number(
        "annual." + "_".join(method.lower().replace(",", "").replace("-", " ").split()),
        f"Change a year: {method}", factor, "%", ci=(low, high), n=int(row.offers),  # type: ignore[attr-defined]
        method=f"{question}; slope of the log index; {row.clusters} clusters",  # type: ignore[attr-defined]
        role=("headline" if method == MAIN["new models"] else "primary") if is_main else "robustness",
    )  # fmt: skip
