"""How far does a move hang on window, estimation, benchmark, model and on which events count, combined?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.errors import TooFewError
from undercut.eventstudy.data import returns_panel
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label, parse_window
from undercut.inference.arrays import Booleans
from undercut.inference.specifications import SpecificationCurve, run_specifications, specification_curve
from undercut.report.findings.sentences import number
from undercut.result import Axes
from undercut.sources.reference import load_reference
from undercut.studies.framed import Framed, Shown
from undercut.studies.presentation import Figure, Number, Part, Sentence
from undercut.studies.stocks.announced import FOCUS, Announced
from undercut.studies.stocks.charts import InPercent
from undercut.studies.stocks.release_response import BENCHMARKS, Responses
from undercut.studies.stocks.shock import NAME, TARGET, Shock
from undercut.studies.stocks.universe import group_portfolios
from undercut.studies.stocks.words import count_of, ends_of, named

_WINDOWS: Final = ((0, 0), (0, 1), (-1, 1))
_ESTIMATIONS: Final = ((-130, -11),)


def specifications(
    shock: Shock,
    target: str = TARGET,
    *,
    windows: Sequence[Window],
    markets: Mapping[str, str],
    models: Sequence[str],
    estimations: Sequence[str | Window],
    min_days: int = 100,
) -> Shown:
    """One unit's cumulative abnormal return under every combination of reasonable choices.

    Columns window, benchmark, model, estimation, news (all text), car, se, ci_low, ci_high, p_value.

    Parameters
    ----------
    shock : Shock
        The event.
    target : str
        Column of the unit.
    windows, estimations : sequence of tuple of int
        Event and estimation windows.
    markets : mapping of str to str
        Name of a benchmark and its column; those without returns are left out.
    models : sequence of str
        Models of normal returns that need a market, and ``constant-mean``, which is fitted once a window.

    Notes
    -----
    Contamination is a choice: with all sessions, and without those on which the central bank, prices, jobs
    or the target's own earnings were scheduled. The second leaves such sessions out of the estimation
    windows, for which half of ``min_days`` is then enough (leads and lags
    lose their neighbours too), and has no estimate of a window that holds one.
    """
    held = {name: column for name, column in markets.items() if column in shock.returns.columns}
    returns = shock.returns[[target, *held.values()]]
    calm = returns.mask(np.tile(_scheduled(returns.index, target)[:, None], len(returns.columns)))
    panels = {"all sessions": returns_panel(returns), "none scheduled": returns_panel(calm)}
    pasts = [parse_window(past) for past in estimations]
    studies = {}
    # Windows that start on one day share a fit: what is normal is estimated up to there.
    reach = {first: max(end for start, end in windows if start == first) for first, _ in windows}
    for news, first, past, model in product(panels, reach, pasts, models):
        for name, column in held.items() if model != "constant-mean" else [("none", None)]:
            studies[news, first, past, model, name] = event_study(
                panels[news], shock.alone([target]), model=model, market=column, estimation=past,
                window=(first, reach[first]), min_days=min_days if news == "all sessions" else min_days // 2,
            )  # fmt: skip
    parts = [
        studies[key].car(window).assign(benchmark=key[4], model=key[3], estimation=label(key[2]), news=key[0])
        for news, window, past, model in product(panels, windows, pasts, models)
        for key in studies
        if key[:4] == (news, window[0], past, model)
    ]
    columns = ["window", "benchmark", "model", "estimation", "news", "car", "se", "ci_low", "ci_high"]
    rows = pd.concat(parts, ignore_index=True)[[*columns, "p_value"]]
    rows = rows.dropna(subset=["car"]).reset_index(drop=True)
    return InPercent(rows, partial(_choices, shock=shock), "window")


def _scheduled(sessions: pd.DatetimeIndex, target: str) -> Booleans:
    """Sessions with a decision of the central bank, prices, jobs or the target's earnings."""
    dates = load_reference("calendar_dates")
    dates = dates[dates["kind"].ne("earnings") | dates["ticker"].eq(target)]
    return np.asarray(sessions.isin(pd.DatetimeIndex(dates["session"].dropna())))


