"""Specification curves of reports 05 and 06: the headline is one of them, and a naive regression finds it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.eventstudy.windows import label
from undercut.studies.presentation import Figure, Number, Sentence
from undercut.studies.stocks.announced import Announced, announced, pair_moves
from undercut.studies.stocks.choices import (
    Combinations,
    announcement_combinations,
    release_combinations,
)
from undercut.studies.stocks.release_events import release_events
from undercut.studies.stocks.release_response import response_returns, responses
from undercut.studies.stocks.universe import load_market

MAIN = {"window": (-1, 1), "estimation": (-250, -31), "benchmark": "RSP"}


@pytest.fixture(scope="module")
def returns() -> pd.DataFrame:
    return response_returns("sample")


@pytest.fixture(scope="module")
def released(returns: pd.DataFrame) -> tuple[float, Combinations]:
    releases = release_events(undercut.load_prices(), within=8.0, window="-1:1")
    found = responses(returns, releases, draws=99, **MAIN)
    combined = release_combinations(found, returns)
    assert isinstance(combined, Combinations)
    return float(found.mean.set_index("group").loc["chips", "caar"]), combined


@pytest.fixture(scope="module")
def case() -> Announced:
    data = load_market("sample", None, benchmarks=["SPY", "RSP"])
    return announced(data, undercut.load_events(), window="0:1", estimation="-250:-31")


def test_the_headline_of_05_is_the_marked_combination(released: tuple[float, Combinations]) -> None:
    headline, found = released
    marked = found.curve.estimates[found.curve.estimates["is_headline"]]
    assert marked["estimate"].tolist() == [pytest.approx(100 * headline, rel=1e-12)]
    assert len(found.frame) == 3 * 2 * 2 * 3
    counted = found.frame.groupby("events")["n"].max()
    assert counted["all"] > counted["no other news inside"] >= counted["no other news, nothing scheduled"]


def test_the_headline_of_06_is_the_marked_combination(case: Announced) -> None:
    study = undercut.event_study(case.returns, case.pairs(), window=case.window, **case.options)
    pairs = pair_moves(case, study, draws=99).frame
    row = pairs[pairs["kind"].eq("export controls tightened") & pairs["portfolio"].eq("chips")]
    found = announcement_combinations(case, market="SPY")
    assert isinstance(found, Combinations)
    first = found.frame.iloc[0]
    assert first["estimate"] == pytest.approx(100 * float(row["car"].iloc[0]), rel=1e-9)
    assert found.curve.estimates["is_headline"].sum() == 1


def test_a_combination_by_plain_regressions(case: Announced) -> None:
    found = announcement_combinations(case, market="SPY")
    assert isinstance(found, Combinations)
    wanted = {"window": label((0, 1)), "estimation": label((-130, -11)), "benchmark": "SPY"}
    kept = found.frame[list(wanted)].eq(pd.Series(wanted)).all(axis=1)
    row = found.frame[kept & found.frame["events"].eq("no other news inside")].iloc[0]
    about = case.rows[case.rows["group"].eq("export controls tightened") & case.rows["beside"].eq("")]
    days, moves = case.returns.index, []
    events = np.unique([days.searchsorted(day) for day in case.rows["date"]])
    taken = set(np.concatenate([events, events + 1]).tolist())
    for at in (days.searchsorted(day) for day in about["date"]):
        past = [k for k in range(max(at - 130, 0), at - 10) if k not in taken]
        both = case.returns.iloc[past][["SPY", "chips"]].dropna()
        if len(both) < 60:
            continue
        slope, level = np.polyfit(both["SPY"], both["chips"], 1)
        inside = case.returns.iloc[at : at + 2]
        moves.append(float((inside["chips"] - level - slope * inside["SPY"]).sum()))
    assert row["estimate"] == pytest.approx(100 * np.mean(moves), abs=0.02)


def test_turned_around_the_sentence_and_the_title_turn(released: tuple[float, Combinations]) -> None:
    found = released[1]
    fallen = found.curve.estimates.assign(estimate=-5.0 - 0.01 * np.arange(36), low=-8.0, high=-2.0)
    risen = fallen.assign(estimate=-fallen["estimate"], low=2.0, high=8.0)
    told = []
    for table in (fallen, risen):
        curve = replace(found.curve, estimates=table)
        parts = list(replace(found, curve=curve).parts())
        number = next(part for part in parts if isinstance(part, Number))
        figure = next(part for part in parts if isinstance(part, Figure))
        sentence = next(part for part in parts if isinstance(part, Sentence))
        told.append((np.sign(number.value or 0), figure.alt, sentence.text))
    assert told[0][0] == -told[1][0] == -1
    assert "36 of 36 combinations of choices show a fall" in told[0][1] and "none a rise" in told[0][1]
    assert "None of 36 combinations of choices shows a fall" in told[1][1] and "36 a rise" in told[1][1]
    assert all("all on one side of zero" in text for *_, text in told)


def test_too_few_events_are_said(case: Announced) -> None:
    alone = replace(case, rows=case.rows.assign(group="adoption"))
    [said] = announcement_combinations(alone, market="SPY")  # type: ignore[misc]
    assert isinstance(said, Sentence) and "0 events are left" in said.text
