"""What moves the price of a model but not how much buyers like it? Candidates, and the case for each.

Prices are set by sellers who know what buyers like; a regression of quantity on price mixes both. An
instrument must move price (relevance, which the first stage shows) and must have no other way to quantity
(exclusion, which has to be argued):

``cost``
    Rental price of an H100 times the active parameters that an open model's name states. What it costs to
    run a model depends on its size and on the price of computing that month; buyers see neither, given
    capability, which is controlled for. Weak point: size may be liked for what the index does not see.
``sellers``
    Number of clouds and hosts that sell the same weights, for open models. More of them push the price to
    cost without changing the weights. Weak point: hosts enter where demand is; then it is no instrument, and
    the overidentification test may show it.
``elsewhere``
    Price of the same weights at other sellers, for open models: it moves with their common cost (Hausman
    1996). Weak point: a common shift of demand moves it too. Left out of the main set.
``rivals``
    How many models of rivals, and of the same developer, are within one standard deviation in capability
    (Gandhi and Houde 2019). Crowded parts of the market allow smaller margins. Weak point: who
    is in the market at all is chosen here, because only the fifty most used models are seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import OutsideDataError, check_known
from undercut.inference.arrays import Integers
from undercut.prices.hedonic.characteristics import parameters_in_name

#: Columns of each set of instruments.
INSTRUMENTS: Final = {
    "cost": ("z_cost",),
    "sellers": ("z_sellers",),
    "elsewhere": ("z_elsewhere",),
    "rivals": ("z_rivals", "z_own"),
}
#: Used unless others are named.
MAIN_SETS: Final = ("cost", "sellers", "rivals")
_ACTIVE: Final = re.compile(r"-a(\d+(?:\.\d+)?)b(?![a-z0-9])")


def with_instruments(products: pd.DataFrame, gpu_rental: pd.DataFrame) -> pd.DataFrame:
    """Products with the columns of :data:`INSTRUMENTS`, ``size_stated`` and ``is_resold``.

    The last two are controls: they say where ``z_cost`` and ``z_elsewhere``, zero elsewhere, are known.

    Parameters
    ----------
    products : DataFrame
        From :func:`undercut.competition.demand.markets.estimation_sample`.
    gpu_rental : DataFrame
        As ``undercut.load_reference("gpu_rental")``.

    Raises
    ------
    OutsideDataError
        The rental table does not reach a month of the products.
    """
    rental = _h100(gpu_rental)
    missing = sorted(set(products["period"]) - set(rental.index))
    if missing:
        raise OutsideDataError(
            f"No H100 rental price for {', '.join(missing)}; refresh gpu_rental or leave them out."
        )
    is_open = products["group"].ne("closed")
    size = products["model_id"].map(active_parameters).where(is_open)
    resold = products["price_elsewhere"].where(is_open)
    cost = np.log(products["period"].map(rental) * size)
    near = _near(products)
    return products.assign(
        size_stated=size.notna().astype(float),
        z_cost=cost.fillna(0.0),
        z_sellers=np.log1p(products["sellers"]).where(is_open, 0.0),
        is_resold=resold.notna().astype(float),
        z_elsewhere=np.log(resold).fillna(0.0),
        **dict(zip(INSTRUMENTS["rivals"], near.T.astype(float), strict=True)),
    )


def instrument_columns(sets: Sequence[str]) -> list[str]:
    """Columns of named sets of instruments.

    Raises
    ------
    UnknownNameError
        No set has this name.

    Examples
    --------
    >>> instrument_columns(["cost", "sellers"])
    ['z_cost', 'z_sellers']
    """
    for name in sets:
        check_known("set of instruments", name, INSTRUMENTS)
    return [column for name in sets for column in INSTRUMENTS[name]]


def active_parameters(model_id: str) -> float:
    """Billions of parameters used for each token, as the name states; all of them where it states no part.

    Examples
    --------
    >>> [active_parameters(name) for name in ("qwen3-235b-a22b", "llama-3.1-8b-instruct", "kimi-k2")]
    [22.0, 8.0, nan]
    """
    part = _ACTIVE.search(model_id)
    return float(part[1]) if part else parameters_in_name(model_id)


def _h100(gpu: pd.DataFrame) -> pd.Series:
    rows = gpu[gpu["gpu"].eq("H100")]
    month = pd.to_datetime(rows["date"]).dt.strftime("%Y-%m")
    return rows.set_axis(month, axis=0)["usd_per_gpu_hour_median_list"].astype(float)


def _near(products: pd.DataFrame) -> Integers:
    """Models of rivals and of the same developer that are close in capability: (n, 2).

    Close: by less than one standard deviation of the gaps between two models of a month.
    """
    month, maker = (pd.factorize(products[column])[0] for column in ("period", "developer"))
    score = products["eci"].to_numpy(float)
    gap = score[:, None] - score
    pairs = (month[:, None] == month) & ~np.eye(len(score), dtype=bool)
    close = pairs & (np.abs(gap) < gap[pairs].std())
    same = maker[:, None] == maker
    return np.column_stack([(close & ~same).sum(axis=1), (close & same).sum(axis=1)])
