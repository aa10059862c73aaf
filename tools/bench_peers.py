"""How long does another package take for the same index? Runs under the peer's own interpreter.

python bench_peers.py QUOTES.npz PACKAGE METHOD   ->   {"seconds": ..., "index": [...]}
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def price_index_calc(quotes: dict[str, np.ndarray], method: str) -> Callable[[], list[float]]:
    """PriceIndexCalc (pandas)."""
    import pandas as pd
    from PriceIndexCalc.pandas_modules import multilateral

    months = np.array([f"{2023 + t // 12}-{t % 12 + 1:02d}-01" for t in range(quotes["period"].max() + 1)])
    frame = pd.DataFrame(
        {
            "month": months[quotes["period"]],
            "id": quotes["product"],
            "price": quotes["price"],
            "quantity": quotes["quantity"],
        }
    )
    # As its own entry point does before the time dummy: expenditure shares as weights.
    frame["weights"] = frame["price"] * frame["quantity"]
    frame["weights"] = frame["weights"] / frame.groupby("month")["weights"].transform("sum")
    run = {
        "geks-tornqvist": lambda: multilateral.geks(frame, bilateral_method="tornqvist"),
        "time-product-dummy": lambda: multilateral.time_dummy(frame),
        "geary-khamis": lambda: multilateral.geary_khamis(frame),
    }[method]
    return lambda: [float(value) for value in np.ravel(run())]


def pyindexnum(quotes: dict[str, np.ndarray], method: str) -> Callable[[], list[float]]:
    """pyindexnum (polars)."""
    import polars as pl
    from pyindexnum import multilateral

    months = [datetime.date(2023 + t // 12, t % 12 + 1, 1) for t in range(quotes["period"].max() + 1)]
    frame = pl.DataFrame(
        {
            "period": pl.Series(months).gather(quotes["period"]),
            "product_id": quotes["product"],
            "aggregated_price": quotes["price"],
            "aggregated_quantity": quotes["quantity"],
        }
    )
    run: Callable[..., Any] = {
        "geks-tornqvist": multilateral.geks_tornqvist,
        "time-product-dummy": multilateral.time_product_dummy,
        "geary-khamis": multilateral.geary_khamis,
    }[method]
    options = {} if method == "time-product-dummy" else {"balanced": False}  # the dummy has no such option
    return lambda: run(frame, **options)["index_value"].to_list()


PEERS = {"PriceIndexCalc": price_index_calc, "pyindexnum": pyindexnum}


def main() -> None:
    """Time one method of one package on the quotes of one file."""
    path, package, method = sys.argv[1:]
    with np.load(path) as stored:
        compute = PEERS[package](dict(stored), method)
    start = time.perf_counter()
    index = compute()
    print(json.dumps({"seconds": time.perf_counter() - start, "index": index}))


if __name__ == "__main__":
    main()
