"""Which prices really changed, when, and who saw it? One row and one verdict for each change of an offer.

A step in a published table is a change of price, the mending of a wrong number, or a mistake brought in. What
independent witnesses wrote down before and after decides; where none of them speaks, the change is unknown.
A step from one source or id to another is a row only where a third party took the same step in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from undercut import paths
from undercut.days import Day, day_of
from undercut.errors import unknown
from undercut.panel import store
from undercut.panel.stretches import MAX_GAP, OFFER, SERIES, near, steps, stretches
from undercut.panel.verdicts import CONTRADICTED, HANDED_OVER, MENDED, SAME, decide
from undercut.provenance import attach
from undercut.sources.witnesses import family, load_witnesses, provenance

CHANGE_COLUMNS: Final = (
    "host", "model_id", "variant", "changed_on", "shown_on", "input_before", "output_before", "input_after",
    "output_after", "source", "verdict", "evidence", "witnesses",
)  # fmt: skip
VERDICTS: Final = ("real", "correction", "unknown")
#: What a table for people shows; the evidence in words is in JSON and CSV.
MAIN_COLUMNS: Final = (
    "shown_on", "host", "model_id", "input_before", "output_before", "input_after", "output_after", "verdict",
    "changed_on", "witnesses",
)  # fmt: skip
#: Sources that show the same step of an offer within this time show one change.
ONE_CHANGE: Final = pd.Timedelta(days=200)
#: So many models of a seller at one step between sources are its list told anew (OVHcloud's: in euro).
WHOLE_LIST: Final = 5
_PRICES: Final = ["input_before", "output_before", "input_after", "output_after"]


#: Modules whose code decides what the changes say, beside the panel's own.
_CODE: Final = ("changes", "stretches", "verdicts")


def load_changes(as_of: Day = None, *, verdict: str | Sequence[str] | None = None) -> pd.DataFrame:
    """Changes of the price of an offer, each with a verdict and its evidence.

    Parameters
    ----------
    as_of : str or date, optional
        Only what could be known at the end of this day (UTC), by the sources and by the witnesses. By default
        all that the project has read.
    verdict : str, sequence of str or None
        Keep changes of these verdicts: ``real``, ``correction`` (of a wrong number, or an error brought in),
        ``unknown``; None or ``"all"`` keeps every change.

    Returns
    -------
    DataFrame
        One row a change, in order of ``shown_on``: ``host``, ``model_id``, ``variant``; ``changed_on``, the
        day on which the price changed (missing where nobody dates it and for corrections); ``shown_on``, the
        day on which ``source``, the first to do so, showed it; ``input_before``, ``output_before``,
        ``input_after``, ``output_after`` in US dollars per million tokens; ``verdict``, ``evidence`` (words),
        ``witnesses``. A step from one source to another is no row unless a third party took it in time; moves
        under 0.2% are rounding.

    Raises
    ------
    InputError
        ``as_of`` or ``verdict`` is not usable.
    StoreError
        The panel on disk is missing or damaged.

    Examples
    --------
    >>> cuts = load_changes(verdict="real").query("host == 'openai' and model_id == 'o3'")
    >>> cuts[["changed_on", "input_before", "input_after"]].astype("str").to_numpy().tolist()
    [['2025-06-10', '10.0', '2.0']]
    """
    wanted = store.chosen("verdict", verdict, VERDICTS)
    changes = _changes(day_of(as_of))
    chosen = changes[changes["verdict"].isin(wanted)].reset_index(drop=True)
    return attach(chosen, *store.provenance(), provenance())


def select_changes(
    *,
    since: str | None = None,
    host: str | None = None,
    model: str | None = None,
    verdict: str = "all",
    as_of: str | None = None,
) -> pd.DataFrame:
    """Changes shown since a day, of one seller or model as people write them; verdicts separated by commas.

    Raises
    ------
    UnknownNameError
        No change has this seller or model; the closest names are told.
    """
    every = load_changes(as_of)
    verdicts = verdict if verdict == "all" else verdict.split(",")
    found = every[every["verdict"].isin(store.chosen("verdict", verdicts, VERDICTS))]
    for column, name in (("host", host), ("model_id", model)):
        if name is None:
            continue
        wanted = "-".join(name.lower().split()).rpartition("/")[2]
        if wanted not in set(every[column]):
            raise unknown(column.removesuffix("_id"), name, every[column].unique())
        found = found[found[column] == wanted]
    first = day_of(since)
    return found if first is None else found[found["shown_on"] >= first]


def save_changes(panel: pd.DataFrame) -> None:
    """Keep the changes of the newest panel beside it."""
    found = build_changes(panel, load_witnesses(), load_records())
    store.write(found, paths.own_data_dir() / "prices" / "changes.parquet", _fingerprint())


def _changes(day: pd.Timestamp | None) -> pd.DataFrame:
    def derive() -> pd.DataFrame:
        panel = store.load_panel(day, status="all")
        return build_changes(panel, load_witnesses(as_of=day), load_records(as_of=day))

    return store.stored("changes", day, _fingerprint(), derive)


def _fingerprint() -> str:
    """Identifies the panel, the witnesses and the code behind the changes."""
    code = Path(__file__).parent
    tables = sorted(path for path in (paths.data_dir() / "witnesses").iterdir() if path.suffix != ".md")
    return store.fingerprint(more=[*(code / f"{name}.py" for name in _CODE), *tables])


def build_changes(panel: pd.DataFrame, witnesses: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Every change of price in a panel, with its verdict.

    Parameters
    ----------
    panel : DataFrame
        Every quote of every status, as of any day.
    witnesses : DataFrame
        From :func:`undercut.sources.witnesses.load_witnesses`, as of the same day.
    records : DataFrame
        Dated publications about single changes, from :func:`load_records`.

    Returns
    -------
    DataFrame
        Columns of :data:`CHANGE_COLUMNS`, in order of ``shown_on``. ``changed_on`` is missing where nobody
        dates the change, and for corrections, as nothing happened.
    """
    runs = stretches(panel)
    shown = steps(runs).assign(is_handover=False, taken_over_by="", is_direct=False, held_from=pd.NaT)
    found = pd.concat([shown, _handovers(runs)], ignore_index=True)
    found = found.astype({"is_handover": bool, "is_direct": bool})
    if found.empty:
        return pd.DataFrame(columns=list(CHANGE_COLUMNS))
    changes = _one_row_a_change(found)
    testimony = _testimony(runs, witnesses)
    decided = decide(changes, testimony, records)
    # A step from source to source is a row only where it mends a price that was wrong, or others took it too.
    mends = decided["evidence"].str.startswith((MENDED, *CONTRADICTED)) & ~decided["old_seen"]
    handed = decided["evidence"].str.startswith(HANDED_OVER) & ~_whole_lists(decided)
    decided["source"] = decided["source"].mask(handed, decided["taken_over_by"])
    decided = decided[~decided["is_handover"] | mends & decided["is_direct"] | handed]
    order = ["shown_on", "host", "model_id", "variant", *_PRICES]
    return decided[list(CHANGE_COLUMNS)].sort_values(order, ignore_index=True, kind="stable")


