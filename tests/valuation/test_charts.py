"""Figures: what is drawn is what was computed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd

from undercut.result import Result
from undercut.valuation.break_even import company_break_evens
from undercut.valuation.event_reading import read_event
from undercut.valuation.implied import implied_pair
from undercut.valuation.montecarlo import simulate
from undercut.valuation.scenarios import scenario
from undercut.valuation.sensitivity import tornado
from undercut.valuation.vendors import Case, sample_returns


def test_results_draw_themselves_on_given_axes_and_have_the_same_doors(
    case: Case, fundamentals: pd.DataFrame
) -> None:
    found = company_break_evens([case], scenario("price-war"), draws=16)
    pair = implied_pair(case, elasticities=[-1.2, -0.8], draws=16)
    day = read_event("NVDA", fundamentals, sample_returns(), day="2025-01-27")
    results: list[Result] = [found, pair, simulate(case, draws=512), case.value(), tornado(case), day]
    for result in results:
        ax = plt.subplots()[1]
        assert result.plot(ax) is ax and ax.get_xlabel()
        assert len(repr(result)) < 2000 and len(result.to_frame()) > 0 and "<table" in result._repr_html_()
