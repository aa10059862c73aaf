"""Do two builds say the same? Holds every finding of one site against the other's.

``python -m tools.same_findings BEFORE AFTER [REPORT...]`` names each finding that is new, missing or
different beyond ``--tolerance`` (relative, 1e-9), and ends with status 1 where there is one that
``--expected FILE`` does not list (lines ``report key reason``).
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NUMBERS = ("value", "ci_low", "ci_high", "level", "n")


def findings(site: Path, report: str) -> dict[str, dict[str, Any]]:
    """Findings of one report by key."""
    path = site / report / "results.json"
    if not path.is_file():
        return {}
    return {found["key"]: found for found in json.loads(path.read_text("utf-8"))["findings"]}


def reports_of(*sites: Path) -> list[str]:
    """Reports that any of the sites holds."""
    return sorted({path.parent.name for site in sites for path in site.glob("*/results.json")})


def same(first: Any, second: Any, tolerance: float) -> bool:
    """Whether two numbers are equal, up to ``tolerance`` relative; None only equals None."""
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=tolerance, abs_tol=1e-12)


def differences(before: Path, after: Path, report: str, tolerance: float) -> Iterator[tuple[str, str]]:
    """Key and what differs, for each finding of ``report`` that is not the same in both."""
    old, new = findings(before, report), findings(after, report)
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield key, "is missing"
        elif key not in old:
            yield key, "is new"
        else:
            changed = [f for f in NUMBERS if not same(old[key][f], new[key][f], tolerance)]
            if changed:
                yield key, ", ".join(f"{f}: {old[key][f]!r} is now {new[key][f]!r}" for f in changed)


def expected(path: Path | None) -> dict[tuple[str, str], str]:
    """Differences that have a reason: lines ``report key reason``; a key may end in ``*``."""
    lines = path.read_text("utf-8").splitlines() if path else []
    parts = [line.split(maxsplit=2) for line in lines if line.strip() and not line.startswith("#")]
    return {(report, key): reason for report, key, reason in parts}


def reason_for(report: str, key: str, known: dict[tuple[str, str], str]) -> str | None:
    """Why this finding may differ, if a reason is on file."""
    for (where, pattern), reason in known.items():
        if where == report and (key == pattern or (pattern.endswith("*") and key.startswith(pattern[:-1]))):
            return reason
    return None


def main() -> int:
    """Print the differences; 1 where one has no reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("reports", nargs="*")
    parser.add_argument("--tolerance", type=float, default=1e-9)
    parser.add_argument("--expected", type=Path)
    given = parser.parse_args()
    known, unexplained, held = expected(given.expected), 0, 0
    for report in given.reports or reports_of(given.before, given.after):
        held += len(findings(given.before, report))
        for key, what in differences(given.before, given.after, report, given.tolerance):
            reason = reason_for(report, key, known)
            unexplained += reason is None
            print(f"{report} {key} {what}" + (f" ({reason})" if reason else ""))
    print(f"{held} findings held against each other, {unexplained} differ without a reason on file")
    return 1 if unexplained or not held else 0


if __name__ == "__main__":
    raise SystemExit(main())
