"""What did each product cost each month? The bridge from the price panel to index numbers and hedonics.

A product is one model at one seller. Its price of a month is the tariff in force on one day of it, as in
consumer price statistics that collect on a fixed day: no averaging over a price change within the month.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from undercut.errors import CellError, InputError, OutsideDataError
from undercut.inference.arrays import Codes, Floats
from undercut.panel.access import has_open_weights
from undercut.prices.cross_section import Sellable

#: Day of the month on which prices are observed.
OBSERVATION_DAY = 15
#: The tables of November 2023 lack GPT-4 Turbo, on sale since the 6th: its entry in the December tables would
#: look like a fall of the price of its capability.
FIRST_MONTH = "2023-12"


def monthly_quotes(
    panel: pd.DataFrame, *, start: str = FIRST_MONTH, end: str | None = None, day: int = OBSERVATION_DAY
) -> pd.DataFrame:
    """One price for each model at each seller and month.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices` with status ``ok``; its workload decides the price.
    start, end : str
        First and last month, ``YYYY-MM``; by default December 2023 and the last month whose observation day
        the panel has reached.
    day : int
        Day of the month on which prices are observed, 1 to 28; in a month of which the panel knows nothing
        on that day, the nearest day of the month of which it does.

    Returns
    -------
    DataFrame
        One row a ``product`` (``host/model_id``) and ``period`` (``YYYY-MM``), sorted by both: the columns
        of `cross_section`, ``group``, the origin and access of the model, and
        ``observed_on``, the day.
        Ready for :func:`undercut.prices.index.price_index`. A name that moves to a new model is a new
        product. Provenance is kept. Sources come and go: to see whether a step is one of coverage, give a
        panel of those sources alone that span it.

    Raises
    ------
    CellError, OutsideDataError
        The panel has rows that an analysis must not use, or a month without an offer.
    InputError
        A month or day that cannot be read, or an end before the start.

    Examples
    --------
    >>> import undercut
    >>> quotes = monthly_quotes(undercut.load_prices(), start="2024-01", end="2024-03")
    >>> quotes["period"].unique().tolist()
    ['2024-01', '2024-02', '2024-03']
    >>> bool(quotes.duplicated(["period", "product"]).any())
    False
    """
    if (panel["status"] != "ok").any():
        strange = sorted(set(panel["status"]) - {"ok"})
        raise CellError(
            f"Quotes need offers of status ok only; the panel also has {', '.join(strange)}. "
            "Load it with load_prices(status='ok')."
        )
    sellable = Sellable(panel)
    seen = [
        _observed(sellable, month + pd.Timedelta(days=day - 1))
        for month in _months(start, end, day, panel["last_seen"].max())
    ]
    quotes = sellable.offers([rows for _, rows in seen])
    quotes["observed_on"] = np.repeat([on for on, _ in seen], [len(rows) for _, rows in seen])
    quotes["period"] = quotes["observed_on"].dt.strftime("%Y-%m")
    quotes["product"] = quotes["host"] + "/" + quotes["model_id"]
    quotes["group"] = market_group(quotes)
    ordered = quotes.sort_values(["period", "product"], ignore_index=True)
    ordered.attrs = dict(panel.attrs)
    return ordered


def market_group(offers: pd.DataFrame) -> pd.Series:
    """Origin and access in one label: ``US closed``, ``CN open``, ``other open``; ``unknown`` if neither
    access nor origin is known. Every class of available weights counts as open."""
    origin = offers["origin"].where(offers["origin"].isin(["US", "CN"]), "other")
    openness = offers["access"].astype("object").mask(has_open_weights(offers["access"]), "open")
    known = offers["origin"].notna() & offers["access"].notna()
    return (origin.astype("object") + " " + openness).where(known, "unknown").astype("str").rename("group")


def cheapest_seller(quotes: pd.DataFrame) -> pd.DataFrame:
    """One row a model and month, at its cheapest seller; ``product`` is then the model.

    Ties go to the seller that comes first by name.
    """
    best = quotes.sort_values(["period", "model_id", "price", "host"]).drop_duplicates(["period", "model_id"])
    return best.assign(product=best["model_id"]).reset_index(drop=True)


def years(periods: pd.Series | pd.Index) -> pd.Series:
    """Months ``YYYY-MM`` as years since January 2023, for slopes per year."""
    codes, months = pd.factorize(pd.Index(periods))
    since = np.append([_since_2023(str(month)) for month in months], np.nan)[codes]
    index = periods.index if isinstance(periods, pd.Series) else pd.Index(periods)
    return pd.Series(since, index=index, dtype=float)


def trend_weights(time: Floats) -> Floats:
    """Weights whose product with a path is its least-squares slope on time."""
    away = time - time.mean()
    return np.asarray(away / (away**2).sum())


@cache
def _since_2023(month: str) -> float:
    period = pd.Period(month, freq="M")
    return float(period.year - 2023 + (period.month - 1) / 12)


def _observed(sellable: Sellable, day: pd.Timestamp) -> tuple[pd.Timestamp, Codes]:
    """The day, or the nearest of its month with a usable offer, and its offers."""
    days = pd.date_range(day.replace(day=1), day + pd.offsets.MonthEnd(0))
    for nearest in sorted(days, key=lambda each: (abs(each - day), each)):
        rows = sellable.on(nearest)
        if len(rows):
            return nearest, rows
    raise OutsideDataError(f"The panel knows of no offer in {day:%B %Y}; leave the month out.")


def _months(start: str, end: str | None, day: int, last_seen: pd.Timestamp) -> list[pd.Timestamp]:
    if not 1 <= day <= 28:
        raise InputError(f"day must lie in 1..28, so that every month has it; got {day}.")
    last = _month(end) if end else _last_month(last_seen.tz_convert(None).date(), day)
    first = _month(start)
    if first > last:
        raise InputError(f"The last month {last:%Y-%m} lies before the first, {first:%Y-%m}.")
    return list(pd.date_range(first, last, freq="MS"))


def _last_month(known_until: date, day: int) -> pd.Timestamp:
    month = pd.Timestamp(known_until).to_period("M").to_timestamp()
    return month if known_until.day >= day else month - pd.DateOffset(months=1)


def _month(text: str) -> pd.Timestamp:
    # pandas reads "January" as the first month of year 1.
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise InputError(f"{text!r} is not a month; write it as YYYY-MM, for example 2025-06.")
    return pd.Timestamp(f"{text}-01")
