"""Is every file that people have read right, or refused with the cell that is wrong?"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.errors import CellError, DataError, MissingColumnError, SourceError, UndercutError
from undercut.sources import files
from undercut.sources.files import UserTable, read_table

PLAIN = "date,name,price\n2025-01-27,a,1.5\n2025-01-28,b,2\n"


def table(folder: Path, content: str | bytes, name: str = "x.csv") -> UserTable:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


@settings(max_examples=150)
@given(
    rows=st.lists(
        st.lists(st.sampled_from(["a", "1", "2.5", "", "é x"]), min_size=2, max_size=2), max_size=6
    ),
    end=st.sampled_from(["\n", "\r\n", "\n\n", "\n,\n"]),
    declared=st.booleans(),
)
def test_quotes_around_every_field_change_nothing(rows: list[list[str]], end: str, declared: bool) -> None:
    """Texts without quotes take a quicker way, which must end in the same place."""
    first = ["sep=,"] if declared else []
    plain, quoted = (
        end.join([*first, *(",".join(map(wrap, row)) for row in [["p", "q"], *rows]), ""])
        for wrap in (str, lambda cell: f'"{cell}"')
    )  # fmt: skip
    found = []
    for text in (plain, quoted):
        try:
            read = files._from_csv("x.csv", text.encode(), 1)
            found.append((read.frame.to_dict("list"), read.lines))
        except DataError as error:
            found.append(str(error))
    assert found[0] == found[1]


def repr_short(value: object) -> str:
    """A name for a test that is the same in every process."""
    return "bytes" if isinstance(value, bytes) else repr(value)[:30]


def zipped(content: bytes, *more: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("x.csv", *more):
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "wrap",
    [bytes, gzip.compress, bz2.compress, lzma.compress, zipped, lambda c: b"\xef\xbb\xbf" + c,
     lambda c: c.decode().encode("utf-16"), lambda c: c.replace(b"\n", b"\r\n"),
     lambda c: b"\n\n" + c + b"\n\n",
     lambda c: c.replace(b",", b";"), lambda c: c.replace(b",", b"\t"), lambda c: c.replace(b",", b"|"),
     lambda c: c.replace(b",", b", "), lambda c: c.replace(b"a,", b'"a",')],
)  # fmt: skip
def test_every_dialect_and_packing_gives_the_same_table(
    wrap: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    read = table(tmp_path, wrap(PLAIN.encode()))
    assert read.numbers("price").tolist() == [1.5, 2.0]
    assert read.days("date").dt.strftime("%Y-%m-%d").tolist() == ["2025-01-27", "2025-01-28"]
    assert read.names("name")[0].tolist() == ["a", "b"]


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": pd.to_datetime(["2025-01-27"]), "price": [1.5]})
    frame.to_parquet(tmp_path / "x.parquet")
    read = read_table(tmp_path / "x.parquet")
    assert read.days("date")[0] == pd.Timestamp("2025-01-27") and read.numbers("price")[0] == 1.5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("date,p\n2024-02,1\n2024-03,1,234\n", "line 3: 3 fields where the header has 2.*comma inside"),
        ("date,p\n2024-02,1\nTotal\n", "line 3: 1 fields where the header has 2.*footer"),
        ("date,p,p\n2024-02,1,2\n", "two columns named 'p'"),
        ("date,p,P\n2024-02,1,2\n", "differ only by case: 'p', 'P'"),
        ("date,,\n2024-02,1,2\n", "2 columns without a name"),
        ("date,p\n", "a header and no rows"),
        ("  \n", "is empty"),
        ('date,p\n"2024,1\n', "line 2: this is not a row"),
        (b"\x00\x01\x02\x03", "binary data"),
        (b"\xff\xfea", "not UTF-16|header and no rows"),
        (b"PAR1junk", "cannot be read"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-9], "damaged archive"),
        (zipped(b"a,b\n1,2\n", "y.csv"), "holds 2 files"),
        (zipped(PLAIN.encode())[:-30], "damaged archive|cannot be read"),
    ],
    ids=repr_short,
)
def test_a_broken_file_is_refused_with_its_place(content: str | bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises((DataError, SourceError), match=f"x.csv.*({said})"):
        table(tmp_path, content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.csv does not exist"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(SourceError, match="cannot be read"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["2025-01-27", "Total"], "line 3, column 'd': 'Total' is not a day written as '2025-01-27' above"),
        (["01/03/2023", "02-29-2024"], "line 3.*'02-29-2024'"),
        (["15.03.2024", "16-04-2024"], "line 3.*'16-04-2024'"),
        (["1/27/2025", "27/1/2025"], "line 3.*has the month where"),
        (["2025-02-28", "2025-02-30"], "line 3.*no day of the calendar"),
        (["1/2/2025", "2/3/2025"], "month first or day first"),
        (["2025-01-27", ""], "line 3.*blank where a day"),
        (["soon", "later"], "line 2.*'soon' is not a day"),
        (["20250127", "20251327"], "line 3.*no day of the calendar"),
    ],
)
def test_a_day_that_cannot_be_read_is_never_missing(cells: list[str], said: str, tmp_path: Path) -> None:
    body = "".join(f"{cell},1\n" for cell in cells)
    with pytest.raises(DataError, match=said):
        table(tmp_path, "d,p\n" + body).days("d")


@pytest.mark.parametrize(
    "layout",
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d%b%Y", "%d-%b-%Y", "%d %b %Y", '"%b %d, %Y"',
     '"%B %d, %Y"',
     "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%Y-%m-%dT00:00:00.000Z", "%Y-%m-%d 00:00:00-05:00"],
)  # fmt: skip
def test_days_read_the_same_in_every_way_of_writing(layout: str, tmp_path: Path) -> None:
    days = pd.date_range("2025-01-20", periods=30)
    body = "".join(f"{day.strftime(layout)},1\n" for day in days)
    assert table(tmp_path, "Date,p\n" + body).days("Date").tolist() == days.tolist()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (['"1,234.5"', "7"], [1234.5, 7]),
        (["$118.42", "-$3"], [118.42, -3]),
        (["-1.2%", "3%"], [-1.2, 3]),
        (["1e3", "."], [1000, np.nan]),
        (["C", "0.03"], [np.nan, 0.03]),
    ],
)
def test_numbers_as_people_write_them(cells: list[str], expected: list[float], tmp_path: Path) -> None:
    read = table(tmp_path, "d,p\n" + "".join(f"x,{cell}\n" for cell in cells))
    np.testing.assert_array_equal(read.numbers("p", missing="BC"), expected)


def test_with_semicolons_a_comma_is_the_decimal_mark(tmp_path: Path) -> None:
    assert table(tmp_path, "d;p\nx;1.234,5\ny;7\n").numbers("p").tolist() == [1234.5, 7]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1.5", "12.3M"], "line 3, column 'p': '12.3M' is not a number"),
        (["1%", "2"], "mixes percentages"),
        (["1" * 400, "2"], "line 2"),
        (["1e999", "2"], "infinite or too large"),
        (["inf", "2"], "'inf' is not a number"),
        (['"1,234"', '"5,678"'], "may part thousands or decimals"),
        (['"1,5"', "2"], "'1,5' is not a number"),
    ],
)
def test_a_number_that_cannot_be_read_is_never_missing(cells: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        table(tmp_path, "d,p\n" + "".join(f"x,{cell}\n" for cell in cells)).numbers("p")


def test_columns_are_found_whatever_their_case_and_marks(tmp_path: Path) -> None:
    read = table(tmp_path, "Adj Close,DATE\n1,2025-01-27\n")
    assert read.require("adj_close") == "Adj Close" and read.find("date") == "DATE"
    renamed = read.renamed({"price": ("adjusted close", "adj close"), "date": ()})
    assert list(renamed.frame.columns) == ["price", "date"]
    with pytest.raises(MissingColumnError, match="no column 'ticker'; it has 'Adj Close', 'DATE'"):
        read.require("ticker")


def test_names_that_differ_by_case_are_said_and_blank_ones_refused(tmp_path: Path) -> None:
    names, notes = table(tmp_path, "n,p\n AAA ,1\naaa,2\n").names("n")
    assert names.tolist() == ["AAA", "aaa"] and "AAA and aaa differ only by case" in notes[0]
    with pytest.raises(CellError, match=r"line 3.*blank"):
        table(tmp_path, "n,p\nAAA,1\n ,2\n").names("n")


def test_as_many_names_as_there_are_listed_firms_are_read(tmp_path: Path) -> None:
    rows = "".join(f"T{number},1\nt{number},1\n" for number in range(20_000))
    names, notes = table(tmp_path, f"n,p\n{rows}").names("n")
    assert names.nunique() == 40_000 and len(notes) == 20_000


@settings(max_examples=200, deadline=None)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: "a,b\n" + text)))
def test_junk_ends_in_a_table_or_in_our_own_error(
    content: bytes | str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        read = table(tmp_path_factory.getbasetemp(), content, "junk.csv")
        for column in read.frame.columns:
            for reader in (read.days, read.numbers, read.names):
                try:
                    reader(column)
                except UndercutError as error:
                    assert "junk.csv" in str(error)
    except UndercutError as error:
        assert "junk.csv" in str(error)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 4)), min_size=1, max_size=8),
    order=st.permutations(["date", "value", "name"]),
    separator=st.sampled_from(",;\t|"),
)
def test_columns_in_any_order_give_the_same_numbers(
    values: list[float], order: list[str], separator: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [{"date": f"2025-01-{i + 1:02}", "value": repr(v), "name": f"n{i}"} for i, v in enumerate(values)]
    if separator == ";":
        rows = [row | {"value": row["value"].replace(".", ",")} for row in rows]
    lines = [separator.join(order), *(separator.join(row[name] for name in order) for row in rows)]
    read = table(tmp_path_factory.getbasetemp(), "\n".join(lines), "shuffled.csv")
    np.testing.assert_allclose(read.numbers("value"), values)
    assert len(read.days("date")) == len(values)
