"""Turn the data around: does every report's headline, its answer, its first figure and its claim turn?

Each report gets data through its own study code twice: as they are (or with an effect planted in a made
world), and turned: prices of origins exchanged, changes and shares reversed, effects of the other sign, the
elasticity across its break-even. What does not turn is named in `STANDS`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pytest

import undercut as uc
from tests.paths import ROOT
from tests.studies import turned_worlds as worlds
from tests.studies.turned_worlds import Told, read
from undercut.studies import briefing
from undercut.studies.presentation import Number

#: What does not turn with the data, and why.
STANDS: Final = {
    ("11_price_war", "number"): "the break-even is where the elasticity turns the sign: it stays where it is",
    ("11_price_war", "answer"): "it names the break-even, whichever side the market is on",
    ("11_price_war", "title"): "it names the range of the break-evens",
}


def verdict(report: str, number: Number, claim: str) -> str:
    """Of the shipped claim, from this headline alone."""
    claims = uc.load_reference("claims")
    row = claims[claims["id"].eq(claim)]
    assert row["finding"].item() == number.key
    low, high = number.ci or (None, None)
    found = {"key": number.key, "label": number.label, "value": number.value, "unit": number.unit,
             "ci_low": low, "ci_high": high, "level": 0.95, "n": 9, "as_of": ""}  # fmt: skip
    none = pd.DataFrame(columns=["claim", "report", "finding", "where"])
    return briefing.judge({report: {"findings": [found]}}, claims=row, tests=none).claims[0].verdict


@dataclass(frozen=True)
class Case:
    """A report: its data on one side and the other, and what is said then.

    ``none`` is the value of no effect; a pair holds what is said of the data as they are, and turned;
    ``rest`` is said in a sentence below the answer.
    """

    run: Callable[[int], Told]
    answer: tuple[str, str] = ("", "")
    title: tuple[str, str] = ("", "")
    rest: tuple[str, str] = ("", "")
    none: float = 0.0
    claim: str = ""
    verdicts: tuple[str, str] = ("supported", "contradicted")


LESS, MORE = ("% less than US", "% more than US"), ("cheaper a year", "more expensive a year")
TOKENS = ("% more tokens", "% fewer tokens")
CASES: Final = {
    "01_market_prices": Case(worlds.gap, LESS, LESS, claim="C01"),
    "02_price_index": Case(
        worlds.index, ("becomes cheaper by 3", "rises by 4"), ("and within them", "and rise within them")
    ),
    "03_price_of_capability": Case(worlds.capability, MORE, MORE, none=1.0),
    "04_deepseek_shock": Case(worlds.shock, ("fell 17%", "rose 17%"), ("NVIDIA: −17", "NVIDIA: 1")),
    "05_open_release_events": Case(worlds.releases, ("fell 4", "rose 5"), (": 1 fell", ": 1 rose")),
    "06_regulation_and_adoption": Case(
        worlds.announcements, ("shares fell 22", "shares rose 17"), (": 2 fell", ", 1 rose")
    ),
    "07_open_model_entry": Case(
        worlds.dose, ("prices of closed models fell", "prices of closed models rose"),
        ("none a rise", "none shows a fall"), claim="C10",
    ),
    "08_host_competition": Case(
        worlds.seller, ("prices fall by", "prices rise by"), ("prices change by −", "prices change by 1"),
    ),
    "09_counterfactual": Case(worlds.tokens, TOKENS, TOKENS),
    "10_vendor_value": Case(
        worlds.vendor, ("gains whatever use does", "loses whatever use does"), ("gains from", "loses from")
    ),
    "11_price_war": Case(worlds.chain, rest=("and power producers gain", "and power producers lose")),
    "12_cost_and_access": Case(
        worlds.buyers, ("% less for Chinese", "% more for Chinese"), ("% less", "% more"), claim="C02"
    ),
    "13_security_quality_reliability": Case(
        worlds.premium, ("% more than the", "% less than the"), ("more for 12", "less for 12"), claim="C08",
    ),
    "13_security_quality_reliability, months": Case(
        worlds.lag, title=("points below", "points above"), rest=("gap is 10", "gap is −10"), none=3.0,
        claim="C09",
    ),
    "14_adoption": Case(
        worlds.share, ("62% of one router", "26% of one router"), ("62% of the tokens", "26% of the tokens"),
        rest=("share rose by 24", "share fell by 24"), claim="C07",
    ),
    "15_cost_of_a_task": Case(
        worlds.task, ("per solved task 92% less", "per solved task 1,090% more"), ("% less", "% more")
    ),
    "16_what_changed": Case(worlds.news),
}  # fmt: skip


@pytest.mark.parametrize("report", CASES)
def test_a_report_turns_with_its_data(report: str) -> None:
    case, stands = CASES[report], {part for name, part in STANDS if name == report}
    there, back = case.run(1), case.run(-1)
    assert there.key == back.key
    values = [told.number.value - case.none for told in (there, back)]
    assert values[0] == values[1] if "number" in stands else values[0] * values[1] < 0, values
    for part in ("answer", "title", "rest"):
        said, words = [getattr(told, part) for told in (there, back)], getattr(case, part)
        if part in stands:
            assert said[0] == said[1], f"{part} turns after all"
        elif part != "rest" and any(said):
            assert said[0] != said[1], f"{part} does not turn: {said[0]}"
        if words != ("", ""):
            assert words[0] in said[0] and words[0] not in said[1], said
            assert words[1] in said[1] and words[1] not in said[0], said
    if case.claim:
        found = tuple(verdict(report.partition(",")[0], told.number, case.claim) for told in (there, back))
        assert found == case.verdicts


def test_every_report_is_here() -> None:
    names = {path.stem for path in (ROOT / "notebooks").glob("[01]*.ipynb")} - {"00_briefing"}
    assert names <= set(CASES)


def test_every_claim_of_the_briefing_turns_with_its_finding() -> None:
    """Each deciding finding on one side of its threshold, then as far on the other."""
    claims = uc.load_reference("claims")
    none = pd.DataFrame(columns=["claim", "report", "finding", "where"])
    verdicts, answers = [], []
    for sign in (1, -1):
        results: dict[str, Any] = {}
        for row in claims.to_dict("records"):
            step = (
                sign * (0.5 if row["unit"] == "events" else 2.0) * (1 if row["supports"] == "above" else -1)
            )
            value = row["threshold"] + step
            found = {"key": row["finding"], "label": "l", "value": value, "unit": row["unit"], "level": 0.95,
                     "ci_low": value - 0.4, "ci_high": value + 0.4, "n": 9, "as_of": "2026-11-20",
                     "role": "headline", "method": "m", "note": ""}  # fmt: skip
            about = {"title": "t", "data_kind": "real", "findings": [], "published": {"state": "current"}}
            results.setdefault(row["report"], about)["findings"].append(found)
        ledger = briefing.judge(results, claims=claims, tests=none)
        verdicts.append([judged.verdict for judged in ledger.claims])
        answers.append(read(briefing.headlines(results, ledger), ledger))
        sentences = [judged.sentence.partition(":")[0] for judged in ledger.claims]
        assert sentences == [verdict.capitalize() for verdict in verdicts[-1]]
    assert verdicts == [["supported"] * 10, ["contradicted"] * 10]
    assert "2% less" in answers[0].answer and "2% more" in answers[1].answer
    for part in ("answer", "title"):
        said = [getattr(told, part) for told in answers]
        assert said[0] != said[1] and all("10 " in text for text in said), said
