"""How much cheaper are Chinese open models than US closed ones of the same capability?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.arrays import Codes, Floats
from undercut.inference.resampling import sums_by_cluster
from undercut.prices.cross_section import cross_section, model_prices, offers_of_days
from undercut.prices.load import with_workload
from undercut.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Fewer models than this on either side say nothing.
MIN_MODELS = 5


@dataclass(frozen=True, slots=True)
class PriceGap(Result):
    """Price of one group of models relative to another at equal capability.

    Attributes
    ----------
    gap : float
        Relative difference: -0.9 means ninety percent cheaper.
    low, high : float
        Ends of the bootstrap percentile interval.
    level : float
    slope : float
        Rise of the log price per point of the capability index.
    n_group, n_reference, clusters : int
        Models on either side, and clusters drawn by the bootstrap.
    support : tuple of float
        Range of capability where both groups have models; the comparison is confined to it.
    models : DataFrame
        The models compared, with ``log_price`` and ``is_group``.
    options : dict
        Cluster, draws and seed of the bootstrap.
    """

    gap: float
    low: float
    high: float
    level: float
    slope: float
    n_group: int
    n_reference: int
    clusters: int
    support: tuple[float, float]
    models: pd.DataFrame
    options: dict[str, Any] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """The estimate as one row."""
        row = {"gap": self.gap, "low": self.low, "high": self.high}
        row |= {"models": self.n_group + self.n_reference, "clusters": self.clusters}
        return pd.DataFrame([row | {"from capability": self.support[0], "to capability": self.support[1]}])

    def summary(self) -> str:
        """The gap, its interval and what it rests on, as text."""
        told = ", ".join(f"{name} {value}" for name, value in self.options.items())
        return "\n".join(
            [
                f"Price gap at equal capability: {100 * self.gap:+.1f} percent "
                f"[{100 * self.low:+.1f}, {100 * self.high:+.1f}], {self.level:.0%} interval.",
                f"{self.n_group} models against {self.n_reference}, capability {self.support[0]:g} to "
                f"{self.support[1]:g}; bootstrap over {self.clusters} clusters"
                + (f" ({told})." if told else "."),
                f"A point of capability adds {100 * np.expm1(self.slope):.1f} percent to a price.",
            ]
        )

    def lines(self) -> pd.DataFrame:
        """The two fitted lines: ``is_group, eci, price``, at the ends of the common range."""
        models = self.models
        centre = models["log_price"].mean() - self.slope * models["eci"].mean()
        share, shift = models["is_group"].mean(), np.log1p(self.gap)
        rows = pd.DataFrame(
            [(side, end) for side in (0.0, 1.0) for end in self.support], columns=["is_group", "eci"]
        )
        away = (rows["is_group"] - share) * shift
        return rows.assign(price=np.exp(centre + self.slope * rows["eci"] + away))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the models and the two lines whose distance is the gap, and return the axes."""
        from undercut.plots import own_axes, price_axis

        axes = own_axes(ax)
        lines = self.lines()
        for side, color in ((0.0, "C0"), (1.0, "C1")):
            chosen = self.models[self.models["is_group"] == side]
            axes.plot(chosen["eci"], chosen["price"], marker="o", linestyle="none", color=color)
            line = lines[lines["is_group"] == side]
            axes.plot(line["eci"], line["price"], color=color)
        price_axis(axes)
        axes.set_xlabel("Capability")
        return axes