def load_records(*, as_of: pd.Timestamp | None = None, directory: Path | None = None) -> pd.DataFrame:
    """What dated publications say about single changes of price: the table ``records.csv``, checked."""
    path = (directory or paths.data_dir() / "witnesses") / "records.csv"
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], parse_dates=["changed_on", "published"])
    table["variant"] = table["variant"].fillna("")
    return table if as_of is None else table[table["published"] <= as_of].reset_index(drop=True)


def _one_row_a_change(found: pd.DataFrame) -> pd.DataFrame:
    """Steps of several ids and sources at the same prices as one change, of the first that showed it."""
    found = found.sort_values(["shown_on", "source", "raw_id"], kind="stable", ignore_index=True)
    # Prices to two digits make the key; rounding may part a pair, never join two.
    digits = np.round(np.log10(found[_PRICES]), 2)
    key = pd.MultiIndex.from_frame(pd.concat([found[OFFER], digits], axis=1)).factorize()[0]
    gap = found["shown_on"] - found["shown_on"].groupby(key).shift()
    spell = gap.gt(ONE_CHANGE).groupby(key).cumsum()
    # Where a source shows the step itself, a handover at the same prices adds nothing.
    is_between = found["is_handover"].groupby([key, spell]).transform("all")
    kept = found[is_between | ~found["is_handover"]]
    groups = kept.groupby([key[kept.index], spell[kept.index]], sort=False)
    rows = kept.loc[groups.head(1).index].copy()
    number = groups.ngroup()
    rows["stated_on"] = number[rows.index].map(kept["stated_on"].groupby(number).min())
    for side in ("wrong_before", "wrong_after"):
        rows[side] = number[rows.index].map(kept[side].groupby(number).max())
    rows["is_direct"] = number[rows.index].map(kept["is_direct"].groupby(number).any())
    return rows.reset_index(drop=True)


def _handovers(runs: pd.DataFrame) -> pd.DataFrame:
    """Where the last price of a series gives way to that of another source or id, which speaks on.

    ``is_direct``: to another family, without a gap.
    """
    last = runs[runs["end"].notna() & ~runs.duplicated(SERIES, keep="last")]
    met = last.merge(runs, on=OFFER, suffixes=("_before", "_after"))
    apart = met["source_before"].map(family) != met["source_after"].map(family)
    other = apart | (met["raw_id_before"] != met["raw_id_after"])
    takes_over = (met["start_after"] > met["start_before"]) & ~(met["end_after"] < met["end_before"])
    takes_over &= met["start_after"] <= met["end_before"] + MAX_GAP
    same = near(met[_PRICES[:2]], met[_PRICES[2:]], SAME).all(axis=1)
    met = met[other & takes_over & ~same]
    return met[[*OFFER, *_PRICES]].assign(
        source=met["source_before"], raw_id=met["raw_id_before"], shown_on=met["shown_after"],
        stated_on=pd.NaT, wrong_before=met["wrong_before"], wrong_after="", is_handover=True,
        taken_over_by=met["source_after"], held_from=met["start_before"],
        is_direct=apart & (met["start_after"] <= met["end_before"]),
    )  # fmt: skip


def _whole_lists(decided: pd.DataFrame) -> pd.Series:
    """Steps between sources by many models of a seller on one day: its list told in another currency."""
    handed = decided["evidence"].str.startswith(HANDED_OVER)
    models = decided["model_id"].where(handed).groupby([decided["host"], decided["changed_on"]])
    return models.transform("nunique").ge(WHOLE_LIST)


def _testimony(runs: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """What trackers and the panel's own sources say, in one frame: who, of which family, price, from, to."""
    own = runs[runs["wrong"].eq("")].assign(
        tracker=runs["source"], family=runs["source"].map(family), observed_from=runs["start"],
        observed_to=runs["heard"] + pd.Timedelta(days=1), is_ours=True,
    )  # fmt: skip
    columns = [*OFFER, "tracker", "family", "input", "output", "observed_from", "observed_to", "is_ours"]
    return pd.concat([own[columns], witnesses.assign(is_ours=False)[columns]], ignore_index=True)
