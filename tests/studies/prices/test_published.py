"""Published definitions, followed on small tables by hand and on the real panel to their end points."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.errors import UnknownNameError
from undercut.studies.prices.published import (
    PUBLISHED,
    _cheapest_then_and_now,
    _new_lows,
    _pareto_regression,
    replicate,
)


def quotes_of(*rows: tuple[str, str, float, float], **columns: object) -> pd.DataFrame:
    """Quotes (period, model_id, price, eci) of one developer's own site."""
    frame = pd.DataFrame(rows, columns=["period", "model_id", "price", "eci"])
    facts = {"host": "own", "host_kind": "developer", "developer": "OpenAI", "release_date": pd.NaT}
    return frame.assign(product=frame["model_id"], **(facts | columns))


def test_epochs_trend_runs_through_new_lows_of_non_reasoning_models_only() -> None:
    """Lows of 16, 8, 4, 2 dollars, half a year apart; a rise, a reasoning model and a weak one in between."""
    quotes = quotes_of(
        ("2024-01", "a", 16.0, 130.0), ("2024-07", "b", 8.0, 131.0), ("2024-09", "dear", 9.0, 135.0),
        ("2025-01", "c", 4.0, 130.0), ("2025-03", "o3", 0.1, 140.0), ("2025-04", "weak", 0.2, 120.0),
        ("2025-07", "d", 2.0, 130.0),
    )  # fmt: skip
    found = _new_lows(quotes, {"L": 130.0}, confidence=0.9).iloc[0]
    assert found["points"] == 4
    assert found["times_cheaper_a_year"] == pytest.approx(4.0)
    assert found["fold"] == pytest.approx(8.0)


def test_epochs_price_is_the_developers_own_and_else_the_median() -> None:
    from undercut.studies.prices.published import own_or_median_price

    quotes = pd.concat(
        [
            quotes_of(("2024-01", "a", 5.0, 130.0)),
            quotes_of(("2024-01", "a", 1.0, 130.0), ("2024-01", "b", 2.0, 130.0), host_kind="cloud"),
            quotes_of(("2024-01", "b", 4.0, 130.0), host_kind="host"),
        ]
    )
    assert own_or_median_price(quotes).set_index("model_id")["price"].to_dict() == {"a": 5.0, "b": 3.0}


def test_fewer_than_four_lows_give_no_rate() -> None:
    quotes = quotes_of(("2024-01", "a", 16.0, 130.0), ("2024-07", "b", 8.0, 131.0))
    assert "fewer than four" in _new_lows(quotes, {"L": 130.0}, confidence=0.9)["note"].iloc[0]


def test_a16z_compares_the_first_month_with_the_last_among_its_developers() -> None:
    quotes = pd.concat(
        [
            quotes_of(("2024-01", "gpt", 10.0, 130.0), ("2025-01", "gpt", 1.0, 130.0)),
            quotes_of(("2025-01", "deepseek-v3", 0.1, 135.0), developer="DeepSeek"),
        ]
    )
    found = _cheapest_then_and_now(
        quotes, {"MMLU 83": 125.0}, rate=PUBLISHED["a16z"], draws=5, confidence=0.9, seed=0
    ).iloc[0]
    assert found["times_cheaper_a_year"] == pytest.approx(10.0)
    assert found["from_their_start"] == pytest.approx(45.0)


def test_the_frontier_regression_ignores_models_dominated_when_released() -> None:
    """Prices exactly exp(0.2 (q - 130) - 1.5 t) on the frontier; dominated models are dear at random."""
    days = pd.date_range("2024-01-01", periods=8, freq="90D")
    score = 130 + np.array([0, 2, 3, 5, 6, 8, 9, 11.0])
    time = (days - pd.Timestamp("2025-01-01")).days / 365.25
    price = np.exp(0.2 * (score - 130) - 1.5 * time)
    rows = [(str(d)[:7], f"m{i}", p, s) for i, (d, p, s) in enumerate(zip(days, price, score, strict=True))]
    good = quotes_of(*rows, release_date=days)
    bad = quotes_of(("2025-10", "dear", 500.0, 131.0), release_date=pd.Timestamp("2025-10-10"))
    found = _pareto_regression(pd.concat([good, bad]), {}, confidence=0.9).iloc[0]
    assert found["points"] == 8
    assert found["times_cheaper_a_year"] == pytest.approx(np.exp(1.5))


@pytest.mark.parametrize(
    ("name", "level", "published"), [("ai-index", "GPT-3.5", 280), ("a16z", "MMLU 42", 1000)]
)
def test_published_folds_come_out_of_our_data(name: str, level: str, published: float) -> None:
    """Their price at the start over ours in their last month: within a factor of two of their fold."""
    found = replicate(undercut.load_prices(), name, draws=5).frame
    theirs = found[(found["window"] == "theirs") & (found["level"] == level)]["from_their_start"].iloc[0]
    assert published / 2 < theirs < published * 2


def test_an_unknown_publication_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="publication"):
        replicate(undercut.load_prices(), "nobody")
