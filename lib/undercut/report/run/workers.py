"""How does the builder start workers and learn of their ends? Forked workers and fresh ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from undercut.errors import BuildError
from undercut.report.run.processes import end_descendants, peak_memory_mb


@dataclass(frozen=True, slots=True)
class End:
    """The end of a worker: the job's file, exit status (negative: a signal), peak memory in mebibytes."""

    job: str
    exit_status: int
    peak_memory_mb: float


class Workers(Protocol):
    """Starts workers, reports their ends."""

    @property
    def pids(self) -> dict[str, int]:
        """Process id of each job's worker."""

    def start(self, job: Path) -> None:
        """Start a worker on the job."""

    def ended(self, wait_seconds: float) -> list[End]:
        """Workers that have ended since the last call; waits for one at most so long."""

    def close(self) -> None:
        """End what still runs."""


class FreshWorkers:
    """Each worker, and its kernel, is a fresh Python: slower, and safe everywhere."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def pids(self) -> dict[str, int]:
        """Process id of each job's worker."""
        return {job: worker.pid for job, worker in self._running.items()}

    def start(self, job: Path) -> None:
        """Start a worker on the job."""
        described = json.loads(job.read_text(encoding="utf-8"))
        with Path(described["log"]).open("wb") as log:
            self._running[str(job)] = subprocess.Popen(
                [sys.executable, "-P", "-m", "undercut.report.run.worker", str(job)],
                stdin=subprocess.PIPE,  # never written to: the worker ends when it closes
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment | described["variables"],
                start_new_session=True,
            )

    def ended(self, wait_seconds: float) -> list[End]:
        """Workers that have ended; waits in steps, because no system call waits for some of the children."""
        import time

        deadline = time.monotonic() + wait_seconds
        while not (ends := self._poll()) and time.monotonic() < deadline:
            time.sleep(min(0.02, wait_seconds))
        return ends

    def _poll(self) -> list[End]:
        ends = []
        for job, worker in list(self._running.items()):
            pid, status, usage = os.wait4(worker.pid, os.WNOHANG)
            if pid:
                worker.returncode = os.waitstatus_to_exitcode(status)
                ends.append(End(job, worker.returncode, peak_memory_mb(usage)))
                if worker.stdin:
                    worker.stdin.close()
                del self._running[job]
        return ends

    def close(self) -> None:
        """End what still runs."""
        for worker in self._running.values():
            end_descendants(worker.pid)
            worker.kill()
            worker.wait()
        self._running.clear()


class ForkedWorkers:
    """Workers are forked from one process that has the libraries loaded.

    Parameters
    ----------
    modules : sequence of str
        To load once.
    environment : dict
        Of the process and, with few changes, of the workers.
    log : Path
        What libraries print while they load.
    """

    def __init__(self, modules: list[str], environment: dict[str, str], log: Path) -> None:
        self._pids: dict[str, int] = {}
        self._modules, self._environment, self._log = modules, environment, log
        #: Why forking is not safe; empty where it is.
        self.refusal = self._open()

    def _open(self) -> str:
        """Start the process that forks; returns why it will not fork."""
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
        return str(first[0]["reason"]) if first else f"the forge did not start; see {self._log}"

    def start(self, job: Path) -> None:
        """Start a worker on the job; the process that forks is started again where it was killed."""
        if self._forge.poll() is not None:
            self.close()
            if refusal := self._open():
                raise BuildError(f"The process that starts workers was killed and cannot start: {refusal}")
        assert self._forge.stdin is not None
        self._forge.stdin.write(json.dumps({"job": str(job)}).encode() + b"\n")
        self._forge.stdin.flush()
        self._pids[str(job)] = 0

    def ended(self, wait_seconds: float) -> list[End]:
        """Workers that have ended; all of them where the process that forks them was killed."""
        ends = []
        for answer in self._answers(wait_seconds):
            if "started" in answer:
                self._pids[answer["started"]] = answer["pid"]
            elif "ended" in answer:
                self._pids.pop(answer["ended"])
                ends.append(End(answer["ended"], answer["exit_status"], answer["peak_memory_mb"]))
        if self._forge.poll() is not None:
            ends += [End(job, -9, 0.0) for job in self._pids]
            self._pids.clear()
        return ends

    @property
    def pids(self) -> dict[str, int]:
        """Process id of each job's worker; those without one are about to start."""
        return {job: pid for job, pid in self._pids.items() if pid}

    def _answers(self, wait_seconds: float) -> list[dict[str, Any]]:
        import select

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
                pipe.close()
        self._forge.wait()
