"""What differs between two groups of rows in a table of one's own? The start of a report of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import CellError, InputError, MissingColumnError, TooFewError, UnitError
from undercut.provenance import Provenance, attach, sha256_of
from undercut.report.catalogue.project import project_root
from undercut.result import Axes, Result
from undercut.sources.files import content_of, read_table
from undercut.studies.presentation import Answer, Figure, Number, Part

#: Rows that each group needs; fewer say nothing of its median.
FEWEST = 5


def read_own(path: str, *, value: str, group: str) -> pd.DataFrame:
    """A table of your own: the column of numbers and the column that names each row's group.

    Parameters
    ----------
    path : str
        CSV, Parquet or Excel; relative to the project's folder.
    value, group : str
        Names of the two columns.

    Raises
    ------
    MissingColumnError
        The table lacks one of them; the message lists those it has.
    CellError
        A value is no number, or a group is blank; the message names line and text.
    """
    place = Path(path) if Path(path).is_absolute() else project_root() / path
    table = read_table(place)
    if missing := [name for name in (value, group) if name not in table.frame]:
        known = ", ".join(map(str, table.frame.columns))
        raise MissingColumnError(f"{table.name} has no column {missing[0]!r}; it has {known}.")
    groups, _ = table.names(group)
    frame = pd.DataFrame({group: groups, value: table.numbers(value)})
    stamp = datetime.fromtimestamp(place.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return attach(frame, Provenance(place.name, stamp, stamp, "your own", sha256_of(content_of(place))))


def columns_of(path: str) -> tuple[str, str]:
    """The first column of numbers of a table, and the first whose names repeat: its groups.

    Raises
    ------
    InputError
        The table lacks one of them; the message lists what it has.
    """
    table = read_table(path)
    numbers, names = [], []
    for column in map(str, table.frame.columns):
        try:
            table.numbers(column)
            numbers.append(column)
        except CellError:
            names.append(column)
    groups = [name for name in names if 1 < table.frame[name].nunique() < len(table.frame)]
    if not numbers or not groups:
        raise InputError(
            f"{table.name} needs a column of numbers and one of names that repeat (its groups). Numbers: "
            f"{', '.join(numbers) or 'none'}; groups: {', '.join(groups) or 'none'}."
        )
    return numbers[0], groups[0]


class TwoGroups(Result):
    """The median of one group relative to that of another.

    Attributes
    ----------
    first, second : str
        The groups; the first is compared with the second.
    change, low, high : float
        Percent by which the first group's median lies above the second's, and its interval.
    level : float
    draws : int
    rows : DataFrame
        The rows of both groups.
    """

    first: str
    second: str
    change: float
    low: float
    high: float
    level: float
    draws: int
    rows: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The estimate, one row."""
        columns = ("first", "second", "change", "low", "high", "level")
        return pd.DataFrame([{name: getattr(self, name) for name in columns}])

    def table(self) -> pd.DataFrame:
        """Rows, median and range of each group."""
        group, value = self.rows.columns
        return self.rows.groupby(group)[value].agg(rows="size", median="median", low="min", high="max")

    def summary(self) -> str:
        """The comparison in one sentence."""
        return f"{self._sentence()}\n{self.table().to_string()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Every row as a mark, and the median of each group as a line."""
        axes = plots.own_axes(ax)
        group, value = self.rows.columns
        scatter = np.random.default_rng(1)
        for place, (name, color) in enumerate(((self.first, plots.INK), (self.second, plots.MUTED))):
            own = self.rows.loc[self.rows[group].eq(name), value]
            heights = place + scatter.uniform(-0.18, 0.18, len(own))
            axes.plot(own, heights, marker="o", linestyle="none", color=color, alpha=0.5)
            axes.plot([own.median()] * 2, [place - 0.3, place + 0.3], color=color, linewidth=2.5)
        axes.set_yticks([0, 1], [self.first, self.second])
        axes.set_ylim(1.6, -0.6)
        axes.set_xlabel(value)
        return axes

    def number(self) -> Number:
        """The finding."""
        return Number(
            "difference", f"Median of {self.first} against {self.second}", self.change, "%",
            ci=(self.low, self.high), level=self.level, n=len(self.rows), role="headline",
            method=f"difference of medians, percentile bootstrap within groups, {self.draws:,} draws",
        )  # fmt: skip

    def parts(self) -> Iterator[Part]:
        """A finding, a figure and the answer."""
        group, value = self.rows.columns
        yield self.number()

        def draw() -> Axes:
            measure = f"{value} by {group}, one mark a row; the line is the median"
            return plots.headline(self.plot(), self._title(), measure, source="Own data")

        yield Figure("groups", draw, f"Rows of marks of two groups. {self._sentence()}", self.rows)
        yield Answer(self._sentence())

    def _title(self) -> str:
        told = self.number()
        return f"{self.first}: {told.short} against {self.second}" if told.is_clear else self._sentence()

    def _sentence(self) -> str:
        told = self.number()
        if not told.is_clear:
            return f"We cannot tell whether {self.first} or {self.second} is higher ({told.interval})."
        word = "higher" if self.change > 0 else "lower"
        return (
            f"The median of {self.first} is {told.size} {word} than that of {self.second} ({told.interval})."
        )


def two_groups(
    rows: pd.DataFrame,
    *,
    value: str,
    group: str,
    compare: Sequence[str] = (),
    level: float = 0.95,
    draws: int = 2_000,
    seed: int = 1,
) -> TwoGroups:
    """How far the median of one group lies from that of another.

    Parameters
    ----------
    rows : DataFrame
        With the columns ``value`` (above zero) and ``group``.
    value, group : str
    compare : sequence of str
        The two groups; by default those with most rows.
    level : float
        Of the interval: percentiles of medians of rows drawn anew within each group.
    draws, seed : int

    Raises
    ------
    TooFewError
        A group has fewer than five rows.
    UnitError
        A value is not above zero, so that percent mean nothing.

    Examples
    --------
    >>> rows = pd.DataFrame({"team": ["a"] * 9 + ["b"] * 9, "cost": [*range(11, 20), *range(21, 30)]})
    >>> round(two_groups(rows, value="cost", group="team").change, 1)
    -40.0
    """
    rows = rows[[group, value]].dropna()
    counts = rows[group].value_counts()
    names = list(compare) or sorted(map(str, counts.index), key=lambda name: (-counts[name], name))[:2]
    sizes = [int(rows[group].eq(name).sum()) for name in names]
    if len(names) != 2 or min(sizes) < FEWEST:
        told = ", ".join(f"{name} {size}" for name, size in zip(names, sizes, strict=True))
        raise TooFewError(f"Two groups of at least {FEWEST} rows are needed in column {group!r}; got {told}.")
    kept = rows[rows[group].isin(names)].reset_index(drop=True)
    if (kept[value] <= 0).any():
        raise UnitError(f"Column {value!r} has values of zero or below: percent of a median mean nothing.")
    first, second = (kept.loc[kept[group].eq(name), value].to_numpy(float) for name in names)
    random = np.random.default_rng(seed)
    drawn = [np.median(random.choice(own, (draws, len(own))), axis=1) for own in (first, second)]
    ends = np.quantile(100 * (drawn[0] / drawn[1] - 1), [(1 - level) / 2, (1 + level) / 2])
    change = 100 * (np.median(first) / np.median(second) - 1)
    return TwoGroups(names[0], names[1], float(change), float(ends[0]), float(ends[1]), level, draws, kept)
