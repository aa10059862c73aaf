"""How many usable prices do independent witnesses confirm and contradict? Printed as Markdown.

``python -m tools.panel_quality [PANEL.parquet]`` measures a panel (default: the project's) against the
trackers that ship: developers' own prices by source and year; with ``--held-out`` each tracker in turn judges
a panel that was built without it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from undercut.panel.build import build_panel
from undercut.panel.identity import Identity
from undercut.panel.store import load_panel, read_table
from undercut.panel.stretches import near
from undercut.sources.reference import load_reference
from undercut.sources.witnesses import family, load_witnesses

#: Trackers that leave rows standing for years say when a price came, not how long it held.
STANDING = ("one-api", "one-hub", "new-api", "publication")
SAME = 0.02


def first_party_months(panel: pd.DataFrame) -> pd.DataFrame:
    """Usable prices of developers for their own models (both of Google's shops) on the 15th of each month.

    The plain offer only: trackers copy regional and fine-tuned tariffs from it.
    """
    own = load_reference("developers").dropna(subset=["own_host"]).drop_duplicates("developer")
    own_host = panel["developer"].map(own.set_index("developer")["own_host"])
    google = panel["host"].isin(["google", "google-vertex"]) & panel["developer"].eq("Google")
    plain = panel["status"].eq("ok") & panel["variant"].eq("")
    rows = panel[plain & panel["model_id"].notna() & (panel["host"].eq(own_host) | google)]
    months = pd.date_range("2023-11-01", panel["last_seen"].max().tz_convert(None), freq="MS")
    held = [
        rows[(rows["valid_from"] <= day) & ~(rows["valid_to"] <= day)].assign(day=day)
        for day in months + pd.Timedelta(days=14)
    ]
    keys = ["day", "source", "host", "model_id", "variant", "input", "output"]
    return pd.concat(held)[keys].drop_duplicates().reset_index(drop=True)


def judged(quotes: pd.DataFrame, witnesses: pd.DataFrame) -> pd.DataFrame:
    """Quotes with ``confirmed`` and ``contradicted``: the numbers of independent families on the day."""
    speaking = witnesses[~witnesses["tracker"].isin(STANDING)]
    keys = ["host", "model_id", "variant"]
    met = quotes.reset_index(names="quote").merge(speaking, on=keys, suffixes=("", "_told"))
    met = met[(met["observed_from"] <= met["day"]) & (met["day"] < met["observed_to"])]
    met = met[met["family"] != met["source"].map(family)]
    # A tracker that lists one of two prices speaks of that one.
    met = met[met["input_told"].notna() | met["output_told"].notna()]
    told = {side: met[f"{side}_told"].fillna(met[side]) for side in ("input", "output")}
    met["agrees"] = near(met["input"], told["input"], SAME) & near(met["output"], told["output"], SAME)
    families = met.groupby(["quote", "family"])["agrees"].any().reset_index()
    counts = pd.crosstab(families["quote"], families["agrees"]).reindex(columns=[True, False], fill_value=0)
    counts = counts.reindex(quotes.index, fill_value=0)
    return quotes.assign(confirmed=counts[True], contradicted=counts[False])


def shares(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Quotes, share with a witness, and of those the shares confirmed and contradicted by all that speak."""
    seen = rows["confirmed"] + rows["contradicted"] > 0
    table = pd.DataFrame(
        {
            "quotes": rows.groupby(by).size(),
            "witnessed": seen.groupby(rows[by]).mean(),
            "confirmed": rows[seen].groupby(by)["confirmed"].agg(lambda n: (n > 0).mean()),
            "contradicted": rows[seen].groupby(by)["confirmed"].agg(lambda n: (n == 0).mean()),
            "two_or_more": (rows["confirmed"] + rows["contradicted"] > 1).groupby(rows[by]).sum(),
        }
    )
    several = rows[rows["confirmed"] + rows["contradicted"] > 1]
    table["contradicted_by_two"] = several.groupby(by)["confirmed"].agg(lambda n: (n == 0).mean())
    return table


def held_out(witnesses: pd.DataFrame) -> pd.DataFrame:
    """Each tracker as the judge of a panel that never saw its family."""
    quotes, snapshots, names = read_table("quotes"), read_table("snapshots"), Identity.load()
    rows = []
    for name in sorted(set(witnesses["family"]) - {"litellm", *STANDING}):
        panel = build_panel(quotes, snapshots, names, witnesses[witnesses["family"] != name])
        every = judged(first_party_months(panel), witnesses[witnesses["family"] == name])
        others = judged(first_party_months(panel), witnesses[witnesses["family"] != name])
        spoken = every["confirmed"] + every["contradicted"] > 0
        against = spoken & every["confirmed"].eq(0)
        rows.append((name, spoken.sum(), against.sum(), (against & others["confirmed"].eq(0)).sum()))
    table = pd.DataFrame(rows, columns=["tracker", "spoken", "contradicted", "and_nobody_confirms"])
    total = table.sum(numeric_only=True).to_frame().T.assign(tracker="all")
    table = pd.concat([table, total], ignore_index=True)
    for name in ("contradicted", "and_nobody_confirms"):
        table[f"share_{name}"] = table[name].astype(float) / table["spoken"].astype(float)
    return table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("panel", nargs="?", type=Path)
    parser.add_argument("--held-out", action="store_true")
    chosen = parser.parse_args()
    witnesses = load_witnesses()
    panel = pd.read_parquet(chosen.panel) if chosen.panel else load_panel(status="all")
    rows = judged(first_party_months(panel), witnesses)
    rows["year"], rows["all"] = rows["day"].dt.year, "all"
    for by in ("source", "year", "all"):
        print(shares(rows, by).round(4).to_string() if np.size(rows) else "no quotes", end="\n\n")
    if chosen.held_out:
        print(held_out(witnesses).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
