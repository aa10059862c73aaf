"""A move is told with its size, and whether it left the interval that was claimed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.errors import DataError, InputError
from undercut.report.catalogue.entries import Settings
from undercut.report.commands import compare_command
from undercut.report.findings.contract import write_results
from undercut.report.site.history import compare_builds, feed, moves, turns, write_history
from undercut.report.site.publish import HISTORY

EVIL = "<script>alert(1)</script>"


def finding(
    key: str, value: float | None, low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    return {
        "key": key, "label": f"Label of {key} {EVIL}", "value": value, "unit": "%",
        "ci_low": low, "ci_high": high, "level": None if low is None else 0.95,
        "n": 10, "method": "", "as_of": None, "note": "none",
    }  # fmt: skip


def results(*findings: dict[str, Any], built_at: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    return {
        "report": "demo", "title": f"Title {EVIL}", "answer": "", "as_of": None, "built_at": built_at,
        "git_commit": None, "parameters": {}, "data": [], "data_kind": "real", "real_data": True,
        "findings": list(findings), "figures": [], "warnings": [],
    }  # fmt: skip


def verdicts(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    return {move.key: move.verdict for move in moves(before, after)}


def test_each_kind_of_move_is_told_apart() -> None:
    before = results(
        finding("same", 5, 4, 6), finding("near", 5, 4, 6), finding("far", 5, 4, 6), finding("bare", 5),
        finding("lost", 5, 4, 6), finding("unmeasured", 5, 4, 6), finding("unit", 5, 4, 6),
    )  # fmt: skip
    after = results(
        finding("same", 5, 3, 7), finding("near", 6, 4, 8), finding("far", 6.1, 4, 8), finding("bare", 5.1),
        finding("unmeasured", None), finding("unit", 5, 4, 6) | {"unit": "x"}, finding("fresh", 1),
    )  # fmt: skip
    assert verdicts(before, after) == {
        "same": "unchanged", "near": "within", "far": "beyond", "bare": "no interval", "unmeasured": "gone",
        "unit": "other unit", "fresh": "new", "lost": "gone",
    }  # fmt: skip


numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers, st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_move_is_beyond_exactly_where_it_exceeds_the_interval_on_its_side(
    was: float, now: float, below: float, above: float
) -> None:
    [move] = moves(results(finding("a", was, was - below, was + above)), results(finding("a", now)))
    assert move.change == now - was
    if now != was:
        assert (move.verdict == "beyond") == (now > was + above or now < was - below)


def published(site: Path, values: list[float]) -> None:
    """A site with one report; every value but the last is an earlier build."""
    for day, value in enumerate(values, start=1):
        folder = site / "demo" if day == len(values) else site / HISTORY / "demo" / f"2026110{day}T000000Z"
        content = results(finding("fall", value, value - 1, value + 1), built_at=f"2026-11-0{day}T00:00:00Z")
        write_results(folder / "results.json", content)


def claim(verdict: str, name: str = "cheaper") -> dict[str, Any]:
    return {
        "id": name, "claim": f"Open models cost less {EVIL}.", "verdict": verdict, "reason": "One of two.",
        "findings": [{"report": "demo", "key": "fall"}], "interval": "", "as_of": None, "would_change": "",
    }  # fmt: skip


def test_a_verdict_that_changed_is_told_and_one_that_did_not_is_not() -> None:
    before = results() | {"claims": [claim("mixed"), claim("mixed", "same"), claim("supported", "lost")]}
    after = results() | {"claims": [claim("contradicted"), claim("mixed", "same"), claim("mixed", "new")]}
    assert [(turn.id, turn.before, turn.after) for turn in turns(before, after)] == [
        ("cheaper", "mixed", "contradicted"), ("new", None, "mixed"), ("lost", "supported", None),
    ]  # fmt: skip


def test_a_verdict_that_changed_is_in_the_table_the_history_and_the_feed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day, verdict in ((1, "mixed"), (2, "supported")):
        folder = tmp_path / "demo" if day == 2 else tmp_path / HISTORY / "demo" / "20261101T000000Z"
        content = results(built_at=f"2026-11-0{day}T00:00:00Z") | {"claims": [claim(verdict)]}
        write_results(folder / "results.json", content)
    write_history(tmp_path, ["demo"], Settings())
    page = (tmp_path / HISTORY / "demo" / "index.html").read_text()
    assert "mixed became supported" in page and EVIL not in page
    assert "0 findings moved, 1 verdict changed" in (tmp_path / "feed.xml").read_text()
    compare_command("demo", None, None, str(tmp_path), "table")
    assert "Claims whose verdicts changed" in capsys.readouterr().out


@pytest.mark.parametrize("fault", [{"verdict": "true"}, {"as_of": "soon"}, {"more": 1}])
def test_a_claim_that_breaks_the_contract_is_refused(tmp_path: Path, fault: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="breaks the contract"):
        write_results(tmp_path / "results.json", results() | {"claims": [claim("mixed") | fault]})
    with pytest.raises(DataError, match="'cheaper' appears twice in claims"):
        write_results(tmp_path / "results.json", results() | {"claims": [claim("mixed")] * 2})


def test_two_builds_are_found_by_their_moments(tmp_path: Path) -> None:
    published(tmp_path, [1.0, 1.5, 9.0])
    last = compare_builds(tmp_path, "demo")
    assert last["change"].tolist() == [7.5]
    assert last["verdict"].tolist() == ["beyond"]
    assert last.attrs["builds"] == ["20261102T000000Z", "20261103T000000Z"]
    assert compare_builds(tmp_path, "demo", "2026-11-01", "20261102")["verdict"].tolist() == ["within"]
    assert compare_builds(tmp_path, "demo", str(tmp_path / "demo" / "results.json"))["change"].tolist() == [0]
    with pytest.raises(InputError, match="Unknown build of demo '2025'"):
        compare_builds(tmp_path, "demo", "2025")
    with pytest.raises(InputError, match="not been built yet"):
        compare_builds(tmp_path, "other")


def test_with_one_build_there_is_nothing_to_compare(tmp_path: Path) -> None:
    published(tmp_path, [1.0])
    with pytest.raises(InputError, match="nothing to compare"):
        compare_builds(tmp_path, "demo")


def test_the_history_page_and_the_feed_tell_what_left_its_interval(tmp_path: Path) -> None:
    published(tmp_path, [1.0, 1.5, 9.0])
    write_history(tmp_path, ["demo"], Settings(address="https://example.org/site"))
    page = (tmp_path / HISTORY / "demo" / "index.html").read_text()
    assert page.count("moved out of the earlier interval") == 1
    assert page.count("moved within the earlier interval") == 1
    assert "+7.5%" in page and "0.0% to 2.0%" in page
    assert EVIL not in page
    atom = ElementTree.fromstring((tmp_path / "feed.xml").read_text())
    name = "{http://www.w3.org/2005/Atom}"
    entries = [entry.findtext(name + "content") for entry in atom.findall(name + "entry")]
    assert len(entries) == 2  # the first build, and the one that left the interval
    assert "1.5% became 9%" in str(entries[0])
    link = atom.find(f"{name}entry/{name}link")
    assert link is not None
    assert link.get("href") == "https://example.org/site/history/demo/index.html"


def test_a_failure_is_news(tmp_path: Path) -> None:
    published(tmp_path, [1.0])
    moment = "2026-11-09T00:00:00Z"
    about = {"title": "T", "reason": "KeyError", "cell": 3, "failed_at": moment, "started_at": moment}
    about |= {"status": "failed", "report": "demo", "parameters": {}}
    (tmp_path / "demo" / "failure.json").write_text(json.dumps(about))
    write_history(tmp_path, ["demo"], Settings())
    assert "T build failed in cell 3" in (tmp_path / "feed.xml").read_text()
    assert "The last build failed" in (tmp_path / HISTORY / "demo" / "index.html").read_text()


def test_identities_in_the_feed_stay_the_same_between_builds(tmp_path: Path) -> None:
    published(tmp_path, [1.0, 9.0])
    texts = []
    for _ in range(2):
        write_history(tmp_path, ["demo"], Settings())
        texts.append((tmp_path / "feed.xml").read_text())
    assert texts[0] == texts[1]
    assert feed([], "").count("<entry>") == 0
