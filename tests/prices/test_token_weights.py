"""Rankings of tokens name models in their own way; the weights know which models they are."""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.prices.token_weights import token_weights, with_token_weights


def ranked(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["week_ending", "model", "tokens_7d"])


def test_dates_and_word_order_of_the_rankings_do_not_hide_a_model() -> None:
    found = token_weights(
        ranked(
            ("2025-12-15", "deepseek/deepseek-v3.2-20251201", 2e6),
            ("2025-12-15", "anthropic/claude-4.5-sonnet-20250929", 1e6),
        )
    )
    assert set(found["model_id"]) == {"deepseek-v3.2", "claude-sonnet-4-5-20250929"}
    assert found.set_index("model_id")["tokens"]["deepseek-v3.2"] == 2.0


def test_a_moving_name_counts_for_the_model_behind_it_in_that_week() -> None:
    found = token_weights(
        ranked(("2024-07-15", "openai/gpt-4o", 1e6), ("2024-12-15", "openai/gpt-4o", 1e6))
    ).set_index("period")["model_id"]
    assert found["2024-07"] == "gpt-4o-2024-05-13"
    assert found["2024-12"] == "gpt-4o-2024-08-06"


def test_an_unknown_name_keeps_its_tokens_but_no_model() -> None:
    found = token_weights(ranked(("2025-12-15", "stealth/owl-alpha-unheard-of", 1e6)))
    assert found["model_id"].isna().all() and found["tokens"].tolist() == [1.0]


def test_weights_join_the_cheapest_seller_and_say_how_much_they_cover() -> None:
    quotes = pd.DataFrame(
        {
            "period": "2025-12",
            "model_id": "m",
            "host": ["a", "b"],
            "price": [2.0, 3.0],
            "product": ["a/m", "b/m"],
        }
    )
    weights = pd.DataFrame(
        {"period": "2025-12", "model_id": pd.Series(["m", None], dtype="str"), "tokens": [3.0, 1.0]}
    )
    found = with_token_weights(quotes, weights)
    assert found[["price", "quantity", "value"]].to_numpy().tolist() == [[2.0, 3.0, 6.0]]
    assert found.attrs["covered"] == pytest.approx(0.75)
    with pytest.raises(DataError, match="token rankings"):
        with_token_weights(quotes.assign(model_id="other"), weights)
