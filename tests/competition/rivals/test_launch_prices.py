"""Are launch prices, their predecessors and the effect of exposure on them right?"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.competition.rivals.market import open_model, quotes
from tests.competition.rivals.simulation import MarketDesign, simulated_launches, simulated_quotes
from undercut import plots
from undercut.competition.rivals import charts
from undercut.competition.rivals.exposure import RivalRule, closed_rivals, open_rivals
from undercut.competition.rivals.launch_prices import launch_price_coefficient, launch_price_effect, launches
from undercut.competition.rivals.placebos import placebo_test, with_exchanged_scores, with_moved_entries
from undercut.competition.rivals.price_cuts import CutRule, with_doses
from undercut.errors import DataError, InputError
from undercut.prices.load import load_prices
from undercut.prices.monthly_quotes import monthly_quotes

mpl.use("Agg")


def sold(model: str, months: list[str], **other: Any) -> list[dict[str, Any]]:
    """One row a month."""
    return [{"model": model, "month": month, "group": "US closed"} | other for month in months]


def found_launches(*parts: list[dict[str, Any]], **options: Any) -> pd.DataFrame:
    return launches(quotes(*[row for part in parts for row in part]), **options).set_index("model_id")


FIRST = sold("gpt-1", ["2025-01", "2025-02", "2025-03"], price=8.0, release_date=pd.Timestamp("2024-12-01"))


def test_a_launch_is_compared_with_the_last_price_of_its_predecessor() -> None:
    second = sold("gpt-2", ["2025-03"], price=4.0, release_date=pd.Timestamp("2025-03-01"))
    row = found_launches(FIRST, second).loc["gpt-2"]
    assert (row["previous_model_id"], row["previous_price"], row["why_not"]) == ("gpt-1", 8.0, "")


def test_a_predecessor_without_an_earlier_price_gives_way_to_its_own() -> None:
    unseen = sold("gpt-2", ["2025-03"], release_date=pd.Timestamp("2025-02-20"))
    third = sold("gpt-3", ["2025-03"], release_date=pd.Timestamp("2025-03-05"))
    row = found_launches(FIRST, unseen, third).loc["gpt-3"]
    assert (row["previous_model_id"], row["previous_price"]) == ("gpt-1", 8.0)


def test_models_on_sale_at_the_start_or_seen_late_are_no_launches() -> None:
    late = sold("gpt-late", ["2025-03"], release_date=pd.Timestamp("2024-06-01"))
    undated = sold("gpt-undated", ["2025-03"], release_date=pd.NaT)
    found = found_launches(FIRST, late, undated)["why_not"]
    assert found.to_dict() == {
        "gpt-1": "on sale when the panel begins",
        "gpt-late": "first seen long after its release",
        "gpt-undated": "release date unknown",
    }


def test_a_wrong_first_price_gives_way_to_its_correction() -> None:
    months = ["2025-02", "2025-03"]
    wrong = sold("gpt-2", months, release_date=pd.Timestamp("2025-02-01"))
    wrong[0]["price"], wrong[1]["price"] = 40.0, 4.0
    assert found_launches(FIRST, wrong).loc["gpt-2", "price"] == 4.0
    as_listed = found_launches(FIRST, wrong, rule=CutRule(settle_first_month=False))
    assert as_listed.loc["gpt-2", "price"] == 40.0


def test_open_models_launch_at_their_cheapest_seller() -> None:
    sellers = [
        open_model("o-1", "2025-02", host="a", price=2.0),
        open_model("o-1", "2025-02", host="b", price=1.0),
    ]
    found = launches(quotes(*FIRST, *[row | {"group": "CN open"} for row in sellers]), kind="open")
    assert found["price"].tolist() == [1.0]


def test_mistral_medium_3_launched_at_its_announced_price() -> None:
    found = launches(monthly_quotes(load_prices(), start="2025-04", end="2025-06")).set_index("model_id")
    # 0.40 and 2.00 dollars: 0.80 at three parts input to one output; the table first showed the old 4.05.
    assert found.loc["mistral-medium-2505", "price"] == pytest.approx(0.8)


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    return simulated_launches(effect=-0.5, seed=11, design=MarketDesign(developers=12, models=200))


def test_the_regression_agrees_with_dummies_written_out(simulated: pd.DataFrame) -> None:
    used = simulated[simulated["why_not"].eq("")]
    makers = pd.get_dummies(used["developer"], dtype=float).to_numpy()
    design = np.column_stack([used[["closeness", "eci", "calendar"]].to_numpy(float), makers])
    expected, *_ = np.linalg.lstsq(design, used["log_price"].to_numpy(float), rcond=None)
    found = launch_price_effect(simulated, draws=99)
    assert found.table()["estimate"].to_numpy() == pytest.approx(expected[:3])
    assert launch_price_coefficient(simulated) == pytest.approx(expected[0])
    effects = pd.Series(expected[3:], index=sorted(used["developer"].unique()))
    assert found.developer_effects.sort_index().to_numpy() == pytest.approx(
        (effects - effects.mean()).to_numpy()
    )


def test_every_launch_is_used_or_counted(simulated: pd.DataFrame) -> None:
    found = launch_price_effect(simulated, draws=99)
    assert found.launches + sum(found.dropped.values()) == len(simulated)


def test_the_own_price_cannot_explain_itself(simulated: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="undercut"):
        launch_price_effect(simulated, dose="undercut")


def test_too_few_launches_give_no_number(simulated: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="too few"):
        launch_price_effect(simulated.head(6))


def test_moved_entries_keep_every_model_its_prices_and_its_neighbours_in_time() -> None:
    market = simulated_quotes(cut_effect=0.0, launch_effect=0.0, seed=1)
    rivals = open_rivals(market)
    moved = with_moved_entries(rivals, np.random.default_rng(0), shifts=(3, 3))
    days = pd.Series(sorted(rivals["observed_on"].unique()))
    place = pd.Series(days.index, index=days)
    first = rivals.groupby("model_id")["observed_on"].min().map(place)
    fake = moved.groupby("model_id")["observed_on"].min().map(place).reindex(first.index)
    inside = first.between(4, len(days) - 5)
    assert set((fake - first)[inside]) == {-3.0, 3.0}
    # On sale to the last day, so nothing may vanish before it.
    on_last = moved.loc[moved["observed_on"].eq(days.iloc[-1]), "model_id"]
    assert set(fake.dropna().index) == set(on_last)
    assert not moved.duplicated(["model_id", "observed_on"]).any()
    facts = ["model_id", "eci", "developer"]
    assert set(moved[facts].itertuples(index=False)) <= set(rivals[facts].itertuples(index=False))


def test_exchanged_scores_stay_within_the_year_of_release(simulated: pd.DataFrame) -> None:
    faked = with_exchanged_scores(simulated, np.random.default_rng(0))
    assert not np.allclose(faked["eci"], simulated["eci"])
    for _, rows in simulated.groupby(simulated["release_date"].dt.year):
        assert sorted(faked.loc[rows.index, "eci"]) == sorted(rows["eci"])


def test_placebos_of_an_effect_that_is_there_lie_away_from_the_estimate() -> None:
    design = MarketDesign(developers=8, models=120, noise=0.2)
    market = simulated_quotes(cut_effect=0.0, launch_effect=-2.0, seed=3, design=design)
    rows, rivals = launches(market), open_rivals(market)
    found = placebo_test(rows, rivals, launch_price_coefficient, kind="fake exposures", draws=39)
    assert found.estimate == pytest.approx(-2.0, abs=0.5)
    assert found.p_value == pytest.approx(1 / 40)
    assert abs(found.estimate - found.centre) > found.detectable.effect
    assert found.estimate == launch_price_coefficient(with_doses(rows, rivals))


def test_placebos_are_the_same_for_the_same_seed() -> None:
    market = simulated_quotes(cut_effect=0.0, launch_effect=0.0, seed=4, design=MarketDesign(models=40))
    rows, rivals = launches(market), open_rivals(market)
    first, second, other = (
        placebo_test(rows, rivals, launch_price_coefficient, kind="fake dates", draws=20, seed=seed)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first.placebos, second.placebos)
    assert not np.array_equal(first.placebos, other.placebos)
    # The trend of the frontier alone moves placebos: the estimate is judged from their median.
    away = np.abs(first.placebos - np.median(first.placebos))
    beyond = np.sum(away >= abs(first.estimate - np.median(first.placebos)))
    assert first.p_value == pytest.approx((1 + beyond) / 21)
    assert np.median(first.placebos) != 0


def test_fake_exposures_leave_the_own_capability_a_control() -> None:
    market = simulated_quotes(cut_effect=0.0, launch_effect=0.0, seed=4, design=MarketDesign(models=40))
    rows = launches(market)
    seen: list[pd.DataFrame] = []

    def recording(faked: pd.DataFrame) -> float:
        seen.append(faked)
        return 0.0

    placebo_test(rows, open_rivals(market), recording, kind="fake exposures", draws=20)
    assert all(faked["eci"].tolist() == rows["eci"].tolist() for faked in seen)
    assert any(faked["closeness"].tolist() != seen[0]["closeness"].tolist() for faked in seen[1:])


def test_placebos_that_fail_too_often_are_an_error() -> None:
    market = simulated_quotes(cut_effect=0.0, launch_effect=0.0, seed=4)

    def refusing(rows: pd.DataFrame) -> float:
        if len(calls) > 1:
            raise DataError("separated")
        calls.append(len(rows))
        return 0.0

    calls: list[int] = []
    with pytest.raises(DataError, match="the last failed: separated"):
        placebo_test(launches(market), open_rivals(market), refusing, kind="fake dates", draws=20)


def test_closed_rivals_run_through_the_same_exposure() -> None:
    frame = quotes(
        {"model": "a", "month": "2025-01", "eci": 140.0},
        {"model": "b", "month": "2025-01", "eci": 139.0, "developer": "Other"},
        open_model("o", "2025-01", eci=150.0),
    )
    rows = launches(frame.assign(group="US closed"))
    found = with_doses(rows, closed_rivals(frame), rule=RivalRule(accesses=("closed",)))
    assert found.set_index("model_id")["best_model_id"].to_dict() == {"a": "b", "b": "a"}


def test_the_figure_draws_every_launch(simulated: pd.DataFrame) -> None:
    with plots.use_house_style():
        ax = charts.launch_prices(simulated, finding="A finding")
        drawn = sum(len(np.atleast_1d(line.get_xdata())) for line in ax.lines)
        assert drawn == int(simulated["why_not"].eq("").sum())
    plt.close("all")


@pytest.mark.slow
def test_the_regression_recovers_a_known_effect_and_its_interval_covers() -> None:
    design = MarketDesign(developers=12, models=160)
    for effect in (0.0, -0.5):
        found = [launch_price_effect(simulated_launches(effect=effect, seed=s, design=design), draws=299)
                 for s in range(700, 800)]  # fmt: skip
        estimate = np.array([each.effect["estimate"] for each in found])
        covered = [each.effect["low"] <= effect <= each.effect["high"] for each in found]
        assert abs(estimate.mean() - effect) < 4 * estimate.std() / np.sqrt(len(found))
        assert np.mean(covered) >= 0.88


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_detectable_fall_belongs_to_the_level_that_was_asked_for(
    simulated: pd.DataFrame, level: float
) -> None:
    found = launch_price_effect(simulated, draws=99, level=level)
    needed = stats.t.ppf((1 + level) / 2, found.clusters - 1) + stats.t.ppf(0.8, found.clusters - 1)
    assert found.detectable.effect == pytest.approx(needed * found.effect["std_error"])
