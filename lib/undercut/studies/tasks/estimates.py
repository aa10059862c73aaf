"""Does one model or one developer carry the gap per solved task?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from undercut.prices.tasks.gap import leave_one_out, task_gap
from undercut.report.findings.sentences import number
from undercut.result import Result
from undercut.studies.presentation import Number, Part, Sentence, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_UNITS = {"model_id": "model", "developer": "developer"}


@dataclass(frozen=True, slots=True)
class WithoutEach(Result):
    """The gap per solved task without each unit: ``frame`` has ``left_out`` and ``gap``, lowest first."""

    unit: str
    whole: float
    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row a unit left out."""
        return self.frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """The gaps in ascending order."""
        axes = self.frame["gap"].plot(ax=ax, style=".")
        axes.set(xlabel=f"{_UNITS[self.unit]} left out, by its effect", ylabel="gap")
        return axes

    def parts(self) -> Iterator[Part]:
        """The range, and whether a unit turns the sign."""
        name = _UNITS[self.unit]
        low, high = self.frame.iloc[0], self.frame.iloc[-1]
        turned = self.frame[(self.frame["gap"] < 0) != (self.whole < 0)]
        yield Number(
            f"leave_one_out.{name}", f"Gap per solved task, the {name} left out that moves it most",
            100 * max(self.frame["gap"], key=lambda gap: abs(gap - self.whole)), "%",
            n=len(self.frame), note="a range over samples, not an interval", role="robustness",
        )  # fmt: skip
        turns = (
            f"Without {', '.join(turned['left_out'])} the sign turns." if len(turned) else "No sign turns."
        )
        yield Sentence(
            f"With one {name} left out the gap per solved task runs from {percent(low['gap'])} (without "
            f"{low['left_out']}) to {percent(high['gap'])} (without {high['left_out']}); with all it is "
            f"{percent(self.whole)}. {turns}"
        )
        shown = pd.concat([self.frame.head(3), self.frame.tail(3)]).drop_duplicates()
        yield Table(
            shown.assign(gap=100 * shown["gap"]), title=f"The {name}s that move the gap most",
            labels={"left_out": f"{name} left out"}, formats={"gap": "signed_percent"}, row_label="left_out",
        )  # fmt: skip


def without_each(rows: pd.DataFrame, unit: str, **options: Any) -> WithoutEach:
    """The gap of ``rows`` (of `task_costs`) without each ``model_id`` or ``developer``."""
    whole = task_gap(rows, **(options | {"draws": 1})).gap
    return WithoutEach(unit, whole, leave_one_out(rows, unit, **options))


def percent(share: float) -> str:
    """A share as whole percent, with a true minus."""
    return number(100 * share, "%", decimals=0)
