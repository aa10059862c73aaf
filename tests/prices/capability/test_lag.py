"""Is the distance between two frontiers measured right, in points and in months?"""

from __future__ import annotations

import pandas as pd
import pytest

import undercut
from undercut.errors import DataError, UnknownNameError
from undercut.prices.capability.lag import arena_gaps, arena_scores, capability_lag


def scored(*rows: tuple[str, str, str, float, str], width: float = 0.0) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["model", "country", "access", "eci", "release_date"])
    return table.assign(
        release_date=pd.to_datetime(table["release_date"]),
        eci_low=table["eci"] - width,
        eci_high=table["eci"] + width,
    )


RACE = (
    ("A1", "US", "closed", 100.0, "2024-01-01"),
    ("A2", "US", "closed", 110.0, "2024-07-01"),
    ("A3", "US", "closed", 120.0, "2025-01-01"),
    ("B1", "CN", "open", 99.0, "2024-03-01"),
    ("B2", "CN", "open-restricted", 108.0, "2025-01-01"),
    ("B0", "CN", "open", 90.0, "2025-01-15"),
    ("C1", "CN", "closed", 119.0, "2025-01-20"),
)


def test_without_errors_the_gap_is_the_difference_of_the_best_so_far() -> None:
    path = capability_lag(scored(*RACE), draws=5).path.set_index("period")
    assert path.loc["2024-03", ["leader", "follower", "gap"]].tolist() == [100.0, 99.0, 1.0]
    assert path.loc["2024-12", "gap"] == 11.0
    assert path.loc["2025-01", ["gap", "gap_low", "gap_high"]].tolist() == [12.0, 12.0, 12.0]


def test_the_lag_is_the_time_since_the_leader_first_stood_there() -> None:
    found = capability_lag(scored(*RACE), draws=5)
    january = found.path.set_index("period").loc["2025-01"]
    # B2's 108 was first reached by A2 on 1 July 2024: 214 days before the end of January.
    assert january["lag"] == pytest.approx(214 / (365.25 / 12))
    at_release = found.releases.set_index("model")
    assert at_release.index.tolist() == ["B1", "B2"]
    assert at_release.loc["B2", "lag"] == pytest.approx(184 / (365.25 / 12))
    assert at_release.loc["B2", "matched_by"] == "A2"


def test_a_follower_ahead_of_the_leader_has_a_negative_gap_and_no_lag() -> None:
    ahead = (*RACE, ("B9", "CN", "open", 130.0, "2025-01-25"))
    found = capability_lag(scored(*ahead), draws=5)
    assert found.now[["gap", "lag"]].tolist() == [-10.0, 0.0]
    assert found.releases.iloc[-1]["matched_by"] == ""


def test_wider_errors_make_wider_intervals_that_hold_the_estimate() -> None:
    narrow, wide = (capability_lag(scored(*RACE, width=w), draws=400).path for w in (1.0, 4.0))
    assert ((wide["gap_high"] - wide["gap_low"]) > (narrow["gap_high"] - narrow["gap_low"])).all()
    assert wide["gap"].between(wide["gap_low"], wide["gap_high"]).all()
    assert wide["lag"].between(wide["lag_low"], wide["lag_high"]).all()


def test_the_interval_of_a_difference_of_two_scores_is_the_normal_one() -> None:
    pair = (("A", "US", "closed", 100.0, "2024-01-01"), ("B", "CN", "open", 90.0, "2024-01-02"))
    now = capability_lag(scored(*pair, width=1.6448536269514722), draws=40_000).now
    assert now["gap_high"] - now["gap_low"] == pytest.approx(2 * 1.959964 * 2**0.5, rel=0.02)


def test_a_group_without_scores_is_refused() -> None:
    with pytest.raises(DataError, match="FR that is open"):
        capability_lag(scored(*RACE), follower=("FR", "open"))


def test_arena_ratings_keep_their_order_and_their_errors() -> None:
    scores = arena_scores("coding").set_index("model_id")
    ratings = undercut.load_reference("arena")
    best = ratings[ratings["task"] == "coding"].sort_values("rating").drop_duplicates("model_id", keep="last")
    coding = best.set_index("model_id")
    model = "claude-opus-4-6"
    assert scores.loc[model, "eci"] == coding.loc[model, "rating"]
    half = coding.loc[model, "rating_high"] - coding.loc[model, "rating"]
    assert scores.loc[model, "eci_high"] - scores.loc[model, "eci"] == pytest.approx(
        half * 1.644854 / 1.959964
    )
    assert scores.index.is_unique
    with pytest.raises(UnknownNameError, match="coding"):
        arena_scores("codeing")


def test_gaps_by_kind_of_work_are_not_known_before_they_were_rated() -> None:
    assert arena_gaps("2026-10-19").empty
    gaps = arena_gaps("2026-10-20", draws=20).set_index("task")
    best = arena_scores("overall").sort_values("eci", ascending=False)
    us_closed = best[best["country"].eq("US") & best["access"].eq("closed")].iloc[0]
    cn_open = best[best["country"].eq("CN") & best["access"].str.startswith("open")].iloc[0]
    assert gaps.loc["overall", "gap"] == pytest.approx(us_closed["eci"] - cn_open["eci"])
    assert gaps.loc["overall", "leader_model"] == us_closed["model"]
