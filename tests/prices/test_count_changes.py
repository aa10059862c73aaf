"""Do indices move on changes of price alone? Counted again by loops over the table of changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import undercut
from undercut.errors import InputError
from undercut.prices.changes import count_changes
from undercut.prices.index import prepare, price_index, resampled_index


def index_by_hand(quotes: pd.DataFrame, changes: pd.DataFrame, verdicts: Sequence[str]) -> float:
    """Chained Jevons of chat prices, in percent a year, from the changes alone, no price read."""
    seen = {product: sorted(days) for product, days in quotes.groupby("product")["observed_on"]}
    steps: dict[tuple[str, pd.Timestamp], float] = {}
    counted = set()
    for row in changes.itertuples():
        days = seen.get(f"{row.host}/{row.model_id}")
        if row.verdict not in verdicts or row.variant or not days:
            continue
        day = row.shown_on if pd.isna(row.changed_on) or row.changed_on <= days[0] else row.changed_on
        key = (row.host, row.model_id, day, row.input_after, row.output_after)
        later = [observed for observed in days if observed >= day]
        if not later or day <= days[0] or key in counted:
            continue
        counted.add(key)
        before, after = (0.75 * row[0] + 0.25 * row[1] for row in (
            (row.input_before, row.output_before), (row.input_after, row.output_after)))  # fmt: skip
        at = (f"{row.host}/{row.model_id}", later[0])
        steps[at] = steps.get(at, 0.0) + np.log(after / before)
    months = sorted(quotes["observed_on"].unique())
    level, path = 0.0, [0.0]
    for before_month, month in pairwise(months):
        on_sale = [product for product, days in seen.items() if before_month in days and month in days]
        level += sum(steps.get((product, month), 0.0) for product in on_sale) / len(on_sale)
        path.append(level)
    return float(100 * np.expm1(np.polyfit(np.arange(len(path)) / 12, path, 1)[0]))


def market(*prices: float, product: str = "a/m") -> pd.DataFrame:
    days = pd.date_range("2026-01-01", periods=len(prices), freq="MS") + pd.Timedelta(days=14)
    host, model = product.split("/")
    frame = pd.DataFrame({"period": days.strftime("%Y-%m"), "observed_on": days, "price": prices})
    frame = frame.assign(product=product, host=host, model_id=model, developer=host, cache_read=np.nan)
    return frame.assign(input=frame["price"], output=frame["price"])


def change(day: str, before: float, after: float, verdict: str, happened: str | None = None) -> dict:
    sides = {f"{part}_{side}": price for part in ("input", "output")
             for side, price in (("before", before), ("after", after))}  # fmt: skip
    about = {"host": "a", "model_id": "m", "variant": "", "verdict": verdict}
    return about | sides | {"shown_on": pd.Timestamp(day), "changed_on": pd.Timestamp(happened)}


@pytest.fixture(scope="module")
def quotes() -> pd.DataFrame:
    return undercut.monthly_quotes(undercut.load_prices())


@pytest.mark.parametrize(
    ("counted", "verdicts"), [("real", ["real"]), ("real_and_unknown", ["real", "unknown"])]
)
def test_the_index_is_what_a_loop_over_the_changes_gives(
    quotes: pd.DataFrame, counted: str, verdicts
) -> None:
    found = resampled_index(quotes, method="jevons", chained=True, draws=2, changes=counted)
    expected = index_by_hand(quotes, undercut.load_changes(), verdicts)
    assert 100 * (found.annual[0] - 1) == pytest.approx(expected, abs=1e-9)
    level = price_index(quotes, method="jevons", chained=True, changes=counted).index
    assert level.iloc[-1] == pytest.approx(found.index["index"].iloc[-1], rel=1e-12)


def test_corrections_and_switches_of_source_move_nothing() -> None:
    table = market(200.0, 200.0, 0.2, 0.1, 0.4)  # a slip mended, a switch without a row, a real rise
    changes = [change("2026-03-02", 200.0, 0.2, "correction"), change("2026-05-02", 0.1, 0.4, "real")]
    seen = count_changes(table, table=pd.DataFrame(changes))
    assert seen["price"].tolist() == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.4])
    worse = pd.DataFrame([*changes, change("2026-02-02", 9.0, 0.001, "correction")])
    assert count_changes(table, table=worse)["price"].tolist() == pytest.approx(seen["price"].tolist())


def test_unknown_changes_count_only_where_they_are_asked_for() -> None:
    table = market(4.0, 2.0, 1.0)
    changes = pd.DataFrame(
        [change("2026-02-10", 4.0, 2.0, "unknown"), change("2026-03-10", 2.0, 1.0, "real")]
    )
    real, both = (
        count_changes(table, way, table=changes)["price"].tolist() for way in ("real", "real_and_unknown")
    )
    assert real == pytest.approx([2.0, 2.0, 1.0]) and both == pytest.approx([4.0, 2.0, 1.0])


def test_a_change_counts_when_it_happened_or_was_shown_and_once() -> None:
    table = market(4.0, 4.0, 2.0, 2.0)
    late = change("2026-03-10", 4.0, 2.0, "real", happened="2026-01-20")
    assert count_changes(table, table=pd.DataFrame([late, late]))["price"].tolist() == pytest.approx(
        [4, 2, 2, 2]
    )
    early = change("2026-03-10", 4.0, 2.0, "real", happened="2025-12-01")
    assert count_changes(table, table=pd.DataFrame([early]))["price"].tolist() == pytest.approx([4, 4, 2, 2])


def test_a_change_on_the_day_of_a_quote_is_in_it() -> None:
    found = count_changes(market(4.0, 2.0), table=pd.DataFrame([change("2026-02-15", 4.0, 2.0, "real")]))
    assert found["price"].tolist() == pytest.approx([4.0, 2.0])


def test_quotes_of_an_earlier_day_see_the_changes_of_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def changes_of(day: object) -> pd.DataFrame:
        asked.append(day)
        return pd.DataFrame([change("2026-02-15", 1, 2, "real")])

    monkeypatch.setattr("undercut.prices.changes.load_changes", changes_of)
    early = undercut.monthly_quotes(undercut.load_prices("2025-06-30"), start="2025-05")
    count_changes(early)
    assert asked == ["2025-06-30"]


def test_what_cannot_be_counted_is_refused(quotes: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="changes must be one of real, real_and_unknown; got"):
        count_changes(quotes, "all")
    with pytest.raises(InputError, match=r"undercut\.monthly_quotes; these lack host"):
        price_index(quotes.drop(columns="host"), method="jevons", changes="real")
    with pytest.raises(InputError, match="already prepared"):
        price_index(prepare(quotes[["period", "product", "price"]]), method="jevons", changes="real")