def _curve(rows: pd.DataFrame, shock: Shock) -> SpecificationCurve:
    """The choices in percent."""
    ends = {"estimate": "car", "low": "ci_low", "high": "ci_high"}
    shown = rows.assign(**{name: 100 * rows[column] for name, column in ends.items()})
    headline = {
        "window": label(shock.window), "benchmark": shock.benchmark, "model": shock.options["model"],
        "estimation": label(shock.options["estimation"]), "news": "all sessions",
    }  # fmt: skip
    # A reader may have chosen another.
    known = (rows[list(headline)] == pd.Series(headline)).all(axis=1).any()
    return specification_curve(shown, list(headline), headline=headline if known else None, unit="%")


def _choices(rows: pd.DataFrame, shock: Shock) -> Iterator[Part]:
    """Every combination of defensible choices."""
    curve, (low, high) = _curve(rows, shock), ends_of(rows["car"])
    counts = curve.counts()
    below, above = counts["interval_below"], counts["interval_above"]
    yield Number(
        "specifications.below_zero", "Specifications whose interval lies below zero",
        100 * below / len(rows), "%", n=len(rows), role="robustness",
        note="a share of choices, not a sample: no interval",
        method="windows x benchmarks x models x estimation windows x scheduled news in or out",
    )  # fmt: skip
    yield Number(
        "specifications.median", f"Median over specifications, {NAME}", 100 * rows["car"].median(), "%",
        n=len(rows), method="as above", role="robustness",
        note=f"range over choices {low} to {high}; not a sample: no interval",
    )  # fmt: skip
    yield Figure(
        "specifications",
        lambda: plots.headline(
            curve.plot(), f"{NAME} fell under {below} of {len(rows)} combinations of choices, "
            f"rose under {above or 'none'}: {low} to {high}",
            "Abnormal return with 95% intervals, sorted; fell or rose: the interval leaves out zero; below: "
            f"what was chosen; {shock.data.kind} data", source=shock.source,
        ),
        f"Sorted estimates under {len(rows)} choices from {low} to {high}.", rows,
    )  # fmt: skip


class Combinations(Framed):
    """One group's mean response under every combination of choices.

    ``frame``: window, estimation, benchmark, events (all text), estimate, low, high (percent), n.
    """

    group: str
    data_kind: str
    curve: SpecificationCurve

    def plot(self, ax: Axes | None = None) -> Axes:
        """The curve."""
        return self.curve.plot(ax)

    def parts(self) -> Iterator[Part]:
        """All choices combined: the range, and what moves it."""
        yield from _combinations(self)


def release_combinations(found: Responses, returns: pd.DataFrame) -> Combinations | list[Part]:
    """The mean response of the first group to releases; headline: `responses`."""
    options = dict(found.options)
    group, benchmark = next(iter(options["groups"])), options["benchmark"]
    held = [name for name in dict.fromkeys((benchmark, *BENCHMARKS)) if name in set(returns["ticker"])]
    members = {group: options["groups"][group], **{name: [name] for name in held}}
    releases, setup = found.releases, found.study.setup
    events = releases.assign(firm=group, group=group, key=releases["event"])
    table = _combined(
        group_portfolios(returns, members), events, _counted(releases["confounders"], releases["calendar"]),
        windows=(setup.windows.event, *_WINDOWS), estimations=(setup.windows.estimation, *_ESTIMATIONS),
        markets=held, model=options.get("model", "market"),
    )  # fmt: skip
    return _of(table, group, found.data_kind)


def announcement_combinations(
    case: Announced, *, market: str, kind: str = "export controls tightened"
) -> Combinations | list[Part]:
    """The mean move of the group named for one kind of announcement; headline: `pair_moves`."""
    about, group = case.rows, FOCUS[kind]
    events = about.assign(firm=group, key=case.keys(), group=np.where(about["group"].eq(kind), kind, ""))
    options = case.options
    table = _combined(
        case.returns, events, _counted(about["beside"], about["calendar"]),
        windows=(case.window, *_WINDOWS), estimations=(options["estimation"], *_ESTIMATIONS),
        markets=[name for name in (options["market"], market) if name in case.returns],
        model=options["model"],
    )  # fmt: skip
    return _of(table, f"{group}, {kind}", case.data.kind)


def _of(table: pd.DataFrame, group: str, data_kind: str) -> Combinations | list[Part]:
    if table["estimate"].isna().all():
        return [Sentence(f"No combination of choices gives an estimate: {table['why_not'].iloc[0]}")]
    choices = [str(name) for name in table.columns[:4]]
    headline = dict(table.iloc[0][choices])
    return Combinations(
        table, group, data_kind, specification_curve(table, choices, headline=headline, unit="%")
    )


