"""Do prices of the same weights fall, or draw together, as more hosts sell them?

The lowest of many prices is lower than the lowest of few even if nobody competes. So the lowest price is held
against what as many independent draws from the prices at launch would give.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from undercut.competition.hosts.panel import model_months
from undercut.errors import InputError, NoVariationError, TooFewError, one_of
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level
from undercut.inference.within import poisson_fit, within_fit, without_singletons
from undercut.result import Axes, Result

Outcome = Literal["lowest", "draws alone", "beyond draws", "median", "mean", "same hosts", "gap", "variation"]
Estimator = Literal["ols", "poisson"]

_LEVELS: Final = ("gap", "variation")
_DRAWN: Final = ("draws alone", "beyond draws")


class HostElasticity(Result):
    """Response of a price, or of a measure of dispersion, to the number of hosts.

    Attributes
    ----------
    outcome : str
    estimator : str
    value, error, low, high, level : float
        Change of the log price per unit of log number of hosts; for ``gap`` and ``variation`` the change of
        that measure.
    n, models : int
    """

    outcome: str
    estimator: str
    value: float
    error: float
    low: float
    high: float
    level: float
    n: int
    models: int

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the change when the number of hosts doubles, with its interval."""
        from undercut.competition.hosts.charts import responses

        return responses({self.outcome: self.per_doubling()}, ax=ax)

    def per_doubling(self) -> tuple[float, float, float]:
        """Change in percent when the number of hosts doubles, with its interval (log prices only)."""
        value, low, high = (100 * (2.0**end - 1) for end in (self.value, self.low, self.high))
        return value, low, high


def host_elasticity(
    panel: pd.DataFrame,
    *,
    outcome: Outcome = "median",
    estimator: Estimator = "ols",
    age_control: bool = True,
    min_launch_hosts: int = 3,
    level: float = 0.95,
) -> HostElasticity:
    r"""Regression of a price on the log number of hosts, within model.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.competition.hosts.panel.host_panel`.
    outcome : str
        ``lowest``, ``median`` or ``mean`` price of a model in a month; ``draws alone``: the expected lowest
        of as many draws from the prices at launch; ``beyond draws``: the lowest price less that; ``same
        hosts``: each host's own price, so that no newcomer changes the average; ``gap`` (median over lowest,
        less one) and ``variation`` (coefficient of variation), for model-months with two hosts or more.
    estimator : {"ols", "poisson"}
        Least squares on logs, or Poisson pseudo-likelihood on the price itself.
    age_control : bool
        Effects of age groups beside those of model and month.
    min_launch_hosts : int
        Models from which the prices at launch are taken have as many hosts; see :func:`launch_residuals`.
    level : float

    Returns
    -------
    HostElasticity

    Raises
    ------
    InputError
        An option is not usable.
    NoVariationError
        The number of hosts does not vary within models.

    Notes
    -----
    .. math:: \log p_{mt} = \alpha_m + \tau_t + \delta_{age} + \beta \log n_{mt} + u_{mt}

    Errors are clustered by model; for ``same hosts``, with model-by-host effects, by model and host. Those of
    ``draws alone`` and ``beyond draws`` carry a bootstrap over the models whose prices at launch are drawn
    from, for the latter as if independent of the other error. Hosts choose which models to sell, so
    :math:`\beta` is an association.

    References
    ----------
    Santos Silva, J. M. C. and Tenreyro, S. (2006). The log of gravity. Review of Economics and Statistics 88,
    641-658.
    """
    _check(outcome, estimator, level)
    data, clusters = _data(panel, outcome, min_launch_hosts)
    if data.groupby("unit")["log_sellers"].std().fillna(0).max() < 1e-9:
        raise NoVariationError("The number of hosts does not vary within any model; give more months.")
    effects = ["unit", "age_group", "month"] if age_control else ["unit", "month"]
    rows = without_singletons(data, effects)
    value, error = _slope(rows, effects, clusters, estimator)
    if outcome in _DRAWN:
        drawn = _slopes_of_draws(panel, data, effects, min_launch_hosts)
        own = 0.0 if outcome == "draws alone" else error
        error = float(np.hypot(own, drawn.std(ddof=1)))
    half = _critical(data, clusters, level) * error
    return HostElasticity(
        outcome=outcome, estimator=estimator, value=value, error=error, low=value - half, high=value + half,
        level=level, n=len(rows), models=int(data["model_id"].nunique()),
    )  # fmt: skip


def launch_residuals(panel: pd.DataFrame, *, min_hosts: int = 3) -> Floats:
    """Spread of log prices around their model's mean in the first month with ``min_hosts`` hosts.

    Returns
    -------
    ndarray, shape (offers,)
        Sorted; rescaled by the root of n / (n - 1), as deviations from a mean of n prices are too small.

    Raises
    ------
    TooFewError
        No model ever has as many hosts.
    """
    return np.sort(_launch_spread(panel, min_hosts)["residual"].to_numpy())


def expected_lowest(residuals: npt.ArrayLike, draws: npt.ArrayLike) -> Floats:
    r"""Expected minimum of as many independent draws from an empirical distribution.

    Parameters
    ----------
    residuals : array_like, shape (n,)
    draws : array_like of int, shape (k,)

    Returns
    -------
    ndarray, shape (k,)

    Notes
    -----
    :math:`\sum_i x_{(i)} [(1 - (i-1)/n)^d - (1 - i/n)^d]`, exact for draws with replacement.

    Examples
    --------
    >>> expected_lowest([0.0, 1.0], [1, 2]).tolist()
    [0.5, 0.25]
    """
    ordered = np.sort(np.asarray(residuals, dtype=np.float64))
    wanted = np.asarray(draws, dtype=np.float64)
    if not len(ordered) or (wanted < 1).any():
        raise InputError("Give at least one residual, and one draw or more.")
    above = 1 - np.arange(len(ordered) + 1) / len(ordered)
    survival = above[None, :] ** wanted[:, None]  # (k, n + 1)
    return (survival[:, :-1] - survival[:, 1:]) @ ordered


