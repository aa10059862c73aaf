"""Does a specification curve show every choice, its order and what moves it?"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from undercut import plots
from undercut.errors import DataError, InputError, UnknownNameError
from undercut.inference.specifications import all_specifications, run_specifications, specification_curve

mpl.use("Agg")


def additive(reach: float, link: str) -> dict[str, float]:
    """An estimate that reach moves by 10 a step and the link by 1."""
    if reach == 99:
        raise DataError("no rival within reach")
    value = 10 * reach + (link == "logit")
    return {"estimate": value, "low": value - 5, "high": value + 5}


@pytest.fixture
def results() -> pd.DataFrame:
    return run_specifications(additive, {"reach": [-1.0, 0.0, 1.0, 99.0], "link": ["logit", "cloglog"]})


def test_every_combination_is_run_and_failures_keep_their_reason(results: pd.DataFrame) -> None:
    assert len(results) == 8
    assert results.loc[results["reach"].eq(99), "why_not"].tolist() == ["no rival within reach"] * 2


def test_the_curve_ascends_and_counts_both_sides_of_no_effect(results: pd.DataFrame) -> None:
    curve = specification_curve(results, ["reach", "link"])
    assert curve.table()["estimate"].tolist() == [-10, -9, 0, 1, 10, 11]
    assert curve.table()["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    found = curve.counts()
    assert (found["above"], found["below"]) == (3, 2)
    assert (found["interval_above"], found["interval_below"], found["failed"]) == (2, 2, 2)


def test_the_choice_that_moves_the_estimate_comes_first(results: pd.DataFrame) -> None:
    influence = specification_curve(results, ["link", "reach"]).influence()
    assert influence["choice"].iloc[0] == "reach"
    shares = influence.drop_duplicates("choice").set_index("choice")["share_explained"]
    # Total variance 400 + 400 + 1.5 (six points, steps of 10 and 1): reach 400/401.5, link 1.5/401.5.
    assert shares["reach"] == pytest.approx(400 / 401.5)
    assert shares["link"] == pytest.approx(1.5 / 401.5)


def test_the_order_of_rows_does_not_matter(results: pd.DataFrame) -> None:
    choices = ["reach", "link"]
    shuffled = specification_curve(results.sample(frac=1, random_state=3), choices).table()
    pd.testing.assert_frame_equal(shuffled, specification_curve(results, choices).table())


def test_the_figure_marks_the_headline_and_names_every_option(results: pd.DataFrame) -> None:
    headline = {"reach": 1.0, "link": "logit"}
    curve = specification_curve(results, ["reach", "link"], headline=headline, unit="log points")
    with plots.use_house_style():
        ax = curve.plot()
        ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    ring = next(line for line in ax.lines if line.get_gid() == "headline specification")
    assert ring.get_xydata().tolist() == [[6, 11]]  # type: ignore[union-attr]
    below = next(axes for axes in ax.figure.axes if axes.get_gid() == "options")
    names = [label.get_text() for label in below.get_yticklabels()]
    assert names == ["link: logit", "link: cloglog", "reach: 1", "reach: 0", "reach: −1"]
    assert sum(len(line.get_xdata()) for line in below.lines) == 12  # type: ignore[arg-type]
    plt.close("all")


def test_one_extreme_estimate_stands_at_the_edge_and_flattens_nothing() -> None:
    values = [*(0.1 * n for n in range(-10, 9)), 93.0]
    table = pd.DataFrame({"draw": range(20), "estimate": values, "low": -150.0, "high": 150.0})
    with plots.use_house_style():
        ax = specification_curve(table, ["draw"], headline={"draw": 10}).plot()
    low, high = ax.get_ylim()
    assert low > -5 and high < 5
    assert [text.get_text() for text in ax.texts] == ["93"]
    plt.close("all")


def test_large_rises_in_percent_leave_room_for_falls() -> None:
    table = pd.DataFrame(
        {"draw": range(4), "estimate": [-90.0, -50.0, 20.0, 1200.0], "low": -99.0, "high": 4e3}
    )
    with plots.use_house_style():
        ax = specification_curve(table, ["draw"], unit="%").plot()
        ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    down, none, up = ax.transData.transform([(1, -75), (1, 0), (1, 300)])[:, 1]
    assert up - none == pytest.approx(none - down)
    assert "−80%" in [label.get_text() for label in ax.get_yticklabels()]
    plt.close("all")


def test_a_missing_estimate_without_a_reason_is_refused(results: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no reason"):
        specification_curve(results.assign(why_not=""), ["reach", "link"])


def test_the_same_specification_twice_is_refused(results: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="same reach"):
        specification_curve(results, ["reach"])


@pytest.mark.parametrize(
    ("headline", "error"), [({"colour": 1}, UnknownNameError), ({"reach": 1.0}, InputError)]
)
def test_a_headline_must_be_one_specification(
    results: pd.DataFrame, headline: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        specification_curve(results, ["reach", "link"], headline=headline)


def test_faults_of_the_estimator_are_raised() -> None:
    def broken(reach: float) -> dict[str, float]:
        return {"estimate": 1 / (reach - reach)}

    with pytest.raises(ZeroDivisionError):
        run_specifications(broken, {"reach": [1.0]})


def test_a_choice_without_options_is_refused() -> None:
    with pytest.raises(InputError, match="reach"):
        all_specifications({"reach": []})
