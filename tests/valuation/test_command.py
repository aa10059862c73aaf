"""`undercut value`: tables for people, JSON for programs, advice for mistakes."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
from click.testing import CliRunner

import undercut
from undercut.cli import app
from undercut.errors import InputError, UndercutError
from undercut.valuation.assumptions import load_assumptions
from undercut.valuation.firm import parse_settings, value_command, value_firm


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["value", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_holds_value_accounts_range_implied_and_assumptions() -> None:
    told = json.loads(invoke("NVDA", "--set", "share_price=180", "--format", "json"))
    assert set(told) == {
        "value", "accounts", "cost_of_capital", "range", "implied", "tornado", "assumptions", "notes"
    }  # fmt: skip
    bridge = {row["item"]: row["value"] for row in told["value"]}
    assert bridge["equity"] == pytest.approx(bridge["operations"] - bridge["debt"] + bridge["cash"])
    assert len(told["implied"]) == 17 and told["implied"][0]["elasticity"] == -1.6
    assert any(f"{180 * 24_100:,} million: share price given by the user, times" in n for n in told["notes"])
    assert all(row["source_title"] for row in told["accounts"])
    assert all(row["source"] and row["unit"] for row in told["assumptions"])
    assert any("Not a target price" in note for note in told["notes"])


def test_scenario_and_settings_change_the_value_and_the_setting_wins() -> None:
    def equity(*arguments: str) -> float:
        told = json.loads(invoke("AMZN", *arguments, "--format", "json"))
        return next(row["value"] for row in told["value"] if row["item"] == "equity")

    plain, war = equity(), equity("--scenario", "price-war")
    assert plain != war
    changed = ("price_erosion", "frontier_erosion", "erosion_half_life")
    undone = [f"--set={name}={load_assumptions()[name].default!r}" for name in changed]
    assert equity("--scenario", "price-war", *undone) == pytest.approx(plain)


def test_the_table_names_the_share_that_the_exercise_can_speak_about() -> None:
    text = invoke("META")
    assert "of which AI business" in text and "cost of capital" in text


def test_a_market_value_in_the_accounts_currency_needs_no_rate() -> None:
    told = value_command("BABA", settings=["market_value=2500000CNY"])
    assert any("market value 2,500,000 million" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["NVDAA"], "Unknown ticker 'NVDAA'. Did you mean: NVDA"),
        (["NVDA", "--scenario", "price-wra"], "Did you mean: price-war"),
        (["NVDA", "--set", "elasticity"], "write name=value"),
        (["NVDA", "--set", "elasticity=x"], "'x' is not a number"),
        (["NVDA", "--set", "elastic=1"], "Unknown parameter 'elastic'"),
        (["NVDA", "--set", "share_loss=2"], "shares would become negative"),
        (["NVDA", "--set", "terminal_growth=0.19"], "outgrow the whole economy"),
        (["NVDA", "--set", "share_price=1", "--set", "market_value=2"], "Give one of"),
        (["BABA", "--set", "share_price=100"], "No published rate of CNY"),
        (["NVDA", "--as-of", "June"], "YYYY-MM-DD"),
        (["NVDA", "--format", "yaml"], "--format must be one of"),
    ],
)
def test_a_mistake_is_told_with_advice(arguments: list[str], message: str) -> None:
    with pytest.raises(UndercutError) as caught:
        invoke(*arguments)
    assert message in str(caught.value)


def test_a_mistake_is_one_line_and_exit_status_two() -> None:
    command = [sys.executable, "-m", "undercut.cli", "value", "NVDAA"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and run.stderr.count("\n") == 1 and run.stdout == ""
    assert run.stderr.startswith("undercut: Unknown ticker")


def test_settings_keep_currencies_apart_from_numbers() -> None:
    twd = value_firm("TSM", **parse_settings(["market_value=30e6TWD"])).case.market_value
    assert twd is not None and (twd.value, twd.currency) == (30e6, "TWD")
    with pytest.raises(InputError, match="is not a number"):
        value_firm("NVDA", share_price="ninety")


def test_the_door_and_the_command_say_the_same() -> None:
    found = undercut.value_firm("NVDA", scenario="price-war", elasticity=-0.8)
    told = value_command("NVDA", scenario_name="price-war", settings=["elasticity=-0.8"])
    pd.testing.assert_frame_equal(found.to_frame(), told["value"])  # type: ignore[arg-type]
    assert found.scenario == "price-war" and found.settings == {"elasticity": -0.8}
    assert len(repr(found)) < 2000 and "Not a target price" in found.summary()
    assert found.implied() is None and found.plot().get_xlabel() == "equity, billion USD"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom undercut.cli import app\napp(['value', '--help'], standalone_mode=False)\n"
        "print('loaded:', *{'pandas', 'numpy', 'scipy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.rstrip().endswith("loaded:")
