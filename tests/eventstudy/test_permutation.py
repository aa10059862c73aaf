"""Placebo dates: the same numbers as fitting each day anew, and p-values that mean what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tools.eventstudy_worlds import Design, simulate, simulated_p_values
from undercut.errors import DataError
from undercut.eventstudy.model import event_study
from undercut.eventstudy.permutation import permute_dates
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.rolling import rolling_scar
from undercut.inference.multiple_testing import romano_wolf

ESTIMATION = (-130, -11)


@pytest.mark.parametrize("model", ["constant-mean", "market", "market-adjusted", "factors"])
def test_every_day_at_once_equals_fitting_each_day(returns: pd.DataFrame, model: str) -> None:
    returns["factor"] = np.random.default_rng(2).normal(0, 0.7, len(returns))
    options = {"market": "market", "factors": ["market", "factor"], "estimation": ESTIMATION}
    events = pd.DataFrame({"date": [returns.index[400]], "firm": [""]})
    study = event_study(returns, events, model=model, window=(-1, 2), **options)
    panel, design = study.setup.panel, study.setup.design
    values = panel.returns
    if model == "market-adjusted":
        values, design = values - design[:, 0], np.empty((values.shape[1], 0))
    usable = np.ones(values.shape, dtype=bool)
    rolled = rolling_scar(values, design, usable, study.setup.windows, (0, 2))
    for day in (150, 221, 300, 400):
        anew = study.setup.fit_on(study.abnormal.rows, day)
        expected = anew.car((0, 2)) / np.sqrt(anew.car_variance((0, 2)))
        np.testing.assert_allclose(rolled[anew.rows.unit, day], expected, rtol=1e-8)
        left_out = np.setdiff1d(study.abnormal.rows.unit, anew.rows.unit)
        assert np.isnan(rolled[left_out, day]).all()


def one_date(effect: float = 0.0, seed: int = 0, **options: float) -> EventStudy:
    panel, events = simulate(Design("", effect=effect, n_firms=12, correlation=0.2, **options), seed)
    return event_study(panel, events, market="~market", estimation=ESTIMATION, window=(0, 0))


def test_a_single_date_is_compared_with_every_eligible_day() -> None:
    study = one_date()
    permutation = permute_dates(study.setup, study.abnormal)
    assert len(permutation.null) == permutation.n_placebo_days
    statistic = permutation.results[0].statistic
    share = (1 + (np.abs(permutation.null) >= abs(statistic)).sum()) / (1 + len(permutation.null))
    assert permutation.results[0].p_value == pytest.approx(share)


def test_the_observed_statistic_is_bmp() -> None:
    study = one_date()
    found = study.tests(tests=["bmp"])
    by_test = found.set_index("test")["statistic"]
    assert by_test["permutation"] == pytest.approx(by_test["bmp"])


def test_the_statistic_of_few_rows_is_the_mean_standardised_return(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"date": [returns.index[400]], "firm": ["A"]})
    study = event_study(returns, events, market="market", estimation=ESTIMATION, window=(0, 0))
    permutation = permute_dates(study.setup, study.abnormal)
    assert permutation.results[0].statistic == pytest.approx(study.car()["t"].iloc[0])


def test_a_common_shock_is_found_and_a_loud_day_is_not() -> None:
    panel, events = simulate(Design("", n_firms=30), 3)
    shocked = panel.returns.copy()
    day = np.searchsorted(panel.days, events["date"].iloc[0].to_datetime64())
    shocked[:-1, day] -= 0.03
    options = {"market": "~market", "estimation": ESTIMATION, "window": (0, 0)}
    changed = type(panel)(panel.days, panel.units, shocked)
    found = event_study(changed, events, **options).tests(tests=[])
    assert found["p_value"].iloc[0] < 0.01
    loud = panel.returns.copy()
    loud[:-1, day] *= 3
    quiet = event_study(panel, events, **options).tests(tests=[])["p_value"].iloc[0]
    louder = event_study(type(panel)(panel.days, panel.units, loud), events, **options).tests(tests=[])
    assert louder["p_value"].iloc[0] == pytest.approx(quiet, abs=0.1)


def test_draws_are_the_same_for_the_same_seed_and_differ_for_another() -> None:
    panel, events = simulate(Design("", n_dates=4), 1)
    study = event_study(panel, events, market="~market", estimation=ESTIMATION)
    first, again, other = (
        permute_dates(study.setup, study.abnormal, draws=200, seed=s).null for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_placebo_window_contains_an_event() -> None:
    panel, events = simulate(Design("", n_dates=4, n_firms=8), 1)
    values = panel.returns.copy()
    days = np.searchsorted(panel.days, events["date"].to_numpy().astype("datetime64[ns]"))
    values[np.arange(8), days] += 5.0  # would dominate every draw that contained it
    study = event_study(
        type(panel)(panel.days, panel.units, values), events, market="~market", estimation=ESTIMATION,
        window=(-1, 1),
    )  # fmt: skip
    null = permute_dates(study.setup, study.abnormal, draws=500).null
    assert np.abs(null).max() < 10


def test_a_short_history_cannot_be_permuted(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"date": [returns.index[122]], "firm": ["A"]})
    study = event_study(returns.iloc[:125], events, market="market", estimation=ESTIMATION, window=(0, 0))
    with pytest.raises(DataError, match="longer history"):
        study.tests()


def test_models_without_running_sums_are_refitted_on_placebo_days(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"date": [returns.index[400]], "firm": ["A"]})
    options = {"estimation": ESTIMATION, "window": (0, 0), "market": "market", "donors": list("BCD")}
    study = event_study(returns, events, model="difference-in-differences", **options)
    permutation = permute_dates(study.setup, study.abnormal, max_refits=60)
    assert 40 <= permutation.n_placebo_days <= 60
    assert 0 < permutation.results[0].p_value <= 1


def test_joint_draws_adjust_for_many_firms(returns: pd.DataFrame, events: pd.DataFrame) -> None:
    returns.iloc[360, 0] -= 0.2
    one = events[events["event"] == "event 1"].assign(group=lambda frame: frame["firm"])
    study = event_study(returns, one, market="market", estimation=ESTIMATION, window=(0, 0))
    permutation = permute_dates(study.setup, study.abnormal)
    by_firm = [r.statistic for r in permutation.results[1:]]
    adjusted = romano_wolf(by_firm, permutation.null[:, 1:])
    raw = np.array([r.p_value for r in permutation.results[1:]])
    assert (adjusted >= raw - 1e-12).all()
    assert adjusted[0] < 0.05 and (adjusted[1:] > 0.05).all()


DESIGNS = [
    Design("independence"),
    Design("cross-correlation", correlation=0.2),
    Design("event-induced variance", event_variance=3.0, correlation=0.1),
    Design("clustered dates", n_dates=5, correlation=0.2),
]


@pytest.mark.parametrize(
    "design",
    [*DESIGNS[::3], *(pytest.param(design, marks=pytest.mark.slow) for design in DESIGNS[1:3])],
    ids=lambda design: design.name,
)
def test_the_headline_tests_hold_their_size(design: Design) -> None:
    replications = 150
    found = simulated_p_values(design, replications=replications, draws=199, seed=7_000)
    rates = (found["p_value"] <= 0.05).groupby(found["test"]).mean()
    noise = 3 * np.sqrt(0.05 * 0.95 / replications)
    assert abs(rates["permutation"] - 0.05) < noise
    assert abs(rates["kolari_pynnonen"] - 0.05) < noise
    if design.correlation >= 0.2:
        assert rates["patell"] > 0.05 + noise / 2
