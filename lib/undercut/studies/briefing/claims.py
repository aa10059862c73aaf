"""Is a claim supported by what the reports found? Verdicts by a stated rule, never typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import pandas as pd

from undercut.errors import DataError, UnitError
from undercut.report.findings import sentences
from undercut.result import Result
from undercut.sources.reference import load_reference
from undercut.studies.briefing.charts import draw_verdicts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Verdict = Literal["supported", "contradicted", "mixed", "not testable"]
Outcome = Literal["for", "against", "undecided", "missing"]

#: The rule, as the pages state it.
RULE: Final = (
    "A table names, for each claim, the findings that decide it and the side of a threshold that speaks for "
    "it. A finding speaks for or against when its whole interval lies on one side; a count or another number "
    "without an interval speaks by its value; an interval that holds the threshold decides nothing. "
    "Supported: more than half of the findings speak for the claim and none against. Contradicted: "
    "more than half speak against and none for. Mixed: anything else in which at least one finding speaks. "
    "Not testable: none does."
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding held against one claim.

    Attributes
    ----------
    claim, report, finding : str
        Which claim; which finding of which report.
    reading : str
        What the finding says about the claim, in words.
    supports : {"above", "below"}
        The side of ``threshold`` that speaks for the claim.
    threshold : float
        In ``unit``.
    value, ci_low, ci_high : float or None
    unit, label, as_of, data_kind, text : str
        Of the finding; ``text`` is its value with its interval. Empty where it is missing.
    outcome : {"for", "against", "undecided", "missing"}
    """

    claim: str
    report: str
    finding: str
    reading: str
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
    def would_turn(self) -> str:
        """What this finding would have to do to speak otherwise."""
        if self.outcome == "missing":
            return f"a number for: {self.reading}"
        bound = sentences.number(self.threshold, self.unit)
        holds = {"for": self.supports, "against": "below" if self.supports == "above" else "above"}
        if self.outcome == "undecided":
            return f"an interval of “{self.label}” wholly {self.supports} {bound}"
        return f"“{self.label}” no longer {holds[self.outcome]} {bound} (now {self.text})"


@dataclass(frozen=True, slots=True)
class Judged:
    """One claim with its verdict.

    Attributes
    ----------
    id, claim : str
    verdict : {"supported", "contradicted", "mixed", "not testable"}
    reason : str
        How many findings speak for and against, with the first of each side.
    evidence : tuple of Evidence
    as_of : str
        The earliest day up to which a deciding finding speaks; empty where there is none.
    would_change : str
        What would turn the verdict: of the table, and of the findings nearest to their thresholds.
    watch : str
        The part of it that the table of claims states.
    limit : str
        What no finding here can say about the claim.
    """

    id: str
    claim: str
    verdict: Verdict
    reason: str
    evidence: tuple[Evidence, ...]
    as_of: str
    would_change: str
    watch: str
    limit: str

    @property
    def on_samples(self) -> bool:
        """Whether a deciding finding rests on sample or simulated data."""
        return _on_samples(self.evidence)

    def record(self) -> dict[str, Any]:
        """The claim as results.json holds it."""
        kept = {name: getattr(self, name) for name in ("claim", "verdict", "reason", "would_change")}
        return kept | {
            "id": self.id.lower(),
            "findings": [{"report": part.report, "key": part.finding} for part in self.evidence],
            "interval": "; ".join(f"{part.label}: {part.text}" for part in self.evidence if part.text),
            "as_of": self.as_of or None,
        }


