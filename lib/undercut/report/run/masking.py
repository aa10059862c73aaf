"""How are secrets kept out of what is published? Values of the environment, and what looks like a token."""

from __future__ import annotations

import bz2
import json
import lzma
import re
import struct
import zipfile
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from html import escape
from importlib import import_module, resources
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from undercut.faults import FAULTS

#: Names that say that their value is a secret.
_SECRET = re.compile(
    r"(?:^|_)(?:TOKENS?|SECRETS?|PASS(?:WORD|WD|PHRASE|CODE)?|PWD|PW|CREDENTIALS?|CREDS|AUTH\w*|API_?KEYS?|"
    r"\w*KEY|DSN|PIN|COOKIE|SIGNATURE|PAT|BEARER|PRIVATE)(?:_|\d|$)",
    re.IGNORECASE,
)
#: Names whose values are no secrets: of the system, of a terminal, of Python and of how programs are run.
_HARMLESS = re.compile(
    r"_|PWD|OLDPWD|HOME|PATH|\w*_PATH|USER|USERNAME|LOGNAME|HOST|HOSTNAME|HOSTTYPE|OSTYPE|MACHTYPE|SHELL|SHLVL|"
    r"TERM\w*|COLORTERM|COLUMNS|LINES|LANG|LANGUAGE|LC_\w+|TZ|TMP|TEMP|TMPDIR|EDITOR|VISUAL|PAGER|LESS\w*|DISPLAY|"
    r"WAYLAND_DISPLAY|XDG_\w+|DBUS_\w+|LS_COLORS|SSH_AUTH_SOCK|SSH_(?:CLIENT|CONNECTION|TTY)|GPG_AGENT_INFO|"
    r"\w*(?:CA_BUNDLE|CAINFO|CA_CERTS\w*|CERT_FILE|CERT_DIR|_CERT|_ROOTS_FILE_PATH|_CONFIG_FILE|_ROOT|_HOME|_DIR)|"
    r"VIRTUAL_ENV\w*|CONDA_\w+|PYENV_\w+|PYTHON\w*|PIP_\w+|UV_\w+|JUPYTER\w*|JPY_\w+|IPYTHON\w*|PYDEVD_\w+|"
    r"MPL\w+|CLICOLOR\w*|FORCE_COLOR|NO_COLOR|\w+_NUM_THREADS|OMP_\w+|MKL_\w+|OPENBLAS_\w+|NVPL_\w+|"
    r"UNDERCUT_\w+|PYTEST_\w+|SOURCE_DATE_EPOCH|CI|GITHUB_\w+|RUNNER_\w+|MAKE\w*|MFLAGS|DEBIAN_FRONTEND|"
    r"CLOUD_SDK_VERSION|CONTAINER_NAME|RUST\w*|NODE_\w+|INVOCATION_ID|JOURNAL_STREAM|"
    r"SYSTEMD_\w+|MANAGERPID|MAIL|NAME|WSL\w*|DESKTOP_SESSION|GTK_\w+|QT_\w+|WINDOWID|HIST\w+|"
    r"HTTPS?_PROXY|NO_PROXY|ALL_PROXY|https?_proxy|no_proxy|all_proxy",  # passwords in addresses are masked
)
_SHORTEST, _SHORTEST_OF_SECRETS = 8, 4
#: Detectors of detect-secrets whose tokens no text holds by chance, and a part that all of theirs have.
_SHAPES = {
    "aws.AWSKeyDetector": ("AKIA", "ASIA", "ABIA", "ACCA", "A3T", "aws", "AWS"),
    "azure_storage_key.AzureStorageKeyDetector": ("",), "discord.DiscordBotTokenDetector": ("",),
    "github_token.GitHubTokenDetector": ("",), "gitlab_token.GitLabTokenDetector": ("",),
    "mailchimp.MailchimpDetector": ("-us",), "npm.NpmDetector": ("",), "openai.OpenAIDetector": ("",),
    "pypi_token.PypiTokenDetector": ("",), "sendgrid.SendGridDetector": ("",),
    "slack.SlackDetector": ("xox", "slack"), "square_oauth.SquareOAuthDetector": ("",),
    "stripe.StripeDetector": ("k_live",), "telegram_token.TelegramBotTokenDetector": (":AA",),
    "twilio.TwilioKeyDetector": ("",),
}  # fmt: skip
#: What that library does not know yet, by the beginning that the issuer gives its tokens.
_NEWER = re.compile(
    r"(?:eyJ[\w-]+\.[\w-]+\.[\w-]+|sk-(?:ant|proj|svcacct|or-v1)-[\w-]{20,}|github_pat_\w{22,}|hf_[A-Za-z]{30,}|AIza[\w-]{35}|"
    r"glpat-[\w-]{20,}|gsk_\w{40,}|r8_\w{30,}|xai-\w{40,}|npm_\w{36}|ya29\.[\w-]{20,}|dop_v1_[0-9a-f]{64})"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@\"'<>\\]*):([^\s/@\"'<>\\]+)@")
