"""Do the figures draw the numbers that they are given?"""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from undercut.competition.hosts import charts

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


def test_the_path_shows_every_horizon_and_both_signs() -> None:
    effect = np.array([0.01, 0.0, -0.02, -0.06])
    path = pd.DataFrame(
        {"horizon": range(-2, 2), "effect": effect, "low": effect - 0.05, "high": effect + 0.05}
    )
    axes = charts.entry_path(path, edge=0.02)
    drawn = np.concatenate([line.get_ydata() for line in axes.lines if line.get_marker() == "o"])
    assert drawn == pytest.approx(100 * effect)
    low, high = axes.get_ylim()
    assert low == -high == pytest.approx(-1.15 * 11)


def test_responses_are_drawn_from_the_top() -> None:
    axes = charts.responses({"lowest": (-20.0, -30.0, -10.0), "draws": (-18.0, -19.0, -17.0)}, grey=["draws"])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["draws", "lowest"]
    top = next(line for line in axes.lines if list(line.get_ydata()) == [1])
    assert list(top.get_xdata()) == [-20.0]


def test_the_fitted_curve_starts_at_the_price_of_launch_and_thin_ages_stay_out() -> None:
    curve = pd.DataFrame({"price": "p", "age_months": [0.0, 24.0], "share": [1.0, 0.4]})
    bar = pd.DataFrame({"price": ["p"], "low": [0.5], "high": [0.7]})
    seen = pd.DataFrame({"price": "p", "age_months": [1, 2], "share": [0.9, 0.1], "units": [9, 4]})
    axes = charts.since_launch(curve, bar, seen)
    dots, line = axes.lines[0], axes.lines[1]
    assert list(dots.get_ydata()) == [0.9] and list(line.get_ydata()) == [1.0, 0.4]


def test_ratios_have_ticks_at_powers_of_two() -> None:
    rows = {"price": ["lowest"], "age_months": [12], "ratio": [2.0], "low": [0.9], "high": [5.0]}
    axes = charts.over_cost(pd.DataFrame(rows).assign(low_models=1.8, high_models=2.2))
    assert {"1×", "2×", "4×"} <= {text.get_text() for text in axes.get_yticklabels()}
    months = pd.DataFrame({"period": ["2026-01", "2026-02"], "premium": np.log([1.5, 1.2])})
    shown = charts.premium_over_time(months.assign(low=[np.nan, 0.0], high=[np.nan, 0.4]))
    hollow, full = (line for line in shown.lines if line.get_marker() == "o")
    assert list(hollow.get_ydata()) == pytest.approx([1.5]) and list(full.get_ydata()) == pytest.approx([1.2])
