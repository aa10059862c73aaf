"""How does the size of one day's move hang on the benchmark that it is compared with?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.eventstudy.data import returns_panel
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy, draw_intervals
from undercut.eventstudy.windows import label
from undercut.result import Axes, Result
from undercut.studies.framed import Framed
from undercut.studies.presentation import Answer, Caveat, Number, Part, Sentence
from undercut.studies.stocks.charts import intervals
from undercut.studies.stocks.left_out import LeftOut, shock_left_out
from undercut.studies.stocks.shock import NAME, TARGET, Moves, Shock
from undercut.studies.stocks.universe import unexposed_firms
from undercut.studies.stocks.words import (
    ends_of,
    head,
    key_of,
    move,
    named,
    p_text,
    percent,
    points,
    table,
    when,
)

#: Donors below which no counterfactual is built from unexposed firms.
FEWEST_DONORS: Final = 10


class Ladder(Result):
    """One event under one benchmark after another.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row a rung and unit: rung, firm, window, expected (summed normal return), benchmark (summed
        return of the benchmark, where it is one series), beta, car, se, ci_low, ci_high, p_value,
        detectable, n_estimation.
    shock : Shock
        The event.
    markets : dict of str to str
        Name of each rung that is one series, and its column.
    missing : dict of str to str
        The rungs that could not be built, and why.
    """

    rows: pd.DataFrame
    shock: Shock
    markets: dict[str, str]
    missing: dict[str, str]

    @property
    def rungs(self) -> list[str]:
        """Those that could be built, in order."""
        return list(self.rows["rung"].unique())

    def of(self, firm: str) -> pd.DataFrame:
        """The rungs of one unit, indexed by their names."""
        return self.rows[self.rows["firm"] == firm].set_index("rung")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every estimate with its interval."""
        return draw_intervals(self.rows, ax, label="rung")

    def parts(self) -> Iterator[Part]:
        """The same move against one benchmark after another."""
        yield from _ladder(self)


def rungs(usual: str, technology: str, equal: str, chips: str) -> dict[str, str]:
    """The usual rungs of a ladder by name: which column stands for which market.

    Examples
    --------
    >>> list(rungs("SPY", "QQQ", "RSP", "SMH"))
    ['S&P 500, SPY', 'Nasdaq-100, QQQ', 'equal weight, RSP', 'chip fund, SMH']
    """
    columns = {"S&P 500": usual, "Nasdaq-100": technology, "equal weight": equal, "chip fund": chips}
    return {f"{name}, {column}": column for name, column in columns.items()}


def shock_ladder(
    shock: Shock,
    *,
    markets: Mapping[str, str],
    factors: pd.DataFrame | None = None,
    donors: Sequence[str] | None = None,
    reference: str = "SMH",
) -> Ladder:
    """The move of every company and group on the day under every benchmark that the data allow.

    Parameters
    ----------
    shock : Shock
        The event.
    markets : mapping of str to str
        Name of the rung and its column, in order.
    factors : pandas.DataFrame, optional
        As `undercut.sources.factors.load_factors`; with ``rf`` among them returns are in excess of it.
    donors : sequence of str, optional
        Unexposed firms, for the rungs built from them; default, those of `unexposed_firms`.
    reference : str
        Series of chip companies: firms that move with it are no counterfactual.

    Raises
    ------
    InputError
        A donor is one of the companies looked at.
    """
    past, returns = shock.options["estimation"], shock.returns
    targets = [*shock.data.firms, *shock.groups]
    if donors is None:
        donors = unexposed_firms(
            shock.data.returns, before=shock.day, reference=reference, market=shock.benchmark, days=-past[0]
        )
    chosen: dict[str, dict[str, Any]] = {"no benchmark": {"model": "constant-mean"}}
    held = {name: column for name, column in markets.items() if column in returns.columns}
    chosen |= {name: {"model": "market", "market": column} for name, column in held.items()}
    missing = {name: f"no returns of {markets[name]}" for name in markets if name not in held}
    _factor_rung(chosen, missing, factors)
    _donor_rungs(chosen, missing, returns, donors)
    panel = returns_panel(returns[list(dict.fromkeys([*targets, *held.values(), *donors]))])
    options = {"estimation": past, "window": shock.window}
    events = shock.alone(targets)
    rows = [_rung(name, event_study(panel, events, **options, **rung)) for name, rung in chosen.items()]
    return Ladder(pd.concat(rows, ignore_index=True), shock, dict(markets), missing)


