"""Windows are linked as the literature defines each splice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import InputError, UnknownNameError
from undercut.prices.index import SPLICES, price_index
from undercut.prices.index.splice import splice_windows, windows

# Three windows of four periods with links 1, 2, 3 | 3, 4, 5 | 5, 6, 7.
# Expected figures: test suite of the R package gpindex 0.6 (MIT).
LEVELS = [np.cumprod([1.0, *links]) for links in ([1, 2, 3], [3, 4, 5], [5, 6, 7])]
MEAN_OF_SECOND = (60 * 40 * 30) ** (1 / 3)


@pytest.mark.parametrize(
    ("splice", "last_two"),
    [
        ("movement", [30, 210]),
        ("window", [60, 630]),
        ("wisp", [60, 420]),
        ("mean", [MEAN_OF_SECOND, (630 * 336 * 210) ** (1 / 3)]),
        ("mean-published", [MEAN_OF_SECOND, (420 * 252 * 7 * MEAN_OF_SECOND) ** (1 / 3)]),
    ],
)
def test_splices_of_several_windows_agree_with_gpindex(splice: str, last_two: list[float]) -> None:
    found = splice_windows(LEVELS, windows(6, 4, splice), splice)
    np.testing.assert_allclose(found, [1, 1, 2, 6, *last_two], rtol=1e-14)


@pytest.mark.parametrize(("width", "middle"), [(5, 2), (4, 2), (2, 1)])
def test_half_splice_links_half_a_window_before_the_new_period(width: int, middle: int) -> None:
    rng = np.random.default_rng(0)
    spans = windows(width + 2, width, "half")
    levels = [np.cumprod(rng.uniform(0.5, 2, width)) for _ in spans]
    own, published = (splice_windows(levels, spans, splice) for splice in ("half", "hasp"))
    change = levels[2][-1] / levels[2][-1 - middle]
    assert published[-1] == pytest.approx(published[-1 - middle] * change)
    assert own[-1] == pytest.approx(own[-2] * change / (levels[1][-1] / levels[1][width - middle]))


def test_fixed_base_expanding_window_restarts_at_its_base(scanner_quotes: pd.DataFrame) -> None:
    """Written out: with windows of 4 months, months 2 to 4 come from windows that start at month 1, months 5
    to 7 from windows that start at month 4, and so on; each takes only the last figure of its own window."""
    months = sorted(scanner_quotes["period"].unique())
    expected = {months[0]: 1.0}
    for last in range(1, 8):
        base = 3 * ((last - 1) // 3)
        inside = scanner_quotes[scanner_quotes["period"].isin(months[base : last + 1])]
        own = price_index(inside, method="geks-fisher").index
        expected[months[last]] = expected[months[base]] * own.iloc[-1]
    found = price_index(scanner_quotes, method="geks-fisher", window=4, splice="fbew").index
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-12)


@pytest.mark.parametrize("method", ["geks-jevons", "geks-sato-vartia", "geary-khamis", "time-product-dummy"])
@pytest.mark.parametrize("splice", sorted(SPLICES))
def test_windows_are_computed_from_their_own_quotes_only(
    scanner_quotes: pd.DataFrame, method: str, splice: str
) -> None:
    months = sorted(scanner_quotes["period"].unique())
    spans = windows(8, 5, splice)
    levels = []
    for start, stop in spans:
        inside = scanner_quotes[scanner_quotes["period"].isin(months[start:stop])]
        levels.append(price_index(inside, method=method).index.to_numpy())
    found = price_index(scanner_quotes, method=method, window=5, splice=splice).index
    np.testing.assert_allclose(found, splice_windows(levels, spans, splice), rtol=1e-11)


def test_a_window_over_all_periods_needs_no_link_and_every_splice_agrees(
    scanner_quotes: pd.DataFrame,
) -> None:
    whole = price_index(scanner_quotes, method="ccdi").index
    for splice in set(SPLICES) - {"fbew"}:
        spliced = price_index(scanner_quotes, method="ccdi", window=8, splice=splice).index
        pd.testing.assert_series_equal(spliced, whole)


@pytest.mark.parametrize(
    ("window", "splice", "message"),
    [
        (3, None, "needs splice"),
        (None, "mean", "needs window"),
        (1, "mean", "at least 2"),
        (9, "mean", "longer"),
    ],
)
def test_windows_that_do_not_fit_are_refused(window: int | None, splice: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        windows(8, window, splice)


def test_an_unknown_splice_suggests_a_known_one() -> None:
    with pytest.raises(UnknownNameError, match="movement"):
        windows(8, 5, "movment")
