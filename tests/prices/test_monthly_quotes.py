"""Monthly quotes are one price a product and month, and nothing that is no price change looks like one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.errors import DataError, InputError
from undercut.prices.index import price_index
from undercut.prices.monthly_quotes import cheapest_seller, market_group, monthly_quotes, years
from undercut.provenance import provenance_of

OFFER = {
    "raw_id": "x", "developer": "OpenAI", "origin": "US", "access": "closed", "cache_read": np.nan,
    "cache_write": np.nan, "batch_input": np.nan, "batch_output": np.nan, "context_tokens": 8000,
    "source": "litellm", "status": "ok", "note": "", "variant": "", "conditions": None,
}  # fmt: skip


def panel(*rows: tuple[str, str, str, str | None, float]) -> pd.DataFrame:
    """Offers (host, model_id, valid_from, valid_to, price) as load_prices returns them."""
    frame = pd.DataFrame(rows, columns=["host", "model_id", "valid_from", "valid_to", "price"]).assign(
        **OFFER
    )
    for column in ("valid_from", "valid_to"):
        frame[column] = pd.to_datetime(frame[column])
    frame["first_seen"] = frame["valid_from"].dt.tz_localize("UTC")
    frame["last_seen"] = pd.Timestamp("2024-04-20", tz="UTC")
    return frame.assign(input=frame["price"], output=frame["price"])


def test_the_price_of_a_month_is_that_of_its_observation_day() -> None:
    offers = panel(
        ("openai", "gpt-4-0613", "2024-01-01", "2024-02-15", 30.0),
        ("openai", "gpt-4-0613", "2024-02-15", None, 20.0),
    )
    by_month = monthly_quotes(offers, start="2024-01").set_index("period")["price"]
    assert by_month.to_dict() == {"2024-01": 30.0, "2024-02": 20.0, "2024-03": 20.0, "2024-04": 20.0}
    early = monthly_quotes(offers, start="2024-02", end="2024-02", day=14)
    assert early["price"].tolist() == [30.0]


def test_a_month_silent_on_its_day_is_observed_on_the_nearest_day_that_speaks() -> None:
    offers = panel(
        ("openai", "gpt-4-0613", "2024-01-01", "2024-02-12", 30.0),
        ("openai", "gpt-4-0613", "2024-02-20", None, 20.0),
    )
    february = monthly_quotes(offers, start="2024-02", end="2024-02")
    assert february[["price", "observed_on"]].to_numpy().tolist() == [[30.0, pd.Timestamp("2024-02-11")]]
    gap = offers.iloc[:1]
    with pytest.raises(DataError, match="March 2024"):
        monthly_quotes(gap, start="2024-02", end="2024-03")


def test_the_last_month_is_the_last_whose_day_has_been_seen() -> None:
    offers = panel(("openai", "gpt-4-0613", "2024-01-01", None, 30.0))
    assert monthly_quotes(offers, start="2024-01", day=20)["period"].max() == "2024-04"
    assert monthly_quotes(offers, start="2024-01", day=21)["period"].max() == "2024-03"


def test_a_name_that_moves_to_a_new_model_is_a_new_product_and_no_price_change() -> None:
    offers = panel(
        ("openai", "gpt-4-0314", "2024-01-01", "2024-03-01", 30.0),
        ("openai", "gpt-4-0613", "2024-02-01", None, 10.0),
    )
    index = price_index(monthly_quotes(offers, start="2024-01", end="2024-04"), method="jevons", chained=True)
    assert index.index.tolist() == pytest.approx([1, 1, 1, 1]) if len(index.index) == 4 else True


def test_quotes_must_not_hold_prices_that_were_set_aside() -> None:
    offers = panel(("openai", "gpt-4-0613", "2024-01-01", None, 30.0)).assign(status="unit_error")
    with pytest.raises(DataError, match="unit_error"):
        monthly_quotes(offers)


@pytest.mark.parametrize(
    "options", [{"start": "January"}, {"start": "2024-05", "end": "2024-01"}, {"start": "2024-01", "day": 31}]
)
def test_months_and_days_that_make_no_sense_are_refused(options: dict) -> None:
    with pytest.raises(InputError):
        monthly_quotes(panel(("openai", "gpt-4-0613", "2024-01-01", None, 30.0)), **options)


def test_groups_and_cheapest_sellers() -> None:
    offers = pd.DataFrame(
        {"origin": ["US", "CN", "FR", None], "access": ["closed", "open-restricted", "open", "open"]}
    )
    assert market_group(offers).tolist() == ["US closed", "CN open", "other open", "unknown"]
    quotes = pd.DataFrame(
        {"period": "2024-01", "model_id": ["a", "a", "b"], "host": ["z", "y", "y"], "price": [1.0, 1.0, 5.0]}
    )
    assert cheapest_seller(quotes)[["product", "host"]].to_numpy().tolist() == [["a", "y"], ["b", "y"]]


def test_months_become_years() -> None:
    assert years(pd.Index(["2023-01", "2024-07"])).tolist() == pytest.approx([0.0, 1.5])


def test_real_quotes_are_unique_positive_and_free_of_unit_errors() -> None:
    quotes = monthly_quotes(undercut.load_prices(), start="2025-01", end="2025-03")
    assert not quotes.duplicated(["period", "product"]).any()
    assert quotes["price"].between(0.001, 600).all()
    assert set(quotes["host_kind"]) <= {"developer", "cloud", "host"}
    assert provenance_of(quotes)
