"""Use after release: half-lives of made models, and of one real one by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.competition.adoption.curves import adoption_curves, half_life
from undercut.errors import TooFewError
from undercut.sources.reference import load_reference


def curves(*fates: tuple[list[float], float]) -> pd.DataFrame:
    rows = [
        {
            "model_id": f"m{number}",
            "group": "CN open",
            "age": age,
            "share": share,
            "floor": floor,
            "until": 10,
        }
        for number, (shares, floor) in enumerate(fates)
        for age, share in enumerate(shares)
        if share
    ]
    return pd.DataFrame(rows)


def test_half_lives_are_counted_from_the_best_week() -> None:
    fall = [1.0, 10.0, 8.0, 6.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    stays = [1.0, 10.0, 9.0] + [8.0] * 8
    found = half_life(curves(*[(fall, 0.1)] * 6, (stays, 0.1))).to_frame().iloc[0]
    assert (found["median"], found["fell"], found["models"]) == (3.0, 6, 7)


def test_a_model_that_leaves_the_list_has_fallen_only_where_half_its_best_would_be_seen() -> None:
    leaves = [10.0, 8.0]
    seen = half_life(curves(*[(leaves, 1.0)] * 6)).to_frame().iloc[0]
    unseen = half_life(curves(*[(leaves, 6.0)] * 6)).to_frame().iloc[0]
    assert seen["fell"] == 6 and seen["median"] == 2.0
    assert unseen["fell"] == 0 and np.isnan(unseen["median"])


def test_too_few_models() -> None:
    with pytest.raises(TooFewError, match="5"):
        half_life(curves(([10.0, 1.0], 0.1)))


def test_one_model_by_hand() -> None:
    table = load_reference("token_usage_weekly")
    shares = table["tokens"].astype(float) / table.groupby("week_start")["tokens"].transform("sum").astype(
        float
    )
    own = 100 * shares[table["model_id"].eq("kimi-k2.5").fillna(False)].groupby(table["week_start"]).sum()
    curve = adoption_curves().query("model_id == 'kimi-k2.5'")
    assert curve["share"].tolist() == pytest.approx(own.tolist()[: len(curve)])
    assert curve["of_peak"].max() == 1.0
