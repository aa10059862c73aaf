"""How much faster are our builds than a loop of plain papermill and nbconvert over the same notebooks?"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

REPORTS = 12
CELLS = [
    '''limit = 5
noise = 1.0''',
    '''import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import statsmodels.formula.api as smf

from undercut import plots
from undercut.report.findings.results import Results''',
    '''rng = np.random.default_rng(7)
frame = pd.DataFrame({"x": rng.normal(size=400), "open": rng.integers(0, 2, 400)})
frame["y"] = 1 - 0.4 * frame["open"] + 0.7 * frame["x"] + noise * rng.normal(size=400)
frame.describe()''',
    '''fit = smf.ols("y ~ x + open", frame).fit(cov_type="HC1")
fit.summary()''',
    '''report = Results("NAME", title="Is it cheaper?", data_kind="simulated",
                 parameters={"limit": limit, "noise": noise}, as_of="2026-11-01")
low, high = fit.conf_int().loc["open"]
effect = report.finding("effect", "Effect of open weights", fit.params["open"], "USD", ci=(low, high), n=400)
report.answer(f"The effect is {effect}.")''',
    '''plots.set_house_style()
figure, axes = plt.subplots()
sns.scatterplot(frame, x="x", y="y", hue="open", ax=axes)
report.figure(figure, "scatter", alt="A cloud of points.", data=frame)''',
    '''figure, axes = plt.subplots()
sns.histplot(frame, x="y", hue="open", kde=True, ax=axes)
report.figure(figure, "histogram", alt="Two histograms.", data=frame)''',
    "report.save()",
]  # fmt: skip


def write_project(root: Path, count: int = REPORTS) -> Path:
    """A project of ``count`` realistic reports; returns its folder."""
    (root / "notebooks").mkdir(parents=True)
    entries = []
    for number in range(1, count + 1):
        name = f"report_{number:02d}"
        cells = [_cell(position, source.replace("NAME", name)) for position, source in enumerate(CELLS)]
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content))
        entries.append(
            f'[report.{name}]\nnotebook = "notebooks/{name}.ipynb"\ntitle = "Is it cheaper?"\n'
            f'[report.{name}.parameters]\nlimit = {{ type = "int" }}\nnoise = {{ type = "float" }}\n'
        )
    (root / "reports.toml").write_text("\n".join(entries))
    return root


def _cell(position: int, source: str) -> dict[str, Any]:
    tags = {"tags": ["parameters"]} if position == 0 else {}
    return {
        "cell_type": "code", "id": f"cell-{position}", "execution_count": None, "outputs": [],
        "metadata": tags, "source": source,
    }  # fmt: skip


def measure(command: Sequence[str], folder: Path) -> tuple[float, float, float]:
    """Seconds of the clock, of all processors, and peak memory in MiB (shared pages count once)."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = [0.0]
    watcher = threading.Thread(target=_watch_memory, args=(process.pid, peak))
    watcher.start()
    _, errors = process.communicate()
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode()[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, processor, peak[0]


def _watch_memory(pid: int, peak: list[float]) -> None:
    while psutil.pid_exists(pid):
        total = 0
        try:
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            for process in family:
                total += getattr(process.memory_full_info(), "pss", process.memory_info().rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        peak[0] = max(peak[0], total / 1024**2)
        time.sleep(0.25)


def loop_of_plain_tools(project: Path, count: int = REPORTS) -> list[str]:
    """A shell loop: papermill, then nbconvert, for each of the first ``count`` notebooks."""
    tools = Path(sys.executable).parent
    script = (
        f"mkdir -p loop && for book in $(ls notebooks/*.ipynb | head -{count}); do "
        f"name=$(basename $book .ipynb); UNDERCUT_OUTPUT=$PWD/loop/$name "
        f"{tools}/papermill --no-progress-bar $book loop/$name.ipynb && "
        f"{tools}/jupyter-nbconvert --to html loop/$name.ipynb || exit 1; done"
    )
    assert project.is_dir()
    return ["sh", "-c", script]


def _line(label: str, seconds: float, processor: float, peak: float, loop: Sequence[float]) -> str:
    return (
        f"{label:<44} {seconds / loop[0]:7.3f} ({seconds:6.1f} s)  {processor / loop[1]:7.3f} "
        f"({processor:6.1f} s)  {peak:6.0f} MB"
    )


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--large", action="store_true", help="also a grid of 100 points")
    options.add_argument("--quick", action="store_true", help="only the cold and the unchanged build")
    options.add_argument(
        "--loop", type=int, default=REPORTS, metavar="N", help="reports that the loop runs; scaled to all"
    )
    return options.parse_args()


def main() -> None:
    """Print the comparison."""
    options = _options()
    build = [str(Path(sys.executable).with_name("undercut")), "build"]
    with tempfile.TemporaryDirectory() as folder:
        project = write_project(Path(folder) / "project")
        measure([*build, "report_01", "--out", str(Path(folder) / "warm")], project)  # bytecode, font cache
        print(f"{'':<44} time, of the loop's   processor time   peak memory")
        seconds, processor, peak = measure(loop_of_plain_tools(project, options.loop), project)
        loop = [value * REPORTS / options.loop for value in (seconds, processor)]
        ran = "" if options.loop == REPORTS else f" ({options.loop} run)"
        print(
            _line(f"papermill and nbconvert, {REPORTS} reports{ran}", loop[0], loop[1], peak, loop),
            flush=True,
        )
        plain = [
            ("undercut build --plain --jobs 1", [*build, "--plain", "--jobs", "1", "--out", "plain1"]),
            ("undercut build --plain", [*build, "--plain", "--out", "plain"]),
        ]
        lines = [("undercut build, cold", build), ("undercut build, nothing changed", build)]
        for label, command in [*([] if options.quick else plain), *lines]:
            print(_line(label, *measure(command, project), loop), flush=True)
        for points in [1, *([] if options.quick else [10]), *([100] if options.large else [])]:
            values = ",".join(str(round(1 + step / 100, 2)) for step in range(1, points + 1))
            grid = [*build, "report_01", "--grid", f"noise={values}", "--out", f"grid{points}"]
            share = [value * points / REPORTS for value in loop]
            label = f"grid of {points} points, against as many of the loop"
            print(_line(label, *measure(grid, project), share), flush=True)


if __name__ == "__main__":
    main()
