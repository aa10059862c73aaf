"""How much market value did one day's abnormal return take away?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from undercut.eventstudy.effects import dollar_effects
from undercut.eventstudy.results import EventStudy
from undercut.studies.stocks.shock import TARGET, Shock
from undercut.studies.stocks.shown import Shown


@dataclass(frozen=True, slots=True)
class Dollars(Shown):
    """Abnormal change of market value: as `undercut.eventstudy.effects.dollar_effects`, by size."""

    presenter: ClassVar[str] = "pages_shock:dollars"
    label: ClassVar[str] = "firm"
    value: ClassVar[str] = "effect"

    shock: Shock
    values_from: str


def dollars(shock: Shock, study: EventStudy, values: pd.DataFrame) -> Dollars:
    """Abnormal returns times market values the day before.

    ``values`` as `value_from_loss` or `market_values` return it; the total stands only over several firms.
    """
    held = values[values["firm"].isin(shock.data.firms)]
    found = dollar_effects(study.of(held["firm"].tolist()), held[["firm", "value"]])
    found = found[found["firm"].ne("total") | (len(held) > 1)]
    return Dollars(found.sort_values("effect", ignore_index=True), shock, values["note"].iloc[0])


def value_from_loss(shock: Shock, loss: float) -> pd.DataFrame:
    """The target's market value before the day: a published loss (billions of dollars) over its return.

    Columns firm, value, note.
    """
    value = loss / abs(shock.returns.loc[shock.day, TARGET])
    return pd.DataFrame({"firm": [TARGET], "value": [value], "note": "value from the published loss"})


def market_values(closes: pd.DataFrame, fundamentals: pd.DataFrame, day: str | pd.Timestamp) -> pd.DataFrame:
    """Market values at the close before an event: price times diluted shares of the nearest fiscal year.

    Parameters
    ----------
    closes : pandas.DataFrame
        Columns ticker, date and close: prices as they were, not adjusted for later dividends.
    fundamentals : pandas.DataFrame
        ``load_reference("fundamentals")``.
    day : date-like
        The event's session.

    Returns
    -------
    pandas.DataFrame
        Columns firm, value (billions of US dollars), shares_of (end of the fiscal year), close_of, note.
        Firms without a close, or without shares, or quoted as receipts of an unknown number of shares are
        absent.

    Notes
    -----
    Diluted weighted shares are a little more than shares outstanding. A split between the two dates would be
    a gross error; fiscal years further than a year from the event are not used.
    """
    moment = pd.Timestamp(day)
    before = closes[pd.to_datetime(closes["date"]) < moment].dropna(subset=["close"])
    last = before.sort_values("date").groupby("ticker", as_index=False).last()
    shares = fundamentals[fundamentals["item"] == "diluted_weighted_shares"].copy()
    shares["distance"] = (pd.to_datetime(shares["period_end"]) - moment).abs()
    shares = shares[shares["distance"] <= pd.Timedelta(days=366)]
    shares = shares.sort_values("distance").groupby("ticker", as_index=False).first()
    ratio = fundamentals[fundamentals["item"] == "adr_ratio"].set_index("ticker")["value"]
    foreign = fundamentals.loc[fundamentals["currency"].isin(["TWD", "CNY"]), "ticker"].unique()
    merged = last.merge(shares, on="ticker")
    merged = merged[~merged["ticker"].isin(set(foreign) - set(ratio.index))]
    receipts = merged["ticker"].map(ratio).fillna(1.0)
    return pd.DataFrame(
        {
            "firm": merged["ticker"],
            "value": merged["close"] * merged["value"] / receipts / 1e3,
            "shares_of": merged["period_end"],
            "close_of": pd.to_datetime(merged["date"]),
            "note": "close times diluted shares",
        }
    ).reset_index(drop=True)
