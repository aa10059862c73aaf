"""From a ticker to a case: evidence by parameter, betas, market values, currencies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError, InputError, NoVariationError, UnitError, UnknownNameError
from undercut.valuation.company import MarketValue, accounts
from undercut.valuation.valuation import cost_of_capital, measured_beta, unlevered
from undercut.valuation.vendors import (
    in_currency_of_accounts,
    market_value_of_shares,
    sample_returns,
    vendor_case,
    vendor_names,
)


@pytest.mark.parametrize("ticker", list(vendor_names()["ticker"]))
def test_every_vendor_can_be_valued_and_says_what_its_ai_share_rests_on(
    fundamentals: pd.DataFrame, ticker: str
) -> None:
    case = vendor_case(ticker, fundamentals)
    found = case.value()
    if case.company.role != "seller":
        published = accounts(fundamentals, ticker)
        assert case.company.net_debt == published.value("cash") * -1 + np.nan_to_num(published.value("debt"))
        assert found.equity[0] == pytest.approx(found.enterprise[0] - case.company.net_debt)
    assert np.isfinite(found.equity[0]) and np.isfinite(found.ai_share[0])
    share = case.assumptions["ai_revenue_share"]
    assert share.evidence in ("published", "assumption")
    assert (
        ("assumption" in share.source)
        or share.evidence == "published"
        or "published" in share.source
        or (case.company.role == "seller")
    )
    assert len(case.figures) and case.figures["source_title"].notna().all()


def test_published_shares_are_computed_from_the_table(fundamentals: pd.DataFrame) -> None:
    share = vendor_case("NVDA", fundamentals).assumptions["ai_revenue_share"]
    assert share.default == pytest.approx(193_737 / 215_938) and share.evidence == "published"
    half = vendor_case("AMD", fundamentals).assumptions["ai_revenue_share"]
    assert half.default == pytest.approx(0.5 * 16_600 / 34_639) and half.evidence == "assumption"
    run_rate = vendor_case("MSFT", fundamentals).assumptions["ai_revenue_share"]
    assert run_rate.default == pytest.approx(37_000 / 331_839, abs=5e-4)


def test_todays_income_of_both_businesses_is_that_of_the_accounts(fundamentals: pd.DataFrame) -> None:
    still = {"demand_growth": 0.0, "other_growth": 0.0, "terminal_growth": 0.0, "price_erosion": 0.0,
             "frontier_erosion": 0.0, "price_erosion_long_run": 0.0, "efficiency_gain": 0.0,
             "rental_decline": 0.0, "share_loss": 0.0, "accelerator_intensity": 0.0}  # fmt: skip
    case = vendor_case("AMZN", fundamentals)
    margin = case.assumptions["ai_margin"].default
    found = case.with_values({**still, "ai_margin_long_run": margin}).value()
    assert found.ai.income[0, 0] + found.other.income[0, 0] == pytest.approx(93_712, rel=1e-9)


def test_a_measured_beta_is_the_slope_drawn_towards_one() -> None:
    rng = np.random.default_rng(0)
    days = pd.bdate_range("2023-01-02", periods=520)
    market = rng.normal(0, 0.01, 520)
    stock = np.expm1(1.6 * np.log1p(market) + rng.normal(0, 0.005, 520))
    long = pd.concat(
        [
            pd.DataFrame({"date": days, "ticker": name, "return": r})
            for name, r in (("X", stock), ("SPY", market))
        ]
    )
    beta, error = measured_beta(long, "X")
    assert beta == pytest.approx(2 / 3 * 1.6 + 1 / 3, abs=3 * error) and 0 < error < 0.1
    with pytest.raises(DataError, match="No returns of Y"):
        measured_beta(long, "Y")
    with pytest.raises(DataError, match="weeks of returns"):
        measured_beta(long[long["date"] < "2023-06-01"], "X")
    still = long.assign(**{"return": long["return"].where(long["ticker"].eq("X"), 0.0)})
    with pytest.raises(NoVariationError, match="SPY does not vary"):
        measured_beta(still, "X")


def test_the_sample_gives_nvidia_a_measured_beta(fundamentals: pd.DataFrame) -> None:
    case = vendor_case("NVDA", fundamentals, returns=sample_returns())
    beta = case.assumptions["asset_beta"]
    assert beta.evidence == "measured" and beta.low < beta.default < beta.high
    assert (
        vendor_case("SNOW", fundamentals, returns=sample_returns()).assumptions["asset_beta"].evidence
        == "assumption"
    )


def test_levering_undoes_unlevering() -> None:
    asset = unlevered(1.4, debt_weight=0.25, tax_rate=0.2)
    given = {"risk_free": 0.05, "equity_premium": 0.04, "asset_beta": asset, "debt_weight": 0.25,
             "credit_spread": 0.01, "tax_rate": 0.2}  # fmt: skip
    found = cost_of_capital({name: np.array([value]) for name, value in given.items()})
    assert found.equity_beta[0] == pytest.approx(1.4, rel=1e-12)
    assert found.rate[0] == pytest.approx(0.75 * (0.05 + 1.4 * 0.04) + 0.25 * 0.8 * 0.06, rel=1e-12)
    assert found.table().set_index("part")["value"]["cost of capital"] == pytest.approx(found.rate[0])


def test_a_market_value_sets_the_weight_of_debt_and_must_be_in_the_accounts_currency(
    fundamentals: pd.DataFrame,
) -> None:
    case = vendor_case("ORCL", fundamentals)
    value = MarketValue(500_000, "USD", "2026-11-20", "test")
    weight = case.with_market_value(value).assumptions["debt_weight"]
    assert weight.default == pytest.approx(case.company.debt / (case.company.debt + 500_000))
    taiwan = vendor_case("TSM", fundamentals)
    with pytest.raises(UnitError, match="convert it"):
        taiwan.with_market_value(value)
    converted = in_currency_of_accounts(value, taiwan.company, fundamentals)
    assert converted.currency == "TWD" and converted.value == pytest.approx(500_000 * 31.114)
    assert "31.114" in converted.source
    with pytest.raises(DataError, match="No published rate of CNY"):
        in_currency_of_accounts(value, vendor_case("BABA", fundamentals).company, fundamentals)
    with pytest.raises(UnitError, match="not EUR"):
        in_currency_of_accounts(MarketValue(1, "EUR", "2026-11-20", "t"), taiwan.company, fundamentals)


def test_a_share_price_is_that_of_an_adr(fundamentals: pd.DataFrame) -> None:
    company = vendor_case("TSM", fundamentals).company
    assert company.shares == pytest.approx(25_930 / 5)
    found = market_value_of_shares(company, 200.0, currency="USD", day="2026-11-20", source="test")
    assert found.value == pytest.approx(200 * 25_930 / 5)
    with pytest.raises(DataError, match="no number of shares"):
        market_value_of_shares(
            vendor_case("OPENAI", fundamentals).company, 1.0, currency="USD", day="2026-11-20", source="t"
        )
    with pytest.raises(InputError, match="above zero"):
        MarketValue(0.0, "USD", "2026-11-20", "test")


def test_as_of_uses_what_was_known_then_and_rolls_the_value_forward(fundamentals: pd.DataFrame) -> None:
    then = vendor_case("NVDA", fundamentals, as_of="2025-06-30")
    assert then.company.period_end == "2025-01-26"
    assert then.elapsed_years == pytest.approx(155 / 365.25)
    assert then.company.revenue == 130_497
    assert any("assumptions, rates and beta are today's" in note for note in then.company.notes)
    for same in ("2025-W27-1", "2025-06-30T10:00:00+02:00"):
        assert vendor_case("NVDA", fundamentals, as_of=same).elapsed_years == then.elapsed_years
    blank = vendor_case("NVDA", fundamentals, as_of=" ")
    assert blank.elapsed_years == 0 and blank.company == vendor_case("NVDA", fundamentals).company


def test_unknown_vendors_are_named_with_their_neighbours(fundamentals: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean: NVDA"):
        vendor_case("NVDAA", fundamentals)


def test_the_default_decline_of_rents_is_the_measured_trend(fundamentals: pd.DataFrame) -> None:
    """The trend of the log rent of an H100 is what the default states."""
    import undercut

    rents = undercut.load_reference("gpu_rental")
    rows = rents[rents["gpu"] == "H100"].dropna(subset=["usd_per_gpu_hour_restated"])
    age = (rows["date"] - rows["date"].min()).dt.days / 365.25
    slope = np.polyfit(age, np.log(rows["usd_per_gpu_hour_restated"]), 1)[0]
    stated = vendor_case("NVDA", fundamentals).assumptions["rental_decline"].default
    assert 1 - np.exp(slope) == pytest.approx(stated, abs=0.01)
