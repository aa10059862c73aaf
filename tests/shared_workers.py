"""Builds in tests share the process that starts workers: loading the libraries once serves all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from undercut.report.run import forge
from undercut.report.run.forge import End, Workers
from undercut.report.run.processes import end_tree


class Borrowed:
    """Workers of a process that outlives the build; what the build left running is ended."""

    def __init__(self, lender: Workers, environment: dict[str, str]) -> None:
        self._lender, self._environment = lender, environment
        self.refusal = lender.refusal

    @property
    def pids(self) -> dict[str, int]:
        return self._lender.pids

    def start(self, job: Path, variables: dict[str, str]) -> None:
        self._lender.start(job, self._environment | variables)

    def ended(self, wait_seconds: float) -> list[End]:
        return self._lender.ended(wait_seconds)

    def close(self) -> None:
        while self._lender._pids:
            for pid in self._lender.pids.values():
                end_tree(pid)
            self._lender.ended(0.1)


@contextmanager
def shared_workers(folder: Path) -> Iterator[None]:
    """Inside, every build of this process borrows its workers from one process for each set of libraries."""
    lenders: dict[tuple[tuple[str, ...], str], Workers] = {}

    def borrow(environment: dict[str, str], _log: Path, modules: Sequence[str] = ()) -> Borrowed:
        key = tuple(modules), os.environ.get("PYTHONPATH", "")
        if key not in lenders:
            lenders[key] = Workers(environment, folder / f"forge-{len(lenders)}.log", modules)
        return Borrowed(lenders[key], environment)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forge, "Workers", borrow)
        yield
    for lender in lenders.values():
        lender.close()


@pytest.fixture(scope="session", autouse=True)
def lent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """In every folder whose conftest imports this: one process serves all builds."""
    with shared_workers(tmp_path_factory.mktemp("forge")):
        yield
