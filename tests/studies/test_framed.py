"""Sections of a page can be read, reused and shown again."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd

from undercut.result import Axes
from undercut.studies.framed import Section, Shown, section
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table, parts_of
from undercut.studies.stocks.charts import InPercent

MONTHLY = pd.DataFrame({"month": ["2026-01", "2026-02"], "price": [2.0, 1.5]})


def drawn() -> Axes:
    ax = plt.subplots()[1]
    ax.plot([2.0, 1.5])
    return ax


@section
def falls(frame: pd.DataFrame) -> Iterator[Part]:
    """How far do prices fall?"""
    fall = 100 * (frame["price"].iloc[-1] / frame["price"].iloc[0] - 1)
    yield Number("fall", "Fall of the price", fall, "%", ci=(-40.0, -10.0), n=2)
    yield Sentence(f"Prices moved by {fall:.0f}%.")
    yield Figure("prices", drawn, alt="A line.", data=frame)


def test_a_section_says_the_same_however_often_it_is_shown() -> None:
    found = falls(MONTHLY)
    assert isinstance(found, Section)
    assert list(parts_of(found)) == list(parts_of(found)) == list(found)
    assert len(list(found)) == 3


def test_a_section_has_the_doors_of_every_result() -> None:
    found = falls(MONTHLY)
    [row] = found.to_frame().to_dict("records")
    assert (row["key"], row["value"], row["low"], row["high"], row["n"]) == ("fall", -25.0, -40.0, -10.0, 2)
    pd.testing.assert_frame_equal(found.table(), MONTHLY)
    assert found.summary().startswith("How far do prices fall?\nPrices moved by -25%.")
    assert "How far do prices fall?" in found._repr_html_() and len(repr(found)) < 2000
    assert found.plot().lines[0].get_ydata().tolist() == [2.0, 1.5]
    ax = plt.subplots()[1]
    assert found.plot(ax) is ax and ax.lines[0].get_xdata().tolist() == [-25.0]


def test_a_table_is_read_before_a_figure_and_numbers_stand_in_for_both() -> None:
    table = Table(MONTHLY.assign(price=[1.0, 2.0]), title="Prices")
    both = Section("t", (Figure("f", drawn, alt="", data=MONTHLY), table))
    assert both.table()["price"].tolist() == both.to_frame()["price"].tolist() == [1.0, 2.0]
    alone = Section("t", (Number("fall", "Fall", -25.0, "%"),))
    assert alone.table()["value"].tolist() == [-25.0]


def test_moves_of_shares_are_drawn_in_percent_and_dollars_as_they_are() -> None:
    moves = pd.DataFrame({"group": ["chips"], "car": [-0.2], "ci_low": [-0.3], "ci_high": [-0.1]})
    percent = InPercent(moves, lambda _: []).plot()
    assert sorted(line.get_xdata()[0] for line in percent.lines[:2]) == [-30, -20]
    dollars = Shown(moves.rename(columns={"car": "effect"}), lambda _: [], "group", "effect").plot()
    assert dollars.lines[0].get_xdata().tolist() == [-0.2]
    assert dollars.collections[0].get_segments()[0][:, 0].tolist() == [-0.3, -0.1]
