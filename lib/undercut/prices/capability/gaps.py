"""How much cheaper are Chinese open models than US closed ones of the same capability?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from typing import Any, Final, Literal

import pandas as pd

from undercut.errors import NotIdentifiedError, TooFewError, one_of
from undercut.panel.access import has_open_weights
from undercut.prices.capability.gap import PriceGap, price_gap
from undercut.prices.cross_section import MODEL_FACTS, cross_section, model_prices, offers_of_days
from undercut.prices.load import with_measure, with_workload
from undercut.result import Axes, Result

_SELLERS: Final = ("all", "us-reachable")
_LICENCES: Final = ("all", "unrestricted")
#: Kinds of access without conditions in a licence of weights.
UNRESTRICTED: Final = ("closed", "open")
#: Options of a gap that say which models and prices are compared, as in `comparable_models`.
_MODELS: Final = ("at", "sellers", "licences", "min_capability", "max_age_days", "released_from")


def open_models(prices: pd.DataFrame, origin: str) -> pd.Series:
    """Models of developers of a country whose weights can be had."""
    return prices["origin"].eq(origin) & has_open_weights(prices["access"])


def closed_models(prices: pd.DataFrame, origin: str) -> pd.Series:
    """Models of developers of a country whose weights cannot be had."""
    return prices["origin"].eq(origin) & prices["access"].eq("closed")


def open_closed_gap(
    panel: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    measure: str | None = None,
    **options: Any,
) -> PriceGap:
    """The gap between one country's open and another's closed models on one day.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    day : date
    measure : str, optional
        Measure of capability; by default that of the panel.
    **options
        As in :func:`comparable_models`, and of the comparison: ``closed_origin``, ``open_origin`` (ISO
        countries of the developers, "US" and "CN"), ``equal_age`` (hold the age of the release fixed too,
        in months), and ``score_error, cluster, draws, level, seed`` as in :func:`price_gap`.

    Returns
    -------
    PriceGap

    Raises
    ------
    OutsideDataError, TooFewError
        Nothing on offer on that day; too few models on either side.
    """
    chosen = panel if measure is None else with_measure(panel, measure)
    return _gap_among(cross_section(chosen, day), day, **options)


def comparable_models(
    offers: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    at: str = "lowest",
    sellers: Literal["all", "us-reachable"] = "all",
    **models: Any,
) -> pd.DataFrame:
    """One price a model among the offers of a day, and the models that a comparison admits.

    Parameters
    ----------
    offers : DataFrame
        From :func:`undercut.prices.cross_section.cross_section`.
    day : date
    at : {"lowest", "median", "developer"}
        Whose price counts; see :func:`undercut.prices.cross_section.model_prices`.
    sellers : {"all", "us-reachable"}
        ``us-reachable`` leaves out clouds and hosts at home in China; developers sell on sites of their own.
    **models
        Which models count: ``licences`` ("all", or "unrestricted": without open weights whose licence sets
        conditions), ``min_capability``, ``max_age_days`` and ``released_from``, a day.

    Returns
    -------
    DataFrame
        As `model_prices` gives it, with ``age``, the months since release.

    Raises
    ------
    InputError
        No such sellers or licences.
    """
    dated = offers.assign(day=pd.Timestamp(day))
    prices = priced_models(dated, at=at, sellers=sellers).drop(columns="day")
    return admitted(prices, day, **models)


def priced_models(offers: pd.DataFrame, *, at: str, sellers: str) -> pd.DataFrame:
    """One price a ``day`` and model, with ``age``, the months since release; as in `comparable_models`."""
    one_of("sellers", sellers, _SELLERS)
    if sellers == "us-reachable":
        abroad = ~offers["host_country"].eq("CN").fillna(False)
        offers = offers[abroad | offers["host_kind"].eq("developer")]
    prices = model_prices(offers, at=at, by=("day", "model_id"))
    return prices.assign(age=(prices["day"] - prices["release_date"]).dt.days / (365.25 / 12))


def admitted(
    prices: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    licences: Literal["all", "unrestricted"] = "all",
    min_capability: float | None = None,
    max_age_days: int | None = None,
    released_from: str | None = None,
) -> pd.DataFrame:
    """The models, one price each, that a comparison admits; options as in `comparable_models`."""
    one_of("licences", licences, _LICENCES)
    keep = pd.Series(True, index=prices.index)
    if licences == "unrestricted":
        keep &= prices["access"].isin(UNRESTRICTED)
    if min_capability is not None:
        keep &= prices["eci"].ge(min_capability)
    if max_age_days is not None:
        keep &= prices["release_date"].ge(pd.Timestamp(day) - pd.Timedelta(days=max_age_days))
    if released_from is not None:
        keep &= prices["release_date"].ge(pd.Timestamp(released_from))
    return prices[keep].reset_index(drop=True)


def _gap_among(
    offers: pd.DataFrame, day: str | date | pd.Timestamp, *, closed_origin: str = "US",
    open_origin: str = "CN", equal_age: bool = False, **options: Any,
) -> PriceGap:  # fmt: skip
    """`open_closed_gap` among the offers of a day."""
    models = {name: options.pop(name) for name in _MODELS if name in options}
    prices = comparable_models(offers, day, **models)
    is_open, is_closed = open_models(prices, open_origin), closed_models(prices, closed_origin)
    held = ("age",) if equal_age else ()
    return price_gap(prices, is_group=is_open, is_reference=is_closed, controls=held, **options)


class GapHistory(Result):
    """The gap on each of several days.

    Attributes
    ----------
    frame : DataFrame
        ``day, gap, low, high, n_group, n_reference, why_not``; a day on which the gap cannot be estimated
        has missing values and the reason.
    last : PriceGap or None
        The gap on the last day, None where it cannot be estimated.
    options : dict
        Workload, countries and what else was chosen.
    """

    frame: pd.DataFrame
    last: PriceGap | None
    options: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> str:
        """How often the gap could be estimated, and each day's estimate."""
        known = self.frame["gap"].notna().sum()
        told = ", ".join(f"{name} {value}" for name, value in self.options.items() if value is not None)
        head = f"Price gap at equal capability, {known} of {len(self.frame)} days ({told})"
        shown = self.frame.drop(columns="why_not").to_string(index=False, float_format="{:.3g}".format)
        return f"{head}\n\n{shown}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap in percent with its interval, day by day, and return the axes."""
        from undercut import plots

        axes, known = plots.own_axes(ax, height=3.9), self.frame.dropna(subset=["gap"])
        color = plots.origin_color(str(self.options.get("open_origin", "CN")))
        plots.band(axes, known["day"], 100 * known["low"], 100 * known["high"], color)
        axes.plot(known["day"], 100 * known["gap"], color=color)
        plots.zero_line(axes)
        axes.set_ylim(-100, max(10, 110 * float(known[["gap", "high"]].max().max())))
        return plots.percent_axis(axes)


