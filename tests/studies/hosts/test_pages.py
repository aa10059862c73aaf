"""Do the sentences of the report on hosts turn with the data?"""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.competition.hosts.host_market import host_market
from tests.competition.hosts.test_first_party import market
from undercut.competition.hosts.dispersion import HostElasticity
from undercut.competition.hosts.entry import EntryEffect, entry_effect
from undercut.competition.hosts.first_party import jurisdiction_premium
from undercut.sources.other_prices import gpu_rental_agreement
from undercut.studies.hosts import course, coverage, entries, entry_specifications, jurisdiction
from undercut.studies.hosts.entries import OUTCOMES, Answers
from undercut.studies.hosts.specifications import HEADLINE, OPTIONS
from undercut.studies.presentation import Figure, Number, Sentence, Table, parts_of

mpl.use("Agg")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return host_market(1, effect=-0.05)


@pytest.fixture(scope="module")
def entry(panel: pd.DataFrame) -> EntryEffect:
    return entry_effect(panel)


def found(entry: EntryEffect, effect: float) -> Answers:
    """The answers with another effect, a twentieth of a point wide."""
    moved = replace(entry, effect=effect, error=0.01, low=effect - 0.02, high=effect + 0.02)
    responses = {name: HostElasticity(name, "ols", -0.3, 0.1, -0.5, -0.1, 0.95, 100, 10) for name in OUTCOMES}
    return Answers(moved.path, moved, responses, "chat")


@pytest.mark.parametrize(
    ("effect", "words"),
    [(-0.1, "fall by"), (0.1, "rise by"), (0.01, "we cannot tell that the others' list prices move")],
)
def test_the_answer_says_which_way_prices_went(entry: EntryEffect, effect: float, words: str) -> None:
    answer = entries.answer(found(entry, effect))
    assert words in answer and "95% interval" in answer
    assert len(answer.split()) <= 30


def test_the_figure_says_where_an_effect_is_within_the_margin(entry: EntryEffect) -> None:
    for effect, is_hedged in ((0.01, True), (-0.1, False)):
        parts = list(parts_of(found(entry, effect)))
        [path] = [part for part in parts if isinstance(part, Figure)]
        texts = " ".join(text.get_text() for text in path.draw().figure.texts)
        assert ("margin of error" in " ".join(texts.split())) == is_hedged
    plt.close("all")


def test_intervals_of_the_entry_are_percent_of_the_price(entry: EntryEffect) -> None:
    [effect] = [part for part in parts_of(found(entry, -0.1)) if getattr(part, "key", "") == "entry.effect"]
    assert isinstance(effect, Number) and effect.role == "headline"
    assert (effect.value, *(effect.ci or ())) == pytest.approx(100 * np.expm1([-0.1, -0.12, -0.08]))


def test_a_premium_that_turns_negative_is_told_as_one() -> None:
    for premium, sign in ((0.4, 1), (-0.8, -1)):
        us = jurisdiction_premium(market(premium, noise=0.1), draws=50)
        parts = list(jurisdiction(us, us.wild_test("model_id", draws=99)))
        [told] = [part for part in parts if getattr(part, "key", "") == "premium.us_hosts_chinese_weights"]
        assert np.sign(told.value) == sign == np.sign(told.ci[0])
        assert told.short.startswith("−") == (sign < 0)


def test_every_combination_of_choices_is_run_and_the_headline_is_among_them(panel: pd.DataFrame) -> None:
    curve = entry_specifications({"simulated": panel})
    assert len(curve.estimates) + len(curve.failed) == np.prod([len(options) for options in OPTIONS.values()])
    headline = curve.estimates[curve.estimates["is_headline"]].iloc[0]
    assert all(headline[choice] == option for choice, option in HEADLINE.items())
    assert headline["estimate"] == pytest.approx(100 * entry_effect(panel).effect)
    below = entries.specifications_title(curve)
    turned = curve.estimates.assign(
        estimate=-curve.estimates["estimate"], low=-curve.estimates["high"], high=-curve.estimates["low"]
    )
    above = entries.specifications_title(replace(curve, estimates=turned))
    count = curve.counts()
    assert below.startswith(f"{count['below']} of {count['specifications']}")
    assert above.startswith(f"{count['above']} of {count['specifications']}")


def test_a_table_and_its_copy_are_one_line() -> None:
    frame = pd.DataFrame(
        {"period": ["2024-01", "2024-01", "2024-02"], "source": ["litellm", "tokencost", "tokencost"],
         "hosts": [4, 3, 5]}
    )  # fmt: skip
    [figure] = coverage(frame)
    assert isinstance(figure, Figure) and "tokencost ends at 5 in 2024-02" in figure.alt
    assert [list(line.get_ydata()) for line in figure.draw().lines] == [[4, 5]]
    plt.close("all")


def test_rents_of_other_collections_stand_beside_ours_and_the_sentence_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    met = gpu_rental_agreement()
    for sign, word in ((1, "above"), (-1, "below")):
        ratio = sign * met["log_ratio"].abs().clip(lower=0.05)
        monkeypatch.setattr(course, "gpu_rental_agreement", lambda ratio=ratio: met.assign(log_ratio=ratio))
        away, told, table = course.rent_agreement()
        assert isinstance(away, Number) and isinstance(told, Sentence) and isinstance(table, Table)
        assert away.value == pytest.approx(100 * np.expm1(np.median(ratio)))
        assert word in told.text and table.frame["months"].sum() == len(met)
