"""Do the reference tables keep their contracts, and is a breach told in words a user can act on?"""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.paths import ROOT, SHARED
from undercut.errors import DataError, InputError, UnknownNameError
from undercut.provenance import Provenance, attach, provenance_of
from undercut.sources.reference import TABLES, load_reference

REFERENCE = ROOT / "data" / "reference"
GIVEN = SHARED / "data"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_keeps_its_contract_and_says_where_it_comes_from(name: str) -> None:
    table = load_reference(name)
    small = ("adopters", "claims", "claim_tests", "us_adoption", "shares_outstanding", "predictions")
    assert len(table) >= (10 if name in small else 100)
    (entry,) = provenance_of(table)
    content = (REFERENCE / TABLES[name].file).read_bytes()
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["source"] and entry["version"] and entry["licence"]


def test_a_table_is_read_once_and_what_a_caller_does_to_it_stays_with_him() -> None:
    mine = load_reference("hosts")
    assert mine.index is not load_reference("hosts").index
    mine.loc[0, "name"] = "changed"
    mine["kind"] = "changed"
    mine.sort_values("host", ascending=False, inplace=True, ignore_index=True)  # noqa: PD002
    mine.index.name = mine.columns.name = "changed"
    mine.attrs.clear()
    again = load_reference("hosts")
    assert not again.isin(["changed"]).any().any() and again["host"].iloc[0] < again["host"].iloc[-1]
    assert again.index.name is None and again.columns.name is None and provenance_of(again)


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    for name in ("A", "B"):
        (tmp_path / "hosts.csv").write_text(
            f"host,name,country,kind,raw_hosts,closed_on\na,{name},US,host,a,\n"
        )
        assert load_reference("hosts", directory=tmp_path)["name"].tolist() == [name]


def test_provenance_follows_a_table_to_other_processes_and_files(tmp_path: Path) -> None:
    hosts = load_reference("hosts").query("kind == 'cloud'").merge(pd.DataFrame({"host": ["azure"]}))
    hosts = attach(hosts, *(Provenance(**entry) for entry in provenance_of(load_reference("hosts"))))
    hosts.to_parquet(tmp_path / "hosts.parquet")
    code = (
        "import sys, pickle, json; from undercut.provenance import Provenance, attach, provenance_of;"
        "print(json.dumps(provenance_of(pickle.load(sys.stdin.buffer))))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(hosts), capture_output=True, check=True
    )
    assert json.loads(run.stdout) == provenance_of(hosts) == provenance_of(load_reference("hosts"))
    assert provenance_of(pd.read_parquet(tmp_path / "hosts.parquet")) == provenance_of(hosts)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_described_in_the_data_readme(name: str) -> None:
    readme = (REFERENCE.parent / "README.md").read_text()
    assert f"`{TABLES[name].file}`" in readme


def test_days_are_days_and_numbers_numbers() -> None:
    events = load_reference("events").set_index("event_id")
    assert events.loc["E001", "date"] == pd.Timestamp("2023-07-18")
    capability = load_reference("capability").set_index("model")
    assert capability.loc["GPT-5.6 Sol", "eci"] == pytest.approx(161.65)
    assert load_reference("token_usage_weekly")["tokens"].max() > 10**11


def test_a_text_that_looks_missing_is_kept_and_an_empty_cell_is_missing(tmp_path: Path) -> None:
    (tmp_path / "hosts.csv").write_text(
        "host,name,country,kind,raw_hosts,closed_on\na,N/A,NA,host,null,\nb,B,,host,b,2025-01-01\n"
    )
    hosts = load_reference("hosts", directory=tmp_path)
    assert hosts.loc[0, ["name", "country", "raw_hosts"]].tolist() == ["N/A", "NA", "null"]
    assert pd.isna(hosts.loc[1, "country"])


def test_intervals_of_the_capability_index_hold_their_score() -> None:
    capability = load_reference("capability").dropna(subset=["eci_low", "eci_high"])
    assert (capability["eci_low"] <= capability["eci"]).all()
    assert (capability["eci"] <= capability["eci_high"]).all()


def test_no_unverified_figure_of_a_company_is_shipped() -> None:
    assert set(load_reference("fundamentals")["confidence"]) == {"source_read", "secondary_source"}


