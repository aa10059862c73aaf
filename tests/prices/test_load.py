"""Loading prices: a history reads like its frame, and the short way to a model's offers misses none."""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.panel.names import split_raw_id
from undercut.prices.load import load_prices, price_history
from undercut.printing import emit


@pytest.fixture(scope="module")
def every_quote() -> pd.DataFrame:
    return load_prices(status="all")


def test_a_history_reads_like_the_frame_of_its_offers(every_quote: pd.DataFrame) -> None:
    history = price_history("gpt-4-0613", host="openai", prices=every_quote)
    frame = history.to_frame()
    assert history["input"].eq(30).all()
    assert len(history) == len(frame) > 0
    assert list(history) == list(history.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(history[["host", "price"]], frame[["host", "price"]])


@pytest.mark.parametrize("name", ["gpt-4o", "claude-v2-1", "deepseek-r1", "deepseek/deepseek-r1:free"])
def test_a_name_finds_every_offer_that_taking_all_ids_apart_finds(
    every_quote: pd.DataFrame, name: str
) -> None:
    slugs = {raw: split_raw_id(raw).slug for raw in every_quote["raw_id"].unique()}
    under = every_quote["raw_id"].map(slugs).eq(name) | every_quote["raw_id"].str.lower().eq(name)
    expected = int((under | every_quote["model_id"].eq(name)).sum())
    assert len(price_history(name, prices=every_quote)) == expected > 0


def test_a_table_in_a_pipe_keeps_each_row_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"host": ["azure", "x"], "price": [1234.5, None]})
    emit(frame, "table", title="Prices")
    assert capsys.readouterr().out == "Prices\nhost     price\nazure  1,234.5\nx\n\n"
