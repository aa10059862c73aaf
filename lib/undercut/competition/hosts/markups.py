"""How fast does the price of open weights fall from launch towards what serving them costs?"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from undercut.competition.hosts.serving_cost import ServingAssumptions, cost_factor
from undercut.errors import DataError, InputError, OutsideDataError, TooFewError, need_columns
from undercut.inference.arrays import Codes, Floats
from undercut.inference.resampling import cluster_codes, multiplicities
from undercut.prices.workloads import Workload
from undercut.result import Axes, Result

#: Half-lives that the fit may find, months. An estimate at an end says that the data do not tell.
HALF_LIVES: Final = (0.5, 120.0)
#: Floors that the fit may find, as a share of the value at launch.
FLOORS: Final = (0.01, 3.0)
#: Steps of the search, and the move of a logarithm below which it ends.
_STEPS: Final = 300
_SETTLED: Final = 1e-11


class Decay(Result):
    r"""Exponential decay of a price, or of a price over cost, from launch to a floor.

    Attributes
    ----------
    half_life, half_life_low, half_life_high : float
        Months until half of the way from launch to the floor is done.
    floor, floor_low, floor_high : float
        Where it ends, as a share of the value at launch.
    after_year, after_year_low, after_year_high : float
        Fitted value twelve months after launch as a share of the value at launch.
    share_at_bounds : float
        Share of bootstrap draws whose half-life or floor lies at an end of the range searched: near zero if
        the data tell the half-life.
    level : float
    n, units, clusters : int
    """

    half_life: float
    half_life_low: float
    half_life_high: float
    floor: float
    floor_low: float
    floor_high: float
    after_year: float
    after_year_low: float
    after_year_high: float
    share_at_bounds: float
    level: float
    n: int
    units: int
    clusters: int

    @property
    def is_told(self) -> bool:
        """Whether the data tell a half-life: few draws at the ends, and an interval of less than tenfold."""
        return self.share_at_bounds < 0.05 and self.half_life_high < 10 * self.half_life_low

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the fitted curve, with the interval after a year."""
        from undercut.competition.hosts.charts import since_launch

        nothing = pd.DataFrame(columns=["price", "age_months", "share", "units"], dtype=float)
        return since_launch(self.curve("fitted"), self.after_a_year("fitted"), nothing, ax=ax)

    def curve(self, price: str, months: int = 24) -> pd.DataFrame:
        """Fitted share of the value at launch by age, ``price`` being its name."""
        ages = np.linspace(0, months, 4 * months + 1)
        return pd.DataFrame({"price": price, "age_months": ages, "share": self.share_left(ages)})

    def after_a_year(self, price: str) -> pd.DataFrame:
        """Interval of the share after twelve months, ``price`` being its name."""
        return pd.DataFrame([{"price": price, "low": self.after_year_low, "high": self.after_year_high}])

    def share_left(self, age_months: npt.ArrayLike) -> Floats:
        """Fitted value at an age as a share of the value at launch."""
        return np.exp(_curve(np.asarray(age_months, dtype=float), self.floor, self.half_life))


