"""How far were returns from normal, and how sure is that? Abnormal returns and their sums."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from undercut.errors import DataError, InputError, NoVariationError, TooFewError
from undercut.eventstudy.data import ReturnsPanel, listed
from undercut.eventstudy.events import EventRows
from undercut.eventstudy.market_models import LEAST_SIGMA, BlockFit, Convention
from undercut.eventstudy.normal import Benchmarks, NormalModel, design_of
from undercut.eventstudy.windows import Usable, Window, Windows, blocks, label, notes_by_event, usable_days
from undercut.inference.arrays import Floats

#: Arrays with one entry a row, of a fit and of all rows.
_BY_FIT: Final = ("coefficients", "expected", "abnormal", "covariance", "sigma", "freedom")
_BY_ROW: Final = (*_BY_FIT, "residuals", "n_estimation")
_GAP: Final = "no cumulative abnormal return for {}, for want of a return on a day of the event window"
_STILL: Final = (
    "left out because returns do not vary about the benchmark in the estimation window (a halted share, "
    "filled prices, or the benchmark itself): {}"
)


@dataclass(frozen=True, slots=True)
class AbnormalReturns:
    """Abnormal returns of all rows (one row for each event and firm), as arrays.

    Attributes
    ----------
    rows : EventRows
        Which event and firm each row is.
    windows : Windows
        Estimation and event window.
    coefficients : numpy.ndarray
        Shape (n_rows, n_coefficients).
    residuals : numpy.ndarray
        In the estimation window, shape (n_rows, n_estimation), NaN on days that were not used.
    expected, abnormal : numpy.ndarray
        In the event window, shape (n_rows, n_event), NaN on days without a return.
    covariance : numpy.ndarray
        Of the abnormal returns, forecast error included, shape (n_rows, n_event, n_event).
    sigma, freedom : numpy.ndarray
        Residual standard deviation and its degrees of freedom, shape (n_rows,).
    n_estimation : numpy.ndarray
        Used estimation days, shape (n_rows,).
    warnings : tuple of str
        What a reader must know.
    convention : str
        Divisors and moments: ``textbook``, or those of the R package estudy2.
    """

    rows: EventRows
    windows: Windows
    coefficients: Floats
    residuals: Floats
    expected: Floats
    abnormal: Floats
    covariance: Floats
    sigma: Floats
    freedom: Floats
    n_estimation: NDArray[np.int64]
    warnings: tuple[str, ...]
    convention: Convention = "textbook"

    def columns(self, window: Window | None = None) -> slice:
        """Positions of a window's days within the event window.

        Raises
        ------
        InputError
            If the window is not inside the event window.
        """
        first, last = self.windows.event if window is None else window
        start, end = self.windows.event
        if not start <= first <= last <= end:
            raise InputError(
                f"The window {label((first, last))} is not inside the event window {start}:{end}."
            )
        return slice(first - start, last - start + 1)

    def car(self, window: Window | None = None) -> Floats:
        """Cumulative abnormal return of each row; NaN where the firm lacks a day."""
        return self.abnormal[:, self.columns(window)].sum(axis=1)

    def car_variance(self, window: Window | None = None) -> Floats:
        r"""Variance of each row's cumulative abnormal return, :math:`\iota' V_i \iota`."""
        days = self.columns(window)
        return self.covariance[:, days, days].sum(axis=(1, 2))

    def buy_and_hold(self, window: Window | None = None) -> Floats:
        """Compounded return less compounded normal return; NaN where the firm lacks a day."""
        days = self.columns(window)
        expected = self.expected[:, days]
        actual = self.abnormal[:, days] + expected
        return np.asarray(np.prod(1 + actual, axis=1) - np.prod(1 + expected, axis=1))

    def within(self, window: Window) -> AbnormalReturns:
        """The same rows with ``window`` as their event window; nothing is copied."""
        days = self.columns(window)
        return replace(
            self, windows=replace(self.windows, event=window), expected=self.expected[:, days],
            abnormal=self.abnormal[:, days], covariance=self.covariance[:, days, days],
        )  # fmt: skip

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> AbnormalReturns:
        """Some of the rows."""
        parts = {name: getattr(self, name)[chosen] for name in _BY_ROW}
        return replace(self, rows=self.rows.take(chosen), **parts)


def abnormal_returns(
    panel: ReturnsPanel,
    usable: Usable,
    model: NormalModel,
    design: Floats,
    windows: Windows,
    donors: NDArray[np.int64],
    convention: Convention = "textbook",
) -> AbnormalReturns:
    """Fit the model of normal returns for every row and subtract it from the event window."""
    fits: list[BlockFit] = []
    notes: list[str] = []
    residuals = np.empty(usable.days.shape)  # the one large array: filled in place, never copied
    for block in blocks(panel, design, donors, usable, windows):
        fit = model.fit(block)
        residuals[block.rows] = fit.residuals
        fits.append(replace(fit, residuals=residuals[block.rows]))
        notes += [f"{usable.rows.event[block.rows.start]}: {note}" for note in fit.notes]
    joined = {name: np.concatenate([getattr(fit, name) for fit in fits]) for name in _BY_FIT}
    notes += notes_by_event(usable.rows, np.isnan(joined["abnormal"]).any(axis=1), _GAP)
    found = AbnormalReturns(
        rows=usable.rows, windows=windows, residuals=residuals, n_estimation=usable.days.sum(axis=1),
        warnings=panel.warnings + usable.rows.warnings + tuple(notes), convention=convention, **joined,
    )  # fmt: skip
    return _without_still(found)


def _without_still(found: AbnormalReturns) -> AbnormalReturns:
    """The rows whose returns vary about their normal return; of others no test can say anything.

    Raises
    ------
    NoVariationError
        If no row does.
    """
    varies = found.sigma > LEAST_SIGMA
    if varies.all():
        return found
    notes = notes_by_event(found.rows, ~varies, _STILL)
    if not varies.any():
        raise NoVariationError("No event can be studied: " + "; ".join(notes) + ".")
    kept = found.take(varies)
    return replace(kept, warnings=found.warnings + notes)


def _joined(parts: Sequence[AbnormalReturns]) -> AbnormalReturns:
    """Rows of several studies as one, in order of day, event and firm."""
    rows = [part.rows for part in parts]
    labels: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in rows])
        for name in ("event", "firm", "group", "unit", "day")
    }
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in _BY_ROW
    }
    events = np.unique(labels["event"].astype(str), return_inverse=True)[1]
    order = np.lexsort((labels["unit"], events, labels["day"]))
    return replace(parts[0], rows=EventRows(**labels), **arrays).take(order)


def _together(notes: Sequence[tuple[str, str]]) -> list[str]:
    """Notes of single firms, those that say the same as one note of all these firms."""
    found: dict[tuple[str, str], list[str]] = {}
    for firm, note in notes:
        head, name, tail = note.rpartition(firm)
        found.setdefault((head, re.sub(r"^ \(\d+\)", "", tail)), []).append(name)
    return [head + listed(names) + tail for (head, tail), names in found.items()]


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
    own_days : bool
        Whether offsets count the firm's own sessions instead of the days of the panel.
    """

    panel: ReturnsPanel
    model: NormalModel
    design: Floats
    benchmarks: Benchmarks
    windows: Windows
    convention: Convention
    skip_events: bool
    own_days: bool = False

    @property
    def apart(self) -> bool:
        """Whether firms have days or benchmarks of their own, so that each is fitted alone."""
        market = self.benchmarks.market
        return self.own_days or (market is not None and market.ndim == 2)

    def of_unit(self, unit: int) -> tuple[Setup, NDArray[np.int64]]:
        """The setup of one firm on the days that count for it, and their positions in the panel."""
        returns, market, factors = self.panel.returns[unit], self.benchmarks.market, self.benchmarks.factors
        days = np.flatnonzero(np.isfinite(returns)) if self.own_days else np.arange(len(returns))
        if market is not None:
            market = (market[unit] if market.ndim == 2 else market)[days]
        own = Benchmarks(market, None if factors is None else factors[days], np.empty(0, dtype=np.int64))
        panel = ReturnsPanel(self.panel.days[days], (self.panel.units[unit],), returns[None, days])
        design = design_of(self.model, own, len(days))
        return replace(self, panel=panel, design=design, benchmarks=own, own_days=False), days

    def positions(self, rows: EventRows) -> NDArray[np.int64]:
        """Days of the event window in the panel, shape (n_rows, n_event); -1 where there is none."""
        offsets, n_days = self.windows.offsets, len(self.panel.days)
        if not self.own_days:
            found = rows.day[:, None] + offsets
            return np.where((found >= 0) & (found < n_days), found, -1)
        found = np.full((len(rows), len(offsets)), -1)
        for row, unit in enumerate(rows.unit):
            days = np.flatnonzero(np.isfinite(self.panel.returns[unit]))
            place = np.searchsorted(days, rows.day[row]) + offsets
            inside = (place >= 0) & (place < len(days))
            found[row, inside] = days[place[inside]]
        return found

    def fit(self, rows: EventRows) -> AbnormalReturns:
        """Abnormal returns of ``rows``."""
        if self.apart:
            return self._fit_apart(rows)
        usable = usable_days(self.panel, self.design, rows, self.windows, skip_events=self.skip_events)
        donors = self.benchmarks.donors
        return abnormal_returns(
            self.panel, usable, self.model, self.design, self.windows, donors, self.convention
        )

    def _fit_apart(self, rows: EventRows) -> AbnormalReturns:
        """Abnormal returns of firms that share neither days nor a benchmark, one firm at a time."""
        parts, notes = [], []
        for unit in np.unique(rows.unit):
            chosen = np.flatnonzero(rows.unit == unit)
            firm, (own, days) = str(rows.firm[chosen[0]]), self.of_unit(int(unit))
            day, zero = np.searchsorted(days, rows.day[chosen]), np.zeros(len(chosen), dtype=np.int64)
            try:
                found = own.fit(replace(rows.take(chosen), unit=zero, day=day, warnings=()))
            except DataError as error:
                reason = str(error).removeprefix("No event can be studied: ").rstrip(".")
                notes += [(firm, note) for note in reason.split("; ")]
                continue
            notes += [(firm, note) for note in found.warnings]
            placed = replace(found.rows, unit=zero[: len(found.rows)] + unit, day=days[found.rows.day])
            parts.append(replace(found, rows=placed))
        said = (*self.panel.warnings, *rows.warnings, *_together(notes))
        if not parts:
            raise TooFewError("No event can be studied: " + "; ".join(said) + ".")
        return replace(_joined(parts), warnings=said)

    def fit_on(self, rows: EventRows, day: int) -> AbnormalReturns:
        """Abnormal returns of the same firms with every event on another day (a position in the panel)."""
        moved = np.full(len(rows), day, dtype=np.int64)
        return self.fit(EventRows(rows.event, rows.firm, rows.group, rows.unit, moved))
