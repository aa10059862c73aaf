"""Which steps in the tables were changes of price? Small worlds with known answers, and the real ones."""

from __future__ import annotations

import pandas as pd
import pytest

from undercut.errors import InputError, UnknownNameError
from undercut.panel.changes import (
    CHANGE_COLUMNS,
    build_changes,
    load_changes,
    load_records,
    select_changes,
)
from undercut.panel.schema import PANEL_COLUMNS
from undercut.panel.store import load_panel
from undercut.sources.witnesses import WITNESS_COLUMNS

NO_RECORDS = load_records().iloc[:0]


def offer(source: str, price: float, start: str, end: str | None, **other: object) -> dict[str, object]:
    """One row of a panel: one model at one seller at one price (output twice the input)."""
    last = pd.Timestamp(end or "2026-01-01", tz="UTC") - pd.Timedelta(days=1)
    row = {
        "host": "acme", "model_id": "m", "raw_id": "acme/m", "variant": "", "source": source,
        "input": price, "output": 2 * price, "valid_from": pd.Timestamp(start),
        "valid_to": pd.Timestamp(end) if end else pd.NaT, "first_seen": pd.Timestamp(start, tz="UTC"),
        "last_seen": last, "status": "ok", "note": "",
    }  # fmt: skip
    return {**dict.fromkeys(PANEL_COLUMNS), **row, **other}


def seen(tracker: str, price: float, start: str, end: str, **other: object) -> dict[str, object]:
    """One run of a witness."""
    day = pd.Timestamp(start)
    row = {
        "tracker": tracker, "family": tracker, "host": "acme", "model_id": "m", "variant": "",
        "input": price, "output": 2 * price, "observed_from": day, "observed_to": pd.Timestamp(end),
        "known_from": day,
    }  # fmt: skip
    return {**row, **other}


def judge(rows: list[dict[str, object]], witnesses: list[dict[str, object]]) -> pd.DataFrame:
    panel = pd.DataFrame(rows, columns=list(PANEL_COLUMNS))
    told = pd.DataFrame(witnesses, columns=list(WITNESS_COLUMNS))
    told = told.astype({"input": "float64", "output": "float64"})
    for column in ("observed_from", "observed_to", "known_from"):
        told[column] = pd.to_datetime(told[column])
    return build_changes(panel, told, NO_RECORDS)


CUT = [offer("litellm", 10, "2025-01-01", "2025-06-11"), offer("litellm", 2, "2025-06-11", None)]


def test_a_step_that_a_witness_took_as_well_is_real_and_has_its_day() -> None:
    found = judge(CUT, [seen("a", 10, "2025-01-01", "2025-05-20"), seen("a", 2, "2025-05-20", "2026-01-01")])
    assert found[["verdict", "witnesses"]].to_numpy().tolist() == [["real", "a"]]
    assert found["changed_on"][0] == pd.Timestamp("2025-05-20")
    assert found["shown_on"][0] == pd.Timestamp("2025-06-11")


def test_a_price_that_a_witness_gave_from_the_first_day_was_corrected() -> None:
    found = judge(CUT, [seen("a", 2, "2025-01-05", "2026-01-01")])
    assert found["verdict"].tolist() == ["correction"]
    assert found["changed_on"].isna().all()


def test_a_price_that_a_witness_gave_from_the_middle_is_unknown_it_may_be_late() -> None:
    assert judge(CUT, [seen("a", 2, "2025-03-20", "2026-01-01")])["verdict"].tolist() == ["unknown"]


def test_old_and_new_price_may_be_seen_by_different_witnesses() -> None:
    told = [seen("a", 10, "2025-01-01", "2025-06-01"), seen("b", 2, "2025-06-12", "2026-01-01")]
    assert judge(CUT, told)["verdict"].tolist() == ["real"]


