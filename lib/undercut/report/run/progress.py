"""How does a build show what it is doing? One line for each start and end, and a count when it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from undercut.report.run.task import Outcome


@contextmanager
def watching() -> Iterator[Callable[[Outcome], None]]:
    """A function to call with every outcome; prints how many were built in the end."""
    counts: Counter[str] = Counter()

    def watch(outcome: Outcome) -> None:
        counts[outcome.status] += 1
        print(line_of(outcome), flush=True)

    went_well = False
    try:
        yield watch
        went_well = True
    finally:
        if counts or went_well:  # a mistake found before anything started has its own message
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
