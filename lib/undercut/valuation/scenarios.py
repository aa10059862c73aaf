"""What if? Scenarios as data: a TOML file each, which changes named assumptions; no code needed to add
one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from undercut.errors import CellError, InputError, OutsideDataError, check_known, unknown
from undercut.paths import data_dir
from undercut.valuation.assumptions import ROLES, Assumptions, load_assumptions, read_toml
from undercut.valuation.vendors import Case, vendor_names

_KEYS: Final = ("title", "story", "set", "role", "ticker")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Changes of assumptions that belong together.

    Attributes
    ----------
    name, title, story : str
        File name, what it is called, and what happens in it.
    changes : mapping of str to float
        For everyone.
    by_role, by_ticker : mapping of str to mapping
        For firms of a role; for one firm. The narrower wins.
    """

    name: str
    title: str
    story: str
    changes: Mapping[str, float]
    by_role: Mapping[str, Mapping[str, float]]
    by_ticker: Mapping[str, Mapping[str, float]]

    def changes_for(self, case: Case) -> dict[str, float]:
        """What changes for a firm."""
        company = case.company
        return {
            **self.changes, **self.by_role.get(company.role, {}), **self.by_ticker.get(company.ticker, {})
        }  # fmt: skip

    def apply(self, case: Case) -> Case:
        """The case in the scenario; ranges move with their defaults."""
        return case.with_values(self.changes_for(case), source=f"scenario {self.name}: {self.title}")


def load_scenarios(folder: Path | None = None) -> dict[str, Scenario]:
    """Every scenario in a folder, by file name; the project's ``data/scenarios`` by default.

    Raises
    ------
    SourceError
        A file cannot be read or is not TOML.
    CellError
        A file has mistakes: each is named with file and key.
    OutsideDataError
        There is no scenario.

    Examples
    --------
    >>> sorted(load_scenarios())[:2]
    ['chinese-price-rises', 'demand-boom']
    """
    home = folder or data_dir() / "scenarios"
    assumptions = load_assumptions()
    tickers = list(vendor_names()["ticker"])
    found, faults = {}, []
    for path in sorted(home.glob("*.toml")):
        content = read_toml(path)
        mistakes = _mistakes(content, assumptions, tickers)
        faults += [f"{path.name}: {mistake}" for mistake in mistakes]
        if not mistakes:
            found[path.stem] = Scenario(
                path.stem, content["title"], content["story"], content.get("set", {}),
                content.get("role", {}), content.get("ticker", {}),
            )  # fmt: skip
    if faults:
        raise CellError("Scenarios have mistakes. " + " ".join(faults))
    if not found:
        raise OutsideDataError(
            f"There is no scenario in {home}; each is a .toml file with title, story and [set]."
        )
    return found


def scenario(name: str, *, folder: Path | None = None) -> Scenario:
    """One scenario.

    Raises
    ------
    UnknownNameError
        There is no such file.
    """
    known = load_scenarios(folder)
    check_known("scenario", name, known)
    return known[name]


def _mistakes(content: Mapping[str, Any], assumptions: Assumptions, tickers: Sequence[str]) -> list[str]:
    """What is wrong with a scenario file, each with its key."""
    found = [f"key {key!r} is not known; use {', '.join(_KEYS)}." for key in content if key not in _KEYS]
    found += [
        f"key {key!r} must be a text that is not empty."
        for key in ("title", "story")
        if not isinstance(content.get(key), str) or not content[key].strip()
    ]
    found += _table_mistakes("set", content.get("set", {}), assumptions)
    for kind, known in (("role", ROLES), ("ticker", tickers)):
        groups = content.get(kind, {})
        if not isinstance(groups, dict):
            found.append(f"key {kind!r} must be a table of tables, such as [{kind}.{known[0]}].")
            continue
        for name, table in groups.items():
            if name not in known:
                found.append(f"key '{kind}.{name}': {unknown(kind, name, known)}")
            found += _table_mistakes(f"{kind}.{name}", table, assumptions)
    return found


def _table_mistakes(place: str, table: Any, assumptions: Assumptions) -> list[str]:
    if not isinstance(table, dict):
        return [f"key {place!r} must be a table of parameters."]
    found = []
    for name, value in table.items():
        try:
            fault = assumptions[name].fault(value)
        except InputError as error:
            fault = str(error)
        if fault:
            found.append(f"key '{place}.{name}': {fault}")
    return found