def test_two_witnesses_that_keep_the_old_price_show_an_error_brought_in() -> None:
    told = [seen("a", 10, "2025-01-01", "2026-01-01"), seen("b", 10, "2025-01-01", "2026-01-01")]
    assert judge(CUT, told)["verdict"].tolist() == ["correction"]
    assert judge(CUT, told[:1])["verdict"].tolist() == ["unknown"]


def test_a_copy_of_the_table_is_no_witness() -> None:
    told = [
        seen("truefoundry", 10, "2025-01-01", "2025-06-11", family="litellm"),
        seen("truefoundry", 2, "2025-06-11", "2026-01-01", family="litellm"),
    ]
    assert judge(CUT, told)["verdict"].tolist() == ["unknown"]


def test_sources_of_two_families_that_step_alike_confirm_each_other_in_one_row() -> None:
    other = [
        offer("genai-prices", 10, "2025-01-01", "2025-06-20"),
        offer("genai-prices", 2, "2025-06-20", None),
    ]
    found = judge([*CUT, *other], [])
    assert found[["source", "verdict"]].to_numpy().tolist() == [["litellm", "real"]]
    copy = [offer("tokencost", 10, "2025-01-01", "2025-06-20"), offer("tokencost", 2, "2025-06-20", None)]
    assert judge([*CUT, *copy], [])["verdict"].tolist() == ["unknown"]


def test_a_step_from_one_source_to_another_is_no_change() -> None:
    rows = [offer("litellm", 10, "2025-01-01", "2025-06-11"), offer("models-dev", 9, "2025-05-01", None)]
    assert judge(rows, [seen("a", 10, "2025-01-01", "2025-08-01")]).empty


def test_a_step_between_sources_is_one_where_a_third_party_took_it_in_time() -> None:
    rows = [offer("litellm", 10, "2025-01-01", "2025-06-11"), offer("models-dev", 2, "2025-06-01", None)]
    third = [seen("a", 10, "2025-01-01", "2025-05-20"), seen("a", 2, "2025-05-20", "2026-01-01")]
    found = judge(rows, third)
    assert found[["source", "verdict"]].to_numpy().tolist() == [["models-dev", "real"]]
    assert found["changed_on"].tolist() == [pd.Timestamp("2025-05-20")]
    assert found["shown_on"].tolist() == [pd.Timestamp("2025-06-01")]
    # Not where the only one that took it is a party, took it later, or another had the new price all along.
    party = [{**row, "family": "models.dev"} for row in third]
    late = [seen("a", 10, "2025-01-01", "2025-07-20"), seen("a", 2, "2025-07-20", "2026-01-01")]
    assert judge(rows, party).empty and judge(rows, late).empty
    assert judge(rows, [*third, seen("b", 2, "2025-01-05", "2026-01-01")]).empty
    # Nor at a seller whose own lists are read.
    router = [{**row, "host": "openrouter"} for row in rows]
    assert judge(router, [{**row, "host": "openrouter"} for row in third]).empty


def test_a_list_told_anew_in_another_currency_is_no_change_of_prices() -> None:
    names = [f"m{n}" for n in range(5)]
    rows = [
        offer(source, price, start, end, model_id=name, raw_id=f"acme/{name}")
        for name in names
        for source, price, start, end in (
            ("litellm", 10, "2025-01-01", "2025-06-11"),
            ("models-dev", 11, "2025-06-01", None),
        )
    ]
    told = [
        seen("a", price, start, end, model_id=name)
        for name in names
        for price, start, end in ((10, "2025-01-01", "2025-05-20"), (11, "2025-05-20", "2026-01-01"))
    ]
    assert judge(rows, told).empty
    assert len(judge(rows[:8], told)) == 4


