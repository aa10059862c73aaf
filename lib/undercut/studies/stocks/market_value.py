"""How much market value did abnormal returns take away, on one day and around many events?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import OutsideDataError
from undercut.eventstudy.effects import dollar_effects, known_dollar_effects
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.sources.closes import market_values
from undercut.sources.reference import load_reference
from undercut.studies.framed import Framed
from undercut.studies.presentation import Number, Part, Sentence, Table
from undercut.studies.stocks.shock import TARGET, Shock
from undercut.studies.stocks.shown import Shown
from undercut.studies.stocks.universe import GROUPS


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


def values_before(shock: Shock, closes: pd.DataFrame, loss: float) -> pd.DataFrame:
    """Market values before the day: closes times shares where known, else the target's from its loss."""
    known = market_values(closes, load_reference("fundamentals"), shock.day)
    return known if known["firm"].isin(shock.data.firms).any() else value_from_loss(shock, loss)


def value_from_loss(shock: Shock, loss: float) -> pd.DataFrame:
    """The target's market value before the day: a published loss (billions of dollars) over its return.

    Columns firm, value, note.
    """
    value = loss / abs(shock.returns.loc[shock.day, TARGET])
    return pd.DataFrame({"firm": [TARGET], "value": [value], "note": "value from the published loss"})


class EventDollars(Framed, row="event", value="effect"):
    """Abnormal change of a group's market value around each of several events, billions of US dollars.

    ``frame``: one row an event: ``event, n`` (companies whose closes and shares are known), ``value, effect,
    ci_low, ci_high``.
    """

    group: str

    def parts(self) -> Iterator[Part]:
        """The mean over events, and every one."""
        rows, many, ends = self.frame, len(self.frame), ["min", "max"]
        errors = (rows["ci_high"] - rows["ci_low"]) / 2
        mean, half = float(rows["effect"].mean()), float(np.sqrt((errors**2).sum()) / many)
        yield Number(
            f"dollars.{self.group}", f"{self.group}: mean abnormal change of market value over {many} events",
            mean, "USD billion", ci=(mean - half, mean + half), n=many, role="descriptive",
            method="abnormal returns times market value at the close before; events taken as independent",
            note=f"companies whose shares are known: {' to '.join(map(str, sorted({*rows['n'].agg(ends)})))}",
        )  # fmt: skip
        yield Table(
            rows[["event", "n", "value", "effect", "ci_low", "ci_high"]],
            f"What it was worth: {self.group}", "Billions of US dollars; companies whose closes and shares "
            "are known; 95% intervals that allow for companies moving together", row_label="event",
            labels={"n": "companies", "value": "worth before", "effect": "change", "ci_low": "95% from",
                    "ci_high": "to"},
        )  # fmt: skip


def event_dollars(
    returns: pd.DataFrame, closes: pd.DataFrame, events: pd.DataFrame, group: str = "chips", *,
    benchmark: str = "RSP", **options: Any,
) -> EventDollars | list[Part]:  # fmt: skip
    """Dollar effects of the events on a group's companies, where closes and shares are known.

    Parameters
    ----------
    returns, closes : DataFrame
        From ``load_returns`` and :func:`undercut.sources.closes.closing_prices`.
    events : DataFrame
        ``event`` and ``date``, one row each.
    group : str
        A key of ``GROUPS``.
    benchmark, **options
        Of the event study.
    """
    firms = pd.DataFrame({"firm": [name for name in GROUPS[group] if name in set(closes["ticker"])]})
    why = "the returns hold no closing prices of companies whose shares are known"
    if len(firms):
        table = events[["event", "date"]].drop_duplicates("event").merge(firms, how="cross")
        try:
            study = event_study(returns, table, market=benchmark, **options)
            found = known_dollar_effects(study, closes)
        except OutsideDataError as reason:
            found, why = pd.DataFrame({"firm": []}), str(reason)
        totals = found[found["firm"].eq("total")]
        if len(totals):
            return EventDollars(totals.drop(columns="firm").reset_index(drop=True), group)
    return [Sentence(f"What the moves were worth in dollars cannot be told here: {why}.")]
