"""A source that drips, hangs, sends too much or nests too deep is an error that names it, in time."""

from __future__ import annotations

import datetime as dt
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from undercut.errors import SourceError
from undercut.panel import collect
from undercut.sources import download as downloads
from undercut.sources import registry
from undercut.sources.download import download
from undercut.sources.openrouter_rankings import read_rankings
from undercut.sources.quotes import parse_json_object, unpacked

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def misbehaving() -> Iterator[str]:
    """A server whose path says how it misbehaves."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def answer(client: socket.socket) -> None:
        path = client.recv(4096).split()[1].decode()
        try:
            if "drip-head" in path:
                for byte in HEAD % 9:
                    client.sendall(bytes([byte]))
                    over.wait(0.2)
            elif "drip" in path:
                client.sendall(HEAD % 10_000)
                while not over.wait(0.1):
                    client.sendall(b" ")
            elif "slow" in path:
                over.wait(0.4)
                client.sendall(HEAD % 2 + b"{}")
            elif "much" in path:
                client.sendall(HEAD % 50_000_000 + bytes(50_000_000))
            elif "deep" in path:
                client.sendall(HEAD % 200_000 + b"[" * 100_000 + b"]" * 100_000)
            else:
                over.wait(60)
        except OSError:
            pass
        client.close()

    def serve() -> None:
        while not over.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    over.set()
    listener.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same deadlines, sooner."""
    monkeypatch.setattr(downloads, "TOTAL_SECONDS", 1.5)
    monkeypatch.setattr(registry, "TOTAL_SECONDS", 1.5)


@pytest.mark.parametrize("how", ["drip", "drip-head", "hang"])
def test_an_answer_without_end_is_given_up_after_the_deadline(misbehaving: str, how: str) -> None:
    began = time.monotonic()
    with pytest.raises(
        SourceError, match=r"The shop had not answered in full after 1.5 s .* Bring your own\."
    ):
        download("The shop", f"{misbehaving}/{how}", way_out="Bring your own.")
    with pytest.raises(SourceError, match=r"'demo': no whole answer after 1.5 s"):
        registry.list_releases("demo", index_url=f"{misbehaving}/{how}/")
    assert time.monotonic() - began < 15


def test_a_source_that_is_asked_page_after_page_has_one_deadline_for_all(
    misbehaving: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "SOURCE_SECONDS", 2.0)
    asked = []

    def ask(page: int) -> None:
        download("The shop", f"{misbehaving}/slow/{page}", way_out="Bring your own.")
        asked.append(page)

    began = time.monotonic()
    late = "The shop had not answered in full after the 2 s that one source may take in all"
    with pytest.raises(SourceError, match=late), downloads.one_source():
        for page in range(100):
            ask(page)
    assert 0 < len(asked) < 8 and time.monotonic() - began < 10
    ask(100)  # another source begins anew

    first, last = dt.date(2000, 1, 1), dt.date(2200, 1, 1)
    monkeypatch.setattr(downloads, "SOURCE_SECONDS", 1.0)
    with pytest.raises(SourceError, match=r"OpenRouter's rankings had not answered .* 1 s that one source"):
        read_rankings(first, last, key="made-up", base=f"{misbehaving}/slow")


def test_members_that_are_read_in_threads_share_the_deadline_of_their_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloads, "SOURCE_SECONDS", 0.5)
    monkeypatch.setattr(registry, "TOTAL_SECONDS", 60.0)
    monkeypatch.setattr(registry, "_read_from_wheel", lambda *_: time.sleep(30))
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    release = SimpleNamespace(project="demo", version="1", published=moment)
    began = time.monotonic()
    with (
        pytest.raises(SourceError, match=r"demo 1 had not come in full after the 0\.5 s"),
        downloads.one_source(),
    ):
        list(collect._members(collect.PACKAGES[0], [release] * 3, None))
    assert time.monotonic() - began < 10


def test_fifty_megabytes_are_refused_before_they_are_kept(misbehaving: str) -> None:
    with pytest.raises(SourceError, match="more than 1,000,000 bytes"):
        download("The shop", f"{misbehaving}/much", way_out="", max_bytes=1_000_000)
    with pytest.raises(SourceError, match="more than 33,554,432 bytes"):
        registry.list_releases("demo", index_url=f"{misbehaving}/much/")


def test_what_nests_too_deep_unpacks_to_too_much_or_is_too_long_a_number_is_an_error(
    misbehaving: str,
) -> None:
    content = download("The shop", f"{misbehaving}/deep", way_out="")
    with pytest.raises(SourceError, match="the shop's table is not valid JSON"):
        parse_json_object(content, "the shop's table")
    with pytest.raises(SourceError, match="not valid JSON"):
        parse_json_object(b'{"price": ' + b"9" * 5000 + b"}", "the shop's table")
    with pytest.raises(SourceError, match="did not list the releases of 'demo'"):
        registry.list_releases("demo", index_url=f"{misbehaving}/deep/")
    bomb = gzip.compress(bytes(200 * 2**20), compresslevel=1)
    with pytest.raises(SourceError, match="unpacks to more than"):
        unpacked(bomb, "the shop's table")
    with pytest.raises(SourceError, match="damaged archive"):
        unpacked(b"\x1f\x8bjunk", "the shop's table")
