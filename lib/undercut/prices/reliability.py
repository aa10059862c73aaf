"""Do offers of some models vanish, or change their price, more often than those of others?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster
from undercut.prices.changes import MIN_CHANGE, with_previous
from undercut.prices.monthly_quotes import market_group
from undercut.result import Axes, Result


class RateRatio(Result):
    """How often something happens to the offers of one group, over how often to those of another.

    Attributes
    ----------
    ratio, low, high : float
        Interval from a bootstrap over developers, at ``level``.
    rates : DataFrame
        One row a group: ``group, events, years`` (offer-years at risk), ``rate`` (events per offer-year)
        with ``low`` and ``high``, ``offers, developers``.
    level : float
    """

    ratio: float
    low: float
    high: float
    rates: pd.DataFrame
    level: float

    def summary(self) -> str:
        """The ratio and the two rates as text."""
        return (
            f"Rate ratio {self.ratio:.3g} [{self.low:.3g}, {self.high:.3g}], {self.level:.0%} interval\n\n"
            + self.rates.to_string(index=False, float_format="{:.3g}".format)
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the two rates with their intervals, and return the axes."""
        from undercut.plots import INK, own_axes

        axes, places = own_axes(ax), range(len(self.rates))
        axes.hlines(places, self.rates["low"], self.rates["high"], color=INK)
        axes.plot(self.rates["rate"], places, "o", color=INK)
        axes.set_yticks(places, self.rates["group"].tolist())
        axes.set_xlabel("Events per offer and year")
        return axes


def withdrawals(panel: pd.DataFrame) -> pd.DataFrame:
    """When each offer was first and last listed, and whether it was taken off.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`; every status counts, as a doubtful price is an offer all the same.

    Returns
    -------
    DataFrame
        One row an offer (host, model, variant): ``host, model_id, variant, developer, group, first, last``
        (days), ``years`` between them, ``withdrawn``.

    Notes
    -----
    An offer is withdrawn when a source that listed it published a later table without it and no source
    lists it after that. Where every source that listed it fell silent its end is not seen: the offer
    is then at risk until it was last listed, and not withdrawn. Tables go on listing dead offers, so that
    rates of withdrawal are lower bounds.
    """
    known = panel[panel["developer"].notna()].assign(group=market_group(panel))
    final_table = panel.groupby("source")["last_seen"].max()
    known = known.assign(source_goes_on=known["source"].map(final_table))
    keys = ["host", "model_id", "variant"]
    offers = known.groupby(keys, dropna=False, as_index=False).agg(
        developer=("developer", "first"),
        group=("group", "first"),
        first=("first_seen", "min"),
        last=("last_seen", "max"),
        watched_until=("source_goes_on", "max"),
    )
    offers["years"] = (offers["last"] - offers["first"]).dt.total_seconds() / (365.25 * 86_400)
    offers["withdrawn"] = offers["last"] < offers["watched_until"]
    return offers.drop(columns="watched_until")


def price_changes(quotes: pd.DataFrame) -> pd.DataFrame:
    """Months at risk and changes of price of each offer.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes.

    Returns
    -------
    DataFrame
        One row an offer and pair of consecutive months: ``product, model_id, developer, group, period``,
        ``changed``
        (by more than one percent), ``years`` (one twelfth).
    """
    pairs = with_previous(quotes[quotes["developer"].notna()])
    changed = pairs["log_change"].abs().gt(np.log1p(MIN_CHANGE))
    columns = ["product", "model_id", "developer", "group", "period"]
    return pairs[columns].assign(changed=changed, years=1 / 12).reset_index(drop=True)


def rate_ratio(
    spells: pd.DataFrame,
    event: str,
    *,
    group: str = "CN open",
    reference: str = "US closed",
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> RateRatio:
    """Events per offer-year of one group over those of another.

    Parameters
    ----------
    spells : DataFrame
        ``model_id, developer, group, years`` and a column of booleans ``event``: from :func:`withdrawals` or
        :func:`price_changes`.
    event : str
        The column that counts.
    group, reference : str
        As in :func:`undercut.prices.monthly_quotes.market_group`.
    draws, level, seed
        Of the bootstrap over developers.

    Returns
    -------
    RateRatio

    Raises
    ------
    TooFewError
        One of the groups has no event or no time at risk: the ratio is then not defined.
    """
    both = spells[spells["group"].isin([group, reference])].reset_index(drop=True)
    codes, labels = cluster_codes(both, "developer")
    counts = multiplicities(len(labels), draws=draws, seed=seed)
    rates: dict[str, np.ndarray] = {}
    rows = []
    for name in (group, reference):
        part = both["group"].eq(name)
        values = np.column_stack([both[event] & part, both["years"].where(part, 0.0)]).astype(float)
        drawn = counts @ sums_by_cluster(codes, values, len(labels))
        if drawn[0, 0] == 0 or drawn[0, 1] == 0:
            raise TooFewError(
                f"{name!r} has {int(drawn[0, 0])} events in {drawn[0, 1]:.1f} offer-years: no rate."
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            rates[name] = np.where(drawn[:, 1] > 0, drawn[:, 0] / drawn[:, 1], np.nan)
        low, high = percentile_interval(rates[name][1:, None], level=level)
        row = {"group": name, "events": int(drawn[0, 0]), "years": float(drawn[0, 1])}
        row |= {"rate": float(rates[name][0]), "low": float(low[0]), "high": float(high[0])}
        developers = both.loc[part, "developer"].nunique()
        rows.append(row | {"offers": int(part.sum()), "developers": int(developers)})
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = rates[group] / rates[reference]
    known = np.where(np.isfinite(ratio), ratio, np.nan)
    low, high = percentile_interval(known[1:, None], level=level)
    return RateRatio(float(ratio[0]), float(low[0]), float(high[0]), pd.DataFrame(rows), level)
