"""What does the report on price indices say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from undercut.report.findings import sentences
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.prices import charts
from undercut.studies.prices.comparison import MAIN, ByUse, MethodComparison, Sample
from undercut.studies.prices.published import Replications

_ENDS: Final = {"low": "95% from", "high": "to"}
_NOT_A_SAMPLE: Final = (
    "one platform's fifty most used models: no sample from which an interval could be drawn"
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
    """The answer, the three questions, and every method's rate on real changes and with unknown ones."""
    table, (first, last) = found.frame, found.paths.index[[0, -1]]
    rates = {row.method: _rate(row) for row in table.itertuples()}
    same, new = ranged(table, MAIN["same model, same seller"]), rates[MAIN["new models"]]
    yield Answer(answer(found.frame, same, new))
    shown = found.paths[list(MAIN.values())].set_axis(list(MAIN), axis=1)
    yield Figure(
        "index_paths",
        lambda: charts.index_paths(
            shown, finding=heading(same, new),
            measure=f"Price index on real changes of price, {first} = 1, logarithmic axis",
        ),
        alt="Three price indices on a logarithmic axis: "
        + "; ".join(f"{name} ends at {path.iloc[-1]:.3f}" for name, path in shown.items()),
        data=found.paths,
    )  # fmt: skip
    yield Sentence(three_answers(same, rates, first, last))
    yield same
    yield from rates.values()
    yield from (_rate(row, "_unknown") for row in table.itertuples())
    yield Figure(
        "rates_by_method",
        lambda: charts.rates_by_method(
            table,
            finding=f"From {same.short} to {new.short} a year: the question decides",
            measure=f"Change of price a year, 95% intervals, {found.workload} workload, {first} to {last}; "
            "colour: question; full dot: real changes; ring: unknown ones counted too",
        ),
        alt="Dot plot of annual factors with intervals. "
        + "; ".join(f"{row.method} {row.annual:.2f}" for row in table.itertuples()),
        data=table,
    )
    yield Table(
        table.drop(columns=["low_unknown", "high_unknown"]).assign(times=1 / table["annual"]),
        title="Every method",
        subtitle=f"Factor a year and how many times cheaper a year, {first} to {last}",
        row_label="method",
        formats=dict.fromkeys(("annual", "low", "high", "annual_unknown", "times"), "number"),
        labels=_ENDS
        | {"annual": "factor a year", "annual_unknown": "with unknown changes", "times": "times cheaper"},
    )


def ranged(table: pd.DataFrame, method: str) -> Number:
    """A method's rate, half way between unknown changes as none and as real; the interval holds both."""
    row, ends = table.set_index("method").loc[method], _two_rates(table, method)
    low, high = (
        100 * (find(row[[name, f"{name}_unknown"]]) - 1) for name, find in (("low", min), ("high", max))
    )
    return Number(
        "annual.same_model", f"The same model at the same seller: change of price a year, {_both(*ends)}",
        sum(ends) / 2, "%", ci=(low, high), n=int(row["offers"]), role="headline",
        method=f"{method}; half way between unknown changes counted as none ({ends[0]:.1f}%) and as real "
        f"({ends[1]:.1f}%); outer ends of both intervals, bootstrap over developers",
    )  # fmt: skip


def _two_rates(table: pd.DataFrame, method: str) -> list[float]:
    row = table.set_index("method").loc[method]
    return [100 * (float(row[name]) - 1) for name in ("annual", "annual_unknown")]


def _both(real: float, unknown: float) -> str:
    """Two rates in words, the smaller move first: ``−1.4% to −4.6%``; once where they read the same."""
    told = [sentences.number(rate, "%", decimals=1) for rate in sorted((real, unknown), key=abs)]
    return " to ".join(dict.fromkeys(told))


def answer(table: pd.DataFrame, same: Number, new: Number) -> str:
    """What happens to the price of a model on sale, and whether new models fall faster."""
    real, unknown = _two_rates(table, MAIN["same model, same seller"])
    rates = _both(real, unknown).replace(sentences.MINUS, "") if real * unknown > 0 else _both(real, unknown)
    way = "changes in price by" if real * unknown <= 0 else "becomes cheaper by" if real < 0 else "rises by"
    new_models = "most of the fall comes with new models" if apart(same, new) else "new models fall no faster"
    return f"The same model at the same seller {way} {rates} a year ({same.interval}); {new_models}."


def month(period: object) -> str:
    """A month in words.

    Examples
    --------
    >>> month("2023-12")
    'December 2023'
    """
    return f"{pd.Timestamp(str(period)):%B %Y}"


def three_answers(same: Number, told: dict[str, Number], first: str, last: str) -> str:
    """The rate of new models, of the average offer, and of the same model."""
    average, new = (told[MAIN[kind]] for kind in ("average offer", "new models"))
    return (
        f"From {month(first)} to {month(last)} newly released models of a given capability changed in "
        f"price by {new.short} a year ({new.interval}), the average offer on sale by {average.short} "
        f"({average.interval}), and the same model at the same seller by {same.label.rpartition(', ')[2]} "
        f"({same.interval}): the first if changes that nobody vouches for are none, the second if they are "
        "real. Corrections of a table and switches of source move no index."
    )


def heading(same: Number, new: Number) -> str:
    """Whether new models get cheaper faster than models on sale, and what those do."""
    if not apart(same, new):
        return "The indices cannot be told apart"
    moved = (same.value or 0) if same.is_clear else 0
    within = (
        ", not within them" if not moved else " and within them" if moved < 0 else ", and rise within them"
    )
    return f"Prices fall between products{within}"


def apart(same: Number, new: Number) -> bool:
    """Whether new models fall faster, beyond both intervals."""
    return same.ci is not None and new.ci is not None and new.ci[1] < same.ci[0]


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


def _rate(row: Any, suffix: str = "") -> Number:
    """A method's rate, on real changes or, by ``_unknown``, with unknown ones counted."""
    factor, low, high = (100 * (getattr(row, f"{name}{suffix}") - 1) for name in ("annual", "low", "high"))
    is_main = row.method in MAIN.values() and not suffix
    return Number(
        "annual." + "_".join(row.method.lower().replace(",", "").replace("-", " ").split())
        + (".with_unknown" if suffix else ""),
        f"Change a year: {row.method}" + (", unknown changes counted" if suffix else ""),
        factor, "%", ci=(low, high), n=int(row.offers), role="primary" if is_main else "robustness",
        method=f"{row.question}; slope of the log index; {row.clusters} clusters",
    )  # fmt: skip
