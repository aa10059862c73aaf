"""Runs one notebook through nbclient and makes its page: a fresh process, or a forked one and its kernel.

What happened is written to a file as it happens, so that it is known of a run that is killed, too.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import sys
import threading
import time
import traceback
import uuid
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from undercut.errors import UndercutError
from undercut.report.findings.contract import write_atomically
from undercut.report.run.kernel import run_kernel
from undercut.report.run.masking import Mask, texts_in
from undercut.report.run.processes import die_with_parent, end_descendants, reap_orphans
from undercut.report.run.task import Task, told
from undercut.strict_json import dumps


class Embryo:
    """A forked process that becomes a kernel; behaves like the ``Popen`` that jupyter_client expects.

    It must be made before this process starts threads.
    """

    stdin = stdout = stderr = None

    def __init__(self, log: Path) -> None:
        parent = os.getpid()
        reader, self._writer = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid:
            os.close(reader)
            return
        status = 1
        try:
            die_with_parent(parent)
            os.close(self._writer)
            _wait_and_run(reader, log)
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            _flush_and_exit(status)

    def begin(self, command: list[str], *, environment: dict[str, str], folder: str) -> None:
        """Become the kernel that ``command`` would have started."""
        told = json.dumps({"command": command, "environment": environment, "folder": folder})
        with os.fdopen(self._writer, "w") as pipe:
            pipe.write(told)

    def poll(self, options: int = os.WNOHANG) -> int | None:
        """Exit status, None while it lives."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self) -> int | None:
        """Wait for its end."""
        return self.poll(0)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def manager_of(embryo: Embryo | None, folder: str) -> type[AsyncKernelManager]:
    """The kind of kernel manager whose kernel is ``embryo``, or without one a fresh process.

    Its connection file and sockets lie in ``folder``, whose path must be short.
    """

    class Provisioner(LocalProvisioner):
        """Tells the waiting process its connection file instead of starting a program."""

        async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
            place = str(options.get("cwd") or Path.cwd())
            assert embryo is not None
            embryo.begin(cmd, environment=options["env"], folder=place)
            self.process = embryo  # type: ignore[assignment]
            self.pid, self.pgid, self.cwd = embryo.pid, embryo.pid, place
            return self.connection_info

    class Manager(AsyncKernelManager):
        """Jupyter's own manager; its kernels are reached by files, because two may draw the same port."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            if sys.platform != "win32":
                self.transport, self.ip = "ipc", f"{folder}/kernel"
                self.connection_file = f"{folder}/kernel.json"
            if embryo is None:
                return
            identity = str(uuid.uuid4())
            self.provisioner = Provisioner(kernel_id=identity, kernel_spec=self.kernel_spec, parent=self)

        def client(self, **options: Any) -> Any:
            """Its client, which keeps all that the kernel says until it is read, however much that is."""
            made = super().client(**options)
            made.context.setsockopt(zmq.RCVHWM, 0)
            return made

    return Manager


def _wait_and_run(reader: int, log: Path) -> None:
    """Wait for the connection file's name, then be a fresh process as far as that can be told."""
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    if not text:
        return  # the worker ended before it needed a kernel
    told = json.loads(text)
    os.environ.clear()
    os.environ.update(told["environment"])
    os.chdir(told["folder"])
    _reseed()
    arguments = told["command"][told["command"].index("-f") :]
    run_kernel(arguments)


def _reseed() -> None:
    """Random numbers that differ between kernels, as they do between fresh processes."""
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def _flush_and_exit(status: int) -> None:
    """End without the tidying of the forked process, but with what the notebook asked for at exit."""
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


KERNEL_NAME = "python3"
_SAVE_SECONDS = 2.0
_PATIENCE_SECONDS = 10**6


def main(job_file: str) -> int:
    """Be a fresh process that runs the job with a fresh kernel; 0 where a page was made."""
    threading.Thread(target=_end_with_builder, daemon=True).start()
    # Half of nbformat's import time is this module, which JupyterLab pulls in and no notebook needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    return run_job(job_file)


