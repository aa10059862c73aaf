"""How do many reports share one start-up? A process that loads the libraries once and forks workers.

The builder holds it as `Workers`.

``python -m undercut.report.run.forge MODULE...`` loads the modules, says whether forking is safe, and starts
one worker for each job that it is told of: forked where that is safe, else (and where it was given no module)
as a fresh process. It has no threads and answers in lines of JSON. When its input closes, because the builder
ended or was killed, it kills everything below it.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from undercut.errors import BuildError
from undercut.report.run.kernel import forget_working_folder
from undercut.report.run.processes import die_with_parent, end_descendants, peak_memory_mb, reap_orphans


@dataclass(frozen=True, slots=True)
class End:
    """The end of a worker: the job's file, exit status (negative: a signal), peak memory in mebibytes.

    It is lost where it ended because the process that starts workers was killed.
    """

    job: str
    exit_status: int
    peak_memory_mb: float
    is_lost: bool = False


class Workers:
    """Workers are forked from one process that has the libraries loaded, or started fresh by it.

    Parameters
    ----------
    environment : dict
        Of the process and of the workers.
    log : Path
        What libraries print while they load.
    modules : sequence of str
        To load once; without any, each worker and its kernel is a fresh Python: slower, and safe everywhere.
    """

    def __init__(self, environment: dict[str, str], log: Path, modules: Sequence[str] = ()) -> None:
        self._environment, self._log, self._modules = environment, log, modules
        self._pids: dict[str, int] = {}
        #: Why workers are not forked although modules were named; empty where they are.
        self.refusal = ""
        self._open()

    def _open(self) -> None:
        """Start the process that starts workers."""
        with self._log.open("wb") as errors:
            self._forge = subprocess.Popen(
                [sys.executable, "-m", "undercut.report.run.forge", *self._modules],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._environment,
                start_new_session=True,  # an interrupt from the keyboard is for the builder, which ends it
            )
        self._pending = b""
        first = self._answers(600.0)
        if not first:
            self.close()
            raise BuildError(f"The process that starts workers cannot start; see {self._log}.")
        self.refusal = str(first[0]["reason"])

    def start(self, job: Path, variables: dict[str, str]) -> None:
        """Start a worker on the job; the process that starts them is begun again where it was killed."""
        if self._forge.poll() is not None:
            self.close()
            self._open()
        assert self._forge.stdin is not None
        told = {"job": str(job), "environment": self._environment | variables}
        with suppress(BrokenPipeError):  # killed just now: the worker is lost, as `ended` will find
            self._forge.stdin.write(json.dumps(told).encode() + b"\n")
            self._forge.stdin.flush()
        self._pids[str(job)] = 0

    def ended(self, wait_seconds: float) -> list[End]:
        """Workers that have ended; all of them where the process that started them was killed."""
        ends = []
        for answer in self._answers(wait_seconds):
            if "started" in answer:
                self._pids[answer["started"]] = answer["pid"]
            elif "ended" in answer:
                self._pids.pop(answer["ended"], None)
                ends.append(End(answer["ended"], answer["exit_status"], answer["peak_memory_mb"]))
        if self._forge.poll() is not None:
            ends += [End(job, -9, 0.0, is_lost=True) for job in self._pids]
            self._pids.clear()
        return ends

    @property
    def pids(self) -> dict[str, int]:
        """Process id of each job's worker; those without one are about to start."""
        return {job: pid for job, pid in self._pids.items() if pid}

    def _answers(self, wait_seconds: float) -> list[dict[str, Any]]:
        assert self._forge.stdout is not None
        descriptor = self._forge.stdout.fileno()
        ready, _, _ = select.select([descriptor], [], [], wait_seconds)
        received = os.read(descriptor, 65536) if ready else b""
        *lines, self._pending = (self._pending + received).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close its input, whereupon it ends everything below it."""
        for pipe in (self._forge.stdin, self._forge.stdout):
            if pipe:
                with suppress(OSError):  # what it was not told before it was killed
                    pipe.close()
        self._forge.wait()


#: What every worker and kernel needs.
MACHINERY = (
    "undercut.report.run.worker", "undercut.report.run.worker", "undercut.report.page.render",
    "papermill.iorw", "papermill.parameterize", "nbclient", "ipykernel.kernelapp", "ipykernel.ipkernel",
    "ipykernel.zmqshell", "ipykernel.debugger", "IPython.core.interactiveshell", "IPython.core.completer",
    "IPython.core.magics",
    "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect",
    "IPython.core.pylabtools", "IPython.extensions.storemagic", "jupyter_client.asynchronous",
    "jupyter_client.manager", "jupyter_client.provisioning.local_provisioner", "pygments.lexers.python",
    "sqlite3", "tornado.platform.asyncio",
)  # fmt: skip
#: Libraries worth loading once, whose import neither starts threads nor looks at who imports them: those that
#: most of the package's own rooms use, and others for notebooks that name them.
OWN_LIBRARIES = (
    "pandas", "pandas.io.formats.csvs", "pandas.io.formats.html", "pandas.io.formats.string",
    "pyarrow.parquet", "matplotlib.pyplot", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "matplotlib_inline.backend_inline", "scipy.linalg",
    "scipy.optimize", "scipy.special", "scipy.stats", "pandera.pandas", "exchange_calendars",
    "pandera.backends.pandas.container", "pandera.backends.pandas.builtin_checks", "pyarrow.dataset",
)  # fmt: skip
LIBRARIES = (
    *OWN_LIBRARIES, "seaborn", "statsmodels.api", "statsmodels.formula.api",
    "statsmodels.stats.sandwich_covariance", "duckdb",
)  # fmt: skip
#: Libraries whose threads would hang a forked process.
STARTS_THREADS = frozenset({"dask", "grpc", "jax", "polars", "pyspark", "ray", "tensorflow", "torch"})
#: Arrow's allocator takes care of forks itself.
_FORK_SAFE_THREADS = ("jemalloc_bg_thd",)
_LOOK_SECONDS = 0.02


def modules_for(notebooks: Iterable[Path]) -> list[str]:
    """Machinery, and the libraries that the notebooks name; the package's own, where one opens its door."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in notebooks)
    named = set(re.findall(r"\w+", text))
    if "undercut" in named:
        named.add("pandas")
    if re.search(r"import undercut(?![.\w])", text):
        named |= {name.partition(".")[0] for name in OWN_LIBRARIES}
    return [*MACHINERY, *(name for name in LIBRARIES if name.partition(".")[0] in named)]


