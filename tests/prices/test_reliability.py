"""Are ends of offers and changes of price counted as stated?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.prices.reliability import price_changes, rate_ratio, withdrawals


def listed(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Rows of ``source, model_id, first, last``."""
    table = pd.DataFrame(rows, columns=["source", "model_id", "first_seen", "last_seen"])
    for name in ("first_seen", "last_seen"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table.assign(host="h", variant="", developer="D", origin="CN", access="open")


def test_an_offer_that_a_later_table_lacks_is_withdrawn() -> None:
    offers = withdrawals(
        listed(("one", "gone", "2025-01-01", "2025-06-01"), ("one", "stays", "2025-01-01", "2026-01-01"))
    ).set_index("model_id")
    assert offers["withdrawn"].to_dict() == {"gone": True, "stays": False}
    assert offers.loc["stays", "years"] == pytest.approx(365 / 365.25)


def test_the_end_of_a_source_is_not_the_end_of_its_offers() -> None:
    offers = withdrawals(
        listed(("silent", "a", "2025-01-01", "2025-06-01"), ("goes-on", "b", "2025-01-01", "2026-01-01"))
    ).set_index("model_id")
    assert not offers["withdrawn"].any()


def test_an_offer_that_another_source_still_lists_is_not_withdrawn() -> None:
    offers = withdrawals(
        listed(
            ("one", "a", "2025-01-01", "2025-06-01"),
            ("two", "a", "2025-01-01", "2026-01-01"),
            ("one", "b", "2025-01-01", "2026-01-01"),
        )
    ).set_index("model_id")
    assert not offers.loc["a", "withdrawn"]


def test_a_change_of_price_counts_between_consecutive_months_only() -> None:
    quotes = pd.DataFrame(
        [("2025-01", 1.0), ("2025-02", 1.005), ("2025-03", 2.0), ("2025-05", 3.0)],
        columns=["period", "price"],
    ).assign(product="p", model_id="m", developer="D", group="CN open")
    found = price_changes(quotes)
    assert found["changed"].tolist() == [False, True]
    assert found["years"].sum() == pytest.approx(1 / 6)


def spells(*, rate: float, seed: int, developers: int = 30) -> pd.DataFrame:
    """Events at 0.4 an offer-year for US closed models and ``rate`` times that for Chinese open ones."""
    generator = np.random.default_rng(seed)
    mean = np.repeat([0.4, 0.4 * rate], developers * 40)
    years = generator.uniform(0.2, 2, len(mean))
    ended = generator.random(len(mean)) < 1 - np.exp(-mean * years)
    group = np.repeat(["US closed", "CN open"], developers * 40)
    number = np.tile(np.repeat(np.arange(developers), 40), 2).astype(str)
    return pd.DataFrame(
        {
            "group": group,
            "developer": np.char.add(np.char.add(group, " "), number),
            "model_id": "m",
            "years": np.where(ended, years / 2, years),
            "ended": ended,
        }
    )


def test_equal_rates_have_a_ratio_of_one_inside_the_interval_at_the_stated_rate() -> None:
    inside = 0
    for seed in range(80):
        found = rate_ratio(spells(rate=1.0, seed=seed), "ended", draws=200)
        inside += found.low <= 1 <= found.high
    assert inside / 80 > 0.87


def test_a_known_ratio_is_recovered() -> None:
    assert rate_ratio(spells(rate=2.0, seed=1, developers=120), "ended", draws=200).ratio == pytest.approx(
        2, rel=0.12
    )


def test_swapping_the_groups_inverts_the_ratio() -> None:
    data = spells(rate=1.5, seed=2)
    there = rate_ratio(data, "ended", draws=50)
    back = rate_ratio(data, "ended", group="US closed", reference="CN open", draws=50)
    assert there.ratio * back.ratio == pytest.approx(1)


def test_a_group_without_events_has_no_rate() -> None:
    data = spells(rate=1.0, seed=3)
    with pytest.raises(DataError, match="'CN open' has 0 events"):
        rate_ratio(data.assign(ended=data["ended"] & data["group"].eq("US closed")), "ended")
