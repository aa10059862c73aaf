"""What does the report on security, quality and reliability say and show? All computed from results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.prices.reliability import RateRatio
from undercut.report.findings.sentences import number
from undercut.result import Axes
from undercut.sources.reference import reader_names
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, Table
from undercut.studies.quality.estimates import (
    AtEqualCapability,
    Behind,
    ByTask,
    Incidents,
    SameWeights,
    Steadiness,
)

_ERRORS: Final = "the index's own errors, drawn independently"
_BOARDS: Final = "Epoch AI (CC BY 4.0), Arena, LiveBench"
#: Prices over the developer's own at which the axis is marked.
_RATIOS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_LED: Final = ("us_hosting_premium", "us_hosting_premium.cheapest_us_seller")
CAVEATS: Final = (
    Caveat("The premium for the same weights pays for all in which sellers differ, not for law alone."),
)


def same_weights(found: SameWeights) -> Iterator[Part]:
    """The premium of each model, of the median one, and under other choices."""
    told = {str(row.key): premium(pd.Series(row._asdict())) for row in found.frame.itertuples()}
    yield Answer(f"{security(found)}.")
    yield Figure(
        "us_hosting_premium", lambda: _premium_axes(found),
        alt=f"Columns of dots, a column a model: premium of its US sellers. {security(found)}.",
        data=found.by_model,
    )  # fmt: skip
    yield from told.values()
    yield Sentence(for_who_looks_around(found))
    shown = ["choice", "premium", "low", "high", "models"]
    yield Table(
        found.frame.loc[found.frame["why_not"].eq(""), shown], title="The premium by other choices",
        subtitle="Percent over the Chinese developer's own price", row_label="choice",
        formats=dict.fromkeys(("premium", "low", "high"), "number"), labels={"low": "95% from", "high": "to"},
    )  # fmt: skip


def premium(row: pd.Series) -> Number:
    """The premium under one choice."""
    label = f"US sellers over the Chinese developer's own price, same weights and month: {row['choice']}"
    if row["why_not"]:
        return Number(row["key"], label, None, "%", n=0, note=row["why_not"], role="robustness")
    is_wide = bool(np.isfinite([row["low"], row["high"]]).all())
    return Number(
        row["key"], label, row["premium"], "%", ci=(row["low"], row["high"]) if is_wide else None,
        n=row["models"], note="" if is_wide else "too few models for an interval",
        method=f"log difference within model and month, {row['how']}; bootstrap over models",
        role="headline" if row["key"] == _LED[0] else "primary" if row["key"] == _LED[1] else "robustness",
    )  # fmt: skip


def security(found: SameWeights) -> str:
    """What the median US seller asks over the developer, and how sure that is."""
    told = premium(found.row())
    if told.value is None:
        return f"Over the last {found.recent_months} months no such weights were sold both ways"
    if abs(told.value) < 0.5:
        return (
            "For the same Chinese weights US sellers ask what the Chinese developer asks "
            f"(difference at the median model {told.short}, {_span(told)})"
        )
    return (
        f"For the same Chinese weights US sellers ask {abs(told.value):.0f}% "
        f"{'more' if told.value > 0 else 'less'} than the Chinese developer at the median model "
        f"({_span(told)}){'' if told.is_clear else '; that could be chance'}"
    )


def _span(told: Number) -> str:
    return told.interval or "too few models for an interval"


def for_who_looks_around(found: SameWeights) -> str:
    """What a buyer pays who takes the cheapest US seller, the mean, and how it was over all months."""
    cheap, mean = (premium(found.row(key)) for key in (".cheapest_us_seller", ".mean_us_seller"))
    if cheap.value is None or mean.value is None:
        return "No cheapest US seller can be told."
    low, high = cheap.ci or (np.nan, np.nan)
    pays = "pays" if low > 0 else "need not pay" if high < 0 else "may or may not pay"
    whole = found.row(".all_months")["premium"]
    return (
        f"The cheapest US seller of the median model asks {abs(cheap.value):.0f}% "
        f"{'more' if cheap.value > 0 else 'less'} ({_span(cheap)}), so that a buyer who looks around {pays} "
        f"for US law. The mean over models is {mean.short} ({_span(mean)}): it hangs on a few models with a "
        f"wide difference. Over all months since {found.first_month} the median is {number(whole, '%')}."
    )


def _premium_axes(found: SameWeights) -> Axes:
    """A column a model, by premium: its median US seller as a dot, its cheapest as a ring."""
    shown = found.by_model.sort_values("difference", ignore_index=True)
    names = shown["model_id"].map(reader_names())
    axes, color = plots.own_axes(None, 8.6, 4.2), plots.origin_color("US")
    ring: dict[str, Any] = {"markerfacecolor": plots.PAPER, "markeredgecolor": color}
    cheapest, median = (np.exp(shown[end].astype(float)) for end in ("cheapest", "difference"))
    axes.vlines(range(len(shown)), cheapest, median, color=color, linewidth=1, alpha=0.5)
    axes.plot(range(len(shown)), cheapest, "o", markersize=6, **ring)
    axes.plot(range(len(shown)), median, "o", color=color, markersize=6)
    for seller, ratios in (("cheapest US seller", cheapest), ("median US seller", median)):
        ends = [f"{seller}: {number(100 * (ratio - 1), '%')}" for ratio in ratios]
        plots.marks(axes, range(len(shown)), ratios, [*map("\n".join, zip(names, ends, strict=True))])
    plots.log_axis(axes)
    ticks = [ratio for ratio in _RATIOS if cheapest.min() * 0.8 <= ratio <= median.max() * 1.25]
    axes.set_yticks(ticks, ["same" if ratio == 1 else f"{ratio:g}\N{MULTIPLICATION SIGN}" for ratio in ticks])
    axes.set_xticks([])
    axes.set_xlabel("models, by the price of their median US seller")
    axes.axhline(1, color=plots.INK, linewidth=0.8)
    axes.grid(axis="x", visible=False)
    plots.headline(
        axes, premium_title(median),
        "Price over the Chinese developer's own, same weights and month; dot: median US seller; "
        f"ring: cheapest; last {found.recent_months} months, {found.workload} workload",
        source="Undercut price panel",
    )  # fmt: skip
    far = np.log(median).sort_values(key=abs, ascending=False).head(6)
    return plots.label_points(axes, {names[place]: (place, median[place]) for place in far.index})


def premium_title(ratios: pd.Series) -> str:
    """At how many models US sellers ask about what the developer asks, and at how many less or more."""
    less, more = int((ratios < 0.95).sum()), int((ratios > 1.05).sum())
    return (
        f"Of {len(ratios)} models, the median US seller asks within 5% of the developer for "
        f"{len(ratios) - less - more}, less for {less}, more for {more}"
    )


def at_equal_capability(found: AtEqualCapability) -> Iterator[Part]:
    """US closed over Chinese open models at equal capability."""
    closed = closed_premium(found)
    yield closed
    value = closed.value or 0.0
    yield Sentence(
        f"At equal capability and age US closed models cost {abs(value):.0f}% "
        f"{'more' if value > 0 else 'less'} than "
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
        method=f"least squares on capability and age; bootstrap over {gap.clusters} developers",
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
    later = f", {months.short} behind" if (months.value or 0) > 0 else ""
    yield Figure(
        "capability_gap",
        lambda: plots.headline(
            found.lag.plot(plots.own_axes(height=4.2)),
            f"{now['follower_model']} stands {distance(points)} {now['leader_model']}{later}",
            f"Best US closed less best Chinese open model, {found.measure}; band: 95%", source=_BOARDS,
        ),
        alt=f"Line of the capability gap by month. Last month: {points}; lag {months}.", data=found.frame,
    )  # fmt: skip
    yield Sentence(
        f"In {_month(now)} the gap is {points}, or {months}. The last {count} record holders came "
        f"{usual.short} ({usual.interval}) after a US closed model of the same score. {by_measure(found)}"
    )
    shown = ["measure", "licences", "gap", "lag", "lag_low", "lag_high", "leader_model", "follower_model"]
    yield Table(
        found.by_measure[shown], title="Months behind, by measure and licence", row_label="measure",
        subtitle="Best US closed less best Chinese open model: points of the measure and months, 95%",
        formats=dict.fromkeys(("gap", "lag", "lag_low", "lag_high"), "number"),
        labels={"lag": "months", "lag_low": "95% from", "lag_high": "to", "gap": "points",
                "leader_model": "best US closed", "follower_model": "best Chinese open"},
    )  # fmt: skip
    for row in found.by_measure.itertuples():
        yield Number(
            f"capability_gap_months.{_plain(row.measure)}.{_plain(row.licences)}",
            f"Months behind by {row.measure}, licences: {row.licences}", row.lag, "months",
            ci=(row.lag_low, row.lag_high), method=_ERRORS, role="robustness",
            n=found.lag.models,
        )  # fmt: skip
    yield Figure(
        "capability_lag",
        lambda: plots.headline(
            found.lag.plot(plots.own_axes(height=3.8), measure="lag"),
            f"Months behind: {now['lag']:.1f} now, {year_ago['lag']:.1f} in {_month(year_ago)}",
            "Months since a US closed model first stood where the best Chinese open one stands; it grows "
            "until the next release; band: 95%",
            source=_BOARDS,
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
    label = "Best US closed less best Chinese open model"
    return _distance_now(found, "gap", "capability_gap_points", label, found.points)


def lag_number(found: Behind) -> Number:
    """The gap now, in months."""
    label = "Months since a US closed model first stood there"
    return _distance_now(found, "lag", "capability_gap_months", label, "months")


def _distance_now(found: Behind, measure: str, key: str, label: str, unit: str) -> Number:
    value, low, high = found.lag.now[[measure, f"{measure}_low", f"{measure}_high"]]
    return Number(
        key, label, value, unit, ci=(low, high), n=found.lag.models, as_of=found.released, method=_ERRORS,
        role="primary",
    )  # fmt: skip


def _plain(words: str) -> str:
    return "_".join(words.lower().replace(",", "").split())


def by_measure(found: Behind) -> str:
    """The range of the lag over measures, and what licences that set conditions do to it."""
    every = found.by_measure.set_index(["licences", "measure"])["lag"]
    whole, strict = (every.xs(kind) for kind in ("all", "without those that set conditions"))
    moved = strict.reindex(whole.index)[found.measure] - whole[found.measure]
    change = "the same" if abs(moved) < 0.5 else f"{strict[found.measure]:.0f} months"
    return (
        f"Over {len(whole)} measures of capability it is {whole.min():.0f} to {whole.max():.0f} months; "
        f"without models whose licence sets conditions {change} by {found.measure}, {strict.min():.0f} to "
        f"{strict.max():.0f} over all."
    )


def distance(points: Number) -> str:
    """``8.2 points below``, or above where the Chinese model leads."""
    value = points.value or 0.0
    return f"{abs(value):.1f} {points.unit} {'below' if value > 0 else 'above'}"


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
    shown = list(rows.columns.drop(["rated_on", "leader", "follower"]))
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


def conclusion(lag: Behind, steady: Steadiness) -> list[Part]:
    """What else must be known beside the answer."""
    points, months = gap_number(lag), lag_number(lag)
    told = (
        f"The best Chinese open model stands {distance(points)} the best US closed one ({points.interval}), "
        f"{months.short} behind it ({months.interval}); {vanish(steady)}."
    )
    return [Sentence(told)]
