"""What can stand on a page? The parts that a study yields; `undercut.studies.report.Report` shows them.

A presenter is a function of a result that yields parts in the order in which a reader meets them. Every
part is computed from the result, so that it turns when the data do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from undercut.report.findings import sentences
from undercut.result import Axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as MplFigure

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
    as_of: str | date | None = None

    @property
    def short(self) -> str:
        """The value with its unit, at the precision that the interval supports: ``−36%``."""
        return sentences.number(self.value, self.unit, decimals=sentences.decimals_of(self._told))

    @property
    def size(self) -> str:
        """`short` without a sign, for sentences that say "more" or "less"."""
        return self.short.removeprefix(sentences.MINUS)

    @property
    def interval(self) -> str:
        """The interval in words: ``95% interval −41% to −30%``; empty where there is none."""
        return sentences.interval(self._told, with_level=True)

    @property
    def is_clear(self) -> bool:
        """Whether there is an interval, and it leaves out zero."""
        return self.ci is not None and self.ci[0] * self.ci[1] > 0

    def __str__(self) -> str:
        return sentences.sentence(self._told)

    @property
    def _told(self) -> dict[str, Any]:
        whole = self.ci if self.ci is not None and all(map(isfinite, self.ci)) else (None, None)
        ends = {"ci_low": whole[0], "ci_high": whole[1]}
        value = self.value if self.value is not None and isfinite(self.value) else None
        return {"value": value, "unit": self.unit, "level": self.level, "n": self.n, **ends}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: ``draw`` returns it or its axes; ``alt`` says what it shows; ``data`` are what is drawn.

    ``draw`` is called twice, the second time for a phone (`undercut.plots.is_narrow`). The page opens with
    the figure that ``leads``, else with its first.
    """

    name: str
    draw: Callable[[], Axes | MplFigure]
    alt: str
    data: pd.DataFrame | None = None
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table as `undercut.tables.show` takes it; `fold`: detail that a reader asks for."""

    frame: pd.DataFrame
    title: str
    subtitle: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, Format] = field(default_factory=dict)
    row_label: str | None = None
    fold: bool = False


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

_PRICES: Mapping[str, str] = {
    "prices.capability.gaps.GapHistory": "market_pages:gap",
    "prices.ladders.PriceLadder": "market_pages:ladder",
    "prices.spreads.HostSpread": "market_pages:host_spread",
    "studies.prices.market.OnOffer": "market_pages:on_offer",
    "studies.prices.market.Coverage": "market_pages:coverage",
    "studies.prices.market.Quality": "market_pages:quality",
    "studies.prices.comparison.Sample": "index_pages:sample",
    "studies.prices.comparison.MethodComparison": "index_pages:methods",
    "studies.prices.comparison.ByUse": "index_pages:by_use",
    "studies.prices.published.Replications": "index_pages:published",
    "studies.prices.levels.Levels": "level_pages:levels",
    "studies.prices.levels.Holders": "level_pages:holders",
    "studies.prices.levels.Without": "level_pages:without",
    "studies.prices.levels.Split": "level_pages:split",
    "studies.prices.levels.OwnPrices": "level_pages:own_prices",
}
#: Results of the analysis rooms, by class, and the function of a study that presents them. A study's own
#: results have a method ``parts()``, or a presenter in the study's ``pages`` that has their name in lower
#: case (``studies.access.estimates.Waits`` is presented by ``studies.access.pages:waits``).
PRESENTERS: Mapping[str, str] = {
    "undercut.studies.entry.dose.Dose": "undercut.studies.entry.dose_pages:dose_parts",
    "undercut.studies.briefing.claims.Ledger": "undercut.studies.briefing.pages:ledger",
    "undercut.competition.demand.markets.MarketData": "undercut.studies.counterfactual.record:market_data",
    "undercut.inference.robustness.Robustness": "undercut.studies.robust:robust",
    "undercut.prices.tasks.gap.TaskGap": "undercut.studies.tasks.pages:one_gap",
    "undercut.prices.tasks.gap.TaskGaps": "undercut.studies.tasks.pages:gaps",
    "undercut.prices.tasks.tokens.TokensPerTask": "undercut.studies.tasks.pages:tokens",
    "undercut.prices.tasks.trend.CostTrends": "undercut.studies.tasks.pages:trends",
    **{f"undercut.{kind}": f"undercut.studies.prices.{shown}" for kind, shown in _PRICES.items()},
}
