"""How does the quality-adjusted price of closed vendors move after the open frontier jumps?

A few dozen months with a few shocks say little: every result carries the size of its sample, and what it
could have found.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import CellError, InputError, NoVariationError, TooFewError, need_columns, one_of
from undercut.inference.arrays import Floats
from undercut.inference.detectable import DetectableEffect, detectable_effect
from undercut.inference.levels import check_level, t_interval
from undercut.result import Axes, Result

Errors = Literal["lag_augmented", "newey_west"]
Scheme = Literal["circular", "blocks"]
#: Below this many observations the normal approximation of a horizon is not to be trusted.
FEW_OBSERVATIONS: Final = 60
#: Shocks below which single ones decide the estimate.
FEW_SHOCKS: Final = 10


class LocalProjection(Result, kw_only=True):
    """Response of a series to a shock of one, by horizon.

    Attributes
    ----------
    response : DataFrame
        Indexed by horizon: estimate, std_error, p_value, ci_low, ci_high, n_observations, freedom; after
        :func:`permute_shocks` also ``p_permutation``.
    errors : str
        ``lag_augmented`` or ``newey_west``.
    cumulative : bool
        Whether the response is of the level's change since before the shock.
    n_shocks : int
        Periods with a shock other than the most common value.
    level : float
    warnings : tuple of str
        What makes the intervals doubtful.
    outcome, shock : str
    controls : tuple of str
    lags : int
        As asked for, without the one that lag augmentation adds.
    arrays : tuple of ndarray
        Outcome, shock and controls, by period.
    """

    response: pd.DataFrame
    errors: str
    cumulative: bool
    n_shocks: int
    level: float
    warnings: tuple[str, ...]
    outcome: str
    shock: str
    controls: tuple[str, ...]
    lags: int
    arrays: tuple[Floats, ...] = field(compare=False)

    @property
    def depth(self) -> int:
        """Lags in the regressions."""
        return self.lags + (self.errors == "lag_augmented")

    def smallest_detectable(self, horizon: int, *, power: float = 0.8) -> DetectableEffect:
        """Smallest response that the t test of a horizon finds with probability ``power``."""
        if horizon not in self.response.index:
            raise InputError(f"horizon must lie in 0..{int(self.response.index.max())}; got {horizon}.")
        row = self.response.loc[horizon]
        return detectable_effect(
            float(row["std_error"]), freedom=float(row["freedom"]), level=self.level, power=power
        )

    def summary(self) -> str:
        """The response by horizon, with its warnings."""
        head = f"Response of {self.outcome} to a shock of one in {self.shock}: {self.n_shocks} shocks;"
        told = [f"{head} {self.level:.0%} intervals.", *self.warnings]
        return "\n".join([*told, self.response.to_string(float_format="{:.4g}".format)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Response with its interval by horizon."""
        import matplotlib.pyplot as plt

        from undercut.plots import INK, MUTED

        axes = plt.subplots()[1] if ax is None else ax
        rows = self.response
        axes.axhline(0.0, color=MUTED, linewidth=0.8)
        axes.fill_between(rows.index, rows["ci_low"], rows["ci_high"], color=INK, alpha=0.15, linewidth=0)
        axes.plot(rows.index, rows["estimate"], color=INK)
        axes.set_xlabel("Periods since the shock")
        axes.set_ylabel("Response")
        return axes


