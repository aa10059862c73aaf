"""How much do the answers hang on what has to be assumed? Draws of assumptions, placebos, months.

Where the price coefficient is identified, draws come from its estimated distribution. Where it is not, they
come from a stated range of elasticities; what is then called an interval is one over assumptions, not over
samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.demand.counterfactual import (
    MEASURES,
    SCENARIOS,
    measures,
    scenario_outcomes,
    slope_for_elasticity,
)
from undercut.competition.demand.nested import DemandEstimate, nested_logit, parameter_draws
from undercut.competition.demand.system import Form
from undercut.errors import DataError, InputError

#: Below this share of usable draws an estimate cannot be the basis of a counterfactual.
USABLE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Basis:
    """Parameters of demand to run counterfactuals with.

    Attributes
    ----------
    draws : DataFrame
        ``correlation, outside_share, open_at_cost`` and either ``slope`` or ``elasticity``, a row a draw.
    kind : {"estimated", "assumed"}
    usable : float
        Share of draws from the estimate at which demand slopes down and the nesting parameter is possible.
    """

    draws: pd.DataFrame
    kind: str
    usable: float

    def summary(self) -> str:
        """Where the parameters come from."""
        if self.kind == "estimated":
            return f"Parameters drawn from the estimate; {self.usable:.0%} of its draws can be used."
        return (
            "Parameters drawn from assumptions: the price coefficient is not identified, or too few draws of "
            f"its estimate ({self.usable:.0%}) can be used."
        )


def parameter_basis(
    estimate: DemandEstimate,
    draws: int,
    *,
    seed: int,
    elasticities: tuple[float, float] = (-5.0, -1.1),
    correlations: tuple[float, float] = (0.0, 0.7),
    outside_shares: tuple[float, float] = (0.2, 0.8),
) -> Basis:
    """The estimate if it is identified, else a range of assumptions.

    Parameters
    ----------
    estimate : DemandEstimate
    draws : int
    seed : int
    elasticities, correlations, outside_shares : tuple of float
        Ends of the assumed ranges; elasticities are drawn with a uniform logarithm, the others uniformly.
        Whether open weights are sold at cost is drawn with even chances. The outside share is an assumption
        in either case.

    Raises
    ------
    InputError
        A range is empty, or reaches where demand has no meaning.
    """
    low, high = elasticities
    limit = -1.0 if estimate.form == "expenditure" else 0.0
    if not low < high < limit:
        raise InputError(
            f"elasticities must be two numbers in ascending order below {limit:g}; got {low}, {high}."
        )
    rng = np.random.default_rng(seed)
    sampled = parameter_draws(estimate, draws, seed=seed)
    usable = float(sampled["is_admissible"].mean())
    shared = pd.DataFrame(
        {
            "outside_share": rng.uniform(*outside_shares, draws),
            "open_at_cost": rng.random(draws) < 0.5,
            "elasticity": -np.exp(rng.uniform(np.log(-high), np.log(-low), draws)),
            "correlation": rng.uniform(*correlations, draws),
        }
    )
    if not (estimate.is_identified and usable >= USABLE):
        return Basis(shared, "assumed", usable)
    kept = sampled["is_admissible"]
    own = shared[["outside_share", "open_at_cost"]].join(sampled[["slope", "correlation"]])
    return Basis(own[kept].reset_index(drop=True), "estimated", usable)


def draw_outcomes(
    products: pd.DataFrame,
    scenarios: Sequence[str],
    basis: Basis,
    *,
    form: Form = "expenditure",
    fee: float = 0.2,
) -> pd.DataFrame:
    """Every scenario under every draw of the parameters.

    Returns
    -------
    DataFrame
        ``scenario, draw``, the parameters and the measures of
        :data:`undercut.competition.demand.counterfactual.MEASURES`.
    """
    rows = []
    for number, drawn in enumerate(basis.draws.to_dict("records")):
        model = market_keywords(products, drawn, form)
        for scenario in scenarios:
            found = measures(scenario_outcomes(products, scenario, fee=fee, **model))
            rows.append({"scenario": scenario, "draw": number} | drawn | found)
    return pd.DataFrame(rows)


def vendor_outcomes(
    products: pd.DataFrame, scenario: str, basis: Basis, *, form: Form = "expenditure", fee: float = 0.2
) -> pd.DataFrame:
    """Change of each vendor's revenue under every draw of the parameters.

    Returns
    -------
    DataFrame
        ``firm, group, revenue`` (USD a week before, mean over markets), ``change`` (% of it, median over
        draws), ``low, high`` (central 95%); largest vendors first. Vendors of removed models lose 100%.
    """
    markets = products["period"].nunique()
    parts = []
    for drawn in basis.draws.to_dict("records"):
        found = scenario_outcomes(products, scenario, fee=fee, **market_keywords(products, drawn, form))
        money = pd.concat([outcome.table() for outcome in found])
        parts.append(money.groupby(["firm", "group"])[["revenue_before", "revenue_after"]].sum())
    whole = pd.concat(parts)
    change = 100 * (whole["revenue_after"] / whole["revenue_before"] - 1)
    by_firm = change.groupby(level=["firm", "group"])
    revenue = parts[0]["revenue_before"] / markets
    ends = {"change": by_firm.median(), "low": by_firm.quantile(0.025), "high": by_firm.quantile(0.975)}
    table = pd.DataFrame({"revenue": revenue} | ends)
    return table.sort_values("revenue", ascending=False).reset_index()


def intervals(outcomes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Median and central interval of each measure over the draws.

    Returns
    -------
    DataFrame
        ``scenario, measure, median, low, high``.
    """
    tail = (1 - level) / 2
    long = outcomes.melt(id_vars="scenario", value_vars=list(MEASURES), var_name="measure")
    value = long.groupby(["scenario", "measure"], sort=False)["value"]
    ends = {"low": value.quantile(tail), "high": value.quantile(1 - tail)}
    return pd.DataFrame({"median": value.median()} | ends).reset_index()


