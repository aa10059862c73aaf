"""How much cheaper is a task, and how many tokens does it take, for one group of models and for another?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.errors import InputError, MissingColumnError, TooFewError, check_known, one_of
from undercut.inference.arrays import Booleans, Floats
from undercut.inference.detectable import detectable
from undercut.inference.levels import check_level
from undercut.inference.resampling import weighted_quantile
from undercut.prices.tasks.data import GROUPS
from undercut.result import Axes, Result

Measure = Literal["usd_per_mtok", "usd_per_task", "usd_per_solved", "output_tokens_per_task"]
Against = Literal["median", "cheapest"]
#: Fewer models than this on a side say nothing.
MIN_MODELS: Final = 5
#: A model scores as high as another if it is at most this share of tasks below, unless a width is given.
AS_HIGH: Final = 0.02
_SINGULAR: Final = 1e12
_COUNTS: Final = "n_group n_reference why_not"


class TaskGap(Result):
    """Cost of one group's tasks relative to another's at equal score.

    Attributes
    ----------
    benchmark, measure, against : str
    gap, low, high : float
        Relative difference (-0.9: ninety percent cheaper) and its interval at ``level``; missing where
        ``why_not`` says why.
    p_value : float
        Share of random exchanges of the groups' labels with an estimate as far from zero; against the median
        only, since exchanged labels change who is cheapest.
    detectable : float
        Smallest fall that would have been found four times in five, as a share.
    n_group, n_reference : int
        Models on each side within the scores that both have.
    support : tuple of float
    models : DataFrame
        The models compared.
    why_not : str
    """

    benchmark: str
    measure: Measure
    against: Against
    group: str
    reference: str
    gap: float
    low: float
    high: float
    level: float
    p_value: float
    detectable: float
    n_group: int
    n_reference: int
    support: tuple[float, float]
    models: pd.DataFrame
    why_not: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row with the estimate and what it was made from."""
        names = "benchmark measure against group reference gap low high level p_value detectable"
        return pd.DataFrame([{name: getattr(self, name) for name in f"{names} {_COUNTS}".split()}])

    def summary(self) -> str:
        """The estimate in one sentence."""
        what = f"{self.benchmark}, {self.measure} of {self.group} against {self.against} {self.reference}"
        if self.why_not:
            return f"{what}: no estimate. {self.why_not}"
        return (
            f"{what}: {self.gap:+.0%} ({self.low:+.0%} to {self.high:+.0%}), p = {self.p_value:.3f}, "
            f"{self.n_group} and {self.n_reference} models"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Cost against score, both groups."""
        from undercut.prices.tasks.charts import cost_against_score

        return cost_against_score(self.models, self.measure, ax=ax)


def task_gap(
    rows: pd.DataFrame,
    *,
    measure: Measure = "usd_per_solved",
    against: Against = "median",
    width: float | None = None,
    group: str = "chinese_open",
    reference: str = "us_closed",
    draws: int = 999,
    level: float = 0.95,
    seed: int = 0,
) -> TaskGap:
    """Cost of a group's models relative to a reference group's at equal score.

    Parameters
    ----------
    rows : DataFrame
        From `undercut.prices.tasks.task_costs`, of one benchmark; for ``usd_per_mtok`` with
        `undercut.prices.tasks.with_token_prices`.
    measure : {"usd_per_mtok", "usd_per_task", "usd_per_solved", "output_tokens_per_task"}
    against : {"median", "cheapest"}
        The typical model of the reference at that score (a regression of the log cost on the score and the
        group, within the scores that both groups have), or the cheapest that scores as high.
    width : float, optional
        What counts as an equal score, as a share of tasks. Against the median: each of the group's models
        stands against the median of the reference models at most so far away, instead of the regression.
        Against the cheapest: the reference may score so far below; by default two points.
    group, reference : str
        Keys of `undercut.prices.tasks.GROUPS`.
    draws, level, seed
        Of the bootstrap over models and of the exchange of labels.

    Returns
    -------
    TaskGap
        Without an estimate, and with the reason, where a side has fewer than five models.

    Raises
    ------
    InputError
        Unknown options, or a level outside (0, 1).
    MissingColumnError
        The measure is not among the columns.

    Notes
    -----
    ``log cost = a + b score + c group``; the gap is ``exp(c) - 1``. Against the cheapest: the mean over the
    group's models of the log ratio to the cheapest reference model that scores at most two points lower.
    Percentile interval of a bootstrap over models within each group; against the cheapest, over the
    group's models only, since the reference is a menu and not a sample (resampled, its cheapest model could
    only cost more, which put the estimate at the edge of its own interval).

    Examples
    --------
    >>> from undercut.sources.reference import load_reference
    >>> from undercut.prices.tasks.data import task_costs
    >>> costs, models = load_reference("cost_per_task"), load_reference("models")
    >>> task_gap(task_costs(costs, models, benchmark="epoch_gpqa"), draws=99).gap < 0
    True
    """
    check_level(level)
    one_of("measure", measure, get_args(Measure))
    one_of("against", against, get_args(Against))
    if width is not None and not 0 < width < 1:
        raise InputError(f"width={width!r} must be a share of tasks between 0 and 1.")
    for name in (group, reference):
        check_known("group", name, GROUPS)
    if measure not in rows.columns:
        raise MissingColumnError(
            f"rows has no column {measure!r}: add it by with_token_prices(rows, prices)."
        )
    both = rows[rows[measure].gt(0) & rows["group"].isin([group, reference])]
    inside, support = _in_common(both["score"].to_numpy(float), both["group"].eq(group).to_numpy())
    usable = both[inside]
    sides = [usable[usable["group"].eq(name)] for name in (group, reference)]
    sizes = [side["model_id"].nunique() for side in sides]
    made: dict[str, Any] = {
        "benchmark": str(rows["benchmark"].iloc[0]) if len(rows) else "",
        "measure": measure, "against": against, "group": group, "reference": reference, "level": level,
        "n_group": sizes[0], "n_reference": sizes[1], "support": support, "models": usable,
    }  # fmt: skip
    if min(sizes) < MIN_MODELS:
        few = f"{sizes[0]} and {sizes[1]} models with equal scores; {MIN_MODELS} a side are needed."
        return TaskGap(**_missing(few), **made)
    cost, score = np.log(usable[measure].to_numpy(float)), usable["score"].to_numpy(float)
    models, is_group = pd.factorize(usable["model_id"])[0], usable["group"].eq(group).to_numpy()
    rng = np.random.default_rng(seed)
    weights = _drawn(models, is_group, draws, rng)[:, models]
    if against == "cheapest":
        # The cheapest model of a menu is a fact: a resample without it would only cost more, never less.
        weights[:, ~is_group] = 1.0
    estimate = _estimator(against, width)
    found = estimate(cost, score, is_group, np.vstack([np.ones(len(cost)), weights]))
    point, drawn = found[0], found[1:][np.isfinite(found[1:])]
    if not np.isfinite(point) or len(drawn) < draws / 2:
        return TaskGap(**_missing("No reference model scores as high."), **made)
    tail = (1 - level) / 2
    low, high = np.expm1(np.quantile(drawn, [tail, 1 - tail]))
    smallest = float(detectable(drawn.std(ddof=1) if len(drawn) > 1 else np.nan, level=level))
    return TaskGap(
        gap=float(np.expm1(point)), low=float(low), high=float(high),
        p_value=_p_value(cost, score, models, is_group, rng, draws) if against == "median" else np.nan,
        detectable=float(-np.expm1(-smallest)), **made,
    )  # fmt: skip


class TaskGaps(Result):
    """Gaps of several benchmarks and measures; ``frame`` has a row for each `TaskGap`."""

    frame: pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Gaps with their intervals, by benchmark and measure."""
        from undercut.prices.tasks.charts import gaps

        return gaps(self.frame, ax=ax)