def local_projections(
    series: pd.DataFrame,
    *,
    outcome: str,
    shock: str,
    controls: tuple[str, ...] = (),
    horizons: int = 6,
    lags: int = 2,
    cumulative: bool = True,
    errors: Errors = "lag_augmented",
    level: float = 0.95,
) -> LocalProjection:
    r"""Jordà's local projections of a series on a shock.

    Parameters
    ----------
    series : DataFrame
        One row a period in order of time, without gaps.
    outcome, shock : str
        Columns, for example the log of an index, and the points by which the open frontier rose in the
        period.
    controls : tuple of str
        Columns that enter contemporaneously and with the same lags.
    horizons : int
        Longest horizon; zero is the period of the shock.
    lags : int
        Lags of the outcome's change, of the shock and of the controls.
    cumulative : bool
        Project :math:`y_{t+h} - y_{t-1}` (levels that wander) rather than :math:`y_{t+h}` (stationary
        series).
    errors : {"lag_augmented", "newey_west"}
        Heteroskedasticity-robust errors with one lag more than needed, which makes them valid over horizons,
        or Newey and West's with a bandwidth of the horizon plus one.
    level : float

    Raises
    ------
    DataError
        Missing values, a shock that never changes, or fewer observations than needed.
    InputError
        Options that make no sense.

    Notes
    -----
    For each h: :math:`y_{t+h} - y_{t-1} = a_h + \beta_h s_t + \sum_{j=1}^{p} (c_j \Delta y_{t-j} + d_j
    s_{t-j}) + u_{t+h}`, p being ``lags``, plus one if lag-augmented. Intervals from t with the residual
    degrees of freedom; robust errors are scaled by :math:`1 / (1 - h_{tt})` (HC3), since few shocks have
    great leverage. :math:`\beta_h` is causal only if shocks are not foreseen and do not answer the outcome.

    References
    ----------
    Jordà (2005), American Economic Review 95; Montiel Olea and Plagborg-Møller (2021), Econometrica 89;
    Newey and West (1987), Econometrica 55; Herbst and Johannsen (2024), Journal of Econometrics 240 (bias in
    small samples).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> jump = rng.normal(size=200)
    >>> price = pd.Series(-0.5 * jump + 0.1 * rng.normal(size=200)).cumsum()
    >>> fit = local_projections(pd.DataFrame({"price": price, "jump": jump}), outcome="price", shock="jump")
    >>> bool(abs(fit.response.loc[3, "estimate"] + 0.5) < 0.1), fit.warnings
    (True, ())
    """
    one_of("errors", errors, get_args(Errors))
    check_level(level, least=0.5)
    if horizons < 0 or lags < 0:
        raise InputError(f"horizons and lags must not be negative; got {horizons} and {lags}.")
    arrays = _checked(series, outcome, shock, controls)
    depth = lags + (errors == "lag_augmented")
    rows = {
        horizon: _estimate(*_regression(arrays, horizon, depth, cumulative), horizon, errors, level)
        for horizon in range(horizons + 1)
    }
    response = pd.DataFrame(rows).T.rename_axis("horizon")
    values, times = np.unique(arrays[1], return_counts=True)
    n_shocks = int((arrays[1] != values[np.argmax(times)]).sum())
    return LocalProjection(
        response=response, errors=errors, cumulative=cumulative, n_shocks=n_shocks, level=level,
        warnings=_warnings(int(response["n_observations"].min()), n_shocks), outcome=outcome, shock=shock,
        controls=controls, lags=lags, arrays=arrays,
    )  # fmt: skip


def permute_shocks(
    fit: LocalProjection,
    *,
    scheme: Scheme = "circular",
    block: int | None = None,
    draws: int = 999,
    seed: int = 0,
) -> LocalProjection:
    """Add p-values from shocks moved to other periods.

    Parameters
    ----------
    fit : LocalProjection
        Its series and options are those of the test.
    scheme : {"circular", "blocks"}
        Shift all shocks together around the sample, which keeps their clusters exactly; or permute blocks of
        ``block`` periods.
    block : int, optional
        Of the scheme ``blocks`` only; 4 by default.
    draws, seed : int
        Random moves; where there are no more different shifts than ``draws``, every shift is used once.

    Returns
    -------
    LocalProjection
        With ``p_permutation``: how often moved shocks give a t statistic as large, (1 + b) / (1 + B).

    Raises
    ------
    InputError
        A block that is longer than half the series or given for shifts, or fewer draws than 19.

    Notes
    -----
    The null is that shocks and outcome have nothing to do with each other; both are taken as stationary in
    the circular scheme. With T periods a shift's p-value is never below 1 / T.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> jump = rng.normal(size=60)
    >>> frame = pd.DataFrame({"price": (-0.5 * jump + 0.1 * rng.normal(size=60)).cumsum(), "jump": jump})
    >>> fit = local_projections(frame, outcome="price", shock="jump", horizons=1)
    >>> bool(permute_shocks(fit).response.loc[0, "p_permutation"] < 0.05)
    True
    """
    one_of("scheme", scheme, get_args(Scheme))
    outcome, shock, *controls = fit.arrays
    if scheme == "circular" and block is not None:
        raise InputError("Shifts of all shocks together have no block; leave block= out or use 'blocks'.")
    size = 4 if block is None else block
    if draws < 19 or not 1 <= size <= len(shock) // 2:
        raise InputError(f"draws must be 19 or more and block lie in 1..{len(shock) // 2}.")
    real = (fit.response["estimate"] / fit.response["std_error"]).abs()
    exceeding = dict.fromkeys(fit.response.index, 0)
    orders = _orders(len(shock), scheme, size, draws, seed)
    for order in orders:
        moved = (outcome, shock[order], *controls)
        for horizon in fit.response.index:
            y, x = _regression(moved, int(horizon), fit.depth, fit.cumulative)
            found = _estimate(y, x, int(horizon), fit.errors, fit.level)
            exceeding[horizon] += abs(found["estimate"] / found["std_error"]) >= real[horizon] * (1 - 1e-9)
    p_values = {horizon: (1 + count) / (1 + len(orders)) for horizon, count in exceeding.items()}
    return replace(fit, response=fit.response.assign(p_permutation=pd.Series(p_values)))


