"""What would happen without some of the models, or with a fee on them? Remove, re-price, compare.

Static: which models exist, how good they are and who makes them stays as it was. A vendor that would have
released something else, or a buyer who would have run the weights at home, is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.competition.demand.pricing import equilibrium, marginal_costs
from undercut.competition.demand.system import DemandSystem, Form, Mask, invert
from undercut.errors import DataError, InputError, unknown
from undercut.inference.arrays import Floats

#: What a scenario takes away, or charges a fee on.
SCENARIOS: Final = {
    "no Chinese open models": ("Chinese open",),
    "no open models": ("Chinese open", "other open"),
    "licence fee": ("Chinese open", "other open"),
}
#: Measures of an outcome: changes in %, surplus in % of spending before, or in millions of dollars a week.
MEASURES: Final = {
    "closed_price": "prices of closed models, weighted by spending before",
    "price_paid": "average price paid per token",
    "surplus": "buyers' surplus, relative to spending before",
    "surplus_usd": "buyers' surplus in dollars",
    "tokens": "tokens bought",
    "closed_revenue": "revenue of closed vendors",
    "closed_profit": "profit of closed vendors",
}


@dataclass(frozen=True, slots=True)
class Market:
    """One market with its demand and its sellers' costs.

    Attributes
    ----------
    products : DataFrame
        ``model_id, firm, group, price, cost, competitive``.
    system : DemandSystem
    """

    products: pd.DataFrame
    system: DemandSystem

    @property
    def negative_costs(self) -> int:
        """Number of products whose price implies a negative marginal cost."""
        return int((self.products["cost"] <= 0).sum())


@dataclass(frozen=True, slots=True)
class Outcome:
    """A market before and after.

    Attributes
    ----------
    products : DataFrame
        One row a product: ``price_before, price_after`` (missing if removed), ``tokens_``, ``revenue_`` and
        ``profit_before, _after`` (USD; fees are not the seller's).
    surplus : float
        Change of consumer surplus, USD.
    """

    products: pd.DataFrame
    surplus: float

    def table(self) -> pd.DataFrame:
        """Revenue and profit by vendor, before and after."""
        money = [f"{what}_{when}" for what in ("revenue", "profit") for when in ("before", "after")]
        by_firm = self.products.groupby(["firm", "group"], as_index=False)[money].sum()
        return by_firm.sort_values("revenue_before", ascending=False, ignore_index=True)

    def measures(self) -> dict[str, float]:
        """The numbers of :data:`MEASURES`."""
        return measures([self])

    def summary(self) -> str:
        """The measures, one a line."""
        return "\n".join(f"{MEASURES[name]}: {value:.4g}" for name, value in self.measures().items())


def market_model(
    products: pd.DataFrame,
    *,
    slope: float,
    correlation: float = 0.0,
    outside_share: float = 0.5,
    form: Form = "expenditure",
    open_at_cost: bool = True,
) -> Market:
    """Demand and costs of one market that reproduce its observed shares and prices.

    Parameters
    ----------
    products : DataFrame
        One market of :func:`undercut.competition.demand.markets.market_data`: ``model_id, developer, group,
        price, tokens``. Nests are the groups.
    slope : float
        Coefficient on price (``unit``) or log price (``expenditure``); negative.
    correlation : float
        Nesting parameter.
    outside_share : float
        Assumed share of the market, in tokens or in money, that the products do not see.
    form : {"unit", "expenditure"}
    open_at_cost : bool
        Open weights are sold by competing hosts at cost; otherwise their developer sets their price.

    Raises
    ------
    InputError
        A parameter is impossible.
    """
    if not 0 < outside_share < 1:
        raise InputError(f"outside_share must lie between 0 and 1; got {outside_share:g}.")
    sold = products["tokens"] * (products["price"] if form == "expenditure" else 1.0)
    size = float(sold.sum()) / (1 - outside_share)
    prices = products["price"].to_numpy(float)
    nests = pd.factorize(products["group"])[0].astype(np.int64)
    system = invert(
        (sold / size).to_numpy(float), prices,
        slope=slope, size=size, form=form, nests=nests, correlation=correlation,
    )  # fmt: skip
    competitive = (products["group"] != "closed").to_numpy() & open_at_cost
    firms = products["developer"].reset_index(drop=True)
    costs = marginal_costs(system, prices, firms, competitive=competitive)
    described = products[["model_id", "group", "price"]].reset_index(drop=True)
    return Market(described.assign(firm=firms, cost=costs, competitive=competitive), system)


def slope_for_elasticity(
    products: pd.DataFrame,
    elasticity: float,
    *,
    correlation: float = 0.0,
    outside_share: float = 0.5,
    form: Form = "expenditure",
) -> float:
    """The price coefficient under which the mean own-price elasticity of all products is ``elasticity``.

    Parameters
    ----------
    products : DataFrame
        One or more markets, told apart by ``period``.
    elasticity : float
        Negative; below -1 in the ``expenditure`` form, in which a buyer who spends a fixed budget always buys
        at least in proportion less.

    Raises
    ------
    InputError
        The form cannot have such an elasticity.
    """
    limit = -1.0 if form == "expenditure" else 0.0
    if not elasticity < limit:
        raise InputError(
            f"Demand in the {form} form has own-price elasticities below {limit:g}; got {elasticity:g}."
        )
    sold = products["tokens"] * (products["price"] if form == "expenditure" else 1.0)
    share = (1 - outside_share) * sold / sold.groupby(products["period"]).transform("sum")
    within = sold / sold.groupby([products["period"], products["group"]]).transform("sum")
    reach = (1 - correlation * within - (1 - correlation) * share) / (1 - correlation)
    if form == "expenditure":
        return float((elasticity + 1) / reach.mean())
    return float(elasticity / (reach * products["price"]).mean())


def counterfactual(
    market: Market, *, remove: Mask | None = None, fee: Floats | float = 0.0, reprice: bool = True
) -> Outcome:
    """The market without some products, or with a fee on some.

    Parameters
    ----------
    market : Market
    remove : ndarray of bool, shape (n_products,), optional
        Products that do not exist.
    fee : float or ndarray, shape (n_products,)
        USD per million tokens, added to the cost.
    reprice : bool
        Sellers set new prices; otherwise theirs stay, and a fee is passed on in full.

    Returns
    -------
    Outcome

    Raises
    ------
    DataError
        Nothing would be left, or costs are negative where sellers would have to set prices from them.
    undercut.competition.demand.pricing.EquilibriumError
        No new equilibrium was found.

    Examples
    --------
    >>> products = pd.DataFrame({
    ...     "model_id": ["a", "b"], "developer": ["A", "B"], "group": ["closed", "Chinese open"],
    ...     "price": [5.0, 0.5], "tokens": [10.0, 80.0], "period": "2026-08"})
    >>> slope = slope_for_elasticity(products, -2.0)
    >>> outcome = counterfactual(market_model(products, slope=slope), remove=np.array([False, True]))
    >>> outcome.surplus < 0, outcome.measures()["closed_price"] > 0
    (True, True)
    """
    products = market.products
    stays = np.ones(len(products), dtype=bool) if remove is None else ~np.asarray(remove, dtype=bool)
    if not stays.any():
        raise DataError("The scenario removes every product; a market needs at least one.")
    before = products["price"].to_numpy(float)
    fees = np.broadcast_to(np.asarray(fee, dtype=float), before.shape)
    system = market.system.keep(stays)
    after = _new_prices(market, system, stays, fees) if reprice else (before + fees)[stays]
    surplus = system.surplus(after) - market.system.surplus(before)
    return Outcome(_before_and_after(market, system, stays, after, fees), surplus)


def measures(outcomes: list[Outcome]) -> dict[str, float]:
    """The numbers of :data:`MEASURES` over one or several markets, dollars and tokens added up."""
    rows = pd.concat([outcome.products for outcome in outcomes], ignore_index=True)
    total = rows[[column for column in rows if column.endswith(("_before", "_after"))]].sum()
    closed = rows[rows["group"].eq("closed") & rows["price_after"].notna()]
    sold = closed["revenue_before"]
    change = np.log(closed["price_after"] / closed["price_before"])
    surplus = sum(outcome.surplus for outcome in outcomes)

    def paid(when: str) -> float:
        return float(total[f"spend_{when}"] / total[f"tokens_{when}"])

    def grown(column: str) -> float:
        return float(100 * (closed[f"{column}_after"].sum() / closed[f"{column}_before"].sum() - 1))

    return {
        "closed_price": float(100 * np.expm1((sold * change).sum() / sold.sum())),
        "price_paid": 100 * (paid("after") / paid("before") - 1),
        "surplus": float(100 * surplus / total["spend_before"]),
        "surplus_usd": float(surplus) / 1e6,
        "tokens": float(100 * (total["tokens_after"] / total["tokens_before"] - 1)),
        "closed_revenue": grown("revenue"),
        "closed_profit": grown("profit"),
    }


def scenario_outcomes(
    products: pd.DataFrame,
    scenario: str,
    *,
    fee: float = 0.2,
    reprice: bool = True,
    remove: pd.Series | None = None,
    **model: float | Form | bool,
) -> list[Outcome]:
    """A named scenario in every month of ``products``.

    Parameters
    ----------
    products : DataFrame
        Markets told apart by ``period``.
    scenario : str
        One of :data:`SCENARIOS`, or any name if ``remove`` says what goes.
    fee : float
        USD per million tokens in the scenario with a licence.
    remove : Series of bool, optional
        Aligned with ``products``: remove these instead (placebos).
    reprice, **model
        To :func:`counterfactual` and :func:`market_model`.

    Raises
    ------
    UnknownNameError
        No scenario has this name.
    """
    if remove is None and scenario not in SCENARIOS:
        raise unknown("scenario", scenario, SCENARIOS)
    hit = products["group"].isin(SCENARIOS[scenario]) if remove is None else remove
    plain = products.copy()
    plain.attrs = {}  # pandas copies provenance with every operation: half of the time
    outcomes = []
    for _, rows in plain.groupby("period"):
        market = market_model(rows, **model)  # type: ignore[arg-type]
        struck = hit.loc[rows.index].to_numpy(bool)
        if scenario == "licence fee":
            outcomes.append(counterfactual(market, fee=np.where(struck, fee, 0.0), reprice=reprice))
        else:
            outcomes.append(counterfactual(market, remove=struck, reprice=reprice))
    return outcomes


def _new_prices(market: Market, system: DemandSystem, stays: Mask, fees: Floats) -> Floats:
    left = market.products[stays]
    costs = left["cost"].to_numpy(float) + fees[stays]
    return equilibrium(
        system, costs, left["firm"].reset_index(drop=True),
        competitive=left["competitive"].to_numpy(bool), start=left["price"].to_numpy(float) + fees[stays],
    ).prices  # fmt: skip


def _before_and_after(
    market: Market, system: DemandSystem, stays: Mask, prices: Floats, fees: Floats
) -> pd.DataFrame:
    products = market.products
    before = products["price"].to_numpy(float)
    tokens = market.system.quantities(before)
    after, tokens_after = np.full(len(before), np.nan), np.zeros(len(before))
    after[stays], tokens_after[stays] = prices, system.quantities(prices)
    costs = products["cost"].to_numpy(float)
    received = np.where(stays, after - fees, 0.0)
    return products[["model_id", "firm", "group"]].assign(
        price_before=before,
        price_after=after,
        tokens_before=tokens,
        tokens_after=tokens_after,
        spend_before=before * tokens,
        spend_after=np.where(stays, after, 0.0) * tokens_after,
        revenue_before=before * tokens,
        revenue_after=received * tokens_after,
        profit_before=(before - costs) * tokens,
        profit_after=np.where(stays, received - costs, 0.0) * tokens_after,
    )
