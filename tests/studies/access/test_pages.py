"""Do the sentences of the report on cost and access turn with the data?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.competition.adoption.availability import Mean
from undercut.competition.adoption.deployment import CHINESE_API, CLOSED, SELF_HOSTED, US_SELLER, MonthlyBills
from undercut.studies import access
from undercut.studies.access import pages
from undercut.studies.access.estimates import Bill, Waits
from undercut.studies.presentation import Figure, Number, Sentence, Table, parts_of


def bill(closed: float = 4.0, chinese: float = 1.0, seller: float = 2.0, own: float = 0.5) -> Bill:
    """Bills in US dollars a million tokens, with draws from a tenth below to a tenth above."""
    volumes = (10.0, 100.0, 1_000.0, 10_000.0)
    spread = np.linspace(0.9, 1.1, 41)
    price = {CLOSED: closed, CHINESE_API: chinese, US_SELLER: seller, SELF_HOSTED: own}
    floor = {SELF_HOSTED: 3_000.0}
    draws = {
        way: np.outer(np.concatenate([[1.0], spread]), usd * np.array(volumes)) + floor.get(way, 0.0)
        for way, usd in price.items()
    }
    rows = [
        {"volume": volume, "way": way, "bill": draws[way][0, at], "low": draws[way][:, at].min(),
         "high": draws[way][:, at].max(), "cheapest": 0.0}
        for at, volume in enumerate(volumes) for way in price
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    bills = MonthlyBills(frame, pd.DataFrame(), draws, np.full(42, 100.0), volumes, 0.95)
    return Bill(frame, bills, "o1", "chat")


def wait(median: float, low: float, high: float) -> Waits:
    prices = undercut.load_prices()
    found = access.waits(prices, prices["last_seen"].max().date(), released_from="2026-01-01")
    return replace(found, wait=replace(found.wait, median=median, low=low, high=high))


def test_the_answer_says_which_side_is_cheaper() -> None:
    assert "cost 75% less than the cheapest US closed model" in pages.price_gap(bill())
    assert "cost 50% more than" in pages.price_gap(bill(closed=1.0, chinese=1.5))
    [more] = pages.conclusion(bill(), wait(40.0, 20.0, 60.0))
    assert isinstance(more, Sentence) and "within 40 days" in more.text
    assert "(95% interval −75% to −75%: beyond the interval)" in more.text
    [untold] = pages.conclusion(bill(), wait(np.nan, np.nan, np.nan))
    assert "US seller within" not in untold.text


def test_what_is_saved_is_told_in_hours_of_an_engineer() -> None:
    assert pages.worth(bill()).startswith("at 100 million tokens a month that saves what 3.0 hours")
    assert "that costs what 0.5 hours" in pages.worth(bill(closed=1.0, chinese=1.5))


def test_own_machines_pay_from_a_volume_or_never() -> None:
    even = pages.break_even(bill())
    assert even.value == 10_000 and "from 10,000 million tokens a month on" in pages.self_hosting(even, 1e4)
    never = pages.break_even(bill(own=2.5))
    assert never.value is None and "no volume up to 10,000" in pages.self_hosting(never, 1e4)


def test_the_page_of_the_bill_names_its_figure_and_rules() -> None:
    parts = list(parts_of(bill()))
    [figure] = [part for part in parts if isinstance(part, Figure)]
    assert figure.name == "monthly_bills" and "75% less" in figure.alt
    [table] = [part for part in parts if isinstance(part, Table)]
    assert table.frame["US sellers only"].iloc[0].startswith(US_SELLER)
    keys = [part.key for part in parts if isinstance(part, Number)]
    assert keys[0] == "open_to_closed_price" and len(keys) == len(set(keys)) == 7


@pytest.mark.parametrize(("low", "high", "word"), [(0.2, 0.9, "cheaper"), (1.2, 1.9, "more expensive")])
def test_verdicts_follow_the_intervals(low: float, high: float, word: str) -> None:
    rows = pd.DataFrame({"level": ["A", "B"], "low": [low, 0.5], "high": [high, 1.5]})
    assert pages.verdicts(rows, "level", "at") == f"{word} at A; not told apart, within the interval, at B"


def test_fewer_sellers_are_told_as_fewer() -> None:
    means = {
        key: Mean(value, value - 0.1, value + 0.1, 0.95, 20, 6)
        for key, value in (
            ("sellers_difference", -1.5), ("sellers_per_model", 3.0), ("hosts_outside_china", 0.4),
            ("modifiable_share", 0.5), ("commercial_share", 0.9),
        )
    }  # fmt: skip
    for sign, word in ((1, "fewer"), (-1, "more")):
        turned = means | {"sellers_difference": replace(means["sellers_difference"], value=-1.5 * sign)}
        told = {key: pages.reach_number(key, mean) for key, mean in turned.items()}
        assert f"1.5 {word} than a US closed one" in pages.sellers_sentence(told)
        assert "40% of them are at home outside China" in pages.sellers_sentence(told)


def test_ranges_are_drawn_around_the_centres() -> None:
    assumed = access.assumptions(staff_usd_hour=80, self_hosting_hours=20, gpus=4, utilisation=0.5)
    table = pages.assumed(assumed)[0].frame.set_index("assumption")
    assert table.loc["usd per staff hour", ["low", "centre", "high"]].tolist() == [40, 80, 160]
    assert table.loc["self hosting hours", ["low", "high"]].tolist() == [5, 80]
    assert table.loc["utilisation", ["low", "centre", "high"]].tolist() == [0.25, 0.5, 0.9]


def test_waits_go_back_six_months_at_least() -> None:
    prices = undercut.load_prices()
    found = access.waits(prices, date(2026, 2, 1), released_from="2026-01-01")
    assert found.released_from == "2025-08-01"
