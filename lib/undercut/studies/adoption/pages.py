"""What does the report on adoption say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from undercut import plots
from undercut.competition.adoption.before_after import BeforeAfter
from undercut.competition.adoption.charts import shares_over_time
from undercut.competition.adoption.token_shares import ShareTrend
from undercut.report.findings.sentences import number
from undercut.studies.adoption.estimates import SERIES, AfterRestrictions, Cases, Shares
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table

_COMPANIES: Final = {
    "nvidia": "NVIDIA",
    "tesla": "Tesla",
    "startups": "private US companies",
    "listed": "other listed US companies",
}
_PERMUTED: Final = "permutation over dates"
CAVEATS: Final = (
    Caveat("Token shares are those of the fifteen most used models of one platform, not of the market."),
    Caveat("No table here knows the buyers' country: adoption by US companies is documented by cases only."),
)


def shares(found: Shares) -> Iterator[Part]:
    """Shares of tokens now and their trends."""
    chinese, closed = trend(found, "CN open"), trend(found, "US closed")
    now, closed_now = share_now(found, "CN open"), share_now(found, "US closed")
    yield from (chinese, now, closed, closed_now)
    by_count = found.by_count
    yield Number(
        "chinese_open_share_trend.by_count", "The same, each of the fifteen models counted once",
        by_count.slope, "percentage points", ci=(by_count.low, by_count.high), n=by_count.months,
        as_of=found.last_week, method="as above", role="robustness",
    )  # fmt: skip
    yield Number(
        "chinese_open_share_of_us_companies", "Share of Chinese open models in what US companies use", None,
        "%", n=0, method="none", note="no table here knows the buyers' country", role="descriptive",
    )  # fmt: skip
    yield Figure(
        "token_shares",
        lambda: plots.headline(
            shares_over_time(found.frame, ax=plots.own_axes(height=4.6)),
            f"Chinese open models: {now.short} of the tokens, {found.chinese.first_share:.0f}% at the start",
            "Percent of the tokens of the fifteen most used models, one week a month",
            source="OpenRouter weekly rankings, archived; one platform, not the market",
        ),
        alt=f"Lines of the share of tokens by origin and access. Chinese open models: {now.short}, trend "
        f"{chinese} a year; US closed: {closed_now.short}, trend {closed} a year.",
        data=found.frame,
    )  # fmt: skip
    yield Sentence(shares_sentence(found))


def _of(found: Shares, group: str) -> tuple[ShareTrend, str, str]:
    if group == "CN open":
        return found.chinese, "chinese_open_share", "Chinese open models"
    return found.closed, "us_closed_share", "US closed models"


def trend(found: Shares, group: str) -> Number:
    """Trend of one group's share."""
    line, key, name = _of(found, group)
    return Number(
        f"{key}_trend", f"{name}: trend of the share of tokens, a year", line.slope, "percentage points",
        ci=(line.low, line.high), n=line.months, as_of=found.last_week,
        method="least squares on time, variance corrected for autocorrelation",
        role="headline" if group == "CN open" else "primary",
    )  # fmt: skip


def share_now(found: Shares, group: str) -> Number:
    """One group's share in the last week."""
    line, key, name = _of(found, group)
    return Number(
        key, f"{name}: share of tokens of the fifteen most used models, last week listed", line.last_share,
        "%", n=line.months, as_of=found.last_week, method="share of listed tokens", role="primary",
        note="a share of what is listed: no sampling interval; it jumps from month to month",
    )  # fmt: skip


def shares_sentence(found: Shares) -> str:
    """Which way the shares went, and how sure that is."""
    chinese, closed = trend(found, "CN open"), trend(found, "US closed")
    sure = "beyond the interval" if found.chinese.is_clear else "within the interval of zero"
    return (
        f"The share of Chinese open models {'grew' if found.chinese.slope > 0 else 'fell'} by "
        f"{number(abs(found.chinese.slope), 'percentage points')} a year ({chinese.interval}; {sure}), to "
        f"{share_now(found, 'CN open').short}; that of US closed models moved by {closed.short} "
        f"({closed.interval})."
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
    absent = [
        name
        for key, name in _COMPANIES.items()
        if key != "listed" and not (found.group(key) & rows["counts"]).any()
    ]
    return f"Checked cases of use name {users}" + (f"; none names {' or '.join(absent)}" if absent else "")


def after_restrictions(found: AfterRestrictions) -> Iterator[Part]:
    """What moved after restrictions, and with other windows."""
    for key, change in found.changes.items():
        yield change_number(key, change)
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
    others = {months: window_number(months, change) for months, change in found.windows.items()}
    yield from others.values()
    moved = "; ".join(
        f"{told.short} over {months} {'month' if months == 1 else 'months'} ({told.interval})"
        for months, told in others.items()
        if told.interval
    )
    moved = moved or "nothing that could be measured"
    yield Sentence(f"With other windows US closed prices moved, beyond the usual, by {moved}.")


def change_number(key: str, change: BeforeAfter | str) -> Number:
    """One series after restrictions."""
    name, unit = SERIES[key]
    if isinstance(change, str):
        return Number(key, f"{name} after US restrictions", None, unit, n=0, note=change, role="primary")
    return Number(
        key, f"{name} after US restrictions, beyond the usual change", change.effect, unit,
        ci=(change.low, change.high), n=change.events, method=_PERMUTED, role="primary",
        note=f"p = {change.p_value:.2f}; smallest detectable change {change.detectable:.1f}; months with a "
        f"restriction but outside the series: {len(change.left_out)}",
    )  # fmt: skip


def window_number(months: int, change: BeforeAfter | str) -> Number:
    """US prices with another number of months before and after."""
    key = f"us_prices_after_restrictions.months_{months}"
    name, unit = SERIES["us_prices_after_restrictions"]
    label = f"{name} after US restrictions, {months} before and after"
    if isinstance(change, str):
        return Number(key, label, None, unit, n=0, note=change, role="robustness")
    return Number(
        key, label, change.effect, unit, ci=(change.low, change.high), n=change.events, method=_PERMUTED,
        note=f"p = {change.p_value:.2f}", role="robustness",
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


def conclusion(found: Shares, on_record: Cases) -> list[Part]:
    """The report's answer and what else must be known."""
    now, line = share_now(found, "CN open"), trend(found, "CN open")
    return [
        Answer(
            f"Chinese open models have {now.short} of the tokens of one router's fifteen most used models, a "
            f"trend of {line.short} a year ({line.interval})."
        ),
        Sentence(f"{documented(on_record)}."),
    ]
