"""Is what a notebook left behind a report, and how does it become a page? Checks, masks and renders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from undercut.errors import DataError
from undercut.report.findings.contract import RESULTS_FILE, read_results, write_atomically, write_results
from undercut.report.page.files import clean_files
from undercut.report.page.notebook import published_notebook
from undercut.report.page.render import render_report
from undercut.report.run.masking import Mask
from undercut.strict_json import dumps

_MISSING = object()


def complete_page(job: Mapping[str, Any], mask: Mask) -> None:
    """Check what the notebook left in the page's folder, mask secrets, add the notebook and the HTML.

    Parameters
    ----------
    job : mapping
        ``report``, ``values``, ``page``, ``output``, ``command``, ``notebook_path``,
        ``folder_name``.
    mask : Mask
        What must not be published.

    Raises
    ------
    DataError
        Where the results are missing, break the contract, or belong to another report or other parameters.
    """
    page = Path(job["page"])
    results = read_results(page / RESULTS_FILE)
    left_out = clean_files(page, mask)
    _check_results(job, results, page)
    results = mask.anything(results)
    results["warnings"] += left_out
    executed = json.loads(Path(job["output"]).read_text(encoding="utf-8"))
    notebook = mask.anything(published_notebook(executed))
    write_results(page / RESULTS_FILE, results)
    write_atomically(page / "notebook.ipynb", dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    html = render_report(
        notebook,
        results,
        command=mask.text(job["command"]),
        notebook_path=job["notebook_path"],
        folder=job["folder_name"],
        files=page,
    )
    write_atomically(page / "index.html", html)


def _check_results(job: Mapping[str, Any], results: dict[str, Any], page: Path) -> None:
    """The results must be of this report and these parameters, and their files must exist."""
    if results["report"] != job["report"]:
        raise DataError(f"its results.json says report {results['report']!r}.")
    for name, value in job["values"].items():
        recorded = results["parameters"].get(name, _MISSING)
        if recorded != value:
            said = "not at all" if recorded is _MISSING else f"as {recorded!r}"
            raise DataError(f"parameter {name} was {value!r} but results.json records it {said}.")
    for figure in results["figures"]:
        for file in (figure["image"], figure["data"]):
            if file is not None and not (page / file).is_file():
                raise DataError(f"results.json names {file}, which the notebook did not write.")
