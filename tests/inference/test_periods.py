"""Does a panel keep its order and spacing however its periods are written?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.errors import CellError, DataError
from undercut.inference.periods import period_scale

QUARTERS = pd.period_range("2019Q1", periods=9, freq="Q")
MONTHS = pd.period_range("2023-11", periods=9, freq="M")


def codings(periods: pd.PeriodIndex) -> dict[str, list[object]]:
    """The same periods in every way in which people write them."""
    starts, ends = periods.to_timestamp(how="start"), periods.to_timestamp(how="end").normalize()
    found: dict[str, list[object]] = {
        "periods": list(periods),
        "starts": list(starts),
        "ends": list(ends),
        "start text": list(starts.strftime("%Y-%m-%d")),
        "end numbers": [int(day) for day in ends.strftime("%Y%m%d")],
    }
    if periods.freqstr.startswith("Q"):
        found |= {
            "text": [f"{p.year}Q{p.quarter}" for p in periods],
            "turned text": [f"Q{p.quarter} {p.year}" for p in periods],
            "numbers": [p.year * 10 + p.quarter for p in periods],
            "fractions": [p.year + (p.quarter - 1) / 4 for p in periods],
        }
    else:
        found |= {
            "text": [f"{p.year}-{p.month:02}" for p in periods],
            "numbers": [p.year * 100 + p.month for p in periods],
            "floats": [float(p.year * 100 + p.month) for p in periods],
            "number text": [f"{p.year}{p.month:02}" for p in periods],
            "with M": [f"{p.year}M{p.month}" for p in periods],
        }
    return found


@pytest.mark.parametrize("periods", [QUARTERS, MONTHS], ids=["quarters", "months"])
@settings(max_examples=40, deadline=None)
@given(kept=st.sets(st.integers(0, 8), min_size=2), data=st.data())
def test_every_coding_gives_the_same_positions(
    periods: pd.PeriodIndex, kept: set[int], data: st.DataObject
) -> None:
    steps = np.array(sorted(kept))
    expected = (steps - steps[0]) // np.gcd.reduce(np.diff(steps))
    for written in codings(periods).values():
        labels = data.draw(st.permutations([written[i] for i in steps]))
        scale = period_scale(pd.Index(labels))
        assert scale.positions.tolist() == expected.tolist()
        assert scale.labels.tolist() == [written[i] for i in steps]
        assert (scale.note is not None) == (expected[-1] != len(expected) - 1)


def test_a_year_of_53_weeks_has_no_gap_and_a_missing_week_is_said() -> None:
    assert period_scale(pd.Index([202052, 202053, 202101])).note is None
    note = period_scale(pd.Index([202051, 202052, 202101])).note
    assert note is not None and "202052 is followed by 202101" in note
    assert period_scale(pd.Index(["2020-W53", "2021-W01"])).note is None


def test_a_panel_of_every_second_year_has_steps_of_one() -> None:
    scale = period_scale(pd.Index([2001, 2003, 2005, 2007]))
    assert scale.positions.tolist() == [0, 1, 2, 3] and scale.note is None
    # Whoever is treated in 2004 shows it in 2005.
    starts = scale.starts(pd.Series([2001, 2003, 2004, 2007, 2008, 1999]))
    np.testing.assert_array_equal(starts, [0, 1, 2, 3, np.nan, -1])


@pytest.mark.parametrize("never", [np.nan, None, 0, 0.0, np.inf, "", "never", "0", 9999, "NaN"])
def test_never_treated_has_many_names(never: object) -> None:
    scale = period_scale(pd.Index([2003, 2004, 2005]))
    np.testing.assert_array_equal(scale.starts(pd.Series([2004, never], dtype=object)), [1, np.nan])


def test_zero_is_a_period_where_it_is_one() -> None:
    scale = period_scale(pd.Index([-1, 0, 1]))
    np.testing.assert_array_equal(scale.starts(pd.Series([0.0, 1.0, np.nan])), [1, 2, np.nan])


def test_starts_are_written_as_periods_are() -> None:
    scale = period_scale(pd.Index([f"2019Q{q}" for q in (1, 2, 3, 4)]))
    assert scale.starts(pd.Series(["2019Q3", None])).tolist()[0] == 2
    with pytest.raises(CellError, match=r"'2019-07' is not written as the periods are \('2019Q1'\)"):
        scale.starts(pd.Series(["2019-07"]))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([2019.1, 2019.2], "fractions"),
        (["9" * 5_000, "1"], "5,000 characters"),
        ([np.inf, 2019], "infinite"),
        (["01/02/2024"], "ambiguous"),
        ([202460, 202461], None),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(labels: list[object], said: str | None) -> None:
    if said is None:  # no month and no week: plain numbers
        assert period_scale(pd.Index(labels)).kind == "number"
        return
    with pytest.raises(DataError, match=said):
        period_scale(pd.Index(labels))


def test_trading_days_have_an_order_and_no_known_spacing() -> None:
    days = pd.bdate_range("2024-01-02", periods=30)
    scale = period_scale(days)
    assert scale.note is None and scale.positions.tolist() == list(range(30))
    assert period_scale(pd.date_range("2024-01-05", periods=5, freq="W")).positions.tolist() == list(range(5))