def task_gaps(tables: Mapping[str, pd.DataFrame], **options: Any) -> TaskGaps:
    """`task_gap` of several benchmarks by every measure and comparison; see there for ``options``."""
    found = [
        task_gap(rows, measure=measure, against=against, **options).to_frame()
        for rows in tables.values()
        for measure in get_args(Measure)
        if measure in rows.columns
        for against in get_args(Against)
    ]
    return TaskGaps(pd.concat(found, ignore_index=True))


class TokensPerTask(Result):
    """Median output tokens a task by group: ``frame`` has ``benchmark, group, median, low, high, models``."""

    benchmark: str
    frame: pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """The medians with their intervals."""
        from undercut.prices.tasks.charts import token_medians

        return token_medians(self.frame, ax=ax)


def tokens_per_task(
    rows: pd.DataFrame, *, draws: int = 999, level: float = 0.95, seed: int = 0
) -> TokensPerTask:
    """Median output tokens that a model spends on a task, by group.

    Parameters
    ----------
    rows : DataFrame
        From `undercut.prices.tasks.task_costs`, of one benchmark, one row a model.
    draws, level, seed
        Of the bootstrap over models.

    Raises
    ------
    TooFewError
        No group has five models with tokens.
    """
    check_level(level)
    rng = np.random.default_rng(seed)
    known = rows[rows["output_tokens_per_task"].gt(0) & rows["group"].notna()]
    tail, found = (1 - level) / 2, []
    for group, side in known.groupby("group")["output_tokens_per_task"]:
        values = side.to_numpy(float)
        if len(values) < MIN_MODELS:
            continue
        drawn = np.median(rng.choice(values, (draws, len(values))), axis=1)
        low, high = np.quantile(drawn, [tail, 1 - tail])
        found.append((rows["benchmark"].iloc[0], group, np.median(values), low, high, len(values)))
    if not found:
        raise TooFewError(f"No group has {MIN_MODELS} models whose tokens are known.")
    names = ["benchmark", "group", "median", "low", "high", "models"]
    return TokensPerTask(str(rows["benchmark"].iloc[0]), pd.DataFrame(found, columns=names))


