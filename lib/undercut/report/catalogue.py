"""Which reports are there, and with which parameters? Reads reports.toml and finds its mistakes."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from undercut.errors import InputError, closest, unknown
from undercut.report.parameters import FIELDS, Parameter, ParameterError, parameter_from

_REPORT_KEYS = {"notebook", "title", "timeout_seconds", "parameters"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
DEFAULT_TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in the catalogue or in a notebook's parameters cell."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """``file:line: text``, as compilers write it."""
        return f"{self.file}:{self.line}: {self.text}"


class CatalogueError(InputError):
    """The catalogue has mistakes; the message lists all of them, with their lines."""


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
    timeout_seconds : float
        Longest time that the notebook may run.
    """

    name: str
    notebook: Path
    title: str
    parameters: dict[str, Parameter] = field(default_factory=dict)
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values of all parameters: the defaults, with ``given`` checked and put in their place.

        Text, as the command line passes it, is read by the parameter's type.

        Raises
        ------
        InputError
            Lists every unknown name, wrong type and forbidden value at once.
        """
        chosen = {name: parameter.default for name, parameter in self.parameters.items()}
        problems = []
        for name, value in given.items():
            try:
                if name not in self.parameters:
                    raise unknown(f"parameter of {self.name}", name, self.parameters)
                chosen[name] = self.parameters[name].read(value)
            except InputError as error:
                problems.append(str(error))
        if problems:
            raise InputError("\n".join(problems))
        return chosen


def load_catalogue(path: Path) -> dict[str, Report]:
    """Reports of the catalogue at ``path``, by name, in its order.

    Raises
    ------
    CatalogueError
        Where anything is wrong; lists everything.
    """
    reports, mistakes = _read(path)
    if mistakes:
        raise CatalogueError("\n".join(map(str, mistakes)))
    return reports


def check_catalogue(path: Path) -> list[Mistake]:
    """Every mistake in the catalogue and in its notebooks' parameters cells; empty where all is well."""
    return _read(path)[1]


def pick(reports: Mapping[str, Report], names: list[str]) -> list[Report]:
    """The named reports, all of them where ``names`` is empty.

    Raises
    ------
    UnknownNameError
        Where a name is not in the catalogue.
    """
    for name in names:
        if name not in reports:
            raise unknown("report", name, reports)
    return [reports[name] for name in dict.fromkeys(names or reports)]


