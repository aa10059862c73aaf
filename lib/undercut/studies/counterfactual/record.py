"""What does the record tell of how buyers answer prices, and what has to be assumed instead?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from undercut.competition.demand.assumptions import Basis, placebo_prices
from undercut.competition.demand.instruments import MAIN_SETS
from undercut.competition.demand.markets import MarketData
from undercut.competition.demand.nested import DemandEstimate
from undercut.competition.demand.random_coefficients import RandomCoefficients, random_coefficients
from undercut.inference.detectable import DetectableEffect, detectable_effect, placebo_p_value
from undercut.report.findings.sentences import number
from undercut.studies.counterfactual.estimates import INSTRUMENT_CHOICES, MAIN, estimate
from undercut.studies.counterfactual.pages import ENDS
from undercut.studies.framed import Framed, section
from undercut.studies.presentation import Caveat, Number, Part, Sentence, Table


def market_data(data: MarketData) -> Iterator[Part]:
    """How much of the record is in the analysis, and what is left out."""
    months = data.products["period"]
    yield Number(
        "covered", "Share of the ranked tokens in the analysis", 100 * data.covered(), "%",
        n=len(data.products),
        method=f"{months.min()} to {months.max()}", note="a count, not a sample: no interval",
        role="descriptive",
    )  # fmt: skip
    yield Sentence(
        f"{data.summary()} What lies below the fiftieth place, was bought elsewhere, or came after the last "
        "known rent of a GPU is not in the record at all: how large it is has to be assumed."
    )
    yield Table(
        data.table()[["reason", "rows", "models", "share"]], title="What is left out",
        subtitle="Products by month, models, and their share of all ranked tokens", row_label="reason",
        formats={"share": "share"},
    )  # fmt: skip


@section
def compare_estimates(sample: pd.DataFrame) -> Iterator[Part]:
    """The elasticity, estimated in different ways."""
    ways: dict[str, dict[str, Any]] = {f"logit, {name}": {"instruments": name} for name in INSTRUMENT_CHOICES}
    ways |= {
        "logit, none (OLS), effects of the model": {"instruments": "none (OLS)", "effects": "month, model"},
        f"nested logit, {MAIN['instruments']}": {"nests": "group"},
    }
    found = {name: estimate(sample, **way) for name, way in ways.items()}
    table = pd.DataFrame([{"specification": name, **each.row()} for name, each in found.items()])
    main = found[f"logit, {MAIN['instruments']}"]
    for row in table.itertuples():
        words = str(row.specification).lower()
        key = "_".join(words.translate(str.maketrans("", "", ",()")).split())
        yield Number(
            f"elasticity.{key}", f"Own-price elasticity, {row.specification}", row.elasticity, "elasticity",
            ci=(row.low, row.high), n=row.n, method=f"{row.method}; {row.clusters} developers",
            note=f"interval robust to weak instruments: {row.robust}", role="robustness",
        )  # fmt: skip
    columns = ["specification", "elasticity", "low", "high", "robust", "first_stage_f", "hansen_p"]
    yield Table(
        table[columns], title="Own-price elasticity, estimated in different ways",
        subtitle="Mean over products, 95% interval, interval robust to weak instruments; "
        f"{main.clusters} developers, {main.markets} months",
        row_label="specification",
        labels={**ENDS, "robust": "robust interval", "first_stage_f": "first-stage F",
                "hansen_p": "over-id. p"},
    )  # fmt: skip


class Identification(Framed):
    """Is the elasticity in the data? Placebo estimates, and what they are held against."""

    main: DemandEstimate
    basis: Basis
    mixed: RandomCoefficients
    smallest: DetectableEffect
    p_value: float
    published: pd.Series

    def parts(self) -> Iterator[Part]:
        """What the data could and could not have told."""
        main, mixed = self.main, self.mixed
        yield Number(
            "smallest_detectable_elasticity",
            "Smallest own-price elasticity that the main specification would have found",
            self.smallest.effect, "elasticity", n=main.n, method="80% power at the 5% level",
            role="robustness", note="a property of the standard error: no interval; holds only if the "
            "instruments are valid and strong",
        )  # fmt: skip
        yield Number(
            "placebo_p", "Share of placebos at least as far from zero as the estimate", self.p_value, "share",
            n=len(self.frame), method="prices dealt out at random among the models of a month",
            note="a permutation p-value: no interval", role="robustness",
        )  # fmt: skip
        yield Number(
            "random_coefficient_spread", "Spread of the price coefficient among buyers", mixed.spread,
            "elasticity", n=mixed.n,
            method="random-coefficient logit (pyblp), price coefficient and its spread",
            note=f"standard error {number(mixed.spread_error, '')}; "
            f"{number(100 * mixed.like_high_prices, '%')} of the buyers would like higher prices",
            role="robustness",
        )  # fmt: skip
        yield Sentence(verdict(self))
        yield Sentence(published(self))


def identification(
    main: DemandEstimate, basis: Basis, sample: pd.DataFrame, published: pd.Series, *, draws: int, seed: int
) -> Identification:
    """Placebos, a random coefficient, and the smallest elasticity that could have been found."""
    placebos = placebo_prices(sample, draws, seed=seed, instruments=list(MAIN_SETS))
    return Identification(
        frame=pd.DataFrame({"draw": np.arange(draws), "elasticity": placebos}),
        main=main,
        basis=basis,
        mixed=random_coefficients(sample, instruments=["sellers", "rivals"]),
        smallest=detectable_effect(main.elasticity_error, freedom=main.clusters - 1),
        p_value=placebo_p_value(main.elasticity, placebos),
        published=published,
    )


def verdict(found: Identification) -> str:
    """Whether the elasticity is identified, by the rule set in advance."""
    main, drawn = found.main, found.frame["elasticity"]
    told = "identified" if main.is_identified else "not identified"
    return (
        "By the rule set in advance (a bounded interval that is robust to weak instruments, wholly below −1) "
        f"the elasticity is {told}: {main.elasticity:.2f} ({main.low:.2f} to {main.high:.2f}; robust "
        f"interval: {main.robust}). {number(100 * found.basis.usable, '%')} of draws from the estimate could "
        "be used for pricing. Dealing prices out at random gives elasticities from "
        f"{number(drawn.min(), '')} to {number(drawn.max(), '')}; as far from zero as the estimate are "
        f"{number(100 * found.p_value, '%')} of them."
    ).replace("-", "−")


def published(found: Identification) -> str:
    """How the estimate compares with one that somebody else published."""
    main, row = found.main, found.published
    inside = {True: "inside", False: "outside"}
    plain = inside[bool(main.low <= row["value"] <= main.high)]
    robust = inside[bool(main.weak_low <= row["value"] <= main.weak_high)]
    return (
        f"A published figure for the short run is {number(row['value'], '')} ({row['source_title']}; "
        f"{str(row['confidence']).replace('_', ' ')}); it lies {plain} the ordinary interval of the main "
        f"specification and {robust} the robust one. It compares a model with itself over time, not with "
        "others. With valid and strong instruments this design would have found an elasticity of "
        f"{number(-found.smallest.effect, '')} or steeper in four cases out of five. A ranking cut at the "
        "fiftieth place adds a bias of its own, because a dear model is only seen in the weeks in which it "
        "sells well. docs/simulations-demand.md shows how large such biases can be, and that least squares "
        "finds elasticities near zero in markets whose demand is in truth steep."
    )


@section
def standing(basis: Basis) -> Iterator[Part]:
    """What each number rests on, and what to be warned of."""
    identified = basis.kind == "estimated"
    told = (
        ("identified, if the instruments are valid", "bounded by the weak-instrument interval, and steep "
         "enough for sellers who maximise profit")
        if identified
        else ("association", "unbounded by the weak-instrument interval, or too flat for sellers who "
              "maximise profit")
    )  # fmt: skip
    rows = [
        ("tokens and list prices of ranked models", "observed", "published by the platform, week by week"),
        ("how tokens differ with price among models and months", *told),
        ("elasticity used in the counterfactuals", "identified" if identified else "assumption",
         "drawn from the estimate" if identified else "drawn from a stated range"),
        ("who takes over whose buyers", "assumption", "follows from the nests and the form of demand"),
        ("size of the market beyond the ranking", "assumption", "never observed"),
        ("sellers set prices to maximise the week's profit", "assumption", "gives costs and new prices"),
        ("models, quality and vendors stay as they are", "assumption", "the exercise is static"),
    ]  # fmt: skip
    yield Table(
        pd.DataFrame(rows, columns=["what", "standing", "because"]), title="What each number rests on",
        subtitle="As the results of this build have it",
        row_label="what", labels={"because": "because"},
    )  # fmt: skip
    yield Caveat(
        "Shares within the top fifty of one platform; list prices; a static exercise whose market size is "
        "assumed."
    )
    if basis.kind == "assumed":
        yield Caveat(
            "The price elasticity is not identified: all effects are computed under assumed elasticities, "
            "and their intervals are over assumptions."
        )
