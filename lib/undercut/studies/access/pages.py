"""What does the report on cost and access say and show? All of it computed from results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from undercut import plots
from undercut.competition.adoption.availability import (
    Mean,
    Wait,
    mean_by_model,
    reworked_variants,
    sellers_of,
)
from undercut.competition.adoption.data_rules import cheapest_by_rule, cheapest_by_workload, one_row_each
from undercut.competition.adoption.deployment import CLOSED, SELF_HOSTED, US_SELLER, monthly_bills
from undercut.errors import UndercutError
from undercut.prices.capability.price_of_capability import landmark_levels
from undercut.prices.load import with_workload
from undercut.prices.workloads import WORKLOADS
from undercut.studies.access.estimates import AT, BOUGHT, VOLUMES, Bill, Waits
from undercut.studies.framed import section
from undercut.studies.presentation import Caveat, Figure, Number, Part, Sentence, Table

_SOURCE: Final = "Undercut price panel; GPU rents: archived rate cards; assumptions below"
_HOW: Final = "cheapest offers on the report's day; bootstrap over developers"
_ONE_SIDED: Final = "an interval of minima: one-sided by construction"
_SHOWN: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
#: Measures of reach: label, unit, scale, and what is averaged over models.
_REACH: Final[Mapping[str, tuple[str, str, int, Mapping[str, Any]]]] = {
    "sellers_difference": (
        "Sellers of a Chinese open model less those of a US closed one", "sellers", 1,
        {"numerator": "sellers", "less": "US closed"},
    ),
    "sellers_per_model": ("Sellers of a Chinese open model", "sellers", 1, {"numerator": "sellers"}),
    "hosts_outside_china": (
        "Share of a Chinese open model's sellers whose home is outside China", "%", 100,
        {"numerator": "outside_china", "denominator": "known_country"},
    ),
    "modifiable_share": (
        "Share of Chinese open models on offer under a free licence (change and commercial use)", "%", 100,
        {"numerator": "free"},
    ),
    "commercial_share": (
        "The same with licences that set conditions", "%", 100, {"numerator": "commercial"},
    ),
}  # fmt: skip
CAVEATS: Final = (
    Caveat(
        "Bills rest on list prices and on assumptions about hours, GPUs and throughput, shown with their "
        "ranges."
    ),
)


def bill(found: Bill) -> Iterator[Part]:
    """Bills by volume: what is saved, from where own machines pay, what is cheapest under which rule."""
    yield from (price_ratio(found, key) for key in ("any", "us"))
    yield from (saving(found, *at) for at in ((100, "100m"), (1_000, "1b")))
    even = break_even(found)
    yield even
    work = f"{found.workload} workload, {found.capability} capability"
    yield Figure(
        "monthly_bills",
        lambda: plots.headline(
            found.bills.plot(plots.own_axes(height=4.8)), price_gap(found),
            f"US dollars a month by volume, {work}; bands: 95%, prices and assumptions", source=_SOURCE,
        ),
        alt=f"Rising lines of the monthly bill by volume, one a way. {price_gap(found)}; {worth(found)}.",
        data=found.frame,
    )  # fmt: skip
    yield Sentence(self_hosting(even, found.bills.volumes[-1]))
    by_rule = cheapest_by_rule(found.bills)
    sure = by_rule[(by_rule["volume"] == AT) & (by_rule["rule"] != "own machines only")]
    yield Sentence(
        f"At {AT} million tokens the way shown is the cheapest in "
        + " and ".join(
            f"{100 * row.how_sure:.0f}% of the draws where data may go to {row.rule}"
            for row in sure.itertuples()
        )
        + "."
    )
    yield Table(
        one_row_each(by_rule[by_rule["volume"].isin(_SHOWN)], "volume"), row_label="volume",
        title="What costs least, by volume and by where data may go",
        subtitle=f"Cheapest way and US dollars a month with 95% interval, {work}",
        formats={"volume": "integer"}, labels={"volume": "million tokens a month"},
    )  # fmt: skip
    yield from (saving(found, *at) for at in ((10, "10m"), (10_000, "10b")))


def price_ratio(found: Bill, key: str) -> Number:
    """Price of the cheapest Chinese weights against US closed, in percent; ``us``: at US sellers."""
    ways, name, where = {
        "any": (BOUGHT, "open_to_closed_price", ""),
        "us": ((US_SELLER,), "us_hosted_to_closed_price", " at US sellers"),
    }[key]
    return _against(
        name,
        f"Cheapest Chinese weights{where} against the cheapest US closed model of {found.capability} "
        "capability: price",
        found.bills.ratio(ways, volume=AT),
        role="robustness",
    )


def _against(key: str, label: str, ratio: tuple[float, float, float], **about: Any) -> Number:
    value, low, high = (100 * (end - 1) for end in ratio)
    return Number(key, label, value, "%", ci=(low, high), method=_HOW, note=_ONE_SIDED, **about)


def saving(found: Bill, volume: int, name: str) -> Number:
    """What Chinese weights save at a volume, in hours of an engineer."""
    value, low, high = found.bills.saving_in_hours(BOUGHT, volume=volume)
    return Number(
        f"saving_hours.{name}",
        f"Saved by Chinese weights at {volume:,} million tokens a month, in hours of an engineer",
        value, "hours", ci=(low, high), method=f"{_HOW}; cost of an hour drawn",
        role="primary" if volume == AT else "descriptive",
    )  # fmt: skip


def break_even(found: Bill) -> Number:
    """The volume from which own machines cost less than a US seller."""
    even = found.bills.break_even(SELF_HOSTED, US_SELLER)
    most = f"at no volume up to {found.bills.volumes[-1]:,.0f} million tokens a month"
    return Number(
        "self_hosting_break_even",
        "Volume from which own rented GPUs cost less than a US seller of such weights",
        None if pd.isna(even) else even, "million tokens a month", role="assumption",
        method="first volume of the grid at the assumptions' centres",
        note=most if pd.isna(even) else "read off a grid: no interval; the figure shows the bands",
    )  # fmt: skip


def self_hosting(even: Number, most: float) -> str:
    """Whether own machines ever pay."""
    return "Own rented GPUs cost less than a US seller from " + (
        f"{even.short} on." if even.value else f"no volume up to {most:,.0f} million tokens a month."
    )


def price_gap(found: Bill) -> str:
    """The headline in words, without its interval."""
    value = price_ratio(found, "any").value or 0.0
    return (
        f"At {found.capability} capability the cheapest Chinese weights cost {abs(value):.0f}% "
        f"{'less' if value < 0 else 'more'} than the cheapest US closed model"
    )


def worth(found: Bill) -> str:
    """What the difference amounts to."""
    hours = saving(found, AT, "100m")
    value = hours.value or 0.0
    return (
        f"at {AT} million tokens a month that {'saves' if value > 0 else 'costs'} what {abs(value):.1f} "
        f"hours of an engineer cost (saving, {hours.interval})"
    )


def _sure(told: Number) -> str:
    return "beyond the interval" if told.is_clear else "an interval that holds equality"


@section
def by_work(panel: pd.DataFrame, day: date, *, capability: str, draws: int, **assumed: Any) -> Iterator[Part]:
    """The cheapest way for each kind of work, at one volume a month."""
    panels = {name: with_workload(panel, name) for name in WORKLOADS}
    level = landmark_levels(panel.attrs["measure"])[capability]
    found = cheapest_by_workload(panels, day, min_capability=level, volume=AT, draws=draws, **assumed)
    free = found[found["rule"] == "any seller"]
    for row in free.itertuples():
        yield _against(
            f"open_to_closed_price.workload_{row.workload}",
            f"Cheapest Chinese weights against US closed, {capability} capability, {row.workload} work",
            (row.ratio, row.ratio_low, row.ratio_high), role="robustness",
        )  # fmt: skip
    ends = free[["workload", "ratio_low", "ratio_high"]].set_axis(["workload", "low", "high"], axis=1)
    sides = verdicts(ends, "workload", "for")
    yield Sentence(f"By kind of work, Chinese weights of {capability} capability are {sides}.")
    yield Table(
        one_row_each(found, "workload"), row_label="workload",
        title="What costs least, by kind of work and by where data may go",
        subtitle=f"Cheapest way and US dollars a month with 95% interval, {AT} million tokens, "
        f"{capability} capability",
    )  # fmt: skip


def verdicts(rows: pd.DataFrame, name: str, preposition: str) -> str:
    """Where the ratio leaves out one, and on which side: ``cheaper for chat; more expensive for batch``."""
    below, above = rows["high"] < 1, rows["low"] > 1
    sides = {
        "cheaper": below,
        "more expensive": above,
        "not told apart, within the interval,": ~(below | above),
    }
    return "; ".join(
        f"{word} {preposition} {', '.join(rows.loc[chosen, name])}"
        for word, chosen in sides.items()
        if chosen.any()
    )


@section
def by_capability(
    panel: pd.DataFrame, day: date, *, workload: str, capability: str, draws: int, **assumed: Any
) -> Iterator[Part]:
    """The cheapest offer of each side at every landmark, and why there is none."""
    rows, settings = [], {"workload": workload, "draws": draws, **assumed}
    for name, score in landmark_levels(panel.attrs["measure"]).items():
        try:
            found = monthly_bills(panel, day, min_capability=score, volumes=VOLUMES, **settings)
        except UndercutError as reason:
            yield Caveat(f"{name}: {reason}")
            continue
        offers = found.offers.set_index("way")
        price, model = offers["price"].astype(float), offers["model_id"]
        best = price[list(BOUGHT)].idxmin()
        ratio = found.ratio(BOUGHT, volume=AT)
        rows.append((name, model[CLOSED], price[CLOSED], model[best], price[best], *ratio))
    columns = ["level", "closed", "closed_price", "open", "open_price", "ratio", "low", "high"]
    grid = pd.DataFrame(rows, columns=columns)
    for row in grid[grid["level"] != capability].itertuples():
        yield _against(
            "open_to_closed_price." + str(row.level).lower().replace(" ", "_").replace("-", "_"),
            f"Cheapest Chinese weights against US closed, {row.level} capability",
            (row.ratio, row.low, row.high), role="robustness",
        )  # fmt: skip
    percent = 100 * (grid[["ratio", "low", "high"]] - 1)
    against = [f"{ratio:+,.0f}% ({low:+,.0f}% to {high:+,.0f}%)" for ratio, low, high in percent.to_numpy()]
    yield Table(
        grid.drop(columns=["ratio", "low", "high"]).assign(against=against), row_label="level",
        title="The cheapest of each, by capability",
        subtitle=f"US dollars per million tokens, {workload} workload; Chinese weights against US "
        "closed with 95% interval",
        formats={"closed_price": "usd", "open_price": "usd"},
        labels={"closed": "US closed", "closed_price": "price", "open": "Chinese weights",
                "open_price": "price ", "against": "against closed"},
    )  # fmt: skip
    sides = verdicts(grid, "level", "at")
    yield Sentence(f"By capability, the cheapest Chinese weights are {sides}.")


def assumed(assumptions: Mapping[str, Any]) -> list[Part]:
    """The table of what is assumed."""
    rows = pd.concat([assumptions[name].table() for name in ("assumptions", "serving")])
    table = rows[["assumption", "low", "centre", "high", "unit", "source"]]
    how = "Drawn from distributions triangular in logs"
    return [Table(table, title="What is assumed", subtitle=how, row_label="assumption")]


@section
def reach(panel: pd.DataFrame, day: date, models: pd.DataFrame, *, draws: int) -> Iterator[Part]:
    """How many sell a Chinese open model, where they are at home, and under which licence."""
    sold = sellers_of(panel, day)
    licence = sold["model_id"].map(models.set_index("model_id")["licence"])
    sold = sold.assign(
        free=sold["access"].eq("open"),
        commercial=sold["access"].isin(["open", "open-restricted"]),
        licence=licence.fillna("not known").str.split(" (", regex=False).str[0],
    )
    told = {
        key: reach_number(key, mean_by_model(sold, draws=draws, **of)) for key, (*_, of) in _REACH.items()
    }
    yield from told.values()
    yield Sentence(sellers_sentence(told))
    yield Sentence(
        f"{told['modifiable_share'].short} of the Chinese open models on offer come under licences that "
        f"allow change and commercial use without conditions ({told['modifiable_share'].interval}), "
        f"{told['commercial_share'].short} with conditions counted in."
    )
    terms = sold[sold["group"] == "CN open"].groupby("licence")
    counted = terms.agg(
        models=("model_id", "size"), developers=("developer", "nunique"), sellers=("sellers", "mean")
    )
    yield Table(
        counted.sort_values("models", ascending=False).head(12).reset_index(), row_label="licence",
        title="Licences of the Chinese open models on offer",
        subtitle="Models, developers, and mean number of sellers",
    )  # fmt: skip


def reach_number(key: str, mean: Mean) -> Number:
    """One measure of reach."""
    label, unit, scale, _ = _REACH[key]
    return Number(
        key, label, scale * mean.value, unit, ci=(scale * mean.low, scale * mean.high), n=mean.models,
        method=f"mean over models; bootstrap over {mean.developers} developers", role="primary",
    )  # fmt: skip


def sellers_sentence(told: Mapping[str, Number]) -> str:
    """More or fewer sellers than US closed models, and where they are at home."""
    more, outside = told["sellers_difference"], told["hosts_outside_china"]
    value = more.value or 0.0
    return (
        f"A Chinese open model has {told['sellers_per_model'].short} ({told['sellers_per_model'].interval}), "
        f"{abs(value):.1f} {'more' if value > 0 else 'fewer'} than a US closed one (difference, "
        f"{more.interval}); {outside.short} of them are at home outside China ({outside.interval})."
    )


def waits(found: Waits) -> Iterator[Part]:
    """How long until a US firm sells a model."""
    days, since = wait_number(found), wait_number(found, earlier=True)
    yield days
    yield since
    yield Sentence(
        f"Released from {found.released_from}: {days}. Released from 2025-01-01: {since}. Tables learn of an "
        "offer late, and learnt later in 2025, so both are upper bounds and the two cannot be compared."
    )
    models = found.frame
    shown = models.assign(
        released=models["release_date"].dt.date, waited=models["days"].round().where(models["reached"])
    )
    yield Figure(
        "days_to_us_seller",
        lambda: plots.headline(
            found.wait.plot(plots.own_axes(height=4.2)), waits_title(found),
            "Percent of models sold by a US firm, by days since release (Kaplan-Meier); released from "
            f"{found.released_from}; days are upper bounds",
            source="Undercut price panel",
        ),
        alt="Rising steps: percent of Chinese open models with a US seller by days since release. Median "
        f"{days}.",
        data=shown[["model_id", "developer", "released", "waited"]],
    )  # fmt: skip


def wait_number(found: Waits, *, earlier: bool = False) -> Number:
    """The median wait, of late models or of all since 2025."""
    wait: Wait = found.earlier if earlier else found.wait
    start = "2025-01-01" if earlier else found.released_from
    bound = "tables learn late, in 2025 later than now: an upper bound" if earlier else ""
    first = "Median wait to the first US seller"
    key = "days_to_us_host.from_2025" if earlier else "days_to_us_host"
    note = bound or "tables learn late: an upper bound"
    if not wait.is_known:
        note = "fewer than half of the models are known to have a US seller"
    return Number(
        key, f"{first}{'' if earlier else ' after release'}, Chinese open models released from {start}",
        wait.median if wait.is_known else None, "days", n=len(wait.models), note=note,
        ci=(wait.low, wait.high) if wait.is_known else None, role="robustness" if earlier else "primary",
        method="Kaplan-Meier, models never sold there censored",
    )  # fmt: skip


def waits_title(found: Waits) -> str:
    """What the steps show."""
    if not found.wait.is_known:
        return "Too few Chinese open models are known to have a US seller"
    return f"Half of the Chinese open models reach a US seller within {wait_number(found).short}"


@section
def reworked(panel: pd.DataFrame, day: date, models: pd.DataFrame) -> Iterator[Part]:
    """Models on offer that others made from Chinese weights."""
    table, on_sale = reworked_variants(panel, day, models=models), sellers_of(panel, day)["model_id"]
    count = Number(
        "reworked_variants", "Models on offer that others made from Chinese weights, as their names tell",
        len(table), "models", n=int(on_sale.nunique()), method="count by name", role="descriptive",
        note="a count and a lower bound: no interval",
    )  # fmt: skip
    yield count
    yield Sentence(
        f"{count.short} on offer were made by others from Chinese weights and say so in their names."
    )
    yield Table(
        table, title="Made by others from Chinese weights", row_label="model_id",
        subtitle="On offer by the token on the report's day",
    )  # fmt: skip


def conclusion(found: Bill, waited: Waits) -> list[Part]:
    """What the cheapest of each kind cost, and how soon US firms sell them."""
    days, ratio = wait_number(waited), price_ratio(found, "any")
    sold = (
        f" Half of the Chinese open models released from {waited.released_from} have a US seller within "
        f"{days.short} ({days.interval})."
        if waited.wait.is_known
        else ""
    )
    text = f"{price_gap(found)} ({ratio.interval}: {_sure(ratio)}): one firm's price against another's; "
    return [Sentence(f"{text}{worth(found)}.{sold}")]
