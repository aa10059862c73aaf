"""What does one more host do to the prices of the others?

Hosts enter a model again and again, so the event study is written as a distributed lag: the month-to-month
change of each incumbent's price on the number of entries in months around it. Effects of entries add up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from undercut.competition.hosts.entry_design import Comparison, EntryDesign, Outcome, column, count_entries
from undercut.competition.hosts.panel import MIN_STEP
from undercut.inference.detectable import DetectableEffect, detectable_effect
from undercut.inference.levels import check_level
from undercut.inference.within import WithinFit
from undercut.result import Axes, Result

if TYPE_CHECKING:
    from undercut.inference.wild_bootstrap import WildBootstrap


class EntryEffect(Result):
    """Effect of one entry on the incumbents' prices.

    Attributes
    ----------
    path : DataFrame
        ``horizon`` (months since entry), ``effect`` (cumulative, relative to the month before entry),
        ``error``, ``low``, ``high``.
    effect, error, low, high : float
        Cumulative effect at the last horizon: log points for log prices, a probability for cuts.
    pre_trend, pre_trend_error : float
        Cumulative change over the months before entry; none if entry came as a surprise.
    level : float
    n, entries, models, hosts, moves : int
        Incumbents' offer-months, entries used, clusters on both sides, and price changes among the rows.
    outcome, comparison : str
        What was estimated, and against what.
    swept : DataFrame
        Outcome and regressors after the fixed effects are taken out, with ``model_id`` and ``host``.
    """

    path: pd.DataFrame
    effect: float
    error: float
    low: float
    high: float
    pre_trend: float
    pre_trend_error: float
    level: float
    n: int
    entries: int
    models: int
    hosts: int
    moves: int
    outcome: Outcome
    comparison: Comparison
    swept: pd.DataFrame

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the path with its intervals, and how large an effect would have been found."""
        from undercut.competition.hosts.charts import entry_path

        return entry_path(self.path, edge=self.detectable().effect, ax=ax)

    def percent(self) -> tuple[float, float, float]:
        """The effect and its interval in percent, of log prices."""
        value, low, high = (100 * float(np.expm1(end)) for end in (self.effect, self.low, self.high))
        return value, low, high

    def detectable(self, power: float = 0.8) -> DetectableEffect:
        """Smallest effect that this estimate could have found."""
        freedom = min(self.models, self.hosts) - 1
        return detectable_effect(self.error, freedom=freedom, level=self.level, power=power)

    def summary(self) -> str:
        """One line."""
        return (
            f"{self.effect:.4f} ({self.level:.0%} interval {self.low:.4f} to {self.high:.4f}) after "
            f"{int(self.path['horizon'].max())} months; {self.entries} entries, {self.models} models, "
            f"{self.hosts} hosts, {self.n} offer-months with {self.moves} price changes."
        )


def entry_effect(
    panel: pd.DataFrame,
    *,
    entries: pd.DataFrame | None = None,
    kind: str = "dated",
    leads: int = 3,
    lags: int = 6,
    outcome: Outcome = "log price",
    comparison: Comparison = "same host and month",
    third_party_only: bool = False,
    largest: float = 10.0,
    level: float = 0.95,
) -> EntryEffect:
    r"""Distributed-lag event study of host entry.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.competition.hosts.panel.host_panel`.
    entries : DataFrame, optional
        As :func:`count_entries` returns them (the default); give other ones for a placebo.
    kind : str
        Which ``kind`` of entry is studied; the other kind is a control. ``coverage`` is a placebo: a
        table that catches up cannot move a price.
    leads, lags : int
        Months before and after entry.
    outcome : {"log price", "cut"}
        Change of the log price, or whether the price was cut.
    comparison : {"same host and month", "same month"}
        Against other models of the same host in the same month, which takes out exchange rates and
        refreshes of a host's whole list; or against all offers of the month.
    third_party_only : bool
        Leave out developers' own sites as incumbents.
    largest, level
        As in :func:`undercut.competition.hosts.panel.price_steps`; of the interval.

    Returns
    -------
    EntryEffect

    Raises
    ------
    InputError
        An option is not usable.
    TooFewError
        No entry, or no incumbent around one.

    Notes
    -----
    .. math:: \Delta \log p_{mht} = \gamma_{ht} + \delta_{age} + \theta_{tenure} + \sum_{k=-leads}^{lags}
    \beta_k E_{m,t-k} +
        \sum_k \kappa_k C_{m,t-k} + u_{mht}

    Tenure is the time since the host's own entry: only hosts that have been there for long can have seen an
    entry some months ago, and sticky prices that drift move by more the longer they stood. E counts entries
    later than that of host h itself, C those of the other kind. The effect after k months is
    :math:`\sum_{j \le k} \beta_j`. First differences take out model-by-host effects. Standard errors are
    two-way clustered by model and host, t with the smaller number of clusters less one.

    References
    ----------
    Schmidheiny, K. and Siegloch, S. (2023). On event studies and distributed-lags in two-way fixed effects
    models. Journal of Applied Econometrics 38, 695-713.
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011). Robust inference with multiway clustering.
    Journal of Business and Economic Statistics 29, 238-249.
    """
    check_level(level)
    found = count_entries(panel) if entries is None else entries
    study = EntryDesign.of(panel, kind, leads, lags, outcome, comparison, third_party_only, largest)
    return effect_in(study, found, outcome=outcome, comparison=comparison, level=level)


