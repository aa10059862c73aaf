"""What do hazards, launch prices and the dose design of report 07 say, one row an estimate?

An estimate that the data cannot give keeps its row, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from undercut.competition.rivals.exposure import RivalRule, exposure, open_rivals, own_closed_offers
from undercut.competition.rivals.hazard import event_hazard
from undercut.competition.rivals.launch_prices import launch_price_effect
from undercut.errors import UndercutError
from undercut.inference.did.stacked_dose import stacked_dose
from undercut.inference.specifications import run_specifications
from undercut.studies.entry.estimates import without_chatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from undercut.competition.rivals.placebos import PlaceboResult
    from undercut.inference.did.results import AdoptionFit

#: Column of a table of results -> column of its estimates in logs.
_PERCENT = {"estimate": "estimate", "low": "low", "high": "high"}
#: Percent beyond which an end of an interval is as good as none.
BEYOND: Final = 1000.0


def direction(
    low: float, high: float, *, below: str = "fell", above: str = "rose", neither: str = "neither"
) -> str:
    """The words for an interval below zero, above it, or around it.

    Examples
    --------
    >>> direction(-3.0, -1.0), direction(1.0, 2.0), direction(-1.0, float("inf"))
    ('fell', 'rose', 'neither')
    """
    return below if high < 0 else above if low > 0 else neither


def in_words(estimate: float, low: float, high: float) -> str:
    """An effect in percent with its interval, as a sentence writes it.

    Examples
    --------
    >>> in_words(-17.8, -31.9, -0.8), in_words(5.0, -100.0, float("inf"))
    ('−18% (−32% to −1%)', '+5% (−100% to beyond 1,000%)')
    """
    end = f"{high:.0f}%" if high <= BEYOND else f"beyond {BEYOND:,.0f}%"
    return f"{estimate:+.0f}% ({low:.0f}% to {end})".replace("-", "\N{MINUS SIGN}")


def hazard_table(
    rows: pd.DataFrame,
    *,
    events: Sequence[str] = ("cut", "rise", "withdrawn"),
    doses: Sequence[str] = ("is_exposed", "closeness"),
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Hazard ratios of every event for every dose.

    Parameters
    ----------
    rows : DataFrame
        From :func:`undercut.competition.rivals.price_cuts.with_doses`.
    events, doses, draws, seed
        As in :func:`undercut.competition.rivals.hazard.event_hazard`.

    Returns
    -------
    DataFrame
        ``event, dose, estimate, low, high`` (hazard ratios), ``p_value, events, rows, developers`` (with the
        event), ``detectable`` (smallest ratio above one found with 80% power), ``why_not``.
    """

    def estimate(*, event: Any, dose: str) -> dict[str, Any]:
        found = event_hazard(rows, event=event, dose=dose, terms="dose", draws=draws, seed=seed)
        with np.errstate(over="ignore"):  # an end that is not bounded stays so
            ratio = {name: float(np.exp(found.effect[name])) for name in _PERCENT}
        return ratio | {
            "p_value": found.effect["p_value"], "events": found.events, "rows": found.rows,
            "developers": found.clusters_with_events, "detectable": float(np.exp(found.detectable.effect)),
        }  # fmt: skip

    return run_specifications(estimate, {"event": events, "dose": doses})


