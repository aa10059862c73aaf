"""What does the report on host competition compute? Each result holds what one section of the page shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.hosts.dispersion import HostElasticity, dispersion_over_time, host_elasticity
from undercut.competition.hosts.entry import EntryEffect, entry_effect, wild_test
from undercut.competition.hosts.first_party import Premium, first_party_premium, jurisdiction_premium
from undercut.competition.hosts.markups import Decay, aligned, decay, price_over_cost
from undercut.competition.hosts.panel import host_panel, largest_hosts, model_months, step_frequency
from undercut.competition.hosts.placebos import placebo_effects
from undercut.competition.hosts.serving_cost import DISCLOSED, ServingAssumptions, cost_factor, serving_cost
from undercut.competition.hosts.variants import variant_premium
from undercut.inference.arrays import Floats
from undercut.inference.detectable import placebo_p_value
from undercut.inference.specifications import SpecificationCurve
from undercut.inference.wild_bootstrap import WildBootstrap
from undercut.prices.load import load_prices
from undercut.studies.framed import Framed
from undercut.studies.presentation import Number, Part, Sentence

#: Outcomes of `host_elasticity` that are prices, in the order of the figure.
OUTCOMES: Final[Mapping[Any, str]] = {
    "lowest": "Lowest price",
    "draws alone": "Lowest of as many launch prices",
    "beyond draws": "Lowest price beyond that",
    "median": "Median price",
    "mean": "Mean price",
    "same hosts": "Same hosts",
}


class Sample(Framed, row="host", value="price"):
    """The panel of hosts that the report rests on; `frame` is the panel."""

    workload: str

    @property
    def last(self) -> str:
        """The last month."""
        return str(self.frame["period"].max())


class Doublings(Framed, row="price", value="change"):
    """Change of each price when the number of hosts doubles: ``price, outcome, change, low, high, n``."""

    found: Mapping[str, HostElasticity]

    def per_doubling(self, outcome: str) -> tuple[float, float, float]:
        """Change in percent with its interval."""
        return self.found[outcome].per_doubling()


class Answers(Framed, row="horizon", value="effect"):
    """What an entry does, and what more hosts go with; `frame` is the path of the effect of an entry."""

    entry: EntryEffect
    doublings: Doublings
    workload: str

    @property
    def months(self) -> int:
        """Months after an entry at which its effect is read."""
        return int(self.frame["horizon"].max())


class Moves(Framed, row="move", value="percent"):
    """How often prices change, and whether an entry brings cuts; `frame` as `step_frequency` gives it."""

    cuts: EntryEffect


class Doubts(Framed, row="check", value="p_value"):
    """What could make the effect of an entry an illusion: ``check, p_value``.

    Attributes
    ----------
    wild : mapping of str to WildBootstrap
        By what is drawn: hosts or models.
    coverage : EntryEffect
        Of entries that are only tables catching up.
    fakes : mapping of str to ndarray
        Effects of fake dates and models.
    """

    entry: EntryEffect
    wild: Mapping[str, WildBootstrap]
    coverage: EntryEffect
    fakes: Mapping[str, Floats]
    moving_hosts: int

    def chance(self, fake: str) -> float:
        """Share of fake entries with an effect at least as large, the real ones counted in."""
        return placebo_p_value(self.entry.effect, self.fakes[fake])


class Specifications(Framed, row="rank", value="estimate"):
    """The effect of an entry under every combination of choices."""

    curve: SpecificationCurve


class MoreHosts(Framed, row="period", value="ratio"):
    """Prices and their spread against the number of hosts; `frame` as `dispersion_over_time` gives it."""

    doublings: Doublings
    poisson: HostElasticity
    spreads: Mapping[str, HostElasticity]
    workload: str


class SinceLaunch(Framed, row="price", value="share"):
    """Course of prices since launch, by name of the price: ``price, age_months, share, units``."""

    fits: Mapping[str, Decay]
    workload: str


class OverCost(Framed, row="price", value="ratio"):
    """Price over the cost of serving by age: the columns of `price_over_cost` and ``price``, its name.

    Attributes
    ----------
    margin : Decay
        Of the mark-up of the lowest price.
    disclosed : float
        Cost at the centre of the assumptions over that at the efficiency which DeepSeek published.
    """

    margin: Decay
    disclosed: float
    assumptions: ServingAssumptions
    workload: str

    def at(self, price: str, age: int) -> pd.Series:
        """The row of a price and an age in months."""
        return self.frame[self.frame["price"].eq(price) & self.frame["age_months"].eq(age)].iloc[0]


class Sellers(Framed, row="host", value="models"):
    """Who sells most open models in the last month; `frame` as `largest_hosts` gives it."""

    month: str
    shared: int
    models: int


class Jurisdiction(Framed, row="period", value="premium"):
    """Chinese weights at US hosts over the developer's own price, month by month."""

    premium: Premium
    by_developer: WildBootstrap


