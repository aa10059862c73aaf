"""Was it the price or the table that changed? What independent witnesses say of one step.

For each step and each family of witnesses: did it see the old price, the new one, and a step into the new
one? Families vote; a family is one voice however many trackers it has.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.panel.stretches import OFFER, near
from undercut.sources.witnesses import family

#: Trackers round, and rounded prices are the same.
SAME: Final = 0.02
#: A witness's step belongs to ours from this long before our old price began ...
EARLY: Final = pd.Timedelta(days=30)
#: ... until this long after ours: trackers are late as well.
LATE: Final = pd.Timedelta(days=120)
#: A new price that a witness gave since about the first day of our old one was the price all along.
SINCE_LAUNCH: Final = pd.Timedelta(days=45)
#: A witness that keeps the old price for this long after our step contradicts it.
HELD: Final = pd.Timedelta(days=60)
#: A witness speaks of the days before our step where its row stood until about then.
CURRENT: Final = pd.Timedelta(days=30)
#: A witness is beside our step, and not before it, within this time.
BESIDE: Final = pd.Timedelta(days=14)
#: How the evidence begins where a witness gave the new price before us.
MENDED: Final = "the new price stood before by"
#: How it begins where :mod:`undercut.panel.contradictions` had set the old number aside.
CONTRADICTED: Final = ("set aside: a correction: contradicted",)
#: How it begins where the step lies between two sources, and a third party took it.
HANDED_OVER: Final = "between two sources; step seen by"
#: Sources that are a seller's own list: their steps are changes.
_FIRST_HAND: Final = {("openrouter-archive", "openrouter"), ("openrouter", "openrouter")}


def decide(changes: pd.DataFrame, testimony: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Changes with ``verdict``, ``evidence``, ``witnesses`` and ``changed_on``.

    Parameters
    ----------
    changes : DataFrame
        One row a change: the offer, prices before and after, ``source``, ``shown_on``, ``stated_on``,
        ``wrong_before``, ``wrong_after``.
    testimony : DataFrame
        Runs of prices: the offer, ``tracker``, ``family``, prices, ``observed_from``, ``observed_to``,
        ``is_ours``.
    records : DataFrame
        Publications about single changes.
    """
    votes = _votes(changes, testimony)
    seen = dict(iter(votes.groupby("change")))
    nobody = votes.iloc[:0]
    answers = pd.DataFrame(
        [_verdict(row, seen.get(row.Index, nobody)) for row in changes.itertuples()],
        columns=["verdict", "evidence", "witnesses", "changed_on"], index=changes.index,
    )  # fmt: skip
    answers["old_seen"] = answers.index.isin(votes.loc[votes["vote"].isin(["step", "old", "held"]), "change"])
    answers["changed_on"] = pd.to_datetime(answers["changed_on"]).astype("datetime64[us]")
    return _passed_on(_with_records(pd.concat([changes, answers], axis=1), records))


def _votes(changes: pd.DataFrame, testimony: pd.DataFrame) -> pd.DataFrame:
    """What each independent family says of each change: ``change, family, trackers, vote, day``."""
    met = changes.reset_index(names="change").merge(testimony, on=OFFER)
    met["is_new"], met["is_old"] = _sides(met)
    met["began"] = _first_day_of_old_price(met)
    met = met[met["family"] != met["source"].map(family)].copy()
    by = [met["change"], met["family"]]
    seen, shown = met["observed_from"], met["shown_on"]
    old_from = seen.where(met["is_old"]).groupby(by).transform("min")
    in_time = seen.between(met["began"] - EARLY, shown + LATE)
    still = met["is_new"] & (met["observed_to"] > shown - CURRENT) & (seen < shown - BESIDE)
    days = {
        "old_from": seen.where(met["is_old"]),
        "stepped": seen.where(met["is_new"] & (seen > old_from) & in_time),
        "stood": seen.where(still),
        "new_from": seen.where(met["is_new"] & (seen <= shown + LATE)),
        "shown_on": shown,
        "began": met["began"],
    }
    table = pd.DataFrame({name: day.groupby(by).min() for name, day in days.items()})
    table["old_to"] = met["observed_to"].where(met["is_old"]).groupby(by).max()
    table["trackers"] = met["tracker"].where(met["is_old"] | met["is_new"]).groupby(by).agg(_listed)
    table = table.reset_index()
    table["came_into"] = _steps_into(met, table)
    return _labelled(table)


