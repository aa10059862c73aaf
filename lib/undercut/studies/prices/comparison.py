"""How far apart are the answers of different index methods, on the same quotes and the same months?

Every method gives a factor by which the price changes a year: the slope of the log index on time. They
answer different questions, so the table says which.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

from undercut.prices.changes import Counted
from undercut.prices.hedonic.results import HedonicIndex
from undercut.prices.index.compute import price_index
from undercut.prices.index.resampled import ResampledIndex
from undercut.prices.index.result import IndexResult
from undercut.studies.framed import Framed

Index = ResampledIndex | HedonicIndex

SAME_PRODUCT: Final = "the same model at the same seller"
ALL_OFFERS: Final = "the average offer on sale, capability held fixed"
NEW_MODELS: Final = "newly released models, capability held fixed"
#: The methods that answer the three questions of the report.
MAIN: Final = {
    "same model, same seller": "chained Jevons",
    "average offer": "time dummy, all offers",
    "new models": "rolling time dummy, 13 months, new models",
}
_ENDS: Final = ("annual", "low", "high")
_NAMES: Final = {"jevons": "Jevons", "geks-jevons": "GEKS-Jevons", "time-product-dummy": "time-product dummy"}


class Sample(Framed, row="product", value="price"):
    """The monthly quotes (``frame``) behind a report."""

    workload: str


class MethodComparison(Framed, row="method", value="annual"):
    """Annual rates of several methods on the same quotes.

    Attributes
    ----------
    frame : DataFrame
        ``method, question, annual, low, high, offers, clusters``; ``annual`` is a factor (0.5: the price
        halves every year) on real changes of price, with its interval: bootstrap over developers for
        matched-model indices, clustered by model family for hedonic ones; ``annual_unknown, low_unknown,
        high_unknown``: the same with unknown changes counted as real.
    paths : DataFrame
        Each index, a column a method, by period.
    workload : str
    """

    paths: pd.DataFrame
    workload: str


class ByUse(Framed, row="model_id", value="tokens"):
    """An index weighted by tokens, and the same models counted alike.

    Attributes
    ----------
    frame : DataFrame
        Models at their cheapest seller with their tokens.
    weighted, unweighted : IndexResult
        Chained Törnqvist and Jevons.
    covered : float
        Share of the ranked tokens that the models make up.
    """

    weighted: IndexResult
    unweighted: IndexResult
    covered: float


def sample(quotes: pd.DataFrame) -> Sample:
    """What the indices are computed from."""
    return Sample(quotes, str(quotes.attrs.get("workload", "chat")))


def compare(indices: Mapping[Counted, Iterable[Index]], *, workload: str = "chat") -> MethodComparison:
    """Indices of the same quotes side by side, each with the question that it answers.

    Parameters
    ----------
    indices : mapping of "real" and "real_and_unknown" to indices
        The same methods in the same order, on quotes of `count_changes`.
    workload : str
    """
    rows, paths = [], {}
    for found, also in zip(indices["real"], indices["real_and_unknown"], strict=True):
        label, question = label_of(found)
        sized = found.quotes if isinstance(found, ResampledIndex) else found.offers
        row: dict[str, Any] = {"method": label, "question": question}
        for suffix, index in (("", found), ("_unknown", also)):
            row |= {f"{end}{suffix}": value for end, value in zip(_ENDS, index.annual, strict=True)}
        rows.append(row | {"offers": sized, "clusters": found.clusters})
        paths[label] = found.index["index"]
    return MethodComparison(pd.DataFrame(rows), pd.DataFrame(paths), workload)


def label_of(found: Index) -> tuple[str, str]:
    """What a method is called, and the question that it answers."""
    if isinstance(found, ResampledIndex):
        name, options = _NAMES.get(found.method, found.method), found.options
        if options.get("chained"):
            return f"chained {name}", SAME_PRODUCT
        months = (
            f"{options['window']} months, {options['splice']} splice" if "window" in options else "all months"
        )
        return f"{name}, {months}", SAME_PRODUCT
    settings = found.settings
    is_new = "age_years" in settings["characteristics"]
    whose, question = ("new models", NEW_MODELS) if is_new else ("all offers", ALL_OFFERS)
    if "matched" in settings:
        if settings["matched"] == "observed":
            return f"{found.method}, observed for matched", f"{SAME_PRODUCT}, entry and exit imputed"
        return f"{found.method}, full, {whose}", question
    window = settings.get("window")
    label = f"rolling time dummy, {window} months, {whose}" if window else f"time dummy, {whose}"
    label += ", no developer effects" if settings["effects"] == "none" else ""
    label += ", imputed scores count less" if settings["imputed"] == "down-weighted" else ""
    return label, question


def by_use(weighted: pd.DataFrame) -> ByUse:
    """Indices with and without the tokens of :func:`undercut.prices.with_token_weights` as weights."""
    plain = weighted[["period", "product", "price"]]
    with warnings.catch_warnings(action="ignore"):  # said as caveats of the report instead
        used = price_index(plain.assign(quantity=weighted["quantity"]), method="tornqvist", chained=True)
        alike = price_index(plain, method="jevons", chained=True)
    return ByUse(weighted, used, alike, weighted.attrs["covered"])