_TOKEN_LABEL = "[masked token]"


class Mask:
    """Replaces secrets by what they are: values of the environment by their names, others by their kind.

    Parameters
    ----------
    environment : mapping of str to str
        Values of eight characters or more are secret unless the variable's name is known to be harmless; of
        four or more where the name says token, secret, password, key or the like. A word that results.json or
        a notebook itself is made of is no secret.

    Examples
    --------
    >>> mask = Mask({"SHOP_API_KEY": "tuna-4711", "HOME": "/home/ann"})
    >>> mask.text("https://shop.example/?key=tuna-4711 from /home/ann")
    'https://shop.example/?key=[masked SHOP_API_KEY] from /home/ann'
    >>> mask.text("postgresql://ann:hunter2@db.example/prices")
    'postgresql://ann:[masked password]@db.example/prices'
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.values: dict[str, str] = {}
        for name, value in environment.items():
            sounds_secret = bool(_SECRET.search(name)) and name not in ("PWD", "OLDPWD")
            if not sounds_secret and _HARMLESS.fullmatch(name):
                continue
            shortest = _SHORTEST_OF_SECRETS if sounds_secret else _SHORTEST
            for part in _parts(value, shortest):
                for form in _forms(part):
                    self.values.setdefault(form, f"[masked {name}]")

    def text(self, content: str) -> str:
        """``content`` without secrets."""
        content = _replaced(content, {form: name for form, name in self.values.items() if form in content})
        if "PRIVATE KEY-----" in content:
            content = _PRIVATE_KEY.sub("[masked private key]", content)
        if "://" in content:
            content = _IN_ADDRESS.sub(r"\1:[masked password]@", content)
        return _replaced(content, dict.fromkeys(_tokens(content), _TOKEN_LABEL))

    def anything(self, content: Any) -> Any:
        """Lists and dicts of JSON with every text in them masked, keys too."""
        whole = "".join(texts_in(content))
        return content if self.text(whole) == whole else self._walk(content)

    def _walk(self, content: Any) -> Any:
        if isinstance(content, str):
            return self.text(content)
        if isinstance(content, list):
            if _is_text_by_lines(content):
                return self.text("".join(content)).splitlines(keepends=True)
            return [self._walk(item) for item in content]
        if isinstance(content, dict):
            return {self.text(key): self._walk(value) for key, value in content.items()}
        return content

    def raw(self, content: bytes) -> bytes | None:
        """The bytes of a file without secrets; None where it is no text and holds one, packed or not."""
        try:
            old = content.decode()
        except UnicodeDecodeError:
            return None if self._holds(content) else content
        new = self.text(old)
        return content if new == old else new.encode()

    def _holds(self, content: bytes, depth: int = 0) -> bool:
        forms = [form.encode(errors="replace") for form in self.values]
        wide = [form.encode(kind) for form in self.values for kind in ("utf-16-le", "utf-16-be")]
        if any(form in content for form in (*forms, *wide)):
            return True
        return depth < _DEEPEST and any(self._holds(inner, depth + 1) for inner in _unpacked(content))


#: Archives inside archives that are opened, and how much of each.
_DEEPEST = 3
#: What libraries raise at a file that is cut short, damaged, locked by a password or of another kind.
_DAMAGED = (
    *FAULTS, RuntimeError, SyntaxError, struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
_MOST_UNPACKED = 64 * 2**20


def missing_library() -> str:
    """What is not looked for because the library of token shapes is not installed; empty where it is."""
    try:
        import_module("detect_secrets")
    except ImportError:
        return "Shapes of tokens are not all masked: pip install detect-secrets."
    return ""


def texts_in(content: Any) -> Iterable[str]:
    """Every text in lists and dicts of JSON, names too."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from texts_in(value)
    elif isinstance(content, list):
        for item in content:
            yield from texts_in(item)


