"""How sure can one be of a hazard's coefficient when a handful of developers ever had the event?

The test is that of :func:`undercut.inference.wild_bootstrap.score_bootstrap`. Its inversion into an
interval looks at values far from the estimate; with rare events the restricted fit breaks down out there. A
value that cannot be tested cannot be rejected, so such an end of the interval is infinite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from undercut.errors import DataError
from undercut.inference.binary_scores import Link, efficient_scores, fit_binary, sandwich_error
from undercut.inference.cluster_bootstrap import (
    Weights,
    check_options,
    invert_test,
    multipliers,
    p_values,
    regression_inputs,
)

#: Values further from the estimate than this, in standard errors, are not looked at.
_FARTHEST = 32.0
#: Below this many clusters with an event, Webb's six points make more different draws than signs do.
_FEW = 12


@dataclass(frozen=True, slots=True)
class ScoreInference:
    """Estimate of one coefficient, its clustered standard error, and bootstrap test and interval."""

    estimate: float
    std_error: float
    p_value: float
    low: float
    high: float


def score_inference(
    outcome: pd.Series,
    design: pd.DataFrame,
    clusters: pd.Series,
    *,
    coefficient: str,
    link: Link,
    draws: int = 9_999,
    level: float = 0.95,
    seed: int = 0,
) -> ScoreInference:
    """Test of no effect, and all values not rejected, by restricted score bootstrap over clusters.

    Parameters
    ----------
    outcome : Series of 0 and 1, shape (n,)
    design : DataFrame, shape (n, k)
    clusters : Series, shape (n,)
    coefficient : str
        Column of the design.
    link : {"logit", "cloglog"}
    draws, level, seed
        Of the bootstrap; Webb's weights where fewer than twelve clusters have an event.

    Raises
    ------
    DataError
        The regressors separate events from the rest, so that no finite estimate exists.

    References
    ----------
    Kline, P. and Santos, A. (2012). A score based approach to wild bootstrap inference. Journal of
    Econometric Methods 1, 23-41. Webb, M. D. (2023). Reworking wild bootstrap-based inference for clustered
    errors. Canadian Journal of Economics 56, 839-858.

    Examples
    --------
    >>> generator = np.random.default_rng(2)
    >>> makers = pd.Series(np.repeat(np.arange(10), 60))
    >>> dose = generator.normal(size=600)
    >>> cut = pd.Series(generator.random(600) < 1 / (1 + np.exp(2 - dose)))
    >>> design = pd.DataFrame({"constant": 1.0, "dose": dose})
    >>> found = score_inference(cut, design, makers, coefficient="dose", link="logit", draws=499)
    >>> found.low < 1.0 < found.high
    True
    """
    weights: Weights = "webb" if clusters[outcome.eq(1)].nunique() < _FEW else "rademacher"
    check_options(draws, weights, level)
    y, frame, codes, count = regression_inputs(outcome, design, clusters)
    x, column = frame.to_numpy(dtype=float), list(frame.columns).index(coefficient)
    free = fit_binary(y, x, np.zeros(y.size), link)
    std_error = sandwich_error(y, x, x @ free, codes, count, link, column)
    signs, enumerated = multipliers(count, draws, weights, seed)
    others = np.delete(x, column, axis=1)

    def p_value(value: float) -> float:
        offset = value * x[:, column]
        linear = offset + others @ fit_binary(y, others, offset, link)
        score = efficient_scores(y, x, linear, codes, count, link)[:, column]
        drawn = score @ signs / np.sqrt(score**2 @ signs**2)
        return p_values(float(score.sum() / np.linalg.norm(score)), drawn, enumerated)[0]

    def p_value_or_one(value: float) -> float:
        try:
            return p_value(value)
        except DataError:
            return 1.0

    estimate = float(free[column])
    low, high = invert_test(p_value_or_one, estimate, std_error, 1 - level, farthest=_FARTHEST)
    return ScoreInference(estimate, std_error, p_value(0.0), low, high)
