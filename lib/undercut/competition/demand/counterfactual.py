"""What would happen without some of the models, or with a fee on them? Remove, re-price, compare.

Static: which models exist, how good they are and who makes them stays as it was. A vendor that would have
released something else, or a buyer who would have run the weights at home, is not in it.

All months and all draws of the assumptions are one array, (draws, months, products), and one computation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut import plots
from undercut.competition.demand.markets import GROUP_COLORS
from undercut.competition.demand.pricing import equilibrium, marginal_costs
from undercut.competition.demand.system import DemandSystem, Form, invert
from undercut.errors import InputError, TooFewError, check_known
from undercut.inference.arrays import Booleans, Floats, Integers
from undercut.result import Axes, Result

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
class Grid:
    """Where each product stands in arrays of months by products.

    Attributes
    ----------
    months : tuple of str
    month, place : ndarray, shape (n_rows,)
        Position of each row of the table.
    shape : tuple of int
        Months, and products of the month with most.
    """

    months: tuple[str, ...]
    month: Integers
    place: Integers
    shape: tuple[int, int]

    @staticmethod
    def of(periods: pd.Series) -> Grid:
        """The grid of a column of periods."""
        month, names = pd.factorize(periods, sort=True)
        place = periods.groupby(month).cumcount().to_numpy(np.int64)
        return Grid(tuple(map(str, names)), month, place, (len(names), int(place.max()) + 1))

    def spread(self, values: NDArray[Any], empty: float) -> NDArray[Any]:
        """A value a row, shape (..., n_rows), as (..., months, products); ``empty`` where there is none."""
        kind = np.result_type(values, type(empty))
        found = np.full((*values.shape[:-1], *self.shape), empty, dtype=kind)
        found[..., self.month, self.place] = values
        return found

    def rows(self, values: Floats) -> Floats:
        """The other way: (..., months, products) as (..., n_rows)."""
        return values[..., self.month, self.place]


@dataclass(frozen=True, slots=True)
class Market:
    """Markets, a month each, with their demand and their sellers' costs under one or more assumptions.

    Attributes
    ----------
    products : DataFrame
        ``period, model_id, firm, group, price, tokens, spend``, one row a product and month.
    grid : Grid
    system : DemandSystem
        Arrays of (draws, months, products).
    prices : ndarray, shape (months, products)
    costs : ndarray, shape (draws, months, products)
    competitive : ndarray of bool, shape (draws, months, products)
    firms : ndarray, shape (months, products)
        Code of who sets the price.
    """

    products: pd.DataFrame
    grid: Grid
    system: DemandSystem
    prices: Floats
    costs: Floats
    competitive: Booleans
    firms: Integers


class Outcome(Result):
    """Markets before and after.

    Attributes
    ----------
    market : Market
    stays : ndarray of bool, shape (draws, months, products)
        Which products are left.
    flows : mapping of str to ndarray, shape (draws, months, products)
        ``price_, tokens_, spend_, revenue_`` and ``profit_before, _after`` (USD; fees are not the seller's);
        ``price_after`` is not a number where the product is gone.
    surplus : ndarray, shape (draws, months)
        Change of consumer surplus, USD.
    """

    market: Market
    stays: Booleans
    flows: dict[str, Floats]
    surplus: Floats

    def to_frame(self) -> pd.DataFrame:
        """The products of the first draw, before and after."""
        return self.products()

    def table(self) -> pd.DataFrame:
        """The measures of the first draw, in words."""
        found = self.measures().iloc[0]
        return pd.DataFrame({"measure": [MEASURES[name] for name in found.index], "change": found.to_numpy()})

    def plot(self, ax: Axes | None = None) -> Axes:
        """How much each model's price changes, first draw."""
        ax = plots.own_axes(ax)
        for name, rows in self.products().dropna(subset=["price_after"]).groupby("group"):
            change = 100 * (rows["price_after"] / rows["price_before"] - 1)
            color = GROUP_COLORS.get(str(name), plots.MUTED)
            ax.scatter(rows["price_before"], change, color=color, label=str(name))
        plots.zero_line(ax)
        plots.price_axis(ax, "x")
        ax.set_ylabel("change of price, %")
        ax.legend(fontsize=9)
        return ax

    def products(self, draw: int = 0) -> pd.DataFrame:
        """One row a product and month, under one draw: prices, tokens, revenue, profit, before and after."""
        shape = self.stays.shape
        found = {
            name: self.market.grid.rows(np.broadcast_to(values, shape))[draw]
            for name, values in self.flows.items()
        }
        return self.market.products[["period", "model_id", "firm", "group"]].assign(**found)

    def by_firm(self, flow: str) -> pd.DataFrame:
        """A flow summed by vendor: one row a vendor (``firm, group``), one column a draw."""
        rows = self.market.grid.rows(np.broadcast_to(self.flows[flow], self.stays.shape))
        keys = [self.market.products["firm"].to_numpy(), self.market.products["group"].to_numpy()]
        return pd.DataFrame(rows.T).groupby(keys).sum().rename_axis(["firm", "group"])

    def measures(self, *, by_month: bool = False) -> pd.DataFrame:
        """The numbers of :data:`MEASURES`, one row a draw, or a draw and month (index ``draw, month``)."""
        axes = (-1,) if by_month else (-2, -1)
        is_closed = self.market.products["group"].eq("closed").to_numpy()
        closed = self.market.grid.spread(is_closed, False) & self.stays
        money = {name: flow for name, flow in self.flows.items() if not name.startswith("price")}
        total = {name: flow.sum(axis=axes) for name, flow in money.items()}
        of_closed = {name: np.where(closed, flow, 0.0).sum(axis=axes) for name, flow in money.items()}
        change = np.log(np.where(closed, self.flows["price_after"] / self.flows["price_before"], 1.0))
        weighted = np.sum(self.flows["revenue_before"] * change, axis=axes)
        surplus = self.surplus if by_month else self.surplus.sum(axis=-1)
        paid = {when: total[f"spend_{when}"] / total[f"tokens_{when}"] for when in ("before", "after")}
        with np.errstate(divide="ignore", invalid="ignore"):  # where no closed model is left
            found = {
                "closed_price": 100 * np.expm1(weighted / of_closed["revenue_before"]),
                "price_paid": 100 * (paid["after"] / paid["before"] - 1),
                "surplus": 100 * surplus / total["spend_before"],
                "surplus_usd": surplus / 1e6,
                "tokens": 100 * (total["tokens_after"] / total["tokens_before"] - 1),
                "closed_revenue": 100 * (of_closed["revenue_after"] / of_closed["revenue_before"] - 1),
                "closed_profit": 100 * (of_closed["profit_after"] / of_closed["profit_before"] - 1),
            }
        shape = surplus.shape
        index = pd.RangeIndex(shape[0], name="draw")
        if by_month:
            index = pd.MultiIndex.from_product([index, self.market.grid.months], names=["draw", "month"])
        return pd.DataFrame({k: np.broadcast_to(v, shape).ravel() for k, v in found.items()}, index=index)


def market_model(
    products: pd.DataFrame,
    *,
    slope: Floats | float,
    correlation: Floats | float = 0.0,
    outside_share: Floats | float = 0.5,
    form: Form = "expenditure",
    open_at_cost: Booleans | bool = True,
) -> Market:
    """Demand and costs that reproduce the observed shares and prices of each month.

    Parameters
    ----------
    products : DataFrame
        As of :func:`undercut.competition.demand.markets.market_data`: ``period, model_id, developer, group,
        price, tokens``. Nests are the groups.
    slope : float, or ndarray of shape (draws,)
        Coefficient on price (``unit``) or log price (``expenditure``); negative.
    correlation : float or ndarray
        Nesting parameter.
    outside_share : float or ndarray
        Assumed share of the market, in tokens or in money, that the products do not see.
    form : {"unit", "expenditure"}
    open_at_cost : bool or ndarray
        Open weights are sold by competing hosts at cost; otherwise their developer sets their price.

    Raises
    ------
    InputError
        A parameter is impossible.
    """
    slopes, rho, outside, at_cost = np.broadcast_arrays(
        *(np.atleast_1d(each) for each in (slope, correlation, outside_share, open_at_cost))
    )
    if not np.all((outside > 0) & (outside < 1)):
        raise InputError(f"outside_share must lie between 0 and 1; got {outside_share}.")
    grid = Grid.of(products["period"])
    prices = grid.spread(products["price"].to_numpy(float), 1.0)
    sold = grid.spread(_sold(products, form).to_numpy(float), np.nan)
    size = np.nansum(sold, axis=-1) / (1 - outside[:, None])  # (draws, months)
    firms = grid.spread(pd.factorize(products["developer"])[0], -1)
    system = invert(
        sold / size[..., None], prices, slope=slopes[:, None], size=size, form=form,
        nests=grid.spread(pd.factorize(products["group"])[0], -1), correlation=rho[:, None],
    )  # fmt: skip
    is_open = grid.spread(products["group"].ne("closed").to_numpy(), False)
    competitive = is_open & at_cost[:, None, None]
    costs = marginal_costs(system, prices, firms, competitive=competitive)
    described = products[["period", "model_id", "group", "price", "tokens"]].assign(
        firm=products["developer"], spend=products["price"] * products["tokens"]
    )
    return Market(described.reset_index(drop=True), grid, system, prices, costs, competitive, firms)


def slope_for_elasticity(
    products: pd.DataFrame,
    elasticity: Floats | float,
    *,
    correlation: Floats | float = 0.0,
    outside_share: Floats | float = 0.5,
    form: Form = "expenditure",
) -> Floats:
    """The price coefficient under which the mean own-price elasticity of all products is ``elasticity``.

    Parameters
    ----------
    products : DataFrame
        One or more markets, told apart by ``period``.
    elasticity : float or ndarray, shape (draws,)
        Negative; below -1 in the ``expenditure`` form, in which a buyer who spends a fixed budget always buys
        at least in proportion less.
    correlation, outside_share : float or ndarray

    Raises
    ------
    InputError
        The form cannot have such an elasticity.
    """
    wanted, rho, outside = (np.asarray(each, float) for each in (elasticity, correlation, outside_share))
    limit = -1.0 if form == "expenditure" else 0.0
    if not np.all(wanted < limit):
        raise InputError(
            f"Demand in the {form} form has own-price elasticities below {limit:g}; got {wanted.max():g}."
        )
    sold = _sold(products, form)
    inner = (sold / sold.groupby(products["period"]).transform("sum")).to_numpy(float)
    nests = [products["period"], products["group"]]
    within = (sold / sold.groupby(nests).transform("sum")).to_numpy(float)
    share = (1 - outside[..., None]) * inner
    apart = rho[..., None]
    reach = (1 - apart * within - (1 - apart) * share) / (1 - apart)  # (draws, n_rows)
    if form == "expenditure":
        return np.asarray((wanted + 1) / reach.mean(axis=-1))
    return np.asarray(wanted / (reach * products["price"].to_numpy(float)).mean(axis=-1))


def counterfactual(
    market: Market, *, remove: Booleans | None = None, fee: Floats | float = 0.0, reprice: bool = True
) -> Outcome:
    """The markets without some products, or with a fee on some.

    Parameters
    ----------
    market : Market
    remove : ndarray of bool, shape (n_rows,) or (draws, n_rows), optional
        Rows of the products that do not exist.
    fee : float or ndarray, shape (n_rows,)
        USD per million tokens, added to the cost.
    reprice : bool
        Sellers set new prices; otherwise theirs stay, and a fee is passed on in full.

    Raises
    ------
    TooFewError
        Nothing would be left of a month.
    CellError
        Costs are negative where sellers would have to set prices from them.
    undercut.competition.demand.pricing.EquilibriumError
        No new equilibrium was found.

    Examples
    --------
    >>> products = pd.DataFrame({
    ...     "model_id": ["a", "b"], "developer": ["A", "B"], "group": ["closed", "Chinese open"],
    ...     "price": [5.0, 0.5], "tokens": [10.0, 80.0], "period": "2026-08"})
    >>> slope = slope_for_elasticity(products, -2.0)
    >>> outcome = counterfactual(market_model(products, slope=slope), remove=np.array([False, True]))
    >>> bool(outcome.surplus < 0), bool(outcome.measures()["closed_price"].gt(0).all())
    (True, True)
    """
    count = len(market.products)
    gone = np.zeros(count, dtype=bool) if remove is None else np.asarray(remove, dtype=bool)
    removed = market.grid.spread(gone, True)
    draws = len(market.costs) if removed.ndim == 2 else len(removed)
    stays = np.broadcast_to(~removed, (draws, *market.grid.shape))
    if not stays.any(axis=-1).all():
        raise TooFewError("The scenario removes every product; a market needs at least one.")
    fees = market.grid.spread(np.broadcast_to(np.asarray(fee, dtype=float), count), 0.0)
    system = market.system.keep(stays)
    charged = market.prices + fees
    after = charged
    if reprice:
        costs = np.where(stays, market.costs + fees, 1.0)
        start = np.broadcast_to(charged, stays.shape)
        found = equilibrium(system, costs, market.firms, competitive=market.competitive, start=start)
        after = found.prices
    surplus = system.surplus(after) - market.system.surplus(market.prices)
    return Outcome(market, stays, _flows(market, system, stays, after, fees), surplus)


def scenario_outcome(market: Market, scenario: str, *, fee: float = 0.2, reprice: bool = True) -> Outcome:
    """A named scenario in every month.

    Parameters
    ----------
    market : Market
    scenario : str
        One of :data:`SCENARIOS`.
    fee : float
        USD per million tokens in the scenario with a licence.
    reprice : bool
        As in :func:`counterfactual`.

    Raises
    ------
    UnknownNameError
        No scenario has this name.
    """
    check_known("scenario", scenario, SCENARIOS)
    hit = market.products["group"].isin(SCENARIOS[scenario]).to_numpy()
    if scenario == "licence fee":
        return counterfactual(market, fee=np.where(hit, fee, 0.0), reprice=reprice)
    return counterfactual(market, remove=hit, reprice=reprice)


def _sold(products: pd.DataFrame, form: Form) -> pd.Series:
    """What shares are of: tokens, or money."""
    return products["tokens"] * (products["price"] if form == "expenditure" else 1.0)


def _flows(
    market: Market, system: DemandSystem, stays: Booleans, prices: Floats, fees: Floats
) -> dict[str, Floats]:
    exists = market.system.exists
    before = market.prices
    tokens = np.where(exists, market.system.quantities(before), 0.0)
    bought = np.where(stays, system.quantities(prices), 0.0)
    received = prices - fees
    return {
        "price_before": np.where(exists, before, np.nan),
        "price_after": np.where(stays, prices, np.nan),
        "tokens_before": tokens,
        "tokens_after": bought,
        "spend_before": before * tokens,
        "spend_after": prices * bought,
        "revenue_before": before * tokens,
        "revenue_after": received * bought,
        "profit_before": (before - market.costs) * tokens,
        "profit_after": (received - market.costs) * bought,
    }