def main(modules: list[str]) -> int:
    """Serve until the input closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print while they load is no answer
    reap_orphans()
    load(modules)
    reason = unsafe_to_fork() if modules else ""
    _say(answers, ready=True, reason=reason)
    _serve(answers, forks=bool(modules) and not reason)
    end_descendants()
    return 0


def load(modules: list[str]) -> None:
    """Import what workers and notebooks need, and have it done once what each would do first."""
    gc.disable()  # nothing of what is loaded is ever garbage
    # Half of nbformat's import time is this module, which JupyterLab pulls in and no notebook needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    for name in modules:
        # A library that cannot be imported is the notebook's to complain about, in its own cell.
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"{name} was not loaded ahead: {error!r}", file=sys.stderr)
    if modules:
        from undercut.report.run.worker import warm_up

        warm_up()
    if "matplotlib.figure" in sys.modules:
        _draw_once()
    # A warning that was given while loading is given again to each notebook that causes it.
    for module in list(sys.modules.values()):
        getattr(module, "__warningregistry__", {}).clear()
    # Collecting garbage touches every object, and a forked process would copy all memory for it.
    gc.collect()
    gc.freeze()
    gc.enable()


def _draw_once() -> None:
    """Draw a figure that nobody sees: finds fonts, and fills the caches that every first figure fills."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 2], [3, 4], marker="o", label="a")
    ax.scatter([1, 2], [3, 4], label="b")
    ax.set_title("Price, $m$")
    ax.legend()
    FigureCanvasSVG(figure).print_figure(io.StringIO(), format="svg")


def unsafe_to_fork() -> str:
    """Why forked workers could hang; empty where they cannot."""
    if not sys.platform.startswith("linux"):
        return "forking is only known to be safe on Linux"
    if found := sorted(STARTS_THREADS & sys.modules.keys()):
        return f"{', '.join(found)} may start threads of its own"
    pid = os.fork()  # numerical libraries end their threads before a fork; what is left then is unsafe
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    threads = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    unknown = len(threads) - 1 - sum(name in _FORK_SAFE_THREADS for name in threads)
    return f"the libraries started {unknown} threads" if unknown else ""


def _serve(answers: TextIO, *, forks: bool) -> None:
    """Start workers on demand and report their ends."""
    jobs: dict[int, str] = {}
    pipes: list[Any] = []  # fresh workers end when theirs closes
    pending = b""
    while True:
        ready, _, _ = select.select([0], [], [], _LOOK_SECONDS if jobs else None)
        _report_ended(jobs, answers)
        if not ready:
            continue
        received = os.read(0, 65536)
        if not received:
            return
        *lines, pending = (pending + received).split(b"\n")
        for told in map(json.loads, lines):
            if forks:
                pid = _fork(told["job"], told["environment"], answers.fileno())
            else:
                worker = _spawn(told["job"], told["environment"])
                pid = worker.pid
                pipes.append(worker)
            jobs[pid] = told["job"]
            _say(answers, started=told["job"], pid=pid)


def _report_ended(jobs: dict[int, str], answers: TextIO) -> None:
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in jobs:
            code = os.waitstatus_to_exitcode(status)
            _say(answers, ended=jobs.pop(pid), exit_status=code, peak_memory_mb=peak_memory_mb(usage))


def _spawn(job: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a fresh worker on ``job``."""
    command = [sys.executable, "-P", "-m", "undercut.report.run.worker", job]
    return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)


def _fork(job: str, environment: dict[str, str], inherited: int) -> int:
    """Fork a worker on ``job``; returns its process id."""
    parent = os.getpid()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        die_with_parent(parent)
        os.close(inherited)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None  # a worker has a folder of its own for temporary files
        from undercut.report.run.worker import run_job

        status = run_job(job, forks=True)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
    raise AssertionError("unreachable")


def _say(answers: TextIO, **content: Any) -> None:
    answers.write(json.dumps(content) + "\n")


if __name__ == "__main__":
    forget_working_folder()
    sys.exit(main(sys.argv[1:]))
