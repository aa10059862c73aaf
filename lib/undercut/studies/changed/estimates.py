"""What is new on a day, compared with so many days before?"""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.panel.calendar import load_withdrawals
from undercut.panel.changes import load_changes
from undercut.prices.workloads import find_workload
from undercut.report.catalogue.project import project_root
from undercut.report.findings.contract import RESULTS_FILE
from undercut.report.findings.others import SITE_VARIABLE
from undercut.report.site.history import turns
from undercut.report.site.publish import builds_of
from undercut.result import Axes, Result
from undercut.sources.reference import load_reference

BRIEFING: Final = "00_briefing"
EVENTS: Final = ("day", "kind", "host", "model_id", "what")


class WhatChanged(Result):
    """The events of a period, ``since`` excluded, ``day`` included.

    Attributes
    ----------
    models : DataFrame
        Models on sale for the first time: ``model_id, developer, origin, access, host, first_offered, input,
        output, reviewed`` (whether the tables of names know it).
    moves : DataFrame
        Changes of price that were real and fell into the period, with ``ratio`` of the prices of a workload.
    late : DataFrame
        Changes that were real and happened before, but were first shown in the period.
    corrections, unknown : DataFrame
        Changes that mended a table, and those on which no witness speaks.
    ended, ahead : DataFrame
        Offers that ended in the period, and ends stated for days after it.
    turned : DataFrame
        Claims whose verdict turned: ``claim, before, after, built_at``.
    workload : str
    """

    since: pd.Timestamp
    day: pd.Timestamp
    models: pd.DataFrame
    moves: pd.DataFrame
    late: pd.DataFrame
    corrections: pd.DataFrame
    unknown: pd.DataFrame
    ended: pd.DataFrame
    ahead: pd.DataFrame
    turned: pd.DataFrame
    workload: str

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.day - self.since).days

    def to_frame(self) -> pd.DataFrame:
        """One row an event of the period: ``day, kind, host, model_id, what``."""
        price = "{input_before:g}/{output_before:g} to {input_after:g}/{output_after:g}"
        parts = [
            _events(self.models, "new model", "first_offered", "{input:g}/{output:g}"),
            _events(self.moves, "real change", "happened_on", price),
            _events(self.corrections, "correction", "shown_on", price),
            _events(self.unknown, "unknown change", "shown_on", price),
            _events(self.ended, "offer ended", "ended_on", "{kind}, by {stated_by}"),
        ]
        return pd.concat(parts, ignore_index=True).sort_values(
            ["day", "kind", "host", "model_id"], ignore_index=True
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """The largest real moves, each from its old price to its new one."""
        from undercut.studies.changed.charts import price_moves

        return price_moves(self.moves, ax=ax)


def _events(rows: pd.DataFrame, kind: str, day: str, what: str) -> pd.DataFrame:
    told = [what.format_map(row) for row in rows.to_dict("records")]
    frame = rows[["host", "model_id"]].assign(day=rows[day], kind=kind, what=told)
    return frame[list(EVENTS)].astype({"day": "datetime64[us]", "what": "str"})


def what_changed(
    prices: pd.DataFrame,
    *,
    days: int = 30,
    as_of: str | None = None,
    changes: pd.DataFrame | None = None,
    ends: pd.DataFrame | None = None,
    turned: pd.DataFrame | None = None,
    workload: str = "chat",
) -> WhatChanged:
    """What happened in the last ``days`` days of a panel.

    Parameters
    ----------
    prices : DataFrame
        From ``load_prices(as_of, status="all")``: a model is new where no table priced it before, whatever
        the status.
    days : int
        Length of the period; its last day is that of the newest table.
    as_of : str, optional
        The day for which ``prices`` was loaded.
    changes, ends, turned : DataFrame, optional
        From ``load_changes``, ``load_withdrawals`` and `verdict_turns`; by default those of ``as_of``.
    workload : str
        Mix of tokens behind the size of a change.

    Raises
    ------
    InputError
        ``days`` is negative.
    """
    if days < 0:
        raise InputError(f"days is {days}; ask for 0 days or more.")
    day = prices["last_seen"].max().tz_convert(None).normalize()
    since = day - pd.Timedelta(days=days)
    changes = load_changes(as_of) if changes is None else changes
    ends = load_withdrawals(as_of) if ends is None else ends
    facts = prices.drop_duplicates("model_id").set_index("model_id")[["developer", "origin", "access"]]
    changes = changes[~changes["variant"].str.contains("fine-tuned")].join(facts, on="model_id")
    changes = changes.assign(
        host_kind=_kinds(changes),
        happened_on=changes["changed_on"].fillna(changes["shown_on"]),
        **_priced(changes, workload),
    )
    shown = changes[changes["shown_on"].gt(since) & changes["shown_on"].le(day)]
    real = changes[changes["verdict"].eq("real")]
    ends = ends.join(facts, on="model_id")
    within = ends["ended_on"].gt(since) & ends["ended_on"].le(day)
    return WhatChanged(
        since=since,
        day=day,
        models=_new_models(prices, since, day),
        moves=_one_a_price(real[real["happened_on"].gt(since) & real["happened_on"].le(day)]),
        late=_one_a_price(shown[shown["verdict"].eq("real") & shown["happened_on"].le(since)]),
        corrections=_one_a_price(shown[shown["verdict"].eq("correction")]),
        unknown=_one_a_price(shown[shown["verdict"].eq("unknown")]),
        ended=ends[within].sort_values(["ended_on", "host", "model_id"], ignore_index=True),
        ahead=ends[ends["ended_on"].gt(day)].sort_values(["ended_on", "host"], ignore_index=True),
        turned=verdict_turns(since, day) if turned is None else turned,
        workload=workload,
    )


def _kinds(changes: pd.DataFrame) -> pd.Series:
    """What the seller is: ``developer`` only where it made the model itself."""
    kind = changes["host"].map(load_reference("hosts").set_index("host")["kind"])
    own = load_reference("developers").dropna(subset=["own_host"]).drop_duplicates("developer")
    is_own = changes["host"].eq(changes["developer"].map(own.set_index("developer")["own_host"]))
    return kind.mask(kind.eq("developer") & ~is_own, "host")


def _priced(changes: pd.DataFrame, workload: str) -> dict[str, pd.Series]:
    """Prices of the workload before and after, and their ratio; caches and tiers are not in the table."""
    mix = find_workload(workload)
    told = {}
    for side in ("before", "after"):
        fresh = changes[f"input_{side}"]
        told[side] = (mix.input + mix.cached) * fresh + mix.output * changes[f"output_{side}"]
    return told | {"ratio": told["after"] / told["before"]}


def _one_a_price(changes: pd.DataFrame) -> pd.DataFrame:
    """One row where regions and speeds of one offer took the same step, largest steps first."""
    prices = ["input_before", "output_before", "input_after", "output_after"]
    ordered = changes.sort_values(["variant", "shown_on"], kind="stable")
    single = ordered.drop_duplicates(["host", "model_id", *prices])
    size = np.log(single["ratio"]).abs()
    order = size.sort_values(ascending=False, kind="stable").index
    return single.loc[order].reset_index(drop=True)


def _new_models(prices: pd.DataFrame, since: pd.Timestamp, day: pd.Timestamp) -> pd.DataFrame:
    """Models whose first day on sale, by any table and in any status, lies in the period."""
    text = prices[prices["model_id"].notna() & ~prices["status"].isin(["other_mode", "backport"])]
    text = text[text["valid_from"].le(day) & ~text["valid_to"].le(text["valid_from"])]
    first = text.groupby("model_id")["valid_from"].min()
    new = text[text["status"].eq("ok") & text["model_id"].map(first).gt(since)]
    new = new.assign(first_offered=new["model_id"].map(first))
    new = new.sort_values(["model_id", "valid_from", "price", "host"]).drop_duplicates("model_id")
    columns = ["model_id", "developer", "origin", "access", "host", "first_offered", "input", "output"]
    new = new[columns].assign(reviewed=new["model_id"].isin(load_reference("models")["model_id"]))
    return new.sort_values(["first_offered", "developer", "model_id"], ignore_index=True)


def verdict_turns(
    since: pd.Timestamp, day: pd.Timestamp | None = None, *, site: Path | None = None
) -> pd.DataFrame:
    """Claims of the briefing whose verdict turned between two kept builds of it.

    Parameters
    ----------
    since, day : Timestamp
        Builds after the first and up to the end of the second, or to now.
    site : Path, optional
        Folder of built reports; by default the project's own.

    Returns
    -------
    DataFrame
        ``claim, before, after, built_at``; empty where no build is kept.
    """
    folder = site or Path(os.environ.get(SITE_VARIABLE) or project_root() / "reports" / "site")
    builds = [json.loads((path / RESULTS_FILE).read_text("utf-8")) for path in builds_of(folder, BRIEFING)]
    rows = []
    for before, after in pairwise(builds):
        built = pd.Timestamp(after["built_at"]).tz_convert(None)
        if built > since and (day is None or built.normalize() <= day):
            rows += [(turn.claim, turn.before, turn.after, built) for turn in turns(before, after)]
    return pd.DataFrame(rows, columns=["claim", "before", "after", "built_at"])
