"""A secret of the environment is in nothing that is published, however the notebook shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_only_values_that_look_secret_are_masked() -> None:
    environment = {
        "PWD": "/home/ann/project", "HOME": "/home/ann", "MONKEY": "banana-banana",
        "DB_PASSWORD": "correct horse", "GITHUB_TOKEN": "ghp_abcdef", "SHORT_KEY": "12345",
        "KEYBOARD": "qwertyuiop", "AWS_SECRET_ACCESS_KEY": "a/b+c=d",
    }  # fmt: skip
    mask = Mask(environment)
    for name in ("PWD", "HOME", "MONKEY", "SHORT_KEY", "KEYBOARD"):
        assert mask.text(environment[name]) == environment[name]
    for name in ("DB_PASSWORD", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        assert mask.text(f"<{environment[name]}>") == f"<[masked {name}]>"
    assert (
        mask.text("?p=correct%20horse&s=a%2Fb%2Bc%3Dd")
        == "?p=[masked DB_PASSWORD]&s=[masked AWS_SECRET_ACCESS_KEY]"
    )


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    mask = Mask({"A_TOKEN": "abcdef", "B_TOKEN": "abcdefghij"})
    assert mask.anything({"abcdef": ["abcdefghij", 1, None]}) == {
        "[masked A_TOKEN]": ["[masked B_TOKEN]", 1, None]
    }