def _factor_rung(
    rungs: dict[str, dict[str, Any]], missing: dict[str, str], factors: pd.DataFrame | None
) -> None:
    if factors is None:
        missing["factors"] = "no table of factors was given"
        return
    dated = factors.set_index("date") if "date" in factors.columns else factors
    rungs["factors"] = {"model": "factors", "factors": dated.drop(columns="rf", errors="ignore")}
    if "rf" in dated.columns:
        rungs["factors"]["risk_free"] = dated["rf"]


def _donor_rungs(
    rungs: dict[str, dict[str, Any]], missing: dict[str, str], returns: pd.DataFrame, donors: Sequence[str]
) -> None:
    built: dict[str, dict[str, Any]] = {
        "market of unexposed firms": {"model": "market", "market": returns[list(donors)].mean(axis=1)},
        "factors of unexposed firms": {"model": "unexposed-factors", "donors": donors},
        "synthetic control": {"model": "synthetic-control", "donors": donors},
    }
    if len(donors) < FEWEST_DONORS:
        reason = f"{len(donors)} unexposed firms in the returns, {FEWEST_DONORS} needed"
        missing |= dict.fromkeys(built, reason)
    else:
        rungs |= built


def _rung(name: str, study: EventStudy) -> pd.DataFrame:
    abnormal = study.abnormal
    days = abnormal.columns()
    is_one_series = study.setup.model.name == "market"
    position = abnormal.rows.day[0] + abnormal.windows.event[0]
    market = study.setup.design[position + days.start : position + days.stop, -1].sum()
    columns = ["rung", "firm", "window", "expected", "benchmark", "beta", "car", "se", "ci_low", "ci_high"]
    return study.car().assign(
        rung=name,
        expected=abnormal.expected.sum(axis=1),
        benchmark=market if is_one_series else np.nan,
        beta=abnormal.coefficients[:, 1] if is_one_series else np.nan,
    )[[*columns, "p_value", "detectable", "n_estimation"]]


def _ladder(found: Ladder) -> Iterator[Part]:
    shock, own = found.shock, found.of(TARGET)
    low, high = ends_of(own["car"])
    chosen = [TARGET, *(name for name in ("chips", "power", "software") if name in shock.members)]
    shown = pd.concat([found.rows[found.rows["firm"] == name] for name in chosen], ignore_index=True)
    yield intervals(
        "ladder", shown, shown, f"Abnormal returns by benchmark. {points(shown, 'firm', 'rung')}",
        label="rung", section="firm", source=shock.source,
        finding=f"{NAME}: {low} to {high}, by what it is compared with",
        measure=f"Abnormal return, {shock.days}, 95% intervals; {shock.data.kind} data",
    )  # fmt: skip
    for row in found.rows[found.rows["firm"].isin(chosen[:2])].to_dict("records"):
        yield move(
            f"ladder.{key_of(row['firm'])}.{key_of(row['rung'])}",
            f"{head(row['firm'])} against {row['rung']}", row,
            n=row["n_estimation"], method=when(row["window"]), role="robustness",
        )  # fmt: skip
    yield table(
        own.reset_index(),
        ["rung", "benchmark", "expected", "car", "ci_low", "ci_high", "detectable", "beta"],
        f"What moves between the rungs for {NAME}",
        "Percent; expected: the return that the benchmark explains; detectable: smallest effect found four "
        "times in five",
        labels={"benchmark": "benchmark's return"}, formats={"beta": "number"},
    )  # fmt: skip
    yield from _rungs_in_words(found, own)


