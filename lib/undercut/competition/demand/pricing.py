"""Which costs do observed prices imply, and which prices would sellers set in another market?

Sellers set the prices of all their products at once, each taking the others' prices as given (Bertrand-Nash).
Arrays may have leading dimensions, one market each, as in :mod:`undercut.competition.demand.system`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from undercut.competition.demand.system import Choice, DemandSystem
from undercut.errors import CellError, ConvergenceError
from undercut.inference.arrays import Booleans, Floats, Integers

#: Who sets each price: names of one market, or codes of any number of markets.
Firms: TypeAlias = pd.Series | Integers


class EquilibriumError(ConvergenceError):
    """No prices were found at which nobody wants to change theirs; try other costs or a larger slope."""


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Prices from which no seller gains by moving.

    Attributes
    ----------
    prices : ndarray, shape (..., n_products)
    residual : float
        Largest first-order condition, relative to the share of the product: zero in equilibrium.
    iterations : int
        Of the market that took most.
    """

    prices: Floats
    residual: float
    iterations: int


@dataclass(frozen=True, slots=True)
class _Sellers:
    """What the first-order conditions need to know of sellers: joint ownership, the same within nests, and
    who sets prices."""

    owned: Floats
    nested: Floats
    strategic: Booleans

    def take(self, markets: Booleans) -> _Sellers:
        return _Sellers(self.owned[markets], self.nested[markets], self.strategic[markets])


def marginal_costs(
    system: DemandSystem, prices: Floats, firms: Firms, *, competitive: Booleans | None = None
) -> Floats:
    """Marginal costs that make observed prices a Bertrand-Nash equilibrium.

    Parameters
    ----------
    system : DemandSystem
    prices : ndarray, shape (..., n_products)
        Dollars per million tokens.
    firms : Series, or ndarray of shape (..., n_products)
        Who sets each price.
    competitive : ndarray of bool, optional
        Products sold by many hosts at cost: their cost is their price.

    Returns
    -------
    ndarray, shape (..., n_products)
        Possibly negative: then demand is less elastic than this pricing allows, and the caller must say so.

    Examples
    --------
    >>> import pandas as pd
    >>> from undercut.competition.demand.system import invert
    >>> demand = invert([0.1, 0.2], [2.0, 4.0], slope=-1.0, size=100.0, form="unit")
    >>> marginal_costs(demand, np.array([2.0, 4.0]), pd.Series(["a", "b"])).round(4).tolist()
    [0.8889, 2.75]
    """
    margin = margins(system, prices, firms, competitive=competitive)
    return prices - margin if system.form == "unit" else prices * (1 - margin)


def margins(
    system: DemandSystem, prices: Floats, firms: Firms, *, competitive: Booleans | None = None
) -> Floats:
    """Margins at which ``prices`` satisfy the first-order conditions.

    Dollars (``unit``) or shares of the price, the Lerner index (``expenditure``); zero where competitive.
    """
    sellers = _sellers(system, firms, competitive)
    chosen = system.choice(prices)
    own, cross = system.own_and_cross(prices, chosen)
    share = chosen.joint @ system.weights
    diagonal = np.eye(share.shape[-1])
    conditions = (_shift(system, share) - own)[..., None] * diagonal + sellers.owned * cross
    both = sellers.strategic[..., :, None] & sellers.strategic[..., None, :]
    known = np.where(sellers.strategic, share, 0.0)[..., None]
    return np.asarray(np.linalg.solve(np.where(both, conditions, diagonal), known)[..., 0])


