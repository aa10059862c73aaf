"""How much more does one group of models cost than another at equal capability?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import NotIdentifiedError, TooFewError
from undercut.inference.arrays import Booleans, Codes, Floats
from undercut.panel.measures import NINETY
from undercut.result import Axes, Result

#: Fewer models than this on either side say nothing.
MIN_MODELS = 5


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
    controls: Sequence[str] = (),
    score_error: bool = False,
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
    controls : sequence of str
        Columns held fixed too, such as the age of the release; a model without one is left out.
    score_error : bool
        Let each draw take the models' scores from their published 90% intervals, so that the error of the
        scores is in the interval.
    cluster : str
        Column that the bootstrap draws by; rows of one developer's family share decisions about price.
    draws, level, seed
        Of the bootstrap; without draws there is no interval.

    Returns
    -------
    PriceGap

    Raises
    ------
    TooFewError
        Fewer than five models of either side in the common range of capability.

    Notes
    -----
    Ordinary least squares of ``log price = a + b eci + d controls + c group`` over models within the common
    support of capability; the gap is ``exp(c) - 1``. The interval is the percentile interval of a pairs
    bootstrap over clusters (Cameron, Gelbach and Miller 2008, section III); a median of a percentile needs no
    correction for retransformation, as ``exp`` is monotone.

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
    known = prices[["eci", *controls]].notna().all(axis=1)
    both = prices[(is_group | is_reference) & known & prices["price"].gt(0)]
    both = both.assign(is_group=is_group[both.index].astype(float), log_price=np.log(both["price"]))
    fit = fit_gap(
        both[["eci", *controls]].to_numpy(float), both["log_price"].to_numpy(), both["is_group"].to_numpy()
    )
    both = both[fit.inside]
    outcome = both["log_price"].to_numpy()
    codes, clusters = pd.factorize(both[cluster].fillna(both["model_id"]))
    spread = score_spread(both) if score_error else np.zeros(len(both))
    drawn = _bootstrap(fit.design, outcome, spread, codes, len(clusters), draws, seed)
    bootstrap = {"cluster": cluster, "draws": draws, "seed": seed}
    tail = (1 - level) / 2
    low, high = np.exp(np.quantile(drawn, [tail, 1 - tail])) - 1 if draws else (np.nan, np.nan)
    return PriceGap(
        gap=fit.gap,
        low=float(low),
        high=float(high),
        level=level,
        slope=float(fit.solution[1]),
        n_group=int(both["is_group"].sum()),
        n_reference=int((1 - both["is_group"]).sum()),
        clusters=len(clusters),
        support=fit.support,
        models=both,
        options={"controls": list(controls), "score_error": score_error} | bootstrap,
    )


@dataclass(frozen=True, slots=True)
class GapFit:
    """The regression behind a gap: which models are ``inside`` the common support, and its solution."""

    inside: Booleans
    support: tuple[float, float]
    design: Floats
    solution: Floats

    @property
    def gap(self) -> float:
        """Relative difference."""
        return float(np.exp(self.solution[-1]) - 1)


def fit_gap(regressors: Floats, log_price: Floats, is_group: Floats) -> GapFit:
    """The gap in arrays, for those who need it a thousand times; `price_gap` adds the interval.

    Parameters
    ----------
    regressors : numpy.ndarray
        Capability, and controls after it, shape (models, 1 + controls).
    log_price, is_group : numpy.ndarray
        Shape (models,).

    Raises
    ------
    TooFewError, NotIdentifiedError
    """
    sides = [regressors[is_group == side, 0] for side in (0.0, 1.0)]
    if min(len(side) for side in sides) == 0:
        raise TooFewError(
            "One of the two groups has no model with a price and a capability score on this day."
        )
    support = (float(max(side.min() for side in sides)), float(min(side.max() for side in sides)))
    inside = (regressors[:, 0] >= support[0]) & (regressors[:, 0] <= support[1])
    n_group = int(is_group[inside].sum())
    n_reference = int(inside.sum()) - n_group
    if min(n_group, n_reference) < MIN_MODELS:
        raise TooFewError(
            f"Only {n_group} and {n_reference} models share a range of capability; {MIN_MODELS} of each are "
            "needed. Choose a later day or a lower min_capability."
        )
    held = regressors[inside]
    design = np.column_stack([np.ones(len(held)), held - held.mean(axis=0), is_group[inside]])
    solution, _, rank, _ = np.linalg.lstsq(design, log_price[inside], rcond=None)
    if rank < design.shape[1]:
        raise NotIdentifiedError("What is held fixed and the group cannot be told apart.")
    return GapFit(inside, support, design, solution)


def score_spread(models: pd.DataFrame) -> Floats:
    """Standard deviation of each model's score; the median one where none is stated, 0 if nobody's is."""
    spread = ((models["eci_high"] - models["eci_low"]) / (2 * NINETY)).to_numpy(float)
    usual = np.nanmedian(spread) if np.isfinite(spread).any() else 0.0
    return np.where(np.isfinite(spread), spread, usual)


def _bootstrap(
    design: Floats, outcome: Floats, spread: Floats, codes: Codes, clusters: int, draws: int, seed: int
) -> Floats:
    """The group effect in resamples of clusters, scores drawn; one that lacks a group is drawn again."""
    generator = np.random.default_rng(seed)
    effects = np.empty(0)
    while len(effects) < draws:
        drawn = generator.integers(clusters, size=(draws - len(effects), clusters))
        rows = np.arange(len(drawn))[:, None]
        weights = np.bincount((drawn + rows * clusters).ravel(), minlength=drawn.size)
        weights = weights.reshape(len(drawn), clusters)[:, codes].astype(float)
        noisy = np.repeat(design[None], len(drawn), axis=0)
        if spread.any():
            noisy[:, :, 1] += generator.standard_normal((len(drawn), len(codes))) * spread
        weighted = noisy * weights[:, :, None]
        grams = weighted.transpose(0, 2, 1) @ noisy
        usable = np.linalg.cond(grams) < 1e10
        solved = np.linalg.solve(grams[usable], (weighted.transpose(0, 2, 1) @ outcome[:, None])[usable])
        effects = np.append(effects, solved[:, -1, 0])
    return effects
