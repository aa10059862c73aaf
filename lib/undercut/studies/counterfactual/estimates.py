"""What does the report on the counterfactual compute? Each result is a frame and what it was made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.demand.assumptions import (
    Basis,
    assumed_market,
    by_elasticity,
    by_month,
    draw_outcomes,
    intervals,
    placebo_prices,
    placebo_removals,
    vendor_outcomes,
)
from undercut.competition.demand.counterfactual import SCENARIOS, Market, scenario_outcome
from undercut.competition.demand.instruments import MAIN_SETS
from undercut.competition.demand.markets import GROUPS
from undercut.competition.demand.nested import CONTROLS, DemandEstimate, nested_logit
from undercut.competition.demand.random_coefficients import RandomCoefficients, random_coefficients
from undercut.competition.demand.system import Form
from undercut.errors import UndercutError, check_known
from undercut.inference.detectable import DetectableEffect, detectable_effect, placebo_p_value
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


class ByElasticity(Framed):
    """The scenarios over assumed elasticities, beside the effects over all draws."""

    effects: Effects


class AtOneElasticity(Framed):
    """What follows at one elasticity; ``market`` is the one under the middle assumptions."""

    market: Market
    elasticity: float


class Diversion(AtOneElasticity):
    """Where the money goes that a model loses by a higher price: ``origin, goes_to, share, low, high``."""


class ByMonth(AtOneElasticity):
    """The effect month by month: ``period, effect, share``."""


class PricePaid(AtOneElasticity):
    """Change of the average price paid: ``sellers, change`` (sellers set new prices; hold theirs)."""


class Removals(AtOneElasticity):
    """Random removals of the same spending; ``true`` is the change of surplus without the real ones."""

    true: float


class Vendors(Framed):
    """What the scenario does to each vendor's revenue."""

    basis: Basis


class Comparison(Framed):
    """The elasticity estimated in different ways, and in the main one."""

    main: DemandEstimate


class Curve(Framed):
    """A specification curve of elasticities, or of effects."""

    curve: SpecificationCurve
    of: str

    def plot(self, ax: Any = None) -> Any:
        """The curve and the choices below it."""
        return self.curve.plot(ax)


class Identification(Framed):
    """Is the elasticity in the data? Placebo estimates, and what they are held against."""

    main: DemandEstimate
    basis: Basis
    mixed: RandomCoefficients
    smallest: DetectableEffect
    p_value: float
    published: pd.Series


class Standing(Framed):
    """What each number rests on: ``what, standing, because``."""

    basis: Basis


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


def over_elasticities(products: pd.DataFrame, found: Effects) -> ByElasticity:
    """The scenarios at five elasticities of the assumed range, over the other assumptions."""
    most, least = found.elasticities
    points = sorted({most, -3.0, central(most, least)["elasticity"], -1.5, least})
    grid = by_elasticity(
        products,
        list(SCENARIOS),
        points,
        correlations=CORRELATIONS,
        outside_shares=OUTSIDE_SHARES,
        fee=found.fee,
    )
    return ByElasticity(grid, found)


def price_paid(products: pd.DataFrame, assumptions: dict[str, Any]) -> PricePaid:
    """Change of the average price paid, with new prices and with the old ones."""
    market = assumed_market(products, assumptions)
    changes = [
        scenario_outcome(market, SCENARIO, reprice=again).measures()["price_paid"].item()
        for again in (True, False)
    ]
    frame = pd.DataFrame({"sellers": ["set new prices", "hold their prices"], "change": changes})
    return PricePaid(frame, market, assumptions["elasticity"])


def vendors(market: Market, basis: Basis) -> Vendors:
    """Revenue of each vendor without Chinese open models."""
    return Vendors(vendor_outcomes(market, SCENARIO), basis)


def monthly(products: pd.DataFrame, assumptions: dict[str, Any]) -> ByMonth:
    """The effect in every month of the record."""
    market = assumed_market(products, assumptions)
    return ByMonth(by_month(market, SCENARIO), market, assumptions["elasticity"])


def random_removals(
    products: pd.DataFrame, assumptions: dict[str, Any], *, draws: int, seed: int
) -> Removals:
    """Random other models removed, beside the Chinese open ones."""
    market = assumed_market(products, assumptions)
    true = scenario_outcome(market, SCENARIO).measures()["surplus"].item()
    frame = placebo_removals(market, "Chinese open", draws, seed=seed)
    return Removals(frame, market, assumptions["elasticity"], true)


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


