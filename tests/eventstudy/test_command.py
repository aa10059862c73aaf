"""The event study of anyone's files: the agreed JSON, and failures that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.eventstudy.conftest import plain
from tests.paths import ROOT
from undercut.errors import CellError, DataError, InputError, SourceError, UnitError, UnknownNameError
from undercut.eventstudy.command import eventstudy_command
from undercut.eventstudy.model import event_study


@pytest.fixture
def files(tmp_path: Path, returns: pd.DataFrame, events: pd.DataFrame) -> tuple[Path, Path]:
    returns.to_csv(tmp_path / "returns.csv")
    events.to_csv(tmp_path / "events.csv", index=False)
    return tmp_path / "returns.csv", tmp_path / "events.csv"


def test_the_json_has_the_agreed_shape(files: tuple[Path, Path]) -> None:
    found = json.loads(json.dumps(plain(eventstudy_command(files[0], events=files[1], market="market"))))
    assert list(found) == ["abnormal_returns", "car", "caar", "tests", "warnings"]
    assert list(found["abnormal_returns"][0]) == ["event", "firm", "day", "ar", "se"]
    assert list(found["car"][0]) == ["event", "firm", "window", "car", "se", "n_estimation"]
    assert list(found["tests"][0]) == ["group", "window", "test", "statistic", "p_value", "n"]
    assert found["car"][0]["window"] == "-1:1"
    assert all(isinstance(note, str) for note in found["warnings"])


def test_the_numbers_are_those_of_the_library(
    files: tuple[Path, Path], returns: pd.DataFrame, events: pd.DataFrame
) -> None:
    found = eventstudy_command(
        files[0], events=files[1], market="market", estimation="-150:-21", window="0:2"
    )
    study = event_study(returns, events, market="market", estimation=(-150, -21), window=(0, 2))
    expected = study.car()[["event", "firm", "window", "car", "se", "n_estimation"]]
    pd.testing.assert_frame_equal(found["car"], expected)


def test_long_returns_and_blank_firms(tmp_path: Path, returns: pd.DataFrame) -> None:
    long = returns.reset_index().melt("date", var_name="firm", value_name="return").dropna()
    long.to_csv(tmp_path / "long.csv", index=False)
    text = f"event,firm,date\nrelease,,{returns.index[360]:%Y-%m-%d}\n"
    (tmp_path / "events.csv").write_text(text)
    found = eventstudy_command(tmp_path / "long.csv", events=tmp_path / "events.csv", market="market")
    assert found["car"]["firm"].tolist() == list("ABCDEF")


def test_factors_are_columns_of_the_returns(files: tuple[Path, Path], returns: pd.DataFrame) -> None:
    returns.assign(smb=np.random.default_rng(0).normal(0, 0.01, len(returns))).to_csv(files[0])
    found = eventstudy_command(files[0], events=files[1], market="market,smb", model="factors")
    assert "smb" not in set(found["car"]["firm"])


def test_missing_days_are_null(files: tuple[Path, Path], returns: pd.DataFrame) -> None:
    returns.iloc[360, 0] = np.nan
    returns.to_csv(files[0])
    rows = plain(eventstudy_command(files[0], events=files[1], market="market"))["car"]
    missing = [row["car"] for row in rows if row["event"] == "event 1" and row["firm"] == "A"]
    assert missing == [None]


def test_a_firm_called_na_is_a_firm(tmp_path: Path, returns: pd.DataFrame) -> None:
    returns.rename(columns={"A": "NA"}).to_csv(tmp_path / "returns.csv")
    (tmp_path / "events.csv").write_text(f"event,firm,date\nx,NA,{returns.index[360]:%Y-%m-%d}\n")
    found = eventstudy_command(tmp_path / "returns.csv", events=tmp_path / "events.csv", market="market")
    assert found["car"]["firm"].tolist() == ["NA"]


def test_a_short_estimation_window_is_used_but_said(files: tuple[Path, Path]) -> None:
    found = eventstudy_command(files[0], events=files[1], market="market", estimation="-60:-11")
    assert any("50 days" in note for note in found["warnings"])


def test_failures_name_the_way_out(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        eventstudy_command(tmp_path / "absent.csv", events=files[1])
    with pytest.raises(UnknownNameError, match="market"):
        eventstudy_command(files[0], events=files[1], market="Market")
    (tmp_path / "words.csv").write_text("date,A\n2024-01-02,0.1\n2024-01-03,many\n")
    with pytest.raises(CellError, match="line 3, column 'A': 'many'"):
        eventstudy_command(tmp_path / "words.csv", events=files[1])
    (tmp_path / "undated.csv").write_text("event,firm\nx,A\n")
    with pytest.raises(DataError, match="column date"):
        eventstudy_command(files[0], events=tmp_path / "undated.csv", market="market")


def test_the_market_may_be_a_column_beside_the_returns(
    files: tuple[Path, Path], returns: pd.DataFrame, tmp_path: Path
) -> None:
    firms = returns.drop(columns="market").reset_index()
    long = firms.melt("date", var_name="firm", value_name="return").dropna()
    long = long.merge(returns["market"].rename("index return").reset_index(), on="date")
    long.to_csv(tmp_path / "long.csv", index=False)
    beside = eventstudy_command(tmp_path / "long.csv", events=files[1], market="index return")
    among = eventstudy_command(files[0], events=files[1], market="market")
    pd.testing.assert_frame_equal(beside["car"], among["car"])
    long["index return"] += long["firm"].eq("A") * long["return"].mean()  # a benchmark of its own
    long.to_csv(tmp_path / "long.csv", index=False)
    own = eventstudy_command(tmp_path / "long.csv", events=files[1], market="index return")["car"]
    assert own.iloc[1:6]["car"].tolist() == pytest.approx(among["car"].iloc[1:6]["car"].tolist())


def test_rates_and_factors_come_from_files_or_columns(
    files: tuple[Path, Path], returns: pd.DataFrame, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    factors = pd.DataFrame(
        {"mkt_rf": returns["market"] - 1e-4, "smb": rng.normal(0, 0.004, len(returns)), "rf": 1e-4},
        index=returns.index,
    )
    french = "This file was made by hand\n\n,Mkt-RF,SMB,RF\n" + "".join(
        f"{day:%Y%m%d},{100 * m:.10f},{100 * s:.10f},{100 * r:.10f}\n"
        for day, (m, s, r) in zip(factors.index, factors.to_numpy(), strict=True)
    )
    (tmp_path / "french.csv").write_text(french)
    factors.to_csv(tmp_path / "mine.csv")
    firms, events = returns.drop(columns="market"), pd.read_csv(files[1])
    firms.to_csv(tmp_path / "firms.csv")
    expected = event_study(
        firms, events, model="factors", factors=factors[["mkt_rf", "smb"]], risk_free=factors["rf"]
    ).car()["car"]
    for name in ("french.csv", "mine.csv"):
        found = eventstudy_command(tmp_path / "firms.csv", events=files[1], factors=tmp_path / name)
        np.testing.assert_allclose(found["car"]["car"], expected, atol=1e-9)
    alone = event_study(returns, events, market="market", risk_free=factors["rf"]).car()["car"]
    by_file = eventstudy_command(
        tmp_path / "firms.csv", events=files[1], factors=tmp_path / "mine.csv", model="market"
    )
    np.testing.assert_allclose(by_file["car"]["car"], alone, atol=1e-9)
    factors[["rf"]].to_csv(tmp_path / "rate.csv")
    options = {"events": files[1], "market": "market", "risk_free": str(tmp_path / "rate.csv")}
    np.testing.assert_allclose(eventstudy_command(files[0], **options)["car"]["car"], alone, atol=1e-9)
    (100 * 252 * factors[["rf"]]).to_csv(tmp_path / "rate.csv")
    with pytest.raises(UnitError, match="risk-free rate is"):
        eventstudy_command(files[0], **options)
    with pytest.raises(UnknownNameError, match="Unknown factor 'hml'"):
        eventstudy_command(files[0], events=files[1], factors=tmp_path / "mine.csv", market="hml")
    with pytest.raises(UnknownNameError, match="nothing"):
        eventstudy_command(files[0], events=files[1], market="market", risk_free="nothing")


SAMPLE = ROOT / "data" / "sample" / "stock_returns_bp.csv"


def test_the_shipped_sample_is_read_in_its_own_unit(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("event,firm,date\nshock,NVDA,2025-01-27\nday,,2025-09-10\n")
    options = {"events": tmp_path / "events.csv", "market": "RSP", "window": "0:0", "estimation": "-150:-31"}
    found = eventstudy_command(SAMPLE, **options)
    cars = found["car"].set_index(["event", "firm"])["car"]
    assert cars["shock", "NVDA"] == pytest.approx(-0.171, abs=0.002)
    assert len(cars["day"]) == 18 and not {"RSP", "SPY", "QQQ", "SMH"} & set(cars["day"].index)
    assert any("basis points" in note for note in found["warnings"])
    pd.testing.assert_frame_equal(eventstudy_command(SAMPLE, **options, values="bp")["car"], found["car"])


def test_the_unit_is_that_of_the_column_or_asked_for(
    tmp_path: Path, files: tuple[Path, Path], returns: pd.DataFrame
) -> None:
    plainly = eventstudy_command(files[0], events=files[1], market="market")["car"]
    long = (100 * returns).reset_index().melt("date", var_name="Ticker", value_name="ret_pct").dropna()
    long.assign(source="mine").to_csv(tmp_path / "long.csv", index=False, sep=";")
    named = eventstudy_command(tmp_path / "long.csv", events=files[1], market="market")["car"]
    pd.testing.assert_frame_equal(named, plainly)
    (100 * returns).to_csv(tmp_path / "wide.csv")
    asked = eventstudy_command(tmp_path / "wide.csv", events=files[1], market="market", values="percent")
    pd.testing.assert_frame_equal(asked["car"], plainly)
    with pytest.raises(InputError, match="auto, decimal, percent, bp"):
        eventstudy_command(files[0], events=files[1], market="market", values="pips")
    long.to_csv(tmp_path / "long_bp.csv", index=False)
    with pytest.raises(UnitError, match="different units"):
        eventstudy_command(tmp_path / "long_bp.csv", events=files[1], market="market")
    (1e4 * returns).to_csv(tmp_path / "unnamed.csv")
    with pytest.raises(UnitError, match="--values"):
        eventstudy_command(tmp_path / "unnamed.csv", events=files[1], market="market")
