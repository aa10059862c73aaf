"""How do buyers of a market choose, given prices? Shares, elasticities, diversion and surplus.

Two forms of demand, as merger simulation distinguishes them (Björnerstedt and Verboven 2016):

``unit``
    Every buyer takes one unit (a million tokens); utility falls linearly in price; shares are of units.
``expenditure``
    Every buyer spends one budget; utility falls in the logarithm of price; shares are of money, and the
    quantity bought is money over price. Prices of tokens span two orders of magnitude: with the linear
    form the dearest model would have a hundred times the elasticity of the cheapest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from undercut.errors import CellError, InputError, NotIdentifiedError, one_of
from undercut.inference.arrays import Booleans, Floats, Integers

Form = Literal["unit", "expenditure"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Choice probabilities by type of buyer.

    Attributes
    ----------
    joint, within : ndarray, shape (..., n_products, n_types)
        Probability of a product; of a product given its nest.
    log_sum : ndarray, shape (..., n_types)
        Expected utility of the best choice, the outside good's being zero.
    """

    joint: Floats
    within: Floats
    log_sum: Floats


@dataclass(frozen=True, slots=True)
class DemandSystem:
    """Mixed nested-logit demand of one market, or of many at once.

    Utility of product j for type i is ``utility[j, i] + slopes[i] * x_j``, with x the price (``unit``) or its
    logarithm (``expenditure``); the outside good has utility zero and a nest of its own. Arrays may have
    leading dimensions, shown as dots, one for each way in which markets differ (draws of assumptions,
    months); prices then have them too.

    Parameters
    ----------
    utility : ndarray, shape (..., n_products, n_types)
        Utility without the price; minus infinity for a product that does not exist.
    slopes : ndarray, shape (..., n_types)
        Negative: change of utility with x.
    weights : ndarray, shape (n_types,)
        Shares of the types; they sum to one.
    nests : ndarray, shape (..., n_products)
        Code of each product's nest.
    correlation : ndarray, shape (...)
        Nesting parameter rho in [0, 1): 0 is the plain logit.
    size : ndarray, shape (...)
        Size of the market with the outside good: millions of tokens (``unit``) or dollars (``expenditure``).
    form : {"unit", "expenditure"}

    Raises
    ------
    InputError
        A slope is not negative, the nesting parameter lies outside [0, 1), or shapes contradict each other.

    References
    ----------
    Berry (1994), RAND Journal of Economics 25; Björnerstedt and Verboven (2016), American Economic Journal:
    Applied Economics 8.

    Examples
    --------
    >>> import numpy as np
    >>> demand = invert([0.2, 0.3], [1.0, 4.0], slope=-0.5, size=100.0, form="expenditure")
    >>> demand.shares([1.0, 4.0]).round(6).tolist()
    [0.2, 0.3]
    >>> demand.elasticities([1.0, 4.0]).round(2).tolist()
    [[-1.4, 0.15], [0.1, -1.35]]
    """

    utility: Floats
    slopes: Floats
    weights: Floats
    nests: Integers
    correlation: Floats | float
    size: Floats | float
    form: Form

    def __post_init__(self) -> None:
        one_of("form", self.form, get_args(Form))
        if not np.all(self.slopes < 0):
            raise InputError(
                f"Buyers must dislike higher prices: {np.mean(self.slopes >= 0):.0%} of the slopes are not "
                "negative. Assume an elasticity instead of using this estimate."
            )
        rho = np.asarray(self.correlation)
        if not np.all((rho >= 0) & (rho < 1)):
            raise InputError(f"The nesting parameter must lie in [0, 1); got {rho.min():g} to {rho.max():g}.")
        shape = (self.nests.shape[-1], self.slopes.shape[-1])
        if self.utility.shape[-2:] != shape or len(self.weights) != shape[1]:
            raise InputError(
                f"utility has shape {self.utility.shape}; expected products by types, {shape}, with as many "
                "weights."
            )

    @property
    def exists(self) -> Booleans:
        """Which products there are, shape (..., n_products)."""
        return np.asarray(np.isfinite(self.utility).any(axis=-1))

    def choice(self, prices: Floats) -> Choice:
        """Probabilities and log-sums at ``prices``, shape (..., n_products)."""
        priced = self.utility + self._transformed(prices)[..., None] * self.slopes[..., None, :]
        free = 1 - np.asarray(self.correlation, dtype=float)[..., None, None]
        scaled = priced / free
        member = self.nests[..., :, None] == np.unique(self.nests)  # (..., n_products, n_nests)
        of_product = member.astype(float)
        of_nest = np.swapaxes(of_product, -1, -2)
        inside = np.where(member[..., None], scaled[..., :, None, :], -np.inf)
        largest = inside.max(axis=-3)  # (..., n_nests, n_types)
        largest = np.where(np.isfinite(largest), largest, 0.0)
        exponent = np.exp(scaled - of_product @ largest)
        total = of_nest @ exponent
        with np.errstate(divide="ignore"):  # an empty nest is never chosen
            inclusive = free * (np.log(total) + largest)
        peak = np.maximum(inclusive.max(axis=-2), 0.0)
        shifted = np.exp(inclusive - peak[..., None, :])
        denominator = np.exp(-peak) + shifted.sum(axis=-2)
        within = exponent / (of_product @ np.where(total > 0, total, 1.0))
        nest_share = shifted / denominator[..., None, :]
        return Choice(within * (of_product @ nest_share), within, peak + np.log(denominator))

    def shares(self, prices: Floats) -> Floats:
        """Shares of units (``unit``) or of money (``expenditure``), the outside good's left out."""
        return np.asarray(self.choice(prices).joint @ self.weights)

    def quantities(self, prices: Floats) -> Floats:
        """Millions of tokens bought of each product."""
        sold = np.asarray(self.size)[..., None] * self.shares(prices)
        return sold if self.form == "unit" else sold / np.asarray(prices, dtype=float)

    def surplus(self, prices: Floats) -> Floats:
        """Consumer surplus in dollars, up to a constant: log-sums over the marginal utility of money.

        Small and Rosen (1981). In the ``expenditure`` form buyers have quasi-linear preferences in which
        the logarithm of quantity counts, so that one budget is one unit of the log-sum over the slope.
        """
        by_type = self.weights * self.choice(prices).log_sum / -self.slopes
        return np.asarray(self.size * by_type.sum(axis=-1))

    def own_and_cross(self, prices: Floats, chosen: Choice | None = None) -> tuple[Floats, Floats]:
        """Derivatives of shares in x split as ``diag(own) - cross``, both with a negative sign inside.

        Returns
        -------
        own : ndarray, shape (..., n_products)
        cross : ndarray, shape (..., n_products, n_products)
            The split that the zeta fixed point of Morrow and Skerlos (2011) needs. The matrix of
            derivatives is symmetric.
        """
        chosen = self.choice(prices) if chosen is None else chosen
        pull = (self.weights * self.slopes)[..., None, :]
        rho = np.asarray(self.correlation, dtype=float)[..., None]
        own = (chosen.joint * pull).sum(axis=-1) / (1 - rho)
        same = self.nests[..., :, None] == self.nests[..., None, :]
        nested = (rho / (1 - rho))[..., None] * same
        others = np.swapaxes(chosen.joint, -1, -2)
        cross = (chosen.joint * pull) @ others + nested * ((chosen.within * pull) @ others)
        return own, cross

    def own_and_crossed(
        self, chosen: Choice, owned: Floats, nested: Floats, vector: Floats
    ) -> tuple[Floats, Floats]:
        """``own`` and ``(owned * cross) @ vector`` of `own_and_cross`, without its matrix.

        ``nested`` is ``owned`` where two products share a nest, and zero elsewhere.
        """
        pull = (self.weights * self.slopes)[..., None, :]
        rho = np.asarray(self.correlation, dtype=float)[..., None]
        of_others = chosen.joint * vector[..., None]  # (..., n_products, n_types)
        crossed = (chosen.joint * pull * (owned @ of_others)).sum(axis=-1)
        crossed += rho / (1 - rho) * (chosen.within * pull * (nested @ of_others)).sum(axis=-1)
        return (chosen.joint * pull).sum(axis=-1) / (1 - rho), crossed

    def derivatives(self, prices: Floats) -> Floats:
        """Derivative of share j (rows) in x of product k (columns)."""
        own, cross = self.own_and_cross(prices)
        return np.asarray(own[..., None] * np.eye(own.shape[-1]) - cross)

    def elasticities(self, prices: Floats) -> Floats:
        """Elasticity of the quantity of j (rows) with respect to the price of k (columns)."""
        prices = np.asarray(prices, dtype=float)
        relative = self.derivatives(prices) / self.shares(prices)[..., None]
        if self.form == "unit":
            return np.asarray(relative * prices[..., None, :])
        return np.asarray(relative - np.eye(prices.shape[-1]))

    def diversion(self, prices: Floats) -> Floats:
        """Where what a product loses goes whose price rises, shape (..., n_products, n_products + 1).

        Row j: share of the loss of j that goes to each other product; last column: to the outside good.
        The loss is of units or of money, as the form has it. The diagonal is -1; the row of a product that
        does not exist is not a number.
        """
        derivatives = self.derivatives(prices)
        lost = -np.diagonal(derivatives, axis1=-2, axis2=-1)[..., None]
        to_inside = np.divide(derivatives, lost, out=np.full(derivatives.shape, np.nan), where=lost > 0)
        return np.concatenate([to_inside, -to_inside.sum(axis=-1, keepdims=True)], axis=-1)

    def keep(self, stays: Booleans) -> DemandSystem:
        """The same buyers without the products where ``stays`` is false, which no longer exist."""
        return replace(self, utility=np.where(np.asarray(stays)[..., None], self.utility, -np.inf))

    def take(self, markets: Booleans) -> DemandSystem:
        """Some of many markets, picked on the first of the leading dimensions."""
        return replace(
            self, utility=self.utility[markets], slopes=self.slopes[markets], nests=self.nests[markets],
            correlation=np.asarray(self.correlation)[markets], size=np.asarray(self.size)[markets],
        )  # fmt: skip

    def _transformed(self, prices: Floats) -> Floats:
        prices = np.asarray(prices, dtype=float)
        if self.form == "unit":
            return prices
        if np.any(prices <= 0):
            raise CellError(
                "Prices must be positive where a budget is spent; use the unit form for free models."
            )
        return np.asarray(np.log(prices))


