"""How fast is the event study, against a plain vectorised reference and against other packages?

    python -m tools.bench_eventstudy [--install-peers | --peer-python PATH]

500 firms by 40 events, 250 estimation days, in one run: from a table of returns and a table of events to
abnormal returns and tests. Cumulative abnormal returns are compared before times are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from undercut.eventstudy.battery import TESTS
from undercut.eventstudy.model import event_study
from undercut.eventstudy.permutation import permute_dates

N_FIRMS, N_EVENTS, N_DAYS = 500, 40, 1_500
ESTIMATION, WINDOW = (-281, -32), (-1, 1)
PARAMETRIC = (
    "cross_sectional", "brown_warner_1980", "brown_warner_1985", "portfolio", "patell", "bmp",
    "kolari_pynnonen_patell", "kolari_pynnonen",
)  # fmt: skip
PEER_SECONDS = 120
REPEATS = 9


def make_returns(seed: int = 0, n_firms: int = N_FIRMS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Wide returns with a market, and events of every firm on common dates."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0003, 0.01, N_DAYS)
    firms = rng.uniform(0.5, 1.5, n_firms) * market[:, None] + rng.normal(0, 0.02, (N_DAYS, n_firms))
    names = [f"firm {i:04d}" for i in range(n_firms)]
    wide = pd.DataFrame(firms, columns=names, index=pd.bdate_range("2018-01-01", periods=N_DAYS, name="date"))
    wide["market"] = market
    days = np.sort(rng.choice(np.arange(300, N_DAYS - 5, 6), N_EVENTS, replace=False))
    events = pd.DataFrame({"event": [f"event {i:02d}" for i in range(N_EVENTS)], "date": wide.index[days]})
    return wide, events


def reference(wide: pd.DataFrame, events: pd.DataFrame) -> np.ndarray:
    """The same tables and tests for whole histories, all rows at once; no checks, no gaps, no skipping."""
    firms = [name for name in wide.columns if name != "market"]
    returns, market = wide[firms].to_numpy().T, wide["market"].to_numpy()
    day = np.repeat(wide.index.get_indexer(events["date"]), len(firms))
    unit = np.tile(np.arange(len(firms)), len(events))
    past = day[:, None] + np.arange(ESTIMATION[0], ESTIMATION[1] + 1)
    ahead = day[:, None] + np.arange(WINDOW[0], WINDOW[1] + 1)
    y, x = returns[unit[:, None], past], market[past]
    centre = x.mean(axis=1, keepdims=True)
    squares = ((x - centre) ** 2).sum(axis=1)
    beta = ((x - centre) * y).sum(axis=1) / squares
    alpha = y.mean(axis=1) - beta * centre[:, 0]
    residual = y - alpha[:, None] - beta[:, None] * x
    count, length = y.shape[1], ahead.shape[1]
    variance = (residual**2).sum(axis=1) / (count - 2)
    abnormal = returns[unit[:, None], ahead] - alpha[:, None] - beta[:, None] * market[ahead]
    off = market[ahead] - centre
    daily = np.sqrt(variance[:, None] * (1 + 1 / count + off**2 / squares[:, None]))
    car = abnormal.sum(axis=1)
    error = np.sqrt(variance * (length + length**2 / count + off.sum(axis=1) ** 2 / squares))
    labels = {"event": np.repeat(events["event"], len(firms)), "firm": np.array(firms)[unit]}
    p_value = 2 * stats.t.sf(np.abs(car / error), count - 2)
    pd.DataFrame({**labels, "car": car, "se": error, "p_value": p_value})
    reference_tests(car, error, variance, residual, len(events))
    assert abnormal.shape == daily.shape
    return car


def reference_tests(
    car: np.ndarray, error: np.ndarray, variance: np.ndarray, residual: np.ndarray, n_dates: int
) -> list[float]:
    """The eight parametric tests, plainly."""
    n, count, length = len(car), residual.shape[1], WINDOW[1] - WINDOW[0] + 1
    scar = car / error
    patell = scar.sum() / np.sqrt(n * (count - 2) / (count - 4))
    bmp = scar.mean() / scar.std(ddof=1) * np.sqrt(n)
    by_date = (residual / np.sqrt((residual**2).sum(axis=1, keepdims=True))).reshape(n_dates, -1, count)
    shared = (by_date.sum(axis=1) ** 2).sum() - n
    mean = shared / (n * (n - 1))
    portfolios = residual.reshape(n_dates, -1, count).mean(axis=1)
    scale = (error**2 / variance).reshape(n_dates, -1).mean(axis=1)
    spread = np.sqrt((scale * (portfolios**2).sum(axis=1)).sum() / (count - 2)) / n_dates
    return [
        car.mean() / car.std(ddof=1) * np.sqrt(n),
        car.sum() / np.sqrt((error**2).sum()),
        car.mean() / (residual.mean(axis=0).std(ddof=1) * np.sqrt(length)),
        car.mean() / spread,
        patell,
        bmp,
        patell / np.sqrt(1 + (n - 1) * mean),
        bmp * np.sqrt((1 - mean) / (1 + (n - 1) * mean)),
    ]


def ours(wide: pd.DataFrame, events: pd.DataFrame) -> np.ndarray:
    """Undercut with every parametric test."""
    study = event_study(wide, events, market="market", estimation=ESTIMATION, window=WINDOW)
    study.tests([WINDOW], tests=PARAMETRIC, permutation=False)
    return study.car()["car"].to_numpy()


def best(*runs: Callable[[], Any]) -> list[tuple[float, Any]]:
    """Shortest time and last result of each; they take turns, so that a busy machine slows all alike."""
    times: list[list[float]] = [[] for _ in runs]
    results: list[Any] = [None] * len(runs)
    for _ in range(REPEATS):
        for number, run_once in enumerate(runs):
            start = time.perf_counter()
            results[number] = run_once()
            times[number].append(time.perf_counter() - start)
    return [(min(taken), result) for taken, result in zip(times, results, strict=True)]


def peer(python: str, package: str, wide: pd.DataFrame, events: pd.DataFrame) -> dict[str, Any]:
    """Time and result of a peer, or why there is none."""
    script = Path(__file__).with_name("eventstudy_peers.py")
    firms = [name for name in wide.columns if name != "market"]
    rows = events[["date"]].merge(pd.DataFrame({"firm": firms}), how="cross")
    with tempfile.TemporaryDirectory() as folder:
        wide.to_csv(Path(folder) / "returns.csv", date_format="%Y-%m-%d")
        rows.to_csv(Path(folder) / "events.csv", index=False, date_format="%Y-%m-%d")
        command = [python, str(script), f"{folder}/returns.csv", f"{folder}/events.csv", package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PEER_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return {"remark": f"stopped after {PEER_SECONDS} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"remark": "not installed" if "ModuleNotFoundError" in last else last[:90]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def permutations() -> tuple[float, float]:
    """Seconds and peak megabytes of 10,000 permutations of dates for 500 firms and 40 events."""
    wide, events = make_returns()
    study = event_study(wide, events, market="market", estimation=ESTIMATION, window=WINDOW)
    start = time.perf_counter()
    permute_dates(study.setup, study.abnormal, draws=10_000)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    permute_dates(study.setup, study.abnormal, draws=10_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak / 1e6


def run(*, peer_python: str = sys.executable) -> None:
    """Measure and print."""
    wide, events = make_returns()
    (plain, expected), (own, found) = best(lambda: reference(wide, events), lambda: ours(wide, events))
    # The skipping of earlier events changes estimation windows; compared without it.
    same = event_study(
        wide, events, market="market", estimation=ESTIMATION, window=WINDOW, skip_events=False
    ).car()["car"]
    np.testing.assert_allclose(same, expected, atol=1e-12)
    rows = len(found)
    print(f"{N_FIRMS} firms x {N_EVENTS} events = {rows} rows, 250 estimation days")
    print(f"{'who':32} {'rows':>6} {'seconds':>8} {'times ours':>10}")
    show("undercut, 8 parametric tests", rows, own, own)
    show("plain vectorised, the same tests", rows, plain, own)
    [(everything, _)] = best(
        lambda: event_study(wide, events, market="market", estimation=ESTIMATION, window=WINDOW).tests(
            [WINDOW], tests=list(TESTS), draws=10_000
        )
    )
    show(f"undercut, {len(TESTS)} tests, permutation", rows, everything, own)
    result = peer(peer_python, "eventstudy", wide, events)
    if "cars" in result:
        np.testing.assert_allclose(np.sort(result["cars"]), np.sort(expected), atol=1e-9)
    show("eventstudy, 1 test", rows, result.get("seconds"), own, result.get("remark", ""))
    result = peer(peer_python, "myeventstudy", wide, events.iloc[:1])
    show("myeventstudy, one event", N_FIRMS, result.get("seconds"), own / N_EVENTS, result.get("remark", ""))
    show("EasyEventStudies", 0, None, own, "downloads its own data from Yahoo: cannot be given returns")
    seconds, peak = permutations()
    print(
        f"10,000 permutations of dates, {N_FIRMS} firms x {N_EVENTS} events: {seconds:.2f} s, {peak:.0f} MB"
    )


def show(who: str, rows: int, seconds: float | None, own: float, remark: str = "") -> None:
    """One line of the table."""
    if seconds is None:
        print(f"{who:32} {rows or '':>6} {'':>8} {'':>10}  {remark}")
    else:
        print(f"{who:32} {rows:>6} {seconds:8.3f} {seconds / own:10.1f}  {remark}")


def install_peers(folder: Path) -> str:
    """A fresh environment with the peers, outside the project; returns its interpreter."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "eventstudy", "myeventstudy", "statsmodels", "setuptools"], check=True)
    return python


def main() -> None:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter with the peers")
    parser.add_argument("--install-peers", action="store_true", help="install them temporarily")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run(peer_python=install_peers(Path(name)) if options.install_peers else options.peer_python)


if __name__ == "__main__":
    main()
