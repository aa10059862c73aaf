"""Is a claim supported by what the reports found? One finding decides, named beforehand; never typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import pandas as pd

from undercut.errors import DataError, UnitError
from undercut.report.findings import sentences
from undercut.report.findings.contract import RESULTS_FILE, read_results
from undercut.result import Axes, Result
from undercut.sources.reference import load_reference
from undercut.studies.briefing.charts import draw_verdicts

Verdict = Literal["supported", "contradicted", "not settled"]
Outcome = Literal["for", "against", "undecided", "missing", "assumption"]

#: The rule, as the pages state it.
RULE: Final = (
    "One finding decides each claim. It was named with its threshold and the reason before the reports were "
    "built on these data. The claim is supported, or contradicted, where the finding's whole interval lies "
    "on one side of the threshold; a count without an interval decides by its value; otherwise it is not "
    "settled. Other findings show how far the answer holds and are not counted. Numbers that rest on "
    "assumptions never decide, and a threshold that the finding could not miss is refused."
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding held against one claim.

    Attributes
    ----------
    claim, report, finding : str
        Which claim; which finding of which report.
    reading, where : str
        What the finding says about the claim; where it says so ("at the very top"), for robustness.
    primary : bool
        Whether it decides the claim.
    supports : {"above", "below"}
        The side of ``threshold`` that speaks for the claim.
    threshold : float
        In ``unit``.
    value, ci_low, ci_high : float or None
    unit, label, as_of, data_kind, text : str
        Of the finding; ``text`` is its value with its interval. Empty where it is missing.
    outcome : {"for", "against", "undecided", "missing", "assumption"}
    """

    claim: str
    report: str
    finding: str
    reading: str
    where: str
    primary: bool
    supports: Literal["above", "below"]
    threshold: float
    value: float | None
    ci_low: float | None
    ci_high: float | None
    unit: str
    label: str
    as_of: str
    data_kind: str
    text: str
    outcome: Outcome

    @property
    def place(self) -> float | None:
        """Where its dot stands: (value - threshold) over the half of the interval that faces the threshold.

        Positive speaks for the claim; beyond one the interval excludes the threshold. None without a number.
        """
        if self.value is None:
            return None
        gap = self.value - self.threshold
        end = self.ci_low if gap > 0 else self.ci_high
        half = abs(self.value - end) if end is not None else 0.0
        size = abs(gap) / half if half else 2.0 * (gap != 0)
        return size if (gap > 0) == (self.supports == "above") else -size


@dataclass(frozen=True, slots=True)
class Judged:
    """One claim with its verdict.

    Attributes
    ----------
    id, claim : str
    verdict : {"supported", "contradicted", "not settled"}
    sentence : str
        The verdict with its size, understood without the rest.
    reason : str
        Why this finding and threshold decide.
    evidence : tuple of Evidence
        The deciding finding first, then robustness.
    as_of : str
        The day up to which the deciding finding speaks; empty where there is none.
    would_change, limit : str
        What would turn the verdict; what no finding here can say about the claim.
    """

    id: str
    claim: str
    verdict: Verdict
    sentence: str
    reason: str
    evidence: tuple[Evidence, ...]
    as_of: str
    would_change: str
    limit: str

    @property
    def primary(self) -> Evidence:
        """The finding that decides."""
        return self.evidence[0]

    def record(self) -> dict[str, Any]:
        """The claim as results.json holds it."""
        kept = {name: getattr(self, name) for name in ("claim", "verdict", "sentence", "reason")}
        named = [{"report": part.report, "key": part.finding} for part in self.evidence]
        return kept | {
            "id": self.id.lower(), "primary": named[0], "findings": named, "interval": self.primary.text,
            "as_of": self.as_of or None, "would_change": self.would_change,
        }  # fmt: skip


