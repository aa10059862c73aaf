"""How do many reports share one start-up? A process that loads the libraries once and forks workers.

``python -m undercut.report.run.forge MODULE...`` loads the modules, says whether forking is safe, and forks
one worker for each job that it is told of. It has no threads and answers in lines of JSON. When its input
closes, because the builder ended or was killed, it kills everything below it.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

from undercut.report.run.kernel import forget_working_folder
from undercut.report.run.processes import die_with_parent, end_descendants, peak_memory_mb, reap_orphans

#: Libraries worth loading once, whose import neither starts threads nor looks at who imports them.
PRELOADED = frozenset(
    {
        "duckdb", "exchange_calendars", "great_tables", "matplotlib", "numpy", "pandas", "pandera", "pyarrow",
        "scipy", "seaborn", "statsmodels",
    }
)  # fmt: skip
#: What these libraries load when they are first used.
_LOADED_LATER = {
    "matplotlib": ("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg"),
    "pandas": ("pandas.io.formats.csvs", "pandas.io.formats.html", "pandas.io.formats.string"),
    "statsmodels": ("statsmodels.iolib.summary", "statsmodels.stats.sandwich_covariance"),
}
#: Libraries whose threads would hang a forked process.
STARTS_THREADS = frozenset({"dask", "grpc", "jax", "polars", "pyspark", "ray", "tensorflow", "torch"})
#: Arrow's allocator takes care of forks itself.
_FORK_SAFE_THREADS = ("jemalloc_bg_thd",)


def main(modules: list[str]) -> int:
    """Serve until the input closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print while they load is no answer
    reap_orphans()
    load(modules)
    reason = unsafe_to_fork()
    _say(answers, ready=not reason, reason=reason)
    if not reason:
        _serve(answers)
    end_descendants()
    return 0


def load(modules: list[str]) -> None:
    """Import what workers and notebooks need, and have it done once what each would do first."""
    gc.disable()  # nothing of what is loaded is ever garbage
    # Half of nbformat's import time is this module, which JupyterLab pulls in and no notebook needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    for name in (
        "undercut.report.run.worker",
        "undercut.report.page.page",
        "undercut.report.page.render",
        *_MACHINERY,
    ):
        importlib.import_module(name)
    from undercut.report.run.worker import warm_up

    warm_up()
    wanted = [name for name in modules if name.partition(".")[0] in PRELOADED]
    roots = dict.fromkeys(name.partition(".")[0] for name in wanted)
    for name in [*wanted, *(later for root in roots for later in _LOADED_LATER.get(root, ()))]:
        # A library that cannot be imported is the notebook's to complain about, in its own cell.
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"{name} was not loaded ahead: {error!r}", file=sys.stderr)
    if "matplotlib.figure" in sys.modules:
        _draw_once()
    _forget_warnings()
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


_MACHINERY = (
    "papermill", "papermill.iorw", "nbclient", "ipykernel.kernelapp", "ipykernel.ipkernel",
    "ipykernel.zmqshell", "IPython.core.interactiveshell", "IPython.core.completer", "IPython.core.magics",
    "jupyter_client.asynchronous", "jupyter_client.manager", "jupyter_client.provisioning.local_provisioner",
    "ipykernel.debugger", "undercut.report.run.embryo", "pygments.lexers.python", "IPython.core.completerlib",
    "IPython.core.debugger", "IPython.core.logger", "IPython.core.oinspect", "IPython.core.pylabtools",
    "IPython.extensions.storemagic", "sqlite3", "tornado.platform.asyncio",
)  # fmt: skip


def _forget_warnings() -> None:
    """A warning that was given while loading is given again to each notebook that causes it."""
    for module in list(sys.modules.values()):
        getattr(module, "__warningregistry__", {}).clear()


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


def _serve(answers: TextIO) -> None:
    """Fork workers on demand and report their ends."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    jobs: dict[int, str] = {}
    pending = b""
    while True:
        ready, _, _ = select.select([0, reader], [], [])
        if reader in ready:
            os.read(reader, 512)
            _report_ended(jobs, answers)
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                return
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                job = json.loads(line)["job"]
                pid = _fork_worker(job, (reader, writer, answers.fileno()))
                jobs[pid] = job
                _say(answers, started=job, pid=pid)


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


def _fork_worker(job: str, inherited: tuple[int, ...]) -> int:
    """Start a worker on ``job``; returns its process id."""
    parent = os.getpid()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        die_with_parent(parent)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in inherited:
            os.close(descriptor)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        from undercut.report.run.worker import run_forked

        status = run_forked(job)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
    raise AssertionError("unreachable")


def _say(answers: TextIO, **content: Any) -> None:
    answers.write(json.dumps(content | {"at": time.time()}) + "\n")


if __name__ == "__main__":
    forget_working_folder()
    sys.exit(main(sys.argv[1:]))