class OtherPremiums(Framed, row="comparison", value="premium"):
    """Other comparisons of the same weights: ``comparison, premium, low, high, models, model_months``."""


class Coverage(Framed, row="period", value="hosts"):
    """Hosts that each source shows; `frame` as `source_coverage` gives it."""


def answers(panel: pd.DataFrame, entry: EntryEffect, *, workload: str) -> Answers:
    """The effect of an entry beside the responses of prices to the number of hosts."""
    found = {outcome: host_elasticity(panel, outcome=outcome) for outcome in OUTCOMES}
    rows = [(name, key, *found[key].per_doubling(), found[key].n) for key, name in OUTCOMES.items()]
    table = pd.DataFrame(rows, columns=["price", "outcome", "change", "low", "high", "n"])
    return Answers(entry.path, entry, Doublings(table, found), workload)


def moves(panel: pd.DataFrame, *, lags: int, draws: int) -> Moves:
    """How often hosts change their prices, and the study of entries with cuts as the outcome."""
    return Moves(step_frequency(panel, draws=draws), entry_effect(panel, lags=lags, outcome="cut"))


def doubts(panel: pd.DataFrame, found: Answers, *, placebos: int, draws: int) -> Doubts:
    """The checks on the effect of an entry."""
    lags = found.months
    fakes = {
        fake: placebo_effects(panel, fake=fake, draws=placebos, lags=lags) for fake in ("dates", "models")
    }
    wild = {cluster: wild_test(found.entry, cluster=cluster, draws=999) for cluster in ("host", "model_id")}
    chances = {f"fake {name}": placebo_p_value(found.entry.effect, drawn) for name, drawn in fakes.items()}
    chances |= {f"wild bootstrap over {name}": test.p_value for name, test in wild.items()}
    moving = step_frequency(panel, draws=draws).set_index("move").loc["any change", "hosts"]
    return Doubts(
        pd.DataFrame({"check": list(chances), "p_value": list(chances.values())}), found.entry, wild,
        entry_effect(panel, lags=lags, kind="coverage"), fakes, int(moving),
    )  # fmt: skip


class WithoutEach(Framed, row="name", value="effect"):
    """The effect of an entry without each of the largest sellers and models: ``unit, name, effect`` (%)."""

    whole: float

    def parts(self) -> Iterator[Part]:
        """The range by unit, and who turns the sign."""
        for unit, rows in self.frame.groupby("unit", sort=False):
            furthest = rows.loc[(rows["effect"] - self.whole).abs().idxmax()]
            yield Number(
                f"entry.without_one_{unit}", f"Effect of one entry, without any one of the largest {unit}s",
                float(rows["effect"].median()), "%", ci=(rows["effect"].min(), rows["effect"].max()),
                level=1.0, n=len(rows), role="robustness", method=f"one {unit} left out at a time",
                note=f"lowest and highest; furthest without {furthest['name']}",
            )  # fmt: skip
        turned = self.frame[(self.frame["effect"] * self.whole) < 0]["name"]
        yield Sentence(
            f"Left out one at a time, the sign turns without {', '.join(turned)}."
            if len(turned)
            else "Left out one at a time, none of the largest sellers and models turns the sign."
        )


def without_each(panel: pd.DataFrame, found: Answers, *, most: int = 8) -> WithoutEach:
    """The effect of an entry without each of the ``most`` largest sellers and most widely sold models."""
    rows = []
    for unit, column in (("seller", "host"), ("model", "model_id")):
        for name in panel[column].value_counts().index[:most]:
            entry = entry_effect(panel[panel[column] != name], lags=found.months)
            rows.append({"unit": unit, "name": name, "effect": 100 * float(np.expm1(entry.effect))})
    return WithoutEach(pd.DataFrame(rows), 100 * float(np.expm1(found.entry.effect)))