def price_over_cost(
    costs: pd.DataFrame,
    *,
    workload: str | Workload,
    price: str = "lowest",
    assumptions: ServingAssumptions | None = None,
    draws: int = 500,
    level: float = 0.95,
    seed: int = 0,
    ages: tuple[int, ...] = (0, 3, 6, 12, 18, 24),
) -> pd.DataFrame:
    """Price over the cost of serving by age of the model.

    Parameters
    ----------
    costs : DataFrame
        From :func:`undercut.competition.hosts.serving_cost.serving_cost`, with ``age_months`` and the column
        ``price``.
    workload : str or Workload
        The one behind the prices.
    price : str
        Column of the price: lowest, median, mean.
    assumptions, draws, seed
        Of the cost; each draw takes one set of assumptions and one resample of models.
    level : float
    ages : tuple of int
        Months since launch.

    Returns
    -------
    DataFrame
        ``age_months, models, ratio`` (median over models at the centre of the assumptions), ``low``, ``high``
        (throughput and choice of models both uncertain), ``low_models``, ``high_models`` (only the choice of
        models), ``share_below`` (of models that sell below cost at the centre).

    Raises
    ------
    OutsideDataError
        No model of known size at any of the ages.
    """
    known = costs[costs["unit_cost"].notna() & costs["age_months"].isin(ages)]
    if known.empty:
        raise OutsideDataError("No model of known size is on sale at any of these ages; choose other ages.")
    ranges = assumptions if assumptions is not None else ServingAssumptions()
    centre = float(cost_factor(workload, ranges.centre())[0])
    drawn = cost_factor(workload, ranges, draws=draws, seed=seed)
    generator = np.random.default_rng(seed + 1)
    tails = [(1 - level) / 2, (1 + level) / 2]
    rows = []
    for age, group in known.groupby("age_months"):
        values = np.log(group[price] / group["unit_cost"]).to_numpy()
        picks = generator.integers(len(values), size=(draws, len(values)))
        medians = np.median(values[picks], axis=1)
        both = np.exp(np.quantile(medians - np.log(drawn), tails))
        models_only = np.exp(np.quantile(medians, tails)) / centre
        several = len(values) > 1
        rows.append(
            {
                "age_months": int(str(age)), "models": len(values),
                "ratio": float(np.exp(np.median(values))) / centre,
                "low": float(both[0]), "high": float(both[1]),
                "low_models": float(models_only[0]) if several else np.nan,
                "high_models": float(models_only[1]) if several else np.nan,
                "share_below": float(np.mean(values < np.log(centre))),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def decay(
    table: pd.DataFrame,
    *,
    value: str,
    unit: str = "model_id",
    cluster: str = "model_id",
    draws: int = 100,
    level: float = 0.95,
    seed: int = 0,
) -> Decay:
    r"""Fit exponential decay to a floor, within units.

    Parameters
    ----------
    table : DataFrame
        With ``age_months``, the column ``value`` (positive), ``unit`` and ``cluster``.
    value : str
        A price, or a price over cost.
    unit : str
        What has a level of its own: ``model_id``, or a column of offers so that the same hosts are followed.
    cluster : str
        What the bootstrap draws.
    draws, level, seed
        Of the bootstrap.

    Returns
    -------
    Decay

    Raises
    ------
    TooFewError
        Fewer than two clusters, or no unit seen at two ages.
    DataError
        Values that are not positive, or a column that does not exist.
    InputError
        Too few draws.

    Notes
    -----
    .. math:: \log y_{ia} = \alpha_i + \log(f + (1 - f) 2^{-a/h}) + u_{ia}

    Least squares; the levels :math:`\alpha_i` are concentrated out, so that only changes within a unit tell f
    and h, and units that enter at other ages do not. A common factor in y, such as all doubt about
    throughput, is part of :math:`\alpha_i`: it moves the level of the mark-up, not f or h. Percentile
    intervals over resampled clusters. If nothing moves, f is near one and h is not told.
    """
    need_columns(table, (value, unit, cluster, "age_months"), "The decay is fitted to a table that lacks")
    if draws < 20:
        raise InputError(f"An interval needs 20 draws or more; got {draws}.")
    data = table[table[value].notna()]
    if data.empty or (data[value] <= 0).any():
        raise DataError(f"{value} must be positive: logarithms are taken.")
    repeated = data.groupby(unit)["age_months"].transform("nunique") > 1
    data = data[repeated]
    units, names = pd.factorize(data[unit], sort=True)
    clusters, labels = cluster_codes(data, cluster)
    if len(labels) < 2:
        raise TooFewError("A half-life needs two models or more that are seen at two ages or more.")
    age = data["age_months"].to_numpy(dtype=float)
    log_value = np.log(data[value].to_numpy(dtype=float))
    counts = multiplicities(len(labels), draws=draws, seed=seed)
    squares, products, ages = _moments(log_value, age, units.astype(np.int64), clusters)
    loss, gain = np.tensordot(counts, squares, 1), counts @ products  # the first of the data themselves
    tried = np.log(np.array([(6.0, 0.5), (24.0, 0.8), (6.0, 1.2), (2.0, 0.9)]))
    same = np.zeros(len(tried), dtype=np.int64)
    found, left = _fits(loss[same], gain[same], ages, tried)
    best = found[[np.argmin(left)]]
    others, _ = _fits(loss[1:], gain[1:], ages, np.repeat(best, draws, axis=0))
    fits = np.vstack([best, others])
    return _decay(np.exp(fits), level, len(data), len(names), len(labels))


def aligned(table: pd.DataFrame, fit: Decay, *, value: str, unit: str = "model_id") -> pd.DataFrame:
    """Observed values by age as a share of the value at launch, each unit's level taken from the fit.

    Returns
    -------
    DataFrame
        ``age_months, share, units``: geometric means over units, for a look at how well the curve fits.
    """
    data = table[table[value].gt(0)]
    expected = np.log(fit.share_left(data["age_months"].to_numpy()))
    distance = np.log(data[value]) - expected
    level = distance.groupby(data[unit]).transform("mean")
    told = data.assign(log_share=np.log(data[value]) - level)
    by_age = told.groupby("age_months").agg(share=("log_share", "mean"), units=(unit, "nunique"))
    return by_age.assign(share=np.exp(by_age["share"])).reset_index()


def _curve(age: Floats, floor: float, half_life: float) -> Floats:
    return np.log(floor + (1 - floor) * np.exp2(-age / half_life))


def _moments(log_value: Floats, age: Floats, units: Codes, clusters: Codes) -> tuple[Floats, Floats, Floats]:
    """What least squares on deviations from unit means need of the data, by cluster and age.

    Returns
    -------
    squares : ndarray, shape (clusters, ages, ages)
        The loss of a curve c over ages is c' squares c - 2 products' c, up to a constant.
    products : ndarray, shape (clusters, ages)
    ages : ndarray, shape (ages,)
    """
    ages, position = np.unique(age, return_inverse=True)
    shape = units.max() + 1, len(ages)
    seen, total = np.zeros(shape), np.zeros(shape)
    np.add.at(seen, (units, position), 1.0)
    np.add.at(total, (units, position), log_value)
    size = seen.sum(axis=1, keepdims=True)
    cluster_of = np.zeros(shape[0], dtype=np.int64)
    cluster_of[units] = clusters
    within = np.eye(len(ages)) * seen[:, None, :] - seen[:, :, None] * (seen / size)[:, None, :]
    squares = np.zeros((clusters.max() + 1, len(ages), len(ages)))
    products = np.zeros((clusters.max() + 1, len(ages)))
    np.add.at(squares, cluster_of, within)
    np.add.at(products, cluster_of, total - total.sum(axis=1, keepdims=True) / size * seen)
    return squares, products, ages


def _fits(squares: Floats, products: Floats, ages: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Logs of half-life and floor with the least loss, and that loss: Levenberg and Marquardt, in bounds.

    Parameters
    ----------
    squares, products, ages
        Of `_moments`, one a fit.
    start : ndarray, shape (fits, 2)

    Returns
    -------
    ndarray, shape (fits, 2); ndarray, shape (fits,)
    """
    low, high = np.log([HALF_LIVES, FLOORS]).T

    def loss_of(curve: Floats) -> tuple[Floats, Floats]:
        pull = np.einsum("dij,dj->di", squares, curve)
        return np.einsum("di,di->d", curve, pull - 2 * products), pull - products

    at, damping = start, np.full(len(start), 1e-3)
    curve, slopes = _curve_and_slopes(ages, at)
    loss, pull = loss_of(curve)
    for _ in range(_STEPS):
        gradient = np.einsum("dpi,di->dp", slopes, pull)
        bend = np.einsum("dpi,dij,dqj->dpq", slopes, squares, slopes, optimize=True)
        free = ~(((at <= low) & (gradient > 0)) | ((at >= high) & (gradient < 0)))
        bend = bend * (free[:, :, None] & free[:, None, :])
        diagonal = np.einsum("dpp->dp", bend)
        diagonal += np.where(free, damping[:, None] * diagonal + 1e-12, 1.0)
        step = -np.linalg.solve(bend, (gradient * free)[..., None])[..., 0]
        moved = np.clip(at + step, low, high)
        new_curve, new_slopes = _curve_and_slopes(ages, moved)
        new_loss, new_pull = loss_of(new_curve)
        better = new_loss <= loss
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-12, 1e12)
        if np.abs(moved - at).max() < _SETTLED:
            break
        at, loss = np.where(better[:, None], moved, at), np.where(better, new_loss, loss)
        slopes = np.where(better[:, None, None], new_slopes, slopes)
        pull = np.where(better[:, None], new_pull, pull)
    return at, loss


def _curve_and_slopes(ages: Floats, at: Floats) -> tuple[Floats, Floats]:
    """The curve of each fit, shape (fits, ages), and its slopes in both logs, shape (fits, 2, ages)."""
    half_life, floor = np.exp(at.T)[..., None]
    left = np.exp2(-ages / half_life)
    share = floor + (1 - floor) * left
    in_half_life = (1 - floor) * left * np.log(2) * ages / half_life / share
    return np.log(share), np.stack([in_half_life, floor * (1 - left) / share], axis=1)


def _decay(fits: Floats, level: float, n: int, units: int, clusters: int) -> Decay:
    half_life, floor = fits[:, 0], fits[:, 1]
    after = np.exp([_curve(np.array(12.0), f, h) for h, f in fits])
    tails = [(1 - level) / 2, (1 + level) / 2]
    told = (half_life, floor, after)
    ends = [np.quantile(drawn[1:], tails) for drawn in told]
    is_bound = (
        (half_life < HALF_LIVES[0] * 1.02) | (half_life > HALF_LIVES[1] / 1.02)
        | (floor < FLOORS[0] * 1.05) | (floor > FLOORS[1] / 1.05)
    )  # fmt: skip
    estimates: dict[str, float] = {}
    for name, drawn, (low, high) in zip(("half_life", "floor", "after_year"), told, ends, strict=True):
        estimates |= {name: float(drawn[0]), f"{name}_low": float(low), f"{name}_high": float(high)}
    return Decay(
        **estimates, share_at_bounds=float(is_bound[1:].mean()), level=level, n=n, units=units,
        clusters=clusters,
    )  # fmt: skip
