"""How does a kernel start in no time? It is forked with the libraries loaded and waits for its name."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import traceback
import uuid
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from undercut.report.run.kernel import run_kernel
from undercut.report.run.processes import die_with_parent


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
