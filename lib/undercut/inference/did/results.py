"""What did treated units do before and after treatment? One fit object for every estimator.

So that estimators of staggered adoption can be exchanged by one argument and laid side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.inference.cluster_bootstrap import Weights
from undercut.inference.detectable import DetectableEffect, detectable_effect
from undercut.inference.did.data import CLUSTER, EVENT, OUTCOME, UNIT, AdoptionPanel
from undercut.inference.did.honest_bounds import HonestBounds, Restriction, honest_bounds
from undercut.inference.did.least_squares import Regression
from undercut.inference.did.pre_trend import PreTrend, pre_trend
from undercut.inference.levels import t_interval
from undercut.inference.specifications import SpecificationCurve, run_specifications, specification_curve
from undercut.inference.wild_bootstrap import WildBootstrap, wild_cluster_bootstrap
from undercut.result import Axes, Result


class AdoptionFit(Result, kw_only=True):
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
    leads, lags : int
        What was asked for.
    panel : AdoptionPanel
        The rows that were used.
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
    leads: int = 0
    lags: int = 0
    panel: AdoptionPanel | None = field(default=None, compare=False)
    regression: Regression | None = field(default=None, compare=False)
    estimator: Callable[[AdoptionPanel], AdoptionFit] | None = field(default=None, compare=False)

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
        weights = self.weights(target)
        error = float(np.sqrt(max(float(weights @ self.covariance @ weights), 0.0)))
        error = error if error > 1e-6 * self.outcome_spread else np.nan
        estimate = float(weights @ self.effects.to_numpy())
        return pd.Series(t_interval(estimate, error, freedom=self.freedom, level=self.level))

    def to_frame(self) -> pd.DataFrame:
        """One row an event time: the columns of :meth:`effect` and ``treated``, the units behind it."""
        rows = pd.DataFrame({time: self.effect(int(time)) for time in self.effects.index}).T
        return rows.assign(treated=self.counts).rename_axis("event_time")

    def summary(self) -> str:
        """The effects by time and the overall effect, with what they rest on."""
        overall = self.effect().to_frame("overall").T
        every = pd.concat([self.table().rename(index=str), overall]).drop(columns="t_statistic")
        head = [
            f"Effects by time since adoption: {self.method}",
            f"Against {self.reference}; {self.n_treated} treated units of {self.n_units}, {self.n_clusters} "
            f"clusters; {self.level:.0%} intervals. Identified: {self.identified}.",
        ]
        return "\n".join([*head, *self.notes, every.to_string(float_format="{:.4g}".format)])

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

    def honest_bounds(
        self,
        target: str | int = "overall",
        *,
        restriction: Restriction = "relative_magnitude",
        magnitudes: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    ) -> HonestBounds:
        """Intervals that stay valid when trends are not quite parallel.

        As :func:`undercut.inference.did.honest_bounds.honest_bounds`, of the overall effect or a lag.

        Raises
        ------
        InputError
            Imputation measures leads and lags against different periods.
        """
        if self.method == "imputation":
            raise InputError(
                "Leads and lags of imputation have different references, so that its leads say nothing about "
                "steps at adoption. Use stacked, sun_abraham or callaway_santanna."
            )
        weights = self.weights(target)[self.effects.index.to_numpy() >= 0]
        return honest_bounds(
            self.effects, self.covariance, target=weights.tolist(), restriction=restriction,
            magnitudes=magnitudes, level=self.level,
        )  # fmt: skip

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
                    wanted[str(column)] = wanted.get(str(column), 0.0) + float(share * weight)
        outcome, design, clusters = self.regression.for_bootstrap()
        return wild_cluster_bootstrap(
            outcome, design, clusters, coefficient=wanted, null=null, draws=draws, weights=weights,
            level=self.level, seed=seed,
        )  # fmt: skip

    def leave_one_out(self, by: str = CLUSTER) -> SpecificationCurve:
        """The overall effect without each unit or cluster in turn.

        Parameters
        ----------
        by : {"cluster", "unit"}
            What is left out.

        Returns
        -------
        SpecificationCurve
            One estimate each, the full sample marked; what cannot be estimated keeps its reason.
        """
        if self.panel is None or self.estimator is None or by not in (CLUSTER, UNIT):
            raise InputError(f"Leave out one {CLUSTER} or {UNIT} of a fit made by staggered_adoption.")
        panel, estimator = self.panel, self.estimator
        codes = {str(panel.labels[by][code]): code for code in np.unique(panel.rows[by])}

        def estimate(*, without: str) -> dict[str, Any]:
            kept = panel.rows[by].ne(codes.get(without, -1)).to_numpy()
            found = self.effect() if kept.all() else estimator(panel.part(kept)).effect()
            return {"estimate": found["estimate"], "low": found["ci_low"], "high": found["ci_high"]}

        results = run_specifications(estimate, {"without": ["nobody", *codes]})
        return specification_curve(results, ["without"], headline={"without": "nobody"})


def adoption_fit(
    panel: AdoptionPanel,
    *,
    method: str,
    times: Sequence[int],
    estimates: Floats,
    covariance: Floats,
    counts: Floats,
    reference: str,
    level: float,
    notes: tuple[str, ...] = (),
    trend_response: Floats | None = None,
    rows: pd.DataFrame | None = None,
    treated: pd.DataFrame | None = None,
    regression: Regression | None = None,
) -> AdoptionFit:
    """A fit with what every estimator reports alike; ``rows`` and ``treated`` where these are not the
    panel's own."""
    used = panel.rows if rows is None else rows
    after = (panel.rows if treated is None else treated)[EVENT] >= 0
    index = pd.Index(times, name=EVENT)
    return AdoptionFit(
        method=method, effects=pd.Series(estimates, index=index), covariance=covariance,
        counts=pd.Series(counts, index=index), reference=reference, level=level,
        n_units=int(panel.rows[UNIT].nunique()),
        n_treated=int((panel.rows if treated is None else treated).loc[after, UNIT].nunique()),
        n_clusters=int(used[CLUSTER].nunique()), n_observations=len(used), identified=panel.identified,
        notes=(*panel.notes, *notes),
        trend_response=np.array(times) + 1.0 if trend_response is None else trend_response,
        outcome_spread=float(panel.rows[OUTCOME].std()), panel=panel, regression=regression,
    )  # fmt: skip
