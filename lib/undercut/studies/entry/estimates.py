"""What happened to the price of a closed model when an open rival came within reach: by every estimator,
under other choices, and without releases that cannot be told apart?

The estimators themselves are next door; this file lays them side by side in percent for report 07.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.rivals.entry_panel import entry_panel
from undercut.competition.rivals.openness import openness
from undercut.competition.rivals.price_cuts import UNSETTLED, real_changes
from undercut.competition.rivals.releases import CLUSTER_DAYS
from undercut.errors import DataError, UndercutError
from undercut.inference.did.data import as_number
from undercut.inference.did.honest_bounds import honest_bounds_of
from undercut.inference.did.model import Method, staggered
from undercut.inference.did.results import AdoptionFit
from undercut.inference.specifications import SpecificationCurve, run_specifications, specification_curve
from undercut.prices.changes import MIN_CHANGE
from undercut.prices.hedonic.characteristics import with_characteristics
from undercut.prices.hedonic.time_dummy import hedonic_index

#: Estimators in the order in which a reader should see them; the first is the headline.
METHODS: Final[Mapping[Method, str]] = {
    "imputation": "Imputation",
    "callaway_santanna": "Callaway-Sant'Anna",
    "sun_abraham": "Sun-Abraham",
    "stacked": "Stacked",
    "two_way_fixed_effects": "Two-way fixed effects",
}
#: Choices about the headline, each with its options; the first of each is the headline.
ENTRY_CHOICES: Final[Mapping[str, Sequence[Any]]] = {
    "method": tuple(METHODS),
    "rivals": ("any", "CN", "other"),
    "reach": (4.0, 2.0, 3.0, 5.0),
    "months after": (6, 12),
    "prices": ("settled", "as listed"),
}


def entry_fits(
    frame: pd.DataFrame, *, leads: int = 3, lags: int = 6, methods: Sequence[Method] = tuple(METHODS)
) -> tuple[dict[str, AdoptionFit], dict[str, str]]:
    """Fit every estimator of staggered adoption that the frame supports.

    Parameters
    ----------
    frame : DataFrame
        From :func:`undercut.competition.rivals.entry_panel.entry_panel`.
    leads, lags, methods
        As in :func:`undercut.inference.did.model.staggered`. An estimator whose leads cannot be told apart
        is fitted with fewer of them; its fit shows how many.

    Returns
    -------
    fits : dict of method to AdoptionFit
    reasons : dict of method to str
        Why the others gave none.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> names = ["unit", "period"]
    >>> rows = pd.MultiIndex.from_product([range(40), range(16)], names=names).to_frame(index=False)
    >>> rows["cluster"] = rows["unit"] // 2
    >>> rows["first_treated"] = (rows["unit"] // 2 % 4).map({0: 6.0, 1: 9.0, 2: 11.0})
    >>> rows["outcome"] = 0.1 * rng.normal(size=640) - 0.5 * (rows["period"] >= rows["first_treated"])
    >>> fits, reasons = entry_fits(rows, leads=2, lags=2)
    >>> len(fits), reasons, all(abs(fit.effect()["estimate"] + 0.5) < 0.1 for fit in fits.values())
    (5, {}, True)
    """
    fits: dict[str, AdoptionFit] = {}
    reasons: dict[str, str] = {}
    for method in methods:
        for count in range(leads, 0, -1):
            try:
                fits[method] = fit_entry(frame, method, count, lags)
                break
            except UndercutError as error:
                reasons[method] = str(error)
    return fits, {method: reason for method, reason in reasons.items() if method not in fits}


def fits_in_percent(fits: Mapping[str, AdoptionFit], *, draws: int = 999, seed: int = 0) -> pd.DataFrame:
    """Overall effects in percent of the price, with what each could have found.

    Returns
    -------
    DataFrame
        One row a method: ``method, term`` (its name), ``estimate, low, high`` (t, by developer),
        ``wild_low, wild_high, wild_p`` (wild cluster bootstrap, where the estimator is one regression),
        ``detectable_fall`` (smallest fall found with 80% power, percent, positive), ``models`` (treated),
        ``developers``, ``pre_trend_p`` and ``hidden_trend`` (what a trend that the leads miss in one of five
        samples adds, percent; missing where they cannot be tested).
    """
    rows = []
    for method, fit in fits.items():
        found = fit.effect()
        row: dict[str, Any] = {"method": method, "term": METHODS.get(method, method)}  # type: ignore[call-overload]
        row |= {"estimate": found["estimate"], "low": found["ci_low"], "high": found["ci_high"]}
        row |= {"wild_low": np.nan, "wild_high": np.nan, "wild_p": np.nan, "detectable_fall": np.nan}
        with suppress(UndercutError):  # not one regression, or no spread between developers
            wild = fit.wild_bootstrap(draws=draws, weights="webb", seed=seed)
            row |= {"wild_low": wild.ci_low, "wild_high": wild.ci_high, "wild_p": wild.p_value}
        if np.isfinite(found["std_error"]):
            row["detectable_fall"] = fit.smallest_detectable().effect
        rows.append(row | {"models": fit.n_treated, "developers": fit.n_clusters} | _leads(fit))
    if not rows:
        raise DataError("No estimator gave a fit; entry_fits says why. Choose another reach or group.")
    table = pd.DataFrame(rows)
    signed = ["estimate", "low", "high", "wild_low", "wild_high", "hidden_trend"]
    table[signed] = 100 * np.expm1(table[signed].astype(float))
    table["detectable_fall"] = -100 * np.expm1(-table["detectable_fall"].astype(float))
    return table


def honest_table(
    fits: Mapping[str, AdoptionFit], *, magnitudes: Sequence[float] = (0.0, 0.5, 1.0, 2.0)
) -> pd.DataFrame:
    """Intervals of the overall effect, percent, when trends part after entry by M times their largest step
    before it.

    Returns
    -------
    DataFrame
        ``term, magnitude, low, high``; estimators whose leads and lags have different references are left
        out, and those of which the leads leave no spread have ``why_not``.
    """
    parts = []
    for method, fit in fits.items():
        if method == "imputation":
            continue
        name = METHODS.get(method, method)  # type: ignore[call-overload]
        try:
            found = _honest(fit, magnitudes)
        except UndercutError as error:
            found = pd.DataFrame({"magnitude": [np.nan], "ci_low": np.nan, "ci_high": np.nan})
            found["why_not"] = str(error)
        parts.append(found.assign(term=name))
    table = pd.concat(parts, ignore_index=True).rename(columns={"ci_low": "low", "ci_high": "high"})
    table[["low", "high"]] = 100 * np.expm1(table[["low", "high"]].astype(float))
    return table[["term", "magnitude", "low", "high", "why_not"]]


def _honest(fit: AdoptionFit, magnitudes: Sequence[float]) -> pd.DataFrame:
    values = np.linalg.eigvalsh(fit.covariance)
    if not np.isfinite(fit.effect()["std_error"]) or values[0] < -1e-9 * values[-1]:
        raise DataError("Too few developers: their spread does not make a covariance of leads and lags.")
    return honest_bounds_of(fit, magnitudes=magnitudes).table().assign(why_not="")


def settled_quotes(quotes: pd.DataFrame) -> pd.DataFrame:
    """Quotes in which closed models at their developers change price by real changes only.

    A price listed wrongly at launch becomes the corrected one, one that is undone soon after never was, and a
    change across months without a listing was not observed: the rules of
    :func:`undercut.competition.rivals.price_cuts.real_changes`, which the hazard of cuts follows too.

    Returns
    -------
    DataFrame
        ``quotes`` with other prices; ``attrs["settled"]``: how many prices differ from those listed.
    """
    changes = real_changes(quotes)
    steps = changes[changes["correction"].eq("")].set_index(["product", "period"])["log_change"]
    at_launch = changes[changes["correction"].eq(UNSETTLED)].groupby("product")["log_change"].first()
    own = quotes[quotes["host_kind"].eq("developer") & quotes["access"].eq("closed")].sort_values("period")
    product = own["product"]
    first = np.log(own["price"]).groupby(product).transform("first")
    first += product.map(at_launch).astype(float).fillna(0.0)
    step = pd.MultiIndex.from_frame(own[["product", "period"]]).map(steps)
    moved = pd.Series(step, index=own.index, dtype=float).fillna(0.0).groupby(product).cumsum()
    settled = np.exp(first + moved).reindex(quotes.index).fillna(quotes["price"])
    found = quotes.assign(price=settled)
    differs = np.abs(np.log(settled / quotes["price"])) > np.log1p(MIN_CHANGE)
    found.attrs = dict(quotes.attrs) | {"settled": int(differs.sum())}
    return found


def entries_apart(
    frame: pd.DataFrame, releases: pd.DataFrame, *, reach: float = 4.0, days: int = CLUSTER_DAYS
) -> pd.DataFrame:
    """The panel of entries without those that came within two weeks of another open release.

    Parameters
    ----------
    frame : DataFrame
        From :func:`undercut.competition.rivals.entry_panel.entry_panel`.
    releases : DataFrame
        From :func:`undercut.competition.rivals.releases.first_offers`: ``developer, origin, eci, day``.
        Releases of one day are one.
    reach : float
        As in the panel; the entrant is the first release within reach by another developer.
    days : int

    Returns
    -------
    DataFrame
        ``frame`` with the models of crowded entries kept up to their entry, as models not yet entered.
        ``attrs["crowded"]``: how many models those are.
    """
    crowded_day = _crowded(releases["day"], days)
    units = frame.drop_duplicates("unit").dropna(subset=["first_treated"]).set_index("unit")
    crowded = set()
    for unit, row in units.iterrows():
        able = releases["eci"].ge(row["capability"] - reach - 1e-9) & releases["developer"].ne(row["cluster"])
        first = releases.loc[able, "day"].min()
        if pd.notna(first) and crowded_day[first]:
            crowded.add(unit)
    is_crowded = frame["unit"].isin(crowded)
    kept = frame[~is_crowded | (frame["period"] < frame["first_treated"])].copy()
    kept["first_treated"] = kept["first_treated"].mask(kept["unit"].isin(crowded))
    kept.attrs = dict(frame.attrs) | {"crowded": len(crowded)}
    return kept.reset_index(drop=True)


def launches_apart(rows: pd.DataFrame, releases: pd.DataFrame, *, days: int = CLUSTER_DAYS) -> pd.DataFrame:
    """Launches of closed models that did not come within two weeks of an open release."""
    moments = np.sort(releases["day"].dropna().unique())
    wanted = rows["release_date"].to_numpy()
    if not len(moments):
        return rows
    place = np.searchsorted(moments, wanted)
    before = wanted - moments[np.clip(place - 1, 0, None)]
    after = moments[np.clip(place, None, len(moments) - 1)] - wanted
    near = np.minimum(np.abs(before), np.abs(after)) < np.timedelta64(days, "D")
    return rows[~near]


def prices_after_entry(frame: pd.DataFrame, *, lags: int = 6) -> pd.DataFrame:
    """What each model with an entry cost before and how much it changed, no comparison and no estimator.

    Returns
    -------
    DataFrame
        One row a model seen in the month before entry and after: ``unit, cluster, entry`` (month),
        ``change`` (log, from the month before entry to its last observation within ``lags`` months after).
    """
    month, entry = as_number(frame["period"]), as_number(frame["first_treated"])
    rows = frame.assign(since=month - entry)
    before = rows[rows["since"].eq(-1)].set_index("unit")
    later = rows[rows["since"].between(0, lags)].sort_values("since").drop_duplicates("unit", keep="last")
    both = before.join(later.set_index("unit")[["outcome"]], rsuffix="_after", how="inner")
    found = both.assign(change=both["outcome_after"] - both["outcome"], entry=both["first_treated"])
    return found.reset_index()[["unit", "cluster", "entry", "change"]]


def frontier_and_index(quotes: pd.DataFrame) -> pd.DataFrame:
    """Monthly log of the quality-adjusted price of closed models and rises of the open frontier.

    Returns
    -------
    DataFrame
        ``period, log_index`` (hedonic index of the developers' own closed offers, capability held fixed,
        developer effects), ``shock`` (points by which the best open model on sale so far rose), in order,
        months without an index left out at the ends.

    Raises
    ------
    DataError
        As in `hedonic_index` and `openness`.
    """
    own = quotes["host_kind"].eq("developer") & quotes["access"].eq("closed")
    index = hedonic_index(with_characteristics(quotes[own])).index["index"]
    frontier = openness(quotes).periods.set_index("period")["open_frontier"].cummax()
    found = pd.DataFrame({"log_index": np.log(index), "shock": frontier.diff()}).dropna()
    return found.rename_axis("period").reset_index()


def entry_specifications(
    quotes: pd.DataFrame,
    *,
    choices: Mapping[str, Sequence[Any]] = ENTRY_CHOICES,
    headline: Mapping[str, Any] | None = None,
) -> SpecificationCurve:
    """The change of price after entry under every combination of choices, in percent.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`, as listed.
    choices : mapping of choice to options
        All of :data:`ENTRY_CHOICES`.
    headline : mapping, optional
        The specification to mark; default: the first option of each choice.

    Returns
    -------
    SpecificationCurve
        With t intervals by developer; combinations without an estimate keep their reason.
    """
    markets = {"settled": settled_quotes(quotes), "as listed": quotes}

    @cache
    def rows(prices: str, rivals: str, reach: float) -> pd.DataFrame:
        return entry_panel(markets[prices], reach=reach, group=rivals)

    def estimate(
        *, method: Method, rivals: str, reach: float, months_after: int, prices: str
    ) -> dict[str, Any]:
        fit = fit_entry(rows(prices, rivals, reach), method, 1, months_after)
        found = fit.effect()
        if not np.isfinite(found["std_error"]):
            raise DataError("The developers leave no spread around the estimate, so that it has no interval.")
        ends = {"estimate": "estimate", "low": "ci_low", "high": "ci_high"}
        percent = {name: 100 * float(np.expm1(found[column])) for name, column in ends.items()}
        return percent | {"models": fit.n_treated, "developers": fit.n_clusters}

    keyed = {choice.replace(" ", "_"): options for choice, options in choices.items()}
    results = run_specifications(estimate, keyed).rename(columns={"months_after": "months after"})
    marked = headline or {choice: options[0] for choice, options in choices.items()}
    return specification_curve(results, list(choices), headline=marked, unit="% of the price")


@contextmanager
def without_chatter() -> Iterator[None]:
    """Without the warnings of packages below the estimators, whose fits say in notes what was left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)
        warnings.simplefilter("ignore", category=FutureWarning)
        warnings.simplefilter("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="invalid value encountered", category=RuntimeWarning)
        yield


def fit_entry(frame: pd.DataFrame, method: Method, leads: int, lags: int) -> AdoptionFit:
    """:func:`undercut.inference.did.model.staggered` without the chatter of the packages below it."""
    with without_chatter():
        return staggered(frame, method=method, leads=leads, lags=lags)


def _leads(fit: AdoptionFit) -> dict[str, float]:
    """The joint test of the leads and the trend that it would miss, where the leads can be tested."""
    unknown_leads = {"pre_trend_p": np.nan, "hidden_trend": np.nan}
    before = fit.effects.index.to_numpy() < 0
    spread = np.linalg.eigvalsh(fit.covariance[np.ix_(before, before)])
    # With few clusters an estimated covariance need not be one; a joint test is not defined then.
    if not spread.size or spread[0] <= 1e-9 * spread[-1]:
        return unknown_leads
    try:
        test = fit.pre_trend()
    except UndercutError:
        return unknown_leads
    return {"pre_trend_p": test.p_value, "hidden_trend": abs(test.bias_80)}


def _crowded(moments: pd.Series, days: int) -> pd.Series:
    """Whether each day of a release lies within some days of another one, indexed by day."""
    distinct = pd.Series(np.sort(moments.dropna().unique()))
    gaps = distinct.diff().dt.days
    nearest = np.fmin(gaps, gaps.shift(-1))
    return (nearest < days).set_axis(pd.DatetimeIndex(distinct))
