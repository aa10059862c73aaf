"""Which days estimate the normal return of an event, and which are the event? Offsets are trading days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from undercut.errors import InputError, TooFewError
from undercut.eventstudy.data import ReturnsPanel, listed
from undercut.eventstudy.events import EventRows
from undercut.inference.arrays import Floats

Window = tuple[int, int]

_KEPT_IN: Final = (
    "the estimation windows of {} include days of other events, which could not be skipped without falling "
    "below the fewest usable days"
)
_TOO_SHORT: Final = "left out for fewer than {} usable estimation days: {{}}"
_OVERLAPS: Final = "its event window shares days with that of another event of {}"
_UNSEEN: Final = "left out for want of any return in the event window: {}"


@dataclass(frozen=True, slots=True)
class Windows:
    """Estimation and event window, in trading days from the event, both ends included.

    Attributes
    ----------
    estimation, event : tuple of int
        First and last offset.
    min_days : int
        Fewest usable days of an estimation window.
    """

    estimation: Window = (-250, -31)
    event: Window = (-1, 1)
    min_days: int = 100

    def __post_init__(self) -> None:
        for name, (first, last) in (("estimation", self.estimation), ("event", self.event)):
            if first > last:
                raise InputError(f"The {name} window {label((first, last))} ends before it starts.")
        if self.estimation[1] >= self.event[0]:
            raise InputError(
                f"The estimation window {label(self.estimation)} must end before the event window "
                f"{label(self.event)} starts, or the event shapes what counts as normal."
            )
        if self.min_days > self.n_estimation:
            raise InputError(
                f"The estimation window {label(self.estimation)} has {self.n_estimation} days, fewer than "
                f"the {self.min_days} usable days asked for; widen it or lower min_days (--min-days)."
            )

    @property
    def n_estimation(self) -> int:
        """Days of the estimation window."""
        return self.estimation[1] - self.estimation[0] + 1

    @property
    def n_event(self) -> int:
        """Days of the event window."""
        return self.event[1] - self.event[0] + 1

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Days of the event window, shape (n_event,)."""
        return np.arange(self.event[0], self.event[1] + 1)


def label(window: Window) -> str:
    """A window as text.

    >>> label((-1, 1))
    '-1:1'
    """
    return f"{window[0]}:{window[1]}"


def parse_window(text: str | Window, name: str = "window") -> Window:
    """A window from text such as ``-250:-31``; one number means one day.

    Raises
    ------
    InputError
        If the text is not one or two whole numbers.

    Examples
    --------
    >>> parse_window("-250:-31")
    (-250, -31)
    """
    if not isinstance(text, str):
        return int(text[0]), int(text[1])
    parts = text.split(":")
    try:
        first, last = int(parts[0]), int(parts[-1])
    except ValueError:
        parts = []
        first = last = 0
    if len(parts) not in (1, 2):
        raise InputError(f"The {name} must be FIRST:LAST in trading days, such as -250:-31; got {text!r}.")
    return first, last


@dataclass(frozen=True, slots=True)
class Block:
    """All rows of events on one day, from the first estimation day to the last day of the event window.

    Attributes
    ----------
    rows : slice
        The rows in the table of events.
    returns : numpy.ndarray
        Shape (n_rows, n_span); estimation days that must not be used are NaN.
    design : numpy.ndarray
        Regressors, shape (n_span, n_regressors).
    donors : numpy.ndarray
        Returns of the unexposed units, shape (n_donors, n_span).
    n_estimation, n_event : int
        Days at the start and at the end of the span.
    """

    rows: slice
    returns: Floats
    design: Floats
    donors: Floats
    n_estimation: int
    n_event: int

    @property
    def estimation(self) -> Floats:
        """Returns of the estimation window, shape (n_rows, n_estimation)."""
        return self.returns[:, : self.n_estimation]

    @property
    def event(self) -> Floats:
        """Returns of the event window, shape (n_rows, n_event)."""
        return self.returns[:, -self.n_event :]

    @property
    def design_estimation(self) -> Floats:
        """Regressors of the estimation window, shape (n_estimation, n_regressors)."""
        return self.design[: self.n_estimation]

    @property
    def design_event(self) -> Floats:
        """Regressors of the event window, shape (n_event, n_regressors)."""
        return self.design[-self.n_event :]


@dataclass(frozen=True, slots=True)
class Usable:
    """Which rows of events can be studied, and which estimation days each of them uses.

    Attributes
    ----------
    rows : EventRows
        The rows with enough usable days; its warnings name the others.
    days : numpy.ndarray of bool
        Estimation days that a row uses, shape (n_rows, n_estimation).
    """

    rows: EventRows
    days: NDArray[np.bool_]


def padded(values: Floats, windows: Windows) -> tuple[Floats, int]:
    """``values`` with empty days at both ends, so that every window fits, and their number in front."""
    left = max(0, -windows.estimation[0])
    right = max(0, windows.event[1])
    width = [(0, 0)] * (values.ndim - 1) + [(left, right)]
    return np.pad(values, width, constant_values=np.nan), left