def test_the_steps_between_sources_are_those_that_were_looked_at() -> None:
    """Seven, each seen by a tracker that is neither of the two sources; with the day it gives."""
    found = load_changes().query("evidence.str.startswith('between two sources')")
    told = found[["host", "model_id", "input_before", "input_after"]].to_numpy().tolist()
    assert told == [
        ["google", "gemini-1.5-flash-001", 0.35, 0.075],
        ["mistral", "mistral-nemo-2407", 0.3, 0.15],
        ["amazon-bedrock", "llama-3.1-70b-instruct", 0.99, 0.72],
        ["vercel", "qwen3-14b", 0.08, 0.06],
        ["deepinfra", "kimi-k2-0905", 0.5, 0.4],
        ["deepinfra", "llama-3.1-8b-instruct", 0.03, 0.02],
        ["deepseek", "deepseek-v4-pro", 1.74, 0.435],
    ]
    assert (found["verdict"].eq("real") & found["changed_on"].notna()).all()


def test_it_is_a_correction_where_the_price_that_gives_way_was_wrong_all_along() -> None:
    rows = [offer("litellm", 10, "2025-01-01", "2025-06-11"), offer("models-dev", 2, "2025-05-01", None)]
    assert judge(rows, [seen("a", 2, "2025-01-10", "2025-08-01")])["verdict"].tolist() == ["correction"]


def test_rounding_and_a_name_that_moves_are_no_changes() -> None:
    rounded = [offer("litellm", 10, "2025-01-01", "2025-06-11"), offer("litellm", 10.01, "2025-06-11", None)]
    assert judge(rounded, []).empty
    moved = [CUT[0], {**CUT[1], "model_id": "m2"}]
    assert judge(moved, []).empty


def test_an_id_that_replaces_another_of_the_offer_carries_its_price_on() -> None:
    renamed = [CUT[0], {**CUT[1], "raw_id": "acme/m-new"}]
    assert judge(renamed, [])[["input_before", "input_after"]].to_numpy().tolist() == [[10.0, 2.0]]


def test_slips_that_the_numbers_give_away_need_no_witness() -> None:
    swapped = [
        offer("litellm", 4, "2025-01-01", "2025-06-11", output=1.0),
        offer("litellm", 1, "2025-06-11", None, output=4.0),
    ]
    found = judge(swapped, [])
    assert found["evidence"].tolist() == ["input and output had been exchanged"]
    zero = [
        offer("litellm", 3, "2025-01-01", "2025-06-11", output=0.15),
        offer("litellm", 3, "2025-06-11", None, output=15.0),
    ]
    assert judge(zero, [])["verdict"].tolist() == ["correction"]


def test_every_change_has_a_verdict_evidence_and_two_prices_that_differ() -> None:
    changes = load_changes()
    assert tuple(changes.columns) == CHANGE_COLUMNS
    assert set(changes["verdict"]) == {"real", "correction", "unknown"}
    assert changes["evidence"].ne("").all()
    moved = (changes["input_before"] / changes["input_after"] - 1).abs() > 0.001
    moved |= (changes["output_before"] / changes["output_after"] - 1).abs() > 0.001
    assert moved.all()
    assert changes.loc[changes["verdict"] != "real", "changed_on"].isna().all()


