"""Which week counts as a month's, and what the weights cover."""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.prices.token_weights import token_weights, with_token_weights


def ranked(*rows: tuple[str, str | None, str | None, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["week_start", "model_id", "variant", "tokens"])
    return table.assign(week_start=pd.to_datetime(table["week_start"]), days=7)


def test_the_last_full_week_of_a_month_counts_without_free_variants() -> None:
    usage = ranked(
        ("2026-01-12", "a", None, 9e6), ("2026-01-19", "a", None, 2e6), ("2026-01-19", "a", "thinking", 1e6),
        ("2026-01-19", "a", "free", 5e6), ("2026-01-19", None, None, 4e6), ("2026-01-26", "a", None, 7e6),
    )  # fmt: skip
    found = token_weights(usage.assign(days=[7, 7, 7, 7, 7, 5]))
    assert found["period"].unique().tolist() == ["2026-01"]
    assert found.set_index("model_id")["tokens"].to_dict()["a"] == 3.0
    assert found.loc[found["model_id"].isna(), "tokens"].tolist() == [4.0]


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
