"""Does the panel of hosts hold what was sold, and nothing that only coverage made?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import undercut
from tests.competition.hosts.host_market import as_panel
from undercut.competition.hosts.first_party import variant_premium
from undercut.competition.hosts.panel import (
    host_panel,
    largest_hosts,
    model_months,
    price_steps,
    source_coverage,
    step_frequency,
    variant_class,
)
from undercut.errors import DataError, InputError, UnknownNameError


def rows(*given: tuple[str, str, int, float]) -> pd.DataFrame:
    frame = pd.DataFrame(given, columns=["model_id", "host", "month", "price"])
    return as_panel(frame.assign(log_price=np.log(frame["price"]), age_months=frame["month"]))


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    return undercut.load_prices()


@pytest.fixture(scope="module")
def panel(prices: pd.DataFrame) -> pd.DataFrame:
    return host_panel(prices, start="2026-03")


def test_each_open_model_has_one_price_at_a_host_in_a_month(panel: pd.DataFrame) -> None:
    assert not panel.duplicated(["model_id", "host", "month"]).any()
    assert panel["access"].str.startswith("open").all() and panel["price"].gt(0).all()
    assert not panel["host_kind"].eq("router").any()
    assert panel["age_months"].ge(0).all()


def test_hosts_of_a_source_that_ended_do_not_seem_to_leave(prices: pd.DataFrame, panel: pd.DataFrame) -> None:
    with_ended = host_panel(prices, sources=None, start="2026-03")
    lost = {
        name: (
            set(frame.loc[frame["period"] == "2026-05", "host"])
            - set(frame.loc[frame["period"] == "2026-08", "host"])
        )
        for name, frame in (("all", with_ended), ("continuing", panel))
    }
    assert len(lost["all"]) > 20 and len(lost["continuing"]) <= 3
    shown = source_coverage(prices, start="2026-03").set_index(["period", "source"])["hosts"]
    assert ("2026-05", "models-dev") in shown.index and ("2026-08", "models-dev") not in shown.index


def test_the_developers_own_site_is_told_from_other_hosts(panel: pd.DataFrame) -> None:
    own = panel[panel["is_own"]]
    assert {"deepseek", "zai", "mistral"} <= set(own["host"])
    assert not own["host"].isin(["deepinfra", "fireworks", "amazon-bedrock"]).any()
    arcee = panel[panel["host"].eq("arcee") & panel["developer"].ne("Arcee AI")]
    assert len(arcee) and not arcee["is_own"].any()


def test_variants_are_told_apart_and_kept_out_of_the_standard_panel(prices: pd.DataFrame) -> None:
    assert variant_class(pd.Series([None, "", "nvfp4", "us-gov-west-1", "highspeed", "lora"])).tolist() == [
        "standard", "standard", "quantised", "regional", "fast", "other",
    ]  # fmt: skip
    regional = host_panel(prices, variant="regional", start="2026-08")
    assert set(regional["host"]) <= {"amazon-bedrock", "fireworks", "azure", "google-vertex"}


def test_a_month_without_the_variant_has_no_rows_and_stops_nothing(prices: pd.DataFrame) -> None:
    one_host = prices[prices["host"].eq("fireworks")]
    fast = host_panel(one_host, variant="fast")
    assert fast["month"].max() > fast["month"].min()


def test_unknown_sources_and_variants_are_named(prices: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="litellm"):
        host_panel(prices, sources=["litelm"])
    with pytest.raises(UnknownNameError, match="quantised"):
        host_panel(prices, variant="quantized")
    with pytest.raises(DataError, match="standard"):
        host_panel(prices[prices["access"].eq("closed")])


def test_dispersion_of_three_prices_by_hand() -> None:
    table = model_months(rows(("a", "x", 0, 1.0), ("a", "y", 0, 2.0), ("a", "z", 0, 6.0))).iloc[0]
    assert (table["lowest"], table["median"], table["mean"], table["highest"]) == (1, 2, 3, 6)
    assert (table["ratio"], table["gap"], table["sellers"]) == (6, 1, 3)
    assert table["variation"] == pytest.approx(np.sqrt(7) / 3)


def test_only_unbroken_offers_make_steps_and_corrections_are_counted() -> None:
    panel = rows(
        ("a", "x", 0, 1.0), ("a", "x", 1, 0.5), ("a", "x", 3, 0.2), ("a", "y", 1, 9.0), ("b", "x", 0, 5.0),
        ("b", "x", 1, 0.005),
    )  # fmt: skip
    steps = price_steps(panel)
    assert steps[["model_id", "host", "month"]].to_numpy().tolist() == [["a", "x", 1]]
    assert steps["step"].iloc[0] == pytest.approx(np.log(0.5))
    assert steps.attrs["set_aside"] == 1
    with pytest.raises(InputError, match="factor above 1"):
        price_steps(panel, largest=0.5)


def test_the_share_of_changed_prices_by_hand() -> None:
    panel = rows(
        *[("a", "x", month, price) for month, price in enumerate([1.0, 0.5, 0.5, 0.6, 0.6])],
        *[("a", "y", month, 2.0) for month in range(5)],
    )  # fmt: skip
    told = step_frequency(panel, draws=50).set_index("move")
    assert told["percent"].to_dict() == {"any change": 25.0, "cut": 12.5, "rise": 12.5}
    assert told.loc["any change", ["offer_months", "moves", "hosts"]].tolist() == [8, 2, 1]
    assert told.loc["any change", "low"] <= 25 <= told.loc["any change", "high"]


def test_the_cheapest_host_is_counted_among_models_that_others_sell_too() -> None:
    panel = rows(
        ("a", "x", 0, 1.0), ("a", "y", 0, 2.0), ("b", "x", 0, 1.0), ("c", "x", 0, 3.0), ("c", "y", 0, 3.0)
    )
    table = largest_hosts(panel).set_index("host")
    assert table.loc["x", ["models", "shared", "cheapest"]].tolist() == [3, 2, 2]
    assert table.loc["y", ["models", "shared", "cheapest"]].tolist() == [2, 2, 1]


def test_an_edition_is_compared_with_the_same_hosts_plain_offer(prices: pd.DataFrame) -> None:
    bedrock = prices[prices["host"].eq("amazon-bedrock") & prices["valid_from"].ge("2025-11-01")]
    plain = host_panel(bedrock, start="2026-01")
    regional = variant_premium(bedrock, plain, "regional", draws=50)
    assert regional.cells["offers"].sum() > 10
    doubled = bedrock.assign(price=bedrock["price"].where(bedrock["variant"].isna(), 2 * bedrock["price"]))
    shifted = variant_premium(doubled, plain, "regional", draws=50)
    assert shifted.value == pytest.approx(regional.value + np.log(2))
