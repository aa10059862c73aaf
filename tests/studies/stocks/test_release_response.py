"""Responses to releases on simulated returns of known truth, and on the sample that ships."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pandas.tseries.offsets import BDay

from undercut.errors import DataError, InputError
from undercut.inference.detectable import detectable
from undercut.studies.stocks.checks import battery, held_after, release_checks
from undercut.studies.stocks.doses import NOTICED, hc3_slopes, slopes_of, trend
from undercut.studies.stocks.release_response import (
    Responses,
    response_returns,
    responses,
)

GROUPS = {"moved": ("A", "B"), "still": ("C", "D")}
EFFECT = -0.05
OPTIONS = {"groups": GROUPS, "draws": 499, "window": (0, 0)}


def _mean_of(found: Responses, group: str) -> pd.Series:
    return found.mean.set_index("group").loc[group]


@pytest.fixture(scope="module")
def market() -> pd.DataFrame:
    """Four firms and two benchmarks over 600 business days around NOTICED."""
    rng = np.random.default_rng(5)
    days = pd.bdate_range("2024-01-02", periods=600, name="date")
    base = rng.normal(0, 0.01, 600)
    firms = {name: base + rng.normal(0, 0.008, 600) for name in "ABCD"}
    return pd.DataFrame({**firms, "RSP": base, "SPY": base + rng.normal(0, 0.001, 600)}, index=days)


@pytest.fixture(scope="module")
def events(market: pd.DataFrame) -> pd.DataFrame:
    """Twelve releases, three weeks apart from day 260 on, with doses 0 to 11."""
    days = market.index[260::25][:12]
    shock = pd.Series(pd.NaT, index=range(12), dtype="datetime64[ns]")
    plain = {"listed": True, "confounders": "", "calendar": "", "shock": "", "near_days": 35.0}
    return pd.DataFrame(
        {
            "event": [f"R{i}" for i in range(12)],
            "date": days,
            "dose": np.arange(12.0),
            "shock_date": shock,
            **plain,
        }
    )


@pytest.fixture(scope="module")
def shaken(market: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The same returns with a fall of A and B on every release."""
    moved = market.copy()
    moved.loc[events["date"], ["A", "B"]] += EFFECT
    return moved


def test_a_planted_fall_is_found_in_its_group_alone(shaken: pd.DataFrame, events: pd.DataFrame) -> None:
    found = responses(shaken, events, **OPTIONS)
    moved, still = _mean_of(found, "moved"), _mean_of(found, "still")
    assert moved["caar"] == pytest.approx(EFFECT, abs=0.006)
    assert moved["ci_low"] < EFFECT < moved["ci_high"]
    assert moved["p_rw"] < 0.05 < still["p_rw"]
    assert found.mean["n"].tolist() == [12, 12, 24]


def test_a_portfolio_is_the_mean_of_its_members(shaken: pd.DataFrame, events: pd.DataFrame) -> None:
    both = responses(shaken, events, **OPTIONS).each.set_index(["event", "group"])["car"]
    single = responses(shaken, events, **OPTIONS | {"groups": {"A": ("A",), "B": ("B",)}})
    apart = single.each.groupby("event")["car"].mean()
    together = both.xs("moved", level="group")
    assert together.to_numpy() == pytest.approx(apart[together.index].to_numpy())


def test_without_an_effect_nothing_is_found(market: pd.DataFrame, events: pd.DataFrame) -> None:
    found = responses(market, events, **OPTIONS)
    assert (found.mean["p_permutation"] > 0.05).all() and (found.each["p_rw"] > 0.05).all()