def _read(path: Path) -> tuple[dict[str, Report], list[Mistake]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return {}, [Mistake(path.name, 1, f"cannot be read: {error.strerror}")]
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        return {}, [Mistake(path.name, int(found.group(1)) if found else 1, str(error))]
    reader = _Reader(path, _lines_of_keys(text))
    reports = {name: entry for name, entry in reader.reports(content) if entry is not None}
    return reports, sorted(reader.mistakes, key=lambda mistake: (mistake.file, mistake.line))


class _Reader:
    """Turns the parsed file into reports and collects mistakes on the way."""

    def __init__(self, path: Path, lines: Mapping[tuple[str, ...], int]) -> None:
        self.path = path
        self.lines = lines
        self.mistakes: list[Mistake] = []

    def wrong(self, keys: tuple[str, ...], text: str) -> None:
        """Record a mistake at the line where ``keys``, or the nearest table around them, stands."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        self.mistakes.append(Mistake(self.path.name, self.lines.get(keys, 1), text))

    def reports(self, content: Mapping[str, Any]) -> Iterator[tuple[str, Report | None]]:
        for key in content:
            if key != "report":
                self.wrong((key,), f"unknown table {key!r}; reports are tables [report.NAME]")
        entries = content.get("report", {})
        if not isinstance(entries, dict) or not entries:
            self.wrong(("report",), "no reports: add a table [report.NAME]")
            return
        for name, entry in entries.items():
            yield name, self.report(name, entry)

    def report(self, name: str, entry: Any) -> Report | None:
        here = ("report", name)
        before = len(self.mistakes)
        if not isinstance(entry, dict):
            self.wrong(here, f"report {name!r} must be a table")
            return None
        if not _NAME.fullmatch(name):
            self.wrong(here, f"report name {name!r}: use lower-case letters, digits, '_' and '-'")
        for key in entry.keys() - _REPORT_KEYS:
            near = closest(key, _REPORT_KEYS, 1)
            self.wrong(
                (*here, key), f"unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
            )
        title, timeout = entry.get("title", ""), entry.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS)
        if not isinstance(title, str) or not title.strip():
            self.wrong((*here, "title"), f"report {name!r} needs a title")
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
            self.wrong((*here, "timeout_seconds"), "timeout_seconds must be a positive number")
        notebook = self.notebook(here, entry.get("notebook"))
        parameters = self.parameters(here, entry.get("parameters", {}))
        if notebook is not None:
            parameters = self.with_defaults(here, parameters, notebook)
        if notebook is None or len(self.mistakes) > before:
            return None
        return Report(name, notebook, title, parameters, float(timeout))

    def notebook(self, here: tuple[str, ...], relative: Any) -> Path | None:
        key = (*here, "notebook")
        if not isinstance(relative, str) or not relative:
            self.wrong(key, f"report {here[-1]!r} needs a notebook, a path relative to {self.path.name}")
            return None
        notebook = (self.path.parent / relative).resolve()
        if not notebook.is_relative_to(self.path.parent.resolve()):
            self.wrong(key, f"notebook {relative!r} is outside the project")
        elif not notebook.is_file():
            near = closest(relative, [str(found) for found in self._notebooks()], 1)
            self.wrong(key, f"no notebook {relative!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        else:
            return notebook
        return None

    def _notebooks(self) -> Iterator[Path]:
        for found in sorted((self.path.parent / "notebooks").glob("*.ipynb")):
            yield found.relative_to(self.path.parent)

    def parameters(self, here: tuple[str, ...], entries: Any) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        if not isinstance(entries, dict):
            self.wrong((*here, "parameters"), "parameters must be a table of tables")
            return found
        for name, entry in entries.items():
            key = (*here, "parameters", name)
            try:
                found[name] = parameter_from(name, entry)
            except ParameterError as error:
                for field_name, text in error.problems:
                    self.wrong((*key, field_name) if field_name in FIELDS else key, text)
        return found

    def with_defaults(
        self, here: tuple[str, ...], parameters: dict[str, Parameter], notebook: Path
    ) -> dict[str, Parameter]:
        """Take defaults from the notebook's parameters cell and compare both sides."""
        try:
            defaults = notebook_defaults(notebook)
        except InputError as error:
            self.mistakes.append(Mistake(notebook.name, 1, str(error)))
            return parameters
        for name in defaults.keys() - parameters.keys():
            text = f"parameter {name!r} of {notebook.name} is not in the catalogue"
            self.wrong((*here, "parameters", name), text)
        complete = {}
        for name, parameter in parameters.items():
            key = (*here, "parameters", name)
            if name not in defaults:
                near = closest(name, defaults, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                self.wrong(key, f"parameter {name!r} is not in the parameters cell of {notebook.name}{hint}")
                continue
            try:
                complete[name] = parameter.with_default(defaults[name])
            except InputError as error:
                self.wrong(key, f"{notebook.name}: {error}")
        return complete


def notebook_defaults(notebook: Path) -> dict[str, Any]:
    """Values assigned in the notebook's cell that is tagged ``parameters``; ``{}`` without such a cell.

    Raises
    ------
    InputError
        Where the notebook cannot be read, or the cell holds anything but assignments of literals.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{notebook.name} is not a notebook: {error}") from None
    if len(tagged) > 1:
        raise InputError(f"{notebook.name} has {len(tagged)} cells tagged 'parameters'; one is allowed.")
    source = "".join(tagged[0]["source"]) if tagged else ""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise InputError(f"{notebook.name}, parameters cell, line {error.lineno}: {error.msg}.") from None
    defaults: dict[str, Any] = {}
    for statement in statements:
        name, value = _assignment(notebook, statement)
        if name in defaults:
            raise InputError(f"{notebook.name}, parameters cell: {name!r} is assigned twice.")
        defaults[name] = value
    return defaults


def _assignment(notebook: Path, statement: ast.stmt) -> tuple[str, Any]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=expression):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as expression):
            pass
        case _:
            text = "only assignments like name = value may stand here"
            raise InputError(f"{notebook.name}, parameters cell, line {statement.lineno}: {text}.")
    try:
        return name, ast.literal_eval(expression)
    except ValueError:
        text = f"{name!r} must be a literal, not computed"
        raise InputError(f"{notebook.name}, parameters cell, line {statement.lineno}: {text}.") from None


def _lines_of_keys(text: str) -> dict[tuple[str, ...], int]:
    """Line of each table header and key of a TOML file (tomllib keeps no positions)."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$", line):
            table = _key_parts(header.group(1))
            for depth in range(1, len(table) + 1):
                lines.setdefault(table[:depth], number)
        elif assignment := re.match(r"\s*((?:[A-Za-z0-9_.-]+|\"[^\"]*\"|'[^']*'|\s*\.\s*)+?)\s*=", line):
            lines.setdefault(table + _key_parts(assignment.group(1)), number)
    return lines


def _key_parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted))
