"""Dollars, rebounds, calendar time: each against its definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from undercut.errors import DataError
from undercut.eventstudy.effects import calendar_time_portfolio, dollar_effects, rebounds
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.inference.detectable import detectable

OPTIONS = {"market": "market", "estimation": (-160, -21)}
VALUES = pd.DataFrame({"firm": list("ABCDEF"), "value": [100.0, 200, 50, 10, 400, 30]})


@pytest.fixture
def study(returns: pd.DataFrame, events: pd.DataFrame) -> EventStudy:
    return event_study(returns, events, window=(0, 5), **OPTIONS)


def test_dollars_are_abnormal_return_times_value(study: EventStudy) -> None:
    found = dollar_effects(study, VALUES, window=(0, 1))
    firms = found[found["firm"] != "total"]
    expected = study.car((0, 1))["car"] * study.car()["firm"].map(VALUES.set_index("firm")["value"])
    np.testing.assert_allclose(firms["effect"], expected)
    totals = found[found["firm"] == "total"].set_index("event")["effect"]
    np.testing.assert_allclose(firms.groupby("event")["effect"].sum(), totals)


def test_the_interval_of_a_total_allows_for_correlation(returns: pd.DataFrame) -> None:
    shock = np.random.default_rng(0).normal(0, 0.03, len(returns))
    together = returns.add(shock, axis=0).assign(market=returns["market"])
    events = pd.DataFrame({"event": "x", "date": returns.index[360], "firm": list("ABCD")})
    found = dollar_effects(event_study(together, events, window=(0, 0), **OPTIONS), VALUES)
    firms, total = found[found["firm"] != "total"], found[found["firm"] == "total"].iloc[0]
    independent = np.sqrt((firms["se"] ** 2).sum())
    assert total["se"] > 1.2 * independent
    assert total["se"] <= firms["se"].sum() * 1.05


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        (VALUES.iloc[1:], "No market value for A"),
        (pd.concat([VALUES, VALUES]), "more than one value"),
        (VALUES[["firm"]], "they lack value"),
    ],
)
def test_market_values_must_be_complete(study: EventStudy, values: pd.DataFrame, advice: str) -> None:
    with pytest.raises(DataError, match=advice):
        dollar_effects(study, values)


def test_a_full_rebound_has_share_one_and_a_drift_is_negative(returns: pd.DataFrame) -> None:
    returns.iloc[360, 0] -= 0.30
    returns.iloc[361, 0] += 0.30
    returns.iloc[360, 1] -= 0.30
    returns.iloc[361, 1] -= 0.15
    events = pd.DataFrame({"event": "x", "date": returns.index[360], "firm": list("ABC")})
    found = rebounds(
        event_study(returns, events, window=(0, 2), **OPTIONS), event=(0, 0), after=(1, 2), level=0.99
    ).set_index("firm")
    assert found["ci_low"]["A"] < 1 < found["ci_high"]["A"]
    assert found["ci_high"]["B"] < 0
    assert np.isinf(found["ci_low"]["C"]) and np.isinf(found["ci_high"]["C"])


def test_fiellers_interval_covers(returns: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    n_firms, n_days = 3_000, 160
    wide = pd.DataFrame(rng.normal(0, 0.01, (n_days, n_firms)), index=returns.index[:n_days])
    wide.iloc[155] -= 0.05
    wide.iloc[156] += 0.02
    study = event_study(
        wide, pd.DataFrame({"date": [wide.index[155]]}), model="constant-mean", window=(0, 2),
        estimation=(-140, -11),
    )  # fmt: skip
    found = rebounds(study, after=(1, 2))
    covered = ((found["ci_low"] <= 0.4) & (found["ci_high"] >= 0.4)).mean()
    assert abs(covered - 0.95) < 3 * np.sqrt(0.05 * 0.95 / n_firms)


def test_calendar_time_alpha_is_that_of_a_weighted_regression(
    returns: pd.DataFrame, events: pd.DataFrame
) -> None:
    found = calendar_time_portfolio(returns, events, window=(1, 30), market="market")
    held = returns.iloc[np.r_[301:331, 361:391]]
    series, count = held[list("ABCDEF")].mean(axis=1), held[list("ABCDEF")].notna().sum(axis=1)
    fit = sm.WLS(series, sm.add_constant(held["market"]), weights=count).fit(cov_type="HC1", use_t=True)
    assert found.alpha == pytest.approx(fit.params["const"])
    assert found.standard_error == pytest.approx(fit.bse["const"])
    assert found.p_value == pytest.approx(fit.pvalues["const"])
    assert found.returns["n_firms"].tolist() == count.tolist()


def test_the_detectable_effect_is_detected_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    freedom, error = 30, 0.01
    effect = float(detectable(error, freedom=freedom, power=0.8))
    estimates = rng.normal(effect, error, 20_000)
    errors = error * np.sqrt(rng.chisquare(freedom, 20_000) / freedom)
    found = (np.abs(estimates / errors) > stats.t.ppf(0.975, freedom)).mean()
    assert found == pytest.approx(0.8, abs=0.01)


def test_the_ends_of_fiellers_interval_are_just_rejected(returns: pd.DataFrame) -> None:
    """At either end the distance from zero equals its own critical value; the forecast error is common."""
    returns.iloc[300, 0] -= 0.4
    events = pd.DataFrame({"date": [returns.index[300]], "firm": ["A"]})
    study = event_study(returns, events, market="market", estimation=(-130, -21), window=(0, 20), min_days=60)
    row = rebounds(study, after=(1, 20)).iloc[0]
    covariance = study.abnormal.covariance[0]
    quantile = stats.t.ppf(0.975, study.abnormal.freedom[0])
    for share in (row["ci_low"], row["ci_high"]):
        weights = np.r_[share, np.ones(20)]
        distance = row["car_after"] + share * row["car"]
        assert abs(distance) == pytest.approx(quantile * np.sqrt(weights @ covariance @ weights))
