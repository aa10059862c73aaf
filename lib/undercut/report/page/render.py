"""How does what a notebook left become one HTML file that needs nothing else? Checked, masked, rendered."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any, Final

from undercut.errors import DataError
from undercut.report.findings import sentences
from undercut.report.findings.contract import RESULTS_FILE, read_results, write_atomically, write_results
from undercut.report.findings.sentences import day_text
from undercut.report.page.figures import ink_style, interval_bar
from undercut.report.page.files import clean_files
from undercut.report.page.html import template as template
from undercut.report.page.layout import Layout, Outputs
from undercut.report.page.notebook import published_notebook
from undercut.report.run.masking import Mask
from undercut.report.run.task import Task
from undercut.strict_json import dumps
from undercut.tables import readable

_MISSING = object()


def complete_page(task: Task, mask: Mask) -> None:
    """Check what the notebook left in the page's folder, mask secrets, add the notebook and the HTML.

    Parameters
    ----------
    task : Task
        Whose notebook has run.
    mask : Mask
        What must not be published.

    Raises
    ------
    DataError
        Where the results are missing, break the contract, or belong to another report or other parameters.
    """
    page = task.page
    results = read_results(page / RESULTS_FILE)
    left_out = clean_files(page, mask)
    _check_results(task, results)
    results = mask.anything(results)
    results["warnings"] += left_out
    executed = json.loads(task.executed.read_text(encoding="utf-8"))
    notebook = mask.anything(published_notebook(executed))
    write_results(page / RESULTS_FILE, results)
    write_atomically(page / "notebook.ipynb", dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    about: dict[str, Any] = {"notebook_path": task.notebook_path, "folder": task.folder, "files": page}
    html = render_report(notebook, results, command=mask.text(task.command), **about)
    write_atomically(page / "index.html", html)


def _check_results(task: Task, results: dict[str, Any]) -> None:
    """The results must be of this report and these parameters, and their files must exist."""
    if results["report"] != task.report.name:
        raise DataError(f"its results.json says report {results['report']!r}.")
    for name, value in task.values.items():
        recorded = results["parameters"].get(name, _MISSING)
        if recorded != value:
            said = "not at all" if recorded is _MISSING else f"as {recorded!r}"
            raise DataError(f"parameter {name} was {value!r} but results.json records it {said}.")
    for figure in results["figures"]:
        for file in (figure["image"], figure["data"]):
            if file is not None and not (task.page / file).is_file():
                raise DataError(f"results.json names {file}, which the notebook did not write.")


BADGES = {"real": "Real data", "sample": "Sample data", "simulated": "Simulated data"}
_OWN_SECTIONS = (
    ("findings", "Findings"),
    ("all-findings", "All findings"),
    ("cite", "Cite"),
    ("reproduce", "How to reproduce"),
)
#: Findings that stand above the sections, with their intervals drawn.
MOST_SHOWN = 5


def render_report(
    notebook: Mapping[str, Any],
    results: Mapping[str, Any],
    *,
    command: str,
    notebook_path: str,
    folder: str = "report",
    files: Path | None = None,
) -> str:
    """The page of a report.

    Parameters
    ----------
    notebook : mapping
        Executed notebook, as `published_notebook` returns it.
    results : mapping
        Content of results.json.
    command : str
        What to type to build this page again.
    notebook_path : str
        The notebook's place in the project.
    folder : str
        The page's folder, relative to the site.
    files : Path, optional
        Where the drawings for phones are, with the report's other files.

    Returns
    -------
    str
        One HTML file; the same for the same arguments.
    """
    warnings = list(results["warnings"])

    def warn(text: str) -> None:
        if text not in warnings:
            warnings.append(text)

    outputs = Outputs(
        {figure["name"]: figure for figure in results["figures"]}, warn,
        lambda path: ((files or Path()) / path).read_text("utf-8"),
    )  # fmt: skip
    layout = Layout(notebook, outputs, _lead_of(results), taken=[name for name, _ in _OWN_SECTIONS])
    findings, chosen = results["findings"], shown_findings(results["findings"])
    keys = {finding["key"] for finding in chosen}
    headings = [("findings", "Findings")] if chosen else []
    headings += layout.sections + [own for own in _OWN_SECTIONS[1:] if findings or own[0] != "all-findings"]
    script = page_script()
    page = template("page.html.j2").render(
        results=results,
        answer=emphasised(results["answer"], chosen),
        shown=[_finding_row(finding) for finding in chosen],
        findings=[_finding_row(finding) | {"is_shown": finding["key"] in keys} for finding in findings],
        layout=layout,
        headings=headings,
        warnings=warnings,
        badge=BADGES[results["data_kind"]],
        command=command,
        notebook_path=notebook_path,
        style=page_style(),
        script=script,
        script_hash=script_hash(script),
        up=_way_up(folder),
        history=f"{_way_up(folder)}history/{folder}/index.html",
        day=day_text,
        **citation(results),
    )
    head, main, rest = str(page).strip().partition("<main")
    return f"{head}{typeset(main + rest)}\n"


def render_failure(failure: Mapping[str, Any], *, command: str, folder: str) -> str:
    """The page of a report that failed: when, in which cell, and the way to the last good version.

    Parameters
    ----------
    failure : mapping
        Content of failure.json.
    command, folder : str
        As for `render_report`.
    """
    page = template("failed.html.j2").render(
        failure=failure,
        reason=re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", failure["reason"]),
        command=command,
        style=page_style(),
        up=_way_up(folder),
    )
    return str(page).strip() + "\n"


def _way_up(folder: str) -> str:
    """From a page in ``folder`` to the site's own folder."""
    return "../" * (folder.count("/") + 1)