def by_elasticity(
    products: pd.DataFrame,
    scenarios: Sequence[str],
    elasticities: Sequence[float],
    *,
    correlations: Sequence[float] = (0.0, 0.35, 0.7),
    outside_shares: Sequence[float] = (0.2, 0.5, 0.8),
    fee: float = 0.2,
) -> pd.DataFrame:
    """Scenarios over a grid of assumed elasticities.

    Returns
    -------
    DataFrame
        ``scenario, elasticity, measure``; ``value`` with the middle one of the other assumptions and open
        weights at cost; ``low, high``: the extremes over all of them.
    """
    rows = []
    for elasticity in elasticities:
        for correlation in correlations:
            for outside in outside_shares:
                for at_cost in (True, False):
                    drawn: dict[str, Any] = {"elasticity": elasticity, "correlation": correlation,
                                             "outside_share": outside, "open_at_cost": at_cost}  # fmt: skip
                    model = market_keywords(products, drawn, "expenditure")
                    for scenario in scenarios:
                        found = measures(scenario_outcomes(products, scenario, fee=fee, **model))
                        rows.append({"scenario": scenario} | drawn | found)
    long = pd.DataFrame(rows).melt(
        id_vars=["scenario", "elasticity", "correlation", "outside_share", "open_at_cost"], var_name="measure"
    )
    middle = (
        long["correlation"].eq(correlations[len(correlations) // 2])
        & long["outside_share"].eq(outside_shares[len(outside_shares) // 2])
        & long["open_at_cost"]
    )
    keys = ["scenario", "elasticity", "measure"]
    spread = long.groupby(keys, sort=False)["value"].agg(low="min", high="max")
    return spread.assign(value=long[middle].set_index(keys)["value"]).reset_index()


def by_month(
    products: pd.DataFrame, scenario: str, *, measure: str = "closed_price", **model: Any
) -> pd.DataFrame:
    """One scenario, month by month, beside the share of spending it takes away or charges.

    Returns
    -------
    DataFrame
        ``period, effect`` (of ``measure``), ``share`` (% of spending inside the market).
    """
    rows = []
    for period, month in products.groupby("period"):
        found = measures(scenario_outcomes(month, scenario, **model))
        hit = month["group"].isin(SCENARIOS[scenario])
        share = 100 * month.loc[hit, "spend"].sum() / month["spend"].sum()
        rows.append({"period": period, "effect": found[measure], "share": share})
    return pd.DataFrame(rows)


def placebo_removals(
    products: pd.DataFrame, target: str, draws: int, *, seed: int, **model: Any
) -> pd.DataFrame:
    """Remove random models of about the same spending instead of those of ``target``.

    Parameters
    ----------
    products : DataFrame
    target : str
        Group whose spending each month is matched, as well as whole models allow; its own models stay.
    draws, seed : int
    **model
        To :func:`undercut.competition.demand.counterfactual.market_model`.

    Returns
    -------
    DataFrame
        One row a draw: ``removed`` (share of spending), ``matched`` (over the target's) and the measures.

    Raises
    ------
    DataError
        No product is of the target group.
    """
    is_target = products["group"].eq(target)
    if not is_target.any():
        raise DataError(f"No product of the group {target!r} to take the size of; groups: "
                        f"{', '.join(sorted(products['group'].unique()))}.")  # fmt: skip
    rng = np.random.default_rng(seed)
    spend = products["spend"]
    rows = []
    for _ in range(draws):
        struck = pd.Series(False, index=products.index)
        for _, month in products.groupby("period"):
            struck[
                _random_set(month[~is_target.loc[month.index]], spend[month.index][is_target].sum(), rng)
            ] = True
        found = measures(scenario_outcomes(products, "placebo", remove=struck, **model))
        removed = spend[struck].sum()
        rows.append({"removed": removed / spend.sum(), "matched": removed / spend[is_target].sum()} | found)
    return pd.DataFrame(rows)


def placebo_prices(
    products: pd.DataFrame, draws: int, *, seed: int, **estimator: Any
) -> tuple[np.ndarray, int]:
    """Elasticities estimated after prices were dealt out at random among the models of each month.

    Prices move together with their instruments, so that the first stage stays as it is; the link to what is
    bought is cut, so that the true elasticity is zero.

    Returns
    -------
    elasticities : ndarray, shape (draws,)
    clusters : int
        Of the estimate.
    """
    rng = np.random.default_rng(seed)
    moved = ["price", "size_stated", "is_resold", *[c for c in products if c.startswith("z_")]]
    moved = [column for column in moved if column in products]
    found = []
    for _ in range(draws):
        order = products.groupby("period", group_keys=False).sample(frac=1, random_state=rng).index
        dealt = products.sort_values("period", kind="stable").copy()
        dealt[moved] = products.loc[order, moved].to_numpy()
        found.append(nested_logit(dealt, **estimator))
    return np.array([each.elasticity for each in found]), found[0].clusters


def _random_set(candidates: pd.DataFrame, wanted: float, rng: np.random.Generator) -> pd.Index:
    """Models in random order up to where their spending is closest to what is wanted; never all of them."""
    order = candidates.sample(frac=1, random_state=rng)
    gap = (order["spend"].cumsum() - wanted).abs().to_numpy()[: len(order) - 1]
    take = int(np.argmin(gap)) + 1 if gap.size and gap.min() < wanted else 0
    return order.index[:take]


def market_keywords(products: pd.DataFrame, drawn: dict[Any, Any], form: Form) -> dict[str, Any]:
    """Keywords of :func:`undercut.competition.demand.counterfactual.market_model` out of one draw.

    ``drawn`` holds ``correlation, outside_share, open_at_cost`` and either ``slope`` or ``elasticity``.
    """
    shared: dict[str, Any] = {name: float(drawn[name]) for name in ("correlation", "outside_share")}
    slope = drawn["slope"] if "slope" in drawn else slope_for_elasticity(
        products, drawn["elasticity"], form=form, **shared
    )  # fmt: skip
    return shared | {"slope": float(slope), "open_at_cost": bool(drawn["open_at_cost"]), "form": form}
