"""Whom to tell how a build went? Runs the command that the catalogue names; mail or chat is its business."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from undercut.report.run.task import Outcome
from undercut.strict_json import dumps

_LONGEST_SECONDS = 120


def run_hook(command: str, outcomes: Sequence[Outcome], site: Path, project: Path) -> bool:
    """Run ``command`` in a shell; it finds what happened in its environment and on standard input.

    Parameters
    ----------
    command : str
        From the catalogue. UNDERCUT_STATUS is ``success`` or ``failure``, UNDERCUT_BUILT and
        UNDERCUT_FAILED list reports, UNDERCUT_SITE is the site's folder; standard input is JSON.
    outcomes : sequence of Outcome
    site, project : Path
        The command runs in the project's folder.

    Returns
    -------
    bool
        Whether it ended well. What it says is passed on; a hook that fails does not undo the build.
    """
    by_status = {
        status: [one.report for one in outcomes if one.status == status] for status in ("built", "failed")
    }
    told = {
        "UNDERCUT_STATUS": "failure" if by_status["failed"] else "success",
        "UNDERCUT_BUILT": ", ".join(by_status["built"]),
        "UNDERCUT_FAILED": ", ".join(by_status["failed"]),
        "UNDERCUT_SITE": str(site),
    }
    content = dumps(
        [{"report": one.report, "status": one.status, "failure": one.failure} for one in outcomes]
    )
    try:
        done = subprocess.run(
            command, shell=True, cwd=project, env=os.environ | told, input=content.encode(),
            timeout=_LONGEST_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        print(f"The hook {command!r} ran longer than {_LONGEST_SECONDS} s and was stopped.", file=sys.stderr)
        return False
    if done.returncode:
        print(f"The hook {command!r} ended with status {done.returncode}.", file=sys.stderr)
    return done.returncode == 0
