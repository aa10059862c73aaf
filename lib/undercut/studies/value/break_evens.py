"""How do both reports on value say a break-even elasticity? As a finding and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from undercut.report.findings.sentences import number
from undercut.studies.presentation import Number, Role
from undercut.valuation.break_even import ELASTICITIES, BreakEvens

RANGE: Final = f"{number(ELASTICITIES[0], '', decimals=1)} to {number(ELASTICITIES[-1], '', decimals=0)}"
_HOW: Final = (
    "closed chain of value; root over the elasticity of the change of value against the status quo; median "
    "and 90% of draws of all other assumptions, no confidence interval"
)


def numbers(found: BreakEvens, names: Mapping[str, str], roles: Sequence[Role]) -> Iterator[Number]:
    """One finding a layer or company; without a value where no break-even lies in the range."""
    for row, role in zip(found.frame.itertuples(), roles, strict=True):
        none = ""
        if row.side:
            line = 100 * found.curves.loc[found.curves["name"] == row.name, "median"]
            ends = f"{number(line.min(), '%')} to {number(line.max(), '%')}"
            none = f"no break-even from {RANGE}: {row.side} over the whole range in most draws, by {ends}. "
        yield Number(
            f"break_even_elasticity.{row.name}",
            f"Elasticity of use at which the scenario {found.scenario.title} leaves the value of "
            f"{names[row.name]} as it was",
            None if row.side else row.median, "elasticity",
            ci=None if row.side else (row.low, row.high), level=found.level, n=found.draws, method=_HOW,
            note=f"{none}It gains throughout in {100 * row.gains:.0f}% of the draws and loses throughout in "
            f"{100 * row.loses:.0f}%; ends of the interval at {RANGE} stand for at least that",
            role=role,
        )  # fmt: skip


def needs(found: BreakEvens, name: str) -> str:
    """What a break-even asks of use, in percent."""
    row = found.frame.set_index("name").loc[name]
    ends = (number(abs(row[end]), "%", decimals=2) for end in ("median", "high", "low"))
    return "only if 1% off the price brings over {} more use ({} to {})".format(*ends)


def told(found: BreakEvens, name: str) -> str:
    """A break-even in words."""
    row = found.frame.set_index("name").loc[name]
    if row["side"]:
        return f"none, {row['side']} from {RANGE}"
    value, low, high = (number(row[key], "", decimals=2) for key in ("median", "low", "high"))
    return f"{value} ({low} to {high})"
