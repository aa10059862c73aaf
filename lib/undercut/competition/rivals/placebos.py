"""Does the same code find an effect where there is none? Fake dates, fake exposures, fake rivals.

A placebo keeps prices, cuts and ages as they were and replaces the exposure. Its estimates show what chance
and the structure of this market give without an effect, and how large an effect must be to stand out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.rivals.entry_panel import entry_panel_of
from undercut.competition.rivals.exposure import RivalRule, open_rivals, own_closed_offers
from undercut.competition.rivals.price_cuts import with_doses
from undercut.errors import InputError, check_known
from undercut.inference.arrays import Codes
from undercut.inference.detectable import PlaceboResult, placebo_result
from undercut.inference.did.model import staggered_adoption

Kind = Literal["fake dates", "fake exposures"]
#: Months by which the entry of an open model is moved, earlier or later.
SHIFTS: Final = (3, 12)


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
    check_known("kind of placebo", kind, get_args(Kind))
    chosen: dict[str, Any] = {"rule": rule, "group": group, **options}
    rows, rivals = _light(rows), _light(rivals)
    real = estimate(with_doses(rows, rivals, **chosen))
    generator = np.random.default_rng(seed)

    def world() -> pd.DataFrame:
        if kind == "fake dates":
            return with_doses(rows, with_moved_entries(rivals, generator), **chosen)
        faked = with_doses(with_exchanged_scores(rows, generator), rivals, **chosen)
        # The own score stays a control; only the exposure is another model's.
        return faked.assign(eci=rows["eci"].to_numpy())

    return placebo_result(kind, real, (world() for _ in range(draws)), estimate, draws=draws)


def exchanged_scores(
    quotes: pd.DataFrame,
    *,
    reach: float = 4.0,
    group: str = "any",
    lags: int = 6,
    draws: int = 60,
    seed: int = 0,
) -> PlaceboResult:
    """The change of price after an entry, by imputation, when rivals come within reach of the wrong models.

    Closed models exchange their capability scores with others released in the same year.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    reach, group, lags
        As in :func:`undercut.competition.rivals.entry_panel.entry_panel` and
        :func:`undercut.inference.did.model.staggered_adoption`.
    draws, seed : int

    Returns
    -------
    PlaceboResult
        In log points.
    """
    offers, rivals = _light(own_closed_offers(quotes)), _light(open_rivals(quotes))
    closed = quotes[quotes["access"].eq("closed") & quotes["eci"].notna()]
    models = closed.drop_duplicates("model_id")[["model_id", "eci", "release_date"]]
    generator = np.random.default_rng(seed)

    def estimate(own: pd.DataFrame) -> float:
        frame = entry_panel_of(own, rivals, reach=reach, group=group)
        fit = staggered_adoption(frame, method="imputation", leads=1, lags=lags)
        return float(fit.effect()["estimate"])

    worlds = (
        offers.assign(eci=offers["model_id"].map(_exchanged(models, generator)).astype(float))
        for _ in range(draws)
    )
    return placebo_result("fake scores", estimate(offers), worlds, estimate, draws=draws)


def closed_as_rivals(quotes: pd.DataFrame) -> pd.DataFrame:
    """Quotes in which closed models of other developers stand in the place of open rivals.

    An effect of open rivals that closed ones have just as well is one of competition at the frontier, not
    of openness. Models that are open in fact are left out.
    """
    closed = quotes[quotes["access"].eq("closed")]
    found = pd.concat([closed, closed.assign(access="open")], ignore_index=True)
    found.attrs = dict(quotes.attrs)
    return found


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
    return rows.assign(eci=rows["model_id"].map(_exchanged(models, generator)).astype(float))


def _exchanged(models: pd.DataFrame, generator: np.random.Generator) -> dict[str, float]:
    """Another model's score for each model, within years of release."""
    scores = models["eci"].to_numpy(float).copy()
    years = models["release_date"].dt.year.fillna(0).to_numpy()
    for year in np.unique(years):
        scores[years == year] = generator.permutation(scores[years == year])
    return dict(zip(models["model_id"], scores.tolist(), strict=True))


def _light(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without its provenance and with plain strings, which are quicker to take and compare."""
    text = {name: object for name, kind in frame.dtypes.items() if isinstance(kind, pd.StringDtype)}
    found = frame.astype(text)
    found.attrs = {}
    return found
