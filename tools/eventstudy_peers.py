"""How long does another package take for the same event study? Runs under the peer's own interpreter.

    python eventstudy_peers.py RETURNS.csv EVENTS.csv PACKAGE   ->   {"seconds": ..., "cars": [...]}

RETURNS.csv: date and one column a unit, ``market`` among them. EVENTS.csv: date and firm, a row each.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd


def eventstudy(returns: str, events: pd.DataFrame) -> Callable[[], list[float]]:
    """The package eventstudy: one object for each event and firm, then their aggregate."""
    import eventstudy as peer

    dates, firms = events["date"].to_numpy().astype("datetime64[D]"), events["firm"].tolist()
    peer.Single.import_returns(returns)

    def run() -> list[float]:
        fits = [
            peer.Single.market_model(
                firm, "market", date, event_window=(-1, 1), estimation_size=250, buffer_size=30
            )
            for date, firm in zip(dates, firms, strict=True)
        ]
        peer.Multiple(fits)
        return [float(fit.CAR[-1]) for fit in fits]

    return run


def myeventstudy(returns: str, events: pd.DataFrame) -> Callable[[], list[float]]:
    """The package myeventstudy: it takes one event a firm."""
    from myeventstudy.event_analysis import event_study

    wide = pd.read_csv(returns)
    long = wide.melt(["date", "market"], var_name="stockid", value_name="sreturn")
    long = long.merge(events.rename(columns={"firm": "stockid", "date": "eventdate"}), on="stockid")
    long = long.rename(columns={"market": "mreturn"})

    def run() -> list[float]:
        with contextlib.redirect_stdout(sys.stderr):
            event_study(long, event_window_list=[(-1, 1)], est_window=(-281, -31), save_path="/tmp")
        return []

    return run


PEERS = {"eventstudy": eventstudy, "myeventstudy": myeventstudy}


def main() -> None:
    """Time one peer and print what it found."""
    returns, events, package = sys.argv[1:]
    run = PEERS[package](returns, pd.read_csv(events, dtype={"firm": str}))
    start = time.perf_counter()
    cars = run()
    print(json.dumps({"seconds": time.perf_counter() - start, "cars": list(np.asarray(cars))}))


if __name__ == "__main__":
    main()