@dataclass(frozen=True, slots=True)
class Ledger(Result):
    """All claims with their verdicts."""

    claims: tuple[Judged, ...]

    def table(self) -> pd.DataFrame:
        """One row a claim: ``id, claim, verdict, reason, as_of, would_change, limit``."""
        columns = ["id", "claim", "verdict", "reason", "as_of", "would_change", "limit"]
        return pd.DataFrame([asdict(judged) for judged in self.claims], columns=columns)

    def to_frame(self) -> pd.DataFrame:
        """One row a finding held against a claim; columns as in `Evidence`."""
        rows = [asdict(part) for judged in self.claims for part in judged.evidence]
        return pd.DataFrame(rows, columns=list(Evidence.__dataclass_fields__))

    def plot(self, ax: Axes | None = None) -> Axes:
        """One row a claim, one mark a finding by what it says."""
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
        As ``undercut.load_reference("claims")`` and ``("claim_tests")``, the default.

    Returns
    -------
    Ledger

    Raises
    ------
    DataError
        A test belongs to no claim, a claim has no test, or a finding's unit is not that of its threshold.

    Notes
    -----
    The rule is `RULE`. It counts findings and does not weigh them: which findings decide a claim is a
    judgement, and stands in the table where a reader can change it.

    Examples
    --------
    >>> import pandas as pd
    >>> claims = pd.DataFrame([{"id": "C01", "claim": "Prices fell.", "would_change": "", "limit": ""}])
    >>> tests = pd.DataFrame([{"claim": "C01", "report": "02_price_index", "finding": "fall",
    ...     "reading": "prices fall", "supports": "below", "threshold": 0.0, "unit": "%"}])
    >>> fall = {"key": "fall", "label": "Change a year", "value": -30.0, "unit": "%", "ci_low": -35.0,
    ...     "ci_high": -25.0, "level": 0.95, "n": 50, "as_of": "2026-11-01"}
    >>> made = {"02_price_index": {"findings": [fall], "data_kind": "real"}}
    >>> ledger = judge(made, claims=claims, tests=tests)
    >>> ledger.claims[0].verdict, ledger.claims[0].reason
    ('supported', '1 of 1 finding for the claim, none against')
    """
    claims = load_reference("claims") if claims is None else claims
    tests = load_reference("claim_tests") if tests is None else tests
    _check(claims, tests)
    held = [_held(test, results) for test in _rows(tests)]
    judged = ([part for part in held if part.claim == claim["id"]] for claim in _rows(claims))
    return Ledger(tuple(map(_judge_claim, _rows(claims), judged)))


def verdict_of(outcomes: Iterable[Outcome]) -> Verdict:
    """The verdict that `RULE` gives.

    Examples
    --------
    >>> verdict_of(["for", "for", "undecided"]), verdict_of(["for", "against"]), verdict_of(["missing"])
    ('supported', 'mixed', 'not testable')
    """
    told = list(outcomes)
    supporting, opposing = told.count("for"), told.count("against")
    if not supporting and not opposing:
        return "not testable"
    if not opposing and 2 * supporting > len(told):
        return "supported"
    if not supporting and 2 * opposing > len(told):
        return "contradicted"
    return "mixed"


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    missing_as_none = table.astype(object).where(table.notna(), None)
    return missing_as_none.to_dict("records")


def _check(claims: pd.DataFrame, tests: pd.DataFrame) -> None:
    known, tested = set(claims["id"]), set(tests["claim"])
    if astray := sorted(tested - known):
        raise DataError(f"claim_tests.csv has tests of {', '.join(astray)}, which claims.csv does not hold.")
    if untested := sorted(known - tested):
        raise DataError(
            f"claims.csv holds {', '.join(untested)} without a test: name in claim_tests.csv a finding that "
            "would decide it, even one that cannot be measured yet."
        )


def _held(test: Mapping[str, Any], results: Mapping[str, Mapping[str, Any] | None]) -> Evidence:
    """One test with the finding that it names."""
    made = results.get(test["report"]) or {}
    found = next((f for f in made.get("findings", []) if f["key"] == test["finding"]), None)
    common = {name: test[name] for name in ("claim", "report", "finding", "reading", "supports", "threshold")}
    about: dict[str, Any] = {
        "unit": test["unit"],
        "label": "",
        "data_kind": "",
        "text": "",
        "outcome": "missing",
    }
    about |= dict.fromkeys(("value", "ci_low", "ci_high"))
    as_of = (found and found["as_of"]) or ""
    if found is None or found["value"] is None:
        return Evidence(**common, **about | {"label": found["label"] if found else "", "as_of": as_of})
    if found["unit"] != test["unit"]:
        raise UnitError(
            f"The finding {test['finding']!r} of {test['report']} is in {found['unit']!r}, its threshold in "
            f"claim_tests.csv in {test['unit']!r}: a verdict would compare unlike things."
        )
    about = {name: found[name] for name in ("value", "ci_low", "ci_high", "unit", "label")}
    text, kind = sentences.sentence(dict(found)), str(made.get("data_kind", "real"))
    outcome = _outcome(found, test["supports"], test["threshold"])
    return Evidence(**common, **about, as_of=as_of, data_kind=kind, text=text, outcome=outcome)


def _outcome(found: Mapping[str, Any], supports: str, threshold: float) -> Outcome:
    low, high = _ends(found["value"], found["ci_low"], found["ci_high"])
    if low <= threshold <= high:
        return "undecided"
    return "for" if (low > threshold) == (supports == "above") else "against"


def _ends(value: float, low: float | None, high: float | None) -> tuple[float, float]:
    """The interval; of a number without one, the number itself."""
    return value if low is None else low, value if high is None else high


def _judge_claim(claim: Mapping[str, Any], evidence: Sequence[Evidence]) -> Judged:
    days = [part.as_of for part in evidence if part.as_of and part.outcome != "missing"]
    turns = [claim["would_change"], *(part.would_turn for part in _nearest_first(evidence)[:2])]
    change = "; ".join(turn.rstrip(".") for turn in turns if turn)
    verdict = verdict_of(part.outcome for part in evidence)
    watch, limit = claim["would_change"] or "", claim["limit"] or ""
    about = {"as_of": min(days, default=""), "would_change": change, "watch": watch, "limit": limit}
    return Judged(claim["id"], claim["claim"], verdict, _reason(evidence), tuple(evidence), **about)


def _reason(evidence: Sequence[Evidence]) -> str:
    count = Counter(part.outcome for part in evidence)
    total = f"{len(evidence)} finding{'s' if len(evidence) > 1 else ''}"
    words = [f"{count['for'] or 'none'} of {total} for the claim", f"{count['against'] or 'none'} against"]
    if count["undecided"]:
        words.append(f"{count['undecided']} undecided")
    if count["missing"]:
        words.append(f"{count['missing']} that could not be measured")
    if _on_samples(evidence):
        words.append("partly on sample data")
    return ", ".join(words)


def _on_samples(evidence: Sequence[Evidence]) -> bool:
    return any(part.data_kind not in ("real", "") for part in evidence)


def _nearest_first(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The findings whose intervals lie nearest to their thresholds, in half-widths; missing ones first."""

    def distance(part: Evidence) -> float:
        if part.value is None:
            return -1.0
        low, high = _ends(part.value, part.ci_low, part.ci_high)
        if low <= part.threshold <= high:
            return 0.0
        return min(abs(low - part.threshold), abs(high - part.threshold)) / max((high - low) / 2, 1e-12)

    return sorted(evidence, key=distance)