def compare_estimates(sample: pd.DataFrame) -> Comparison:
    """The main ways to estimate, side by side: ``specification`` and columns of `DemandEstimate.row`."""
    ways: dict[str, dict[str, Any]] = {f"logit, {name}": {"instruments": name} for name in INSTRUMENT_CHOICES}
    ways |= {
        "logit, none (OLS), effects of the model": {"instruments": "none (OLS)", "effects": "month, model"},
        f"nested logit, {MAIN['instruments']}": {"nests": "group"},
    }
    found = {name: estimate(sample, **way) for name, way in ways.items()}
    frame = pd.DataFrame([{"specification": name, **each.row()} for name, each in found.items()])
    return Comparison(frame, found[f"logit, {MAIN['instruments']}"])


def elasticity_curve(measured: pd.DataFrame, imputed: pd.DataFrame) -> Curve:
    """Mean own-price elasticity under every combination of instruments, effects and capability."""
    samples = {"measured": measured, "imputed": imputed}

    def one(instruments: str, effects: str, capability: str) -> dict[str, float]:
        found = estimate(samples[capability], instruments=instruments, effects=effects)
        return {"estimate": found.elasticity, "low": found.low, "high": found.high}

    options = {
        "instruments": list(INSTRUMENT_CHOICES), "effects": list(EFFECT_CHOICES), "capability": list(samples),
    }  # fmt: skip
    table = run_specifications(one, options)
    curve = specification_curve(table, list(options), headline=MAIN, unit="elasticity")
    return Curve(curve.table(), curve, "elasticity")


def effect_curve(products: pd.DataFrame, *, elasticities: Sequence[float]) -> Curve:
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
    curve = specification_curve(table, list(options), headline=headline, unit="%")
    return Curve(curve.table(), curve, "effect")


def identification(
    main: DemandEstimate, basis: Basis, sample: pd.DataFrame, published: pd.Series, *, draws: int, seed: int
) -> Identification:
    """Placebos, a random coefficient, and the smallest elasticity that could have been found."""
    placebos = placebo_prices(sample, draws, seed=seed, instruments=list(MAIN_SETS))
    return Identification(
        frame=pd.DataFrame({"draw": np.arange(draws), "elasticity": placebos}),
        main=main,
        basis=basis,
        mixed=random_coefficients(sample, instruments=["sellers", "rivals"]),
        smallest=detectable_effect(main.elasticity_error, freedom=main.clusters - 1),
        p_value=placebo_p_value(main.elasticity, placebos),
        published=published,
    )


def standing(basis: Basis) -> Standing:
    """What is observed, what is estimated and identified, what is association and what is assumption.

    The standing of the elasticity follows from the estimate.
    """
    identified = basis.kind == "estimated"
    elasticity = ("identified, if the instruments are valid", "bounded by the weak-instrument interval, and "
                  "steep enough for sellers who maximise profit")  # fmt: skip
    if not identified:
        elasticity = ("association", "unbounded by the weak-instrument interval, or too flat for sellers who "
                      "maximise profit")  # fmt: skip
    rows = [
        ("tokens and list prices of ranked models", "observed", "published by the platform, week by week"),
        ("how tokens differ with price among models and months", *elasticity),
        ("elasticity used in the counterfactuals", "identified" if identified else "assumption",
         "drawn from the estimate" if identified else "drawn from a stated range"),
        ("who takes over whose buyers", "assumption", "follows from the nests and the form of demand"),
        ("size of the market beyond the ranking", "assumption", "never observed"),
        ("sellers set prices to maximise the week's profit", "assumption", "gives costs and new prices"),
        ("models, quality and vendors stay as they are", "assumption", "the exercise is static"),
    ]  # fmt: skip
    return Standing(pd.DataFrame(rows, columns=["what", "standing", "because"]), basis)


def diversion(products: pd.DataFrame, assumptions: dict[str, Any]) -> Diversion:
    """Where the money goes that a model loses whose price rises; extremes over nesting and market size."""
    ends = [assumptions | {"correlation": rho, "outside_share": outside}
            for rho in CORRELATIONS[::2] for outside in OUTSIDE_SHARES[::2]]  # fmt: skip
    market = assumed_market(products, pd.DataFrame([assumptions, *ends]))
    shares = _diversion(market)
    table = pd.DataFrame({"share": shares[0], "low": shares.min(axis=1), "high": shares.max(axis=1)})
    return Diversion(table.reset_index(), market, assumptions["elasticity"])


def _diversion(market: Market) -> pd.DataFrame:
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
