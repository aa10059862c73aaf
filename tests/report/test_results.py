"""results.json holds what the notebook found, or the notebook fails."""

from __future__ import annotations

import errno
import json
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError
from undercut.provenance import Provenance, attach
from undercut.report.findings.contract import read_results, write_atomically, write_results
from undercut.report.findings.results import Results


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.setenv("UNDERCUT_OUTPUT", str(tmp_path))
    return Results("demo", title="Did prices fall?", data_kind="real", as_of="2026-11-01")


def saved(report: Results) -> dict:
    report.save()
    return json.loads((report.folder / "results.json").read_text())


def test_a_finding_comes_back_as_it_was_recorded(report: Results) -> None:
    report.finding("fall", "Fall", np.float64(-36.2), "%", ci=(-41, -30), n=np.int64(212), method="Jevons")
    assert saved(report)["findings"] == [
        {
            "key": "fall", "label": "Fall", "value": -36.2, "unit": "%", "ci_low": -41, "ci_high": -30,
            "level": 0.95, "n": 212, "method": "Jevons", "as_of": "2026-11-01", "note": "", "role": None,
        }
    ]  # fmt: skip


def test_a_finding_without_interval_must_say_why(report: Results) -> None:
    with pytest.raises(InputError, match="no interval: say why"):
        report.finding("count", "Hosts", 4, "hosts")
    report.finding("count", "Hosts", 4, "hosts", note="a full count")
    assert saved(report)["findings"][0]["level"] is None


@pytest.mark.parametrize("half", [(float("nan"), 1.0), (0.0, float("inf"))])
def test_an_interval_that_is_not_finite_counts_as_none(report: Results, half: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="no interval"):
        report.finding("fall", "Fall", 0.5, "%", ci=half)


def test_a_range_of_all_cases_can_be_read_again(report: Results) -> None:
    report.finding("share", "Share", 0.4, "share", ci=(0.1, 0.9), level=1.0)
    saved(report)
    assert read_results(report.folder / "results.json")["findings"][0]["level"] == 1


def test_a_value_that_could_not_be_measured_is_null_not_nan(report: Results) -> None:
    report.finding("gap", "Gap", float("nan"), "%", note="no pair of models is close enough")
    assert saved(report)["findings"][0]["value"] is None


def test_keys_are_unique_and_well_formed(report: Results) -> None:
    report.finding("a", "A", 1, "x", note="n")
    with pytest.raises(InputError, match="exists already"):
        report.finding("a", "A again", 2, "x", note="n")
    with pytest.raises(InputError, match="lower-case"):
        report.finding("Not a key", "B", 2, "x", note="n")


def test_an_interval_upside_down_is_refused(report: Results) -> None:
    with pytest.raises(InputError, match="above its upper end"):
        report.finding("a", "A", 1, "x", ci=(2, 1))


def test_text_is_not_a_number(report: Results) -> None:
    with pytest.raises(InputError, match="not a number"):
        report.finding("a", "A", "12", "x", note="n")  # type: ignore[arg-type]


def test_provenance_of_every_frame_is_recorded_once(report: Results) -> None:
    entry = Provenance("litellm", "1.0", "2026-11-20T00:00:00Z", "MIT", "ab" * 32)
    report.uses(attach(pd.DataFrame(), entry), attach(pd.DataFrame(), entry))
    assert [source["source"] for source in saved(report)["data"]] == ["litellm"]


def test_dates_and_numpy_values_in_parameters_become_json() -> None:
    parameters = {
        "day": date(2025, 6, 30),
        "moment": pd.Timestamp("2025-06-30"),
        "n": np.int64(3),
        "of": ("US",),
    }
    report = Results("demo", title="T", data_kind="sample", parameters=parameters)
    recorded = report.to_dict()["parameters"]
    assert recorded == {"day": "2025-06-30", "moment": "2025-06-30", "n": 3, "of": ["US"]}


def test_sample_and_simulated_data_are_not_called_real() -> None:
    assert Results("demo", title="T", data_kind="sample").to_dict()["real_data"] is False
    assert Results("demo", title="T", data_kind="real").to_dict()["real_data"] is True
    with pytest.raises(InputError, match="data_kind"):
        Results("demo", title="T", data_kind="made up")  # type: ignore[arg-type]


def test_by_hand_results_go_to_the_projects_local_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERCUT_OUTPUT", raising=False)
    (tmp_path / "reports.toml").write_text("")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert Results("demo", title="T", data_kind="real").folder == tmp_path / "reports" / "local" / "demo"


def test_a_figure_is_written_with_its_data_and_needs_alternative_text(report: Results) -> None:
    import matplotlib.pyplot as plt

    drawn = pd.DataFrame({"month": ["2025-01"], "price": [1.25]})
    figure, ax = plt.subplots()
    with pytest.raises(InputError, match="alternative text"):
        report.figure(figure, "prices", alt=" ")
    ax.plot([1, 2])
    report.figure(figure, "prices", alt="Prices fall.", data=drawn)
    assert not plt.fignum_exists(figure.number)
    entry = saved(report)["figures"][0]
    assert (entry["alt"], entry["data"]) == ("Prices fall.", "figures/prices.csv")
    pd.testing.assert_frame_equal(pd.read_csv(report.folder / entry["data"]), drawn, check_dtype=False)
    assert (report.folder / entry["image"]).read_text().startswith("<?xml")


def test_a_failed_write_leaves_the_old_file(report: Results) -> None:
    report.finding("a", "A", 1, "x", note="n")
    report.save()
    path = report.folder / "results.json"
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"findings\[0\].value"):
        broken = report.to_dict()
        broken["findings"][0]["value"] = "one"
        write_results(path, broken)
    assert path.read_bytes() == before
    assert [file.name for file in report.folder.iterdir()] == ["results.json"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "results.json"
    write_atomically(path, "old")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"title": ""}, "title"),
        ({"built_at": "yesterday"}, "built_at"),
        ({"real_data": False}, "disagree"),
        ({"surprise": 1}, "must not contain"),
    ],
)
def test_reading_refuses_what_breaks_the_contract(report: Results, change: dict, complaint: str) -> None:
    content = saved(report) | change
    path = report.folder / "results.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=complaint):
        read_results(path)


def test_reading_refuses_nan_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(DataError, match=r"report\.save"):
        read_results(path)
    path.write_text('{"value": NaN}')
    with pytest.raises(DataError, match="NaN"):
        read_results(path)


def test_the_commit_is_recorded_with_whether_files_differ(tmp_path: Path) -> None:
    from undercut.report.catalogue.project import git_commit

    assert git_commit(tmp_path) is None
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    clean = git_commit(tmp_path)
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "new.txt").write_text("x")
    assert git_commit(tmp_path) == clean + "-dirty"


def test_the_moment_of_the_build_can_be_fixed(report: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    assert report.to_dict()["built_at"] == "2026-01-01T00:00:00Z"
