"""What does the README answer? Its table, written from the results of a built site.

``python -m tools.readme_answers [SITE]`` (default reports/site) reads each report's results.json, keeps the
answers in ``reports/published/answers.json`` and writes the table between the two marks of README.md.
``--check`` writes nothing and ends with status 1 where README.md says anything else than the site.
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


def with_table(readme: str, answers: list[dict[str, Any]]) -> str:
    """The README with its table made anew."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md lacks the marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{table(answers)}\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write the table, or check it."""
    parser = argparse.ArgumentParser(description="Write the README's table of answers.")
    parser.add_argument("site", nargs="?", type=Path, default=ROOT / "reports" / "site")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 where it is out of date")
    chosen = parser.parse_args(arguments)
    answers, readme = answers_of(chosen.site), ROOT / "README.md"
    text = with_table(readme.read_text("utf-8"), answers)
    if chosen.check:
        is_current = text == readme.read_text("utf-8")
        print("README.md says what the site says." if is_current else "README.md is out of date: run it again.")
        return 0 if is_current else 1
    KEPT.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    readme.write_text(text, encoding="utf-8")
    print(f"Wrote {len(answers)} answers.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
