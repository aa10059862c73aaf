"""Do the arrays behind the curves give what the public estimators give?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import undercut as uc
from undercut.panel.measures import MEASURES
from undercut.prices.capability.gaps import open_closed_gap
from undercut.prices.index import price_index
from undercut.studies.prices import specifications
from undercut.studies.prices.specifications import GAP, annual_change, chained_change, monthly_steps

DAY = pd.Timestamp("2026-11-01")
HEADLINE: Any = SimpleNamespace(label="gap")
CHOSEN = [
    {"seller": "lowest", "age of release": "left out", "measure": "arena", "workload": "agent",
     "licences": "unrestricted", "months back": 3},
    {"seller": "developer", "age of release": "held equal", "measure": "eci_2026_08", "workload": "measured",
     "licences": "all", "months back": 1},
    {"seller": "median", "age of release": "models of the last 12 months", "measure": "eci_2026_10",
     "workload": "chat", "licences": "unrestricted", "months back": 0},
]  # fmt: skip


def test_combinations_of_the_gap_are_those_of_the_public_estimator(monkeypatch: pytest.MonkeyPatch) -> None:
    prices, caught = uc.load_prices(), {}
    monkeypatch.setattr(specifications, "hangs_on", lambda *given, **_: caught.update(estimate=given[2]))
    specifications.price_gap_choices(prices, DAY, HEADLINE, min_capability=None)
    for chosen in CHOSEN:
        told: dict[str, Any] = chosen | {"measure": MEASURES[str(chosen["measure"])].title}
        day = DAY - pd.DateOffset(months=int(chosen["months back"]))
        options = {**GAP, "at": chosen["seller"], "licences": chosen["licences"], "draws": 0}
        options |= {"equal_age": chosen["age of release"] == "held equal", "measure": chosen["measure"]}
        if "12" in str(chosen["age of release"]):
            options["released_from"] = str((day - pd.Timedelta(days=365.25)).date() + pd.Timedelta(days=1))
        found = open_closed_gap(uc.load_prices(workload=str(chosen["workload"])), day, **options)
        assert caught["estimate"](**told)["estimate"] == pytest.approx(100 * found.gap, rel=1e-9)


def test_steps_without_a_seller_make_the_index_without_it() -> None:
    quotes = uc.monthly_quotes(uc.load_prices(), start="2025-01", end="2025-09")
    steps = monthly_steps(quotes.assign(also=2 * quotes["price"]))
    months = np.sort(quotes["period"].unique())
    for seller in ("none", "openai", "deepinfra"):
        left = quotes.loc[quotes["host"].ne(seller), ["period", "product", "price"]]
        index = price_index(left, method="jevons", chained=True).index
        found = [
            chained_change(steps[steps["seller"].ne(seller)], months, name) for name in ("price", "also")
        ]
        assert found == pytest.approx([annual_change(index)] * 2, rel=1e-9)
