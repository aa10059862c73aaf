"""How does the builder start workers and learn of their ends? Through one process that starts them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from undercut.errors import BuildError


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
