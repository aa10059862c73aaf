"""What does the report on adoption say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.competition.adoption.before_after import BeforeAfter
from undercut.competition.adoption.charts import curves_by_group, shares_over_time
from undercut.report.findings.sentences import number
from undercut.studies.adoption.estimates import (
    GROUPS,
    SERIES,
    AfterRestrictions,
    Cases,
    Mix,
    Paid,
    Shares,
    Uptake,
)
from undercut.studies.adoption.surveys import cards, census, survey
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Role, Sentence, Table

_COMPANIES: Final = {
    "nvidia": "NVIDIA",
    "tesla": "Tesla",
    "startups": "private US companies",
    "listed": "other listed US companies",
}
_KEYS: Final = {"CN open": "chinese_open_share", "US closed": "us_closed_share"}
_PERMUTED: Final = "permutation over dates"
_BOUNDS: Final = (
    "share of classified tokens; the range gives what is unclassified or outside the daily top fifty to "
    "nobody or to the group, and is no confidence interval"
)
_SOURCE: Final = "OpenRouter (openrouter.ai/rankings), CC BY 4.0: one router for developers, not the market"
CAVEATS: Final = (
    Caveat("Token shares are those of one router for developers, not of the market."),
    Caveat(
        "Nobody publishes dated shares of programming and of apps under a licence that lets them be passed "
        "on: what the tokens are for is not shown."
    ),
)


def conclusion(found: Shares, paid: Paid) -> list[Part]:
    """The report's answer and what else must be known."""
    now, line = share_now(found, "CN open"), change(found)
    dollars = share_now(found, "CN open", dollars=True)
    held = found.without["share"]
    least = found.without.loc[held.idxmin()]
    return [
        Answer(
            f"{now.short} of one router's tokens go to Chinese open models ({_range(now)}); {cards(paid)}."
        ),
        Sentence(
            f"That share {'rose' if (line.value or 0) > 0 else 'fell'} by {line.size} within a year; in "
            f"dollars it is {dollars.short} ({_range(dollars)}). Without {least['developer']} it would be "
            f"{number(least['share'], '%')}; other ways to count give "
            f"{number(found.choices['share'].min(), '%')} to {number(found.choices['share'].max(), '%')}. "
            "The ranges are bounds for what is not classified. The two records disagree because a router "
            "counts tokens of developers anywhere, and cards count US firms that pay a vendor: Chinese "
            "weights that run on US clouds are not in the second."
        ),
    ]


def shares(found: Shares) -> Iterator[Part]:
    """Shares of tokens and of dollars now, a year before, and at the turn of 2026."""
    chinese, closed = share_now(found, "CN open"), share_now(found, "US closed")
    dollars = share_now(found, "CN open", dollars=True)
    yield from (chinese, change(found), dollars, closed, share_now(found, "US closed", dollars=True))
    yield from (trend(found, group) for group in found.trends)
    for name, rows in (("choice", found.choices), ("developer", found.without)):
        for row in rows.to_dict("records"):
            told = f"{'in' if name == 'choice' else 'without'} {row[name]}"
            yield Number(
                f"chinese_open_share.{_key(told)}", f"Chinese open share, {told}", row["share"], "%",
                ci=_ends(row), level=1.0, as_of=found.last_week, method=_BOUNDS, role="robustness",
            )  # fmt: skip
    yield Number(
        "chinese_open_share_of_us_companies", "Share of Chinese open models in what US companies use", None,
        "%", n=0, method="none", role="descriptive",
        note="nobody records what US companies run: cards see who is paid, a router sees no country",
    )  # fmt: skip
    title = f"Chinese open models: {chinese.short} of the tokens, {dollars.short} of the dollars"
    yield Figure(
        "token_shares",
        lambda: plots.headline(
            shares_over_time({"tokens": found.frame, "dollars": found.dollars}), title,
            "Percent of a router's weekly tokens (left) and of what they cost at list prices (right); bands: "
            "all that is unclassified belongs to the group, or nothing", source=_SOURCE,
        ),
        alt=f"{title}. US closed models: {closed.short} of the tokens.",
        data=found.frame,
    )  # fmt: skip
    yield Sentence(turn_sentence(found))
    turn = found.turn()
    makers = turn[turn["kind"].eq("developer")]
    makers = makers.assign(change=makers["after"] - makers["before"]).nlargest(12, "after")
    yield Table(
        makers[["group", "before", "after", "change"]], row_label="group",
        title="The turn of 2026, by developer",
        subtitle="Percent of classified tokens in the 13 weeks before and after 1 January 2026",
        labels={"group": "developer"}, formats={"change": "signed_percent"},
    )  # fmt: skip


