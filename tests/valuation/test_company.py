"""Published figures: identities, last twelve months, and the traps one by one."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.valuation.identities import EXPLAINED, check_identities
from undercut.errors import InputError, OutsideDataError, UnknownNameError
from undercut.valuation.company import (
    accounts,
    known_by,
    published_ratio,
    run_rate,
    units_per_dollar,
)

LISTED = ("NVDA", "MSFT", "GOOGL", "AMZN", "META", "AVGO", "AMD", "ORCL", "TSM", "BABA", "CRM", "ADBE",
          "PLTR", "SNOW", "SMCI")  # fmt: skip


def test_identities_hold_or_are_explained(fundamentals: pd.DataFrame) -> None:
    found = check_identities(fundamentals)
    broken = found[found["verdict"] == "broken"]
    assert broken.empty, broken.to_string()
    assert len(found) > 110
    explained = found[found["verdict"] == "explained"]
    assert set(
        zip(explained["ticker"], explained["fiscal_period"], explained["identity"], strict=True)
    ) == set(EXPLAINED), "an explanation without a gap is out of date"


def test_a_slip_of_a_digit_breaks_an_identity(fundamentals: pd.DataFrame) -> None:
    slipped = fundamentals.copy()
    row = (
        (slipped["ticker"] == "NVDA")
        & (slipped["fiscal_period"] == "FY2026")
        & (slipped["item"] == "gross_profit")
    )
    slipped.loc[row, "value"] *= 1.1
    found = check_identities(slipped)
    assert found.loc[found["verdict"] == "broken", "ticker"].tolist() == ["NVDA"]


@pytest.mark.parametrize("ticker", LISTED)
def test_every_listed_firm_has_accounts(fundamentals: pd.DataFrame, ticker: str) -> None:
    found = accounts(fundamentals, ticker)
    assert found.value("revenue") > 0 and found.value("cash") > 0 and found.value("shares") > 0
    assert found.value("operating_income") < found.value("revenue")
    assert set(found.figures["confidence"]) <= {"source_read", "secondary_source"}
    assert found.figures["source_title"].notna().all()


def test_the_last_twelve_months_are_preferred_to_an_older_year(fundamentals: pd.DataFrame) -> None:
    found = accounts(fundamentals, "NVDA")
    assert (found.fiscal_period, found.period_end) == ("LTM", "2026-07-26")
    assert accounts(fundamentals, "MSFT").fiscal_period == "FY2026"


def test_gains_on_stakes_never_enter(fundamentals: pd.DataFrame) -> None:
    found = accounts(fundamentals, "GOOGL")
    assert found.value("operating_income") == 147_628
    assert any("51% of pre-tax income comes from outside operations" in note for note in found.notes)
    assert not any("outside operations" in note for note in accounts(fundamentals, "META").notes)


def test_debt_raised_after_the_years_end_counts(fundamentals: pd.DataFrame) -> None:
    assert accounts(fundamentals, "CRM").value("debt") == 39_288  # 14,439 at the year's end


def test_marketable_securities_of_an_older_date_are_added_and_dated(fundamentals: pd.DataFrame) -> None:
    found = accounts(fundamentals, "AMZN")
    assert found.value("cash") == 78_213 + (123_029 - 86_810)
    assert "marketable securities (36,219 million) are of 2025-12-31" in found.notes
    assert accounts(fundamentals, "NVDA").value("cash") == 62_469  # published at the same date


def test_a_bound_on_debt_is_called_one(fundamentals: pd.DataFrame) -> None:
    found = accounts(fundamentals, "SMCI")
    assert found.value("debt") == pytest.approx(4056.148)
    assert any("lower bound" in note for note in found.notes)
    assert any("no debt figure" in note for note in accounts(fundamentals, "PLTR").notes)


def test_adrs_and_reporting_currencies(fundamentals: pd.DataFrame) -> None:
    alibaba = accounts(fundamentals, "BABA")
    assert alibaba.currency == "CNY"
    company = alibaba.company(name="Alibaba", role="cloud", adr_ratio=8)
    assert company.shares == pytest.approx(19_235 / 8)
    rate, source = units_per_dollar(fundamentals, "TWD")
    assert rate == pytest.approx(31.114) and source
    assert units_per_dollar(fundamentals, "USD")[0] == 1
    with pytest.raises(OutsideDataError, match="No published rate of CNY"):
        units_per_dollar(fundamentals, "CNY")


def test_as_of_shows_only_what_was_published(fundamentals: pd.DataFrame) -> None:
    # The year to January 2026 was filed on 25 February 2026.
    filed = fundamentals.loc[
        (fundamentals["ticker"] == "NVDA") & (fundamentals["fiscal_period"] == "FY2026"), "source_title"
    ]
    day = pd.Timestamp(filed.str.extract(r"filed (\d{4}-\d{2}-\d{2})")[0].dropna().iloc[0])
    before, after = (f"{day + pd.Timedelta(days=d):%Y-%m-%d}" for d in (-1, 0))
    assert accounts(fundamentals, "NVDA", as_of=before).fiscal_period == "FY2025"
    assert accounts(fundamentals, "NVDA", as_of=after).fiscal_period == "FY2026"
    assert accounts(fundamentals, "NVDA", as_of="2026-11-23").fiscal_period == "LTM"
    known = known_by(fundamentals, "NVDA", before)
    assert (known["period_end"] < day).all()


def test_days_and_tickers_that_do_not_exist_are_refused(fundamentals: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="NVDA"):
        accounts(fundamentals, "NVDIA")
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        accounts(fundamentals, "NVDA", as_of="June")
    with pytest.raises(OutsideDataError, match="Choose a later day"):
        accounts(fundamentals, "NVDA", as_of="2020-01-01")
    with pytest.raises(OutsideDataError, match="No annualised revenue of NVDA"):
        run_rate(fundamentals, "NVDA")


def test_run_rates_are_those_of_the_day(fundamentals: pd.DataFrame) -> None:
    assert run_rate(fundamentals, "ANTHROPIC")["value"] == 47_000
    assert run_rate(fundamentals, "ANTHROPIC", as_of="2026-01-31")["value"] == 9_000


def test_ratios_take_the_newest_year_that_has_both(fundamentals: pd.DataFrame) -> None:
    rows = known_by(fundamentals, "NVDA", None)
    ratio, period = published_ratio(rows, "segment_revenue_data_center", "revenue")
    assert (ratio, period) == (pytest.approx(193_737 / 215_938), "FY2026")
    with pytest.raises(OutsideDataError, match="publishes both"):
        published_ratio(rows, "segment_revenue_aws", "revenue")
