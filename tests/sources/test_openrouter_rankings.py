"""OpenRouter's daily rankings against a server that misbehaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlparse

import pandas as pd
import pytest
import stamina

from tests.loopback import Reply, Request, Server, serve
from undercut.errors import InputError, SourceError
from undercut.provenance import provenance_of
from undercut.sources.openrouter_rankings import KEY_VARIABLE, read_rankings
from undercut.sources.reference import load_reference

FILE = """date,model_permaslug,total_tokens,rank,share_of_daily_tokens
2026-10-08,deepseek/deepseek-r1:free,60,1,0.6
2026-10-08,other,40,,0.4
2026-10-09,deepseek/deepseek-r1,75,1,0.75
2026-10-09,nobody/unheard-of,25,2,0.25
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


class Site:
    """OpenRouter's addresses, with what each answers."""

    def __init__(self, file: bytes, manifest: str | None = None) -> None:
        self.file, self.manifest = file, manifest
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        address = urlparse(request.path)
        if address.path.endswith("latest.manifest.json"):
            return Reply((self.manifest or "").replace("BASE", self.base).encode())
        if address.path.endswith("/rankings-daily"):
            asked = parse_qs(address.query)
            days = pd.date_range(asked["start_date"][0], asked["end_date"][0])
            assert len(days) <= 366
            rows = [
                {"date": f"{day:%Y-%m-%d}", "model_permaslug": "openai/gpt-4o", "total_tokens": "7"}
                for day in days
            ]
            return Reply(json.dumps({"data": rows}).encode())
        return Reply(self.file)

    def start(self, server: Server) -> str:
        self.base = server.url
        folder = f"{server.url}/exports/rankings-daily"
        self.manifest = self.manifest or json.dumps({"files": {"csv": {"url": f"{folder}/2026-10-10.csv"}}})
        return server.url


def test_the_public_file_is_the_dated_one_and_comes_with_names_and_provenance() -> None:
    site = Site(FILE.encode())
    with serve(site) as server:
        frame = read_rankings(base=site.start(server))
    assert [r.path.rpartition("/")[2] for r in site.asked] == ["latest.manifest.json", "2026-10-10.csv"]
    assert list(frame.columns) == list(load_reference("token_usage_daily").columns)
    by_name = frame.set_index("permaslug")
    assert by_name.loc["deepseek/deepseek-r1:free", ["model_id", "origin", "tokens"]].tolist()[1:] == [
        "CN",
        60,
    ]
    assert by_name["model_id"].isna().sum() == 2  # other, and a name that nobody mapped
    assert provenance_of(frame)[0]["version"] == "as of 2026-10-09"


def test_with_a_key_every_day_is_asked_for_once_a_year_at_a_time() -> None:
    site = Site(b"")
    with serve(site) as server:
        frame = read_rankings("2025-01-01", "2026-10-09", key="secret", base=site.start(server))
    assert [r.authorization for r in site.asked] == ["Bearer secret"] * 2
    assert frame["date"].tolist() == pd.date_range("2025-01-01", "2026-10-09").tolist()
    assert frame["tokens"].eq(7).all()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (FILE.replace("total_tokens", "tokens"), "lack total_tokens"),
        (FILE.replace("60,", "many,"), "row that cannot be read.*many"),
        (FILE.replace("2026-10-08,other", "soon,other"), "row that cannot be read"),
        (FILE.replace("0.4", "0.9"), "2026-10-08 do not add up"),
        (FILE + "2026-10-09,nobody/unheard-of,25,2,0.25\n", "do not add up|twice on one day"),
        ("date,model_permaslug,total_tokens\n", "0 rows"),
        ('{"error": "no"}', "hold no rows"),
        ('{"data": [1]}', "hold no rows"),
        ('"a\n', "lack|not a CSV"),
    ],
)
def test_another_layout_is_an_error_that_says_what_is_wrong(file: str, said: str) -> None:
    site = Site(file.encode())
    with serve(site) as server, pytest.raises(SourceError, match=said):
        read_rankings(base=site.start(server))


@pytest.mark.parametrize(
    "manifest",
    ['{"files": {}}', "{}", "[]", '{"files": {"csv": {"url": "http://127.0.0.1:1/other.csv"}}}', "<html>"],
)
def test_a_list_of_files_that_points_elsewhere_is_not_followed(manifest: str) -> None:
    site = Site(FILE.encode(), manifest)
    with serve(site) as server, pytest.raises(SourceError, match="OpenRouter's list of rankings"):
        read_rankings(base=site.start(server))
    assert len(site.asked) == 1


def test_a_refusal_and_a_failing_server_are_told_as_such() -> None:
    with serve(lambda _: Reply(b"no", 401)) as server, pytest.raises(SourceError, match="HTTP 401"):
        read_rankings(key="wrong", base=server.url)
    with serve(lambda _: Reply(b"busy", 503)) as server:
        with pytest.raises(SourceError, match="HTTP 503"):
            read_rankings(base=server.url)
        assert len(server.requests) == 3


@pytest.mark.parametrize(("start", "end"), [("2026-02-30", None), ("2026-03-01", "2026-02-01")])
def test_days_that_are_none_are_refused_before_anything_is_asked(start: str, end: str | None) -> None:
    with pytest.raises(InputError, match=r"start=.* is not a day|is after"):
        read_rankings(start, end, key="k", base="http://127.0.0.1:1")


def test_older_days_need_a_key() -> None:
    with pytest.raises(InputError, match=KEY_VARIABLE):
        read_rankings("2025-01-01")
