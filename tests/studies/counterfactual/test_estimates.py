"""The comparison of estimates, the curves and the diversion table, on the real markets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.competition.demand.assumptions import Basis, market_keywords
from undercut.competition.demand.counterfactual import market_model, measures, scenario_outcomes
from undercut.competition.demand.instruments import with_instruments
from undercut.competition.demand.markets import MarketData, estimation_sample
from undercut.errors import UnknownNameError
from undercut.studies.counterfactual import estimates as study

CENTRAL = {"elasticity": -2.0, "correlation": 0.35, "outside_share": 0.5, "open_at_cost": True}


@pytest.fixture(scope="module")
def two_months(data: MarketData) -> pd.DataFrame:
    return data.products[data.products["period"] >= "2026-07"]


def test_effects_of_the_model_leave_only_controls_that_change_within_it(data: MarketData) -> None:
    found = study.estimate(data, instruments="none (OLS)", effects="month, model")
    assert found.coefficients["name"].tolist() == ["price", "age_years"]


def test_least_squares_with_effects_of_the_model_is_the_within_regression(data: MarketData) -> None:
    """The same coefficient by demeaning within models and months until nothing moves."""
    sample = estimation_sample(data)
    x = np.log(sample["price"])
    columns = pd.DataFrame({"y": x + np.log(sample["tokens"]), "x": x, "age": sample["age_years"]})
    for _ in range(500):
        for key in ("model_id", "period"):
            columns = columns - columns.groupby(sample[key]).transform("mean")
    slope = np.linalg.lstsq(columns[["x", "age"]].to_numpy(), columns["y"].to_numpy(), rcond=None)[0][0]
    found = study.estimate(data, instruments="none (OLS)", effects="month, model")
    assert found.slope == pytest.approx(slope, abs=1e-6)


def test_unknown_choices_are_named(data: MarketData) -> None:
    with pytest.raises(UnknownNameError, match="sellers"):
        study.estimate(data, instruments="seller")
    with pytest.raises(UnknownNameError, match="month"):
        study.estimate(data, effects="months")


def test_the_curve_marks_the_main_specification_and_holds_it_unchanged(data: MarketData) -> None:
    curve = study.elasticity_curve(data)
    marked = curve.estimates[curve.estimates["is_headline"]]
    main = study.estimate(data)
    assert marked["estimate"].item() == pytest.approx(main.elasticity)
    assert len(curve.estimates) + len(curve.failed) == 30


def test_the_effect_curve_holds_the_effect_of_its_headline(two_months: pd.DataFrame) -> None:
    curve = study.effect_curve(two_months, "no Chinese open models", elasticities=[-5.0, -2.0, -1.1])
    marked = curve.estimates[curve.estimates["is_headline"]].iloc[0]
    model = market_keywords(two_months, CENTRAL, "expenditure")
    alone = measures(scenario_outcomes(two_months, "no Chinese open models", **model))["closed_price"]
    assert marked["estimate"] == pytest.approx(alone)
    assert marked["low"] <= marked["estimate"] <= marked["high"]


def test_what_a_group_loses_goes_somewhere(two_months: pd.DataFrame) -> None:
    found = study.diversion_by_group(two_months, [CENTRAL, CENTRAL | {"correlation": 0.0}])
    np.testing.assert_allclose(found.groupby("origin")["share"].sum(), 1.0)
    assert (found["low"] <= found["share"] + 1e-12).all()
    nested = found[(found["origin"] == "Chinese open") & (found["goes_to"] == "Chinese open")]
    assert nested["low"].item() < nested["share"].item()


def test_own_elasticities_average_to_the_assumed_one(data: MarketData) -> None:
    month = data.products[data.products["period"] == "2026-08"]
    model = market_keywords(month, CENTRAL, "expenditure")
    table = study.own_and_cross(month, model)
    assert table["own"].mean() == pytest.approx(-2.0)
    system = market_model(month, **model).system
    prices = month["price"].to_numpy()
    dearer = prices * np.where((month["group"] == "Chinese open").to_numpy(), np.exp(1e-6), 1.0)
    change = np.log(system.quantities(dearer) / system.quantities(prices)) / 1e-6
    closed = (month["group"] == "closed").to_numpy()
    np.testing.assert_allclose(table["chinese_open"][closed], change[closed], rtol=1e-4)


def test_the_table_of_estimates_repeats_single_estimates(data: MarketData) -> None:
    table = study.compare_estimates(data).set_index("specification")
    sample = with_instruments(estimation_sample(data))
    again = study.estimate(data, instruments="elsewhere", sample=sample)
    assert table.loc["logit, elsewhere", "elasticity"] == pytest.approx(again.elasticity)


def test_the_standing_of_the_elasticity_follows_the_estimate() -> None:
    draws = pd.DataFrame({"elasticity": [-2.0]})
    words = {kind: study.standing(Basis(draws, kind, 1.0)) for kind in ("estimated", "assumed")}
    row = {kind: table["standing"].tolist()[1:3] for kind, table in words.items()}
    assert row["assumed"] == ["association", "assumption"]
    assert row["estimated"] == ["identified, if the instruments are valid", "identified"]
