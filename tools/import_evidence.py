"""Bring tables of evidence collected outside into ``data/reference``, as far as their licences allow.

``python -m tools.import_evidence FOLDER`` reads the collected tables from FOLDER (their columns stand in
data/README.md), leaves out what may not ship, and writes compressed CSV files that are the same bytes for the
same content. What is left out is said.
"""

from __future__ import annotations

import argparse
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

TARGET = Path(__file__).resolve().parents[1] / "data" / "reference"
#: Of series whose publishers allow no copies, single figures may be cited: these, at most two dozen in all.
CITED_MONTHS = ("2025-01", "2026-08")
CITED_VENDORS = ("any", "OpenAI", "Anthropic", "Google", "DeepSeek", "Mistral", "xAI")
MOST_CITED = 24


@dataclass(frozen=True, slots=True)
class Table:
    """A collected table, what of it may ship, and the name under which it does."""

    name: str
    keep: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows
    target: str = ""


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Epoch AI's index (CC BY 4.0), LiveBench (Apache 2.0); terms of Artificial Analysis are unclear."""
    return rows[~rows["measure"].str.startswith("aa_")]


def task_costs(rows: pd.DataFrame) -> pd.DataFrame:
    """All but what rests on boards of Artificial Analysis; a month without its day becomes its first."""
    kept = rows[~rows["benchmark"].str.startswith("aa_")].copy()
    month_only = kept["date"].str.fullmatch(r"\d{4}-\d{2}")
    kept.loc[month_only, "date"] += "-01"
    notes = kept.loc[month_only, "note"] + "; about this month, the day is not known"
    kept.loc[month_only, "note"] = notes.str.removeprefix("; ")
    return kept


def adoption(rows: pd.DataFrame) -> pd.DataFrame:
    """What is in the public domain or under CC BY, and the cited figures of the rest."""
    free = rows["source_id"].isin(["btos", "openrouter_study"]) | rows["licence"].eq("CC BY 4.0")
    ramp = (
        rows["source_id"].eq("ramp")
        & rows["period"].isin(CITED_MONTHS)
        & rows["entity"].isin(CITED_VENDORS)
        & rows["vintage"].eq("2026-09")
    )
    other = rows["source_id"].eq("menlo") | (
        rows["source_id"].eq("a16z_cio") & rows["measure"].str.startswith("share_of_llm_spend")
    )
    # Ramp restated its series upward: both vintages of one month show by how much.
    restated = rows["source_id"].eq("ramp") & rows["period"].eq("2026-04") & rows["entity"].eq("Anthropic")
    cited = (ramp | other | restated) & ~free
    if cited.sum() > MOST_CITED:
        raise SystemExit(f"{cited.sum()} figures of series that may not be copied; at most {MOST_CITED}.")
    return rows[free | cited]


def shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Filings; the vendor's page may not be copied."""
    return rows[~rows["basis"].str.startswith("vendor")]


TABLES = (
    Table("token_usage_weekly"),
    Table("token_usage_daily"),
    Table("token_open_share_daily"),
    Table("token_mix_weekly"),
    Table("capability_scores", scores),
    Table("model_map", target="board_names"),
    Table("cost_per_task", task_costs),
    Table("us_adoption", adoption),
    Table("earnings_dates", target="calendar_dates"),
    Table("shares_outstanding", shares),
)


def packed(frame: pd.DataFrame) -> bytes:
    """Compressed CSV without the moment of its making."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, filename="", compresslevel=9) as file:
        file.write(frame.to_csv(index=False, lineterminator="\n").encode())
    return out.getvalue()


def main() -> None:
    """Read the folder and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for table in TABLES:
        rows = pd.read_csv(folder / f"{table.name}.csv", dtype="str", keep_default_na=False)
        kept = table.keep(rows)
        target = TARGET / f"{table.target or table.name}.csv.gz"
        target.write_bytes(packed(kept))
        left = f", {len(rows) - len(kept):,} may not ship" if len(rows) > len(kept) else ""
        print(f"{target.name}: {len(kept):,} rows{left}, {target.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
