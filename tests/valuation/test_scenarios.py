"""Scenarios as files: those shipped, one that a user adds, and mistakes told with file and key."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from undercut.errors import DataError, SourceError, UnknownNameError
from undercut.valuation.scenarios import load_scenarios, scenario
from undercut.valuation.vendors import vendor_case, vendor_names

SHIPPED = {
    "status-quo",
    "price-war",
    "open-parity",
    "demand-boom",
    "export-clamp-down",
    "chinese-price-rises",
}


def test_the_six_scenarios_ship() -> None:
    assert set(load_scenarios()) >= SHIPPED


@pytest.mark.parametrize("ticker", list(vendor_names()["ticker"]))
def test_the_status_quo_changes_nothing_and_every_scenario_can_be_valued(
    fundamentals: pd.DataFrame, ticker: str
) -> None:
    case = vendor_case(ticker, fundamentals)
    values = {name: float(told.apply(case).value().enterprise[0]) for name, told in load_scenarios().items()}
    assert values["status-quo"] == float(case.value().enterprise[0])
    assert pd.Series(values).notna().all() and set(values) >= SHIPPED


def test_the_narrower_change_wins(fundamentals: pd.DataFrame) -> None:
    clamp = scenario("export-clamp-down")
    tsmc, nvidia = (clamp.changes_for(vendor_case(t, fundamentals)) for t in ("TSM", "NVDA"))
    assert (tsmc["share_loss"], nvidia["share_loss"]) == (0.05, 0.12)
    changed = clamp.apply(vendor_case("TSM", fundamentals)).assumptions["share_loss"]
    assert changed.default == 0.05 and "export-clamp-down" in changed.source


def test_a_user_adds_a_scenario_by_adding_a_file(tmp_path: Path, fundamentals: pd.DataFrame) -> None:
    (tmp_path / "mine.toml").write_text(
        'title = "Mine"\nstory = "Rents double."\n[set]\nrental_decline = -0.5\n'
    )
    found = load_scenarios(tmp_path)
    assert list(found) == ["mine"]
    case = found["mine"].apply(vendor_case("AMZN", fundamentals))
    assert case.assumptions["rental_decline"].default == -0.5


def test_every_mistake_is_told_with_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(
        'story = ""\ncolour = 1\n[set]\nprice_erosoin = 0.1\nelasticity = 3\ntax_rate = "high"\n'
        "[role.chip]\nshare_loss = 0.1\n[ticker.NVDAA]\nshare_loss = 2.0\n"
    )
    with pytest.raises(DataError) as caught:
        load_scenarios(tmp_path)
    told = str(caught.value)
    for part in (
        "bad.toml: key 'colour' is not known", "key 'title' must be a text", "key 'story' must be a text",
        "'set.price_erosoin': Unknown parameter", "Did you mean: price_erosion", "'set.elasticity'",
        "buy more because it costs more", "'set.tax_rate'", "must be a number", "'role.chip'",
        "'ticker.NVDAA'",
        "shares would become negative",
    ):  # fmt: skip
        assert part in told, part


def test_a_file_that_is_not_toml_and_a_name_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[set\n")
    with pytest.raises(SourceError, match=r"broken\.toml is not TOML"):
        load_scenarios(tmp_path)
    with pytest.raises(UnknownNameError, match="Did you mean: price-war"):
        scenario("price-wra")
    with pytest.raises(DataError, match="There is no scenario"):
        load_scenarios(tmp_path / "empty")


def test_scenarios_turn_in_the_direction_that_their_drivers_say(fundamentals: pd.DataFrame) -> None:
    change = {}
    for ticker in ("ANTHROPIC", "NVDA"):
        case = vendor_case(ticker, fundamentals)
        base = float(case.value().enterprise[0])
        for name, told in load_scenarios().items():
            change[ticker, name] = float(told.apply(case).value().enterprise[0]) / base - 1
    assert change["ANTHROPIC", "open-parity"] < 0 < change["ANTHROPIC", "demand-boom"]
    assert change["NVDA", "export-clamp-down"] < 0 < change["NVDA", "demand-boom"]
    assert change["NVDA", "open-parity"] > 0, "open models need chips too: cheaper tokens, more of them"
