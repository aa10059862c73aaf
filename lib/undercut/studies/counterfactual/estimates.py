"""What does the report on the counterfactual compute? Each result is a frame and what it was made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.demand.assumptions import Basis, assumed_market, draw_outcomes, intervals
from undercut.competition.demand.counterfactual import Market, scenario_outcome
from undercut.competition.demand.instruments import MAIN_SETS
from undercut.competition.demand.markets import GROUPS
from undercut.competition.demand.nested import CONTROLS, DemandEstimate, nested_logit
from undercut.competition.demand.system import Form
from undercut.errors import UndercutError, check_known
from undercut.inference.specifications import (
    SpecificationCurve,
    all_specifications,
    run_specifications,
    specification_curve,
)
from undercut.studies.framed import Framed

SCENARIO: Final = "no Chinese open models"
#: Sets of instruments by the name that tables and figures give them.
INSTRUMENT_CHOICES: Final[dict[str, tuple[str, ...] | None]] = {
    "none (OLS)": None,
    "sellers": ("sellers",),
    "cost, sellers": ("cost", "sellers"),
    "cost, sellers, rivals": MAIN_SETS,
    "elsewhere": ("elsewhere",),
}
EFFECT_CHOICES: Final = {
    "month": ("period",),
    "month, developer": ("period", "developer"),
    "month, model": ("period", "model_id"),
}
#: The specification that the report leads with.
MAIN: Final = {"instruments": "cost, sellers, rivals", "effects": "month", "capability": "measured"}
#: What is assumed of nesting and of the market beyond the ranking: low, middle, high.
CORRELATIONS: Final = (0.0, 0.35, 0.7)
OUTSIDE_SHARES: Final = (0.2, 0.5, 0.8)


class Effects(Framed):
    """Every scenario over the draws: ``scenario, measure, median, low, high``.

    Attributes
    ----------
    basis : Basis
    market : Market
    fee : float
        USD per million tokens.
    elasticities : tuple of float
        Ends of the assumed range.
    """

    basis: Basis
    market: Market
    fee: float
    elasticities: tuple[float, float]

    @property
    def is_estimated(self) -> bool:
        """Whether the draws come from an estimate and not from assumptions."""
        return self.basis.kind == "estimated"

    @property
    def months(self) -> str:
        """First and last month, in words."""
        return f"{self.market.grid.months[0]} to {self.market.grid.months[-1]}"


def central(most_elastic: float, least_elastic: float) -> dict[str, Any]:
    """The middle of what is assumed.

    Examples
    --------
    >>> central(-5.0, -1.1)
    {'elasticity': -2.3, 'correlation': 0.35, 'outside_share': 0.5, 'open_at_cost': True}
    """
    middle = -round((most_elastic * least_elastic) ** 0.5, 1)
    return {"elasticity": middle, "correlation": CORRELATIONS[1], "outside_share": OUTSIDE_SHARES[1],
            "open_at_cost": True}  # fmt: skip


def effects(market: Market, basis: Basis, *, fee: float, elasticities: tuple[float, float]) -> Effects:
    """Every scenario under every draw."""
    return Effects(intervals(draw_outcomes(market, fee=fee)), basis, market, fee, elasticities)


def estimate(
    sample: pd.DataFrame,
    *,
    instruments: str = MAIN["instruments"],
    effects: str = MAIN["effects"],
    nests: str | None = None,
) -> DemandEstimate:
    """One specification, by its choices: `INSTRUMENT_CHOICES`, `EFFECT_CHOICES`, a column of nests.

    Raises
    ------
    UnknownNameError
        A choice has no such option.
    """
    check_known("choice of instruments", instruments, INSTRUMENT_CHOICES)
    check_known("choice of effects", effects, EFFECT_CHOICES)
    # What never changes within a model is taken up by its effect.
    controls = ["age_years"] if effects == "month, model" else list(CONTROLS)
    return nested_logit(
        sample, instruments=INSTRUMENT_CHOICES[instruments], nests=nests, controls=controls,
        fixed_effects=EFFECT_CHOICES[effects],
    )  # fmt: skip


def elasticity_curve(measured: pd.DataFrame, imputed: pd.DataFrame) -> SpecificationCurve:
    """Mean own-price elasticity under every combination of instruments, effects and capability."""
    samples = {"measured": measured, "imputed": imputed}

    def one(instruments: str, effects: str, capability: str) -> dict[str, float]:
        found = estimate(samples[capability], instruments=instruments, effects=effects)
        return {"estimate": found.elasticity, "low": found.low, "high": found.high}

    options = {
        "instruments": list(INSTRUMENT_CHOICES), "effects": list(EFFECT_CHOICES), "capability": list(samples),
    }  # fmt: skip
    table = run_specifications(one, options)
    return specification_curve(table, list(options), headline=MAIN, unit="elasticity")


def effect_curve(products: pd.DataFrame, *, elasticities: Sequence[float]) -> SpecificationCurve:
    """Change of closed models' prices under every combination of assumptions; bars: lowest, highest month.

    Of three elasticities in ascending order, the combination of the middle ones is marked.
    """
    options: dict[str, list[Any]] = {
        "elasticity": list(elasticities),
        "correlation": list(CORRELATIONS),
        "outside_share": list(OUTSIDE_SHARES),
        "open_models": ["at cost", "priced by developer"],
        "demand": ["budget", "unit"],
    }
    headline = {"elasticity": elasticities[1], "correlation": CORRELATIONS[1],
                "outside_share": OUTSIDE_SHARES[1], "open_models": "at cost", "demand": "budget"}  # fmt: skip
    grid = all_specifications(options)
    parts = [_effects_of(products, rows) for _, rows in grid.groupby("demand")]
    table = pd.concat(parts).sort_index()
    return specification_curve(table, list(options), headline=headline, unit="%")


def diverted(market: Market) -> pd.DataFrame:
    """Means weighted by spending: indexed by ``origin, goes_to``, one column a draw."""
    flows = market.grid.rows(np.moveaxis(market.system.diversion(market.prices), -1, 0))
    groups = market.products["group"].to_numpy()
    spend = market.products["spend"].to_numpy(float)
    own = market.grid.place
    found = {}
    for origin in dict.fromkeys(groups):
        rows = groups == origin
        weight = spend[rows] / spend[rows].sum()
        for goes_to in GROUPS:
            member = market.grid.spread(groups == goes_to, False)[market.grid.month]  # (rows, products)
            member[np.arange(len(own)), own] = False
            inside = np.where(member.T[:, None, :], flows[:-1], 0.0).sum(axis=0)  # (draws, rows)
            found[origin, goes_to] = inside[:, rows] @ weight
        found[origin, "outside"] = flows[-1][:, rows] @ weight
    return pd.DataFrame(found).T.rename_axis(["origin", "goes_to"])


def _effects_of(products: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The effect of many specifications at once; where one of them fails, of each half."""
    form: Form = "expenditure" if rows["demand"].iloc[0] == "budget" else "unit"
    drawn = rows.assign(open_at_cost=rows["open_models"].eq("at cost"))
    numbers = drawn[["elasticity", "correlation", "outside_share", "open_at_cost"]]
    try:
        outcome = scenario_outcome(assumed_market(products, numbers, form=form), SCENARIO)
    except UndercutError as reason:
        if len(rows) == 1:
            return rows.assign(estimate=np.nan, low=np.nan, high=np.nan, why_not=str(reason))
        half = len(rows) // 2
        return pd.concat([_effects_of(products, rows[:half]), _effects_of(products, rows[half:])])
    months = outcome.measures(by_month=True)["closed_price"].groupby(level="draw").agg(["min", "max"])
    return rows.assign(
        estimate=outcome.measures()["closed_price"].to_numpy(), low=months["min"].to_numpy(),
        high=months["max"].to_numpy(), why_not="",
    )  # fmt: skip
