"""Methods side by side on a market whose truth is known, and changes of own prices counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from undercut.inference.resampling import multiplicities
from undercut.prices.changes import changes_by_year, own_price_changes
from undercut.prices.index import price_index, resampled_index
from undercut.studies.presentation import Number
from undercut.studies.prices.comparison import MAIN, SAME_PRODUCT, compare
from undercut.studies.prices.index_pages import heading, three_answers


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
    found = compare([resampled_index(from_2025(quotes(market)), draws=10, **options)])
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


def told(same: float, average: float, new: float, half_width: float) -> dict[str, Number]:
    rates = zip(MAIN.values(), (same, average, new), strict=True)
    return {
        method: Number("k", "l", rate, "%", ci=(rate - half_width, rate + half_width))
        for method, rate in rates
    }


def test_the_answer_and_the_heading_turn_with_the_data() -> None:
    falls, rises = told(-5.0, -30.0, -60.0, 4.0), told(20.0, 10.0, -2.0, 40.0)
    answer = three_answers(falls, "2024-01", "2026-10")
    assert "newly released models of a given capability changed in price by −60%" in answer
    assert "same model at the same seller by −5%" in answer
    same, _, new = falls.values()
    assert heading(same, new) == "Prices fall between products, not within them"
    same, _, new = rises.values()
    assert heading(same, new) == "The indices cannot be told apart"
    assert "same model at the same seller by 20%" in three_answers(rises, "2024-01", "2026-10")


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
