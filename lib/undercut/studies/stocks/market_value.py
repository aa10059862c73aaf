"""How much market value did one day's abnormal return take away?"""

from __future__ import annotations

import pandas as pd

from undercut.eventstudy.effects import dollar_effects
from undercut.eventstudy.results import EventStudy
from undercut.sources.reference import load_reference
from undercut.studies.stocks.shock import TARGET, Shock
from undercut.studies.stocks.shown import Shown


class Dollars(Shown, page="pages_shock:dollars", label="firm", value="effect"):
    """Abnormal change of market value: as `undercut.eventstudy.effects.dollar_effects`, by size."""

    shock: Shock
    values_from: str


def dollars(shock: Shock, study: EventStudy, values: pd.DataFrame) -> Dollars:
    """Abnormal returns times market values the day before.

    ``values`` as `value_from_loss` or `market_values` return it; the total stands only over several firms.
    """
    held = values[values["firm"].isin(shock.data.firms)]
    found = dollar_effects(study.of(held["firm"].tolist()), held[["firm", "value"]])
    found = found[found["firm"].ne("total") | (len(held) > 1)]
    return Dollars(found.sort_values("effect", ignore_index=True), shock, "; ".join(values["note"].unique()))


def value_from_loss(shock: Shock, loss: float) -> pd.DataFrame:
    """The target's market value before the day: a published loss (billions of dollars) over its return.

    Columns firm, value, note.
    """
    value = loss / abs(shock.returns.loc[shock.day, TARGET])
    return pd.DataFrame({"firm": [TARGET], "value": [value], "note": "value from the published loss"})


def market_values(
    closes: pd.DataFrame,
    fundamentals: pd.DataFrame,
    day: str | pd.Timestamp,
    *,
    outstanding: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Market values at the close before an event: price times shares outstanding, or diluted shares.

    Parameters
    ----------
    closes : pandas.DataFrame
        Columns ticker, date and close: prices as they were, not adjusted for later dividends.
    fundamentals : pandas.DataFrame
        ``load_reference("fundamentals")``.
    day : date-like
        The event's session.
    outstanding : pandas.DataFrame, optional
        ``load_reference("shares_outstanding")``.

    Returns
    -------
    pandas.DataFrame
        Columns firm, value (billions of US dollars), shares_of (day of the number of shares), close_of, note.
        Firms without a close, or without shares, or quoted as receipts of an unknown number of shares are
        absent.

    Notes
    -----
    Shares outstanding within 100 days of the event are taken first; else diluted weighted shares of the
    nearest fiscal year, a little more, if it ended within a year. A split between would be a gross error.
    """
    moment = pd.Timestamp(day)
    before = closes[pd.to_datetime(closes["date"]) < moment].dropna(subset=["close"])
    last = before.sort_values("date").groupby("ticker", as_index=False).last()
    diluted = fundamentals[fundamentals["item"] == "diluted_weighted_shares"]
    diluted = _nearest(diluted.rename(columns={"period_end": "of", "value": "shares"}), moment, days=366)
    ratio = fundamentals[fundamentals["item"] == "adr_ratio"].set_index("ticker")["value"]
    foreign = set(fundamentals.loc[fundamentals["currency"].isin(["TWD", "CNY"]), "ticker"]) - set(
        ratio.index
    )
    diluted = diluted[~diluted["ticker"].isin(foreign)].assign(note="close times diluted shares")
    diluted["shares"] = diluted["shares"] / diluted["ticker"].map(ratio).fillna(1.0)
    table = load_reference("shares_outstanding") if outstanding is None else outstanding
    counted = _nearest(table.rename(columns={"date": "of", "shares_million": "shares"}), moment, days=100)
    counted = counted.assign(note="close times shares outstanding")
    shares = pd.concat([counted, diluted[~diluted["ticker"].isin(counted["ticker"])]])
    merged = last.merge(shares[["ticker", "of", "shares", "note"]], on="ticker")
    return pd.DataFrame(
        {
            "firm": merged["ticker"],
            "value": merged["close"] * merged["shares"] / 1e3,
            "shares_of": merged["of"],
            "close_of": pd.to_datetime(merged["date"]),
            "note": merged["note"],
        }
    ).reset_index(drop=True)


def _nearest(rows: pd.DataFrame, moment: pd.Timestamp, *, days: int) -> pd.DataFrame:
    """The row of each company nearest to a day, within some days of it."""
    away = (pd.to_datetime(rows["of"]) - moment).abs()
    near = rows.assign(away=away)[away <= pd.Timedelta(days=days)]
    return near.sort_values("away").groupby("ticker", as_index=False).first()
