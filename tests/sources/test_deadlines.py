"""A source that drips, hangs, sends too much or nests too deep is an error that names it, in time."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from undercut.errors import SourceError
from undercut.sources import download as downloads
from undercut.sources import registry
from undercut.sources.download import download
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
