"""Published worked examples come out to the last digits that were published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.prices.index import price_index

TOLERANCE = 1e-12  # the figures carry 15 digits; rounding of a few sums of six numbers stays below this


def long_table(price: list[list[float]], quantity: list[list[float]]) -> pd.DataFrame:
    """Quotes from tables with a row a product and a column a period."""
    cells = [
        (f"t{t + 1:02d}", f"item {i + 1}", p, q)
        for i, (prices, quantities) in enumerate(zip(price, quantity, strict=True))
        for t, (p, q) in enumerate(zip(prices, quantities, strict=True))
    ]
    return pd.DataFrame(cells, columns=["period", "product", "price", "quantity"])


# Prices and quantities: Producer Price Index Manual (ILO, IMF and others, 2004), tables 19.1 and 19.2, which
# also stand in Balk (2008). The figures of the last period: R package gpindex 0.6 (MIT), which prints more
# digits than the manual and agrees with those that the manual has.
PPI_MANUAL = long_table(
    [
        [1, 1.2, 1, 0.8, 1], [1, 3, 1, 0.5, 1], [1, 1.3, 1.5, 1.6, 1.6], [1, 0.7, 0.5, 0.3, 0.1],
        [1, 1.4, 1.7, 1.9, 2], [1, 0.8, 0.6, 0.4, 0.2],
    ],
    [
        [1, 0.8, 1, 1.2, 0.9], [1, 0.9, 1.1, 1.2, 1.2], [2, 1.9, 1.8, 1.9, 2], [1, 1.3, 3, 6, 12],
        [4.5, 4.7, 5, 5.6, 6.5], [0.5, 0.6, 0.8, 1.3, 2.5],
    ],
)  # fmt: skip
#: Fixed base, chained.
IN_THE_LAST_PERIOD = {
    "harmonic-laspeyres": (0.555555555555556, 0.72994304049776),
    "geometric-laspeyres": (1.09986401801899, 1.02659388791085),
    "laspeyres": (1.44, 1.33057666420826),
    "paasche": (0.796812749003984, 1.12340491019638),
    "geometric-paasche": (1.41531934996545, 1.45556511909436),
    "palgrave": (1.672, 1.78934006053934),
    "fisher": (1.07117242242588, 1.22261046861389),
    "tornqvist": (1.24766134308675, 1.22240511072169),
    "marshall-edgeworth": (0.98005698005698, 1.21554779917222),
    "walsh": (1.18498638695594, 1.23043174178438),
    "sato-vartia": (1.25402258014635, 1.23496510676085),
    "montgomery-vartia": (1.26778645739974, 1.23912625256273),
    "stuvel": (0.97702678547703, 1.21627572549084),
    "carli": (0.983333333333333, 0.944562818199496),
    "jevons": (0.632455532033676, 0.632455532033676),
    "dutot": (0.983333333333333, 0.983333333333334),
    "harmonic": (0.331034482758621, 0.414423201814984),
    "cswd": (0.570541182895074, 0.6256586508901),
}


@pytest.mark.parametrize("method", IN_THE_LAST_PERIOD)
def test_eighteen_formulas_of_the_ppi_manual(method: str) -> None:
    found = [price_index(PPI_MANUAL, method=method, chained=c).index.iloc[-1] for c in (False, True)]
    np.testing.assert_allclose(found, IN_THE_LAST_PERIOD[method], rtol=TOLERANCE)


@pytest.mark.parametrize(
    ("formula", "links"),
    [
        ("fisher", [1.33294981864488, 0.935910895054908, 0.955013500081287, 0.951314101290894]),
        ("tornqvist", [1.38420648529827, 0.935388755581572, 0.962108404708415, 0.996854624533296]),
    ],
)
def test_geks_links_on_the_ppi_manual_panel(formula: str, links: list[float]) -> None:
    level = price_index(PPI_MANUAL, method=f"geks-{formula}").index
    np.testing.assert_allclose((level / level.shift()).iloc[1:], links, rtol=TOLERANCE)


# Prices and expenditure: the artificial data of Diewert and Fox (2022, Substitution bias in multilateral
# methods, appendix). Quantities are those of a buyer with CES preferences, weights 0.2, 0.2, 0.2, 0.4 and
# elasticity 2, so that the true cost of living is known in closed form.
WEIGHT, SIGMA = np.array([0.2, 0.2, 0.2, 0.4])[:, None], 2
CES_PRICE = np.array(
    [
        [2, 1.75, 1.6, 1.5, 1.45, 1.4, 1.35, 1.3, 1.25, 1.2, 1.15, 1.1],
        [1, 0.5, 1.05, 1.1, 1.12, 1.15, 1.18, 0.6, 1.2, 1.25, 1.28, 1.3],
        [1, 0.95, 0.9, 0.85, 0.4, 0.8, 0.75, 0.72, 0.7, 0.4, 0.7, 0.65],
        [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.7, 0.65, 0.7, 0.75, 0.75, 0.8],
    ]
)
CES_EXPENDITURE = np.array([10, 13, 11, 12, 15, 13, 14, 17, 15, 18, 16, 17])
_DEMAND = WEIGHT * CES_PRICE ** (1 - SIGMA)
CES = long_table(CES_PRICE.tolist(), (CES_EXPENDITURE * _DEMAND / _DEMAND.sum(axis=0) / CES_PRICE).tolist())


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("options", [{"method": "sato-vartia"}, {"method": "lloyd-moulton", "elasticity": 2}])
def test_sato_vartia_and_lloyd_moulton_equal_the_true_cost_of_living(
    options: dict[str, object], chained: bool
) -> None:
    cost = _DEMAND.sum(axis=0) ** (1 / (1 - SIGMA))
    found = price_index(CES, chained=chained, **options).index  # type: ignore[arg-type]
    np.testing.assert_allclose(found, cost / cost[0], rtol=TOLERANCE)


# The last period of the CES data by the R package IndexNumR 0.6.
INDEXNUMR = [
    ("geks-fisher", {}, 1.11527313603526),
    ("geks-tornqvist", {}, 1.13282045266686),
    ("geks-walsh", {}, 1.13700305810398),
    ("geks-jevons", {}, 0.928613183996654),
    ("geary-khamis", {}, 1.23245314523846),
    ("time-product-dummy", {}, 1.17377193225844),
    ("geks-tornqvist", {"window": 11, "splice": "window"}, 1.13300330871781),
    ("time-product-dummy", {"window": 11, "splice": "window"}, 1.18221020311053),
    ("geary-khamis", {"window": 11, "splice": "window"}, 1.24310097571958),
    ("geks-tornqvist", {"window": 11, "splice": "movement"}, 1.13305947823018),
    ("time-product-dummy", {"window": 11, "splice": "movement"}, 1.169222231299),
    ("geary-khamis", {"window": 11, "splice": "movement"}, 1.2235428617186),
    ("geks-tornqvist", {"window": 11, "splice": "mean"}, 1.13307476025934),
    ("time-product-dummy", {"window": 11, "splice": "mean"}, 1.17283932343105),
    ("geary-khamis", {"window": 11, "splice": "mean"}, 1.23044626729226),
    ("geks-tornqvist", {"window": 11, "splice": "half"}, 1.13324678909415),
    ("time-product-dummy", {"window": 11, "splice": "half"}, 1.17307644429241),
    ("geary-khamis", {"window": 11, "splice": "half"}, 1.23085666351138),
    ("geks-tornqvist", {"window": 11, "splice": "wisp"}, 1.13300330871781),
    ("geks-tornqvist", {"window": 11, "splice": "hasp"}, 1.13324678909415),
    ("geks-tornqvist", {"window": 11, "splice": "mean-published"}, 1.13307476025934),
    ("laspeyres", {"chained": False}, 1.32692307692308),
    ("laspeyres", {"chained": True}, 2.20004735872165),
    ("paasche", {"chained": False}, 0.925948936275541),
    ("paasche", {"chained": True}, 0.574540804912653),
    ("fisher", {"chained": False}, 1.10845072583151),
    ("fisher", {"chained": True}, 1.1242850974401),
    ("tornqvist", {"chained": False}, 1.13154977060121),
    ("tornqvist", {"chained": True}, 1.13461656623718),
    ("sato-vartia", {"chained": False}, 1.13700305810398),
    ("sato-vartia", {"chained": True}, 1.13700305810398),
    ("walsh", {"chained": False}, 1.13700305810398),
    ("walsh", {"chained": True}, 1.13700305810398),
    ("lloyd-moulton", {"chained": False, "elasticity": 2}, 1.13700305810398),
    ("lloyd-moulton", {"chained": True, "elasticity": 2}, 1.13700305810398),
    ("dutot", {"chained": False}, 0.855555555555556),
    ("dutot", {"chained": True}, 0.855555555555556),
    ("carli", {"chained": False}, 1.025),
    ("carli", {"chained": True}, 1.31730663311163),
    ("jevons", {"chained": False}, 0.928613183996654),
    ("jevons", {"chained": True}, 0.928613183996654),
    ("cswd", {"chained": False}, 0.928977437851318),
    ("cswd", {"chained": True}, 0.929609988880886),
    ("harmonic", {"chained": False}, 0.84195032198712),
    ("harmonic", {"chained": True}, 0.656016381991369),
]


@pytest.mark.parametrize(("method", "options", "expected"), INDEXNUMR)
def test_indices_and_every_splice_agree_with_indexnumr(
    method: str, options: dict[str, object], expected: float
) -> None:
    found = price_index(CES, method=method, **options).index.iloc[-1]  # type: ignore[arg-type]
    assert found == pytest.approx(expected, rel=TOLERANCE)


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
