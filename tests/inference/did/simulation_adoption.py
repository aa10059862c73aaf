"""Do the estimators of open entry recover a known effect, do intervals cover it, and how often is none found?

`python -m tests.inference.did.simulation_adoption` prints docs/simulations-competition-adoption.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
import pandas as pd

from undercut.errors import UndercutError
from undercut.inference.did.model import Method, staggered_adoption
from undercut.inference.did.randomisation import Scheme, randomise_adoption

METHODS: Final = get_args(Method)
MONTHS, LAGS = 24, 5


@dataclass(frozen=True, slots=True)
class Market:
    """A market of closed models with sticky list prices.

    Attributes
    ----------
    developers, models : int
        Developers, and models in all.
    effect : float
        Change of the log price that an open entry brings in the long run.
    cut_chance : float
        Chance a month that a price that is out of line is adjusted; 1 means at once.
    releases : int
        Different dates of entry.
    clustered : bool
        Whether these dates lie in two clusters of neighbouring months.
    never : float
        Share of models without an open rival.
    shared : float
        Standard deviation of a developer's own monthly shock to what it wants to charge, a random walk.
    """

    developers: int = 20
    models: int = 40
    effect: float = 0.0
    cut_chance: float = 1.0
    releases: int = 6
    clustered: bool = False
    never: float = 0.25
    shared: float = 0.03


SCENARIOS: Final[Mapping[str, Market]] = {
    "20 developers, flexible prices": Market(),
    "20 developers, sticky prices, clustered entry": Market(cut_chance=0.15, clustered=True),
    "6 developers, sticky prices, clustered entry": Market(developers=6, cut_chance=0.15, clustered=True),
    "6 developers, sticky prices, all entered": Market(developers=6, cut_chance=0.15, never=0.0),
}
EFFECTS: Final = (0.0, -0.3)


def simulate(market: Market, seed: int) -> pd.DataFrame:
    """Prices of one market, with the mean effect that entry had on them (``true``, by row).

    What a developer wants to charge follows a common trend, its own shocks and entry; the list price is moved
    to it with ``cut_chance`` a month. The effect on a list price is its difference from the same market, same
    draws, without entry.
    """
    rng = np.random.default_rng(seed)
    developer = np.arange(market.models) % market.developers
    first = _entries(market, rng)
    drift = rng.normal(size=(market.developers, MONTHS)).cumsum(axis=1) * market.shared
    wanted = rng.normal(size=(market.models, 1)) + drift[developer] - 0.01 * np.arange(MONTHS)
    entered = np.arange(MONTHS) >= first[:, None]
    moves = rng.random((market.models, MONTHS)) < market.cut_chance
    without, listed = (_listed(wanted + shift, moves) for shift in (0.0, market.effect * entered))
    unit, period = np.divmod(np.arange(market.models * MONTHS), MONTHS)
    return pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "cluster": developer[unit],
            "first_treated": np.where(np.isinf(first), np.nan, first)[unit],
            "outcome": listed.ravel(),
            "true": (listed - without).ravel(),
        }
    )


def estimate(data: pd.DataFrame, market: Market, seed: int) -> pd.DataFrame:
    """Every method's estimate, truth and interval on one market."""
    rows = []
    for method in METHODS:
        try:
            fit = staggered_adoption(data, method=method, leads=2, lags=LAGS)
        except UndercutError:
            rows.append((method, *[np.nan] * 4))
            continue
        found, truth = fit.effect(), _truth(data, fit.weights(), fit.effects.index.to_numpy())
        rows.append((method, found["estimate"], truth, found["ci_low"], found["ci_high"]))
        if fit.regression is not None:
            boot = fit.wild_bootstrap(draws=399, seed=seed)
            rows.append((f"{method}, wild bootstrap", boot.estimate, truth, boot.ci_low, boot.ci_high))
    scheme: Scheme = "gaps" if market.clustered else "uniform"
    test = randomise_adoption(data, window=(3, MONTHS - 4), scheme=scheme, draws=99, seed=seed)
    rows.append(("imputation, dates redrawn", test.estimate, _mean_truth(data), test.ci_low, test.ci_high))
    return pd.DataFrame(rows, columns=["method", "estimate", "truth", "low", "high"])


def study(market: Market, *, seeds: Iterable[int]) -> pd.DataFrame:
    """:func:`summarise` of one market for each seed."""
    return summarise(pd.concat([estimate(simulate(market, seed), market, seed) for seed in seeds]))


