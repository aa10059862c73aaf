"""What the report on the counterfactual says, with the data turned around."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.competition.demand.worlds import simulate_markets
from undercut.competition.demand.assumptions import Basis, assumed_market, by_month
from undercut.competition.demand.counterfactual import scenario_outcome
from undercut.competition.demand.nested import nested_logit
from undercut.competition.demand.responses import PriceResponse
from undercut.inference.detectable import detectable_effect
from undercut.inference.specifications import specification_curve
from undercut.report.findings.sentences import number
from undercut.studies.counterfactual import estimates as study
from undercut.studies.counterfactual import pages, record, responses
from undercut.studies.presentation import Caveat, Figure, Number, Sentence, parts_of

CENTRAL = study.central(-5.0, -1.1)


@pytest.fixture(scope="module")
def products() -> pd.DataFrame:
    drawn = simulate_markets(8, 9, seed=1)
    return drawn.assign(spend=drawn["price"] * drawn["tokens"])


@pytest.fixture(scope="module")
def effects(products: pd.DataFrame) -> study.Effects:
    draws = pd.DataFrame([CENTRAL, CENTRAL | {"elasticity": -4.0}, CENTRAL | {"outside_share": 0.2}])
    market = assumed_market(products, draws)
    return study.effects(market, Basis(draws, "assumed", 0.1), fee=0.2, elasticities=(-5.0, -1.1))


def turned(found: study.Effects, sign: float, kind: str) -> study.Effects:
    numbers = sign * found.frame[["median", "low", "high"]].abs()
    frame = found.frame[["scenario", "measure"]].assign(
        median=numbers["median"], low=numbers.min(axis=1), high=numbers.max(axis=1)
    )
    return study.Effects(frame, Basis(found.basis.draws, kind, 1.0), found.market, 0.2, (-5.0, -1.1))


@pytest.mark.parametrize(("sign", "word"), [(1.0, "more"), (-1.0, "less")])
@pytest.mark.parametrize("kind", ["estimated", "assumed"])
def test_the_answer_turns_with_the_effect_and_with_what_it_rests_on(
    effects: study.Effects, sign: float, word: str, kind: str
) -> None:
    found = turned(effects, sign, kind)
    told = pages.scenario_sentence(found)
    assert f"% {word} (" in told and len(told.split()) <= 32
    assert ("must assume" in told) == (kind == "assumed")
    assert ("not identified" in pages.rest(found)) == (kind == "assumed")
    notes = {part.note for part in pages.effects(found) if isinstance(part, Number)}
    assert notes == {pages._interval_of(found.basis)} and len(notes) == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [([1.0, 3.0], "1% to 3% more"), ([-3.0, -1.0], "cost less"), ([-1.0, 1.0], "need not")],
)
def test_the_title_over_elasticities_turns_with_the_line(values: list[float], told: str) -> None:
    grid = pd.DataFrame({"scenario": study.SCENARIO, "measure": "closed_price", "value": values})
    assert told in pages.title_over_elasticities(grid)


@pytest.mark.parametrize(("last", "verb"), [(3.0, "grew"), (0.5, "shrank")])
def test_the_title_by_month_says_which_way(last: float, verb: str) -> None:
    assert verb in pages.title_by_month(pd.DataFrame({"effect": [1.0] * 6 + [last] * 6}))


@pytest.mark.parametrize(("held", "word"), [(9.0, "Most"), (1.0, "Less than half")])
def test_the_price_paid_is_split_as_the_numbers_are(held: float, word: str) -> None:
    assert f"{word} of the change" in pages.paid_sentence(10.0, held, -2.3)


def test_the_price_paid_holds_the_change_of_its_scenario(products: pd.DataFrame) -> None:
    (told,) = pages.price_paid(products, CENTRAL)
    outcome = scenario_outcome(assumed_market(products, CENTRAL), study.SCENARIO).measures()
    changed = number(outcome["price_paid"].item(), "%")
    assert isinstance(told, Sentence) and f"the average price paid changes by {changed};" in told.text


def identified(power: float) -> record.Identification:
    """An estimate beside placebos around nothing; a positive power puts it on minus one's other side."""
    sample = simulate_markets(60, 12, seed=1, slope=-2.0, taste=0.1)
    sample = sample.assign(tokens=sample["tokens"] * sample["price"] ** power)
    main = nested_logit(sample, instruments=["cost"], controls=["eci"], cluster="period")
    frame = pd.DataFrame({"draw": [0, 1], "elasticity": [-0.1, 0.1]})
    mixed: Any = type("Mixed", (), {"spread": 0.1, "spread_error": 0.1, "like_high_prices": 0.0, "n": 5})()
    row = pd.Series({"value": -1.1, "source_title": "somebody", "confidence": "primary_source"})
    basis = Basis(pd.DataFrame(), "estimated", 1.0)
    return record.Identification(frame, main, basis, mixed, detectable_effect(0.1), 0.01, row)