def test_the_smallest_detectable_mean_shrinks_with_the_root_of_the_releases(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    whole, quarter = (responses(market, events[::step], **OPTIONS) for step in (1, 4))
    ratio = _mean_of(quarter, "moved")["detectable"] / _mean_of(whole, "moved")["detectable"]
    assert ratio == pytest.approx(2.0, rel=0.15)


def test_releases_too_early_for_an_estimation_window_are_listed_not_dropped(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    early = events.assign(date=events["date"].mask(events["event"] == "R0", market.index[60]))
    early.loc[1, "date"] = pd.Timestamp("2023-06-01")
    found = responses(market, early, **OPTIONS).left_out.set_index("event")["why"]
    assert "fewer than 100 usable estimation days" in found["R0"]
    assert "outside the returns" in found["R1"]
    assert len(found) == 2


def test_a_release_named_twice_is_refused(market: pd.DataFrame, events: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'R0' occurs twice"):
        responses(market, pd.concat([events, events[:1]]), **OPTIONS)


def test_hc3_errors_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(2)
    dose, outcome = rng.normal(size=(3, 20)), rng.normal(size=(20, 2))
    slope, error = hc3_slopes(dose, outcome)
    for version in range(3):
        for column in range(2):
            fit = sm.OLS(outcome[:, column], sm.add_constant(dose[version])).fit(cov_type="HC3")
            assert slope[version, column] == pytest.approx(fit.params[1])
            assert error[version, column] == pytest.approx(fit.bse[1])


def test_a_planted_dose_response_is_found_and_its_interval_holds_it(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    moved = market.copy()
    moved.loc[events["date"], "A"] += -0.01 * events["dose"].to_numpy()
    moved.loc[events["date"], "B"] += -0.01 * events["dose"].to_numpy()
    each = responses(moved, events, **OPTIONS).each
    slopes = slopes_of(each, events, doses=["dose"], draws=999).set_index("group")
    row = slopes.loc["moved"]
    assert row["ci_low"] < -0.01 < row["ci_high"] and row["p_rw"] < 0.01 < slopes.loc["still", "p_rw"]
    assert row["detectable"] == pytest.approx(float(detectable(row["se"], freedom=10)))


def test_slopes_of_an_irrelevant_dose_are_found_as_often_as_stated() -> None:
    rng = np.random.default_rng(8)
    names, groups = [f"R{i}" for i in range(15)], [f"g{i:02d}" for i in range(30)]
    rows = pd.DataFrame([(name, group) for name in names for group in groups], columns=["event", "group"])
    p_values = []
    for seed in range(10):
        doses = pd.DataFrame({"event": names, "dose": rng.exponential(size=15)})
        each = rows.assign(car=rng.standard_t(4, len(rows)))
        p_values += slopes_of(each, doses, doses=["dose"], draws=199, seed=seed)["p_permutation"].tolist()
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 300))


def test_a_dose_that_one_release_decides_is_refused(market: pd.DataFrame, events: pd.DataFrame) -> None:
    each = responses(market, events, **OPTIONS).each
    for name, values in (("alone", [1.0] + [0.0] * 11), ("few", [1.0, 2.0, 3.0] + [np.nan] * 9)):
        with pytest.raises(InputError, match="a slope needs"):
            slopes_of(each, events.assign(**{name: values}), doses=[name])
    with pytest.raises(InputError, match="no column 'nothing'"):
        slopes_of(each, events, doses=["nothing"])


def test_a_planted_drift_after_releases_is_found_by_the_portfolio_that_holds_on(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    drifting = market.copy()
    for day in events["date"]:
        place = drifting.index.get_loc(day)
        drifting.iloc[place : place + 11, [0, 1]] += 0.004
    found = held_after(drifting, events, groups=GROUPS, window=(0, 10)).frame.set_index("group")
    assert found.loc["moved", "days"] == 12 * 11
    assert found.loc["moved", "ci_low"] < 0.004 < found.loc["moved", "ci_high"]
    assert found.loc["moved", "p_value"] < 0.001 < found.loc["still", "p_value"]


def test_responses_that_cease_after_january_2025_are_a_trend(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    spread = events.assign(date=market.index[np.linspace(200, 590, 12).astype(int)])
    before = spread.loc[spread["date"] < NOTICED, "date"]
    moved = market.copy()
    moved.loc[before, ["A", "B"]] += 2 * EFFECT
    table = trend(responses(moved, spread, **OPTIONS), draws=499).frame
    step = table[(table["comparison"] == "after less before") & (table["group"] == "moved")].set_index(
        "measure"
    )
    assert step.loc["response", "slope"] == pytest.approx(-2 * EFFECT, abs=0.02)
    assert step.loc["size", "slope"] < -0.05 and (step["p_permutation"] < 0.05).all()


def test_a_trend_across_january_2025_needs_releases_on_both_sides(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    late = events[events["date"] > NOTICED]
    table = trend(responses(market, late, **OPTIONS), draws=99).frame
    assert table.loc[table["comparison"] == "after less before", "why"].str.contains("a slope needs").all()
    assert (table.loc[table["comparison"] == "a year", "why"] == "").all()


def test_checks_change_one_choice_each_and_say_what_cannot_be_made(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    plain = market.rename(columns={"A": "NVDA", "B": "TSM", "C": "CRM", "D": "VST"})
    notable = events.copy()
    notable.loc[3, "shock"], notable.loc[3, "shock_date"] = "fall", notable.loc[3, "date"] + 5 * BDay()
    plain.loc[notable.loc[3, "shock_date"], "NVDA"] -= 0.5
    found = responses(plain, notable, draws=199, window=(0, 0))
    table = release_checks(found, plain, listed=notable).frame.set_index("check")
    chips = table[table["group"] == "chips"]
    assert chips.loc["headline", "n"] == 12 and chips.loc["without R3", "n"] == 11
    assert chips.loc["dated when the market moved", "caar"] < chips.loc["headline", "caar"] - 0.015
    alone = responses(plain, notable, groups={"chips": ("NVDA",)}, draws=199, window=(0, 0))
    assert chips.loc["chips without TSMC", "caar"] == pytest.approx(_mean_of(alone, "chips")["caar"])
    assert table.loc["known by the rule only", "n"] == 0 and table.loc["known by the rule only", "why"]
    assert chips.loc["session and five more", "caar"] != pytest.approx(chips.loc["headline", "caar"])


def test_the_sample_serves_the_study_and_says_which_releases_it_cannot() -> None:
    from undercut.studies.stocks.release_events import release_events

    releases = release_events()
    found = responses(response_returns("sample"), releases, draws=199)
    studied, left_out = set(found.each["event"]), set(found.left_out["event"])
    assert studied | left_out == set(releases["event"]) and not studied & left_out
    assert {"DeepSeek R1", "Kimi K3"} <= studied and "Llama 3 70B Instruct" in left_out
    assert {"permutation", "kolari_pynnonen", "generalised_rank"} <= set(battery(found).frame["test"])


def test_figures_give_a_release_without_response_the_same_mark_as_any_other(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    import matplotlib.pyplot as plt

    from undercut.studies.stocks.charts import mean_responses, responses_by_release

    found = responses(market, events, **OPTIONS)
    countries = dict.fromkeys(events["event"], "CN")
    contrast = found.each[found.each["event"] == "R3"].assign(event="shock")
    figure = responses_by_release(found.each, countries, contrast=contrast, finding="f", measure="m")
    panels = figure.figure.axes
    marks = [line for line in panels[0].lines if line.get_marker() == "o"]
    assert len(panels) == 2 and len(marks) == 12
    assert len({(mark.get_markersize(), mark.get_color()) for mark in marks}) == 1
    assert panels[0].get_yticklabels()[-1].get_text().startswith("shock")
    ax = mean_responses(found.mean, finding="f", measure="m")
    bars = [line for line in ax.lines if line.get_marker() == "|"]
    assert [bar.get_xdata()[1] for bar in bars] == pytest.approx(list(100 * found.mean["detectable"]))
    plt.close("all")


def test_a_check_names_the_releases_that_it_alone_could_not_test(
    market: pd.DataFrame, events: pd.DataFrame
) -> None:
    plain = market.rename(columns={"A": "NVDA", "B": "AMD", "C": "CRM", "D": "VST"})
    loads = pd.DataFrame({"date": market.index, "mkt_rf": market["RSP"].to_numpy(), "rf": 0.0})
    loads.loc[loads["date"] == events.loc[11, "date"], "mkt_rf"] = np.nan
    found = responses(plain, events, draws=99, window=(0, 0))
    table = release_checks(found, plain, listed=events, factors=loads).frame
    factor = table[(table["check"] == "factors") & (table["group"] == "chips")].iloc[0]
    assert factor["n"] == 11 and factor["why"].startswith("R11: ") and factor["why"] != "R11: "
    assert (table.loc[table["check"] == "headline", "why"] == "").all()


@pytest.mark.slow
def test_the_headline_keeps_its_size_on_placebo_releases_of_real_returns(real_returns: pd.DataFrame) -> None:
    """The table of docs/release-events.md: random sessions have no common response."""
    rng = np.random.default_rng(1)
    days = real_returns.loc["2023-06-01":"2026-08-31"].index
    families, holds = [], []
    for seed in range(150):
        chosen = np.sort(rng.choice(len(days), 25, replace=False))
        placebo = pd.DataFrame({"event": [f"P{i}" for i in range(25)], "date": days[chosen]})
        mean = responses(real_returns, placebo, draws=199, seed=seed).mean
        mean = mean[mean["group"] != "all"]
        families.append((mean["p_rw"] <= 0.05).any())
        holds.append(mean["ci_low"].le(0) & mean["ci_high"].ge(0))
    assert np.mean(families) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 150))
    assert 0.87 < np.mean(holds) < 0.97
