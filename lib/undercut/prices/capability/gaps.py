"""How much cheaper are Chinese open models than US closed ones of the same capability?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from undercut.errors import TooFewError
from undercut.prices.capability.gap import PriceGap, price_gap
from undercut.prices.cross_section import MODEL_FACTS, cross_section, model_prices, offers_of_days
from undercut.prices.load import with_workload
from undercut.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def open_models(prices: pd.DataFrame, origin: str) -> pd.Series:
    """Models of developers of a country whose weights can be had."""
    return prices["origin"].eq(origin) & prices["access"].str.startswith("open").fillna(False)


def closed_models(prices: pd.DataFrame, origin: str) -> pd.Series:
    """Models of developers of a country whose weights cannot be had."""
    return prices["origin"].eq(origin) & prices["access"].eq("closed")


def open_closed_gap(
    panel: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    closed_origin: str = "US",
    open_origin: str = "CN",
    at: str = "lowest",
    min_capability: float | None = None,
    max_age_days: int | None = None,
    cluster: str = "family",
    draws: int = 2000,
    seed: int = 0,
) -> PriceGap:
    """The gap between one country's open and another's closed models on one day.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    day : date
    closed_origin, open_origin : str
        ISO countries of the developers.
    at : {"lowest", "median", "developer"}
        Whose price counts; see :func:`undercut.prices.cross_section.model_prices`.
    min_capability : float, optional
        Leave out models below this capability.
    max_age_days : int, optional
        Leave out models released longer ago.
    cluster, draws, seed
        As in :func:`price_gap`.

    Returns
    -------
    PriceGap

    Raises
    ------
    OutsideDataError, TooFewError
        Nothing on offer on that day; too few models on either side.
    """
    return _gap_among(
        cross_section(panel, day), day, closed_origin, open_origin, at, min_capability, max_age_days,
        cluster=cluster, draws=draws, seed=seed,
    )  # fmt: skip


def _gap_among(
    offers: pd.DataFrame, day: str | date | pd.Timestamp, closed_origin: str = "US", open_origin: str = "CN",
    at: str = "lowest", min_capability: float | None = None, max_age_days: int | None = None,
    **bootstrap: Any,
) -> PriceGap:  # fmt: skip
    """`open_closed_gap` among the offers of a day."""
    prices = model_prices(offers, at=at)
    if min_capability is not None:
        prices = prices[prices["eci"].ge(min_capability)]
    if max_age_days is not None:
        prices = prices[prices["release_date"].ge(pd.Timestamp(day) - pd.Timedelta(days=max_age_days))]
    sides = {
        "is_group": open_models(prices, open_origin),
        "is_reference": closed_models(prices, closed_origin),
    }
    return price_gap(prices, **sides, **bootstrap)


@dataclass(frozen=True, slots=True)
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

    def to_frame(self) -> pd.DataFrame:
        """One row a day."""
        return self.frame.copy()

    def summary(self) -> str:
        """How often the gap could be estimated, and each day's estimate."""
        known = self.frame["gap"].notna().sum()
        told = ", ".join(f"{name} {value}" for name, value in self.options.items() if value is not None)
        head = f"Price gap at equal capability, {known} of {len(self.frame)} days ({told})"
        shown = self.frame.drop(columns="why_not").to_string(index=False, float_format="{:.3g}".format)
        return f"{head}\n\n{shown}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gap in percent with its interval, day by day, and return the axes."""
        from undercut.plots import INK, band, own_axes, zero_line

        axes, known = own_axes(ax), self.frame.dropna(subset=["gap"])
        band(axes, known["day"], 100 * known["low"], 100 * known["high"], INK)
        axes.plot(known["day"], 100 * known["gap"], color=INK)
        axes.set_ylabel("Gap, percent")
        return zero_line(axes)


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
    narrow = offers[["day", "model_id", "host", "host_kind", "price", *MODEL_FACTS]]
    narrow.attrs = {}  # provenance would be copied with every day
    of_day = dict(list(narrow.groupby("day")))
    rows, found = [], None
    for day in days:
        row: dict[str, object] = {"day": day, "why_not": ""}
        try:
            found = _gap_among(of_day.get(day, narrow.iloc[:0]), day, **options)
        except TooFewError as reason:
            found, row["why_not"] = None, str(reason)
        else:
            row |= {name: getattr(found, name) for name in ("gap", "low", "high", "n_group", "n_reference")}
        rows.append(row)
    columns = ["day", "gap", "low", "high", "n_group", "n_reference", "why_not"]
    frame = pd.DataFrame(rows, columns=columns).astype({"gap": float, "low": float, "high": float})
    chosen = {"closed_origin": "US", "open_origin": "CN"} | options
    return GapHistory(frame, found, {"workload": offers.attrs.get("workload"), **chosen})


def gap_choices(
    panel: pd.DataFrame,
    day: str | date | pd.Timestamp,
    *,
    workloads: Iterable[str] = ("chat", "agent", "reasoning", "batch"),
    **options: Any,
) -> GapHistory:
    """The gap of one day under other choices: workload, whose price, which models, how to cluster.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    day : date
    workloads : iterable of str
        Mixes of tokens; the other choices are made under the first.
    **options
        Common to all, as in :func:`open_closed_gap`.

    Returns
    -------
    GapHistory
        With the column ``choice``; the first row is the first workload with no other choice changed.
    """
    on_day = [pd.Timestamp(day)]
    priced = {name: offers_of_days(with_workload(panel, name), on_day) for name in dict.fromkeys(workloads)}
    base = next(iter(priced.values()))
    variants: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
        f"workload {name}": (offers, {}) for name, offers in priced.items()
    }
    variants |= {
        "median seller": (base, {"at": "median"}),
        "developer's own price": (base, {"at": "developer"}),
        "released within a year": (base, {"max_age_days": 365}),
        "clustered by developer": (base, {"cluster": "developer"}),
    }
    found = {
        choice: _history(offers, on_day, **(options | changes))
        for choice, (offers, changes) in variants.items()
    }
    frame = pd.concat([one.frame.assign(choice=choice) for choice, one in found.items()], ignore_index=True)
    first = found[next(iter(found))]
    return GapHistory(frame, first.last, first.options)
