"""What does the report on the price of capability compute? Results of prices, side by side."""

from __future__ import annotations

import pandas as pd

from undercut.errors import check_known
from undercut.panel.access import has_open_weights
from undercut.prices.capability.counterfactual import Counterfactual
from undercut.prices.capability.price_of_capability import CapabilityPrices
from undercut.prices.changes import changes_by_year, own_price_changes
from undercut.prices.hedonic.decomposition import Decomposition
from undercut.studies.framed import Framed


class Levels(Framed, row="level", value="times_cheaper_a_year"):
    """The price of every level (``frame``: rates of fall), one of them shown in detail."""

    prices: CapabilityPrices
    level: str


class Holders(Framed, row="level", value="price"):
    """Who sells each level at its lowest price, month by month (``frame``)."""

    workload: str

    @property
    def now(self) -> pd.DataFrame:
        """The last month, with ``is_open`` and ``is_chinese_open``."""
        late = self.frame[self.frame["period"] == self.frame["period"].max()]
        is_open = has_open_weights(late["access"])
        return late.assign(is_open=is_open, is_chinese_open=late["origin"].eq("CN") & is_open)


class Without(Framed, row="level", value="ratio"):
    """The lowest price of each level with and without groups of offers, now and over a year (``frame``)."""

    workload: str

    @property
    def matters(self) -> pd.DataFrame:
        """Levels that would cost more without Chinese open models, beyond the interval."""
        chinese = self.frame[self.frame["without"].eq("Chinese open")]
        return chinese[chinese["year_low"].gt(1.005)]


class Split(Framed, row="component", value="log_change"):
    """Where the fall of one level came from (``frame``: contributions)."""

    found: Decomposition
    level: str


class OwnPrices(Framed, row="year", value="drift"):
    """Rises and cuts of developers' own prices by year (``frame``), and each change of the last year."""

    recent: pd.DataFrame
    workload: str


def in_detail(found: CapabilityPrices, level: str) -> Levels:
    """The price of capability, with one level told in words.

    Raises
    ------
    UnknownNameError
        The result has no such level.
    """
    known = list(dict.fromkeys(found.rates["level"]))
    check_known("capability level", level, known)
    return Levels(found.table().dropna(subset=["times_cheaper_a_year"]), found, level)


def holders(found: CapabilityPrices) -> Holders:
    """Who holds the frontier at each level."""
    return Holders(found.holders, str(found.settings.get("workload")))


def without(*counterfactuals: Counterfactual) -> Without:
    """The lowest price without each of several groups."""
    tables = [found.table().assign(without=found.without) for found in counterfactuals]
    every = pd.concat(tables, ignore_index=True)
    lowest = every[every["version"] == "lowest"].reset_index(drop=True)
    return Without(lowest, str(counterfactuals[0].options.get("workload")))


def split(found: Decomposition, level: str) -> Split:
    """The parts of a fall, and the name of the level that fell."""
    return Split(found.table(), found, level)


def own_prices(quotes: pd.DataFrame) -> OwnPrices:
    """How often, which way and by how much developers change the prices of models that they already sell."""
    moves = own_price_changes(quotes)
    first = str(pd.Period(quotes["period"].max(), freq="M") - 11)
    recent = moves[moves["period"] >= first].sort_values("log_change")
    recent = recent.assign(change=100 * (recent["after"] / recent["before"] - 1))
    return OwnPrices(changes_by_year(quotes), recent, str(quotes.attrs.get("workload")))
