"""Live sources against a server that misbehaves in every way we have met."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
import stamina

from tests.loopback import Reply, serve
from undercut.errors import SourceError
from undercut.provenance import provenance_of
from undercut.sources.live import MODELS_DEV, OPENROUTER, read_live

GOOD = json.dumps(
    {
        "data": [
            {
                "id": "deepseek/deepseek-r1",
                "context_length": 163840,
                "pricing": {
                    "prompt": "0.0000005",
                    "completion": "0.00000218",
                    "input_cache_read": "0.0000001",
                },
            },
            {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
            {"id": "broken/model", "pricing": {"prompt": "n/a", "completion": "1"}},
        ]
    }
).encode()


@pytest.fixture(autouse=True)
def impatient() -> None:
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


def test_prices_come_out_per_million_tokens_with_provenance() -> None:
    with serve(lambda _: Reply(GOOD)) as server:
        frame = read_live(OPENROUTER, url=server.url)
    row = frame.set_index("raw_id").loc["deepseek/deepseek-r1"]
    assert (row["input"], row["output"], row["cache_read"]) == (0.5, 2.18, 0.1)
    assert frame.set_index("raw_id").loc["openrouter/auto", "input"] == -1e6  # kept raw; cleaning judges it
    assert "broken/model" not in set(frame["raw_id"])
    assert provenance_of(frame)[0]["source"] == "openrouter"


def test_models_dev_is_read_from_its_public_layout() -> None:
    api = {"zai": {"models": {"glm-4.6": {"cost": {"input": 0.6, "output": 2.2}, "limit": {"context": 204800},
                                          "modalities": {"output": ["text"]}}}}}  # fmt: skip
    with serve(lambda _: Reply(json.dumps(api).encode())) as server:
        frame = read_live(MODELS_DEV, url=server.url)
    assert frame.loc[0, ["raw_id", "input", "output"]].tolist() == ["zai/glm-4.6", 0.6, 2.2]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Reply(b"slow down", 429, {"Retry-After": "0"}), "HTTP 429"),
        (Reply(b"oops", 500), "HTTP 500"),
        (Reply(b"gone", 404), "HTTP 404"),
        (
            Reply(b"<!doctype html><p>Sign in to continue", headers={"Content-Type": "text/html"}),
            "not valid JSON",
        ),
        (Reply(b""), "empty answer"),
        (Reply(b'{"data": []}'), "no models"),
        (Reply(b'{"data": [{"id": "a", "cost": 1}]}'), "no readable price"),
        (Reply(b"[1, 2]"), "where a JSON object was expected"),
        (Reply(GOOD[:100], claimed_length=len(GOOD)), "could not be reached"),
    ],
    ids=["429", "500", "404", "html", "empty", "no-models", "layout", "array", "truncated"],
)
def test_a_lasting_fault_is_an_error_that_names_the_source(
    fault: Reply, message: str, tmp_path: Path
) -> None:
    with serve(lambda _: fault) as server, pytest.raises(SourceError, match=message) as caught:
        read_live(OPENROUTER, url=server.url, cache_dir=tmp_path)
    assert "openrouter" in str(caught.value).lower()


@pytest.mark.parametrize("fault", [Reply(b"x", 429), Reply(b"x", 502), Reply(GOOD[:9], claimed_length=99)])
def test_a_passing_fault_is_retried(fault: Reply) -> None:
    replies = itertools.chain([fault], itertools.repeat(Reply(GOOD)))
    with serve(lambda _: next(replies)) as server:
        assert len(read_live(OPENROUTER, url=server.url)) == 2


def test_a_404_is_not_retried() -> None:
    with serve(lambda _: Reply(b"", 404)) as server:
        with pytest.raises(SourceError):
            read_live(OPENROUTER, url=server.url)
        assert len(server.requests) == 1


def test_an_answer_is_kept_for_an_hour_and_a_bad_one_never(tmp_path: Path) -> None:
    replies = iter([Reply(b"<html>"), Reply(GOOD)])
    with serve(lambda _: next(replies)) as server:
        with pytest.raises(SourceError):
            read_live(OPENROUTER, url=server.url, cache_dir=tmp_path)
        first = read_live(OPENROUTER, url=server.url, cache_dir=tmp_path)
        second = read_live(OPENROUTER, url=server.url, cache_dir=tmp_path)
    assert first.equals(second)
    assert len(server.requests) == 2


def test_nobody_listening_says_so() -> None:
    with pytest.raises(SourceError, match="could not be reached"):
        read_live(OPENROUTER, url="http://127.0.0.1:9/models")
