"""Mistakes in reports.toml and in parameters are found before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.projects import code, demo_cells, write_project
from undercut.errors import InputError, UnknownNameError
from undercut.report.catalogue.catalogue import check_catalogue, load_catalogue, pick
from undercut.report.catalogue.entries import CatalogueError
from undercut.report.catalogue.parameters import Parameter

SPECIFIED = """\
ticker = { type = "str" }
country = { type = "str", choices = ["NO", "US", "CN"] }
limit = { type = "int", minimum = 1, maximum = 10 }
share = { type = "float", minimum = 0, maximum = 1 }
live = { type = "bool" }
as_of = { type = "date", optional = true, minimum = 2023-11-01, because = "lists begin then" }
origins = { type = "list[str]", choices = ["US", "CN", "FR"] }
"""
CELL = """
    ticker = "007"
    country: str = "NO"  # Norway
    limit = 5
    share = 1
    live = False
    as_of = None
    origins = ["US", "CN"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path, [code(CELL, "parameters")], parameters=SPECIFIED)


def mistakes(project: Path) -> list[str]:
    return [str(mistake) for mistake in check_catalogue(project / "reports.toml")]


def test_defaults_come_from_the_notebooks_own_cell(project: Path) -> None:
    report = load_catalogue(project / "reports.toml")["demo"]
    assert report.values({}) == {
        "ticker": "007", "country": "NO", "limit": 5, "share": 1.0, "live": False, "as_of": None,
        "origins": ["US", "CN"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ticker", "012", "012"),
        ("ticker", "null", "null"),
        ("country", "NO", "NO"),
        ("limit", "7", 7),
        ("share", "0.25", 0.25),
        ("live", "yes", True),
        ("as_of", "2025-06-30", "2025-06-30"),
        ("as_of", "", None),
        ("origins", "CN, FR", ["CN", "FR"]),
        ("origins", '["FR"]', ["FR"]),
    ],
)
def test_text_is_read_by_the_parameters_type(project: Path, name: str, text: str, value: object) -> None:
    read = load_catalogue(project / "reports.toml")["demo"].values({name: text})[name]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("tickr", "A", "Did you mean: ticker"),
        ("country", "Norway", "choose from NO, US, CN"),
        ("country", "no", "Did you mean 'NO'"),
        ("limit", "7.5", "not a whole number"),
        ("limit", "11", "above the maximum 10"),
        ("share", "nan", "not a finite number"),
        ("live", "maybe", "not true or false"),
        ("as_of", "30.6.2025", "not a date like"),
        (
            "as_of",
            "2020-01-01",
            r"Report demo: .*'as_of': 2020-01-01 .* minimum 2023-11-01 \(lists begin then\)",
        ),
        ("origins", "US,DE", "'DE' is not allowed"),
        ("limit", "", "not a whole number"),
    ],
)
def test_what_is_not_allowed_is_refused_with_advice(
    project: Path, name: str, text: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        load_catalogue(project / "reports.toml")["demo"].values({name: text})


def test_all_refusals_are_told_at_once(project: Path) -> None:
    with pytest.raises(InputError) as refusal:
        load_catalogue(project / "reports.toml")["demo"].values({"limit": "x", "share": "y", "tickr": "z"})
    assert len(str(refusal.value).splitlines()) == 3


def test_a_true_value_is_not_a_number() -> None:
    with pytest.raises(InputError, match="not a whole number"):
        Parameter("limit", "int").read(True)


def test_every_mistake_of_the_file_is_listed_with_its_line(tmp_path: Path) -> None:
    write_project(tmp_path, demo_cells())
    (tmp_path / "reports.toml").write_text(
        """[report.demo]
notebook = "notebooks/dem.ipynb"
titel = "T"
timeout_seconds = -1

[report.demo.parameters]
limit = { type = "integer" }
share = { type = "float", minimun = 0 }

[other]
""",
        encoding="utf-8",
    )
    found = mistakes(tmp_path)
    assert [line.split(":")[1] for line in found] == ["1", "2", "3", "4", "7", "8", "10"]
    text = "\n".join(found)
    for part in (
        "needs a title",
        "did you mean 'notebooks/demo.ipynb'",
        "did you mean 'title'",
        "'minimum'?",
    ):
        assert part in text


def test_the_notebook_and_the_catalogue_must_agree(tmp_path: Path) -> None:
    cells = [code('limit = "5"\nextra = 1', "parameters")]
    write_project(tmp_path, cells, parameters='limit = { type = "int" }\nlimt = { type = "int" }')
    text = "\n".join(mistakes(tmp_path))
    assert "reports.toml:5: demo.ipynb: Parameter 'limit': default '5' is text, not int." in text
    assert "parameter 'extra' of demo.ipynb is not in the catalogue" in text
    assert "parameter 'limt' is not in the parameters cell of demo.ipynb; did you mean 'limit'?" in text


def test_a_stated_default_must_be_the_notebooks(tmp_path: Path) -> None:
    write_project(tmp_path, demo_cells(), parameters='limit = { type = "int", default = 6 }')
    assert "default 6 differs from the notebook's 5" in mistakes(tmp_path)[0]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("limit = 2 + 3 * x", "must be a literal"),
        ("import os", "line 1: only assignments"),
        ("limit = 5\nlimit = 6", "assigned twice"),
        ("limit = ", "line 1"),
    ],
)
def test_the_parameters_cell_holds_literals_only(tmp_path: Path, source: str, complaint: str) -> None:
    write_project(tmp_path, [code(source, "parameters")])
    assert complaint in mistakes(tmp_path)[0]


