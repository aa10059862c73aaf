"""What the report on a price war says and draws, with the data turned around."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from undercut.studies import price_war as study
from undercut.studies.presentation import Answer, Figure, Number, Sentence, Table
from undercut.studies.price_war import pages
from undercut.studies.price_war.estimates import AtMultiples, BreakEven, ByAssumption, PriceWar
from undercut.studies.report import parts_of
from undercut.valuation.scenarios import scenario
from undercut.valuation.vendors import vendor_case

TICKERS = ("NVDA", "AMZN", "ANTHROPIC", "CRM")


@pytest.fixture(scope="module")
def war(fundamentals: pd.DataFrame) -> PriceWar:
    cases = [vendor_case(ticker, fundamentals) for ticker in TICKERS]
    return study.price_war(cases, scenario("price-war"), draws=256, fall=0.25)


def turned(war: PriceWar) -> PriceWar:
    """Whoever lost gains as much, and the other way round."""
    frame = war.frame.assign(median=-war.frame["median"], low=-war.frame["high"], high=-war.frame["low"])
    other = {"loses": "gains", "gains": "loses", "open": "open"}
    return replace(war, frame=frame.assign(verdict=frame["verdict"].map(other)))


def test_the_answer_turns_round_with_the_verdicts(war: PriceWar) -> None:
    for found in (war, turned(war)):
        told, title = pages.answer(found), pages.title(found)
        for row in found.here.itertuples():
            name = pages.ROLE_NAMES[row.role][1]
            after = told[told.index(name) :].split(";")[0]
            assert pages._VERBS[row.verdict] in after
            assert (name in title) == (row.verdict != "open")
        assert len(told.split()) <= 36
    nobody = replace(war, frame=war.frame.assign(verdict="open"))
    assert "no side clearly loses or gains" in pages.title(nobody)


def test_each_role_has_its_number_and_the_headline_is_the_sellers(war: PriceWar) -> None:
    parts = list(parts_of(war))
    numbers = {part.key: part for part in parts if isinstance(part, Number)}
    row = war.here.set_index("role").loc["chips"]
    assert numbers["price_war.chips"].value == pytest.approx(100 * row["median"])
    assert [key for key, part in numbers.items() if part.role == "headline"] == ["price_war.seller"]
    assert sum(isinstance(part, Answer) for part in parts) == 1


@pytest.mark.parametrize(("share", "word"), [(0.9, "90% of the draws for"), (0.1, "no more than a fifth")])
def test_firms_with_nothing_to_lose_are_named(war: PriceWar, share: float, word: str) -> None:
    assert word in pages.idle(replace(war, vendors=war.vendors.assign(worthless_before=share)))


def test_the_title_over_an_assumption_names_the_sides_it_decides(war: PriceWar) -> None:
    frame = pd.DataFrame({"role": ["chips", "chips", "cloud", "cloud"], "elasticity": [-1.5, -0.7] * 2,
                          "median": [0.2, -0.1, 0.2, 0.1]})  # fmt: skip
    assert "decides the side of chip makers" in pages.title_by_assumption(
        ByAssumption(frame, war, "elasticity")
    )
    flat = frame.assign(median=frame["median"].abs())
    assert "no median changes its sign" in pages.title_by_assumption(ByAssumption(flat, war, "elasticity"))


def test_break_even_counts_those_without_a_single_answer(war: PriceWar) -> None:
    found = study.supplier_break_even(war)
    open_ones = replace(found, frame=found.frame.assign(root=np.nan))
    (told,) = parts_of(open_ones)
    assert isinstance(told, Sentence) and "No single answer for" in told.text
    assert isinstance(found, BreakEven) and set(found.frame["role"]) == {"chips", "cloud"}


def test_sides_that_gain_and_lose_are_counted() -> None:
    grid = pd.DataFrame({"role": ["chips", "chips", "cloud"], "verdict": ["gains", "loses", "gains"]})
    assert pages.title_all(grid).startswith("1 of 2 sides")


def test_what_no_erosion_explains_is_counted(war: PriceWar) -> None:
    found = study.at_multiples(war.cases)
    beyond = found.frame["times"] != 1.0
    for verdict, told in (("none", 100.0), ("one", 0.0)):
        frame = found.frame.assign(verdict=found.frame["verdict"].mask(beyond, verdict))
        number = next(iter(parts_of(AtMultiples(frame, 0))))
        assert isinstance(number, Number) and number.value == told


def test_a_readers_table_is_read_and_what_cannot_be_used_is_named(
    war: PriceWar, fundamentals: pd.DataFrame
) -> None:
    table = pd.DataFrame({"ticker": ["NVDA"], "date": ["2026-11-20"], "market_value": [4e6]})
    found = study.at_market(war.cases, table, fundamentals, as_of=None)
    texts = [part.text for part in parts_of(found) if isinstance(part, Sentence)]
    assert found.priced == 1 and "CRM (no row in the table)" in texts[-1]
    (none,) = parts_of(study.at_market(war.cases, None, fundamentals, as_of=None))
    assert isinstance(none, Sentence) and "nothing to say" in none.text


def test_every_part_of_the_page_can_be_drawn(war: PriceWar) -> None:
    results = [
        war,
        study.by_assumption(war, "elasticity"),
        study.all_scenarios(war),
        study.weights(war),
        study.what_matters(war.cases, base_draws=32),
    ]
    for result in results:
        assert len(repr(result)) < 2000
        for part in parts_of(result):
            if isinstance(part, Figure):
                assert part.draw().figure.texts and part.alt and len(part.data) > 0
            if isinstance(part, Table):
                assert len(part.frame) > 0
        plt.close("all")
