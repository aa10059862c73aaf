"""How much faster are our builds than a loop of plain papermill and nbconvert over the same notebooks?

    python -m tools.bench_build [REPORT ...] [--plain]

Runs the project's own reports (all of reports.toml, or those named) three ways: a shell loop of papermill and
nbconvert, ``undercut build``, and the same again with nothing changed; with ``--plain`` also a build in which
every notebook and kernel is a fresh process. The clock depends on what else the machine does; processor time
hardly does.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from undercut.report.catalogue.catalogue import load_catalogue, pick
from undercut.report.catalogue.plan import depth
from undercut.report.catalogue.project import CATALOGUE_FILE
from undercut.report.run.execution import THREAD_VARIABLES

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent


def measure(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds of all processors, and of the clock, that a command and what it starts take."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return processor, time.monotonic() - started


def loop(names: Sequence[str], folder: Path) -> list[str]:
    """A shell loop: papermill, then nbconvert, for each report, those made from others last."""
    known = load_catalogue(ROOT / CATALOGUE_FILE)
    reports = sorted(pick(known, list(names)), key=lambda report: depth(report, known))
    steps = ["set -e"]
    for report in reports:
        page, notebook = quote(str(folder / report.name)), quote(str(report.notebook))
        options = f"--no-progress-bar --cwd {quote(str(report.notebook.parent))}"
        steps += [
            f"mkdir -p {page}",
            f"UNDERCUT_OUTPUT={page} {TOOLS}/papermill {options} {notebook} {page}/executed.ipynb",
            f"{TOOLS}/jupyter-nbconvert --to html {page}/executed.ipynb",
        ]
    return ["sh", "-c", "\n".join(steps)]


def main() -> None:
    """Print the comparison, as parts of what the loop takes."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("reports", nargs="*", help="default: all")
    options.add_argument("--plain", action="store_true", help="also a build of fresh processes")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # As many threads of linear algebra as a build gives each notebook, one notebook at a time.
        alone = dict.fromkeys(THREAD_VARIABLES, "1") | {"UNDERCUT_SITE": f"{folder}/loop"}
        build = [str(TOOLS / "undercut"), "build", *given.reports, "--out"]
        runs = {"papermill and nbconvert, one by one": loop(given.reports, Path(folder) / "loop")}
        if given.plain:
            runs["undercut build --plain --jobs 1"] = [*build, f"{folder}/plain", "--plain", "--jobs", "1"]
        runs["undercut build --jobs 1"] = [*build, f"{folder}/one", "--jobs", "1"]
        runs["undercut build"] = [*build, f"{folder}/all"]
        runs["undercut build, nothing changed"] = [*build, f"{folder}/all"]
        print(f"{'':<38} processor time        clock")
        first: tuple[float, float] | None = None
        for label, command in runs.items():
            took = measure(command, alone)
            first = first or took
            pairs = zip(took, first, strict=True)
            shares = "  ".join(f"{part / whole:6.3f} ({part:6.1f} s)" for part, whole in pairs)
            print(f"{label:<38} {shares}", flush=True)


if __name__ == "__main__":
    main()
