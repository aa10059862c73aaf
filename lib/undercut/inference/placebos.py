"""Does the same code find an effect where there is none? An estimate beside those of made-up worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from undercut.errors import DataError, InputError, TooFewError
from undercut.inference.arrays import Floats
from undercut.inference.detectable import (
    MIN_PLACEBOS,
    DetectableEffect,
    detectable_from_placebos,
    placebo_p_value,
)
from undercut.result import Axes, Result


class PlaceboResult(Result, kw_only=True):
    """Estimates in worlds without an effect beside the real one.

    Attributes
    ----------
    kind : str
    estimate : float
        Of the real world.
    placebos : numpy.ndarray
        Shape (draws,); failed draws left out.
    failed : int
        Draws in which no finite estimate existed.
    p_value : float
        Share of placebos at least as far from their own median as the estimate is.
    centre : float
        Median of the placebos: what the structure of the market alone gives.
    detectable : DetectableEffect
        From the placebos around their median.
    """

    kind: str
    estimate: float
    placebos: Floats
    failed: int
    p_value: float
    centre: float
    detectable: DetectableEffect

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        low, high = np.quantile(self.placebos, [0.025, 0.975])
        row = {
            "placebo": self.kind, "estimate": self.estimate, "centre": self.centre, "low": float(low),
            "high": float(high), "p_value": self.p_value, "detectable_rise": self.detectable.rise,
            "detectable_fall": self.detectable.fall, "draws": len(self.placebos), "failed": self.failed,
        }  # fmt: skip
        return pd.DataFrame([row])

    def summary(self) -> str:
        """The comparison in two sentences."""
        row = self.to_frame().iloc[0]
        return (
            f"{self.kind.capitalize()}: the estimate is {self.estimate:.3g}; 95% of {len(self.placebos)} "
            f"placebos lie between {row['low']:.3g} and {row['high']:.3g} (median {self.centre:.3g}; "
            f"{self.failed} failed), p = {self.p_value:.2g}. {self.detectable.summary()}"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """The distribution of the placebos, their middle 95% shaded, and the estimate."""
        import matplotlib.pyplot as plt

        from undercut.plots import INK, RULE

        axes = ax or plt.subplots(figsize=(7.6, 3.2))[1]
        axes.hist(self.placebos, bins=30, color=RULE)
        axes.axvspan(*np.quantile(self.placebos, [0.025, 0.975]), color=INK, alpha=0.08, linewidth=0)
        axes.axvline(self.estimate, color=INK)
        axes.set_yticks([])
        axes.set_xlabel("Estimates of placebos; line: the real one")
        return axes


def placebo_result(
    kind: str, estimate: float, worlds: Iterable[Any], estimator: Callable[[Any], float], *, draws: int
) -> PlaceboResult:
    """Estimate in every made-up world and hold the real estimate against them.

    Raises
    ------
    InputError
        Fewer than twenty draws.
    TooFewError
        More than half of the draws gave no finite estimate.
    """
    if draws < MIN_PLACEBOS:
        raise InputError(f"draws must be at least {MIN_PLACEBOS}; got {draws}.")
    found: list[float] = []
    reason = ""
    for world in worlds:
        try:
            found.append(estimator(world))
        except DataError as error:
            reason = str(error)
    if len(found) < max(draws / 2, MIN_PLACEBOS):
        raise TooFewError(
            f"Only {len(found)} of {draws} placebos gave an estimate; the last failed: {reason}"
        )
    placebos = np.array(found)
    centre = float(np.median(placebos))
    around = placebos - centre
    return PlaceboResult(
        kind=kind, estimate=estimate, placebos=placebos, failed=draws - len(found), centre=centre,
        p_value=placebo_p_value(estimate - centre, around), detectable=detectable_from_placebos(around),
    )  # fmt: skip
