"""Do the sentences of the reports on prices turn with the data?"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from undercut.prices.capability.gaps import GapHistory
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Sentence, parts_of
from undercut.studies.prices.level_pages import fall, where_it_matters
from undercut.studies.prices.levels import Holders, Without
from undercut.studies.prices.market import Coverage, Quality
from undercut.studies.prices.market_pages import by_measure, gap, gap_sentence

DAY = pd.Timestamp("2026-11-01")


SETTINGS = {
    "workload": "chat", "measure": "eci_2026_10", "closed_origin": "US", "open_origin": "CN", "at": "median",
    "equal_age": True,
}  # fmt: skip


def gaps(
    *rows: tuple[float | None, float | None, float | None], choices: list[str] | None = None
) -> GapHistory:
    frame = pd.DataFrame(rows, columns=["gap", "low", "high"]).astype(float)
    why = ["" if row[0] is not None else "too few models" for row in rows]
    frame = frame.assign(day=DAY, n_group=9, n_reference=11, why_not=why)
    if choices:
        frame = frame.assign(choice=choices)
    return GapHistory(frame, None, SETTINGS)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            (-0.8, -0.9, -0.6),
            "open models cost 80% less than US closed ones of equal capability and age",
        ),
        (
            (0.5, 0.2, 0.9),
            "open models cost 50% more than US closed ones of equal capability and age",
        ),
        ((-0.1, -0.5, 0.6), "; that could be chance"),
        ((None, None, None), "between Chinese open and US closed models cannot be told: too few models"),
    ],
)
def test_the_gap_is_told_as_less_more_chance_or_unknown(row: Any, told: str) -> None:
    found = gaps(row)
    sentence = gap_sentence(found, found.frame.iloc[0])
    assert told in sentence and len(sentence.split()) <= 30
    assert ("chance" in sentence) == ("chance" in told)


def test_each_choice_is_a_finding_and_what_cannot_be_estimated_is_named() -> None:
    found = gaps((-0.8, -0.9, -0.6), (-0.3, -0.5, 0.1), (None, None, None), choices=["a", "b's", "c d"])
    parts = list(gap(found))
    assert [part.key for part in parts if isinstance(part, Number)] == ["gap.a", "gap.bs"]
    assert [part.text for part in parts if isinstance(part, Caveat)] == [
        "Not estimable with too few models: c d."
    ]
    [answer] = [part.text for part in gap(gaps((-0.8, -0.9, -0.6))) if isinstance(part, Answer)]
    assert answer.startswith("Chinese open models cost 80% less")


def test_measures_that_disagree_are_named() -> None:
    names = ["workload chat", "measure arena", "measure livebench"]
    split = by_measure(gaps((-0.8, -0.9, -0.6), (-0.3, -0.5, 0.1), (0.4, 0.1, 0.9), choices=names))
    assert "October 2026 find a lower price beyond chance" in split and "LiveBench" in split
    assert "Arena, text cannot tell" in split and "find a higher price beyond chance" in split
    same = by_measure(gaps((-0.8, -0.9, -0.6), (-0.3, -0.5, -0.1), choices=names[:2]))
    assert same.endswith("All say the same.") and "Arena, text −30% (−50% to −10%)" in same


def test_a_history_without_an_estimate_draws_nothing() -> None:
    parts = list(gap(gaps((None, None, None), (None, None, None))))
    assert [type(part) for part in parts] == [Sentence]


def rate(value: float) -> Number:
    return Number("k", "l", value, "x", ci=(value - 1, value + 1))


def test_the_fall_is_told_by_every_definition_that_has_a_rate_and_turns() -> None:
    assert fall("o1", {}) == "For a model as capable as o1 there are too few months for a rate."
    fast, slow = rate(9.0), rate(4.0)
    assert fall("GPT-4", {"lowest": fast, "low quantile": slow}) == (
        f"A model as capable as GPT-4 became {fast.short} cheaper a year at its lowest price "
        f"({fast.interval}), {slow.short} cheaper a year by the tenth percentile ({slow.interval})."
    )
    rise, turned = Number("k", "l", 0.5, "x", ci=(0.25, 2.0)), Number("k", "l", 2.0, "x", ci=(0.5, 4.0))
    assert fall("GPT-4", {"fixed number": rise}) == (
        f"A model as capable as GPT-4 became {turned.short} more expensive a year by the cheapest of five "
        f"offers ({turned.interval})."
    )


@pytest.mark.parametrize(("low", "told"), [(1.2, "at GPT-4 (1.5×)."), (0.9, "at no level.")])
def test_only_levels_beyond_the_interval_matter(low: float, told: str) -> None:
    row = {"without": "Chinese open", "level": "GPT-4", "year": 1.5, "year_low": low, "year_high": 2.0}
    other = row | {"without": "open", "level": "o1", "year_low": 3.0}
    assert where_it_matters(Without(pd.DataFrame([row, other]), "chat")).endswith(told)


@pytest.mark.parametrize(
    ("access", "origins", "counts"),
    [(["open", "closed"], ["CN", "US"], (1, 1)), (["closed", "open"], ["CN", "US"], (1, 0))],
)
def test_the_holders_of_the_last_month_are_counted(
    access: list[str], origins: list[str], counts: tuple[int, int]
) -> None:
    frame = pd.DataFrame({"level": ["a", "b"], "access": access, "origin": origins})
    frame = frame.assign(name="n", developer="d", host="h", price=1.0, offers=3, model_id="m")
    earlier = frame.assign(period="2026-09", access="open", origin="CN")
    found = Holders(pd.concat([earlier, frame.assign(period="2026-10")]), "chat")
    numbers = [part.value for part in parts_of(found) if isinstance(part, Number)]
    assert tuple(numbers) == counts


def drawn(parts: list[Part]) -> list[str]:
    from matplotlib import pyplot as plt

    found = []
    for part in parts:
        if isinstance(part, Figure):
            part.draw()
            found.append(part.name)
    plt.close("all")
    return found


def test_counts_of_the_panel_are_told_and_agreement_is_a_mean_over_offer_months() -> None:
    counts = pd.DataFrame(
        {"day": [DAY - pd.DateOffset(months=1), DAY], "origin_group": "US", "access_group": "closed",
         "offers": [10, 20], "models": 5, "sellers": 3}
    )  # fmt: skip
    parts = list(parts_of(Coverage(counts)))
    assert drawn(parts) == ["offers_over_time"] and "10 in October 2026, 20 on 1 November" in parts[0].alt  # type: ignore[union-attr]
    pairs = pd.DataFrame(
        {"source_a": ["x", "x"], "source_b": ["y", "z"], "offer_months": [10, 30], "agree": [1.0, 0.5]}
    )
    quality = Quality(pd.DataFrame({"reason": ["r"], "rows": [3]}), 100, 0.97, pairs)
    assert [part.value for part in parts_of(quality) if isinstance(part, Number)] == [97.0, 62.5]
    alone = Quality(quality.frame, 100, 0.97, pairs.head(0))
    assert alone.agreement == (None, 0)
