"""How large and how powerful are the event-study tests? Writes docs/simulations-eventstudy.md.

    python -m tools.simulate_eventstudy [--replications N] [--prices PRICES.parquet]

With ``--prices`` (a user's own file: date, ticker, adj_close) the sizes on placebo dates of real returns are
added; only rates are written, never prices.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tools.eventstudy_worlds import Design, placebo_p_values, rejection_rates, simulated_p_values
from undercut.eventstudy.battery import TESTS

PAGE = Path(__file__).parents[1] / "docs" / "simulations-eventstudy.md"
DESIGNS = (
    Design("independent"),
    Design("correlated", correlation=0.2),
    Design("variance x 3", event_variance=3.0),
    Design("correlated, variance x 3", correlation=0.2, event_variance=3.0),
    Design("6 dates of 5 firms, correlated", correlation=0.2, n_dates=6),
    Design("heavy tails, correlated", correlation=0.2, degrees=4),
)
POWERED = (DESIGNS[0], DESIGNS[1], DESIGNS[4])
EFFECT = 0.5
GROUPS = {
    "semiconductors": "NVDA AVGO AMD MU QCOM TXN INTC AMAT LRCX KLAC ADI NXPI MCHP ON",
    "software": "MSFT ORCL CRM ADBE NOW INTU WDAY SNOW PLTR TEAM DDOG ADSK",
    "electric utilities": "VST CEG NRG NEE DUK SO AEP EXC D PEG XEL ED",
}
INTRODUCTION = """# Size and power of the event-study tests

Written by `python -m tools.simulate_eventstudy`; do not edit by hand.

Each number is the share of {replications:,} simulated event studies in which a test rejects at the 5%
level. Returns follow a market model with a market of 1% a day and abnormal returns of 2% a day; {firms} firms
have one event each, on one date unless said otherwise; estimation window 120 days, event window one day.
"Correlated" means a correlation of 0.2 between the abnormal returns of any two firms on a day. "Variance x 3"
means that the abnormal returns' variance is three times as large on the event day, without a mean effect.
"Heavy tails" are Student's t with 4 degrees of freedom. The standard error of a share of 5% is {error:.1%}.

**How to read it.** A test whose size exceeds 5% finds effects that are not there. With firms that move
together only the tests that allow for it can be believed, with a variance that the event raises only those
built on the spread across firms. The permutation of event dates and Kolari and Pynnönen's test withstand
both.

## Size: share of rejections without any effect, nominal 5%

"""


def rates(design: Design, replications: int, seed: int) -> pd.Series:
    """Rejection rate by test."""
    found = simulated_p_values(design, replications=replications, seed=seed)
    return rejection_rates(found).set_index("test")["rate"].rename(design.name)


def placebo_rates(path: Path, n_dates: int) -> pd.DataFrame:
    """Rejection rates on placebo dates of real returns, by group of firms."""
    prices = pd.read_parquet(path, columns=["date", "ticker", "adj_close"])
    wide = prices.pivot_table(index="date", columns="ticker", values="adj_close").sort_index()
    returns = wide.pct_change(fill_method=None)
    columns = {}
    for name, firms in GROUPS.items():
        known = [firm for firm in firms.split() if firm in returns.columns]
        events = pd.DataFrame({"event": "R1", "date": "2025-01-27", "firm": known})
        found = placebo_p_values(returns, events, n_dates=n_dates, market="SPY")
        columns[f"{name} ({len(known)})"] = rejection_rates(found).set_index("test")["rate"]
    return pd.DataFrame(columns)


def markdown(table: pd.DataFrame) -> str:
    """A table of percentages, one row a test, the headline first."""
    order = [name for name in ["permutation", *TESTS] if name in table.index]
    lines = ["| test | " + " | ".join(table.columns) + " |", "|---|" + "---:|" * len(table.columns)]
    for name in order:
        cells = ["–" if np.isnan(v) else f"{100 * v:.1f}" for v in table.loc[name]]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page(replications: int, prices: Path | None) -> str:
    """The whole page."""
    size = pd.DataFrame([rates(design, replications, 10_000) for design in DESIGNS]).T
    powered = [replace(design, effect=EFFECT) for design in POWERED]
    power = pd.DataFrame([rates(design, max(replications // 3, 50), 50_000) for design in powered]).T
    error = np.sqrt(0.05 * 0.95 / replications)
    text = INTRODUCTION.format(replications=replications, firms=DESIGNS[0].n_firms, error=error)
    text += markdown(size)
    text += f"\n## Power: share of rejections with a mean effect of {EFFECT} residual standard deviations\n\n"
    text += (
        "High power of a test whose size is wrong is worth nothing; compare within those that hold it.\n\n"
    )
    text += markdown(power)
    if prices is not None:
        n_dates = 400
        text += f"\n## Size on {n_dates} placebo dates of real returns, nominal 5%\n\n"
        text += (
            "Firms of one industry against the S&P 500 (SPY), 2022 to 2026, a user's own file of prices; "
            "in brackets the number of firms. Estimation window 220 days ending 31 days before, one day. "
            "Real returns add volatility that comes in clusters, which the formulas behind the other tests "
            "do not know.\n\n"
        )
        text += markdown(placebo_rates(prices, n_dates))
    return text


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--prices", type=Path, help="Parquet of the user's own prices")
    options = parser.parse_args()
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(options.replications, options.prices), encoding="utf-8")


if __name__ == "__main__":
    main()
