"""Probabilities by the rule, outcomes on the panel of the day, and a rule that is tested against none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import undercut
from undercut.errors import TooFewError
from undercut.studies.briefing.predictions import backtest, predictions, probability_above
from undercut.studies.presentation import Number, Table
from undercut.studies.report import parts_of


def path(drift: float, months: int = 30, noise: float = 0.05, start: str = "2024-01") -> pd.Series:
    steps = drift + noise * np.random.default_rng(3).normal(size=months)
    index = pd.period_range(start, periods=months, freq="M").astype(str)
    return pd.Series(np.exp(steps.cumsum()), index=index)


def test_the_probability_is_that_of_a_normal_with_half_the_drift() -> None:
    series = path(-0.04)
    log = np.log(series.to_numpy())
    steps = np.diff(log)[-12:]
    expected = norm.sf((np.log(0.3) - log[-1] - 3 * steps.mean() / 2) / (steps.std(ddof=1) * np.sqrt(3)))
    assert probability_above(series, 0.3, 3) == pytest.approx(np.clip(expected, 0.03, 0.97))


def test_a_series_turned_around_gives_the_other_side() -> None:
    series, turned = path(-0.04), 1 / path(-0.04)
    level = float(series.iloc[-1])
    assert probability_above(turned, 1 / level, 3) == pytest.approx(1 - probability_above(series, level, 3))
    with pytest.raises(TooFewError, match="too few"):
        probability_above(series[:4], level, 3)


def test_what_is_due_is_scored_on_the_panel_of_its_day_and_nothing_else() -> None:
    table = pd.DataFrame(
        {"statement": ["a", "b", "c"], "series": "share", "side": ["above", "below", "above"],
         "threshold": [10.0, 10.0, 10.0], "due": ["2026-03-31", "2026-03-31", "2027-03-31"],
         "probability": [0.8, 0.8, 0.5]}
    )  # fmt: skip
    asked: list[str] = []

    def known(day: str) -> pd.DataFrame:
        asked.append(day)
        return pd.DataFrame({"share": [9.0, 12.0]}, index=["2026-02", "2026-03"])

    tested = undercut.load_reference("predictions_backtest")
    found = predictions("2026-11-30", table=table, tested=tested, series=known)
    assert found.frame["brier"].tolist()[:2] == pytest.approx([0.04, 0.64]) and set(asked) == {"2026-03-31"}
    assert np.isnan(found.frame["brier"].iloc[2])
    numbers = {part.key: part for part in parts_of(found) if isinstance(part, Number)}
    assert numbers["predictions.brier"].value == pytest.approx(0.34)
    (table_part,) = [part for part in parts_of(found) if isinstance(part, Table)]
    assert table_part.frame["met"].tolist() == ["came true", "did not", "open"]


def test_the_backtest_scores_against_the_next_panel_and_beside_no_change() -> None:
    whole = pd.DataFrame({"ratio": path(-0.06, months=36, noise=0.01)})
    found = backtest(
        ["2025-12-31", "2026-03-31", "2026-06-30"], series=lambda day: whole[whole.index <= day[:7]]
    )
    assert len(found) == 6 and found["brier"].mean() < found["brier_no_change"].mean()
    first = found.iloc[0]
    assert first["brier"] == pytest.approx((first["probability"] - first["outcome"]) ** 2)
    assert first["outcome"] == float(whole["ratio"]["2026-03"] > first["threshold"])


def test_at_least_ten_predictions_are_made_and_each_can_turn_out_either_way() -> None:
    table = undercut.load_reference("predictions")
    assert len(table) >= 10 and table["probability"].between(0.03, 0.97).all()
    assert (pd.to_datetime(table["due"]) > pd.to_datetime(table["made_on"])).all()
    assert table["probability"].nunique() > 5
