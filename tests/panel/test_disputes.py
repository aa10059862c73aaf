"""Who is believed where sources disagree? Small offers with a known answer, and what holds of any offer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.panel.disputes import settle

START = pd.Timestamp("2026-01-01")


def day(number: int | None) -> pd.Timestamp:
    return pd.NaT if number is None else START + pd.Timedelta(days=number)


def offers(*witnesses: dict[str, Any]) -> pd.DataFrame:
    """Quotes for one offer: source, from, to (day numbers), price; the rest as usual."""
    rows = []
    for number, witness in enumerate(witnesses):
        begins, ends, paid = witness["from"], witness.get("to"), witness["price"]
        rows.append(
            {
                "source": witness["source"],
                "raw_id": witness.get("raw_id", f"{witness['source']}/model"),
                "host": "openrouter",
                "model_id": "model",
                "alias": witness.get("alias"),
                "variant": witness.get("variant", ""),
                "valid_from": day(begins),
                "valid_to": day(ends),
                "first_seen": day(begins).tz_localize("UTC"),
                "last_seen": day(witness.get("last_seen", 99 if ends is None else ends)).tz_localize("UTC"),
                "input": float(paid),
                "output": 4.0 * paid,
                "status": witness.get("status", "ok"),
                "note": "",
                "number": number,
            }
        )
    frame = pd.DataFrame(rows)
    frame["valid_to"] = frame["valid_to"].astype("datetime64[us]")
    return frame


def verdicts(rows: pd.DataFrame, on_day: int) -> dict[str, str]:
    settled = settle(rows)
    active = settled[(settled["valid_from"] <= day(on_day)) & ~(settled["valid_to"] <= day(on_day))]
    return dict(zip(active["raw_id"], active["status"], strict=True))


def test_two_sources_outvote_a_third() -> None:
    rows = offers(
        {"source": "a", "from": 0, "price": 1},
        {"source": "b", "from": 0, "price": 1},
        {"source": "c", "from": 0, "price": 2},
    )
    assert verdicts(rows, 5) == {"a/model": "ok", "b/model": "ok", "c/model": "disputed"}


def test_two_sources_that_contradict_each_other_are_both_disputed() -> None:
    rows = offers({"source": "a", "from": 0, "price": 1}, {"source": "b", "from": 0, "price": 2})
    assert set(verdicts(rows, 5).values()) == {"disputed"}


def test_a_disagreement_before_and_after_agreement_is_cut_out_by_day() -> None:
    rows = offers(
        {"source": "a", "from": 0, "price": 1},
        {"source": "b", "from": 0, "to": 10, "price": 1},
        {"source": "b", "from": 10, "to": 20, "price": 2},
        {"source": "b", "from": 20, "price": 1},
    )
    assert [verdicts(rows, number)["a/model"] for number in (9, 10, 19, 20)] == ["ok"] * 4
    # b went astray and came back to the price that a gave all along.
    assert [verdicts(rows, number)["b/model"] for number in (9, 10, 19, 20)] == [
        "ok",
        "disputed",
        "disputed",
        "ok",
    ]


def test_the_one_that_moves_to_the_others_price_later_was_late() -> None:
    rows = offers(
        {"source": "a", "from": 0, "to": 10, "price": 2},
        {"source": "a", "from": 10, "price": 1},
        {"source": "b", "from": 0, "to": 30, "price": 2},
        {"source": "b", "from": 30, "price": 1},
    )
    assert verdicts(rows, 15) == {"a/model": "ok", "b/model": "disputed"}
    assert verdicts(rows, 5) == verdicts(rows, 30) == {"a/model": "ok", "b/model": "ok"}
    note = settle(rows).query("status == 'disputed'")["note"].unique().tolist()
    assert note == ["this source later came over to the price that a already gave"]


def test_where_each_moves_to_the_others_price_nobody_was_late() -> None:
    rows = offers(
        {"source": "a", "from": 0, "to": 10, "price": 1},
        {"source": "a", "from": 10, "price": 2},
        {"source": "b", "from": 0, "to": 10, "price": 2},
        {"source": "b", "from": 10, "price": 1},
    )
    assert set(verdicts(rows, 5).values()) == {"disputed"}
    assert settle(rows)["note"].str.contains("neither ever moved").any()
    assert not settle(rows)["note"].str.contains("later came over").any()


def test_the_sellers_own_list_is_believed_until_its_next_copy_is_overdue() -> None:
    own = "openrouter-archive/model"
    rows = offers(
        {"source": "openrouter-archive", "from": 0, "price": 1, "last_seen": 10},
        {"source": "a", "from": 0, "price": 2},
        {"source": "b", "from": 0, "price": 2},
    )
    assert verdicts(rows, 55) == {own: "ok", "a/model": "disputed", "b/model": "disputed"}
    assert verdicts(rows, 56) == {own: "disputed", "a/model": "ok", "b/model": "ok"}


def test_near_agreements_that_do_not_chain_decide_nothing() -> None:
    # a = b and b = c to within a percent, but not a = c: no camp of two is of one mind.
    rows = offers(
        {"source": "a", "from": 0, "price": 1.0},
        {"source": "b", "from": 0, "price": 1.009},
        {"source": "c", "from": 0, "price": 1.018},
    )
    assert verdicts(rows, 5)["b/model"] == "ok" or set(verdicts(rows, 5).values()) == {"disputed"}
    assert len({verdicts(rows, 5)[name] for name in ("a/model", "c/model")}) == 1


def test_a_difference_of_rounding_is_no_disagreement() -> None:
    rows = offers({"source": "a", "from": 0, "price": 1.0}, {"source": "b", "from": 0, "price": 1.009})
    assert set(verdicts(rows, 5).values()) == {"ok"}


def test_within_one_source_the_newer_price_speaks_for_it() -> None:
    rows = offers(
        {"source": "a", "raw_id": "model", "from": 0, "price": 1},
        {"source": "a", "raw_id": "host/model", "from": 10, "price": 2},
    )
    assert verdicts(rows, 15) == {"model": "disputed", "host/model": "ok"}


def test_a_new_context_window_does_not_make_an_old_price_news() -> None:
    rows = offers(
        {"source": "a", "raw_id": "model", "from": 0, "to": 20, "price": 1},
        {"source": "a", "raw_id": "host/model", "from": 10, "price": 2},
        {"source": "a", "raw_id": "model", "from": 20, "price": 1},
    )
    assert verdicts(rows, 25) == {"model": "disputed", "host/model": "ok"}


def test_variants_and_moving_names_are_not_witnesses_against_each_other() -> None:
    rows = offers(
        {"source": "a", "from": 0, "price": 1},
        {"source": "b", "from": 0, "price": 2, "variant": "fast"},
        {"source": "c", "from": 0, "price": 3, "alias": "model-latest"},
    )
    assert set(verdicts(rows, 5).values()) == {"ok"}


def test_what_another_rule_set_aside_is_no_witness() -> None:
    rows = offers(
        {"source": "a", "from": 0, "price": 1},
        {"source": "b", "from": 0, "price": 1000, "status": "unit_error"},
    )
    assert verdicts(rows, 5) == {"a/model": "ok", "b/model": "unit_error"}


@st.composite
def any_offers(draw: st.DrawFn) -> pd.DataFrame:
    """Up to four witnesses, each with consecutive periods and sometimes gaps."""
    witnesses = []
    for source in draw(
        st.lists(st.sampled_from(["a", "b", "c", "openrouter-archive"]), min_size=2, max_size=4)
    ):
        raw_id = f"{source}/{len(witnesses)}"
        cuts = sorted(draw(st.sets(st.integers(0, 40), min_size=2, max_size=5)))
        ends: list[int | None] = [*cuts[1:], None]
        for begins, end in zip(cuts, ends, strict=True):
            if draw(st.booleans()):
                price = draw(st.sampled_from([1.0, 1.005, 1.012, 2.0, 3.0]))
                witnesses.append(
                    {"source": source, "raw_id": raw_id, "from": begins, "to": end, "price": price}
                )
    if not witnesses:
        witnesses.append({"source": "a", "from": 0, "price": 1.0})
    return offers(*witnesses)


@settings(max_examples=60, deadline=None)
@given(any_offers(), st.randoms(use_true_random=False))
def test_pieces_cover_each_period_exactly_whatever_the_order_of_rows(rows: pd.DataFrame, random: Any) -> None:
    settled = settle(rows)
    for number, pieces in settled.sort_values("valid_from").groupby("number"):
        original = rows.loc[rows["number"] == number].iloc[0]
        assert pieces["valid_from"].iloc[0] == original["valid_from"]
        assert pieces["valid_to"].iloc[-1] is pd.NaT or pieces["valid_to"].iloc[-1] == original["valid_to"]
        assert pd.isna(pieces["valid_to"].iloc[-1]) == pd.isna(original["valid_to"])
        assert pieces["valid_to"].iloc[:-1].tolist() == pieces["valid_from"].iloc[1:].tolist()
        assert pieces["input"].eq(original["input"]).all()
    assert set(settled["number"]) == set(rows["number"])
    shuffled = settle(rows.sample(frac=1, random_state=random.randrange(1000)))
    order = ["number", "valid_from"]
    pd.testing.assert_frame_equal(
        *(frame.sort_values(order, ignore_index=True) for frame in (settled, shuffled))
    )


@settings(max_examples=40, deadline=None)
@given(any_offers())
def test_on_every_day_the_believed_agree(rows: pd.DataFrame) -> None:
    settled = settle(rows)
    believed = settled[settled["status"] == "ok"]
    days = pd.DatetimeIndex([day(number) for number in range(45)]).to_numpy()[:, None]
    active = (believed["valid_from"].to_numpy() <= days) & ~(believed["valid_to"].to_numpy() <= days)
    price = believed["input"].to_numpy(float)
    most = np.where(active, price, 0).max(axis=1, initial=0)
    least = np.where(active, price, np.inf).min(axis=1, initial=np.inf)
    # Agreement is to within a percent of the larger, and two such steps may chain.
    assert (most <= least * 1.021).all()
