"""How does a notebook put results on its page? One call for each: ``report.add(result)``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any

from undercut.errors import InputError, unknown
from undercut.report.catalogue.project import project_root
from undercut.report.findings.results import DataKind, Finding, Results
from undercut.studies.presentation import (
    PRESENTERS,
    Answer,
    Caveat,
    Figure,
    Number,
    Part,
    Role,
    Sentence,
    Table,
)
from undercut.tables import readable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as MplFigure

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
    >>> from undercut.studies.presentation import Number
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
                    wide = _drawn(part)
                    with plots.narrow():
                        phone = _drawn(part)
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


def _drawn(part: Figure) -> MplFigure:
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
