"""How wide is the range? Values under correlated assumptions, drawn quasi-randomly, for any number of
vendors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result
from undercut.valuation import charts
from undercut.valuation.assumptions import Assumptions, Correlation, correlation_matrix
from undercut.valuation.vendors import Case

#: Independent scramblings of the Sobol sequence; their spread measures the numerical error.
REPLICATES: Final = 8
_EDGE: Final = 2.0**-40


class Simulation(Result):
    """Values of one quantity over all draws.

    Attributes
    ----------
    name, unit : str
        Whose value, in what.
    outcomes : ndarray
        Shape (replicates, draws of each).
    inputs : mapping of str to ndarray
        What was drawn, same shape.
    ai_share : ndarray, optional
        Part of the value of operations that the AI business adds, same shape.
    """

    name: str
    unit: str
    outcomes: Floats
    inputs: Mapping[str, Floats]
    ai_share: Floats | None = None

    def interval(self, level: float = 0.90) -> tuple[float, float]:
        """Central interval of the values under the stated assumptions (not a confidence interval)."""
        low, high = np.quantile(self.outcomes, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    @property
    def numerical_error(self) -> float:
        """Standard error of the mean that comes from drawing at all, from independent scramblings."""
        return float(self.outcomes.mean(axis=1).std(ddof=1) / np.sqrt(len(self.outcomes)))

    def probability_below(self, value: float) -> float:
        """Part of the draws below a value."""
        return float((self.outcomes < value).mean())

    def table(self, level: float = 0.90) -> pd.DataFrame:
        """Mean, median, interval, part below zero, mean if owners can walk away there, numerical error."""
        low, high = self.interval(level)
        row = {
            "name": self.name, "unit": self.unit, "mean": float(self.outcomes.mean()),
            "median": float(np.median(self.outcomes)), "low": low, "high": high, "level": level,
            "below_zero": self.probability_below(0.0),
            "mean_limited_liability": float(np.maximum(self.outcomes, 0.0).mean()),
            "numerical_error": self.numerical_error, "draws": self.outcomes.size,
        }  # fmt: skip
        return pd.DataFrame([row])

    def summary(self, level: float = 0.90) -> str:
        """One sentence with the interval."""
        low, high = self.interval(level)
        return (
            f"{self.name}: median {np.median(self.outcomes):,.0f} {self.unit}, {level:.0%} of draws between "
            f"{low:,.0f} and {high:,.0f}, {self.probability_below(0.0):.1%} below zero. The range is that of "
            "the stated assumptions, not a forecast."
        )

    def to_frame(self) -> pd.DataFrame:
        """The draws: outcome and what was drawn, one row a draw."""
        drawn = {name: values.ravel() for name, values in self.inputs.items()}
        return pd.DataFrame({"outcome": self.outcomes.ravel(), **drawn})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Distribution of the values."""
        return charts.distribution(self.outcomes, unit=self.unit, ax=ax)


def draw_assumptions(
    assumptions: Assumptions, names: Sequence[str], *, draws: int = 131_072, seed: int = 0
) -> dict[str, Floats]:
    """Draws of correlated assumptions: Gaussian copula over a scrambled Sobol sequence.

    Parameters
    ----------
    assumptions : Assumptions
        Distributions and correlations.
    names : sequence of str
        Which ones to draw.
    draws : int
        At least this many; rounded up to `REPLICATES` times a power of two, which balances the sequence.
    seed : int
        Of the scrambling.

    Returns
    -------
    dict of str to ndarray
        Shape (replicates, draws of each).

    Raises
    ------
    InputError
        The correlations contradict each other, or there is nothing to draw.

    References
    ----------
    Sobol (1967); Owen (1995) on scrambling; Nelsen (2006), An Introduction to Copulas.
    """
    if draws < 1 or not names:
        raise InputError(f"Nothing to draw: {draws} draws of {len(names)} parameters.")
    scores = _scores(tuple(assumptions.parameters), assumptions.correlations, draws, seed)
    return {name: assumptions[name].quantile(scores[assumptions[name].name]) for name in names}


@lru_cache(maxsize=2)
def _scores(
    names: tuple[str, ...], correlations: tuple[Correlation, ...], draws: int, seed: int
) -> dict[str, Floats]:
    """Correlated probabilities of every parameter, shape (replicates, draws of each).

    Every parameter has its own dimension, drawn or not: one seed gives vendors of all roles the same draws.
    """
    factor = np.linalg.cholesky(correlation_matrix(names, correlations))
    power = max(int(np.ceil(np.log2(draws / REPLICATES))), 1)
    seeds = np.random.SeedSequence(seed).spawn(REPLICATES)
    uniform = np.stack(
        [qmc.Sobol(len(names), rng=np.random.default_rng(s)).random_base2(power) for s in seeds]
    )
    probability = ndtr(ndtri(np.clip(uniform, _EDGE, 1 - _EDGE)) @ factor.T)
    return {name: np.ascontiguousarray(probability[..., i]) for i, name in enumerate(names)}


def simulate(case: Case, *, draws: int = 131_072, seed: int = 0) -> Simulation:
    """Value of a vendor's equity over its uncertain assumptions.

    Parameters
    ----------
    case : Case
        The vendor.
    draws, seed : int
        See `draw_assumptions`. One seed gives all vendors the same draws of the assumptions that they share.

    Returns
    -------
    Simulation
        Million of the firm's currency.

    Raises
    ------
    InputError
        Some draws make no economic sense; the message says which and how many.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.vendors import vendor_case
    >>> found = simulate(vendor_case("NVDA", undercut.load_reference("fundamentals")), draws=1024)
    >>> low, high = found.interval()
    >>> low < float(found.outcomes.mean()) < high
    True
    """
    names = case.assumptions.uncertain(case.company.role)
    inputs = draw_assumptions(case.assumptions, names, draws=draws, seed=seed)
    equity, shares = [], []
    for replicate in range(REPLICATES):  # pieces that fit the processor's cache
        found = case.value({name: values[replicate] for name, values in inputs.items()})
        equity.append(found.equity)
        shares.append(found.ai_share)
    unit = f"million {case.company.currency}"
    return Simulation(case.company.ticker, unit, np.stack(equity), inputs, np.stack(shares))
