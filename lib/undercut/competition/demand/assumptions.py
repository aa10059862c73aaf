"""How much do the answers hang on what has to be assumed? Draws of assumptions, placebos, months.

Where the price coefficient is identified, draws come from its estimated distribution. Where it is not, they
come from a stated range of elasticities; what is then called an interval is one over assumptions, not over
samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.demand.counterfactual import (
    MEASURES,
    SCENARIOS,
    Market,
    counterfactual,
    market_model,
    scenario_outcome,
    slope_for_elasticity,
)
from undercut.competition.demand.nested import DemandEstimate, nested_logit, parameter_draws
from undercut.competition.demand.system import Form
from undercut.errors import InputError, TooFewError
from undercut.inference.arrays import Floats, Integers
from undercut.result import Axes, Result

#: Below this share of usable draws an estimate cannot be the basis of a counterfactual.
USABLE: Final = 0.95


class Basis(Result):
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

    def table(self) -> pd.DataFrame:
        """Median and central 95% of each parameter over the draws."""
        spread = self.draws.drop(columns="open_at_cost").quantile([0.5, 0.025, 0.975]).T
        return spread.set_axis(["median", "low", "high"], axis=1).rename_axis("parameter").reset_index()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Median and central 95% of each parameter over the draws."""
        rows = self.table().itertuples(index=False)
        return plots.interval_rows({str(name): ends for name, *ends in rows}, ax=ax)

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


def assumed_market(
    products: pd.DataFrame, assumptions: pd.DataFrame | Mapping[str, Any], *, form: Form = "expenditure"
) -> Market:
    """The markets of ``products`` under every draw of assumptions.

    Parameters
    ----------
    products : DataFrame
        From :func:`undercut.competition.demand.markets.market_data`.
    assumptions : DataFrame or mapping
        ``correlation, outside_share, open_at_cost`` and either ``slope`` or ``elasticity``: columns, or one
        number each.
    form : {"unit", "expenditure"}
    """
    given = {name: np.atleast_1d(np.asarray(assumptions[name])) for name in assumptions}
    shared = {name: given[name].astype(float) for name in ("correlation", "outside_share")}
    if "slope" in given:
        slope = given["slope"].astype(float)
    else:
        slope = slope_for_elasticity(products, given["elasticity"].astype(float), form=form, **shared)
    at_cost = given["open_at_cost"].astype(bool)
    return market_model(products, slope=slope, open_at_cost=at_cost, form=form, **shared)


def draw_outcomes(
    market: Market, scenarios: Sequence[str] = tuple(SCENARIOS), *, fee: float = 0.2
) -> pd.DataFrame:
    """Every scenario under every draw of the assumptions.

    Returns
    -------
    DataFrame
        ``scenario, draw`` and the measures of
        :data:`undercut.competition.demand.counterfactual.MEASURES`.
    """
    found = [scenario_outcome(market, scenario, fee=fee).measures() for scenario in scenarios]
    return pd.concat(found, keys=scenarios, names=["scenario"]).reset_index()


