"""Where is the project, and in which state is its source?"""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from undercut import paths

CATALOGUE_FILE = "reports.toml"
#: Where a build wants the results of a notebook.
OUTPUT_VARIABLE = "UNDERCUT_OUTPUT"
#: What a build tells its notebooks, so that each need not ask git, and a machine without git knows it.
COMMIT_VARIABLE = "UNDERCUT_COMMIT"
#: Names the file in which the builder wrote what the others published; empty for a report that names none.
OTHERS_VARIABLE = "UNDERCUT_OTHERS"


def project_root(start: Path | None = None) -> Path:
    """Folder that holds reports.toml: ``start`` (default: here) or one above it, else that of the project
    whose data are used; here, where only the data inside an installed package are there.

    Raises
    ------
    StoreError
        There is no project and no data.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / CATALOGUE_FILE).is_file():
            return folder
    root = paths.project_root()
    return here if root == paths.PACKAGED else root


def git_commit(folder: Path) -> str | None:
    """Commit of ``folder``, with ``-dirty`` where files differ from it; None outside git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("-dirty" if _git(folder, "status", "--porcelain") else "")


def utc_now() -> str:
    """The moment of the build, ISO 8601, to the second; SOURCE_DATE_EPOCH fixes it."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(fixed), UTC) if fixed else datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
