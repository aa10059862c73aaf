"""Which usable prices are wrong? Every row that a referee found, and what each rule must let be."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.panel.test_cleaning import day, judged, offer, peers
from undercut.panel.calendar import load_withdrawals
from undercut.panel.contradictions import contradict
from undercut.panel.store import read_table
from undercut.panel.stretches import near
from undercut.panel.withdrawals import load_ends, stated_ends
from undercut.sources.witnesses import WITNESS_COLUMNS

#: Usable before; wrong: host, model, input, output, what they are.
WRONG = [
    ("groq", "llama-3.1-8b-instruct", 0.59, 0.79),  # the 70B model's
    ("watsonx", "granite-3-8b-instruct", 200, 200),  # a thousand times too high
    ("databricks", "claude-3-7-sonnet-20250219", 2.5, 178.57),  # a zero too many
    ("google-vertex", "mistral-nemo-2407", 3, 3),  # ten times too high
    ("sambanova", "gpt-oss-120b", 3, 4.5),  # another model's
    ("azure", "gpt-4o-mini-audio-preview", 2.5, 10),  # the large model's
    ("google", "gemini-2.5-flash-image", 0.3, 30),  # of pictures
    ("moonshotai", "kimi-thinking-preview", 0.6, 2.5),  # after its end
    ("mistral", "mistral-medium-2505", 2.7, 8.1),  # the name's former model's
    ("google", "gemini-1.5-pro-001", 0.35, 1.05),  # ten times too low
    ("google", "gemini-1.5-pro-001", 3.5, 1.05),  # one of the two ten times too low
    ("google", "gemini-1.5-pro-002", 3.5, 1.05),
    ("anthropic", "claude-instant-1.2", 1.63, 55.1),  # ten times too high
    ("oci", "grok-3", 3, 0.15),  # a hundred times too low
    ("oci", "grok-4", 3, 0.15),
    ("together", "qwen3-235b-a22b-instruct-2507", 0.2, 6.0),  # ten times too high
    ("amazon-bedrock", "claude-sonnet-4-5-20250929", 33, 16.5),  # ten times too high
    ("hyperbolic", "llama-3.1-70b-instruct", 0.12, 0.3),  # one price from 3B to 405B
    ("cohere", "command-r7b-12-2024", 0.15, 0.0375),  # exchanged
    ("azure", "llama-3-70b-instruct", 1.1, 0.37),  # exchanged
    ("mistral", "ministral-8b-2410", 0.1, 1.0),  # ten times too high
    ("mistral", "devstral-small-2507", 0.06, 0.12),  # three witnesses
    ("cohere", "command-r-plus-04-2024", 2.5, 10),  # the successor's, of August
    ("cohere", "command-r-03-2024", 0.15, 0.6),
    ("google-vertex", "gemini-2.0-flash-001", 0.1, 0.4),  # of Google's other shop
    ("deepseek", "deepseek-v4.1-flash-1017", 1.32, 3.96),  # of what the name meant two moves before
    ("google", "gemini-3-pro-preview", 1.25, 10),  # a moving name's former model's
    ("mistral", "ministral-3b-2512", 0.04, 0.04),  # a moving name's former model's
]


#: The word was of a name that meant another model by then, or of a preview beside the model's own name.
SOLD_ON = {
    "command-r-plus-04-2024", "computer-use-preview", "deepseek-v4-flash", "gemini-2.5-flash-image",
    "grok-4-fast",
}  # fmt: skip


@pytest.mark.parametrize(("host", "model", "paid", "out"), WRONG)
def test_no_wrong_price_that_a_referee_found_is_usable(
    panel: pd.DataFrame, host: str, model: str, paid: float, out: float
) -> None:
    rows = panel[panel["host"].eq(host) & panel["model_id"].eq(model)]
    rows = rows[near(rows["input"], paid, 0.001) & near(rows["output"], out, 0.001)]
    assert len(rows) and not rows["status"].eq("ok").any()


def test_of_the_rows_judged_by_hand_none_of_the_wrong_and_nearly_all_of_the_right_are_usable(
    panel: pd.DataFrame,
) -> None:
    path = Path(__file__).with_name("usable_sample.csv")
    sample = pd.read_csv(path, keep_default_na=False, parse_dates=["day"])
    keys = ["source", "host", "raw_id", "variant"]
    held = sample.merge(panel[panel["status"].eq("ok")], on=keys, suffixes=("", "_now"))
    held = held[(held["valid_from_now"] <= held["day"]) & ~(held["valid_to"] <= held["day"])]
    held = held[near(held["input"], held["input_now"], 0.001)]
    kept = sample["row"].isin(held["row"]).groupby(sample["judgement"]).mean()
    assert kept["wrong"] == 0 and kept["right"] > 0.97


def test_the_fresh_sample_has_the_published_rate_and_what_is_right_in_it_stays_usable(
    panel: pd.DataFrame,
) -> None:
    path = Path(__file__).with_name("fresh_sample.csv")
    sample = pd.read_csv(path, keep_default_na=False, parse_dates=["day", "valid_from"])
    counts = sample["judgement"].value_counts()
    assert (counts["right"], counts["wrong"], counts.sum()) == (64, 1, 100)
    keys = ["source", "host", "raw_id", "variant"]
    held = sample.merge(panel[panel["status"].eq("ok")], on=keys, suffixes=("", "_now"))
    held = held[(held["valid_from_now"] <= held["day"]) & ~(held["valid_to"] <= held["day"])]
    held = held[near(held["input"], held["input_now"], 0.001)]
    right = sample[sample["judgement"].eq("right")]
    assert right["row"].isin(held["row"]).mean() > 0.97


def test_equal_rows_have_equal_verdicts(panel: pd.DataFrame) -> None:
    wrong = panel[panel["status"].eq("unit_error") & panel["model_id"].notna()]
    keys = ["host", "model_id", "variant"]
    met = wrong.merge(panel[panel["status"].eq("ok")], on=keys, suffixes=("", "_ok"))
    met = met[near(met["input"], met["input_ok"], 1e-6) & near(met["output"], met["output_ok"], 1e-6)]
    met = met[~(met["valid_to_ok"] <= met["valid_from"]) & ~(met["valid_to"] <= met["valid_from_ok"])]
    assert met.empty


def test_lopsided_prices_are_slips_unless_another_seller_has_them_too() -> None:
    assert judged(offer(3.0, 0.15)) == ["unit_error"]
    guard = [offer(0.48, 0.03), offer(0.5, 0.03, host="other", raw_id="other/model")]
    assert judged(*guard) == ["ok", "ok"]
    assert judged(offer(1.0, 1.0), offer(1.0, 15.0)) == ["ok", "ok"]


def test_a_price_that_slips_on_one_side_only() -> None:
    rows = [offer(0.1, 1.0, ends=10), offer(0.1, 0.1, begins=10), *peers(0.1, 0.1, 2)]
    assert judged(*rows)[:2] == ["unit_error", "ok"]
    # With nobody to compare with, a tenfold rise of one price may be one.
    assert judged(*rows[:2]) == ["ok", "ok"]


def test_clouds_pass_list_prices_on() -> None:
    own = offer(
        0.15,
        0.6,
        host="maker",
        raw_id="maker/model",
        is_own_host=True,
        host_kind="developer",
        access="closed",
    )
    assert judged(offer(2.5, 10, access="closed"), own) == ["disputed", "ok"]
    assert judged(offer(0.165, 0.66, access="closed"), own) == ["ok", "ok"]
    assert judged(offer(2.5, 10, access="closed", host="watsonx"), own) == ["ok", "ok"]
    assert judged(offer(2.5, 10, access="closed", host_kind="router"), own) == ["ok", "ok"]


def test_one_price_for_models_of_every_size_was_filled_in() -> None:
    sizes = [3, 8, 70, 72, 405]
    rows = [offer(0.12, 0.3, model_id=f"llama-{n}b", raw_id=f"seller/llama-{n}b") for n in sizes]
    assert judged(*rows) == ["placeholder"] * 5
    assert judged(*rows[:4]) == ["ok"] * 4
    classes = [{**row, "host": "fireworks"} for row in rows]
    assert judged(*classes) == ["ok"] * 5


def test_a_picture_price_is_no_price_of_words() -> None:
    assert judged(offer(0.3, 6.0, model_id="flash-image"), offer(0.3, 2.5, model_id="flash-image")) == [
        "disputed",
        "ok",
    ]


def test_a_name_does_not_take_the_price_of_its_successor() -> None:
    names = {"raw_id": "seller/m", "model_id": "m-04-2024", "alias": "m"}
    came = {"raw_id": "seller/m-08-2024", "model_id": "m-08-2024", "release_date": day(100)}
    rows = [offer(3, 15, ends=150, **names), offer(2.5, 10, begins=150, **names)]
    successor = offer(2.5, 10, begins=150, **came)
    assert judged(*rows, successor) == ["ok", "disputed", "ok"]
    # Not where the successor came in another table, or the model's own id has the new price as well.
    assert judged(*rows, {**successor, "first_seen": day(140).tz_localize("UTC")}) == ["ok"] * 3
    own = offer(2.5, 10, begins=160, raw_id="seller/m-04-2024", model_id="m-04-2024")
    assert judged(*rows, successor, own) == ["ok"] * 4


def test_a_twin_gets_the_verdict_of_the_same_number() -> None:
    assert len(set(judged(offer(600, 600), offer(600, 600, source="tokencost")))) == 1


def seen(tracker: str, price: float, begins: int, ends: int) -> dict[str, object]:
    return {
        "tracker": tracker, "family": tracker, "host": "seller", "model_id": "model", "variant": "",
        "input": price, "output": 2 * price, "observed_from": day(begins), "observed_to": day(ends),
        "known_from": day(begins),
    }  # fmt: skip


def contradicted(rows: list[dict[str, object]], told: list[dict[str, object]]) -> list[tuple[str, int]]:
    """Status and first day of each piece."""
    frame = pd.DataFrame(rows).assign(status="ok", note="")
    for column in ("valid_from", "valid_to", "moved_on"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
    witnesses = pd.DataFrame(told, columns=list(WITNESS_COLUMNS)).astype({"input": float, "output": float})
    for column in ("observed_from", "observed_to"):
        witnesses[column] = pd.to_datetime(witnesses[column]).astype("datetime64[us]")
    found = contradict(frame, witnesses)
    found = found.sort_values("valid_from")
    return [
        (status, (start - day(0)).days)
        for status, start in zip(found["status"], found["valid_from"], strict=True)
    ]


def test_two_independent_witnesses_outweigh_a_price_that_nobody_confirms() -> None:
    two = [seen("a", 5.0, 10, 300), seen("b", 5.0, 20, 300)]
    assert contradicted([offer(1.0, 2.0)], two) == [("ok", 0), ("disputed", 20), ("ok", 300)]
    assert contradicted([offer(1.0, 2.0)], two[:1]) == [("ok", 0)]
    assert contradicted([offer(1.0, 2.0)], [*two, seen("c", 1.0, 0, 300)]) == [("ok", 0)]


def test_a_witness_that_comes_to_our_price_was_late() -> None:
    late = [
        seen("a", 5.0, -90, 100),
        seen("a", 1.0, 100, 300),
        seen("b", 5.0, -90, 100),
        seen("b", 1.0, 100, 300),
    ]
    assert contradicted([offer(1.0, 2.0)], late) == [("ok", 0)]


def test_a_witness_older_than_our_price_waits_before_it_speaks() -> None:
    older = [seen("a", 5.0, -90, 300), seen("b", 5.0, -90, 300)]
    assert contradicted([offer(1.0, 2.0)], older) == [("ok", 0), ("disputed", 60), ("ok", 300)]


def test_one_witness_is_enough_where_the_source_itself_comes_to_its_price() -> None:
    rows = [offer(1.0, 2.0, ends=200), offer(5.0, 10.0, begins=200)]
    assert contradicted(rows, [seen("a", 5.0, 10, 50)]) == [("ok", 0), ("disputed", 10), ("ok", 200)]


def test_the_models_own_id_in_the_same_table_is_a_voice_against_another_name() -> None:
    name, own = offer(1.0, 2.0, raw_id="seller/m"), offer(5.0, 10.0)
    assert contradicted([name, own], []) == [("ok", 0), ("ok", 0)]
    told = [seen("a", 5.0, 10, 300)]
    assert contradicted([name, own], told) == [("ok", 0), ("ok", 0), ("disputed", 10), ("ok", 300)]
    # It contradicts a name and never confirms one.
    two = [seen("a", 5.0, 10, 300), seen("b", 5.0, 10, 300)]
    twin = offer(1.0, 2.0)
    assert contradicted([name, twin], two)[2:4] == [("disputed", 10), ("disputed", 10)]


def test_a_price_copied_from_the_developers_other_shop_is_outvoted() -> None:
    name, own = offer(1.0, 2.0, raw_id="seller/m"), offer(5.0, 10.0)
    shop = offer(1.0, 2.0, host="maker", raw_id="maker/model", host_kind="developer")
    told = [seen("a", 1.0, -90, 300), seen("b", 5.0, -90, 300)]
    assert ("disputed", 0) in contradicted([name, own, shop], told)
    assert {status for status, _ in contradicted([name, own], told)} == {"ok"}


def test_a_preview_ends_its_model_where_the_table_has_no_other_name_for_it() -> None:
    def ended(*rows: dict[str, object]) -> list[str]:
        frame = pd.DataFrame(rows)
        frame["closed_on"] = frame["closed_on"].astype("datetime64[us]")
        lists = pd.DataFrame({"source": ["litellm"], "published": [day(0).tz_localize("UTC")]})
        found = stated_ends(frame, lists, load_ends().iloc[:0])
        return found["ended_on"].dt.strftime("%Y-%m-%d").tolist()

    preview = offer(raw_id="model-preview", withdrawn_on="2026-02-01", last_seen=95)
    assert ended(preview) == ["2026-02-01"]
    assert ended(preview, offer(raw_id="model", last_seen=20)) == ["2026-02-01"]
    assert ended(preview, offer(raw_id="model", last_seen=50)) == []


def test_an_offer_ends_where_the_newest_table_says_for_every_source_and_id() -> None:
    rows = pd.DataFrame(
        [
            offer(raw_id="base", ends=300), offer(raw_id="dated", withdrawn_on="2026-03-01", last_seen=50),
            offer(raw_id="dated", withdrawn_on="2026-04-01", last_seen=90),
            offer(raw_id="model-preview", withdrawn_on="2026-02-01", last_seen=95),
        ]
    )  # fmt: skip
    rows["closed_on"] = rows["closed_on"].astype("datetime64[us]")
    lists = pd.DataFrame({"source": ["litellm"], "published": [day(0).tz_localize("UTC")]})
    ends = stated_ends(rows, lists, load_ends().iloc[:0])
    assert ends["ended_on"].dt.strftime("%Y-%m-%d").tolist() == ["2026-04-01"]


def test_no_usable_offer_of_the_last_day_is_dead(panel: pd.DataFrame) -> None:
    """138 were: another row of the same seller and model states an end before that day."""
    told = panel["note"].str.extract(r"says that the offer ended on (\d{4}-\d{2}-\d{2})")[0]
    ended = panel[told.notna()].set_index(["host", "model_id"]).index
    alive = panel[panel["status"].eq("ok") & panel["valid_to"].isna()].set_index(["host", "model_id"]).index
    assert not alive.isin(ended).any()


def test_no_offer_is_usable_after_the_newest_word_of_its_end_whichever_name_bore_it(
    panel: pd.DataFrame,
) -> None:
    """A second way: straight from what the tables state, without the rules that read it."""
    runs = read_table("quotes")
    runs = runs[runs["withdrawn_on"].notna() & ~runs["is_backport"]]
    names = panel.loc[panel["status"].ne("backport"), ["source", "raw_id", "host", "model_id"]].dropna()
    stated = runs.merge(names.drop_duplicates(), on=["source", "raw_id"])
    stated["ended_on"] = pd.to_datetime(stated["withdrawn_on"], errors="coerce").astype("datetime64[us]")
    offers = ["host", "model_id"]
    newest = stated.sort_values(["last_seen", "ended_on"]).drop_duplicates(offers, keep="last")
    overruled = pd.MultiIndex.from_frame(newest[offers]).isin(pd.MultiIndex.from_frame(load_ends()[offers]))
    usable = panel[panel["status"].eq("ok") & panel["model_id"].notna()]
    met = usable.merge(newest[~overruled][[*offers, "ended_on"]], on=offers)
    last = panel["last_seen"].max().tz_convert(None)
    late = met[(met["ended_on"] <= last) & ~(met["valid_to"] <= met["ended_on"])]
    assert len(newest) > 400 and set(late["model_id"]) <= SOLD_ON


@pytest.mark.parametrize(
    ("host", "pattern", "day"),
    [
        ("google", "(?:text|chat)-bison", "2024-08-15"),
        ("google-vertex", "bison|code-gecko|text-unicorn", "2025-04-09"),
        ("openai", "text-davinci-00[23]", "2024-01-04"),
        ("anthropic", r"claude-1\.3", "2024-11-06"),
        ("perplexity", "sonar-(?:pro|reasoning|reasoning-pro|deep-research)$", "2026-09-27"),
    ],
)
def test_ends_that_only_a_publication_states_hold_for_every_table(
    panel: pd.DataFrame, host: str, pattern: str, day: str
) -> None:
    rows = panel[panel["host"].eq(host) & panel["model_id"].str.contains(pattern, na=False)]
    usable = rows[rows["status"].eq("ok")]
    assert len(rows) and not (~(usable["valid_to"] <= day)).any()


def test_the_calendar_of_withdrawals_has_one_row_an_offer_and_knows_no_later_statement() -> None:
    ends = load_withdrawals()
    assert not ends.duplicated(["host", "model_id"]).any()
    assert ends["lifetime_days"].dropna().between(1, 3000).all()
    then = load_withdrawals("2025-03-31")
    assert len(then) < len(ends) and then["known_from"].max() <= pd.Timestamp("2025-03-31")