def summarise(estimates: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread, coverage and rejections of no effect by method, from :func:`estimate` of many markets."""
    every = estimates.reset_index(drop=True)
    every["failed"] = every["estimate"].isna()
    kept = every[~every["failed"]].copy()
    kept["error"] = kept["estimate"] - kept["truth"]
    kept["covers"] = kept["low"].le(kept["truth"]) & kept["high"].ge(kept["truth"])
    kept["rejects"] = kept["low"].gt(0) | kept["high"].lt(0)
    by = kept.groupby("method", sort=False)
    table = pd.DataFrame(
        {
            "true": by["truth"].mean(),
            "bias": by["error"].mean(),
            "spread": by["error"].std(),
            "coverage": by["covers"].mean(),
            "rejects none": by["rejects"].mean(),
        }
    )
    return table.assign(failed=every.groupby("method")["failed"].sum())


def report(seeds: Sequence[int], tables: Mapping[tuple[str, float], pd.DataFrame]) -> str:
    """The page of docs, as Markdown; the tables by scenario and effect."""
    runs = len(seeds)
    lines = [_HEAD.format(runs=runs, seeds=_spans(seeds), spread=100 * np.sqrt(0.05 * 0.95 / runs))]
    for (name, effect), table in tables.items():
        lines.append(f"\n## {name}; long-run effect {effect:.1f}\n\n{as_markdown(table)}")
    return "\n".join(lines) + "\n"


def main(runs: int) -> str:
    """Simulate everything and write the page."""
    seeds = range(runs)
    tables = {
        (name, effect): study(replace(market, effect=effect), seeds=seeds)
        for name, market in SCENARIOS.items()
        for effect in EFFECTS
    }
    return report(seeds, tables)


def _spans(seeds: Sequence[int]) -> str:
    """``0 to 29, 50 to 59``."""
    ends = [seed for seed in seeds if seed + 1 not in seeds]
    starts = [seed for seed in seeds if seed - 1 not in seeds]
    return ", ".join(f"{first} to {last}" for first, last in zip(starts, ends, strict=True))


def _entries(market: Market, rng: np.random.Generator) -> np.ndarray:
    """Month of entry of each model; infinite for those without."""
    if market.clustered:
        starts = rng.choice(np.arange(4, MONTHS - 6, 5), 2, replace=False)
        dates = (starts[:, None] + np.arange(market.releases // 2)).ravel()
    else:
        dates = rng.choice(np.arange(4, MONTHS - 4), market.releases, replace=False)
    first = rng.choice(dates, market.models).astype(float)
    first[rng.random(market.models) < market.never] = np.inf
    return first


def _listed(wanted: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """List prices: what was wanted in the last month in which the price was moved."""
    last = np.maximum.accumulate(np.where(moves, np.arange(MONTHS), 0), axis=1)
    return np.take_along_axis(wanted, last, axis=1)


def _truth(data: pd.DataFrame, weights: np.ndarray, times: np.ndarray) -> float:
    """The mean effect on treated models at the lags that an estimator averages."""
    since = data["period"] - data["first_treated"]
    by_time = data["true"].groupby(since).mean()
    return float(weights[weights > 0] @ by_time.reindex(times[weights > 0]).to_numpy())


def _mean_truth(data: pd.DataFrame) -> float:
    comparable = data["period"] < data["first_treated"].fillna(np.inf).max()
    treated = data["period"] >= data["first_treated"]
    return float(data.loc[treated & comparable, "true"].mean())


def as_markdown(table: pd.DataFrame) -> str:
    """A table of :func:`study` as the page shows it."""
    columns = ["method", "true", "bias", "spread", "coverage", "rejects none", "failed"]
    head = f"| {' | '.join(columns)} |\n|---|{'---:|' * 6}"
    body = [
        f"| {method.replace('_', ' ')} | {row['true']:.2f} | {row['bias']:+.3f} | {row['spread']:.3f} | "
        f"{row['coverage']:.0%} | {row['rejects none']:.0%} | {int(row['failed'])} |"
        for method, row in table.iterrows()
    ]
    return "\n".join([head, *body])


_HEAD: Final = """# Do the estimators of open entry find what is there, and nothing where nothing is?

Written by `python -m tests.inference.did.simulation_adoption`; do not edit by hand.

Simulated markets of closed models over 24 months. What a developer wants to charge falls by 1% a month and
follows its own random walk (3% a month), shared by all its models. An open rival that comes close changes
it by the long-run effect. **Sticky** list prices are moved to it with a chance of 15% a month, flexible
ones at once. Open rivals come in six months, or **clustered** in two runs of three; a quarter of the 40
models has no open rival, but for **all entered**. The true effect is the difference from the same market
without entry, averaged as the estimator averages, so that for sticky prices it is smaller than the long-run
one.

{runs} markets a scenario (seeds {seeds}; the same draws with and without an effect); the standard error of
a share of 5% is {spread:.1f} points. **Coverage** is of the 95% interval; **rejects none** is the share of
markets in which it leaves out zero: the false-positive rate where the effect is zero, power where it is not.
**Failed**: markets without an estimate. Dates are redrawn anywhere, or with their gaps kept where entry is
clustered.
"""

if __name__ == "__main__":
    sys.stdout.write(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
