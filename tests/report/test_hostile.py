"""Notebooks that do their worst: each takes down nothing but itself, and the failure is the true one."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.report.projects import code, demo_cells, notebook, write_project
from undercut.errors import BuildError
from undercut.report.build import build_reports, plan_build
from undercut.report.findings.contract import read_results

OUT = "import os, time\nout = os.environ['UNDERCUT_OUTPUT']\nmine = os.path.dirname(out)\n"
TAGGED = code("1 / 0", "raises-exception")
#: The cells, and what is said of the failure; nothing where the report is built.
CASES = {
    "links": ([code(OUT + "os.symlink('a', out + '/a')\nos.mkfifo(out + '/f')\ntime.sleep(0.3)")], ""),
    "garbage": (
        [code(OUT + "for n in ('outcome', 'trace'): open(f'{mine}/{n}.json', 'w').write('{x')\nos._exit(3)")],
        "what its run left behind cannot be read",
    ),
    "shapes": ([code(OUT + "open(f'{mine}/outcome.json', 'w').write('[1]')\nos._exit(3)")], "Kernel died"),
    "kills": ([code("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(9)")], "killed by SIGKILL"),
    "signals": ([code("import os, time\nos.kill(os.getppid(), 40)\ntime.sleep(9)")], "killed by signal 40"),
    "tagged": ([TAGGED], ""),
    "later": ([TAGGED, code("x = 1"), code("raise ValueError"), code("y = 2")], "cell 6 of .*ValueError$"),
    "magic": ([code("%no_such_magic 3")], "cell 4 of .*Line magic function `%no_such_magic` not found"),
    "exits": ([code("report.save()\nimport sys; sys.exit(0)")], ""),
    "exits3": ([code("import sys; sys.exit(3)")], "cell 4 of .*SystemExit: 3"),
    "deep": (
        [code(OUT + "report.save = lambda: open(out + '/results.json', 'w').write('[' * 10**5)")],
        "is not valid JSON",
    ),
    "halves": ([code("print('\\ud800')\nreport.warn('\\udfff')")], ""),
    "pictures": (
        [code("from IPython.display import display\ndisplay({'image/png': 'AAAA'}, raw=True)")],
        "",
    ),
    "floods": (
        [
            code(
                "import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\n"
                "for i in range(4000): print(i, flush=True)\n"
                "time.sleep(1)\nos.kill(os.getppid(), signal.SIGCONT)"
            )
        ],
        "",
    ),
    "kernels": ([code("import sys\nfor i in range(3000): print(f'\\r{i} of 3000', end='', flush=True)")], ""),
}  # fmt: skip


def test_each_hostile_notebook_takes_down_nothing_but_itself(tmp_path: Path) -> None:
    entries = ""
    for name, (cells, _) in CASES.items():
        named = [
            cell | {"source": cell["source"].replace('"demo"', f'"{name}"')} for cell in demo_cells(*cells)
        ]
        write_project(tmp_path, named, name=name)
        entries += (tmp_path / "reports.toml").read_text()
    content = notebook(demo_cells(*CASES["kernels"][0])) | {"metadata": {}}  # names no kernel
    text = json.dumps(content).replace('\\"demo\\"', '\\"kernels\\"')
    (tmp_path / "notebooks" / "kernels.ipynb").write_text(text)
    (tmp_path / "reports.toml").write_text(entries)
    ended: dict[str, str] = {}
    with pytest.raises(BuildError) as failure:
        build_reports(root=tmp_path, watch=lambda one: ended.update({one.report: one.status}))
    said = {text.split()[1].rstrip(":;"): text for text in str(failure.value).split("\n\n")}
    for name, (_, reason) in CASES.items():
        assert ended[name] == ("failed" if reason else "built"), name
        assert not reason or re.search(reason, said[name], re.DOTALL), said[name]
    site = tmp_path / "reports" / "site"
    assert sorted(path.name for path in (site / "links").iterdir()) == sorted(
        ["build.json", "index.html", "notebook.ipynb", "results.json"]
    )
    assert "f is a link or no plain file" in str(read_results(site / "links" / "results.json")["warnings"])
    assert "2999 of 3000" in (site / "kernels" / "index.html").read_text()
    assert "17 of 3000" not in (site / "kernels" / "index.html").read_text()
    shown = re.sub("<[^>]*>", "", (site / "floods" / "index.html").read_text())
    assert [n for n in range(4000) if f"\n{n}\n" not in shown] in ([], [0])
    assert "A picture that cannot be shown" in (site / "pictures" / "index.html").read_text()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = write_project(tmp_path_factory.mktemp("built"), demo_cells())
    build_reports(root=project)
    return project


JUNK = (
    "",
    "{",
    "[]",
    "null",
    '{"status": 5}',
    '{"status": "built", "inputs": 7, "started_at": 8}',
    "\x00\ufffd",
    "[" * 10**5,
)


@pytest.mark.parametrize("name", ["results.json", "build.json", "failure.json"])
def test_junk_in_the_records_of_a_build_is_said_and_built_again(built: Path, name: str) -> None:
    site = built / "reports" / "site"
    for junk in JUNK:
        (site / "demo" / name).write_text(junk)
        [(_, why)] = plan_build(root=built).tasks
        assert why and ("is not what" in why[0] or "damaged" in why[0] or "false" in why[0]), (junk[:20], why)
    with pytest.warns(UserWarning, match="damaged") if name == "results.json" else _nothing():
        [outcome] = build_reports(root=built)
    assert outcome.status == "built"
    assert plan_build(root=built).tasks[0][1] == []


def test_folders_in_place_of_records_and_results_alone_are_built_again(built: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "demo").mkdir(parents=True)
    shutil.copy(built / "reports" / "site" / "demo" / "results.json", site / "demo")
    [outcome] = build_reports(root=built, out_dir=site)
    assert outcome.status == "built"
    for name in ("build.json", "results.json"):
        (site / "demo" / name).unlink()
        (site / "demo" / name).mkdir()
        [outcome] = build_reports(root=built, out_dir=site)
        assert outcome.status == "built"
    (site / "demo" / "loop").symlink_to("loop")
    (site / "demo" / "index.html").unlink()
    [outcome] = build_reports(root=built, out_dir=site)
    assert outcome.status == "built" and not (site / "demo" / "loop").is_symlink()


def _nothing() -> object:
    from contextlib import nullcontext

    return nullcontext()
