"""Does a panel give the same answer however its periods and its never-treated units are written?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import undercut


def panel() -> pd.DataFrame:
    """36 units over twelve periods, a third never treated; the effect is 2."""
    rng = np.random.default_rng(5)
    first = np.repeat([4.0, 7.0, np.nan], 12)
    rows = [
        (
            f"u{unit}",
            period,
            first[unit],
            unit + 0.1 * period + 2 * (period >= first[unit]) + rng.normal(0, 0.1),
        )
        for unit in range(36)
        for period in range(12)
    ]
    return pd.DataFrame(rows, columns=["unit", "period", "first_treated", "outcome"])


def coded(write: Callable[[int], object], never: object) -> pd.DataFrame:
    rows = panel()
    first = rows["first_treated"]
    return rows.assign(
        period=[write(int(p)) for p in rows["period"]],
        first_treated=pd.Series([never if np.isnan(f) else write(int(f)) for f in first], dtype=object),
    )


def month(step: int) -> str:
    return str(pd.Period("2023-08", "M") + step)


@pytest.mark.parametrize(
    ("write", "never"),
    [
        (lambda p: 2003 + p, 0),
        (lambda p: 2003 + p, 0.0),
        (lambda p: 2003.0 + p, np.inf),
        (lambda p: 2001 + 2 * p, np.nan),
        (lambda p: f"{2019 + p // 4}Q{p % 4 + 1}", None),
        (lambda p: 2019 + p / 4, "never"),
        (month, ""),
        (lambda p: pd.Timestamp(month(p)), pd.NaT),
        (lambda p: int(month(p).replace("-", "")), 0),
        (lambda p: f"2020-W{40 + p}", None),
        (lambda p: 202040 + p, 999999),
        (lambda p: f"t{p}", None),
    ],
)
@pytest.mark.parametrize("method", ["imputation", "stacked"])
def test_the_same_panel_in_every_coding(write: Callable[[int], object], never: object, method: str) -> None:
    base = undercut.staggered_adoption(panel(), method=method, leads=3, lags=3)
    fit = undercut.staggered_adoption(coded(write, never), method=method, leads=3, lags=3)
    assert (fit.n_treated, fit.n_clusters) == (24, 36)
    np.testing.assert_allclose(fit.effects, base.effects, rtol=1e-9)
    assert abs(fit.effects[fit.effects.index >= 0].mean() - 2) < 0.1


def test_a_missing_period_is_said() -> None:
    rows = panel()
    fit = undercut.staggered_adoption(rows[rows["period"].ne(9)], method="imputation", leads=3, lags=3)
    assert any("8 is followed by 10" in note for note in fit.notes)
