"""What did models cost in yuan, and what do others say a GPU costs to rent? Prices beside the panel's own.

Chinese sellers list prices in yuan on their mainland sites and in dollars abroad. The two move separately, so
neither is ever converted to get the other.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from undercut.sources.reference import load_reference

#: Trackers write a change down within this time of its announcement.
ANNOUNCED_WITHIN: Final = pd.Timedelta(days=14)
#: How events name the sellers that list prices in yuan.
_MAKERS: Final = {
    "alibaba-cn": "Alibaba", "baidu": "Baidu", "tencent": "Tencent", "zhipuai": "Zhipu",
    "deepseek": "DeepSeek", "moonshotai-cn": "Moonshot", "minimax-cn": "MiniMax", "volcengine": "ByteDance",
}  # fmt: skip


def yuan_changes(prices: pd.DataFrame | None = None) -> pd.DataFrame:
    """Changes of list prices in yuan, as each tracker dates them.

    Parameters
    ----------
    prices : DataFrame, optional
        Like ``load_reference("yuan_prices")``, the default.

    Returns
    -------
    DataFrame
        ``seller, model, tracker, changed_on, input_before, output_before, input_after, output_after`` in yuan
        per million tokens, by day; rows with a known fault left out. ``changed_on`` is the tracker's day;
        ``announced_on`` and ``event_id`` are the last announced price cut of the seller in the two weeks
        before, from the table of events.

    Examples
    --------
    >>> war = yuan_changes().query("tracker == 'aichat' and changed_on.dt.strftime('%Y-%m') == '2024-05'")
    >>> war.loc[war["model"] == "qwen-plus", ["input_before", "input_after"]].to_numpy().tolist()
    [[20.0, 4.0]]
    """
    table = load_reference("yuan_prices") if prices is None else prices
    rows = table[table["fault"].isna()].sort_values(["tracker", "model", "observed_from"])
    names = {"input_yuan_per_mtok": "input", "output_yuan_per_mtok": "output"}
    rows = rows.rename(columns=names)
    before = rows.groupby(["tracker", "model"])[["input", "output"]].shift()
    moved = before["input"].notna() & (rows[["input", "output"]].fillna(-1) != before.fillna(-1)).any(axis=1)
    frame = rows[["seller", "model", "tracker"]].assign(
        changed_on=rows["observed_from"], input_before=before["input"], output_before=before["output"],
        input_after=rows["input"], output_after=rows["output"],
    )  # fmt: skip
    return _announced(frame[moved].sort_values(["changed_on", "model", "tracker"], ignore_index=True))


def _announced(changes: pd.DataFrame) -> pd.DataFrame:
    """Each change with the announcement that it followed, where one is on record."""
    cuts = load_reference("events").query("type == 'price_cut'")
    about = cuts["actor"] + " " + cuts["title"] + " " + cuts["description"]
    told = [
        cuts.loc[about.str.contains(maker), ["event_id", "date"]].assign(seller=seller)
        for seller, maker in _MAKERS.items()
    ]
    met = changes.reset_index().merge(pd.concat(told), on="seller")
    met = met[(met["changed_on"] - met["date"]).between(pd.Timedelta(0), ANNOUNCED_WITHIN)]
    last = met.sort_values("date").groupby("index").last()
    return changes.assign(announced_on=last["date"], event_id=last["event_id"])


def gpu_rental_agreement() -> pd.DataFrame:
    """The monthly medians beside those of other collections, where they overlap.

    Returns
    -------
    DataFrame
        One row a month and GPU: ``date, gpu``, ``usd_per_gpu_hour`` (the project's median of rate cards),
        ``others`` (median of quotes on demand in force on the day, of other collections), ``n_quotes``,
        ``trackers`` and ``log_ratio`` (others over ours).

    Examples
    --------
    >>> table = gpu_rental_agreement()
    >>> bool((table["n_quotes"] > 0).all())
    True
    """
    ours = load_reference("gpu_rental").rename(columns={"usd_per_gpu_hour_median_list": "usd_per_gpu_hour"})
    quotes = load_reference("gpu_quotes")
    quotes = quotes[quotes["row_kind"].eq("quote") & quotes["price_kind"].ne("spot")]
    met = ours[["date", "gpu", "usd_per_gpu_hour"]].merge(quotes, on="gpu", suffixes=("", "_quoted"))
    met = met[(met["observed_from"] <= met["date"]) & (met["date"] <= met["last_seen"])]
    table = met.groupby(["date", "gpu"], as_index=False).agg(
        usd_per_gpu_hour=("usd_per_gpu_hour", "first"),
        others=("usd_per_gpu_hour_quoted", "median"),
        n_quotes=("usd_per_gpu_hour_quoted", "size"),
        trackers=("tracker", lambda names: ", ".join(sorted(set(names)))),
    )
    return table.assign(log_ratio=np.log(table["others"] / table["usd_per_gpu_hour"]))
