"""How does the quality-adjusted price of closed vendors move after the open frontier jumps?

A few dozen months with a few shocks say little: every result carries the size of its sample, and what it
could have found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from undercut.errors import DataError, InputError
from undercut.inference.arrays import Floats
from undercut.inference.cluster_bootstrap import one_of
from undercut.inference.detectable import DetectableEffect, detectable_effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from undercut.tables import Table

Errors = Literal["lag_augmented", "newey_west"]
Scheme = Literal["circular", "blocks"]
#: Below this many observations the normal approximation of a horizon is not to be trusted.
FEW_OBSERVATIONS: Final = 60
#: Shocks below which single ones decide the estimate.
FEW_SHOCKS: Final = 10


@dataclass(frozen=True, slots=True)
class LocalProjection:
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
    """

    response: pd.DataFrame
    errors: str
    cumulative: bool
    n_shocks: int
    level: float
    warnings: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """The response by horizon."""
        return self.response.copy()

    def smallest_detectable(self, horizon: int, *, power: float = 0.8) -> DetectableEffect:
        """Smallest response that the t test of a horizon finds with probability ``power``."""
        if horizon not in self.response.index:
            raise InputError(f"horizon must lie in 0..{int(self.response.index.max())}; got {horizon}.")
        row = self.response.loc[horizon]
        return detectable_effect(
            float(row["std_error"]), freedom=float(row["freedom"]), level=self.level, power=power
        )

    def summary(self) -> Table:
        """The table in the house style, with its warnings."""
        from undercut.tables import show

        return show(
            self.response.reset_index(),
            title="Response to a shock of one",
            subtitle=" ".join([f"{self.n_shocks} shocks; {self.level:.0%} intervals.", *self.warnings]),
            row_label="horizon",
        )

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
    if horizons < 0 or lags < 0 or not 0.5 <= level < 1:
        raise InputError("horizons and lags must not be negative, level from 0.5 to below 1.")
    frame = _checked(series, outcome, shock, controls)
    depth = lags + (errors == "lag_augmented")
    rows = {}
    for horizon in range(horizons + 1):
        y, x = _regression(frame, horizon, depth, cumulative)
        rows[horizon] = _estimate(y, x, horizon, errors, level)
    response = pd.DataFrame(rows).T.rename_axis("horizon")
    n_shocks = int(
        (frame[1] != np.unique(frame[1])[np.argmax(np.unique(frame[1], return_counts=True)[1])]).sum()
    )
    return LocalProjection(
        response,
        errors,
        cumulative,
        n_shocks,
        level,
        _warnings(int(response["n_observations"].min()), n_shocks),
    )


def permute_shocks(
    fit: LocalProjection,
    series: pd.DataFrame,
    *,
    outcome: str,
    shock: str,
    controls: tuple[str, ...] = (),
    lags: int = 2,
    scheme: Scheme = "circular",
    block: int = 4,
    draws: int = 999,
    seed: int = 0,
) -> LocalProjection:
    """Add p-values from shocks moved to other periods.

    Parameters
    ----------
    fit : LocalProjection
        Of the same series and options.
    series, outcome, shock, controls, lags
        As given to :func:`local_projections`.
    scheme : {"circular", "blocks"}
        Shift all shocks together around the sample, every shift once, which keeps their clusters exactly; or
        permute blocks of ``block`` periods.
    block, draws, seed : int

    Returns
    -------
    LocalProjection
        With ``p_permutation``: how often moved shocks give a t statistic as large, (1 + b) / (1 + B).

    Raises
    ------
    InputError
        A block that is longer than half the series, or fewer draws than 19.

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
    >>> found = permute_shocks(fit, frame, outcome="price", shock="jump")
    >>> bool(found.response.loc[0, "p_permutation"] < 0.05)
    True
    """
    one_of("scheme", scheme, get_args(Scheme))
    frame = _checked(series, outcome, shock, controls)
    length = len(frame[0])
    if draws < 19 or not 1 <= block <= length // 2:
        raise InputError(f"draws must be 19 or more and block lie in 1..{length // 2}.")
    depth = lags + (fit.errors == "lag_augmented")
    real = (fit.response["estimate"] / fit.response["std_error"]).abs()
    exceeding = dict.fromkeys(fit.response.index, 0)
    orders = _orders(length, scheme, block, draws, seed)
    for order in orders:
        moved = [frame[0], frame[1][order], *frame[2:]]
        for horizon in fit.response.index:
            y, x = _regression(moved, int(horizon), depth, fit.cumulative)
            found = _estimate(y, x, int(horizon), fit.errors, fit.level)
            exceeding[horizon] += abs(found["estimate"] / found["std_error"]) >= real[horizon] * (1 - 1e-9)
    p_values = {horizon: (1 + count) / (1 + len(orders)) for horizon, count in exceeding.items()}
    return LocalProjection(
        fit.response.assign(p_permutation=pd.Series(p_values)), fit.errors, fit.cumulative, fit.n_shocks,
        fit.level, fit.warnings,
    )  # fmt: skip


