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
from undercut.errors import DataError, InputError
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level

if TYPE_CHECKING:
    from undercut.inference.detectable import DetectableEffect
    from undercut.inference.wild_bootstrap import WildBootstrap

Comparison = Literal["same host and month", "same month"]
Outcome = Literal["log price", "cut"]

_EFFECTS: Final = {
    "same host and month": "host_month + age_group + tenure",
    "same month": "month + age_group + tenure",
}
#: Months since a host's own entry into a model are told apart up to here, then by half years up to two years.
_FINE_TENURE: Final = 12


@dataclass(frozen=True, slots=True)
class EntryEffect:
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
    swept: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """The cumulative path."""
        return self.path.copy()

    def detectable(self, power: float = 0.8) -> DetectableEffect:
        """Smallest effect that this estimate could have found."""
        from undercut.inference.detectable import detectable_effect

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
    DataError
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
    _check(leads, lags, outcome, comparison, level)
    found = count_entries(panel) if entries is None else entries
    steps = price_steps(panel, largest=largest)
    if third_party_only:
        steps = steps[~steps["is_own"]]
    data = _design(steps, panel, found, kind, leads, lags)
    data["outcome"] = data["step"] if outcome == "log price" else (data["step"] < -MIN_STEP).astype(float)
    used = int(data["entry_p0"].gt(0).sum())
    if not used:
        raise DataError(f"No {kind} entry has an incumbent in the months around it; choose more months.")
    fit = _fit(data, comparison, leads, lags)
    return _collect(fit, data, found[found["kind"] == kind], leads, lags, level)


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
    sold = set(zip(panel["model_id"], panel["host"], strict=True))
    on_sale = panel.groupby("month")["model_id"].unique()
    drawn = []
    for row in entries.itertuples():
        pool = [m for m in on_sale.get(row.month - 1, ()) if (m, row.host) not in sold]
        drawn.append(pool[generator.integers(len(pool))] if pool else None)
    return entries.assign(model_id=drawn).dropna(subset="model_id")


def placebo_effects(
    panel: pd.DataFrame, *, fake: Literal["dates", "models"], draws: int = 50, seed: int = 0, **options: Any
) -> Floats:
    """Effects of fake entries through the code of the real ones, shape (draws,).

    Parameters
    ----------
    panel : DataFrame
    fake : {"dates", "models"}
        What is made up; see :func:`placebo_dates` and :func:`placebo_models`.
    draws, seed
        Of the fakes.
    options
        Of :func:`entry_effect`.
    """
    if fake not in ("dates", "models"):
        raise InputError(f"fake must be dates or models; got {fake!r}.")
    make = placebo_dates if fake == "dates" else placebo_models
    entries = count_entries(panel)
    kind = options.get("kind", "dated")
    is_studied = entries["kind"].eq(kind)
    found = []
    for draw in range(draws):
        moved = make(panel, entries[is_studied], seed=seed + draw)
        faked = pd.concat([moved, entries[~is_studied]], ignore_index=True)
        found.append(entry_effect(panel, entries=faked, **options).effect)
    return np.array(found)


