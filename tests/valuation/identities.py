"""Do published figures agree with each other? Accounting identities, and why the known exceptions differ."""

from __future__ import annotations

from typing import Final

import pandas as pd

#: Relative gaps that rounding and minority interests explain.
TOLERANCES: Final = {
    "gross profit = revenue - cost of revenue": 0.002,
    "net income = pre-tax income - tax": 0.01,
    "net income = earnings a share x diluted shares": 0.01,
    "tax rate = tax / pre-tax income": 0.005,
}
_NET, _PER_SHARE = list(TOLERANCES)[1:3]
_MINORITIES: Final = "net income before or after minority interests"
#: Exceptions whose reason is known; every other gap is a mistake in the table.
EXPLAINED: Final = {
    ("AMD", "FY2025", _NET): "discontinued manufacturing operations and associates are in net income",
    ("AVGO", "FY2024", _NET): "loss of discontinued operations is in net income",
    ("BABA", "FY2025", _NET): _MINORITIES,
    ("BABA", "FY2026", _NET): _MINORITIES,
    ("BABA", "FY2026", _PER_SHARE): "attributable to ordinary shareholders; see net_income_implied_by_eps",
    ("PLTR", "FY2024", _NET): _MINORITIES,
    ("SMCI", "FY2026", _PER_SHARE): "interest on convertible notes is added back for diluted earnings",
}


def check_identities(fundamentals: pd.DataFrame) -> pd.DataFrame:
    """Every accounting identity that the table allows to be checked."""
    wide = fundamentals.pivot_table(index=["ticker", "fiscal_period"], columns="item", values="value")
    sides = {
        0: ("gross_profit", wide["revenue"] - wide["cost_of_revenue"]),
        1: ("net_income", wide["pretax_income"] - wide["tax_expense"]),
        2: ("net_income", wide["eps_diluted"] * wide["diluted_weighted_shares"]),
        3: ("effective_tax_rate", wide["tax_expense"] / wide["pretax_income"]),
    }
    parts = []
    for number, (identity, tolerance) in enumerate(TOLERANCES.items()):
        item, computed = sides[number]
        part = pd.DataFrame({"stated": wide[item], "computed": computed}).dropna().reset_index()
        part.insert(2, "identity", identity)
        part["gap"] = part["stated"] / part["computed"] - 1
        part["verdict"] = part["gap"].abs().le(tolerance).map({True: "holds", False: "broken"})
        parts.append(part)
    found = pd.concat(parts, ignore_index=True)
    keys = list(zip(found["ticker"], found["fiscal_period"], found["identity"], strict=True))
    found["reason"] = [EXPLAINED.get(key, "") for key in keys]
    excused = (found["verdict"] == "broken") & (found["reason"] != "")
    found["verdict"] = found["verdict"].mask(excused, "explained")
    return found