def _orders(length: int, scheme: str, block: int, draws: int, seed: int) -> list[NDArray[np.intp]]:
    """Orders of periods: shifts, all of them where there are few, or random orders of blocks."""
    place, rng = np.arange(length), np.random.default_rng(seed)
    if scheme == "circular":
        shifts = np.arange(1, length)
        few = shifts if len(shifts) <= draws else rng.choice(shifts, draws, replace=False)
        return [np.roll(place, int(shift)) for shift in few]
    pieces = [place[start : start + block] for start in range(0, length, block)]
    return [np.concatenate([pieces[i] for i in rng.permutation(len(pieces))]) for _ in range(draws)]


def _checked(series: pd.DataFrame, outcome: str, shock: str, controls: tuple[str, ...]) -> tuple[Floats, ...]:
    """Outcome, shock and controls as arrays."""
    wanted = [outcome, shock, *controls]
    need_columns(series, wanted, "The series lacks the columns")
    arrays = [series[name].to_numpy(dtype=float) for name in wanted]
    holes = [name for name, values in zip(wanted, arrays, strict=True) if not np.isfinite(values).all()]
    if holes:
        raise CellError(f"Missing or infinite values in {', '.join(holes)}; keep only months that have all.")
    if np.ptp(arrays[1]) == 0:
        raise NoVariationError("The shock never changes, so that nothing can be projected on it.")
    return tuple(arrays)


def _regression(
    arrays: tuple[Floats, ...], horizon: int, depth: int, cumulative: bool
) -> tuple[Floats, Floats]:
    """Outcome and regressors of a horizon; the shock is the first column."""
    y, shock, *controls = arrays
    start, stop = depth + 1, len(y) - horizon  # first and one past the last period of a shock
    if stop - start < 4:
        raise TooFewError(f"{len(y)} periods do not suffice for horizon {horizon} with {depth} lags.")
    when = np.arange(start, stop)
    past = np.diff(y, prepend=np.nan) if cumulative else y
    target = y[when + horizon] - (y[when - 1] if cumulative else 0.0)
    lagged = [values[when - j] for values in (past, shock, *controls) for j in range(1, depth + 1)]
    columns = [shock[when], np.ones(when.size), *(values[when] for values in controls), *lagged]
    return target, np.column_stack(columns)


def _estimate(y: Floats, x: Floats, horizon: int, errors: str, level: float) -> dict[str, float]:
    n, k = x.shape
    if n <= k + 1 or np.linalg.matrix_rank(x) < k:
        raise TooFewError(
            f"{n} observations cannot identify {k} coefficients at horizon {horizon}; use fewer lags, "
            "fewer controls or a shorter horizon."
        )
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ y)
    influence = x @ inverse[0]  # weights of the outcomes in the first coefficient
    residual = y - x @ beta
    if errors == "lag_augmented":
        leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
        variance = float(((influence * residual / np.maximum(1 - leverage, 1e-6)) ** 2).sum())
    else:
        score = influence * residual
        variance = float(score @ score)
        for j in range(1, horizon + 2):
            variance += 2 * (1 - j / (horizon + 2)) * float(score[j:] @ score[:-j])
        variance = max(variance, 0.0) * n / (n - k)
    found = t_interval(float(beta[0]), float(np.sqrt(variance)), freedom=n - k, level=level)
    del found["t_statistic"]
    return found | {"n_observations": float(n), "freedom": float(n - k)}


def _warnings(n_observations: int, n_shocks: int) -> tuple[str, ...]:
    found = []
    if n_observations < FEW_OBSERVATIONS:
        found.append(f"Only {n_observations} observations at the longest horizon: intervals are approximate.")
    if n_shocks < FEW_SHOCKS:
        found.append(f"Only {n_shocks} shocks: single ones decide the estimate; prefer the permutation test.")
    return tuple(found)