def _is_text_by_lines(content: list[Any]) -> bool:
    """Whether a list is one text, as notebooks store it."""
    are_texts = all(isinstance(item, str) for item in content)
    return bool(content) and are_texts and all(item.endswith("\n") for item in content[:-1])


def _tokens(content: str) -> set[str]:
    """What has the shape of a well-known token."""
    likely = [found for needles, found in _detectors() if any(needle in content for needle in needles)]
    patterns = [pattern for found in likely for pattern in found]
    return {found.group(0) for pattern in (*patterns, _NEWER) for found in pattern.finditer(content)}


@cache
def _detectors() -> list[tuple[tuple[str, ...], list[re.Pattern[str]]]]:
    if missing_library():
        return []
    found = []
    for name, needles in _SHAPES.items():
        module, _, detector = name.partition(".")
        found.append((needles, getattr(import_module(f"detect_secrets.plugins.{module}"), detector).denylist))
    return found


def _replaced(content: str, labels: Mapping[str, str]) -> str:
    """``content`` with each key of ``labels`` replaced by its value, the longest first."""
    if not labels:
        return content
    pattern = "|".join(map(_whole, sorted(labels, key=len, reverse=True)))
    return re.sub(pattern, lambda found: labels[found.group(0)], content)


def _whole(form: str) -> str:
    """A pattern for a form of a secret; a short one is no part of a longer word or number."""
    if len(form) >= _SHORTEST:
        return re.escape(form)
    before = r"(?<![\w.])" if re.match(r"\w", form) else ""
    after = r"(?!\w|\.\d)" if re.search(r"\w$", form) else ""
    return before + re.escape(form) + after


def _parts(value: str, shortest: int) -> list[str]:
    """A value, and each line of one that has several, that is long enough to be no word by chance."""
    lines = [line for line in value.splitlines() if not line.startswith("-----")]
    candidates = [value, *(lines if len(lines) > 1 else [])]
    parts = {part.strip() for part in candidates}
    return [part for part in sorted(parts) if len(part) >= shortest and part not in _public_words()]


@cache
def _public_words() -> frozenset[str]:
    """Keys and fixed values of results.json and of notebooks: masking them would break the page."""
    # Its schema is read without loading nbformat, which takes longer than a build of nothing.
    nbformat = find_spec("nbformat")
    assert nbformat is not None and nbformat.origin is not None
    schemas = [
        resources.files("undercut.report.findings") / "results.schema.json",
        Path(nbformat.origin).parent / "v4" / "nbformat.v4.5.schema.json",
    ]
    words = {word for schema in schemas for word in _words(json.loads(schema.read_text("utf-8")))}
    texts = {f"text/{kind}" for kind in ("plain", "html", "markdown", "latex")}
    images = {f"image/{kind}" for kind in ("png", "svg+xml", "jpeg")}
    ours = {"undercut", "papermill", "parameters", "injected-parameters", "display_name"}
    return frozenset(words | texts | images | ours)