def test_a_notebook_outside_the_project_is_refused(tmp_path: Path) -> None:
    write_project(tmp_path / "inside", demo_cells())
    text = (tmp_path / "inside" / "reports.toml").read_text().replace("notebooks/", "../other/")
    (tmp_path / "inside" / "reports.toml").write_text(text)
    assert "outside the project" in mistakes(tmp_path / "inside")[0]


def test_damaged_files_are_mistakes_not_tracebacks(tmp_path: Path) -> None:
    assert "is not in" in mistakes(tmp_path)[0]
    (tmp_path / "reports.toml").write_text("[report.a]\nnotebook = \n")
    assert mistakes(tmp_path)[0].startswith("reports.toml:2: ")
    write_project(tmp_path, demo_cells())
    (tmp_path / "notebooks" / "demo.ipynb").write_text("[]")
    assert "is not a notebook" in mistakes(tmp_path)[0]
    with pytest.raises(CatalogueError, match="is not a notebook"):
        load_catalogue(tmp_path / "reports.toml")


def test_an_unknown_report_names_the_closest(project: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean: demo"):
        pick(load_catalogue(project / "reports.toml"), ["demos"])


def test_mistakes_in_limits_grids_schedules_and_settings_are_listed_with_their_lines(tmp_path: Path) -> None:
    write_project(tmp_path, demo_cells())
    (tmp_path / "reports.toml").write_text(
        """[site]
keep_build = 3
on_failure = 7
keep_builds = -1

[report.demo]
notebook = "notebooks/demo.ipynb"
title = "T"
memory_mb = true
output_mb = 0
schedule = "every day"

[report.demo.parameters]
limit = { type = "int", maximum = 9 }

[report.demo.grid]
limit = [6, 10]
limt = [1]

[report.variants]
notebook = "notebooks/demo.ipynb"
title = "T"
[report.variants.parameters]
limit = { type = "int" }
[report.variants.grid]
limit = 6
"""
    )
    found = mistakes(tmp_path)
    assert [line.split(":")[1] for line in found] == [
        "2", "3", "4", "9", "10", "11", "17", "18", "20", "26",
    ]  # fmt: skip
    for line, part in enumerate(
        (
            "did you mean 'keep_builds'?", "on_failure must be text", "keep_builds must be a whole number",
            "memory_mb must be a positive", "output_mb must be a positive", "not in cron's syntax",
            "10 is above the maximum 9", "did you mean 'limit'?", "taken by a folder", "must be a list",
        )
    ):  # fmt: skip
        assert part in found[line]


def test_the_former_name_of_a_parameter_is_understood_with_a_warning(tmp_path: Path) -> None:
    specified = 'capability_level = { type = "str", formerly = "level" }\n'
    cells = [code('capability_level = "GPT-4"', "parameters")]
    report = load_catalogue(write_project(tmp_path, cells, parameters=specified) / "reports.toml")["demo"]
    with pytest.warns(FutureWarning, match="'level' of demo is called 'capability_level' now"):
        assert report.values({"level": "o1"}) == {"capability_level": "o1"}
    with pytest.raises(InputError, match="give one of the two"):
        report.values({"level": "o1", "capability_level": "o1"})
