"""What does the report on security, quality and reliability say and show? All computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.prices.reliability import RateRatio
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.quality.estimates import (
    AtEqualCapability,
    Behind,
    ByTask,
    Incidents,
    SameWeights,
    Steadiness,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ERRORS: Final = "the index's own errors, drawn independently"
_EPOCH: Final = "Epoch AI (CC BY 4.0)"
_LED: Final = ("us_hosting_premium", "us_hosting_premium.cheapest_us_seller")
CAVEATS: Final = (
    Caveat(
        "The premium for the same weights pays for everything in which sellers differ, not for "
        "jurisdiction alone."
    ),
)


def same_weights(found: SameWeights) -> Iterator[Part]:
    """The premium over months and under other choices."""
    told = {str(row.key): premium(pd.Series(row._asdict())) for row in found.frame.itertuples()}
    yield from (told[key] for key in _LED)
    by_month = found.whole.by_month
    yield Figure(
        "us_hosting_premium", lambda: _premium_axes(found),
        alt=f"Line over months of the premium of US sellers of Chinese open weights. {security(found)}.",
        data=by_month,
    )  # fmt: skip
    yield Sentence(f"{security(found)}; {for_who_looks_around(found)}")
    shown = ["choice", "premium", "low", "high", "models", "clusters"]
    yield Table(
        found.frame.loc[found.frame["why_not"].eq(""), shown], title="The premium by other choices",
        subtitle="Percent over the Chinese developer's own price", row_label="choice",
        formats=dict.fromkeys(("premium", "low", "high"), "number"), labels={"low": "95% from", "high": "to"},
    )  # fmt: skip
    yield from (told[key] for key in told if key not in _LED)


def premium(row: pd.Series) -> Number:
    """The premium under one choice."""
    label = f"US sellers over the Chinese developer's own price, same weights and month: {row['choice']}"
    if row["why_not"]:
        return Number(row["key"], label, None, "%", n=0, note=row["why_not"], role="robustness")
    is_wide = bool(np.isfinite([row["low"], row["high"]]).all())
    return Number(
        row["key"], label, row["premium"], "%", ci=(row["low"], row["high"]) if is_wide else None,
        n=row["models"], note="" if is_wide else "too few developers for an interval",
        method=f"mean log difference within model and month; {row['how']} over {row['clusters']} clusters",
        role="headline" if row["key"] == _LED[0] else "primary" if row["key"] == _LED[1] else "robustness",
    )  # fmt: skip


def security(found: SameWeights) -> str:
    """What US sellers asked over the developer, and how sure that is."""
    told = premium(found.row())
    if told.value is None:
        return f"Over the last {found.recent_months} months no such weights were sold both ways"
    return (
        f"Over the last {found.recent_months} months US sellers asked {abs(told.value):.0f}% "
        f"{'more' if told.value > 0 else 'less'} than the Chinese developer for the same weights "
        f"({_sure(told)})"
    )


def _sure(told: Number) -> str:
    if not told.interval:
        return "too few developers for an interval"
    return f"{told.interval}: " + ("beyond the interval" if told.is_clear else "an interval that holds zero")


def for_who_looks_around(found: SameWeights) -> str:
    """What a buyer pays who takes the cheapest US seller, and how it was over all months."""
    cheap, whole = premium(found.row(".cheapest_us_seller")), found.row(".all_months")["premium"]
    since = f"Over all months since {found.first_month} it was {whole:+.0f}%."
    if cheap.value is None:
        return f"no cheapest US seller can be told. {since}"
    low, high = cheap.ci or (np.nan, np.nan)
    pays = "pays" if low > 0 else "need not pay" if high < 0 else "may or may not pay"
    return (
        f"the cheapest US seller of a model asked {abs(cheap.value):.0f}% "
        f"{'more' if cheap.value > 0 else 'less'} ({cheap.interval or 'no interval'}), so that a buyer who "
        f"looks around {pays} for US law. {since}"
    )


def _premium_axes(found: SameWeights) -> Axes:
    by_month = found.whole.by_month
    drawn = by_month[by_month["developers"] >= min(3, by_month["developers"].max())]
    months = pd.PeriodIndex(drawn["period"], freq="M").to_timestamp()
    value, low, high = (100 * np.expm1(drawn[name].astype(float)) for name in ("premium", "low", "high"))
    axes, color = plots.own_axes(height=4.2), plots.origin_color("US")
    plots.band(axes, months, low, high, color)
    axes.plot(months, value, color=color)
    return plots.headline(
        plots.zero_line(axes),
        f"Same weights from US sellers: {found.row()['premium']:+.0f}% over the last {found.recent_months} "
        f"months, {value.iloc[-1]:+.0f}% in the last one",
        f"Percent over the Chinese developer's own price, mean over models, {found.workload} workload; "
        "months with three developers or more; band: 95%, from five on",
        source="Undercut price panel",
    )  # fmt: skip


def at_equal_capability(found: AtEqualCapability) -> Iterator[Part]:
    """US closed over Chinese open models at equal capability."""
    closed = closed_premium(found)
    yield closed
    value = closed.value or 0.0
    yield Sentence(
        f"At equal capability US closed models cost {abs(value):.0f}% {'more' if value > 0 else 'less'} than "
        f"Chinese open ones ({closed.interval}): what buyers pay for a US closed model is another matter "
        "than the price of keeping Chinese weights under US law."
    )


def closed_premium(found: AtEqualCapability) -> Number:
    """The gap at equal capability, turned round."""
    gap = found.gap
    value, low, high = (100 * (1 / (1 + end) - 1) for end in (gap.gap, gap.high, gap.low))
    return Number(
        "closed_premium", "US closed over Chinese open models at equal capability", value, "%",
        ci=(low, high),
        n=gap.n_group + gap.n_reference, role="primary",
        method=f"least squares on capability; bootstrap over {gap.clusters} families",
    )  # fmt: skip


def incidents(found: Incidents) -> Iterator[Part]:
    """Bans and incidents, listed."""
    rows = found.frame
    checked = int(rows["confidence"].ne("unverified").sum())
    yield Number(
        "bans_and_incidents", "Bans and security incidents on record", len(rows), "events", n=len(rows),
        method="count of the events table", role="descriptive",
        note=f"a count: no interval; {checked} of them checked against a source",
    )  # fmt: skip
    yield Table(
        rows.assign(date=rows["date"].dt.date)[["date", "actor", "country", "title", "confidence"]],
        title="Bans and security incidents", subtitle="From the table of events; unverified ones marked",
        row_label="date",
    )  # fmt: skip


def behind(found: Behind) -> Iterator[Part]:
    """The gap in points and in months."""
    points, months = gap_number(found), lag_number(found)
    mean, ends = found.usual()
    count = len(found.at_release)
    usual = Number(
        "lag_at_release_months",
        f"Lag of the last {count} Chinese open record holders on the day of their release", mean, "months",
        ci=ends, n=count, method="mean; bootstrap over releases", role="primary",
    )  # fmt: skip
    yield from (points, months, usual)
    now, year_ago = found.lag.now, found.year_ago
    yield Figure(
        "capability_gap",
        lambda: plots.headline(
            found.lag.plot(plots.own_axes(height=4.2)),
            f"{now['follower_model']} stands {distance(points)} {now['leader_model']}, {months.short} behind",
            "Best US closed less best Chinese open model, points of Epoch AI's capability index; band: 95%",
            source=_EPOCH,
        ),
        alt=f"Line of the capability gap by month. Last month: {points}; lag {months}.", data=found.frame,
    )  # fmt: skip
    yield Sentence(
        f"In {_month(now)} the gap is {points}, or {months}. The last {count} record holders came "
        f"{usual.short} ({usual.interval}) after a US closed model of the same score."
    )
    yield Figure(
        "capability_lag",
        lambda: plots.headline(
            found.lag.plot(plots.own_axes(height=3.8), measure="lag"),
            f"Months behind: {now['lag']:.1f} now, {year_ago['lag']:.1f} in {_month(year_ago)}",
            "Months since a US closed model first stood where the best Chinese open one stands; it grows "
            "until the next release; band: 95%",
            source=_EPOCH,
        ),
        alt=f"Saw-toothed line of the lag in months, month by month. Last month: {months}; a year before: "
        f"{year_ago['lag']:.1f} months.",
        data=found.frame,
    )  # fmt: skip
    yield Number(
        "capability_gap_months.a_year_ago",
        f"Months by which Chinese open models followed in {year_ago['period']}", year_ago["lag"], "months",
        ci=(year_ago["lag_low"], year_ago["lag_high"]), n=found.lag.models, method=_ERRORS,
        as_of=pd.Period(year_ago["period"], "M").end_time.date(), role="descriptive",
    )  # fmt: skip


def gap_number(found: Behind) -> Number:
    """The gap now, in points."""
    now = found.lag.now
    return Number(
        "capability_gap_points", "Best US closed less best Chinese open model", now["gap"], "index points",
        ci=(now["gap_low"], now["gap_high"]), n=found.lag.models, as_of=found.released, method=_ERRORS,
        role="primary",
    )  # fmt: skip


def lag_number(found: Behind) -> Number:
    """The gap now, in months."""
    now = found.lag.now
    return Number(
        "capability_gap_months", "Months since a US closed model first stood there", now["lag"], "months",
        ci=(now["lag_low"], now["lag_high"]), n=found.lag.models, as_of=found.released, method=_ERRORS,
        role="primary",
    )  # fmt: skip


def distance(points: Number) -> str:
    """``8.2 index points below``, or above where the Chinese model leads."""
    value = points.value or 0.0
    return f"{abs(value):.1f} index points {'below' if value > 0 else 'above'}"


def _month(row: pd.Series) -> str:
    return pd.Period(row["period"], "M").strftime("%B %Y")


def by_task(found: ByTask) -> Iterator[Part]:
    """The gap by kind of work."""
    rows = found.frame
    for row in rows.itertuples():
        yield Number(
            f"arena_gap.{row.task}",
            f"Best US closed less best Chinese open model, Arena: {str(row.task).replace('_', ' ')}", row.gap,
            "rating points", ci=(row.gap_low, row.gap_high), as_of=row.rated_on.date(),
            method="Arena's own intervals, drawn independently",
            role="primary" if row.task == "overall" else "descriptive",
        )  # fmt: skip
    shown = [
        "task",
        "leader_model",
        "follower_model",
        "gap",
        "gap_low",
        "gap_high",
        "lag",
        "lag_low",
        "lag_high",
    ]
    yield Table(
        rows.assign(task=rows["task"].str.replace("_", " "))[shown], title="By kind of work: Arena ratings",
        subtitle="Best US closed less best Chinese open model, rating points and months; 95% intervals",
        row_label="task", formats=dict.fromkeys(shown[3:], "number"),
        labels={"leader_model": "best US closed", "follower_model": "best Chinese open",
                "gap_low": "95% from", "gap_high": "to", "lag": "months", "lag_low": "from",
                "lag_high": "to "},
    )  # fmt: skip
    yield Sentence(ahead(found))


def ahead(found: ByTask) -> str:
    """In how many kinds of work the US closed model leads."""
    if found.frame.empty:
        return "The ratings by kind of work are later than this report's day."
    return (
        "People who compare answers put the best US closed model ahead, beyond the interval, in "
        f"{int(found.frame['gap_low'].gt(0).sum())} of {len(found.frame)} kinds of work."
    )


def steadiness(found: Steadiness) -> Iterator[Part]:
    """Ratios of rates, and the rates."""
    yield from _rates("withdrawal_ratio", found.gone)
    yield from _rates("price_change_ratio", found.moved)
    yield Sentence(f"{vanish(found)[0].upper()}{vanish(found)[1:]} and {change(found)}.")
    columns = ["what", "group", "events", "years", "rate", "low", "high", "developers"]
    yield Table(
        found.frame[columns], title="Withdrawals and price changes", subtitle="Per offer and year",
        row_label="what", formats={"years": "integer"},
        labels={"years": "offer-years", "rate": "a year", "low": "95% from", "high": "to"},
    )  # fmt: skip


def _rates(key: str, found: RateRatio) -> Iterator[Number]:
    ratio = rate_number(key, found)
    yield ratio
    for row in found.rates.itertuples():
        yield Number(
            f"{key}.{str(row.group).lower().replace(' ', '_')}", f"{ratio.label.split(',')[0]}: {row.group}",
            row.rate, "a year", ci=(row.low, row.high), n=row.events, role="descriptive",
            method="events over offer-years; bootstrap over developers",
        )  # fmt: skip


def rate_number(key: str, found: RateRatio) -> Number:
    """One ratio of rates."""
    what = {"withdrawal_ratio": "Withdrawals", "price_change_ratio": "Price changes"}[key]
    return Number(
        key, f"{what} per offer-year, Chinese open over US closed", found.ratio, "x",
        ci=(found.low, found.high), n=int(found.rates["events"].sum()), role="primary",
        method=f"ratio of rates; bootstrap over {int(found.rates['developers'].sum())} developers",
    )  # fmt: skip


def vanish(found: Steadiness) -> str:
    """Whether Chinese open offers vanish more often."""
    told = rate_number("withdrawal_ratio", found.gone)
    return (
        f"their offers vanish {_often(found.gone)} those of US closed models (ratio {told.short}, "
        f"{told.interval})"
    )


def change(found: Steadiness) -> str:
    """Whether their prices change more often."""
    told = rate_number("price_change_ratio", found.moved)
    return f"change price {_often(found.moved)} theirs (ratio {told.short}, {told.interval})"


def _often(found: RateRatio) -> str:
    if found.low > 1:
        return "more often than"
    return "less often than" if found.high < 1 else "as often, within the interval, as"


def conclusion(same: SameWeights, lag: Behind, steady: Steadiness) -> list[Part]:
    """The report's answer and what else must be known."""
    points, months = gap_number(lag), lag_number(lag)
    return [
        Answer(f"{security(same)}."),
        Sentence(
            f"The best Chinese open model stands {distance(points)} the best US closed one "
            f"({points.interval}), {months.short} behind it ({months.interval}); {vanish(steady)}."
        ),
    ]
