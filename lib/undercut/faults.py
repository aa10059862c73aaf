"""What do failures of libraries mean to a user? One place that turns them into errors that name the input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from undercut.errors import SourceError, UndercutError

#: What may be wrong with an input, whatever library reads it: a file that is not what its name says, text in
#: another encoding, numbers out of range, nesting without end.
FAULTS = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError,
    MemoryError, EOFError,
)  # fmt: skip
_LONGEST = 600
#: Control characters but tab and line feed, and those that turn the direction of what follows.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@contextmanager
def reading(name: object, *, way_out: str = "") -> Iterator[None]:
    """Whatever fails inside is an error of the input ``name``; our own errors pass as they are.

    Raises
    ------
    SourceError
        Names the input and what the library said of it.

    Examples
    --------
    >>> with reading("prices.json"):
    ...     int("many")
    Traceback (most recent call last):
    ...
    undercut.errors.SourceError: prices.json cannot be read: invalid literal for int() with base 10: 'many'.
    """
    try:
        yield
    except UndercutError:
        raise
    except FAULTS as error:
        raise SourceError(
            f"{str(name)[:300]} cannot be read: {_reason(error)}. {way_out}".rstrip()
        ) from error


def told(error: BaseException) -> str | None:
    """What to tell a user of a failure; None where it is a fault of the program, whose traceback matters.

    Examples
    --------
    >>> told(NotADirectoryError(20, "Not a directory", "site/index.html"))
    'site/index.html: Not a directory.'
    """
    if isinstance(error, UndercutError):
        return str(error)
    if isinstance(error, BrokenPipeError):
        return None
    if isinstance(error, OSError) and (error.filename or error.strerror):
        return f"{str(error.filename or 'a file')[:300]}: {error.strerror or error}."
    return None


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it is too large for the memory"
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]!r}" if error.args else "something is missing"
    text = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    text = text.splitlines()[0].rstrip(".")
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def visible(text: str) -> str:
    """Text for a terminal: control characters are written out, so that none can move the cursor.

    Examples
    --------
    >>> visible("\\x1b[31mred")
    '\\\\x1b[31mred'
    """
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
