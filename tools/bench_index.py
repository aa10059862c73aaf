"""How fast are the price indices, against a plain vectorised reference and against other packages?

    python -m tools.bench_index [--install-peers | --peer-python PATH] [--large]

All times are from a table of quotes to the series, taken in the same run on the same quotes; results are
compared before times are. ``--large`` writes up to 100 million quotes to a temporary Parquet file.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tools.bench_peers import PEERS
from undercut.prices.index import price_index

N_PERIODS = 24
METHODS = ("geks-tornqvist", "time-product-dummy", "geary-khamis")
PEER_DEPENDENCIES = ("PriceIndexCalc", "pyindexnum", "statsmodels", "seaborn", "scikit-learn")
PEER_SECONDS = 60  # a peer that takes longer is stopped
PEER_SHARES = (60, 15, 1)  # peers run at a part of the size first, and at more only if that will fit


def make_quotes(n_quotes: int, seed: int = 0) -> pd.DataFrame:
    """About ``n_quotes`` quotes in random order: products enter, leave and pause over 24 periods."""
    rng = np.random.default_rng(seed)
    n_products = int(n_quotes / 11.53)
    start, life = rng.integers(-10, N_PERIODS, n_products), rng.integers(4, 40, n_products)
    months = np.arange(N_PERIODS)
    on_sale = (months >= start[:, None]) & (months < (start + life)[:, None])
    on_sale &= rng.random((n_products, N_PERIODS)) < 0.97
    product, period = np.nonzero(on_sale)
    order = rng.permutation(len(product))
    product, period = product[order], period[order]
    taste = rng.normal(size=n_products)[product]
    log_price = taste - 0.02 * period + 0.1 * rng.normal(size=len(product))
    quantity = np.exp(2 - 1.5 * (log_price - taste) + rng.normal(size=len(product)))
    columns = {"period": period, "product": product, "price": np.exp(log_price), "quantity": quantity}
    return pd.DataFrame(columns)


def filled(quotes: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Prices and quantities, products by periods, zero where not on sale: the start of every reference.

    No checks, no order that is free of the order of rows, and dense products in as many threads as
    BLAS takes: the references give the least that the arithmetic costs, not what a user can rely on.
    """
    product = pd.factorize(quotes["product"])[0]
    period = pd.factorize(quotes["period"], sort=True)[0]
    shape = (product.max() + 1, period.max() + 1)
    price, quantity = np.zeros(shape), np.zeros(shape)
    price[product, period] = quotes["price"]
    quantity[product, period] = quotes["quantity"]
    return price, quantity


def reference_geks(quotes: pd.DataFrame) -> np.ndarray:
    """GEKS-Törnqvist pair by pair on whole columns."""
    price, quantity = filled(quotes)
    value, on_sale = price * quantity, price > 0
    log_price = np.log(np.where(on_sale, price, 1))
    value, on_sale, log_price = (np.ascontiguousarray(array.T) for array in (value, on_sale, log_price))
    logs = np.zeros((len(value), len(value)))
    for s in range(len(value)):
        for t in range(s + 1, len(value)):
            both = on_sale[s] & on_sale[t]
            v0, v1 = value[s][both], value[t][both]
            share = (v0 / v0.sum() + v1 / v1.sum()) / 2
            logs[s, t] = share @ (log_price[t][both] - log_price[s][both])
            logs[t, s] = -logs[s, t]
    mean = logs.mean(axis=0)
    return np.exp(mean - mean[0])


def reference_dummy(quotes: pd.DataFrame) -> np.ndarray:
    """Weighted time-product dummy from dense normal equations."""
    price, quantity = filled(quotes)
    value = price * quantity
    weight = value / value.sum(axis=0)
    log_price = np.log(np.where(price > 0, price, 1))
    total = weight.sum(axis=1, keepdims=True)
    system = np.diag(weight.sum(axis=0)) - (weight / total).T @ weight
    right = (weight * (log_price - (weight * log_price).sum(axis=1, keepdims=True) / total)).sum(axis=0)
    return np.exp(np.append(0, np.linalg.solve(system[1:, 1:], right[1:])))


