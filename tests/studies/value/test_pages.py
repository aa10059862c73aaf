"""What the report on one firm's value says and draws, with the data turned around."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.studies import value as study
from undercut.studies.presentation import Answer, Figure, Number, Sentence, parts_of
from undercut.studies.value import charts
from undercut.studies.value import worth as pages
from undercut.studies.value.worth import Value
from undercut.valuation.company import MarketValue
from undercut.valuation.montecarlo import value_draws
from undercut.valuation.scenarios import scenario
from undercut.valuation.sensitivity import sobol_indices, tornado
from undercut.valuation.vendors import Case, sample_returns, vendor_case


@pytest.fixture(scope="module")
def case(fundamentals: pd.DataFrame) -> Case:
    return vendor_case("NVDA", fundamentals)


@pytest.fixture(scope="module")
def value(case: Case) -> Value:
    return study.value(case, scenario("status-quo"), value_draws(case, draws=512), tornado(case))


def with_row(found: Value, key: str, **numbers: float) -> Value:
    frame = found.frame.copy()
    frame.loc[frame["key"] == key, list(numbers)] = list(numbers.values())
    return replace(found, frame=frame)


def test_the_answer_is_one_sentence_with_one_range(value: Value) -> None:
    turned = with_row(value, "value.operations", median=70.0, low=50.0, high=100.0)
    told = pages.worth(turned)
    assert "70 billion USD; nine draws in ten lie between 50 and 100" in told and len(told.split()) <= 30
    assert "2 times the lower" in pages.rest(turned)
    assert "The lower end is not above zero" in pages.rest(with_row(value, "value.operations", low=-1.0))


@pytest.mark.parametrize(("last", "word"), [(9.0, "more"), (-9.0, "less")])
def test_the_title_of_the_cash_flows_turns(last: float, word: str) -> None:
    flows = pd.DataFrame({"business": "AI business", "year": [1, 2], "median": [1.0, last], "low": -10.0,
                          "high": 10.0})  # fmt: skip
    assert f"{word} cash in year 2 than in year 1" in pages.title_of_cash_flows(flows, "billion USD")


def test_drivers_name_the_first_and_say_whether_both_ways_agree(value: Value) -> None:
    indices = sobol_indices(value.case, base_draws=32)
    top = value.tornado.rows.iloc[0]["parameter"]
    for first, told in ((top, "as in the tornado"), ("tax_rate", "other than in the tornado")):
        turned = indices.assign(parameter=[first, *indices["parameter"].iloc[1:]])
        texts = [p.text for p in parts_of(study.drivers(value, turned)) if isinstance(p, Sentence)]
        assert told in texts[0] and pages.words(first) in texts[0]


def test_other_scenarios_are_ordered_and_titled_by_their_change(value: Value) -> None:
    found = study.other_scenarios(value.case, value.scenario, draws=128)
    numbers = [part for part in parts_of(found) if isinstance(part, Number)]
    assert [n.value for n in numbers] == sorted((n.value for n in numbers), reverse=True)
    turned = replace(found, frame=found.frame.iloc[::-1].reset_index(drop=True))
    (figure,) = [part for part in parts_of(turned) if isinstance(part, Figure)]
    title = figure.draw().figure.texts[0].get_text()
    assert title.rstrip().endswith(found.frame["title"].iloc[-1])
    plt.close("all")


def test_without_a_market_value_three_of_the_models_own_are_asked(case: Case) -> None:
    found = study.implied(case, scenario("status-quo"), draws=8)
    assert set(found.frame["asked"]) == {"half", "the same", "twice"}
    parts = list(parts_of(found))
    assert all(part.value is None for part in parts if isinstance(part, Number))
    assert any("No market value ships" in part.text for part in parts if isinstance(part, Sentence))


def test_a_market_value_is_named_with_its_source_and_gets_its_curve(case: Case) -> None:
    priced = replace(case, market_value=MarketValue(4e6, "USD", "2026-11-20", "the reader"))
    found = study.implied(priced, scenario("status-quo"), draws=8)
    texts = [part.text for part in parts_of(found) if isinstance(part, Sentence)]
    assert "(the reader)" in texts[-1] and set(found.frame["asked"]) == {"market"}
    for part in parts_of(found):
        if isinstance(part, Figure):
            assert part.draw().figure.texts


def test_the_break_even_of_the_firm_is_a_finding_and_a_figure(case: Case) -> None:
    found = study.break_even(case, scenario("status-quo"), scenario("price-war"), draws=32)
    number, answer, _, figure = parts_of(found)
    assert isinstance(number, Number) and number.key == "break_even_elasticity.NVDA"
    assert number.role == "headline" and isinstance(answer, Answer)
    assert "keeps its value only if 1% off the price brings over 0." in answer.text
    lost = replace(found, frame=found.frame.assign(side="loses"))
    told = next(part.text for part in parts_of(lost) if isinstance(part, Answer))
    assert "loses whatever use does" in told and len(answer.text.split()) <= 30
    assert isinstance(figure, Figure) and "more elastic than −" in figure.alt
    plt.close("all")


def test_a_firm_without_returns_has_no_day_to_read(fundamentals: pd.DataFrame, value: Value) -> None:
    unlisted = replace(value, case=vendor_case("OPENAI", fundamentals))
    found = study.event(unlisted, fundamentals, sample_returns(), day="2025-01-27")
    (told,) = parts_of(found)
    assert isinstance(told, Sentence) and "no day to read" in told.text


def test_every_part_of_the_page_can_be_drawn(value: Value) -> None:
    for result in (value, study.accounts(value), study.cash_flows(value), study.assumed(value)):
        assert len(repr(result)) < 2000
        for figure in (part for part in parts_of(result) if isinstance(part, Figure)):
            assert figure.draw().figure.texts and figure.alt
        plt.close("all")


def test_figures_draw_every_row_and_refuse_an_empty_table() -> None:
    rows = pd.DataFrame(
        {"ticker": ["A", "B"], "role": ["chips", "seller"], "median": [0.5, -1.0], "low": [0.1, -1.0],
         "high": [2.0, -0.9]}
    )  # fmt: skip
    ax = charts.change_rows(rows, label="ticker", finding="f", measure="m")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["A", "B"]
    assert sorted(np.asarray(ax.collections[-1].get_offsets())[:, 0]) == [-100.0, 50.0]
    with pytest.raises(DataError, match="no row"):
        charts.change_rows(rows.assign(median=np.nan), label="ticker", finding="f", measure="m")
    plt.close("all")
