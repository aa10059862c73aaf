"""Are shares of the router's tokens counted and their trend estimated as stated?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.adoption.token_shares import mean_share, share_trend, token_shares
from undercut.errors import DataError, UnknownNameError
from undercut.prices.cross_section import cross_section


def week(day: str, *models: tuple[str | None, str | None, int]) -> pd.DataFrame:
    rows = [
        {"week_start": pd.Timestamp(day), "origin": origin, "access": access, "tokens": tokens,
         "developer": origin, "variant": None, "model_id": "m"}
        for origin, access, tokens in models
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_what_is_not_classified_is_never_taken_for_zero() -> None:
    usage = week(
        "2026-01-26", ("US", "closed", 50), ("CN", "open", 20), ("CN", "open-restricted", 10),
        ("CN", None, 4), (None, None, 16),
    )  # fmt: skip
    shares = token_shares(usage).set_index("group")
    assert shares.loc["CN open", ["share", "low", "high"]].tolist() == pytest.approx([37.5, 30.0, 50.0])
    assert shares.loc["US closed", ["share", "low", "high"]].tolist() == pytest.approx([62.5, 50.0, 66.0])
    origins = token_shares(usage, by="origin").set_index("group")
    assert origins.loc["CN", ["low", "high"]].tolist() == pytest.approx([34.0, 50.0])
    assert token_shares(usage, without="US").set_index("group").loc["CN open", "low"] == pytest.approx(60.0)


def test_a_group_that_is_absent_in_a_week_has_a_share_of_zero() -> None:
    listed = pd.concat([week("2026-01-26", ("US", "closed", 10)), week("2026-02-23", ("CN", "open", 10))])
    shares = token_shares(listed)
    assert shares[shares["group"] == "CN open"]["share"].tolist() == [0.0, 100.0]


def test_free_tokens_cost_nothing_and_unpriced_ones_are_dear() -> None:
    usage = week("2026-01-26", ("US", "closed", 10), ("CN", "open", 30), ("CN", "open", 60), (None, None, 10))
    usage = usage.assign(
        model_id=["claude-opus-4-5-20251101", "deepseek-v3.2", "deepseek-v3.2", None],
        variant=[None, None, "free", None],
    )
    prices = undercut.load_prices()
    offers = cross_section(prices, "2026-01-31", routers=True)
    router = offers[offers["host"] == "openrouter"].set_index("model_id")["price"]
    us, chinese = 10 * router["claude-opus-4-5-20251101"], 30 * router["deepseek-v3.2"]
    dear = 10 * max(router["claude-opus-4-5-20251101"], router["deepseek-v3.2"])
    found = token_shares(usage, prices=prices).set_index("group").loc["CN open"]
    total = us + chinese + dear
    assert found["low"] == pytest.approx(100 * chinese / total)
    assert found["high"] == pytest.approx(100 * (chinese + dear) / total)
    assert found["share"] == pytest.approx(100 * chinese / (us + chinese))


def test_means_are_over_weeks_and_refuse_to_be_thin() -> None:
    weeks = [week(str(day.date()), ("US", "closed", 10 - k), ("CN", "open", k))
             for k, day in enumerate(pd.date_range("2026-01-05", periods=8, freq="7D"))]  # fmt: skip
    shares = token_shares(pd.concat(weeks))
    assert mean_share(shares, "CN open", weeks=4)["share"] == pytest.approx(100 * np.mean([4, 5, 6, 7]) / 10)
    assert mean_share(shares, "CN open", weeks=2, before=6)["share"] == pytest.approx(5.0)
    with pytest.raises(DataError, match="of the 13 weeks"):
        mean_share(shares, "CN open", before=6)


def sampled(share: np.ndarray) -> pd.DataFrame:
    days = pd.date_range("2025-01-31", periods=len(share), freq="ME")
    return pd.DataFrame({"week_start": days, "group": "CN open", "share": share})


def test_a_straight_line_is_found_exactly() -> None:
    shares = sampled(np.zeros(18))
    years = np.arange(len(shares)) / 12
    trend = share_trend(shares.assign(share=5 + 12 * years), "CN open")
    assert trend.slope == pytest.approx(12, abs=1e-9)
    assert (trend.first_share, trend.months) == (5.0, 18)


def test_the_interval_covers_the_trend_of_noisy_shares() -> None:
    generator = np.random.default_rng(7)
    shares = sampled(np.zeros(24))
    years = np.arange(len(shares)) / 12
    inside = 0
    for _ in range(200):
        noise = generator.normal(0, 4, 25)
        persistent = noise[1:] + 0.4 * noise[:-1]
        trend = share_trend(shares.assign(share=20 + 10 * years + persistent), "CN open")
        inside += trend.low <= 10 <= trend.high
    assert 0.89 < inside / 200 < 0.985


def test_too_few_months_and_unknown_groups_are_refused() -> None:
    with pytest.raises(DataError, match="8 are needed"):
        share_trend(sampled(np.arange(5.0)), "CN open")
    with pytest.raises(UnknownNameError, match="CN open"):
        share_trend(sampled(np.arange(9.0)), "CN opened")
    with pytest.raises(UnknownNameError, match="developer"):
        token_shares(by="company")
