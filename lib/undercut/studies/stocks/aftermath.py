"""What came back of one day's move, what else happened then, and how much market value did it take away?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import OutsideDataError
from undercut.eventstudy.effects import dollar_effects, known_dollar_effects, rebounds
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label
from undercut.report.findings.sentences import day_text
from undercut.sources.closes import market_values
from undercut.sources.events import events_inside
from undercut.sources.reference import load_reference
from undercut.studies.framed import Shown
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table
from undercut.studies.stocks import charts
from undercut.studies.stocks.charts import InPercent
from undercut.studies.stocks.shock import NAME, TARGET, Shock
from undercut.studies.stocks.universe import GROUPS
from undercut.studies.stocks.words import head, key_of, move, named, percent, points, span, table


def rebound(shock: Shock, study: EventStudy) -> Shown:
    """What came back on the next session and within two weeks.

    From an event study that reaches ten sessions past the day: as
    `undercut.eventstudy.effects.rebounds`, with ``after``; only those with a bounded interval.
    """
    parts = [rebounds(study, after=after).assign(after=label(after)) for after in ((1, 1), (1, 10))]
    rows = pd.concat(parts, ignore_index=True)
    bounded = np.isfinite(rows[["ci_low", "ci_high"]]).all(axis=1)
    page = partial(_rebound, shock=shock, path=study.of([TARGET, *shock.several]).caar())
    return InPercent(rows[bounded].reset_index(drop=True), page, "firm", "share_recovered")


def _rebound(rows: pd.DataFrame, shock: Shock, path: pd.DataFrame) -> Iterator[Part]:
    """How much came back, and the paths."""
    next_day = rows[rows["after"] == "1:1"]
    for row in next_day.to_dict("records"):
        yield move(
            f"rebound.{key_of(row['firm'])}.days_1_1",
            f"{head(row['firm'])}: share of the day's move that came back the next day", row,
            value="share_recovered", n=1, method="ratio of abnormal returns, Fieller's interval",
            role="descriptive",
        )  # fmt: skip
    columns = ["firm", "after", "car", "car_after", "share_recovered", "ci_low", "ci_high"]
    yield table(
        rows, columns, "The rebound",
        f"Abnormal return on {day_text(shock.day)} and after, percent; share of the first that came back, "
        "with Fieller's 95% interval",
        labels={
            "after": "days after", "car": "that day", "car_after": "after", "share_recovered": "came back",
        },
        formats={"ci_low": "percent", "ci_high": "percent"},
    )  # fmt: skip
    path = path[path["group"] != "all"]
    own = next_day.loc[next_day["firm"] == TARGET, "share_recovered"]
    told_ = f"{NAME}: {percent(own.iloc[0], 0)} of the move was undone the next day" if len(own) else ""
    yield Figure(
        "paths",
        lambda: charts.paths(
            path, source=shock.source,
            finding=told_ or f"The first move of {NAME} is too uncertain for a rebound",
            measure=f"Abnormal return added up from five sessions before, against "
            f"{named(shock.benchmark)}, 95% bands; groups of at least two companies, {shock.data.kind} data",
        ),
        f"Small charts of cumulative abnormal returns. At their ends: "
        f"{points(path[path['day'] == path['day'].max()], 'group', value='caar')}", path,
    )  # fmt: skip


def longer_windows(
    shock: Shock,
    study: EventStudy,
    windows: Sequence[Window] = ((0, 0), (-1, 0), (0, 1), (-1, 1), (0, 5), (-5, 5)),
) -> Shown:
    """The target and the chip group over one window after another.

    As `EventStudy.car`, with ``inside``, the other dated events inside.
    """
    firms = [name for name in (TARGET, "chips") if name in study.abnormal.rows.firm]
    parts = []
    for window in windows:
        inside = events_inside(shock.events, shock.day, shock.returns.index, window)
        titles = [*inside.loc[inside["event_id"] != shock.event, "title"], shock.scheduled(window)]
        told = "; ".join(filter(None, titles))
        parts.append(study.of(firms).car(window).assign(inside=told or "none known"))
    return InPercent(pd.concat(parts, ignore_index=True), _spans, "window")


def _spans(rows: pd.DataFrame) -> Iterator[Part]:
    """Longer windows, and what else happened inside."""
    text = rows.assign(said=[span(row) for row in rows.to_dict("records")])
    wide = text.pivot_table(index="window", columns="firm", values="said", aggfunc="first", sort=False)
    wide["other events inside"] = text.groupby("window", sort=False)["inside"].first()
    yield Table(
        wide.reset_index(), "With and without other events", "Abnormal return with its 95% interval",
        labels={"window": "days"} | ({TARGET: NAME} if TARGET in wide.columns else {}), row_label="window",
    )  # fmt: skip


def dollars(shock: Shock, study: EventStudy, values: pd.DataFrame) -> Shown:
    """Abnormal returns times market values the day before: as `undercut.eventstudy.effects.dollar_effects`.

    ``values`` as `value_from_loss` or `market_values` return it; the total stands only over several firms.
    """
    held = values[values["firm"].isin(shock.data.firms)]
    found = dollar_effects(study.of(held["firm"].tolist()), held[["firm", "value"]])
    found = found[found["firm"].ne("total") | (len(held) > 1)]
    page = partial(_dollars, shock=shock, values_from="; ".join(values["note"].unique()))
    return Shown(found.sort_values("effect", ignore_index=True), page, "firm", "effect")


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


def _dollars(rows: pd.DataFrame, shock: Shock, values_from: str) -> Iterator[Part]:
    """The change of market value."""
    for row in rows.to_dict("records"):
        who = "All of these together" if row["firm"] == "total" else named(row["firm"])
        yield move(
            f"dollars.{key_of(row['firm'])}", f"{who}: abnormal change of market value", row, value="effect",
            scale=1.0, unit="USD billion", n=row["n"], note=values_from, role="descriptive",
            method="abnormal return times market value the day before",
        )  # fmt: skip
    yield Table(
        rows[["firm", "effect", "ci_low", "ci_high"]].assign(firm=rows["firm"].map(named)),
        "Abnormal change of market value",
        f"Billions of US dollars, {shock.days}, 95% intervals; a total allows for firms moving together",
        labels={"ci_low": "95% from", "ci_high": "to"}, row_label="firm",
    )  # fmt: skip


def event_dollars(
    returns: pd.DataFrame, closes: pd.DataFrame, events: pd.DataFrame, group: str = "chips", *,
    benchmark: str = "RSP", **options: Any,
) -> Shown | list[Part]:  # fmt: skip
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

    Returns
    -------
    Shown
        One row an event, billions of US dollars: ``event, n`` (companies whose closes and shares are known),
        ``value, effect, ci_low, ci_high``. Or the sentence why there is none.
    """
    firms = pd.DataFrame({"firm": [name for name in GROUPS[group] if name in set(closes["ticker"])]})
    why = "the returns hold no closing prices of companies whose shares are known"
    if len(firms):
        table = events[["event", "date"]].drop_duplicates("event").merge(firms, how="cross")
        try:
            study = event_study(returns, table, market=benchmark, **options)
            found = known_dollar_effects(study, closes).query("firm == 'total'")
        except OutsideDataError as reason:
            found, why = pd.DataFrame(), str(reason)
        if len(found):
            rows = found.drop(columns="firm").reset_index(drop=True)
            return Shown(rows, partial(_event_dollars, group=group), "event", "effect")
    return [Sentence(f"What the moves were worth in dollars cannot be told here: {why}.")]


def _event_dollars(rows: pd.DataFrame, group: str) -> Iterator[Part]:
    """Abnormal change of a group's market value around each of several events, and its mean."""
    many, known = len(rows), sorted({*rows["n"].agg(["min", "max"])})
    errors = (rows["ci_high"] - rows["ci_low"]) / 2
    mean, half = float(rows["effect"].mean()), float(np.sqrt((errors**2).sum()) / many)
    yield Number(
        f"dollars.{group}", f"{group}: mean abnormal change of market value over {many} events", mean,
        "USD billion", ci=(mean - half, mean + half), n=many, role="descriptive",
        method="abnormal returns times market value at the close before; events taken as independent",
        note=f"companies whose shares are known: {' to '.join(map(str, known))}",
    )  # fmt: skip
    yield Table(
        rows[["event", "n", "value", "effect", "ci_low", "ci_high"]], f"What it was worth: {group}",
        "Billions of US dollars; companies whose closes and shares are known; 95% intervals that allow for "
        "companies moving together", row_label="event",
        labels={"n": "companies", "value": "worth before", "effect": "change", "ci_low": "95% from",
                "ci_high": "to"},
    )  # fmt: skip
