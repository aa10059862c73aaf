"""A real HTTP server on loopback that can be told to misbehave."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Handler = Callable[["Request"], "Reply"]


@dataclass
class Request:
    path: str
    range: str | None
    authorization: str | None = None


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    claimed_length: int | None = None  # differs from the body: the connection breaks half-way


@dataclass
class Server:
    url: str
    requests: list[Request]


@contextmanager
def serve(handler: Handler) -> Iterator[Server]:
    """Serve ``handler`` on 127.0.0.1 until the block ends."""
    requests: list[Request] = []

    class Loopback(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            request = Request(self.path, self.headers.get("Range"), self.headers.get("Authorization"))
            requests.append(request)
            reply = handler(request)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.body) if reply.claimed_length is None else reply.claimed_length
            self.send_header("Content-Length", str(length))
            if reply.claimed_length is not None:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(reply.body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Loopback)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}", requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ranged(content: bytes, request: Request) -> Reply:
    """Answer a range request the way a file host does."""
    if request.range is None:
        return Reply(content)
    start_text, end_text = request.range.removeprefix("bytes=").split("-")
    if start_text:
        start, end = int(start_text), min(int(end_text or len(content) - 1), len(content) - 1)
    else:
        start, end = max(0, len(content) - int(end_text)), len(content) - 1
    part = content[start : end + 1]
    return Reply(part, 206, {"Content-Range": f"bytes {start}-{end}/{len(content)}"})


def wheel(members: dict[str, bytes]) -> bytes:
    """A zip archive with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@dataclass
class Release:
    """A release for :func:`package_index`."""

    version: str
    uploaded: str
    members: dict[str, bytes]
    yanked: bool = False
    corrupt: bool = False
    states_size: bool = True


def package_index(projects: dict[str, list[Release]], *, before: Handler | None = None) -> Handler:
    """A package registry (simple JSON API) with wheels; ``before`` may answer first (return None to pass)."""
    wheels: dict[str, bytes] = {}
    pages: dict[str, dict[str, object]] = {}
    for project, releases in projects.items():
        files = []
        for release in releases:
            name = f"{project.replace('-', '_')}-{release.version}-py3-none-any.whl"
            content = wheel(release.members)
            digest = hashlib.sha256(content).hexdigest()
            wheels[f"/files/{name}"] = content[:-7] + b"garbage" if release.corrupt else content
            entry: dict[str, object] = {
                "filename": name,
                "url": f"/files/{name}",
                "hashes": {"sha256": digest},
                "upload-time": release.uploaded,
                "yanked": release.yanked,
            }
            if release.states_size:
                entry["size"] = len(content)
            files.append(entry)
        pages[f"/simple/{project}/"] = {"meta": {"api-version": "1.1"}, "name": project, "files": files,
                                        "versions": [r.version for r in releases]}  # fmt: skip

    def handle(request: Request) -> Reply:
        early = before(request) if before else None
        if early is not None:
            return early
        if request.path in wheels:
            return ranged(wheels[request.path], request)
        if request.path in pages:
            body = json.dumps(pages[request.path]).encode()
            return Reply(body, headers={"Content-Type": "application/vnd.pypi.simple.v1+json"})
        return Reply(b"not found", 404)

    return handle
