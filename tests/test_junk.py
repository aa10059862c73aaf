"""Junk of every kind into every loader and command: an error that names the input, or the right answer.

``UNDERCUT_JUNK=20`` multiplies the number of inputs.
"""

# ruff: noqa: E501 (tables of junk)

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from undercut.cli import app
from undercut.errors import UndercutError
from undercut.eventstudy.command import eventstudy_command, read_events
from undercut.faults import told
from undercut.prices.index.command import index_table
from undercut.report.catalogue.catalogue import check_catalogue
from undercut.report.findings.contract import read_results
from undercut.sources.closes import load_closes
from undercut.sources.factors import read_factor_file
from undercut.sources.quotes import parse_json_object
from undercut.sources.returns_files import read_returns_file

DAYS: Final = [f"2024-01-{day:02}" for day in (2, 3, 4, 5, 8, 9, 10, 11)]
RNG: Final = np.random.default_rng(7)
RETURNS: Final = "date,ticker,return\n" + "".join(
    f"{day},{name},{RNG.normal(0, 0.02):.4f}\n" for day in DAYS for name in ("AAA", "BBB")
)
WIDE: Final = "date,AAA,BBB\n" + "".join(
    f"{day},{RNG.normal(0, 0.02):.4f},{RNG.normal(0, 0.02):.4f}\n" for day in DAYS
)
QUOTES: Final = "period,product,price,quantity\n" + "".join(
    f"2024-{month:02},{name},{10 + month + k},{5 + k}\n"
    for month in range(1, 5)
    for k, name in enumerate("abc")
)
CLOSES: Final = RETURNS.replace("return", "close").replace(",-", ",")
EVENTS: Final = "event,firm,date,group\nx,AAA,2024-01-08,one\ny,BBB,2024-01-09,two\n"
FACTORS: Final = "date,mkt_rf,smb,rf\n" + "".join(
    f"{day},0.00{i + 1},-0.001,0.0001\n" for i, day in enumerate(DAYS)
)

LOADERS: Final[dict[str, tuple[str, Callable[[Path], Any]]]] = {
    "returns": (RETURNS, read_returns_file),
    "wide returns": (WIDE, read_returns_file),
    "quotes": (QUOTES, lambda path: index_table(path, method="fisher")),
    "quotes, chained": (QUOTES, lambda path: index_table(path, method="jevons", bad_rows="drop")),
    "closes": (CLOSES, load_closes),
    "events": (EVENTS, read_events),
    "factors": (FACTORS, read_factor_file),
}
TOKENS: Final = [
    "", " ", "nan", "NaN", "inf", "-inf", "1e999", "-1", "0", "0.5", "1,5", "1.234,5", "1,234", "12%", "$3", "1e-3",
    "9" * 400, "x" * 300, "2024-13-01", "2024-02-30", "01/02/2024", "1/30/2024", "20240102", "2024Q1", "45000", "Total",
    "=1+1", "#REF!", "None", "true", "\x1b[31m", "[bold]x[/bold]", "é", "½", "١٢", "１２", "1_000", "0x10", "−1", "1d5",
    "+-1", "..", "2024-01-03T00:00:00Z", "2024-01-03 15:30", "99999-01-01", "0001-01-01", "\u202e1", "AAA ", "aaa",
]  # fmt: skip


TIMES: Final = int(os.environ.get("UNDERCUT_JUNK", "1"))


def inputs(count: int) -> Any:
    """So many generated inputs, or a multiple of it."""
    return settings(
        max_examples=count * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )


def tried(load: Callable[[Path], Any], path: Path) -> Any:
    """What a loader says, and whether its failure is one that a user can act on."""
    try:
        return load(path)
    except UndercutError as error:
        assert path.name in str(error) or "quotes" in str(error).lower(), f"which file? {error}"
        assert len(str(error)) < 2_000
    return None


