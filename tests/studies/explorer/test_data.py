"""What the explorer holds: the newest news, corrections apart, and made anew only when something changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import undercut as uc
from undercut.prices.cross_section import cross_section
from undercut.report.site.site import EXPLORER
from undercut.studies.explorer import kept, page
from undercut.studies.explorer.data import _newest, _packed, explorer_data
from undercut.studies.explorer.first_view import LIKE, money


@pytest.fixture(scope="module")
def explorer() -> page.Explorer:
    return uc.explore()


def test_the_last_news_holds_and_equal_neighbours_are_one_span() -> None:
    rows = [(0, 100, "1/2", "a"), (10, 30, "3/4", "b"), (20, 40, "3/4", "c"), (60, 80, "1/2", "d")]
    assert list(_newest(rows)) == [(0, 10, "1/2", "a"), (10, 40, "3/4", "b"), (40, 100, "1/2", "a")]
    assert list(_newest([(0, 10, "1/2", "a"), (20, 30, "1/2", "a")])) == [
        (0, 10, "1/2", "a"),
        (20, 30, "1/2", "a"),
    ]


def test_columns_are_whole_numbers_in_base_36() -> None:
    assert _packed([0, 35, 36, float("nan"), 1296]) == "0,z,10,,100"


def test_spans_of_a_day_are_the_offers_of_that_day(explorer: page.Explorer) -> None:
    data = explorer.data
    model, host, variant, size = (
        [int(part, 36) for part in column.split(",")] for column in data["products"]
    )
    _, start, length, *_ = (
        [int(part, 36) if part else None for part in column.split(",")] for column in data["spans"]
    )
    day, row, at, found = data["day"], 0, 0, set()
    for step, seller, edition, rows in zip(model, host, variant, size, strict=True):
        at += step
        for place in range(row, row + rows):
            ends = float("inf") if length[place] is None else start[place] + length[place]
            is_router = data["kinds"][data["hosts"][seller][2]] == "router"
            if start[place] <= day < ends and not edition and not is_router:
                found.add((data["models"][at][0], data["hosts"][seller][0]))
        row += rows
    wanted = explorer.to_frame()
    assert found == set(zip(wanted["model_id"], wanted["host"], strict=True))


def test_what_is_set_aside_is_left_out(explorer: page.Explorer) -> None:
    everything = uc.load_prices(status="all")
    only_wrong = set(everything["model_id"].dropna()) - set(uc.load_prices()["model_id"])
    assert only_wrong and not only_wrong & {row[0] for row in explorer.data["models"]}


def test_an_earlier_day_knows_nothing_of_later_ones() -> None:
    then = explorer_data("2025-01-31")
    assert "gpt-5" not in {row[0] for row in then["models"]}
    assert all(int(day, 36) <= then["day"] for day in then["changes"]["columns"][3].split(","))


def test_the_first_sentence_names_the_cheapest_as_capable(explorer: page.Explorer) -> None:
    scores = {row[0]: row[5] for row in explorer.data["models"] if row[5] is not None}
    able = [
        (price, model)
        for price, model in cross_section(uc.load_prices(), explorer.first["day"])[
            ["price", "model_id"]
        ].to_numpy()
        if scores.get(model, -1) >= scores[LIKE]
    ]
    price, model = min(able)
    names = dict(row[:2] for row in explorer.data["models"])
    assert f"{names[model]} for {money(100 * price)}" in explorer.first["sentence"]


def test_it_has_the_doors_of_every_result_and_shows_itself_in_jupyterlab(explorer: page.Explorer) -> None:
    assert list(explorer.table()["price"]) == sorted(explorer.table()["price"])
    assert "srcdoc" in explorer._repr_html_() and len(repr(explorer)) < 2_000
    assert "&lt;script&gt;" in explorer._repr_html_()
    assert explorer.plot().get_ylabel() is not None


def test_data_cannot_end_their_element(explorer: page.Explorer) -> None:
    text = explorer.page().split('id="data">')[1].split("</script>")[0]
    assert "<" not in text and json.loads(text)["models"][0] == explorer.data["models"][0]


def test_the_site_s_explorer_is_written_once_and_again_when_something_changed(
    tmp_path: Path, explorer: page.Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "explore", lambda: explorer)
    kept.write_explorer(tmp_path)
    written = tmp_path / EXPLORER
    assert written.stat().st_size < 1_000_000 and 'href="index.html"' in written.read_text()
    [stamp] = re.findall(r'name="made-from" content="(\w+)"', written.read_text())
    written.write_text(f'name="made-from" content="{stamp}"')
    kept.write_explorer(tmp_path)
    assert written.stat().st_size < 100
    written.write_text('name="made-from" content="0"')
    kept.write_explorer(tmp_path)
    assert f'name="made-from" content="{stamp}"' in written.read_text() and written.stat().st_size > 100_000


@pytest.mark.parametrize("name", ["point.js", "explore.css", "measures.py", "workloads.toml"])
def test_a_change_of_any_part_of_the_explorer_makes_it_out_of_date(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read = kept._digest(), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda file: read(file) + b" " * (file.name == name))
    assert kept._digest() != before
