"""Does the headline of report 07 appear where no open rival came? Fake months of entry, fake capability
scores, and closed rivals in the place of open ones, through the same code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.rivals.entry_panel import entry_panel
from undercut.competition.rivals.placebos import PlaceboResult, with_exchanged_scores
from undercut.errors import DataError, unknown
from undercut.inference.detectable import MIN_PLACEBOS, detectable_from_placebos, placebo_p_value
from undercut.inference.did.data import adoption_panel
from undercut.inference.did.randomisation import redraw_dates
from undercut.inference.did.results import AdoptionFit
from undercut.studies.entry.estimates import fit_entry

Kind = Literal["fake dates", "fake scores"]


def entry_placebos(
    quotes: pd.DataFrame,
    *,
    kind: Kind,
    reach: float = 4.0,
    group: str = "any",
    lags: int = 6,
    draws: int = 100,
    seed: int = 0,
) -> PlaceboResult:
    """The headline estimate at fake dates or with fake scores, by the same code.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    kind : {"fake dates", "fake scores"}
        Redraw the months of entry, all sets of months equally likely, models of one month staying together;
        or let closed models exchange capability scores with others released in the same year, so that
        rivals come within reach of the wrong models.
    reach, group, lags
        Of the headline.
    draws, seed : int

    Returns
    -------
    PlaceboResult
        In log points.

    Raises
    ------
    DataError
        More than half of the draws gave no estimate.
    UnknownNameError
        An unknown kind.
    """
    if kind not in get_args(Kind):
        raise unknown("kind of placebo", kind, get_args(Kind))
    frame = entry_panel(quotes, reach=reach, group=group)
    estimate = _mean_effect(frame, lags)
    fakes = (
        _moved_dates(frame, draws, seed)
        if kind == "fake dates"
        else _exchanged(quotes, reach, group, draws, seed)
    )
    found: list[float] = []
    for fake in fakes:
        try:
            found.append(_mean_effect(fake, lags))
        except DataError:
            continue  # counted as failed below
    if len(found) < max(draws / 2, MIN_PLACEBOS):
        raise DataError(
            f"Only {len(found)} of {draws} placebos of kind {kind} gave an estimate; draw others."
        )
    placebos = np.array(found)
    centre = float(np.median(placebos))
    around = placebos - centre
    return PlaceboResult(
        kind, estimate, placebos, draws - len(found), placebo_p_value(estimate - centre, around), centre,
        detectable_from_placebos(around),
    )  # fmt: skip


def wider_interval(fit: AdoptionFit, placebo: PlaceboResult) -> tuple[float, float]:
    """The wider of two intervals of the overall effect on either side: by developer, and by placebo.

    With a handful of developers errors by developer can be far too small, and redrawn dates ask nothing of
    their number. The interval by placebo holds the effects that, taken off the estimate, leave it within the
    middle of the placebos around their median.
    """
    found = fit.effect()
    tail = (1 - fit.level) / 2
    low, high = np.quantile(placebo.placebos - placebo.centre, [tail, 1 - tail])
    ends = (found["ci_low"], found["ci_high"])
    return min(ends[0], found["estimate"] - high), max(ends[1], found["estimate"] - low)


def closed_as_rivals(quotes: pd.DataFrame) -> pd.DataFrame:
    """Quotes in which closed models of other developers stand in the place of open rivals.

    An effect of open rivals that closed ones have just as well is one of competition at the frontier, not
    of openness. Models that are open in fact are left out.
    """
    closed = quotes[quotes["access"].eq("closed")]
    found = pd.concat([closed, closed.assign(access="open")], ignore_index=True)
    found.attrs = dict(quotes.attrs)
    return found


def _mean_effect(frame: pd.DataFrame, lags: int) -> float:
    return float(fit_entry(frame, "imputation", 1, lags).effect()["estimate"])


def _moved_dates(frame: pd.DataFrame, draws: int, seed: int) -> Iterator[pd.DataFrame]:
    panel = adoption_panel(
        frame, unit="unit", period="period", outcome="outcome", first_treated="first_treated",
        cluster="cluster", weights=None, covariates=(),
    )  # fmt: skip
    rows = panel.rows
    real = np.sort(rows["first_treated"].dropna().unique()).astype(np.int64)
    window = (int(rows["period"].min()) + 1, int(rows["period"].max()))
    redrawn = redraw_dates(real, window=window, draws=draws, seed=seed)
    kept = rows.drop(columns=["event_time", "weight"])
    for dates in redrawn:
        moved = dict(zip(real, dates, strict=True))
        yield kept.assign(first_treated=kept["first_treated"].map(moved))


def _exchanged(
    quotes: pd.DataFrame, reach: float, group: str, draws: int, seed: int
) -> Iterator[pd.DataFrame]:
    generator = np.random.default_rng(seed)
    closed = quotes["access"].eq("closed")
    for _ in range(draws):
        scores = with_exchanged_scores(quotes[closed], generator)["eci"]
        faked = quotes.assign(eci=scores.reindex(quotes.index).where(closed, quotes["eci"]))
        yield entry_panel(faked, reach=reach, group=group)
