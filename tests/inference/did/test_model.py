"""Staggered adoption against published answers, naive formulas and simulated truth."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from tests.inference.did.adoption_market import adopters
from tests.paths import SHARED
from undercut.errors import CellError, DataError, InputError
from undercut.inference.did.data import adoption_panel
from undercut.inference.did.estimators import callaway_santanna
from undercut.inference.did.model import Method, staggered_adoption
from undercut.inference.did.pre_trend import PreTrend, pre_trend

CASES = SHARED / "cases"
METHODS = get_args(Method)
ROBUST = [m for m in METHODS if m != "two_way_fixed_effects"]


def case(folder: str) -> Path:
    path = CASES / folder
    if not path.exists():
        pytest.skip("the cases with known answers are not beside the repository")
    return path


def test_callaway_santanna_meets_the_published_county_example() -> None:
    path = case("02_callaway_santanna_mpdta")
    data = pd.read_csv(path / "mpdta.csv")
    data["first.treat"] = data["first.treat"].replace(0, np.nan)
    panel = adoption_panel(
        data, unit="countyreal", period="year", outcome="lemp", first_treated="first.treat", cluster=None,
    )  # fmt: skip
    fit = callaway_santanna(panel, 3, 3, 0.95, controls="never_treated")
    published = pd.read_csv(path / "computed_agg.csv").set_index(["type", "key"])
    assert fit.effect()["estimate"] == pytest.approx(published.loc[("simple", "overall"), "att"], rel=1e-9)
    # The published error also counts that cohorts' shares are estimated; taken as given it is 2% smaller.
    assert fit.effect()["std_error"] == pytest.approx(0.0120340, rel=0.025)
    assert fit.effect("dynamic")["estimate"] == pytest.approx(-0.0772398, abs=1e-7)
    few = np.array([1.0, np.sqrt(500 / 499)])  # errors are scaled for the number of clusters here
    for time in range(4):
        row = published.loc[("dynamic", str(time))]
        assert fit.effect(time)[["estimate", "std_error"]].to_numpy() == pytest.approx(
            row.to_numpy() * few, rel=1e-6
        )


def test_sun_abraham_meets_the_published_example() -> None:
    path = case("10_base_stagg_sunab")
    data = pd.read_csv(path / "base_stagg.csv")
    data["year_treated"] = data["year_treated"].where(data["year_treated"] < 1000)
    fit = staggered_adoption(
        data, unit="id", period="year", outcome="y", first_treated="year_treated", cluster=None,
        covariates=["x1"], method="sun_abraham", leads=9, lags=8,
    )  # fmt: skip
    assert fit.effect()[["estimate", "std_error"]].to_numpy() == pytest.approx(
        (-1.1337494, 0.2050705), abs=1e-7
    )
    published = pd.read_csv(path / "computed.csv").query("agg == 'year'")
    for row in published.itertuples():
        found = fit.effect(int(row.key))
        assert found["estimate"] == pytest.approx(row.estimate, rel=1e-7)
        assert found["std_error"] == pytest.approx(row.se_cluster_id, rel=1e-7)


@pytest.mark.filterwarnings("ignore:ImputationDiD.fit:FutureWarning")
def test_imputation_agrees_with_two_other_packages() -> None:
    import pyfixest
    from diff_diff import ImputationDiD

    data = adopters(1, never=0.3)
    fit = staggered_adoption(data, method="imputation", leads=1, lags=30)
    other = data.assign(first=data["first_treated"].fillna(0).astype(int))
    theirs = ImputationDiD(cluster="cluster", aux_partition="horizon").fit(
        other, outcome="outcome", unit="unit", time="period", first_treat="first", aggregate="event_study"
    )
    few = np.sqrt(fit.n_clusters / (fit.n_clusters - 1))
    for time, found in theirs.event_study_effects.items():
        if time >= 0:
            mine = fit.effect(int(time))
            assert mine["estimate"] == pytest.approx(found["effect"], rel=1e-8)
            assert mine["std_error"] == pytest.approx(found["se"] * few, rel=1e-6)
    other["treated"] = (other["period"] >= other["first_treated"]).astype(int)
    gardner = pyfixest.did2s(
        other, yname="outcome", first_stage="~ 0 | unit + period", second_stage="~ treated",
        treatment="treated", cluster="cluster",
    )  # fmt: skip
    assert fit.effect()["estimate"] == pytest.approx(gardner.coef()["treated"], rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_one_cohort_with_a_control_group_is_the_difference_in_differences(method: Method) -> None:
    data = adopters(3, never=0.4).assign(
        first_treated=lambda f: f["first_treated"].where(f["first_treated"].isna(), 12.0)
    )
    mean = data.groupby([data["first_treated"].notna(), "period"])["outcome"].mean().unstack()  # noqa: PD010
    gap = mean.loc[True] - mean.loc[False]
    fit = (
        staggered_adoption(data, method=method, leads=12, lags=11)
        if method != "imputation"
        else staggered_adoption(data, method=method, leads=1, lags=11)
    )
    base = gap.loc[:11].mean() if method == "imputation" else gap.loc[11]
    naive = gap.loc[12:] - base
    assert fit.effects.loc[0:].to_numpy() == pytest.approx(naive.to_numpy(), abs=1e-8)


@pytest.mark.parametrize("method", ROBUST)
def test_growing_effects_are_recovered_with_a_path(method: Method) -> None:
    data = adopters(5, units=240, clusters=60, growth=-0.1, noise=0.05)
    fit = staggered_adoption(data, method=method, leads=4, lags=4)
    truth = -0.3 - 0.1 * np.arange(5)
    assert fit.effects.loc[0:].to_numpy() == pytest.approx(truth, abs=0.04)
    assert fit.effects.loc[:-2].to_numpy() == pytest.approx(0.0, abs=0.04)


def test_without_never_treated_units_the_rest_is_recovered_and_said() -> None:
    data = adopters(6, units=240, clusters=60, growth=-0.1, never=0.0, noise=0.05)
    for method in ROBUST:
        fit = staggered_adoption(data, method=method, leads=2, lags=3)
        assert fit.effects.loc[0:].to_numpy() == pytest.approx(-0.3 - 0.1 * np.arange(4), abs=0.05)
        assert "cannot be known" in fit.identified
        assert any("no unit is untreated" in note for note in fit.notes)


def test_the_answer_does_not_depend_on_rows_order_labels_or_months() -> None:
    data = adopters(7)
    months = pd.period_range("2023-01", periods=24, freq="M").astype(str).to_numpy()
    other = data.sample(frac=1.0, random_state=0).assign(
        unit=lambda f: "model " + f["unit"].astype(str),
        first_treated=lambda f: [months[int(v)] if v == v else None for v in f["first_treated"]],
        period=lambda f: months[f["period"]],
    )
    for method in METHODS:
        first, second = (staggered_adoption(d, method=method, leads=3, lags=3) for d in (data, other))
        assert first.effects.to_numpy() == pytest.approx(second.effects.to_numpy(), abs=1e-9)
        assert first.covariance == pytest.approx(second.covariance, abs=1e-9)


def test_the_bootstrap_of_a_fit_tests_the_same_estimate() -> None:
    data = adopters(8, clusters=8)
    for method in ("sun_abraham", "stacked", "two_way_fixed_effects"):
        fit = staggered_adoption(data, method=method, leads=3, lags=3)
        boot = fit.wild_bootstrap(draws=999)
        assert boot.estimate == pytest.approx(fit.effect()["estimate"], abs=1e-8)
        assert boot.std_error == pytest.approx(fit.effect()["std_error"], rel=0.2)
        assert boot.p_value < 0.05
    with pytest.raises(InputError, match="randomise_adoption"):
        staggered_adoption(data, method="imputation").wild_bootstrap()


@pytest.mark.parametrize("method", METHODS)
def test_a_trend_shows_in_the_leads_as_the_power_calculation_assumes(method: Method) -> None:
    data = adopters(9, effect=0.0, noise=1e-6, never=0.4)
    data["first_treated"] = data["first_treated"].where(data["first_treated"].isna(), 12.0)
    data["outcome"] += 0.2 * (data["period"] - data["first_treated"]).fillna(0.0)
    fit = staggered_adoption(data, method=method, leads=4, lags=4)
    assert fit.effects.to_numpy() == pytest.approx(0.2 * fit.trend_response, abs=1e-4)


def test_pre_trend_power_is_the_share_of_rejections() -> None:
    rng = np.random.default_rng(0)
    clusters, root = 8, rng.normal(size=(3, 3)) * 0.05
    response = np.array([-3.0, -2.0, -1.0])
    expected = pre_trend_of(np.zeros(3), root @ root.T / clusters, response, clusters)
    slope, rejected = expected.slope_50, []
    for _ in range(400):
        scores = rng.normal(size=(clusters, 3)) @ root.T + slope * response
        covariance = np.cov(scores.T) / clusters
        rejected.append(pre_trend_of(scores.mean(axis=0), covariance, response, clusters).p_value < 0.05)
    assert np.mean(rejected) == pytest.approx(0.5, abs=0.07)
    assert expected.power(expected.slope_50) == pytest.approx(0.5, abs=1e-6)
    assert expected.power(expected.slope_80) == pytest.approx(0.8, abs=1e-6)


def pre_trend_of(mean: np.ndarray, covariance: np.ndarray, response: np.ndarray, clusters: int) -> PreTrend:
    effects = pd.Series(mean, index=[-4, -3, -2])
    return pre_trend(effects, covariance, response, np.ones(3) / 3, freedom=clusters - 1)


def test_more_leads_than_clusters_cannot_be_tested() -> None:
    fit = staggered_adoption(adopters(1, clusters=4), leads=6, lags=2)
    with pytest.raises(DataError, match="4 clusters"):
        fit.pre_trend()
    assert fit.pre_trend(2).n_leads == 2


def test_cohorts_of_one_cluster_are_warned_of() -> None:
    data = adopters(2, units=12, clusters=12, never=0.2)
    fit = staggered_adoption(data, method="sun_abraham", leads=2, lags=2)
    assert any("too small" in note for note in fit.notes)


def test_weights_count_units_as_copies_would() -> None:
    data = adopters(4)
    heavy = data["unit"] % 5 == 0
    copies = pd.concat([data, data[heavy].assign(unit=lambda f: f["unit"] + 1000)])
    for method in ("stacked", "imputation", "sun_abraham"):
        weighted = staggered_adoption(data.assign(w=np.where(heavy, 2.0, 1.0)), weights="w", method=method)
        copied = staggered_adoption(copies, method=method)
        assert weighted.effects.to_numpy() == pytest.approx(copied.effects.to_numpy(), abs=1e-8)


def test_stacks_are_averaged_with_the_cohorts_shares_of_treated_units() -> None:
    data = adopters(12, units=60, clusters=60)
    data["outcome"] -= (
        0.5 * (data["period"] - 8) * (data["period"] >= data["first_treated"]) * (data["unit"] % 3)
    )
    fit = staggered_adoption(data, leads=2, lags=4)
    changes, sizes = [], []
    for cohort, treated in data.groupby("first_treated"):
        clean = data[data["first_treated"].isna() | (data["first_treated"] > cohort + 4)]
        gaps = [part.groupby("period")["outcome"].mean() for part in (treated, clean)]
        gap = gaps[0] - gaps[1]
        changes.append(gap[cohort] - gap[cohort - 1])
        sizes.append(treated["unit"].nunique())
    assert fit.effects[0] == pytest.approx(np.average(changes, weights=sizes), abs=1e-8)


def test_callaway_santanna_averages_differences_of_long_differences() -> None:
    data = adopters(14, units=40, clusters=10, never=0.3)
    fit = staggered_adoption(data, method="callaway_santanna", leads=3, lags=4)
    wide = data.pivot_table(index="unit", columns="period", values="outcome")
    first = data.groupby("unit")["first_treated"].first()
    last = data["period"].max()
    for time in range(5):
        gaps, sizes = [], []
        for cohort in sorted(first.dropna().unique()):
            period = int(cohort) + time
            waiting = first.isna() | (first > period)
            if period > last or not waiting.any():
                continue
            change = wide[period] - wide[int(cohort) - 1]
            gaps.append(change[first.eq(cohort)].mean() - change[waiting].mean())
            sizes.append(first.eq(cohort).sum())
        assert fit.effects[time] == pytest.approx(np.average(gaps, weights=sizes), abs=1e-9)


def test_methods_can_be_laid_side_by_side() -> None:
    every = staggered_adoption(adopters(10), method="all", leads=3, lags=3)
    side = every.table()
    assert set(side.index) == set(METHODS)
    assert (side["smallest_detectable"] > side["std_error"] * 2.5).all()
    assert side["leads"].eq(3).all() and not every.with_fewer_leads() and "fewer" not in every.summary()


def test_methods_with_fewer_leads_say_so_and_methods_without_an_estimate_say_why() -> None:
    # Nobody is seen earlier than two periods before adoption: a third lead cannot be told apart.
    data = adopters(10, never=0.4).query("not period < first_treated - 2").assign(weight=1.0)
    every = staggered_adoption(data, method="all", weights="weight", leads=3, lags=3)
    assert every.with_fewer_leads()["imputation"] < 3
    assert f"imputation {every.fits['imputation'].leads}" in every.summary()
    assert "takes no weights" in every.table().loc["callaway_santanna", "why_not"]
    assert np.isnan(every.table().loc["callaway_santanna", "estimate"])


def test_treatment_can_be_given_as_a_flag_by_period_or_under_other_names() -> None:
    data = adopters(11)
    flagged = data.assign(on=(data["period"] >= data["first_treated"]).astype(int)).drop(
        columns="first_treated"
    )
    renamed = data.rename(
        columns={"unit": "model", "period": "month", "outcome": "price", "first_treated": "entry"}
    )
    names = {"unit": "model", "period": "month", "outcome": "price", "adopted": "entry"}
    expected = staggered_adoption(data, method="imputation").effects
    for found in (
        staggered_adoption(flagged, treated="on", method="imputation"),
        staggered_adoption(renamed, **names, method="imputation"),
    ):
        assert found.effects.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-12)
    ended = flagged.assign(on=flagged["on"].where(flagged["period"] < 20, 0))
    with pytest.raises(InputError, match="untreated again"):
        staggered_adoption(ended, treated="on")
    with pytest.raises(CellError, match="0 or 1"):
        staggered_adoption(flagged.assign(on=2), treated="on")
    by_unit = staggered_adoption(data.drop(columns="cluster"), method="imputation")
    assert by_unit.n_clusters == by_unit.n_units and any("Clustered by unit" in n for n in by_unit.notes)


def test_leaving_out_a_cluster_is_fitting_without_it() -> None:
    data = adopters(10, clusters=5)
    curve = staggered_adoption(data, method="imputation", leads=2, lags=3).leave_one_out()
    found = curve.table().set_index("without")["estimate"]
    alone = staggered_adoption(data.query("cluster != 3"), method="imputation", leads=2, lags=3)
    assert found["3"] == pytest.approx(alone.effect()["estimate"])
    assert len(found) == 6


@pytest.mark.parametrize("method", ["sun_abraham", "stacked", "two_way_fixed_effects"])
def test_a_regression_is_least_squares_on_all_its_dummies_written_out(method: Method) -> None:
    data = adopters(6, units=30, periods=14, clusters=6, never=0.3)
    rng = np.random.default_rng(1)
    data = data[rng.random(len(data)) < 0.85].assign(w=lambda f: 0.5 + f["unit"] % 3)  # units come and go
    fit = staggered_adoption(data, method=method, weights="w", leads=3, lags=3)
    assert fit.regression is not None
    rows, term = fit.regression.rows, fit.regression.term
    dummies = [pd.get_dummies(rows[name], dtype=float).to_numpy() for name in ("unit", "period")]
    terms = np.eye(term.max() + 1)[term] * (term >= 0)[:, None]
    root = np.sqrt(rows["weight"].to_numpy())[:, None]
    design = np.hstack([terms, *dummies]) * root
    outcome = rows["outcome"].to_numpy() * root[:, 0]
    inverse = np.linalg.pinv(design.T @ design, rcond=1e-10, hermitian=True)
    beta = inverse @ design.T @ outcome
    error = outcome - design @ beta
    groups = rows["cluster"].to_numpy()
    scores = np.array([design[groups == g].T @ error[groups == g] for g in np.unique(groups)])
    influence = scores @ inverse
    for time, shares in fit.regression.event_time.items():
        pick = np.zeros(design.shape[1])
        pick[list(shares)] = list(shares.values())
        assert fit.effects[time] == pytest.approx(pick @ beta, abs=1e-9)
        # Small-sample factors as fixest has them: units lie within clusters and are not counted.
        rank = np.linalg.matrix_rank(design) - np.linalg.matrix_rank(np.hstack(dummies))
        n, g, k = len(rows), len(scores), rank + rows["period"].nunique()
        factor = np.sqrt(g / (g - 1) * (n - 1) / (n - k))
        naive = factor * np.linalg.norm(influence @ pick)
        assert fit.effect(time)["std_error"] == pytest.approx(naive, rel=1e-7)


def test_frames_that_cannot_be_used_say_why() -> None:
    data = adopters(1)
    with pytest.raises(DataError, match="two rows in one period"):
        staggered_adoption(pd.concat([data, data.head(1)]))
    with pytest.raises(DataError, match="Missing values in outcome"):
        staggered_adoption(data.assign(outcome=data["outcome"].where(data["period"] > 0)))
    with pytest.raises(DataError, match="lacks the columns price"):
        staggered_adoption(data, outcome="price")
    with pytest.raises(DataError, match=r"nothing to compare|no effect is identified"):
        staggered_adoption(data.assign(first_treated=np.nan))
    with pytest.raises(DataError, match="cannot be withdrawn"):
        staggered_adoption(data.assign(first_treated=data["period"]))
    with pytest.raises(InputError, match="takes no weights"):
        staggered_adoption(data.assign(w=1.0), weights="w", method="callaway_santanna")
    with pytest.raises(InputError, match="method must be one of"):
        staggered_adoption(data, method="did")  # type: ignore[call-overload]
