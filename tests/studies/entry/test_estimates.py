"""The tables of report 07: what happened after an open rival's entry, real and fake."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import undercut
from tests.competition.rivals.market import open_model, quotes
from undercut.competition.rivals.entry_panel import (
    entry_panel,
    prices_after_entry,
    settled_quotes,
)
from undercut.competition.rivals.launch_prices import launches_apart
from undercut.competition.rivals.placebos import closed_as_rivals, exchanged_scores
from undercut.errors import DataError
from undercut.inference.detectable import PlaceboResult
from undercut.inference.did.model import MethodComparison, staggered_adoption
from undercut.inference.did.randomisation import redrawn_dates
from undercut.prices.monthly_quotes import monthly_quotes
from undercut.studies.entry.entries import first_fit, wider_interval
from undercut.studies.entry.estimators import METHODS, estimators, honest_table, in_percent
from undercut.studies.entry.market import frontier_and_index

EFFECT = -0.5


@pytest.fixture(scope="module")
def quiet() -> pd.DataFrame:
    """Sixty closed models of twelve developers whose prices wander a little, and open rivals that come to
    the least capable first, in five steps, and do nothing."""
    generator = np.random.default_rng(3)
    dates = [str(month) for month in pd.period_range("2024-01", periods=24, freq="M")]
    walks = generator.normal(0, 0.01, (12, 24)).cumsum(axis=1)
    rows = [
        {"model": f"closed-{n}", "month": month, "developer": f"Maker {n % 12}", "eci": 120.0 + n / 2,
         "price": np.exp(walks[n % 12, t]), "release_date": pd.Timestamp("2023-12-01")}
        for n in range(60) for t, month in enumerate(dates)
    ]  # fmt: skip
    rows += [
        open_model(f"open-{step}", month, eci=118.0 + 5 * step, price=0.1)
        for step in range(5) for t, month in enumerate(dates) if t >= 4 * step + 2
    ]  # fmt: skip
    return quotes(*rows).assign(group="closed")


@pytest.fixture(scope="module")
def moved(quiet: pd.DataFrame) -> pd.DataFrame:
    """The same market, each closed model cheaper by exp(EFFECT) from the entry of an open rival on."""
    panel = entry_panel(quiet, reach=4.0)
    entry = quiet["model_id"].map(panel.drop_duplicates("unit").set_index("unit")["first_treated"])
    after = quiet["access"].eq("closed") & quiet["period"].ge(entry.fillna("9999"))
    return quiet.assign(price=quiet["price"] * np.exp(EFFECT * after))


def months(model: str, prices: dict[str, float], **other: object) -> list[dict[str, object]]:
    return [{"model": model, "month": month, "price": price} | other for month, price in prices.items()]


def placebo(market: pd.DataFrame, kind: str) -> PlaceboResult:
    if kind == "fake scores":
        return exchanged_scores(market, draws=25)
    return redrawn_dates(first_fit(entry_panel(market, reach=4.0), leads=1), draws=25)


def test_an_imposed_fall_at_entry_is_found_in_percent(quiet: pd.DataFrame, moved: pd.DataFrame) -> None:
    none, real = (in_percent(first_fit(entry_panel(m, reach=4.0), leads=2)) for m in (quiet, moved))
    assert none["low"] < 0 < none["high"]
    assert real["estimate"] - none["estimate"] == pytest.approx(100 * np.expm1(EFFECT), abs=3)
    assert real["high"] < 0


@pytest.mark.parametrize("kind", ["fake dates", "fake scores"])
def test_placebos_tell_the_imposed_fall_from_none(
    quiet: pd.DataFrame, moved: pd.DataFrame, kind: str
) -> None:
    assert placebo(quiet, kind).p_value > 0.05
    found = placebo(moved, kind)
    # Redrawn dates overlap with the real ones, so that they carry a part of the effect, never all of it.
    assert abs(found.placebos).max() < abs(found.estimate)
    assert found.estimate == pytest.approx(EFFECT, abs=0.02)


def test_the_wider_interval_holds_both(moved: pd.DataFrame) -> None:
    fit = first_fit(entry_panel(moved, reach=4.0), leads=2)
    fakes = placebo(moved, "fake dates")
    low, high = wider_interval(fit, fakes)
    effect, middle = fit.effect(), np.quantile(fakes.placebos - fakes.centre, [0.025, 0.975])
    assert low == min(effect["ci_low"], effect["estimate"] - middle[1])
    assert high == max(effect["ci_high"], effect["estimate"] - middle[0])
    assert low < effect["estimate"] < high


def test_settled_prices_move_by_real_changes_only() -> None:
    wrong = months("wrong", {"2024-12": 1.0, "2025-01": 10.0, "2025-02": 10.0})
    undone = months("undone", {"2024-12": 8.0, "2025-01": 8.0, "2025-02": 2.0, "2025-03": 8.0})
    cut = months("cut", {"2024-12": 8.0, "2025-01": 8.0, "2025-02": 4.0, "2025-03": 4.0})
    gap = months("gap", {"2024-12": 3.0, "2025-01": 3.0, "2025-03": 6.0})
    rival = open_model("open", "2025-01", price=0.5)
    found = settled_quotes(quotes(*wrong, *undone, *cut, *gap, rival).assign(group="closed"))
    path = found.groupby("model_id")["price"].apply(list)
    assert path["wrong"] == pytest.approx([10.0] * 3)
    assert path["undone"] == pytest.approx([8.0] * 4)
    assert path["cut"] == pytest.approx([8.0, 8.0, 4.0, 4.0])
    assert path["gap"] == pytest.approx([3.0] * 3)
    assert path["open"] == [0.5]
    assert found.attrs["settled"] == 3


def test_launches_near_a_release_on_either_side_are_left_out() -> None:
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, 60), unit="D")
    releases = pd.DataFrame({"day": pd.to_datetime(["2025-02-01", "2025-05-20", "2025-09-01"])})
    rows = pd.DataFrame({"release_date": days})
    kept = launches_apart(rows, releases)
    naive = [day for day in days if all(abs((day - other).days) >= 14 for other in releases["day"])]
    assert kept["release_date"].tolist() == naive


def test_the_raw_change_runs_from_the_month_before_entry_to_the_last_month_in_the_window() -> None:
    prices = {"2025-01": 4.0, "2025-02": 4.0, "2025-03": 2.0, "2025-04": 1.0, "2025-05": 8.0}
    frame = pd.DataFrame({"period": list(prices), "outcome": np.log(list(prices.values()))})
    frame = frame.assign(unit="m", cluster="A", first_treated="2025-03")
    found = prices_after_entry(frame, lags=1)
    assert found["change"].tolist() == pytest.approx([np.log(1.0 / 4.0)])
    assert prices_after_entry(frame.assign(first_treated="2025-01")).empty


def test_closed_rivals_take_the_place_of_open_ones() -> None:
    market = quotes(
        {"model": "mine", "month": "2025-01"},
        {"model": "mine", "month": "2025-02"},
        {"model": "theirs", "month": "2025-02", "developer": "Other", "eci": 139.0},
        open_model("open", "2025-01", eci=150.0),
    )
    entry = entry_panel(closed_as_rivals(market), reach=4.0).set_index(["unit", "period"])["first_treated"]
    assert entry["mine", "2025-01"] == "2025-02"


def test_the_shock_is_a_new_height_of_the_open_frontier() -> None:
    real = monthly_quotes(undercut.load_prices(), start="2024-06", end="2025-06")
    found = frontier_and_index(real)
    best = real[real["access"].str.startswith("open").fillna(False)].groupby("period")["eci"].max().cummax()
    assert found["shock"].tolist() == pytest.approx(best.diff().loc[found["period"]].tolist())
    assert (found["shock"] >= 0).all() and found["log_index"].notna().all()


def fits(frame: pd.DataFrame) -> MethodComparison:
    return staggered_adoption(frame, method="all", leads=3, lags=6)


def test_honest_bounds_widen_with_the_magnitude(moved: pd.DataFrame) -> None:
    every = fits(entry_panel(moved, reach=4.0)).fits
    some = {name: every[name] for name in ("imputation", "stacked")}
    found = honest_table(some, magnitudes=(0.0, 2.0)).set_index("magnitude")
    assert found["term"].unique().tolist() == ["Stacked"]
    assert found.loc[2.0, "low"] < found.loc[0.0, "low"] < 100 * np.expm1(EFFECT) < found.loc[0.0, "high"]
    broken = replace(every["stacked"], covariance=-every["stacked"].covariance)
    found = honest_table({"stacked": broken})
    assert found["low"].isna().all() and found["why_not"].str.contains("Too few developers").all()


def test_estimators_without_a_fit_say_why() -> None:
    none = MethodComparison(fits={}, reasons=dict.fromkeys(METHODS, "too few"), leads=3, lags=6)
    with pytest.raises(DataError, match="reach"):
        estimators(none)
