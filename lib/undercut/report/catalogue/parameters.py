"""Is this a value that the parameter may take? Types, ranges and choices, before any kernel starts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from undercut.errors import InputError, closest

FIELDS = ("type", "unit", "choices", "minimum", "maximum", "optional", "default", "help", "formerly")
_TEXTS = ("unit", "help", "formerly")
_UNSET: Any = object()
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


class ParameterError(InputError):
    """A parameter's entry in the catalogue is malformed; ``problems`` pairs fields with what is wrong."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = problems


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
        read = _READERS[self.type](self.name, value)
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
            raise InputError(
                f"Parameter {self.name!r}: the catalogue's default {self.default!r} differs from the "
                f"notebook's {value!r}."
            )
        return replace(self, default=value)

    def expected(self) -> str:
        """What may be given, for messages and lists."""
        words = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}
        words |= {"date": "a date like 2026-11-01", "list[str]": "names separated by commas"}
        text = words[self.type]
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
            hint = f" Did you mean {near[0]!r}?" if near else ""
            allowed = ", ".join(map(str, self.choices))
            raise InputError(
                f"Parameter {self.name!r}: {item!r} is not allowed; choose from {allowed}.{hint}"
            )
        if self.minimum is not None and item < self.minimum:
            raise InputError(f"Parameter {self.name!r}: {item} is below the minimum {self.minimum}.")
        if self.maximum is not None and item > self.maximum:
            raise InputError(f"Parameter {self.name!r}: {item} is above the maximum {self.maximum}.")


def parameter_from(name: str, entry: Any) -> Parameter:
    """The parameter that a catalogue entry describes.

    Raises
    ------
    ParameterError
        Lists everything that is wrong with the entry.
    """
    if not isinstance(entry, dict):
        raise ParameterError([("", f'parameter {name!r} must be a table such as {{ type = "int" }}')])
    problems = _entry_problems(name, entry)
    if problems:
        raise ParameterError(problems)
    plain = Parameter(name, entry["type"], optional=entry.get("optional", False))
    limits: dict[str, Any] = {}
    for key in ("minimum", "maximum", "default"):
        if key in entry:
            limits[key] = _limit(plain, key, entry[key], problems)
    choices = tuple(
        _limit(_item_of(plain), "choices", choice, problems) for choice in entry.get("choices", ())
    )
    if problems:
        raise ParameterError(problems)
    texts = {key: entry.get(key, "") for key in _TEXTS}
    return replace(plain, choices=choices, **texts, **limits)


def _entry_problems(name: str, entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    problems = []
    for key in entry.keys() - set(FIELDS):
        near = closest(key, FIELDS, 1)
        problems.append(
            (key, f"parameter {name!r}: unknown key {key!r}" + (f"; {near[0]!r}?" if near else ""))
        )
    kind = entry.get("type")
    if kind not in _READERS:
        problems.append(("type", f"parameter {name!r}: type {kind!r} is not one of {', '.join(_READERS)}"))
    if not name.isidentifier():
        problems.append(("", f"parameter {name!r} is not a Python name"))
    for key, wanted in {**dict.fromkeys(_TEXTS, str), "optional": bool, "choices": list}.items():
        if key in entry and not isinstance(entry[key], wanted):
            problems.append((key, f"parameter {name!r}: {key} must be a {wanted.__name__}"))
    ranged = kind in ("int", "float", "date")
    for key in ("minimum", "maximum"):
        if key in entry and not ranged:
            problems.append((key, f"parameter {name!r}: {key} has no meaning for type {kind!r}"))
    return problems


def _item_of(parameter: Parameter) -> Parameter:
    return replace(parameter, type="str") if parameter.type == "list[str]" else parameter


def _limit(parameter: Parameter, key: str, value: Any, problems: list[tuple[str, str]]) -> Any:
    try:
        return parameter.read(value)
    except InputError as error:
        problems.append((key, f"{key}: {error}"))
        return None


def _read_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"Parameter {name!r}: {value!r} is not text.")
    return value


def _read_int(name: str, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InputError(f"Parameter {name!r}: {value!r} is not a whole number.")


def _read_float(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"Parameter {name!r}: {value!r} is not a finite number.")
    return number


def _read_bool(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = value.strip().lower() if isinstance(value, str) else None
    if text not in _TRUE + _FALSE:
        raise InputError(f"Parameter {name!r}: {value!r} is not true or false.")
    return text in _TRUE


def _read_date(name: str, value: Any) -> str:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(f"Parameter {name!r}: {value!r} is not a date like 2026-11-01.") from None
    return day.strftime("%Y-%m-%d")


def _read_list(name: str, value: Any) -> list[str]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise InputError(f"Parameter {name!r}: {value!r} is not a JSON list.") from None
    if isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise InputError(f"Parameter {name!r}: {value!r} is not a list of names.")
    return list(value)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "str": _read_text,
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "date": _read_date,
    "list[str]": _read_list,
}