def vendor_outcomes(market: Market, scenario: str, *, fee: float = 0.2) -> pd.DataFrame:
    """Change of each vendor's revenue under every draw of the assumptions.

    Returns
    -------
    DataFrame
        ``firm, group, revenue`` (USD a week before, mean over months), ``change`` (% of it, median over
        draws), ``low, high`` (central 95%); largest vendors first. Vendors of removed models lose 100%.
    """
    outcome = scenario_outcome(market, scenario, fee=fee)
    before, after = outcome.by_firm("revenue_before"), outcome.by_firm("revenue_after")
    change = 100 * (after / before - 1)
    ends = {"low": change.quantile(0.025, axis=1), "high": change.quantile(0.975, axis=1)}
    revenue = before[0] / market.grid.shape[0]
    table = pd.DataFrame({"revenue": revenue, "change": change.median(axis=1)} | ends)
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
    names = ["elasticity", "correlation", "outside_share", "open_at_cost"]
    combinations = product(elasticities, correlations, outside_shares, (True, False))
    grid = pd.DataFrame(combinations, columns=names)
    drawn = draw_outcomes(assumed_market(products, grid), scenarios, fee=fee)
    found = drawn.join(grid, on="draw")
    long = found.melt(id_vars=["scenario", *names], value_vars=list(MEASURES), var_name="measure")
    middle = (
        long["correlation"].eq(correlations[len(correlations) // 2])
        & long["outside_share"].eq(outside_shares[len(outside_shares) // 2])
        & long["open_at_cost"]
    )
    keys = ["scenario", "elasticity", "measure"]
    spread = long.groupby(keys, sort=False)["value"].agg(low="min", high="max")
    return spread.assign(value=long[middle].set_index(keys)["value"]).reset_index()


def by_month(market: Market, scenario: str, *, measure: str = "closed_price") -> pd.DataFrame:
    """One scenario, month by month, beside the share of spending it takes away or charges.

    Returns
    -------
    DataFrame
        ``period, effect`` (of ``measure``, first draw), ``share`` (% of spending inside the market).
    """
    effect = scenario_outcome(market, scenario).measures(by_month=True).loc[0, measure]
    hit = market.products["group"].isin(SCENARIOS[scenario])
    spend = market.products["spend"]
    month = market.products["period"]
    share = 100 * spend.where(hit, 0.0).groupby(month).sum() / spend.groupby(month).sum()
    return pd.DataFrame({"period": share.index, "effect": effect.to_numpy(), "share": share.to_numpy()})


def placebo_removals(market: Market, target: str, draws: int, *, seed: int) -> pd.DataFrame:
    """Remove random models of about the same spending instead of those of ``target``.

    Parameters
    ----------
    market : Market
        Under one set of assumptions.
    target : str
        Group whose spending each month is matched, as well as whole models allow; its own models stay.
    draws, seed : int

    Returns
    -------
    DataFrame
        One row a draw: ``removed`` (share of spending), ``matched`` (over the target's) and the measures.

    Raises
    ------
    TooFewError
        No product is of the target group.
    """
    groups = market.products["group"]
    hit = groups.eq(target).to_numpy()
    if not hit.any():
        known = ", ".join(sorted(set(groups)))
        raise TooFewError(f"No product of the group {target!r} to take the size of; groups: {known}.")
    rng = np.random.default_rng(seed)
    spend = market.products["spend"].to_numpy(float)
    months = [np.flatnonzero(market.grid.month == month) for month in range(market.grid.shape[0])]
    removed = np.zeros((draws, len(hit)), dtype=bool)
    for draw in range(draws):
        for rows in months:
            wanted = spend[rows[hit[rows]]].sum()
            removed[draw, _random_set(rows[~hit[rows]], spend, wanted, rng)] = True
    money = removed @ spend
    sizes = pd.DataFrame({"removed": money / spend.sum(), "matched": money / spend[hit].sum()})
    return sizes.join(counterfactual(market, remove=removed).measures())


def placebo_prices(products: pd.DataFrame, draws: int, *, seed: int, **estimator: Any) -> Floats:
    """Elasticities estimated after prices were dealt out at random among the models of each month.

    Prices move together with their instruments, so that the first stage stays as it is; the link to what is
    bought is cut, so that the true elasticity is zero.

    Parameters
    ----------
    products : DataFrame
        As for :func:`undercut.competition.demand.nested.nested_logit`.
    draws, seed : int
    **estimator
        Its options.

    Returns
    -------
    ndarray, shape (draws,)
    """
    rng = np.random.default_rng(seed)
    sorted_ = products.sort_values("period", kind="stable", ignore_index=True)
    moved = [c for c in sorted_ if c in ("price", "size_stated", "is_resold") or str(c).startswith("z_")]
    values, counts = sorted_[moved].to_numpy(), sorted_.groupby("period").size().tolist()
    starts = np.cumsum([0, *counts[:-1]])
    found = np.empty(draws)
    for draw in range(draws):
        parts = [s + rng.choice(n, size=n, replace=False) for s, n in zip(starts, counts, strict=True)]
        dealt = sorted_.assign(**dict(zip(moved, values[np.concatenate(parts)].T, strict=True)))
        found[draw] = nested_logit(dealt, robust=False, **estimator).elasticity
    return found


def _random_set(candidates: Integers, spend: Floats, wanted: float, rng: np.random.Generator) -> Integers:
    """Models in random order up to where their spending is closest to what is wanted; never all of them."""
    order = candidates[rng.choice(len(candidates), size=len(candidates), replace=False)]
    gap = np.abs(np.cumsum(spend[order]) - wanted)[: len(order) - 1]
    take = int(np.argmin(gap)) + 1 if gap.size and gap.min() < wanted else 0
    return order[:take]
