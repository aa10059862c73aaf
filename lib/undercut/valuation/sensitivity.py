"""Which assumptions matter? One at a time (tornado), and by their share of the variance (Sobol indices)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from undercut.errors import InputError
from undercut.extras import require
from undercut.inference.arrays import Floats
from undercut.valuation.assumptions import Assumptions
from undercut.valuation.vendors import Case

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INSIDE = 1e-9


@dataclass(frozen=True, slots=True)
class Tornado:
    """Value at both ends of each assumption, the others at their defaults.

    Attributes
    ----------
    name, unit : str
        Whose value, in what.
    base : float
        Value with all at their defaults.
    rows : DataFrame
        parameter, meaning, low, high, value_low, value_high, swing; the widest first.
    """

    name: str
    unit: str
    base: float
    rows: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """The rows."""
        return self.rows

    def summary(self) -> str:
        """Which assumption moves the value most."""
        first = self.rows.iloc[0]
        return (
            f"{self.name}: of {len(self.rows)} assumptions {first['parameter']} matters most: from "
            f"{first['low']:.3g} to "
            f"{first['high']:.3g} it moves the value from {first['value_low']:,.0f} to "
            f"{first['value_high']:,.0f} {self.unit}."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 12) -> Axes:
        """Bars from low to high, widest on top."""
        from undercut.valuation.charts import tornado_chart

        return tornado_chart(self, ax=ax, most=most)


def tornado(case: Case, *, level: float = 0.90) -> Tornado:
    """One-at-a-time sensitivity of equity over the central interval of each assumption.

    Parameters
    ----------
    case : Case
        The vendor.
    level : float
        Each assumption moves between its (1 - level) / 2 and (1 + level) / 2 quantile.

    Raises
    ------
    InputError
        No assumption has a range.

    Examples
    --------
    >>> import undercut
    >>> from undercut.valuation.vendors import vendor_case
    >>> found = tornado(vendor_case("NVDA", undercut.load_reference("fundamentals")))
    >>> bool(found.rows["swing"].is_monotonic_decreasing)
    True
    """
    names = case.assumptions.uncertain(case.company.role)
    if not names:
        raise InputError(f"{case.company.ticker}: every assumption is fixed; there is nothing to vary.")
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    ends = {name: case.assumptions[name].quantile(tails) for name in names}
    # Two draws a parameter, all in one call; shape (2 * parameters,).
    draws = {name: np.full(2 * len(names), case.assumptions[name].default) for name in names}
    for place, name in enumerate(names):
        draws[name][2 * place : 2 * place + 2] = ends[name]
    equity = case.value(draws).equity.reshape(len(names), 2)
    frame = pd.DataFrame(
        {
            "parameter": names, "meaning": [case.assumptions[name].meaning for name in names],
            "low": [ends[name][0] for name in names], "high": [ends[name][1] for name in names],
            "value_low": equity[:, 0], "value_high": equity[:, 1],
            "swing": np.abs(equity[:, 1] - equity[:, 0]),
        }
    )  # fmt: skip
    rows = frame.sort_values(["swing", "parameter"], ascending=[False, True], ignore_index=True)
    unit = f"million {case.company.currency}"
    return Tornado(case.company.ticker, unit, float(case.value().equity[0]), rows)


def sobol_indices(case: Case, *, base_draws: int = 1024, seed: int = 0) -> pd.DataFrame:
    """Share of the variance of equity that each assumption explains, alone and with interactions.

    Parameters
    ----------
    case : Case
        The vendor.
    base_draws : int
        A power of two; the model is run ``base_draws * (parameters + 2)`` times.
    seed : int
        Of sample and confidence interval.

    Returns
    -------
    DataFrame
        parameter, first_order, first_order_error, total, total_error (half widths of 95% intervals), the
        largest
        total first.

    Notes
    -----
    Assumptions are drawn independently here: with correlated inputs the variance has no such decomposition.

    References
    ----------
    Sobol (2001); Saltelli et al. (2010); computed by SALib.
    """
    names = case.assumptions.uncertain(case.company.role)
    return sobol_of_function(
        lambda inputs: case.value(inputs).equity, case.assumptions, names, base_draws=base_draws, seed=seed
    )


def sobol_of_function(
    function: Callable[[Mapping[str, Floats]], Floats],
    assumptions: Assumptions,
    names: list[str],
    *,
    base_draws: int = 1024,
    seed: int = 0,
) -> pd.DataFrame:
    """`sobol_indices` of any function that is vectorised over draws.

    Raises
    ------
    InputError
        ``base_draws`` is not a power of two, or there is nothing to vary.
    """
    analysis = require("SALib.analyze.sobol", extra="sensitivity")
    sampling = require("SALib.sample.sobol", extra="sensitivity")
    if base_draws < 2 or base_draws & (base_draws - 1) or not names:
        raise InputError(f"base_draws must be a power of two (got {base_draws}) and some assumption vary.")
    problem: dict[str, Any] = {
        "num_vars": len(names), "names": names, "bounds": [[_INSIDE, 1 - _INSIDE]] * len(names)
    }  # fmt: skip
    uniform = sampling.sample(problem, base_draws, calc_second_order=False, seed=seed)
    values = function({name: assumptions[name].quantile(uniform[:, i]) for i, name in enumerate(names)})
    found = analysis.analyze(problem, values, calc_second_order=False, seed=seed)
    frame = pd.DataFrame(
        {
            "parameter": names, "first_order": found["S1"], "first_order_error": found["S1_conf"],
            "total": found["ST"], "total_error": found["ST_conf"],
        }
    )  # fmt: skip
    return frame.sort_values(["total", "parameter"], ascending=[False, True], ignore_index=True)
