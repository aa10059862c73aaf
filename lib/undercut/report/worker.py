"""Runs one notebook through papermill in a process of its own: ``python -m undercut.report.worker JOB``.

What happened is written to a file as it happens, because papermill's record in the notebook calls cells
completed whose kernel died.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from undercut.report.contract import write_atomically

KERNEL_NAME = "python3"


def main(job_file: str) -> int:
    """Run the job described in ``job_file``; 0 where the notebook ran to its end."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    threading.Thread(target=_end_with_builder, daemon=True).start()
    outcome = Path(job["outcome"])
    progress: dict[str, Any] = {"status": "running", "cell": None}
    write_atomically(outcome, json.dumps(progress))
    failure = _execute(job, progress)
    write_atomically(outcome, json.dumps(progress | (failure or {"status": "finished"})))
    return 1 if failure else 0


def _execute(job: dict[str, Any], progress: dict[str, Any]) -> dict[str, Any] | None:
    """Run the notebook; None where all went well, else what went wrong."""
    # Half of nbformat's import time is this module, which JupyterLab pulls in and no notebook needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _follow_cells(progress, Path(job["outcome"]))
    try:
        papermill.execute_notebook(
            _literal(job["notebook"]),
            _literal(job["output"]),
            parameters=job["parameters"],
            engine_name="undercut",
            kernel_name=KERNEL_NAME,
            cwd=job["folder"],
            progress_bar=False,
        )
    except PapermillExecutionError as error:
        return {"status": "failed", "error": f"{error.ename}: {error.evalue}"}
    # Whatever else papermill raises (a dead kernel, a damaged notebook) is this process's result.
    except Exception as error:
        return {"status": "failed", "error": f"{type(error).__name__}: {error}"}
    return None


def _follow_cells(progress: dict[str, Any], outcome: Path) -> None:
    """Register a papermill engine that notes each cell before it starts."""
    from papermill.engines import NBClientEngine, papermill_engines

    class FollowedEngine(NBClientEngine):  # type: ignore[misc]
        """Papermill's own engine; keeps the truth about where it is."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            begin = nb_man.cell_start

            def noted(cell: Any, cell_index: int | None = None, **rest: Any) -> None:
                if cell.cell_type == "code":
                    progress["cell"] = cell_index
                    progress["source"] = cell.source
                    write_atomically(outcome, json.dumps(progress))
                begin(cell, cell_index, **rest)

            nb_man.cell_start = noted
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("undercut", FollowedEngine)


def _literal(path: str) -> str:
    """Papermill formats paths with the parameters; braces in ours are meant as they are."""
    return path.replace("{", "{{").replace("}", "}}")


def _end_with_builder() -> None:
    """End this process and its kernel when the builder's end of standard input closes."""
    import psutil

    while os.read(0, 1024):
        pass
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(70)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
