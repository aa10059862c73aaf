"""Exposure that releases bring in doses: known slopes, and what is not identified."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError
from undercut.inference.did.stacked_dose import stacked_dose


def exposed(seed: int, *, slope: float, shared: float = 0.0, noise: float = 0.05) -> pd.DataFrame:
    """40 units of 10 developers; releases in periods 8 and 20 raise exposure by different amounts."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(40), range(30)], names=["unit", "period"])
    rows = index.to_frame(index=False)
    rows["cluster"] = rows["unit"] % 10
    changes = rng.uniform(size=(2, 40))
    first, second = rows["period"] >= 8, rows["period"] >= 20
    rows["dose"] = changes[0][rows["unit"]] * first + changes[1][rows["unit"]] * second
    fall = slope * rows["dose"] + shared * (first.astype(float) + second)
    rows["outcome"] = rng.normal(size=40)[rows["unit"]] + fall + noise * rng.normal(size=len(rows))
    return rows


def test_the_slope_is_recovered_and_leads_are_flat() -> None:
    fit = stacked_dose(exposed(1, slope=-0.5), [8, 20])
    assert fit.effects.loc[0:].to_numpy() == pytest.approx(-0.5, abs=0.06)
    assert fit.effects.loc[:-2].to_numpy() == pytest.approx(0.0, abs=0.06)


def test_one_release_is_the_regression_of_changes_on_doses() -> None:
    data = exposed(2, slope=-0.5)
    wide = data.pivot_table(index="unit", columns="period", values="outcome")
    dose = data.pivot_table(index="unit", columns="period", values="dose")
    change = (dose[8] - dose[7]).to_numpy()
    fit = stacked_dose(data, [8], leads=2, lags=1)
    for time in (-2, 0, 1):
        naive = np.polyfit(change, (wide[8 + time] - wide[7]).to_numpy(), 1)[0]
        assert fit.effects[time] == pytest.approx(naive, abs=1e-8)


def test_what_a_release_does_to_all_units_alike_is_not_seen() -> None:
    same, moved = (stacked_dose(exposed(3, slope=-0.5, shared=s), [8, 20]) for s in (0.0, -2.0))
    assert moved.effects.to_numpy() == pytest.approx(same.effects.to_numpy(), abs=1e-8)
    assert "not what all units share" in moved.identified


@pytest.mark.slow
def test_no_slope_is_rejected_at_the_nominal_rate() -> None:
    rejected = [
        stacked_dose(exposed(seed, slope=0.0), [8, 20]).wild_bootstrap(draws=499).p_value <= 0.05
        for seed in range(60)
    ]
    assert np.mean(rejected) <= 0.15


def test_crowded_and_idle_releases_are_left_out_and_counted() -> None:
    data = exposed(4, slope=-0.5)
    fit = stacked_dose(data, [8, 14, 19, 20], min_gap=2)
    assert any(note.startswith("2 releases less than 2 periods") for note in fit.notes)
    assert any("1 releases changed no dose" in note for note in fit.notes)
    assert fit.effects.to_numpy() == pytest.approx(stacked_dose(data, [8]).effects.to_numpy())


def test_frames_that_cannot_be_used_say_why() -> None:
    data = exposed(5, slope=0.0)
    with pytest.raises(DataError, match="No release changed"):
        stacked_dose(data, [14])
    with pytest.raises(InputError, match="empty"):
        stacked_dose(data, [])
    with pytest.raises(DataError, match="Missing"):
        stacked_dose(data.assign(dose=np.nan), [8])
