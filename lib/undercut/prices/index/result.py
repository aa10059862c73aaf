"""What does an index computation hand back? The series, and what a reader needs to judge it."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import pandas as pd

from undercut.result import Axes, Result


class IndexResult(Result):
    """A price index.

    Attributes
    ----------
    method : str
        Name of the method, as asked for.
    explanation : str
        The method in a line.
    index : pandas.Series
        Level by period, 1 in the first.
    diagnostics : pandas.DataFrame
        By period: ``n_products`` on sale; ``n_matched``, those that the comparison uses; with quantities
        ``matched_share``, their share of the period's expenditure, and ``effective_products``, the inverse
        of the Herfindahl index of expenditure shares (how many equal products weigh as much). Bilateral
        methods add ``base``, the period compared with, and ``matched_share_base``.
    pairs : pandas.DataFrame or None
        Number of products that each two periods share (GEKS methods), periods by periods.
    options : dict
        Options that were not left at their defaults.
    notes : tuple of str
        What was done to the data: rows dropped, duplicates merged, gaps between periods.
    """

    method: str
    explanation: str
    index: pd.Series
    diagnostics: pd.DataFrame
    pairs: pd.DataFrame | None = None
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a period: period, index, percent change on the period before, diagnostics."""
        frame = self.index.rename_axis("period").reset_index()
        frame["change_percent"] = self.index.pct_change().mul(100).to_numpy()
        return pd.concat([frame, self.diagnostics.reset_index(drop=True)], axis=1)

    def summary(self) -> str:
        """The result as text, with method, options and notes."""
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        first, last = self.index.index[0], self.index.index[-1]
        change = 100 * (self.index.iloc[-1] - 1)
        head = [
            f"Price index: {self.method}" + (f" ({options})" if options else ""),
            self.explanation,
            f"{first} to {last}: {change:+.2f} percent over {len(self.index)} periods.",
            "No interval: the index describes these quotes and estimates nothing beyond them.",
            *(f"Note: {note}." for note in self.notes),
        ]
        return "\n".join([*head, "", self.table().to_string(index=False, float_format="{:.6g}".format)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the series on ``ax`` (a new figure if None), labelled at its end; returns the axes."""
        from undercut.plots import own_axes, zero_line

        axes = own_axes(ax)
        labels = [str(label) for label in self.index.index]
        axes.plot(labels, self.index.to_numpy())
        axes.annotate(
            self.method, (labels[-1], self.index.iloc[-1]), xytext=(4, 0), textcoords="offset points"
        )
        axes.set_ylabel(f"Price index, {labels[0]} = 1")
        step = max(1, len(labels) // 8)
        axes.set_xticks(range(0, len(labels), step), labels[::step])
        return zero_line(axes, 1.0)


def draw_index(index: pd.DataFrame, ax: Axes | None, what: str) -> Axes:
    """An index by month (``index, low, high``) with its interval, on a logarithmic axis."""
    from undercut.plots import INK, band, log_axis, own_axes, zero_line

    axes = own_axes(ax)
    moments = pd.PeriodIndex(index.index, freq="M").to_timestamp()
    axes.plot(moments, index["index"], color=INK)
    band(axes, moments, index["low"], index["high"])
    axes.set_ylabel(f"{what}, {index.index[0]} = 1")
    return zero_line(log_axis(axes), 1.0)
