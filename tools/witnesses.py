"""Make ``data/witnesses`` anew from a compilation of trackers' histories.

``python -m tools.witnesses RUNS.csv.gz [YUAN.csv GPU.csv]``: RUNS has one row per tracker, seller, model and
unchanged price, with the columns ``seller, model, currency, input_per_mtok, output_per_mtok, observed_from,
observed_to, last_seen, basis, tracker, fault`` (docs/witnesses.md says how it is compiled). Trackers marked
``ships = no`` in ``trackers.csv`` leave verdicts on the panel's prices behind, never their rows.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from undercut.panel.aliases import apply_alias_periods
from undercut.panel.identity import Identity
from undercut.panel.store import load_panel
from undercut.paths import data_dir
from undercut.sources.witnesses import WITNESS_COLUMNS, load_trackers

#: Rows of trackers that are known to say something else than the list price: tracker, seller, model, why.
FAULTS = (
    ("helicone", "openrouter", "", "its own tariff, 5.5% above OpenRouter's"),
    ("", "google-vertex", r"gemini-(?:pro|1\.)|bison|unicorn|gecko", "per character, written as per token"),
    ("", "google", r"gemini-1\.0|gemini-pro|bison", "per character, written as per token"),
    ("langfuse", "openai", r"^(?:davinci|babbage)-002$", "the price of fine-tuned use"),
)
#: Trackers round: prices this close are the same.
SAME = 0.02


def compile_runs(raw: pd.DataFrame, trackers: pd.DataFrame, identity: Identity) -> pd.DataFrame:
    """The compilation in the project's names, days and columns; faulty rows and nameless sellers left out."""
    rows = raw[raw["fault"].isna() & raw["seller"].notna() & raw["input_per_mtok"].notna()].copy()
    # Yuan are never converted to judge dollars.
    rows = rows[~rows["note"].str.contains("yuan tariff", na=False)]
    for tracker, seller, model, _ in FAULTS:
        hit = rows["tracker"].eq(tracker) if tracker else rows["tracker"].ne("")
        rows = rows[~(hit & rows["seller"].eq(seller) & rows["model"].str.contains(model, case=False))]
    rows = rows.merge(trackers[["tracker", "family", "holds_days"]], on="tracker")
    copied = rows["tracker"].eq("model-prices") & rows["basis"].eq("commit")
    rows["family"] = rows["family"].mask(copied, "models.dev")
    for column in ("observed_from", "observed_to", "last_seen"):
        rows[column] = pd.to_datetime(rows[column]).astype("datetime64[us]")
    names = pd.DataFrame({"source": "witness", "raw_host": rows["seller"], "raw_id": rows["model"]})
    unique = names.drop_duplicates()
    resolved = identity.resolve(unique)[["raw_host", "raw_id", "model_id", "alias", "variant"]]
    rows = rows.merge(resolved, left_on=["seller", "model"], right_on=["raw_host", "raw_id"], how="left")
    ends = rows["observed_to"].fillna(rows["last_seen"] + pd.Timedelta(days=1))
    holds = pd.to_timedelta(pd.to_numeric(rows["holds_days"]), unit="D")
    rows["observed_to"] = np.minimum(ends, (rows["observed_from"] + holds).fillna(ends))
    # A vendor's own date, read later: nobody could know the row before it was read.
    rows["known_from"] = rows["observed_from"].where(~rows["basis"].eq("documented"), rows["last_seen"])
    rows = rows.rename(columns={"seller": "host", "input_per_mtok": "input", "output_per_mtok": "output"})
    rows["variant"] = rows["variant"].fillna("")
    rows = _behind_moving_names(rows, identity.alias_periods())
    order = ["host", "model_id", "variant", "tracker", "observed_from", "input", "output"]
    return rows[[*WITNESS_COLUMNS, "basis", "currency"]].sort_values(order, ignore_index=True)


