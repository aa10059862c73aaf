"""Origin and access stay apart for every reader, on paper and on screen, and figures are reproducible."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut import plots
from undercut.errors import InputError
from undercut.plots.style import _settings
from undercut.report.page.figures import as_picture, for_phone, ink_style, inline

# Full dichromacy, linear RGB (Machado, Oliveira and Fernandes 2009, severity 1.0).
DICHROMACY = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
DARK_ORIGINS = {origin: plots.DARK[color] for origin, color in plots.ORIGIN_COLORS.items()}


@pytest.fixture(autouse=True)
def house_style() -> Iterator[None]:
    with plots.use_house_style():
        yield
    plt.close("all")


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(first: str, second: str) -> float:
    """Contrast ratio of the Web Content Accessibility Guidelines."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of linear sRGB, white D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", DICHROMACY)
@pytest.mark.parametrize("palette", [plots.ORIGIN_COLORS, DARK_ORIGINS], ids=["light", "dark"])
def test_origins_differ_for_every_kind_of_sight(sight: str, palette: dict[str, str]) -> None:
    seen = {origin: lab(DICHROMACY[sight] @ linear(color)) for origin, color in palette.items()}
    for first, second in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 30, (first, second)


def test_marks_and_text_have_contrast_on_their_paper() -> None:
    for palette, paper in ((plots.ORIGIN_COLORS, plots.PAPER), (DARK_ORIGINS, plots.DARK[plots.PAPER])):
        assert all(contrast(color, paper) >= 3 for color in palette.values())
    texts = [plots.INK, plots.MUTED, *plots.ORIGIN_COLORS.values(), *plots.SERIES, plots.ink_of(plots.GREY)]
    for text in texts:
        assert contrast(text, plots.PAPER) >= 4.5
        assert contrast(plots.DARK[text], plots.DARK[plots.PAPER]) >= 4.5


def test_every_ink_has_its_own_counterpart_on_dark_paper() -> None:
    inks = {*plots.ORIGIN_COLORS.values(), *plots.SERIES, plots.INK, plots.MUTED, plots.GREY, plots.RULE}
    assert {*inks, plots.PAPER} == set(plots.DARK)
    assert len(set(plots.DARK.values())) == len(plots.DARK)


def test_access_is_visible_without_colour() -> None:
    looks = [
        plots.mark("US", access) for access in ("closed", "open", "open-restricted", "open-noncommercial")
    ]
    without_color = {(str(look["linestyle"]), look["marker"], look["markerfacecolor"]) for look in looks}
    assert len(without_color) == 2
    assert [look["markerfacecolor"] == plots.PAPER for look in looks] == [False, True, True, True]


def test_unknown_access_is_refused_and_unknown_origin_is_other() -> None:
    with pytest.raises(InputError, match="access must be one of"):
        plots.mark("US", "opne")
    assert plots.origin_color("KR") == plots.ORIGIN_COLORS["other"]


def test_the_style_ends_with_its_block() -> None:
    with mpl.rc_context():
        mpl.rcdefaults()
        before = mpl.rcParams["axes.edgecolor"]
        with plots.use_house_style():
            assert mpl.rcParams["axes.edgecolor"] == plots.MUTED
        assert mpl.rcParams["axes.edgecolor"] == before


@pytest.mark.parametrize(("low", "high"), [(0.02, 40), (0.5, 4), (0.001, 1000)])
def test_price_axes_have_plain_dollar_ticks(low: float, high: float) -> None:
    figure, ax = plt.subplots()
    ax.plot([1, 2], [low, high])
    plots.price_axis(ax)
    figure.draw_without_rendering()
    bottom, top = ax.get_ylim()
    labels = [label.get_text() for label in ax.get_yticklabels() if bottom <= label.get_position()[1] <= top]
    assert len(labels) >= 3
    assert all(label.startswith("$") and "e" not in label and "^" not in label for label in labels)