def effect_in(
    study: EntryDesign,
    entries: pd.DataFrame,
    *,
    outcome: Outcome = "log price",
    comparison: Comparison = "same host and month",
    level: float = 0.95,
) -> EntryEffect:
    """The effect in a design that is there already, for many estimates on the same rows.

    Parameters
    ----------
    study : EntryDesign
        Made with this ``outcome`` and this ``comparison``.
    entries, outcome, comparison, level
        As in `entry_effect`.
    """
    rows, fit = study.rows, study.fit(entries)
    models, hosts = (int(last) + 1 for last in study.clusters.max(axis=0))
    numbers = _collect(fit, -study.shifts[0], study.shifts[-1], min(models, hosts), level)
    swept = pd.DataFrame(np.column_stack([fit.outcome, fit.design]), columns=["outcome", *fit.names])
    return EntryEffect(
        **numbers, level=level, n=len(rows), entries=int(entries["kind"].eq(study.kind).sum()),
        models=models, hosts=hosts, moves=int((rows["step"].abs() > MIN_STEP).sum()), outcome=outcome,
        comparison=comparison, swept=swept.assign(model_id=rows["model_id"], host=rows["host"]),
    )  # fmt: skip


def wild_test(
    effect: EntryEffect, *, cluster: str = "host", draws: int = 999, seed: int = 0
) -> WildBootstrap:
    """The effect with a wild cluster bootstrap: for few clusters, which price changes here come from.

    Fixed effects are partialled out first; the bootstrap then works on what is left.

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with
    clustered errors. Review of Economics and Statistics 90, 414-427.
    """
    from undercut.inference.wild_bootstrap import wild_cluster_bootstrap

    names = [name for name in effect.swept.columns if name.startswith(("entry_", "other_"))]
    contrast = {name: 1.0 for name in names if name.startswith("entry_p")}
    swept = effect.swept
    return wild_cluster_bootstrap(
        swept["outcome"], swept[names], swept[cluster], coefficient=contrast, draws=draws, seed=seed
    )


def _collect(fit: WithinFit, leads: int, lags: int, clusters: int, level: float) -> dict[str, Any]:
    """The cumulative path, its last step and the drift before entry."""
    from scipy import stats

    def summed(shifts: range) -> tuple[float, float]:
        return fit.combined([column("entry", k) for k in shifts])

    # Before entry the path is read backwards from the month before it, where it is zero.
    before = [(h, *summed(range(h + 1, 0))) for h in range(-leads - 1, 0)]
    after = [(h, *summed(range(h + 1))) for h in range(lags + 1)]
    rows = [(horizon, 0.0 - effect, error) for horizon, effect, error in before] + after
    path = pd.DataFrame(rows, columns=["horizon", "effect", "error"])
    half = float(stats.t.ppf((1 + level) / 2, clusters - 1)) * path["error"]
    path = path.assign(low=path["effect"] - half, high=path["effect"] + half)
    drift, drift_error = summed(range(-leads, 0))
    last = path.iloc[-1][["effect", "error", "low", "high"]].to_dict()
    return {"path": path, **last, "pre_trend": drift, "pre_trend_error": drift_error}
