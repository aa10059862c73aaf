"""Which measures recover a known fall of quality-constant prices, and do their intervals cover it?

Run as ``python -m tests.prices.simulations`` to print the tables of docs/simulations-prices.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from tests.prices.market import market
from undercut.prices.capability.price_of_capability import price_of_capability
from undercut.prices.hedonic.double_imputation import double_imputation
from undercut.prices.hedonic.results import HedonicIndex
from undercut.prices.hedonic.time_dummy import hedonic_index
from undercut.prices.index import price_index

#: Change of the quality-constant log price a year.
TRUTH = -0.8
DRAWS = 200
Estimate = tuple[float, float, float]

_NEW = ("eci", "age_years")
_HEDONIC: Mapping[str, Callable[[pd.DataFrame], HedonicIndex]] = {
    "time dummy, new models": partial(hedonic_index, characteristics=_NEW, effects=()),
    "time dummy, new models, developer effects": partial(hedonic_index, characteristics=_NEW),
    "rolling-window time dummy, new models": partial(
        hedonic_index, characteristics=_NEW, effects=(), window=7
    ),
    "full imputation, new models": partial(
        double_imputation, characteristics=_NEW, matched="predicted", draws=DRAWS
    ),
    "time dummy, all offers": partial(hedonic_index, characteristics=("eci",), effects=()),
    "double imputation Jevons, matched prices observed": partial(
        double_imputation, characteristics=_NEW, draws=DRAWS
    ),
}
SCENARIOS: Mapping[str, Mapping[str, float | int]] = {
    "40 families, growing": {},
    "12 families, growing": {"families": 12},
    "40 families, few offers": {"entrants": 3.0, "growth": 0.2},
}


def estimates(quotes: pd.DataFrame) -> dict[str, Estimate]:
    """Log change a year with its 95% interval, by every measure."""
    found: dict[str, Estimate] = {}
    matched = price_index(quotes, method="jevons", chained=True).index
    change = float(np.log(matched.iloc[-1]) / ((len(matched) - 1) / 12))
    found["matched-model Jevons, chained"] = (change, np.nan, np.nan)
    for name, measure in _HEDONIC.items():
        value, low, high = np.log(measure(quotes).annual)
        found[name] = (value, low, high)
    rates = price_of_capability(quotes, {"level": 130.0}, cluster="family", draws=DRAWS).rates
    for row in rates.itertuples():
        ends = (row.times_cheaper_a_year, row.times_high, row.times_low)
        value, low, high = (-np.log(end) for end in ends)
        found[f"price of capability, {row.version}"] = (value, low, high)
    return found


def simulate(scenario: str, *, runs: int, first_seed: int = 0) -> pd.DataFrame:
    """Bias, spread and coverage of every measure over markets that differ by chance alone.

    Returns
    -------
    DataFrame
        Indexed by measure: ``mean`` and ``spread`` (standard deviation) of the estimated log change a year,
        ``bias`` against :data:`TRUTH`, ``coverage`` of the 95% interval, ``width``, its mean length.
    """
    options = SCENARIOS[scenario]
    rows = [
        pd.DataFrame(estimates(market(first_seed + run, **options)), index=["value", "low", "high"]).T  # type: ignore[arg-type]
        for run in range(runs)
    ]
    every = pd.concat(rows, keys=range(runs), names=["run", "measure"]).reset_index()
    every["covers"] = every["low"].le(TRUTH) & every["high"].ge(TRUTH)
    every["width"] = every["high"] - every["low"]
    by = every.groupby("measure", sort=False)
    table = by.agg(
        mean=("value", "mean"), spread=("value", "std"), coverage=("covers", "mean"), width=("width", "mean")
    )
    table["coverage"] = table["coverage"].where(table["width"].notna())
    table.insert(1, "bias", table["mean"] - TRUTH)
    return table


def markdown(table: pd.DataFrame) -> str:
    """A table of :func:`simulate` as Markdown."""
    order = ["mean", "bias", "spread", "coverage", "width"]
    lines = ["| measure | " + " | ".join(order) + " |", "|---" * 6 + "|"]
    for measure, row in table[order].iterrows():
        cells = ["" if np.isnan(value) else f"{value:.2f}" for value in row]
        lines.append(f"| {measure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    for scenario in SCENARIOS:
        print(f"\n### {scenario}\n\n{markdown(simulate(scenario, runs=runs))}", flush=True)
