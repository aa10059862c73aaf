"""Methods side by side on a market whose truth is known, and changes of own prices counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from undercut.inference.resampling import multiplicities
from undercut.prices.changes import changes_by_year, own_price_changes
from undercut.prices.index import price_index, resampled_index
from undercut.studies.presentation import Answer, Number, parts_of
from undercut.studies.prices.comparison import MAIN, SAME_PRODUCT, MethodComparison, compare
from undercut.studies.prices.index_pages import heading, ranged


def quotes(price_of: dict[str, list[float | None]], developer: dict[str, str] | None = None) -> pd.DataFrame:
    """Monthly quotes from product -> prices from January 2026 on; None = not on sale."""
    rows = []
    for product, prices in price_of.items():
        maker = (developer or {}).get(product, product[0])
        for month, price in enumerate(prices, start=1):
            if price is not None:
                rows.append((f"2026-{month:02d}", product, price, maker))
    frame = pd.DataFrame(rows, columns=["period", "product", "price", "developer"])
    return frame.assign(
        host=frame["developer"],
        host_kind="developer",
        model_id=frame["product"],
        origin="US",
        group="US closed",
    )


def from_2025(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(period=[str(pd.Period("2025-01", "M") + int(p[-2:]) - 1) for p in frame["period"]])


@pytest.mark.parametrize(
    ("label", "options"),
    [
        ("chained Jevons", {"method": "jevons", "chained": True}),
        ("GEKS-Jevons, 13 months, mean splice", {"method": "geks-jevons", "window": 13, "splice": "mean"}),
        ("time-product dummy, all months", {"method": "time-product-dummy"}),
    ],
)
def test_every_matched_index_finds_a_common_rate_exactly(label: str, options: dict[str, Any]) -> None:
    months = np.arange(14)
    market = {f"{maker}{n}": list(np.exp(-0.05 * months) * (1 + n)) for maker in "abcd" for n in range(3)}
    index = resampled_index(from_2025(quotes(market)), draws=10, **options)
    found = compare({"real": [index], "real_and_unknown": [index]})
    row = found.frame.iloc[0]
    assert (row["method"], row["question"]) == (label, SAME_PRODUCT)
    assert row[["annual", "low", "high"]].to_numpy(float) == pytest.approx(np.exp(-0.6), rel=1e-9)
    assert found.paths[label].iloc[-1] == pytest.approx(np.exp(-0.65), rel=1e-9)


def test_sticky_prices_with_cheaper_successors_show_nothing_in_a_matched_index() -> None:
    market = {f"a{n}": [None] * n + [1.0 * 0.5**n] * (14 - n) for n in range(12)}
    market |= {f"b{n}": [None] * n + [2.0 * 0.5**n] * (14 - n) for n in range(12)}
    found = resampled_index(from_2025(quotes(market)), method="jevons", chained=True, draws=5)
    assert found.annual[0] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "jevons"},
        {"method": "jevons", "chained": True},
        {"method": "geks-jevons", "window": 4, "splice": "mean"},
        {"method": "time-product-dummy", "window": 4, "splice": "mean"},
    ],
)
def test_a_resample_is_the_index_of_a_table_in_which_each_developer_stands_as_often_as_drawn(
    options: dict[str, Any],
) -> None:
    generator = np.random.default_rng(3)
    names = [f"{maker}{n}" for maker in "abcd" for n in range(4)]
    frame = from_2025(quotes({name: list(np.exp(generator.normal(size=7))) for name in names}))
    frame = frame[generator.random(len(frame)) < 0.85]
    found = resampled_index(frame, draws=40, seed=5, confidence=0.8, **options)
    paths = []
    for counts in multiplicities(4, draws=40, seed=5)[1:].astype(int):
        copies = [
            frame[frame["developer"] == maker].assign(product=lambda rows, c=copy: rows["product"] + f"#{c}")
            for maker, count in zip("abcd", counts, strict=True)
            for copy in range(count)
        ]
        drawn = pd.concat(copies)[["period", "product", "price"]]
        paths.append(np.log(price_index(drawn, **options).index.to_numpy()))
    low, high = np.quantile(paths, [0.1, 0.9], axis=0)
    np.testing.assert_allclose(found.index["low"], np.exp(low), rtol=1e-9)
    np.testing.assert_allclose(found.index["high"], np.exp(high), rtol=1e-9)


def methods(same: float, unknown: float, average: float, new: float, half_width: float) -> pd.DataFrame:
    """What `compare` gives, from rates in percent."""
    rates = zip(MAIN.values(), (same, average, new), (unknown, average, new), strict=True)
    rows = []
    for method, *pair in rates:
        row: dict[str, Any] = {"method": method, "question": "q", "offers": 9, "clusters": 3}
        for rate, suffix in zip(pair, ("", "_unknown"), strict=True):
            ends = (rate, rate - half_width, rate + half_width)
            row |= {f"{n}{suffix}": 1 + e / 100 for n, e in zip(("annual", "low", "high"), ends, strict=True)}
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("rates", "told", "of_new", "title"),
    [
        ((-1.4, -4.5, -30, -60, 4), "becomes cheaper by 1.4% to 4.5% a year (95% interval −8.5% to 2.6%)",
         "most of", "Prices fall between"),
        ((2, 5, 10, 90, 4), "rises by 2.0% to 5.0% a year (95% interval −2.0% to 9.0%)",
         "no faster", "cannot be"),
        ((1, -4, 10, -2, 40), "changes in price by 1.0% to −4.0% a year", "no faster", "cannot be"),
    ],
)  # fmt: skip
def test_answer_and_heading_turn_with_the_data(rates: Any, told: str, of_new: str, title: str) -> None:
    found = MethodComparison(
        methods(*rates), pd.DataFrame(1.0, ["2024-01", "2026-10"], list(MAIN.values())), "chat"
    )
    parts = parts_of(found)
    text = next(part.text for part in parts if isinstance(part, Answer))
    assert told in text and of_new in text and len(text.split()) <= 30
    same = ranged(found.frame, "chained Jevons")
    new = Number("k", "l", rates[3], "%", ci=(rates[3] - rates[4], rates[3] + rates[4]))
    assert heading(same, new).startswith(title) or title in heading(same, new)


def test_only_the_same_product_in_the_next_month_can_change() -> None:
    frame = quotes({"a1": [1.0, 2.0, 2.0], "a2": [4.0, None, 1.0], "b1": [3.0, 3.01, 1.5]})
    found = own_price_changes(frame)
    # a2 pauses for a month and is no change; b1's first move is rounding.
    assert found[["period", "model_id", "before", "after"]].to_numpy().tolist() == [
        ["2026-02", "a1", 1.0, 2.0],
        ["2026-03", "b1", 3.01, 1.5],
    ]


def test_drift_is_the_mean_log_change_per_offer_and_year() -> None:
    frame = quotes({"a1": [1.0, 2.0, 2.0], "b1": [3.0, 3.0, 1.5]})
    row = changes_by_year(frame, draws=50).iloc[0]
    assert (row["offer_months"], row["rises"], row["cuts"]) == (4, 1, 1)
    assert row["drift"] == pytest.approx(0.0, abs=1e-12)
    one_sided = changes_by_year(quotes({"a1": [1.0, 2.0], "b1": [3.0, 3.0]}), draws=50).iloc[0]
    assert one_sided["drift"] == pytest.approx(12 * np.log(2) / 2)


def test_routers_and_resellers_do_not_count_as_own_prices() -> None:
    frame = quotes({"a1": [1.0, 2.0]}).assign(host_kind="host")
    assert own_price_changes(frame).empty
