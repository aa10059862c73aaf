"""What do README and start page answer? Their tables, written from the results of a built site.

``python -m tools.readme_answers [SITE]`` (default reports/site) reads each report's results.json, keeps the
answers in ``reports/published/answers.json`` and writes the tables between the two marks of README.md and of
notebooks/START_HERE.md. ``--check`` writes nothing and ends with status 1 where one of them is out of date.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "reports" / "published" / "answers.json"
BEGIN, END = "<!-- answers: python -m tools.readme_answers -->", "<!-- end of answers -->"


def answers_of(site: Path, root: Path = ROOT) -> list[dict[str, Any]]:
    """Report, question, answer and day of every report that is ready; raises where one is not built."""
    catalogue = tomllib.loads((root / "reports.toml").read_text("utf-8"))["report"]
    ready = [name for name, entry in catalogue.items() if not entry.get("draft")]
    if missing := [name for name in ready if not (site / name / "results.json").is_file()]:
        raise SystemExit(f"Not built in {site}: {', '.join(missing)}. Run undercut build first.")
    found = [json.loads((site / name / "results.json").read_text("utf-8")) for name in ready]
    return [
        {"report": name, **{key: made[key] for key in ("title", "answer", "as_of", "data_kind")}}
        for name, made in zip(ready, found, strict=True)
    ]


def table(answers: list[dict[str, Any]]) -> str:
    """The table of the README, the briefing last, and up to which day the reports speak."""
    rows = sorted(answers, key=lambda one: one["report"].startswith("00"))
    days = [one["as_of"] for one in answers if one["as_of"]]
    lines = [
        f"Computed by the reports from data up to {max(days)}; 95% intervals unless a page says otherwise.",
        "",
        "| question | answer | report |",
        "|---|---|---|",
    ]
    for one in rows:
        kind = "" if one["data_kind"] == "real" else f" *({one['data_kind']} data)*"
        cells = (one["title"], one["answer"] + kind, one["report"][:2])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def start_table(answers: list[dict[str, Any]]) -> str:
    """The table of the start page: each notebook, its question and its answer."""
    lines = ["| notebook | question | answer |", "|---|---|---|"]
    for one in answers:
        cells = (f"[{one['report']}]({one['report']}.ipynb)", one["title"], one["answer"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


#: Files with a table of answers, and how each is written.
TABLES = {"README.md": table, "notebooks/START_HERE.md": start_table}


def with_table(name: str, text: str, answers: list[dict[str, Any]]) -> str:
    """The text of a file with its table made anew."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{name} lacks the marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{TABLES[name](answers)}\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write the table, or check it."""
    parser = argparse.ArgumentParser(description="Write the tables of answers.")
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "reports" / "site")
    parser.add_argument("--check", action="store_true", help="write nothing; say whether it is current")
    chosen = parser.parse_args(arguments)
    answers = answers_of(chosen.site)
    texts = {name: (ROOT / name).read_text("utf-8") for name in TABLES}
    made = {name: with_table(name, text, answers) for name, text in texts.items()}
    if chosen.check:
        old = [name for name in TABLES if made[name] != texts[name]]
        print(f"Out of date: {', '.join(old)}." if old else "README and start page say what the site says.")
        return 1 if old else 0
    KEPT.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, text in made.items():
        (ROOT / name).write_text(text, encoding="utf-8")
    print(f"Wrote {len(answers)} answers.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
