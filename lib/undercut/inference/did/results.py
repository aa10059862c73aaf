"""What did treated units do before and after treatment? One fit object for every estimator.

So that estimators of staggered adoption can be exchanged by one argument and laid side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.inference.cluster_bootstrap import Weights
from undercut.inference.detectable import DetectableEffect, detectable_effect
from undercut.inference.did.pre_trend import PreTrend, pre_trend
from undercut.inference.wild_bootstrap import WildBootstrap, wild_cluster_bootstrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from undercut.tables import Table


@dataclass(frozen=True, slots=True)
class Regression:
    """A regression whose fixed effects of units are swept out, ready for a bootstrap over clusters.

    Attributes
    ----------
    outcome : numpy.ndarray, shape (n,)
    design : DataFrame, shape (n, k)
        Treatment terms first, then covariates and periods.
    clusters : numpy.ndarray, shape (n,)
    event_time : mapping of int to mapping of str to float
        Which combination of the design's columns is the effect at an event time.
    """

    outcome: Floats
    design: pd.DataFrame
    clusters: Any
    event_time: Mapping[int, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class AdoptionFit:
    """Effects by time since adoption.

    Attributes
    ----------
    method : str
    effects : pandas.Series
        Estimate of each event time (0 = first treated period), ascending, without the reference.
    covariance : numpy.ndarray, shape (n_event_times, n_event_times)
        Cluster-robust, of all leads and lags together.
    counts : pandas.Series
        Treated units (with weights: their weight) behind each event time.
    reference : str
        What the effects are measured against.
    level : float
        Of intervals.
    n_units, n_treated, n_clusters, n_observations : int
        Units used, of them treated within the sample, clusters and rows.
    identified : str
        What is identified, and by which comparison.
    notes : tuple of str
        What was left out and what to beware of.
    trend_response : numpy.ndarray, shape (n_event_times,)
        What the estimator shows if treated units leave their comparison by one each period and nothing else
        happens; for imputation approximately.
    outcome_spread : float
        Standard deviation of the outcome, against which a standard error is judged to be none: where prices
        never change, an error of zero would pass for certainty.
    """

    method: str
    effects: pd.Series
    covariance: Floats
    counts: pd.Series
    reference: str
    level: float
    n_units: int
    n_treated: int
    n_clusters: int
    n_observations: int
    identified: str
    notes: tuple[str, ...]
    trend_response: Floats
    outcome_spread: float
    regression: Regression | None = field(default=None, repr=False, compare=False)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of t tests: clusters minus one."""
        return self.n_clusters - 1

    def weights(self, target: str | int = "overall") -> Floats:
        """Weights of the event times in a target.

        ``overall`` weighs lags by treated units (the mean effect on the treated), ``dynamic`` weighs all lags
        equally, a number picks one event time.
        """
        times = self.effects.index.to_numpy()
        if target == "overall":
            raw = np.where(times >= 0, self.counts.to_numpy(dtype=float), 0.0)
        elif target == "dynamic":
            raw = (times >= 0).astype(float)
        elif target in self.effects.index:
            raw = (times == target).astype(float)
        else:
            raise InputError(
                f"target must be overall, dynamic or an event time from {times[0]} to {times[-1]}; "
                f"got {target!r}."
            )
        return raw / raw.sum()

    def effect(self, target: str | int = "overall") -> pd.Series:
        """Estimate, std_error, t_statistic, p_value, ci_low and ci_high of a target (see :meth:`weights`).

        All but the estimate are missing where clusters leave no spread to compute an error from.
        """
        from scipy import stats

        weights = self.weights(target)
        estimate = float(weights @ self.effects.to_numpy())
        error = float(np.sqrt(max(float(weights @ self.covariance @ weights), 0.0)))
        error = error if error > 1e-6 * self.outcome_spread else np.nan
        reach = float(stats.t.ppf((1 + self.level) / 2, self.freedom)) * error
        p_value = 2 * float(stats.t.sf(abs(estimate / error), self.freedom))
        return pd.Series(
            {
                "estimate": estimate,
                "std_error": error,
                "t_statistic": estimate / error,
                "p_value": p_value,
                "ci_low": estimate - reach,
                "ci_high": estimate + reach,
            }
        )

    def table(self) -> pd.DataFrame:
        """One row an event time: the columns of :meth:`effect` and ``treated``, the units behind it."""
        rows = pd.DataFrame({time: self.effect(int(time)) for time in self.effects.index}).T
        return rows.assign(treated=self.counts).rename_axis("event_time")

    def summary(self) -> Table:
        """The table with the overall effect, in the house style."""
        from undercut.tables import show

        rows = self.table().drop(columns="t_statistic")
        overall = self.effect().drop("t_statistic").to_frame("overall").T
        every = pd.concat([rows.rename(index=str), overall]).reset_index(names="event time")
        return show(
            every,
            title=f"Effects by time since adoption: {self.method}",
            subtitle=f"Against {self.reference}; {self.n_treated} treated units, {self.n_clusters} clusters; "
            f"{self.level:.0%} intervals",
            row_label="event time",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Effects with intervals by event time."""
        import matplotlib.pyplot as plt

        from undercut.plots import INK, MUTED

        axes = plt.subplots()[1] if ax is None else ax
        rows = self.table()
        spread = np.abs(rows[["ci_low", "ci_high"]].to_numpy().T - rows["estimate"].to_numpy())
        axes.axhline(0.0, color=MUTED, linewidth=0.8)
        axes.axvline(-0.5, color=MUTED, linewidth=0.8, linestyle=":")
        axes.errorbar(rows.index, rows["estimate"], yerr=spread, fmt="o", color=INK, capsize=2, markersize=4)
        axes.set_xlabel("Periods since adoption")
        axes.set_ylabel("Effect")
        return axes

    def pre_trend(self, leads: int | None = None) -> PreTrend:
        """Joint test of the leads and its power (see :func:`undercut.inference.did.pre_trend.pre_trend`)."""
        return pre_trend(
            self.effects, self.covariance, self.trend_response, self.weights(),
            freedom=self.freedom, level=self.level, leads=leads,
        )  # fmt: skip

    def smallest_detectable(self, target: str | int = "overall", *, power: float = 0.8) -> DetectableEffect:
        """Smallest effect that the t test of a target finds with probability ``power``."""
        error = float(self.effect(target)["std_error"])
        return detectable_effect(error, freedom=self.freedom, level=self.level, power=power)

    def wild_bootstrap(
        self,
        target: str | int = "overall",
        *,
        null: float = 0.0,
        draws: int = 9_999,
        weights: Weights = "rademacher",
        seed: int = 0,
    ) -> WildBootstrap:
        """Wild cluster bootstrap of a target, for the estimators that are one regression.

        Raises
        ------
        InputError
            Callaway-Sant'Anna and imputation are no single regression; use
            :func:`undercut.inference.did.randomisation.randomise_adoption`.
        """
        if self.regression is None:
            raise InputError(
                f"{self.method} is not one regression, so that a null cannot be imposed on it. "
                "Use randomise_adoption, or one of sun_abraham, stacked, two_way_fixed_effects."
            )
        wanted: dict[str, float] = {}
        for time, share in zip(self.effects.index, self.weights(target), strict=True):
            for column, weight in self.regression.event_time[int(time)].items():
                if share * weight:
                    wanted[column] = wanted.get(column, 0.0) + float(share * weight)
        return wild_cluster_bootstrap(
            self.regression.outcome, self.regression.design, self.regression.clusters,
            coefficient=wanted, null=null, draws=draws, weights=weights, level=self.level, seed=seed,
        )  # fmt: skip
