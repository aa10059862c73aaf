"""Is this a confidence level, and what is the interval at it? One check and one t interval for every room."""

from __future__ import annotations

import numpy as np

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


def t_interval(estimate: float, error: float, *, freedom: float, level: float) -> dict[str, float]:
    """Estimate, std_error, t_statistic, p_value, ci_low and ci_high.

    Without an error (NaN) all but the estimate are missing.

    Examples
    --------
    >>> found = t_interval(1.0, 0.5, freedom=10, level=0.95)
    >>> round(found["p_value"], 4), round(found["ci_low"], 4)
    (0.0734, -0.1141)
    """
    from scipy import stats

    statistic = estimate / error if error != 0 else np.nan
    reach = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    return {
        "estimate": estimate, "std_error": error, "t_statistic": statistic,
        "p_value": 2 * float(stats.t.sf(abs(statistic), freedom)),
        "ci_low": estimate - reach, "ci_high": estimate + reach,
    }  # fmt: skip
