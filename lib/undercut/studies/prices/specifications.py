"""What do the headlines of the reports on prices hang on? Every combination of choices, and one left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.robustness import Robustness, leave_one_out
from undercut.inference.specifications import run_specifications, specification_curve
from undercut.prices.index import price_index
from undercut.prices.monthly_quotes import years
from undercut.prices.real_changes import count_changes
from undercut.studies.presentation import Number

#: First months of an index: the start of the panel, and each half year for which a trend can be fitted.
STARTS: Final = ("2023-12", "2024-07", "2025-01", "2025-07")
_FORMULAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "chained Jevons": {"method": "jevons", "chained": True},
    "GEKS-Jevons": {"method": "geks-jevons"},
    "time-product dummy": {"method": "time-product-dummy"},
}
SAME_MODEL: Final[Mapping[str, Sequence[Any]]] = {
    "formula": tuple(_FORMULAS),
    "first month": STARTS,
    "sellers": ("all", "developers themselves"),
    "unknown changes": ("none", "real"),
}


def same_model(quotes: pd.DataFrame, headline: Number) -> Robustness:
    """The change a year of the same model at the same seller, under every combination of `SAME_MODEL`.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.monthly_quotes`.
    headline : Number
        The finding of the report, in percent a year.
    """
    counted = {"none": count_changes(quotes, "real"), "real": count_changes(quotes, "real_and_unknown")}

    def rate(rows: pd.DataFrame, formula: str = "chained Jevons") -> float:
        if rows["period"].nunique() < 7:
            raise TooFewError("Fewer than seven months give no rate a year.")
        return annual_change(price_index(rows[["period", "product", "price"]], **_FORMULAS[formula]).index)

    def estimate(**chosen: Any) -> dict[str, float]:
        rows = counted[chosen["unknown changes"]]
        rows = rows[rows["period"] >= chosen["first month"]]
        own = rows["host_kind"].eq("developer") if chosen["sellers"] != "all" else slice(None)
        return point(rate(rows.loc[own], chosen["formula"]))

    table = run_specifications(estimate, SAME_MODEL)
    first = {choice: options[0] for choice, options in SAME_MODEL.items()}
    curve = specification_curve(table, list(SAME_MODEL), headline=first, unit="%")
    units = counted["none"].rename(columns={"host": "seller"}).assign(also=counted["real"]["price"])

    def half_way(rows: pd.DataFrame) -> float:
        return (rate(rows) + rate(rows.assign(price=rows["also"]))) / 2

    left_out = leave_one_out(units, ["developer", "seller"], half_way)
    return robustness(headline, curve, left_out, "The same model at the same seller: change of price a year")


def robustness(headline: Number, curve: Any, left_out: pd.DataFrame, label: str) -> Robustness:
    """A finding with its curve and what is left out."""
    low, high = headline.ci or (np.nan, np.nan)
    value = np.nan if headline.value is None else headline.value
    return Robustness(headline.key, label, value, low, high, curve, left_out)


def point(estimate: float) -> dict[str, float]:
    """A specification whose interval is not computed."""
    return {"estimate": estimate, "low": np.nan, "high": np.nan}


def annual_change(index: pd.Series) -> float:
    """Percent a year: the slope of the log of a monthly index on time."""
    time = years(pd.Index(index.index.astype(str))).to_numpy()
    return float(100 * np.expm1(np.polyfit(time, np.log(index.to_numpy(float)), 1)[0]))
