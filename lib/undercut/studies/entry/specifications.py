"""What do other reasonable choices make of prices after an entry, of cuts and of launch prices?

Doses have different units, so every estimate is for one standard deviation of its dose among the rows used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import pandas as pd

from undercut.competition.rivals.exposure import RivalRule, open_rivals
from undercut.competition.rivals.hazard import CONTROLS, event_hazard
from undercut.competition.rivals.launch_prices import launch_price_effect, launches
from undercut.competition.rivals.price_cuts import CutRule, Timing, offers_at_risk, with_doses
from undercut.errors import InputError
from undercut.inference.specifications import run_specifications, specification_curve
from undercut.prices.hedonic.imputation import with_imputed_capability
from undercut.studies.entry.estimates import Curve

Choices = Mapping[str, Sequence[Any]] | Sequence[str]
#: Choices about the hazard of a cut, each with its options; the first of each is the headline.
HAZARD_CHOICES: Final[Mapping[str, Sequence[Any]]] = {
    "dose": ("closeness", "is_exposed", "log_in_reach", "advance"),
    "rivals": ("any", "CN", "other"),
    "timing": ("start", "end"),
    "changes": ("real", "as listed"),
    "capability": ("scored", "with predicted"),
    "calendar": ("linear", "year"),
    "link": ("cloglog", "logit"),
}
LAUNCH_CHOICES: Final[Mapping[str, Sequence[Any]]] = {
    "dose": ("closeness", "is_exposed", "log_in_reach"),
    "rivals": ("any", "CN", "other"),
    "reach": (4.0, 2.0, 8.0),
    "capability": ("scored", "with predicted"),
    "controls": ("capability and time", "and predecessor"),
    "developer_effects": (True, False),
}
_RULES: Final = {"real": CutRule(), "as listed": CutRule(reversal_months=0, settle_first_month=False)}


def hazard_specifications(
    quotes: pd.DataFrame,
    *,
    choices: Choices = HAZARD_CHOICES,
    draws: int = 399,
    seed: int = 0,
) -> Curve:
    """The hazard of a price cut under every combination of choices.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    choices : mapping of choice to options, or sequence of choices
        A part of :data:`HAZARD_CHOICES`; choices left out stay at their first option there. The first
        option of each is the headline.
    draws, seed
        Of the score bootstrap.

    Returns
    -------
    Curve
        Log hazard ratio (log odds ratio under logit) for one standard deviation of exposure; with
        ``events``, ``rows`` and ``p_value``.
    """
    chosen = _completed(choices, HAZARD_CHOICES)

    @cache
    def at_risk(changes: str, capability: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        market = _market(quotes, capability)
        return offers_at_risk(market, rule=_RULES[changes]), open_rivals(market)

    @cache
    def rows(changes: str, capability: str, rivals: str, timing: Timing) -> pd.DataFrame:
        offers, others = at_risk(changes, capability)
        return with_doses(offers, others, group=rivals, timing=timing)

    def estimate(
        *, dose: str, rivals: str, timing: Timing, changes: str, capability: str, calendar: Any, link: Any
    ) -> dict[str, Any]:
        found = event_hazard(
            rows(changes, capability, rivals, timing), dose=dose, calendar=calendar, link=link,
            controls=CONTROLS, terms="dose", draws=draws, seed=seed,
        )  # fmt: skip
        return _scaled(found.effect, found.dose_spread) | {"events": found.events, "rows": found.rows}

    unit = "log hazard ratio of a cut, per standard deviation of exposure"
    return _curve(estimate, chosen, unit, "hazard")


def launch_specifications(
    quotes: pd.DataFrame,
    *,
    choices: Choices = LAUNCH_CHOICES,
    draws: int = 399,
    seed: int = 0,
) -> Curve:
    """Launch prices of closed models under every combination of choices.

    Parameters
    ----------
    quotes, choices, draws, seed
        As in :func:`hazard_specifications`, with :data:`LAUNCH_CHOICES`.

    Returns
    -------
    Curve
        Log launch price for one standard deviation of exposure; with ``launches`` and ``p_value``.
    """
    chosen = _completed(choices, LAUNCH_CHOICES)

    @cache
    def new(capability: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        market = _market(quotes, capability)
        return launches(market), open_rivals(market)

    @cache
    def rows(capability: str, rivals: str, reach: float) -> pd.DataFrame:
        offers, others = new(capability)
        rule = RivalRule(reach=reach, width=2 * reach)
        return with_doses(offers, others, group=rivals, rule=rule, doses=chosen["dose"])

    def estimate(
        *, dose: str, rivals: str, reach: float, capability: str, controls: str, developer_effects: bool
    ) -> dict[str, Any]:
        names = ("eci", "calendar", *(("log_previous_price",) if controls == "and predecessor" else ()))
        found = launch_price_effect(
            rows(capability, rivals, reach), dose=dose, controls=names, developer_effects=developer_effects,
            draws=draws, seed=seed, terms="dose",
        )  # fmt: skip
        return _scaled(found.effect, found.dose_spread) | {"launches": found.launches}

    return _curve(estimate, chosen, "log launch price, per standard deviation of exposure", "launch")


def _curve(estimate: Any, chosen: Mapping[str, Sequence[Any]], unit: str, subject: str) -> Curve:
    headline = {choice: options[0] for choice, options in chosen.items()}
    results = run_specifications(estimate, chosen)
    found = specification_curve(results, list(chosen), headline=headline, unit=unit)
    return Curve(curve=found, subject=subject)


def _completed(choices: Choices, known: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    if not isinstance(choices, Mapping):
        choices = {name: known.get(name, ()) for name in choices}
    strange = sorted(set(choices) - set(known))
    if strange:
        raise InputError(f"Unknown choice {', '.join(strange)}; choose from {', '.join(known)}.")
    return {choice: tuple(choices.get(choice, options[:1])) for choice, options in known.items()}


def _market(quotes: pd.DataFrame, capability: str) -> pd.DataFrame:
    return quotes if capability == "scored" else with_imputed_capability(quotes)


def _scaled(effect: pd.Series, spread: float) -> dict[str, Any]:
    ends = {name: float(effect[name]) * spread for name in ("estimate", "low", "high")}
    return ends | {"p_value": float(effect["p_value"]), "spread": spread}
