"""What an event study hands back: tables that agree with each other, a summary, a figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy


@pytest.fixture
def study(returns: pd.DataFrame, events: pd.DataFrame) -> EventStudy:
    return event_study(returns, events, market="market", estimation=(-160, -21), window=(-1, 2))


def test_abnormal_and_expected_returns_add_up_to_returns(study: EventStudy, returns: pd.DataFrame) -> None:
    frame = study.to_frame()
    actual = [returns.at[row.date, row.firm] for row in frame.itertuples()]
    np.testing.assert_allclose(frame["ar"] + frame["expected"], actual, atol=1e-15)
    assert frame.groupby(["event", "firm"])["day"].apply(list).map([-1, 0, 1, 2].__eq__).all()


def test_p_values_of_rows_use_their_degrees_of_freedom(study: EventStudy) -> None:
    cars = study.car()
    expected = 2 * stats.t.sf(np.abs(cars["car"] / cars["se"]), cars["n_estimation"] - 2)
    np.testing.assert_allclose(cars["p_value"], expected)


def test_buy_and_hold_compounds(study: EventStudy) -> None:
    frame = study.to_frame()
    compounded = frame.assign(actual=1 + frame["return"], normal=1 + frame["expected"])
    product = compounded.groupby(["event", "firm"], sort=False)[["actual", "normal"]].prod()
    found = study.car().set_index(["event", "firm"])["bhar"]
    np.testing.assert_allclose(found, product["actual"] - product["normal"])


def test_mean_path_is_the_mean_of_the_rows(study: EventStudy) -> None:
    path = study.caar().set_index(["group", "day"])
    cars = study.car((-1, 1))
    assert path.loc[("all", 1), "caar"] == pytest.approx(cars["car"].mean())
    second = cars[cars["group"] == "second"]
    assert path.loc[("second", 1), "caar"] == pytest.approx(second["car"].mean())
    assert (path["ci_low"] < path["caar"]).all() and (path["caar"] < path["ci_high"]).all()


def test_every_group_and_day_is_tested(study: EventStudy) -> None:
    found = study.tests(draws=99)
    assert set(found["group"]) == {"all", "first", "second"}
    assert set(found["window"]) == {"-1:2", "-1:-1", "0:0", "1:1", "2:2"}
    assert found["p_value"].dropna().between(0, 1).all()
    assert "permutation" in set(found["test"])


def test_the_table_and_the_summary_show_the_headline(study: EventStudy) -> None:
    table = study.table()
    assert table["group"].tolist() == ["all", "first", "second"]
    assert {"caar", "ci_low", "ci_high", "p_permutation", "p_kolari_pynnonen"} <= set(table.columns)
    summary = study.summary()
    assert "Event study: market" in summary and "2 events, 6 firms, 12 rows" in summary
    assert all(note in summary for note in study.warnings)


def test_the_figure_draws_the_path_of_its_group_in_percent(study: EventStudy) -> None:
    import matplotlib.pyplot as plt

    ax = study.plot(plt.figure().subplots(), group="first")
    path = study.caar()
    expected = 100 * path.loc[path["group"] == "first", "caar"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected)
    assert "percent" in ax.get_ylabel()
    plt.close("all")


def test_results_are_frozen(study: EventStudy) -> None:
    with pytest.raises(AttributeError):
        study.abnormal = None  # type: ignore[misc,assignment]
