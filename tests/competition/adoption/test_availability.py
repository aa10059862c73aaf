"""Are sellers, waits and licences counted as stated?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.adoption.availability import (
    mean_by_model,
    reworked_variants,
    sellers_of,
    wait_for_seller,
)
from undercut.errors import DataError


def models(**sellers: list[int]) -> pd.DataFrame:
    rows = [
        {"model_id": f"{group}-{number}", "developer": f"{group}-{number // 2}",
         "group": group.replace("_", " "), "sellers": count, "known": count + 1}
        for group, counts in sellers.items()
        for number, count in enumerate(counts)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_means_differences_and_ratios_of_sums_are_exact() -> None:
    table = models(CN_open=[4, 6, 2, 8], US_closed=[1, 3])
    assert mean_by_model(table, "sellers").value == 5.0
    assert mean_by_model(table, "sellers", less="US closed").value == 3.0
    assert mean_by_model(table, "sellers", denominator="known").value == pytest.approx(20 / 24)


def test_the_interval_is_that_of_the_mean_over_developers() -> None:
    generator = np.random.default_rng(5)
    counts = generator.normal(10, 2, 400)
    table = models(CN_open=list(counts))
    found = mean_by_model(table, "sellers", draws=4000)
    pairs = counts.reshape(-1, 2).mean(axis=1)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * pairs.std() / np.sqrt(200), rel=0.1)


def test_a_group_without_models_is_refused() -> None:
    with pytest.raises(DataError, match="'US closed'"):
        mean_by_model(models(CN_open=[1]), "sellers", less="US closed")


def test_sellers_of_the_shipped_panel_are_those_of_the_cross_section() -> None:
    panel = undercut.load_prices()
    found = sellers_of(panel, "2026-10-15").set_index("model_id")
    assert (found["us_sellers"] <= found["known_country"]).all()
    assert (found["us_sellers"] <= found["outside_china"]).all()
    assert (found["known_country"] <= found["sellers"]).all()
    assert (found.loc[found["group"] == "US closed", "us_sellers"] > 0).mean() > 0.9


def listed(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Rows of ``model_id, host, first_seen, last_seen``."""
    table = pd.DataFrame(rows, columns=["model_id", "host", "first_seen", "last_seen"])
    for name in ("first_seen", "last_seen"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table.assign(developer="D", origin="CN", access="open")


def test_a_model_without_us_seller_is_censored_not_dropped() -> None:
    # Released on 16 July 2026 (kimi-k3), 20 April (kimi-k2.6) and 23 April (ling-2.6-1t).
    panel = listed(
        ("kimi-k3", "moonshot", "2026-07-16", "2026-11-01"),
        ("kimi-k3", "together", "2026-07-26", "2026-11-01"),
        ("kimi-k2.6", "moonshot", "2026-04-20", "2026-11-01"),
        ("kimi-k2.6", "together", "2026-04-25", "2026-11-01"),
        ("ling-2.6-1t", "antling", "2026-04-23", "2026-11-01"),
    )
    found = wait_for_seller(panel, released_from="2026-01-01")
    days = found.models.set_index("model_id")
    assert days.loc["kimi-k3", "days"] == pytest.approx(10)
    assert days.loc["kimi-k2.6", "days"] == pytest.approx(5)
    assert not days.loc["ling-2.6-1t", "reached"]
    # Two of three reach a seller after 5 and 10 days: the median of Kaplan and Meier is the second.
    assert found.median == pytest.approx(10)
    assert found.curve.to_numpy() == pytest.approx(np.array([[0, 0], [5, 100 / 3], [10, 200 / 3]]))


def test_a_model_censored_early_counts_for_the_curve_only_until_then() -> None:
    # The table ends three days after the release of kimi-k3: it can be told from neither late nor never.
    panel = listed(
        ("kimi-k2.6", "together", "2026-07-09", "2026-07-19"),
        ("kimi-k3", "moonshot", "2026-07-16", "2026-07-19"),
    )
    found = wait_for_seller(panel, released_from="2026-01-01")
    assert found.curve["share"].iloc[-1] == pytest.approx(100)


def test_models_released_before_the_start_are_left_out() -> None:
    with pytest.raises(DataError, match="released from 2027-01-01"):
        wait_for_seller(
            listed(("kimi-k3", "together", "2026-07-26", "2026-11-01")), released_from="2027-01-01"
        )


def test_reworked_versions_belong_to_others_and_name_their_chinese_base() -> None:
    found = reworked_variants(undercut.load_prices(), "2026-03-15")
    assert "r1-1776" in set(found["model_id"])
    assert not found["origin"].eq("CN").any()
    assert not found["model_id"].str.contains("llama").any()
