"""How far does a mean response hang on window, estimation, benchmark and on which events count, combined?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.windows import Window, label
from undercut.inference.specifications import SpecificationCurve, run_specifications, specification_curve
from undercut.result import Axes
from undercut.studies.presentation import Part, Sentence
from undercut.studies.stocks.announced import FOCUS, Announced
from undercut.studies.stocks.release_response import BENCHMARKS, Responses
from undercut.studies.stocks.shown import Shown
from undercut.studies.stocks.universe import group_portfolios

_WINDOWS: Final = ((0, 0), (0, 1), (-1, 1))
_ESTIMATIONS: Final = ((-130, -11),)


class Combinations(Shown, page="pages_checks:combinations", value="estimate"):
    """One group's mean response under every combination of choices.

    ``rows``: window, estimation, benchmark, events (all text), estimate, low, high (percent), n.
    """

    group: str
    data_kind: str
    curve: SpecificationCurve

    def plot(self, ax: Axes | None = None) -> Axes:
        """The curve."""
        return self.curve.plot(ax)


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
