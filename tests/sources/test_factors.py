"""Are the factors French's, in decimals, and is what is not factors refused?"""

from __future__ import annotations

import io
import itertools
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import stamina

from tests.loopback import Handler, Reply, Request, serve
from tests.paths import SHARED
from undercut.errors import DataError, SourceError, UnknownNameError
from undercut.provenance import provenance_of
from undercut.sources import factors
from undercut.sources.factors import FILES, load_factors, parse_french
from undercut.sources.sessions import sessions

OWN = SHARED / "data" / "stocks" / "factors_daily.csv"
#: The layout of the library's files; numbers of three days as it publishes them.
FIVE = b"""This file was created by using the 202602 CRSP database.

,Mkt-RF,SMB,HML,RMW,CMA,RF
20250124,  -0.31,   0.29,  -0.16,  -0.64,  -0.02,   0.02
20250127,  -1.49,  -0.67,   2.50,  -0.14,  -1.73,   0.02
20250128,   0.92,  -0.17,  -1.66,   0.58,   0.49,   0.02

Copyright 2026 Eugene F. Fama and Kenneth R. French
"""
MOMENTUM = b"""This file was created by using the 202602 CRSP database.
Missing data are indicated by -99.99 or -999.

,Mom
20250124,   0.21
20250127,  -3.28
20250128, -99.99

Copyright 2026 Eugene F. Fama and Kenneth R. French
"""


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.csv", content)
    return buffer.getvalue()


ANSWERS = {f"/{FILES[0]}": zipped(five=FIVE), f"/{FILES[1]}": zipped(mom=MOMENTUM)}


def library(request: Request) -> Reply:
    return Reply(ANSWERS[request.path])


def test_percent_become_decimals_and_missing_stays_missing(tmp_path: Path) -> None:
    with serve(library) as server:
        frame = load_factors(source="french", cache=tmp_path, library=server.url)
    assert frame.columns.tolist() == ["date", "mkt_rf", "smb", "hml", "rmw", "cma", "rf", "mom"]
    shock = frame.set_index("date").loc["2025-01-27"]
    assert (shock["mkt_rf"], shock["hml"], shock["mom"], shock["rf"]) == (-0.0149, 0.025, -0.0328, 0.0002)
    assert frame["mom"].isna().tolist() == [False, False, True]
    (entry,) = provenance_of(frame)
    assert "not redistributed" in entry["licence"] and "2025-01-28" in entry["note"]


def test_the_library_is_asked_once_a_week(tmp_path: Path) -> None:
    with serve(library) as server:
        first = load_factors(source="french", cache=tmp_path, library=server.url)
        second = load_factors(source="french", cache=tmp_path, library=server.url)
        assert first.equals(second) and len(server.requests) == 2
        for name in FILES:
            os.utime(tmp_path / name, (0, 0))
        load_factors(source="french", cache=tmp_path, library=server.url)
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Reply(b"x", 500), "HTTP 500"),
        (Reply(b"x", 404), "HTTP 404"),
        (Reply(b"slow down", 429, {"Retry-After": "0"}), "HTTP 429"),
        (Reply(b""), "empty answer"),
        (Reply(b"<html>moved</html>"), "not a readable zip"),
        (Reply(ANSWERS[f"/{FILES[0]}"][:200]), "not a readable zip"),
        (Reply(ANSWERS[f"/{FILES[0]}"][:200], claimed_length=900), "could not be reached"),
        (Reply(zipped(a=FIVE, b=FIVE)), "2 CSV files"),
        (Reply(zipped(five=b"Nothing today")), "layout has changed"),
    ],
    ids=["500", "404", "429", "empty", "html", "cut", "truncated", "two", "prose"],
)
def test_a_lasting_fault_names_the_library_and_a_way_out(fault: Reply, told: str, tmp_path: Path) -> None:
    with serve(lambda _: fault) as server, pytest.raises(SourceError, match=told) as failure:
        load_factors(source="french", cache=tmp_path, library=server.url)
    assert "give the file as source=" in str(failure.value)
    assert not list(tmp_path.iterdir())


