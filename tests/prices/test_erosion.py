"""Do the measured rates of the valuation follow the panel?"""

from __future__ import annotations

import pytest

import undercut
from tests.prices.test_count_changes import index_by_hand
from tools.measure_erosion import measured_erosion
from undercut.valuation.assumptions import load_assumptions


def test_the_valuation_takes_the_rates_of_todays_panel() -> None:
    found, assumed = measured_erosion(draws=300), load_assumptions()
    quotes, changes = undercut.monthly_quotes(undercut.load_prices()), undercut.load_changes()
    by_hand = [index_by_hand(quotes, changes, verdicts) for verdicts in (("real",), ("real", "unknown"))]
    frontier = found.loc["frontier_erosion"]
    assert [-100 * frontier["real"], -100 * frontier["real_and_unknown"]] == pytest.approx(by_hand, abs=1e-6)
    for name, row in found.iterrows():
        assert assumed[name].evidence == "measured"
        stale = "the panel moved: run python -m tools.measure_erosion"
        assert assumed[name].default == pytest.approx(row["default"], abs=0.01), stale
    erosion, row = assumed["price_erosion"], found.loc["price_erosion"]
    assert (erosion.low, erosion.high) == pytest.approx((row["low"], row["high"]), abs=0.02)
