"""How much more does one period cost than another? The classical formulas, over matched products, and
Feenstra's (1994) correction for products that appear and disappear.

Each formula takes a `Matched` pair of periods, base (0) and current (1), and returns one number. Symbols:
prices :math:`p`, quantities :math:`q`, values :math:`v = pq`, expenditure shares :math:`s`, price relatives
:math:`r_i = p_i^1 / p_i^0`. Shares are over the matched products.

References
----------
International Labour Office et al. (2004). Producer Price Index Manual, chapters 15 to 20. IMF.
Balk, B. M. (2008). Price and Quantity Index Numbers. Cambridge University Press.
Diewert, W. E. (1976). Exact and superlative index numbers. Journal of Econometrics 4(2), 115-145.
Lloyd, P. J. (1975). Substitution effects and biases in nontrue price indices. American Economic Review 65(3),
301-313.
Moulton, B. R. (1996). Constant elasticity cost-of-living index in share-relative form. Bureau of Labor
Statistics.
Sato, K. (1976). The ideal log-change index number. Review of Economics and Statistics 58(2), 223-228.
Vartia, Y. O. (1976). Ideal log-change index numbers. Scandinavian Journal of Statistics 3(3), 121-126.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from undercut.errors import InputError
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class Matched:
    """The products that two periods share.

    Attributes
    ----------
    price_base, price_current : numpy.ndarray
        Prices in the two periods, shape (n_matched,).
    quantity_base, quantity_current : numpy.ndarray
        Quantities, shape (n_matched,); empty when the quotes have none.
    basket_quantity, basket_value : numpy.ndarray
        Quantities and values of the weight period (Lowe, Young), shape (n_matched,); else empty.
    elasticity : float
        Elasticity of substitution (Lloyd-Moulton); else not a number.
    """

    price_base: Floats
    price_current: Floats
    quantity_base: Floats = field(default_factory=lambda: np.empty(0))
    quantity_current: Floats = field(default_factory=lambda: np.empty(0))
    basket_quantity: Floats = field(default_factory=lambda: np.empty(0))
    basket_value: Floats = field(default_factory=lambda: np.empty(0))
    elasticity: float = np.nan

    @property
    def relative(self) -> Floats:
        """Current price over base price."""
        return self.price_current / self.price_base

    @property
    def value_base(self) -> Floats:
        """Expenditure in the base period."""
        return self.price_base * self.quantity_base

    @property
    def value_current(self) -> Floats:
        """Expenditure in the current period."""
        return self.price_current * self.quantity_current


Formula = Callable[[Matched], float]


def _share(values: Floats) -> Floats:
    return np.asarray(values / values.sum())


def _dot(left: Floats, right: Floats) -> float:
    """Sum of products. Not ``@``: its rounding depends on the number of threads."""
    return float((left * right).sum())


def _arithmetic(relative: Floats, share: Floats) -> float:
    return _dot(share, relative)


def _geometric(relative: Floats, share: Floats) -> float:
    return float(np.exp(_dot(share, np.log(relative))))


def _harmonic(relative: Floats, share: Floats) -> float:
    return 1 / _dot(share, 1 / relative)


def _basket(pair: Matched, quantity: Floats) -> float:
    return _dot(pair.price_current, quantity) / _dot(pair.price_base, quantity)


def log_mean(left: Floats, right: Floats) -> Floats:
    """Logarithmic mean of positive numbers, :math:`(a - b) / (\\ln a - \\ln b)`, and :math:`a` if equal.

    Written with the ratio :math:`x = a/b - 1` so that nearly equal numbers lose no digits.

    Examples
    --------
    >>> log_mean(np.array([1.0, 2.0]), np.array([1.0, 1.0])).round(6).tolist()
    [1.0, 1.442695]
    """
    excess = (left - right) / right
    safe = np.where(excess == 0, 1.0, excess)
    return np.where(excess == 0, left, right * safe / np.log1p(safe))


def jevons(pair: Matched) -> float:
    """Jevons (1865): :math:`\\exp(\\frac1n \\sum \\ln r_i)`, the geometric mean of price relatives."""
    return float(np.exp(np.mean(np.log(pair.relative))))


def dutot(pair: Matched) -> float:
    """Dutot (1738): :math:`\\sum p^1 / \\sum p^0`. Depends on the units of the products."""
    return float(pair.price_current.sum() / pair.price_base.sum())


def carli(pair: Matched) -> float:
    """Carli (1764): :math:`\\frac1n \\sum r_i`. Biased upward: fails time reversal."""
    return float(pair.relative.mean())


def harmonic(pair: Matched) -> float:
    """Coggeshall (1887): :math:`n / \\sum r_i^{-1}`, the harmonic mean of price relatives."""
    return float(1 / (1 / pair.relative).mean())


def cswd(pair: Matched) -> float:
    """Carruthers, Sellwood, Ward (1980) and Dalén (1992): geometric mean of Carli and harmonic."""
    return float(np.sqrt(carli(pair) * harmonic(pair)))


def laspeyres(pair: Matched) -> float:
    """Laspeyres (1871): :math:`\\sum p^1 q^0 / \\sum p^0 q^0`."""
    return _basket(pair, pair.quantity_base)


def paasche(pair: Matched) -> float:
    """Paasche (1874): :math:`\\sum p^1 q^1 / \\sum p^0 q^1`."""
    return _basket(pair, pair.quantity_current)


def fisher(pair: Matched) -> float:
    """Fisher (1922): geometric mean of Laspeyres and Paasche; superlative (Diewert 1976)."""
    return float(np.sqrt(laspeyres(pair) * paasche(pair)))


def geometric_laspeyres(pair: Matched) -> float:
    """Geometric Laspeyres: :math:`\\prod r_i^{s_i^0}`."""
    return _geometric(pair.relative, _share(pair.value_base))


def geometric_paasche(pair: Matched) -> float:
    """Geometric Paasche: :math:`\\prod r_i^{s_i^1}`."""
    return _geometric(pair.relative, _share(pair.value_current))


def harmonic_laspeyres(pair: Matched) -> float:
    """Harmonic Laspeyres: :math:`1 / \\sum s_i^0 r_i^{-1}`."""
    return _harmonic(pair.relative, _share(pair.value_base))


def palgrave(pair: Matched) -> float:
    """Palgrave (1886): :math:`\\sum s_i^1 r_i`."""
    return _arithmetic(pair.relative, _share(pair.value_current))


def tornqvist(pair: Matched) -> float:
    """Törnqvist (1936): :math:`\\prod r_i^{(s_i^0 + s_i^1)/2}`; superlative (Diewert 1976)."""
    share = (_share(pair.value_base) + _share(pair.value_current)) / 2
    return _geometric(pair.relative, share)


def walsh(pair: Matched) -> float:
    """Walsh (1901): basket index with quantities :math:`\\sqrt{q^0 q^1}`; superlative."""
    return _basket(pair, np.sqrt(pair.quantity_base * pair.quantity_current))


def geometric_walsh(pair: Matched) -> float:
    """Geometric Walsh: relatives weighted by :math:`\\sqrt{s_i^0 s_i^1}`, normalised."""
    return _geometric(pair.relative, _share(np.sqrt(pair.value_base * pair.value_current)))


def marshall_edgeworth(pair: Matched) -> float:
    """Marshall (1887) and Edgeworth (1925): basket index with quantities :math:`(q^0 + q^1)/2`."""
    return _basket(pair, pair.quantity_base + pair.quantity_current)


def sato_vartia(pair: Matched) -> float:
    """Sato (1976) and Vartia (1976): log-mean shares, normalised. Exact for CES preferences."""
    weight = log_mean(_share(pair.value_base), _share(pair.value_current))
    return _geometric(pair.relative, _share(weight))


def montgomery_vartia(pair: Matched) -> float:
    """Montgomery (1937) and Vartia (1976): log means of values over the log mean of totals.

    The weights do not sum to one, so it fails proportionality; it is consistent in aggregation.
    """
    total = log_mean(np.array([pair.value_base.sum()]), np.array([pair.value_current.sum()]))[0]
    return _geometric(pair.relative, log_mean(pair.value_base, pair.value_current) / total)


def stuvel(pair: Matched) -> float:
    """Stuvel (1957): :math:`A + \\sqrt{A^2 + V}`; :math:`A = (P_L - Q_L)/2`, :math:`V` the value ratio."""
    value_base = pair.value_base.sum()
    quantity_laspeyres = _dot(pair.price_base, pair.quantity_current) / value_base
    half = (laspeyres(pair) - quantity_laspeyres) / 2
    return float(half + np.sqrt(half**2 + pair.value_current.sum() / value_base))


def unit_value(pair: Matched) -> float:
    """Unit value (Drobisch 1871): value per unit over value per unit. Only for homogeneous products."""
    current = pair.value_current.sum() / pair.quantity_current.sum()
    return float(current / (pair.value_base.sum() / pair.quantity_base.sum()))


def lloyd_moulton(pair: Matched) -> float:
    """Lloyd (1975) and Moulton (1996): :math:`(\\sum s_i^0 r_i^{1-\\sigma})^{1/(1-\\sigma)}`.

    Exact for CES preferences with elasticity :math:`\\sigma`, from base shares alone.
    """
    power = 1 - pair.elasticity
    share = _share(pair.value_base)
    if power == 0:
        return _geometric(pair.relative, share)
    return float(_dot(share, pair.relative**power) ** (1 / power))


def lowe(pair: Matched) -> float:
    """Lowe (1823): :math:`\\sum p^1 q^b / \\sum p^0 q^b` with the quantities of a weight period b."""
    return _basket(pair, pair.basket_quantity)


def young(pair: Matched) -> float:
    """Young (1812): :math:`\\sum s_i^b r_i` with the shares of a weight period b."""
    return _arithmetic(pair.relative, _share(pair.basket_value))


def geometric_young(pair: Matched) -> float:
    """Geometric Young: :math:`\\prod r_i^{s_i^b}` with the shares of a weight period b."""
    return _geometric(pair.relative, _share(pair.basket_value))


def check_elasticity(elasticity: float | None, reason: str) -> float:
    """``elasticity`` if it is a finite number that is not negative."""
    if elasticity is None or not np.isfinite(elasticity) or elasticity < 0:
        raise InputError(
            f"{reason} needs elasticity=..., the elasticity of substitution between products, "
            f"a number of at least 0; got {elasticity!r}."
        )
    return float(elasticity)


def check_variety_elasticity(elasticity: float | None) -> float:
    """``elasticity`` if it is above 1; at 1 or below, a missing product has infinite value."""
    if elasticity is None or not np.isfinite(elasticity) or elasticity <= 1:
        raise InputError(
            "variety='feenstra' needs elasticity=..., the elasticity of substitution between products, "
            f"above 1; got {elasticity!r}. "
            "At 1 or below no finite income makes up for a product that disappears."
        )
    return float(elasticity)


def feenstra(matched_share_base: Floats, matched_share_current: Floats, *, elasticity: float) -> Floats:
    """Factor by which entry and exit change the cost of living, beyond matched products.

    Parameters
    ----------
    matched_share_base, matched_share_current : numpy.ndarray
        Share of each period's expenditure that falls on the products which both periods share, in (0, 1].
    elasticity : float
        Elasticity of substitution :math:`\\sigma` between products, above 1. An assumption: report more
        than one.

    Returns
    -------
    numpy.ndarray
        The factor; below 1 when the products that entered take more expenditure than those that left.

    Raises
    ------
    InputError
        If ``elasticity`` is not above 1.

    Notes
    -----
    With CES preferences the exact index over all products is that over matched products (Sato-Vartia)
    times :math:`(\\lambda_1 / \\lambda_0)^{1/(\\sigma - 1)}`, where :math:`\\lambda_t` is the share of
    matched products in the expenditure of period t. With another matched index the product is an
    approximation of the same thing. Tastes for the matched products are assumed not to change.

    References
    ----------
    Feenstra, R. C. (1994). New product varieties and the measurement of international prices.
    American Economic Review 84(1), 157-177.

    Examples
    --------
    Newcomers take a fifth of expenditure, nothing left, and the elasticity is 3:

    >>> float(feenstra(np.array(1.0), np.array(0.8), elasticity=3).round(4))
    0.8944
    """
    power = 1 / (check_variety_elasticity(elasticity) - 1)
    return np.asarray((matched_share_current / matched_share_base) ** power)
