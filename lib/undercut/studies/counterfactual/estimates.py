"""What do the data say about demand, under every reasonable way to ask, and who takes over whose buyers?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.demand.assumptions import Basis, market_keywords
from undercut.competition.demand.counterfactual import market_model, measures, scenario_outcomes
from undercut.competition.demand.instruments import MAIN_SETS, with_instruments
from undercut.competition.demand.markets import GROUPS, MarketData, estimation_sample
from undercut.competition.demand.nested import CONTROLS, DemandEstimate, nested_logit
from undercut.errors import unknown
from undercut.inference.specifications import SpecificationCurve, run_specifications, specification_curve

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
_GROUP_DUMMIES: Final = ("is_chinese_open", "is_other_open")


def estimate(
    data: MarketData,
    *,
    instruments: str = MAIN["instruments"],
    effects: str = MAIN["effects"],
    capability: str = MAIN["capability"],
    nests: str | None = None,
    sample: pd.DataFrame | None = None,
) -> DemandEstimate:
    """One specification, by the names of its choices.

    Parameters
    ----------
    data : MarketData
    instruments, effects : str
        Keys of :data:`INSTRUMENT_CHOICES` and :data:`EFFECT_CHOICES`.
    capability : {"measured", "imputed"}
    nests : str, optional
    sample : DataFrame, optional
        With instruments, instead of building it from ``data``.

    Raises
    ------
    UnknownNameError
        A choice has no such option.
    """
    if instruments not in INSTRUMENT_CHOICES:
        raise unknown("choice of instruments", instruments, INSTRUMENT_CHOICES)
    if effects not in EFFECT_CHOICES:
        raise unknown("choice of effects", effects, EFFECT_CHOICES)
    used = with_instruments(estimation_sample(data, capability=capability)) if sample is None else sample
    # What never changes within a model or a developer is taken up by its effect.
    constant = {"month": (), "month, developer": (), "month, model": (*CONTROLS, *_GROUP_DUMMIES)}[effects]
    controls = [control for control in CONTROLS if control not in constant or control == "age_years"]
    return nested_logit(
        used, instruments=INSTRUMENT_CHOICES[instruments], nests=nests, controls=controls,
        fixed_effects=EFFECT_CHOICES[effects],
    )  # fmt: skip


def compare_estimates(data: MarketData) -> pd.DataFrame:
    """The main ways to estimate, side by side.

    Returns
    -------
    DataFrame
        ``specification`` and the columns of :meth:`DemandEstimate.row`.
    """
    sample = with_instruments(estimation_sample(data))
    ways: dict[str, dict[str, Any]] = {f"logit, {name}": {"instruments": name} for name in INSTRUMENT_CHOICES}
    ways |= {
        "logit, none (OLS), effects of the model": {"instruments": "none (OLS)", "effects": "month, model"},
        f"nested logit, {MAIN['instruments']}": {"nests": "group"},
    }
    found = {name: estimate(data, sample=sample, **way).row() for name, way in ways.items()}
    return pd.DataFrame([{"specification": name, **row} for name, row in found.items()])


def elasticity_curve(data: MarketData) -> SpecificationCurve:
    """Mean own-price elasticity under every combination of instruments, effects and capability."""
    samples = {
        kind: with_instruments(estimation_sample(data, capability=kind)) for kind in ("measured", "imputed")
    }

    def one(instruments: str, effects: str, capability: str) -> dict[str, float]:
        found = estimate(data, instruments=instruments, effects=effects, sample=samples[capability])
        return {"estimate": found.elasticity, "low": found.low, "high": found.high}

    options = {
        "instruments": list(INSTRUMENT_CHOICES),
        "effects": list(EFFECT_CHOICES),
        "capability": list(samples),
    }
    found = run_specifications(one, options)
    return specification_curve(found, list(options), headline=MAIN, unit="elasticity")


def effect_curve(
    products: pd.DataFrame,
    scenario: str,
    *,
    elasticities: Sequence[float],
    measure: str = "closed_price",
) -> SpecificationCurve:
    """One measure of one scenario under every combination of assumptions; bars: lowest and highest month.

    Parameters
    ----------
    products : DataFrame
    scenario, measure : str
    elasticities : sequence of float
        Three, in ascending order; the combination of the middle ones with open weights at cost is marked.
    """
    periods = {str(period): rows for period, rows in products.groupby("period")}

    def one(
        elasticity: float, correlation: float, outside_share: float, open_models: str, demand: str
    ) -> Any:
        drawn = {"elasticity": elasticity, "correlation": correlation, "outside_share": outside_share,
                 "open_at_cost": open_models == "at cost"}  # fmt: skip
        model = market_keywords(products, drawn, "expenditure" if demand == "budget" else "unit")
        outcomes = {name: scenario_outcomes(rows, scenario, **model) for name, rows in periods.items()}
        by_month = [measures(each)[measure] for each in outcomes.values()]
        whole = measures([each for found in outcomes.values() for each in found])[measure]
        return {"estimate": whole, "low": min(by_month), "high": max(by_month)}

    options = {
        "elasticity": list(elasticities),
        "correlation": [0.0, 0.35, 0.7],
        "outside_share": [0.2, 0.5, 0.8],
        "open_models": ["at cost", "priced by developer"],
        "demand": ["budget", "unit"],
    }
    headline = {"elasticity": elasticities[1], "correlation": 0.35, "outside_share": 0.5,
                "open_models": "at cost", "demand": "budget"}  # fmt: skip
    found = run_specifications(one, options)
    return specification_curve(found, list(options), headline=headline, unit="%")


def standing(basis: Basis) -> pd.DataFrame:
    """What is observed, what is estimated and identified, what is association and what is assumption.

    Returns
    -------
    DataFrame
        ``what, standing, because``; the standing of the elasticity follows from the estimate.
    """
    identified = basis.kind == "estimated"
    elasticity = ("identified, if the instruments are valid" if identified else "association",
                  "bounded by the weak-instrument interval, and steep enough for sellers who maximise profit"
                  if identified else "unbounded by the weak-instrument interval, or too flat for sellers who "
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
    return pd.DataFrame(rows, columns=["what", "standing", "because"])


def diversion_by_group(products: pd.DataFrame, draws: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Where the money goes that a dearer model of a group loses, under several assumptions.

    Parameters
    ----------
    products : DataFrame
    draws : sequence of dict
        ``elasticity, correlation, outside_share, open_at_cost`` each; the first is the central one.

    Returns
    -------
    DataFrame
        ``origin, goes_to, share, low, high``: means weighted by spending, of the first draw, and extremes.
    """
    tables = [_diversion(products, market_keywords(products, drawn, "expenditure")) for drawn in draws]
    stacked = pd.concat(tables, keys=range(len(tables)), names=["draw"]).reset_index("draw")
    keys = ["origin", "goes_to"]
    ends = stacked.groupby(keys, sort=False)["share"].agg(low="min", high="max")
    central = tables[0].set_index(keys)["share"]
    return pd.DataFrame({"share": central, "low": ends["low"], "high": ends["high"]}).reset_index()


