"""Wild cluster and score bootstraps against enumeration, naive loops and simulated truth."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.errors import DataError, InputError, UnknownNameError
from undercut.inference.wild_bootstrap import score_bootstrap, wild_cluster_bootstrap


def clustered(seed: int, *, n_clusters: int = 6, size: int = 15, effect: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(n_clusters), size)
    x = rng.normal(size=n_clusters)[cluster] + rng.normal(size=cluster.size)
    error = rng.normal(size=n_clusters)[cluster] + rng.normal(size=cluster.size)
    return pd.DataFrame({"y": effect * x + error, "x": x, "w": rng.normal(size=x.size), "cluster": cluster})


def design_of(data: pd.DataFrame) -> pd.DataFrame:
    return data[["x", "w"]].assign(constant=1.0)


def naive_t(y: np.ndarray, x: np.ndarray, cluster: np.ndarray, null: float) -> float:
    """t of the first column by the textbook formula."""
    n, k = x.shape
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    residual = y - x @ beta
    labels = np.unique(cluster)
    scores = [x[cluster == g].T @ residual[cluster == g] for g in labels]
    meat = sum(np.outer(s, s) for s in scores)
    factor = len(labels) / (len(labels) - 1) * (n - 1) / (n - k)
    return (beta[0] - null) / np.sqrt((factor * inverse @ meat @ inverse)[0, 0])


def naive_p(data: pd.DataFrame, null: float) -> tuple[float, float]:
    """Refit the regression in every one of the possible samples."""
    y, x, cluster = data["y"].to_numpy(), design_of(data).to_numpy(), data["cluster"].to_numpy()
    others = x[:, 1:]
    target = y - null * x[:, 0]
    fitted = others @ np.linalg.lstsq(others, target, rcond=None)[0]
    labels, codes = np.unique(cluster, return_inverse=True)
    t = abs(naive_t(y, x, cluster, null))
    sizes = np.array(
        [
            abs(naive_t(null * x[:, 0] + fitted + np.array(v)[codes] * (target - fitted), x, cluster, null))
            for v in product((-1.0, 1.0), repeat=len(labels))
        ]
    )
    return (sizes >= t * (1 - 1e-9)).mean(), (sizes > t * (1 + 1e-9)).mean()


def test_the_enumeration_of_all_256_samples_is_met_exactly() -> None:
    # Eight clusters of 25 simulated rows; every sample refitted by hand once, outside this project.
    data = pd.read_csv(Path(__file__).with_name("enumerated.csv"))
    fit = wild_cluster_bootstrap(
        data["y"], data[["x", "w"]].assign(constant=1.0), data["cl"], coefficient="x"
    )
    assert (fit.draws, fit.enumerated) == (256, True)
    assert fit.estimate == pytest.approx(0.30987179591365444, rel=1e-12)
    assert fit.std_error == pytest.approx(0.12730837599566797, rel=1e-12)
    assert fit.t_statistic == pytest.approx(2.4340252044704327, rel=1e-12)
    assert (fit.p_value, fit.p_value_strict) == (0.015625, 0.0078125)


@pytest.mark.parametrize("null", [0.0, 0.4, -1.3])
def test_enumeration_agrees_with_refitting_every_sample(null: float) -> None:
    data = clustered(3, effect=0.4)
    fit = wild_cluster_bootstrap(data["y"], design_of(data), data["cluster"], coefficient="x", null=null)
    assert (fit.p_value, fit.p_value_strict) == naive_p(data, null)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_the_interval_holds_exactly_the_values_that_are_not_rejected(seed: int) -> None:
    data = clustered(seed, n_clusters=7)
    fit = wild_cluster_bootstrap(data["y"], design_of(data), data["cluster"], coefficient="x")
    for end, outwards in ((fit.ci_low, -1), (fit.ci_high, 1)):
        if not np.isfinite(end):
            continue
        step = outwards * 0.01 * max(fit.std_error, abs(end - fit.estimate))
        assert naive_p(data, end - step * 0.01)[0] >= 0.05
        assert naive_p(data, end + step)[0] < 0.05 or naive_p(data, end + step / 10)[0] < 0.05


def test_the_answer_does_not_depend_on_the_order_of_rows_or_the_names_of_clusters() -> None:
    data = clustered(5)
    other = data.sample(frac=1.0, random_state=1).assign(
        cluster=lambda f: "developer " + f["cluster"].astype(str)
    )
    fits = [
        wild_cluster_bootstrap(d["y"], design_of(d), d["cluster"], coefficient="x") for d in (data, other)
    ]
    assert fits[0].p_value == fits[1].p_value
    assert fits[0].ci_high == pytest.approx(fits[1].ci_high, rel=1e-6)


def test_a_combination_of_coefficients_is_the_coefficient_of_the_reparametrised_design() -> None:
    data = clustered(8)
    design = design_of(data)
    combined = wild_cluster_bootstrap(data["y"], design, data["cluster"], coefficient={"x": 1.0, "w": 1.0})
    moved = design.assign(w=design["w"] - design["x"])  # now the coefficient of x is the sum of both
    single = wild_cluster_bootstrap(data["y"], moved, data["cluster"], coefficient="x")
    assert combined.p_value == single.p_value
    assert combined.estimate == pytest.approx(single.estimate)


def test_no_value_can_be_rejected_with_four_clusters() -> None:
    data = clustered(1, n_clusters=4)
    fit = wild_cluster_bootstrap(data["y"], design_of(data), data["cluster"], coefficient="x")
    assert fit.p_value >= 2 / 16
    assert (fit.ci_low, fit.ci_high) == (-np.inf, np.inf)


def test_six_point_weights_reach_smaller_p_values_than_signs_with_five_clusters() -> None:
    data = clustered(2, n_clusters=5, effect=30.0)
    fit = wild_cluster_bootstrap(
        data["y"], design_of(data), data["cluster"], coefficient="x", weights="webb", draws=7_776
    )
    assert fit.enumerated and fit.draws == 6**5
    assert fit.p_value < 2 / 2**5


def test_the_bootstrap_rejects_a_true_null_at_its_rate_where_ordinary_errors_reject_too_often() -> None:
    runs = 300
    rejected = {"bootstrap": 0, "normal": 0}
    for seed in range(runs):
        data = clustered(seed, n_clusters=8)
        fit = wild_cluster_bootstrap(data["y"], design_of(data), data["cluster"], coefficient="x")
        rejected["bootstrap"] += fit.p_value <= 0.05
        rejected["normal"] += abs(fit.t_statistic) > 1.96
    assert 0.02 <= rejected["bootstrap"] / runs <= 0.085
    assert rejected["normal"] / runs > 0.09


def binary(seed: int, *, n_clusters: int = 7, effect: float = 0.0, size: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(n_clusters), size)
    x = rng.normal(size=n_clusters)[cluster] + rng.normal(size=cluster.size)
    chance = 1 - np.exp(-np.exp(-1.5 + effect * x + 0.7 * rng.normal(size=n_clusters)[cluster]))
    event = (rng.random(cluster.size) < chance).astype(float)
    return pd.DataFrame({"y": event, "x": x, "w": rng.normal(size=x.size), "cluster": cluster})


@pytest.mark.parametrize("link", ["logit", "cloglog"])
def test_the_score_bootstrap_agrees_with_numerical_scores_and_information(link: str) -> None:
    data = binary(4)
    fit = score_bootstrap(data["y"], design_of(data), data["cluster"], coefficient="x", link=link)  # type: ignore[arg-type]
    assert (fit.p_value, abs(fit.t_statistic)) == pytest.approx(naive_score(data, link), rel=1e-4)


def naive_score(data: pd.DataFrame, link: str) -> tuple[float, float]:
    """p-value and statistic from a likelihood that is differentiated numerically."""
    from scipy.optimize import approx_fprime, minimize

    x, y = design_of(data).to_numpy(), data["y"].to_numpy()

    def mean(beta: np.ndarray) -> np.ndarray:
        eta = x @ beta
        return 1 / (1 + np.exp(-eta)) if link == "logit" else 1 - np.exp(-np.exp(eta))

    def likelihoods(beta: np.ndarray) -> np.ndarray:
        m = mean(beta)
        return y * np.log(m) + (1 - y) * np.log1p(-m)

    restricted = minimize(lambda b: -likelihoods(np.r_[0.0, b]).sum(), np.array([0.0, -1.0]), tol=1e-12).x
    beta = np.r_[0.0, restricted]
    scores = approx_fprime(beta, likelihoods, 1e-6)
    slopes = approx_fprime(beta, mean, 1e-6)
    m = mean(beta)
    information = (slopes / (m * (1 - m))[:, None]).T @ slopes
    clusters = np.array([scores[data["cluster"] == g].sum(axis=0) for g in np.unique(data["cluster"])])
    a = (clusters @ np.linalg.inv(information))[:, 0]
    signs = np.array(list(product((-1.0, 1.0), repeat=a.size)))
    t = abs(a.sum()) / np.sqrt((a**2).sum())
    drawn = np.abs(signs @ a) / np.sqrt((a**2).sum())
    return (drawn >= t * (1 - 1e-6)).mean(), t


@pytest.mark.slow
def test_the_score_bootstrap_keeps_its_size_and_covers_the_truth() -> None:
    runs, rejected, covered = 120, 0, 0
    for seed in range(runs):
        data = binary(seed, n_clusters=9, effect=0.5)
        fit = score_bootstrap(
            data["y"], design_of(data), data["cluster"], coefficient="x", link="cloglog", null=0.5
        )
        rejected += fit.p_value <= 0.05
        covered += fit.ci_low <= fit.null <= fit.ci_high
    assert rejected / runs <= 0.11
    assert covered == runs - rejected


def test_inputs_that_cannot_be_used_say_why() -> None:
    data = clustered(1)
    design, y, cluster = design_of(data), data["y"], data["cluster"]
    with pytest.raises(UnknownNameError, match="exposure"):
        wild_cluster_bootstrap(y, design, cluster, coefficient="exposure")
    with pytest.raises(DataError, match="collinear"):
        wild_cluster_bootstrap(y, design.assign(again=1.0), cluster, coefficient="x")
    with pytest.raises(DataError, match="missing"):
        wild_cluster_bootstrap(y.where(y.index > 0), design, cluster, coefficient="x")
    with pytest.raises(DataError, match="two clusters"):
        wild_cluster_bootstrap(y, design, cluster * 0, coefficient="x")
    with pytest.raises(InputError, match="rademacher, webb"):
        wild_cluster_bootstrap(y, design, cluster, coefficient="x", weights="normal")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="separate"):
        score_bootstrap(data["x"] > 0, design, cluster, coefficient="x")
    with pytest.raises(DataError, match="0 and 1"):
        score_bootstrap(y, design, cluster, coefficient="x")