def _counted(news: pd.Series, scheduled: pd.Series) -> dict[str, pd.Series]:
    """Which events count, by the name of the choice."""
    alone = news.eq("")
    return {
        "all": pd.Series(True, index=news.index), "no other news inside": alone,
        "no other news, nothing scheduled": alone & scheduled.eq(""),
    }  # fmt: skip


def _combined(
    returns: pd.DataFrame, events: pd.DataFrame, counted: Mapping[str, pd.Series], *,
    windows: Sequence[Window], estimations: Sequence[Window], markets: Sequence[str], model: str,
) -> pd.DataFrame:  # fmt: skip
    """Every combination, the headline first; a study is fitted once whichever of its events count.

    Days around every event, of other kinds too, stay out of the estimation windows, as in the headline.
    """
    spans, pasts = ({label(each): each for each in every} for every in (windows, estimations))
    table = events[["date", "firm", "group"]].assign(event=events["key"])

    @cache
    def study(window: str, estimation: str, market: str) -> EventStudy:
        found = event_study(
            returns, table, market=market, model=model, window=spans[window], estimation=pasts[estimation]
        )
        rows = found.abnormal.rows
        used = np.isfinite(found.abnormal.car()) & (np.asarray(rows.group) != "")
        return EventStudy(found.setup, found.abnormal.take(np.flatnonzero(used)), market)

    def estimate(window: str, estimation: str, benchmark: str, events: str) -> dict[str, Any]:
        found = study(window, estimation, benchmark)
        of_choice = table.loc[counted[events], "event"]
        kept = np.flatnonzero(np.isin(np.asarray(found.abnormal.rows.event, dtype=object), of_choice))
        if len(kept) < 2:
            raise TooFewError(f"{len(kept)} events are left.")
        last = EventStudy(found.setup, found.abnormal.take(kept), benchmark).caar().iloc[-1]
        ends = {"estimate": last["caar"], "low": last["ci_low"], "high": last["ci_high"]}
        return {name: 100 * float(value) for name, value in ends.items()} | {"n": int(last["n"])}

    options: dict[str, Sequence[str]] = {
        "window": list(spans), "estimation": list(pasts), "benchmark": markets, "events": list(counted),
    }  # fmt: skip
    return run_specifications(estimate, options)


def _combinations(found: Combinations) -> Iterator[Part]:
    curve, counts = found.curve, found.curve.counts()
    who, *around = found.group.split(", ")
    group = " ".join([named(who), *(f"({kind})" for kind in around)])
    estimates, most = curve.estimates["estimate"], str(curve.influence()["choice"].iloc[0])
    low, high = estimates.quantile([0.05, 0.95])
    yield Number(
        "specifications.median", f"Mean abnormal return of {group}: median over combinations of choices",
        float(counts["median"]), "%", ci=(low, high), level=0.9, n=int(counts["specifications"]),
        method=f"every combination of {', '.join(curve.choices)}; the range holds their middle 90%",
        note="a range over choices on the same events, no confidence interval", role="robustness",
    )  # fmt: skip
    fell, rose, of = (int(counts[n]) for n in ("interval_below", "interval_above", "specifications"))
    shown = f"{'show' if fell > 1 else 'shows'} a fall of {group}, {rose or 'none'} a rise"
    title = f"{count_of(fell)} of {of} combinations of choices {shown}"
    yield Figure(
        "combinations",
        lambda: plots.headline(
            curve.plot(), title, "Mean abnormal return, percent, 95% intervals, sorted; ringed: headline; "
            f"below: what was chosen; {found.data_kind} data",
            source="Returns: shipped sample" if found.data_kind == "sample" else "Returns: own file",
        ),
        f"Sorted estimates under every combination of choices. {title}.", curve.table(),
    )  # fmt: skip
    sides = "on both sides of" if counts["below"] * counts["above"] else "all on one side of"
    yield Sentence(
        f"Over {counts['specifications']:.0f} combinations of window, estimation, benchmark and events the "
        f"middle 90% lie from {number(low, '%')} to {number(high, '%')}, {sides} zero; what moves it most is "
        f"the choice of {most}."
    )
