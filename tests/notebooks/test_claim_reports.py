"""The reports behind the claims, run for real: against second computations and against the ledger."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.prices.cross_section import cross_section
from undercut.report.build import build_reports
from undercut.studies.briefing.claims import judge

pytestmark = pytest.mark.xdist_group("notebooks")

REPORTS = ("12_cost_and_access", "13_security_quality_reliability", "14_adoption")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The three reports and the briefing made from them."""
    site = tmp_path_factory.mktemp("site")
    build_reports([*REPORTS, "00_briefing"], {}, site)
    found = [json.loads(path.read_text()) for path in sorted(site.rglob("results.json"))]
    return {content["report"]: content for content in found}


def number(results: dict[str, dict[str, Any]], report: str, key: str) -> dict[str, Any]:
    return next(finding for finding in results[report]["findings"] if finding["key"] == key)


def test_every_finding_that_decides_a_claim_is_published(results: dict[str, dict[str, Any]]) -> None:
    tests = undercut.load_reference("claim_tests")
    for row in tests[tests["report"].isin(REPORTS)].itertuples():
        found = number(results, row.report, row.finding)
        assert found["unit"] == row.unit, row.finding


def test_every_number_has_an_interval_or_says_why_not(results: dict[str, dict[str, Any]]) -> None:
    for content in results.values():
        for finding in content["findings"]:
            assert finding["ci_low"] is not None or finding["note"], finding["key"]


def test_the_price_ratio_is_that_of_the_two_cheapest_offers(results: dict[str, dict[str, Any]]) -> None:
    panel = undercut.load_prices(workload="measured")
    offers = cross_section(panel, panel["last_seen"].max().date())
    good = offers[offers["eci"] >= 141.91]
    us = good[(good["origin"] == "US") & (good["access"] == "closed") & (good["host"] == "openai")]
    chinese = good[(good["origin"] == "CN") & good["access"].str.startswith("open")]
    in_us = chinese[(chinese["host_country"] == "US") & chinese["host_kind"].isin(["host", "cloud"])]
    found = number(results, "12_cost_and_access", "us_hosted_to_closed_price")
    assert found["value"] == pytest.approx(100 * (in_us["price"].min() / us["price"].min() - 1))


def test_the_capability_gap_is_the_difference_of_the_two_best_scores(
    results: dict[str, dict[str, Any]],
) -> None:
    scores = undercut.load_reference("capability_scores").query("measure == 'eci_2026_10'")
    us = scores[scores["origin"].eq("US") & scores["access"].eq("closed")]["score"].max()
    cn = scores[scores["origin"].eq("CN") & scores["access"].str.startswith("open").fillna(False)][
        "score"
    ].max()
    found = number(results, "13_security_quality_reliability", "capability_gap_points")
    assert found["value"] == pytest.approx(us - cn)


def test_the_token_share_is_that_of_the_last_thirteen_weeks(results: dict[str, dict[str, Any]]) -> None:
    """Counted with plain sums: known Chinese open tokens over all, over classified, and all that may be."""
    table = undercut.load_reference("token_usage_weekly")
    table = table[table["week_start"] > table["week_start"].max() - pd.Timedelta(weeks=13)]
    rows: dict[pd.Timestamp, list[float]] = {}
    for row in table.itertuples():
        sums = rows.setdefault(row.week_start, [0.0, 0.0, 0.0, 0.0])
        place, access = row.origin, row.access
        chinese = None if pd.isna(place) else place == "CN"
        opened = None if pd.isna(access) else access != "closed"
        sums[0] += row.tokens
        sums[1] += row.tokens if chinese and opened else 0
        sums[2] += row.tokens if chinese is not False and opened is not False else 0
        sums[3] += row.tokens if chinese is not None and opened is not None else 0
    means = np.mean([[a / d, a / t, m / t] for t, a, m, d in rows.values()], axis=0) * 100
    found = number(results, "14_adoption", "chinese_open_share")
    assert [found["value"], found["ci_low"], found["ci_high"]] == pytest.approx(means.tolist())


def test_the_briefing_gives_the_verdicts_that_the_findings_give(results: dict[str, dict[str, Any]]) -> None:
    published = results["00_briefing"]["claims"]
    again = judge({name: results[name] for name in REPORTS}).records()
    assert [(claim["id"], claim["verdict"]) for claim in published] == [
        (claim["id"], claim["verdict"]) for claim in again
    ]


def test_the_briefing_repeats_numbers_as_they_are(results: dict[str, dict[str, Any]]) -> None:
    for finding in results["00_briefing"]["findings"]:
        kind, _, rest = finding["key"].partition(".")
        report, _, key = rest.partition(".")
        if kind == "headline" and report in REPORTS:
            assert finding["value"] == number(results, report, key)["value"]


def test_an_unbuilt_report_is_said_to_be_unknown(results: dict[str, dict[str, Any]]) -> None:
    warnings = " ".join(results["00_briefing"]["warnings"])
    assert "How fast do AI prices fall?" in warnings
    assert pd.isna(number(results, "00_briefing", "headline.02_price_index.annual.same_model")["value"])
