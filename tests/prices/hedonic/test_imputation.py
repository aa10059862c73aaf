"""Capability is imputed without looking at prices, and its error is honest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.prices.market import market
from undercut.errors import DataError
from undercut.prices.hedonic.imputation import (
    _left_out_error,
    impute_capability,
    with_imputed_capability,
)
from undercut.prices.hedonic.time_dummy import hedonic_index


def catalogue(models: int = 240, unscored: float = 0.4, seed: int = 0) -> pd.DataFrame:
    """Models whose capability rises with date and size, with noise of three points."""
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 1000, models)
    size = rng.choice([7, 32, 70, 400], models)
    family = rng.integers(60, size=models)
    truth = 120 + 0.03 * day + 4 * np.log(size / 7) + rng.normal(0, 3, models)
    quotes = pd.DataFrame(
        {
            "model_id": [f"m{i}-{s}b" for i, s in enumerate(size)],
            "developer": [f"d{f % 12}" for f in family],
            "family": [f"f{f}" for f in family],
            "release_date": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "eci": truth,
            "truth": truth,
            "price": 1.0,
        }
    )
    quotes.loc[rng.random(models) < unscored, "eci"] = np.nan
    return quotes


def test_the_stated_error_is_that_of_models_never_seen() -> None:
    quotes = catalogue()
    found = impute_capability(quotes)
    truth = quotes.set_index("model_id")["truth"].loc[found.index]
    actual = np.sqrt(((found["eci"] - truth) ** 2).mean())
    [error] = found["eci_error"].unique()
    assert error == pytest.approx(3.1, abs=0.5)
    assert actual == pytest.approx(error, rel=0.25)


def test_prices_are_never_looked_at() -> None:
    quotes = catalogue()
    other = quotes.assign(price=np.random.default_rng(1).lognormal(size=len(quotes)))
    pd.testing.assert_frame_equal(impute_capability(quotes), impute_capability(other))
    pd.testing.assert_frame_equal(impute_capability(quotes), impute_capability(quotes.drop(columns="price")))


def test_scores_that_exist_are_kept_and_the_others_marked() -> None:
    quotes = catalogue()
    filled = with_imputed_capability(quotes)
    known = quotes["eci"].notna()
    assert (filled.loc[known, "eci"] == quotes.loc[known, "eci"]).all()
    assert (filled["eci_is_imputed"] == ~known).all()
    assert quotes["eci"].isna().any()  # the input is not changed


def test_a_model_without_a_day_of_release_is_not_imputed() -> None:
    quotes = catalogue()
    first = quotes.index[quotes["eci"].isna()][0]
    quotes.loc[first, "release_date"] = pd.NaT
    assert with_imputed_capability(quotes)["eci"].isna().sum() == 1


def test_too_few_scores_are_refused() -> None:
    with pytest.raises(DataError, match="have a capability score"):
        impute_capability(catalogue(models=40, unscored=0.6))


def test_down_weighting_keeps_the_slope_and_gives_imputed_models_less_say() -> None:
    quotes = market(1, months=10)
    blurred = quotes["model_id"].map(
        dict(zip(m := quotes["model_id"].unique(), np.random.default_rng(0).random(len(m)), strict=True))
    ).gt(0.5)  # fmt: skip
    # An imputed score is the mean of its models: their own deviation from it is the error.
    error = 3.0
    noise = quotes["model_id"].map(
        dict(zip(m, np.random.default_rng(1).normal(0, error, len(m)), strict=True))
    )
    wide = quotes.assign(eci_is_imputed=blurred, eci_error=np.where(blurred, error, np.nan))
    # Berkson: the truth scatters around the imputed value, so the price carries slope times the error.
    wide["price"] = np.where(blurred, wide["price"] * np.exp(0.06 * noise), wide["price"])
    options = {"characteristics": ("eci", "age_years"), "effects": ()}
    narrow = hedonic_index(wide, **options)
    both = hedonic_index(wide, imputed="down-weighted", **options)
    assert both.offers > narrow.offers
    assert both.coefficients.loc["eci", "estimate"] == pytest.approx(0.06, abs=0.015)
    assert both.coefficients.loc["eci", "std_error"] < narrow.coefficients.loc["eci", "std_error"]


def test_errors_of_families_left_out_are_those_of_fits_without_them() -> None:
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(40), rng.normal(size=(40, 2)), rng.integers(0, 2, (40, 6))])
    outcome, groups = rng.normal(size=40), np.sort(rng.integers(0, 9, 40))
    penalties = np.diag([1e-8] * 3 + [2.0] * 6)
    errors = []
    for group in np.unique(groups):
        kept, out = design[groups != group], design[groups == group]
        fitted = np.linalg.solve(kept.T @ kept + penalties, kept.T @ outcome[groups != group])
        errors += list(outcome[groups == group] - out @ fitted)
    assert _left_out_error(design, outcome, groups, 3, 2.0) == pytest.approx(
        np.sqrt(np.mean(np.square(errors)))
    )