def leave_one_out(
    rows: pd.DataFrame, unit: str = "model_id", *, measure: Measure = "usd_per_solved",
    against: Against = "median", group: str = "chinese_open", reference: str = "us_closed",
) -> pd.DataFrame:  # fmt: skip
    """`task_gap` without each model (or developer), lowest first: columns ``left_out`` and ``gap``."""
    names = rows.loc[rows["group"].notna(), unit].dropna().unique()
    both = rows[rows[measure].gt(0) & rows["group"].isin([group, reference])]
    cost, score = np.log(both[measure].to_numpy(float)), both["score"].to_numpy(float)
    is_group, models = both["group"].eq(group).to_numpy(), pd.factorize(both["model_id"])[0]
    estimate, of = _estimator(against, None), both[unit].to_numpy()

    def without(name: str) -> float:
        left = np.flatnonzero(of != name)
        left = left[_in_common(score[left], is_group[left])[0]]
        sides = (models[left][is_group[left]], models[left][~is_group[left]])
        if min(len(np.unique(side)) for side in sides) < MIN_MODELS:
            return np.nan
        found = estimate(cost[left], score[left], is_group[left], np.ones((1, len(left))))
        return float(np.expm1(found[0]))

    gaps = [without(name) for name in names]
    return pd.DataFrame({"left_out": names, "gap": gaps}).sort_values("gap", ignore_index=True)


def _missing(reason: str) -> dict[str, Any]:
    return dict.fromkeys(("gap", "low", "high", "p_value", "detectable"), np.nan) | {"why_not": reason}


def _in_common(score: Floats, is_group: Booleans) -> tuple[Booleans, tuple[float, float]]:
    """Which rows lie within the scores that both groups have, and these scores."""
    if is_group.all() or not is_group.any():
        return np.zeros(len(score), dtype=bool), (np.nan, np.nan)
    sides = (score[is_group], score[~is_group])
    support = (float(max(side.min() for side in sides)), float(min(side.max() for side in sides)))
    return (score >= support[0]) & (score <= support[1]), support


def _estimator(against: Against, width: float | None) -> Callable[..., Floats]:
    if against == "cheapest":
        return partial(_to_rivals, width=AS_HIGH if width is None else width, quantile=0.0)
    return _regressions if width is None else partial(_to_rivals, width=width, quantile=0.5)


def _regressions(cost: Floats, score: Floats, is_group: np.ndarray, weights: Floats) -> Floats:
    """Coefficient of the group in least squares on the score, one for each row of weights."""
    design = np.column_stack([np.ones_like(score), score, is_group])
    moments = np.einsum("dn,ni,nj->dij", weights, design, design)
    products = np.einsum("dn,ni,n->di", weights, design, cost)
    found = np.full(len(weights), np.nan)
    known = np.linalg.cond(moments) < _SINGULAR
    found[known] = np.linalg.solve(moments[known], products[known][..., None])[:, 2, 0]
    return found


def _p_value(
    cost: Floats, score: Floats, models: np.ndarray, is_group: np.ndarray, rng: np.random.Generator,
    draws: int,
) -> float:  # fmt: skip
    """Share of exchanges of labels whose coefficient is as far from zero, by partialling out the score."""
    dealt = np.vstack([is_group, *(_dealt(models, is_group, rng) for _ in range(draws))]).astype(float)
    away = np.linalg.qr(np.column_stack([np.ones_like(score), score]))[0]
    rest = dealt - dealt @ away @ away.T
    found = np.abs(rest @ cost / (rest**2).sum(axis=1))
    return float((1 + (found[1:] >= found[0] * (1 - 1e-12)).sum()) / (1 + draws))


def _to_rivals(
    cost: Floats, score: Floats, is_group: Booleans, weights: Floats, *, width: float, quantile: float
) -> Floats:
    """Mean log ratio to the cheapest (quantile 0) reference model that scores as high, or to the median one
    whose score is near, over models that have one."""
    order = np.argsort(cost[~is_group], kind="stable")
    theirs, rated = cost[~is_group][order], score[~is_group][order]
    away = rated[None, :] - score[is_group][:, None]
    near = away >= -width if quantile == 0 else np.abs(away) <= width
    there = weights[:, ~is_group][:, order]
    rivals = [weighted_quantile(theirs, there * one, quantile, middle=quantile > 0) for one in near]
    rival = np.column_stack(rivals)
    known = np.isfinite(rival)
    mass = weights[:, is_group] * known
    with np.errstate(invalid="ignore"):
        ratio = cost[is_group][None, :] - np.where(known, rival, 0)
        return np.asarray((mass * ratio).sum(axis=1) / mass.sum(axis=1))


def _drawn(models: np.ndarray, is_group: np.ndarray, draws: int, rng: np.random.Generator) -> Floats:
    """How often each model is drawn, with replacement within its group, shape (draws, models)."""
    found = np.zeros((draws, models.max() + 1))
    for side in (np.unique(models[is_group]), np.unique(models[~is_group])):
        found[:, side] = rng.multinomial(len(side), np.full(len(side), 1 / len(side)), size=draws)
    return found


def _dealt(models: np.ndarray, is_group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The groups' labels dealt out to models at random."""
    of_model = np.zeros(models.max() + 1, dtype=bool)
    of_model[models[is_group]] = True
    return rng.permutation(of_model)[models]
