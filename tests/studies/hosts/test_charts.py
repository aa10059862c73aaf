"""Do the figures draw the numbers that they are given?"""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.competition.hosts.host_market import host_market
from tests.competition.hosts.test_first_party import market
from tests.competition.hosts.test_markups import costs, decaying
from undercut.competition.hosts.dispersion import host_elasticity
from undercut.competition.hosts.entry import entry_effect
from undercut.competition.hosts.first_party import jurisdiction_premium
from undercut.competition.hosts.markups import aligned, decay, price_over_cost
from undercut.studies.hosts import charts as host_charts
from undercut.studies.hosts.specifications import HEADLINE, OPTIONS, entry_specifications

mpl.use("Agg")
TEXT = {"finding": "A finding", "measure": "a measure"}


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return host_market(1, effect=-0.05)


def test_the_path_shows_every_horizon_and_both_signs(panel: pd.DataFrame) -> None:
    effect = entry_effect(panel)
    axes = host_charts.entry_path(effect, **TEXT)
    drawn = np.concatenate([line.get_ydata() for line in axes.lines if line.get_marker() == "o"])
    assert drawn == pytest.approx(100 * effect.path["effect"].to_numpy())
    low, high = axes.get_ylim()
    assert low == -high and low < 100 * effect.path["low"].min()


def test_responses_are_drawn_from_the_top(panel: pd.DataFrame) -> None:
    found = {name: host_elasticity(panel, outcome=name) for name in ("lowest", "draws alone")}  # type: ignore[arg-type]
    axes = host_charts.responses(found, **TEXT)
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["draws alone", "lowest"]
    top = next(line for line in axes.lines if list(line.get_ydata()) == [1])
    assert top.get_xdata()[0] == pytest.approx(found["lowest"].per_doubling()[0])


def test_the_fitted_curve_starts_at_the_price_of_launch() -> None:
    table = decaying(4.0, 0.3, noise=0.0)
    fit = decay(table, value="price", draws=20)
    observed = aligned(table, fit, value="price")
    assert observed["share"].to_numpy() == pytest.approx(fit.share_left(observed["age_months"]), rel=1e-3)
    axes = host_charts.since_launch({"price": (fit, observed)}, **TEXT)
    curve = max(axes.lines, key=lambda line: len(line.get_xdata()))
    assert curve.get_ydata()[0] == pytest.approx(1.0)


def test_ratios_have_ticks_at_powers_of_two() -> None:
    table = price_over_cost(costs(2.0), workload="chat")
    axes = host_charts.over_cost({"lowest": table}, **TEXT)
    assert {"1×", "2×", "4×"} <= {text.get_text() for text in axes.get_yticklabels()}
    shown = host_charts.premium_over_time(jurisdiction_premium(market(0.3), draws=50), **TEXT)
    marks = [line for line in shown.lines if line.get_marker() == "o" and len(line.get_ydata())]
    assert marks[0].get_ydata() == pytest.approx([np.exp(0.4)] * 6)


def test_a_table_and_its_copy_are_one_line() -> None:
    coverage = pd.DataFrame(
        {"period": ["2024-01", "2024-01", "2024-02"], "source": ["litellm", "tokencost", "tokencost"],
         "hosts": [4, 3, 5]}
    )  # fmt: skip
    axes = host_charts.coverage_over_time(coverage, **TEXT)
    assert [list(line.get_ydata()) for line in axes.lines] == [[4, 5]]


def test_every_combination_of_choices_is_run_and_the_headline_is_among_them(panel: pd.DataFrame) -> None:
    curve = entry_specifications({"simulated": panel})
    assert len(curve.estimates) + len(curve.failed) == np.prod([len(options) for options in OPTIONS.values()])
    headline = curve.estimates[curve.estimates["is_headline"]].iloc[0]
    assert all(headline[choice] == option for choice, option in HEADLINE.items())
    assert headline["estimate"] == pytest.approx(100 * entry_effect(panel).effect)
    host_charts.specifications(curve, **TEXT)
