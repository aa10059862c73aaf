"""Do other collections of GPU rental prices agree with the project's monthly medians?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.sources.reference import load_reference


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
