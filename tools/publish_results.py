"""What do the stock reports say on returns that may not be shipped? Builds them there, keeps statistics.

    python tools/publish_results.py --returns FILE [--factors FILE] [--closes FILE] [NAME ...]

Each report is built twice, on the shipped sample and on the file; the second goes to reports/published/ as
one HTML file with its results.json. The file is linked into a project of its own, so that pages call it
data/local/returns.* wherever it lies. Refused: a page that names a place on this machine, or a table that
holds prices of shares.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from undercut.errors import BuildError, UndercutError
from undercut.report.build import build_reports
from undercut.report.findings import sentences
from undercut.report.findings.contract import read_results
from undercut.report.site.export import export_report
from undercut.report.site.history import WORDS, moves

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "reports" / "published"
REPORTS: Final = ("04_deepseek_shock", "05_open_release_events", "06_regulation_and_adoption")
LARGEST_BYTES: Final = 3_000_000
#: Columns that only a table of share prices has.
PRICE_COLUMNS: Final = frozenset({"close", "adj_close", "adj close", "open", "high", "low", "volume"})
_PLACE: Final = re.compile(r"(?<![\w.:/<])/(?:home|root|work|tmp|Users|mnt|private|opt|srv)/[\w.-]+")
_NOTEBOOK_ITEM: Final = re.compile(r'<li><a href="notebook\.ipynb".*?</li>\n?')
_TEXTS: Final = {".json", ".html", ".ipynb", ".csv", ".svg"}


def faults(folder: Path, names: Iterable[str] = ()) -> list[str]:
    """What must not be published of a built report: places on this machine, ``names`` of files, share prices.

    build.json, which says on which machine and how, is not published.
    """
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix in _TEXTS and p.name != "build.json"):
        text = path.read_text(encoding="utf-8")
        found += [f"{path.name} names the place {place}" for place in sorted(set(_PLACE.findall(text)))]
        found += [f"{path.name} names the file {name}" for name in names if name in text]
        if path.suffix == ".csv" and (priced := price_columns(text)):
            found.append(f"{path.name} has the columns {', '.join(priced)} of a table of share prices")
    return found


def price_columns(table: str) -> list[str]:
    """Columns of a CSV table that hold prices of shares; low and high beside an estimate are its ends."""
    header = next(csv.reader(table.splitlines()), [])
    ends = {"low", "high"} if "estimate" in header else set()
    return sorted(name for name in header if name.strip().lower() in PRICE_COLUMNS - ends)


def differences(sample: Mapping[str, Any], own: Mapping[str, Any]) -> list[dict[str, str]]:
    """Findings of two builds side by side: key, finding, sample, own and what moved.

    ``own`` is judged by the interval of ``sample``, the smaller of the two data sets.
    """
    by_key = [{finding["key"]: finding for finding in build["findings"]} for build in (sample, own)]
    return [
        {
            "key": move.key,
            "finding": move.label,
            "sample": _written(by_key[0].get(move.key)),
            "own": _written(by_key[1].get(move.key)),
            "moved": WORDS[move.verdict].replace("earlier", "sample's"),
        }
        for move in moves(sample, own)
    ]


def _written(finding: Mapping[str, Any] | None) -> str:
    if finding is None:
        return "\N{EN DASH}"
    value = sentences.number(finding["value"], finding["unit"], decimals=sentences.decimals_of(dict(finding)))
    interval = sentences.interval(dict(finding))
    return f"{value} ({interval})" if interval else value


def page_of_differences(pairs: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]) -> str:
    """The Markdown page: for each report both answers, the data of the second, and every finding twice."""
    parts = ["# What differs between the shipped sample and the full file\n"]
    for name, (sample, own) in pairs.items():
        rows = differences(sample, own)
        used = [
            f"{entry['source']}: {entry['note']}"
            for entry in own["data"]
            if entry["source"].startswith("user's")
        ]
        outside = sum(row["moved"] == "moved out of the sample's interval" for row in rows)
        parts += [
            f"## {name}\n",
            f"Sample: {sample['answer']}\n",
            f"Full file: {own['answer']}\n",
            f"{outside} of {len(rows)} findings left the interval that the sample had given them.\n",
            *(f"Data of the full build, {text}\n" for text in used),
            "| finding | sample | full file | |",
            "|---|---|---|---|",
            *(
                f"| {row['finding']} (`{row['key']}`) | {row['sample']} | {row['own']} | {row['moved']} |"
                for row in rows
            ),
            "",
        ]
    return "\n".join(parts)


def publish(
    names: Sequence[str], files: Mapping[str, Path], target: Path = TARGET
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Build the named reports on the sample and on ``files`` (parameter to file); results of both by report.

    All are built before the first is written, so that each page names the same state of the project.

    Raises
    ------
    BuildError
        Where a page must not be published; nothing is written then.
    """
    pairs = {}
    with tempfile.TemporaryDirectory(prefix="undercut-publish-") as place:
        project = _project(Path(place), files)
        for name in names:
            sample = build_reports([name], {}, project / "sample", root=project)[0].folder
            own = build_reports([name], _values(project, name, files), project / "own", root=project)[
                0
            ].folder
            if found := faults(own, [path.name for path in files.values()]):
                raise BuildError(f"{name} is not published: {'; '.join(found)}.")
            (project / "done").mkdir(exist_ok=True)  # an export makes no folder unasked
            size = export_report(_without_notebook(own, project), project / "done" / f"{name}.html")
            if size > LARGEST_BYTES:
                raise BuildError(f"{name}.html has {size:,} bytes, more than {LARGEST_BYTES:,}.")
            shutil.copy(own / "results.json", project / "done" / f"{name}.results.json")
            pairs[name] = (read_results(sample / "results.json"), read_results(own / "results.json"))
        shutil.copytree(project / "done", target, dirs_exist_ok=True)
    return pairs