def usable_days(
    panel: ReturnsPanel, design: Floats, rows: EventRows, windows: Windows, *, skip_events: bool = True
) -> Usable:
    """Find the usable estimation days of each row: traded, benchmark known, no other event of the firm.

    Where skipping other events would leave fewer than ``min_days``, the days stay in and a warning says so.
    ``design`` has shape (n_days, n_regressors).
    """
    traded = np.isfinite(panel.returns)
    left, right = max(0, -windows.estimation[0]), max(0, windows.event[1])
    known, seen = (
        np.pad(days, [(0, 0), (left, right)]) for days in (traded & np.isfinite(design).all(axis=1), traded)
    )
    other = event_days(rows, windows.event, known.shape, left)
    start = rows.day + left + windows.estimation[0]
    days = np.empty((len(rows), windows.n_estimation), dtype=bool)
    kept_in = np.zeros(len(rows), dtype=bool)
    for block, first in _same_day(rows.day):
        span = slice(start[first], start[first] + windows.n_estimation)
        units = rows.unit[block]
        usable = known[units, span]
        clean = usable & ~other[units, span] if skip_events else usable
        days[block] = clean
        short = clean.sum(axis=1) < windows.min_days
        if skip_events and short.any():
            short &= usable.sum(axis=1) >= windows.min_days
            days[block][short] = usable[short]
            kept_in[block] = short
    counts = days.sum(axis=1)
    enough = counts >= windows.min_days
    event_known = seen[rows.unit[:, None], rows.day[:, None] + left + windows.offsets].any(axis=1)
    counted = np.array([f"{f} ({c})" for f, c in zip(rows.firm, counts, strict=True)], dtype=object)
    notes = notes_by_event(rows, kept_in, _KEPT_IN)
    notes += notes_by_event(rows, ~enough, _TOO_SHORT.format(windows.min_days), counted)
    notes += notes_by_event(rows, _overlapping(rows, windows), _OVERLAPS)
    notes += notes_by_event(rows, enough & ~event_known, _UNSEEN)
    keep = enough & event_known
    if not keep.any():
        raise TooFewError("No event can be studied: " + "; ".join(rows.warnings + notes) + ".")
    return Usable(rows.take(keep, notes), days[keep])


def event_days(rows: EventRows, window: Window, shape: tuple[int, ...], left: int = 0) -> NDArray[np.bool_]:
    """Whether a day lies in the window of any event of a unit, shape (n_units, n_days); the panel's first day
    stands ``left`` days from the start."""
    marked = np.zeros(shape, dtype=bool)
    for offset in range(window[0], window[1] + 1):
        day = rows.day + left + offset
        inside = (day >= 0) & (day < shape[1])
        marked[rows.unit[inside], day[inside]] = True
    return marked


def _same_day(day: NDArray[np.int64]) -> Iterator[tuple[slice, int]]:
    """Runs of rows on one day (rows are sorted by day): the slice and its first row."""
    starts = np.flatnonzero(np.r_[True, day[1:] != day[:-1]])
    for first, last in zip(starts, np.r_[starts[1:], len(day)], strict=True):
        yield slice(int(first), int(last)), int(first)


def blocks(
    panel: ReturnsPanel, design: Floats, donors: NDArray[np.int64], usable: Usable, windows: Windows
) -> Iterator[Block]:
    """Rows by day, with everything that a model of normal returns needs."""
    returns, left = padded(panel.returns, windows)
    regressors = padded(design.T, windows)[0].T
    n_estimation = windows.n_estimation
    for rows, first in _same_day(usable.rows.day):
        day = int(usable.rows.day[first]) + left
        span = slice(day + windows.estimation[0], day + windows.event[1] + 1)
        own = returns[usable.rows.unit[rows], span]
        own[:, :n_estimation][~usable.days[rows]] = np.nan
        own[:, -windows.n_event :][:, ~np.isfinite(regressors[span][-windows.n_event :]).all(axis=1)] = np.nan
        yield Block(rows, own, regressors[span], returns[donors, span], n_estimation, windows.n_event)


def _overlapping(rows: EventRows, windows: Windows) -> NDArray[np.bool_]:
    """Rows whose window shares days with that of an earlier event of the firm."""
    order = np.lexsort((rows.day, rows.unit))
    unit, day = rows.unit[order], rows.day[order]
    close = (unit[1:] == unit[:-1]) & (day[1:] - day[:-1] < windows.n_event)
    later = np.zeros(len(rows), dtype=bool)
    later[order[1:][close]] = True
    return later


def notes_by_event(
    rows: EventRows, chosen: NDArray[np.bool_], said: str, firms: NDArray[np.object_] | None = None
) -> tuple[str, ...]:
    """A note for each event with chosen rows; ``{}`` in what is said stands for their firms."""
    names = rows.firm if firms is None else firms
    found: dict[str, list[str]] = {}
    for row in np.flatnonzero(chosen):
        found.setdefault(rows.event[row], []).append(names[row])
    return tuple(f"{event}: {said.format(listed(few))}" for event, few in found.items())