def share_now(found: Shares, group: str, *, dollars: bool = False) -> Number:
    """One group's share of tokens, or of dollars, in the last thirteen weeks."""
    now = found.now(group, dollars=dollars)
    of = "dollars at list prices" if dollars else "a router's weekly tokens"
    valued = "; tokens times the router's list price for one mix of tokens" if dollars else ""
    leads = group == "CN open" and not dollars
    return Number(
        _KEYS[group] + (".dollars" if dollars else ""),
        f"{GROUPS[group]}: share of {of}, mean of the last 13 weeks",
        now["share"], "%", ci=_ends(now), level=1.0, n=int(now["weeks"]), as_of=found.last_week,
        method=_BOUNDS + valued, role="headline" if leads else "primary",
    )  # fmt: skip


def change(found: Shares) -> Number:
    """Change of the Chinese open share within a year."""
    now, then = found.now("CN open"), found.now("CN open", before=52)
    return Number(
        "chinese_open_share.change", "Chinese open models: change of the share of tokens within a year",
        now["share"] - then["share"], "percentage points",
        ci=(now["low"] - then["high"], now["high"] - then["low"]), level=1.0, n=int(now["weeks"]),
        as_of=found.last_week, method=_BOUNDS, role="primary",
    )  # fmt: skip


def trend(found: Shares, group: str) -> Number:
    """Trend of one group's share."""
    line = found.trends[group]
    return Number(
        f"{_KEYS[group]}_trend", f"{GROUPS[group]}: trend of the share of tokens, a year", line.slope,
        "percentage points", ci=(line.low, line.high), n=line.months, as_of=found.last_week,
        method="least squares on months, variance corrected for autocorrelation", role="primary",
    )  # fmt: skip


def turn_sentence(found: Shares) -> str:
    """What changed at the turn of 2026, and whose models made it."""
    turn = found.turn().assign(moved=lambda t: t["after"] - t["before"])
    access = turn[turn["kind"].eq("access")].set_index("group")
    makers = turn[turn["kind"].eq("developer")].sort_values("moved")
    chinese, closed = access.loc["CN open"], access.loc["US closed"]
    up, down = makers.iloc[-1], makers.iloc[0]
    return (
        f"Around the turn of 2026 Chinese open models went from {number(chinese['before'], '%')} to "
        f"{number(chinese['after'], '%')} of the classified tokens and US closed models from "
        f"{number(closed['before'], '%')} to {number(closed['after'], '%')}. {up['group']} gained most "
        f"({number(up['moved'], 'percentage points')}), {down['group']} lost most "
        f"({number(down['moved'], 'percentage points')})."
    )


def _key(words: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in words.lower()).split())


def _ends(row: Any) -> tuple[float, float]:
    return float(row["low"]), float(row["high"])


def _range(told: Number) -> str:
    low, high = told.ci or (float("nan"), float("nan"))
    return f"{number(low, told.unit, decimals=0)} to {number(high, told.unit, decimals=0)}"


