"""Do the demand estimates and the counterfactuals recover a market that is known?

Run as ``python -m tests.competition.demand.simulations`` to print the tables of docs/simulations-demand.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tests.competition.demand.worlds import simulate_markets
from undercut.competition.demand.assumptions import (
    assumed_market,
    draw_outcomes,
    intervals,
    parameter_basis,
)
from undercut.competition.demand.counterfactual import market_model, scenario_outcome
from undercut.competition.demand.nested import nested_logit

#: Designs: arguments of simulate_markets. The last two are as small as the real record.
DESIGNS: Mapping[str, dict[str, Any]] = {
    "60 markets, strong instrument": {"markets": 60, "products": 12},
    "60 markets, steep demand": {"markets": 60, "products": 12, "slope": -3.0},
    "60 markets, useless instrument": {"markets": 60, "products": 12, "cost_strength": 0.0},
    "18 markets of 15, weaker instrument": {"markets": 18, "products": 15, "cost_strength": 0.15},
    "18 markets, best 15 of 60 seen": {"markets": 18, "products": 60, "kept": 15},
    "18 markets, best 15 of 60 seen, weaker instrument": {
        "markets": 18,
        "products": 60,
        "kept": 15,
        "cost_strength": 0.15,
    },
}
SCENARIO = "no Chinese open models"


def simulate(design: str, *, runs: int, first_seed: int = 0) -> pd.DataFrame:
    """Bias and coverage of the own-price elasticity, by estimator.

    Returns
    -------
    DataFrame
        Indexed by estimator: ``truth``, mean ``estimate``, ``bias``, ``spread``, ``coverage`` of the ordinary
        interval and ``robust``, that of the interval that holds with weak instruments; ``identified``, share
        of runs that pass the rule of the report.
    """
    rows = []
    for seed in range(first_seed, first_seed + runs):
        drawn = simulate_markets(seed=seed, **DESIGNS[design])
        for name, instruments in (("OLS", None), ("2SLS", ["cost"])):
            found = nested_logit(
                drawn, instruments=instruments, controls=["eci"], cluster="period", outside_share=0.3
            )
            reach = found.elasticity + 1
            # The true coefficient, on the same scale as the estimate: same products, same shares.
            truth = DESIGNS[design].get("slope", -1.0) * reach / found.slope - 1
            inside = bool(found.weak_low <= truth <= found.weak_high)
            rows.append({
                "estimator": name, "truth": truth, "estimate": found.elasticity,
                "coverage": found.low <= truth <= found.high, "robust": inside if instruments else np.nan,
                "identified": found.is_identified,
            })  # fmt: skip
    table = pd.DataFrame(rows)
    by = table.groupby("estimator", sort=False)
    median = by[["truth", "estimate"]].median()
    return median.assign(
        bias=median["estimate"] - median["truth"], spread=by["estimate"].quantile(0.84) - median["estimate"],
        coverage=by["coverage"].mean(), robust=by["robust"].mean(), identified=by["identified"].mean(),
    )  # fmt: skip


def simulate_counterfactual(*, runs: int, first_seed: int = 0, draws: int = 100) -> pd.DataFrame:
    """Does the parametric bootstrap cover the true effect of a removal?

    Returns
    -------
    DataFrame
        Indexed by measure: mean ``truth``, mean ``median`` of the draws, ``coverage`` of the 95% interval.
    """
    rows = []
    for seed in range(first_seed, first_seed + runs):
        drawn = simulate_markets(40, 12, seed=seed)
        outside = float(drawn["outside"].groupby(drawn["period"]).first().iloc[0])
        found = nested_logit(drawn, instruments=["cost"], controls=["eci"], cluster="period")
        one = drawn[drawn["period"] == "2000-01"]
        basis = parameter_basis(found, draws, seed=seed, outside_shares=(outside, outside + 1e-9))
        basis.draws["open_at_cost"] = False
        told = intervals(draw_outcomes(assumed_market(one, basis.draws), [SCENARIO])).set_index("measure")
        true_market = market_model(one, slope=-1.0, outside_share=outside, open_at_cost=False)
        truth = scenario_outcome(true_market, SCENARIO).measures().iloc[0]
        for measure in ("closed_price", "price_paid", "surplus", "closed_profit"):
            low, middle, high = (float(told.loc[measure, c]) for c in ("low", "median", "high"))
            covered = low <= truth[measure] <= high
            rows.append({"measure": measure, "truth": truth[measure], "median": middle, "coverage": covered})
    return pd.DataFrame(rows).groupby("measure", sort=False).mean()


def markdown(table: pd.DataFrame) -> str:
    """The table as Markdown, two decimals."""
    lines = [
        f"| {table.index.name} | " + " | ".join(table.columns) + " |",
        "|---" * (len(table.columns) + 1) + "|",
    ]
    for name, row in table.iterrows():
        cells = ["" if np.isnan(value) else f"{value:.2f}" for value in row.astype(float)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for each in DESIGNS:
        print(f"\n## {each}\n\n{markdown(simulate(each, runs=count))}", flush=True)
    print(f"\n## Removal of a third of the products\n\n{markdown(simulate_counterfactual(runs=count // 2))}")