def _design(
    steps: pd.DataFrame, panel: pd.DataFrame, entries: pd.DataFrame, kind: str, leads: int, lags: int
) -> pd.DataFrame:
    """Incumbents' steps with the number of rivals' entries in each month around them."""
    keep = ["model_id", "host", "month", "age_group", "step", "developer", "is_own"]
    # The last months have no leads yet: what will enter after the data end is not known.
    data = steps.loc[steps["month"] <= panel["month"].max() - leads, keep].reset_index(drop=True)
    own_first = panel.groupby(["model_id", "host"])["month"].min()
    keys = pd.MultiIndex.from_frame(data[["model_id", "host"]])
    own_entry = pd.Series(own_first.reindex(keys).to_numpy(), index=data.index)
    since = data["month"] - own_entry
    data["tenure"] = since.where(since <= _FINE_TENURE, (since // 6 * 6).clip(upper=24)).astype(int)
    data["host_month"] = data["host"] + " " + data["month"].astype(str)
    for name, of_kind in (("entry", entries["kind"] == kind), ("other", entries["kind"] != kind)):
        chosen = entries[of_kind]
        by_model = chosen.groupby(["model_id", "month"]).size()
        for k in range(-leads, lags + 1):
            when = data["month"] - k
            total = by_model.reindex(pd.MultiIndex.from_arrays([data["model_id"], when]), fill_value=0)
            # A host that came later, or at the same time, set its price knowing of the entry.
            data[_column(name, k)] = total.to_numpy() * (when > own_entry).to_numpy(dtype=float)
    return data


def _column(name: str, k: int) -> str:
    """Formulas read no minus signs in names."""
    return f"{name}_{'p' if k >= 0 else 'm'}{abs(k)}"


def _fit(data: pd.DataFrame, comparison: str, leads: int, lags: int) -> Any:
    import pyfixest as pf

    shifts = range(-leads, lags + 1)
    names = [_column(name, k) for name in ("entry", "other") for k in shifts]
    varying = [name for name in names if data[name].std() > 0]
    with np.errstate(invalid="ignore"):  # a negative variance of one lag; mended in _without_negative_part
        return pf.feols(
            f"outcome ~ {' + '.join(varying)} | {_EFFECTS[comparison]}",
            data,
            vcov={"CRV1": "model_id + host"},
            fixef_rm="none",
        )


def _collect(
    fit: Any, data: pd.DataFrame, entries: pd.DataFrame, leads: int, lags: int, level: float
) -> EntryEffect:
    from scipy import stats

    names = list(fit._coefnames)
    beta, variance = np.asarray(fit._beta_hat), _without_negative_part(np.asarray(fit._vcov))
    clusters = data["model_id"].nunique(), data["host"].nunique()
    critical = float(stats.t.ppf((1 + level) / 2, min(clusters) - 1))

    def combined(shifts: range, sign: float) -> tuple[float, float]:
        weights = np.array([sign * (name in {_column("entry", k) for k in shifts}) for name in names])
        return float(weights @ beta), float(np.sqrt(weights @ variance @ weights))

    rows: list[dict[str, float]] = []
    for horizon in range(-leads - 1, lags + 1):
        # Before entry the path is read backwards from the month before it, where it is zero.
        after = horizon >= 0
        shifts = range(horizon + 1) if after else range(horizon + 1, 0)
        effect, error = combined(shifts, 1.0 if after else -1.0)
        rows.append({"horizon": horizon, "effect": effect, "error": error})
    path = pd.DataFrame(rows)
    path["low"], path["high"] = (
        path["effect"] - critical * path["error"],
        path["effect"] + critical * path["error"],
    )
    last = path.iloc[-1]
    before, before_error = combined(range(-leads, 0), 1.0)
    swept = pd.DataFrame(np.column_stack([fit._Y, fit._X]), columns=["outcome", *names])
    return EntryEffect(
        path=path, effect=float(last["effect"]), error=float(last["error"]), low=float(last["low"]),
        high=float(last["high"]), pre_trend=before, pre_trend_error=before_error, level=level, n=len(data),
        entries=len(entries), models=clusters[0], hosts=clusters[1],
        moves=int((data["step"].abs() > MIN_STEP).sum()),
        swept=swept.assign(model_id=data["model_id"], host=data["host"]),
    )  # fmt: skip


def _without_negative_part(variance: Floats) -> Floats:
    """Two-way clustering can give a matrix that is no variance; Cameron, Gelbach and Miller (2011, section
    2.3) set its negative eigenvalues to zero."""
    values, vectors = np.linalg.eigh((variance + variance.T) / 2)
    return (vectors * np.maximum(values, 0.0)) @ vectors.T


def _check(leads: int, lags: int, outcome: str, comparison: str, level: float) -> None:
    if leads < 1 or lags < 0:
        raise InputError(f"leads must be at least 1 and lags at least 0; got {leads} and {lags}.")
    for name, value, allowed in (
        ("outcome", outcome, get_args(Outcome)),
        ("comparison", comparison, get_args(Comparison)),
    ):
        if value not in allowed:
            raise InputError(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")
    check_level(level)
