"""How does a page show what a headline hangs on? Combinations of choices and single units, on one figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from undercut import plots
from undercut.inference.robustness import MIDDLE, Robustness, leave_one_out
from undercut.inference.specifications import run_specifications, specification_curve
from undercut.report.findings import sentences
from undercut.report.findings.results import Finding
from undercut.sources.reference import reader_names
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table


def hangs_on(
    headline: Finding, label: str, estimate: Callable[..., dict[str, float]],
    options: Mapping[str, Sequence[Any]], rows: pd.DataFrame, units: Sequence[str],
    without: Callable[[pd.DataFrame], float], *, reference: float = 0.0,
) -> Robustness | list[Part]:  # fmt: skip
    """A headline under every combination of choices, and without each unit in turn.

    Parameters
    ----------
    headline : Finding
    label : str
        What is estimated.
    estimate : callable
        Of one combination: ``estimate, low, high``; see :func:`undercut.inference.run_specifications`.
    options : mapping
        Options of each choice, those of the headline first.
    rows, units, without
        As in :func:`undercut.inference.leave_one_out`.
    reference : float
        The value of no effect.

    Returns
    -------
    Robustness, or a sentence that says why there is none
    """
    table = run_specifications(estimate, options)
    if headline.value is None or table["estimate"].isna().all():
        reason = headline.note or table["why_not"].iloc[0]
        return [Sentence(f"What the headline hangs on cannot be shown: {reason}")]
    first = {choice: values[0] for choice, values in options.items()}
    curve = specification_curve(table, list(options), headline=first, reference=reference, unit=headline.unit)
    low, high = (np.nan if end is None else end for end in (headline.ci_low, headline.ci_high))
    left_out = leave_one_out(rows, units, without)
    return Robustness(headline.key, label, headline.value, low, high, curve, left_out)


def point(estimate: float) -> dict[str, float]:
    """A combination whose interval is not computed."""
    return {"estimate": estimate, "low": np.nan, "high": np.nan}


def robust(found: Robustness) -> Iterator[Part]:
    """The range over combinations, the range with one unit left out, and the units that decide."""
    curve, unit = found.curve, found.curve.unit
    yield Number(
        f"{found.key}.combinations", f"{found.label}: middle {MIDDLE:.0%} of combinations of choices",
        curve.counts()["median"], unit, ci=found.reach, level=MIDDLE, n=len(curve.estimates),
        method=f"every combination of {', '.join(curve.choices)}; the value is their median",
        role="robustness",
    )  # fmt: skip
    for row in found.without().itertuples():
        for end in ("lowest", "highest"):
            yield Number(
                f"{found.key}.without_one_{row.unit}.{end}",
                f"{found.label}: {end} without one {row.unit} of {row.n}", getattr(row, end), unit, n=row.n,
                method="computed again without each one in turn", role="robustness",
                note=f"without {getattr(row, f'without_{end}')}: an end of a range, not an estimate",
            )  # fmt: skip
    yield Figure(
        f"{found.key}_choices".replace(".", "_"),
        lambda: plots.headline(
            found.plot(names=reader_names()), heading(found),
            f"{found.label}, {'times' if unit == 'x' else unit}; bar: middle {MIDDLE:.0%} of combinations; "
            "names: what is left out",
        ),
        alt=f"Rows of dots. {heading(found)}. {told(found)}",
        data=found.to_frame(),
    )  # fmt: skip
    yield Sentence(told(found))
    yield Table(
        curve.influence().drop(columns="share_explained"), title="Which choice moves it",
        subtitle=f"{found.label}, {unit}: estimates under every combination, by option", row_label="choice",
        formats=dict.fromkeys(("median", "lowest", "highest"), "number"), fold=True,
    )  # fmt: skip


def heading(found: Robustness) -> str:
    """Whether all combinations lie on one side."""
    estimates, none = found.curve.estimates["estimate"], found.curve.reference
    below = int((estimates < none).sum())
    if below in (0, len(estimates)):
        return f"All {len(estimates):,} combinations of choices lie on one side"
    return f"{below:,} of {len(estimates):,} combinations of choices lie below {_said(none, found)}"


def between(found: Robustness) -> str:
    """The range over combinations in words: ``−70% to −20%``."""
    return span(*found.reach, found.curve.unit)


def span(low: float, high: float, unit: str) -> str:
    """Two ends in words, without a level: ``−70% to −20%``."""
    return sentences.interval({"ci_low": low, "ci_high": high, "unit": unit, "level": MIDDLE})


def told(found: Robustness) -> str:
    """The ranges, the choice that matters most, and the units that turn the sign or leave the interval."""
    most = str(found.curve.influence()["choice"].iloc[0])
    text = (
        f"Over {len(found.curve.estimates):,} combinations of choices the middle {MIDDLE:.0%} lie from "
        f"{between(found)}; what moves it most is the choice of {most}."
    )
    for row in found.without().itertuples():
        text += f" Without one {row.unit} it lies from {span(row.lowest, row.highest, found.curve.unit)}."
    return f"{text} {deciding(found)}"


def deciding(found: Robustness) -> str:
    """Units without which the headline turns or leaves its own interval, by name."""
    decide = found.deciding
    if decide.empty:
        units = " or ".join(found.left_out["unit"].unique())
        return f"No single {units} turns its sign or takes it out of its interval."
    return " ".join(
        f"Without the {row.unit} {reader_names().get(row.left_out, row.left_out)} it is "
        f"{_said(row.estimate, found)}, "
        f"{'of the other sign' if row.turns else 'outside its interval'}."
        for row in decide.head(4).itertuples()
    )


def _said(value: float, found: Robustness) -> str:
    return sentences.number(value, found.curve.unit)
