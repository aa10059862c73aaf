"""The tables of docs/simulations-hosts.md: `python -m tests.competition.hosts.host_simulations`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from tests.competition.hosts.host_market import host_market, true_effect
from undercut.competition.hosts.dispersion import host_elasticity
from undercut.competition.hosts.entry import entry_effect, wild_test
from undercut.competition.hosts.entry_design import count_entries

#: Name, settings of the market, options of the estimator.
ENTRY: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("no effect", {}, {}),
    ("no effect, sticky", {"reprice": 0.05}, {}),
    ("no effect, all offers of the month", {}, {"comparison": "same month"}),
    ("effect -0.03", {"effect": -0.03}, {}),
    ("effect -0.03, sticky", {"effect": -0.03, "reprice": 0.05}, {}),
    ("effect -0.03, prices fall with age", {"effect": -0.03, "drift": -0.02}, {}),
    ("no effect, prices fall with age", {"drift": -0.02}, {}),
    ("effect -0.03, half of the hosts found late", {"effect": -0.03, "late_hosts": 0.5}, {}),
    ("effect -0.03, every entry taken as dated", {"effect": -0.03, "late_hosts": 0.5}, {"naive": True}),
)


def entry_row(name: str, market: dict[str, Any], options: dict[str, Any], markets: range) -> dict[str, Any]:
    """Recovery, coverage and rejections of one setting."""
    estimator = {key: value for key, value in options.items() if key != "naive"}
    truth = true_effect(market.get("effect", 0.0), market.get("reprice", 0.3))
    found, wild = [], []
    for seed in markets:
        panel = host_market(seed, **market)
        entries = count_entries(panel)
        if options.get("naive"):
            entries = entries.assign(kind="dated")
        result = entry_effect(panel, entries=entries, **estimator)
        found.append((result.effect, result.low, result.high))
        wild.append(wild_test(result, draws=199).p_value < 0.05)
    return {"setting": name} | _scores(found, truth) | {"wild rejects 0": float(np.mean(wild))}


def elasticity_row(outcome: str, effect: float, markets: range) -> dict[str, Any]:
    """Mean response to the number of hosts and how often zero is rejected."""
    options: dict[str, Any] = {"effect": effect, "reprice": 0.3, "late_hosts": 0.0}
    results = [host_elasticity(host_market(seed, **options), outcome=outcome) for seed in markets]  # type: ignore[arg-type]
    values = np.array([(r.value, r.low, r.high) for r in results])
    rejected = (values[:, 1] > 0) | (values[:, 2] < 0)
    return {
        "outcome": outcome, "effect of an entry": effect, "mean": values[:, 0].mean(),
        "spread": values[:, 0].std(ddof=1), "rejects 0": rejected.mean(),
    }  # fmt: skip


def _scores(found: Iterable[tuple[float, float, float]], truth: float) -> dict[str, float]:
    values = np.array(list(found))
    covers = (values[:, 1] <= truth) & (truth <= values[:, 2])
    rejects = (values[:, 1] > 0) | (values[:, 2] < 0)
    return {
        "truth": truth, "mean": values[:, 0].mean(), "spread": values[:, 0].std(ddof=1),
        "coverage": covers.mean(), "rejects 0": rejects.mean(),
    }  # fmt: skip


def main(markets: int) -> None:
    """Print both tables as Markdown, row by row."""
    seeds = range(1000, 1000 + markets)
    _show(entry_row(*setting, seeds) for setting in ENTRY)
    outcomes = ("lowest", "beyond draws", "median", "same hosts")
    _show(elasticity_row(outcome, effect, seeds) for effect in (0.0, -0.03) for outcome in outcomes)


def _show(rows: Iterable[dict[str, Any]]) -> None:
    for number, row in enumerate(rows):
        if number == 0:
            print(f"\n| {' | '.join(row)} |\n|{'---|' * len(row)}")
        cells = (cell if isinstance(cell, str) else f"{cell:.3f}" for cell in row.values())
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
