"""How easily can a model be had: how many sell it, where, how soon after release, and may it be changed?"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import OutsideDataError
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster
from undercut.prices.cross_section import cross_section
from undercut.prices.monthly_quotes import market_group
from undercut.result import Axes, Result
from undercut.sources.reference import load_reference

#: Sellers by the token that run the model or answer for it; routers resell them, subscriptions have no price.
SELLERS: Final = ("developer", "cloud", "host")
#: A name that holds one of these comes from Chinese weights.
_CHINESE_FAMILIES: Final = (
    r"qwen|qwq|deepseek|(?:^|-)r1(?:-|t|$)|(?:^|-)yi-\d|(?:^|-)glm-|kimi|minimax|internlm|baichuan|hunyuan"
)
#: A rework of another base that was only taught by a Chinese model's answers.
_OTHER_BASE: Final = r"llama|mistral|gemma|^l3"


class Mean(Result):
    """A mean over models, or a difference of two, with its interval.

    Attributes
    ----------
    value, low, high, level : float
        Interval from a bootstrap over developers.
    models, developers : int
    """

    value: float
    low: float
    high: float
    level: float
    models: int
    developers: int

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean with its interval."""
        return plots.interval_rows({"mean": (self.value, self.low, self.high)}, ax=ax)


class Wait(Result):
    """Time from a model's release to its first seller of a kind.

    Attributes
    ----------
    median, low, high : float
        Days, by Kaplan and Meier (1958); missing where fewer than half of the models are ever sold so.
    level : float
    models : DataFrame
        One row a model: ``model_id, developer, release_date, first_seen, days, reached``.
    curve : DataFrame
        ``days, share``: percent of the models sold so by then, by Kaplan and Meier; starts at 0, 0.
    """

    median: float
    low: float
    high: float
    level: float
    models: pd.DataFrame
    curve: pd.DataFrame

    @property
    def is_known(self) -> bool:
        """Whether the data tell the median and both ends of its interval."""
        return bool(pd.notna([self.median, self.low, self.high]).all())

    def table(self) -> pd.DataFrame:
        """The median wait as one row."""
        names = ("median", "low", "high", "level")
        return pd.DataFrame([{name: getattr(self, name) for name in names} | {"models": len(self.models)}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of models sold so by days since release."""
        from undercut.competition.adoption.charts import waits

        return waits(self.curve, ax=ax)


def sellers_of(panel: pd.DataFrame, day: str | date | pd.Timestamp) -> pd.DataFrame:
    """Sellers of each model on one day.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    day : date

    Returns
    -------
    DataFrame
        One row a model sold by the token: ``model_id, developer, group, access, sellers, us_sellers,
        known_country`` (sellers whose home is known), ``outside_china`` (of those).
    """
    offers = cross_section(panel, day)
    offers = offers[offers["host_kind"].isin(SELLERS) & offers["developer"].notna()]
    offers = offers.assign(group=market_group(offers)).drop_duplicates(["model_id", "host"])
    country = offers["host_country"]
    counted = {
        "sellers": 1,
        "us_sellers": country.eq("US").fillna(False),
        "known_country": country.notna(),
        "outside_china": country.notna() & country.ne("CN").fillna(False),
    }
    told = dict.fromkeys(("developer", "group", "access"), "first") | dict.fromkeys(counted, "sum")
    return offers.assign(**counted).groupby("model_id", as_index=False).agg(told)


def mean_by_model(
    models: pd.DataFrame,
    numerator: str,
    *,
    denominator: str | None = None,
    group: str = "CN open",
    less: str | None = None,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Mean:
    """Mean of a column over the models of a group, or its difference to another group.

    Parameters
    ----------
    models : DataFrame
        From :func:`sellers_of`: ``model_id, developer, group`` and the columns named.
    numerator, denominator : str
        The statistic is the sum of one over the sum of the other; without ``denominator``, over the models.
    group, less : str
        The group, and the one subtracted.
    draws, level, seed
        Of the bootstrap over developers.

    Raises
    ------
    OutsideDataError
        A group has no model.
    """
    wanted = [group] if less is None else [group, less]
    both = models[models["group"].isin(wanted)].reset_index(drop=True)
    codes, labels = cluster_codes(both, "developer")
    counts = multiplicities(len(labels), draws=draws, seed=seed)
    means = []
    for name in wanted:
        part = both["group"].eq(name)
        if not part.any():
            raise OutsideDataError(f"No model of the group {name!r} is sold on this day.")
        below = pd.Series(1.0, index=both.index) if denominator is None else both[denominator]
        values = np.column_stack([both[numerator].where(part, 0), below.where(part, 0)]).astype(float)
        drawn = counts @ sums_by_cluster(codes, values, len(labels))
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append(np.where(drawn[:, 1] > 0, drawn[:, 0] / drawn[:, 1], np.nan))
    value = means[0] if less is None else means[0] - means[1]
    low, high = percentile_interval(value[1:, None], level=level)
    return Mean(float(value[0]), float(low[0]), float(high[0]), level, len(both), len(labels))


def wait_for_seller(
    panel: pd.DataFrame,
    *,
    group: str = "CN open",
    country: str = "US",
    released_from: str | date = "2025-01-01",
    level: float = 0.95,
    models: pd.DataFrame | None = None,
    hosts: pd.DataFrame | None = None,
) -> Wait:
    """Days from release to the first seller from a country other than the developer.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`.
    group : str
        Whose models, as in :func:`undercut.prices.monthly_quotes.market_group`.
    country : str
        Home of the seller.
    released_from : date
        Models released earlier are left out: few tables were kept then.
    level : float
    models, hosts : DataFrame, optional
        As the reference tables of the same names, the default.

    Returns
    -------
    Wait

    Raises
    ------
    OutsideDataError
        No model of the group has a release date that is known by itself.

    Notes
    -----
    A model is at risk until the panel's last table; one never seen at such a seller is censored there. Tables
    learn of an offer late, so the times are upper bounds. Models whose release date is the day of the first
    offer are left out: their wait would be zero by construction.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    known = load_reference("models") if models is None else models
    facts = known.set_index("model_id")[["release_date", "release_source"]]
    offers = panel[panel["developer"].notna()].assign(group=market_group(panel))
    offers = offers[offers["group"] == group].join(facts, on="model_id", rsuffix="_of_model")
    dated = offers["release_date"].notna() & offers["release_source"].ne("first offer").fillna(False)
    offers = offers[dated & offers["release_date"].ge(pd.Timestamp(released_from))]
    if offers.empty:
        raise OutsideDataError(
            f"No model of the group {group!r} was released from {released_from} on a known day."
        )
    homes = (load_reference("hosts") if hosts is None else hosts).set_index("host")
    is_seller = offers["host"].map(homes["country"]).eq(country) & offers["host"].map(homes["kind"]).isin(
        ("cloud", "host")
    )
    end = panel["last_seen"].max()
    spells = offers.groupby("model_id", as_index=False)[["developer", "release_date"]].first()
    first = offers[is_seller].groupby("model_id")["first_seen"].min()
    spells["first_seen"] = spells["model_id"].map(first)
    spells["reached"] = spells["first_seen"].notna()
    until = spells["first_seen"].fillna(end).dt.tz_localize(None)
    spells["days"] = (until - spells["release_date"]).dt.total_seconds().div(86_400).clip(lower=0)
    curve = SurvfuncRight(spells["days"].to_numpy(), spells["reached"].to_numpy())
    low, high = curve.quantile_ci(0.5, alpha=1 - level)
    steps = pd.DataFrame(
        {"days": [0.0, *curve.surv_times], "share": [0.0, *(100 * (1 - np.asarray(curve.surv_prob)))]}
    )
    return Wait(float(curve.quantile(0.5)), float(low), float(high), level, spells, steps)


def reworked_variants(
    panel: pd.DataFrame, day: str | date | pd.Timestamp, *, models: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Models on offer that others made from Chinese open weights, as their names tell.

    Returns
    -------
    DataFrame
        ``model_id, name, developer, origin, licence``. A lower bound: most reworked versions do not name
        their base, and few are sold by the token at all.
    """
    offered = set(cross_section(panel, day)["model_id"])
    models = load_reference("models") if models is None else models
    name = models["model_id"]
    reworked = (
        name.str.contains(_CHINESE_FAMILIES, regex=True)
        & ~name.str.contains(_OTHER_BASE, regex=True)
        & models["origin"].ne("CN").fillna(True)
        & name.isin(offered)
    )
    columns = ["model_id", "name", "developer", "origin", "licence"]
    return models.loc[reworked, columns].reset_index(drop=True)
