"""Do the hazard, the sizes of cuts and the cumulative incidence give the right numbers?"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from tests.competition.rivals.simulation import MarketDesign, simulated_rows
from undercut import plots
from undercut.competition.rivals.hazard import HazardResult, cut_sizes, event_hazard, hazard_coefficient
from undercut.errors import DataError, InputError, UnknownNameError
from undercut.inference.incidence import cumulative_incidence

mpl.use("Agg")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    design = MarketDesign(developers=12, models=160, monthly_cuts=0.06)
    return simulated_rows(effect=0.5, seed=5, design=design)


def used_by_hand(rows: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    kept = rows[rows["outcome"].ne("censored")]
    design = kept[["closeness", "log_age", "has_successor", "calendar"]].astype(float)
    return kept["outcome"].eq("cut").astype(float), sm.add_constant(design)


@pytest.mark.parametrize(
    ("link", "family"), [("logit", sm.families.links.Logit()), ("cloglog", sm.families.links.CLogLog())]
)
def test_coefficients_and_clustered_errors_agree_with_statsmodels(
    rows: pd.DataFrame, link: Any, family: Any
) -> None:
    outcome, design = used_by_hand(rows)
    groups = pd.factorize(rows.loc[outcome.index, "developer"])[0]
    model = sm.GLM(outcome, design, family=sm.families.Binomial(family))
    theirs = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, tol=1e-12, maxiter=200)
    ours = event_hazard(rows, link=link, draws=99).table().set_index("term")
    names = ["closeness", "log_age", "has_successor", "calendar"]
    assert ours.loc[names, "estimate"].to_numpy() == pytest.approx(theirs.params[names].to_numpy(), rel=1e-4)
    # statsmodels scales by G/(G-1) (n-1)/(n-k) and, for cloglog, by the observed information.
    n, k = design.shape
    scale = np.sqrt((n - 1) / (n - k))
    tolerance = 1e-3 if link == "logit" else 0.1
    expected = theirs.bse[names].to_numpy() / scale
    assert ours.loc[names, "std_error"].to_numpy() == pytest.approx(expected, rel=tolerance)


def test_a_binary_dose_alone_is_the_difference_of_two_log_rates(rows: pd.DataFrame) -> None:
    kept = rows[rows["outcome"].ne("censored")]
    share = kept["outcome"].eq("cut").groupby(kept["is_exposed"]).mean()
    logit = np.log(share[1.0] / (1 - share[1.0])) - np.log(share[0.0] / (1 - share[0.0]))
    rate = np.log(-np.log1p(-share))
    found = {
        link: hazard_coefficient(rows, dose="is_exposed", controls=(), calendar="none", link=link)
        for link in ("logit", "cloglog")
    }
    assert found["logit"] == pytest.approx(logit, abs=1e-5)
    assert found["cloglog"] == pytest.approx(rate[1.0] - rate[0.0], abs=1e-5)


def test_the_quick_coefficient_is_the_reported_one(rows: pd.DataFrame) -> None:
    found = event_hazard(rows, terms="dose", draws=99)
    assert hazard_coefficient(rows) == pytest.approx(found.effect["estimate"])


def test_the_order_of_rows_does_not_matter(rows: pd.DataFrame) -> None:
    shuffled = rows.sample(frac=1, random_state=2)
    ours, theirs = (event_hazard(frame, terms="dose", draws=199).effect for frame in (rows, shuffled))
    assert ours["estimate"] == pytest.approx(theirs["estimate"], rel=1e-6)
    assert ours["std_error"] == pytest.approx(theirs["std_error"], rel=1e-6)


def test_effects_of_years_leave_out_years_without_an_event(rows: pd.DataFrame) -> None:
    early = rows["year"].isin(["2023", "2024"]) & rows["outcome"].ne("censored")
    quiet = rows.assign(outcome=rows["outcome"].mask(early, "none"))
    found = event_hazard(quiet, calendar="year", draws=99)
    assert found.dropped["of years without an event"] == int(early.sum())
    assert "year_2024" not in set(found.table()["term"])


def test_rows_without_a_dose_are_counted_not_lost(rows: pd.DataFrame) -> None:
    blank = rows.assign(closeness=rows["closeness"].mask(rows["developer"].eq("closed maker 0")))
    found = event_hazard(blank, terms="dose", draws=99)
    assert found.rows + sum(found.dropped.values()) == len(rows)
    assert found.dropped["without the dose or a control"] > 0


def test_censored_months_are_left_out_and_are_not_months_without_a_cut(rows: pd.DataFrame) -> None:
    unseen = rows["outcome"].eq("none") & (np.arange(len(rows)) % 3 == 0)
    found = event_hazard(
        rows.assign(outcome=rows["outcome"].mask(unseen, "censored")), terms="dose", draws=99
    )
    without = event_hazard(rows[~unseen], terms="dose", draws=99)
    assert found.dropped["censored"] == int(unseen.sum())
    assert found.effect["estimate"] == pytest.approx(without.effect["estimate"])


def test_the_detectable_effect_counts_clusters_with_an_event(rows: pd.DataFrame) -> None:
    found = event_hazard(rows, terms="dose", draws=99)
    freedom = found.clusters_with_events - 1
    factor = stats.t.ppf(0.975, freedom) + stats.t.ppf(0.8, freedom)
    assert found.detectable.effect == pytest.approx(factor * found.effect["std_error"])


def test_an_event_of_one_developer_gives_no_estimate(rows: pd.DataFrame) -> None:
    others = rows["developer"].ne("closed maker 0") & rows["outcome"].eq("cut")
    with pytest.raises(DataError, match="in 1 developers"):
        event_hazard(rows.assign(outcome=rows["outcome"].mask(others, "none")))


def test_separated_events_give_an_error_and_no_number(rows: pd.DataFrame) -> None:
    separated = rows.assign(closeness=rows["outcome"].eq("cut").astype(float))
    with pytest.raises(DataError, match="separate"):
        event_hazard(separated)


@pytest.mark.parametrize(
    "wrong", [{"dose": "closenes"}, {"event": "sale"}, {"calendar": "month"}, {"terms": "x"}]
)
def test_unknown_options_name_the_known_ones(rows: pd.DataFrame, wrong: dict[str, Any]) -> None:
    with pytest.raises(UnknownNameError):
        event_hazard(rows, **wrong)


def test_the_dose_cannot_be_its_own_control(rows: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="leave it out"):
        event_hazard(rows, controls=("closeness",))


def test_summary_and_figure_show_what_the_estimate_rests_on(rows: pd.DataFrame) -> None:
    found: HazardResult = event_hazard(rows, draws=99)
    assert f"{found.events} events in {found.rows} offer-months" in found.summary()
    with plots.use_house_style():
        ax = found.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == found.table()["term"].tolist()[::-1]
    plt.close("all")


def test_sizes_of_cuts_are_means_of_log_changes() -> None:
    changed = pd.DataFrame(
        {
            "outcome": ["cut"] * 4 + ["rise"], "log_change": [-0.2, -0.4, -0.6, -0.8, 0.3],
            "developer": ["a", "a", "b", "c", "a"],
        }
    )  # fmt: skip
    found = cut_sizes(changed, draws=199).set_index("event")
    assert found.loc["cut", "mean_log_change"] == pytest.approx(-0.5)
    assert found.loc["cut", "low"] < -0.5 < found.loc["cut", "high"]
    assert found.loc["rise", "note"] == "fewer than three developers: no interval"
    assert np.isnan(found.loc["rise", "low"])


def test_cumulative_incidence_agrees_with_a_life_table_by_hand() -> None:
    # Ages 0, 1, 2; four offers: one cut at 0, one withdrawn at 1, one cut at 1, one never.
    lives = {"a": ["cut", "none"], "b": ["none", "withdrawn"], "c": ["none", "cut"], "d": ["none"] * 3}
    frame = pd.DataFrame(
        [
            {"product": name, "developer": name, "model_id": name, "period": f"2025-0{age + 1}",
             "age_months": age + 0.5, "outcome": outcome}
            for name, life in lives.items()
            for age, outcome in enumerate(life)
        ]
    )  # fmt: skip
    found = cumulative_incidence(frame, horizon=2, draws=20).set_index(["cause", "month"])["incidence"]
    # At age 0 one of four is cut; of the three left, one is withdrawn and one cut at age 1.
    assert found["cut"].tolist() == pytest.approx([0.25, 0.25 + 0.75 / 3, 0.5])
    assert found["withdrawn"].tolist() == pytest.approx([0.0, 0.25, 0.25])


def test_incidence_has_no_value_where_nothing_is_at_risk(rows: pd.DataFrame) -> None:
    found = cumulative_incidence(rows, horizon=60, draws=20)
    assert found["incidence"].isna().any()
    assert (found["incidence"].dropna() <= 1).all()


@pytest.mark.slow
def test_the_estimator_recovers_a_known_effect_and_its_interval_covers() -> None:
    design = MarketDesign(developers=24, models=240, monthly_cuts=0.04)
    for effect in (0.0, 1.0):
        found = [event_hazard(simulated_rows(effect=effect, seed=s, design=design), terms="dose", draws=299)
                 for s in range(500, 560)]  # fmt: skip
        estimate = np.array([each.effect["estimate"] for each in found])
        covered = [each.effect["low"] <= effect <= each.effect["high"] for each in found]
        assert abs(np.median(estimate) - effect) < 4 * estimate.std() / np.sqrt(len(found))
        assert np.mean(covered) >= 0.88


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_detectable_effect_belongs_to_the_level_that_was_asked_for(
    rows: pd.DataFrame, level: float
) -> None:
    found = event_hazard(rows, terms="dose", draws=99, level=level)
    freedom = found.clusters_with_events - 1
    needed = stats.t.ppf((1 + level) / 2, freedom) + stats.t.ppf(0.8, freedom)
    assert found.detectable.effect == pytest.approx(needed * found.effect["std_error"])
    assert found.detectable.level == level
    cuts = cut_sizes(rows, draws=99, level=level).iloc[0]
    makers = rows.loc[rows["outcome"].eq("cut"), "developer"]
    sizes = rows.loc[rows["outcome"].eq("cut"), "log_change"]
    sums = (sizes - sizes.mean()).groupby(makers).sum()
    count = len(sums)
    error = np.sqrt(count / (count - 1) * (sums**2).sum()) / len(sizes)
    needed = stats.t.ppf((1 + level) / 2, count - 1) + stats.t.ppf(0.8, count - 1)
    assert cuts["smallest_detectable"] == pytest.approx(needed * error)