def price_gap(
    prices: pd.DataFrame,
    *,
    is_group: pd.Series,
    is_reference: pd.Series,
    cluster: str = "family",
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> PriceGap:
    """Difference of log prices between two groups of models, capability held fixed.

    Parameters
    ----------
    prices : DataFrame
        One row a model: ``price`` (USD per million tokens), ``eci`` and the column ``cluster``.
    is_group, is_reference : Series of bool
        Which models to compare, aligned with ``prices``.
    cluster : str
        Column that the bootstrap draws by; rows of one developer's family share decisions about price.
    draws, level, seed
        Of the bootstrap.

    Returns
    -------
    PriceGap

    Raises
    ------
    TooFewError
        Fewer than five models of either side in the common range of capability.

    Notes
    -----
    Ordinary least squares of ``log price = a + b eci + c group`` over models within the common support of
    capability; the gap is ``exp(c) - 1``. The interval is the percentile interval of a pairs bootstrap over
    clusters (Cameron, Gelbach and Miller 2008, section III); a median of a percentile needs no correction
    for retransformation, as ``exp`` is monotone.

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with
    clustered errors. Review of Economics and Statistics 90, 414-427.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.cross_section import cross_section, model_prices
    >>> models = model_prices(cross_section(undercut.load_prices(), "2026-06-15"))
    >>> is_open = models["access"].str.startswith("open").fillna(False)
    >>> found = price_gap(models, is_group=is_open, is_reference=models["access"].eq("closed"), draws=99)
    >>> found.gap < 0
    True
    """
    both = prices[(is_group | is_reference) & prices["eci"].notna() & prices["price"].gt(0)]
    both = both.assign(is_group=is_group[both.index].astype(float), log_price=np.log(both["price"]))
    sides = [both.loc[both["is_group"] == side, "eci"] for side in (0.0, 1.0)]
    if min(len(side) for side in sides) == 0:
        raise TooFewError(
            "One of the two groups has no model with a price and a capability score on this day."
        )
    support = (max(s.min() for s in sides), min(s.max() for s in sides))
    both = both[both["eci"].between(*support)]
    counts = both["is_group"].value_counts()
    if min(counts.get(1.0, 0), counts.get(0.0, 0)) < MIN_MODELS:
        raise TooFewError(
            f"Only {int(counts.get(1.0, 0))} and {int(counts.get(0.0, 0))} models share a range of "
            f"capability; {MIN_MODELS} of each are needed. Choose a later day or a lower min_capability."
        )
    design = np.column_stack([np.ones(len(both)), both["eci"] - both["eci"].mean(), both["is_group"]])
    outcome = both["log_price"].to_numpy()
    _, slope, effect = np.linalg.lstsq(design, outcome, rcond=None)[0]
    codes, clusters = pd.factorize(both[cluster].fillna(both["model_id"]))
    drawn = _bootstrap(design, outcome, codes, len(clusters), draws, seed)
    tail = (1 - level) / 2
    low, high = np.exp(np.quantile(drawn, [tail, 1 - tail])) - 1
    return PriceGap(
        gap=float(np.exp(effect) - 1),
        low=float(low),
        high=float(high),
        level=level,
        slope=float(slope),
        n_group=int(counts[1.0]),
        n_reference=int(counts[0.0]),
        clusters=len(clusters),
        support=(float(support[0]), float(support[1])),
        models=both,
        options={"cluster": cluster, "draws": draws, "seed": seed},
    )


def _bootstrap(design: Floats, outcome: Floats, codes: Codes, clusters: int, draws: int, seed: int) -> Floats:
    """The group effect in resamples of whole clusters; one that lacks a group is drawn again."""
    generator = np.random.default_rng(seed)
    # Sums over a resample are weighted sums over clusters: all draws are two matrix products.
    products = sums_by_cluster(codes, design[:, :, None] * design[:, None, :], clusters).reshape(clusters, 9)
    moments = sums_by_cluster(codes, design * outcome[:, None], clusters)
    effects = np.empty(0)
    while len(effects) < draws:
        drawn = generator.integers(clusters, size=(draws - len(effects), clusters))
        rows = np.arange(len(drawn))[:, None]
        weights = np.bincount((drawn + rows * clusters).ravel(), minlength=drawn.size)
        weights = weights.reshape(len(drawn), clusters).astype(float)
        grams = (weights @ products).reshape(-1, 3, 3)
        usable = np.linalg.cond(grams) < 1e10
        solved = np.linalg.solve(grams[usable], (weights @ moments)[usable][:, :, None])
        effects = np.append(effects, solved[:, 2, 0])
    return effects


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
    rows, found = [], None
    for day in days:
        row: dict[str, object] = {"day": day, "why_not": ""}
        try:
            found = _gap_among(offers[offers["day"] == day], day, **options)
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
