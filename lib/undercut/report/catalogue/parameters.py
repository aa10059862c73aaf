"""Which values may a parameter take, and which has it in the notebook? Known before any kernel starts."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from undercut.errors import InputError, closest

#: What each key of an entry must be; None for any value that fits the type of the parameter.
_FIELDS = {
    "type": str, "unit": str, "help": str, "because": str, "formerly": str, "optional": bool,
    "choices": list, "minimum": None, "maximum": None, "default": None,
}  # fmt: skip
_UNSET: Any = object()
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant, as the end of a message."""
    near = closest(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Specification of one parameter.

    Attributes
    ----------
    name : str
    type : {"str", "int", "float", "bool", "date", "list[str]"}
        Dates are ISO text.
    unit, help : str
        For the reader.
    choices : tuple
        Allowed values (of each item, for a list); empty allows all.
    minimum, maximum : int, float, str or None
        Inclusive range of numbers and dates.
    optional : bool
        Whether None is allowed (empty text on the command line).
    default : object
        From the notebook's parameters cell.
    because : str
        Why the range is what it is; said to whoever leaves it.
    formerly : str
        An earlier name, still understood with a warning; empty for none.
    """

    name: str
    type: str
    unit: str = ""
    choices: tuple[Any, ...] = ()
    minimum: Any = None
    maximum: Any = None
    optional: bool = False
    default: Any = _UNSET
    help: str = ""
    because: str = ""
    formerly: str = ""

    def read(self, value: Any) -> Any:
        """``value`` as JSON has it; text is read by the parameter's type.

        Raises
        ------
        InputError
            Names the parameter, what was expected and what came.

        Examples
        --------
        >>> Parameter("ticker", "str").read("007")
        '007'
        >>> Parameter("origins", "list[str]").read("US,CN")
        ['US', 'CN']
        >>> Parameter("limit", "int").read("1e3")
        Traceback (most recent call last):
        ...
        undercut.errors.InputError: Parameter 'limit': '1e3' is not a whole number.
        """
        if value is None or (value == "" and self.optional):
            if self.optional:
                return None
            raise InputError(f"Parameter {self.name!r} needs a value ({self.expected()}).")
        reader, what, _ = _KINDS[self.type]
        try:
            read = reader(value)
        except (TypeError, ValueError, KeyError, AttributeError):
            raise InputError(f"Parameter {self.name!r}: {value!r} is not {what}.") from None
        for item in read if isinstance(read, list) else [read]:
            self._check(item)
        return read

    def with_default(self, default: Any) -> Parameter:
        """This parameter with the notebook's default, which must itself be allowed and agree.

        Raises
        ------
        InputError
            Where the default is not allowed, or the catalogue states another one.
        """
        if isinstance(default, str) and self.type not in ("str", "date"):
            raise InputError(f"Parameter {self.name!r}: default {default!r} is text, not {self.type}.")
        value = self.read(default)
        if self.default is not _UNSET and self.default != value:
            text = f"the catalogue's default {self.default!r} differs from the notebook's {value!r}"
            raise InputError(f"Parameter {self.name!r}: {text}.")
        return replace(self, default=value)

    def expected(self) -> str:
        """What may be given, for messages and lists."""
        text = _KINDS[self.type][2]
        if self.choices:
            of = "any of " if self.type == "list[str]" else "one of "
            text = of + ", ".join(map(str, self.choices))
        if self.minimum is not None:
            text += f", from {self.minimum}"
        if self.maximum is not None:
            text += f" to {self.maximum}" if self.minimum is not None else f", up to {self.maximum}"
        return text + (" or nothing" if self.optional else "") + (f" [{self.unit}]" if self.unit else "")

    def _check(self, item: Any) -> None:
        if self.choices and item not in self.choices:
            near = closest(str(item), map(str, self.choices), 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            text = f"{item!r} is not allowed; choose from {', '.join(map(str, self.choices))}.{meant}"
            raise InputError(f"Parameter {self.name!r}: {text}")
        reason = f" ({self.because})" if self.because else ""
        if self.minimum is not None and item < self.minimum:
            raise InputError(f"Parameter {self.name!r}: {item} is below the minimum {self.minimum}{reason}.")
        if self.maximum is not None and item > self.maximum:
            raise InputError(f"Parameter {self.name!r}: {item} is above the maximum {self.maximum}{reason}.")


def parameter_from(name: str, entry: Any) -> tuple[Parameter | None, list[tuple[str, str]]]:
    """The parameter that an entry describes, or None; and its keys, each with what is wrong with it."""
    if not isinstance(entry, dict):
        return None, [("", f'parameter {name!r} must be a table such as {{ type = "int" }}')]
    problems = _entry_problems(name, entry)
    if problems:
        return None, problems
    plain = Parameter(name, entry["type"], optional=entry.get("optional", False))
    item = replace(plain, type="str") if plain.type == "list[str]" else plain

    def read(parameter: Parameter, key: str, value: Any) -> Any:
        try:
            return parameter.read(value)
        except InputError as error:
            problems.append((key, f"{key}: {error}"))

    told = {key: read(plain, key, entry[key]) for key in ("minimum", "maximum", "default") if key in entry}
    choices = tuple(read(item, "choices", choice) for choice in entry.get("choices", ()))
    told |= {key: entry[key] for key, kind in _FIELDS.items() if kind is str and key in entry}
    return None if problems else replace(plain, choices=choices, **told), problems


def _entry_problems(name: str, entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    kind = entry.get("type")
    problems = [(key, f"unknown key {key!r}{hint(key, _FIELDS)}") for key in entry.keys() - _FIELDS.keys()]
    if not isinstance(kind, str) or kind not in _KINDS:
        problems.append(("type", f"type {kind!r} is not one of {', '.join(_KINDS)}"))
    for key, wanted in _FIELDS.items():
        if key != "type" and wanted and not isinstance(entry.get(key, wanted()), wanted):
            problems.append((key, f"{key} must be a {wanted.__name__}"))
        if key in entry and key in ("minimum", "maximum") and kind not in ("int", "float", "date"):
            problems.append((key, f"{key} has no meaning for type {kind!r}"))
    named = [] if name.isidentifier() else [("", f"parameter {name!r} is not a Python name")]
    return named + [(key, f"parameter {name!r}: {text}") for key, text in problems]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    is_text = isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d+\s*", value)
    if not is_text and type(value) is not int:
        raise TypeError
    return int(value)


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError
    return float(value)


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else _TRUTHS[value.strip().lower()]


def _day(value: Any) -> str:
    day = value if isinstance(value, date) else date.fromisoformat(value)
    return day.strftime("%Y-%m-%d")


def _names(value: Any) -> list[str]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = json.loads(value)
    if isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
    if not isinstance(value, list | tuple):
        raise TypeError
    return [_text(item) for item in value]


#: For each type: how a value is read, what another is not, what may be given.
_KINDS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "str": (_text, "text", "text"),
    "int": (_whole, "a whole number", "a whole number"),
    "float": (_finite, "a finite number", "a number"),
    "bool": (_truth, "true or false", "true or false"),
    "date": (_day, "a date like 2026-11-01", "a date like 2026-11-01"),
    "list[str]": (_names, "a list of names", "names separated by commas"),
}


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
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{notebook.name} is not a notebook: {error}") from None
    if len(tagged) > 1:
        raise InputError(f"{notebook.name} has {len(tagged)} cells tagged 'parameters'; one is allowed.")
    source = "".join(tagged[0]["source"]) if tagged else ""
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise InputError(f"{notebook.name}, parameters cell, line {error.lineno}: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{notebook.name}, parameters cell cannot be read: {error}.") from None
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
