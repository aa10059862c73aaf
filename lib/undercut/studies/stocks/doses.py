"""Did releases with a stronger dose move a group of shares more? Regressions across releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.inference.detectable import detectable
from undercut.inference.multiple_testing import romano_wolf
from undercut.studies.stocks.release_response import Responses
from undercut.studies.stocks.shown import Shown

#: Releases below which no slope is estimated.
FEWEST: Final = 5


#: What can make a release a stronger dose, and the unit of each.
DOSES: Final[Mapping[str, str]] = {
    "proximity": "points nearer to the best closed model",
    "halvings": "halvings of the price of the cheapest closed model of at least that capability",
}


class Slopes(Shown, page="pages_checks:slopes", value="slope"):
    """Slopes of responses on doses.

    Columns dose, group, n, slope (decimals of return per unit of the dose), se, ci_low, ci_high,
    p_permutation, p_rw (adjusted for all groups of the dose), detectable (smallest slope found with 80%
    probability).
    """

    found: Responses


def dose_slopes(
    found: Responses, *, doses: Sequence[str] = tuple(DOSES), draws: int = 4_999, seed: int = 0
) -> Slopes:
    """Did releases with a stronger dose move a group more? `slopes_of` for the studied releases."""
    return Slopes(slopes_of(found.each, found.tested, doses=doses, draws=draws, seed=seed), found)


def slopes_of(
    each: pd.DataFrame,
    releases: pd.DataFrame,
    *,
    doses: Sequence[str],
    size: bool = False,
    draws: int = 4_999,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Did releases with a stronger dose move a group more? A regression across releases, by group and dose.

    Parameters
    ----------
    each : pandas.DataFrame
        From `Responses.each`: event, group, car.
    releases : pandas.DataFrame
        event and the doses; a release without a dose is left out of that dose's regressions.
    doses : sequence of str
        Numeric columns.
    size : bool
        Regress the absolute response instead: did shares move more, whichever way?
    draws, seed
        Permutations of the doses among the releases.

    Returns
    -------
    pandas.DataFrame
        dose, group, n, slope (decimals of return per unit of the dose), se, ci_low, ci_high, p_permutation,
        p_rw (adjusted for all groups of the dose), detectable (smallest slope found with 80% probability).

    Notes
    -----
    :math:`CAR_e = a + b\,d_e + u_e` by least squares with HC3 errors; interval by t with n - 2 degrees of
    freedom. The p-value permutes the doses among releases and compares the studentised slopes: exact where
    the dose has nothing to do with the response, and approximate where it moves the variance only (DiCiccio
    and Romano 2017). The same permutation serves all groups, so Romano-Wolf knows how they move together.

    References
    ----------
    MacKinnon and White (1985), J. Econometrics 29; DiCiccio and Romano (2017), Robust permutation tests for
    correlation and regression coefficients, J. American Statistical Association 112.

    Raises
    ------
    InputError
        A dose is no column, has too few releases, or hangs on a single one.
    """
    wide = each.pivot_table(index="event", columns="group", values="car").dropna()
    wide = wide[list(dict.fromkeys(each["group"]))]
    parts = []
    for dose in doses:
        if dose not in releases.columns:
            raise InputError(
                f"The releases have no column {dose!r}; doses are numeric columns such as proximity."
            )
        strength = releases.set_index("event")[dose].astype(float).reindex(wide.index).dropna()
        if len(strength) < FEWEST or strength.value_counts().iloc[0] > len(strength) - 2:
            raise InputError(
                f"{len(strength)} studied releases have a {dose}, or too few of them differ in it: a slope "
                f"needs {FEWEST} releases, at least two of which differ from the others."
            )
        outcome = wide.loc[strength.index].to_numpy()
        found = _slopes(strength.to_numpy(), np.abs(outcome) if size else outcome, draws, seed)
        parts.append(found.assign(dose=dose, group=wide.columns, n=len(strength)))
    columns = ["dose", "group", "n", "slope", "se", "ci_low", "ci_high", "p_permutation", "p_rw"]
    return pd.concat(parts, ignore_index=True)[[*columns, "detectable"]]


def _slopes(dose: Floats, outcome: Floats, draws: int, seed: int) -> pd.DataFrame:
    """Slopes of each column of ``outcome`` (n_releases, n_groups) on ``dose`` (n_releases,)."""
    rng = np.random.default_rng(seed)
    shuffled = np.array([rng.permutation(dose) for _ in range(draws)])  # (n_draws, n_releases)
    slope, error = hc3_slopes(dose[None, :], outcome)
    null_slope, null_error = hc3_slopes(shuffled, outcome)
    ratio, null = (slope / error)[0], null_slope / null_error
    freedom = len(dose) - 2
    half = stats.t.ppf(0.975, freedom) * error[0]
    exceeding = (np.abs(null) >= np.abs(ratio) * (1 - 1e-12)).sum(axis=0)
    return pd.DataFrame(
        {
            "slope": slope[0], "se": error[0], "ci_low": slope[0] - half, "ci_high": slope[0] + half,
            "p_permutation": (1 + exceeding) / (1 + draws), "p_rw": romano_wolf(ratio, null),
            "detectable": detectable(error[0], freedom=freedom),
        }
    )  # fmt: skip


def hc3_slopes(dose: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """Slopes and HC3 errors of every outcome on every version of one regressor, with an intercept.

    Parameters
    ----------
    dose : numpy.ndarray
        Shape (n_versions, n).
    outcome : numpy.ndarray
        Shape (n, n_outcomes).

    Returns
    -------
    tuple of numpy.ndarray
        Each of shape (n_versions, n_outcomes).
    """
    centred = dose - dose.mean(axis=1, keepdims=True)
    above = outcome - outcome.mean(axis=0)
    total = (centred**2).sum(axis=1, keepdims=True)
    slope = centred @ above / total
    leverage = 1 / dose.shape[1] + centred**2 / total  # (n_versions, n)
    residual = above[None] - centred[:, :, None] * slope[:, None, :]
    scaled = centred[:, :, None] * residual / (1 - leverage[:, :, None])
    return slope, np.sqrt((scaled**2).sum(axis=1)) / total