def own_and_cross(products: pd.DataFrame, model: dict[str, Any]) -> pd.DataFrame:
    """Elasticities of each model of one market with respect to its own price and to Chinese open models'.

    Returns
    -------
    DataFrame
        ``model_id, group, price, own, chinese_open``: the change in % of the quantity when the own price, or
        all prices of Chinese open models (its own left out), rise by 1%.
    """
    market = market_model(products, **model)
    matrix = market.system.elasticities(market.products["price"].to_numpy(float))
    chinese = market.products["group"].eq("Chinese open").to_numpy()
    cross = (matrix * chinese[None, :]).sum(axis=1) - np.where(chinese, np.diag(matrix), 0.0)
    return market.products[["model_id", "group", "price"]].assign(own=np.diag(matrix), chinese_open=cross)


def _diversion(products: pd.DataFrame, model: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for _, month in products.groupby("period"):
        market = market_model(month, **model)
        flows = market.system.diversion(market.products["price"].to_numpy(float))
        names = market.products["group"].to_numpy()
        for j, origin in enumerate(names):
            inside = {g: flows[j, :-1][(names == g) & (np.arange(len(names)) != j)].sum() for g in GROUPS}
            weight = float(month["spend"].iloc[j])
            for goes_to, share in (inside | {"outside": flows[j, -1]}).items():
                rows.append({"origin": origin, "goes_to": goes_to, "share": share, "weight": weight})
    long = pd.DataFrame(rows)
    long["weighted"] = long["share"] * long["weight"]
    sums = long.groupby(["origin", "goes_to"], sort=False)[["weighted", "weight"]].sum()
    return (sums["weighted"] / sums["weight"]).rename("share").reset_index()
