"""What do both reports on value say in the same words? Assumptions, sources, warnings, break-evens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from undercut.report.findings.sentences import number
from undercut.studies.presentation import Number, Role
from undercut.valuation.break_even import ELASTICITIES, BreakEvens

CAVEATS: Final = (
    "No target price and no advice: every value is conditional on named assumptions, most of which cannot "
    "be measured.",
    "Intervals are those of the stated assumptions (90% of draws), not confidence intervals; what the model "
    "leaves out is in none of them.",
)
RANGE: Final = f"{number(ELASTICITIES[0], '', decimals=1)} to {number(ELASTICITIES[-1], '', decimals=0)}"
_HOW: Final = (
    "closed chain of value; root over the elasticity of the change of value against the status quo; median "
    "and 90% of draws of all other assumptions, no confidence interval"
)
_SOURCES: Final = {
    "fundamentals.csv": "table of fundamentals",
    "data/reference/gpu_rental.csv": "table of GPU rents",
    "gpu_rental.csv": "table of GPU rents",
    "MACRO us_treasury_10y": "ten-year US Treasury",
    "MACRO damodaran_implied_erp": "Damodaran's implied equity premium",
    "LLM_API row": "row on model APIs",
}
_PARAMETERS: Final = {
    "price_erosion": "yearly fall of token prices",
    "frontier_erosion": "yearly fall of the newest models' prices",
    "price_erosion_long_run": "fall of token prices in the long run",
    "erosion_half_life": "years until the fall of prices halves",
    "demand_growth": "growth of use at unchanged prices",
    "demand_half_life": "years until the growth of use halves",
    "elasticity": "elasticity of use",
    "share_loss": "share lost to rivals each year",
    "least_markup": "least markup on computing",
    "efficiency_follows": "part of price falls that is efficiency",
    "capacity_growth": "fastest growth of computing capacity",
    "rent_response": "response of rents to shortage",
    "rental_decline": "yearly fall of computing rents",
    "efficiency_gain": "yearly saving of computing per token",
    "ai_margin": "AI margin today",
    "ai_margin_long_run": "AI margin in the long run",
    "ai_revenue_share": "AI's part of revenue",
    "asset_beta": "market risk (beta)",
}  # fmt: skip


def named(source: object) -> str:
    """A source without names of files and columns."""
    text = str(source)
    for name, plain in _SOURCES.items():
        text = text.replace(name, plain)
    return words(text)


def words(name: object) -> str:
    """A parameter's name as a sentence writes it.

    Examples
    --------
    >>> words("demand_half_life"), words("tax_rate")
    ('years until the growth of use halves', 'tax rate')
    """
    return _PARAMETERS.get(str(name), str(name).replace("_", " "))


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
