"""What does one more host do to the prices of the others?

Hosts enter a model again and again, so the event study is written as a distributed lag: the month-to-month
change of each incumbent's price on the number of entries in months around it. Effects of entries add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.hosts.panel import MIN_STEP, price_steps
from undercut.errors import InputError, TooFewError
from undercut.inference.arrays import Floats
from undercut.inference.detectable import DetectableEffect, detectable_effect
from undercut.inference.levels import check_level
from undercut.inference.within import WithinFit, within_fit
from undercut.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from undercut.inference.wild_bootstrap import WildBootstrap

Comparison = Literal["same host and month", "same month"]
Outcome = Literal["log price", "cut"]

_EFFECTS: Final = {
    "same host and month": ["host_month", "age_group", "tenure"],
    "same month": ["age_group", "tenure", "month"],
}
#: Months since a host's own entry into a model are told apart up to here, then by half years up to two years.
_FINE_TENURE: Final = 12


@dataclass(frozen=True, slots=True)
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

    def to_frame(self) -> pd.DataFrame:
        """The cumulative path."""
        return self.path.copy()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the path with its intervals, and how large an effect would have been found."""
        from undercut.competition.hosts.charts import entry_path

        return entry_path(self.path, edge=self.detectable().effect, ax=ax)

    def detectable(self, power: float = 0.8) -> DetectableEffect:
        """Smallest effect that this estimate could have found."""

        return detectable_effect(
            self.error, freedom=min(self.models, self.hosts) - 1, level=self.level, power=power
        )

    def summary(self) -> str:
        """One line."""
        return (
            f"{self.effect:.4f} ({self.level:.0%} interval {self.low:.4f} to {self.high:.4f}) after "
            f"{int(self.path['horizon'].max())} months; {self.entries} entries, {self.models} models, "
            f"{self.hosts} hosts, {self.n} offer-months with {self.moves} price changes."
        )


