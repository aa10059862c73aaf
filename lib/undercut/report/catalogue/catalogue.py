"""Which reports are there, and with which parameters? Reads reports.toml and finds every mistake in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from undercut.errors import InputError, check_known
from undercut.report.catalogue.entries import CatalogueError, Limits, Mistake, Report, Settings
from undercut.report.catalogue.parameters import Parameter, hint, notebook_defaults, parameter_from
from undercut.report.catalogue.staleness import is_schedule, never_comes

#: Characters of a path that any system takes.
_LONGEST_PATH = 200
_LIMIT_KEYS = {field.name for field in fields(Limits)}
_REPORT_KEYS = {"notebook", "title", "parameters", "grid", "schedule", "after", "draft", *_LIMIT_KEYS}
_SITE_KEYS: dict[str, type] = {
    "keep_builds": int, "address": str, "front": str, "on_success": str, "on_failure": str,
    "questions": dict, "ways": dict, "asked": dict,
}  # fmt: skip
#: Pages of the site beside its reports, and what a link to them says.
PAGES = {"explore.html": "Explore prices, sellers and your own bill", "api/index.html": "The library"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
Keys = tuple[str, ...]
#: Folders of the site that no report may take.
RESERVED = ("variants", "history")


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
    line = 1
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError:
        said = f"is not in {path.parent} or above it; `undercut init DIR` makes a project"
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        said = f"is not UTF-8: {error.reason}"
    except (ValueError, RecursionError) as error:
        found = re.search(r"line (\d+)", said := str(error))
        line = int(found.group(1)) if found else 1
    else:
        reader = _Reader(path, text, content)
        reports, settings = reader.reports(), reader.settings()
        return reports, settings, sorted(reader.mistakes, key=lambda mistake: (mistake.file, mistake.line))
    return {}, Settings(), [Mistake(path.name, line, said)]


class _Reader:
    """Turns the parsed file into reports and settings, and collects mistakes on the way."""

    def __init__(self, path: Path, text: str, content: Mapping[str, Any]) -> None:
        self.path, self.content = path, content
        self.lines = _lines_of_keys(text)
        self.mistakes: list[Mistake] = []
        for key in content.keys() - {"report", "site"}:
            self.must(False, (key,), f"unknown table {key!r}; reports are tables [report.NAME]")
        entries = content.get("report")
        self.entries: dict[str, Any] = entries if isinstance(entries, dict) else {}
        self.must(bool(self.entries), ("report",), "no reports: add a table [report.NAME]")

    def must(self, holds: bool, keys: Keys, text: str, *, blocks: bool = True) -> bool:
        """Whether that ``holds``; else it is a mistake, on the line of ``keys`` or of a table around."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        if not holds:
            self.mistakes.append(Mistake(self.path.name, self.lines.get(keys, 1), text, blocks))
        return holds

    def is_known(self, name: str, known: Iterable[str], keys: Keys, text: str) -> bool:
        """Whether a name is among those known; else a mistake that says what may have been meant."""
        return name in known or self.must(False, keys, text + hint(name, known))

    @contextmanager
    def telling(self, keys: Keys, before: str) -> Iterator[None]:
        """What is refused inside is a mistake."""
        try:
            yield
        except InputError as error:
            self.must(False, keys, f"{before}: {error}")

    def reports(self) -> dict[str, Report]:
        found = {name: self.report(name, entry) for name, entry in self.entries.items()}
        return {name: report for name, report in found.items() if report is not None}

    def report(self, name: str, entry: Any) -> Report | None:
        here = ("report", name)
        if not self.must(isinstance(entry, dict), here, f"report {name!r} must be a table"):
            return None
        use = "use lower-case letters, digits, '_' and '-'"
        self.must(_NAME.fullmatch(name) is not None, here, f"report name {name!r}: {use}")
        self.must(name not in RESERVED, here, f"report name {name!r} is taken by a folder of the site")
        for key in entry:
            self.is_known(key, _REPORT_KEYS, (*here, key), f"unknown key {key!r}")
        title, draft = entry.get("title", ""), entry.get("draft", False)
        has_title = isinstance(title, str) and bool(title.strip())
        self.must(has_title, (*here, "title"), f"report {name!r} needs a title")
        self.must(isinstance(draft, bool), (*here, "draft"), "draft must be true or false")
        limits = self.limits(here, entry)
        schedule = self.schedule((*here, "schedule"), entry.get("schedule", ""))
        after = self.after(name, entry.get("after", []))
        notebook = self.notebook(here, entry.get("notebook"))
        parameters = self.parameters((*here, "parameters"), entry.get("parameters", {}), notebook)
        grid = self.grid((*here, "grid"), entry.get("grid", {}), parameters)
        if notebook is None:
            return None
        return Report(name, notebook, title, parameters, limits, grid, schedule, after, draft)

    def settings(self) -> Settings:
        entry = self.table(("site",), self.content.get("site", {}), "settings")
        good: dict[str, Any] = {}
        for key, value in entry.items():
            here, kind = ("site", key), _SITE_KEYS.get(key)
            if not self.is_known(key, _SITE_KEYS, here, f"unknown key {key!r}"):
                continue
            words: dict[Any, str] = {int: "a whole number, zero or more", str: "text", dict: "a table"}
            is_kind = type(value) is kind and (not isinstance(value, int) or value >= 0)
            if self.must(is_kind, here, f"{key} must be {words[kind]}"):
                good[key] = value
                for name in _reports_in(key, value):
                    known = self.entries if key in ("front", "questions") else [*self.entries, *PAGES]
                    self.is_known(name, known, here, f"{key}: no report {name!r}")
        drafts = (name for name, one in self.entries.items() if isinstance(one, dict) and one.get("draft"))
        return Settings(**good, drafts=tuple(drafts))

    def limits(self, here: Keys, entry: Mapping[str, Any]) -> Limits:
        good = {}
        for key in _LIMIT_KEYS & entry.keys():
            is_number = type(entry[key]) in (int, float)
            if self.must(is_number and entry[key] > 0, (*here, key), f"{key} must be a positive number"):
                good[key] = float(entry[key])
        return Limits(**good)

    def schedule(self, key: Keys, text: Any) -> str:
        wrong = f"schedule {text!r} is not in cron's syntax, as '0 6 * * 1-5' is"
        if text and self.must(is_schedule(text), key, wrong):
            self.must(not never_comes(text), key, f"no day fits the schedule {text!r}", blocks=False)
        return str(text)

    def after(self, report: str, names: Any) -> tuple[str, ...]:
        """Names of the reports that this one is made from; ``all`` means those that are made from none."""
        key = ("report", report, "after")
        if names == "all":
            return tuple(name for name in self.entries if name != report and not self.listed(name))
        is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not self.must(is_list, key, 'after must be a list of reports, or "all"'):
            return ()
        for name in names:
            self.is_known(name, self.entries, key, f"after: no report {name!r}")
        itself = f"report {report!r} is made from itself, directly or through others"
        self.must(report not in self.before(report), key, itself)
        return tuple(dict.fromkeys(names))

    def listed(self, name: str) -> Any:
        """The key ``after`` of an entry that may be no table at all."""
        entry = self.entries.get(name)
        return entry.get("after", []) if isinstance(entry, dict) else []

    def before(self, name: str) -> set[str]:
        """Every report that must be built before ``name``, as far as the lists go."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            listed = self.listed(waiting.pop())
            names = {one for one in listed if isinstance(one, str)} if isinstance(listed, list) else set()
            waiting += names - found
            found |= names
        return found

    def table(self, key: Keys, entries: Any, of: str) -> dict[str, Any]:
        """``entries`` where they are a table; else none of them, and a mistake."""
        is_table = self.must(isinstance(entries, dict), key, f"{key[-1]} must be a table of {of}")
        return entries if is_table else {}

    def grid(self, here: Keys, entries: Any, parameters: Mapping[str, Parameter]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for name, values in self.table(here, entries, "lists").items():
            key = (*here, name)
            is_list = isinstance(values, list) and bool(values)
            if not self.must(is_list, key, f"grid of {name!r} must be a list of values"):
                continue
            if self.is_known(name, parameters, key, f"grid: {name!r} is no parameter of the report"):
                with self.telling(key, "grid"):
                    found[name] = [parameters[name].read(value) for value in values]
        return found

    def notebook(self, here: Keys, relative: Any) -> Path | None:
        key, project = (*here, "notebook"), self.path.parent
        is_path = isinstance(relative, str) and 0 < len(relative) <= _LONGEST_PATH
        needs = f"report {here[-1]!r} needs a notebook, a path relative to {self.path.name}"
        if not self.must(is_path, key, needs):
            return None
        notebook = (project / relative).resolve()
        is_inside = notebook.is_relative_to(project.resolve())
        if not self.must(is_inside, key, f"notebook {relative!r} is outside the project"):
            return None
        if notebook.is_file():
            return notebook
        known = [found.relative_to(project).as_posix() for found in (project / "notebooks").glob("*.ipynb")]
        self.must(False, key, f"no notebook {relative!r}{hint(relative, sorted(known))}")
        return None

    def parameters(self, here: Keys, entries: Any, notebook: Path | None) -> dict[str, Parameter]:
        """Parameters with the defaults of the notebook's cell, where both sides agree."""
        found: dict[str, Parameter] = {}
        for name, entry in self.table(here, entries, "tables").items():
            parameter, problems = parameter_from(name, entry)
            for field, text in problems:
                self.must(False, (*here, name, field), text)
            if parameter:
                found[name] = parameter
        if notebook is None:
            return found
        try:
            defaults = notebook_defaults(notebook)
        except InputError as error:
            self.mistakes.append(Mistake(notebook.name, 1, str(error)))
            return found
        for name in defaults:
            text = f"parameter {name!r} of {notebook.name} is not in the catalogue"
            self.must(name in found, (*here, name), text)
        complete = {}
        for name, parameter in found.items():
            text = f"parameter {name!r} is not in the parameters cell of {notebook.name}"
            if self.is_known(name, defaults, (*here, name), text):
                with self.telling((*here, name), notebook.name):
                    complete[name] = parameter.with_default(defaults[name])
        return complete


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


def _reports_in(key: str, value: Any) -> list[str]:
    """The names of reports and pages in a setting: it is one, or its values are, or list them."""
    if key == "front":
        return [value] if value else []
    values = value.values() if isinstance(value, dict) else ()
    names = [str(name) for one in values for name in (one if isinstance(one, list) else [one])]
    return [name.partition("#")[0] for name in names] if key == "asked" else names
