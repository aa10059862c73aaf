"""Who receives what end users spend? One closed chain from users down to power.

Everything is an index or money with sellers' revenue of year 0 = 1. Arrays have the shape (years + 1, draws);
one call runs any number of draws of the assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from undercut.inference.arrays import Floats

Values = Mapping[str, Floats]

#: The layers of the chain, from the users down, with the role of the firms in each.
LAYERS: Final[Mapping[str, str]] = {
    "applications": "application", "model_sellers": "seller", "clouds": "cloud", "chips": "chips",
    "power": "power",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chain:
    """What is bought and who is paid, years 0 to T.

    Attributes
    ----------
    spending : ndarray
        What end users pay, to applications or straight to sellers of models.
    revenue, paid_on : mapping of str to ndarray
        By layer: what it is paid, and what of that it pays to the layers below. What is left of the one
        after the other adds up, over layers, to what end users spend.
    profit : mapping of str to ndarray
        By layer: what is left after its own costs and, for clouds, after buying machines.
    price, volume : ndarray
        Price a token and tokens used; year 0 is 1.
    stock, served : ndarray
        Computing that stands, and that is used.
    rent, usual_rent : ndarray
        Price of a unit of computing, and what it would be with neither shortage nor slack.
    """

    spending: Floats
    revenue: Mapping[str, Floats]
    paid_on: Mapping[str, Floats]
    profit: Mapping[str, Floats]
    price: Floats
    volume: Floats
    stock: Floats
    served: Floats
    rent: Floats
    usual_rent: Floats


@dataclass(frozen=True, slots=True)
class Business:
    """An AI business, shape (years + 1, draws): revenue (year 0 = 1) and operating margin."""

    revenue: Floats
    margin: Floats


def fading(first: Floats, last: Floats | float, half_life: Floats, years: int) -> Floats:
    """A rate that starts at ``first`` in year 1 and closes half its distance to ``last`` every half-life.

    Returns
    -------
    ndarray
        Shape (years, draws). An infinite half-life keeps ``first`` for ever.

    Examples
    --------
    >>> fading(np.array([0.4]), 0.0, np.array([1.0]), 3)[:, 0].tolist()
    [0.4, 0.2, 0.1]
    """
    steps = np.empty((years, np.broadcast_shapes(np.shape(first), np.shape(last), half_life.shape)[0]))
    steps[0], steps[1:] = first - last, 0.5 ** (1 / half_life)
    return last + accumulated(np.multiply, steps)


def accumulated(operation: np.ufunc, rows: Floats) -> Floats:
    """Running results down the years; row by row, because numpy's own along the first axis is slow."""
    found = np.array(rows)
    for year in range(1, len(found)):
        operation(found[year - 1], found[year], out=found[year])
    return found


def level(growth: Floats) -> Floats:
    """Index of rates of growth, with year 0 = 1 before them."""
    return np.concatenate([np.ones((1, growth.shape[1])), accumulated(np.multiply, 1 + growth)])


def list_price(values: Values, years: int) -> Floats:
    """Price of today's basket of new and mature models, before any floor; year 0 is 1."""
    half, last, share = (values[n] for n in ("erosion_half_life", "price_erosion_long_run", "frontier_share"))
    newest, mature = (
        level(-fading(values[n], last, half, years)) for n in ("frontier_erosion", "price_erosion")
    )
    return np.asarray(share * newest + (1 - share) * mature)


def value_chain(values: Values, years: int) -> Chain:
    """Prices, use, computing and payments over the explicit years.

    Parameters
    ----------
    values : mapping of str to ndarray
        Assumptions, shape (draws,).
    years : int
        Explicit years T.

    Notes
    -----
    Users answer the price *they* pay with a constant elasticity: the price of a token where they buy from
    sellers, the application's price (which follows by ``pass_through``) elsewhere. Computing a token falls
    with its own trend and, by ``efficiency_follows``, with the price. The stock of computing grows at most
    by ``capacity_growth`` and shrinks at most by what wears out; rents and prices of machines answer
    shortage and slack with ``rent_response``; no token is sold below its computing and ``least_markup``;
    users spend at most what ``spending_growth`` allows, those who buy from sellers and those of
    applications each. What is wanted beyond capacity or budget is not served.
    """
    half, listed = values["erosion_half_life"], list_price(values, years)
    follows = values["efficiency_follows"]
    gain = fading(values["efficiency_gain"], values["price_erosion_long_run"], half, years)
    effort = level((1 - follows) * -gain + follows * (listed[1:] / listed[:-1] - 1))
    growth, demand_half = values["terminal_growth"], values["demand_half_life"]
    demand = level(fading(values["demand_growth"], growth, demand_half, years))
    budget = level(fading(values["spending_growth"], growth, demand_half, years))
    usual = level(-fading(values["rental_decline"], 0.0, half, years))
    wear = 1 / values["accelerator_life"]
    cost = np.minimum(values["compute_cost_share"] * (1 + values["least_markup"]), 1.0)
    stock, rent, price, served = (np.ones_like(listed) for _ in range(4))
    direct, through = (np.empty_like(listed) for _ in range(2))
    direct[0], through[0] = values["direct_share"], 1 - values["direct_share"]
    for year in range(1, years + 1):
        floor = cost * effort[year]
        wanted = _use(np.maximum(listed[year], floor * usual[year]), demand[year], budget[year], values)
        needed = sum(wanted) * effort[year]
        most, least = stock[year - 1] * (1 + values["capacity_growth"]), stock[year - 1] * (1 - wear)
        stock[year] = np.clip(needed, least, most)
        rent[year] = usual[year] * (needed / stock[year]) ** values["rent_response"]
        price[year] = np.maximum(listed[year], floor * rent[year])
        own, apps = _use(price[year], demand[year], budget[year], values)
        room = stock[year] / effort[year]
        through[year] = np.minimum(apps, room)  # pay more a token, so they are served first
        direct[year] = np.minimum(own, room - through[year])
        served[year] = (direct[year] + through[year]) * effort[year]
    return _payments(values, price, direct, through, stock, served, rent, usual, years)


