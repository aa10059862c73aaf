"""What changed lately: counted a second way, with the data turned around, and in days without news."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import undercut as uc
from undercut.errors import InputError
from undercut.panel.calendar import load_withdrawals
from undercut.studies import changed as study
from undercut.studies.changed import pages
from undercut.studies.presentation import Answer, Figure, Number, Sentence, Table

DAY = pd.Timestamp("2026-11-20")


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    return uc.load_prices(status="all")


@pytest.fixture(scope="module")
def changes() -> pd.DataFrame:
    return uc.load_changes()


@pytest.fixture(scope="module")
def ends() -> pd.DataFrame:
    return load_withdrawals()


@pytest.fixture(scope="module")
def news(prices: pd.DataFrame, changes: pd.DataFrame, ends: pd.DataFrame) -> study.WhatChanged:
    return study.what_changed(prices, changes=changes, ends=ends)


def answer_of(found: study.WhatChanged) -> str:
    return next(part.text for part in pages.what_changed(found) if isinstance(part, Answer))


def numbers_of(found: study.WhatChanged) -> dict[str, float | None]:
    return {part.key: part.value for part in pages.what_changed(found) if isinstance(part, Number)}


def test_real_changes_are_those_that_happened_in_the_period(
    news: study.WhatChanged, changes: pd.DataFrame
) -> None:
    """Row by row, without joins: the day is the day it happened, regions of one offer count once."""
    steps = set()
    for row in changes.itertuples():
        day = row.shown_on if pd.isna(row.changed_on) else row.changed_on
        if row.verdict == "real" and news.since < day <= news.day and "fine-tuned" not in row.variant:
            steps.add(
                (
                    row.host,
                    row.model_id,
                    row.input_before,
                    row.output_before,
                    row.input_after,
                    row.output_after,
                )
            )
    assert len(news.moves) == len(steps) > 10
    assert news.moves["evidence"].ne("").all()
    assert numbers_of(news)["real_changes"] == len(steps)
    assert f"{len(steps)} prices really changed" in answer_of(news)


def test_new_models_were_on_no_table_before(news: study.WhatChanged, prices: pd.DataFrame) -> None:
    before = prices[prices["valid_from"] <= news.since]
    assert not set(news.models["model_id"]) & set(before["model_id"].dropna())
    hy4 = news.models.set_index("model_id").loc["hy4"]
    assert hy4["first_offered"] == pd.Timestamp("2026-11-10") and hy4["reviewed"]
    assert "jais-13b-chat" not in set(news.models["model_id"])  # on sale before, at a price set aside


def test_the_answer_is_short_and_turns_with_the_data(
    news: study.WhatChanged, prices: pd.DataFrame, changes: pd.DataFrame, ends: pd.DataFrame
) -> None:
    assert len(answer_of(news).split()) <= 30
    names = ["input_before", "output_before", "input_after", "output_after"]
    back = changes.rename(columns=dict(zip(names, [*names[2:], *names[:2]], strict=True)))
    turned = study.what_changed(prices, changes=back, ends=ends)
    was, now = numbers_of(news), numbers_of(turned)
    assert was["real_changes"] == now["real_changes"]
    assert was["cuts"] + now["cuts"] == was["real_changes"]  # type: ignore[operator]
    assert f"{was['cuts']:.0f} fell" in answer_of(news) and f"{now['cuts']:.0f} fell" in answer_of(turned)


def test_as_unknown_changes_they_are_no_news(
    prices: pd.DataFrame, changes: pd.DataFrame, ends: pd.DataFrame
) -> None:
    doubted = study.what_changed(prices, changes=changes.assign(verdict="unknown"), ends=ends)
    assert numbers_of(doubted)["real_changes"] == 0
    assert "no price is known to have changed" in answer_of(doubted)
    assert not [part for part in pages.what_changed(doubted) if isinstance(part, Figure)]
    assert len(doubted.unknown) > 10


def test_a_period_without_days_reads_well(prices: pd.DataFrame, ends: pd.DataFrame) -> None:
    nothing = study.what_changed(prices, days=0, ends=ends)
    assert answer_of(nothing) == "A period of 0 days holds no new model and no change of price."
    assert nothing.to_frame().empty
    assert set(numbers_of(nothing).values()) == {0}
    for page in (study.moved, study.new_models, study.ended, study.mended, study.turned):
        parts = list(page(nothing))
        assert isinstance(parts[0], Sentence) and parts[0].text.startswith(("No ", "A "))
    assert not [part for part in study.mended(nothing) if isinstance(part, Table)]


def test_days_before_the_first_are_refused(prices: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="0 days or more"):
        study.what_changed(prices, days=-1)


def test_every_event_lies_in_the_period(news: study.WhatChanged) -> None:
    events = news.to_frame()
    assert events["day"].gt(news.since).all() and events["day"].le(news.day).all()
    assert set(events["kind"]) == {
        "new model", "real change", "correction", "unknown change", "offer ended",
    }  # fmt: skip


def build(site: Path, moment: str, verdict: str, *, is_current: bool = False) -> None:
    claim = {"id": "cheaper", "claim": "Open models cost less.", "verdict": verdict}
    stamp = moment.replace("-", "").replace(":", "")
    folder = site / "00_briefing" if is_current else site / "history" / "00_briefing" / stamp
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps({"built_at": moment, "claims": [claim], "findings": []}))


def test_a_verdict_that_turned_is_told_and_an_older_turn_is_not(tmp_path: Path) -> None:
    assert study.verdict_turns(pd.Timestamp("2026-01-01"), site=tmp_path).empty
    build(tmp_path, "2026-09-01T08:00:00Z", "contradicted")
    build(tmp_path, "2026-10-01T08:00:00Z", "mixed")
    build(tmp_path, "2026-11-19T08:00:00Z", "supported", is_current=True)
    turned = study.verdict_turns(pd.Timestamp("2026-10-21"), site=tmp_path)
    assert turned[["before", "after"]].to_numpy().tolist() == [["mixed", "supported"]]
    assert len(study.verdict_turns(pd.Timestamp("2026-08-21"), site=tmp_path)) == 2
