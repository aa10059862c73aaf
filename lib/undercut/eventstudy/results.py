"""What does an event study hand back? Tables, tests, a summary and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from undercut import plots
from undercut.errors import OutsideDataError
from undercut.eventstudy.abnormal import AbnormalReturns, Setup
from undercut.eventstudy.battery import pools, results_frame, run_tests
from undercut.eventstudy.permutation import permute_dates
from undercut.eventstudy.portfolio import portfolio_returns
from undercut.eventstudy.sample import TestResult
from undercut.eventstudy.windows import Window, label
from undercut.inference.detectable import detectable
from undercut.inference.levels import check_level
from undercut.result import Axes, Result

_HEADLINE_TESTS = ("permutation", "kolari_pynnonen", "generalised_rank", "portfolio", "cross_sectional")


class EventStudy(Result):
    """An event study: one row for each event and firm.

    Attributes
    ----------
    setup : Setup
        Returns, model, windows: what the rows were estimated with.
    abnormal : AbnormalReturns
        The estimates, as arrays.
    market : str
        Name of the market among the returns; empty where it was given as a series, or not at all.
    checked : callable
        Gives the doubts about the returns that were used; asked only when warnings are, as it takes a while.
    """

    setup: Setup
    abnormal: AbnormalReturns
    market: str = ""
    checked: Callable[[], tuple[str, ...]] = tuple

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know: moved events, firms left out, and doubts about the returns."""
        return self.abnormal.warnings + self.checked()

    def to_frame(self) -> pd.DataFrame:
        """Abnormal returns by event, firm and day: event, firm, group, date, day, ar, se, expected, return.

        ``date`` is the day of trading, ``day`` its offset from the event; returns are decimals.
        """
        rows, offsets = self.abnormal.rows, self.abnormal.windows.offsets
        n_days, position = len(offsets), self.setup.positions(rows)
        dates = np.where(position >= 0, self.setup.panel.days[position], np.datetime64("NaT", "ns"))
        variance = np.einsum("nll->nl", self.abnormal.covariance)
        return pd.DataFrame(
            {
                **{name: np.repeat(getattr(rows, name), n_days) for name in ("event", "firm", "group")},
                "date": dates.ravel(), "day": np.tile(offsets, len(rows)),
                "ar": self.abnormal.abnormal.ravel(), "se": np.sqrt(variance).ravel(),
                "expected": self.abnormal.expected.ravel(),
                "return": (self.abnormal.abnormal + self.abnormal.expected).ravel(),
            }
        )  # fmt: skip

    def of(self, firms: Sequence[str]) -> EventStudy:
        """The rows of some firms.

        Raises
        ------
        OutsideDataError
            If none of them is in the study.
        """
        chosen = np.flatnonzero(np.isin(self.abnormal.rows.firm, list(firms)))
        if len(chosen) == 0:
            raise OutsideDataError(f"None of {', '.join(list(firms)[:8])} is in the study.")
        return EventStudy(self.setup, self.abnormal.take(chosen), self.market, self.checked)

    def car(self, window: Window | None = None, *, power: float = 0.8, level: float = 0.95) -> pd.DataFrame:
        """Cumulative abnormal return of each event and firm.

        Columns event, firm, group, window, car, se (with forecast error), t, p_value, bhar (buy and hold),
        detectable (smallest absolute effect found with probability ``power`` at ``level``), n_estimation,
        and the ends of the interval at ``level``, ci_low and ci_high.
        """
        check_level(level)
        days = self.abnormal.windows.event if window is None else window
        car, error = self.abnormal.car(days), np.sqrt(self.abnormal.car_variance(days))
        ratio = car / error
        rows, freedom = self.abnormal.rows, self.abnormal.freedom
        half = stats.t.ppf((1 + level) / 2, freedom) * error
        return pd.DataFrame(
            {
                "event": rows.event, "firm": rows.firm, "group": rows.group, "window": label(days),
                "car": car, "se": error, "t": ratio, "p_value": 2 * stats.t.sf(np.abs(ratio), freedom),
                "bhar": self.abnormal.buy_and_hold(days),
                "detectable": detectable(error, freedom=freedom, level=level, power=power),
                "n_estimation": self.abnormal.n_estimation, "ci_low": car - half, "ci_high": car + half,
            }
        )  # fmt: skip

    def caar(self, *, level: float = 0.95) -> pd.DataFrame:
        """Mean and cumulative mean abnormal return by group and day, with the portfolio's interval.

        Columns group, day, aar, caar, se, ci_low, ci_high, n; the rows that have every day of the window.
        """
        first = self.abnormal.windows.event[0]
        parts = []
        for pool in pools(self.abnormal):
            abnormal = pool.sample(self.abnormal.windows.event).abnormal
            if not len(abnormal.rows):
                continue
            offsets, means = abnormal.windows.offsets.tolist(), abnormal.abnormal.mean(axis=0).tolist()
            paths = portfolio_returns(abnormal, [(first, day) for day in offsets])
            for day, mean, found in zip(offsets, means, paths, strict=True):
                half = stats.t.ppf((1 + level) / 2, found.freedom) * found.standard_error
                ends = (found.car - half, found.car + half)
                estimate = (mean, found.car, found.standard_error, *ends)
                parts.append((pool.group, day, *estimate, len(abnormal.rows)))
        names = ["group", "day", "aar", "caar", "se", "ci_low", "ci_high", "n"]
        return pd.DataFrame(parts, columns=names)

    def tests(
        self,
        windows: Sequence[Window] | None = None,
        *,
        tests: Sequence[str] | None = None,
        permutation: bool = True,
        draws: int = 9_999,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Tests of every group (``all`` first): group, window, test, statistic, p_value, n.

        Parameters
        ----------
        windows : sequence of tuple of int, optional
            Default: the event window and, if it is longer than a day, each of its days.
        tests : sequence of str, optional
            Keys of `undercut.eventstudy.battery.TESTS`; default, all that the number of rows allows.
        permutation : bool
            Add the permutation of event dates, the headline test.
        draws, seed : int
            Of the permutation.
        """
        days = self._default_windows() if windows is None else list(windows)
        groups = pools(self.abnormal)
        drawn: Sequence[TestResult] = ()
        if permutation:  # first, because it may be refused
            given: dict[str, Any] = {"windows": days, "groups": groups, "draws": draws, "seed": seed}
            drawn = permute_dates(self.setup, self.abnormal, **given).results
        return results_frame([*drawn, *run_tests(groups, days, tests=tests)])

    def _default_windows(self) -> list[Window]:
        whole = self.abnormal.windows.event
        single = [(day, day) for day in range(whole[0], whole[1] + 1)]
        return [whole] if len(single) == 1 else [whole, *single]

    def table(self) -> pd.DataFrame:
        """The event window in a line for each group: n, caar, se, ci_low, ci_high, p-values of tests.

        ``detectable`` is the smallest mean effect that the portfolio would find with 80% probability.
        """
        whole = self.abnormal.windows.event
        last = self.caar().groupby("group", sort=False).tail(1)
        found = self.tests([whole])
        wide = found.pivot_table(index="group", columns="test", values="p_value", sort=False)
        shown = [name for name in _HEADLINE_TESTS if name in wide.columns]
        wide = wide[shown].add_prefix("p_").reset_index()
        freedom = float(self.abnormal.freedom.mean())
        last = last.assign(detectable=detectable(last["se"], freedom=freedom))
        columns = ["group", "n", "caar", "se", "ci_low", "ci_high", "detectable"]
        return last[columns].merge(wide, on="group", how="left").reset_index(drop=True)

    def summary(self) -> str:
        """The study as text: model, windows, groups, warnings."""
        windows, rows = self.abnormal.windows, self.abnormal.rows
        used = self.abnormal.n_estimation
        head = [
            f"Event study: {self.setup.model.name} ({self.setup.model.explanation})",
            f"{len(set(rows.event))} events, {len(set(rows.firm))} firms, {len(rows)} rows; event window "
            f"{label(windows.event)}, estimation window {label(windows.estimation)} "
            f"({used.min()} to {used.max()} usable days)",
            "Mean cumulative abnormal return (decimals), 95% interval of the portfolio; two-sided p-values.",
            "",
            self.table().to_string(index=False, float_format="{:.4g}".format),
            *(f"Warning: {note.rstrip('.')}." for note in self.warnings),
        ]
        return "\n".join(head)

    def plot(self, ax: Axes | None = None, *, group: str = "all", **line: Any) -> Axes:
        """Draw the cumulative mean abnormal return of a group with its interval, in percent."""
        path = self.caar()
        return draw_path(path[path["group"] == group], ax, **line)


def draw_path(path: pd.DataFrame, ax: Axes | None = None, **line: Any) -> Axes:
    """Cumulative mean abnormal return by day with its band, in percent.

    Parameters
    ----------
    path : pandas.DataFrame
        One group of `EventStudy.caar`: day, caar, ci_low, ci_high (decimals).
    """
    axes = _axes(ax)
    days = path["day"].to_numpy()
    drawn = axes.plot(days, 100 * path["caar"], **line)[0]
    ends = (100 * path["ci_low"], 100 * path["ci_high"])
    axes.fill_between(days, *ends, color=drawn.get_color(), alpha=0.15, linewidth=0)
    axes.axhline(0, color="0.5", linewidth=0.8, zorder=0)
    axes.set_xlabel("Trading days from the event")
    axes.set_ylabel("Cumulative abnormal return, percent")
    return axes


def draw_intervals(
    rows: pd.DataFrame, ax: Axes | None = None, *, label: str, value: str = "car", heights: Any = None
) -> Axes:
    """One row an estimate, in percent: its mark and its interval, the first row on top.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``label``, ``value``, ci_low, ci_high (decimals); optionally color, and mark (a matplotlib marker).
    heights : sequence of float, optional
        Where the rows stand; default, one below the other.
    """
    axes = _axes(ax)
    at = np.arange(len(rows)) if heights is None else heights
    colors = rows["color"] if "color" in rows.columns else [plots.INK] * len(rows)
    marks = rows["mark"] if "mark" in rows.columns else ["o"] * len(rows)
    columns = zip(at, rows[value], rows["ci_low"], rows["ci_high"], colors, marks, strict=True)
    for height, middle, low, high, color, mark in columns:
        axes.plot(
            [100 * low, 100 * high], [height, height], color=color, linewidth=1.6, solid_capstyle="butt"
        )
        axes.plot(100 * middle, height, marker=mark, markersize=5.5, color=color)
    axes.set_yticks(at, [str(name) for name in rows[label]])
    axes.set_ylim(max(at) + 0.8, min(at) - 0.8)
    axes.axvline(0, color=plots.INK, linewidth=1, zorder=1.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    return axes


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
