"""What can stand on a page, and how does a notebook put it there? ``report.add(result)`` shows its parts.

A presenter is a function of a result that yields parts in the order in which a reader meets them. Every
part is computed from the result, so that it turns when the data do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from undercut.errors import InputError, unknown
from undercut.report.catalogue.project import project_root
from undercut.report.findings import sentences
from undercut.report.findings.results import DataKind, Finding, Results
from undercut.result import Axes
from undercut.tables import readable

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
    "undercut.prices.tasks.gap.TokensPerTask": "undercut.studies.tasks.pages:tokens",
    "undercut.prices.tasks.trend.CostTrends": "undercut.studies.tasks.pages:trends",
    **{f"undercut.{kind}": f"undercut.studies.prices.{shown}" for kind, shown in _PRICES.items()},
}


_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class Added(list[Finding]):
    """The findings that were recorded; a cell that ends in them shows nothing more."""

    def _ipython_display_(self) -> None:
        """Everything has been shown already."""


class Report(Results):
    """The page of one notebook: what is added to it is shown in the notebook and kept for the page.

    Parameters
    ----------
    name : str
        As in reports.toml.
    title : str, optional
        The question; by default the one in reports.toml.
    data_kind : {"real", "sample", "simulated"}
        What the numbers are computed from. Anything but ``"real"`` is said at the top of the page.
    as_of : str or date, optional
        The parameter of that name: the day up to which data were used; None: all that were read.
    **parameters
        The other values of the notebook's parameters cell.

    Examples
    --------
    >>> report = Report("example", title="Did prices fall?", data_kind="simulated", workload="chat")
    >>> [fall] = report.add([Number("fall", "Fall of the price", -36.2, "%", ci=(-41.3, -30.1))])
    >>> fall.short
    '−36%'
    """

    def __init__(
        self,
        name: str,
        *,
        title: str | None = None,
        data_kind: DataKind = "real",
        as_of: str | date | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__(
            name,
            title=title or _title_of(name),
            data_kind=data_kind,
            parameters={"as_of": as_of, **parameters},
            as_of=as_of,
        )

    def uses(self, *frames: pd.DataFrame) -> None:
        """Record where further tables came from; the newest price or return dates a report without as_of."""
        super().uses(*frames)
        days = [frame["last_seen"].max().date() for frame in frames if "last_seen" in frame.columns]
        days += [frame["date"].max().date() for frame in frames if {"date", "return"} <= {*frame.columns}]
        if days and not self._parameters.get("as_of"):
            self.as_of = max(days).isoformat()

    def add(self, *results: Any, role: Role | None = None, fold: bool = False) -> list[Finding]:
        """Put results on the page, each as its study presents it.

        Parameters
        ----------
        *results
            Results with a method ``parts()``, results of an analysis room, or lists of parts.
        role : str, optional
            Role of the findings that name none: headline, primary, robustness, descriptive (the default),
            assumption.
        fold : bool
            Whether figures, tables and sentences fold away on the page, as detail for those who ask for it.

        Returns
        -------
        list of Finding
            The findings recorded, in order.

        Raises
        ------
        InputError
            Nothing knows how to present a result.
        """
        with self.folding(fold):
            shown = [self._show(part, role) for result in results for part in parts_of(result)]
        return Added(found for found in shown if found is not None)

    def _show(self, part: Part, role: Role | None) -> Finding | None:
        match part:
            case Number():
                return self.finding(
                    part.key, part.label, part.value, part.unit, ci=part.ci, level=part.level, n=part.n,
                    method=part.method, note=part.note, as_of=part.as_of,
                    role=part.role or role or "descriptive",
                )  # fmt: skip
            case Figure():
                from undercut import plots

                with plots.use_house_style():
                    wide = drawn(part)
                    with plots.narrow():
                        phone = drawn(part)
                        about: dict[str, Any] = {"alt": part.alt, "data": part.data, "leads": part.leads}
                        self.figure(wide, part.name, phone=phone, **about)
            case Table():
                self.table(part)
            case Sentence():
                self.say(readable(part.text))
            case Answer():
                self.say(self.answer(readable(part.text)), is_answer=True)
            case Caveat():
                self.warn(readable(part.text))
        return None

    def table(self, part: Table) -> None:
        """Show a table in the house style."""
        from undercut import tables

        shown = tables.show(
            part.frame, title=part.title, subtitle=part.subtitle, labels=part.labels, units=part.units,
            formats=part.formats, row_label=part.row_label,
        )  # fmt: skip
        with self.folding(part.fold):
            self.show({"text/html": shown.html, "text/plain": part.title})


def drawn(part: Figure) -> MplFigure:
    """The figure of a part."""
    shown = part.draw()
    return shown.figure if hasattr(shown, "figure") and shown.figure is not None else shown  # type: ignore


def parts_of(result: Any) -> Iterator[Part]:
    """The parts that ``result`` puts on a page."""
    if isinstance(result, list | tuple | Iterator):
        yield from result
        return
    if hasattr(result, "parts"):
        yield from result.parts()
        return
    for kind in type(result).__mro__:
        where = PRESENTERS.get(f"{kind.__module__}.{kind.__qualname__}") or _own_presenter(kind)
        if where:
            module, _, function = where.partition(":")
            yield from getattr(import_module(module), function)(result)
            return
    raise InputError(
        f"Nothing says how a {type(result).__name__} is presented. Give it a method parts(), name its "
        "presenter in undercut.studies.presentation.PRESENTERS, or hand report.add a list of parts."
    )


def _own_presenter(kind: type) -> str:
    """Where the presenter of a study's own result is; empty for other classes."""
    study, _, module = kind.__module__.rpartition(".")
    if not study.startswith("undercut.studies.") or module != "estimates":
        return ""
    return f"{study}.pages:{_CAPITAL.sub('_', kind.__name__).lower()}"


def _title_of(name: str) -> str:
    path = project_root() / "reports.toml"
    known = tomllib.loads(path.read_text("utf-8")).get("report", {}) if path.is_file() else {}
    if name not in known:
        raise unknown("report", name, known) if known else InputError(f"Report {name!r}: give its title=.")
    return str(known[name]["title"])