def _project(place: Path, files: Mapping[str, Path]) -> Path:
    """A project with this one's notebooks, and the files under neutral names in its data/local."""
    shutil.copy(ROOT / "reports.toml", place)
    shutil.copytree(ROOT / "notebooks", place / "notebooks")
    local = place / "data" / "local"
    local.mkdir(parents=True)
    for parameter, path in files.items():
        (local / f"{parameter}{path.suffix}").symlink_to(path.resolve())
    return place


def _without_notebook(report: Path, project: Path) -> Path:
    """A copy of a built report without its executed notebook, which would hold every figure a third time."""
    copy = project / "light" / report.parent.name / report.name
    shutil.copytree(report, copy, ignore=shutil.ignore_patterns("notebook.ipynb"))
    page = copy / "index.html"
    html = page.read_text(encoding="utf-8").replace("; the executed copy is among the downloads.", ".")
    page.write_text(_NOTEBOOK_ITEM.sub("", html), encoding="utf-8")
    return copy


def _values(project: Path, name: str, files: Mapping[str, Path]) -> dict[str, str]:
    """Parameters of a report that take one of the files, relative to the notebooks."""
    known = tomllib.loads((project / "reports.toml").read_text())["report"][name]["parameters"]
    return {p: f"../data/local/{p}{path.suffix}" for p, path in files.items() if p in known}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=list(REPORTS), metavar="NAME")
    parser.add_argument("--returns", type=Path, required=True, help="prices or returns, CSV or Parquet")
    parser.add_argument("--factors", type=Path, help="daily factors with a risk-free rate")
    parser.add_argument("--closes", type=Path, help="closing prices, for market values")
    given = parser.parse_args(arguments)
    files = {name: getattr(given, name) for name in ("returns", "factors", "closes") if getattr(given, name)}
    try:
        pairs = publish(given.names, files)
    except UndercutError as error:
        print(error, file=sys.stderr)
        return 2
    (TARGET / "differences.md").write_text(page_of_differences(pairs), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