def reference_geary_khamis(quotes: pd.DataFrame) -> np.ndarray:
    """Geary-Khamis from the dense matrix of its linear system."""
    price, quantity = filled(quotes)
    value = price * quantity
    matrix = (quantity / quantity.sum(axis=1, keepdims=True)).T @ value
    system = np.diag(value.sum(axis=0)) - matrix
    return 1 / np.append(1, np.linalg.solve(system[1:, 1:], -system[1:, 0]))


REFERENCES: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "geks-tornqvist": reference_geks,
    "time-product-dummy": reference_dummy,
    "geary-khamis": reference_geary_khamis,
}


def best_of(compute: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Shortest time in seconds, and the result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = compute()
        times.append(time.perf_counter() - start)
    return min(times), result


def peer_seconds(
    python: str, quotes: pd.DataFrame, package: str, method: str, folder: Path
) -> tuple[float | None, str]:
    """Seconds that a peer takes, None if it does not; and a remark, also if its numbers differ from ours."""
    path = folder / f"quotes-{len(quotes)}.npz"
    if not path.exists():
        np.savez(path, **{str(name): quotes[name].to_numpy() for name in quotes})
    script = Path(__file__).with_name("bench_peers.py")
    command = [python, "-W", "ignore", str(script), str(path), package, method]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=PEER_SECONDS, preexec_fn=_limit_memory
        )
    except subprocess.TimeoutExpired:
        return None, f"stopped after {PEER_SECONDS} s"
    if run.returncode:
        last = (run.stderr.strip().splitlines() or [f"signal {-run.returncode}"])[-1]
        return None, "not installed" if f"No module named '{package}'" in last else f"fails: {last[:60]}"
    answer = json.loads(run.stdout.splitlines()[-1])
    ours = price_index(quotes, method=method).index.to_numpy()
    gap = np.abs(np.array(answer["index"]) / ours - 1).max()
    return answer["seconds"], f"largest difference to ours {gap:.0e}"


def compare(n_quotes: int, peer_python: str) -> list[dict[str, Any]]:
    """Ours, the reference and every peer, method by method."""
    quotes = make_quotes(n_quotes)
    print(f"{len(quotes):,} quotes, {N_PERIODS} periods, {quotes['product'].nunique():,} products")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for method in METHODS:
            seconds, result = best_of(partial(price_index, quotes, method=method), 5)
            plain, expected = best_of(partial(REFERENCES[method], quotes), 5)
            np.testing.assert_allclose(result.index, expected, rtol=1e-9)
            rows.append(_row(method, "undercut", len(quotes), seconds, seconds, ""))
            rows.append(_row(method, "plain reference", len(quotes), plain, seconds, "equal to 1e-9"))
            for package in PEERS:
                rows.append(_peer_row(peer_python, n_quotes, package, method, Path(name)))
    return rows