def test_the_verdict_follows_the_interval() -> None:
    steep, flat = identified(0.0), identified(2.5)
    assert steep.main.is_identified and "elasticity is identified" in record.verdict(steep)
    assert not flat.main.is_identified and "elasticity is not identified" in record.verdict(flat)
    assert "outside the ordinary interval" in record.published(steep)


def test_the_steep_estimates_are_counted() -> None:
    for high, told in ((-1.5, "2 of 2"), (0.5, "1 of 2")):
        table = pd.DataFrame({"way": ["a", "b"], "estimate": [-2.0, -2.5], "low": -3.0, "high": [-1.2, high]})
        curve = study.specification_curve(table, ["way"])
        assert told in pages.title_elasticities(curve)


def test_caveats_name_assumptions_only_where_there_are_any() -> None:
    told = {
        kind: [p for p in record.standing(Basis(pd.DataFrame(), kind, 1.0)) if isinstance(p, Caveat)]
        for kind in ("estimated", "assumed")
    }
    assert len(told["estimated"]) == 1 and "not identified" in told["assumed"][1].text


def test_every_result_presents_itself_and_draws_what_it_says(
    products: pd.DataFrame, effects: study.Effects
) -> None:
    import matplotlib.pyplot as plt

    curve = study.effect_curve(products, elasticities=[-5.0, -2.3, -1.1])
    for result in (effects, curve):
        assert len(repr(result)) < 2000 and result.plot() is not None
    sections = [
        effects,
        pages.curve(curve, "effect"),
        pages.over_elasticities(products, effects),
        pages.monthly(products, CENTRAL),
        pages.diversion(products, CENTRAL),
        pages.vendors(effects.market, effects.basis),
        pages.random_removals(products, CENTRAL, draws=4, seed=0),
    ]
    for section in sections:
        parts = list(parts_of(section))
        assert parts
        for figure in (part for part in parts if isinstance(part, Figure)):
            axes = figure.draw()
            assert axes.figure is not None and figure.alt and len(figure.data) > 0
        plt.close("all")


def test_panels_hold_the_line_and_months_the_effect(products: pd.DataFrame, effects: study.Effects) -> None:
    import matplotlib.pyplot as plt

    found = pages.over_elasticities(products, effects)
    (figure,) = [part for part in found if isinstance(part, Figure)]
    line = figure.draw().lines[0].get_ydata()
    grid = figure.data
    shown = grid[grid["measure"].eq("closed_price") & grid["scenario"].eq(study.SCENARIO)]
    np.testing.assert_allclose(line, shown.sort_values("elasticity")["value"])
    months = by_month(assumed_market(products, CENTRAL), study.SCENARIO)
    (figure,) = pages.monthly(products, CENTRAL)
    assert isinstance(figure, Figure)
    np.testing.assert_allclose(figure.draw().lines[0].get_ydata(), months["effect"])
    plt.close("all")


def responded(estimate: float, half: float, strength: float) -> responses.Responses:
    rows = [
        {"measure": name, "estimate": value, "std_error": half / 2, "low": value - half, "high": value + half,
         "detectable": 1.4 * half, "models": 9, "changes": 20}
        for name, value in zip(responses._LABELS, (estimate, -estimate, 0.0, estimate), strict=True)
    ]  # fmt: skip
    without = pd.DataFrame(
        {"unit": ["model", "developer"], "name": ["m", "OpenAI"], "estimate": [estimate, estimate / 2]}
    )
    found = PriceResponse(pd.DataFrame(rows), without, strength, 0.01, "router", 0.95)
    table = pd.DataFrame(
        {"weeks": [4, 8], "estimate": [estimate, 0.0], "low": [-9.0, -9.0], "high": [9.0, 9.0]}
    )
    curve = specification_curve(table, ["weeks"], headline={"weeks": 4})
    held = pd.DataFrame(
        {"elasticity": [-0.5, -0.3, -0.1], "price_paid": 2.0, "surplus": [-9.0, -20.0, -50.0]}
    )
    return responses.Responses(found.to_frame(), found, curve, "too few", held)


@pytest.mark.parametrize(
    ("estimate", "half", "strength", "word", "is_identified"),
    [(-0.8, 0.2, 30.0, "more tokens", True), (0.8, 0.2, 30.0, "fewer tokens", True),
     (-0.3, 0.5, 30.0, "cannot tell", False), (-0.8, 0.2, 3.0, "more tokens", False)],
)  # fmt: skip
def test_the_measured_response_turns_and_says_whether_it_is_identified(
    estimate: float, half: float, strength: float, word: str, is_identified: bool
) -> None:
    found = responded(estimate, half, strength)
    told = {part.key: part for part in found.parts() if isinstance(part, Number)}
    assert told["token_response.own"].role == "headline"
    assert word in responses.answer(found.number) and len(responses.answer(found.number).split()) <= 30
    assert ("the response is identified" in found.rest()) == is_identified
    assert ("is not identified" in found.rest()) != is_identified
    assert "Without OpenAI" in found.rest()
    assert told["token_response.developer_price"].value is None
    assert told["token_response.developer_price"].note == "too few"
