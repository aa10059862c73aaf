"""How does a build show what it is doing? A line for each start and end, and what is running meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from undercut.report.run.masking import Mask
from undercut.report.run.task import Outcome, Task

#: In a log, how often a build says what it is doing; on a terminal one line is renewed.
LOG_SECONDS = 15.0
TERMINAL_SECONDS = 0.5
_CLEAR = "\r\x1b[2K"


class Watch:
    """Told of everything in a build; this one passes on the starts and ends of reports."""

    def __init__(self, listener: Callable[[Outcome], None] | None = None) -> None:
        self._listener = listener

    def expect(self, tasks: Sequence[Task], lasted: Mapping[str, float | None], jobs: int) -> None:
        """What will run, how long each took last time, and how many run at once."""

    def say(self, outcome: Outcome) -> None:
        """A report has started or ended."""
        if self._listener:
            self._listener(outcome)

    def ended(self, task: Task) -> None:
        """A task is over."""

    def pulse(self, running: Iterable[Task]) -> None:
        """What runs now; called several times a second."""


class Lines(Watch):
    """Prints a line for each start and end, and between them what is running, how far, and what is left."""

    def __init__(self) -> None:
        super().__init__()
        self._mask = Mask(os.environ)
        self._is_terminal = sys.stdout.isatty()
        self._every = TERMINAL_SECONDS if self._is_terminal else LOG_SECONDS
        self._spoke = time.monotonic()
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._lasted: Mapping[str, float | None] = {}
        self._jobs = 1
        self.counts: Counter[str] = Counter()

    def expect(self, tasks: Sequence[Task], lasted: Mapping[str, float | None], jobs: int) -> None:
        self._lasted, self._jobs = lasted, min(jobs, len(tasks))

    def say(self, outcome: Outcome) -> None:
        self.counts[outcome.status] += 1
        self._print(line_of(outcome))

    def ended(self, task: Task) -> None:
        self._took[task.folder] = time.monotonic() - self._began.pop(task.folder, time.monotonic())

    def pulse(self, running: Iterable[Task]) -> None:
        now = time.monotonic()
        running = list(running)
        for task in running:
            self._began.setdefault(task.folder, now)
        if now - self._spoke >= self._every and running:
            places = ", ".join(f"{label_of(task)}{_place(task)}" for task in running)
            done = f"{len(self._took)} of {len(self._lasted)} reports done"
            self._print(f"{done}{self._left(now)}; now {places}", lasts=not self._is_terminal)

    def _left(self, now: float) -> str:
        """About how much longer it takes: as long as last time, or as the reports before did on average."""
        known = [*self._took.values(), *filter(None, self._lasted.values())]
        if not known:
            return ""
        usual = sum(known) / len(known)
        left = [
            max(0.0, (lasted or usual) - (now - self._began.get(folder, now)))
            for folder, lasted in self._lasted.items()
            if folder not in self._took
        ]
        return f", about {_duration(max(max(left, default=0.0), sum(left) / self._jobs))} left"

    def _print(self, line: str, *, lasts: bool = True) -> None:
        line = self._mask.text(line)
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            line = _CLEAR + (line if lasts else line[:width])
        print(line, end="\n" if lasts else "", flush=True)
        self._spoke = time.monotonic()


@contextmanager
def watching() -> Iterator[Watch]:
    """Prints what a build tells it, and in the end how many reports were built."""
    lines = Lines()
    went_well = False
    try:
        yield lines
        went_well = True
    finally:
        if lines.counts or went_well:  # a mistake found before anything started has its own message
            ended = [f"{count} {status}" for status, count in lines.counts.items() if status != "started"]
            lines._print(", ".join(ended) or "nothing to build")


def label_of(task: Task) -> str:
    """A task's report with those of its values that are not the default."""
    changed = task.report.changed(task.values)
    return " ".join([task.report.name, *(f"{name}={value}" for name, value in changed.items())])


def line_of(outcome: Outcome) -> str:
    """One line about the start or the end of a report.

    Each line says the status first, so that a log can be searched by it.
    """
    if outcome.status == "started":
        more = f" and {len(outcome.reasons) - 1} more" if len(outcome.reasons) > 1 else ""
        return f"started {outcome.report}: {outcome.reasons[0]}{more}"
    cost = ""
    if outcome.run:
        cost = f" ({outcome.run.duration_seconds:.1f} s, {outcome.run.peak_memory_mb:.0f} MB)"
    return f"{outcome.status} {outcome.report}{cost}: {outcome.folder / 'index.html'}"


def _place(task: Task) -> str:
    """Which of its cells a notebook is in, as its worker says; nothing where that is not known here."""
    try:
        said = json.loads(task.outcome.read_text(encoding="utf-8"))
        return f" (cell {int(said['number'])} of {int(said['cells'])})"
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
