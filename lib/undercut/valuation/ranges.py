"""What do the reports on value show? Ranges of a vendor's value, changes by scenario, what matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.valuation.montecarlo import draw_assumptions
from undercut.valuation.scenarios import Scenario
from undercut.valuation.valuation import Valuation, middle
from undercut.valuation.vendors import Case

_PIECE: Final = 2048


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


def flat_draws(case: Case, names: Sequence[str], *, draws: int, seed: int) -> dict[str, Floats]:
    """Correlated draws of some assumptions in one row each, shape (draws,)."""
    found = draw_assumptions(case.assumptions, names, draws=draws, seed=seed)
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
    return case.value(flat_draws(case, case.assumptions.uncertain(case.company.role), draws=draws, seed=seed))


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
    rate = 100 * np.broadcast_to(drawn.capital_cost.rate, drawn.enterprise.shape)
    here = 100 * float(np.ravel(central.capital_cost.rate)[0])
    rows.append(("cost_of_capital", "Cost of capital, a year", "%", here, *middle(rate, level), 1.0))
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
    inputs = flat_draws(case, case.assumptions.uncertain(case.company.role), draws=draws, seed=seed)
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