def _peer_row(python: str, n_quotes: int, package: str, method: str, folder: Path) -> dict[str, Any]:
    """The peer at the largest size that it finishes, beside ours at that size."""
    row: dict[str, Any] = {}
    for share, next_share in zip(PEER_SHARES, (*PEER_SHARES[1:], 0), strict=True):
        quotes = make_quotes(n_quotes // share)
        taken, remark = peer_seconds(python, quotes, package, method, folder)
        if taken is None:
            remark = f"{row['remark']}; at {len(quotes):,} quotes {remark}" if row else remark
            return (row or _row(method, package, len(quotes), None, 1.0, "")) | {"remark": remark}
        ours, _ = best_of(partial(price_index, quotes, method=method), 5)
        row = _row(method, package, len(quotes), taken, ours, remark)
        if next_share and taken * share / next_share > PEER_SECONDS:
            return row | {"remark": f"{remark}; too slow for more"}
    return row


def _row(
    method: str, who: str, n_quotes: int, seconds: float | None, ours: float, remark: str
) -> dict[str, Any]:
    ratio = None if seconds is None else seconds / ours
    row = {"method": method, "who": who, "quotes": n_quotes, "seconds": seconds}
    return row | {"times ours": ratio, "remark": remark}


def install_peers(folder: Path) -> str:
    """A fresh environment with the peers, outside the project; returns its interpreter."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER_DEPENDENCIES]
    subprocess.run(command, check=True)
    return python


def write_parquet(path: Path, n_quotes: int) -> int:
    """About ``n_quotes`` quotes as Parquet, in row groups of a million; returns their number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    block, written, writer = min(1_000_000, n_quotes), 0, None
    for number in range(n_quotes // block):
        quotes = make_quotes(block, seed=number)
        quotes["product"] += number * 1_000_000
        table = pa.Table.from_pandas(quotes, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        written += len(quotes)
    assert writer is not None
    writer.close()
    return written


GROWTH_CODE = """
import json, resource, sys, time
start = time.perf_counter()
path, way, method = sys.argv[1:]
if way == "in memory":
    import pandas as pd
    from undercut.prices.index import price_index
    result = price_index(pd.read_parquet(path), method=method)
else:
    from undercut.prices.index.large import price_index_from_parquet
    result = price_index_from_parquet(path, method=method)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
print(json.dumps({"seconds": time.perf_counter() - start, "gigabytes": peak, "last": result.index.iloc[-1]}))
"""


def growth(sizes: list[int]) -> list[dict[str, Any]]:
    """Time and peak memory from a Parquet file, in memory and in buckets, each in a process of its own."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "quotes.parquet"
            n_quotes = write_parquet(path, size)
            for method in METHODS:
                for way in ("in memory", "in buckets"):
                    rows.append(
                        {"quotes": n_quotes, "method": method, "way": way} | _grown(path, way, method)
                    )
                    print(json.dumps(rows[-1]), flush=True)
    return rows


def _grown(path: Path, way: str, method: str) -> dict[str, Any]:
    command = [sys.executable, "-c", GROWTH_CODE, str(path), way, method]
    run = subprocess.run(command, capture_output=True, text=True, preexec_fn=_limit_memory)
    if run.returncode == 0:
        return dict(json.loads(run.stdout))
    reason = run.stderr.strip().splitlines()[-1] if run.stderr.strip() else f"signal {-run.returncode}"
    return {"remark": f"does not fit: {reason[:80]}"}


def _limit_memory() -> None:
    """Half of what is free now: an honest failure instead of a machine that runs out of memory."""
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    resource.setrlimit(resource.RLIMIT_DATA, (free // 2, free // 2))


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows as an aligned table."""
    print(pd.DataFrame(rows).to_string(index=False, na_rep="-", float_format="{:.3g}".format), flush=True)


def run(*, peer_python: str = sys.executable, large: bool = False) -> dict[str, list[dict[str, Any]]]:
    """All measurements, printed and returned: ``compare`` at a million quotes, ``growth`` by size."""
    compared = compare(1_000_000, peer_python)
    show(compared)
    grown = growth([1_000_000, 10_000_000, *([30_000_000, 100_000_000] if large else [])])
    show(grown)
    return {"compare": compared, "growth": grown}


def main() -> None:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peer-python", default=sys.executable, help="interpreter that has the peers installed"
    )
    parser.add_argument(
        "--install-peers", action="store_true", help="install them into a temporary environment"
    )
    parser.add_argument(
        "--large", action="store_true", help="grow to 100 million quotes (minutes, 3 GB of disk)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        python = install_peers(Path(name) / "peers") if options.install_peers else options.peer_python
        run(peer_python=python, large=options.large)


if __name__ == "__main__":
    main()
