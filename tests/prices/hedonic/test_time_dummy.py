"""Hedonic indices recover a known path, agree with formulas written twice, and know how unsure they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from tests.prices.market import market
from undercut.errors import DataError, InputError
from undercut.prices.hedonic.characteristics import parameters_in_name, reasons, with_characteristics
from undercut.prices.hedonic.double_imputation import double_imputation
from undercut.prices.hedonic.time_dummy import hedonic_index
from undercut.prices.index import price_index

PLAIN = {"characteristics": ("eci", "age_years"), "effects": ()}


def without_noise(months: int = 8) -> pd.DataFrame:
    return market(0, months=months, noise=0.0, family_spread=0.0, fall=0.9).assign(
        price=lambda q: np.exp(0.06 * (q["eci"] - 130) - 0.9 * (elapsed(q) - q["age_years"]))
    )


def elapsed(quotes: pd.DataFrame) -> pd.Series:
    start = pd.Period(quotes["period"].min(), "M")
    return quotes["period"].map(lambda p: (pd.Period(p, "M") - start).n / 12)


@pytest.mark.parametrize("window", [None, 4])
def test_without_noise_the_time_dummy_returns_the_path_exactly(window: int | None) -> None:
    index = hedonic_index(without_noise(), window=window, **PLAIN).index["index"]
    np.testing.assert_allclose(index, np.exp(-0.9 * np.arange(8) / 12), rtol=1e-8)


def test_without_noise_full_imputation_returns_the_path_and_matched_prices_hold_the_other_back() -> None:
    options = {"characteristics": ("eci", "age_years"), "draws": 20}
    predicted = double_imputation(without_noise(), matched="predicted", **options).index["index"]
    observed = double_imputation(without_noise(), matched="observed", **options).index["index"]
    np.testing.assert_allclose(predicted, np.exp(-0.9 * np.arange(8) / 12), rtol=1e-8)
    assert np.log(observed.iloc[-1]) > 0.5 * np.log(predicted.iloc[-1])


def test_matched_models_and_observed_imputation_miss_a_fall_that_the_hedonic_index_finds() -> None:
    """Truth: -0.8 a year. This is why the headline cannot be a matched-model index."""
    quotes = market(1)
    matched = price_index(quotes, method="jevons", chained=True).index
    hedonic = hedonic_index(quotes, **PLAIN)
    observed = double_imputation(quotes, characteristics=("eci", "age_years"), draws=50)
    assert np.log(hedonic.annual[1]) < -0.8 < np.log(hedonic.annual[2])
    assert matched.iloc[-1] == pytest.approx(1, abs=1e-12)
    assert np.log(observed.annual[0]) > -0.3


def test_without_the_age_of_models_capability_seems_to_cost_little() -> None:
    quotes = market(2, gain=6.0)
    aged = hedonic_index(quotes, **PLAIN).coefficients.loc["eci", "estimate"]
    plain = hedonic_index(quotes, characteristics=("eci",), effects=()).coefficients.loc["eci", "estimate"]
    assert aged == pytest.approx(0.06, abs=0.02)
    assert plain < 0.03


def test_a_market_where_all_prices_fall_together_needs_no_age() -> None:
    quotes = market(3, sticky=False)
    for options in (PLAIN, {"characteristics": ("eci",), "effects": ("developer",)}):
        low, high = hedonic_index(quotes, **options).annual[1:]
        assert np.log(low) < -0.8 < np.log(high)
    assert price_index(quotes, method="jevons", chained=True).index.iloc[-1] == pytest.approx(
        np.exp(-0.8 * 23 / 12), rel=1e-9
    )


def test_the_time_dummy_agrees_with_statsmodels_and_its_clustered_errors() -> None:
    import statsmodels.formula.api as smf

    quotes = market(4, months=6)
    found = hedonic_index(quotes, **PLAIN)
    data = quotes.assign(log_price=np.log(quotes["price"]))
    groups = pd.factorize(data["family"])[0]
    other = smf.ols("log_price ~ eci + age_years + C(period)", data).fit(
        cov_type="cluster", cov_kwds={"groups": groups}
    )
    names = [n for n in other.params.index if n.startswith("C(period)")]
    error = other.bse[names].to_numpy()
    expected = np.exp(other.params[names].to_numpy() - error**2 / 2)
    np.testing.assert_allclose(found.index["index"].iloc[1:], expected, rtol=1e-6)
    np.testing.assert_allclose(found.coefficients.loc["eci", "std_error"], other.bse["eci"], rtol=1e-6)


def test_cluster_influences_reproduce_the_covariance_of_the_fixed_effects_fit() -> None:
    from undercut.inference.within import within_fit
    from undercut.prices.hedonic.characteristics import hedonic_sample
    from undercut.prices.hedonic.time_dummy import regression

    sample, _ = hedonic_sample(market(5, months=5), ("eci", "age_years"), imputed=False)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(sample))
    unequal = regression(sample.assign(weight=weight), ("eci", "age_years"), ("developer",), "family")
    formula = "log_price ~ eci + age_years + C(developer) + C(period)"
    by_statsmodels = smf.wls(formula, sample, weights=weight).fit()
    for name in ("eci", "age_years"):
        assert unequal.estimate[unequal.names.index(name)] == pytest.approx(by_statsmodels.params[name])
    fit = regression(sample.assign(weight=2.0), ("eci", "age_years"), ("developer",), "family")
    design = sample[["eci", "age_years"]].join(pd.get_dummies(sample["period"], dtype=float).iloc[:, 1:])
    other = within_fit(sample["log_price"], design, sample[["developer"]], sample[["family"]])
    np.testing.assert_allclose(fit.influence.T @ fit.influence, other.variance, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_an_index_does_not_hang_on_the_unit_of_a_characteristic(unit: float) -> None:
    quotes = market(5, months=5).assign(size=lambda q: unit * (q["eci"] + np.sin(np.arange(len(q)))))
    plain = hedonic_index(quotes.assign(size=quotes["size"] / unit), **PLAIN | {"characteristics": ("size",)})
    scaled = hedonic_index(quotes, **PLAIN | {"characteristics": ("size",)})
    np.testing.assert_allclose(scaled.index["index"], plain.index["index"], rtol=1e-9)
    twice = quotes.assign(double=2.1 * quotes["size"] + 3 * unit)
    both = hedonic_index(twice, **PLAIN | {"characteristics": ("size", "double")})
    assert both.coefficients.index.tolist() == ["size"]


def test_a_window_of_all_months_is_the_pooled_index() -> None:
    quotes = market(6, months=6)
    pd.testing.assert_frame_equal(
        hedonic_index(quotes, window=6, **PLAIN).index, hedonic_index(quotes, **PLAIN).index
    )


def test_rolling_windows_do_not_revise_what_is_published() -> None:
    quotes = market(7, months=10)
    full = hedonic_index(quotes, window=5, **PLAIN).index["index"]
    earlier = hedonic_index(quotes[quotes["period"] <= "2024-08"], window=5, **PLAIN).index
    # The point path before the correction for bias; variances add clusters that come later.
    np.testing.assert_allclose(full.iloc[:8], earlier["index"], rtol=0.02)


def test_double_imputation_is_the_naive_formula() -> None:
    quotes = market(8, months=2).assign(log=lambda q: np.log(q["price"]))
    old, new = (g.set_index("product") for _, g in quotes.groupby("period"))

    def fit(month: pd.DataFrame) -> np.ndarray:
        return np.linalg.lstsq(
            np.column_stack([np.ones(len(month)), month["eci"]]), month["log"], rcond=None
        )[0]

    change = fit(new) - fit(old)
    stay = old.index.intersection(new.index)
    log = 0.0
    for month, size in ((old, len(old)), (new, len(new))):
        gone = month.drop(index=stay)
        log += 0.5 / size * (new.loc[stay, "log"] - old.loc[stay, "log"]).sum()
        log += 0.5 / size * (change[0] + change[1] * gone["eci"]).sum()
    found = double_imputation(quotes, characteristics=("eci",), draws=400)
    # The published index is less half the bootstrap variance: undo it through the paths' own spread.
    assert np.log(found.index["index"].iloc[1]) == pytest.approx(log, abs=0.01)
    assert found.index["low"].iloc[1] < np.exp(log) < found.index["high"].iloc[1]


def test_equal_values_give_the_unweighted_index() -> None:
    quotes = market(9, months=4).assign(value=3.0)
    options = {"characteristics": ("eci",), "draws": 30}
    pd.testing.assert_frame_equal(
        double_imputation(quotes, value="value", **options).index, double_imputation(quotes, **options).index
    )


def test_identical_months_have_an_index_of_one_and_no_width() -> None:
    month = market(10, months=1)
    quotes = pd.concat([month, month.assign(period="2024-02")])
    found = hedonic_index(quotes, **PLAIN).index
    np.testing.assert_allclose(found.loc["2024-02", ["index", "low", "high"]].astype(float), 1, atol=1e-6)


def test_what_is_left_out_is_said() -> None:
    quotes = market(11, months=3)
    quotes.loc[quotes.index[:4], "eci"] = np.nan
    assert hedonic_index(quotes, **PLAIN).notes == (
        f"4 of {len(quotes):,} prices left out for want of a characteristic",
    )


@pytest.mark.parametrize(
    ("breakage", "options", "error", "complaint"),
    [
        (lambda q: q.drop(columns="eci"), {}, DataError, "lack eci"),
        (lambda q: q.assign(price=0.0), {}, DataError, "positive prices"),
        (lambda q: q.assign(eci=q["eci"].where(q["period"] > "2024-01")), {}, DataError, "2024-01 .0."),
        (lambda q: q, {"window": 1}, InputError, "window"),
        (lambda q: q, {"imputed": "kept"}, InputError, "imputed"),
        (lambda q: q, {"imputed": "down-weighted"}, DataError, "No capability is imputed"),
        (lambda q: q.assign(family="one"), {}, DataError, "single family"),
    ],
)
def test_what_cannot_be_estimated_is_refused(
    breakage: object, options: dict, error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        hedonic_index(breakage(market(12, months=3)), **PLAIN, **options)  # type: ignore[operator]


def test_context_is_taken_from_other_sellers_of_the_model() -> None:
    quotes = pd.DataFrame(
        {
            "model_id": ["a", "a", "b"],
            "context_tokens": pd.array([8000, pd.NA, pd.NA], dtype="Int64"),
            "period": "2024-01",
        }
    )
    found = with_characteristics(quotes)["log_context"]
    assert found.tolist() == pytest.approx([np.log(8), np.log(8), np.nan], nan_ok=True)


def test_names_tell_reasoning_and_size() -> None:
    names = ("qwen3-235b-a22b-thinking-2507", "magistral-small", "o3", "gpt-4o", "olmo-3")
    assert [reasons(name) for name in names] == [True, True, True, False, False]
    assert parameters_in_name("llama-4-scout-17b-16e-instruct") == 17
    assert np.isnan(parameters_in_name("claude-3-opus"))


def test_the_figure_draws_on_the_axes_given() -> None:
    import matplotlib.pyplot as plt

    found = hedonic_index(market(13, months=4), **PLAIN)
    figure, ax = plt.subplots()
    assert found.plot(ax) is ax
    plt.close(figure)
    assert "percent a year" in found.summary()
