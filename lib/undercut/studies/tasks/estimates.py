"""Does one model, one choice or one definition carry the answers on the cost of a task?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import TooFewError
from undercut.inference.specifications import (
    SpecificationCurve,
    all_specifications,
    run_specifications,
    specification_curve,
)
from undercut.panel.measures import MEASURES, installed, model_scores
from undercut.prices.capability.gaps import UNRESTRICTED
from undercut.prices.tasks.data import task_costs
from undercut.prices.tasks.gap import leave_one_out, task_gap
from undercut.prices.tasks.trend import cost_trend
from undercut.report.findings.sentences import number
from undercut.result import Axes, Result
from undercut.studies.framed import Framed
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table

_UNITS = {"model_id": "model", "developer": "developer"}


class WithoutEach(Result):
    """The gap per solved task without each unit: ``frame`` has ``left_out`` and ``gap``, lowest first."""

    unit: str
    whole: float
    frame: pd.DataFrame

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
    whole = task_gap(rows, draws=1, **options).gap
    return WithoutEach(unit, whole, leave_one_out(rows, unit, **options))


#: Choices of the gap per solved task, the headline's first.
CHOICES: Final[dict[str, list[str]]] = {
    "benchmark": ["epoch_gpqa", "epoch_aime", "aider_polyglot"],
    "against": ["median", "cheapest"],
    "equal score": ["as reported", "within 5 points", "within 10 points"],
    "effort": ["best", "cheapest"],
    "licences": ["all open", "unrestricted"],
    "runs": ["all", "with a day of their own"],
}
#: A further choice: models are equal by the benchmark's own score, or by a measure of capability.
EQUAL_BY: Final = "equal by"
_OWN: Final = "the benchmark's score"
#: How far apart scores count as equal, by choice; `task_gap` says what it does without a width.
_WIDTHS: Final = {"as reported": None, "within 5 points": 0.05, "within 10 points": 0.10}


class GapCurve(Framed):
    """The gap per solved task under every combination of `CHOICES`, in percent."""

    curve: SpecificationCurve

    def parts(self) -> Iterator[Part]:
        """The range and the curve."""
        values = self.curve.estimates["estimate"]
        low, high = values.quantile([0.05, 0.95])
        most = str(self.curve.influence().iloc[0]["choice"])
        yield Number(
            "task_gap.over_choices", "Gap per solved task, middle of all combinations of choices",
            float(values.median()), "%", ci=(low, high), level=0.9, n=len(values), role="robustness",
            method=", ".join(self.curve.choices), note=f"the range holds nine tenths; moved most by: {most}",
        )  # fmt: skip
        title = (
            f"From {number(low, '%')} to {number(high, '%')} per solved task, depending on the choices; the "
            f"{most} matters most"
        )
        yield Figure(
            "task_gap_curve",
            lambda: plots.headline(
                self.curve.plot(), title,
                "Difference per solved task, 95% intervals; ringed: the headline; below: what was chosen",
                source="Epoch AI, aider, SWE-bench; list prices by Undercut",
            ),
            alt=title, data=self.frame,
        )  # fmt: skip


def gap_curve(costs: pd.DataFrame, models: pd.DataFrame, *, draws: int = 99) -> GapCurve:
    """`task_gap` per solved task under every combination of choices.

    Models stand at equal score: the benchmark's own, or a measure of capability (rescaled to the spread of
    that score, so that a width means the same), then with every run and as reported only.
    """
    tables = cache(partial(task_costs, costs, models))
    measures = {MEASURES[name].title: name for name in installed()}

    def one(**chosen: Any) -> dict[str, float]:
        rows = tables(benchmark=chosen["benchmark"], effort=chosen["effort"])
        if chosen[EQUAL_BY] != _OWN:
            rows = scored_by(rows, measures[chosen[EQUAL_BY]])
        if chosen["licences"] == "unrestricted":
            rows = rows[rows["access"].isin(UNRESTRICTED)]
        if chosen["runs"] != "all":
            rows = rows[rows["dated_by"].eq("run")]
        width = _WIDTHS[chosen["equal score"]]
        found = task_gap(rows, against=chosen["against"], width=width, draws=draws)
        if found.why_not:
            raise TooFewError(found.why_not)
        return {"estimate": 100 * found.gap, "low": 100 * found.low, "high": 100 * found.high}

    options = CHOICES | {EQUAL_BY: [_OWN, *measures]}
    every = all_specifications(options)
    whole = every["equal score"].eq("as reported") & every["runs"].eq("all")
    table = run_specifications(one, every[every[EQUAL_BY].eq(_OWN) | whole])
    main = {choice: values[0] for choice, values in options.items()}
    curve = specification_curve(table, list(options), headline=main, unit="%")
    return GapCurve(curve.table(), curve)


def scored_by(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Rows of models that a measure of capability scores, with that score on the spread of their own."""
    points = rows["model_id"].map(model_scores(measure))
    own, points = rows.loc[points.notna(), "score"], points.dropna()
    return rows.loc[own.index].assign(score=own.mean() + (points - points.mean()) / points.std() * own.std())


