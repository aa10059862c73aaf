"""How much more does one group of models cost than another at equal capability?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.arrays import Codes, Floats
from undercut.inference.resampling import sums_by_cluster
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