def invert(
    shares: Floats | list[float],
    prices: Floats | list[float],
    *,
    slope: Floats | float,
    size: Floats | float,
    form: Form,
    nests: Integers | None = None,
    correlation: Floats | float = 0.0,
) -> DemandSystem:
    """The demand system with one type of buyer that reproduces observed shares (Berry 1994, in closed form).

    Parameters
    ----------
    shares, prices : ndarray, shape (..., n_products)
        Shares of units or money; not a number for a product that does not exist.
    slope, size, correlation : ndarray, shape (...)
    form : {"unit", "expenditure"}
    nests : ndarray, optional
        One nest for all by default.

    Raises
    ------
    CellError
        A share is not positive.
    NotIdentifiedError
        Shares leave nothing for the outside good, so that no demand reproduces them.
    InputError
        There are more shares than prices, or fewer.
    """
    share, price = np.asarray(shares, dtype=float), np.asarray(prices, dtype=float)
    if share.shape[-1] != price.shape[-1]:
        raise InputError(f"There are {share.shape[-1]} shares but {price.shape[-1]} prices.")
    exists, inside = ~np.isnan(share), np.nansum(share, axis=-1, keepdims=True)
    if np.any(share <= 0):
        raise CellError(f"Shares must be positive; the lowest is {np.nanmin(share):g}.")
    if np.any(inside >= 1):
        raise NotIdentifiedError(
            f"Shares must leave something for the outside good; they sum to {inside.max():g}."
        )
    groups = np.zeros(share.shape[-1:], dtype=np.int64) if nests is None else np.asarray(nests, np.int64)
    same = groups[..., :, None] == groups[..., None, :]
    in_nest = (same @ np.where(exists, share, 0.0)[..., None])[..., 0]
    rho, steepness = (np.asarray(each, dtype=float)[..., None] for each in (correlation, slope))
    mean = np.log(share) - np.log(1 - inside) - rho * np.log(share / np.where(exists, in_nest, 1.0))
    x = price if form == "unit" else np.log(price)
    utility = np.where(exists, mean - steepness * x, -np.inf)[..., None]
    return DemandSystem(utility, steepness, np.ones(1), groups, correlation, size, form)