def test_a_passing_fault_is_asked_again(tmp_path: Path) -> None:
    faults = itertools.chain([Reply(b"x", 502)], itertools.repeat(None))

    def handler(request: Request) -> Reply:
        return next(faults) or library(request)

    serving: Handler = handler
    with serve(serving) as server:
        assert len(load_factors(source="french", cache=tmp_path, library=server.url)) == 3


def test_a_bomb_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factors, "MAX_INFLATED", 100_000)
    bomb = Reply(zipped(five=FIVE + b"0" * 10_000_000))
    with serve(lambda _: bomb) as server, pytest.raises(SourceError, match="refused"):
        load_factors(source="french", cache=tmp_path, library=server.url)


def test_the_user_s_own_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "factors.csv").write_text(
        "Date,Mkt-RF,SMB,HML,UMD,RF,extra\n20250127,-0.0149,0,0,0,0.0002,9\n"
    )
    frame = load_factors("2025-01-27", local=tmp_path, library="http://127.0.0.1:9")
    assert frame.columns.tolist() == ["date", "mkt_rf", "smb", "hml", "mom", "rf"]
    assert provenance_of(frame)[0]["source"] == "user's file factors.csv"


def test_french_s_own_files_are_read_as_downloaded(tmp_path: Path) -> None:
    (tmp_path / "five.csv").write_bytes(FIVE)
    (tmp_path / "five.zip").write_bytes(zipped(five=FIVE))
    for name in ("five.csv", "five.zip"):
        assert load_factors(source=tmp_path / name)["mkt_rf"].tolist() == [-0.0031, -0.0149, 0.0092]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("date,mkt_rf,rf\n2025-01-27,-1.49,0.02\n", "not in decimals"),
        ("date,alpha\n2025-01-27,1\n", "found 'date', 'alpha'"),
        ("date,mkt_rf,rf\n2025-01-27,a,0\n", "not a number"),
        ("date,mkt_rf,rf\n2025-01-27,0,0\n2025-01-27,0,0\n", "several rows of 2025-01-27"),
    ],
)
def test_a_table_that_is_not_factors_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=told):
        load_factors(source=tmp_path / "x.csv")


def test_two_files_of_factors_a_missing_one_and_a_window_without_days(tmp_path: Path) -> None:
    text = "date,mkt_rf,rf\n2025-01-27,0.01,0\n"
    for name in ("factors_a.csv", "factors_b.csv"):
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match="Several files of factors"):
        load_factors(local=tmp_path)
    with pytest.raises(UnknownNameError, match="source of factors"):
        load_factors(source="nowhere.csv")
    with pytest.raises(DataError, match="covers 2025-01-27 to 2025-01-27"):
        load_factors("2026-01-02", source=tmp_path / "factors_a.csv")


def test_prose_around_the_table_is_no_data() -> None:
    assert parse_french(FIVE)["date"].dt.day.tolist() == [24, 27, 28]
    with pytest.raises(SourceError, match="no daily factors"):
        parse_french(b",Mkt-RF\nnothing\n")


@pytest.mark.skipif(not OWN.exists(), reason="the user's file of factors is not on this machine")
def test_a_real_file_covers_every_session() -> None:
    frame = load_factors("2022-01-03", "2026-08-31", source=OWN)
    assert pd.DatetimeIndex(frame["date"]).equals(sessions("2022-01-03", "2026-08-31"))
    assert frame["mkt_rf"].std() == pytest.approx(0.011, abs=0.004)


def test_a_column_that_only_resembles_a_factor_does_not_replace_it(tmp_path: Path) -> None:
    path = tmp_path / "factors.csv"
    path.write_text(
        "date,mkt_rf,smb,rf,smb3\n2025-01-27,-0.0149,0.0044,0.0002,0.0035\n2025-01-28,0.01,0.001,0.0002,\n"
    )
    assert load_factors(source=path)["smb"].tolist() == [0.0044, 0.001]


def test_an_empty_file_of_factors_says_what_belongs_in_it(tmp_path: Path) -> None:
    (tmp_path / "factors.csv").write_text("\n")
    with pytest.raises(DataError, match=r"factors.csv is empty"):
        load_factors(source=tmp_path / "factors.csv")
