"""Do the specification curves of this report run the estimators that they name?"""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from tests.competition.rivals.simulation import MarketDesign, simulated_quotes
from undercut import plots
from undercut.competition.rivals import charts
from undercut.competition.rivals.exposure import (
    RivalRule,
    exposure,
    exposure_sensitivity,
    open_rivals,
    own_closed_offers,
)
from undercut.competition.rivals.launch_prices import launch_price_effect, launches
from undercut.competition.rivals.openness import openness
from undercut.competition.rivals.price_cuts import offers_at_risk, with_doses
from undercut.errors import InputError
from undercut.inference.incidence import cumulative_incidence
from undercut.studies.entry.launches import launch_specifications

mpl.use("Agg")


@pytest.fixture(scope="module")
def market() -> pd.DataFrame:
    design = MarketDesign(models=120, monthly_cuts=0.06)
    return simulated_quotes(cut_effect=0.0, launch_effect=0.0, seed=2, design=design)


def test_the_launch_curve_takes_the_reach_and_the_controls_that_it_names(market: pd.DataFrame) -> None:
    choices = {"reach": (4.0, 2.0), "controls": ("capability and time", "and predecessor")}
    curve = launch_specifications(market, choices=choices, draws=99)
    found = curve.to_frame().set_index(["reach", "controls"])
    rows = with_doses(launches(market), open_rivals(market), rule=RivalRule(reach=2.0, width=4.0))
    alone = launch_price_effect(rows, controls=("eci", "calendar", "log_previous_price"), draws=99)
    row = found.loc[(2.0, "and predecessor")]
    assert row["launches"] == alone.launches
    assert row["estimate"] == pytest.approx(alone.effect["estimate"] * alone.dose_spread)
    assert len(found) == 4


def test_a_choice_that_does_not_exist_is_refused(market: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="colour"):
        launch_specifications(market, choices={"colour": ("red",)})


def test_figures_of_exposure_openness_and_incidence_draw_their_data(market: pd.DataFrame) -> None:
    offers, rivals = own_closed_offers(market), open_rivals(market)
    found = exposure(offers, rivals)
    with plots.use_house_style():
        for measure in ("share_exposed", "closeness", "undercut"):
            ax = charts.exposure_over_time(found, measure=measure, finding="A finding")
            assert {text.get_text() for text in ax.texts} >= {"All open rivals", "Other"}
        rules = {"narrow": RivalRule(reach=1.0), "wide": RivalRule(reach=9.0)}
        ax = charts.exposure_by_rule(exposure_sensitivity(offers, rivals, rules))
        assert {text.get_text() for text in ax.texts} >= {"narrow", "wide"}
        later = market[market["period"].ge("2024-06")]
        periods = openness(later.assign(eci_low=later["eci"] - 2, eci_high=later["eci"] + 2))
        assert len(periods.plot().lines) == 3
        spells = cumulative_incidence(offers_at_risk(market), draws=20)
        assert {text.get_text() for text in charts.incidence(spells).texts} >= {"Cut", "Withdrawn"}
    assert "of offers are open" in periods.summary()
    plt.close("all")
