"""What does a fit need beside the events? The same for the events and for any placebo date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from undercut.eventstudy.abnormal import AbnormalReturns, abnormal_returns
from undercut.eventstudy.data import EventRows, ReturnsPanel
from undercut.eventstudy.linear import Convention
from undercut.eventstudy.normal import Benchmarks, NormalModel
from undercut.eventstudy.windows import Windows, usable_days
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that a fit needs but the events: what placebo dates are run with.

    Attributes
    ----------
    panel : ReturnsPanel
        Returns, in excess of the risk-free rate where one was given.
    model : NormalModel
        Model of normal returns.
    design : numpy.ndarray
        Its regressors, shape (n_days, n_regressors).
    benchmarks : Benchmarks
        Market, factors and donors.
    windows : Windows
        Estimation and event window.
    convention : str
        ``textbook`` or ``estudy2``.
    skip_events : bool
        Whether estimation windows leave out other events of the firm.
    """

    panel: ReturnsPanel
    model: NormalModel
    design: Floats
    benchmarks: Benchmarks
    windows: Windows
    convention: Convention
    skip_events: bool

    def fit(self, rows: EventRows) -> AbnormalReturns:
        """Abnormal returns of ``rows``."""
        usable = usable_days(self.panel, self.design, rows, self.windows, skip_events=self.skip_events)
        donors = self.benchmarks.donors
        return abnormal_returns(
            self.panel, usable, self.model, self.design, self.windows, donors, self.convention
        )

    def fit_on(self, rows: EventRows, day: int) -> AbnormalReturns:
        """Abnormal returns of the same firms with every event on another day (a position in the panel)."""
        moved = np.full(len(rows), day, dtype=np.int64)
        return self.fit(EventRows(rows.event, rows.firm, rows.group, rows.unit, moved))