def _asked(price: Floats, values: Values) -> Floats:
    """What applications ask for what a token does; 1 today."""
    return np.asarray(1 - values["pass_through"] * (1 - price))


def _use(price: Floats, demand: Floats, budget: Floats, values: Values) -> tuple[Floats, Floats]:
    """Tokens that users buy from sellers and through applications at a price, within their budgets."""
    asked, response, share = _asked(price, values), values["elasticity"], values["direct_share"]
    direct, through = demand * share * price**response, demand * (1 - share) * asked**response
    return np.minimum(direct, budget * share / price), np.minimum(through, budget * (1 - share) / asked)


def _payments(
    values: Values, price: Floats, direct: Floats, through: Floats, stock: Floats, served: Floats,
    rent: Floats, usual: Floats, years: int,
) -> Chain:  # fmt: skip
    """Who pays whom, and what is left."""
    volume, computing = direct + through, values["compute_cost_share"]
    apps = through * _asked(price, values) / values["token_cost_share"]
    before = 1 / (1 + values["compute_growth_today"])
    earlier = np.concatenate([np.broadcast_to(before, (1, stock.shape[1])), stock[:-1]])
    bought = np.maximum(stock - (1 - 1 / values["accelerator_life"]) * earlier, 0.0)
    machine = computing * values["hardware_share"] * values["accelerator_life"]  # price of one, today
    saving = level(-fading(values["energy_gain"], 0.0, values["erosion_half_life"], years))
    revenue = {
        "applications": apps, "model_sellers": volume * price, "clouds": computing * rent * served,
        "chips": machine * rent * bought, "power": computing * values["power_share"] * served * saving,
    }  # fmt: skip
    paid_on = {
        "applications": through * price, "model_sellers": revenue["clouds"],
        "clouds": revenue["chips"] + revenue["power"], "chips": 0.0 * stock, "power": 0.0 * stock,
    }  # fmt: skip
    margin = values["ai_margin_long_run"]
    running = np.maximum(1 - values["hardware_share"] - values["power_share"] - margin, 0.0)
    own_cost = {
        "clouds": computing * running * usual * stock,
        "chips": (1 - margin) * machine * usual * bought,
        "power": (1 - margin) * revenue["power"],
    }
    left = {layer: revenue[layer] - paid_on[layer] for layer in LAYERS}
    over = fading(np.ones_like(margin), 0.0, values["margin_half_life"], years + 1)
    # A part of what is left, and what is spent beyond it today.
    for layer in ("applications", "model_sellers"):
        lasting = values["overhead_long_run"] * left[layer]
        own_cost[layer] = lasting + over * (values["overhead_share"] * revenue[layer][0] - lasting[0])
    profit = {layer: left[layer] - own_cost[layer] for layer in LAYERS}
    return Chain(
        direct * price + apps, revenue, paid_on, profit, price, volume, stock, served, rent, usual
    )  # fmt: skip


def ai_business(role: str, values: Values, years: int) -> Business:
    """Revenue and margin of the AI business of a firm: its part of a layer of the chain.

    Parameters
    ----------
    role : str
        seller, application, cloud, chips or power.
    values : mapping of str to ndarray
        Assumptions, shape (draws,).
    years : int
        Explicit years.
    """
    layer = next(name for name, of in LAYERS.items() if of == role)
    chain = value_chain(values, years)
    kept = level(-fading(values["share_loss"], 0.0, values["erosion_half_life"], years))
    revenue = chain.revenue[layer]
    index = np.divide(revenue, revenue[0], out=np.zeros_like(revenue), where=revenue[0] > 0)
    if role in ("seller", "application"):
        margin = np.divide(chain.profit[layer], revenue, out=np.zeros_like(revenue), where=revenue > 0)
        return Business(index * kept, margin)
    margin = fading(values["ai_margin"], values["ai_margin_long_run"], values["margin_half_life"], years + 1)
    if role != "power":  # costs follow usual prices and what stands; revenue the rent and what is used
        idle = chain.stock / chain.served if role == "cloud" else 1.0
        margin = 1 - (1 - margin) * chain.usual_rent / chain.rent * idle
    return Business(index * kept, margin)
