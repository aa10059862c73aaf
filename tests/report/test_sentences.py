"""A number in a sentence reads as its interval allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.report.findings.sentences import interval, number, sentence, split


def finding(value: float, low: float | None, high: float | None, unit: str = "%") -> dict:
    return {"value": value, "unit": unit, "ci_low": low, "ci_high": high, "level": 0.95, "n": 212}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-36.2, "%", "−36.2%"),
        (0.04, "USD per million tokens", "$0.04 per million tokens"),
        (0.0375, "USD", "$0.0375"),
        (-15, "USD", "−$15"),
        (1.5, "USD", "$1.50"),
        (12.345, "USD", "$12.3"),
        (1234.5, "USD", "$1,230"),
        (2.5, "times", "2.5×"),
        (12, "models", "12 models"),
        (1724, "offers", "1,724 offers"),
        (0.0, "%", "0%"),
        (-1.5, "percentage points", "−1.5 percentage points"),
        (None, "%", "–"),
        (float("nan"), "%", "–"),
        (float("-inf"), "%", "−∞%"),
    ],
)
def test_units_are_written_as_readers_expect(value: float | None, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_sentence_gives_value_interval_and_sample() -> None:
    assert sentence(finding(-36.24, -41.3, -30.1)) == "−36% (95% interval −41% to −30%, n = 212)"


def test_decimals_follow_the_width_of_the_interval() -> None:
    assert sentence(finding(1.234, 1.21, 1.26, "x")).startswith("1.23× (95% interval 1.21× to 1.26×")
    assert interval(finding(0.11, 0.09, 0.14, "USD per million tokens")) == "$0.09 to $0.14"


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (1.1, 0.6, 3.2, "1.1× (95% interval 0.6× to 3.2×, n = 212)"),
        (1.0001, 0.9993, 1.0011, "1.000× (95% interval 0.999× to 1.001×, n = 212)"),
        (1234.4, 1101.0, 1399.0, "1,230× (95% interval 1,100× to 1,400×, n = 212)"),
    ],
)
def test_an_interval_never_reads_as_if_it_had_no_width(
    value: float, low: float, high: float, text: str
) -> None:
    assert sentence(finding(value, low, high, "x")) == text


@given(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3).map(sorted))
def test_ends_that_differ_read_differently_and_numbers_stay_short(ends: list[float]) -> None:
    low, value, high = ends
    if high - low > 1e-3:
        first, last = interval(finding(value, low, high)).split(" to ")
        assert first != last
        if high - low > 0.1 * max(abs(low), abs(high), 1e-6):
            assert all(
                len(text.strip("−%0.,").replace(",", "").replace(".", "")) <= 3 for text in (first, last)
            )


def test_without_an_interval_only_the_sample_follows() -> None:
    assert sentence(finding(4, None, None, "hosts")) == "4 hosts (n = 212)"


def test_minus_nothing_is_nothing() -> None:
    assert number(-0.001, "%", decimals=0) == "0%"


def test_a_value_splits_into_figure_and_words() -> None:
    assert split(4, "hosts") == ("4", "hosts")
    assert split(-3, "%") == ("−3%", "")


@given(st.floats(-1e9, 1e9), st.sampled_from(["%", "x", "models"]))
def test_the_text_is_the_number_to_three_digits(value: float, unit: str) -> None:
    digits = number(value, unit).replace("−", "-").rstrip("%× models").replace(",", "")
    # Percentages have at most two decimals.
    assert float(digits) == pytest.approx(value, rel=0.006, abs=0.00501 if unit == "%" else 1e-9)
