"""Does the same code find an effect where there is none? Fake dates, fake exposures, fake rivals.

A placebo keeps prices, cuts and ages as they were and replaces the exposure. Its estimates show what chance
and the structure of this market give without an effect, and how large an effect must be to stand out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.rivals.exposure import RivalRule
from undercut.competition.rivals.price_cuts import with_doses
from undercut.errors import DataError, InputError, unknown
from undercut.inference.arrays import Codes, Floats
from undercut.inference.detectable import (
    MIN_PLACEBOS,
    DetectableEffect,
    detectable_from_placebos,
    placebo_p_value,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Kind = Literal["fake dates", "fake exposures"]
#: Months by which the entry of an open model is moved, earlier or later.
SHIFTS: Final = (3, 12)


@dataclass(frozen=True, slots=True)
class PlaceboResult:
    """Estimates under fake exposure beside the real one.

    Attributes
    ----------
    kind : str
    estimate : float
        With the real exposure.
    placebos : numpy.ndarray
        Shape (draws,); failed draws left out.
    failed : int
        Draws in which no finite estimate existed.
    p_value : float
        Share of placebos at least as far from their own median as the estimate is.
    centre : float
        Median of the placebos: what the structure of the market alone gives.
    detectable : DetectableEffect
        From the placebos around their median.
    """

    kind: str
    estimate: float
    placebos: Floats
    failed: int
    p_value: float
    centre: float
    detectable: DetectableEffect

    def table(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame(
            [
                {
                    "placebo": self.kind, "estimate": self.estimate, "centre": self.centre,
                    "low": float(np.quantile(self.placebos, 0.025)),
                    "high": float(np.quantile(self.placebos, 0.975)),
                    "p_value": self.p_value, "detectable_rise": self.detectable.rise,
                    "detectable_fall": self.detectable.fall, "draws": len(self.placebos),
                    "failed": self.failed,
                }
            ]
        )  # fmt: skip

    def summary(self) -> str:
        """The comparison in two sentences."""
        row = self.table().iloc[0]
        return (
            f"{self.kind.capitalize()}: the estimate is {self.estimate:.3g}; 95% of {len(self.placebos)} "
            f"placebos lie between {row['low']:.3g} and {row['high']:.3g} (median {self.centre:.3g}; "
            f"{self.failed} failed), p = {self.p_value:.2g}. {self.detectable.summary()}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the distribution of the placebos and the estimate."""
        from undercut.competition.rivals.charts import placebo_distribution

        return placebo_distribution(self.placebos, self.estimate, ax=ax)


