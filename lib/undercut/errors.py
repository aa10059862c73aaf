"""Every way in which Undercut fails that a user can act on. The message carries the advice."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UndercutError(Exception):
    """Base of all errors that Undercut raises on purpose.

    The command line prints the message without a traceback and exits with status 2.
    """


class InputError(UndercutError):
    """An argument, parameter or option is not usable: the message names it and the allowed values."""


class UnknownNameError(InputError):
    """A model, host, workload, report or method of this name does not exist; the closest are named."""


class DataError(UndercutError):
    """A table breaks its contract: a column is missing, or a value is impossible."""


class SourceError(UndercutError):
    """An outside source failed or sent something else than expected. Never turned into an empty frame."""


class StoreError(UndercutError):
    """The price panel on disk is missing, damaged or of another version; the message says how to rebuild."""


class BuildError(UndercutError):
    """A report could not be built; the last good version stays in place."""


def closest(name: str, known: Iterable[str], count: int = 5) -> list[str]:
    """Names from ``known`` that resemble ``name``, best first."""
    by_lower = {k.lower(): k for k in known}
    wanted = name.lower()
    near = get_close_matches(wanted, by_lower, n=count, cutoff=0.5)
    near += [k for k in sorted(by_lower) if wanted and wanted in k and k not in near]
    return [by_lower[k] for k in near[:count]]


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """An error that says which ``kind`` of name was not found and what was probably meant."""
    names = list(known)
    near = closest(name, names)
    if near:
        hint = "Did you mean: " + ", ".join(near) + "?"
    elif len(names) <= 60:
        hint = "Known: " + ", ".join(sorted(names)) + "."
    else:
        hint = f"None of the {len(names)} known names is similar."
    return UnknownNameError(f"Unknown {kind} {name!r}. {hint}")
