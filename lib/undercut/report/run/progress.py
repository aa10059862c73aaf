"""How does a build show what it is doing? A live list on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from undercut.report.run.task import Outcome


@contextmanager
def watching() -> Iterator[Callable[[Outcome], None]]:
    """A function to call with every outcome; prints how many were built in the end."""
    counts: Counter[str] = Counter()

    def counted(show: Callable[[Outcome], None]) -> Callable[[Outcome], None]:
        def watch(outcome: Outcome) -> None:
            counts[outcome.status] += 1
            show(outcome)

        return watch

    try:
        if sys.stdout.isatty():
            with _live() as show:
                yield counted(show)
        else:
            yield counted(_print_line)
    except BaseException:
        if counts:  # a mistake found before anything started has its own message
            _print_totals(counts)
        raise
    _print_totals(counts)


def _print_totals(counts: Counter[str]) -> None:
    ended = [f"{counts[status]} {status}" for status in counts if status != "started"]
    print(", ".join(ended) or "nothing to build", flush=True)


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


def _print_line(outcome: Outcome) -> None:
    print(line_of(outcome), flush=True)


@contextmanager
def _live() -> Iterator[Callable[[Outcome], None]]:
    """Spinners for the running reports; finished ones stay as lines above."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        running: dict[str, Any] = {}

        def show(outcome: Outcome) -> None:
            if outcome.status == "started":
                running[outcome.report] = progress.add_task(outcome.report, total=None)
                return
            if outcome.report in running:
                progress.remove_task(running.pop(outcome.report))
            progress.console.print(line_of(outcome), markup=False, highlight=False)

        yield show
