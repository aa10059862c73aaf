"""How do buyers of one market choose, given prices? Shares, elasticities, diversion and surplus.

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
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from undercut.errors import DataError, InputError
from undercut.inference.arrays import Floats, Integers

Form = Literal["unit", "expenditure"]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Choice:
    """Choice probabilities by type of buyer.

    Attributes
    ----------
    joint, within : ndarray, shape (n_products, n_types)
        Probability of a product; of a product given its nest.
    log_sum : ndarray, shape (n_types,)
        Expected utility of the best choice, the outside good's being zero.
    """

    joint: Floats
    within: Floats
    log_sum: Floats


@dataclass(frozen=True, slots=True)
class DemandSystem:
    """Mixed nested-logit demand of one market.

    Utility of product j for type i is ``values[j, i] + slopes[i] * x_j``, with x the price (``unit``) or its
    logarithm (``expenditure``); the outside good has utility zero and a nest of its own.

    Parameters
    ----------
    values : ndarray, shape (n_products, n_types)
        Utility without the price.
    slopes : ndarray, shape (n_types,)
        Negative: change of utility with x.
    weights : ndarray, shape (n_types,)
        Shares of the types; they sum to one.
    nests : ndarray, shape (n_products,)
        Code of each product's nest.
    correlation : float
        Nesting parameter rho in [0, 1): 0 is the plain logit.
    size : float
        Size of the market with the outside good: millions of tokens (``unit``) or dollars (``expenditure``).
    form : {"unit", "expenditure"}

    Raises
    ------
    InputError
        A slope is not negative, or the nesting parameter lies outside [0, 1).
    DataError
        Shapes contradict each other.

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

    values: Floats
    slopes: Floats
    weights: Floats
    nests: Integers
    correlation: float
    size: float
    form: Form

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise InputError(f"form must be one of {', '.join(get_args(Form))}; got {self.form!r}.")
        if not np.all(self.slopes < 0):
            raise InputError(
                f"Buyers must dislike higher prices: {np.mean(self.slopes >= 0):.0%} of the slopes are not "
                "negative. Assume an elasticity instead of using this estimate."
            )
        if not 0 <= self.correlation < 1:
            raise InputError(f"The nesting parameter must lie in [0, 1); got {self.correlation:g}.")
        shape = (len(self.nests), len(self.slopes))
        if self.values.shape != shape or len(self.weights) != shape[1]:
            raise DataError(
                f"values has shape {self.values.shape}; expected products by types, {shape}, with as many "
                "weights."
            )

    def choice(self, prices: Floats) -> Choice:
        """Probabilities and log-sums at ``prices``, shape (n_products,)."""
        utility = self.values + np.outer(self._transformed(prices), self.slopes)
        scaled = utility / (1 - self.correlation)
        member = self.nests[:, None] == np.unique(self.nests)[None, :]  # (n_products, n_nests)
        largest = np.array([scaled[rows].max(axis=0) for rows in member.T])  # (n_nests, n_types)
        of_product = member.astype(float)
        exponent = np.exp(scaled - of_product @ largest)
        total = of_product.T @ exponent
        inclusive = (1 - self.correlation) * (np.log(total) + largest)
        peak = np.maximum(inclusive.max(axis=0), 0.0)
        denominator = np.exp(-peak) + np.exp(inclusive - peak).sum(axis=0)
        within = exponent / (of_product @ total)
        nest_share = np.exp(inclusive - peak) / denominator
        return Choice(within * (of_product @ nest_share), within, peak + np.log(denominator))

    def shares(self, prices: Floats) -> Floats:
        """Shares of units (``unit``) or of money (``expenditure``), the outside good's left out."""
        return self.choice(np.asarray(prices, dtype=float)).joint @ self.weights

    def quantities(self, prices: Floats) -> Floats:
        """Millions of tokens bought of each product."""
        sold = self.size * self.shares(prices)
        return sold if self.form == "unit" else sold / np.asarray(prices, dtype=float)

    def surplus(self, prices: Floats) -> float:
        """Consumer surplus in dollars, up to a constant: log-sums over the marginal utility of money.

        Small and Rosen (1981). In the ``expenditure`` form buyers have quasi-linear preferences in which
        the logarithm of quantity counts, so that one budget is one unit of the log-sum over the slope.
        """
        log_sum = self.choice(np.asarray(prices, dtype=float)).log_sum
        return float(self.size * np.sum(self.weights * log_sum / -self.slopes))

    def own_and_cross(self, prices: Floats) -> tuple[Floats, Floats]:
        """Derivatives of shares in x split as ``diag(own) - cross``, both with a negative sign inside.

        Returns
        -------
        own : ndarray, shape (n_products,)
        cross : ndarray, shape (n_products, n_products)
            The split that the zeta fixed point of Morrow and Skerlos (2011) needs. The matrix of
            derivatives is symmetric.
        """
        chosen = self.choice(np.asarray(prices, dtype=float))
        pull = self.weights * self.slopes
        nested = self.correlation / (1 - self.correlation)
        own = chosen.joint @ pull / (1 - self.correlation)
        same = self.nests[:, None] == self.nests[None, :]
        cross = (chosen.joint * pull) @ chosen.joint.T
        return own, cross + nested * same * ((chosen.within * pull) @ chosen.joint.T)

    def derivatives(self, prices: Floats) -> Floats:
        """Derivative of share j (rows) in x of product k (columns)."""
        own, cross = self.own_and_cross(prices)
        return np.diag(own) - cross

    def elasticities(self, prices: Floats) -> Floats:
        """Elasticity of the quantity of j (rows) with respect to the price of k (columns)."""
        prices = np.asarray(prices, dtype=float)
        relative = self.derivatives(prices) / self.shares(prices)[:, None]
        if self.form == "unit":
            return relative * prices[None, :]
        return relative - np.eye(len(prices))

    def diversion(self, prices: Floats) -> Floats:
        """Where what a dearer product loses goes, shape (n_products, n_products + 1).

        Row j: share of the loss of j that goes to each other product; last column: to the outside good.
        The loss is of units or of money, as the form has it. The diagonal is -1.
        """
        derivatives = self.derivatives(prices)
        to_inside = derivatives / -np.diag(derivatives)[:, None]
        return np.column_stack([to_inside, -to_inside.sum(axis=1)])

    def keep(self, stays: Mask) -> DemandSystem:
        """The same buyers without the products where ``stays`` is false."""
        return replace(self, values=self.values[stays], nests=self.nests[stays])

    def _transformed(self, prices: Floats) -> Floats:
        if self.form == "unit":
            return prices
        if np.any(prices <= 0):
            raise DataError(
                "Prices must be positive where a budget is spent; use the unit form for free models."
            )
        return np.log(prices)


