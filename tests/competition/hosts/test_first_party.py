"""Is the premium of other hosts the price difference for the same weights in the same month?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.competition.hosts.host_market import as_panel
from undercut.competition.hosts.first_party import first_party_premium, jurisdiction_premium
from undercut.errors import DataError, InputError


def market(premium: float, *, models: int = 12, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Models at their developer's site, its mainland site, two US hosts and a European one."""
    rng = np.random.default_rng(seed)
    found = []
    for m in range(models):
        base, own_noise = rng.normal(), rng.normal(0, noise)
        for month in range(6):
            for host, country, extra in (
                ("moonshotai", "CN", 0.0), ("moonshotai-cn", "CN", -0.5), ("us1", "US", premium + own_noise),
                ("us2", "US", premium + 0.2 + own_noise), ("eu", "FR", 2.0),
            ):  # fmt: skip
                found.append((f"m{m}", host, month, month, base + extra, country))
    columns = ["model_id", "host", "month", "age_months", "log_price", "country"]
    rows = pd.DataFrame(found, columns=columns)
    panel = as_panel(rows).assign(host_country=lambda f: f["country"])
    return panel.assign(is_own=panel["host"].str.startswith("moonshotai"))


def test_the_premium_is_the_log_difference_to_the_international_site() -> None:
    panel = market(0.3)
    assert jurisdiction_premium(panel, draws=50).value == pytest.approx(0.4)
    assert jurisdiction_premium(panel, draws=50, seller="lowest").value == pytest.approx(0.3)
    assert jurisdiction_premium(panel, draws=50, mainland=True).value == pytest.approx(0.9)
    assert first_party_premium(panel, host_countries=["FR"], draws=50).value == pytest.approx(2.0)
    assert jurisdiction_premium(panel, draws=50).percent()[0] == pytest.approx(100 * np.expm1(0.4))


def test_the_sign_turns_with_the_data() -> None:
    assert jurisdiction_premium(market(-0.6), draws=50).high < 0
    assert jurisdiction_premium(market(0.6), draws=50).low > 0


def test_months_and_models_are_counted_and_few_clusters_have_no_interval() -> None:
    found = jurisdiction_premium(market(0.3, models=4), draws=50)
    assert found.by_month["models"].tolist() == [4] * 6 and found.by_month["offers"].tolist() == [8] * 6
    assert found.by_month["low"].isna().all() and np.isnan(found.low)


def test_intervals_cover_the_mean_over_models() -> None:
    covered = [
        (p := jurisdiction_premium(market(0.3, models=30, noise=0.5, seed=s), draws=200)).low < 0.4 < p.high
        for s in range(20)
    ]
    assert 0.82 <= np.mean(covered) <= 1.0


def test_the_order_of_rows_does_not_matter() -> None:
    panel = market(0.3, noise=0.4)
    shuffled = panel.sample(frac=1, random_state=3)
    first, second = (jurisdiction_premium(p, draws=50) for p in (panel, shuffled))
    assert first.low == pytest.approx(second.low)
    pd.testing.assert_frame_equal(first.by_month, second.by_month)


def test_the_wild_bootstrap_tests_the_same_mean() -> None:
    found = jurisdiction_premium(market(0.3, noise=0.4), draws=50)
    wild = found.wild_test("model_id", draws=199)
    assert wild.estimate == pytest.approx(found.value)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="same month"):
        jurisdiction_premium(market(0.3), seller_country="JP")
    with pytest.raises(InputError, match="seller"):
        jurisdiction_premium(market(0.3), seller="dearest")  # type: ignore[arg-type]
