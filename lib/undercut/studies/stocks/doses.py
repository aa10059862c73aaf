"""Did releases with a stronger dose move a group of shares more, and did responses shrink with time?

Regressions across releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from undercut.errors import InputError
from undercut.inference.arrays import Floats
from undercut.inference.detectable import detectable
from undercut.inference.multiple_testing import romano_wolf
from undercut.studies.framed import Shown
from undercut.studies.presentation import Figure, Part, Sentence
from undercut.studies.stocks import charts
from undercut.studies.stocks.charts import InPercent, intervals
from undercut.studies.stocks.release_response import Responses
from undercut.studies.stocks.words import count, count_of, key_of, move, named, percent, points, told, when

#: Releases below which no slope is estimated.
FEWEST: Final = 5
#: What can make a release a stronger dose, and the unit of each.
DOSES: Final[Mapping[str, str]] = {
    "proximity": "points nearer to the best closed model",
    "halvings": "halvings of the price of the cheapest closed model of at least that capability",
}
#: The session on which the market took notice of an open model.
NOTICED: Final = pd.Timestamp("2025-01-27")
_AXES = {
    "proximity": "capability less that of the best closed model, points",
    "halvings": "halvings below the cheapest equal closed model",
}
_UNITS = {"proximity": "a point nearer", "halvings": "a halving cheaper"}


def dose_slopes(
    found: Responses, *, doses: Sequence[str] = tuple(DOSES), draws: int = 4_999, seed: int = 0
) -> Shown:
    """Did releases with a stronger dose move a group more? `slopes_of` for the studied releases."""
    rows = slopes_of(found.each, found.tested, doses=doses, draws=draws, seed=seed)
    return InPercent(rows, partial(_dose_slopes, found=found), value="slope")


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


def _differ(size: int, total: int, what: str) -> str:
    """A count of what differs, as the start of a sentence."""
    return f"{count_of(size)} of {total} {what} {'differs' if size < 2 else 'differ'} from zero"


def _dose_slopes(rows: pd.DataFrame, found: Responses) -> Iterator[Part]:
    """Did a stronger dose move a group more?"""
    for row in rows.to_dict("records"):
        yield move(
            f"slope.{row['dose']}.{key_of(row['group'])}",
            f"Change of the response of {named(row['group'])} per unit of {row['dose']}", row, value="slope",
            unit="percentage points", n=row["n"], role="robustness",
            method=f"least squares across releases, HC3; a unit is one of {DOSES[row['dose']]}",
            note=f"permutation of doses p = {row['p_permutation']:.3f}, Romano-Wolf {row['p_rw']:.3f}; "
            f"smallest slope found with 80% probability {100 * row['detectable']:.1f}",
        )  # fmt: skip
    steep, group = int((rows["p_rw"] < 0.05).sum()), rows["group"].iloc[0]
    own = rows[rows["group"] == group]
    said = "; ".join(
        f"{told(own[own['dose'] == row.dose], 'dose', 'slope', chance='p_permutation')} over {row.n} "
        f"releases, where {percent(row.detectable)} would have been found"
        for row in own.itertuples(index=False)
    )
    yield Sentence(
        f"{_differ(steep, len(rows), 'slopes')} within each dose, with a 5% chance of any false "
        f"find. For {named(group)}, per unit of dose: {said}."
    )
    columns = ["event", "date", "proximity", "halvings", "price", "rival", "rival_price", "price_note"]
    yield Figure(
        "response_by_dose",
        lambda: charts.response_by_dose(
            found.each, found.tested, _AXES, group=group, source=found.source,
            finding="Whether nearer or cheaper models moved shares more: "
            f"{steep or 'none'} of {len(rows)} slopes can be told from zero",
            measure=f"Abnormal return of {named(group)}, {when(found.window)}, 95% intervals; blue: US, "
            "orange: Chinese, green: other developers",
        ),
        f"Two scatters of responses against doses. {said}", found.tested[columns],
    )  # fmt: skip
    yield _rows_figure(
        "slopes", rows.assign(section=rows["dose"].map(_UNITS)), rows, _differ(steep, len(rows), "slopes"),
        "Change of the response for one more unit, percentage points of return; 95% intervals",
        f"Slopes with intervals by dose and group: {points(rows, 'dose', 'group', value='slope')}", found,
    )  # fmt: skip


def _rows_figure(
    name: str, shown: pd.DataFrame, data: pd.DataFrame, finding: str, measure: str, alt: str, found: Responses
) -> Figure:
    """Slopes in sections."""
    return intervals(
        name, shown, data, alt, label="group", value="slope", section="section", source=found.source,
        finding=finding, measure=measure,
    )  # fmt: skip


def trend(found: Responses, *, draws: int = 4_999, seed: int = 0) -> Shown:
    """Did responses grow or shrink: by the year, and after the market took notice in January 2025?

    Columns measure (``response`` with its sign, or ``size``), comparison (``a year`` or ``after less
    before``), group, n, slope, se, ci_low, ci_high, p_permutation, p_rw, detectable, why. A comparison that
    cannot be made has one row that says why.

    Parameters
    ----------
    found : Responses
        The responses.
    draws, seed
        Permutations of the dates among the releases.
    """
    days = found.tested["date"]
    dated = found.tested[["event", "date"]].assign(
        year=(days - NOTICED).dt.days / 365.25, after=(days >= NOTICED).astype(float)
    )
    parts = []
    comparisons = {"a year": "year", "after less before": "after"}
    for measure, (comparison, dose) in product(("response", "size"), comparisons.items()):
        size, why = measure == "size", ""
        try:
            slopes = slopes_of(found.each, dated, doses=[dose], size=size, draws=draws, seed=seed)
        except InputError as reason:
            slopes, why = pd.DataFrame([{"dose": dose}]), str(reason)
        parts.append(slopes.assign(measure=measure, comparison=comparison, why=why))
    columns = ["measure", "comparison", "group", "n", "slope", "se", "ci_low", "ci_high", "p_permutation"]
    rows = pd.concat(parts, ignore_index=True).reindex(columns=[*columns, "p_rw", "detectable", "why"])
    return InPercent(rows, partial(_trend, found=found), value="slope")


def _trend(rows: pd.DataFrame, found: Responses) -> Iterator[Part]:
    """Did responses shrink?"""
    made, impossible = rows[rows["why"] == ""], rows[rows["why"] != ""]
    if len(made):
        yield from _trend_made(rows, made, found)
    clear = made[made["p_rw"] < 0.05]
    yield count(
        "trend.distinct", "Changes over time that can be told from zero", len(clear), "comparisons",
        n=len(made), method="permutation, Romano-Wolf at 5% within each comparison",
    )  # fmt: skip
    for row in impossible.itertuples(index=False):
        yield Sentence(f"Not testable, {row.measure}, {row.comparison}: {row.why}")


def _trend_made(rows: pd.DataFrame, made: pd.DataFrame, found: Responses) -> Iterator[Part]:
    first, clear = made["group"].iloc[0], made[made["p_rw"] < 0.05]
    for row in made[made["group"] == first].to_dict("records"):
        yield move(
            f"trend.{row['measure']}.{row['comparison'].replace(' ', '_')}.{key_of(first)}",
            f"Change of the {row['measure']}, {named(first)}, {row['comparison']}", row, value="slope",
            unit="percentage points", n=row["n"], method="least squares across releases, HC3",
            note=f"permutation p = {row['p_permutation']:.3f}, Romano-Wolf {row['p_rw']:.3f}",
            role="robustness",
        )  # fmt: skip
    finding = _differ(len(clear), len(made), "changes over time")
    what = clear["measure"] + " of " + clear["group"].map(named) + ", " + clear["comparison"] + ","
    listed = told(clear.assign(what=what), "what", "slope", chance="p_permutation", least="")
    yield Sentence(
        f"{finding} within each comparison, with a 5% chance of any false find{': ' * bool(listed)}{listed}."
    )
    later = made["comparison"].replace("after less before", "later minus earlier")
    shown = made.assign(section=made["measure"] + ", " + later)
    yield _rows_figure(
        "change_over_time", shown, rows, finding,
        "Change of the response and of its size, percentage points of return: a year, and since January 2025 "
        "against before; 95% intervals",
        f"Changes with intervals: {points(shown, 'section', 'group', value='slope')}", found,
    )  # fmt: skip
