"""What does the report on market prices count? Offers, and quotes that an analysis must not use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pandas as pd

from undercut.panel import status
from undercut.prices.cross_section import count_offers, cross_section
from undercut.prices.workloads import find_workload
from undercut.studies.framed import Framed

#: Vendors whose own prices the report follows.
VENDORS: Final = (
    "OpenAI", "Anthropic", "Google", "xAI", "DeepSeek", "Alibaba", "Moonshot AI", "Z.ai", "MiniMax",
    "Mistral AI",
)  # fmt: skip


class OnOffer(Framed, row="model_id", value="price"):
    """The offers of a day (``frame``), and the mix of tokens behind their price."""

    day: pd.Timestamp
    workload: str


class Coverage(Framed, row="day", value="offers"):
    """Usable offers by origin and access on several days (``frame``)."""


class Quality(Framed, row="reason", value="rows"):
    """Why quotes were set aside (``frame``), how many can be used, and whether sources agree.

    Attributes
    ----------
    rows : int
        Quotes of the panel.
    usable : float
        Share of them with status ok.
    pairs : DataFrame
        ``source_a, source_b, offer_months, agree``.
    """

    rows: int
    usable: float
    pairs: pd.DataFrame

    @property
    def agreement(self) -> tuple[float | None, int]:
        """Share of offer-months with the same price in two sources, and their number."""
        met = int(self.pairs["offer_months"].sum())
        same = float((self.pairs["agree"] * self.pairs["offer_months"]).sum())
        return (same / met if met else None), met


def last_day(quotes: pd.DataFrame, as_of: str | None = None) -> pd.Timestamp:
    """The day ``as_of``, or the last that the quotes know of."""
    return pd.Timestamp(as_of) if as_of else quotes["last_seen"].max().tz_convert(None).normalize()


def months_until(day: pd.Timestamp, start: str = "2023-12-01") -> pd.DatetimeIndex:
    """The first of each month, and the day itself."""
    return pd.date_range(start, day, freq="MS").union(pd.DatetimeIndex([day]))


def on_offer(prices: pd.DataFrame, day: pd.Timestamp) -> OnOffer:
    """Each model at each seller on one day.

    Examples
    --------
    >>> import undercut as uc
    >>> len(on_offer(uc.load_prices(), pd.Timestamp("2026-06-15")).frame) > 500
    True
    """
    mix = find_workload(prices.attrs.get("workload", "chat"))
    return OnOffer(cross_section(prices, day), day, mix.name)


def coverage(prices: pd.DataFrame, days: Iterable[pd.Timestamp]) -> Coverage:
    """How many offers of which kind the panel holds on each of several days."""
    return Coverage(count_offers(prices, days))


def quality(quotes: pd.DataFrame) -> Quality:
    """How much of the panel can be used, what was set aside and why, and whether sources agree.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.load_prices` with every status.
    """
    usable = float(quotes["status"].eq("ok").mean())
    return Quality(status.set_aside(quotes), len(quotes), usable, status.agreement(quotes))
