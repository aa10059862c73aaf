"""What can stand on a page? The parts that a study yields; `undercut.studies.report.Report` shows them.

A presenter is a function of a result that yields parts in the order in which a reader meets them. Every
part is computed from the result, so that it turns when the data do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from undercut.tables import Format

Role = Literal["headline", "primary", "robustness", "descriptive", "assumption"]


@dataclass(frozen=True, slots=True)
class Number:
    """A finding: one named number with its interval, or the reason why it has none (``note``)."""

    key: str
    label: str
    value: float | None
    unit: str
    ci: tuple[float, float] | None = None
    level: float = 0.95
    n: int | None = None
    method: str = ""
    note: str = ""
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: ``draw`` returns its axes; ``alt`` says what it shows; ``data`` are the numbers drawn."""

    name: str
    draw: Callable[[], Axes]
    alt: str
    data: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as `undercut.tables.show` takes it."""

    frame: pd.DataFrame
    title: str
    subtitle: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, Format] = field(default_factory=dict)
    row_label: str | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph computed from results."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The report's answer, said once."""

    text: str


@dataclass(frozen=True, slots=True)
class Caveat:
    """What a reader must be warned of."""

    text: str


Part = Number | Figure | Table | Sentence | Answer | Caveat
Presenter = Callable[[Any], Iterator[Part]]

#: Results of the analysis rooms, by class, and the function of a study that presents them. A study's own
#: results have a method ``parts()``, or a presenter in the study's ``pages`` that has their name in lower
#: case (``studies.entry.estimates.PriceResponse`` is presented by ``studies.entry.pages:price_response``).
PRESENTERS: Mapping[str, str] = {
    "undercut.competition.demand.markets.MarketData": "undercut.studies.counterfactual.pages:market_data",
}