def _orders(length: int, scheme: str, block: int, draws: int, seed: int) -> list[NDArray[np.intp]]:
    """Orders of periods: all shifts, or random orders of blocks."""
    place = np.arange(length)
    if scheme == "circular":
        return [np.roll(place, shift) for shift in range(1, length)]
    rng = np.random.default_rng(seed)
    pieces = [place[start : start + block] for start in range(0, length, block)]
    return [np.concatenate([pieces[i] for i in rng.permutation(len(pieces))]) for _ in range(draws)]


def _checked(series: pd.DataFrame, outcome: str, shock: str, controls: tuple[str, ...]) -> list[Floats]:
    """Outcome, shock and controls as arrays."""
    wanted = [outcome, shock, *controls]
    missing = [name for name in wanted if name not in series.columns]
    if missing:
        raise DataError(f"The series lacks the columns {', '.join(missing)}.")
    arrays = [series[name].to_numpy(dtype=float) for name in wanted]
    holes = [name for name, values in zip(wanted, arrays, strict=True) if not np.isfinite(values).all()]
    if holes:
        raise DataError(f"Missing or infinite values in {', '.join(holes)}; keep only months that have all.")
    if np.ptp(arrays[1]) == 0:
        raise DataError("The shock never changes, so that nothing can be projected on it.")
    return arrays


def _regression(arrays: list[Floats], horizon: int, depth: int, cumulative: bool) -> tuple[Floats, Floats]:
    """Outcome and regressors of a horizon; the shock is the first column."""
    y, shock, *controls = arrays
    start, stop = depth + 1, len(y) - horizon  # first and one past the last period of a shock
    if stop - start < 4:
        raise DataError(f"{len(y)} periods do not suffice for horizon {horizon} with {depth} lags.")
    when = np.arange(start, stop)
    past = np.diff(y, prepend=np.nan) if cumulative else y
    target = y[when + horizon] - (y[when - 1] if cumulative else 0.0)
    lagged = [values[when - j] for values in (past, shock, *controls) for j in range(1, depth + 1)]
    columns = [shock[when], np.ones(when.size), *(values[when] for values in controls), *lagged]
    return target, np.column_stack(columns)


def _estimate(y: Floats, x: Floats, horizon: int, errors: str, level: float) -> dict[str, float]:
    from scipy import stats

    n, k = x.shape
    if n <= k + 1 or np.linalg.matrix_rank(x) < k:
        raise DataError(
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
    error, freedom = float(np.sqrt(variance)), n - k
    reach = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    p_value = 2 * float(stats.t.sf(abs(beta[0]) / error, freedom)) if error > 0 else np.nan
    return {
        "estimate": float(beta[0]), "std_error": error, "p_value": p_value, "ci_low": float(beta[0]) - reach,
        "ci_high": float(beta[0]) + reach, "n_observations": float(n), "freedom": float(freedom),
    }  # fmt: skip


def _warnings(n_observations: int, n_shocks: int) -> tuple[str, ...]:
    found = []
    if n_observations < FEW_OBSERVATIONS:
        found.append(f"Only {n_observations} observations at the longest horizon: intervals are approximate.")
    if n_shocks < FEW_SHOCKS:
        found.append(f"Only {n_shocks} shocks: single ones decide the estimate; prefer the permutation test.")
    return tuple(found)
