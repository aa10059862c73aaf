"""How do prices, volumes and costs of tokens become revenue and margin of an AI business?

Everything is an index with year 0 = 1. Arrays have the shape (years, draws); one call values any number of
draws of the assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from undercut.inference.arrays import Floats

Values = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Market:
    """The market for tokens and computing, years 0 to T, shape (years + 1, draws); year 0 is 1.

    Attributes
    ----------
    price : ndarray
        Average price a token, weighted by what tokens cost to serve.
    spending : ndarray
        Price times volume, all sellers together.
    volume : ndarray
        Tokens, weighted by what they cost to serve today.
    compute : ndarray
        Stock of computing that serves them.
    rental : ndarray
        Price of a unit of computing.
    unit_cost : ndarray
        Cost of a token: rental price times computing per token.
    """

    price: Floats
    spending: Floats
    volume: Floats
    compute: Floats
    rental: Floats
    unit_cost: Floats


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


def token_market(values: Values, years: int) -> Market:
    """Prices, volumes and computing over the explicit years.

    Parameters
    ----------
    values : mapping of str to ndarray
        Assumptions, shape (draws,).
    years : int
        Explicit years T.

    Notes
    -----
    Tier k (newest models, mature models) with its share ``w_k`` of spending today: price ``p_k``, volume
    ``D p_k^e`` with demand ``D`` at unchanged prices and elasticity ``e``; spending is the sum of
    ``w_k D p_k^(1 + e)``. Cost to serve today is taken as proportional to price, so the same weights add up
    volumes into computing. Computing per token falls by the gain of efficiency. No price falls below the
    cost of
    serving, ``price_floor`` times the index of unit cost: computing is paid from spending on tokens.
    """
    half, last = values["erosion_half_life"], values["price_erosion_long_run"]
    newest = level(-fading(values["frontier_erosion"], last, half, years))
    mature = level(-fading(values["price_erosion"], last, half, years))
    growth = fading(values["demand_growth"], values["terminal_growth"], values["demand_half_life"], years)
    demand, response, weight = level(growth), values["elasticity"], values["frontier_share"]
    effort = level(-fading(values["efficiency_gain"], last, half, years))
    rental = level(-fading(values["rental_decline"], 0.0, half, years))
    floor = values["price_floor"] * rental * effort
    newest, mature = np.maximum(newest, floor), np.maximum(mature, floor)
    bought_new = weight * _raised(newest, response)
    bought_mature = (1 - weight) * _raised(mature, response)
    volume = demand * (bought_new + bought_mature)
    spending = demand * (bought_new * newest + bought_mature * mature)
    return Market(spending / volume, spending, volume, volume * effort, rental, rental * effort)


def _raised(price: Floats, exponent: Floats) -> Floats:
    """Prices to a power: exponential and logarithm take a third of the time of ``**``."""
    with np.errstate(divide="ignore"):  # a price of nought
        return np.asarray(np.exp(exponent * np.log(price)))


def ai_business(role: str, values: Values, years: int) -> Business:
    """Revenue and margin of the AI business of a firm.

    Parameters
    ----------
    role : str
        seller, application, cloud, chips or power.
    values : mapping of str to ndarray
        Assumptions, shape (draws,).
    years : int
        Explicit years.
    """
    market = token_market(values, years)
    kept = level(-fading(values["share_loss"], 0.0, values["erosion_half_life"], years))
    return _ROLES[role](market, kept, values, years)


def _seller(market: Market, kept: Floats, values: Values, years: int) -> Business:
    """Sells tokens: revenue is price times volume; margin is what unit cost and overhead leave."""
    cost = values["compute_cost_share"] * market.unit_cost / market.price
    return Business(market.spending * kept, 1 - cost - _overhead(values, years))


def _application(market: Market, kept: Floats, values: Values, years: int) -> Business:
    """Buys tokens, sells software: part of a fall in their price is passed on, the rest is margin."""
    share = values["compute_cost_share"]
    price = 1 - values["pass_through"] * share * (1 - market.price)
    growth = fading(values["demand_growth"], values["terminal_growth"], values["demand_half_life"], years)
    revenue = level(growth) * kept * price ** (1 + values["elasticity"])
    return Business(revenue, 1 - share * market.price / price - _overhead(values, years))


def _cloud(market: Market, kept: Floats, values: Values, years: int) -> Business:
    """Rents computing out."""
    return Business(market.compute * market.rental * kept, _margin(values, years))


def _power(market: Market, kept: Floats, values: Values, years: int) -> Business:
    """Sells the power that computing takes; the price of power stays as it is."""
    saving = level(-fading(values["energy_gain"], 0.0, values["erosion_half_life"], years))
    return Business(market.compute * saving * kept, _margin(values, years))


def _chips(market: Market, kept: Floats, values: Values, years: int) -> Business:
    """Sells additions to the stock of computing: its growth and the replacement of what wears out.

    The accelerator of investment theory (Clark 1917): sales fall when the stock merely grows more slowly.
    """
    before = 1 / (1 + values["compute_growth_today"])
    stock = np.concatenate([np.broadcast_to(before, (1, market.compute.shape[1])), market.compute])
    bought = stock[1:] - stock[:-1] * (1 - 1 / values["accelerator_life"])
    additions = np.maximum(bought, 0.0) / bought[0]
    return Business(additions * market.rental * kept, _margin(values, years))


def _margin(values: Values, years: int) -> Floats:
    return fading(values["ai_margin"], values["ai_margin_long_run"], values["margin_half_life"], years + 1)


def _overhead(values: Values, years: int) -> Floats:
    return fading(
        values["overhead_share"], values["overhead_long_run"], values["margin_half_life"], years + 1
    )


_ROLES: Final[Mapping[str, Callable[[Market, Floats, Values, int], Business]]] = {
    "seller": _seller,
    "application": _application,
    "cloud": _cloud,
    "power": _power,
    "chips": _chips,
}
