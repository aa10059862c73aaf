"""How wide is the range? Values under correlated assumptions, drawn quasi-randomly, and what scenarios do to
them, for any number of vendors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from undercut.valuation.scenarios import Scenario
from undercut.valuation.valuation import Valuation, middle
from undercut.valuation.vendors import Case

#: Independent scramblings of the Sobol sequence; their spread measures the numerical error.
REPLICATES: Final = 8
_EDGE: Final = 2.0**-40


_PIECE: Final = 2048


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


@dataclass(frozen=True, slots=True)
class ScenarioChange:
    """One vendor before and in a scenario, on the same draws of all that the scenario leaves alone.

    Attributes
    ----------
    case : Case
        The vendor under the default assumptions.
    scenario : Scenario
        What changes.
    ai_before, ai_after, firm_before, firm_after : ndarray
        Value of the AI business and of all operations, million, shape (draws,).
    inputs : mapping of str to ndarray
        What was drawn before the scenario's changes.
    """

    case: Case
    scenario: Scenario
    ai_before: Floats
    ai_after: Floats
    firm_before: Floats
    firm_after: Floats
    inputs: Mapping[str, Floats]

    @property
    def ai(self) -> Floats:
        """`relative_change` of the AI business."""
        return relative_change(self.ai_before, self.ai_after)

    @property
    def firm(self) -> Floats:
        """`relative_change` of all operations."""
        return relative_change(self.firm_before, self.firm_after)


def relative_change(before: Floats, after: Floats) -> Floats:
    """Change as part of what the business was worth; below minus one where it now costs more than it earns.

    Not a number where it was worth nothing already, for which a percentage has no meaning.

    Examples
    --------
    >>> relative_change(np.array([100.0, 100.0, -5.0]), np.array([150.0, -20.0, 10.0])).tolist()
    [0.5, -1.2, nan]
    """
    return np.divide(after, before, out=np.full(np.shape(before), np.nan), where=before > 0) - 1


def drawn_for(
    assumptions: Assumptions, roles: Sequence[str], draws: int, seed: int, *, without: Sequence[str] = ()
) -> dict[str, Floats]:
    """Correlated draws of all that is uncertain for some roles, in one row each, shape (draws,)."""
    uncertain = dict.fromkeys(name for role in roles for name in assumptions.uncertain(role))
    names = [name for name in uncertain if name not in without]
    found = draw_assumptions(assumptions, names, draws=draws, seed=seed)
    return {name: values.ravel() for name, values in found.items()}


def value_draws(case: Case, *, draws: int = 16_384, seed: int = 0) -> Valuation:
    """A valuation over correlated draws of a vendor's assumptions, shape (draws,).

    See `undercut.valuation.montecarlo.draw_assumptions`; one seed gives every case the same draws.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.vendors import vendor_case
    >>> case = vendor_case("NVDA", undercut.load_reference("fundamentals"))
    >>> value_draws(case, draws=1024).enterprise.shape
    (1024,)
    """
    return case.value(drawn_for(case.assumptions, [case.company.role], draws, seed))


def value_ranges(case: Case, drawn: Valuation, *, level: float = 0.90) -> pd.DataFrame:
    """What is said about a vendor's value, at the default assumptions and over the draws.

    Returns
    -------
    DataFrame
        key, label, unit, central (all assumptions at their defaults), median, low, high, used (part of the
        draws). Money in billion of the accounts' currency, parts in percent; a part of the value of
        operations exists only where operations are worth something.
    """
    money, central = f"billion {case.company.currency}", case.value()
    quantities = (
        ("value.operations", "Value of operations", "enterprise", money, 1e-3),
        ("value.ai", "of which the AI business", "ai_value", money, 1e-3),
        ("value.equity", "Value of equity", "equity", money, 1e-3),
        ("ai_share_of_value", "AI business as part of the value of operations", "ai_share", "%", 100),
        ("terminal_share", "Part of the value of operations after the horizon", "terminal_share", "%", 100),
    )
    rows, worth = [], drawn.enterprise > 0
    for key, label, name, unit, scale in quantities:
        used = worth if unit == "%" else np.ones_like(worth)
        values = scale * np.where(used, getattr(drawn, name), np.nan)
        here = scale * float(getattr(central, name)[0])
        rows.append((key, label, unit, here, *middle(values, level), float(used.mean())))
    rate, central_rate = (100 * found.capital_cost.rate for found in (drawn, central))
    rows.append(
        ("cost_of_capital", "Cost of capital, a year", "%", float(central_rate[0]), *middle(rate, level), 1.0)
    )
    return pd.DataFrame(rows, columns=["key", "label", "unit", "central", "median", "low", "high", "used"])


def scenario_changes(
    cases: Sequence[Case], scenarios: Iterable[Scenario], *, draws: int = 8_192, seed: int = 0
) -> list[ScenarioChange]:
    """Every vendor in every scenario against its default assumptions, on common draws.

    A scenario moves the ranges of what it changes; the draws behind them stay, so that the difference is
    the scenario's and not that of two samples.

    Raises
    ------
    InputError
        There is no case or no scenario.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.scenarios import scenario
    >>> from undercut.valuation.vendors import vendor_case
    >>> case = vendor_case("NVDA", undercut.load_reference("fundamentals"))
    >>> (same,) = scenario_changes([case], [scenario("status-quo")], draws=256)
    >>> bool((same.ai == 0).all())
    True
    """
    entries = list(scenarios)
    if not cases or not entries:
        raise InputError(f"Nothing to compare: {len(cases)} vendors in {len(entries)} scenarios.")
    found = []
    for case in cases:
        ai, firm, inputs = _worth(case, draws, seed)
        for entry in entries:
            ai_after, firm_after, _ = _worth(entry.apply(case), draws, seed)
            found.append(ScenarioChange(case, entry, ai, ai_after, firm, firm_after, inputs))
    return found


def _worth(case: Case, draws: int, seed: int) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Value of the AI business and of all operations over draws, and what was drawn."""
    inputs = drawn_for(case.assumptions, [case.company.role], draws, seed)
    count = len(next(iter(inputs.values())))
    parts = [  # pieces that fit the processor's cache
        case.value({name: values[start : start + _PIECE] for name, values in inputs.items()})
        for start in range(0, count, _PIECE)
    ]
    ai, firm = ([getattr(part, name) for part in parts] for name in ("ai_value", "enterprise"))
    return np.concatenate(ai), np.concatenate(firm), inputs