def dispersion_over_time(panel: pd.DataFrame, *, min_hosts: int = 3) -> pd.DataFrame:
    """Dispersion of the typical model with several hosts, month by month.

    Returns
    -------
    DataFrame
        ``period, models, sellers`` (median number), and medians over models of ``ratio``, ``gap`` and
        ``variation``, each with ``_low`` and ``_high`` from order statistics (95%, exact for a median).
    """
    table = model_months(panel)
    several = table[table["sellers"] >= min_hosts]
    if several.empty:
        raise TooFewError(f"No model has {min_hosts} hosts in any month.")
    by_period = several.groupby("period")
    found = by_period.agg(models=("model_id", "size"), sellers=("sellers", "median"))
    for name in ("ratio", "gap", "variation"):
        found[[name, f"{name}_low", f"{name}_high"]] = by_period[name].apply(_median).to_list()
    return found.reset_index()


def _launch_spread(panel: pd.DataFrame, min_hosts: int) -> pd.DataFrame:
    """Rescaled residuals of log prices at launch with their ``model_id``."""
    enough = panel[panel["sellers"] >= min_hosts]
    if enough.empty or min_hosts < 2:
        raise TooFewError(f"No model has {min_hosts} hosts (two at least) in any month.")
    first = enough[enough["month"] == enough.groupby("model_id")["month"].transform("min")]
    same = first.groupby("model_id")["log_price"]
    n = same.transform("size")
    residual = (first["log_price"] - same.transform("mean")) * np.sqrt(n / (n - 1))
    return first[["model_id"]].assign(residual=residual)


def _slopes_of_draws(
    panel: pd.DataFrame, data: pd.DataFrame, effects: list[str], min_hosts: int, draws: int = 200
) -> Floats:
    """Slope of the expected lowest of draws when whole models are resampled at launch, shape (draws,)."""
    spread = _launch_spread(panel, min_hosts)
    groups = [group.to_numpy() for _, group in spread.groupby("model_id")["residual"]]
    # Frisch and Waugh: with what is left of the regressor, each slope is one weighted sum.
    fit = within_fit(data["value"], data[["log_sellers"]], data[effects], data[["model_id"]])
    left = fit.design[:, 0]
    sellers = np.rint(np.exp(data["log_sellers"].to_numpy())).astype(int)
    counts, position = np.unique(sellers, return_inverse=True)
    weight = np.bincount(position, left) / (left @ left)
    generator = np.random.default_rng(0)
    slopes = []
    for _ in range(draws):
        picked = np.concatenate([groups[i] for i in generator.integers(len(groups), size=len(groups))])
        slopes.append(float(weight @ expected_lowest(picked, counts)))
    return np.array(slopes)


def _median(values: pd.Series) -> tuple[float, float, float]:
    """Median with its 95% interval, the order statistics that enclose it; none where there are too few."""
    from scipy import stats

    below = int(stats.binom.ppf(0.025, len(values), 0.5)) - 1
    ends = np.sort(values)[[below, -1 - below]] if below >= 0 else (np.nan, np.nan)
    return float(np.median(values)), float(ends[0]), float(ends[1])


def _data(panel: pd.DataFrame, outcome: str, min_launch_hosts: int) -> tuple[pd.DataFrame, list[str]]:
    """Rows with ``unit, value, level_value, log_sellers``, and by what their errors are clustered."""
    if outcome == "same hosts":
        rows = panel[["model_id", "host", "month", "age_group"]].assign(
            unit=panel["model_id"] + " " + panel["host"], value=np.log(panel["price"]),
            level_value=panel["price"], log_sellers=np.log(panel["sellers"]),
        )  # fmt: skip
        return rows, ["model_id", "host"]
    table = model_months(panel)
    if outcome in _LEVELS:
        table = table[table["sellers"] >= 2]
    value = table[outcome] if outcome in _LEVELS else np.log(table.get(outcome, table["lowest"]))
    if outcome in _DRAWN:
        expected = expected_lowest(launch_residuals(panel, min_hosts=min_launch_hosts), table["sellers"])
        value = pd.Series(expected, index=table.index) if outcome == "draws alone" else value - expected
    level_value = table[outcome] if outcome in table else np.exp(value)
    rows = table[["model_id", "month", "age_group"]].assign(
        unit=table["model_id"], value=value, level_value=level_value, log_sellers=np.log(table["sellers"])
    )
    return rows, ["model_id"]


def _slope(
    rows: pd.DataFrame, effects: list[str], clusters: list[str], estimator: str
) -> tuple[float, float]:
    """Coefficient of the log number of hosts and its clustered error."""
    fit, outcome = (within_fit, "value") if estimator == "ols" else (poisson_fit, "level_value")
    return fit(rows[outcome], rows[["log_sellers"]], rows[effects], rows[clusters]).combined(["log_sellers"])


def _critical(data: pd.DataFrame, clusters: list[str], level: float) -> float:
    from scipy import stats

    return float(stats.t.ppf((1 + level) / 2, min(data[name].nunique() for name in clusters) - 1))


def _check(outcome: str, estimator: str, level: float) -> None:
    one_of("outcome", outcome, get_args(Outcome))
    one_of("estimator", estimator, get_args(Estimator))
    if estimator == "poisson" and outcome in _LEVELS:
        raise InputError(f"{outcome} is no price: use estimator='ols'.")
    check_level(level)
