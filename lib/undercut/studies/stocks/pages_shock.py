"""What does the report on one shock show and say?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from undercut.eventstudy.windows import label
from undercut.sources.events import calendar_inside
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.stocks import interval_charts as charts
from undercut.studies.stocks.ladder import Headline, Ladder
from undercut.studies.stocks.market_value import Dollars
from undercut.studies.stocks.names import head, named, when
from undercut.studies.stocks.shock import (
    NAME,
    TARGET,
    Companies,
    Groups,
    Limits,
    Moves,
    Rebound,
    Sessions,
    Shock,
    Spans,
    Tests,
)
from undercut.studies.stocks.words import (
    count,
    intervals,
    key_of,
    move,
    p_text,
    percent,
    points,
    span,
    table,
    told,
)


def _measure(shock: Shock) -> str:
    return f"Abnormal return against {named(shock.benchmark)}, {_days(shock)}"


def _days(shock: Shock) -> str:
    """The day, or the days around it."""
    day = f"{shock.day:%-d %B %Y}"
    return day if shock.window == (0, 0) else f"{when(shock.window)} ({day})"


def _method(shock: Shock) -> str:
    return f"{shock.options['model']} model on {shock.benchmark}"


def _by_chance(row: Any) -> str:
    return f"permutation p = {p_text(row.p_permutation)}"


def scope(shock: Shock) -> Iterator[Part]:
    """Which companies, which days."""
    data = shock.data
    first, last = data.returns.index[0].date(), data.returns.index[-1].date()
    groups = "; ".join(
        f"{named(name)}: {', '.join(map(named, firms))}" for name, firms in shock.members.items()
    )
    yield Sentence(
        f"Daily returns of {len(data.firms)} companies in {len(shock.members)} groups, {first} to {last}, "
        f"from {data.described}. Groups: {groups}. Sellers of models are also clouds; the two groups overlap."
    )


def headline(found: Headline) -> Iterator[Part]:
    """The company's move: findings, the answer, and what the answer leaves out."""
    shock, row = found.ladder.shock, found.rows.iloc[0]
    days, placebo = label(shock.window), found.companies.tests.placebo_days
    fitted = found.companies.tests.study.abnormal.n_estimation.max()
    past = label(shock.options["estimation"])
    yield move(
        "nvda.abnormal_return", f"{NAME}, abnormal return, {when(days)}", row, n=fitted, role="headline",
        method=f"{_method(shock)}, estimation {past}",
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
    low, high = _range(found.ladder.of(TARGET)["car"])
    yield Sentence(
        f"Of {placebo} other sessions {rivals or 'none'} moved it as far, measured by its usual noise "
        f"(p = {p_text(row.p_permutation)}). The yardstick decides the size: {low} to {high} over "
        f"{len(found.ladder.studies)} benchmarks. {found.without.sentence()}"
    )
    yield Sentence(_history(shock, int(fitted)))
    days = pd.Series([shock.day])
    news = calendar_inside(days, shock.returns.index, shock.window, tickers=shock.data.firms)[0]
    yield Sentence(f"Scheduled inside the window (earnings, central bank, prices, jobs): {news or 'none'}.")


def _history(shock: Shock, fitted: int) -> str:
    before = int(shock.returns.index.get_loc(shock.day))
    late = "; the customary year that ends a month before needs more" if before < 250 else ""
    return (
        f"The normal return is estimated on {fitted} sessions ({when(shock.options['estimation'])} from the "
        f"event); the returns begin {before} sessions before it{late}."
    )


def _range(values: pd.Series) -> list[str]:
    return [percent(end) for end in (values.min(), values.max())]


def ladder(found: Ladder) -> Iterator[Part]:
    """The same move against one benchmark after another."""
    shock = found.shock
    own = found.of(TARGET)
    low, high = _range(own["car"])
    chosen = [TARGET, *(name for name in ("chips", "power", "software") if name in shock.members)]
    shown = pd.concat([found.rows[found.rows["firm"] == name] for name in chosen], ignore_index=True)
    yield intervals(
        "ladder", shown, shown, f"Abnormal returns by benchmark. {points(shown, 'firm', 'rung')}",
        label="rung", section="firm", source=f"Returns: {shock.data.described}",
        finding=f"{NAME}: {low} to {high}, by what it is compared with",
        measure=f"Abnormal return, {_days(shock)}, 95% intervals; "
        f"{shock.data.kind} data",
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
    won = firms.groupby("rung")["firm"].size().reindex(list(found.studies), fill_value=0)
    counts = "; ".join(f"{rung}: {size}" for rung, size in won.items())
    yield Sentence(
        "A benchmark that fell also makes winners. Companies whose gain excludes zero, before any correction "
        f"for their number: {counts}."
    )
    reasons = [f"{rung} ({reason})" for rung, reason in found.missing.items()]
    for reason in reasons:
        yield Caveat(f"Benchmark not built: {reason}.")
    if reasons:
        yield Sentence(f"Rungs that these data do not allow: {'; '.join(reasons)}.")


def sessions(found: Sessions) -> Iterator[Part]:
    """The groups on the release, the eve and the day."""
    shock, rows = found.shock, found.rows
    shown = rows.assign(session=[_session(name) for name in rows["session"]])
    size = rows.assign(found=rows["q_value"] < 0.05).groupby("session", sort=False)["found"].sum()
    listed = ", ".join(f"{n or 'none'} on {_session(name).split(',')[0]}" for name, n in size.items())
    for row in rows[rows["session"] != list(size.index)[-1]].itertuples():
        yield move(
            f"session.{row.session[:10]}.{key_of(row.group)}", f"{head(row.group)}, {row.session}",
            row._asdict(), n=len(shock.members[row.group]), method=f"portfolio, {_method(shock)}",
            role="descriptive", note=f"{_by_chance(row)}, Romano-Wolf {p_text(row.p_adjusted)}",
        )  # fmt: skip
    yield intervals(
        "sessions", shown, shown, f"Three blocks of intervals. {points(rows, 'session', 'group')}",
        label="group", section="session", source=f"Returns: {shock.data.described}",
        finding=f"Of {len(shock.members)} groups moved beyond chance: {listed}",
        measure=f"Abnormal return of each group against {named(shock.benchmark)}, one day, 95% intervals; "
        f"{shock.data.kind} data",
    )  # fmt: skip
    events = shock.events
    same = events["us_trading_day"].eq(shock.release) & ~events["event_id"].eq(_released(shock))
    beside = "; ".join(events.loc[same, "title"])
    yield Sentence(
        f"Other dated events of {shock.release:%-d %B %Y}: {beside or 'none'}."
        + (" What that session shows cannot be given to the model alone." if beside else "")
    )


def _session(name: str) -> str:
    """A session's name with its day in words: ``27 January 2025, the day``."""
    return f"{pd.Timestamp(name[:10]):%-d %B %Y}{name[10:]}"


def _released(shock: Shock) -> str:
    """Id of the release: of those on its session the one by the developer of the shock."""
    events = shock.events.set_index("event_id")
    own = events[events["actor"].eq(events.loc[shock.event, "actor"])]
    return str(own.index[own["us_trading_day"].eq(shock.release)][0])


def _row_of(shock: Shock, row: Any) -> Number:
    return move(
        f"group.{key_of(row.group)}", f"{head(row.group)}, {_days(shock)}",
        row._asdict(), n=len(shock.members[row.group]), method=f"portfolio, {_method(shock)}", role="primary",
        note=f"{_by_chance(row)}, q = {p_text(row.q_value)}; detectable {100 * row.detectable:.1f}%",
    )  # fmt: skip


def groups(found: Groups) -> Iterator[Part]:
    """Which groups moved, and of which that cannot be said."""
    shock, rows = found.shock, found.rows
    yield from (_row_of(shock, row) for row in rows.itertuples())
    columns = ["group", "n_members", "car", "ci_low", "ci_high", "detectable", "p_permutation", "q_value"]
    yield table(
        rows.assign(n_members=[len(shock.members[name]) for name in rows["group"]]), [*columns, "p_adjusted"],
        f"Groups on {shock.day:%-d %B %Y}",
        f"Abnormal return of portfolios against {named(shock.benchmark)}, percent; p, dates: permutation "
        f"over {found.tests.placebo_days} sessions",
    )  # fmt: skip
    is_clear = rows["q_value"] < 0.05
    clear, still = (
        ", ".join(
            f"{named(name)} ({percent(car)})" for name, car in zip(part["group"], part["car"], strict=True)
        )
        for part in (rows[is_clear], rows[~is_clear])
    )
    if not still:
        yield Sentence(f"Every group moved beyond chance: {clear}.")
        return
    least, most = _range(rows.loc[~is_clear, "detectable"])
    yield Sentence(
        f"Groups that moved beyond chance after correction: {clear or 'none'}. Groups of which that cannot "
        f"be said: {still}; a move of {least} to {most} would have been found four times in five."
    )


def _sides(found: Moves) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Those that fell beyond chance after correction, and those that rose."""
    clear = found.rows[found.rows["q_value"] < 0.05]
    return clear[clear["car"] < 0], clear[clear["car"] > 0]


def companies(found: Companies) -> Iterator[Part]:
    """Who lost, who gained."""
    shock, rows = found.shock, found.rows
    lost, gained = _sides(found)
    shown = rows.assign(
        said="q " + rows["q_value"].map(p_text),
        name=[f"{named(firm)} ({named(shock.data.firms[firm])})" for firm in rows["group"]],
    )
    yield intervals(
        "companies", shown, shown, f"One interval a company, sorted. {points(rows, 'group')}",
        label="name", note="said", source=f"Returns: {shock.data.described}",
        finding=f"Corrected for their number, {len(lost) or 'none'} of {len(rows)} companies lost and "
        f"{len(gained) or 'none'} gained",
        measure=f"{_measure(shock)}, 95% intervals; q: p-value after the correction; {shock.data.kind} data",
    )  # fmt: skip
    for word, part in (("lost", lost), ("gained", gained)):
        yield count(
            f"companies.{word}", f"Companies that {word} beyond chance after correction", len(part),
            "companies", n=len(rows), method="Benjamini-Hochberg at 5% on the permutation's p-values",
        )  # fmt: skip
    best = rows[rows["car"] > 0].tail(5).iloc[::-1]
    yield Sentence(f"The largest moves upward: {told(best, chance='q_value')}.")


def tests(found: Tests) -> Iterator[Part]:
    """Every test, side by side."""
    shock, rows = found.shock, found.rows
    tested = ["all", *(name for name in rows.columns if name in shock.several)]
    both = rows[rows["withstands"] == "both"]
    moved = [named(name) for name in tested if rows[name].iloc[0] < 0.05]
    rest = [named(name) for name in tested if named(name) not in moved]
    yield Sentence(
        f"Of {len(rows)} tests on all companies together, {int((rows['all'] < 0.05).sum())} reject at 5%; of "
        f"the {len(both)} that withstand both troubles, {int((both['all'] < 0.05).sum())} do. By the strict "
        f"permutation these groups moved (5%, uncorrected): {', '.join(moved) or 'none'}; these did not: "
        f"{', '.join(rest) or 'none'}."
    )
    text = rows.assign(test=rows["test"].str.replace("_", " "), **{n: rows[n].map(p_text) for n in tested})
    yield Table(
        text[["test", "withstands", *tested]], "P-values of every test",
        f"Hypothesis: the mean abnormal return of the group's companies is zero, {_days(shock)}; "
        "groups of at least two, each company in one; \N{EN DASH}: too few for the test", row_label="test",
    )  # fmt: skip


def rebound(found: Rebound) -> Iterator[Part]:
    """How much came back, and the paths."""
    shock, rows = found.shock, found.rows
    next_day = rows[rows["after"] == "1:1"]
    for row in next_day.to_dict("records"):
        yield move(
            f"rebound.{key_of(row['firm'])}.days_1_1",
            f"{head(row['firm'])}: share of the day's move that came back the next day", row,
            value="share_recovered", n=1, method="ratio of abnormal returns, Fieller's interval",
            role="descriptive",
        )  # fmt: skip
    columns = ["firm", "after", "car", "car_after", "share_recovered", "ci_low", "ci_high"]
    yield table(
        rows, columns, "The rebound",
        f"Abnormal return on {shock.day:%-d %B %Y} and after, percent; share of the first that came back, "
        "with Fieller's 95% interval",
        labels={
            "after": "days after", "car": "that day", "car_after": "after", "share_recovered": "came back",
        },
        formats={"ci_low": "percent", "ci_high": "percent"},
    )  # fmt: skip
    path = found.study.of([TARGET, *shock.several]).caar()
    path = path[path["group"] != "all"]
    own = next_day.loc[next_day["firm"] == TARGET, "share_recovered"]
    told_ = f"{NAME}: {percent(own.iloc[0], 0)} of the move was undone the next day" if len(own) else ""
    yield Figure(
        "paths",
        lambda: charts.paths(
            path, source=f"Returns: {shock.data.described}",
            finding=told_ or f"The first move of {NAME} is too uncertain for a rebound",
            measure=f"Abnormal return added up from five sessions before, against "
            f"{named(shock.benchmark)}, 95% bands; groups of at least two companies, {shock.data.kind} data",
        ),
        f"Small charts of cumulative abnormal returns. At their ends: "
        f"{points(path[path['day'] == path['day'].max()], 'group', value='caar')}", path,
    )  # fmt: skip


def spans(found: Spans) -> Iterator[Part]:
    """Longer windows, and what else happened inside."""
    text = found.rows.assign(said=[span(row) for row in found.rows.to_dict("records")])
    wide = text.pivot_table(index="window", columns="firm", values="said", aggfunc="first", sort=False)
    wide["other events inside"] = text.groupby("window", sort=False)["inside"].first()
    yield Table(
        wide.reset_index(), "With and without other events", "Abnormal return with its 95% interval",
        labels={"window": "days"} | ({TARGET: NAME} if TARGET in wide.columns else {}), row_label="window",
    )  # fmt: skip


def dollars(found: Dollars) -> Iterator[Part]:
    """The change of market value."""
    shock, rows = found.shock, found.rows
    for row in rows.to_dict("records"):
        who = "All of these together" if row["firm"] == "total" else named(row["firm"])
        yield move(
            f"dollars.{key_of(row['firm'])}", f"{who}: abnormal change of market value", row, value="effect",
            scale=1.0, unit="USD billion", n=row["n"], note=found.values_from, role="descriptive",
            method="abnormal return times market value the day before",
        )  # fmt: skip
    yield Table(
        rows[["firm", "effect", "ci_low", "ci_high"]].assign(firm=rows["firm"].map(named)),
        "Abnormal change of market value",
        f"Billions of US dollars, {_days(shock)}, 95% intervals; a total "
        "allows for firms moving together",
        labels={"ci_low": "95% from", "ci_high": "to"}, row_label="firm",
    )  # fmt: skip


def limits(found: Limits) -> Iterator[Part]:
    """What a reader must be warned of."""
    yield Caveat(
        "The event day was chosen because the market moved: no evidence on open releases in general."
    )
    yield Caveat("Survivors only: companies that still trade.")
    yield from map(Caveat, found.rows["note"])
