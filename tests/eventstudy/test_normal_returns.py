"""Models of normal returns against a second, naive version, and windows that skip what they must."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from undercut.errors import DataError, InputError, UnknownNameError
from undercut.eventstudy.data import equal_weight
from undercut.eventstudy.model import event_study

SPAN = {"estimation": (-200, -21), "window": (-1, 2), "skip_events": False}


def naive(returns: pd.DataFrame, firm: str, day: int, regressors: list[str]) -> tuple[object, pd.DataFrame]:
    """Market or factor model of one firm by statsmodels, and the regressors of the event window."""
    chosen = returns.iloc[day - 200 : day - 20]
    used = chosen[firm].notna()
    fit = sm.OLS(chosen.loc[used, firm], sm.add_constant(chosen.loc[used, regressors])).fit()
    ahead = sm.add_constant(returns.iloc[day - 1 : day + 3][regressors], has_constant="add")
    return fit, ahead


@pytest.mark.parametrize("firm", list("ABCDEF"))
@pytest.mark.parametrize("regressors", [["market"], ["market", "factor"]])
def test_abnormal_returns_and_their_covariance_are_those_of_a_regression(
    returns: pd.DataFrame, firm: str, regressors: list[str]
) -> None:
    returns["factor"] = np.random.default_rng(2).normal(0, 0.7, len(returns))
    events = pd.DataFrame({"event": ["x"], "date": [returns.index[360]], "firm": [firm]})
    study = event_study(returns, events, model="factors", factors=regressors, **SPAN)
    fit, ahead = naive(returns, firm, 360, regressors)
    expected = returns[firm].iloc[359:363] - fit.predict(ahead)
    np.testing.assert_allclose(study.abnormal.abnormal[0], expected, atol=1e-13)
    forecast_error = ahead.to_numpy() @ fit.cov_params().to_numpy() @ ahead.to_numpy().T
    covariance = forecast_error + fit.mse_resid * np.eye(4)
    np.testing.assert_allclose(study.abnormal.covariance[0], covariance, rtol=1e-9)
    ones = np.ones(4)
    assert study.car()["se"].iloc[0] == pytest.approx(np.sqrt(ones @ covariance @ ones))


def test_the_unit_of_a_factor_is_irrelevant(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    factor = returns[["market"]].assign(other=np.random.default_rng(0).normal(size=len(returns)))
    in_decimals = event_study(returns, events, model="factors", factors=factor, **SPAN).car()
    scaled = factor * [1e5, 1e-5]
    rescaled = event_study(returns, events, model="factors", factors=scaled, **SPAN).car()
    np.testing.assert_allclose(in_decimals["car"], rescaled["car"], rtol=1e-8)


def test_collinear_factors_are_refused(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    factors = returns[["market"]].assign(same=2 * returns["market"])
    with pytest.raises(DataError, match="collinear"):
        event_study(returns, events, model="factors", factors=factors, **SPAN)


def test_scholes_williams_is_its_formula(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"date": [returns.index[360]], "firm": ["B"]})
    study = event_study(returns, events, model="scholes-williams", market="market", **SPAN)
    days = np.arange(160, 340)
    firm, market = returns["B"].to_numpy(), returns["market"].to_numpy()
    slopes = [np.polyfit(market[days + lag], firm[days], 1)[0] for lag in (-1, 0, 1)]
    beta = sum(slopes) / (1 + 2 * np.corrcoef(market[days], market[days - 1])[0, 1])
    alpha = firm[days].mean() - beta * market[days].mean()
    np.testing.assert_allclose(study.abnormal.coefficients[0], [alpha, beta], rtol=1e-9)


def test_dimson_sums_the_slopes_of_one_regression(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"date": [returns.index[360]], "firm": ["B"]})
    study = event_study(returns, events, model="dimson", market="market", **SPAN)
    lagged = pd.concat([returns["market"].shift(k) for k in (1, 0, -1)], axis=1).iloc[160:340]
    fit = sm.OLS(returns["B"].iloc[160:340].to_numpy(), sm.add_constant(lagged.to_numpy())).fit()
    np.testing.assert_allclose(
        study.abnormal.coefficients[0], [fit.params[0], fit.params[1:].sum()], rtol=1e-9
    )


def test_thin_trading_betas_find_the_beta_that_the_market_model_misses() -> None:
    rng = np.random.default_rng(4)
    market = rng.normal(0, 0.01, 5_000)
    # Half of each day's move is only seen the day after.
    firm = 0.6 * market + 0.6 * np.r_[0, market[:-1]] + rng.normal(0, 0.002, 5_000)
    dates = pd.bdate_range("2000-01-03", periods=5_000)
    wide = pd.DataFrame({"thin": firm, "market": market}, index=dates)
    events = pd.DataFrame({"date": [dates[4_900]], "firm": ["thin"]})
    betas = {
        model: event_study(wide, events, model=model, market="market", estimation=(-4_800, -10))
        .abnormal.coefficients[0, 1]
        .item()
        for model in ("market", "dimson", "scholes-williams")
    }
    assert betas["market"] == pytest.approx(0.6, abs=0.02)
    assert betas["dimson"] == pytest.approx(1.2, abs=0.03)
    assert betas["scholes-williams"] == pytest.approx(1.2, abs=0.05)


def test_garch_sees_the_volatility_of_the_days_before_the_event() -> None:
    arch = pytest.importorskip("arch")
    assert arch
    rng = np.random.default_rng(5)
    n_days, variance = 1_500, np.empty(1_500)
    shocks = np.zeros(n_days)
    for day in range(n_days):
        past = 1e-4 if day == 0 else 2e-6 + 0.1 * shocks[day - 1] ** 2 + 0.88 * variance[day - 1]
        variance[day] = past
        shocks[day] = rng.normal(0, np.sqrt(past))
    market = rng.normal(0, 0.01, n_days)
    dates = pd.bdate_range("2015-01-02", periods=n_days)
    wide = pd.DataFrame({"firm": market + shocks, "market": market}, index=dates)
    days = 1_200 + np.arange(0, 280, 10)
    truth, found = [], []
    for day in days:
        events = pd.DataFrame({"date": [dates[day]], "firm": ["firm"]})
        options = {"market": "market", "estimation": (-1_000, -31), "window": (0, 0)}
        study = event_study(wide, events, model="garch", **options)
        found.append(study.to_frame()["se"].iloc[0])
        truth.append(np.sqrt(variance[day]))
    assert np.corrcoef(truth, found)[0, 1] > 0.95


def test_market_adjusted_returns_subtract_the_market_and_estimate_nothing(
    returns: pd.DataFrame, events: pd.DataFrame
) -> None:
    study = event_study(returns, events, model="market-adjusted", market="market", **SPAN)
    first = study.to_frame().iloc[0]
    raw = returns.loc[first["date"], first["firm"]] - returns.loc[first["date"], "market"]
    assert first["ar"] == pytest.approx(raw, abs=1e-15)
    covariance = study.abnormal.covariance[0]
    np.testing.assert_allclose(covariance, study.abnormal.sigma[0] ** 2 * np.eye(4))


def test_a_market_without_the_firms_may_be_a_series(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    market = equal_weight(returns, exclude=["A", "market"])
    study = event_study(returns, events[events["firm"] == "A"], market=market, **SPAN)
    by_column = event_study(
        returns.assign(index=market), events[events["firm"] == "A"], market="index", **SPAN
    )
    np.testing.assert_allclose(study.car()["car"], by_column.car()["car"])


def test_returns_and_market_are_in_excess_of_the_risk_free_rate(
    returns: pd.DataFrame, events: pd.DataFrame
) -> None:
    free = pd.Series(np.linspace(0.0001, 0.0003, len(returns)), index=returns.index)
    study = event_study(returns, events, market="market", risk_free=free, **SPAN)
    excess = event_study(returns.sub(free, axis=0), events, market="market", **SPAN)
    np.testing.assert_allclose(study.car()["car"], excess.car()["car"], atol=1e-14)


def test_a_short_history_is_left_out_and_named(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    options = {**SPAN, "min_days": 150}
    study = event_study(returns, events, market="market", **options)
    kept = set(zip(study.abnormal.rows.event, study.abnormal.rows.firm, strict=True))
    assert ("event 0", "E") not in kept and ("event 1", "E") in kept
    assert any("event 0: left out for fewer than 150" in n and "E (130)" in n for n in study.warnings)


def test_estimation_windows_skip_earlier_events_of_the_same_firm(returns: pd.DataFrame) -> None:
    returns.iloc[299:302, 0] += 0.5  # the first event, an outlier in the second event's estimation window
    events = pd.DataFrame(
        {"event": ["first", "second"], "date": returns.index[[300, 360]], "firm": ["A", "A"]}
    )
    options = {"market": "market", "estimation": (-200, -21), "window": (-1, 1)}
    study = event_study(returns, events, **options)
    assert study.abnormal.n_estimation.tolist() == [180, 177]
    assert study.abnormal.sigma[1] < 0.02
    assert event_study(returns, events, skip_events=False, **options).abnormal.sigma[1] > 0.05


def test_an_event_that_cannot_be_skipped_is_named(returns: pd.DataFrame) -> None:
    events = pd.DataFrame(
        {"event": ["first", "second"], "date": returns.index[[300, 360]], "firm": ["A", "A"]}
    )
    study = event_study(returns, events, market="market", estimation=(-120, -21), window=(-1, 1), min_days=99)
    assert study.abnormal.n_estimation.tolist() == [100, 100]
    assert any(
        "second: the estimation windows of A include days of other events" in n for n in study.warnings
    )


def test_a_gap_in_the_event_window_leaves_no_cumulative_return(returns: pd.DataFrame) -> None:
    returns.iloc[361, 1] = np.nan
    events = pd.DataFrame({"event": ["x"], "date": [returns.index[360]], "firm": ["B"]})
    study = event_study(returns, events, market="market", **SPAN)
    assert np.isnan(study.car()["car"].iloc[0])
    assert study.to_frame()["ar"].isna().tolist() == [False, False, True, False]
    assert any("no cumulative abnormal return for B" in note for note in study.warnings)


@pytest.mark.parametrize(
    ("options", "error", "advice"),
    [
        ({"model": "markt"}, UnknownNameError, "market"),
        ({"model": "market"}, InputError, "needs a market"),
        ({"model": "factors"}, InputError, "needs factors"),
        ({"market": "SPY"}, UnknownNameError, "SPY"),
        ({"market": "market", "estimation": (-250, 0)}, InputError, "must end before"),
        ({"market": "market", "estimation": "-60:-11"}, InputError, "fewer than the 100"),
        ({"market": "market", "window": "soon"}, InputError, "FIRST:LAST"),
        ({"market": "market", "model": "dimson", "convention": "estudy2"}, InputError, "least squares"),
        ({"model": "synthetic-control", "donors": ["A"]}, InputError, "cannot be a donor"),
    ],
)
def test_options_that_cannot_work_are_refused_with_advice(
    returns: pd.DataFrame, options: dict[str, object], error: type[Exception], advice: str
) -> None:
    events = pd.DataFrame({"date": [returns.index[360]], "firm": ["A"]})
    with pytest.raises(error, match=advice):
        event_study(returns, events, **options)


def test_events_of_one_firm_with_shared_days_are_named(returns: pd.DataFrame) -> None:
    days = returns.index[[360, 362]]
    events = pd.DataFrame({"event": ["first", "second"], "date": days, "firm": ["A", "A"]})
    study = event_study(returns, events, market="market", window=(-1, 1))
    assert "second: its event window shares days with that of another event of A" in study.warnings
    assert event_study(returns, events, market="market", window=(0, 1)).abnormal.warnings == ()
