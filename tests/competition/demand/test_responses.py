"""Responses of tokens to prices: a world with known elasticities, and the real one computed a second way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from undercut.competition.demand import measured_elasticity
from undercut.competition.demand.response_sample import response_sample
from undercut.competition.demand.responses import price_response
from undercut.errors import TooFewError, UnknownNameError
from undercut.sources.reference import load_reference

WEEKS = pd.date_range("2025-03-03", periods=60, freq="W-MON")


def scored_models(count: int) -> list[str]:
    scores = load_reference("capability_scores")
    known = scores.loc[scores["measure"].eq("eci_2026_10"), "model_id"].dropna().unique()
    models = load_reference("models").set_index("model_id")["release_date"]
    return [name for name in known if name in models.index and pd.notna(models[name])][:count]


def world(own: float, *, seed: int = 0, models: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weekly tokens that answer the own price with elasticity ``own``, and the changes of price."""
    rng = np.random.default_rng(seed)
    names = scored_models(models)
    rows, changes = [], []
    for number, name in enumerate(names):
        at = 12 + 3 * (number % 12)
        step = rng.choice([-0.7, 0.4]) if number < 30 else 0.0
        log = 20 + rng.normal() + own * step * (np.arange(len(WEEKS)) > at) + 0.05 * rng.normal(size=60)
        rows.append(pd.DataFrame({"week_start": WEEKS, "model_id": name, "tokens": np.exp(log)}))
        if step:
            changes.append(
                {"host": "openrouter", "model_id": name, "variant": "", "changed_on": WEEKS[at].date(),
                 "input_before": 1.0, "input_after": np.exp(step), "output_before": 2.0,
                 "output_after": 2 * np.exp(step)}
            )  # fmt: skip
    return pd.concat(rows).assign(variant=None), pd.DataFrame(changes)


@pytest.mark.parametrize("truth", [-1.2, 0.0, 0.5])
def test_the_true_elasticity_of_a_made_world_comes_out(truth: float) -> None:
    found = price_response(response_sample(*world(truth)), draws=99)
    own = found.row("own")
    assert own["low"] < truth < own["high"]
    assert own["high"] - own["low"] < 0.2
    assert found.row("before")["low"] < 0 < found.row("before")["high"]
    assert (found.p_value < 0.05) == (truth != 0)


def test_a_move_before_the_change_is_told() -> None:
    usage, changes = world(-1.2)
    early = changes.assign(changed_on=pd.to_datetime(changes["changed_on"]) + pd.Timedelta(weeks=4))
    assert "before it came" in price_response(response_sample(usage, early), draws=19).why_not()


def test_the_measured_elasticity_a_second_way() -> None:
    sample = response_sample()
    plain = smf.ols("after ~ own + rival + log_age + C(week)", sample).fit().params["own"]
    found = measured_elasticity()
    assert found.estimate == pytest.approx(plain, abs=1e-6)
    assert found.low < plain < found.high


def test_an_earlier_day_knows_fewer_changes_and_weeks() -> None:
    then, today = response_sample(as_of="2026-03-31"), response_sample()
    assert then["week"].max() < pd.Timestamp("2026-03-09")  # four weeks after the change must be over
    assert 10 < then["own"].ne(0).sum() < 0.8 * today["own"].ne(0).sum()
    assert measured_elasticity(as_of="2026-03-31").estimate != measured_elasticity().estimate


def test_one_change_of_the_sample_by_hand() -> None:
    """Luna's cut on the router in August 2026, from the raw table."""
    sample = response_sample()
    week = pd.Timestamp("2026-08-03")
    row = sample[sample["model_id"].eq("gpt-5.6-luna") & sample["week"].eq(week)].iloc[0]
    table = load_reference("token_usage_weekly")
    table = table[table["model_id"].eq("gpt-5.6-luna") & table["variant"].ne("free").fillna(True)]
    log = np.log(table.groupby("week_start")["tokens"].sum().astype(float))
    step = pd.Timedelta(weeks=4)
    by_hand = log[(log.index > week) & (log.index <= week + step)].mean()
    by_hand -= log[(log.index < week) & (log.index >= week - step)].mean()
    assert row["after"] == pytest.approx(by_hand)


def test_too_few_and_unknown() -> None:
    with pytest.raises(TooFewError, match="models changed a price"):
        price_response(response_sample(price_level="developer"))
    with pytest.raises(UnknownNameError, match="router"):
        response_sample(price_level="rooter")