def run_job(job_file: str, *, forks: bool = False) -> int:
    """Run the pickled task; leaves ``outcome`` (status, cell, error) and, where all went well, the page.

    With ``forks`` the kernel is forked from this process, which must have no threads yet.
    """
    task: Task = pickle.loads(Path(job_file).read_bytes())
    log = os.open(task.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        return _run(task, Embryo(task.log) if forks else None)
    except OSError as error:
        end_descendants()
        print(f"its files could not be written: {error}", file=sys.stderr)
        return 73


def _run(task: Task, embryo: Embryo | None) -> int:
    from undercut.report.page.render import complete_page

    reap_orphans()
    mask = Mask(os.environ)
    progress: dict[str, Any] = {"status": "running", "cell": None}
    write_atomically(task.outcome, dumps(progress))
    failed = _execute(task, progress, embryo)
    end_descendants()  # what the notebook started and did not end
    if not failed:
        try:
            complete_page(task, mask)
        # Whatever it is about what the notebook left that no page can be made of is this report's failure.
        except Exception as error:
            progress["cell"] = None
            is_ours = isinstance(error, UndercutError)
            failed = str(error) if is_ours else f"its page could not be made: {told(error)}"
    finished = {"status": "finished", "loaded": _own_modules()}
    ended = {"status": "failed", "error": failed} if failed else finished
    write_atomically(task.outcome, dumps(mask.anything(progress | ended)))
    return 1 if failed else 0


def warm_up() -> None:
    """Do once what every notebook would otherwise do for itself, such as compiling validators."""
    import nbformat

    from undercut.report.findings.contract import validator
    from undercut.report.page import html
    from undercut.report.page.render import template

    stream = {"output_type": "stream", "name": "stdout", "text": ""}
    cell = {"cell_type": "code", "id": "a", "source": "", "metadata": {}, "execution_count": 1}
    cells = [cell | {"outputs": [stream]}]
    nbformat.validate({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    validator()
    html.markdown("# $x$")
    html.highlighted("for x in [1, 'a']:  # b\n    f(x)")
    template("page.html.j2")


def _execute(task: Task, progress: dict[str, Any], embryo: Embryo | None) -> str:
    """Run the notebook; what went wrong, empty where all went well."""
    from nbclient.exceptions import CellExecutionError

    notebook = None
    try:
        notebook = _prepared(task)
        _client(notebook, task, progress, embryo).execute()
    except CellExecutionError as error:
        is_exit = error.ename == "SystemExit" and error.evalue in ("", "0")
        return "" if is_exit else told(error, error.ename, error.evalue)
    # Whatever else stops it (a dead kernel, a damaged notebook) is this process's result.
    except Exception as error:
        return progress.get("error") or told(error)
    finally:
        if notebook is not None:
            write_atomically(task.executed, dumps(notebook))
    return ""


def _prepared(task: Task) -> Any:
    """The notebook with the parameters passed, for this interpreter's kernel, whatever kernel it names."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    notebook = load_notebook_node(str(task.report.notebook))
    kernel = {"name": KERNEL_NAME, "display_name": "Python 3", "language": "python"}
    notebook.metadata.setdefault("kernelspec", kernel)
    about = {"kernel_name": KERNEL_NAME, "language": "python"}
    return parameterize_notebook(notebook, task.values, **about) if task.values else notebook


def _client(notebook: Any, task: Task, progress: dict[str, Any], embryo: Embryo | None) -> Any:
    """nbclient's own client with two additions: it notes each cell first and limits the output."""
    from nbclient import NotebookClient

    largest = task.report.limits.output_mb
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    injected = [at for at, found in enumerate(tags) if "injected-parameters" in found]
    shown, saved = 0, time.monotonic()

    class LimitedClient(NotebookClient):
        """Ends the run when the notebook shows more than the report may hold."""

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            nonlocal shown
            shown += sum(map(len, texts_in(msg["content"])))
            if shown > largest * 1024**2 and "error" not in progress:
                progress["error"] = f"it shows more than {largest:g} MB of output"
                end_descendants()  # the kernel; an exception here would be heard of when the cell ends
            return super().process_message(msg, cell, cell_index)

    def note(cell: Any, cell_index: int) -> None:
        nonlocal saved
        if time.monotonic() - saved > _SAVE_SECONDS:  # what a run that is killed leaves behind
            write_atomically(task.executed, dumps(notebook))
            saved = time.monotonic()
        if cell.cell_type == "code":  # one-based number in the user's notebook
            number = cell_index + 1 - sum(at < cell_index for at in injected)
            progress.update(cell=cell_index, source=cell.source)
            progress["number"] = None if cell_index in injected else number
            progress["cells"] = len(notebook.cells) - len(injected)
            write_atomically(task.outcome, dumps(progress))

    return LimitedClient(
        notebook,
        kernel_name=KERNEL_NAME,
        kernel_manager_class=manager_of(embryo, str(task.staging)),
        resources={"metadata": {"path": str(task.report.notebook.parent)}},
        on_cell_start=note,
        # The limits are held from outside: a machine that is busy is no reason to give up.
        timeout=None,
        startup_timeout=_PATIENCE_SECONDS,
        iopub_timeout=_PATIENCE_SECONDS,
        raise_on_iopub_timeout=True,
    )


def _own_modules() -> list[str]:
    """Files of this package that made the page, its templates with them."""
    ours = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "undercut"]
    files = [file for module in ours if (file := getattr(module, "__file__", None))]
    templates = (Path(__file__).parents[1] / "page" / "templates").iterdir()
    return sorted([*files, *map(str, templates)])


def _end_with_builder() -> None:
    """End this process and its kernel when the builder's end of standard input closes."""
    while os.read(0, 1024):
        pass
    end_descendants()
    os._exit(70)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
