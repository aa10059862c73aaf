"""Figures of event studies show every row, at its value, with nothing written over anything else."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from undercut.errors import DataError
from undercut.plots import use_house_style
from undercut.studies.stocks import charts


def rows(count: int = 12) -> pd.DataFrame:
    middle = np.linspace(-0.3, 0.1, count)
    return pd.DataFrame(
        {
            "label": [f"A rather long name of event {i}" for i in range(count)],
            "part": ["first"] * (count // 2) + ["second"] * (count - count // 2),
            "car": middle, "ci_low": middle - 0.05, "ci_high": middle + 0.05, "said": "p .123",
            "mixed": [i == 3 for i in range(count)],
        }
    )  # fmt: skip


def overlaps(figure: plt.Figure) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes meet, and texts that leave the figure."""
    figure.draw_without_rendering()
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    shown = [t for t in shown if t not in undrawn(figure)]
    boxes = [(t.get_text(), t.get_window_extent()) for t in shown]
    outside = [(name, "edge") for name, b in boxes if b.x0 < -1 or b.y0 < -1 or b.x1 > figure.bbox.x1 + 1]
    pairs = [
        (first, second)
        for i, (first, a) in enumerate(boxes)
        for second, b in boxes[i + 1 :]
        if a.x0 < b.x1 - 1 and b.x0 < a.x1 - 1 and a.y0 < b.y1 - 1 and b.y0 < a.y1 - 1
    ]
    return outside + pairs


def undrawn(figure: plt.Figure) -> list[Text]:
    """Labels of ticks beyond the limits of their axes, which exist but are not drawn."""
    axes = [(axis, sorted(axis.get_view_interval())) for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    ticks = [(tick, low, high) for axis, (low, high) in axes for tick in axis.get_major_ticks()]
    return [tick.label1 for tick, low, high in ticks if not low <= tick.get_loc() <= high]


def test_interval_rows_draw_each_estimate_at_its_value_in_percent() -> None:
    with use_house_style():
        ax = charts.interval_rows(
            rows(),
            finding="Found",
            measure="Percent",
            source="Source",
            section="part",
            note="said",
            square="mixed",
        )
        marks = [line for line in ax.lines if line.get_marker() in ("o", "s")]
        assert [float(m.get_xdata()[0]) for m in marks] == pytest.approx(list(100 * rows()["car"]))
        assert [m.get_marker() for m in marks].index("s") == 3
        heights = [float(m.get_ydata()[0]) for m in marks]
        assert heights == sorted(heights) and ax.yaxis_inverted()
        assert overlaps(ax.figure) == []
        plt.close(ax.figure)


def test_paths_share_one_scale_and_one_panel_is_one_group() -> None:
    days = list(range(-3, 6))
    parts = [
        pd.DataFrame(
            {"group": name, "day": days, "caar": size * np.arange(9), "ci_low": -0.1, "ci_high": 0.1}
        )
        for name, size in {"chips": -0.02, "power": -0.01, "clouds": 0.0, "software": 0.01}.items()
    ]
    with use_house_style():
        figure = charts.paths(pd.concat(parts), finding="Found", measure="Percent").figure
        shown = [ax for ax in figure.axes if ax.get_visible()]
        assert [ax.get_title(loc="left") for ax in shown] == [
            "chip makers", "power suppliers", "clouds", "software",
        ]  # fmt: skip
        assert len({ax.get_ylim() for ax in shown}) == 1
        assert list(shown[0].lines[0].get_ydata()) == pytest.approx(list(-2.0 * np.arange(9)))
        assert overlaps(figure) == []
        plt.close(figure)


def test_a_figure_of_nothing_is_refused() -> None:
    empty = rows().iloc[:0]
    with pytest.raises(DataError, match="empty"):
        charts.interval_rows(empty, finding="", measure="")
    with pytest.raises(DataError, match="empty"):
        charts.paths(empty, finding="", measure="")
