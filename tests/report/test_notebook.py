"""The published notebook keeps results and drops what changes from run to run."""

from __future__ import annotations

from tests.report.projects import code, notebook
from undercut.report.page.notebook import published_notebook, without_silenced

SUMMARY = """\
Dep. Variable:                  price   R-squared:                       0.300
Date:                Mon, 23 Nov 2026   Prob (F-statistic):              0.631
Time:                        18:22:16   Log-Likelihood:                -3.7879
"""


def published(*outputs: dict, **metadata: object) -> dict:
    cell = code("x") | {"outputs": list(outputs)}
    cell["metadata"] |= metadata
    return published_notebook(notebook([cell]))["cells"][0]


def stderr(text: str) -> dict:
    return {"output_type": "stream", "name": "stderr", "text": text}


def test_only_warnings_named_as_silenced_are_dropped() -> None:
    noise = "/x/site-packages/lib/a.py:10: Pandas4Warning: will change\n  frame.old()\n"
    signal = "/x/site-packages/lib/b.py:11: RuntimeWarning: divide by zero\n  1 / x\n"
    assert without_silenced(noise + signal) == signal
    assert without_silenced(signal + noise) == signal
    assert published(stderr(noise))["outputs"] == []


def test_messages_name_no_folder_of_the_machine() -> None:
    cell_file = "/tmp/ipykernel_4711/860678380.py:2: UserWarning: look\n"
    text = cell_file + "/home/me/.venv/lib/python3.11/site-packages/a/b.py:3: W: x\n"
    kept = published(stderr(text))["outputs"][0]["text"]
    assert kept == "cell:2: UserWarning: look\na/b.py:3: W: x\n"


def test_summaries_lose_the_time_of_printing_and_nothing_else() -> None:
    output = {"output_type": "execute_result", "metadata": {}, "data": {
        "text/plain": SUMMARY,
        "text/html": "<tr><th>Date:</th> <td>Mon, 23 Nov 2026</td> <th>AIC:</th><td>11.58</td></tr>",
    }}  # fmt: skip
    data = published(output)["outputs"][0]["data"]
    assert "2026" not in data["text/plain"] + data["text/html"]
    assert "18:22" not in data["text/plain"]
    for kept in ("0.631", "-3.7879", "price"):
        assert kept in data["text/plain"]
    assert "<th>AIC:</th><td>11.58</td>" in data["text/html"]


def test_timings_and_random_ids_are_dropped() -> None:
    cell = published(papermill={"duration": 1.5}, execution={"x": 1}, tags=["injected-parameters"])
    assert cell["metadata"] == {"tags": ["injected-parameters"]}
    assert cell["id"] == "injected-0"
