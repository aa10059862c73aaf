"""What do a typical and a careful buyer pay for Chinese weights and for US closed models, and what if?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.days import Day
from undercut.errors import TooFewError, check_known
from undercut.inference.robustness import Robustness
from undercut.panel.measures import MEASURES, installed
from undercut.prices.capability.buyers import BUYERS, BuyerPrices, buyer_prices
from undercut.prices.capability.price_of_capability import landmark_levels
from undercut.prices.cross_section import cross_section
from undercut.prices.load import with_measure, with_workload
from undercut.prices.workloads import effective_prices
from undercut.report.findings.results import Finding
from undercut.studies.framed import Framed, section
from undercut.studies.presentation import Answer, Figure, Number, Part, Sentence, Table
from undercut.studies.robust import hangs_on

#: Levels at which Chinese weights and US closed models are compared.
LEVELS: Final = ("o1", "GPT-5", "GPT-5.2")
_SELLERS: Final = {"in reach of US buyers": None, "at home in the US": "US"}


class Buyers(Framed, row="buyer", value="saving"):
    """What buyers pay at one capability (``frame``), and by measure of capability."""

    found: BuyerPrices
    by_measure: pd.DataFrame
    capability: str
    workload: str
    too_few: tuple[str, ...] = ()

    def parts(self) -> Iterator[Part]:
        """The answer, the prices behind it, and what other measures say."""
        told = {buyer: self.number(buyer) for buyer in BUYERS}
        careful = told["careful"]
        yield Answer(self.answer(told["typical"]))
        yield Figure(
            "buyer_prices",
            lambda: plots.headline(
                self.found.plot(), self.heading(told["typical"]),
                f"US dollars per million tokens, {self.workload} workload; each dot an offer of "
                f"{self.capability} capability; bars: what buyers pay", source="Undercut price panel",
            ),
            alt=f"Dots of offers by price, a row a kind of model. {self.answer(told['typical'])}",
            data=self.found.offers[["side", "host", "model_id", "eci", "price", "chance"]],
        )  # fmt: skip
        yield from told.values()
        yield Sentence(
            "The typical buyer takes the median seller of the median model that is good enough; the careful "
            f"one pays what the cheapest tenth of all offers cost: {_paid(self.frame, 'careful')}, against "
            f"{_paid(self.frame, 'typical')} ({_less(careful.value)}, {_ends(careful)}). {self.disagree()}"
        )
        if self.too_few:
            yield Sentence(f"Too few models of the level have a score by {', '.join(self.too_few)}.")
        yield Table(
            self.by_measure, title="By measure of capability", row_label="measure",
            subtitle=f"What Chinese weights save at {self.capability} capability, percent, 95% intervals",
            formats=dict.fromkeys(("saving", "low", "high"), "number"),
            labels={"low": "95% from", "high": "to", "n_closed": "US closed", "n_open": "Chinese open"},
        )  # fmt: skip

    def number(self, buyer: str) -> Number:
        """What one buyer saves."""
        row = self.found.row(buyer)
        return Number(
            f"{buyer}_saving", f"What Chinese weights save a {buyer} buyer of {self.capability} capability",
            float(row["saving"]), "%", ci=(float(row["low"]), float(row["high"])),
            n=int(row["n_closed"] + row["n_open"]), role="headline" if buyer == "typical" else "primary",
            method=f"quantile {BUYERS[buyer][0]:g} of {BUYERS[buyer][1]}; developers and scores drawn",
        )  # fmt: skip

    def answer(self, told: Number) -> str:
        """Who pays less, by how much."""
        return (
            f"A typical buyer of {self.capability} capability pays {_less(told.value)} for Chinese weights "
            f"than for US closed models ({_ends(told)}){'' if told.is_clear else '; that could be chance'}."
        )

    def heading(self, told: Number) -> str:
        """The same as a title."""
        return f"Chinese weights cost the typical buyer {_less(told.value)}"

    def disagree(self) -> str:
        """Whether measures of capability give the typical buyer different verdicts."""
        rows = self.by_measure[self.by_measure["buyer"].eq("typical")].dropna(subset=["saving"])
        verdicts = rows.assign(
            verdict=np.select(
                [rows["low"] > 0, rows["high"] < 0], ["cheaper", "more expensive"], "cannot tell"
            )
        ).groupby("verdict")["measure"]
        if verdicts.ngroups < 2:
            return "All measures of capability give the typical buyer the same verdict."
        words = {"cheaper": "finds them cheaper", "more expensive": "finds them more expensive"}
        return "Measures of capability disagree: " + "; ".join(
            f"{', '.join(names)}: {words.get(str(verdict), str(verdict))}" for verdict, names in verdicts
        ) + "."  # fmt: skip


def _less(saving: float | None) -> str:
    """A saving in words: ``77% less``; a negative one is ``77% more``."""
    return f"{abs(saving or 0):,.0f}% {'less' if (saving or 0) > 0 else 'more'}"


def _ends(told: Number) -> str:
    low, high = told.ci or (None, None)
    return f"{told.level:.0%} interval {_less(high)} to {_less(low)}"


def _paid(frame: pd.DataFrame, buyer: str) -> str:
    row = frame.set_index("buyer").loc[buyer]
    return (
        f"{plots.dollars(row['open'])} for Chinese weights and {plots.dollars(row['closed'])} for US closed"
    )


def buyers(prices: pd.DataFrame, day: Any, *, capability: str, draws: int) -> Buyers:
    """What buyers pay on a day, by the panel's measure and by every other one.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices`.
    day : date
    capability : str
        A key of `landmark_levels`.
    draws : int

    Raises
    ------
    UnknownNameError, TooFewError
        The panel's measure does not know the level, or too few models reach it.
    """
    own = str(prices.attrs["measure"])
    levels, few = landmark_levels(own), []
    check_known("level of capability", capability, levels)
    first = buyer_prices(cross_section(prices, day), levels[capability], draws=draws)
    rows = [first.frame.assign(measure=MEASURES[own].title)]
    for name in installed():
        level = landmark_levels(name).get(capability)
        if name == own or level is None:
            continue
        try:
            other = buyer_prices(cross_section(with_measure(prices, name), day), level, draws=draws)
        except TooFewError:  # on earlier days few models had such a score
            few.append(MEASURES[name].title)
            continue
        rows.append(other.frame.assign(measure=MEASURES[name].title))
    columns = ["measure", "buyer", "saving", "low", "high", "n_closed", "n_open"]
    by_measure, workload = pd.concat(rows, ignore_index=True)[columns], str(prices.attrs["workload"])
    return Buyers(first.frame, first, by_measure, capability, workload, tuple(few))


def buyer_choices(
    prices: pd.DataFrame, day: Any, headline: Finding, *, capability: str, draws: int = 200
) -> Robustness | list[Part]:
    """What a typical buyer saves, in percent, under every combination of choices, and without each unit."""
    by_title = {
        MEASURES[name].title: name for name in dict.fromkeys((str(prices.attrs["measure"]), *installed()))
    }
    workload = str(prices.attrs["workload"])
    options = {
        "buyer": tuple(BUYERS),
        "capability": tuple(dict.fromkeys((capability, *LEVELS))),
        "workload": tuple(dict.fromkeys((workload, "chat", "agent"))),
        "measure": tuple(by_title),
        "sellers": tuple(_SELLERS),
    }

    @cache
    def offers(workload: str, measure: str) -> pd.DataFrame:
        of_day = cross_section(with_measure(with_workload(prices, workload), by_title[measure]), day)
        return of_day[
            ["host", "host_kind", "host_country", "model_id", "price", "developer", "origin", "access",
             "eci", "eci_low", "eci_high"]
        ]  # fmt: skip

    @cache
    def paid(workload: str, measure: str, capability: str, sellers: str) -> BuyerPrices:
        level = landmark_levels(by_title[measure])[capability]
        return buyer_prices(offers(workload, measure), level, seller_country=_SELLERS[sellers], draws=draws)

    def estimate(**chosen: Any) -> dict[str, float]:
        row = paid(*(chosen[key] for key in ("workload", "measure", "capability", "sellers"))).row(
            chosen["buyer"]
        )
        return {"estimate": row["saving"], "low": row["low"], "high": row["high"]}

    first = {choice: values[0] for choice, values in options.items()}
    rows, level = offers(workload, first["measure"]), landmark_levels(by_title[first["measure"]])[capability]
    inside = set(paid(workload, first["measure"], capability, first["sellers"]).offers["model_id"])

    def without(kept: pd.DataFrame) -> float:
        left = rows[rows["model_id"].isin(kept["model"])]
        return float(buyer_prices(left, level, draws=draws).row("typical")["saving"])

    units = rows[rows["model_id"].isin(inside)].assign(model=lambda frame: frame["model_id"])
    return hangs_on(headline, headline.label, estimate, options, units, ["model", "developer"], without)


@section
def paid_on_a_router(as_of: Day = None) -> Iterator[Part]:
    """What a router's users paid per million tokens, by kind of model, from their own mixes of tokens."""
    paid = effective_prices(as_of)
    if paid.empty:
        yield Sentence("What a router's users paid is not known for weeks that were over by then.")
        return
    kind = paid["origin"].where(paid["origin"].isin(["US", "CN"]), "other") + " " + paid["access"]
    late = paid["week_start"] > paid["week_start"].max() - pd.Timedelta(weeks=13)
    rows = paid[late].groupby(kind[late])[["usd", "tokens"]].sum()
    price = rows["usd"] / rows["tokens"]
    week = f"{paid['week_start'].max():%d %B %Y}".lstrip("0")
    for name in price.index:
        yield Number(
            "effective_price." + str(name).lower().replace(" ", "_"),
            f"Paid per million tokens by users of a router: {name} models", float(price[name]),
            "USD per million tokens", n=int((kind[late] == name).sum()), role="descriptive",
            method="list prices times tokens by kind, cached ones at their price; top models of 13 weeks",
            note=f"a sum over the most used models to the week of {week}, not a sample: no interval",
        )  # fmt: skip
    if {"US closed", "CN open"} <= set(price.index):
        yield Sentence(
            f"What users of one router paid, from the tokens they used: "
            f"{plots.dollars(price['US closed'])} per million for US closed models, "
            f"{plots.dollars(price['CN open'])} for Chinese open ones (13 weeks to {week})."
        )
