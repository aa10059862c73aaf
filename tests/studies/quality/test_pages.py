"""Do the sentences of the report on security, quality and reliability turn with the data?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.competition.hosts.test_first_party import market
from undercut.competition.hosts.panel import MAINLAND_SITES
from undercut.errors import OutsideDataError
from undercut.panel.measures import capability_scores
from undercut.prices.capability.lag import CapabilityLag
from undercut.prices.reliability import RateRatio
from undercut.studies.presentation import Number, Sentence, parts_of
from undercut.studies.quality import pages
from undercut.studies.quality.estimates import (
    Behind,
    ByTask,
    SameWeights,
    Steadiness,
    behind_without_each,
    incidents,
    same_weights,
)


@pytest.fixture(scope="module")
def found() -> SameWeights:
    panel = market(0.3, noise=0.2)
    panel["developer"] = "d" + (panel["model_id"].str[1:].astype(int) % 6).astype(str)
    return same_weights(panel, recent_months=2, first_month="2024-01", workload="chat", draws=50)


def turned(found: SameWeights, premium: float, width: float = 5.0) -> SameWeights:
    """The same choices with another premium."""
    ends = {"premium": premium, "low": premium - width, "high": premium + width}
    return replace(found, frame=found.frame.assign(**ends))


def test_a_premium_is_told_with_its_sign_and_its_doubt(found: SameWeights) -> None:
    assert "US sellers ask 31% more than" in pages.security(turned(found, 31.0))
    assert "chance" not in pages.security(turned(found, 31.0))
    assert "US sellers ask 12% less than" in pages.security(turned(found, -12.0))
    assert "that could be chance" in pages.security(turned(found, 2.0))
    assert "ask what the Chinese developer asks" in pages.security(turned(found, 0.0))
    assert "too few models" in pages.security(turned(found, 2.0, width=np.inf))
    assert all(len(pages.security(turned(found, value)).split()) <= 30 for value in (31.0, 2.0, 0.0))


def test_a_buyer_who_looks_around_pays_only_beyond_the_interval(found: SameWeights) -> None:
    for premium, words in ((31.0, "pays for"), (-31.0, "need not pay for"), (1.0, "may or may not pay for")):
        assert f"looks around {words} US law" in pages.for_who_looks_around(turned(found, premium))


def test_the_median_model_leads_and_is_computed_by_hand(found: SameWeights) -> None:
    panel = market(0.3, noise=0.2)
    recent = panel[panel["month"] > panel["month"].max() - 2]
    for key, how in (("", "median"), (".cheapest_us_seller", "min")):
        by_model: dict[str, list[float]] = {}
        for (model, _), rows in recent.groupby(["model_id", "period"]):
            own = rows[rows["is_own"] & ~rows["host"].isin(MAINLAND_SITES)]["log_price"]
            others = rows[~rows["is_own"] & rows["host_country"].eq("US")]["log_price"]
            if len(own) and len(others):
                by_model.setdefault(model, []).append(others.agg(how) - own.min())
        differences = [np.mean(months) for months in by_model.values()]
        assert found.row(key)["premium"] == pytest.approx(100 * np.expm1(np.median(differences)))
        assert found.row(key)["models"] == len(differences)
    keys = [part.key for part in parts_of(found) if isinstance(part, Number)]
    assert keys[:2] == ["us_hosting_premium", "us_hosting_premium.cheapest_us_seller"] and len(keys) == 5


def test_the_premium_turns_when_prices_are_exchanged() -> None:
    panel = market(0.3, noise=0.2)
    options = {"recent_months": 2, "first_month": "2024-01", "workload": "chat", "draws": 50}
    there = same_weights(panel, **options)
    back = same_weights(panel.assign(log_price=-panel["log_price"]), **options)
    assert there.row()["premium"] > 0 > back.row()["premium"]
    assert "more than" in pages.security(there) and "less than" in pages.security(back)


def test_what_cannot_be_compared_has_its_reason(found: SameWeights) -> None:
    nowhere = market(0.3).assign(host_country="FR")
    with pytest.raises(OutsideDataError, match="same month"):
        same_weights(nowhere, recent_months=2, first_month="2024-01", workload="chat", draws=50)
    row = found.row().to_dict() | {"premium": np.nan, "why_not": "No model is sold so."}
    told = pages.premium(pd.Series(row))
    assert told.value is None and told.note == "No model is sold so."


def behind(gap: float) -> Behind:
    path = pd.DataFrame(
        {"period": ["2026-01", "2026-02"], "leader_model": "x", "follower_model": "y", "gap": gap,
         "gap_low": gap - 1, "gap_high": gap + 1, "lag": max(gap, 0.0), "lag_low": 0.0, "lag_high": 9.0}
    )  # fmt: skip
    releases = pd.DataFrame({"lag": [2.0, 4.0, np.nan, 6.0]})
    rows = [
        {"measure": measure, "licences": licences, "lag": lag}
        for measure, pair in (("ECI", (5.0, 8.0)), ("Arena", (9.0, 9.0)))
        for licences, lag in zip(("all", "without those that set conditions"), pair, strict=True)
    ]
    lag = CapabilityLag(path, releases, 0.95, 30)
    return Behind(path, lag, pd.DataFrame(rows), date(2026, 2, 1), "ECI", "points", 200)


def test_the_side_on_which_a_model_stands_follows_the_gap() -> None:
    assert pages.distance(pages.gap_number(behind(6.2))) == "6.2 points below"
    assert pages.distance(pages.gap_number(behind(-3.0))) == "3.0 points above"
    mean, (low, high) = behind(6.2).usual()
    assert mean == 4.0 and 2.0 <= low < 4.0 < high <= 6.0


def test_the_lag_is_told_over_measures_and_without_licences_that_set_conditions() -> None:
    told = pages.by_measure(behind(6.2))
    assert "Over 2 measures of capability it is 5 to 9 months" in told
    assert "sets conditions 8 months by ECI, 8 to 9 over all" in told


def test_months_behind_without_one_model_by_hand() -> None:
    """Only the best follower, and the first leader to reach it, can change them."""
    found = behind_without_each(date(2026, 11, 20), "eci_2026_10")
    scores = capability_scores("eci_2026_10")
    scores = scores[scores["release_date"].dt.date <= date(2026, 11, 20)]
    is_open = scores["access"].str.startswith("open").fillna(False) & scores["country"].eq("CN")
    opened, closed = scores[is_open], scores[scores["access"].eq("closed") & scores["country"].eq("US")]

    def lag(followers: pd.DataFrame, leaders: pd.DataFrame) -> float:
        best = followers["eci"].max()
        first = leaders[leaders["eci"] >= best]["release_date"].min()
        last = max(followers["release_date"].max(), leaders["release_date"].max()).to_period("M").end_time
        return (last - first) / pd.Timedelta(days=365.25 / 12)

    top = opened.loc[opened["eci"].idxmax(), "model"]
    first = closed[closed["eci"] >= opened["eci"].max()].sort_values("release_date")["model"].iloc[0]
    by_hand = {top: lag(opened[opened["model"] != top], closed),
               first: lag(opened, closed[closed["model"] != first])}  # fmt: skip
    for name, months in by_hand.items():
        assert found.frame.set_index("left_out").loc[name, "lag"] == pytest.approx(months, abs=0.1)
    assert found.whole == pytest.approx(lag(opened, closed), abs=0.1)


def rates(ratio: float) -> RateRatio:
    rows = {"group": ["CN open", "US closed"], "events": [4, 5], "years": [9.0, 8.0], "rate": [0.4, 0.6]}
    frame = pd.DataFrame(rows).assign(low=0.1, high=0.9, offers=7, developers=3)
    return RateRatio(ratio, ratio - 0.2, ratio + 0.2, frame, 0.95)


def test_how_often_offers_vanish_follows_the_interval() -> None:
    for ratio, words in ((2.0, "vanish more often than"), (0.5, "vanish less often than"), (1.0, "as often")):
        steady = Steadiness.of(rates(ratio), rates(1 / ratio))
        assert words in pages.vanish(steady)
        [sentence] = [part for part in parts_of(steady) if isinstance(part, Sentence)]
        assert sentence.text.startswith("Their offers vanish")


def test_kinds_of_work_are_counted_where_the_interval_says_so() -> None:
    tasks = ByTask(pd.DataFrame({"task": ["overall", "math"], "gap_low": [3.0, -1.0]}))
    assert "in 1 of 2 kinds of work" in pages.ahead(tasks)
    assert "later than this report's day" in pages.ahead(ByTask(tasks.frame.head(0)))


def test_only_bans_up_to_the_day_are_listed() -> None:
    events = pd.DataFrame(
        {"type": ["security_or_ban", "security_or_ban", "release"], "confidence": ["unverified"] * 3,
         "date": pd.to_datetime(["2025-01-01", "2026-01-01", "2025-01-01"]), "actor": "a", "country": "US",
         "title": "t"}
    )  # fmt: skip
    found = incidents(events, date(2025, 6, 1))
    [count] = [part for part in parts_of(found) if isinstance(part, Number)]
    assert count.value == 1 and "0 of them checked" in count.note


def test_the_title_counts_models_by_what_us_sellers_ask() -> None:
    ratios = pd.Series([0.4, 0.94, 0.96, 1.0, 1.04, 1.06, 3.0])
    ending = "for 3, less for 2, more for 2"
    assert pages.premium_title(ratios) == (
        f"Of 7 models, the median US seller asks within 5% of the developer {ending}"
    )
    assert pages.premium_title(1 / ratios).endswith("for 3, less for 2, more for 2")
    assert pages.premium_title(ratios.clip(lower=1)).endswith("for 5, less for 0, more for 2")
