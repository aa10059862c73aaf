"""Is the best open rival of a closed model the one that a buyer would have found on that day?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.competition.rivals.market import open_model, quotes
from undercut.competition.rivals.exposure import (
    RivalRule,
    exposure,
    exposure_sensitivity,
    open_rivals,
    own_closed_offers,
)
from undercut.competition.rivals.openness import openness
from undercut.competition.rivals.releases import first_offers
from undercut.errors import DataError, InputError
from undercut.prices.load import load_prices
from undercut.prices.monthly_quotes import monthly_quotes


def exposed(frame: pd.DataFrame, rule: RivalRule | None = None, group: str = "any") -> pd.DataFrame:
    return exposure(own_closed_offers(frame), open_rivals(frame), rule=rule, groups=[group])


def test_a_rival_does_not_count_before_its_first_offer() -> None:
    frame = quotes(
        {"model": "closed", "month": "2025-01"},
        {"model": "closed", "month": "2025-02"},
        open_model("early", "2025-01", eci=130.0),
        open_model("early", "2025-02", eci=130.0),
        open_model("late", "2025-02", eci=141.0),
    )
    found = exposed(frame).set_index("period")
    assert found["best_model_id"].to_dict() == {"2025-01": "early", "2025-02": "late"}
    assert found["gap"].to_dict() == {"2025-01": -10.0, "2025-02": 1.0}
    assert found["closeness"].to_dict() == {"2025-01": 0.0, "2025-02": 1.0}
    assert found["is_exposed"].to_dict() == {"2025-01": False, "2025-02": True}


def test_the_cheapest_rival_in_reach_need_not_be_the_best() -> None:
    frame = quotes(
        {"model": "closed", "month": "2025-01", "price": 8.0},
        open_model("best", "2025-01", eci=150.0, price=4.0),
        open_model("cheap", "2025-01", eci=137.0, price=2.0, host="a"),
        open_model("cheap", "2025-01", eci=137.0, price=1.0, host="b"),
        open_model("too-weak", "2025-01", eci=135.0, price=0.1),
    )
    found = exposed(frame, RivalRule(reach=4.0)).iloc[0]
    assert (found["best_model_id"], found["reach_model_id"], found["in_reach"]) == ("best", "cheap", 2)
    assert found["undercut"] == pytest.approx(np.log(8.0))
    assert (found["reach_hosts"], found["reach_cheapest_host"]) == (2, "b")


def test_a_developers_own_open_model_is_no_rival() -> None:
    frame = quotes(
        {"model": "closed", "month": "2025-01"},
        open_model("own-open", "2025-01", developer="Acme", eci=150.0),
    )
    found = exposed(frame).iloc[0]
    assert pd.isna(found["best_model_id"])
    assert found["closeness"] == 0.0
    assert not found["is_exposed"]


def test_chinese_and_other_rivals_partition_all() -> None:
    frame = quotes(
        {"model": "closed", "month": "2025-01"},
        open_model("chinese", "2025-01", eci=139.0),
        open_model("american", "2025-01", origin="US", eci=145.0),
    )
    best = {group: exposed(frame, group=group)["best_model_id"].iloc[0] for group in ("any", "CN", "other")}
    assert best == {"any": "american", "CN": "chinese", "other": "american"}


def test_weights_for_research_only_and_single_sellers_can_be_left_out() -> None:
    frame = quotes(
        {"model": "closed", "month": "2025-01"},
        open_model("research", "2025-01", access="open-noncommercial", eci=150.0),
        open_model("one-seller", "2025-01", eci=145.0),
        open_model("two-sellers", "2025-01", eci=139.0, host="a"),
        open_model("two-sellers", "2025-01", eci=139.0, host="b"),
    )
    assert exposed(frame)["best_model_id"].iloc[0] == "one-seller"
    assert exposed(frame, RivalRule(min_hosts=2))["best_model_id"].iloc[0] == "two-sellers"
    every = RivalRule(accesses=("open", "open-restricted", "open-noncommercial"))
    assert exposed(frame, every)["best_model_id"].iloc[0] == "research"


def test_a_model_without_a_score_stays_and_says_why_it_has_no_exposure() -> None:
    frame = quotes({"model": "closed", "month": "2025-01", "eci": np.nan}, open_model("rival", "2025-01"))
    found = exposed(frame).iloc[0]
    assert found["why_not"] == "no capability score"
    assert pd.isna(found["closeness"])
    assert pd.isna(found["best_model_id"])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 12), st.sampled_from(["any", "CN", "other"]))
def test_the_fast_search_agrees_with_looking_at_every_pair(seed: int, reach: float, group: str) -> None:
    generator = np.random.default_rng(seed)
    rows = [
        {
            "model": f"m{i}", "month": f"2025-0{generator.integers(1, 4)}",
            "eci": float(generator.integers(120, 150)), "price": float(generator.integers(1, 9)),
            "developer": f"D{generator.integers(4)}", "origin": str(generator.choice(["CN", "US"])),
            "access": str(generator.choice(["closed", "open"])),
        }
        for i in range(30)
    ]  # fmt: skip
    frame = quotes(*rows)
    records = list(frame.itertuples())
    for row in exposed(frame, RivalRule(reach=reach), group).itertuples():
        others = [
            other for other in records
            if other.period == row.period and other.access == "open" and other.developer != row.developer
            and group in ("any", "CN" if other.origin == "CN" else "other")
        ]  # fmt: skip
        near = [other for other in others if other.eci >= row.eci - reach - 1e-9]
        assert row.in_reach == len(near)
        assert not others or row.gap == max(other.eci for other in others) - row.eci
        assert not near or row.reach_price == min(other.price for other in near)


def test_a_wider_reach_never_lowers_exposure() -> None:
    panel_quotes = monthly_quotes(load_prices(), start="2025-01", end="2025-04")
    offers, rivals = own_closed_offers(panel_quotes), open_rivals(panel_quotes)
    rules = {f"{reach}": RivalRule(reach=reach) for reach in (0.0, 4.0, 12.0)}
    table = exposure_sensitivity(offers, rivals, rules).pivot_table(
        index="observed_on", columns="rule", values="share_exposed"
    )
    assert (table["0.0"] <= table["4.0"]).all()
    assert (table["4.0"] <= table["12.0"]).all()


def test_a_first_offer_long_after_the_release_is_no_entry() -> None:
    entries = first_offers(load_prices())
    assert (entries.loc[entries["lag_days"].gt(45), "is_entry"] == False).all()  # noqa: E712
    assert entries["is_entry"].any()


@pytest.mark.parametrize("rule", [{"width": 0.0}, {"min_hosts": 0}, {"accesses": ("secret",)}])
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(InputError):
        RivalRule(**rule)  # type: ignore[arg-type]


def test_openness_counts_levels_by_their_cheapest_offer() -> None:
    frame = quotes(
        {"model": "closed", "month": "2025-01", "eci": 140.0, "price": 10.0},
        open_model("open", "2025-01", eci=136.0, price=1.0),
        {"model": "closed", "month": "2025-02", "eci": 140.0, "price": 10.0},
        {"model": "small", "month": "2025-02", "eci": 136.0, "price": 0.5},
        open_model("open", "2025-02", eci=136.0, price=1.0),
        {"model": "closed", "month": "2025-03", "eci": 140.0, "price": 10.0},
        {"model": "small", "month": "2025-03", "eci": 136.0, "price": 0.5},
        open_model("open", "2025-03", eci=136.0, price=1.0),
        open_model("catching-up", "2025-03", eci=140.0, price=2.0, origin="US"),
    )
    found = openness(frame, level_step=2.0).table().set_index("period")
    # Levels 136, 138, 140: in January the open offer is cheapest at 136 alone, in February nowhere,
    # in March the new one at 138 and 140.
    assert found["share_levels_open"].tolist() == pytest.approx([1 / 3, 0, 2 / 3])
    assert found["share_open_models"].tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 2])
    assert found["distance"].tolist() == [4.0, 4.0, 0.0]
    # Scores of +-2 points at 90%: +-2.38 each at 95%, so +-3.37 for the difference.
    assert found["distance_low"].iloc[0] == pytest.approx(4.0 - 3.3703, abs=1e-3)
    assert found["months_note"].iloc[0] == "reached before the first period"
    assert found["distance_cn"].iloc[2] == 4.0


def test_openness_without_open_models_is_an_error() -> None:
    with pytest.raises(DataError, match="No scored open model"):
        openness(quotes({"model": "closed", "month": "2025-01"}))
