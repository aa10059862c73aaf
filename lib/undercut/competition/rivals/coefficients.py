"""What do a hazard and a regression of launch prices have in common? A dose and its coefficient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import pandas as pd

from undercut.inference.cluster_bootstrap import Weights
from undercut.inference.detectable import DetectableEffect
from undercut.inference.wild_bootstrap import WildBootstrap
from undercut.result import Axes, Result

Terms = Literal["all", "dose"]
#: Below this many clusters, Webb's six points make more different draws than signs do.
FEW_CLUSTERS: Final = 12


class CoefficientResult(Result, kw_only=True):
    """Coefficients of a regression on a dose of exposure.

    Attributes
    ----------
    terms : DataFrame
        One row a coefficient: ``term, estimate, std_error`` (clustered), ``p_value, low, high``.
    dose, cluster : str
    clusters : int
    dropped : mapping of reason to int
        Rows that could not be used.
    detectable : DetectableEffect
        Of the dose's coefficient, at ``level``.
    level : float
    dose_spread : float
        Standard deviation of the dose among the rows used.
    notes : tuple of str
        What to beware of.
    """

    terms: pd.DataFrame
    dose: str
    cluster: str
    clusters: int
    dropped: Mapping[str, int]
    detectable: DetectableEffect
    level: float
    dose_spread: float
    notes: tuple[str, ...] = ()

    @property
    def effect(self) -> pd.Series:
        """The dose's row of ``terms``."""
        return self.terms.set_index("term").loc[self.dose]

    def heading(self) -> str:
        """What was estimated, on what."""
        return f"Effect of {self.dose}"

    def summary(self) -> str:
        """The estimates and what they rest on, as text."""
        dropped = ", ".join(f"{count} {reason}" for reason, count in self.dropped.items() if count)
        lines = [
            f"{self.heading()} {self.level:.0%} intervals. Not used: {dropped or 'none'}.",
            self.detectable.summary(),
            *self.notes,
        ]
        return "\n".join([*lines, "", self.terms.to_string(index=False, float_format="{:.3g}".format)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the coefficients with their intervals."""
        from undercut.competition.rivals.charts import coefficients

        return coefficients(self.terms, ax=ax)


def term_table(tested: Mapping[str, WildBootstrap]) -> pd.DataFrame:
    """``terms`` of a `CoefficientResult`."""
    rows = [(term, t.estimate, t.std_error, t.p_value, t.ci_low, t.ci_high) for term, t in tested.items()]
    return pd.DataFrame(rows, columns=["term", "estimate", "std_error", "p_value", "low", "high"])


def weights_for(clusters: int) -> Weights:
    """The multipliers of a bootstrap over as many clusters."""
    return "webb" if clusters < FEW_CLUSTERS else "rademacher"