def page_style() -> str:
    """The style sheet that all pages share."""
    return part("style.css") + "\n" + ink_style()


def page_script() -> str:
    """The script of reports: marks that answer, series that hide, time that zooms, tables that sort."""
    return "\n".join(map(part, ("point.js", "report.js", "series.js")))


def script_hash(script: str) -> str:
    """By what a page's policy allows its script, and no other."""
    return "sha256-" + b64encode(sha256(script.encode()).digest()).decode()


def part(name: str) -> str:
    """The text of a script or style sheet of pages."""
    return (resources.files(__package__) / "templates" / name).read_text("utf-8").strip()


def _lead_of(results: Mapping[str, Any]) -> str:
    """Name of the figure that opens the page."""
    names = [figure["name"] for figure in results["figures"] if figure.get("leads")]
    return next(iter([*names, *(figure["name"] for figure in results["figures"])]), "")


def shown_findings(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The findings above the sections: headline, primary, then others that have an interval; one a label."""
    with_interval = [finding for finding in findings if finding["ci_low"] is not None]
    ranks = {"headline": 0, "primary": 1, None: 2, "descriptive": 3}
    ranked = sorted(
        (finding for finding in with_interval if finding.get("role") in ranks),
        key=lambda finding: ranks[finding.get("role")],
    )
    best = {finding["label"]: finding for finding in reversed(ranked)}
    return [finding for finding in ranked if best[finding["label"]] is finding][:MOST_SHOWN]


def emphasised(answer: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """The answer as HTML with its number in bold: the first finding's, else its first amount."""
    shown = [
        sentences.split(f["value"], f["unit"], decimals=sentences.decimals_of(dict(f)))[0] for f in findings
    ]
    said = (text.lstrip("+" + sentences.MINUS) for text in shown if text)
    number = next((text for text in said if re.search(rf"(?<![\d.]){re.escape(text)}(?![\d.])", answer)), "")
    if not number:
        found = _AMOUNT.search(answer)
        number = found[0] if found else ""
    if number and f"{sentences.MINUS}{number}" in answer:
        number = f"{sentences.MINUS}{number}"
    text = escape(answer)
    return text.replace(escape(number), f"<b>{escape(number)}</b>", 1) if number else text


_AMOUNT = re.compile(r"[−+]?\$[\d,.]*\d|[−+]?\d[\d,.]*(?:%|×| times|-fold| percentage points)")


def citation(results: Mapping[str, Any]) -> dict[str, str]:
    """How the report is cited: text, and an entry for BibTeX, with version and day."""
    built, version = results["built_at"][:10], _version()
    commit = f", commit {results['git_commit'][:12]}" if results["git_commit"] else ""
    of = f", data to {day_text(results['as_of'])}" if results["as_of"] else ""
    title = results["title"].rstrip(".")
    told = f"{version}{commit}{of}"
    entry = {
        "author": "{Undercut}", "title": f"{{{title}}}", "year": built[:4],
        "note": f"Report {results['report'].replace('_', ' ')}, version {told}; built {day_text(built)}",
    }  # fmt: skip
    fields = ",\n".join(f"  {name} = {{{text}}}" for name, text in entry.items())
    ending = "" if title.endswith("?") else "."
    return {
        "citation": f"Undercut ({built[:4]}). {title}{ending} Version {told}. Built {day_text(built)}.",
        "bibtex": f"@misc{{undercut_{results['report']},\n{fields}\n}}",
    }


def _version() -> str:
    from importlib.metadata import version

    return version("undercut")


def _finding_row(finding: Mapping[str, Any]) -> dict[str, Any]:
    """A finding as the table shows it."""
    content = dict(finding)
    decimals = sentences.decimals_of(content)
    shown, words = sentences.split(content["value"], content["unit"], decimals=decimals)
    return content | {
        "shown": shown,
        "words": words,
        "interval": sentences.interval(content),
        "interval_text": sentences.interval(content, with_level=True),
        "drawn": interval_bar(content),
        "percent": "" if content["level"] is None else sentences.level_of(content).split()[0],
    }


#: Left as they are: code, what a program printed, drawings and formulas; then single tags, then text.
_PIECE: Final = re.compile(
    r"<(script|style|pre|code|svg|math|textarea)\b.*?</\1>|<[^>]*>|(?P<text>[^<]+)", re.DOTALL
)
#: A number as a table of a program writes it: five decimals or more, or an exponent.
_RAW: Final = re.compile(r"[-+]?\d+(?:\.\d{5,}|\.?\d*e[-+]\d+)")
#: A name as a program writes it, not part of a path, of an address or of a longer name.
_NAME: Final = re.compile(r"(?<![\w./\-=?&])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w/=]|\.\w)")


def typeset(page: str) -> str:
    """HTML whose running text and tables a reader can take in; code and drawings stay as they are.

    Examples
    --------
    >>> typeset('<td class="a">-1.632136e+01</td><p>from -2% to 3%, with model_id</p><code>a_b -1</code>')
    '<td class="a">−16.3</td><p>from −2% to 3%, with model id</p><code>a_b -1</code>'
    """
    return _PIECE.sub(lambda found: _set(found[0]) if found["text"] else found[0], page)


def _set(text: str) -> str:
    if _RAW.fullmatch(text.strip()):
        return sentences.number(float(text), "")
    return _NAME.sub(lambda found: found[0].replace("_", " "), readable(text))
