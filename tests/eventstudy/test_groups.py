"""Groups are tested against other days, and corrected for their number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import MissingColumnError
from undercut.eventstudy.groups import battery_table, group_tests
from undercut.eventstudy.model import event_study
from undercut.sources.returns import load_returns

OPTIONS = {"estimation": (-150, -11), "window": (0, 0)}


@pytest.fixture
def world() -> tuple[pd.DataFrame, pd.Timestamp]:
    """Fifteen quiet firms, one that falls on a day, and an index."""
    rng = np.random.default_rng(3)
    days = pd.bdate_range("2024-01-01", periods=320, name="date")
    common = rng.normal(0, 0.01, 320)
    columns = {f"D{i:02d}": (0.7 + 0.04 * i) * common + rng.normal(0, 0.004, 320) for i in range(15)}
    frame = pd.DataFrame(columns | {"X": common + rng.normal(0, 0.01, 320)}, index=days)
    frame.loc[days[250], "X"] -= 0.12
    frame["INDEX"] = frame.mean(axis=1)
    return frame, days[250]


def standardised(own: np.ndarray, market: np.ndarray, place: int, event: int) -> float:
    """Abnormal return over its standard error, by the textbook formulas; the event's day is no normal day."""
    past = [day for day in range(max(0, place - 150), place - 10) if day != event]
    design = np.column_stack([np.ones(len(past)), market[past]])
    theta = np.linalg.lstsq(design, own[past], rcond=None)[0]
    errors = own[past] - design @ theta
    ahead = np.array([1.0, market[place]])
    forecast = 1 + ahead @ np.linalg.inv(design.T @ design) @ ahead
    return float((own[place] - ahead @ theta) / np.sqrt(errors @ errors / (len(past) - 2) * forecast))


def test_the_permutation_of_one_date_counts_the_days_that_moved_more(world) -> None:
    """Against the naive loop: fit every other day in turn and count."""
    returns, day = world
    events = pd.DataFrame({"event": "e", "date": day, "firm": ["X", "D02"], "group": ["x", "d"]})
    table = group_tests(event_study(returns, events, market="D00", **OPTIONS)).rows.set_index("group")
    at, market = int(returns.index.get_loc(day)), returns["D00"].to_numpy()
    for group, firm in (("x", "X"), ("d", "D02")):
        own = returns[firm].to_numpy()
        # Day 110 is the first that has a hundred days to estimate on.
        ratios = {place: standardised(own, market, place, at) for place in range(110, 320)}
        null = [abs(value) for place, value in ratios.items() if place != at]
        naive = (1 + sum(value >= abs(ratios[at]) for value in null)) / (1 + len(null))
        assert table.loc[group, "p_permutation"] == pytest.approx(naive, rel=1e-12)
    assert table.loc["x", "p_permutation"] < 0.02 < table.loc["d", "p_permutation"]


def test_adjusted_p_values_are_never_below_the_plain_ones_and_need_named_groups(world) -> None:
    returns, day = world
    firms = [f"D{i:02d}" for i in range(8)] + ["X"]
    events = pd.DataFrame({"event": "e", "date": day, "firm": firms, "group": firms})
    study = event_study(returns, events, market="INDEX", **OPTIONS)
    found = group_tests(study)
    table = found.to_frame()
    assert (table["q_value"] >= table["p_permutation"] - 1e-12).all()
    assert (table["p_adjusted"] >= table["p_permutation"] - 1e-12).all()
    assert found.placebo_days > 150
    nameless = event_study(returns, events.drop(columns="group"), market="INDEX", **OPTIONS)
    with pytest.raises(MissingColumnError, match="No group"):
        group_tests(nameless)


def test_the_battery_has_every_test_and_leaves_blank_what_cannot_be_run() -> None:
    wide = load_returns(None, source="sample").pivot_table(index="date", columns="ticker", values="return")
    rows = [("NVDA", "chips"), ("AVGO", "chips"), ("AMD", "chips"), ("BABA", "China")]
    events = pd.DataFrame(rows, columns=["firm", "group"]).assign(event="e", date="2025-01-27")
    study = event_study(wide, events, market="RSP", estimation=(-160, -31), window=(0, 0))
    table = battery_table(study).set_index("test")
    assert (
        len(table) == 16 and table.index[0] == "permutation"
    )  # all but the bootstrap, which needs more rows
    assert pd.isna(table.loc["bmp", "China"]) and table.loc["permutation", "chips"] < 0.05
    assert (
        table.loc["kolari_pynnonen", "withstands"] == "both"
        and table.loc["patell", "withstands"] == "neither"
    )