def placebo_test(
    rows: pd.DataFrame,
    rivals: pd.DataFrame,
    estimate: Callable[[pd.DataFrame], float],
    *,
    kind: Kind,
    draws: int = 200,
    seed: int = 0,
    rule: RivalRule | None = None,
    group: str = "any",
    **options: Any,
) -> PlaceboResult:
    """Estimate the effect of exposure that is fake by construction.

    Parameters
    ----------
    rows : DataFrame
        Offers at risk or launches, without or with doses.
    rivals : DataFrame
        From :func:`undercut.competition.rivals.exposure.open_rivals`.
    estimate : callable
        From rows with doses to one coefficient, such as
        ``lambda rows: hazard_coefficient(rows, dose="closeness")``.
    kind : {"fake dates", "fake exposures"}
        Move the entry of every open model by 3 to 12 months, earlier or later, each on its own; or give each
        closed model the exposure of another one released in the same year, by exchanging scores for the
        reckoning of exposure only.
    draws, seed
    rule, group, **options
        As in :func:`undercut.competition.rivals.price_cuts.with_doses`.

    Returns
    -------
    PlaceboResult

    Raises
    ------
    DataError
        More than half of the draws gave no finite estimate.
    InputError
        Fewer than twenty draws.

    Notes
    -----
    Fake dates keep which models came and how capable they are, so they leave the trend of the frontier: the
    median of the placebos need not be zero, and the estimate is compared with it. Fake exposures break the
    tie to the own capability too, which correlates with exposure by construction.

    References
    ----------
    Fisher, R. A. (1935). The Design of Experiments. Abadie, A., Diamond, A. and Hainmueller, J. (2010).
    Synthetic control methods for comparative case studies. JASA 105, 493-505.
    """
    if kind not in get_args(Kind):
        raise unknown("kind of placebo", kind, get_args(Kind))
    if draws < MIN_PLACEBOS:
        raise InputError(f"draws must be at least {MIN_PLACEBOS}; got {draws}.")
    chosen: dict[str, Any] = {"rule": rule, "group": group, **options}
    real = estimate(with_doses(rows, rivals, **chosen))
    generator = np.random.default_rng(seed)
    found: list[float] = []
    reason = ""
    for _ in range(draws):
        try:
            found.append(estimate(_faked(rows, rivals, kind, generator, chosen)))
        except DataError as error:
            reason = str(error)
    if len(found) < max(draws / 2, MIN_PLACEBOS):
        raise DataError(f"Only {len(found)} of {draws} placebos gave an estimate; the last failed: {reason}")
    placebos = np.array(found)
    centre = float(np.median(placebos))
    around = placebos - centre
    return PlaceboResult(
        kind, real, placebos, draws - len(found), placebo_p_value(real - centre, around), centre,
        detectable_from_placebos(around),
    )  # fmt: skip


def with_moved_entries(
    rivals: pd.DataFrame, generator: np.random.Generator, *, shifts: tuple[int, int] = SHIFTS
) -> pd.DataFrame:
    """Open models as if each had entered some observation days earlier or later.

    The whole path of a model moves. One that is on sale on the first day was so before, and one on the last
    day still is: its first and last prices are carried on, so that no rival vanishes at the edges.
    """
    low, high = shifts
    if not 0 < low <= high:
        raise InputError(f"shifts must be two positive numbers of months in order; got {shifts}.")
    days, place = np.unique(rivals["observed_on"].to_numpy(), return_inverse=True)
    models, which = np.unique(rivals["model_id"].to_numpy(str), return_inverse=True)
    row_at = np.full((len(days), len(models)), -1)  # (days, models) row of the rival, -1 where not on sale
    row_at[place, which] = np.arange(len(rivals))
    steps = generator.integers(low, high + 1, len(models)) * generator.choice([-1, 1], len(models))
    source: Codes = np.clip(np.arange(len(days))[:, None] - steps, 0, len(days) - 1)
    taken = row_at[source, np.arange(len(models))]
    day, _ = np.nonzero(taken >= 0)
    return rivals.iloc[taken[taken >= 0]].assign(observed_on=days[day]).reset_index(drop=True)


def with_exchanged_scores(rows: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Rows whose models exchange their capability scores with models released in the same year."""
    models = rows[rows["eci"].notna()].drop_duplicates("model_id")[["model_id", "eci", "release_date"]]
    exchanged = models["eci"].copy()
    for _, cohort in models.groupby(models["release_date"].dt.year.fillna(0)):
        exchanged[cohort.index] = generator.permutation(cohort["eci"].to_numpy())
    other = dict(zip(models["model_id"], exchanged, strict=True))
    return rows.assign(eci=rows["model_id"].map(other).astype(float))


def _faked(
    rows: pd.DataFrame,
    rivals: pd.DataFrame,
    kind: str,
    generator: np.random.Generator,
    chosen: dict[str, Any],
) -> pd.DataFrame:
    if kind == "fake dates":
        return with_doses(rows, with_moved_entries(rivals, generator), **chosen)
    faked = with_doses(with_exchanged_scores(rows, generator), rivals, **chosen)
    # The own score stays a control; only the exposure is another model's.
    return faked.assign(eci=rows["eci"].to_numpy())
