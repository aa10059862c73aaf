"""Write data/valuation/measured.toml, rates for the valuation: python -m tools.measure_erosion."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from undercut.paths import own_data_dir
from undercut.prices.changes import COUNTED, count_changes
from undercut.prices.hedonic.characteristics import OF_ALL_OFFERS, with_characteristics
from undercut.prices.hedonic.time_dummy import hedonic_index
from undercut.prices.index.resampled import resampled_index
from undercut.prices.load import load_prices
from undercut.prices.monthly_quotes import monthly_quotes

_ABOUT = """\
# Rates that the valuation takes from the panel; written by python -m tools.measure_erosion after the panel
# moved (a test holds both together). Anything said in parameters.toml goes before what stands here.
# default: half way between unknown changes of price counted as none and as real.
"""
_WHAT = {
    "price_erosion": "time-dummy index over all offers, capability held fixed",
    "frontier_erosion": "chained Jevons, same model at the same seller",
}


def measured_erosion(as_of: str | date | None = None, *, draws: int = 500) -> pd.DataFrame:
    """Yearly fall of token prices as measured, with unknown changes of price counted as none and as real.

    Parameters
    ----------
    as_of : str or date, optional
        As in :func:`undercut.load_prices`.
    draws : int
        Of the bootstrap over developers behind ``frontier_erosion``.

    Returns
    -------
    DataFrame
        One row a parameter of the valuation, ``price_erosion`` (the average offer on sale at a given
        capability: time-dummy index) and ``frontier_erosion`` (the same model at the same seller: chained
        Jevons): ``real`` and ``real_and_unknown``, the fall under either way of counting as a share a year
        (0.3: prices fall by 30%); ``default``, half way between them; ``low`` and ``high``, the outer ends of
        their 95% intervals; ``last``, the last month.

    Examples
    --------
    >>> found = measured_erosion("2025-06-30", draws=50)
    >>> bool((found["low"] <= found["default"]).all())
    True
    """
    quotes = monthly_quotes(load_prices(as_of))
    falls: dict[str, dict[str, tuple[float, ...]]] = {"price_erosion": {}, "frontier_erosion": {}}
    for counted in COUNTED:
        seen = count_changes(quotes, counted)
        average = hedonic_index(with_characteristics(seen), characteristics=OF_ALL_OFFERS)
        same = resampled_index(seen, method="jevons", chained=True, draws=draws)
        for name, found in (("price_erosion", average), ("frontier_erosion", same)):
            annual, low, high = found.annual
            falls[name][counted] = (1 - annual, 1 - high, 1 - low)
    rows = []
    for name, ways in falls.items():
        ends = np.array(list(ways.values()))
        told = {way: fall[0] for way, fall in ways.items()}
        ranged = {"default": ends[:, 0].mean(), "low": ends[:, 1].min(), "high": ends[:, 2].max()}
        rows.append({"parameter": name, **told, **ranged, "last": quotes["period"].max()})
    return pd.DataFrame(rows).set_index("parameter")


def main() -> None:
    """Measure and write."""
    parts = [_ABOUT]
    for name, row in measured_erosion().iterrows():
        numbers = "".join(f"{end} = {row[end]:.3f}\n" for end in ("default", "low", "high"))
        told = f"{100 * row['real']:.1f}% to {100 * row['real_and_unknown']:.1f}% a year to {row['last']}"
        parts.append(f'\n[{name}]\n{numbers}source = "Report 02, {_WHAT[str(name)]}: {told}"\n')
    (own_data_dir() / "valuation" / "measured.toml").write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