def change_table(
    changes: Sequence[ScenarioChange], *, fall: float = 0.25, level: float = 0.90
) -> pd.DataFrame:
    """One row a vendor and scenario.

    Returns
    -------
    DataFrame
        ticker, name, role, scenario, title; median, low, high: change of the AI business; firm_median,
        firm_low, firm_high: of all operations; ai_falls: part of all draws in which the AI business loses;
        falls_by: part of the draws in which operations lose more than ``fall``; worthless_before,
        worthless_after: part of the draws in which the AI business is worth nothing or less. Shares.

    Raises
    ------
    InputError
        ``fall`` is not between 0 and 1.
    """
    if not 0 <= fall < 1:
        raise InputError(f"A fall by {fall!r} is not defined: give a share from 0 to below 1, such as 0.25.")
    rows = []
    for change in changes:
        company, entry = change.case.company, change.scenario
        firm = change.firm
        known = ~np.isnan(firm)
        rows.append(
            (
                company.ticker, company.name, company.role, entry.name, entry.title,
                *middle(change.ai, level), *middle(firm, level),
                float((change.ai_after < change.ai_before).mean()),
                float((firm[known] < -fall).mean()) if known.any() else float("nan"),
                float((change.ai_before <= 0).mean()), float((change.ai_after <= 0).mean()),
            )
        )  # fmt: skip
    columns = ["ticker", "name", "role", "scenario", "title", "median", "low", "high"]
    columns += ["firm_median", "firm_low", "firm_high", "ai_falls", "falls_by"]
    return pd.DataFrame(rows, columns=[*columns, "worthless_before", "worthless_after"])