def gap_history(panel: pd.DataFrame, days: Iterable[str | date | pd.Timestamp], **options: Any) -> GapHistory:
    """The gap between one country's open and another's closed models on each of several days.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    days : iterable of dates
    **options
        As in :func:`open_closed_gap`.

    Returns
    -------
    GapHistory

    Examples
    --------
    >>> import undercut
    >>> found = gap_history(undercut.load_prices(), ["2024-01-15", "2026-01-15"], draws=99)
    >>> found.frame["gap"].notna().tolist()
    [False, True]
    """
    wanted = [pd.Timestamp(day) for day in days]
    return _history(offers_of_days(panel, wanted), wanted, **options)


def _history(offers: pd.DataFrame, days: Iterable[pd.Timestamp], **options: Any) -> GapHistory:
    """`gap_history` among the offers of the days, with the column ``day``."""
    narrow = offers[["day", "model_id", "host", "host_kind", "host_country", "price", *MODEL_FACTS]]
    narrow.attrs = {}  # provenance would be copied with every day
    of_day = dict(list(narrow.groupby("day")))
    rows, found = [], None
    for day in days:
        row: dict[str, object] = {"day": day, "why_not": ""}
        try:
            found = _gap_among(of_day.get(day, narrow.iloc[:0]), day, **options)
        except (TooFewError, NotIdentifiedError) as reason:
            found, row["why_not"] = None, str(reason)
        else:
            row |= {name: getattr(found, name) for name in ("gap", "low", "high", "n_group", "n_reference")}
        rows.append(row)
    columns = ["day", "gap", "low", "high", "n_group", "n_reference", "why_not"]
    frame = pd.DataFrame(rows, columns=columns).astype({"gap": float, "low": float, "high": float})
    chosen = {"closed_origin": "US", "open_origin": "CN"} | options
    made_with = {name: offers.attrs.get(name) for name in ("workload", "measure")}
    return GapHistory(frame, found, made_with | chosen)


#: Choices of a gap, one at a time: options that change, by what the finding is called.
_CHOICES: Final[Mapping[str, Mapping[str, Any]]] = {
    "cheapest seller": {"at": "lowest"},
    "developer's own price": {"at": "developer"},
    "age left out": {"equal_age": False},
    "released within a year": {"max_age_days": 365, "equal_age": False},
    "models of 2026": {"released_from": "2026-01-01", "equal_age": False},
    "without restricted licences": {"licences": "unrestricted"},
    "clustered by family": {"cluster": "family"},
}


def gap_choices(
    panel: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    workloads: Iterable[str] = ("chat", "agent", "reasoning", "batch"),
    measures: Iterable[str] = (),
    **options: Any,
) -> GapHistory:
    """The gap of one day with one choice changed at a time: workload, measure, whose price, which models.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    day : date
    workloads : iterable of str
        Mixes of tokens; the other choices are made under the first.
    measures : iterable of str
        Other measures of capability.
    **options
        Common to all, as in :func:`open_closed_gap`.

    Returns
    -------
    GapHistory
        With the column ``choice``; the first row is the first workload with no other choice changed.
    """
    on_day = [pd.Timestamp(day)]
    priced = {name: with_workload(panel, name) for name in dict.fromkeys(workloads)}
    base = next(iter(priced.values()))
    variants: dict[str, tuple[pd.DataFrame, Mapping[str, Any]]] = {
        f"workload {name}": (offers_of_days(offers, on_day), {}) for name, offers in priced.items()
    }
    first = next(iter(variants.values()))[0]
    variants |= {
        f"measure {name}": (offers_of_days(with_measure(base, name), on_day), {}) for name in measures
    }
    variants |= {choice: (first, changed) for choice, changed in _CHOICES.items()}
    found = {
        choice: _history(offers, on_day, **{**options, **changed})
        for choice, (offers, changed) in variants.items()
    }
    frame = pd.concat([one.frame.assign(choice=choice) for choice, one in found.items()], ignore_index=True)
    headline = found[next(iter(found))]
    return GapHistory(frame, headline.last, headline.options)
