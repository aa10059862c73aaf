"""How sure can one be of a coefficient when only a few developers stand behind it?

Ordinary cluster-robust errors need many clusters. The wild cluster bootstrap imposes the null hypothesis,
flips the residuals of whole clusters and asks how often chance gives a statistic as large as the one found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from undercut.errors import CellError, NotIdentifiedError, NoVariationError, TooFewError, one_of
from undercut.inference.arrays import Floats
from undercut.inference.binary_scores import Link, efficient_scores, fit_binary
from undercut.inference.cluster_bootstrap import (
    Weights,
    check_options,
    contrast_of,
    invert_test,
    multipliers,
    p_values,
    regression_inputs,
)
from undercut.inference.resampling import sums_by_cluster
from undercut.result import Axes, Result


class WildBootstrap(Result, kw_only=True):
    """Bootstrap inference on one coefficient or one combination of coefficients.

    Attributes
    ----------
    coefficient : str
        What was tested.
    estimate, std_error : float
        Estimate with its cluster-robust (CV1) standard error.
    null : float
        Value under the null hypothesis.
    t_statistic : float
        Of the null; for :func:`score_bootstrap` the signed root of the score statistic.
    p_value : float
        Two-sided and symmetric, with ties counted against a rejection: the sample itself and its mirror image
        are among the draws, and leaving them out would make the smallest p-value zero.
    p_value_strict : float
        The same with only larger statistics counted, as several packages report it.
    ci_low, ci_high : float
        All values that the test does not reject at ``1 - level``; infinite where no value is rejected.
    level : float
        Of the interval.
    draws : int
        Bootstrap samples.
    enumerated : bool
        Whether these are all possible samples rather than a random selection.
    n_clusters, n_observations : int
        What the inference rests on.
    """

    coefficient: str
    estimate: float
    std_error: float
    null: float
    t_statistic: float
    p_value: float
    p_value_strict: float
    ci_low: float
    ci_high: float
    level: float
    draws: int
    enumerated: bool
    n_clusters: int
    n_observations: int

    def to_frame(self) -> pd.DataFrame:
        """One row with the columns of a regression table."""
        columns = ("estimate", "std_error", "t_statistic", "p_value", "ci_low", "ci_high", "n_clusters")
        return pd.DataFrame({name: [getattr(self, name)] for name in columns}, index=[self.coefficient])

    def summary(self) -> str:
        """The table and what it rests on."""
        how = f"all {self.draws:,}" if self.enumerated else f"{self.draws:,} random"
        return (
            f"Wild cluster bootstrap of {self.coefficient}: {how} draws over {self.n_clusters} clusters; "
            f"{self.level:.0%} interval\n{self.to_frame().to_string()}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """The estimate with its interval."""
        from undercut.plots import interval_rows

        axes = interval_rows({self.coefficient: (self.estimate, self.ci_low, self.ci_high)}, ax=ax)
        axes.axvline(self.null, linewidth=0.8)
        return axes


def wild_cluster_bootstrap(
    outcome: pd.Series | ArrayLike,
    design: pd.DataFrame | ArrayLike,
    clusters: pd.Series | ArrayLike,
    *,
    coefficient: str | int | Mapping[str, float],
    null: float = 0.0,
    draws: int = 9_999,
    weights: Weights = "rademacher",
    level: float = 0.95,
    seed: int = 0,
) -> WildBootstrap:
    r"""Restricted wild cluster bootstrap-t of a linear regression.

    Parameters
    ----------
    outcome : array_like, shape (n,)
        Multiply outcome and design by the root of regression weights for a weighted regression.
    design : DataFrame or array_like, shape (n, k)
        All regressors, the constant and fixed effects included as columns.
    clusters : array_like, shape (n,)
        Label of each observation's cluster.
    coefficient : str, int or mapping
        Name or position of a column, or weights of several columns: ``{"lag1": 0.5, "lag2": 0.5}``.
    null : float
        Value of the coefficient under the null hypothesis.
    draws : int
        Bootstrap samples; where there are no more than this many different ones, all are used.
    weights : {"rademacher", "webb"}
        Signs, or Webb's six points, which make more different samples when there are fewer than ten clusters.
    level : float
        Of the interval, which inverts the test.
    seed : int
        Of the random draws.

    Raises
    ------
    DataError
        Missing values, lengths that differ, collinear regressors or a single cluster.
    InputError
        Options that make no sense.
    UnknownNameError
        A coefficient that is no column of the design.

    Notes
    -----
    With :math:`a = X (X'X)^{-1} R` the estimate is :math:`\hat\theta = a'y` and the residuals that impose
    :math:`\theta = r` are :math:`\tilde u = \hat u + a (\hat\theta - r) / a'a`. A draw multiplies them by
    cluster; its statistic is :math:`a'\tilde u^* / \sqrt{\sum_g (a_g'M\tilde u^*_g)^2}`. Random draws give
    :math:`p = (1 + b) / (1 + B)`, since the data themselves are one of the samples. With very few *treated*
    clusters the test rejects far too rarely (MacKinnon and Webb 2017): see
    :mod:`undercut.inference.did.randomisation`.

    References
    ----------
    Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90; Webb (2023), Canadian Journal
    of Economics 56; MacKinnon and Webb (2017), Journal of Applied Econometrics 32; Roodman, MacKinnon,
    Nielsen and Webb (2019), Stata Journal 19.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> developers = np.repeat(np.arange(9), 20)
    >>> treated = developers < 4
    >>> price = 2.0 - 1.0 * treated + rng.normal(size=9)[developers] * 0.1 + rng.normal(size=180)
    >>> design = pd.DataFrame({"constant": 1.0, "treated": treated})
    >>> fit = wild_cluster_bootstrap(price, design, developers, coefficient="treated")
    >>> fit.enumerated, fit.draws, fit.p_value < 0.05, fit.ci_low < -1.0 < fit.ci_high
    (True, 512, True, True)
    """
    check_options(draws, weights, level)
    y, frame, codes, n_clusters = regression_inputs(outcome, design, clusters)
    contrast, name = contrast_of(frame, coefficient)
    signs, enumerated = multipliers(n_clusters, draws, weights, seed)
    x = frame.to_numpy(dtype=float)
    estimate, std_error, statistics = _studentised(y, x, codes, n_clusters, contrast, signs)

    def p_value(value: float) -> float:
        return p_values(*statistics(value), enumerated)[0]

    low, high = invert_test(p_value, estimate, std_error, 1 - level)
    return _judged(
        statistics(null), enumerated, coefficient=name, estimate=estimate, std_error=std_error, null=null,
        ci_low=low, ci_high=high, level=level, n_clusters=n_clusters, n_observations=y.size,
    )  # fmt: skip


def score_bootstrap(
    outcome: pd.Series | ArrayLike,
    design: pd.DataFrame | ArrayLike,
    clusters: pd.Series | ArrayLike,
    *,
    coefficient: str | int,
    link: Link = "logit",
    null: float = 0.0,
    draws: int = 9_999,
    weights: Weights = "rademacher",
    level: float = 0.95,
    seed: int = 0,
) -> WildBootstrap:
    r"""Restricted score bootstrap of a binary regression, such as a discrete-time hazard.

    Parameters
    ----------
    outcome : array_like of 0 and 1, shape (n,)
        Whether the event happened.
    design, clusters, null, draws, weights, level, seed
        As in :func:`wild_cluster_bootstrap`.
    coefficient : str or int
        Name or position of a column.
    link : {"logit", "cloglog"}
        Complementary log-log is the discrete form of a proportional hazard.

    Raises
    ------
    DataError, InputError, UnknownNameError
        As in :func:`wild_cluster_bootstrap`; DataError also where the outcome is not binary or the
        regressors separate it, so that no finite estimate exists.

    Notes
    -----
    The model is fitted with the coefficient held at its null. The clusters' efficient scores
    :math:`a_g = R' I^{-1} s_g`, at that fit, are multiplied by the draws; the statistic is
    :math:`\sum_g a_g / \sqrt{\sum_g a_g^2}`. :math:`I` is the expected information. A draw needs no refit.

    References
    ----------
    Kline and Santos (2012), Journal of Econometric Methods 1.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> developers = np.repeat(np.arange(10), 60)
    >>> exposure = rng.normal(size=600)
    >>> cut = rng.random(600) < 1 / (1 + np.exp(2 - exposure))
    >>> design = pd.DataFrame({"constant": 1.0, "exposure": exposure})
    >>> fit = score_bootstrap(cut, design, developers, coefficient="exposure")
    >>> fit.p_value < 0.05, fit.ci_low < 1.0 < fit.ci_high
    (True, True)
    """
    check_options(draws, weights, level)
    one_of("link", link, get_args(Link))
    y, frame, codes, n_clusters = regression_inputs(outcome, design, clusters)
    if not np.isin(y, (0.0, 1.0)).all() or np.unique(y).size < 2:
        raise CellError("The outcome of a binary regression must hold both 0 and 1, and nothing else.")
    contrast, name = contrast_of(frame, coefficient)
    column = int(contrast.argmax())
    x = frame.to_numpy(dtype=float)
    free = fit_binary(y, x, np.zeros(y.size), link)
    influence = efficient_scores(y, x, x @ free, codes, n_clusters, link)[:, column]
    std_error = float(np.sqrt(n_clusters / (n_clusters - 1) * (influence**2).sum()))
    signs, enumerated = multipliers(n_clusters, draws, weights, seed)

    def statistics(value: float) -> tuple[float, Floats]:
        others = np.delete(x, column, axis=1)
        offset = value * x[:, column]
        linear = offset + others @ fit_binary(y, others, offset, link) if others.shape[1] else offset
        efficient = efficient_scores(y, x, linear, codes, n_clusters, link)[:, column]
        drawn = efficient @ signs / np.sqrt(efficient**2 @ signs**2)
        return float(efficient.sum() / np.linalg.norm(efficient)), drawn

    def p_value(value: float) -> float:
        try:
            return p_values(*statistics(value), enumerated)[0]
        except NotIdentifiedError:  # far out the restricted fit breaks down: what cannot be tested stays in
            return 1.0

    low, high = invert_test(p_value, float(free[column]), std_error, 1 - level, farthest=32.0)
    return _judged(
        statistics(null), enumerated, coefficient=name, estimate=float(free[column]), std_error=std_error,
        null=null, ci_low=low, ci_high=high, level=level, n_clusters=n_clusters, n_observations=y.size,
    )  # fmt: skip


def _judged(statistics: tuple[float, Floats], enumerated: bool, **found: Any) -> WildBootstrap:
    """The result with the p-values of its statistic."""
    t_statistic, drawn = statistics
    p_value, strict = p_values(t_statistic, drawn, enumerated)
    return WildBootstrap(
        t_statistic=t_statistic, p_value=p_value, p_value_strict=strict, draws=drawn.size,
        enumerated=enumerated, **found,
    )  # fmt: skip


def _studentised(
    y: Floats, x: Floats, codes: NDArray[np.intp], count: int, contrast: Floats, signs: Floats
) -> tuple[float, float, Callable[[float], tuple[float, Floats]]]:
    """Estimate, its standard error, and the statistic of the data and of every draw as a function of the
    null."""
    n, k = x.shape
    if n <= k:
        raise TooFewError(f"{n} observations cannot identify {k} coefficients; give fewer regressors.")
    inverse = np.linalg.inv(x.T @ x)
    weights = x @ (inverse @ contrast)  # a, (n,)
    residuals = y - x @ (inverse @ (x.T @ y))
    estimate = float(weights @ y)
    step = weights / (weights @ weights)

    weighted = sums_by_cluster(codes, weights[:, None] * x, count)

    def by_cluster(error: Floats) -> tuple[Floats, Floats]:
        """a_g'u_g, shape (n_clusters,), and what takes signs to the scores of refitted residuals."""
        own = sums_by_cluster(codes, weights * error, count)
        cross = weighted @ inverse @ sums_by_cluster(codes, x * error[:, None], count).T
        return own, np.diag(own) - cross

    own_free, robust_free = by_cluster(residuals)
    own_slope, robust_slope = by_cluster(step)
    scale = count / (count - 1) * (n - 1) / (n - k)
    std_error = float(np.sqrt(scale * (own_free**2).sum()))
    if not std_error > 1e-12 * np.abs(weights * y).sum():
        raise NoVariationError(
            "The clusters leave no spread around the estimate, so that it cannot be tested."
        )
    free, slope, score_free, score_slope = (
        part @ signs for part in (own_free, own_slope, robust_free, robust_slope)
    )
    square, cross, square_slope = (
        np.einsum("gd,gd->d", one, other)
        for one, other in ((score_free, score_free), (score_free, score_slope), (score_slope, score_slope))
    )

    def at(null: float) -> tuple[float, Floats]:
        distance = estimate - null
        variance = scale * (square + distance * (2 * cross + distance * square_slope))
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = (free + distance * slope) / np.sqrt(np.maximum(variance, 0.0))
        # A draw without any spread tells nothing against the null: it counts as extreme.
        return distance / std_error, np.where(np.isnan(drawn), np.inf, drawn)

    return estimate, std_error, at
