"""Do the hazard of price cuts and the launch-price regression recover a known effect?

``python -m tools.simulate_price_cuts`` prints the tables of docs/simulations-competition-hazard.md (some
fifteen minutes). Markets are those of :mod:`tests.competition.rivals.simulation`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd

from tests.competition.rivals.simulation import MarketDesign, simulated_quotes
from undercut.competition.rivals.exposure import open_rivals
from undercut.competition.rivals.hazard import event_hazard, hazard_coefficient
from undercut.competition.rivals.launch_prices import launch_price_coefficient, launch_price_effect, launches
from undercut.competition.rivals.placebos import placebo_test
from undercut.competition.rivals.price_cuts import offers_at_risk, with_doses
from undercut.errors import DataError

SCENARIOS = {
    "8 developers, 80 models, few cuts": MarketDesign(monthly_cuts=0.012),
    "8 developers, 80 models, more cuts": MarketDesign(monthly_cuts=0.05),
    "24 developers, 240 models": MarketDesign(developers=24, models=240, monthly_cuts=0.03),
}
EFFECTS = ((0.0, 0.0), (1.0, -0.5))  # of closeness on the log hazard of a cut, on the log launch price
DRAWS = 399
PLACEBO_DRAWS = 39


def replication(
    design: MarketDesign, cut: float, launch: float, seed: int, *, placebos: bool
) -> list[dict[str, Any]]:
    """Every estimator on one market; an estimator that refuses says so."""
    quotes = simulated_quotes(cut_effect=cut, launch_effect=launch, seed=seed, design=design)
    rivals = open_rivals(quotes)
    rows, new = offers_at_risk(quotes), launches(quotes)
    exposed, launched = with_doses(rows, rivals), with_doses(new, rivals)
    tasks: dict[str, Any] = {
        "hazard": (cut, lambda: event_hazard(exposed, terms="dose", draws=DRAWS, seed=seed)),
        "launch price": (launch, lambda: launch_price_effect(launched, draws=DRAWS, seed=seed)),
    }
    told = [
        {"estimator": name, "events": int(exposed["outcome"].eq("cut").sum())} | _judged(truth, task)
        for name, (truth, task) in tasks.items()
    ]
    if placebos:
        told += [
            _placebo("hazard, fake dates", rows, rivals, hazard_coefficient, cut, seed),
            _placebo("launch price, fake dates", new, rivals, launch_price_coefficient, launch, seed),
        ]
    return told


def _judged(truth: float, task: Any) -> dict[str, Any]:
    try:
        found = task()
    except DataError:
        return {"failed": 1.0}
    effect = found.effect
    return {
        "failed": 0.0, "estimate": effect["estimate"] - truth,
        "covered": float(effect["low"] <= truth <= effect["high"]),
        "rejected": float(effect["p_value"] <= 0.05),
        "finite": float(np.isfinite(effect["high"] - effect["low"])), "detectable": found.detectable.effect,
    }  # fmt: skip


def _placebo(
    name: str, rows: pd.DataFrame, rivals: pd.DataFrame, estimate: Any, truth: float, seed: int
) -> dict[str, Any]:
    try:
        found = placebo_test(rows, rivals, estimate, kind="fake dates", draws=PLACEBO_DRAWS, seed=seed)
    except DataError:
        return {"estimator": name, "failed": 1.0}
    return {
        "estimator": name, "failed": 0.0, "estimate": found.estimate - found.centre - truth,
        "rejected": float(found.p_value <= 0.05), "detectable": found.detectable.effect,
    }  # fmt: skip


def table(results: pd.DataFrame) -> pd.DataFrame:
    """One row an estimator: error of the estimates, coverage, rejections."""
    by = results.groupby("estimator", sort=False)
    return pd.DataFrame(
        {
            "markets": by.size(), "no estimate": by["failed"].sum().astype(int),
            "median error": by["estimate"].median(), "mean error": by["estimate"].mean(),
            "spread": by["estimate"].std(), "coverage": by["covered"].mean(),
            "rejects no effect": by["rejected"].mean(), "finite interval": by["finite"].mean(),
            "detectable (median)": by["detectable"].median(),
        }
    ).round(3)  # fmt: skip


def main(replications: int = 60) -> None:
    """Print one table a scenario and effect."""
    for scenario, design in SCENARIOS.items():
        for cut, launch in EFFECTS:
            middle = scenario == list(SCENARIOS)[1]
            results = [
                row
                for seed in range(replications)
                for row in replication(
                    design, cut, launch, seed, placebos=middle and seed < replications // 2
                )
            ]
            frame = pd.DataFrame(results)
            cuts = frame["events"].mean()
            print(f"\n## {scenario}: effects {cut:g} and {launch:g}; {cuts:.0f} cuts on average\n")
            print(table(frame).reset_index().to_string(index=False), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
