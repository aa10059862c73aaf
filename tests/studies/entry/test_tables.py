"""The tables of hazards, launch prices and doses of report 07 against the estimators behind them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.competition.rivals.market import open_model, quotes
from tests.competition.rivals.simulation import simulated_quotes, simulated_rows
from undercut.competition.rivals.entry_panel import dose_panel
from undercut.competition.rivals.exposure import open_rivals
from undercut.competition.rivals.hazard import event_hazard
from undercut.competition.rivals.launch_prices import launch_price_coefficient, launch_price_effect, launches
from undercut.competition.rivals.placebos import placebo_test
from undercut.competition.rivals.price_cuts import with_doses
from undercut.competition.rivals.releases import release_months
from undercut.errors import DataError
from undercut.inference.did.stacked_dose import stacked_dose
from undercut.inference.specifications import specification_curve
from undercut.studies.entry.cuts import hazard_table
from undercut.studies.entry.dose import dose, wide_panel
from undercut.studies.entry.dose_pages import answer, known, rest
from undercut.studies.entry.entries import placebo_table
from undercut.studies.entry.launches import launch_table


@pytest.fixture(scope="module")
def market() -> pd.DataFrame:
    return simulated_quotes(cut_effect=0.0, launch_effect=-0.5, seed=2)


def test_hazards_are_ratios_and_an_event_that_never_happened_keeps_its_row() -> None:
    rows = simulated_rows(effect=1.0, seed=1)
    rows = rows.assign(outcome=rows["outcome"].replace("rise", "none"))
    found = hazard_table(rows, events=("cut", "rise"), doses=("closeness",), draws=99).set_index("event")
    alone = event_hazard(rows, terms="dose", draws=99)
    assert found.loc["cut", "estimate"] == pytest.approx(np.exp(alone.effect["estimate"]))
    assert found.loc["cut", "high"] == pytest.approx(np.exp(alone.effect["high"]))
    assert found.loc["cut", "why_not"] == "" and pd.isna(found.loc["rise", "estimate"])
    assert "happened 0 times" in found.loc["rise", "why_not"]


def test_launch_effects_are_percent_of_the_price(market: pd.DataFrame) -> None:
    rows = with_doses(launches(market), open_rivals(market))
    found = launch_table({"all": rows}, doses=("closeness",), draws=99).frame.iloc[0]
    alone = launch_price_effect(rows, draws=99)
    assert found["estimate"] == pytest.approx(100 * (np.exp(alone.effect["estimate"]) - 1))
    assert found["detectable_fall"] == pytest.approx(100 * (1 - np.exp(-alone.detectable.effect)))


def test_a_placebo_that_fails_says_why(market: pd.DataFrame) -> None:
    rows, rivals = launches(market), open_rivals(market)

    dates = placebo_test(rows, rivals, launch_price_coefficient, kind="fake dates", draws=20)
    found = placebo_table({"dates": dates, "none": DataError("nothing to exchange")}).set_index("placebo")
    assert found.loc["none", "why_not"] == "nothing to exchange" and pd.isna(found.loc["none", "p_value"])
    assert 0 < found.loc["dates", "p_value"] <= 1 and found.loc["dates", "why_not"] == ""


def test_a_release_counts_from_the_first_fifteenth_that_can_show_it() -> None:
    days = pd.to_datetime(["2025-01-14", "2025-01-15", "2025-01-16", "2025-12-31", "2025-03-01"])
    releases = pd.DataFrame({"day": days, "is_entry": [True, True, True, True, False]})
    assert release_months(releases) == ["2025-01", "2025-02", "2026-01"]


def test_the_dose_is_the_closeness_of_the_day_and_its_effect_is_found() -> None:
    dates = [str(month) for month in pd.period_range("2024-01", periods=12, freq="M")]
    rows = [
        {"model": f"m{n}", "month": month, "developer": f"D{n}", "eci": 130.0 + n, "host": None,
         "price": np.exp(0.01 * np.sin(7 * n + t * (n + 1)) - 0.3 * (t >= 6) * max(0, 1 + (2 - n) / 8))}
        for n in range(10) for t, month in enumerate(dates)
    ]  # fmt: skip
    rows += [open_model("o", month, eci=132.0) for month in dates[6:]]
    market = quotes(*rows)
    frame = dose_panel(market, reach=4.0)
    late = frame[frame["period"].eq("2024-12")].set_index("unit")["dose"]
    assert late["m0"] == 1.0 and late["m4"] == pytest.approx(0.75)
    releases = pd.DataFrame({"day": pd.to_datetime(["2024-07-10"]), "is_entry": [True]})
    alone = stacked_dose(frame, ["2024-07"], leads=2, lags=3).effect()
    assert alone["estimate"] == pytest.approx(-0.3, abs=0.03)
    wide = wide_panel(market, frame, reach=4.0)
    assert wide.effect(["2024-07"], 3) == pytest.approx(alone["estimate"]), "by its normal equations"
    same, went = wide.redrawn(range(11))
    assert same == pytest.approx(wide.doses) and went["2024-07"] == "2024-07"
    found = dose(market, market, releases, months_after=3, draws=99, placebos=60)
    row = found.curve.estimates.set_index("is_headline").loc[True]
    np.testing.assert_allclose([row["low"], row["high"]], found.interval)  # the figure shows what is printed
    assert found.estimate == pytest.approx(100 * np.expm1(alone["estimate"]))
    low, high = found.interval
    assert low < found.estimate < high and low <= 100 * np.expm1(found.wild.ci_low) + 1e-9
    half = (np.log1p(high / 100) - np.log1p(low / 100)) / 2
    assert found.detectable_fall == pytest.approx(100 * -np.expm1(-half * (1.96 + 0.8416) / 1.96), rel=1e-3)
    assert set(found.without["unit"]) == {"developer"}, "without its only release there is no estimate"


def one_dose(effect: float, *, p: float) -> Any:
    """A dose whose numbers are given."""
    ends = {"estimate": effect, "low": effect - 5, "high": effect + 5}
    curve = specification_curve(pd.DataFrame([ends | {"reach": 4.0, "why_not": ""}]), ["reach"])
    without = pd.DataFrame([("developer", "acme", -effect), ("release", "2025-01", effect)],
                           columns=["unit", "name", "estimate"])  # fmt: skip
    return SimpleNamespace(estimate=effect, interval=(effect - 5, effect + 5), before_p=p, without=without,
                           curve=curve)  # fmt: skip


@pytest.mark.parametrize(("effect", "word"), [(-20.0, "fell"), (20.0, "rose"), (1.0, "did not clearly move")])
def test_the_answer_turns_with_the_dose_and_has_its_figure(effect: float, word: str) -> None:
    told = answer(one_dose(effect, p=0.4))
    assert word in told and f": {effect:+.0f}% (".replace("-", "\N{MINUS SIGN}") in told
    assert len(told.split()) <= 30


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (
            (-55.0, 53.0),
            "a fall of more than 55% and a rise of more than 53%, and for nothing",
        ),
        (
            (-53.0, 55.0),
            "a fall of more than 53% and a rise of more than 55%, and for nothing",
        ),
        ((-30.0, -10.0), "a fall of more than 30% and a fall of less than 10%"),
        ((10.0, 30.0), "a rise of less than 10% and a rise of more than 30%"),
    ],
)
def test_what_the_interval_rules_out_is_said_in_plain_words(ends: tuple[float, float], said: str) -> None:
    found = one_dose(sum(ends) / 2, p=0.4)
    found.interval = ends
    assert said in known(found)
    assert ("too few developers" in known(found)) == (ends[1] - ends[0] > 50)


@pytest.mark.parametrize("p", [0.01, 0.4])
def test_a_design_that_its_own_test_rejects_is_an_association(p: float) -> None:
    told = rest(one_dose(-20.0, p=p))
    assert ("this is an association" in told) == (p < 0.05)
    assert "where acme turns its sign" in told and "release: \N{MINUS SIGN}20% to" in told
