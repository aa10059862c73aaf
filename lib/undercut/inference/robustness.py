"""How far does a headline hang on choices and on single units? Combinations of choices, and one left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import MissingColumnError, UndercutError
from undercut.inference.specifications import SpecificationCurve
from undercut.result import Axes, Result

#: The range beside a headline holds this share of the combinations, the same number left out on either side.
MIDDLE: Final = 0.90


class Robustness(Result):
    """A headline with its interval, other defensible choices, and what single units do to it.

    Attributes
    ----------
    key, label : str
        Name of the finding that it is about, and what is estimated, in words.
    estimate, low, high : float
        The headline and its interval.
    curve : SpecificationCurve
        The estimate under every combination of choices, with unit and the value of no effect.
    left_out : DataFrame
        From :func:`leave_one_out`.
    """

    key: str
    label: str
    estimate: float
    low: float
    high: float
    curve: SpecificationCurve
    left_out: pd.DataFrame

    @property
    def reach(self) -> tuple[float, float]:
        """Ends of the range that holds the middle 90% of the combinations."""
        tail = (1 - MIDDLE) / 2
        low, high = np.quantile(self.curve.estimates["estimate"], [tail, 1 - tail])
        return float(low), float(high)

    @property
    def deciding(self) -> pd.DataFrame:
        """Units without which the estimate has the other sign or lies outside the headline's interval."""
        found, none = self.left_out["estimate"], self.curve.reference
        turns = (found - none) * (self.estimate - none) < 0
        told = self.left_out.assign(turns=turns, leaves=(found < self.low) | (found > self.high))
        return told[told["turns"] | told["leaves"]].reset_index(drop=True)

    def without(self) -> pd.DataFrame:
        """Range of the estimates with one unit left out: ``unit, n, lowest, without_lowest, highest,
        without_highest``; the names are those whose absence gives the ends."""
        rows = []
        for unit, part in self.left_out.dropna(subset=["estimate"]).groupby("unit", sort=False):
            least, most = part.loc[part["estimate"].idxmin()], part.loc[part["estimate"].idxmax()]
            rows.append((unit, len(part), *least[["estimate", "left_out"]], *most[["estimate", "left_out"]]))
        columns = ["unit", "n", "lowest", "without_lowest", "highest", "without_highest"]
        return pd.DataFrame(rows, columns=columns)

    def to_frame(self) -> pd.DataFrame:
        """Every estimate: ``kind`` (headline, combination, or the unit left out), ``what``, ``estimate``."""
        combined, curve = self.curve.estimates, self.curve
        told = combined[list(curve.choices)].astype("str").agg(", ".join, axis=1)
        return pd.concat(
            [
                pd.DataFrame({"kind": "headline", "what": self.label, "estimate": [self.estimate]}),
                pd.DataFrame({"kind": "combination", "what": told, "estimate": combined["estimate"]}),
                self.left_out.rename(columns={"unit": "kind", "left_out": "what"})[
                    ["kind", "what", "estimate"]
                ],
            ],
            ignore_index=True,
        )

    def summary(self) -> str:
        """Headline, range over combinations, range with one unit left out, as text."""
        unit = self.curve.unit
        lines = [
            f"{self.label}: {self.estimate:.3g}{unit} [{self.low:.3g}, {self.high:.3g}].",
            f"{len(self.curve.estimates)} combinations of choices: middle {MIDDLE:.0%} from "
            f"{self.reach[0]:.3g} to {self.reach[1]:.3g}{unit}.",
        ]
        lines += [
            f"Without one {row.unit} (of {row.n}): {row.lowest:.3g} (without {row.without_lowest}) to "
            f"{row.highest:.3g} (without {row.without_highest})."
            for row in self.without().itertuples()
        ]
        return "\n".join(lines)

    def table(self) -> pd.DataFrame:
        """`without`."""
        return self.without()

    def plot(self, ax: Axes | None = None, names: Mapping[str, str] | None = None) -> Axes:
        """Draw headline, combinations and estimates with one unit left out as rows of dots; the ends carry
        the names of the units, or what ``names`` calls them."""
        from undercut import plots

        left_out = self.left_out.dropna(subset=["estimate"])
        rows = {"headline": [self.estimate], "combinations": list(self.curve.estimates["estimate"])}
        rows |= {f"without one {unit}": list(part["estimate"]) for unit, part in left_out.groupby("unit")}
        axes = plots.own_axes(ax, 7.6, 1.4 + 0.5 * len(rows))
        axes.hlines(0, self.low, self.high, color=plots.INK, linewidth=2.5)
        axes.hlines(1, *self.reach, color=plots.RULE, linewidth=9, zorder=0)
        for height, values in enumerate(rows.values()):
            size, alpha = (9, 1.0) if height == 0 else (4, 0.45)
            axes.plot(
                values, [height] * len(values), "o", color=plots.INK, markersize=size, alpha=alpha, mew=0
            )
        heights = {name.removeprefix("without one "): height for height, name in enumerate(rows)}
        for row in self.without().itertuples():
            ends = ((row.lowest, row.without_lowest, -1), (row.highest, row.without_highest, 1))
            for value, name, side in ends if row.lowest < row.highest else ():
                axes.annotate(
                    (names or {}).get(name, name), (value, heights[row.unit]), xytext=(6 * side, 0),
                    textcoords="offset points", ha="right" if side < 0 else "left", va="center", fontsize=8,
                )  # fmt: skip
        counted = [f"{name} ({len(values)})" if len(values) > 1 else name for name, values in rows.items()]
        axes.set_yticks(range(len(rows)), counted)
        axes.set_ylim(len(rows) - 0.5, -0.6)
        axes.margins(x=0.25)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel({"x": "times", "%": "percent"}.get(self.curve.unit, self.curve.unit))
        axes.axvline(self.curve.reference, color=plots.MUTED, linewidth=0.8)
        return axes


def leave_one_out(
    frame: pd.DataFrame, units: Sequence[str], estimate: Callable[[pd.DataFrame], float]
) -> pd.DataFrame:
    """An estimate again and again, each time without the rows of one unit.

    Parameters
    ----------
    frame : DataFrame
    units : sequence of str
        Columns that name the units, such as ``model_id`` and ``developer``.
    estimate : callable
        Takes the rows that are left.

    Returns
    -------
    DataFrame
        ``unit`` (the column), ``left_out``, ``estimate`` (missing where what is left gives none) and
        ``why_not``.

    Examples
    --------
    >>> prices = pd.DataFrame({"seller": ["a", "a", "b"], "price": [1.0, 3.0, 8.0]})
    >>> leave_one_out(prices, ["seller"], lambda rows: rows["price"].mean())["estimate"].tolist()
    [8.0, 2.0]
    """
    if missing := [unit for unit in units if unit not in frame]:
        raise MissingColumnError(f"The rows have no column {', '.join(missing)} to leave units out by.")
    rows = []
    for unit in units:
        for name in sorted(frame[unit].dropna().unique()):
            try:
                found, why_not = float(estimate(frame[frame[unit] != name])), ""
            except UndercutError as reason:
                found, why_not = np.nan, str(reason)
            rows.append((unit, name, found, why_not))
    return pd.DataFrame(rows, columns=["unit", "left_out", "estimate", "why_not"])