#: Judged by hand, each with its basis: host, model, input and output before and after, verdict.
KNOWN = [
    ("openai", "o3", 10, 40, 2, 8, "real"),  # OpenAI's announcement of 10 June 2025
    ("google-vertex", "codestral-2405", 1, 3, 0.2, 0.6, "real"),  # aichat: 25 September 2024
    ("azure", "gpt-5.6-luna", 1, 6, 0.2, 1.2, "real"),  # portkey: 7 August 2026
    ("azure", "mistral-large-2402", 8, 24, 4, 12, "real"),  # as at Mistral, where aichat saw it
    (
        "databricks",
        "claude-3-7-sonnet-20250219",
        2.5,
        178.57,
        2.5,
        17.857,
        "correction",
    ),  # pull request 11007
    ("mistral", "mistral-medium-2505", 2.7, 8.1, 0.4, 2, "correction"),  # the name's former model
    ("mistral", "codestral-2501", 1, 3, 0.3, 0.9, "correction"),  # aichat, lobehub
    ("groq", "llama-3.1-8b-instruct", 0.59, 0.79, 0.05, 0.08, "correction"),  # the 70B model's price
    ("google", "gemini-2.5-flash-preview-05-20", 0.15, 0.6, 0.3, 2.5, "correction"),  # models.dev
    ("google-vertex", "gemini-2.5-flash-preview-05-20", 0.15, 0.6, 0.3, 2.5, "correction"),
    ("replicate", "gemini-2.5-flash", 2.5, 2.5, 0.3, 2.5, "correction"),  # a copy of the output price
    ("oci", "grok-4", 3, 0.15, 3, 15, "correction"),  # two zeros missing
    ("venice", "kimi-k2.5", 0.75, 3.75, 0.56, 3.5, "unknown"),  # models.dev alone
]


@pytest.mark.parametrize(("host", "model", "i0", "o0", "i1", "o1", "verdict"), KNOWN)
def test_changes_judged_by_hand(
    host: str, model: str, i0: float, o0: float, i1: float, o1: float, verdict: str
) -> None:
    changes = load_changes()
    rows = changes[changes["host"].eq(host) & changes["model_id"].eq(model)]
    prices = rows[["input_before", "output_before", "input_after", "output_after"]]
    found = rows[((prices / [i0, o0, i1, o1] - 1).abs() < 0.01).all(axis=1)]
    assert found["verdict"].tolist() == [verdict]


def test_changes_as_of_a_day_know_no_later_table_and_no_later_witness() -> None:
    then = load_changes("2025-06-30")
    assert then["shown_on"].max() <= pd.Timestamp("2025-06-30")
    # Langfuse had seen the step; helicone and aichat saw it in July and August.
    o3 = then.query("host == 'openai' and model_id == 'o3'")
    assert o3["verdict"].tolist() == ["real"]
    assert "langfuse" in o3["witnesses"].iloc[0] and "helicone" not in o3["witnesses"].iloc[0]


def test_changes_can_be_chosen_and_strange_wishes_are_told() -> None:
    recent = select_changes(since="2026-10-01", verdict="real,unknown", host="openai")
    assert (recent["shown_on"] >= "2026-10-01").all() and set(recent["host"]) <= {"openai"}
    with pytest.raises(InputError, match="real, correction, unknown"):
        load_changes(verdict="true")
    with pytest.raises(UnknownNameError, match="openai"):
        select_changes(host="opnai")
    named = select_changes(host="OpenAI", model="openai/O3", verdict="real")
    assert named[["host", "model_id"]].drop_duplicates().to_numpy().tolist() == [["openai", "o3"]]
    assert select_changes(model="o3", verdict="unknown").empty  # known, but no such change


def test_publications_date_changes_that_the_tables_showed_late_and_end_the_old_price_on_that_day() -> None:
    changes = load_changes().set_index(["host", "model_id"])
    found = {key: changes.loc[key] for key in (("nlp-cloud", "dolphin"), ("cohere", "command-light"))}
    days = {key: (str(row["changed_on"].date()), str(row["shown_on"].date())) for key, row in found.items()}
    assert days == {
        ("nlp-cloud", "dolphin"): ("2024-02-16", "2024-03-26"),
        ("cohere", "command-light"): ("2024-04-24", "2024-10-17"),
    }
    assert all(row["verdict"] == "real" for row in found.values())
    panel = load_panel()
    for (host, model), row in found.items():
        old = panel[panel["host"].eq(host) & panel["model_id"].eq(model)]
        old = old[old["input"].eq(row["input_before"])]
        assert len(old) and old["valid_to"].le(row["changed_on"]).all()
    earlier = load_changes("2024-06-30").set_index(["host", "model_id"])
    assert ("cohere", "command-light") not in earlier.index  # shown in October
