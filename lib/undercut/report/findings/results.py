"""What did a notebook find? Collects named findings and figures while it runs and writes results.json."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from html import escape
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from undercut.errors import InputError, one_of
from undercut.provenance import provenance_of
from undercut.report.catalogue.project import (
    COMMIT_VARIABLE,
    OUTPUT_VARIABLE,
    git_commit,
    project_root,
    utc_now,
)
from undercut.report.findings import sentences
from undercut.report.findings.contract import (
    ANSWER_KEY,
    FIGURE_KEY,
    FOLD_KEY,
    RESULTS_FILE,
    write_atomically,
    write_results,
)
from undercut.report.findings.others import previous_results, read_results

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Finding", "Results", "previous_results", "read_results"]

DataKind = Literal["real", "sample", "simulated"]
_KINDS: tuple[DataKind, ...] = ("real", "sample", "simulated")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Finding:
    """One named number. ``str(finding)`` is the text for a sentence; see `Results.finding`."""

    key: str
    label: str
    value: float | None
    unit: str
    ci_low: float | None
    ci_high: float | None
    level: float | None
    n: int | None
    method: str
    as_of: str | None
    note: str
    role: str | None = None

    def __str__(self) -> str:
        """Value, interval and sample size: ``−36% (95% interval −41% to −30%, n = 212)``."""
        return sentences.sentence(asdict(self))

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.label)}: <strong>{escape(str(self))}</strong></p>"

    @property
    def interval(self) -> str:
        """The interval in words, ``95% interval −41% to −30%``; empty where there is none."""
        return sentences.interval(asdict(self), with_level=True)

    @property
    def short(self) -> str:
        """The value alone, at the precision that its interval supports."""
        return sentences.number(self.value, self.unit, decimals=sentences.decimals_of(asdict(self)))


class Results:
    """Findings, figures and warnings of one run of a report.

    Parameters
    ----------
    report : str
        Name of the report, as in reports.toml.
    title : str
        The question the report answers.
    data_kind : {"real", "sample", "simulated"}
        What the numbers were computed from. Anything but ``"real"`` is said at the top of the page.
    parameters : mapping
        The values of the notebook's parameters cell.
    frames : iterable of DataFrame
        The tables used; their provenance is recorded.
    as_of : str or date, optional
        The day up to which the data speak; default for every finding.

    Examples
    --------
    >>> report = Results("example", title="Did prices fall?", data_kind="simulated", as_of="2026-11-01")
    >>> fall = report.finding("fall", "Fall of the median price", -36.2, "%", ci=(-41.3, -30.1), n=212)
    >>> print(f"The median price moved by {fall}.")
    The median price moved by −36% (95% interval −41% to −30%, n = 212).
    """

    def __init__(
        self,
        report: str,
        *,
        title: str,
        data_kind: DataKind,
        parameters: Mapping[str, Any] | None = None,
        frames: Iterable[pd.DataFrame] = (),
        as_of: str | date | None = None,
    ) -> None:
        one_of("data_kind", data_kind, _KINDS)
        self.report = _checked_name("report", report)
        self.title = title
        self.data_kind = data_kind
        self.as_of = _iso_day(as_of)
        self._parameters = {name: _plain(value) for name, value in (parameters or {}).items()}
        self._frames = list(frames)
        self._answer = ""
        self._findings: dict[str, Finding] = {}
        self._figures: dict[str, dict[str, Any]] = {}
        self._warnings: list[str] = []
        self._claims: list[dict[str, Any]] = []
        self._folds = False

    @property
    def folder(self) -> Path:
        """Where results and figures go: UNDERCUT_OUTPUT in a build, reports/local/<name>/ by hand."""
        given = os.environ.get(OUTPUT_VARIABLE)
        return Path(given) if given else project_root() / "reports" / "local" / self.report

    def uses(self, *frames: pd.DataFrame) -> None:
        """Record the provenance of further tables."""
        self._frames += frames

    def answer(self, text: str) -> str:
        """Set the report's answer, one sentence computed from findings, and return it."""
        self._answer = " ".join(text.split())
        return self._answer

    def warn(self, text: str) -> None:
        """Record a caveat that the page shows."""
        if text not in self._warnings:
            self._warnings.append(text)

    def finding(
        self,
        key: str,
        label: str,
        value: float | None,
        unit: str,
        *,
        ci: tuple[float, float] | None = None,
        level: float = 0.95,
        n: int | None = None,
        method: str = "",
        as_of: str | date | None = None,
        note: str = "",
        role: str | None = None,
    ) -> Finding:
        """Record a finding and return it.

        Parameters
        ----------
        key : str
            Stable between builds; other programs find the number by it.
        label : str
            What was measured, for a reader.
        value : float or None
            In ``unit``. None, or a value that is not finite, means that it could not be measured; ``note``
            must then say why.
        unit : str
            ``"%"``, ``"percentage points"``, ``"USD per million tokens"``, ``"models"``, ...
        ci : (low, high), optional
            Interval at ``level``. Without one, ``note`` must give the reason.
        n : int, optional
            Number of observations.
        method, note : str
            The estimator by name; what the reader must know.
        role : str, optional
            headline, primary, robustness, descriptive or assumption.

        Raises
        ------
        InputError
            Where the key is taken or malformed, or an interval is missing without a reason.
        """
        if key in self._findings:
            raise InputError(f"A finding {key!r} exists already: keys must be unique.")
        if not re.fullmatch(r"[a-z][A-Za-z0-9_.-]*", key):
            raise InputError(f"Finding key {key!r}: use lower-case letters, digits, '_', '.' and '-'.")
        low, high = (_number(key, end) for end in (ci or (None, None)))
        whole = low is not None and high is not None
        if not whole and not note.strip():
            raise InputError(f"Finding {key!r} has no interval: say why in note=.")
        if low is not None and high is not None and low > high:
            ends = f"lower end {low} is above its upper end {high}"
            raise InputError(f"Finding {key!r}: the interval's {ends}.")
        found = Finding(
            key=key,
            label=label,
            value=_number(key, value),
            unit=unit,
            ci_low=low if whole else None,
            ci_high=high if whole else None,
            level=level if whole else None,
            n=None if n is None else int(n),
            method=method,
            as_of=_iso_day(as_of) or self.as_of,
            note=note,
            role=role,
        )
        self._findings[key] = found
        return found

    def figure(
        self,
        figure: Figure,
        name: str,
        *,
        alt: str,
        data: pd.DataFrame | None = None,
        phone: Figure | None = None,
        leads: bool = False,
    ) -> None:
        """Show a figure with its alternative text, and write it and its data beside results.json.

        Parameters
        ----------
        figure : matplotlib Figure
            Closed afterwards, so that the notebook does not show it a second time.
        name : str
            File name without suffix; unique.
        alt : str
            What the figure shows, for those who cannot see it.
        data : DataFrame, optional
            The numbers drawn; written as <name>.csv.
        phone : matplotlib Figure, optional
            The same, drawn inside `undercut.plots.narrow`.
        leads : bool
            Whether the page opens with it; by default it opens with its first figure.
        """
        from undercut.report.page.figures import as_picture, for_phone

        if _checked_name("figure", name) in self._figures:
            raise InputError(f"A figure {name!r} exists already: names must be unique.")
        if not alt.strip():
            raise InputError(f"Figure {name!r} needs alternative text: say in alt= what it shows.")
        picture = as_picture(figure)
        files: dict[str, Any] = {"image": (f"{name}.svg", picture.svg), "png": (f"{name}.png", picture.png)}
        if phone is not None:
            files["narrow"] = (f"{name}-narrow.svg", for_phone(phone, picture.source))
        if data is not None:
            has_index = any(level is not None for level in data.index.names)
            files["data"] = (f"{name}.csv", data.to_csv(index=has_index, lineterminator="\n"))
        for file, content in files.values():
            write_atomically(self.folder / "figures" / file, content)
        said = {"title": picture.finding, "measure": picture.measure, "source": picture.source}
        paths = {kind: f"figures/{file}" for kind, (file, _) in files.items()}
        about = {"name": name, "alt": alt, "data": None, "leads": leads, **said, **paths}
        self._figures[name] = about | {"crop": [picture.top, picture.bottom]}
        shown = {"image/svg+xml": picture.svg.decode(), "text/plain": alt}
        self.show(shown, {"image/svg+xml": {"alt": alt}, FIGURE_KEY: {"name": name}})

    def to_dict(self) -> dict[str, Any]:
        """The content of results.json."""
        days = [finding.as_of for finding in self._findings.values() if finding.as_of]
        claims = {"claims": self._claims} if self._claims else {}
        return {
            "report": self.report,
            "title": self.title,
            "answer": self._answer,
            "as_of": self.as_of or max(days, default=None),
            "built_at": utc_now(),
            "git_commit": _commit(),
            "parameters": self._parameters,
            "data": provenance_of(*self._frames),
            "data_kind": self.data_kind,
            "real_data": self.data_kind == "real",
            "findings": [asdict(finding) for finding in self._findings.values()],
            "figures": list(self._figures.values()),
            "warnings": self._warnings,
            **claims,
        }

    def claims(self, verdicts: Iterable[Mapping[str, Any]]) -> None:
        """Record the verdict on each claim that the report examines.

        Parameters
        ----------
        verdicts : iterable of mapping
            ``id``, ``claim``, ``verdict`` (supported, contradicted, not settled), ``reason``,
            ``findings`` (each with ``report`` and ``key``), ``interval`` (text), ``as_of`` and
            ``would_change``. `save` refuses what breaks the contract.
        """
        self._claims = [dict(verdict) for verdict in verdicts]

    def say(self, text: str, *, is_answer: bool = False) -> None:
        """Show a paragraph in the notebook and on the page: a sentence computed from findings.

        The answer stands at the top of the page, and so not a second time where the notebook says it.
        """
        paragraph = " ".join(text.split())
        about = {ANSWER_KEY: True} if is_answer else {}
        self.show({"text/html": f"<p>{escape(paragraph)}</p>", "text/plain": paragraph}, about)

    def show(self, data: dict[str, str], metadata: Mapping[str, Any] | None = None) -> None:
        """Show an output in a notebook, folded away on the page inside `folding`."""
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            about = {**(metadata or {}), **({FOLD_KEY: True} if self._folds else {})}
            display(data, raw=True, metadata=about)  # type: ignore[no-untyped-call]

    @contextmanager
    def folding(self, fold: bool = True) -> Iterator[None]:
        """What is shown inside is detail: the page folds it away."""
        before, self._folds = self._folds, fold or self._folds
        try:
            yield
        finally:
            self._folds = before

    def save(self) -> None:
        """Write results.json into `folder`; refuses content that breaks the contract."""
        write_results(self.folder / RESULTS_FILE, self.to_dict())


def _commit() -> str | None:
    """The package's commit: what the build says, or git where there is no build."""
    told = os.environ.get(COMMIT_VARIABLE)
    return git_commit(Path(__file__).parent) if told is None else told or None


def _checked_name(kind: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(f"{kind} name {name!r}: use lower-case letters, digits, '_' and '-'.")
    return name


def _number(key: str, value: Any) -> float | None:
    """A plain finite number, or None where it could not be measured."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"Finding {key!r}: {value!r} is not a number.")
    if isinstance(value, Integral):
        return int(value)
    return float(value) if math.isfinite(value) else None


def _iso_day(day: str | date | None) -> str | None:
    if day is None:
        return None
    try:
        moment = datetime.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        raise InputError(f"{day!r} is not a date like 2026-11-01.") from None
    return moment.strftime("%Y-%m-%d")


def _plain(value: Any) -> Any:
    """A parameter's value as JSON has it."""
    if isinstance(value, date):
        return _iso_day(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    raise InputError(f"Parameter value {value!r} has no JSON form: use text, numbers, dates, lists or None.")