def test_a_headline_stays_inside_the_figure_and_above_the_axes() -> None:
    figure, ax = plt.subplots()
    ax.plot([1, 2], [1, 2])
    plots.headline(
        ax, "A very long finding " * 9, "US$ per million tokens, " * 9, source="Source: " + "panel " * 60
    )
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    boxes = {text.get_gid(): text.get_window_extent() for text in figure.texts}
    for box in boxes.values():
        assert box.x0 >= -1
        assert box.x1 <= width + 1
        assert -1 <= box.y0 < box.y1 <= height + 1
    frame = ax.get_tightbbox()
    assert frame is not None
    assert boxes["finding"].y0 >= boxes["measure"].y1 > boxes["measure"].y0 >= frame.y1
    assert boxes["source"].y1 <= frame.y0


def test_labels_of_line_ends_do_not_overlap() -> None:
    figure, ax = plt.subplots()
    ends = {f"model {number}": (10.0, 1.0 + number / 100) for number in range(8)}
    for x, y in ends.values():
        ax.plot([0, x], [0.5, y])
    plots.label_line_ends(ax, ends, {})
    figure.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 0.5 for below, above in itertools.pairwise(boxes))
    assert [
        text.get_text() for text in sorted(ax.texts, key=lambda text: text.get_window_extent().y0)
    ] == list(ends)


@given(st.lists(st.floats(-1e4, 1e4), max_size=12).map(sorted), st.floats(0.1, 100))
def test_spread_keeps_the_gap_the_order_and_the_centre(positions: list[float], gap: float) -> None:
    placed = plots.spread(positions, gap)
    assert all(after - before >= gap - 1e-6 for before, after in itertools.pairwise(placed))
    assert sum(placed) == pytest.approx(sum(positions), abs=1e-5)
    if all(after - before >= gap for before, after in itertools.pairwise(positions)):
        assert placed == pytest.approx(positions)


def drawn() -> plt.Figure:
    figure, ax = plt.subplots()
    ax.plot([1, 2, 3], [3, 1, 2], **plots.mark("CN", "open"))
    plots.band(ax, [1, 2, 3], [2, 0, 1], [4, 2, 3], plots.origin_color("CN"))
    plots.zero_line(ax)
    plots.access_key(ax)
    plots.headline(ax, "It fell", "USD", source="Source: none")
    return figure


def test_the_same_figure_gives_the_same_bytes_and_names_no_address() -> None:
    first, second = as_picture(drawn()), as_picture(drawn())
    assert first == second and first.png.startswith(b"\x89PNG")
    assert b"http" not in first.svg.replace(b"http://www.w3.org", b"")
    assert b">It fell</text>" in first.svg


def test_inks_follow_the_page_and_the_headline_is_left_to_it() -> None:
    picture = as_picture(drawn())
    shown = inline(picture.svg.decode(), "a", alt="A line", crop=(picture.top, picture.bottom))
    for color in (plots.INK, plots.MUTED, plots.PAPER, plots.ORIGIN_COLORS["CN"]):
        assert color in picture.svg.decode() and color not in shown and f",{color})" in ink_style()
    assert 20 < picture.top < 80 and 5 < picture.bottom < 40
    assert f'viewBox="0 {picture.top:g} ' in shown
    assert ">It fell<" not in shown and ">Source: none<" not in shown


def test_a_drawing_on_a_page_can_do_no_harm_and_shares_no_ids() -> None:
    evil = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'viewBox="0 0 9 9" onload="harm()"><script>harm()</script><style>*{}</style><a href="https://x.org">'
        '<text>a</text></a><image href="https://x.org/a.png"/><foreignObject/><g onclick="harm()" '
        'style="fill: url(https://x.org)" clip-path="url(#c)"><use xlink:href="https://x.org#a"/>'
        '<path id="m" d="M0 0"/><use xlink:href="#m"/></g></svg>'
    )
    first, second = (inline(evil, name, alt='"<b>') for name in ("a", "b"))
    assert not re.search(r"harm|x\.org|script|foreign|<style|<a |<b>", first)
    (one,), (other,) = (re.findall(r' id="(\w+)"', text) for text in (first, second))
    assert one != other and f'href="#{one}"' in first


