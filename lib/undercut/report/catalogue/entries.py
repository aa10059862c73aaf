"""What does the catalogue say of a report and of the site? The entries of reports.toml."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from undercut.errors import InputError, check_known
from undercut.provenance import sha256_of
from undercut.report.catalogue.parameters import Parameter
from undercut.strict_json import dumps

#: Folder of the site for pages with values that are not the default.
VARIANTS = "variants"
_LONGEST = 48


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in the catalogue or in a notebook's parameters cell; most of them block every build."""

    file: str
    line: int
    text: str
    blocks: bool = True

    def __str__(self) -> str:
        """``file:line: text``, as compilers write it."""
        return f"{self.file}:{self.line}: {self.text}"


class CatalogueError(InputError):
    """The catalogue has mistakes; the message lists all of them, with their lines."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the build of a report may use.

    Attributes
    ----------
    timeout_seconds : float
        Longest time that the notebook may run.
    memory_mb : float
        Largest resident memory of its kernel and what that started, in mebibytes.
    output_mb : float
        Largest size of what it shows, and of the files it writes beside its results.
    """

    timeout_seconds: float = 900.0
    memory_mb: float = 8000.0
    output_mb: float = 50.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The table ``[site]`` of the catalogue.

    Attributes
    ----------
    keep_builds : int
        How many earlier builds of each report are kept.
    address : str
        Where the site will be read, for the feed; empty where that is not known.
    front : str
        The report whose answer, findings and claims open the front page; empty for none.
    questions : dict of str to str
        The questions of the front page, each with the report that answers it.
    ways : dict of str to list
        Kinds of readers, each with the reports and pages of the site that are for it.
    asked : dict of str to str
        What readers ask, each with the place of the answer: a report or page, and after ``#`` where in it.
    drafts : tuple of str
        Reports that are built but not yet shown on the front page.
    on_success, on_failure : str
        Commands to run after a build in which every report, or not every report, was built.
    """

    keep_builds: int = 20
    address: str = ""
    front: str = ""
    on_success: str = ""
    on_failure: str = ""
    questions: dict[str, str] = field(default_factory=dict)
    ways: dict[str, list[str]] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    drafts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One entry of the catalogue.

    Attributes
    ----------
    name : str
        Name on the command line and of the published folder.
    notebook : Path
        The notebook, absolute.
    title : str
        The question that the report answers.
    parameters : dict of str to Parameter
        In the catalogue's order, with defaults from the notebook's parameters cell.
    limits : Limits
    grid : dict of str to list
        Further values for parameters; each combination is built as a page of its own.
    schedule : str
        When ``build --due`` builds it, in the syntax of cron; empty for never.
    after : tuple of str
        The reports from whose results it is made; they are built before it.
    draft : bool
        Built, but kept off the front page until this is taken away.
    """

    name: str
    notebook: Path
    title: str
    parameters: dict[str, Parameter] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    grid: dict[str, list[Any]] = field(default_factory=dict)
    schedule: str = ""
    after: tuple[str, ...] = ()
    draft: bool = False

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of all parameters: the defaults, with ``given`` checked and put in their place.

        Text, as the command line passes it, is read by the parameter's type. A parameter's former name is
        understood with a warning.

        Raises
        ------
        InputError
            Lists every unknown name, wrong type and forbidden value at once, each with the report's name.
        """
        chosen = {name: parameter.default for name, parameter in self.parameters.items()}
        problems = []
        renamed = {p.formerly: p.name for p in self.parameters.values() if p.formerly}
        for told, value in given.items():
            name = told if told in self.parameters else renamed.get(told, told)
            try:
                if name != told:
                    self._warn_of_former(told, name, given)
                check_known("parameter", name, self.parameters)
                chosen[name] = self.parameters[name].read(value)
            except InputError as error:
                problems.append(f"Report {self.name}: {error}")
        if problems:
            raise InputError("\n".join(problems))
        return chosen

    def _warn_of_former(self, told: str, name: str, given: Mapping[str, Any]) -> None:
        if name in given:
            raise InputError(f"Parameter {told!r} is the former name of {name!r}: give one of the two.")
        text = f"Parameter {told!r} of {self.name} is called {name!r} now; the old name will go."
        warnings.warn(text, FutureWarning, stacklevel=3)

    def changed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values that are not the parameter's default."""
        return {name: value for name, value in values.items() if value != self.parameters[name].default}

    def folder(self, values: Mapping[str, Any]) -> str:
        """Where the report with these values is published, relative to the site.

        With its default values it is in ``NAME``; with any other in ``variants/NAME/KEY-VALUE-...-DIGEST``.
        """
        changed = self.changed(values)
        if not changed:
            return self.name
        words = "-".join(f"{name}-{_word(value)}" for name, value in changed.items())
        readable = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:_LONGEST].strip("-")
        digest = sha256_of(dumps(changed, sort_keys=True).encode())[:8]
        return f"{VARIANTS}/{self.name}/{readable}-{digest}"

    def command(self, values: Mapping[str, Any]) -> str:
        """The command that builds the report with the same values."""
        words = ["undercut", "build", self.name]
        for name, value in self.changed(values).items():
            plain = "" if value is None else value if isinstance(value, str) else dumps(value)
            words += ["-p", quote(f"{name}={plain}")]
        return " ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return "-".join(map(str, value))
    return "none" if value is None else str(value)
