"""Write predictions from today's panel and test their rule: python -m tools.predict [--backtest].

Predictions once made stay: rows are added to data/reference/predictions.csv, never changed. The backtest is
written anew to data/reference/predictions_backtest.csv.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from undercut.paths import own_data_dir
from undercut.studies.briefing.predictions import RULE, backtest, monthly_series, probability_above

#: Series, what it is in words, unit, and by how much the first threshold differs from today's value; it is
#: on the far side of it, and the second one, as far away on the near side, is likely to be met.
WANTED = (
    ("lowest.gpt_4", "The lowest price at GPT-4's capability", "dollars per million tokens", 0.8),
    ("lowest.o1", "The lowest price at o1's capability", "dollars per million tokens", 0.8),
    ("median.cn_open", "The median own price of Chinese open models", "dollars per million tokens", 1.1),
    ("median.us_closed", "The median own price of US closed models", "dollars per million tokens", 0.9),
    ("ratio", "The median Chinese open price over the median US closed one", "", 1.1),
    ("behind", "The best Chinese open model's distance to the best US closed one", "points", 0.9),
    ("sellers", "The number of sellers of the mean open model", "sellers", 1.05),
    ("share", "The share of Chinese open models in all of one router's weekly tokens (13 weeks)", "%", 1.1),
)
DUE = ("2027-02-28", "2027-05-31")
DAYS = ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31", "2026-03-31", "2026-06-30", "2026-09-30")


def _unit(unit: str) -> str:
    return unit if unit in ("", "%") else f" {unit}"


def main() -> None:
    """Add predictions, or test the rule."""
    home = own_data_dir() / "reference"
    if "--backtest" in sys.argv[1:]:
        backtest(DAYS).round(6).to_csv(home / "predictions_backtest.csv", index=False)
        return
    seen, path = monthly_series(), home / "predictions.csv"
    made_on = f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"
    rows = []
    for due in DUE:
        for name, words, unit, times in WANTED:
            series = seen[name].dropna()
            series = series[series.index <= made_on[:7]]
            threshold = float(f"{series.iloc[-1] * (times if due == DUE[0] else 1 / times):.2g}")
            months = (pd.Period(due, "M") - pd.Period(series.index[-1], "M")).n
            above = probability_above(series, threshold, months)
            side = "above" if times > 1 else "below"
            chance = above if side == "above" else 1 - above
            told = f"{words} in {due[:7]} is {side} {threshold:g}{_unit(unit)} (now {series.iloc[-1]:.3g})."
            rows.append((f"{made_on}-{name}-{due[:7]}", made_on, told, name, side, threshold, unit or "ratio",
                         due, round(chance, 3), RULE))  # fmt: skip
    columns = [
        "id",
        "made_on",
        "statement",
        "series",
        "side",
        "threshold",
        "unit",
        "due",
        "probability",
        "rule",
    ]
    new = pd.DataFrame(rows, columns=columns)
    kept = pd.read_csv(path) if path.is_file() else new.iloc[:0]
    both = pd.concat([kept, new[~new["id"].isin(kept["id"])]], ignore_index=True)
    both.replace({np.nan: None}).to_csv(path, index=False)


if __name__ == "__main__":
    main()