def test_trading_days_of_events_are_weekdays_not_before_the_event() -> None:
    events = load_reference("events")
    assert (events["us_trading_day"].dt.day_of_week < 5).all()
    assert (events["us_trading_day"] >= events["date"]).all()


@pytest.mark.skipif(not GIVEN.exists(), reason="the tables as handed over are not on this machine")
@pytest.mark.parametrize(
    "name",
    ["capability", "gpu_rental", "fundamentals", "token_mix_weekly", "token_open_share_daily",
     "token_usage_daily", "token_usage_weekly"],
)  # fmt: skip
def test_shipped_tables_hold_what_was_handed_over_but_for_unverified_figures(name: str) -> None:
    collected = GIVEN / "evidence" / f"{name}.csv"
    given = pd.read_csv(collected if collected.exists() else GIVEN / TABLES[name].file, dtype="str")
    if name == "fundamentals":
        given = given[given["confidence"] != "unverified"].reset_index(drop=True)
    shipped = pd.read_csv(REFERENCE / TABLES[name].file, dtype="str")
    pd.testing.assert_frame_equal(shipped, given)


def test_an_unknown_table_is_refused_with_the_closest_names() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean: hosts"):
        load_reference("host")


def test_a_day_sees_only_weeks_that_were_over_runs_of_models_that_were_out_and_published_figures() -> None:
    weeks = load_reference("token_usage_weekly", as_of="2026-03-31")["week_start"]
    assert weeks.max() == pd.Timestamp("2026-03-23")  # the week from the 30th ends on 5 April
    assert load_reference("token_usage_weekly", as_of="2026-04-05")["week_start"].max().day == 30
    costs = load_reference("cost_per_task", as_of="2025-06-30")
    released = load_reference("models").set_index("model_id")["release_date"]
    assert costs["date"].max() <= pd.Timestamp("2025-06-30") and costs["date"].isna().any()
    assert costs.loc[costs["date"].isna(), "model_id"].map(released).max() <= pd.Timestamp("2025-06-30")
    firms = load_reference("us_adoption", as_of="2026-05-30")
    assert set(firms["vintage"]) == {"2023", "2024", "2024-03", "2025-08", "2025-12", "2025-mid", "2025-end",
                                     "2026-02"}  # fmt: skip
    assert provenance_of(firms) == provenance_of(load_reference("us_adoption"))
    assert len(load_reference("events", as_of=None)) == len(load_reference("events"))


def test_a_table_without_days_refuses_a_day_and_names_those_that_have_some() -> None:
    with pytest.raises(InputError, match=r"'hosts' are of no day.*gpu_rental"):
        load_reference("hosts", as_of="2025-06-30")
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        load_reference("events", as_of="06/30/2025")


def test_a_missing_table_says_how_to_restore_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="restore it with `git checkout"):
        load_reference("hosts", directory=tmp_path)


BREACHES = {
    "a,A,US,shop,a": "line 2, column 'kind': 'shop'",
    "a,A,USA,host,a": "line 2, column 'country': 'USA'",
    "a,,US,host,a": "line 2, column 'name'",
    "A B,A,US,host,a": "line 2, column 'host': 'A B'",
    "a,A,US,host,a\na,B,US,host,b": "line 3, column 'host': 'a'",
}


@pytest.mark.parametrize(("rows", "told"), BREACHES.items(), ids=BREACHES.values())
def test_a_breach_of_contract_names_line_column_and_value(tmp_path: Path, rows: str, told: str) -> None:
    (tmp_path / "hosts.csv").write_text(
        "host,name,country,kind,raw_hosts,closed_on\n" + "".join(f"{row},\n" for row in rows.split("\n"))
    )
    with pytest.raises(DataError) as failure:
        load_reference("hosts", directory=tmp_path)
    assert told in str(failure.value)


def test_a_table_with_another_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts.csv").write_text(
        "host,name,country,kind,raw_hosts,closed_on,colour\na,A,US,host,a,,red\n"
    )
    with pytest.raises(DataError, match="colour"):
        load_reference("hosts", directory=tmp_path)


def test_a_day_that_is_not_iso_is_refused(tmp_path: Path) -> None:
    (tmp_path / "aliases.csv").write_text(
        "host,alias,model_id,valid_from,valid_to,source\n*,x-latest,x-1,yesterday,,somebody\n"
    )
    with pytest.raises(DataError, match="'yesterday'"):
        load_reference("aliases", directory=tmp_path)