def invert(
    shares: Floats | list[float],
    prices: Floats | list[float],
    *,
    slope: float,
    size: float,
    form: Form,
    nests: Integers | None = None,
    correlation: float = 0.0,
) -> DemandSystem:
    """The demand system with one type of buyer that reproduces observed shares (Berry 1994, in closed form).

    Raises
    ------
    DataError
        A share is not positive, or shares leave nothing for the outside good.
    """
    share, price = _checked(shares, prices)
    groups = np.zeros(len(share), dtype=np.int64) if nests is None else np.asarray(nests, dtype=np.int64)
    in_nest = np.array([share[groups == group].sum() for group in groups])
    mean = np.log(share) - np.log(1 - share.sum()) - correlation * np.log(share / in_nest)
    x = price if form == "unit" else np.log(price)
    values = (mean - slope * x)[:, None]
    return DemandSystem(values, np.array([slope]), np.ones(1), groups, correlation, size, form)


def invert_types(
    shares: Floats,
    prices: Floats,
    *,
    slopes: Floats,
    weights: Floats,
    size: float,
    form: Form,
    tolerance: float = 1e-13,
    iterations: int = 5000,
) -> DemandSystem:
    """The demand system with several types of buyer that reproduces observed shares.

    By the contraction of Berry, Levinsohn and Pakes (1995), Econometrica 63, without nests.

    Raises
    ------
    DataError
        Shares are impossible, or the contraction did not converge.
    """
    share, price = _checked(shares, prices)
    mean = np.log(share) - np.log(1 - share.sum())
    nests = np.zeros(len(share), dtype=np.int64)
    x = price if form == "unit" else np.log(price)
    start = mean - float(weights @ slopes) * x
    system = DemandSystem(
        np.repeat(start[:, None], len(slopes), axis=1), slopes, weights, nests, 0.0, size, form
    )
    for _ in range(iterations):
        step = np.log(share) - np.log(system.shares(price))
        system = replace(system, values=system.values + step[:, None])
        if np.abs(step).max() < tolerance:
            return system
    raise DataError(
        f"Observed shares could not be reproduced in {iterations} steps (last step {np.abs(step).max():.1e})."
    )


def _checked(shares: Floats | list[float], prices: Floats | list[float]) -> tuple[Floats, Floats]:
    share, price = np.asarray(shares, dtype=float), np.asarray(prices, dtype=float)
    if share.shape != price.shape:
        raise DataError(f"There are {len(share)} shares but {len(price)} prices.")
    if np.any(share <= 0) or share.sum() >= 1:
        raise DataError(
            "Shares must be positive and leave something for the outside good; they run from "
            f"{share.min():g} and sum to {share.sum():g}."
        )
    return share, price