def count_entries(
    panel: pd.DataFrame, *, covered_months: int = 3, bulk_floor: int = 5, bulk_share: float = 0.25
) -> pd.DataFrame:
    """Entries of hosts into models that others sold before, and how far each can be believed.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.competition.hosts.panel.host_panel`.
    covered_months : int
        A host's entry counts only if the sources had shown the host for this long.
    bulk_floor, bulk_share : int, float
        A month in which a host adds more models than both ``bulk_floor`` and this share of its list is one in
        which somebody typed in a price list, not one in which it began to sell them.

    Returns
    -------
    DataFrame
        ``model_id, host, month, kind``: ``dated`` (a real month of entry, up to the table's delay) or
        ``coverage`` (the table caught up; the true month is unknown).
    """
    first = panel.groupby(["model_id", "host"], as_index=False)["month"].min()
    model_first = panel.groupby("model_id")["month"].min()
    added = first.groupby(["host", "month"]).size()
    listed = panel.groupby(["host", "month"]).size()
    keys = pd.MultiIndex.from_frame(first[["host", "month"]])
    before = listed.reindex(keys.set_levels(keys.levels[1] - 1, level="month"), fill_value=0).to_numpy()
    new = added.reindex(keys).to_numpy()
    known_for = first["month"] - first["host"].map(panel.groupby("host")["month"].min())
    is_bulk = (new > bulk_floor) & (new > bulk_share * before)
    is_dated = (known_for >= covered_months) & ~is_bulk
    found = first.assign(kind=np.where(is_dated, "dated", "coverage"))
    return found[found["month"] > found["model_id"].map(model_first)].reset_index(drop=True)


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
    study = _Study.of(panel, kind, leads, lags, outcome, comparison, third_party_only, largest)
    rows, fit = study.rows, study.fit(found)
    models, hosts = rows["model_id"].nunique(), rows["host"].nunique()
    numbers = _collect(fit, leads, lags, min(models, hosts), level)
    swept = pd.DataFrame(np.column_stack([fit.outcome, fit.design]), columns=["outcome", *fit.names])
    return EntryEffect(
        **numbers, level=level, n=len(rows), entries=int(found["kind"].eq(kind).sum()), models=models,
        hosts=hosts, moves=int((rows["step"].abs() > MIN_STEP).sum()), outcome=outcome,
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
    return wild_cluster_bootstrap(
        effect.swept["outcome"],
        effect.swept[names],
        effect.swept[cluster],
        coefficient=contrast,
        draws=draws,
        seed=seed,
    )


def placebo_dates(panel: pd.DataFrame, entries: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Entries at fake dates: each model's own entries, moved to random months of its life.

    The number of entries in each model stays; only their timing is fake.
    """
    generator = np.random.default_rng(seed)
    life = panel.groupby("model_id")["month"].agg(["min", "max"])
    first = entries["model_id"].map(life["min"]).to_numpy() + 1
    last = entries["model_id"].map(life["max"]).to_numpy()
    return entries.assign(month=generator.integers(first, last + 1))


def placebo_models(panel: pd.DataFrame, entries: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Entries into the wrong models: each entry, at its true date, is given to a random model.

    The model is drawn from those that several months of the panel show around the date and that the
    entrant does not sell.
    """
    generator = np.random.default_rng(seed)
    sold = {host: set(models) for host, models in panel.groupby("host")["model_id"]}
    on_sale = {month: list(models) for month, models in panel.groupby("month")["model_id"].unique().items()}
    drawn = []
    for row in entries.itertuples():
        pool = [model for model in on_sale.get(row.month - 1, ()) if model not in sold.get(row.host, ())]
        drawn.append(pool[generator.integers(len(pool))] if pool else None)
    return entries.assign(model_id=drawn).dropna(subset="model_id")


def placebo_effects(
    panel: pd.DataFrame,
    *,
    fake: Literal["dates", "models"],
    draws: int = 50,
    seed: int = 0,
    kind: str = "dated",
    lags: int = 6,
    **options: Any,
) -> Floats:
    """Effects of fake entries through the code of the real ones, shape (draws,).

    Parameters
    ----------
    panel : DataFrame
    fake : {"dates", "models"}
        What is made up; see :func:`placebo_dates` and :func:`placebo_models`.
    draws, seed
        Of the fakes.
    kind, lags, options
        Of :func:`entry_effect`.
    """
    if fake not in ("dates", "models"):
        raise InputError(f"fake must be dates or models; got {fake!r}.")
    make = placebo_dates if fake == "dates" else placebo_models
    entries = count_entries(panel)
    is_studied = entries["kind"].eq(kind)
    study = _Study.of(panel, kind, lags=lags, **options)
    found = []
    for draw in range(draws):
        moved = make(panel, entries[is_studied], seed=seed + draw)
        fit = study.fit(pd.concat([moved, entries[~is_studied]], ignore_index=True))
        found.append(fit.combined([_column("entry", k) for k in range(lags + 1)])[0])
    return np.array(found)


@dataclass(frozen=True, slots=True)
class _Study:
    """Incumbents' steps and what they are regressed on, whatever the entries."""

    rows: pd.DataFrame
    y: pd.Series
    shifts: range
    kind: str
    effects: pd.DataFrame

    @classmethod
    def of(
        cls,
        panel: pd.DataFrame,
        kind: str,
        leads: int = 3,
        lags: int = 6,
        outcome: str = "log price",
        comparison: str = "same host and month",
        third_party_only: bool = False,
        largest: float = 10.0,
    ) -> _Study:
        _check(leads, lags, outcome, comparison)
        steps = price_steps(panel, largest=largest)
        rows = _incumbents(steps[~steps["is_own"]] if third_party_only else steps, panel, leads)
        y = rows["step"] if outcome == "log price" else (rows["step"] < -MIN_STEP).astype(float)
        return cls(rows, y, range(-leads, lags + 1), kind, rows[_EFFECTS[comparison]])

    def fit(self, entries: pd.DataFrame) -> WithinFit:
        """The steps on the numbers of entries in the months around them."""
        is_kind = entries["kind"].eq(self.kind)
        parts = {"entry": entries[is_kind], "other": entries[~is_kind]}
        counted = np.column_stack([_counts(self.rows, part, self.shifts) for part in parts.values()])
        names = [_column(name, k) for name in parts for k in self.shifts]
        if not counted[:, names.index("entry_p0")].any():
            raise TooFewError(
                f"No {self.kind} entry has an incumbent in the months around it; choose more months."
            )
        varies = np.ptp(counted, axis=0) > 0
        design = pd.DataFrame(counted[:, varies], columns=np.array(names)[varies])
        return within_fit(self.y, design, self.effects, self.rows[["model_id", "host"]])


def _incumbents(steps: pd.DataFrame, panel: pd.DataFrame, leads: int) -> pd.DataFrame:
    """Incumbents' steps with the month in which each began to sell the model."""
    keep = ["model_id", "host", "month", "age_group", "step"]
    # The last months have no leads yet: what will enter after the data end is not known.
    rows = steps.loc[steps["month"] <= panel["month"].max() - leads, keep].reset_index(drop=True)
    first = panel.groupby(["model_id", "host"])["month"].min().rename("own_entry")
    rows = rows.join(first, on=["model_id", "host"])
    since = rows["month"] - rows["own_entry"]
    rows["tenure"] = since.where(since <= _FINE_TENURE, (since // 6 * 6).clip(upper=24)).astype(int)
    rows["host_month"] = rows["host"] + " " + rows["month"].astype(str)
    return rows


def _counts(rows: pd.DataFrame, entries: pd.DataFrame, shifts: range) -> Floats:
    """Entries of rivals around each incumbent's month, shape (rows, shifts)."""
    models = pd.Index(rows["model_id"].unique())
    inside = entries[entries["model_id"].isin(models)]
    months = rows["month"].to_numpy()
    seen = np.concatenate([months, inside["month"]])
    start = seen.min() - shifts[-1]
    grid = np.zeros((len(models), seen.max() - start - shifts[0] + 1))
    np.add.at(grid, (models.get_indexer(inside["model_id"]), inside["month"].to_numpy() - start), 1.0)
    when = months[:, None] - np.array(shifts)  # (rows, shifts)
    told = grid[models.get_indexer(rows["model_id"])[:, None], when - start]
    # A host that came later, or at the same time, set its price knowing of the entry.
    return told * (when > rows["own_entry"].to_numpy()[:, None])


def _column(name: str, k: int) -> str:
    return f"{name}_{'p' if k >= 0 else 'm'}{abs(k)}"


def _collect(fit: WithinFit, leads: int, lags: int, clusters: int, level: float) -> dict[str, Any]:
    """The cumulative path, its last step and the drift before entry."""
    from scipy import stats

    def summed(shifts: range) -> tuple[float, float]:
        return fit.combined([_column("entry", k) for k in shifts])

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


def _check(leads: int, lags: int, outcome: str, comparison: str) -> None:
    if leads < 1 or lags < 0:
        raise InputError(f"leads must be at least 1 and lags at least 0; got {leads} and {lags}.")
    for name, value, allowed in (
        ("outcome", outcome, get_args(Outcome)),
        ("comparison", comparison, get_args(Comparison)),
    ):
        if value not in allowed:
            raise InputError(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")