class Ledger(Result):
    """All claims with their verdicts."""

    claims: tuple[Judged, ...]

    def table(self) -> pd.DataFrame:
        """One row a claim: ``id, claim, verdict, sentence, reason, as_of, would_change, limit``."""
        columns = ["id", "claim", "verdict", "sentence", "reason", "as_of", "would_change", "limit"]
        return pd.DataFrame([asdict(judged) for judged in self.claims], columns=columns)

    def to_frame(self) -> pd.DataFrame:
        """One row a finding held against a claim; columns as in `Evidence`, and its ``place``."""
        rows = [asdict(part) | {"place": part.place} for one in self.claims for part in one.evidence]
        return pd.DataFrame(rows, columns=[*Evidence.__dataclass_fields__, "place"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """One row a claim: a large dot decides, small ones are robustness."""
        return draw_verdicts(self.table(), self.to_frame(), ax)

    def counts(self) -> dict[str, int]:
        """How many claims have each verdict; verdicts that none has are 0."""
        return {name: sum(judged.verdict == name for judged in self.claims) for name in get_args(Verdict)}

    def records(self) -> list[dict[str, Any]]:
        """The claims as results.json holds them."""
        return [judged.record() for judged in self.claims]


def judge(
    results: Mapping[str, Mapping[str, Any] | None],
    *,
    claims: pd.DataFrame | None = None,
    tests: pd.DataFrame | None = None,
) -> Ledger:
    """The verdict on every claim, computed from the reports' findings.

    Parameters
    ----------
    results : mapping of str to mapping or None
        Contents of results.json by report; None, or no entry, where a report has not been built.
    claims, tests : DataFrame, optional
        As ``undercut.load_reference("claims")`` (with the deciding finding) and ``("claim_tests")``
        (robustness), the default.

    Raises
    ------
    DataError
        A test belongs to no claim, could not fail, or a finding takes a value that its row rules out.
    UnitError
        A finding's unit is not that of its threshold.

    Examples
    --------
    >>> import pandas as pd
    >>> claim = {"id": "C01", "claim": "Prices fell.", "report": "02_price_index", "finding": "fall",
    ...     "reading": "prices fall", "supports": "below", "threshold": 0.0, "unit": "%", "least": -100.0,
    ...     "most": None, "below": "cheaper a year", "above": "higher a year", "reason": "",
    ...     "would_change": "", "limit": ""}
    >>> fall = {"key": "fall", "label": "Change a year", "value": -30.0, "unit": "%", "ci_low": -35.0,
    ...     "ci_high": -25.0, "level": 0.95, "n": 50, "as_of": "2026-11-01", "role": "headline"}
    >>> made = {"02_price_index": {"findings": [fall], "data_kind": "real"}}
    >>> none = pd.DataFrame(columns=["claim", "report", "finding", "where"])
    >>> judge(made, claims=pd.DataFrame([claim]), tests=none).claims[0].sentence
    'Supported: 30% cheaper a year (25 to 35).'
    """
    claims = load_reference("claims") if claims is None else claims
    tests = load_reference("claim_tests") if tests is None else tests
    if astray := sorted(set(tests["claim"]) - set(claims["id"])):
        raise DataError(f"claim_tests.csv has tests of {', '.join(astray)}, which claims.csv does not hold.")
    held = [_held(test, results) for test in _rows(tests)]
    of = {row["id"]: [part for part in held if part.claim == row["id"]] for row in _rows(claims)}
    return Ledger(tuple(_judged(row, results, of[row["id"]]) for row in _rows(claims)))


def verdict_history(folder: Path) -> pd.DataFrame:
    """Every verdict of every build that a site keeps, oldest first.

    Returns
    -------
    DataFrame
        ``built_at, id, claim, verdict, sentence``.

    Parameters
    ----------
    folder : Path
        Of the site, which has ``00_briefing`` and ``history/00_briefing``.
    """
    rows = []
    kept = sorted(folder.glob(f"history/00_briefing/*/{RESULTS_FILE}"))
    for path in (*kept, folder / "00_briefing" / RESULTS_FILE):
        made = read_results(path) if path.is_file() else {}
        rows += [
            (made["built_at"], claim["id"], claim["claim"], claim["verdict"], claim.get("sentence", ""))
            for claim in made.get("claims", [])
        ]
    frame = pd.DataFrame(rows, columns=["built_at", "id", "claim", "verdict", "sentence"])
    return frame.drop_duplicates(["built_at", "id"]).sort_values(["built_at", "id"], ignore_index=True)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    missing_as_none = table.astype(object).where(table.notna(), None)
    return missing_as_none.to_dict("records")


def _held(
    test: Mapping[str, Any], results: Mapping[str, Mapping[str, Any] | None], *, primary: bool = False
) -> Evidence:
    """One test with the finding that it names."""
    made = results.get(test["report"]) or {}
    found = next((f for f in made.get("findings", []) if f["key"] == test["finding"]), None)
    common = {name: test[name] for name in ("report", "finding", "reading", "supports", "threshold", "unit")}
    about: dict[str, Any] = common | {
        "claim": test.get("claim") if not primary else test["id"], "primary": primary,
        "where": test.get("where") or "", "label": found["label"] if found else "",
        "as_of": (found and found["as_of"]) or "",
    }  # fmt: skip
    if found is None or found["value"] is None:
        none: dict[str, Any] = dict.fromkeys(("value", "ci_low", "ci_high"))
        return Evidence(**about, **none, data_kind="", text="", outcome="missing")
    if found["unit"] != test["unit"]:
        raise UnitError(
            f"The finding {test['finding']!r} of {test['report']} is in {found['unit']!r}, its threshold in "
            f"{'claims' if primary else 'claim_tests'}.csv in {test['unit']!r}: a verdict would compare "
            "unlike things."
        )
    about |= {name: found[name] for name in ("value", "ci_low", "ci_high")}
    outcome = "assumption" if found.get("role") == "assumption" else _outcome(found, test)
    kind = str(made.get("data_kind", "real"))
    return Evidence(**about, data_kind=kind, text=sentences.sentence(dict(found)), outcome=outcome)


def _outcome(found: Mapping[str, Any], test: Mapping[str, Any]) -> Outcome:
    """The side of the threshold on which the whole interval lies; of a number without one, the number."""
    low, high = (found["value"] if found[end] is None else found[end] for end in ("ci_low", "ci_high"))
    if low <= test["threshold"] <= high:
        return "undecided"
    return "for" if (low > test["threshold"]) == (test["supports"] == "above") else "against"


def _judged(
    row: Mapping[str, Any], results: Mapping[str, Mapping[str, Any] | None], checks: Sequence[Evidence]
) -> Judged:
    _can_fail(row)
    part = _held(row, results, primary=True)
    low, high = (row[end] for end in ("least", "most"))
    if part.value is not None and not (
        (low is None or low <= part.value) and (high is None or part.value <= high)
    ):
        raise DataError(
            f"{row['id']}: {row['finding']} is {part.value:g}, which claims.csv says it cannot be ({low} to "
            f"{high}): correct least or most."
        )
    verdicts: dict[str, Verdict] = {"for": "supported", "against": "contradicted"}
    verdict = verdicts.get(part.outcome, "not settled")
    return Judged(
        row["id"], row["claim"], verdict, _sentence(row, part, verdict, checks), row["reason"] or "",
        (part, *checks), part.as_of if part.outcome != "missing" else "", row["would_change"] or "",
        row["limit"] or "",
    )  # fmt: skip


def _can_fail(row: Mapping[str, Any]) -> None:
    """Refuse a threshold on one side of which the finding cannot be."""
    low, high, bound = row["least"], row["most"], row["threshold"]
    if (low is not None and bound <= low) or (high is not None and bound >= high):
        raise DataError(
            f"{row['id']} could not fail: {row['finding']} lies between {low} and {high}, the threshold is "
            f"{bound:g}. Choose a threshold that it can be on either side of."
        )


def _sentence(row: Mapping[str, Any], part: Evidence, verdict: Verdict, checks: Sequence[Evidence]) -> str:
    """The verdict with its size and range, and where robustness says otherwise."""
    head = verdict.capitalize()
    if part.value is None:
        return f"{head}: there is no number for the {row['reading']}."
    ends = [end for end in (part.ci_low, part.ci_high) if end is not None]
    told = {"value": part.value, "unit": part.unit, "level": None, "n": None,
            "ci_low": min(ends, default=None), "ci_high": max(ends, default=None)}  # fmt: skip
    places = sentences.decimals_of(told)
    size = sentences.number(abs(part.value), part.unit, decimals=places)
    below, above, rest = _apart(row["below"], row["above"])
    body = f"{size} {row['below' if part.value < 0 else 'above']}"
    if part.value == 0 and below:
        body = " ".join(filter(None, [f"neither {below} nor {above}", rest]))
    if ends and min(ends) < 0 < max(ends):
        unit = part.unit if part.unit == "%" else ""
        down, up = (sentences.number(abs(end), unit, decimals=places) for end in sorted(ends))
        body += f"; anything from {down} {below} to {up} {above} fits"
    elif ends:
        bounds = sorted(abs(end) for end in ends)
        numbers = " to ".join(sentences.number(end, "", decimals=places) for end in bounds)
        body += f" ({numbers}{', the threshold itself' if set(ends) == {row['threshold']} else ''})"
    if part.outcome == "assumption":
        body += "; this rests on assumptions and decides nothing"
    unlike, but = {"supported": ("against", "not"), "contradicted": ("for", "it does hold")}.get(
        verdict, ("", "")
    )
    turns = [check.where for check in checks if check.outcome == unlike and check.where]
    tail = f"; {but} {sentences.listed(turns)}" if turns else ""
    on_sample = " (on sample data)" if part.data_kind not in ("real", "") else ""
    return f"{head}: {body}{tail}{on_sample}."


def _apart(below: str, above: str) -> tuple[str, str, str]:
    """What two readings do not share, and the words at their end that they do."""
    shared: list[str] = []
    left, right = below.split(), above.split()
    while left and right and left[-1] == right[-1]:
        shared.insert(0, left.pop())
        right.pop()
    return " ".join(left), " ".join(right), " ".join(shared)
