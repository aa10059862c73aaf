"""Habits of people's files that were thought of last: each read right and said, or refused where it stands."""

# ruff: noqa: E501 (tables of habits)

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from undercut.errors import UndercutError
from undercut.eventstudy.command import eventstudy_command
from undercut.prices.index.command import index_table
from undercut.sources.closes import load_closes
from undercut.sources.factors import read_factor_file
from undercut.sources.returns import load_returns
from undercut.sources.returns_files import read_returns_file

DAYS = pd.bdate_range("2024-01-15", periods=6)


def wide(row: str, header: str = "Date,AAA,BBB", *, days: pd.DatetimeIndex = DAYS) -> str:
    return header + "\n" + "".join(row.format(d=day, i=i) + "\n" for i, day in enumerate(days))


SOUND = wide("{d:%Y-%m-%d},0.0{i}5,-0.01")
READ = {
    "decimal commas": wide("{d:%d.%m.%Y};0,0{i}5;-0,01", "Date;AAA;BBB"),
    "Excel's line about its separator": "sep=;\n" + wide("{d:%Y-%m-%d};0,0{i}5;-0,01", "Date;AAA;BBB"),
    "row numbers of pandas": wide("{i},{d:%Y-%m-%d},0.0{i}5,-0.01", ",Date,AAA,BBB"),
    "a comma at the end of each line": wide("{d:%Y-%m-%d},0.0{i}5,-0.01,", "Date,AAA,BBB,"),
    "percent signs": wide("{d:%Y-%m-%d},{i}.5%,-1%"),
    "times in several zones": wide("{d:%Y-%m-%d} 00:00:00-05:00,0.0{i}5,-0.01"),
    "newest first": wide("{d:%Y-%m-%d},0.0{i}5,-0.01").splitlines()[0] + "\n"
    + "\n".join(reversed(SOUND.splitlines()[1:])) + "\n",
    "old Macintosh": SOUND.replace("\n", "\r"),
}  # fmt: skip
REFUSED = {
    "two prices of a day": (wide("{d:%Y-%m-%d},X,10{i}", "Date,ticker,close", days=DAYS.append(DAYS[:1])), "several"),
    "a price of nothing": (wide("{d:%Y-%m-%d},X,{i}", "Date,ticker,close"), "0 is no price of X on 2024-01-15"),
    "a negative price": (wide("{d:%Y-%m-%d},X,-{i}5", "Date,ticker,close"), "is no price of X"),
    "serial days of Excel": (wide("4530{i},0.01,-0.01"), "line 2, column 'Date': '45300' is not a day"),
    "years of two digits": (wide("{d:%m/%d/%y},0.01,-0.01"), "is not a day"),
    "a minus that is none": (wide("{d:%Y-%m-%d},−0.0{i}5,0.01"), "line 2, column 'AAA'.*is not a number"),
    "minus as brackets": (wide("{d:%Y-%m-%d},(0.0{i}5),0.01"), "is not a number"),
    "blanks between thousands": (wide("{d:%Y-%m-%d};1 23{i},5", "Date;Close"), "is not a number"),
    "a row of units": (wide("{d:%Y-%m-%d},10{i},20", "Date,AAA,BBB\n,USD,USD"), "2 rows of header"),
    "a note at the end": (SOUND + "\nSource: the exchange\n", "line 9: 1 fields where the header has 3"),
    "percent and plain": (wide("{d:%Y-%m-%d},{i}.5%,-0.01"), "some columns are percentages and 'BBB' is not"),
    "another column without a name": (wide("{i}7,{d:%Y-%m-%d},0.0{i}5,-0.01", ",Date,AAA,BBB"), "without a name"),
}  # fmt: skip


@pytest.mark.parametrize("habit", READ)
def test_habits_that_can_be_read_give_the_same_returns(habit: str, tmp_path: Path) -> None:
    frames = []
    for text in (SOUND, READ[habit]):
        (tmp_path / "x.csv").write_text(text)
        frames.append(read_returns_file(tmp_path / "x.csv").frame.sort_values(["ticker", "date"]))
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in frames))


@pytest.mark.parametrize("habit", REFUSED)
def test_habits_that_cannot_are_refused_for_the_true_reason(habit: str, tmp_path: Path) -> None:
    text, said = REFUSED[habit]
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(UndercutError, match=f"x.csv.*{said}"):
        read_returns_file(tmp_path / "x.csv")


def test_days_to_come_and_names_that_differ_by_blanks_are_said(tmp_path: Path) -> None:
    text = "date,ticker,return\n2024-01-02,AAA,0.01\n2024-01-03,AAA ,0.02\n2093-01-02,aaa,0.01\n"
    (tmp_path / "x.csv").write_text(text)
    note = read_returns_file(tmp_path / "x.csv").note
    assert (
        "days to come" in note
        and "differ only by blanks" in note
        and "AAA and aaa differ only by case" in note
    )


