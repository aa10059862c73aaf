"""Every way in which Undercut fails that a user can act on. The message carries the advice."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from difflib import get_close_matches


class UndercutError(Exception):
    """Base of all errors that Undercut raises on purpose.

    The command line prints the message without a traceback and exits with status 2.
    """


class InputError(UndercutError):
    """An argument, parameter or option is not usable: the message names it and the allowed values."""


class UnknownNameError(InputError):
    """A model, host, workload, report or method of this name does not exist; the closest are named."""


class MissingExtraError(UndercutError):
    """A package that few need is not installed; the message says which extra brings it."""


class DataError(UndercutError):
    """A table breaks its contract: a column is missing, or a value is impossible."""


class MissingColumnError(DataError):
    """A table lacks a column that is needed: rename yours, or say which column holds it."""


class CellError(DataError):
    """A cell cannot be read or holds an impossible value: mend it in the file; the message says where."""


class DuplicateRowsError(DataError):
    """Two rows describe the same thing: drop one, or say how the two are to be put together."""


class UnitError(DataError):
    """Numbers are in another unit than expected, such as returns in percent: convert, or say the unit."""


class OutsideDataError(DataError):
    """A day, period or name lies outside what the data cover: choose one within the range that is named."""


class TooFewError(DataError):
    """Too few rows, models, clusters or events for the estimator: widen the sample or simplify."""


class NoVariationError(DataError):
    """What must vary, an outcome or an exposure, does not: its effect cannot be estimated."""


class NotIdentifiedError(DataError):
    """The data cannot tell two explanations apart, for example collinear regressors: leave one out."""


class ConvergenceError(DataError):
    """A search for a solution ended without one: start elsewhere, or simplify the model."""


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


def check_known(kind: str, name: str, known: Collection[str]) -> None:
    """Refuse a name that is none of ``known``; the error names the closest.

    Examples
    --------
    >>> check_known("workload", "chat", ["chat", "agent"])
    >>> check_known("workload", "agents", ["chat", "agent"])
    Traceback (most recent call last):
    ...
    undercut.errors.UnknownNameError: Unknown workload 'agents'. Did you mean: agent?
    """
    if name not in known:
        raise unknown(kind, name, known)


def one_of(name: str, value: str, allowed: Collection[str]) -> None:
    """Refuse a value of the argument ``name`` that is none of ``allowed``.

    Examples
    --------
    >>> one_of("at", "mean", ["median", "lowest"])
    Traceback (most recent call last):
    ...
    undercut.errors.InputError: at must be one of median, lowest; got 'mean'.
    """
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")


def need_columns(frame: Container[str], columns: Iterable[str], said: str, advice: str = "") -> None:
    """Refuse a frame without some of the columns; ``said`` begins the message, ``advice`` ends it.

    Examples
    --------
    >>> need_columns(["a"], ["a", "b"], "The quotes lack", "make them with monthly_quotes()")
    Traceback (most recent call last):
    ...
    undercut.errors.MissingColumnError: The quotes lack b; make them with monthly_quotes().
    """
    missing = [name for name in columns if name not in frame]
    if missing:
        raise MissingColumnError(f"{said} {', '.join(missing)}{'; ' * bool(advice)}{advice}.")
