"""How is a multilateral index extended without revising what was published?

Each new period is computed in a window that ends with it, and linked to the series at one or several
overlapping periods. Series are fixed-base levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from undercut.errors import InputError, unknown
from undercut.inference.arrays import Floats

#: The ways to link a new window, in a line each.
SPLICES: dict[str, str] = {
    "movement": "link at the last period that both windows cover: only the newest movement counts",
    "window": "link at the first period of the new window, on the previous window's own series",
    "half": "link in the middle of the new window, on the previous window's own series",
    "mean": "geometric mean of the links at all overlapping periods, on the previous window's own series",
    "wisp": "window splice on the published series: link at the first period of the new window",
    "hasp": "half splice on the published series: link in the middle of the new window",
    "mean-published": "geometric mean of the links at all overlapping periods of the published series",
    "fbew": "fixed-base expanding window: restarts every window - 1 periods, always linked to its base",
}


def windows(n_periods: int, window: int | None, splice: str | None) -> list[tuple[int, int]]:
    """Start and stop of each window to compute.

    Parameters
    ----------
    n_periods : int
        Length of the whole series.
    window : int or None
        Length of a window; None for a single one over all periods.
    splice : str or None
        A key of `SPLICES`; needed when the window is shorter than the series.

    Raises
    ------
    InputError
        If window and splice do not go together, or the window does not fit.

    Examples
    --------
    >>> windows(5, 3, "mean")
    [(0, 3), (1, 4), (2, 5)]
    >>> windows(5, 3, "fbew")
    [(0, 2), (0, 3), (2, 4), (2, 5)]
    """
    if splice is not None and splice not in SPLICES:
        raise unknown("splice", splice, SPLICES)
    if window is None:
        if splice is not None:
            raise InputError(f"splice={splice!r} needs window=..., the number of periods in a window.")
        return [(0, n_periods)]
    if window < 2:
        raise InputError(f"A window holds at least 2 periods; got window={window}.")
    if window > n_periods:
        raise InputError(
            f"window={window} is longer than the {n_periods} periods of the quotes; "
            "leave the window out to use them all."
        )
    if splice is None:
        raise InputError(f"window={window} needs splice=..., one of: {', '.join(SPLICES)}.")
    if splice == "fbew":
        return [(_fixed_base(last, window), last + 1) for last in range(1, n_periods)]
    return [(start, start + window) for start in range(n_periods - window + 1)]


def _fixed_base(period: int, window: int) -> int:
    return (period - 1) // (window - 1) * (window - 1)


def splice_windows(levels: Sequence[Floats], spans: Sequence[tuple[int, int]], splice: str | None) -> Floats:
    """One published series from the levels of all windows.

    Parameters
    ----------
    levels : sequence of numpy.ndarray
        Level of the index in each window, any base, shape (window,).
    spans : sequence of (int, int)
        Where each window starts and stops, as from `windows`.
    splice : str or None
        A key of `SPLICES`; None when there is one window.

    Returns
    -------
    numpy.ndarray
        The series, 1 in the first period, shape (n_periods,).

    Notes
    -----
    Let :math:`t` be the new period, :math:`P` the new window, :math:`P'` the previous one and :math:`I` the
    published series. A link at :math:`k` gives :math:`I_t = I_{t-1} (P_t / P_k) / (P'_{t-1} / P'_k)`
    on the previous window's own series and :math:`I_t = I_k P_t / P_k` on the published series. In a window
    of :math:`w` periods, movement is :math:`k = t-1`, window :math:`k = t-w+1`, half
    :math:`k = t - \\lfloor w/2 \\rfloor`.

    References
    ----------
    Krsinich, F. (2016). The FEWS index. Journal of Official Statistics 32(2), 375-404 (window).
    de Haan, J. (2015). A framework for large scale use of scanner data in the Dutch CPI. Ottawa Group (half).
    Diewert, W. E. and Fox, K. J. (2022). Substitution bias in multilateral methods for CPI construction.
    Journal of Business & Economic Statistics 40(1), 355-369 (mean).
    Chessa, A. G. (2019). A comparison of index extension methods. Ottawa Group (published versions).
    Lamboray, C. (2017). The Geary Khamis index and the Lehr index. Ottawa Group (fixed-base windows).

    Examples
    --------
    >>> first, second = np.array([1.0, 1.1, 1.2]), np.array([1.0, 1.2, 1.5])
    >>> splice_windows([first, second], [(0, 3), (1, 4)], "movement").round(4).tolist()
    [1.0, 1.1, 1.2, 1.5]
    """
    if splice == "fbew":
        return _fixed_base_series(levels, spans)
    published = list(levels[0] / levels[0][0])
    for previous, new in pairwise(levels):
        published.append(_next_level(np.array(published), previous, new, str(splice)))
    return np.array(published)


def _next_level(published: Floats, previous: Floats, new: Floats, splice: str) -> float:
    width = len(new)
    movement = new[-1] / new[:-1]  # to the new period from each overlapping one, (width - 1,)
    own = published[-1] * movement / (previous[-1] / previous[1:])
    on_published = published[-(width - 1) :] * movement
    middle = width - 1 - width // 2
    linked = {
        "movement": own[-1:],
        "window": own[:1],
        "half": own[middle : middle + 1],
        "mean": own,
        "wisp": on_published[:1],
        "hasp": on_published[middle : middle + 1],
        "mean-published": on_published,
    }
    return float(np.exp(np.log(linked[splice]).mean()))


def _fixed_base_series(levels: Sequence[Floats], spans: Sequence[tuple[int, int]]) -> Floats:
    published = [1.0]
    for level, (base, _) in zip(levels, spans, strict=True):
        published.append(published[base] * level[-1] / level[0])
    return np.array(published)