def _rungs_in_words(found: Ladder, own: pd.DataFrame) -> Iterator[Part]:
    rungs = {column: name for name, column in found.markets.items() if name in own.index}
    first, benchmark = next(iter(rungs)), found.shock.benchmark
    if first != benchmark:
        usual, equal = own.loc[rungs[first]], own.loc[rungs[benchmark]]
        yield Sentence(
            f"{first}, {named(first)}, moved by {percent(usual.benchmark)} over the window, {benchmark}, "
            f"{named(benchmark)}, by {percent(equal.benchmark)}. With a beta of {usual.beta:.2f} the first "
            f"explains a return of {NAME} of {percent(usual.expected)}, the second, with {equal.beta:.2f}, "
            f"of {percent(equal.expected)}."
        )
    firms = found.rows[(found.rows["ci_low"] > 0) & found.rows["firm"].isin(found.shock.data.firms)]
    won = firms.groupby("rung")["firm"].size().reindex(found.rungs, fill_value=0)
    counts = "; ".join(f"{rung}: {size}" for rung, size in won.items())
    yield Sentence(
        "A benchmark that fell also makes winners. Companies whose gain excludes zero, before any correction "
        f"for their number: {counts}."
    )
    reasons = [f"{rung} ({reason})" for rung, reason in found.missing.items()]
    yield from (Caveat(f"Benchmark not built: {reason}.") for reason in reasons)
    if reasons:
        yield Sentence(f"Rungs that these data do not allow: {'; '.join(reasons)}.")


class Headline(Framed):
    """The company that the report is about: its move, and how it depends on the benchmark."""

    companies: Moves
    ladder: Ladder
    without: LeftOut

    def parts(self) -> Iterator[Part]:
        """The company's move: findings, the answer, and what the answer leaves out."""
        yield from _headline(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the move with its interval."""
        return draw_intervals(self.frame, ax, label="group")


def headline(companies: Moves, ladder: Ladder) -> Headline:
    """The company that the report is about, from the moves of all and the ladder of benchmarks."""
    own = companies.frame.query("group == @TARGET").reset_index(drop=True)
    return Headline(own, companies, ladder, shock_left_out(ladder.shock))


def _headline(found: Headline) -> Iterator[Part]:
    shock, row = found.ladder.shock, found.frame.iloc[0]
    days, placebo = label(shock.window), found.companies.tests.placebo_days
    fitted = found.companies.tests.study.abnormal.n_estimation.max()
    past = label(shock.options["estimation"])
    yield move(
        "nvda.abnormal_return", f"{NAME}, abnormal return, {when(days)}", row, n=fitted, role="headline",
        method=f"{shock.method}, estimation {past}",
        note=f"permutation of dates p = {p_text(row.p_permutation)} over {placebo} sessions",
    )  # fmt: skip
    yield Number(
        "nvda.permutation_p", f"{NAME}: p-value of the permutation of dates", row.p_permutation,
        "probability", n=placebo, method="every eligible session as the event", note="a p-value has no "
        "interval",
    )  # fmt: skip
    yield Number(
        "nvda.detectable", f"{NAME}: smallest move that would have been found four times in five",
        100 * row.detectable, "%", method="5% level", note="follows from the standard error: no interval",
    )  # fmt: skip
    size, low, high = (percent(end, 0) for end in (abs(row.car), row.ci_low, row.ci_high))
    yield Answer(
        f"On {shock.day:%d %B %Y} {NAME}'s shares {'fell' if row.car < 0 else 'rose'} {size} beyond what "
        f"{named(shock.benchmark)} explains (95% interval {low} to {high})."
    )
    rivals = round(row.p_permutation * (1 + placebo)) - 1
    low, high = ends_of(found.ladder.of(TARGET)["car"])
    yield Sentence(
        f"Of {placebo} other sessions {rivals or 'none'} moved it as far, measured by its usual noise "
        f"(p = {p_text(row.p_permutation)}). The yardstick decides the size: {low} to {high} over "
        f"{len(found.ladder.rungs)} benchmarks. {found.without.sentence()}"
    )
    yield Sentence(_history(shock, int(fitted)))
    news = shock.scheduled(shock.window) or "none"
    yield Sentence(f"Scheduled inside the window (earnings, central bank, prices, jobs): {news}.")


def _history(shock: Shock, fitted: int) -> str:
    before = int(shock.returns.index.get_loc(shock.day))
    late = "; the customary year that ends a month before needs more" if before < 250 else ""
    return (
        f"The normal return is estimated on {fitted} sessions ({when(shock.options['estimation'])} from the "
        f"event); the returns begin {before} sessions before it{late}."
    )