def _first_day_of_old_price(met: pd.DataFrame) -> pd.Series:
    """From when any source of the panel showed the old price that still stood about the step or handover."""
    ours = met[met["is_ours"] & met["is_old"] & (met["observed_to"] > met["shown_on"] - HELD)]
    first = ours.groupby("change")["observed_from"].min()
    first = first.reindex(met["change"]).set_axis(met.index)
    return met["held_from"].fillna(first).fillna(met["shown_on"])


def _listed(names: pd.Series) -> str:
    return ", ".join(sorted(set(names.dropna())))


def _sides(met: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether a witness's price is the new one, and whether it is the old one: the nearer of the two."""
    gaps = {}
    for side in ("before", "after"):
        parts = [
            np.log(met[name].where(met[name] > 0) / met[f"{name}_{side}"]).abs()
            for name in ("input", "output")
        ]
        # Where a tracker gives the input price alone, that decides; where it gives none, nothing fits.
        gaps[side] = parts[0].combine(parts[1].fillna(parts[0]), max).fillna(np.inf)
    is_new = (gaps["after"] <= SAME) & (gaps["after"] < gaps["before"])
    return is_new, (gaps["before"] <= SAME) & (gaps["before"] < gaps["after"])


def _steps_into(met: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """The day on which a family came to the new price from a third one, on the same side of it as ours."""
    keys = ["change", "family"]
    known = met.merge(table[[*keys, "new_from"]], on=keys)
    known = known[~known["is_new"] & (known["observed_from"] < known["new_from"])]
    fell = np.sign(
        known["input_after"] + known["output_after"] - known["input_before"] - known["output_before"]
    )
    moved = np.sign(known["input_after"] + known["output_after"] - known["input"] - known["output"])
    alike = known.assign(alike=fell.eq(moved)).sort_values("observed_from").groupby(keys)["alike"].last()
    into = table.set_index(keys)["new_from"].where(
        alike.reindex(pd.MultiIndex.from_frame(table[keys])).eq(True)
    )
    return pd.Series(into.to_numpy(), index=table.index)


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    """One vote a family, with the day that goes with it."""
    shown, began = table["shown_on"], table["began"]
    came = table["came_into"].where(table["came_into"].between(began - EARLY, shown + LATE))
    step = table["stepped"].fillna(came)
    unseen = table["old_from"].isna() | (table["old_from"] >= shown)
    all_along = table["stood"].notna() & (table["stood"] <= began + SINCE_LAUNCH)
    choices = {
        "step": step.notna(),
        "all along": all_along & unseen,
        "ended before": all_along,
        "earlier": unseen & table["stood"].notna(),
        "new": unseen & (table["new_from"] >= shown - BESIDE),
        "held": table["new_from"].isna() & (table["old_to"] > shown + HELD),
        "old": table["old_from"] < shown,
    }
    table["vote"] = np.select(list(choices.values()), list(choices), "none")
    table["day"] = step.fillna(table["stood"]).fillna(table["new_from"])
    return table.loc[table["vote"] != "none", ["change", "family", "trackers", "vote", "day"]]


_Answer = tuple[str, str, str, pd.Timestamp]


def _verdict(change: Any, votes: pd.DataFrame) -> _Answer:
    """Verdict, evidence, witnesses and day of one change."""
    by = dict(iter(votes.groupby("vote")))
    stepped, mended = by.get("step"), [by[v] for v in ("all along", "ended before") if v in by]
    n_mended = sum(len(group) for group in mended)
    if change.wrong_before or change.wrong_after:
        reason = change.wrong_before or change.wrong_after
        return "correction", f"set aside: {reason}", _names(votes), pd.NaT
    if change.is_handover and len(third := _third_parties(change, votes)):
        return "real", _told(HANDED_OVER, third), _names(third), min(third["day"].min(), change.shown_on)
    if change.is_handover and (stepped is not None or not n_mended):
        return "unknown", "", "", pd.NaT
    if stepped is not None and len(stepped) >= n_mended:
        day = min([stepped["day"].min(), change.shown_on, *_known(change.stated_on)])
        return "real", _told("step seen by", stepped), _names(stepped), day
    if n_mended and (change.source, change.host) not in _FIRST_HAND:
        told = pd.concat(mended)
        return "correction", _told(MENDED, told), _names(told), pd.NaT
    if (change.source, change.host) in _FIRST_HAND:
        return "real", "the seller's own list", _names(votes), change.shown_on
    if pd.notna(change.stated_on):
        return "real", f"dated by {change.source}", _names(votes), change.stated_on
    return _by_pieces(change, by, votes)


def _third_parties(change: Any, votes: pd.DataFrame) -> pd.DataFrame:
    """Who took, in time, a step that lies between two sources; nobody where one had the new price all along.

    A seller's own list shows the seller's steps itself.
    """
    others = votes[votes["family"].ne(family(change.taken_over_by))]
    in_time = others["vote"].eq("step") & (others["day"] <= change.shown_on + BESIDE)
    doubted = others["vote"].isin(["all along", "ended before"]).any()
    return others[in_time & (not doubted) & (change.host not in {host for _, host in _FIRST_HAND})]


def _by_pieces(change: Any, by: dict[str, pd.DataFrame], votes: pd.DataFrame) -> _Answer:
    """Where nobody saw the step itself: old and new price by different families, or only the old one."""
    old = [by[v] for v in ("old", "held") if v in by]
    if "new" in by and old:
        told = pd.concat([*old, by["new"]])
        return "real", _told("old and new price seen by", told), _names(told), pd.NaT
    if "held" in by and len(by["held"]) >= 2:
        return "correction", _told("the old price still held by", by["held"]), _names(by["held"]), pd.NaT
    if reason := _slip(change):
        return "correction", reason, "", pd.NaT
    seen = _told("seen by", votes) if len(votes) else "no witness"
    return "unknown", seen, _names(votes), pd.NaT


def _slip(change: Any) -> str:
    """A slip of the pen that the numbers alone give away; empty where they do not."""
    before, after = (change.input_before, change.output_before), (change.input_after, change.output_after)
    if before[0] == after[1] and before[1] == after[0] and before[0] > before[1]:
        return "input and output had been exchanged"
    copied = before[0] == before[1] == after[1] and after[0] < after[1]
    if copied:
        return "the input price had been a copy of the output price"
    ratios = [np.log10(new / old) for old, new in zip(before, after, strict=True)]
    for moved, other in (ratios, ratios[::-1]):
        if round(moved) != 0 and abs(moved - round(moved)) < 0.001 and abs(other) < 0.001:
            return "one of the two prices had been wrong by a power of ten"
    return ""


def _known(day: pd.Timestamp) -> list[pd.Timestamp]:
    return [] if pd.isna(day) else [day]


def _names(votes: pd.DataFrame) -> str:
    return ", ".join(sorted({name for names in votes["trackers"] for name in names.split(", ") if name}))


def _told(words: str, votes: pd.DataFrame) -> str:
    parts = [
        f"{row.trackers} ({row.vote}{'' if pd.isna(row.day) else f' {row.day:%Y-%m-%d}'})"
        for row in votes.sort_values(["day", "family"]).itertuples()
    ]
    return f"{words} {'; '.join(parts)}"


def _with_records(changes: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Publications about a single change decide it."""
    prices = ["input_before", "output_before", "input_after", "output_after"]
    met = changes.reset_index(names="change").merge(records, on=OFFER, suffixes=("", "_record"))
    for name in prices:
        met = met[near(met[name], met[f"{name}_record"], SAME)]
    met = met.drop_duplicates("change", keep="last").set_index("change")
    told = changes.copy()
    for name in ("verdict", "changed_on"):
        told.loc[met.index, name] = met[f"{name}_record"]
    told.loc[met.index, "evidence"] = "publication: " + met["publication"]
    return told


def _passed_on(changes: pd.DataFrame) -> pd.DataFrame:
    """Unknown changes that repeat, to the cent, a real one of the model at another seller are real."""
    prices = ["input_before", "output_before", "input_after", "output_after"]
    unknown = changes[changes["verdict"].eq("unknown") & changes["variant"].eq("")]
    real = changes[changes["verdict"].eq("real")].assign(
        day=lambda rows: rows["changed_on"].fillna(rows["shown_on"])
    )
    met = unknown.reset_index(names="change").merge(real, on=["model_id", *prices], suffixes=("", "_first"))
    met = met[(met["host"] != met["host_first"]) & (met["day"] <= met["shown_on"] + BESIDE)]
    met = met.sort_values(["change", "day", "host_first"]).drop_duplicates("change").set_index("change")
    told = changes.copy()
    told.loc[met.index, "verdict"] = "real"
    told.loc[met.index, "evidence"] = "the same step as at " + met["host_first"]
    return told