def uptake(found: Uptake) -> Iterator[Part]:
    """How long models stay in use."""
    rows = found.half_lives.to_frame().set_index("group")
    for group, row in rows.iterrows():
        ends = None if pd.isna(row["high"]) else (row["low"], row["high"])
        yield Number(
            f"half_life.{str(group).lower().replace(' ', '_')}",
            f"{GROUPS.get(str(group), str(group))}: weeks from a model's best week until below half of it",
            row["median"], "weeks", ci=ends, n=int(row["models"]),
            role="primary" if group in GROUPS else "descriptive",
            method="Kaplan and Meier's median; bootstrap over models",
            note="" if ends else "the upper end is not reached within the data",
        )  # fmt: skip
    told = "; ".join(
        f"{GROUPS[group]} {number(rows.loc[group, 'median'], 'weeks')} ({rows.loc[group, 'low']:.0f} to "
        f"{rows.loc[group, 'high']:.0f})"
        for group in GROUPS
        if group in rows.index
    )
    yield Figure(
        "use_after_release",
        lambda: plots.headline(
            curves_by_group(found.frame), f"Half of a model's peak is gone within weeks: {told}",
            "Median share of a week's tokens over the model's own best week, by weeks since release",
            source=_SOURCE,
        ),
        alt=f"Use after release falls fast. Weeks from the best week to half of it: {told}.",
        data=found.frame[["model_id", "group", "age", "of_peak", "of_top"]],
    )  # fmt: skip
    ages = found.frame[found.frame["age"].isin([1, 4, 13])]
    top = ages.groupby(["group", "age"])["of_top"].median().unstack()  # noqa: PD010
    yield Table(
        (100 * top).rename(columns={age: f"week {age}" for age in top}).reset_index(), row_label="group",
        title="Use against the ten largest",
        subtitle="Median share of tokens, in percent of the median of the ten largest models at that age",
    )  # fmt: skip


def paid(found: Paid) -> Iterator[Part]:
    """What US firms pay for and say, as far as it was published."""
    for entity in ("DeepSeek", "Anthropic", "OpenAI", "Mistral"):
        row = found.figure("ramp", "share_of_firms_paying", entity)
        if row is not None:
            yield Number(
                f"us_firms_paying.{entity.lower()}", f"US firms on Ramp that pay {entity}, {row['period']}",
                row["value"], "%", method=f"count of firms, vintage {row['vintage']}", role="descriptive",
                note="a count of all of Ramp's firms: no sampling interval; they lean to young digital ones",
            )  # fmt: skip
    yield Sentence(" ".join([*survey(found), *census(found), "Series of other vintages are not joined."]))
    ramp = found.frame[found.frame["source_id"].eq("ramp")].sort_values("vintage")
    by_month = ramp.pivot_table("value", "entity", "period", aggfunc="last")
    if by_month.shape[1] > 1:
        ends = by_month.iloc[:, [0, -1]]
        ends.insert(2, "change", ends.iloc[:, 1] - ends.iloc[:, 0])
        yield Table(
            ends.sort_values(ends.columns[1], ascending=False).reset_index(),
            row_label="entity", title="What US firms on Ramp pay for",
            subtitle="Percent of firms that pay the vendor in the month; change in percentage points",
            labels={"entity": "vendor"},
        )  # fmt: skip


def mix(found: Mix) -> Iterator[Part]:
    """What kind of tokens they are."""
    months = sorted(found.frame["month"].unique())[-3:]
    recent = found.frame[found.frame["month"].isin(months)]
    last = recent.groupby("origin")[["prompt_tokens", "completion_tokens"]].sum()
    ratio = (last["prompt_tokens"] / last["completion_tokens"]).astype(float)
    told = ", ".join(f"{plots.origin_name(str(origin))} {value:.0f} to 1" for origin, value in ratio.items())
    yield Sentence(
        f"Prompts outweigh answers by far among each week's ten largest models ({months[0]} to "
        f"{months[-1]}: {told}): most of it is software that reads long contexts again, not chat. What is "
        "written, code or prose, and in which app, is not recorded here."
    )


def cases(found: Cases) -> Iterator[Part]:
    """Companies on record."""
    rows = found.frame
    for key, name in _COMPANIES.items():
        seen = rows[found.group(key)]
        yield Number(
            f"documented.{key}", f"Checked cases of use by {name}", int(seen["counts"].sum()), "events",
            n=len(seen), method="count of reviewed events", role="primary",
            note=f"a count: no interval; {len(seen)} on record with those that were not checked or are no "
            "use",
        )  # fmt: skip
    yield Sentence(f"{documented(found)}. What companies do not announce is not seen here.")
    shown = rows.assign(date=rows["date"].dt.date, counts=rows["counts"].map({True: "yes", False: "no"}))
    yield Table(
        shown[["date", "company", "role", "model", "title", "confidence", "counts"]],
        title="Companies on record", subtitle="From the tables of events and adopters", row_label="date",
        labels={"title": "event", "counts": "counted"},
    )  # fmt: skip