def binary_junk() -> st.SearchStrategy[bytes]:
    """Bytes that begin as some format does, whole or cut, and archives of junk."""
    marks = [
        b"",
        b"PAR1",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0",
        b"\x1f\x8b",
        b"BZh9",
        b"\xfd7zXZ\x00",
        b"\xff\xfe",
    ]
    packed = st.sampled_from([gzip.compress, bz2.compress, lzma.compress, _zipped, _parquet, bytes])
    whole = st.builds(
        lambda pack, body: pack(body), packed, st.binary(max_size=200) | st.just(RETURNS.encode())
    )
    cut = st.builds(lambda body, at: body[: int(len(body) * at)], whole, st.floats(0, 1))
    return (
        st.builds(lambda mark, body: mark + body, st.sampled_from(marks), st.binary(max_size=120))
        | whole
        | cut
    )


def _zipped(body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.csv", body)
    return out.getvalue()


def _parquet(body: bytes) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"date": [body, body], "close": [1.0, 2.0]}), out)
    return out.getvalue()


@pytest.mark.parametrize("kind", LOADERS)
@inputs(25)
@given(content=binary_junk())
def test_binary_junk_is_refused_by_name(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "junk.csv"
    path.write_bytes(content)
    tried(LOADERS[kind][1], path)


ODD_COLUMNS: Final = st.sampled_from([
    [[1], [2]], [{"a": 1}, {"a": 2}], [True, False], [None, None], [b"x", b"y"], [10**18, -(10**18)], [1.5, float("inf")],
    pd.to_timedelta([1, 2], unit="D"), pd.to_datetime(["2024-01-02", "2024-01-03"], utc=True), pd.Categorical(["a", "b"]),
    pd.date_range("1700-01-01", periods=2, unit="us"), pd.date_range("2024-01-02", periods=2), ["2024-01-02", "x"],
    [0.01, -0.02], ["a", "b"], [1, 2], ["", ""],
])  # fmt: skip


@pytest.mark.parametrize("kind", LOADERS)
@inputs(15)
@given(columns=st.lists(ODD_COLUMNS, min_size=4, max_size=4))
def test_parquet_of_odd_types_is_read_or_refused(kind: str, columns: list[Any], tmp_path: Path) -> None:
    base, load = LOADERS[kind]
    names = base.split("\n", 1)[0].split(",")
    path = tmp_path / "odd.parquet"
    pd.DataFrame({name: list(values) if isinstance(values, list) else values
                  for name, values in zip(names, columns, strict=False)}).to_parquet(path)  # fmt: skip
    tried(load, path)


@pytest.mark.parametrize("kind", LOADERS)
@inputs(35)
@given(data=st.data())
def test_one_junk_cell_is_an_error_or_changes_its_own_row_only(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    base, load = LOADERS[kind]
    rows = [line.split(",") for line in base.splitlines()]
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    token = data.draw(st.sampled_from(TOKENS))
    rows[row][column] = f'"{token}"' if data.draw(st.booleans()) else token
    path = tmp_path / "cell.csv"
    path.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    found = tried(load, path)
    if found is None or row == 0:
        return
    if kind in ("returns", "wide returns"):
        path.write_text(base)
        before, after = (part.frame.drop(columns="source") for part in (load(path), found))
        own = pd.Timestamp(DAYS[(row - 1) // (2 if kind == "returns" else 1)])
        others = before[before["date"] != own]
        merged = others.merge(after, how="left", indicator=True)
        assert (merged["_merge"] == "both").all(), f"{token!r} in row {row} moved other rows"
    elif isinstance(found, pd.DataFrame):
        numbers = found.select_dtypes("number").to_numpy(dtype=float)
        assert not np.isinf(numbers).any()


@pytest.mark.parametrize("kind", LOADERS)
@inputs(25)
@given(data=st.data())
def test_broken_structure_is_refused_by_name(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    base, load = LOADERS[kind]
    lines = base.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    change = data.draw(
        st.sampled_from(["footer", "surplus", "short", "again", "header", "quote", "title", "blank"])
    )
    lines[at] += {"surplus": ",5", "quote": '"'}.get(change, "")
    lines = {
        "footer": [
            *lines,
            data.draw(st.sampled_from(["Total", "Source: the exchange", "Total,,", ",,,", "n = 8,x"])),
        ],
        "short": [*lines[:at], lines[at].rpartition(",")[0], *lines[at + 1 :]],
        "again": [*lines[:at], lines[at], *lines[at:]],
        "header": [lines[0], *lines],
        "title": ["A title", "", *lines],
        "blank": [*lines[:at], "", "  ", *lines[at:]],
    }.get(change, lines)
    path = tmp_path / "broken.csv"
    path.write_text(
        "\n".join(lines) + "\n", encoding=data.draw(st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
    )
    found = tried(load, path)
    assert (
        found is None
        or change in ("blank", "again", "quote")
        or (change, at) == ("quote", 0)
        or (change == "footer" and lines[-1] == ",,,")
    )


JSON_JUNK: Final = (
    st.binary(max_size=100)
    | st.recursive(st.none() | st.text(max_size=5) | st.floats(), lambda part: st.lists(part, max_size=3)
                   | st.dictionaries(st.text(max_size=5), part, max_size=3), max_leaves=8).map(
        lambda value: json.dumps(value).encode())
    | st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5_000, b'{"a": ' + b"9" * 5_000 + b"}", b"\xff", b""])
)  # fmt: skip


@inputs(60)
@given(content=JSON_JUNK)
def test_json_junk_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    tried(read_results, path)
    tried(lambda found: parse_json_object(found.read_bytes(), found.name), path)


TOML_JUNK: Final = st.text(max_size=60) | st.sampled_from([
    "report = 5", "[report]\nx = 1", "[report.x]\nnotebook = 5", "[report.x]\nnotebook = 'n.ipynb'\nparameters = 3",
    "[site]\ntitle = []", "a = " + "[" * 2_000, "[report.x]\nnotebook = 'n.ipynb'\n[report.x.parameters.y]\ntype = 'int'",
    "[report.x]\nnotebook = 'n.ipynb'\nafter = 7", "[report.x]\nnotebook = 'n.ipynb'\n[report.x.grid]\ny = 1", "a = 1" * 3,
    "[report.\"\\u001b[31m\"]\nnotebook = 'n.ipynb'", "[report.x]\nnotebook = 'n.ipynb'\ntimeout_seconds = nan", "\ufeff",
    "[report.x]\nnotebook = '" + "n" * 5_000 + "'", "[report.x]\nnotebook = '/etc/passwd'", "[report.x]\nnotebook = '.'",
])  # fmt: skip
NOTEBOOKS: Final = st.sampled_from([
    "", "{}", "[]", "5", "null", '{"cells": 5}', '{"cells": [5]}', '{"cells": [{}]}', '{"cells": [{"source": 5}]}', "[" * 99_999,
    '{"cells": [{"cell_type": "code", "source": "x = ", "metadata": {"tags": ["parameters"]}}]}', '{"cells": null}',
    '{"cells": [{"cell_type": "code", "source": "y = 1", "metadata": {"tags": 7}}]}', '{"cells": [{"metadata": null}]}',
    '{"cells": [{"cell_type": "code", "source": ["y = ' + "9" * 5_000 + '"], "metadata": {"tags": ["parameters"]}}]}',
])  # fmt: skip


@inputs(60)
@given(toml=TOML_JUNK, notebook=NOTEBOOKS)
def test_catalogues_and_notebooks_in_odd_shapes_are_mistakes_with_places(
    toml: str, notebook: str, tmp_path: Path
) -> None:
    (tmp_path / "n.ipynb").write_text(notebook)
    (tmp_path / "reports.toml").write_bytes(toml.encode("utf-8", "surrogatepass"))
    try:
        problems = check_catalogue(tmp_path / "reports.toml")
    except UndercutError as error:
        assert "reports.toml" in str(error)
    else:
        assert all(str(problem) for problem in problems)


ARGUMENTS: Final = [
    "", " ", "nan", "inf", "-1", "0", "1e400", "9" * 400, "x" * 300, "x" * 5_000, "../..", "/dev/null/x", "\x1b[31m", "[bold]", "a=b",
    "a=", "=", "a=b,", "é", "2030-01-01", "2024-02-30", "0001-01-01", "99999-01-01", "\udcff", "NVDA", "gpt-4o", "01_market_prices",
    "chat", "json", "csv", "table", "jevons", "--", "-250:-31", "1:2:3", "a:b", "tcp://nowhere:1", "nonsense", "null", "\x00",
]  # fmt: skip
OPTIONS: Final = {
    "prices": ["--host", "--as-of", "--status", "--workload", "--format"],
    "changes": ["--since", "--host", "--model", "--verdict", "--as-of", "--format"],
    "index": ["--method", "--window", "--splice", "--variety", "--elasticity", "--weight-period", "--bad-rows",
              "--duplicates", "--format"],
    "eventstudy": ["--events", "--market", "--model", "--estimation", "--window", "--min-days", "--values",
                   "--factors", "--risk-free", "--calendar", "--format"],
    "value": ["--scenario", "--set", "--as-of", "--format"],
    "compare": ["--out", "--format"],
    "export": ["--to", "--out"],
}  # fmt: skip


def run(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        assert told(result.exception) is not None, f"{arguments}: {result.exception!r}"


@inputs(100)
@given(data=st.data())
def test_junk_arguments_end_in_advice(
    data: st.DataObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "quotes.csv").write_text(QUOTES)
    command = data.draw(st.sampled_from(sorted(OPTIONS)))
    values = st.sampled_from([*ARGUMENTS, "junk.csv", "quotes.csv", str(tmp_path)])
    arguments = data.draw(st.lists(values, max_size=2))
    for option in data.draw(st.lists(st.sampled_from(OPTIONS[command]), max_size=3, unique=True)):
        arguments += [option, data.draw(values)]
    if command == "export" and "--to" not in arguments:
        arguments += ["--to", "x.html"]
    run([command, *arguments])


@pytest.mark.parametrize(
    "arguments",
    [
        ["build", "--cluster", "nonsense"], ["build", "--why", "--cluster", "nonsense"],
        ["build", "--out", "/dev/null/x"], ["build", "--why", "-p", "x=1", "--grid", "x=1,2"], ["build", "--timeout", "nan"],
        ["build", "--timeout", "-1"], ["build", "-p", "x=1", "--grid", "x=1,2"], ["build", "x" * 300],
        ["build", "--grid", "x"], ["build", "-p", "=1"], ["build", "--out", "x" * 5_000], ["build", "--jobs", "-1"],
        ["panel", "export", "/dev/null/x"], ["init", "/dev/null/x"], ["new", "../x"], ["new", "x" * 300],
    ],
    ids=lambda words: " ".join(words)[:40],
)  # fmt: skip
def test_what_cannot_be_built_or_written_is_said(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reports.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    run(arguments)
    assert not [path for path in tmp_path.iterdir() if path.name != "reports.toml"] or arguments[0] == "build"


@inputs(20)
@given(token=st.sampled_from(TOKENS), firm=st.sampled_from(["AAA", "BBB"]))
def test_a_junk_return_moves_no_other_firm(token: str, firm: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(0, 0.01, (60, 3)).round(5).astype(str), columns=["MKT", "AAA", "BBB"])
    frame.insert(0, "date", pd.bdate_range("2024-01-02", periods=60).strftime("%Y-%m-%d"))
    (tmp_path / "events.csv").write_text("event,firm,date\nx,AAA,2024-03-15\nx,BBB,2024-03-15\n")

    def cars() -> pd.DataFrame:
        frame.to_csv(tmp_path / "returns.csv", index=False)
        options = {
            "events": tmp_path / "events.csv",
            "market": "MKT",
            "estimation": "-40:-5",
            "window": "0:1",
        }
        return eventstudy_command(tmp_path / "returns.csv", **options)["car"].set_index("firm")

    sound = cars()
    frame.loc[20, firm] = token
    try:
        found = cars()
    except UndercutError as error:
        assert "returns.csv" in str(error)
        return
    other = "BBB" if firm == "AAA" else "AAA"
    pd.testing.assert_series_equal(found.loc[other], sound.loc[other])


@pytest.mark.slow
def test_ten_times_as_much_junk() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", __file__]
    done = subprocess.run(command, env=os.environ | {"UNDERCUT_JUNK": "10"}, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()[-5_000:]
