"""Which groups moved beyond chance? Mean effects, intervals, and corrections for looking at many."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from undercut.errors import MissingColumnError
from undercut.eventstudy.battery import TESTS, pools, run_tests
from undercut.eventstudy.permutation import permute_dates
from undercut.eventstudy.portfolio import portfolio_return
from undercut.eventstudy.results import EventStudy, draw_intervals
from undercut.eventstudy.sample import Pool
from undercut.eventstudy.windows import Window, label
from undercut.inference.detectable import detectable
from undercut.inference.levels import check_level
from undercut.inference.multiple_testing import benjamini_hochberg, romano_wolf
from undercut.result import Axes, Result


class GroupTests(Result):
    """Mean effect of every group, tested.

    Attributes
    ----------
    study : EventStudy
        What the groups are rows of.
    rows : pandas.DataFrame
        Columns group, n (rows), n_dates, car (mean), se, ci_low, ci_high, detectable, p_portfolio,
        p_permutation, q_value (Benjamini-Hochberg over the permutation's p-values), p_adjusted (Romano-Wolf).
    window : tuple of int
        Days that were summed.
    placebo_days : int
        Days that events were compared with, the fewest of any date.
    draws : int
        Of the permutation (one date: every eligible day was used once instead).
    level : float
        Of the intervals.
    """

    study: EventStudy
    rows: pd.DataFrame
    window: Window
    placebo_days: int
    draws: int
    level: float

    def of(self, group: str) -> pd.Series:
        """The row of one group."""
        return self.rows.set_index("group").loc[group]

    def summary(self) -> str:
        """The groups as text."""
        return (
            f"Mean abnormal return by group, days {label(self.window)} (decimals), {self.level:.0%} "
            f"intervals; permutation over at least {self.placebo_days} placebo days\n"
            + self.rows.to_string(index=False, float_format="{:.4g}".format)
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every group with its interval."""
        return draw_intervals(self.rows, ax, label="group")


def group_tests(
    study: EventStudy,
    *,
    window: Window | None = None,
    draws: int = 9_999,
    seed: int = 0,
    level: float = 0.95,
) -> GroupTests:
    """Mean effect of every group with its interval, the permutation of dates, and its adjustment for many.

    Parameters
    ----------
    study : EventStudy
        Rows in named groups (column ``group`` of the events).
    window : tuple of int, optional
        Days that are summed; default, the event window.
    draws, seed, level
        Of the permutation (one date: every eligible day is used once instead), and of the intervals.

    Raises
    ------
    MissingColumnError
        If no group is named.
    TooFewError
        If too few days can serve as placebo dates.

    Notes
    -----
    The interval is that of the portfolio of the group's rows, whose variance is its own history's; the
    permutation compares the standardised abnormal returns with those of the same units on other days.

    Examples
    --------
    >>> import undercut as uc
    >>> from undercut.eventstudy.model import event_study
    >>> returns = uc.load_returns(["NVDA", "MSFT", "RSP"], source="sample")
    >>> day = {"date": "2025-01-27", "firm": ["NVDA", "MSFT"], "group": ["chips", "clouds"]}
    >>> study = event_study(
    ...     returns, pd.DataFrame(day), market="RSP", window=(0, 0), estimation=(-150, -31)
    ... )
    >>> group_tests(study).of("chips")[["car", "q_value"]].round(3).tolist()
    [-0.17, 0.005]
    """
    check_level(level)
    days = study.abnormal.windows.event if window is None else window
    groups = named_groups(study)
    drawn = permute_dates(study.setup, study.abnormal, windows=[days], groups=groups, draws=draws, seed=seed)
    table = pd.DataFrame([_row(pool, days, level) for pool in groups])
    table["p_permutation"] = [result.p_value for result in drawn.results]
    table["q_value"] = benjamini_hochberg(table["p_permutation"])
    table["p_adjusted"] = romano_wolf([result.statistic for result in drawn.results], drawn.null)
    return GroupTests(study, table, days, drawn.n_placebo_days, draws, level)


def named_groups(study: EventStudy) -> list[Pool]:
    """The groups that the events name.

    Raises
    ------
    MissingColumnError
        If they name none.
    """
    groups = [pool for pool in pools(study.abnormal) if pool.group != "all"]
    if not groups:
        raise MissingColumnError("No group is named: give the events a column group.")
    return groups


def _row(pool: Pool, days: Window, level: float) -> dict[str, object]:
    """Estimate and interval of one group."""
    abnormal = pool.sample(days).abnormal
    total = portfolio_return(abnormal, days)
    half = float(stats.t.ppf((1 + level) / 2, total.freedom)) * total.standard_error
    return {
        "group": pool.group, "n": len(abnormal.rows), "n_dates": len(np.unique(abnormal.rows.day)),
        "car": total.car, "se": total.standard_error, "ci_low": total.car - half, "ci_high": total.car + half,
        "detectable": float(detectable(total.standard_error, freedom=total.freedom, level=level)),
        "p_portfolio": 2 * stats.t.sf(abs(total.car / total.standard_error), total.freedom),
    }  # fmt: skip


def battery_table(study: EventStudy, *, window: Window | None = None, draws: int = 9_999) -> pd.DataFrame:
    """P-values of every test for every group, the permutation first.

    Columns test, explanation, withstands (``both``, ``clustering``, ``variance`` or ``neither``), then one a
    group, ``all`` first; missing where a group has too few rows for a test.
    """
    days = study.abnormal.windows.event if window is None else window
    groups = pools(study.abnormal)
    drawn = permute_dates(study.setup, study.abnormal, windows=[days], groups=groups, draws=draws)
    rows = [(r.test, r.group, r.p_value) for r in (*drawn.results, *run_tests(groups, [days]))]
    found = pd.DataFrame(rows, columns=["test", "group", "p"])
    wide = found.pivot_table(index="test", columns="group", values="p", sort=False, dropna=False)
    wide = wide[[pool.group for pool in groups]].rename_axis(columns=None)
    wide.insert(0, "withstands", [TESTS[name].withstands if name in TESTS else "both" for name in wide.index])
    said = [TESTS[n].explanation if n in TESTS else "the same firms on other days" for n in wide.index]
    wide.insert(0, "explanation", said)
    return wide.reset_index()
