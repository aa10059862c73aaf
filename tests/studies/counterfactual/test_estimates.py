"""The comparison of estimates, the curves and the diversion table, on the real markets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.demand.assumptions import Basis, assumed_market
from undercut.competition.demand.counterfactual import scenario_outcome
from undercut.competition.demand.instruments import with_instruments
from undercut.competition.demand.markets import MarketData, estimation_sample
from undercut.errors import UnknownNameError
from undercut.inference.specifications import all_specifications
from undercut.studies.counterfactual import estimates as study
from undercut.studies.counterfactual import pages, record
from undercut.studies.presentation import Part, Table

CENTRAL = {"elasticity": -2.0, "correlation": 0.35, "outside_share": 0.5, "open_at_cost": True}


def _table(parts: Iterable[Part]) -> pd.DataFrame:
    """The frame of the one table among the parts."""
    [frame] = [part.frame for part in parts if isinstance(part, Table)]
    return frame


@pytest.fixture(scope="module")
def sample(data: MarketData) -> pd.DataFrame:
    return with_instruments(estimation_sample(data), undercut.load_reference("gpu_rental"))


@pytest.fixture(scope="module")
def two_months(data: MarketData) -> pd.DataFrame:
    return data.products[data.products["period"] >= "2026-07"]


def test_effects_of_the_model_leave_only_controls_that_change_within_it(sample: pd.DataFrame) -> None:
    found = study.estimate(sample, instruments="none (OLS)", effects="month, model")
    assert found.coefficients["name"].tolist() == ["price", "age_years"]


def test_least_squares_with_effects_of_the_model_is_the_within_regression(sample: pd.DataFrame) -> None:
    """The same coefficient by demeaning within models and months until nothing moves."""
    x = np.log(sample["price"])
    columns = pd.DataFrame({"y": x + np.log(sample["tokens"]), "x": x, "age": sample["age_years"]})
    for _ in range(500):
        for key in ("model_id", "period"):
            columns = columns - columns.groupby(sample[key]).transform("mean")
    slope = np.linalg.lstsq(columns[["x", "age"]].to_numpy(), columns["y"].to_numpy(), rcond=None)[0][0]
    found = study.estimate(sample, instruments="none (OLS)", effects="month, model")
    assert found.slope == pytest.approx(slope, abs=1e-6)


def test_unknown_choices_are_named(sample: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="sellers"):
        study.estimate(sample, instruments="seller")
    with pytest.raises(UnknownNameError, match="month"):
        study.estimate(sample, effects="months")


def test_the_curve_marks_the_main_specification_and_holds_it_unchanged(sample: pd.DataFrame) -> None:
    curve = study.elasticity_curve(sample, sample)
    marked = curve.estimates[curve.estimates["is_headline"]]
    main = study.estimate(sample)
    assert marked["estimate"].item() == pytest.approx(main.elasticity)
    assert len(curve.estimates) + len(curve.failed) == 30


def test_the_effect_curve_holds_the_effect_of_its_headline(two_months: pd.DataFrame) -> None:
    curve = study.effect_curve(two_months, elasticities=[-5.0, -2.0, -1.1])
    marked = curve.estimates[curve.estimates["is_headline"]].iloc[0]
    alone = scenario_outcome(assumed_market(two_months, CENTRAL), study.SCENARIO).measures()
    assert marked["estimate"] == pytest.approx(alone["closed_price"].item())
    assert marked["low"] <= marked["estimate"] <= marked["high"]
    assert len(curve.estimates) + len(curve.failed) == 108


def test_specifications_that_fail_are_told_apart_from_those_that_do_not(two_months: pd.DataFrame) -> None:
    """An outside share of one has no market: that row says why, the others keep their estimates."""
    grid = all_specifications({
        "elasticity": [-2.0], "correlation": [0.35], "outside_share": [0.5, 1.0, 0.2],
        "open_models": ["at cost"], "demand": ["budget"],
    })  # fmt: skip
    found = study._effects_of(two_months, grid)
    assert found["estimate"].isna().tolist() == [False, True, False]
    assert "between 0 and 1" in found["why_not"].iloc[1]


def test_what_a_group_loses_goes_where_one_market_at_a_time_says(two_months: pd.DataFrame) -> None:
    """Diversion a second time, product by product; and all of a loss goes somewhere."""
    found = _table(pages.diversion(two_months, CENTRAL))
    np.testing.assert_allclose(found.groupby("origin")["share"].sum(), 1.0)
    assert (found["low"] <= found["share"] + 1e-12).all()
    sums, weights = {}, 0.0
    for _, month in two_months.groupby("period"):
        market = assumed_market(month, CENTRAL)
        flows = market.system.diversion(market.prices)[0, 0]
        names, spend = month["group"].tolist(), month["spend"].tolist()
        for j in (k for k, name in enumerate(names) if name == "Chinese open"):
            weights += spend[j]
            for k, name in enumerate([*names, "outside"]):
                sums[name] = sums.get(name, 0.0) + (0.0 if k == j else spend[j] * flows[j, k])
    mine = found[found["origin"] == "Chinese open"].set_index("goes_to")["share"]
    for name, total in sums.items():
        assert mine[name] == pytest.approx(total / weights)


def test_the_table_of_estimates_repeats_single_estimates(sample: pd.DataFrame) -> None:
    table = _table(record.compare_estimates(sample)).set_index("specification")
    again = study.estimate(sample, instruments="elsewhere")
    assert table.loc["logit, elsewhere", "elasticity"] == pytest.approx(again.elasticity)


def test_the_standing_of_the_elasticity_follows_the_estimate() -> None:
    draws = pd.DataFrame({"elasticity": [-2.0]})
    words = {kind: _table(record.standing(Basis(draws, kind, 1.0))) for kind in ("estimated", "assumed")}
    row = {kind: table["standing"].tolist()[1:3] for kind, table in words.items()}
    assert row["assumed"] == ["association", "assumption"]
    assert row["estimated"] == ["identified, if the instruments are valid", "identified"]
