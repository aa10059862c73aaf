"""Published worked examples come out to the last digits that were published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from undercut.prices.index import price_index

TOLERANCE = 1e-12  # the files carry 15 digits; rounding of a few sums of six numbers stays below this

# Names in the R packages gpindex and IndexNumR, where they differ from ours.
OUR_NAMES = {
    "vartia1": "montgomery-vartia",
    "vartia2": "sato-vartia",
    "walsh1": "walsh",
    "satovartia": "sato-vartia",
    "ces": "lloyd-moulton",
    "gk": "geary-khamis",
    "wtpd": "time-product-dummy",
    # IndexNumR's bilateral time-product dummy weights by mean shares, which makes it the Törnqvist index.
    "geks_tpd": "geks-tornqvist",
}


def our_name(name: str) -> str:
    return OUR_NAMES.get(name, name.replace("_", "-"))


def assert_series(found: pd.Series, expected: pd.Series) -> None:
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=TOLERANCE)


def balk_quotes(cases: Path) -> pd.DataFrame:
    price = pd.read_csv(cases / "05_ppi_manual_balk/price6.csv")
    quantity = pd.read_csv(cases / "05_ppi_manual_balk/quantity6.csv")
    quotes = price.rename_axis("product").reset_index().melt("product", var_name="period", value_name="price")
    return quotes.assign(quantity=quantity.melt()["value"])


@pytest.mark.parametrize(
    ("file", "chained"), [("expected_fixed_base.csv", False), ("expected_chained.csv", True)]
)
def test_eighteen_formulas_of_the_ppi_manual(cases: Path, file: str, chained: bool) -> None:
    quotes = balk_quotes(cases)
    expected = pd.read_csv(cases / "05_ppi_manual_balk" / file, index_col="period")
    assert len(expected.columns) == 18
    for name in expected:
        assert_series(price_index(quotes, method=our_name(name), chained=chained).index, expected[name])


@pytest.mark.parametrize("formula", ["fisher", "tornqvist"])
def test_geks_links_on_the_ppi_manual_panel(cases: Path, formula: str) -> None:
    expected = pd.read_csv(cases / "05_ppi_manual_balk/expected_geks_links.csv")[f"{formula}_geks"]
    level = price_index(balk_quotes(cases), method=f"geks-{formula}").index
    assert_series((level / level.shift()).iloc[1:], expected)


def ces_quotes(cases: Path) -> pd.DataFrame:
    quotes = pd.read_csv(cases / "06_ces_multilateral/CES_sigma_2.csv")
    return quotes.set_axis(["period", "price", "quantity", "product"], axis=1)


def options_of(column: str) -> tuple[str, dict[str, object]]:
    """Our method name and options for a column of the IndexNumR results."""
    if "_w11_" in column:
        name, splice = column.split("_w11_")
        return our_name(name), {"window": 11, "splice": splice.replace("mean_pub", "mean-published")}
    name, _, kind = column.rpartition("_")
    if kind not in ("fixed", "chained"):
        return our_name(column), {}
    options: dict[str, object] = {"chained": kind == "chained"}
    return our_name(name), options | ({"elasticity": 2} if name == "ces" else {})


def test_multilateral_indices_and_every_splice_agree_with_indexnumr(cases: Path) -> None:
    quotes = ces_quotes(cases)
    expected = pd.read_csv(cases / "06_ces_multilateral/expected_IndexNumR.csv", index_col="time")
    for column in expected:
        method, options = options_of(column)
        assert_series(price_index(quotes, method=method, **options).index, expected[column])


def test_sato_vartia_and_lloyd_moulton_equal_the_true_cost_of_living(cases: Path) -> None:
    true = pd.read_csv(cases / "06_ces_multilateral/expected_true_CES.csv")["true_ces"]
    for chained in (False, True):
        quotes = ces_quotes(cases)
        assert_series(price_index(quotes, method="sato-vartia", chained=chained).index, true)
        assert_series(price_index(quotes, method="lloyd-moulton", chained=chained, elasticity=2).index, true)


# The next figures: test suite of the R package gpindex 0.6 (MIT), which computed them with IndexNumR.
# The panel has prices 1 to 65 and quantities 65 to 1, five products over thirteen periods.
GPINDEX = pd.DataFrame(
    {
        "period": np.tile(np.arange(1, 14), 5),
        "product": np.repeat(np.arange(1, 6), 13),
        "price": np.arange(1.0, 66.0),
        "quantity": np.arange(65.0, 0.0, -1.0),
    }
)
WITH_HOLES = GPINDEX.drop(index=[0, 2, 10, 62, 63])


@pytest.mark.parametrize(
    ("quotes", "method", "options", "expected"),
    [
        (GPINDEX, "geks-tornqvist", {}, [1.07334245809641, 1.32242752173496, 1.78741712742392]),
        (GPINDEX, "geks-jevons", {}, [1.18338442313092, 1.64048980305452, 2.23364458259815]),
        (GPINDEX, "geks-walsh", {}, [1.0566699129383, 1.28838882562161, 1.7335492978583]),
        (
            GPINDEX,
            "geks-fisher",
            {"window": 11, "splice": "movement"},
            [1.05584109330239, 1.28475480484066, 1.721202953357],
        ),
        (
            GPINDEX,
            "geks-fisher",
            {"window": 2, "splice": "movement"},
            [1.05488895039924, 1.28141852837846, 1.70930040456311],
        ),
        (WITH_HOLES, "ccdi", {}, [0.97012367078552, 1.17801945580172, 1.55767693905705]),
        (WITH_HOLES, "geks-jevons", {}, [0.881430091367338, 1.1762944906968, 1.56825957051767]),
        (
            WITH_HOLES,
            "geks-walsh",
            {"window": 2, "splice": "movement"},
            [1.03718005998263, 1.22177863428673, 1.60081842092565],
        ),
    ],
)
def test_geks_agrees_with_gpindex_also_where_products_are_missing(
    quotes: pd.DataFrame, method: str, options: dict[str, object], expected: list[float]
) -> None:
    index = price_index(quotes, method=method, **options).index
    np.testing.assert_allclose(index.loc[[2, 6, 13]], expected, rtol=TOLERANCE)
