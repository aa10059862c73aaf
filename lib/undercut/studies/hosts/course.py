"""How do prices run since launch, over cost and over the developer's own, and who sells what?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.hosts import charts
from undercut.competition.hosts.first_party import (
    Premium,
    first_party_premium,
    jurisdiction_premium,
    variant_premium,
)
from undercut.competition.hosts.markups import Decay, aligned, decay, price_over_cost
from undercut.competition.hosts.panel import largest_hosts, model_months
from undercut.competition.hosts.serving_cost import DISCLOSED, ServingAssumptions, cost_factor, serving_cost
from undercut.inference.wild_bootstrap import WildBootstrap
from undercut.result import Axes
from undercut.sources.other_prices import gpu_rental_agreement
from undercut.studies.framed import section
from undercut.studies.presentation import Figure, Number, Part, Sentence, Table

SOURCE: Final = "Undercut price panel: list prices of open models"
_COUNT: Final = "a count: no interval"
_NOT_TOLD: Final = (
    "the data do not tell the half-life: draws reach the ends of the range searched, or the interval spans a "
    "factor of ten"
)


@section
def since_launch(panel: pd.DataFrame, *, workload: str, draws: int) -> Iterator[Part]:
    """Where prices stand a year after launch, and how they get there.

    Decay of the lowest and the median price of each model, and of each host's own.
    """
    months, offers = model_months(panel), panel.assign(offer=panel["model_id"] + " at " + panel["host"])
    ways = {
        "Lowest price": (months, "lowest", "model_id"),
        "Median price": (months, "median", "model_id"),
        "Same host": (offers, "price", "offer"),
    }
    fits, seen = {}, []
    for name, (rows, value, unit) in ways.items():
        fits[name] = decay(rows, value=value, unit=unit, draws=draws)
        seen.append(aligned(rows, fits[name], value=value, unit=unit).assign(price=name))
    observed = pd.concat(seen, ignore_index=True)
    shares = {name: _after_year(name, fit) for name, fit in fits.items()}
    yield from shares.values()
    yield Figure(
        "since_launch",
        lambda: titled(
            charts.since_launch(
                pd.concat([fit.curve(name) for name, fit in fits.items()]),
                pd.concat([fit.after_a_year(name) for name, fit in fits.items()]),
                observed,
            ),
            f"After a year the lowest price stands at {shares['Lowest price'].short}, that of the same host "
            f"at {shares['Same host'].short}",
            f"Price as a share of the price at launch, {workload} workload; curves: exponential decay "
            "to a floor; bars: 95% intervals after a year",
        ),
        alt="Curves of price since launch. "
        + "; ".join(f"{name}: {share.short} after a year" for name, share in shares.items()),
        data=observed,
    )
    for name, fit in fits.items():
        key, how = _launch_key(name), "nonlinear least squares, bootstrap over models"
        yield Number(
            f"{key}_half_life", f"{name}: half-life of the way from launch to the floor", fit.half_life,
            "months", ci=(fit.half_life_low, fit.half_life_high), n=fit.n, method=how, role="descriptive",
            note="" if fit.is_told else _NOT_TOLD,
        )  # fmt: skip
        yield Number(
            f"{key}_floor", f"{name}: floor as a share of the price at launch", 100 * fit.floor, "%",
            ci=(100 * fit.floor_low, 100 * fit.floor_high), n=fit.n, method=how, role="descriptive",
        )  # fmt: skip


def _after_year(name: str, fit: Decay) -> Number:
    return Number(
        f"{_launch_key(name)}_after_year", f"{name} a year after launch, as a share of that at launch",
        100 * fit.after_year, "%", ci=(100 * fit.after_year_low, 100 * fit.after_year_high), n=fit.n,
        method="exponential decay to a floor, within model (same host: within offer); bootstrap over models",
        role="primary" if name == "Lowest price" else "descriptive",
    )  # fmt: skip


def _launch_key(name: str) -> str:
    return f"launch.{name.lower().replace(' ', '_')}"


@section
def over_cost(panel: pd.DataFrame, rental: pd.DataFrame, *, workload: str, draws: int) -> Iterator[Part]:
    """What is assumed about the cost of serving, prices over it, and how fast that mark-up falls."""
    assumed, costs = ServingAssumptions(), serving_cost(model_months(panel), rental)
    grid = pd.concat(
        [
            price_over_cost(costs, workload=workload, price=name, assumptions=assumed, draws=5 * draws)
            .assign(price=f"{name.capitalize()} price")
            for name in ("lowest", "median")
        ],
        ignore_index=True,
    )  # fmt: skip
    yield Table(
        assumed.table(), title="What is assumed about serving", row_label="assumption",
        subtitle="Ranges; draws are triangular in logs around the centre",
    )  # fmt: skip
    for row in grid[grid["age_months"].isin([3, 12, 24])].itertuples():
        yield Number(
            f"cost.{str(row.price).lower().replace(' ', '_')}_month_{row.age_months}",
            f"{row.price} over the cost of serving, {row.age_months} months after launch, median model",
            row.ratio, "x", ci=(row.low, row.high), n=row.models, role="assumption",
            method="centre of the assumptions; interval: all of them and the choice of models",
            note="the level is an assumption as much as a measurement",
        )  # fmt: skip
    year = {str(row["price"]): row for _, row in grid[grid["age_months"].eq(12)].iterrows()}
    times = year["Lowest price"]["ratio"]
    yield Figure(
        "over_cost",
        lambda: titled(
            charts.over_cost(grid),
            f"A year after launch the median model's lowest price is {times:.1f} times the assumed cost",
            f"Price over modelled cost of serving, median model, {workload} workload; thin: all doubt, "
            "95%; thick: choice of models alone",
            source=f"{SOURCE}; GPU rents: archived rate cards",
        ),
        alt="Ratios of price to cost by age with wide intervals. "
        + "; ".join(f"{name} after 12 months {row['ratio']:.2f}" for name, row in year.items()),
        data=grid,
    )
    centre, disclosed = (float(cost_factor(workload, at)[0]) for at in (assumed.centre(), DISCLOSED))
    margin = decay(costs.assign(mark_up=costs["lowest"] / costs["unit_cost"]), value="mark_up", draws=draws)
    yield from _cost_told(year["Lowest price"], centre / disclosed, margin)


def _cost_told(year: pd.Series, disclosed: float, margin: Decay) -> Iterator[Part]:
    """Price over cost a year after launch at the efficiency that one operator disclosed, and the mark-up."""
    low, best, high = (disclosed * year[name] for name in ("low_models", "ratio", "high_models"))
    yield Number(
        "cost.disclosed_month_12",
        "Lowest price over cost a year after launch, at the efficiency that DeepSeek published", best, "x",
        ci=(low, high), n=int(year["models"]), method="interval: choice of models alone", role="assumption",
        note="one operator, one day, cache hits counted as work",
    )  # fmt: skip
    half = Number(
        "cost.mark_up_half_life", "Half-life of the mark-up of the lowest price over cost", margin.half_life,
        "months", ci=(margin.half_life_low, margin.half_life_high), n=margin.n, role="descriptive",
        method="exponential decay to a floor, bootstrap over models",
        note="" if margin.is_told else "the data do not tell it well: see the interval",
    )  # fmt: skip
    yield half
    yield Sentence(
        f"At the centre of the assumptions {100 * year['share_below']:.0f}% of models are sold below cost a "
        "year after launch, which says as much about the assumptions as about the hosts: at the efficiency "
        f"that one large operator has published, the lowest price is {best:.1f} times cost. The mark-up "
        f"covers half of its way to the floor in {half.short} ({half.interval})"
        + ("." if margin.is_told else "; the interval says that the data hardly tell.")
    )


#: Rents closer than this agree.
_NEAR: Final = 0.2


def rent_agreement() -> list[Part]:
    """The rents of GPUs behind the cost of serving, beside quotes of other collections of the same days."""
    met = gpu_rental_agreement().assign(near=lambda rows: rows["log_ratio"].abs().le(np.log1p(_NEAR)))
    table = met.groupby("gpu", as_index=False).agg(
        months=("date", "size"), quotes=("n_quotes", "sum"), ours=("usd_per_gpu_hour", "median"),
        others=("others", "median"), away=("log_ratio", "median"), near=("near", "mean"),
    )  # fmt: skip
    table = table.assign(away=100 * np.expm1(table["away"]), near=100 * table["near"])
    away = Number(
        "gpu_rent.others", "GPU rents of other collections over those used here, median month and GPU",
        100 * float(np.expm1(met["log_ratio"].median())), "%", n=len(met), role="descriptive",
        method="median of quotes on demand in force on the day over the median of archived rate cards",
        note="quotes of the sellers that each collection follows, not a sample: no interval",
    )  # fmt: skip
    return [
        away,
        Sentence(
            f"Other collections quote rents {away.size} {'above' if (away.value or 0) > 0 else 'below'} ours "
            f"in the median of {len(met)} months and GPUs; {100 * met['near'].mean():.0f}% lie "
            f"within {100 * _NEAR:.0f}%. They follow other sellers; with their rents the modelled cost of "
            "serving moves by as much."
        ),
        Table(
            table, title="Rents of GPUs by other collections", row_label="gpu",
            subtitle=f"Median US dollars a GPU-hour on demand, {met['date'].min():%B %Y} to "
            f"{met['date'].max():%B %Y}, where both are known",
            labels={"away": "others over ours", "near": f"months within {100 * _NEAR:.0f}%"},
            formats={"ours": "usd", "others": "usd", "away": "signed_percent", "near": "percent"},
        ),
    ]  # fmt: skip


@section
def sellers(panel: pd.DataFrame) -> Iterator[Part]:
    """Who sells open models in the last month, and how many have more than one seller."""
    table, month = largest_hosts(panel), panel["period"].max()
    sold = panel[panel["period"].eq(month)].groupby("model_id")["host"].nunique()
    hosts, shared = len(table), int((sold > 1).sum())
    yield Number(
        "sellers.hosts", "Hosts that sell open models, last month", hosts, "hosts", n=hosts, method="count",
        note=_COUNT, role="descriptive",
    )  # fmt: skip
    yield Number(
        "sellers.shared_models", "Open models with two hosts or more, last month", shared, "models",
        n=len(sold), method="count", note=_COUNT, role="descriptive",
    )  # fmt: skip
    yield Table(
        table.head(12), row_label="host",
        title=f"{hosts} hosts sell open models in {month}; {shared} models have more than one",
        subtitle="The twelve with most models; cheapest: of the models that others sell too",
        labels={"shared": "sold by others too", "cheapest": "cheapest or tied", "own": "of its own making"},
    )  # fmt: skip


@section
def jurisdiction(us: Premium, test: WildBootstrap) -> Iterator[Part]:
    """US hosts of Chinese weights against the developers themselves; the test is by developer."""
    value, *ends = us.percent()
    premium = Number(
        "premium.us_hosts_chinese_weights",
        "Chinese weights at US hosts over the developer's own price, mean over models and months", value, "%",
        ci=(ends[0], ends[1]), n=len(us.cells), role="primary",
        method=f"within model and month; bootstrap over {us.clusters} models",
    )  # fmt: skip
    low, high = (100 * float(np.expm1(end)) for end in (test.ci_low, test.ci_high))
    final = 100 * np.expm1(us.by_month.iloc[-1][["premium", "low", "high"]].astype(float))
    last = us.by_month.iloc[-1]
    latest = Number(
        "premium.us_hosts_last_month", f"The same in {last['period']}", final["premium"], "%",
        ci=(final["low"], final["high"]), n=int(last["models"]), role="descriptive",
        method="within model; bootstrap over models",
        note="" if pd.notna(last["low"]) else "fewer than five models: no interval",
    )  # fmt: skip
    yield premium
    yield Number(
        "premium.us_hosts_by_developer", "The same, clustered by developer", value, "%", ci=(low, high),
        n=len(us.cells), role="robustness",
        method=f"wild cluster bootstrap over {test.n_clusters} developers, p = {test.p_value:.2f}",
    )  # fmt: skip
    yield latest
    yield Figure(
        "us_hosts_premium",
        lambda: titled(
            us.plot(),
            f"US hosts of Chinese weights: {premium.short} on average, {latest.short} in {last['period']}",
            "Price at US hosts over the Chinese developer's own price of the same weights, 95% intervals "
            "over models; hollow: fewer than five models",
        ),
        alt=f"Ratio by month on a logarithmic axis; {us.summary()}",
        data=us.by_month,
    )


@section
def other_premiums(prices: pd.DataFrame, panel: pd.DataFrame, *, draws: int) -> Iterator[Part]:
    """Other sellers, other sites and other editions of the same weights."""
    cases = {
        "all hosts, all developers": first_party_premium(panel, draws=draws),
        "cheapest US host, Chinese weights": jurisdiction_premium(panel, seller="lowest", draws=draws),
        "US hosts, Chinese weights, mainland site": jurisdiction_premium(panel, mainland=True, draws=draws),
    }
    for variant in ("quantised", "fast", "regional"):
        cases[f"{variant} edition over plain"] = variant_premium(prices, panel, variant, draws=draws)
    rows = [(name, *case.percent(), case.clusters, len(case.cells)) for name, case in cases.items()]
    columns = ["comparison", "premium", "low", "high", "models", "model_months"]
    table = pd.DataFrame(rows, columns=columns)
    for row in table.itertuples():
        yield Number(
            "premium." + str(row.comparison).lower().replace(",", "").replace(" ", "_"), str(row.comparison),
            row.premium, "%", ci=(row.low, row.high), n=row.model_months, role="robustness",
            method=f"within model and month; bootstrap over {row.models} models",
        )  # fmt: skip
    yield Table(
        table, title="Other comparisons of the same weights", row_label="comparison",
        subtitle="Price difference in percent, 95% intervals; the cheapest of several is lower than one "
        "price even without competition",
        formats=dict.fromkeys(("premium", "low", "high"), "signed_percent"),
        labels={"low": "95% from", "high": "to", "model_months": "model-months"},
    )  # fmt: skip


@section
def coverage(hosts: pd.DataFrame) -> Iterator[Part]:
    """Which source shows how many hosts, as source_coverage counts them."""
    rows = hosts.groupby("source").last()
    ends = [f"{name} ends at {row.hosts} in {row.period}" for name, row in rows.iterrows()]
    yield Figure(
        "coverage",
        lambda: titled(
            _coverage_axes(hosts), "Sources come and go: their hosts are coverage, not market",
            "Hosts of open models that each source of prices shows, by month",
        ),
        alt="Number of hosts by source and month: " + "; ".join(ends),
        data=hosts,
    )  # fmt: skip


def _coverage_axes(frame: pd.DataFrame) -> Axes:
    """Hosts by source and month; a table and its copy are one line."""
    axes = plots.own_axes(height=3.6)
    merged = frame.assign(source=frame["source"].replace({"tokencost": "litellm"}))
    wide = merged.pivot_table(index="period", columns="source", values="hosts", aggfunc="max")
    wide.index = pd.PeriodIndex(wide.index, freq="M").to_timestamp()
    colors = dict(zip(map(str, wide.columns), plots.SERIES, strict=False))
    ends = {}
    for name, color in colors.items():
        axes.plot(wide.index, wide[name], color=color)
        last = wide[name].last_valid_index()
        ends[name] = (last, float(wide[name][last]))
    axes.set_ylim(bottom=0)
    return plots.label_line_ends(axes, ends, colors)


def titled(axes: Axes, finding: str, measure: str, *, source: str = SOURCE) -> Axes:
    """A figure with the finding as its title."""
    return plots.headline(axes, finding, measure, source=source)
