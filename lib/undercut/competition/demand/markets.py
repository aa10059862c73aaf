"""What was bought, at which price, in each month? One platform's rankings joined to its prices.

The rankings name the daily fifty models with most tokens on OpenRouter; the last full week of each month
counts, free variants left out. Whatever is below the fiftieth place, or bought elsewhere, is not in them: the
outside good of the demand model is an assumption, never an observation.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import InputError, OutsideDataError, TooFewError
from undercut.panel.access import has_open_weights
from undercut.prices.cross_section import cross_sections
from undercut.prices.hedonic.characteristics import with_characteristics
from undercut.prices.hedonic.imputation import with_imputed_capability
from undercut.prices.token_weights import token_weights
from undercut.result import Axes, Result

PLATFORM: Final = "openrouter"
GROUPS: Final = ("closed", "Chinese open", "other open")
GROUP_COLORS: Final = dict(zip(GROUPS, (plots.INK, plots.ORIGIN_COLORS["CN"], plots.MUTED), strict=True))
NO_NAME: Final = "outside the top fifty, or a name not recognised"
NO_PRICE: Final = "no price known in the week of the ranking"
NO_CAPABILITY: Final = "no capability score (estimation only)"
_FACTS: Final = ["developer", "origin", "access", "family", "name", "release_date", "eci"]


class MarketData(Result):
    """Products by month.

    Attributes
    ----------
    products : DataFrame
        One row a model and month: ``period, week, model_id, name, developer, origin, access, family, group,
        tokens`` (millions in the week), ``price`` (USD per million tokens of the workload), ``price_from``,
        ``spend`` (USD in the week at list price), ``sellers`` (other than routers), ``price_elsewhere``
        (geometric mean at clouds and hosts, the developer's own price left out), ``eci,
        log_context, is_reasoning, age_years``.
    left_out : DataFrame
        ``period, model_id, tokens, share`` (of the month's ranked tokens) and ``reason``.
    """

    products: pd.DataFrame
    left_out: pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Share of spending by group and month."""
        ax = plots.own_axes(ax)
        money = self.products.pivot_table(index="period", columns="group", values="spend", aggfunc="sum")
        share = 100 * money.fillna(0.0).div(money.sum(axis=1), axis=0)
        colors = [GROUP_COLORS[str(name)] for name in share.columns]
        ax.stackplot(range(len(share)), share.to_numpy().T, labels=list(share.columns), colors=colors)
        ax.set_xticks(range(0, len(share), 3), list(share.index[::3]))
        ax.set_ylabel("share of spending, %")
        ax.legend(loc="upper left", fontsize=9)
        return ax

    def table(self) -> pd.DataFrame:
        """How much is left out, by reason: rows and the share of all ranked tokens."""
        months = self.left_out["period"].nunique()
        total = self.products["tokens"].sum() + self._gone()["tokens"].sum()
        counted = self.left_out.groupby("reason").agg(
            rows=("tokens", "size"), models=("model_id", "nunique"), tokens=("tokens", "sum")
        )
        return counted.assign(share=counted.pop("tokens") / total, months=months).reset_index()

    @property
    def last_week(self) -> str:
        """The last ranked week, YYYY-MM-DD."""
        return str(self.products["week"].max().date())

    def last(self, months: int) -> pd.DataFrame:
        """Products of the last months."""
        kept = self.products["period"].drop_duplicates().iloc[-months:]
        return self.products[self.products["period"].isin(kept)]

    def covered(self) -> float:
        """Share of all ranked tokens that the products make up."""
        kept = self.products["tokens"].sum()
        return float(kept / (kept + self._gone()["tokens"].sum()))

    def summary(self) -> str:
        """The coverage in a sentence."""
        months = self.products["period"]
        return (
            f"{len(self.products)} products in {months.nunique()} months, {months.min()} to {months.max()}, "
            f"with {self.covered():.0%} of the ranked tokens."
        )

    def _gone(self) -> pd.DataFrame:
        return self.left_out[self.left_out["reason"] != NO_CAPABILITY]


def market_data(panel: pd.DataFrame, ranked: pd.DataFrame, rents: pd.DataFrame | None = None) -> MarketData:
    """Monthly markets of one platform.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`; its workload decides the price.
    ranked : DataFrame
        As ``undercut.load_reference("token_usage_weekly")``.
    rents : DataFrame, optional
        As ``undercut.load_reference("gpu_rental")``: weeks after the last rent of an H100, which the
        instruments need, are left out.

    Returns
    -------
    MarketData
        A price is the platform's own on the last day of the ranked week; where the panel has none, the
        cheapest seller's. Prices of later days are never used: a launch whose price the tables learnt of late
        is listed as left out. Weeks after the panel's last day are not part of the record.

    Raises
    ------
    OutsideDataError
        The rankings start after the panel's last day.
    TooFewError
        No ranked model has a price.

    Examples
    --------
    >>> import undercut
    >>> data = market_data(undercut.load_prices(), undercut.load_reference("token_usage_weekly"))
    >>> bool(data.products["price"].gt(0).all()), set(data.products["group"]) <= set(GROUPS)
    (True, True)
    """
    known_until = panel["last_seen"].max().tz_convert(None)
    if rents is not None:
        ranked = ranked[ranked["week_start"] <= rents.loc[rents["gpu"].eq("H100"), "date"].max()]
    tokens = token_weights(ranked[ranked["week_start"] + pd.Timedelta(days=6) <= known_until])
    if tokens.empty:
        raise OutsideDataError(
            f"The rankings start after {known_until:%Y-%m-%d}, the last day that the panel knows."
        )
    days = tokens.pop("week_ending").drop_duplicates().sort_values()
    offers = cross_sections(panel, days, routers=True)
    priced = pd.concat([_priced(of_day, day) for day, of_day in offers.groupby("day")], ignore_index=True)
    # The longest prompt is a fact about the model: where the platform does not state it, others do.
    stated = panel.groupby("model_id")["context_tokens"].median()
    context = priced["context_tokens"].astype("Float64")
    priced["context_tokens"] = context.fillna(priced["model_id"].map(stated))
    joined = tokens.merge(priced, on=["period", "model_id"], how="left")
    share = joined["tokens"] / joined.groupby("period")["tokens"].transform("sum")
    reason = np.select([joined["model_id"].isna(), joined["price"].isna()], [NO_NAME, NO_PRICE], default="")
    joined = joined.assign(share=share, reason=reason)
    kept = joined["reason"].eq("")
    if not kept.any():
        raise TooFewError("No ranked model has a price in the week of its ranking.")
    products = _described(joined[kept])
    unscored = products[products["eci"].isna()].assign(reason=NO_CAPABILITY)
    columns = ["period", "model_id", "tokens", "share", "reason"]
    left_out = pd.concat([joined.loc[~kept, columns], unscored[columns]], ignore_index=True)
    products.attrs = dict(panel.attrs)
    return MarketData(products.drop(columns=["share", "reason"]), left_out)


def estimation_sample(data: MarketData, *, capability: str = "measured") -> pd.DataFrame:
    """Products with a capability: those with a score, or all with predicted scores for the rest.

    Parameters
    ----------
    data : MarketData
    capability : {"measured", "imputed"}
        Predictions look at date, maker, size and name, never at price.
    """
    products = data.products
    if capability == "imputed":
        products = with_imputed_capability(products)
    elif capability != "measured":
        raise InputError(f"capability must be measured or imputed; got {capability!r}.")
    return products[products["eci"].notna()].reset_index(drop=True)


def group_of(origin: pd.Series, access: pd.Series) -> pd.Series:
    """Closed, Chinese open or other open; every class of available weights counts as open."""
    opened = has_open_weights(access)
    chinese = origin.eq("CN").fillna(False)
    names = np.select([~opened, chinese], ["closed", "Chinese open"], default="other open")
    return pd.Series(names, index=origin.index, dtype="str")


def _priced(offers: pd.DataFrame, day: Any) -> pd.DataFrame:
    """The platform's price of each model on a day, or the cheapest seller's."""
    own = offers[offers["host"] == PLATFORM].drop_duplicates("model_id").set_index("model_id")
    others = offers[offers["host_kind"] != "router"].sort_values("price")
    resellers = others[others["host_kind"] != "developer"]
    elsewhere = np.exp(np.log(resellers["price"]).groupby(resellers["model_id"]).mean())
    cheapest = others.drop_duplicates("model_id").set_index("model_id")
    first = pd.concat([own, cheapest[~cheapest.index.isin(own.index)]])
    found = first[[*_FACTS, "context_tokens", "price"]].assign(
        price_from=np.where(first["host"] == PLATFORM, "platform", "cheapest seller"),
        sellers=others.groupby("model_id")["host"].nunique(),
        price_elsewhere=elsewhere,
        period=day.strftime("%Y-%m"),
        week=day,
    )
    return found.assign(sellers=found["sellers"].fillna(0)).reset_index()


def _described(rows: pd.DataFrame) -> pd.DataFrame:
    described = with_characteristics(rows.reset_index(drop=True))
    described["group"] = group_of(described["origin"], described["access"])
    described["spend"] = described["tokens"] * described["price"]
    return described.sort_values(["period", "model_id"], ignore_index=True)
