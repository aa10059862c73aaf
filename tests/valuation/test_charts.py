"""Figures: what is drawn is what was computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from undercut.errors import InputError
from undercut.result import Result
from undercut.valuation.break_even import company_break_evens
from undercut.valuation.company import MarketValue
from undercut.valuation.event_reading import read_event
from undercut.valuation.implied import implied_pair
from undercut.valuation.montecarlo import simulate
from undercut.valuation.scenarios import scenario
from undercut.valuation.sensitivity import tornado
from undercut.valuation.vendors import Case, sample_returns, vendor_case


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def case(fundamentals: pd.DataFrame) -> Case:
    return replace(
        vendor_case("NVDA", fundamentals), market_value=MarketValue(3e6, "USD", "2026-11-20", "test")
    )


def test_tornado_bars_reach_the_ends(case: Case) -> None:
    found = tornado(case)
    ax = found.plot(most=5)
    ends = sorted(bar.get_x() + bar.get_width() for bar in ax.patches)  # type: ignore[attr-defined]
    rows = found.rows.head(5)
    assert ends == pytest.approx(sorted([*rows["value_low"] / 1000, *rows["value_high"] / 1000]))
    with pytest.raises(InputError):
        found.plot(most=0)


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
