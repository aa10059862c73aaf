"""Is this a confidence level? One check, so that every room accepts and refuses the same."""

from __future__ import annotations

from undercut.errors import InputError


def check_level(level: float, *, least: float = 0.0, name: str = "level") -> None:
    """Refuse what is no confidence level.

    Parameters
    ----------
    level : float
        Confidence level, such as 0.95.
    least : float
        Smallest level that makes sense: 0.5 where a small number is rather the size of a test.
    name : str
        What the argument is called.

    Raises
    ------
    InputError
        The level does not lie between ``least`` and 1.

    Examples
    --------
    >>> check_level(0.95)
    >>> check_level(95)
    Traceback (most recent call last):
    ...
    undercut.errors.InputError: level must lie between 0 and 1, for example 0.95; got 95.
    """
    if not (0 < level < 1 and level >= least):
        raise InputError(f"{name} must lie between {least:g} and 1, for example 0.95; got {level}.")