def _behind_moving_names(rows: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Runs under moving names as runs of the model behind the name on their first day.

    After the name has moved, an unchanged row is as likely an old price left standing as the new model's.
    """
    dated = rows.rename(columns={"observed_from": "valid_from", "observed_to": "valid_to"})
    began = dated["valid_from"].copy()
    split = apply_alias_periods(dated.assign(began=began), periods)
    split = split[split["valid_from"].eq(split["began"]) & split["model_id"].notna()]
    return split.rename(columns={"valid_from": "observed_from", "valid_to": "observed_to"})


def verdicts_of(rows: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """What trackers that may not be passed on say of the panel's prices: one of them, or another."""
    of_text = panel["status"].ne("other_mode") & panel["model_id"].notna()
    priced = panel[panel[["input", "output"]].gt(0).all(axis=1) & of_text]
    ours = priced[["host", "model_id", "variant", "input", "output"]].drop_duplicates()
    known = rows[rows["model_id"].isin(ours["model_id"]) & rows["host"].isin(ours["host"])]
    met = known.reset_index(names="run").merge(
        ours, on=["host", "model_id", "variant"], suffixes=("", "_ours")
    )
    near = np.ones(len(met), dtype=bool)
    for name in ("input", "output"):
        gap = (met[name] - met[f"{name}_ours"]).abs() / np.maximum(met[name], met[f"{name}_ours"])
        near &= gap.fillna(0 if name == "output" else 1).to_numpy() <= SAME
    met = met.assign(near=near).sort_values(["run", "near"], ascending=[True, False], kind="stable")
    met = met.drop_duplicates("run")
    for name in ("input", "output"):
        met[name] = met[f"{name}_ours"].where(met["near"])
    order = ["tracker", "host", "model_id", "variant", "observed_from"]
    return met[list(WITNESS_COLUMNS)].sort_values(order, ignore_index=True)


def yuan_prices(raw: pd.DataFrame, ships: pd.Index) -> pd.DataFrame:
    """List prices in yuan of the trackers that may be passed on, with their known faults."""
    rows = raw[raw["currency"].eq("CNY") & raw["tracker"].isin(ships)]
    rows = rows.rename(
        columns={
            "panel_model_id": "model_id",
            "input_per_mtok": "input_yuan_per_mtok",
            "output_per_mtok": "output_yuan_per_mtok",
        }
    )
    kept = [
        "seller", "seller_as_named", "model", "model_id", "input_yuan_per_mtok", "output_yuan_per_mtok",
        "observed_from", "observed_to", "last_seen", "basis", "tracker", "fault", "note", "licence",
    ]  # fmt: skip
    rows = rows[rows["input_yuan_per_mtok"].notna()]
    return rows[kept].sort_values(["model", "tracker", "observed_from"], ignore_index=True)


def gpu_quotes(raw: pd.DataFrame) -> pd.DataFrame:
    """Prices of GPU-hours whose licence is stated."""
    rows = raw[raw["licence"].ne("none stated")].copy()
    rows["price_kind"] = rows["price_kind"].replace("on-demand", "on_demand")
    kept = [
        "row_kind", "cloud", "gpu", "region", "price_kind", "usd_per_gpu_hour", "observed_from", "last_seen",
        "n", "tracker", "licence",
    ]  # fmt: skip
    order = ["tracker", "gpu", "price_kind", "observed_from", "cloud"]
    return rows[kept].sort_values(order, ignore_index=True, kind="stable")


def main(compiled: str, yuan: str | None = None, gpus: str | None = None) -> None:
    """Write ``prices.parquet``, ``verdicts.csv.gz`` and the reference tables in yuan and of GPU-hours."""
    folder = data_dir() / "witnesses"
    trackers, identity = load_trackers(), Identity.load()
    rows = compile_runs(pd.read_csv(compiled, low_memory=False), trackers, identity)
    ships = rows["tracker"].isin(trackers.loc[trackers["ships"].eq("yes"), "tracker"])
    dollars = rows["currency"].eq("USD")
    shipped = rows.loc[ships & dollars, [*WITNESS_COLUMNS, "basis"]]
    text = ["tracker", "family", "host", "model_id", "variant", "basis"]
    shipped[text] = shipped[text].astype("str")
    shipped.to_parquet(folder / "prices.parquet", compression="zstd", index=False)
    verdicts = verdicts_of(rows[~ships & dollars], load_panel(status="all"))
    packed = {"method": "gzip", "mtime": 0}
    verdicts.to_csv(folder / "verdicts.csv.gz", index=False, date_format="%Y-%m-%d", compression=packed)
    shipping = trackers.loc[trackers["ships"].eq("yes"), "tracker"]
    reference = data_dir() / "reference"
    if yuan is not None:
        kept = yuan_prices(pd.read_csv(yuan), pd.Index(shipping))
        kept.to_csv(reference / "yuan_prices.csv.gz", index=False, compression=packed)
    if gpus is not None:
        quotes = gpu_quotes(pd.read_csv(gpus))
        quotes.to_csv(reference / "gpu_quotes.csv.gz", index=False, compression=packed)
    print(f"{len(shipped)} runs, {len(verdicts)} verdicts of trackers that may not be passed on")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit("python -m tools.witnesses RUNS.csv.gz [YUAN.csv GPU.csv]")
    main(*sys.argv[1:])
