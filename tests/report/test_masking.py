"""A secret of the environment is in nothing that is published, however the notebook shows it."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import re
import urllib.parse
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.report.projects import code, demo_cells, write_project
from undercut.errors import BuildError
from undercut.report.build import build_reports
from undercut.report.run.masking import Mask

SECRET = 'sk-"quoted"&<42>\\n'
LEAKS = """
    import os, json, sys
    import pandas as pd
    import matplotlib.pyplot as plt
    secret = os.environ["SHOP_API_KEY"]
    print("first half of a line, then the secret:", end=" ")
    sys.stdout.flush()
    print(secret[:4], end="")
    sys.stdout.flush()
    print(secret[4:])
    print(json.dumps({"key": secret}), file=sys.stderr)
    report.warn("warned of " + secret)
    report.finding("leak", "Leak of " + secret, 1, "x", note="in a note: " + secret)
    figure, ax = plt.subplots()
    report.figure(figure, "figure", alt="alt " + secret, data=pd.DataFrame({"secret": [secret]}))
    pd.DataFrame({"secret": [secret]})
"""


def published(folder: Path) -> str:
    return "\n".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def forms(secret: str) -> list[str]:
    from html import escape
    from json import dumps

    return [secret, dumps(secret)[1:-1], escape(secret), secret[4:-3]]


def test_no_form_of_a_secret_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", SECRET)
    project = write_project(tmp_path, demo_cells(code(LEAKS)))
    build_reports(root=project)
    site = published(project / "reports")
    assert [form for form in forms(SECRET) if form in site] == []
    assert site.count("[masked SHOP_API_KEY]") >= 6


def test_no_form_of_a_secret_is_in_the_news_of_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_API_KEY", SECRET)
    project = write_project(
        tmp_path, demo_cells(code("import os\nraise KeyError(os.environ['SHOP_API_KEY'])"))
    )
    with pytest.raises(BuildError) as failure:
        build_reports(root=project)
    for text in (str(failure.value), published(project / "reports")):
        assert [form for form in forms(SECRET) if form in text] == []
        assert "[masked SHOP_API_KEY]" in text


def test_all_values_are_masked_but_short_ones_and_those_of_harmless_names() -> None:
    harmless = {
        "PWD": "/home/ann/project", "HOME": "/home/ann", "PATH": "/usr/bin:/bin", "LANG": "en_GB.UTF-8",
        "VIRTUAL_ENV": "/srv/undercut/.venv", "OMP_NUM_THREADS": "11111111", "GITHUB_REF": "ann/prices",
        "STAGE": "testing", "PIN": "123", "WORD_OF_RESULTS": "findings", "CELLS": "cell_type",
    }  # fmt: skip
    secret = {
        "DB_PASSWORD": "correct horse", "GITHUB_TOKEN": "ghp_abcdef", "SHORT_KEY": "1234",
        "MONKEY": "banana-banana", "AWS_SECRET_ACCESS_KEY": "a/b+c=d", "STAGE_NAME": "one-of-eight",
        "PIP_TOKEN": "pip-pip",
    }  # fmt: skip
    mask = Mask(harmless | secret)
    for value in harmless.values():
        assert mask.text(value) == value
    for name, value in secret.items():
        assert mask.text(f"<{value}>") == f"<[masked {name}]>"
    assert (
        mask.text("?p=correct%20horse&s=a%2Fb%2Bc%3Dd")
        == "?p=[masked DB_PASSWORD]&s=[masked AWS_SECRET_ACCESS_KEY]"
    )


#: Names under which people keep secrets.
NAMES = (
    "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HF_TOKEN", "DB_ADDRESS",
    "REDIS_URL", "PGPASSWORD", "MYSQL_PWD", "SLACK_WEBHOOK", "SENTRY_DSN", "STRIPE_KEY", "TWILIO_AUTH_TOKEN",
    "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS_JSON", "NPM_TOKEN", "PYPI_PASSWORD", "JWT_SIGNING",
    "SMTP_PASS", "SESSION_COOKIE", "BASIC_AUTH", "VAULT_ADDR_WITH_TOKEN", "MY_VARIABLE", "WANDB", "X",
)  # fmt: skip
ENCODINGS = {
    "as it is": lambda s: s,
    "in JSON": lambda s: json.dumps({"a": s}),
    "in JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "as Python shows it": repr,
    "in HTML": lambda s: f"<b>{html.escape(s)}</b>",
    "in HTML without quotes": lambda s: html.escape(s, quote=False),
    "in an address": lambda s: f"https://a.b/?k={urllib.parse.quote(s, safe='')}&x=1",
    "in a form": lambda s: urllib.parse.urlencode({"k": s}),
    "in a path": lambda s: urllib.parse.quote(s),
    "in small digits": lambda s: re.sub("%..", lambda f: f.group(0).lower(), urllib.parse.quote(s, safe="")),
    "in base64": lambda s: base64.b64encode(s.encode()).decode(),
    "in base64, after one": lambda s: base64.b64encode(f"a{s}".encode()).decode(),
    "in base64, after two": lambda s: base64.b64encode(f"a:{s}:b".encode()).decode(),
    "in base64 for addresses": lambda s: base64.urlsafe_b64encode(f"user:{s}".encode()).decode(),
    "in hexadecimal": lambda s: s.encode().hex(),
    "in large hexadecimal": lambda s: s.encode().hex().upper(),
    "in the middle": lambda s: f"Bearer{s}tail",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_masked_under_every_name_and_in_every_encoding(name: str) -> None:
    secret = 'q7?Zr"/+&<x>9~' + name[::-1].lower()
    mask = Mask({name: secret, "HOME": "/root"})
    for kind, encode in ENCODINGS.items():
        assert f"[masked {name}]" in mask.text(f"before {encode(secret)} after"), kind
        assert f"[masked {name}]" in str(mask.anything([{"a": encode(secret)}])), kind
        ordinary = f"before {encode('harmless words')} after"
        assert mask.text(ordinary) == ordinary


def test_well_known_tokens_and_passwords_in_addresses_are_masked_without_a_variable() -> None:
    mask = Mask({})
    tokens = [
        "sk-ant-api03-" + "x" * 40, "sk-proj-" + "a" * 40, "hf_" + "aB" * 17, "github_pat_" + "a" * 30,
        "AIza" + "a" * 35, "glpat-" + "x" * 20, "npm_" + "a1" * 18,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123",
    ]  # fmt: skip
    for token in tokens:
        assert mask.text(f"key={token} end") == "key=[masked token] end"
    assert mask.text("https://ann:hunter2@db/x") == "https://ann:[masked password]@db/x"
    key = "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----"
    assert mask.text(f"a\n{key}\nb") == "a\n[masked private key]\nb"
    lines = f'k = """{key}"""\n'.splitlines(keepends=True)
    assert mask.anything({"source": lines}) == {"source": ['k = """[masked private key]"""\n']}
    ordinary = "https://example.org/a:b and 12:30@noon, sk-learn, hf_transfer, version 1.2.3"
    assert mask.text(ordinary) == ordinary


def test_tokens_that_the_library_knows_are_masked() -> None:
    pytest.importorskip("detect_secrets")
    mask = Mask({})
    known = (
        "ghp_" + "a1B2" * 9, "AKIAIOSFODNN7EXAMPLE", "xoxb-123456789012-1234567890123-abcdefABCDEF",
        "SG." + "a" * 22 + "." + "b" * 43, "sk_live_" + "a" * 24,
    )  # fmt: skip
    for token in known:
        assert mask.text(f"key={token} end") == "key=[masked token] end"


def test_files_of_every_kind_are_masked_or_refused() -> None:
    mask = Mask({"SHOP": "tuna-4711-x"})
    assert mask.raw(b"key=tuna-4711-x") == b"key=[masked SHOP]"
    assert mask.raw(bytes(range(256))) == bytes(range(256))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "key: tuna-4711-x" * 9)
    for content in (
        b"\xff\xfe" + "tuna-4711-x".encode("utf-16-le"), b"\x80\x04\x95tuna-4711-x.", packed.getvalue(),
        gzip.compress(b"tuna-4711-x"), gzip.compress(packed.getvalue()), bz2.compress(b"x tuna-4711-x"),
        lzma.compress(b"x tuna-4711-x"), lzma.compress(b"x") + lzma.compress(b"tuna-4711-x"),
        gzip.compress(b"x") + gzip.compress(b"tuna-4711-x"),
        bz2.compress(b"x") + bz2.compress(b"tuna-4711-x"),
    ):  # fmt: skip
        assert mask.raw(content) is None


@pytest.mark.parametrize(
    "table",
    [
        {"a": ["x", "key tuna-4711-x"] * 500},
        {"a": [b"\xfftuna-4711-x"]},
        {"a": [["x", "tuna-4711-x"]]},
        {"a": [{"b": "tuna-4711-x"}]},
        {"a": pd.Categorical(["tuna-4711-x", "x"])},
        {"tuna-4711-x": [1.0]},
    ],
    ids=["text", "bytes", "list", "record", "category", "name of a column"],
)
def test_no_parquet_file_keeps_a_secret(table: dict[str, Any]) -> None:
    for kind in ("snappy", "zstd"):
        content = pd.DataFrame(table).to_parquet(compression=kind)
        assert Mask({"SHOP": "tuna-4711-x"}).raw(content) is None
        assert Mask({"SHOP": "other-4711"}).raw(content) == content


def test_no_note_in_a_picture_keeps_a_secret() -> None:
    notes, exif = PngInfo(), Image.Exif()
    notes.add_text("Comment", "key tuna-4711-x" * 9, zip=True)
    exif[0x010E] = "tuna-4711-x"
    mask, picture = Mask({"SHOP": "tuna-4711-x"}), Image.effect_noise((64, 64), 50).convert("RGB")
    for kind, said in (("png", {"pnginfo": notes}), ("jpeg", {"exif": exif}), ("webp", {"exif": exif})):
        with_note, without = io.BytesIO(), io.BytesIO()
        picture.save(with_note, kind, **said)
        picture.save(without, kind)
        assert mask.raw(with_note.getvalue()) is None, kind
        half = with_note.getvalue()[: len(with_note.getvalue()) // 2]
        assert kind == "webp" or mask.raw(half) is None, "cut short"
        assert mask.raw(without.getvalue()) == without.getvalue()
        assert mask.raw(without.getvalue()[:40]) == without.getvalue()[:40]


def test_a_picture_too_large_to_be_opened_is_looked_through_as_bytes() -> None:
    content = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(content, "png")
    assert Mask({"SHOP": "tuna-4711-x"}).raw(content.getvalue()) == content.getvalue()
    assert Mask({"SHOP": "tuna-4711-x"}).raw(content.getvalue() + b"tuna-4711-x") is None


def test_no_file_that_a_notebook_writes_keeps_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE", "tuna-4711-x")
    shown = """
        import base64, os
        from pathlib import Path
        out, secret = Path(os.environ["UNDERCUT_OUTPUT"]), os.environ["WAREHOUSE"]
        for name in ("a.log", "b", "c.yaml", "deep/d.weird"):
            (out / name).parent.mkdir(exist_ok=True)
            (out / name).write_text(f"x {secret} y " + base64.b64encode(secret.encode()).decode())
    """
    project = write_project(tmp_path, demo_cells(code(shown)))
    build_reports(root=project)
    whole = published(project / "reports")
    assert "tuna-4711-x" not in whole
    assert base64.b64encode(b"tuna-4711-x").decode()[:14] not in whole
    assert whole.count("[masked WAREHOUSE]") == 8
    packed = """
        import os, pickle
        pickle.dump([os.environ["WAREHOUSE"], b"\\xff"], open(os.environ["UNDERCUT_OUTPUT"] + "/p", "wb"))
    """
    write_project(tmp_path, demo_cells(code(packed)))
    with pytest.raises(BuildError, match="its file p is no text and holds a secret"):
        build_reports(root=project)


def test_a_short_secret_is_masked_as_a_word_and_not_within_words_and_numbers() -> None:
    mask = Mask({"PIN": "1234", "DB_PASSWORD": "pass"})
    masked = "pw=pass;1234 'pass' u:pass@h " + base64.b64encode(b"pass").decode()
    assert mask.text(masked) == (
        "pw=[masked DB_PASSWORD];[masked PIN] '[masked DB_PASSWORD]' u:[masked DB_PASSWORD]@h "
        "[masked DB_PASSWORD]=="
    )
    ordinary = "passes 0.1234 12345 1234.5 compass"
    assert mask.text(ordinary) == ordinary


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    mask = Mask({"A_TOKEN": "abcdef", "B_TOKEN": "abcdefghij"})
    assert mask.anything({"abcdef": ["abcdefghij", 1, None]}) == {
        "[masked A_TOKEN]": ["[masked B_TOKEN]", 1, None]
    }
