"""What does a report that is made from other reports get to see? Their results, and how far to trust them.

In a build the builder writes down, before the report starts, what the others have published; the notebook
reads that. Anywhere else (JupyterLab, plain papermill) the site itself is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from undercut.errors import DataError, InputError, check_known
from undercut.report.catalogue.catalogue import load_all
from undercut.report.catalogue.entries import Report
from undercut.report.catalogue.plan import why_of
from undercut.report.catalogue.project import CATALOGUE_FILE, OTHERS_VARIABLE, project_root
from undercut.report.findings import contract
from undercut.report.findings.contract import RESULTS_FILE
from undercut.report.site.publish import builds_of, fingerprint

#: Outside of a build, the site to read instead of reports/site of the project.
SITE_VARIABLE = "UNDERCUT_SITE"


def read_results(names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """What other reports found: the content of each one's results.json.

    A report that uses this says so in reports.toml, by ``after = ["01_market_prices"]`` or
    ``after = "all"``: it is then built after those, and again whenever their results change. In JupyterLab
    and plain papermill the site is read as it stands (reports/site, or the folder that UNDERCUT_SITE names).

    Parameters
    ----------
    names : sequence of str, optional
        Default: all that ``after`` names; outside of a build, all that are not made from others themselves.

    Returns
    -------
    dict of str to dict
        In the catalogue's order. Each has the keys of results.json (``claims`` too) and ``published``:
        ``state`` (``"current"``; ``"stale"`` where an input changed or a newer build failed; ``"missing"``
        where nothing is published, in which case there are no findings), ``reason`` in words, and
        ``built_at``.

    Raises
    ------
    InputError
        Where the catalogue does not let this report read that one.
    """
    known = _others()
    chosen = [name for name, other in known.items() if other["is_read"]] if names is None else list(names)
    return {name: _of(known, name)["results"] for name in chosen}


def previous_results(name: str) -> dict[str, Any] | None:
    """Results of the build before the one that `read_results` gives, None where none is kept.

    For the report that asks, and for any other that is made from reports, it is what is published now.
    """
    found: dict[str, Any] | None = _of(_others(), name)["previous"]
    return found


def snapshot(
    names: Sequence[str],
    reports: Mapping[str, Report],
    site: Path,
    why: Callable[[str], list[str]],
    *,
    own: Sequence[str] = (),
) -> dict[str, dict[str, Any]]:
    """What the reports have published, for those that are made from them.

    Parameters
    ----------
    names : sequence of str
        The reports to read.
    reports : mapping
        The catalogue.
    site : Path
    why : callable
        Says for the name of a report why it is out of date; nothing where it is not.
    own : sequence of str
        Reports to which the reader itself may belong: what is published of them is its previous build.

    Returns
    -------
    dict of str to dict
        ``results`` (with ``published``: its state, the reason, when it was built), ``previous`` results or
        None, ``fingerprint``, and ``is_read``, whether it is among ``names``.
    """
    found = {}
    for name in dict.fromkeys([*names, *own]):
        builds = builds_of(site, name)
        earlier = builds if name in own else builds[:-1]
        reasons = why(name)
        found[name] = {
            "results": _results(reports[name], site, reasons),
            "previous": _readable(earlier[-1]) if earlier else None,
            "fingerprint": fingerprint(site, name, reasons),
            "is_read": name in names,
        }
    return found


def _results(report: Report, site: Path, reasons: list[str]) -> dict[str, Any]:
    """Content of results.json with its state; without findings where there is none to read."""
    reason = "; ".join(reasons)
    path = site / report.name / RESULTS_FILE
    try:
        results = contract.read_results(path)
    except DataError as error:
        text = f"{reason}; {error}" if path.is_file() else reason
        state = {"state": "missing", "reason": text, "built_at": None}
        nothing: dict[str, Any] = {"findings": [], "figures": [], "warnings": [], "claims": [], "data": []}
        about = {"report": report.name, "title": report.title, "answer": "", "as_of": None, "data_kind": None}
        return about | nothing | {"published": state}
    state = {"state": "stale" if reasons else "current", "reason": reason, "built_at": results["built_at"]}
    return {"claims": []} | results | {"published": state}


def _readable(build: Path) -> dict[str, Any] | None:
    try:
        return contract.read_results(build / RESULTS_FILE)
    except DataError:
        return None  # kept by a version of the project whose contract was another


def _of(known: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    check_known("report to read (the key 'after' in reports.toml says which may be)", name, known)
    return known[name]


def _others() -> dict[str, dict[str, Any]]:
    told = os.environ.get(OTHERS_VARIABLE)
    if told:
        content: dict[str, dict[str, Any]] = json.loads(Path(told).read_text(encoding="utf-8"))
        return content
    if told is not None:
        text = 'it names none: give it after = [...] or after = "all" in reports.toml.'
        raise InputError(f"This report reads the results of other reports, and {text}")
    return _from_the_site()


def _from_the_site() -> dict[str, dict[str, Any]]:
    """Outside of a build: every report of the catalogue, judged by what is published now."""
    project = project_root()
    reports, _ = load_all(project / CATALOGUE_FILE)
    site = Path(os.environ.get(SITE_VARIABLE) or project / "reports" / "site").resolve()
    why = why_of(reports, site, project)
    plain = [name for name, report in reports.items() if not report.after]
    return snapshot(plain, reports, site, why, own=[name for name in reports if name not in plain])
