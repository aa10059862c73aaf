"""Figures: what is drawn is what was computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from undercut.errors import DataError, InputError
from undercut.studies.stocks import interval_charts as charts
from undercut.valuation.company import MarketValue
from undercut.valuation.montecarlo import simulate
from undercut.valuation.reverse import implied, implied_table
from undercut.valuation.scenarios import compare_scenarios, load_scenarios
from undercut.valuation.sensitivity import tornado
from undercut.valuation.vendors import Case, vendor_case


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def case(fundamentals: pd.DataFrame) -> Case:
    return replace(
        vendor_case("NVDA", fundamentals), market_value=MarketValue(3e6, "USD", "2026-11-20", "test")
    )


def test_scenarios_are_dots_at_their_change(case: Case) -> None:
    table = compare_scenarios([case], load_scenarios())
    ax = charts.value_by_scenario(table, finding="Suppliers gain", measure="%")
    drawn = {line.get_label(): line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"}  # type: ignore[index]
    assert drawn == pytest.approx(dict(zip(table["title"], 100 * table["change"], strict=True)))
    assert "Suppliers gain" in [text.get_text() for text in ax.figure.texts]
    with pytest.raises(DataError):
        charts.value_by_scenario(table.head(0))


def test_tornado_bars_reach_the_ends(case: Case) -> None:
    found = tornado(case)
    ax = found.plot(most=5)
    ends = sorted(bar.get_x() + bar.get_width() for bar in ax.patches)  # type: ignore[attr-defined]
    rows = found.rows.head(5)
    assert ends == pytest.approx(sorted([*rows["value_low"] / 1000, *rows["value_high"] / 1000]))
    with pytest.raises(InputError):
        found.plot(most=0)


def test_implied_values_are_marked_or_their_absence_named(case: Case) -> None:
    out_of_reach = replace(case, market_value=MarketValue(1e12, "USD", "2026-11-20", "test"))
    table = implied_table([case, out_of_reach], ["price_erosion"])
    ax = charts.implied_by_vendor(table, "price_erosion")
    assert [text.get_text() for text in ax.texts] == ["none"]
    with pytest.raises(DataError, match="No implied values"):
        charts.implied_by_vendor(table, "tax_rate")


def test_results_draw_themselves_on_given_axes(case: Case) -> None:
    found = implied(case, "demand_growth")
    for result in (found, simulate(case, draws=512), case.value()):
        ax = plt.subplots()[1]
        assert result.plot(ax) is ax  # type: ignore[attr-defined]
        assert ax.get_xlabel()
    roots = plt.figure().axes
    assert roots == []
    ax = found.plot()
    assert ax.lines[-1].get_xdata().tolist() == pytest.approx(list(found.roots))  # type: ignore[union-attr]
