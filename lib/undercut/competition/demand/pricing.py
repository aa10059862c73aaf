"""Which costs do observed prices imply, and which prices would sellers set in another market?

Sellers set the prices of all their products at once, each taking the others' prices as given (Bertrand-Nash).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from undercut.competition.demand.system import DemandSystem, Mask
from undercut.errors import DataError, UndercutError
from undercut.inference.arrays import Floats


class EquilibriumError(UndercutError):
    """No prices were found at which nobody wants to change theirs; try other costs or a larger slope."""


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Prices from which no seller gains by moving.

    Attributes
    ----------
    prices : ndarray, shape (n_products,)
    residual : float
        Largest first-order condition, relative to the share of the product: zero in equilibrium.
    iterations : int
    """

    prices: Floats
    residual: float
    iterations: int


def marginal_costs(
    system: DemandSystem, prices: Floats, firms: pd.Series, *, competitive: Mask | None = None
) -> Floats:
    """Marginal costs that make observed prices a Bertrand-Nash equilibrium.

    Parameters
    ----------
    system : DemandSystem
    prices : ndarray, shape (n_products,)
        Dollars per million tokens.
    firms : Series
        Who sets each price.
    competitive : ndarray of bool, optional
        Products sold by many hosts at cost: their cost is their price.

    Returns
    -------
    ndarray, shape (n_products,)
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
    system: DemandSystem, prices: Floats, firms: pd.Series, *, competitive: Mask | None = None
) -> Floats:
    """Margins at which ``prices`` satisfy the first-order conditions.

    Dollars (``unit``) or shares of the price, the Lerner index (``expenditure``); zero where competitive.
    """
    strategic = _strategic(firms, competitive)
    own, cross = system.own_and_cross(prices)
    share = system.shares(prices)
    matrix = np.diag(_shift(system, share) - own) + _owned(firms) * cross
    margin = np.zeros(len(share))
    if strategic.any():
        inside = np.ix_(strategic, strategic)
        margin[strategic] = np.linalg.solve(matrix[inside], share[strategic])
    return margin


def equilibrium(
    system: DemandSystem,
    costs: Floats,
    firms: pd.Series,
    *,
    competitive: Mask | None = None,
    start: Floats | None = None,
    tolerance: float = 1e-12,
    iterations: int = 20_000,
) -> Equilibrium:
    """Bertrand-Nash prices by the zeta fixed point.

    Parameters
    ----------
    system, firms, competitive
        As in :func:`marginal_costs`.
    costs : ndarray, shape (n_products,)
        Dollars per million tokens; positive in the ``expenditure`` form.
    start : ndarray, optional
        First guess of prices; by default costs, with a margin.
    tolerance : float
        Largest relative change of a price in the last step.

    Raises
    ------
    EquilibriumError
        The fixed point was not reached, or the first-order conditions do not hold at it.
    DataError
        Costs are not positive where the form needs it.

    Notes
    -----
    With derivatives of shares written as L - G (L diagonal), first-order conditions are
    ``margin = (shift - L)^-1 (share - (O * G) margin)``, O marking common ownership, and ``shift`` zero in
    the unit form and the share in the expenditure form, where a higher price also lowers the quantity that
    a given amount of money buys. Unlike iterating on inverted conditions, the zeta map is a local
    contraction for logit models (Morrow and Skerlos 2011, Operations Research 59).

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
        raise DataError(
            "Costs must be positive where buyers spend a budget: a price is a cost over 1 - margin."
        )
    strategic = _strategic(firms, competitive)
    owned = _owned(firms)
    prices = _first_guess(system, costs, strategic) if start is None else np.array(start, dtype=float)
    prices[~strategic] = costs[~strategic]
    for step in range(1, iterations + 1):
        updated = _priced(system, costs, _zeta(system, prices, costs, owned, strategic))
        moved = float(np.max(np.abs(updated - prices) / np.maximum(np.abs(prices), 1e-12), initial=0.0))
        prices = updated
        if not np.all(np.isfinite(prices)):
            break
        if moved < tolerance:
            return _verified(system, prices, costs, firms, strategic, step)
    raise EquilibriumError(
        f"Prices did not settle in {iterations} steps. Very inelastic demand or a seller of nearly the whole "
        "market makes margins explode; assume a larger elasticity or outside share."
    )


def first_order_residual(
    system: DemandSystem, prices: Floats, costs: Floats, firms: pd.Series, *, competitive: Mask | None = None
) -> float:
    """Largest violation of the first-order conditions of strategic products, relative to their shares."""
    strategic = _strategic(firms, competitive)
    if not strategic.any():
        return 0.0
    margin = np.where(strategic, _margin(system, prices, costs), 0.0)
    share = system.shares(prices)
    gain = share - _shift(system, share) * margin + (_owned(firms) * system.derivatives(prices)) @ margin
    return float(np.max(np.abs(gain[strategic] / share[strategic])))


def _zeta(system: DemandSystem, prices: Floats, costs: Floats, owned: Floats, strategic: Mask) -> Floats:
    own, cross = system.own_and_cross(prices)
    share = system.shares(prices)
    margin = np.where(strategic, _margin(system, prices, costs), 0.0)
    updated = (share - (owned * cross) @ margin) / (_shift(system, share) - own)
    return np.where(strategic, updated, 0.0)


def _verified(
    system: DemandSystem, prices: Floats, costs: Floats, firms: pd.Series, strategic: Mask, steps: int
) -> Equilibrium:
    residual = first_order_residual(system, prices, costs, firms, competitive=~strategic)
    if residual > 1e-6:
        raise EquilibriumError(
            f"At the fixed point a first-order condition is off by {residual:.1e} of a share."
        )
    return Equilibrium(prices, residual, steps)


def _margin(system: DemandSystem, prices: Floats, costs: Floats) -> Floats:
    return prices - costs if system.form == "unit" else 1 - costs / prices


def _priced(system: DemandSystem, costs: Floats, margin: Floats) -> Floats:
    return costs + margin if system.form == "unit" else costs / (1 - margin)


def _shift(system: DemandSystem, share: Floats) -> Floats:
    return np.zeros_like(share) if system.form == "unit" else share


def _first_guess(system: DemandSystem, costs: Floats, strategic: Mask) -> Floats:
    steepness = -float(system.weights @ system.slopes)
    margin = 1 / steepness if system.form == "unit" else 1 / (1 + steepness)
    return _priced(system, costs, np.where(strategic, margin, 0.0))


def _strategic(firms: pd.Series, competitive: Mask | None) -> Mask:
    return np.ones(len(firms), dtype=bool) if competitive is None else ~np.asarray(competitive, dtype=bool)


def _owned(firms: pd.Series) -> Floats:
    codes = pd.factorize(firms)[0]
    return (codes[:, None] == codes[None, :]).astype(float)
