"""What does a hedonic regression hand back? The index, the price of each characteristic, and the sample."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
import pandas as pd

from undercut.inference.arrays import Floats
from undercut.prices.index.result import draw_index
from undercut.result import Axes, Result


class HedonicIndex(Result):
    """A quality-adjusted price index.

    Attributes
    ----------
    method : str
    index : DataFrame
        Indexed by period: ``index`` (1 in the first), ``low``, ``high``, ``offers``, ``models``.
    coefficients : DataFrame
        Indexed by characteristic: ``estimate``, ``std_error``, ``low``, ``high``; of rolling windows those
        of the last window, of imputation the mean over months. Effects on the log price.
    annual : tuple of float
        Factor by which the price changes a year (0.5 = halves), low and high end: the slope of the log index
        on time.
    offers, models, clusters : int
    confidence : float
    notes : tuple of str
        What was done to the sample.
    settings : dict
        Options that the index was made with.
    """

    method: str
    index: pd.DataFrame
    coefficients: pd.DataFrame
    annual: tuple[float, float, float]
    offers: int
    models: int
    clusters: int
    confidence: float
    notes: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """One row a period."""
        return self.index.reset_index()

    def summary(self) -> str:
        """Index, coefficients and sample as text."""
        value, low, high = self.annual
        options = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        first, last = self.index.index[0], self.index.index[-1]
        head = [
            f"Hedonic price index: {self.method}" + (f" ({options})" if options else ""),
            f"{first} to {last}: {100 * (value - 1):+.1f} percent a year "
            f"[{100 * (low - 1):+.1f}, {100 * (high - 1):+.1f}], {self.confidence:.0%} interval.",
            f"{self.offers:,} prices of {self.models} models in {self.clusters} clusters.",
            *(f"Note: {note}." for note in self.notes),
        ]
        body = [t.to_string(float_format="{:.4g}".format) for t in (self.coefficients, self.index)]
        return "\n".join([*head, "", body[0], "", body[1]])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the index with its interval on a logarithmic axis and return the axes."""
        return draw_index(self.index, ax, "Price at fixed quality")


def index_by_month(sample: pd.DataFrame, value: Floats, low: Floats, high: Floats) -> pd.DataFrame:
    """The index of each month, from its logarithms, with the offers and models behind it."""
    by_month = sample.groupby("period")
    counts = {"offers": by_month.size(), "models": by_month["model_id"].nunique()}
    logs = {"index": value, "low": low, "high": high}
    months = pd.Index(sorted(sample["period"].unique()), name="period")
    return pd.DataFrame({name: np.exp(log) for name, log in logs.items()} | counts, index=months)