def test_factors_with_the_marks_of_missing_days_or_of_one_percent_sign(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(
        "Date,Mkt-RF,RF\n20240102,1%,0.0002\n20240103,-99.99,0.0002\n20240104,2%,0.0002\n"
    )
    with pytest.raises(UndercutError, match="mixes percentages"):
        read_factor_file(tmp_path / "f.csv")
    (tmp_path / "f.csv").write_text("Date,Mkt-RF,RF\n20240102,1%,0.0002\n20240103,-2%,0.0002\n")
    assert read_factor_file(tmp_path / "f.csv")[["mkt_rf", "rf"]].to_numpy().tolist() == [
        [0.01, 0.0002],
        [-0.02, 0.0002],
    ]
    (tmp_path / "f.csv").write_text(
        "Date,Mkt-RF,RF\n20240102,0.01,0.0002\n20240103,-99.99,0.0002\n20240104,0.01,5\n"
    )
    with pytest.raises(UndercutError, match=r"f\.csv, line 4, column 'RF': '5' is no factor"):
        read_factor_file(tmp_path / "f.csv")


RNG = np.random.default_rng(2)
LONG_DAYS = pd.bdate_range("2024-01-02", periods=60)
TABLES: dict[str, tuple[pd.DataFrame, Callable[[Path], pd.DataFrame]]] = {
    "returns": (
        pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d").repeat(2), "ticker": ["A", "B"] * 6,
                      "return": RNG.normal(0, 0.02, 12).round(5)}),
        lambda path: read_returns_file(path).frame.drop(columns="source"),
    ),
    "wide": (
        pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "A": RNG.normal(0, 0.02, 6).round(5),
                      "B": RNG.normal(0, 0.02, 6).round(5)}),
        lambda path: read_returns_file(path).frame.drop(columns="source"),
    ),
    "closes": (
        pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "ticker": "A", "close": RNG.uniform(5, 9, 6).round(3)}),
        load_closes,
    ),
    "factors": (
        pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "mkt_rf": RNG.normal(0, 0.01, 6).round(5), "rf": 0.0001}),
        read_factor_file,
    ),
    "quotes": (
        pd.DataFrame({"period": ["2024-01", "2024-02", "2024-03"] * 4, "product": list("aaabbbcccddd"),
                      "price": RNG.uniform(1, 9, 12).round(3), "quantity": RNG.integers(1, 99, 12)}),
        lambda path: index_table(path, method="geks-tornqvist"),
    ),
}  # fmt: skip


def written(frame: pd.DataFrame, path: Path, coding: str) -> Path:
    """The table in another coding of the same content."""
    if coding == "parquet":
        frame.to_parquet(path.with_suffix(".parquet"))
        return path.with_suffix(".parquet")
    text = frame.to_csv(index=False, sep=";" if coding == "comma" else "\t" if coding == "tab" else ",",
                        decimal="," if coding == "comma" else ".")  # fmt: skip
    data = text.encode("utf-16" if coding == "utf-16" else "utf-8-sig" if coding == "bom" else "utf-8")
    path.write_bytes(gzip.compress(data) if coding == "gzip" else data)
    return path


@pytest.mark.parametrize("kind", TABLES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    coding=st.sampled_from(["plain", "comma", "tab", "utf-16", "bom", "gzip", "parquet"]),
    data=st.data(),
)
def test_order_and_coding_change_nothing(
    kind: str, seed: int, coding: str, data: st.DataObject, tmp_path: Path
) -> None:
    frame, load = TABLES[kind]
    columns = data.draw(st.permutations(list(frame.columns)))
    if kind == "wide":
        columns = ["date", *[name for name in columns if name != "date"]]
    mixed = frame.sample(frac=1, random_state=seed)[columns]
    before, after = (
        load(written(table, tmp_path / "A.csv", how)) for table, how in ((frame, "plain"), (mixed, coding))
    )
    keys = [name for name in ("ticker", "date", "period") if name in before]
    before, after = (table.sort_values(keys, ignore_index=True) for table in (before, after))
    pd.testing.assert_frame_equal(after[before.columns], before, rtol=1e-12)


def test_split_files_give_the_returns_of_the_whole(tmp_path: Path) -> None:
    frame, _ = TABLES["returns"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    frame.to_csv(whole / "all.csv", index=False)
    for name, part in frame.groupby("ticker"):
        part.to_csv(parts / f"{name}_only.csv", index=False)
    found = [load_returns(source="local", local=folder).drop(columns="source") for folder in (whole, parts)]
    pd.testing.assert_frame_equal(*found)
    frame.tail(3).to_csv(parts / "again.csv", index=False)
    with pytest.raises(UndercutError, match="in both"):
        load_returns(source="local", local=parts)


def test_an_event_study_is_the_same_for_every_order_and_coding(tmp_path: Path) -> None:
    values = RNG.normal(0, 0.01, (60, 3)).round(5)
    frame = pd.DataFrame(values, columns=["MKT", "AAA", "BBB"])
    frame.insert(0, "date", LONG_DAYS.strftime("%Y-%m-%d"))
    long = frame.melt("date", var_name="ticker", value_name="return")
    (tmp_path / "e.csv").write_text("event,firm,date\nx,AAA,2024-03-15\nx,BBB,2024-03-15\n")
    (tmp_path / "f.csv").write_text("Date;Symbol;Event\n15.03.2024;BBB;x\n15.03.2024;AAA;x\n")
    cars = []
    for table, coding, events in (
        (frame, "plain", "e.csv"),
        (frame[::-1], "comma", "f.csv"),
        (long, "gzip", "f.csv"),
    ):
        path = written(table.sample(frac=1, random_state=1), tmp_path / "r.csv", coding)
        options = {"events": tmp_path / events, "market": "MKT", "estimation": "-40:-5", "window": "0:1"}
        cars.append(eventstudy_command(path, **options)["car"])
    pd.testing.assert_frame_equal(cars[1], cars[0])
    pd.testing.assert_frame_equal(cars[2], cars[0])
