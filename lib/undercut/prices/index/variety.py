"""What is it worth to buyers that products appear and disappear? Feenstra's (1994) correction."""

from __future__ import annotations

import numpy as np

from undercut.errors import InputError
from undercut.inference.arrays import Floats


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
