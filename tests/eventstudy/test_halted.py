"""A share that does not trade has no noise to judge an event by: it is left out, and said so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.eventstudy.conftest import plain
from undercut.errors import NoVariationError
from undercut.eventstudy.command import eventstudy_command
from undercut.eventstudy.model import event_study

DAYS = pd.bdate_range("2023-01-03", periods=330, name="date")
DAY = 290


@pytest.fixture
def returns() -> pd.DataFrame:
    """Six shares; H is halted until the event, T is the market itself under another name."""
    rng = np.random.default_rng(3)
    market = rng.normal(0, 0.01, len(DAYS))
    shares = {name: market + rng.normal(0, 0.01, len(DAYS)) for name in "ABCD"}
    halted = np.where(np.arange(len(DAYS)) < DAY - 1, 0.0, shares["A"])
    return pd.DataFrame({**shares, "H": halted, "T": market, "M": market}, index=DAYS)


@pytest.mark.parametrize("model", ["market", "market-adjusted", "constant-mean", "dimson"])
def test_rows_without_noise_are_left_out_and_named(returns: pd.DataFrame, model: str) -> None:
    table = returns.drop(columns="T") if model == "constant-mean" else returns
    study = event_study(table, DAYS[DAY].date(), market="M", model=model)
    lost = {"H"} if model in ("constant-mean", "market-adjusted") else {"H", "T"}
    lost = {"T"} if model == "market-adjusted" else lost
    assert lost.isdisjoint(study.car()["firm"])
    said = [note for note in study.warnings if "do not vary" in note]
    assert len(said) == 1 and all(name in said[0] for name in lost)
    tests = study.tests()
    assert np.isfinite(tests[["statistic", "p_value"]]).all(axis=None)


def test_what_is_left_is_as_if_the_halted_share_had_not_been_there(returns: pd.DataFrame) -> None:
    with_it = event_study(returns, DAYS[DAY].date(), market="M")
    without = event_study(returns.drop(columns=["H", "T"]), DAYS[DAY].date(), market="M")
    pd.testing.assert_frame_equal(with_it.car(), without.car())
    pd.testing.assert_frame_equal(with_it.tests(), without.tests())


def test_only_halted_shares_are_an_error(returns: pd.DataFrame) -> None:
    with pytest.raises(NoVariationError, match="halted share"):
        event_study(returns[["H", "M"]], DAYS[DAY].date(), market="M")


def test_the_command_writes_valid_json_and_passes_doubts_on(returns: pd.DataFrame, tmp_path: Path) -> None:
    returns.to_csv(tmp_path / "returns.csv")
    (tmp_path / "events.csv").write_text(
        f"Event,Ticker,Date\nhalt,H,{DAYS[DAY]:%d.%m.%Y}\nday,A,26.02.2024\n"
    )
    found = eventstudy_command(tmp_path / "returns.csv", events=tmp_path / "events.csv", market="M")
    json.dumps(plain(found), allow_nan=False)
    assert found["car"]["firm"].tolist() == ["A"]
    notes = [str(note) for note in found["warnings"]]
    assert any("do not vary" in note for note in notes)
    assert any("returns, stale" in note and "first H" in note for note in notes)


def test_weekends_are_said(returns: pd.DataFrame) -> None:
    filled = returns.asfreq("D").fillna(0.0)
    study = event_study(filled, DAYS[DAY].date(), market="M")
    assert any("Saturdays or Sundays" in note for note in study.warnings)
