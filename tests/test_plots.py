"""Origin and access stay apart for every reader, on paper and on screen, and figures are reproducible."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut import plots
from undercut.errors import InputError
from undercut.report.findings.pictures import as_picture, cropped, follow_page_colors

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
        assert np.linalg.norm(seen[first] - seen[second]) > 20, (first, second)


def test_origins_differ_in_greyscale_print() -> None:
    lightness = sorted(lab(linear(color))[0] for color in plots.ORIGIN_COLORS.values())
    assert min(np.diff(lightness)) > 5
    us, china = (lab(linear(plots.ORIGIN_COLORS[origin]))[0] for origin in ("US", "CN"))
    assert china - us > 20


def test_marks_and_text_have_contrast_on_their_paper() -> None:
    for palette, paper in ((plots.ORIGIN_COLORS, plots.PAPER), (DARK_ORIGINS, plots.DARK[plots.PAPER])):
        assert all(contrast(color, paper) >= 3 for color in palette.values())
    texts = [plots.INK, plots.MUTED, *map(plots.text_color, plots.ORIGIN_COLORS.values())]
    for text in texts:
        assert contrast(text, plots.PAPER) >= 4.5
        assert contrast(plots.DARK[text], plots.DARK[plots.PAPER]) >= 4.5


def test_every_ink_has_its_own_counterpart_on_dark_paper() -> None:
    assert set(plots.ORIGIN_COLORS.values()) | {plots.INK, plots.MUTED, plots.RULE, plots.PAPER} <= set(
        plots.DARK
    )


def test_access_is_visible_without_colour() -> None:
    looks = [
        plots.mark("US", access) for access in ("closed", "open", "open-restricted", "open-noncommercial")
    ]
    without_color = {(str(look["linestyle"]), look["marker"], look["markerfacecolor"]) for look in looks}
    assert len(without_color) == 4
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
    assert first == second
    text = first.content.decode().replace("http://www.w3.org", "")
    assert "http" not in text.replace("http://purl.org/dc", "").replace("http://creativecommons.org/ns#", "")
    assert "<text" not in text


def test_inks_follow_the_page_and_nothing_else_changes() -> None:
    picture = as_picture(drawn())
    adapted = follow_page_colors(picture.content.decode())
    body = adapted.partition("</style>")[2]
    for color in (plots.INK, plots.MUTED, plots.PAPER, plots.ORIGIN_COLORS["CN"]):
        assert color in picture.content.decode()
        assert color not in body
    foreign = '<svg><path style="fill: #123456"/></svg>'
    assert follow_page_colors(foreign) == foreign


def test_cropping_takes_the_headline_and_the_source_away() -> None:
    picture = as_picture(drawn())
    assert 20 < picture.top < 80
    assert 5 < picture.bottom < 40
    window = cropped(picture.content.decode(), picture.top, picture.bottom)
    assert f'viewBox="0 {picture.top} ' in window


def test_a_figure_of_very_many_marks_is_kept_as_a_picture() -> None:
    figure, ax = plt.subplots()
    points = np.random.default_rng(1).uniform(size=(20_000, 2))
    ax.plot(points[:, 0], points[:, 1], **plots.mark("US", "closed", line=False))
    picture = as_picture(figure)
    assert picture.mime == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_the_style_file_has_the_colours_that_mean_something() -> None:
    style = plots._settings()
    assert [color["color"] for color in style["axes.prop_cycle"]] == list(plots.ORIGIN_COLORS.values())
    inks = {"text.color": plots.INK, "axes.edgecolor": plots.MUTED, "grid.color": plots.RULE}
    assert {key: style[key] for key in inks} == inks
    assert style["figure.facecolor"] == plots.PAPER and not style["text.parse_math"]
