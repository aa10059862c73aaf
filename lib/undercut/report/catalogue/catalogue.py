"""Which reports are there, and with which parameters? Reads reports.toml and finds its mistakes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from undercut.errors import InputError, check_known, closest
from undercut.report.catalogue.entries import CatalogueError, Limits, Mistake, Report, Settings
from undercut.report.catalogue.parameters import (
    FIELDS,
    Parameter,
    ParameterError,
    notebook_defaults,
    parameter_from,
)
from undercut.report.catalogue.staleness import is_schedule, never_comes


def load_catalogue(path: Path) -> dict[str, Report]:
    """Reports of the catalogue at ``path``, by name, in its order.

    Raises
    ------
    CatalogueError
        Where anything is wrong; lists everything.
    """
    return load_all(path)[0]


def load_all(path: Path) -> tuple[dict[str, Report], Settings]:
    """Reports and settings of the catalogue; raises as `load_catalogue` does."""
    reports, settings, mistakes = _read(path)
    if any(mistake.blocks for mistake in mistakes):
        raise CatalogueError("\n".join(map(str, mistakes)))
    return reports, settings


def check_catalogue(path: Path) -> list[Mistake]:
    """Every mistake in the catalogue and in its notebooks' parameters cells; empty where all is well."""
    return _read(path)[2]


def pick(reports: Mapping[str, Report], names: list[str]) -> list[Report]:
    """The named reports, all of them where ``names`` is empty.

    Raises
    ------
    UnknownNameError
        Where a name is not in the catalogue.
    """
    for name in names:
        check_known("report", name, reports)
    return [reports[name] for name in dict.fromkeys(names or reports)]


