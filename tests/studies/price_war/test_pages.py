"""What the report on a price war says and draws, with the data turned around."""

from __future__ import annotations

from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from undercut.studies import price_war as study
from undercut.studies.presentation import Answer, Figure, Number, Sentence, Table, parts_of
from undercut.studies.price_war import BreakEven
from undercut.valuation.break_even import layer_break_evens
from undercut.valuation.scenarios import scenario
from undercut.valuation.vendors import vendor_case

TICKERS = ("NVDA", "ANTHROPIC", "CRM")


@dataclass(frozen=True)
class Weekly:
    """An elasticity as report 09 would give it."""

    low: float
    high: float
    identified: bool = True
    reason: str = ""

    @property
    def estimate(self) -> float:
        return (self.low + self.high) / 2


@pytest.fixture(scope="module")
def war(fundamentals: pd.DataFrame) -> BreakEven:
    cases = [vendor_case(ticker, fundamentals) for ticker in TICKERS]
    return study.break_even(cases, scenario("price-war"), draws=64)


def chips(war: BreakEven, **changes: object) -> BreakEven:
    frame = war.layers.frame.copy()
    frame.loc[frame["name"] == "chips", list(changes)] = list(changes.values())
    return replace(war, layers=replace(war.layers, frame=frame))


def test_the_answer_turns_with_the_break_even(war: BreakEven) -> None:
    here = chips(war, median=-0.7, low=-0.9, high=-0.5)
    told = "chip makers gain only if 1% off the price brings over 0.70% more use (0.50% to 0.90%)"
    assert told in study.answer(here.layers)
    for side, told in (("gains", "chip makers gain"), ("loses", "chip makers lose")):
        turned = chips(war, side=side, median=float("nan"))
        assert (
            told in study.answer(turned.layers) and "only if" not in study.answer(turned.layers).split(";")[0]
        )
    assert len(study.answer(here.layers).split()) <= 30


def test_the_measured_elasticity_decides_the_side_only_outside_the_interval(war: BreakEven) -> None:
    here = chips(war, median=-0.7, low=-0.9, high=-0.5)
    for low, high, verb in ((-1.6, -1.2, "gain"), (-0.2, -0.1, "lose"), (-0.8, -0.6, "could do either")):
        told = study.against_measured(replace(here, measured=Weekly(low, high)))
        part = next(part for part in told.split(": there ")[1].split("; ") if "chip makers" in part)
        assert part.rstrip(".").endswith(verb)
    unknown = study.against_measured(
        replace(here, measured=Weekly(-1, 0, identified=False, reason="too few"))
    )
    assert "not identified (too few)" in unknown and "cannot be told" in unknown


def test_an_assumption_that_is_held_is_not_drawn(war: BreakEven) -> None:
    found = study.without_each(war, draws=64)
    drivers = war.layers.drivers.query("name == 'chips'").set_index("parameter")["correlation"]
    assert set(found.frame["assumption"]) == set(drivers[drivers.abs() >= 0.1].index)
    name = str(drivers.abs().idxmax())
    held = layer_break_evens(war.layers.scenario, draws=64, held=[name])
    assert name not in set(held.drivers["parameter"])
    row = found.frame.set_index("assumption").loc[name, "median"]
    assert row == held.frame.set_index("name").loc["chips", "median"]
    number, sentence = parts_of(found)
    assert number.key == "break_even_elasticity.chips.without_one_assumption"
    assert number.ci == (found.frame["median"].min(), found.frame["median"].max())
    assert f"With one of {len(found.frame)} assumptions" in sentence.text


def test_the_title_counts_the_layers_that_change_sides(war: BreakEven) -> None:
    assert "of 5 layers gain only if" in study.title(war.layers)
    nobody = replace(war.layers, frame=war.layers.frame.assign(side="loses"))
    assert "no layer changes its side" in study.title(nobody)


def test_every_layer_and_company_has_its_finding(war: BreakEven) -> None:
    parts = list(parts_of(war))
    numbers = {part.key: part for part in parts if isinstance(part, Number)}
    for name in ("chips", "clouds", "applications", "model_sellers", "power", *TICKERS):
        found = numbers[f"break_even_elasticity.{name}"]
        assert (found.value is None) == (found.ci is None) and "throughout" in found.note
    assert numbers["break_even_elasticity.model_sellers"].value is None
    assert sum(isinstance(part, Answer) for part in parts) == 1


def test_a_readers_table_is_read_and_what_cannot_be_used_is_named(fundamentals: pd.DataFrame) -> None:
    cases = [vendor_case(ticker, fundamentals) for ticker in ("NVDA", "CRM")]
    table = pd.DataFrame({"ticker": ["NVDA"], "date": ["2026-11-20"], "market_value": [4e6]})
    parts = list(parts_of(study.at_market(cases, table, fundamentals, as_of=None)))
    assert "CRM (no row in the table)" in parts[0].text  # type: ignore[union-attr]
    assert isinstance(parts[1], Table) and parts[1].frame["ticker"].tolist() == ["NVDA"]
    (none,) = parts_of(study.at_market(cases, None, fundamentals, as_of=None))
    assert isinstance(none, Sentence) and "nothing to say" in none.text


def test_every_part_of_the_page_can_be_drawn(war: BreakEven, fundamentals: pd.DataFrame) -> None:
    cases = [vendor_case(ticker, fundamentals) for ticker in TICKERS]
    for result in (war, study.all_scenarios(draws=32), study.weights(cases, draws=64)):
        assert len(repr(result)) < 2000
        for part in parts_of(result):
            if isinstance(part, Figure):
                assert part.draw().figure.texts and part.alt and len(part.data) > 0
            if isinstance(part, Table):
                assert len(part.frame) > 0
        plt.close("all")