class LevelRates(Framed, row="benchmark", value="times_cheaper"):
    """How fast each level of capability became cheaper: ``benchmark, level, first_reached, age, definition,
    times_cheaper``; ``age`` is old (first reached before ``since``) or new."""

    since: pd.Timestamp

    def parts(self) -> Iterator[Part]:
        """Median rates of old and new capability by definition, and whether the published one comes out."""
        told = []
        for (definition, age), rows in self.frame.groupby(["definition", "age"], sort=False):
            rates = rows["times_cheaper"]
            reach = (float(rates.min()), float(rates.max()))
            yield Number(
                f"cost_fall.levels.{definition}.{age}",
                f"Times cheaper a year, {age} capability, {_RATES[str(definition)]}: median of levels",
                float(rates.median()), "x", ci=reach, level=1.0, n=len(rows), role="robustness",
                method=f"levels first reached {'before' if age == 'old' else 'since'} {self.since.year}",
                note="slowest and fastest level, no sampling interval",
            )  # fmt: skip
            inside = "holds" if reach[0] <= EPOCH_RATE <= reach[1] else "does not hold"
            told.append(
                f"{age} capability, {_RATES[str(definition)]}: {number(rates.median(), 'x')} "
                f"({number(reach[0], 'x')} to {number(reach[1], 'x')} over {len(rows)} levels; {inside} "
                f"{EPOCH_RATE:.0f})"
            )
        yield Sentence(
            f"Least cost at which a model reaches a level, level by level. {'; '.join(told)}. Rates between "
            "records are fastest, because only days on which the least cost fell count; months without a "
            f"record slow them. {self._nearest()}"
        )

    def _nearest(self) -> str:
        """Which definition comes nearest to the published rate."""
        medians = self.frame.groupby(["definition", "age"])["times_cheaper"].median()
        off = (np.log(medians) - np.log(EPOCH_RATE)).abs()
        definition, age = off.idxmin()
        verdict = "comes out" if off.min() < CLOSE_RATE else "does not come out"
        return (
            f"The published {EPOCH_RATE:.0f} times a year {verdict}: nearest is {age} capability, "
            f"{_RATES[definition]}, with {number(medians[definition, age], 'x')}."
        )


#: A rate comes out if ours is within a quarter of it.
CLOSE_RATE: Final = 0.25
#: The rate that Epoch AI published in September 2026.
EPOCH_RATE: Final = 13.0
_RATES: Final = {"records": "between records", "calendar": "month by month"}


def level_rates(costs: pd.DataFrame, models: pd.DataFrame, *, since: str = "2025-01-01") -> LevelRates:
    """Fall of the least cost of each level of Epoch's benchmarks, for capability old and new.

    Parameters
    ----------
    costs, models : DataFrame
        ``load_reference`` of ``cost_per_task`` and ``models``.
    since : str
        A level is new if it was first reached on this day or later.
    """
    start, rows = pd.Timestamp(since), []
    for name in sorted(costs["benchmark"].unique()):
        benchmark, at, level = name.rpartition("_at_")
        if not at:
            continue
        runs = task_costs(costs, models, benchmark=name, effort="all")
        for definition in _RATES:
            found = cost_trend(runs, score=int(level) / 100 - 1e-6, definition=definition, draws=1)  # type: ignore[arg-type]
            if not found.why_not:
                age = "old" if found.first_reached < start else "new"
                rows.append(
                    {"benchmark": benchmark, "level": int(level), "first_reached": found.first_reached,
                     "age": age, "definition": definition, "times_cheaper": found.times_cheaper}
                )  # fmt: skip
    table = pd.DataFrame(rows).sort_values(["definition", "age"], ascending=False, ignore_index=True)
    return LevelRates(table, start)


def percent(share: float) -> str:
    """A share as whole percent, with a true minus."""
    return number(100 * share, "%", decimals=0)