def launch_table(
    samples: Mapping[str, pd.DataFrame],
    *,
    doses: Sequence[str] = ("is_exposed", "closeness"),
    controls: Mapping[str, Sequence[str]] | None = None,
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Launch prices on exposure, for several samples, doses and sets of controls.

    Parameters
    ----------
    samples : mapping of label to DataFrame
        Launches with doses.
    doses, draws, seed
        As in :func:`undercut.competition.rivals.launch_prices.launch_price_effect`.
    controls : mapping of label to columns, optional
        Default: capability and time.

    Returns
    -------
    DataFrame
        ``sample, dose, controls, estimate, low, high`` (percent of the launch price for one unit of the
        dose), ``p_value, launches, developers``, ``detectable_fall`` (smallest fall found with 80% power,
        percent, positive), ``why_not``. An end beyond :data:`BEYOND` percent says nothing and is given as
        infinite.
    """
    named = controls or {"capability and time": ("eci", "calendar")}

    def estimate(*, sample: str, dose: str, controls: str) -> dict[str, Any]:
        found = launch_price_effect(
            samples[sample], dose=dose, controls=named[controls], draws=draws, seed=seed
        )
        with np.errstate(over="ignore"):
            percent = {name: 100 * float(np.expm1(found.effect[name])) for name in _PERCENT}
        percent["high"] = percent["high"] if percent["high"] <= BEYOND else np.inf
        return percent | {
            "p_value": found.effect["p_value"], "launches": found.launches, "developers": found.clusters,
            "detectable_fall": -100 * float(np.expm1(-found.detectable.effect)),
        }  # fmt: skip

    return run_specifications(estimate, {"sample": tuple(samples), "dose": doses, "controls": tuple(named)})


def placebo_table(tests: Mapping[str, Callable[[], PlaceboResult]]) -> pd.DataFrame:
    """One row a placebo: the estimate, where placebos lie, and what they could have shown.

    Returns
    -------
    DataFrame
        ``placebo, estimate, centre, low, high`` (in the units of the estimate), ``p_value, draws, failed``
        and ``why_not``.
    """
    rows = []
    for label, test in tests.items():
        try:
            rows.append(test().table().iloc[0].to_dict() | {"placebo": label, "why_not": ""})
        except UndercutError as error:
            rows.append({"placebo": label, "why_not": str(error)})
    columns = [
        "placebo",
        "estimate",
        "centre",
        "low",
        "high",
        "p_value",
        "detectable_fall",
        "draws",
        "failed",
    ]
    return pd.DataFrame(rows).reindex(columns=[*columns, "why_not"])


def dose_panel(quotes: pd.DataFrame, *, reach: float = 4.0, group: str = "any") -> pd.DataFrame:
    """Monthly log price and closeness of closed models, for `stacked_dose`.

    Returns
    -------
    DataFrame
        ``unit, period, outcome, dose, cluster``: the cheapest own offer of each scored closed model.
    """
    offers = own_closed_offers(quotes)
    offers = offers[offers["eci"].notna() & offers["price"].gt(0)].sort_values(["price", "host"])
    offers = offers.drop_duplicates(["model_id", "period"])
    rule = RivalRule(reach=reach, width=2 * reach)
    found = exposure(offers, open_rivals(quotes), rule=rule, groups=[group])
    return pd.DataFrame(
        {
            "unit": found["model_id"], "period": found["period"], "outcome": np.log(found["price"]),
            "dose": found["closeness"], "cluster": found["developer"],
        }
    )  # fmt: skip


def release_months(releases: pd.DataFrame) -> list[str]:
    """The months whose observation, on the 15th, is the first that can show each release."""
    days = releases.loc[releases["is_entry"], "day"]
    months = (days - pd.Timedelta(days=15)).dt.to_period("M") + 1
    return sorted(months.astype(str).unique())


def dose_table(
    frame: pd.DataFrame,
    releases: Sequence[str],
    *,
    gaps: Sequence[int] = (1, 2),
    lags: int = 3,
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """The dose design with all releases, and with those some months from another only.

    Returns
    -------
    DataFrame
        ``gap, estimate, low, high`` (percent, for one unit of closeness, t by developer), ``wild_p`` (wild
        cluster bootstrap), ``detectable_fall, models, developers, notes, why_not``.
    """

    def estimate(*, gap: int) -> dict[str, Any]:
        with without_chatter():
            fit: AdoptionFit = stacked_dose(frame, releases, leads=2, lags=lags, min_gap=gap)
        found = fit.effect()
        ends = {"estimate": "estimate", "low": "ci_low", "high": "ci_high"}
        percent = {name: 100 * float(np.expm1(found[column])) for name, column in ends.items()}
        return percent | {
            "wild_p": fit.wild_bootstrap(draws=draws, weights="webb", seed=seed).p_value,
            "detectable_fall": -100 * float(np.expm1(-fit.smallest_detectable().effect)),
            "models": fit.n_treated, "developers": fit.n_clusters, "notes": " ".join(fit.notes),
        }  # fmt: skip

    return run_specifications(estimate, {"gap": gaps})


def event_study(
    fits: Mapping[str, AdoptionFit], labels: Mapping[str, str], *, finding: str = "", source: str = ""
) -> Axes:
    """Change of price by months since entry, in percent; one mark an estimator, side by side."""
    import matplotlib.pyplot as plt

    from undercut import plots

    axes = plt.subplots(figsize=(8.2, 4.4))[1]
    looks = [(plots.INK, "o"), (plots.origin_color("CN"), "D"), (plots.origin_color("FR"), "^")]
    for place, (method, fit) in enumerate(fits.items()):
        color, mark = looks[place % len(looks)]
        rows = 100 * np.expm1(fit.table()[["estimate", "ci_low", "ci_high"]].astype(float))
        at = rows.index.to_numpy(float) + 0.22 * (place - (len(fits) - 1) / 2)
        axes.vlines(at, rows["ci_low"], rows["ci_high"], color=color, linewidth=1.4)
        axes.plot(at, rows["estimate"], mark, color=color, markersize=5, label=labels.get(method, method))
    plots.zero_line(axes)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.18 * (top - bottom))  # room for the key above the highest interval
    axes.axvline(-0.5, color=plots.MUTED, linewidth=0.8, linestyle=":")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+.0f}%".replace("-", "\N{MINUS SIGN}"))
    axes.set_xlabel("months since an open rival came within reach")
    axes.legend(loc="upper left", ncols=len(fits), fontsize=9)
    measure = "Change of the list price against the comparison of each estimator, 95% intervals by developer"
    return plots.headline(axes, finding, measure, source=source)
