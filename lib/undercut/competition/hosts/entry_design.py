"""Which prices stand beside which entries of hosts? The data of the event study, whatever its entries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.hosts.panel import MIN_STEP, price_steps
from undercut.errors import InputError, TooFewError, one_of
from undercut.inference.arrays import Codes, Floats
from undercut.inference.within import Effects, WithinFit, within_fit

Comparison = Literal["same host and month", "same month"]
Outcome = Literal["log price", "cut"]

_EFFECTS: Final = {
    "same host and month": ["host_month", "age_group", "tenure"],
    "same month": ["age_group", "tenure", "month"],
}
#: Months since a host's own entry into a model are told apart up to here, then by half years up to two years.
_FINE_TENURE: Final = 12


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


@dataclass(frozen=True, slots=True)
class EntryDesign:
    """Incumbents' steps and what they are regressed on, whatever the entries.

    Attributes
    ----------
    rows : DataFrame
        Incumbents' steps.
    y : Series
        The outcome.
    shifts : range
        Months around an entry.
    kind : str
        Of the entries studied.
    effects : Effects
        Of the comparison, to be taken out of the regressors.
    models : Index
        That the rows are about.
    place : ndarray, shape (rows,)
        Where in ``models`` that of each row is.
    clusters : ndarray, shape (rows, 2)
        Codes of model and host.
    """

    rows: pd.DataFrame
    y: pd.Series
    shifts: range
    kind: str
    effects: Effects
    models: pd.Index
    place: Codes
    clusters: Codes

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
    ) -> EntryDesign:
        """The rows of a panel, with options as in `undercut.competition.hosts.entry.entry_effect`."""
        _check(leads, lags, outcome, comparison)
        steps = price_steps(panel, largest=largest)
        rows = _incumbents(steps[~steps["is_own"]] if third_party_only else steps, panel, leads)
        y = rows["step"] if outcome == "log price" else (rows["step"] < -MIN_STEP).astype(float)
        place, models = pd.factorize(rows["model_id"])
        effects = Effects.of(rows[_EFFECTS[comparison]])
        clusters = np.column_stack([place, pd.factorize(rows["host"])[0]])
        return cls(rows, y, range(-leads, lags + 1), kind, effects, pd.Index(models), place, clusters)

    def up_to(self, lags: int) -> EntryDesign:
        """The same rows with another last month after an entry."""
        return replace(self, shifts=range(self.shifts[0], lags + 1))

    def fit(self, entries: pd.DataFrame) -> WithinFit:
        """The steps on the numbers of entries in the months around them."""
        is_kind = entries["kind"].eq(self.kind)
        parts = {"entry": entries[is_kind], "other": entries[~is_kind]}
        counted = np.column_stack([self._counts(part) for part in parts.values()])
        names = [column(name, k) for name in parts for k in self.shifts]
        if not counted[:, names.index("entry_p0")].any():
            raise TooFewError(
                f"No {self.kind} entry has an incumbent in the months around it; choose more months."
            )
        varies = np.ptp(counted, axis=0) > 0
        design = pd.DataFrame(counted[:, varies], columns=np.array(names)[varies])
        return within_fit(self.y, design, self.effects, self.clusters)

    def _counts(self, entries: pd.DataFrame) -> Floats:
        """Entries of rivals around each incumbent's month, shape (rows, shifts)."""
        entered, when_entered = self.models.get_indexer(entries["model_id"]), entries["month"].to_numpy()
        inside = entered >= 0
        months = self.rows["month"].to_numpy()
        seen = np.concatenate([months, when_entered[inside]])
        start = seen.min() - self.shifts[-1]
        grid = np.zeros((len(self.models), seen.max() - start - self.shifts[0] + 1))
        np.add.at(grid, (entered[inside], when_entered[inside] - start), 1.0)
        when = months[:, None] - np.array(self.shifts)  # (rows, shifts)
        told = grid[self.place[:, None], when - start]
        # A host that came later, or at the same time, set its price knowing of the entry.
        return told * (when > self.rows["own_entry"].to_numpy()[:, None])


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


def column(name: str, k: int) -> str:
    """Name of the regressor that counts entries ``k`` months ago."""
    return f"{name}_{'p' if k >= 0 else 'm'}{abs(k)}"


def _check(leads: int, lags: int, outcome: str, comparison: str) -> None:
    if leads < 1 or lags < 0:
        raise InputError(f"leads must be at least 1 and lags at least 0; got {leads} and {lags}.")
    one_of("outcome", outcome, get_args(Outcome))
    one_of("comparison", comparison, get_args(Comparison))
