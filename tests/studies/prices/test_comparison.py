"""Methods side by side on a market whose truth is known, and changes of own prices counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.prices.changes import changes_by_year, own_price_changes
from undercut.studies.prices.comparison import MATCHED, matched_model_index


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


@pytest.mark.parametrize("label", MATCHED)
def test_every_matched_index_finds_a_common_rate_exactly(label: str) -> None:
    months = np.arange(14)
    market = {f"{maker}{n}": list(np.exp(-0.05 * months) * (1 + n)) for maker in "abcd" for n in range(3)}
    frame = quotes(market)
    frame["period"] = [str(pd.Period("2025-01", "M") + int(p[-2:]) - 1) for p in frame["period"]]
    path, row = matched_model_index(frame, label, draws=10)
    assert row["annual"] == pytest.approx(np.exp(-0.6), rel=1e-9)
    assert row["low"] == pytest.approx(row["annual"]) and row["high"] == pytest.approx(row["annual"])
    assert path.iloc[-1] == pytest.approx(np.exp(-0.65), rel=1e-9)


def test_sticky_prices_with_cheaper_successors_show_nothing_in_a_matched_index() -> None:
    market = {f"a{n}": [None] * n + [1.0 * 0.5**n] * (14 - n) for n in range(12)}
    market |= {f"b{n}": [None] * n + [2.0 * 0.5**n] * (14 - n) for n in range(12)}
    frame = quotes(market)
    frame["period"] = [str(pd.Period("2025-01", "M") + int(p[-2:]) - 1) for p in frame["period"]]
    _, row = matched_model_index(frame, "chained Jevons", draws=5)
    assert row["annual"] == pytest.approx(1.0, abs=1e-12)


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