def equilibrium(
    system: DemandSystem,
    costs: Floats,
    firms: Firms,
    *,
    competitive: Booleans | None = None,
    start: Floats | None = None,
    tolerance: float = 1e-12,
    iterations: int = 20_000,
) -> Equilibrium:
    """Bertrand-Nash prices by the zeta fixed point.

    Parameters
    ----------
    system, firms, competitive
        As in :func:`marginal_costs`.
    costs : ndarray, shape (..., n_products)
        Dollars per million tokens; positive in the ``expenditure`` form.
    start : ndarray, optional
        First guess of prices; by default costs, with a margin.
    tolerance : float
        Largest relative change of a price in a market's last step.

    Raises
    ------
    EquilibriumError
        The fixed point was not reached, or the first-order conditions do not hold at it.
    CellError
        Costs are not positive where the form needs it.

    Notes
    -----
    With derivatives of shares written as L - G (L diagonal), first-order conditions are
    ``margin = (shift - L)^-1 (share - (O * G) margin)``, O marking common ownership, and ``shift`` zero in
    the unit form and the share in the expenditure form, where a higher price also lowers the quantity that
    a given amount of money buys. Unlike iterating on inverted conditions, the zeta map is a local
    contraction for logit models (Morrow and Skerlos 2011, Operations Research 59). Markets leave the
    iteration as they settle.

    Examples
    --------
    >>> import pandas as pd
    >>> from undercut.competition.demand.system import invert
    >>> demand = invert([0.1, 0.2], [2.0, 4.0], slope=-1.0, size=100.0, form="unit")
    >>> firms = pd.Series(["a", "b"])
    >>> costs = marginal_costs(demand, np.array([2.0, 4.0]), firms)
    >>> equilibrium(demand, costs, firms).prices.round(8).tolist()
    [2.0, 4.0]
    """
    if system.form == "expenditure" and np.any(costs <= 0):
        raise CellError(
            "Costs must be positive where buyers spend a budget: a price is a cost over 1 - margin."
        )
    sellers = _sellers(system, firms, competitive)
    prices = _first_guess(system, costs, sellers) if start is None else np.array(start, dtype=float)
    prices = np.where(sellers.strategic, prices, costs)
    many, cost, held = _flat(system, costs, sellers)
    found = prices.reshape(cost.shape)
    going = np.arange(len(cost))
    for step in range(1, iterations + 1):
        before = found[going]
        after = _priced(many, cost, _zeta(many, before, cost, held))
        moved = np.max(np.abs(after - before) / np.maximum(np.abs(before), 1e-12), axis=-1, initial=0.0)
        found[going] = after
        if not np.all(np.isfinite(after)):
            break
        open_ones = moved >= tolerance
        if not open_ones.any():
            found = found.reshape(prices.shape)
            residual = _residual(system, found, costs, sellers)
            if residual <= 1e-6:
                return Equilibrium(found, residual, step)
            raise EquilibriumError(
                f"At the fixed point a first-order condition is off by {residual:.1e} of a share."
            )
        if not open_ones.all():
            going, cost = going[open_ones], cost[open_ones]
            many, held = many.take(open_ones), held.take(open_ones)
    raise EquilibriumError(
        f"Prices did not settle in {iterations} steps. Very inelastic demand or a seller of nearly the whole "
        "market makes margins explode; assume a larger elasticity or outside share."
    )


def _residual(system: DemandSystem, prices: Floats, costs: Floats, sellers: _Sellers) -> float:
    margin = np.where(sellers.strategic, _margin(system, prices, costs), 0.0)
    chosen = system.choice(prices)
    share = chosen.joint @ system.weights
    own, crossed = system.own_and_crossed(chosen, sellers.owned, sellers.nested, margin)
    gain = share + (own - _shift(system, share)) * margin - crossed
    relative = np.divide(gain, share, out=np.zeros_like(share), where=sellers.strategic)
    return float(np.max(np.abs(relative), initial=0.0))


def _zeta(system: DemandSystem, prices: Floats, costs: Floats, sellers: _Sellers) -> Floats:
    chosen: Choice = system.choice(prices)
    share = chosen.joint @ system.weights
    margin = np.where(sellers.strategic, _margin(system, prices, costs), 0.0)
    own, crossed = system.own_and_crossed(chosen, sellers.owned, sellers.nested, margin)
    return np.divide(
        share - crossed, _shift(system, share) - own, out=np.zeros_like(share), where=sellers.strategic
    )


def _flat(system: DemandSystem, costs: Floats, sellers: _Sellers) -> tuple[DemandSystem, Floats, _Sellers]:
    """Systems, costs and sellers with all leading dimensions in one."""
    lead, count = system.utility.shape[:-2], system.utility.shape[-2]

    def wide(array: Any, *inner: int) -> Any:
        return np.broadcast_to(array, (*lead, *inner)).reshape(-1, *inner)

    many = replace(
        system, utility=wide(system.utility, *system.utility.shape[-2:]),
        slopes=wide(system.slopes, len(system.weights)), nests=wide(system.nests, count).astype(np.int64),
        correlation=wide(np.asarray(system.correlation)), size=wide(np.asarray(system.size)),
    )  # fmt: skip
    owned, nested = (wide(held, count, count) for held in (sellers.owned, sellers.nested))
    held = _Sellers(owned, nested, wide(sellers.strategic, count).astype(bool))
    return many, wide(costs, count), held


def _margin(system: DemandSystem, prices: Floats, costs: Floats) -> Floats:
    return prices - costs if system.form == "unit" else 1 - costs / prices


def _priced(system: DemandSystem, costs: Floats, margin: Floats) -> Floats:
    return costs + margin if system.form == "unit" else costs / (1 - margin)


def _shift(system: DemandSystem, share: Floats) -> Floats:
    return np.zeros_like(share) if system.form == "unit" else share


def _first_guess(system: DemandSystem, costs: Floats, sellers: _Sellers) -> Floats:
    steepness = -(system.slopes @ system.weights)[..., None]
    margin = 1 / steepness if system.form == "unit" else 1 / (1 + steepness)
    return _priced(system, costs, np.where(sellers.strategic, margin, 0.0))


def _sellers(system: DemandSystem, firms: Firms, competitive: Booleans | None) -> _Sellers:
    codes = pd.factorize(firms)[0] if isinstance(firms, pd.Series) else firms
    owned = (codes[..., :, None] == codes[..., None, :]).astype(float)
    sets_prices = system.exists if competitive is None else system.exists & ~np.asarray(competitive)
    same_nest = system.nests[..., :, None] == system.nests[..., None, :]
    return _Sellers(owned, owned * same_nest, sets_prices)