def test_marks_say_name_value_interval_and_day() -> None:
    figure, ax = plt.subplots()
    months = [np.datetime64(day) for day in ("2025-12-01", "2026-01-01", "2026-02-01")]
    ax.plot(months, [-30.0, -40.0, -57.4])
    plots.band(ax, months, [-50, -60, -79], [-10, -20, -15])
    plots.percent_axis(ax)
    plots.label_line_ends(ax, {"Chinese open": (months[-1], -57.4)}, {})
    as_picture(figure)
    last = plots.marks_of(figure, "Undercut price panel")[-1].text
    assert last == "Chinese open\n−57.4% (interval −79% to −15%)\nFebruary 2026\nSource: Undercut price panel"


def test_marks_of_rows_have_the_name_of_their_row_and_bars_their_length() -> None:
    ax = plots.interval_rows({"Kimi K2": (1.5, 1.0, 2.0), "GPT-5": (-3.0, -4.0, -2.0)})
    plots.percent_axis(ax, "x")
    ax.figure.draw_without_rendering()
    texts = [mark.text for mark in plots.marks_of(ax.figure)]
    assert texts == ["GPT-5\n−3% (interval −4% to −2%)", "Kimi K2\n+1.5% (interval +1% to +2%)"]
    figure, ax = plt.subplots()
    ax.barh([0, 1], [3, 5], label="sellers")
    ax.set_yticks([0, 1], ["Kimi K2", "GPT-5"])
    figure.draw_without_rendering()
    assert [mark.text for mark in plots.marks_of(figure)] == ["Kimi K2, sellers\n3", "GPT-5, sellers\n5"]


def test_lines_that_end_in_one_point_keep_their_own_names() -> None:
    with plots.use_house_style():
        ax = plots.own_axes()
        for color, start in ((plots.INK, 1.0), (plots.ORIGIN_COLORS["CN"], 2.0)):
            ax.plot([0, 1], [start, 3.0], color=color)
        ends = {"All": (1, 3.0), "Chinese": (1, 3.0)}
        plots.label_line_ends(ax, ends, {"All": plots.INK, "Chinese": plots.ORIGIN_COLORS["CN"]})
        ax.figure.draw_without_rendering()  # type: ignore[union-attr]
        assert plots.declare(ax.figure).names == ["All", "Chinese"]  # type: ignore[arg-type]
    plt.close("all")


def test_names_at_marks_keep_clear_of_marks_and_of_each_other() -> None:
    figure, ax = plt.subplots()
    draws = np.random.default_rng(0).uniform(size=(60, 2))
    ax.plot(draws[:, 0], draws[:, 1], "o")
    plots.label_points(ax, {f"model {k}": tuple(point) for k, point in enumerate(draws)}, most=20)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) > 8
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    marks = ax.transData.transform(draws)
    assert not any(box.x0 < x < box.x1 and box.y0 < y < box.y1 for box in boxes for x, y in marks)


def test_a_phone_gets_a_narrow_figure_with_names_above_rows() -> None:
    found = {"US closed models alone, median seller": (1.0, 0.5, 1.5), "All": (2.0, 1.0, 3.0)}
    with plots.narrow():
        ax = plots.headline(plots.interval_rows(found), "Finding", "Measure", source="Source")
        svg = for_phone(ax.figure).decode()
        assert len(plots.panels(4, columns=4)[0].figure.axes) == 4
    size = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    assert size and float(size[1]) == pytest.approx(plots.NARROW * 72, abs=0.1)
    assert ">US closed models alone, median seller<" in svg and "Finding" not in svg


def test_the_style_file_has_the_colours_that_mean_something() -> None:
    style = _settings()
    cycle = [color["color"] for color in style["axes.prop_cycle"]]
    assert cycle == [*plots.ORIGIN_COLORS.values(), plots.MUTED]
    inks = {"text.color": plots.INK, "axes.edgecolor": plots.MUTED, "grid.color": plots.RULE}
    assert {key: style[key] for key in inks} == inks
    assert style["figure.facecolor"] == plots.PAPER and not style["text.parse_math"]
