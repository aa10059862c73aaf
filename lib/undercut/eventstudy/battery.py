"""Which tests are there, what does each withstand, and how are they run together?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import check_known
from undercut.eventstudy import mean_tests
from undercut.eventstudy.abnormal import AbnormalReturns
from undercut.eventstudy.portfolio import portfolio
from undercut.eventstudy.sample import Pool, Sample, TestResult
from undercut.eventstudy.windows import Window

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Test:
    """A test of the mean abnormal return.

    Attributes
    ----------
    name, explanation : str
        What users call it, and the test in a line.
    run : callable
        From a `Sample` to a `TestResult`.
    fewest : int
        Rows that it needs.
    withstands_clustering, withstands_variance : bool
        Whether its size survives firms that move together, and a variance that the event raises.
    """

    __test__ = False

    name: str
    explanation: str
    run: Callable[[Sample], TestResult]
    fewest: int
    withstands_clustering: bool
    withstands_variance: bool

    @property
    def withstands(self) -> str:
        """``both``, ``clustering``, ``variance`` or ``neither``."""
        if self.withstands_clustering:
            return "both" if self.withstands_variance else "clustering"
        return "variance" if self.withstands_variance else "neither"


_TESTS = (
    Test("cross_sectional", "t-test across rows", mean_tests.cross_sectional, 2, False, True),
    Test("brown_warner_1980", "mean, firms independent", mean_tests.brown_warner_1980, 1, False, False),
    Test("brown_warner_1985", "mean against its own history", mean_tests.brown_warner_1985, 1, True, False),
    Test("portfolio", "portfolio with forecast error", portfolio, 1, True, False),
    Test("patell", "standardised residuals", mean_tests.patell, 1, False, False),
    Test("bmp", "standardised cross-sectional", mean_tests.bmp, 2, False, True),
    Test(
        "kolari_pynnonen_patell", "Patell adjusted for correlation", mean_tests.kolari_pynnonen_patell, 2,
        True, False,
    ),
    Test("kolari_pynnonen", "BMP adjusted for correlation", mean_tests.kolari_pynnonen, 2, True, True),
    Test("sign", "share positive against one half", mean_tests.sign, 1, False, True),
    Test("generalised_sign", "share positive, by history", mean_tests.generalised_sign, 1, False, True),
    Test("corrado_zivney_sign", "signs around the median", mean_tests.corrado_zivney_sign, 1, True, True),
    Test("rank", "Corrado's ranks", mean_tests.rank, 1, True, False),
    Test("modified_rank", "Corrado and Zivney's ranks", mean_tests.modified_rank, 1, True, False),
    Test("generalised_rank", "Kolari and Pynnönen's ranks", mean_tests.generalised_rank, 2, True, True),
    Test("wilcoxon", "signed ranks", mean_tests.wilcoxon, 1, False, True),
    Test(
        "bootstrap", "wild bootstrap by event date", mean_tests.bootstrap,
        mean_tests.FEWEST_CLUSTERS, False, True,
    ),
)  # fmt: skip
TESTS: Final[Mapping[str, Test]] = {test.name: test for test in _TESTS}


def pools(abnormal: AbnormalReturns) -> list[Pool]:
    """Every row as one group, ``all``, and each named group."""
    names = sorted({str(name) for name in abnormal.rows.group if name not in ("", ALL)})
    whole = [Pool(abnormal, ALL)]
    return whole + [Pool(abnormal.take(np.flatnonzero(abnormal.rows.group == name)), name) for name in names]


def run_tests(
    groups: Iterable[Pool], windows: Sequence[Window], *, tests: Sequence[str] | None = None
) -> list[TestResult]:
    """Run tests on every group and window; tests that need more rows than there are do not appear.

    Raises
    ------
    UnknownNameError
        If a test does not exist.
    """
    chosen = list(TESTS) if tests is None else list(tests)
    for name in chosen:
        check_known("test", name, TESTS)
    found = []
    for pool in groups:
        for window in windows:
            sample = pool.sample(window)
            found += [TESTS[name].run(sample) for name in chosen if sample.count >= TESTS[name].fewest]
    return found


def results_frame(results: Iterable[TestResult]) -> pd.DataFrame:
    """Results as a table: group, window, test, statistic, p_value, n; none that is not a finite number."""
    rows = [
        (r.group, r.window, r.test, r.statistic, r.p_value, r.n)
        for r in results
        if np.isfinite(r.statistic) and np.isfinite(r.p_value)
    ]
    return pd.DataFrame(rows, columns=["group", "window", "test", "statistic", "p_value", "n"])