def _words(schema: Any) -> Iterable[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from _words(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from [value] if isinstance(value, str) else _words(value)


def _forms(secret: str) -> set[str]:
    """The ways to write a text: as JSON, HTML, addresses and Python have it, in base64, as digits."""
    raw = secret.encode(errors="replace")
    plain = {
        secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1],
        escape(secret), escape(secret, quote=False), escape(secret).replace("&#x27;", "&#39;"),
    }  # fmt: skip
    plain |= {json.dumps(form)[1:-1] for form in plain}
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    quoted |= {re.sub("%..", lambda found: found.group(0).lower(), form) for form in quoted}
    digits = {raw.hex(), raw.hex().upper()}
    if len(secret) < _SHORTEST:  # too short to be told from what longer base64 holds by chance
        return plain | quoted | digits | {b64encode(raw).decode().rstrip("=")}
    packed = {form for b64 in (b64encode, urlsafe_b64encode) for form in _base64(raw, b64)}
    return plain | quoted | digits | packed


def _base64(raw: bytes, encode: Any) -> Iterable[str]:
    """What base64 makes of the bytes wherever they stand in a longer text."""
    for before, lost in ((0, 0), (1, 2), (2, 3)):
        whole = encode(bytes(before) + raw).decode().rstrip("=")
        yield whole[lost : (before + len(raw)) * 8 // 6]


def _unpacked(content: bytes) -> Iterable[bytes]:
    """What is packed in an archive (zip, as Excel's files are, gzip, bzip2, xz), in the cells and notes of a
    Parquet file or the notes of a picture; nothing where it is none of these, or is damaged."""
    try:
        if content.startswith(b"PK\3\4"):
            with zipfile.ZipFile(BytesIO(content)) as archive:
                for entry in archive.infolist():
                    with archive.open(entry) as member:
                        yield member.read(_MOST_UNPACKED)
        elif content.startswith(b"\x1f\x8b"):
            yield from _streams(content, lambda: zlib.decompressobj(wbits=31))
        elif content.startswith(b"BZh"):
            yield from _streams(content, bz2.BZ2Decompressor)
        elif content.startswith(b"\xfd7zXZ"):
            yield from _streams(content, lzma.LZMADecompressor)
        elif content.startswith(b"PAR1"):
            yield from _told(_parquet_cells(content))
        elif content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")):
            yield from _told(_picture_notes(content))
    except _DAMAGED:  # what stands before the damage has been looked at, and the whole as bytes
        return


def _streams(content: bytes, start: Callable[[], Any]) -> Iterable[bytes]:
    """What a packed file holds; such files may be joined end to end."""
    room = _MOST_UNPACKED
    while content and room > 0:
        unpacking = start()
        text = unpacking.decompress(content, room)
        yield text
        content, room = unpacking.unused_data, room - len(text)


def _told(texts: Iterable[Any]) -> Iterable[bytes]:
    """Texts and bytes, each on a line of its own; of a file that is cut short, those before the cut."""
    found = []
    with suppress(*_DAMAGED):
        for text in texts:
            found.append(text if isinstance(text, bytes) else str(text).encode(errors="replace"))
    yield b"\n".join(found)


def _parquet_cells(content: bytes) -> Iterable[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    file = parquet.ParquetFile(BytesIO(content))
    yield file.schema_arrow
    yield from (file.schema_arrow.metadata or {}).values()
    for batch in file.iter_batches():
        for column in batch.columns:
            if not pa.types.is_primitive(column.type):  # text, bytes, categories, lists, tables
                yield from column.to_pylist()


def _picture_notes(content: bytes) -> Iterable[Any]:
    from PIL import Image

    try:
        with Image.open(BytesIO(content)) as picture:
            yield from picture.info.values()
            picture.load()  # more may come after the pixels
            yield from picture.info.values()
            yield from picture.getexif().values()
    except Image.DecompressionBombError as error:  # of no kind that damaged files raise
        raise ValueError(str(error)) from error
