"""The table of releases: one row a session, its dose, and what else happened then."""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.studies.stocks.release_events import (
    listed_releases,
    market_shocks,
    price_gaps,
    release_events,
)


@pytest.fixture(scope="module")
def releases() -> pd.DataFrame:
    return release_events().set_index("event")


def test_releases_of_one_session_are_one_row_led_by_the_most_capable(releases: pd.DataFrame) -> None:
    assert not releases["date"].duplicated().any()
    assert (
        releases.loc["Llama 3.1 405B Instruct", "models"] == "Llama 3.1 405B Instruct; Llama 3.1 70B Instruct"
    )
    assert "Llama 3.1 70B Instruct" not in releases.index


def test_releases_that_nobody_wrote_down_are_kept(releases: pd.DataFrame) -> None:
    assert not releases.loc["Phi 4", "listed"]
    assert releases.loc["Kimi K3", "listed"]


def test_tsmc_results_confound_kimi_k3(releases: pd.DataFrame) -> None:
    kimi = releases.loc["Kimi K3"]
    assert kimi["date"] == pd.Timestamp("2026-07-16")
    assert kimi["confounders"] == "TSMC Q2 2026 results"


def test_a_developers_own_news_is_no_confounder(releases: pd.DataFrame) -> None:
    """DeepSeek halved its prices with V3.2-Exp; the affiliates rule of that day is another matter."""
    told = releases.loc["DeepSeek V3.2 Exp", "confounders"]
    assert "affiliates rule" in told and "price cut" not in told


def test_confounders_outside_the_window_do_not_count() -> None:
    day_alone = release_events(window=(0, 0)).set_index("event")
    assert day_alone.loc["Kimi K3", "confounders"] == "TSMC Q2 2026 results"
    assert len(day_alone.loc["DeepSeek V3 0324", "confounders"]) == 0


def test_the_shock_of_r1_came_four_sessions_after_its_release(releases: pd.DataFrame) -> None:
    r1 = releases.loc["DeepSeek R1"]
    assert (r1["date"], r1["shock_date"]) == (pd.Timestamp("2025-01-21"), pd.Timestamp("2025-01-27"))
    assert market_shocks().set_index("event").loc["DeepSeek equity shock", "days_since_release"] == 4


def test_the_software_sell_off_is_no_open_release() -> None:
    shocks = market_shocks()
    row = shocks[shocks["date"] == "2026-02-03"].iloc[0]
    assert row["developer"] == "Anthropic" and row["release"] == "" and "Closed-model" in row["description"]


def test_the_day_after_a_shock_is_no_shock_of_its_own() -> None:
    days = set(market_shocks()["date"].dt.strftime("%Y-%m-%d"))
    assert "2025-01-27" in days and "2025-01-28" not in days


def test_a_shock_on_the_day_of_a_release_is_left_to_the_release() -> None:
    assert pd.Timestamp("2026-07-16") not in set(market_shocks()["date"])


def test_near_days_count_to_the_nearest_release_on_either_side(releases: pd.DataFrame) -> None:
    assert releases.loc["Llama 3 70B Instruct", "near_days"] == 1
    assert releases.loc["Kimi K2 0711", "near_days"] == 14


def test_a_threshold_that_nothing_passes_is_refused() -> None:
    with pytest.raises(DataError, match="raise it"):
        release_events(within=-50)


def test_the_list_holds_more_releases_than_the_rule(releases: pd.DataFrame) -> None:
    listed = listed_releases()
    assert set(releases.loc[releases["listed"], "date"]) <= set(listed["date"])
    assert len(listed) > len(releases)


def offers(*rows: tuple[str, str, str, float, str]) -> pd.DataFrame:
    """A panel of (host, model, access, price, first day)."""
    frame = pd.DataFrame(rows, columns=["host", "model_id", "access", "price", "valid_from"])
    frame["valid_from"] = pd.to_datetime(frame["valid_from"])
    plain = {
        "valid_to": pd.NaT,
        "developer": "x",
        "origin": "US",
        "source": "s",
        "variant": "",
        "status": "ok",
    }
    return frame.assign(**plain, raw_id=frame["model_id"], first_seen=frame["valid_from"])


R1 = pd.DataFrame({"model_id": ["deepseek-r1"], "date": pd.to_datetime(["2025-01-21"]), "eci": [139.51]})
O1 = ("openai", "o1", "closed", 16.0, "2024-12-17")


def test_a_sixteenth_of_the_rivals_price_is_four_halvings() -> None:
    weaker = ("openai", "o1-mini", "closed", 0.1, "2024-09-12")
    gap = price_gaps(R1, offers(("deepseek", "deepseek-r1", "open", 1.0, "2025-01-24"), O1, weaker)).iloc[0]
    assert gap["halvings"] == pytest.approx(4.0) and gap["rival"] == "o1" and gap["price_note"] == ""


def test_a_rival_that_came_later_does_not_count() -> None:
    late = ("openai", "o1", "closed", 16.0, "2025-02-01")
    other = ("openai", "o1-mini", "closed", 0.1, "2024-09-12")
    gap = price_gaps(R1, offers(("deepseek", "deepseek-r1", "open", 1.0, "2025-01-21"), late, other)).iloc[0]
    assert pd.isna(gap["halvings"]) and "no closed model of that capability" in gap["price_note"]


def test_a_model_without_an_offer_has_no_price_gap_and_says_so() -> None:
    too_late = ("deepseek", "deepseek-r1", "open", 1.0, "2025-06-01")
    router = ("openrouter", "deepseek-r1", "open", 1.0, "2025-01-21")
    for row in (too_late, router):
        gap = price_gaps(R1, offers(row, O1)).iloc[0]
        assert pd.isna(gap["price"]) and "no offer by the token within 60 days" in gap["price_note"]
