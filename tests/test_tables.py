"""Tables read well aloud, in the dark, and with whatever a cell holds."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from undercut import tables
from undercut.errors import UndercutError, UnknownNameError
from undercut.report.page.html import sanitise

FRAME = pd.DataFrame(
    {
        "model": ["gpt", "<script>alert(1)</script>", None],
        "price": [2.5, 0.0375, float("nan")],
        "hosts": [3, 1200, 7],
        "change": [-36.2, 4.0, 0.0],
        "share": [0.36, 0.5, 1.0],
    }
)


def shown(**options: object) -> str:
    return tables.show(FRAME, title="Hosts & prices", row_label="model", **options)._repr_html_()


def cells(html: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>.*?</td>", html)]


def test_numbers_are_written_in_their_formats() -> None:
    html = shown(formats={"price": "usd", "change": "signed_percent", "share": "share"})
    assert cells(html)[:4] == ["$2.50", "3", "−36.2%", "36.0%"]
    assert cells(html)[4:7] == ["$0.0375", "1,200", "+4.0%"]
    assert cells(html)[8] == "–"


def test_decimal_points_stand_below_one_another() -> None:
    html = shown(formats={"price": "usd"})
    prices = [cell for cell in re.findall(r"<td[^>]*>(.*?)</td>", html) if cell.startswith("$")]
    assert prices == ["$2.50\u2007\u2007", "$0.0375"]
    whole = tables.show(pd.DataFrame({"n": [12.0, 1.25, 130.0]}), title="t").html
    assert [len(cell.partition(".")[0]) for cell in re.findall(r"<td[^>]*>(.*?)</td>", whole)] == [2, 1, 6]


def test_what_is_the_same_in_every_row_is_said_once_above() -> None:
    frame = pd.DataFrame({"model": list("abcd"), "day": ["2026-11-17"] * 4, "n": [1, 2, 3, 4]})
    html = tables.show(frame, title="Models", subtitle="Counts", row_label="model").html
    assert html.count("2026-11-17") == 1 and "Counts; day: 2026-11-17</caption>" in html
    assert tables.show(frame.head(3), title="Models", row_label="model").html.count("2026-11-17") == 3


def test_names_and_days_do_not_break() -> None:
    frame = pd.DataFrame({"model": ["GPT-3.5 Turbo", "a long sentence that may well be broken"]})
    html = sanitise(tables.show(frame, title="t").html)
    assert re.search(r"undercut-whole[^>]*>GPT-3.5 Turbo", html)
    assert not re.search(r"undercut-whole[^>]*>a long", html)


def test_headers_have_scopes_and_the_caption_names_the_table() -> None:
    html = shown(subtitle="US dollars", labels={"price": "Price"}, units={"price": "USD"})
    headers = re.findall(r"<th\b[^>]*>.*?</th>", html, re.DOTALL)
    assert all('scope="' in header for header in headers)
    assert all(re.sub(r"<[^>]*>", "", header).strip() for header in headers)
    assert "Price (USD)" in html
    assert re.search(
        r"<table[^>]*><caption[^>]*><strong[^>]*>Hosts &amp; prices</strong>US dollars</caption>", html
    )


def test_cells_are_escaped_in_the_notebook_and_on_the_page() -> None:
    assert "<script" not in shown()
    assert "<script" not in sanitise(shown())


def test_colours_are_borrowed_from_the_page() -> None:
    html = shown()
    assert "currentColor" in html
    assert not re.search(r"background-color: #(fff|FFF)", html)
    assert "http" not in html


def test_the_same_table_gives_the_same_html() -> None:
    assert shown() == shown()


def test_unknown_columns_and_formats_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean: price"):
        shown(labels={"prise": "Price"})
    with pytest.raises(UndercutError, match="must be one of usd"):
        shown(formats={"price": "euro"})


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(UndercutError, match=r"'Prices': a column stands twice: 'price'"):
        tables.show(pd.concat([FRAME, FRAME[["price"]]], axis=1), title="Prices")


def test_the_callers_frame_is_left_alone() -> None:
    before = FRAME.copy()
    shown(formats={"price": "usd"})
    pd.testing.assert_frame_equal(FRAME, before)
