"""Do the sentences of the report on adoption turn with the data?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import undercut
from undercut.competition.adoption.before_after import BeforeAfter
from undercut.competition.adoption.token_shares import token_shares
from undercut.studies.adoption import pages
from undercut.studies.adoption.estimates import AfterRestrictions, Cases, Paid, after_restrictions, shares
from undercut.studies.adoption.surveys import Surveys, cards
from undercut.studies.presentation import Answer, Number, Sentence, Table, parts_of


def usage(first: float, last: float) -> pd.DataFrame:
    """Chinese open models from one share to another over 90 weeks; US closed ones have the rest, but 5."""
    weeks = pd.date_range("2025-01-06", periods=91, freq="7D")
    chinese = [first + (last - first) * at / 90 for at in range(91)]
    parts = [("CN", "open", "DeepSeek", chinese), ("US", "closed", "OpenAI", [95 - c for c in chinese])]
    parts += [("CN", "open", "Xiaomi", [3.0] * 91), (None, None, None, [5.0] * 91)]
    rows = [
        pd.DataFrame({"week_start": weeks, "origin": origin, "access": access, "developer": maker,
                      "variant": None, "model_id": model, "tokens": tokens})
        for (origin, access, maker, tokens), model in zip(
            parts, ["deepseek-v3", "gpt-4o-2024-08-06", "deepseek-v3", None], strict=True)
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return undercut.load_prices()


PAID = Paid(undercut.load_reference("us_adoption"))


def test_sentences_turn_with_the_shares(panel: pd.DataFrame) -> None:
    for (first, last), words in (
        ((20, 60), ("rose", "DeepSeek gained")),
        ((60, 20), ("fell", "OpenAI gained")),
    ):
        found = shares(usage(first, last), panel)
        answer, rest = pages.conclusion(found, PAID)
        assert isinstance(answer, Answer) and len(answer.text.split()) <= 30
        assert words[0] in rest.text and "Without DeepSeek" in rest.text
        assert words[1] in pages.turn_sentence(found)
        told = {part.key: part for part in parts_of(found) if isinstance(part, Number)}
        assert told["chinese_open_share"].role == "headline"
        assert told["chinese_open_share"].short in answer.text
        assert (told["chinese_open_share.change"].value > 0) == (last > first)
        assert all(part.ci or part.note for part in told.values())
        ends = [found.choices.set_index("choice").loc[f"tokens, {end} week left out", "share"]
                for end in ("highest", "lowest")]  # fmt: skip
        assert ends[0] < told["chinese_open_share"].value < ends[1]


def test_what_firms_pay_is_told_with_its_vintage() -> None:
    told = {part.key: part for part in parts_of(PAID) if isinstance(part, Number)}
    assert told["us_firms_paying.deepseek"].value == 0.34
    assert "2026-09" in told["us_firms_paying.anthropic"].method


def cases(**changes: object) -> Cases:
    rows = {
        "date": pd.to_datetime(["2025-10-01", "2026-01-01"]), "company": ["Airbnb", "NVIDIA"],
        "listed": [True, True], "role": "uses", "model": "Qwen", "title": "t", "confidence": "source_read",
        "counts": [True, False],
    }  # fmt: skip
    return Cases(pd.DataFrame(rows | changes))


def test_what_firms_on_ramp_pay_for_is_the_newest_vintage_of_its_first_and_last_month() -> None:
    firms = undercut.load_reference("us_adoption")
    (table,) = (part.frame for part in pages.paid(Paid(firms)) if isinstance(part, Table))
    ramp = firms[firms["source_id"].eq("ramp")]
    for vendor, first, last, change in table.itertuples(index=False):
        of = ramp[ramp["entity"].eq(vendor)].sort_values(["period", "vintage"])
        assert (first, last) == (of["value"].iloc[0], of["value"].iloc[-1])
        assert change == pytest.approx(last - first)


def test_before_card_payments_were_published_the_page_says_so() -> None:
    firms = undercut.load_reference("us_adoption", as_of="2026-03-31")
    assert "not published by then" in cards(Paid(firms))
    told = [part for part in pages.paid(Paid(firms)) if isinstance(part, Sentence)]
    assert "11% of use at the end of 2025" in told[0].text and "Census" not in told[0].text
    assert not [part for part in pages.paid(Paid(firms)) if isinstance(part, Number | Table)]


def test_every_figure_on_firms_stands_in_the_folded_table_with_whom_it_counts() -> None:
    firms = undercut.load_reference("us_adoption")
    figures, sources = (part.frame for part in Surveys(firms).parts())
    assert len(figures) == len(firms) and set(sources["population"]) == set(firms["population"])
    assert not figures["measure"].str.contains("_").any() and "firms using AI" in set(figures["measure"])


def test_companies_without_a_checked_case_are_named_as_absent() -> None:
    assert pages.documented(cases()) == (
        "Checked cases of use name Airbnb; none names NVIDIA or Tesla or private US companies"
    )
    assert pages.documented(cases(counts=[True, True])).startswith(
        "Checked cases of use name Airbnb, NVIDIA;"
    )
    assert pages.documented(cases(counts=[False, False])).startswith("Checked cases of use name no company")
    told = {part.key: part for part in parts_of(cases()) if isinstance(part, Number)}
    assert told["documented.listed"].value == 1 and told["documented.nvidia"].value == 0


def change(effect: float) -> BeforeAfter:
    return BeforeAfter(effect, effect - 2, effect + 2, effect, 0.0, 0.01, 3.0, 0.95, 4, ())


@pytest.mark.parametrize(
    ("effect", "words"),
    [(5.0, "rose beyond"), (-5.0, "fell beyond"), (1.0, "did not move detectably beyond")],
)
def test_a_move_is_told_where_the_interval_leaves_out_zero(effect: float, words: str) -> None:
    rows = pd.DataFrame({"date": pd.to_datetime(["2025-01-01"]), "confidence": ["unverified"]})
    rows = rows.assign(actor="US BIS", title="t")
    changes = {"share_after_restrictions": "too early", "us_prices_after_restrictions": change(effect)}
    found = AfterRestrictions(rows, changes, {1: change(effect), 6: "too long"}, 3)
    assert f"US closed vendors' own list prices {words} the usual" in pages.restrictions_sentence(found)
    told = {part.key: part for part in parts_of(found) if isinstance(part, Number)}
    assert told["share_after_restrictions"].value is None
    assert told["share_after_restrictions"].note == "too early"
    assert told["us_prices_after_restrictions.months_6"].value is None
    assert len([part for part in parts_of(found) if isinstance(part, Table)]) == 2
    silent = replace(found, changes=dict.fromkeys(changes, "too early"))
    assert pages.restrictions_sentence(silent).startswith("No restriction has observations")


def test_changes_are_those_around_the_dates() -> None:
    frame = token_shares(usage(20, 60))
    prices = pd.Series([0.0] * 10 + [-0.1] * 10, index=pd.period_range("2024-06", periods=20, freq="M"))
    events = pd.DataFrame({"date": pd.to_datetime(["2025-04-09"])})
    found = after_restrictions(frame, prices, events, months=3, draws=99)
    moved = found.changes["us_prices_after_restrictions"]
    assert isinstance(moved, BeforeAfter) and moved.raw_change == pytest.approx(-10)
    assert 3 not in found.windows and set(found.windows) == {1, 2, 4, 6}
