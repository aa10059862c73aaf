"""What does a reader see first? The answer, findings and claims of one report, for the site's front page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from undercut.report.findings import sentences

#: Findings shown on the front page; the report has all of them.
MOST_FINDINGS = 6
#: Verdicts in the order in which they are counted, and the look of their badges.
VERDICTS = {
    "supported": "real",
    "contradicted": "failed",
    "not settled": "sample",
    "mixed": "sample",
    "not testable": "simulated",
}


def front_section(about: Mapping[str, Any], published: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the front page shows of the report ``about``.

    Parameters
    ----------
    about : mapping
        What is published of the report: content of results.json, and its ``folder``.
    published : sequence of mapping
        The same of every report; a claim links to their findings.
    """
    findings = about["findings"]
    labels = {
        (other["folder"], finding["key"]): finding["label"]
        for other in published
        for finding in other["findings"]
    }
    claims = about.get("claims", [])
    counts = Counter(claim["verdict"] for claim in claims)
    return {
        "findings": [_line(finding) for finding in findings[:MOST_FINDINGS]],
        "further": max(0, len(findings) - MOST_FINDINGS),
        "claims": [_claim(claim, labels) for claim in claims],
        "counts": ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict]),
    }


def _line(finding: Mapping[str, Any]) -> dict[str, Any]:
    content = dict(finding)
    value = sentences.number(content["value"], content["unit"], decimals=sentences.decimals_of(content))
    shown = {"value": value, "interval": sentences.interval(content, with_level=True)}
    return content | shown | {"note": "" if content["ci_low"] is not None else content["note"]}


def _claim(claim: Mapping[str, Any], labels: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """A claim with links to the findings that decide it; one that is not published has no link."""
    findings = []
    for part in claim["findings"]:
        label = labels.get((part["report"], part["key"]))
        link = f"{part['report']}/index.html#finding-{part['key']}" if label else ""
        findings.append({"link": link, "label": label or f"{part['report']}: {part['key']} (not published)"})
    return {**claim, "kind": VERDICTS[claim["verdict"]], "findings": findings}