def documented(found: Cases) -> str:
    """Whom checked cases name, and whom not."""
    rows = found.frame
    users = ", ".join(sorted(rows.loc[rows["counts"], "company"].unique())) or "no company"
    named = {key: name for key, name in _COMPANIES.items() if key != "listed"}
    absent = [name for key, name in named.items() if not (found.group(key) & rows["counts"]).any()]
    return f"Checked cases of use name {users}" + (f"; none names {' or '.join(absent)}" if absent else "")


def after_restrictions(found: AfterRestrictions) -> Iterator[Part]:
    """What moved after restrictions, and with other windows."""
    yield from (change_number(key, change) for key, change in found.changes.items())
    known = {key: change for key, change in found.changes.items() if isinstance(change, BeforeAfter)}
    if known:
        yield _changes_table(found, known)
    yield Sentence(restrictions_sentence(found))
    rows = found.frame
    yield Table(
        rows.assign(date=rows["date"].dt.date)[["date", "actor", "title", "confidence"]],
        title="The restrictions",
        subtitle="Export controls tightened, by the rule of the report on regulation",
        row_label="date",
    )  # fmt: skip
    series = "us_prices_after_restrictions"
    others = {
        months: change_number(series, change, window=months) for months, change in found.windows.items()
    }
    yield from others.values()
    moved = "; ".join(
        f"{told.short} over {months} {'month' if months == 1 else 'months'} ({told.interval})"
        for months, told in others.items()
        if told.interval
    )
    yield Sentence(f"With other windows US closed prices moved, beyond the usual, by {moved or 'nothing'}.")


def change_number(key: str, change: BeforeAfter | str, *, window: int | None = None) -> Number:
    """One series after restrictions; ``window``: with another number of months before and after."""
    name, unit = SERIES[key]
    key = key if window is None else f"{key}.months_{window}"
    label = f"{name} after US restrictions" + ("" if window is None else f", {window} before and after")
    role: Role = "primary" if window is None else "robustness"
    if isinstance(change, str):
        return Number(key, label, None, unit, n=0, note=change, role=role)
    note = f"p = {change.p_value:.2f}"
    if window is None:
        label += ", beyond the usual change"
        note += f"; smallest detectable change {change.detectable:.1f}; months with a restriction but "
        note += f"outside the series: {len(change.left_out)}"
    return Number(
        key, label, change.effect, unit, ci=(change.low, change.high), n=change.events, method=_PERMUTED,
        note=note, role=role,
    )  # fmt: skip


def _changes_table(found: AfterRestrictions, known: dict[str, BeforeAfter]) -> Table:
    rows = [
        {"series": SERIES[key][0], "unit": SERIES[key][1]} | change.to_frame().iloc[0].to_dict()
        for key, change in known.items()
    ]
    columns = ["series", "unit", "events", "effect", "low", "high", "p_value", "detectable"]
    return Table(
        pd.DataFrame(rows)[columns], title="After restrictions", row_label="series",
        subtitle=f"Mean of {found.months} observations from the month on, less those before; {_PERMUTED}",
        labels={"events": "months", "effect": "beyond usual", "low": "95% from", "high": "to",
                "p_value": "p", "detectable": "smallest detectable"},
    )  # fmt: skip


def restrictions_sentence(found: AfterRestrictions) -> str:
    """Which series moved beyond the usual, and what timing cannot tell."""
    told = [_moved(key, change) for key, change in found.changes.items() if isinstance(change, BeforeAfter)]
    unchecked = int(found.frame["confidence"].eq("unverified").sum())
    return (
        f"{'; '.join(told) or 'No restriction has observations around it'}. {unchecked} of the "
        f"{len(found.frame)} restrictions are known from event lists that were not checked. Restrictions "
        "cluster with releases of models, and timing alone cannot tell one from the other. How shares moved "
        "on those days stands in the report on regulation, and the verdict of the briefing uses it."
    )


def _moved(key: str, change: BeforeAfter) -> str:
    name, unit = SERIES[key]
    verdict = "rose" if change.effect > 0 else "fell"
    if change.low <= 0 <= change.high:
        verdict = "did not move detectably"
    low, high, least = (number(value, unit) for value in (change.low, change.high, change.detectable))
    return (
        f"{name} {verdict} beyond the usual ({number(change.effect, unit)}, 95% interval {low} to {high}; "
        f"{change.events} {'month' if change.events == 1 else 'months'} with restrictions; smallest "
        f"detectable change {least})"
    )
