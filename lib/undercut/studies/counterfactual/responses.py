"""How do tokens answer prices? The measured response, over choices, and what follows with prices held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.demand.assumptions import assumed_market
from undercut.competition.demand.counterfactual import scenario_outcome
from undercut.competition.demand.response_sample import response_sample
from undercut.competition.demand.responses import PriceResponse, price_response
from undercut.days import Day
from undercut.errors import TooFewError
from undercut.inference.specifications import (
    SpecificationCurve,
    run_specifications,
    specification_curve,
)
from undercut.report.findings.sentences import number
from undercut.studies.counterfactual.estimates import CORRELATIONS, OUTSIDE_SHARES, SCENARIO
from undercut.studies.framed import Framed
from undercut.studies.presentation import Answer, Figure, Number, Part, Role, Sentence

#: Choices that are varied, the headline's first.
CHOICES: Final[dict[str, list[Any]]] = {"weeks": [4, 8], "gap": [0, 4], "least": [0.1, 0.3]}
_LABELS: Final = {
    "own": "tokens on the model's own price",
    "rival": "tokens on the price of its rivals",
    "before": "the same before the change came",
    "instrumented": "own price, moved by rivals'",
}
_METHOD: Final = (
    "log tokens in four weeks after less before, on the log change of price, effects of the week; errors by "
    "leaving out models"
)
#: Demand that does not respond cannot be put into the model of choice; nearly none can.
_FLATTEST: Final = -0.02


class Responses(Framed, row="measure", value="estimate"):
    """The measured response; `frame` as `PriceResponse` gives it.

    Attributes
    ----------
    found : PriceResponse
    curve : SpecificationCurve
        The own response over all combinations of `CHOICES`.
    developer : PriceResponse or str
        The response to developers' own changes of price, or why there is none.
    held : DataFrame
        Without Chinese open models, list prices held, at the low end of the measured response, at the
        estimate, at the high end: ``elasticity, price_paid, surplus`` (% of the price, of spending).
    """

    found: PriceResponse
    curve: SpecificationCurve
    developer: PriceResponse | str
    held: pd.DataFrame

    def parts(self) -> Iterator[Part]:
        """Answer, findings and figures."""
        yield from map(self._number, _LABELS)
        yield from self._checks()
        own = self.number
        yield Answer(answer(own))
        yield Sentence(self.rest())
        title = f"A tenth off the price: {_tenth(own.value or 0)} tokens ({_ends(own)})"
        rows = {_LABELS[row.measure]: (row.estimate, row.low, row.high) for row in self.shown.itertuples()}
        told = "; ".join(f"{name} {value:.2f}" for name, (value, _, _) in rows.items())
        yield Figure(
            "token_responses",
            lambda: plots.headline(
                plots.interval_rows(rows, grey=[_LABELS["before"]]), title,
                "Percent more tokens per percent more price, 95% intervals; grey: should be zero",
                source="OpenRouter weekly tokens; dated real changes of price",
            ),
            alt=f"{title}. {told}",
            data=self.shown, leads=True,
        )  # fmt: skip
        yield Sentence(self.counterfactual())

    @property
    def shown(self) -> pd.DataFrame:
        """Measures that have an estimate and a bounded interval."""
        return self.frame[np.isfinite(self.frame[["estimate", "low", "high"]]).all(axis=1)]

    @property
    def number(self) -> Number:
        """The own response."""
        return self._number("own")

    def _number(self, measure: str) -> Number:
        row = self.found.row(measure)
        ends = (float(row["low"]), float(row["high"]))
        is_known = bool(np.isfinite([row["estimate"], *ends]).all())
        note = f"smallest detectable {number(row['detectable'], '')}" if pd.notna(row["detectable"]) else ""
        if measure == "own":
            note += f"; p = {self.found.p_value:.3f} by exchanging changes between models"
        if measure == "instrumented":
            note = f"first-stage F {self.found.first_stage_f:.1f}; interval of Anderson and Rubin"
        roles: dict[str, Role] = {"own": "headline", "rival": "primary", "instrumented": "primary"}
        return Number(
            f"token_response.{measure}", _LABELS[measure][0].upper() + _LABELS[measure][1:],
            float(row["estimate"]) if pd.notna(row["estimate"]) else None, "elasticity",
            ci=ends if is_known else None, level=self.found.level, n=int(row["changes"]), method=_METHOD,
            note=note if is_known else f"{note}; unbounded", role=roles.get(measure, "robustness"),
        )  # fmt: skip

    def _checks(self) -> Iterator[Number]:
        values = self.curve.estimates["estimate"]
        without = self.found.without
        yield Number(
            "token_response.own_over_choices", "Own price, middle of all combinations of choices",
            float(values.median()), "elasticity", ci=tuple(np.quantile(values, [0.05, 0.95])), level=0.9,
            n=len(values), method="weeks, gap before the change, least size of a change",
            note="the range holds nine tenths of the estimates", role="robustness",
        )  # fmt: skip
        for unit, rows in without.groupby("unit"):
            first, last = rows["estimate"].min(), rows["estimate"].max()
            yield Number(
                f"token_response.own_without_one_{unit}", f"Own price, without any one {unit}",
                float(rows["estimate"].median()), "elasticity", ci=(first, last), level=1.0, n=len(rows),
                method=f"one {unit} left out at a time", role="robustness",
                note=f"lowest and highest; furthest without {self._furthest(str(unit))}",
            )  # fmt: skip
        reason = self.developer if isinstance(self.developer, str) else ""
        row = None if isinstance(self.developer, str) else self.developer.row("own")
        yield Number(
            "token_response.developer_price", "Tokens on changes that the developer itself made",
            None if row is None else float(row["estimate"]), "elasticity",
            ci=None if row is None else (float(row["low"]), float(row["high"])), method=_METHOD,
            note=reason, role="primary",
        )  # fmt: skip

    def _furthest(self, unit: str) -> str:
        rows = self.found.without[self.found.without["unit"] == unit]
        off = (rows["estimate"] - float(self.found.row("own")["estimate"])).abs()
        return str(rows.loc[off.idxmax(), "name"])

    def rest(self) -> str:
        """What is identified, and what is not."""
        own, why, row = self.number, self.found.why_not(), self.found.row("own")
        without = self.found.without.set_index(["unit", "name"])["estimate"]
        maker, rival = self._furthest("developer"), self.found.row("rival")
        told = "the response is identified" if not why else f"the response is not identified: {why}"
        ends = f"{number(rival['low'], '%')} to {number(rival['high'], '%')}"
        return (
            f"In elasticities {number(own.value, '')} ({own.interval}), from {own.n} dated changes of "
            f"{row['models']:.0f} models' lowest price on one router; {told}. Without {maker} it is "
            f"{number(without['developer', maker], '')}. A response of {number(-row['detectable'], '')} "
            "would have been found. When rivals' prices change by 1%, tokens change by "
            f"{number(rival['estimate'], '%')} ({ends}). A lower price on the router is partly routing, "
            "another seller of the same weights; where developers changed their own: "
            f"{self._told_developer()}. Use in total responds less than one model's, since part of what one "
            "gains others lose."
        )

    def _told_developer(self) -> str:
        if isinstance(self.developer, str):
            return f"no estimate ({self.developer.split(';')[0]})"
        row = self.developer.row("own")
        return f"{number(row['estimate'], '')} ({number(row['low'], '')} to {number(row['high'], '')})"

    def counterfactual(self) -> str:
        """What the measured response says of a market without Chinese open models."""
        paid, lost = self.held["price_paid"], self.held["surplus"].sort_values(ascending=False)
        return (
            "Put into the model of choice with list prices held, the measured response says that without "
            f"Chinese open models buyers would pay {number(paid.iloc[1], '%')} more a token, since they end "
            f"up with other models, and lose {number(-lost.iloc[0], '%')} of what they spend or more, "
            "without a bound where use does not respond. A response flatter than −1 leaves no price at "
            "which a seller of one model would stop raising it, so new list prices are shown below over the "
            "whole range of assumed elasticities."
        )


def answer(own: Number) -> str:
    """The estimate in tenths of a price."""
    sure = "" if own.is_clear else "; we cannot tell whether use responds at all"
    return f"A tenth off a model's price goes with {_tenth(own.value or 0)} tokens ({_ends(own)}){sure}."


def _tenth(elasticity: float) -> str:
    moved = 100 * (0.9**elasticity - 1)
    return f"{number(abs(moved), '%', decimals=1)} {'more' if moved >= 0 else 'fewer'}"


def _ends(own: Number) -> str:
    low, high = own.ci or (float("nan"), float("nan"))
    return f"{_tenth(high)} to {_tenth(low)}"


def title_responses(found: SpecificationCurve) -> str:
    """How far the choices move the measured response."""
    count, most = found.counts(), str(found.influence().iloc[0]["choice"])
    return (
        f"The response runs from {number(count['lowest'], '', decimals=2)} to "
        f"{number(count['highest'], '', decimals=2)} by {count['specifications']} combinations of choices; "
        f"{_CHOICE_WORDS[most]} matters most"
    )


_CHOICE_WORDS: Final = {
    "weeks": "how many weeks are averaged", "gap": "how many weeks are left out before the change",
    "least": "which changes are large enough",
}  # fmt: skip


def measured_responses(
    products: pd.DataFrame, *, as_of: Day = None, draws: int = 499, seed: int = 0
) -> Responses:
    """The measured response of tokens to prices, over choices, and with list prices of ``products`` held."""
    found = price_response(response_sample(as_of=as_of), draws=draws, seed=seed)

    def one(weeks: int, gap: int, least: float) -> dict[str, float]:
        sample = response_sample(as_of=as_of, weeks=weeks, gap=gap, least=least)
        row = price_response(sample, draws=1).row("own")
        return {name: float(row[name]) for name in ("estimate", "low", "high")}

    table = run_specifications(one, CHOICES)
    main = {choice: options[0] for choice, options in CHOICES.items()}
    curve = specification_curve(table, list(CHOICES), headline=main, unit="elasticity")
    try:
        own_changes = response_sample(as_of=as_of, price_level="developer")
        developer: PriceResponse | str = price_response(
            own_changes, price_level="developer", draws=draws, seed=seed
        )
    except TooFewError as reason:
        developer = str(reason)
    own = found.row("own")
    points = np.minimum([own["low"], own["estimate"], own["high"]], _FLATTEST)
    middle = {"correlation": CORRELATIONS[1], "outside_share": OUTSIDE_SHARES[1], "open_at_cost": True}
    assumed = pd.DataFrame({"elasticity": points}).assign(**middle)
    market = assumed_market(products, assumed, form="unit")
    outcome = scenario_outcome(market, SCENARIO, reprice=False).measures()[["price_paid", "surplus"]]
    held = outcome.reset_index(drop=True).assign(elasticity=points)
    return Responses(found.to_frame(), found, curve, developer, held)
