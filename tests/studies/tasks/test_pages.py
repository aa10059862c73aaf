"""Do the sentences of the report on tasks turn when the data do?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.panel.measures import MEASURES, model_scores
from undercut.prices.tasks import CostTrends, TaskGaps, task_costs, tokens_per_task
from undercut.sources.reference import load_reference
from undercut.studies.presentation import Answer, Caveat, Number, Part, Sentence, parts_of
from undercut.studies.tasks import without_each
from undercut.studies.tasks.estimates import CHOICES, EQUAL_BY, gap_curve


def gaps(**solved: float) -> TaskGaps:
    """Per token 79% cheaper; per solved task as given."""
    base = {
        "benchmark": "epoch_gpqa", "against": "median", "group": "chinese_open", "reference": "us_closed",
        "level": 0.95, "p_value": 0.01, "detectable": 0.6, "n_group": 23, "n_reference": 53, "why_not": "",
    }  # fmt: skip
    rows = [
        base | {"measure": "usd_per_mtok", "gap": -0.79, "low": -0.88, "high": -0.6},
        base | {"measure": "usd_per_solved"} | solved,
    ]
    return TaskGaps(pd.DataFrame(rows))


def answer(result: object) -> str:
    [text] = [part.text for part in parts_of(result) if isinstance(part, Answer)]
    return text


@pytest.mark.parametrize(
    ("solved", "said"),
    [
        (
            {"gap": -0.39, "low": -0.68, "high": 0.2},
            "per solved task we cannot tell whether they cost less or more (−68% to 20%)",
        ),
        ({"gap": -0.39, "low": -0.68, "high": -0.1}, "per solved task 39% less"),
        ({"gap": 0.5, "low": 0.1, "high": 0.9}, "per solved task 50% more"),
    ],
)
def test_the_answer_turns_with_the_gap(solved: dict[str, float], said: str) -> None:
    assert said in answer(gaps(**solved)) and "79% less per token" in answer(gaps(**solved))
    assert len(answer(gaps(**solved)).split()) <= 30


def test_each_gap_is_a_finding_under_the_promised_key() -> None:
    numbers = [part for part in parts_of(gaps(gap=-0.39, low=-0.68, high=0.2)) if isinstance(part, Number)]
    assert [n.key for n in numbers] == [
        "task_gap.epoch_gpqa.per_token",
        "task_gap.epoch_gpqa.per_solved_task",
    ]
    assert numbers[1].value == pytest.approx(-39) and numbers[1].role == "headline"


def test_a_gap_without_enough_models_says_why() -> None:
    frame = gaps(gap=-0.39, low=-0.68, high=0.2).frame
    few = frame.iloc[[0]].assign(benchmark="arc_agi_1_2025_10", gap=np.nan, why_not="3 and 3 models")
    parts = list(parts_of(TaskGaps(pd.concat([frame, few]))))
    [missing] = [p for p in parts if isinstance(p, Number) and "arc" in p.key]
    assert missing.value is None and missing.note == "3 and 3 models"
    assert any(isinstance(part, Caveat) and "3 and 3 models" in part.text for part in parts)


def test_the_published_rate_is_counted_against_the_intervals() -> None:
    rows = pd.DataFrame(
        {
            "benchmark": "epoch_gpqa", "definition": ["records", "calendar", "regression"], "score": 0.4,
            "times_cheaper": [20.0, 6.0, 7.0], "low": [10.0, 2.0, 4.0], "high": [400.0, 10.0, 11.0],
            "level": 0.95, "models": 90, "why_not": "",
        }
    )  # fmt: skip
    sentence = next(p.text for p in parts_of(CostTrends(rows)) if isinstance(p, Sentence))
    assert "lies within the interval of 1 of 3 rates" in sentence
    assert "20× by each new record" in sentence and "7× by all models at equal score" in sentence


def test_leaving_out_says_whether_the_sign_turns() -> None:
    rows = pd.DataFrame(
        {
            "benchmark": "made", "model_id": [f"m{i}" for i in range(12)], "score": np.tile([0.3, 0.7], 6),
            "group": ["chinese_open"] * 6 + ["us_closed"] * 6,
            "usd_per_solved": [1.0] * 5 + [1e-3] + [0.9] * 6,
        }
    )  # fmt: skip
    found = without_each(rows, "model_id")
    assert found.whole < 0 < found.frame["gap"].max()
    said = " ".join(part.text for part in found.parts() if isinstance(part, Sentence))
    assert "Without m5 the sign turns." in said


def test_equal_by_a_measure_of_capability_by_hand() -> None:
    """Least squares of the log cost on the index and the group, over the scores that both groups have."""
    costs, models = load_reference("cost_per_task"), load_reference("models")
    found = gap_curve(costs, models, draws=9).frame
    title = MEASURES["eci_2026_10"].title
    main = {name: values[0] for name, values in CHOICES.items()} | {EQUAL_BY: title}
    row = found[(found[list(main)] == pd.Series(main)).all(axis=1)].iloc[0]
    rows = task_costs(costs, models, benchmark="epoch_gpqa")
    rows = rows[rows["group"].isin(["chinese_open", "us_closed"])]
    rows = rows.assign(points=rows["model_id"].map(model_scores("eci_2026_10"))).dropna(subset=["points"])
    is_open = rows["group"].eq("chinese_open")
    ends = rows.groupby(is_open)["points"].agg(["min", "max"])
    both = rows["points"].between(ends["min"].max(), ends["max"].min())
    x = np.column_stack([np.ones(both.sum()), rows["points"][both], is_open[both]])
    fit = np.linalg.lstsq(x, np.log(rows["usd_per_solved"][both].to_numpy(float)), rcond=None)[0]
    assert row["estimate"] == pytest.approx(100 * np.expm1(fit[2]))
    assert set(found[EQUAL_BY]) >= {"the benchmark's score", title, MEASURES["arena"].title}


def test_tokens_are_those_of_the_median_model() -> None:
    costs, models = load_reference("cost_per_task"), load_reference("models")
    rows = task_costs(costs, models, benchmark="epoch_gpqa")
    found: list[Part] = list(parts_of(tokens_per_task(rows, draws=99)))
    by_key = {part.key: part.value for part in found if isinstance(part, Number)}
    expected = rows[rows["group"].eq("us_closed")]["output_tokens_per_task"].median()
    assert by_key["tokens_per_task.us_closed"] == pytest.approx(expected)