def _read(path: Path) -> tuple[dict[str, Report], Settings, list[Mistake]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        advice = f"is not in {path.parent} or above it; `undercut init DIR` makes a project"
        return {}, Settings(), [Mistake(path.name, 1, advice)]
    except OSError as error:
        return {}, Settings(), [Mistake(path.name, 1, f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        return {}, Settings(), [Mistake(path.name, 1, f"is not UTF-8: {error.reason}")]
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else 1
        return {}, Settings(), [Mistake(path.name, line, str(error))]
    reader = Reader(path, text)
    reports = {name: entry for name, entry in reader.reports(content) if entry is not None}
    settings = reader.settings(content.get("site", {}))
    return reports, settings, sorted(reader.mistakes, key=lambda mistake: (mistake.file, mistake.line))


#: Characters of a path that any system takes.
_LONGEST_PATH = 200
_LIMIT_KEYS = tuple(field.name for field in fields(Limits))
_REPORT_KEYS = {"notebook", "title", "parameters", "grid", "schedule", "after", "draft", *_LIMIT_KEYS}
_SITE_KEYS = {
    "keep_builds": int, "address": str, "front": str, "on_success": str, "on_failure": str,
    "questions": dict, "ways": dict, "asked": dict,
}  # fmt: skip
#: Pages of the site beside its reports, and what a link to them says.
PAGES = {"explore.html": "Explore prices, sellers and your own bill", "api/index.html": "The library"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
Keys = tuple[str, ...]
#: Folders of the site that no report may take.
RESERVED = ("variants", "history")


class Reader:
    """Turns the parsed file into reports and collects mistakes on the way."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = _lines_of_keys(text)
        self.mistakes: list[Mistake] = []
        self.entries: dict[str, Any] = {}

    def wrong(self, keys: Keys, text: str, *, blocks: bool = True) -> None:
        """Record a mistake at the line where ``keys``, or the nearest table around them, stands."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        self.mistakes.append(Mistake(self.path.name, self.lines.get(keys, 1), text, blocks))

    def reports(self, content: Mapping[str, Any]) -> Iterator[tuple[str, Report | None]]:
        for key in content:
            if key not in ("report", "site"):
                self.wrong((key,), f"unknown table {key!r}; reports are tables [report.NAME]")
        entries = content.get("report", {})
        if not isinstance(entries, dict) or not entries:
            self.wrong(("report",), "no reports: add a table [report.NAME]")
            return
        self.entries = entries
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
            self.wrong((*here, key), f"unknown key {key!r}{_hint(key, _REPORT_KEYS)}")
        if name in RESERVED:
            self.wrong(here, f"report name {name!r} is taken by a folder of the site")
        title = entry.get("title", "")
        if not isinstance(title, str) or not title.strip():
            self.wrong((*here, "title"), f"report {name!r} needs a title")
        limits = self.limits(here, entry)
        schedule = self.schedule(here, entry.get("schedule", ""))
        after = self.after(here, entry.get("after", []))
        notebook = self.notebook(here, entry.get("notebook"))
        parameters = self.parameters(here, entry.get("parameters", {}))
        if notebook is not None:
            parameters = self.with_defaults(here, parameters, notebook)
        grid = self.grid(here, entry.get("grid", {}), parameters)
        if notebook is None or any(mistake.blocks for mistake in self.mistakes[before:]):
            return None
        draft = entry.get("draft", False)
        if not isinstance(draft, bool):
            self.wrong((*here, "draft"), "draft must be true or false")
        return Report(name, notebook, title, parameters, limits, grid, schedule, after, draft is True)

    def settings(self, entry: Any) -> Settings:
        if not isinstance(entry, dict):
            self.wrong(("site",), "site must be a table")
            return Settings()
        good: dict[str, Any] = {}
        for key, value in entry.items():
            kind = _SITE_KEYS.get(key)
            if kind is None:
                self.wrong(("site", key), f"unknown key {key!r}{_hint(key, _SITE_KEYS)}")
            elif type(value) is not kind or (isinstance(value, int) and value < 0):
                what = {int: "a whole number, zero or more", str: "text"}.get(kind, "a table")
                self.wrong(("site", key), f"{key} must be {what}")
            elif key == "front" and value and value not in self.entries:
                self.wrong(("site", key), f"front: no report {value!r}{_hint(value, self.entries)}")
            else:
                for name in _named(value) if isinstance(value, dict) else ():
                    name = name.partition("#")[0] if key == "asked" else name
                    if name not in self.entries and (key == "questions" or name not in PAGES):
                        self.wrong(("site", key), f"{key}: no report {name!r}{_hint(name, self.entries)}")
                good[key] = value
        drafts = tuple(name for name, report in self.entries.items() if _is_draft(report))
        return Settings(**good, drafts=drafts)

    def limits(self, here: Keys, entry: Mapping[str, Any]) -> Limits:
        good = {}
        for key in _LIMIT_KEYS:
            value = entry.get(key, getattr(Limits(), key))
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                self.wrong((*here, key), f"{key} must be a positive number")
            else:
                good[key] = float(value)
        return Limits(**good)

    def schedule(self, here: Keys, text: Any) -> str:
        if text and not is_schedule(text):
            self.wrong((*here, "schedule"), f"schedule {text!r} is not in cron's syntax, as '0 6 * * 1-5' is")
        elif text and never_comes(text):
            self.wrong((*here, "schedule"), f"no day fits the schedule {text!r}", blocks=False)
        return str(text)

    def after(self, here: Keys, names: Any) -> tuple[str, ...]:
        """Names of the reports that this one is made from; ``all`` means those that are made from none."""
        key, entries = (*here, "after"), self.entries
        if names == "all":
            return tuple(name for name, entry in entries.items() if name != here[-1] and not _after(entry))
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.wrong(key, 'after must be a list of reports, or "all"')
            return ()
        for name in names:
            if name not in entries:
                self.wrong(key, f"after: no report {name!r}{_hint(name, entries)}")
        if here[-1] in self.before(here[-1]):
            self.wrong(key, f"report {here[-1]!r} is made from itself, directly or through others")
        return tuple(dict.fromkeys(names))

    def before(self, name: str) -> set[str]:
        """Every report that must be built before ``name``, as far as the lists go."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            listed = _after(self.entries.get(waiting.pop()))
            names = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
            waiting += set(names) - found
            found |= set(names)
        return found

    def table(self, key: Keys, entries: Any, of: str) -> dict[str, Any]:
        """``entries`` where they are a table; else none of them, and a mistake."""
        if isinstance(entries, dict):
            return entries
        self.wrong(key, f"{key[-1]} must be a table of {of}")
        return {}

    def grid(self, here: Keys, entries: Any, parameters: Mapping[str, Parameter]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for name, values in self.table((*here, "grid"), entries, "lists").items():
            key = (*here, "grid", name)
            if not isinstance(values, list) or not values:
                self.wrong(key, f"grid of {name!r} must be a list of values")
            elif name not in parameters:
                self.wrong(key, f"grid: {name!r} is no parameter of the report{_hint(name, parameters)}")
            else:
                try:
                    found[name] = [parameters[name].read(value) for value in values]
                except InputError as error:
                    self.wrong(key, f"grid: {error}")
        return found

    def notebook(self, here: Keys, relative: Any) -> Path | None:
        key = (*here, "notebook")
        if not isinstance(relative, str) or not relative or len(relative) > _LONGEST_PATH:
            self.wrong(key, f"report {here[-1]!r} needs a notebook, a path relative to {self.path.name}")
            return None
        notebook = (self.path.parent / relative).resolve()
        if not notebook.is_relative_to(self.path.parent.resolve()):
            self.wrong(key, f"notebook {relative!r} is outside the project")
        elif not notebook.is_file():
            known = sorted((self.path.parent / "notebooks").glob("*.ipynb"))
            names = [found.relative_to(self.path.parent).as_posix() for found in known]
            self.wrong(key, f"no notebook {relative!r}{_hint(relative, names)}")
        else:
            return notebook
        return None

    def parameters(self, here: Keys, entries: Any) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        for name, entry in self.table((*here, "parameters"), entries, "tables").items():
            key = (*here, "parameters", name)
            try:
                found[name] = parameter_from(name, entry)
            except ParameterError as error:
                for field_name, text in error.problems:
                    self.wrong((*key, field_name) if field_name in FIELDS else key, text)
        return found

    def with_defaults(
        self, here: Keys, parameters: dict[str, Parameter], notebook: Path
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
                where = f"the parameters cell of {notebook.name}"
                self.wrong(key, f"parameter {name!r} is not in {where}{_hint(name, defaults)}")
                continue
            try:
                complete[name] = parameter.with_default(defaults[name])
            except InputError as error:
                self.wrong(key, f"{notebook.name}: {error}")
        return complete


def _hint(name: object, known: Iterable[str]) -> str:
    """What may have been meant, as the end of a message."""
    near = closest(str(name), known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _after(entry: Any) -> Any:
    """The key ``after`` of an entry that may be no table at all."""
    return entry.get("after", []) if isinstance(entry, dict) else []


def _lines_of_keys(text: str) -> dict[Keys, int]:
    """Line of each table header and key of a TOML file (tomllib keeps no positions)."""
    lines: dict[Keys, int] = {}
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$", line):
            table = _key_parts(header.group(1))
            for depth in range(1, len(table) + 1):
                lines.setdefault(table[:depth], number)
        elif assignment := re.match(r"\s*((?:[A-Za-z0-9_.-]+|\"[^\"]*\"|'[^']*'|\s*\.\s*)+?)\s*=", line):
            lines.setdefault(table + _key_parts(assignment.group(1)), number)
    return lines


def _key_parts(dotted: str) -> Keys:
    return tuple(part.strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted))


def _named(table: Mapping[str, Any]) -> list[str]:
    """The names that the values of a table are, or list."""
    return [str(name) for value in table.values() for name in (value if isinstance(value, list) else [value])]


def _is_draft(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("draft") is True
