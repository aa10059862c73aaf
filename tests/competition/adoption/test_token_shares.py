"""Are shares of the router's tokens counted and their trend estimated as stated?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.competition.adoption.token_shares import share_trend, shares_by_group
from undercut.errors import DataError, UnknownNameError


def week(day: str, *models: tuple[str | None, int | None, int]) -> pd.DataFrame:
    rows = [
        {"week_ending": pd.Timestamp(day), "country": country, "open_weights": weights, "tokens_7d": tokens}
        for country, weights, tokens in models
    ]
    return pd.DataFrame(rows).astype({"open_weights": "Int64"})


def test_shares_are_tokens_of_a_group_over_tokens_of_all_listed() -> None:
    listed = week("2026-01-31", ("US", 0, 60), ("CN", 1, 30), ("FR", 1, 6), (None, None, 4))
    shares = shares_by_group(listed).set_index("group")["share"]
    assert shares.to_dict() == {"CN open": 30.0, "US closed": 60.0, "other open": 6.0, "unknown": 4.0}


def test_counting_models_weighs_each_once() -> None:
    listed = week("2026-01-31", ("US", 0, 97), ("CN", 1, 1), ("CN", 1, 1), ("CN", 1, 1))
    assert shares_by_group(listed, count="models").set_index("group")["share"]["CN open"] == 75.0


def test_a_group_that_is_absent_in_a_week_has_a_share_of_zero() -> None:
    listed = pd.concat([week("2026-01-31", ("US", 0, 10)), week("2026-02-28", ("CN", 1, 10))])
    shares = shares_by_group(listed)
    assert shares[shares["group"] == "CN open"]["share"].tolist() == [0.0, 100.0]


def sampled(share: np.ndarray) -> pd.DataFrame:
    days = pd.date_range("2025-01-31", periods=len(share), freq="ME")
    return pd.DataFrame({"week_ending": days, "group": "CN open", "share": share})


def test_a_straight_line_is_found_exactly() -> None:
    shares = sampled(np.zeros(18))
    years = (shares["week_ending"] - shares["week_ending"].min()).dt.days / 365.25
    trend = share_trend(shares.assign(share=5 + 12 * years), "CN open")
    assert trend.slope == pytest.approx(12, abs=1e-9)
    assert (trend.first_share, trend.months) == (5.0, 18)


def test_the_interval_covers_the_trend_of_noisy_shares() -> None:
    generator = np.random.default_rng(7)
    shares = sampled(np.zeros(24))
    years = (shares["week_ending"] - shares["week_ending"].min()).dt.days / 365.25
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
    with pytest.raises(UnknownNameError, match="tokens"):
        shares_by_group(count="token")
