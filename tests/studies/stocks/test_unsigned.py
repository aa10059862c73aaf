"""Moves of both signs cancel in a mean and show in their size; without an effect the test keeps its size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError
from undercut.eventstudy.groups import group_tests
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.studies.stocks.announcement_checks import unsigned_moves


def study_of(size: float, seed: int = 0, **options: object) -> EventStudy:
    """Ten dates on which one unit moves by ``size`` up and down in turn, another not at all."""
    rng = np.random.default_rng(seed)
    days = pd.bdate_range("2022-01-03", periods=420, name="date")
    market = rng.normal(0, 0.01, 420)
    frame = pd.DataFrame({name: market + rng.normal(0, 0.01, 420) for name in ("moved", "still")}, index=days)
    places = np.arange(180, 400, 22)
    frame.iloc[places, 0] += size * np.resize([1.0, -1.0], len(places))
    frame["market"] = market
    rows = [(f"e{p}", days[p], firm, firm) for p in places for firm in ("moved", "still")]
    events = pd.DataFrame(rows, columns=["event", "date", "firm", "group"])
    return event_study(frame, events, market="market", estimation=(-150, -11), window=(0, 0), **options)


def test_moves_that_cancel_in_the_mean_are_seen_in_their_size() -> None:
    study = study_of(0.03)
    sizes = unsigned_moves(study, draws=999).set_index("group")
    assert group_tests(study, draws=999).of("moved")["p_permutation"] > 0.2
    assert sizes.loc["moved", "p_value"] < 0.01 and sizes.loc["moved", "ratio"] > 2
    assert sizes.loc["still", "p_value"] > 0.05
    assert sizes.loc["still", "low"] < sizes.loc["still", "ratio"] < sizes.loc["still", "high"]


def test_the_ratio_is_the_one_of_a_loop_over_days() -> None:
    study = study_of(0.03, skip_events=False)  # the loop knows one event at a time
    found = unsigned_moves(study, draws=4_000).set_index("group")["ratio"]
    rows = study.abnormal.rows
    own = [abs(c / s) for c, s in zip(study.car()["car"], study.car()["se"], strict=True)]
    chosen = rows.firm == "moved"
    nearby: list[float] = []
    for date in np.unique(rows.day):
        values = []
        for day in range(date - 60, date + 61):
            if day < 420 and np.abs(np.unique(rows.day) - day).min() >= 1 and day >= 160:
                moved = study.setup.fit_on(rows.take((rows.day == date) & chosen), day)
                values.append(abs(float(moved.car()[0]) / float(np.sqrt(moved.car_variance()[0]))))
        nearby.append(float(np.mean(values)))
    assert found["moved"] == pytest.approx(np.mean(np.array(own)[chosen]) / np.mean(nearby), rel=0.03)


def test_without_an_effect_one_in_twenty_is_found() -> None:
    p_values = [unsigned_moves(study_of(0.0, seed), draws=199)["p_value"] for seed in range(60)]
    rate = float((pd.concat(p_values) <= 0.05).mean())
    assert abs(rate - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 120)


def test_models_without_running_sums_and_short_neighbourhoods_are_refused() -> None:
    with pytest.raises(InputError, match="garch"):
        unsigned_moves(study_of(0.0, model="garch"))
    with pytest.raises(DataError, match="Raise within"):
        unsigned_moves(study_of(0.0), within=5)
