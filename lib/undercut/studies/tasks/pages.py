"""What does the report on the cost of a task say and draw?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.prices.tasks.charts import BENCHMARKS, DEFINITIONS, MEASURES
from undercut.prices.tasks.gap import TaskGap, TaskGaps, TokensPerTask
from undercut.prices.tasks.trend import CostTrends
from undercut.report.findings.sentences import number, p_value
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Role, Sentence, Table
from undercut.studies.tasks.estimates import EPOCH_RATE, percent

#: The benchmark with the most Chinese models; chosen by that count when first estimates had been seen.
MAIN: Final = "epoch_gpqa"
_KEYS: Final = {
    "usd_per_mtok": "per_token",
    "usd_per_task": "per_task",
    "usd_per_solved": "per_solved_task",
    "output_tokens_per_task": "tokens",
}
#: What the main benchmark's gaps are to the page; all others are robustness.
_ROLES: Final[Mapping[tuple[str, str], Role]] = {
    ("usd_per_solved", "median"): "headline",
    ("usd_per_mtok", "median"): "primary",
    ("output_tokens_per_task", "median"): "primary",
    ("usd_per_solved", "cheapest"): "primary",
}
_GROUPS: Final = {"chinese_open": "Chinese open models", "us_closed": "US closed models"}
_SOURCE: Final = "Epoch AI, aider, SWE-bench; list prices by Undercut"


def gaps(result: TaskGaps) -> Iterator[Part]:
    """The answer, the figure of gaps, and a finding for each."""
    frame = result.to_frame()
    yield from map(_gap_number, frame.to_dict("records"))
    by_measure = frame[frame["benchmark"].eq(MAIN) & frame["against"].eq("median")].set_index("measure")
    token, solved = (by_measure.loc[name] for name in ("usd_per_mtok", "usd_per_solved"))
    yield Answer(
        f"At equal score on science questions, Chinese open models cost {_cheaper(token['gap'])} per token; "
        f"per solved task {_settled(solved)}."
    )
    yield Sentence(
        f"Per token the range is {percent(token['low'])} to {percent(token['high'])}, per solved task "
        f"{percent(solved['low'])} to {percent(solved['high'])} ({solved['n_group']} and "
        f"{solved['n_reference']} models, {p_value(solved['p_value'])} by exchanging labels). A fall of "
        f"{number(100 * solved['detectable'], '%', decimals=0)} per solved task would have been found four "
        "times in five. Against the cheapest US closed model that scores as high, rather than the typical "
        "one, stands in the table."
    )
    title = f"Chinese open models cost {_cheaper(token['gap'])} per token; per solved task " + (
        _cheaper(solved["gap"]) if solved["low"] * solved["high"] > 0 else "it could be chance"
    )
    yield Figure(
        "task_gaps",
        lambda: plots.headline(
            _ratios(result.plot()), title,
            "Difference at equal score, 95% intervals; per solved task in ink", source=_SOURCE,
        ),
        alt=title + ". " + "; ".join(map(_in_words, frame[frame["against"].eq("median")].to_dict("records"))),
        data=frame,
    )  # fmt: skip
    yield _gap_table(frame)
    for row in frame[frame["why_not"].ne("")].drop_duplicates("benchmark").to_dict("records"):
        yield Caveat(f"{_benchmark(row)}: no estimate for some measures. {row['why_not']}")


def _gap_number(row: dict[str, Any]) -> Number:
    against = ".vs_cheapest" if row["against"] == "cheapest" else ""
    other = "the cheapest US closed one" if against else "US closed"
    known = not row["why_not"]
    return Number(
        f"task_gap.{row['benchmark']}.{_KEYS[row['measure']]}{against}",
        f"Chinese open against {other} at equal score, {_benchmark(row)}: {MEASURES[row['measure']]}",
        100 * row["gap"] if known else None, "%",
        ci=(100 * row["low"], 100 * row["high"]) if known else None, level=row["level"],
        n=row["n_group"] + row["n_reference"], note=row["why_not"] or _note(row),
        method="log cost on score and group within common scores; bootstrap over models",
        role=_ROLES.get((row["measure"], row["against"]), "robustness") if row["benchmark"] == MAIN
        else "robustness",
    )  # fmt: skip


def _note(row: dict[str, Any]) -> str:
    tested = "" if pd.isna(row["p_value"]) else f"{p_value(row['p_value'])} by exchanging labels; "
    return tested + "models are dated by their release where the run has no day"


def _gap_table(frame: pd.DataFrame) -> Table:
    shown = frame.assign(
        benchmark=frame["benchmark"].map(lambda name: BENCHMARKS.get(name, name)),
        measure=frame["measure"].map(MEASURES),
        against=frame["against"].map({"median": "typical", "cheapest": "cheapest"}),
        **{name: 100 * frame[name] for name in ("gap", "low", "high")},
    )
    columns = ["benchmark", "measure", "against", "gap", "low", "high", "n_group", "n_reference"]
    heads = {"against": "US closed", "low": "95% from", "high": "to", "n_group": "Chinese"}
    return Table(
        shown[columns], title="Every benchmark and measure", row_label="benchmark",
        subtitle="Chinese open against US closed at equal score; a dash: fewer than five models on a side",
        labels=heads | {"n_reference": "US"},
        formats=dict.fromkeys(("gap", "low", "high"), "signed_percent"),
    )  # fmt: skip


def trends(result: CostTrends) -> Iterator[Part]:
    """How fast the cost of a solved task falls, by definition."""
    frame = result.to_frame()
    for row in frame.to_dict("records"):
        known = not row["why_not"] and pd.notna(row["low"])
        at = "" if row["definition"] == "regression" else f"_at_{100 * row['score']:.0f}"
        yield Number(
            f"cost_fall.{row['benchmark']}.{row['definition']}{at}",
            f"Cost of a solved task, {_benchmark(row)}: times cheaper a year, "
            f"{DEFINITIONS[row['definition']]}",
            row["times_cheaper"] if not row["why_not"] else None, "x",
            ci=(row["low"], row["high"]) if known else None, n=row["models"],
            method="least squares of the log cost on time; bootstrap over models",
            role="primary" if (row["benchmark"], row["definition"]) == (MAIN, "regression") else "robustness",
            note=row["why_not"] or ("" if known else "too few of the resamples give a rate"),
        )  # fmt: skip
    known = frame[frame["times_cheaper"].notna()]
    middle = known.groupby("definition")["times_cheaper"].median()
    told = ", ".join(f"{number(middle[d], 'x')} by {DEFINITIONS[d]}" for d in DEFINITIONS if d in middle)
    within = known["low"].le(EPOCH_RATE) & known["high"].ge(EPOCH_RATE)
    slow, fast = (f"{number(end, 'x')} a year" for end in (middle.min(), middle.max()))
    title = f"How fast a solved task gets cheaper depends on the definition: {slow} to {fast}"
    yield Figure(
        "cost_trends",
        lambda: plots.headline(
            result.plot(), title, "Times cheaper a year, 95% intervals; all models at equal score in ink",
            source=_SOURCE,
        ),
        alt=title, data=frame,
    )  # fmt: skip
    yield Sentence(
        f"The median rates are {told}. Records are a minimum over ever more models, which falls even where "
        f"no price does; the rate at equal score is free of that. The {EPOCH_RATE:.0f} times a year that "
        f"Epoch AI published in September 2026 lies within the interval of {within.sum()} of {len(known)} "
        "rates here; their own definition fits a frontier through records."
    )


def tokens(result: TokensPerTask) -> Iterator[Part]:
    """Tokens that a task takes, by group."""
    frame = result.to_frame()
    for row in frame.to_dict("records"):
        yield Number(
            f"tokens_per_task.{row['group']}",
            f"Output tokens a task, {_GROUPS[row['group']]}, {_benchmark(row)}: median",
            row["median"], "tokens", ci=(row["low"], row["high"]), n=row["models"],
            method="median over models; bootstrap over models", role="descriptive",
        )  # fmt: skip
    told = "; ".join(
        f"{_GROUPS[row.group]} {number(row.median, 'tokens', decimals=0)} ({row.low:,.0f} to {row.high:,.0f})"
        for row in frame.itertuples()
    )
    yield Sentence(f"On {BENCHMARKS.get(result.benchmark, result.benchmark)} the median model takes: {told}.")


def one_gap(result: TaskGap) -> Iterator[Part]:
    """Cost against score of one benchmark."""
    name = BENCHMARKS.get(result.benchmark, result.benchmark)
    title = f"{name}: {MEASURES[result.measure]} {_cheaper(result.gap)} at equal score"
    yield Figure(
        f"cost_by_score_{_KEYS[result.measure]}",
        lambda: plots.headline(result.plot(), title, "Each mark is a model", source=_SOURCE),
        alt=f"{title}. {result.summary()}",
        data=result.models[["model_id", "group", "score", result.measure]],
    )


def _ratios(axes: Any) -> Any:
    plots.ratio_axis(axes, "x").set_xlim(-97, 900)
    axes.axvline(0, color=plots.INK, linewidth=1, zorder=1.5)
    return axes


def _benchmark(row: dict[str, Any]) -> str:
    return BENCHMARKS.get(row["benchmark"], row["benchmark"])


def _cheaper(gap: float) -> str:
    return f"{number(abs(100 * gap), '%', decimals=0)} {'less' if gap < 0 else 'more'}"


def _settled(row: pd.Series) -> str:
    if row["low"] <= 0 <= row["high"]:
        return (
            f"we cannot tell whether they cost less or more ({percent(row['low'])} to {percent(row['high'])})"
        )
    return _cheaper(row["gap"])


def _in_words(row: dict[str, Any]) -> str:
    known = f"{percent(row['gap'])} ({percent(row['low'])} to {percent(row['high'])})"
    return f"{_benchmark(row)}, {MEASURES[row['measure']]}: {'no estimate' if row['why_not'] else known}"