def panels_by_choice(
    prices: pd.DataFrame, panel: pd.DataFrame, *, as_of: str | date | None, workload: str
) -> dict[str, pd.DataFrame]:
    """Panels of other sources and other workloads; the first is the report's own."""
    others = [name for name in ("chat", "agent", "reasoning") if name != workload][:2]
    named = {workload: panel, f"{workload}, also sources that ended": host_panel(prices, sources=None)}
    return named | {name: host_panel(load_prices(as_of, workload=name)) for name in others}


def more_hosts(panel: pd.DataFrame, found: Answers) -> MoreHosts:
    """The spread of prices over time and against the number of hosts."""
    poisson = host_elasticity(panel, outcome="same hosts", estimator="poisson")
    gap, variation = host_elasticity(panel, outcome="gap"), host_elasticity(panel, outcome="variation")
    spreads = {"gap": gap, "variation": variation}
    return MoreHosts(dispersion_over_time(panel), found.doublings, poisson, spreads, found.workload)


def since_launch(panel: pd.DataFrame, *, workload: str, draws: int) -> SinceLaunch:
    """Decay of the lowest and the median price of each model, and of each host's own."""
    months = model_months(panel)
    offers = panel.assign(offer=panel["model_id"] + " at " + panel["host"])
    ways = {
        "Lowest price": (months, "lowest", "model_id"),
        "Median price": (months, "median", "model_id"),
        "Same host": (offers, "price", "offer"),
    }
    fits = {
        name: decay(rows, value=value, unit=unit, draws=draws) for name, (rows, value, unit) in ways.items()
    }
    seen = [
        aligned(rows, fits[name], value=value, unit=unit).assign(price=name)
        for name, (rows, value, unit) in ways.items()
    ]
    return SinceLaunch(pd.concat(seen, ignore_index=True), fits, workload)


def over_cost(panel: pd.DataFrame, rental: pd.DataFrame, *, workload: str, draws: int) -> OverCost:
    """Price over the modelled cost of serving, and how fast that mark-up falls."""
    assumed = ServingAssumptions()
    costs = serving_cost(model_months(panel), rental)
    costs = costs.assign(mark_up=costs["lowest"] / costs["unit_cost"])
    tables = [
        price_over_cost(costs, workload=workload, price=name.lower(), assumptions=assumed, draws=5 * draws)
        .assign(price=f"{name} price")
        for name in ("Lowest", "Median")
    ]  # fmt: skip
    centre, disclosed = (float(cost_factor(workload, at)[0]) for at in (assumed.centre(), DISCLOSED))
    margin = decay(costs, value="mark_up", draws=draws)
    return OverCost(pd.concat(tables, ignore_index=True), margin, centre / disclosed, assumed, workload)


def sellers(panel: pd.DataFrame) -> Sellers:
    """Hosts and shared models of the last month."""
    last = panel[panel["period"] == panel["period"].max()].groupby("model_id")["host"].nunique()
    return Sellers(largest_hosts(panel), str(panel["period"].max()), int((last > 1).sum()), len(last))


def jurisdiction(panel: pd.DataFrame, *, draws: int) -> Jurisdiction:
    """The premium of US hosts for Chinese weights, by models and by developers."""
    found = jurisdiction_premium(panel, draws=draws)
    return Jurisdiction(found.by_month, found, found.wild_test())


def other_premiums(prices: pd.DataFrame, panel: pd.DataFrame, *, draws: int) -> OtherPremiums:
    """Other sellers, other sites and other editions of the same weights."""
    cases = {
        "all hosts, all developers": first_party_premium(panel, draws=draws),
        "cheapest US host, Chinese weights": jurisdiction_premium(panel, seller="lowest", draws=draws),
        "US hosts, Chinese weights, mainland site": jurisdiction_premium(panel, mainland=True, draws=draws),
    }
    for variant in ("quantised", "fast", "regional"):
        cases[f"{variant} edition over plain"] = variant_premium(prices, panel, variant, draws=draws)
    rows = [(name, *case.percent(), case.clusters, len(case.cells)) for name, case in cases.items()]
    return OtherPremiums(
        pd.DataFrame(rows, columns=["comparison", "premium", "low", "high", "models", "model_months"])
    )
