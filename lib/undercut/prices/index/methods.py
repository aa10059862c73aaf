"""Which index methods exist? One table: name, a line of explanation, what each needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from undercut.prices.index import bilateral
from undercut.prices.index.bilateral import Formula
from undercut.prices.index.data import Quantities

Family = Literal["bilateral", "geks", "geary-khamis", "time-product-dummy"]


@dataclass(frozen=True, slots=True)
class Method:
    """An index method: its name, what it is in a line, and what it needs.

    Attributes
    ----------
    name, explanation : str
        Name as users type it, and the method in a line.
    family : str
        How it is computed.
    quantities : str
        Whether quantities are needed, used if given, or ignored.
    formula : callable or None
        The bilateral formula, for the families that have one.
    formula_name : str
        Its name.
    needs_basket, needs_elasticity : bool
        Whether ``weight_period`` and ``elasticity`` are needed.
    """

    name: str
    explanation: str
    family: Family
    quantities: Quantities
    formula: Formula | None = None
    formula_name: str = ""
    needs_basket: bool = False
    needs_elasticity: bool = False


def _bilateral(name: str, explanation: str, formula: Formula, **needs: Any) -> Method:
    return Method(name, explanation, "bilateral", needs.pop("quantities", "needed"), formula, name, **needs)


_BILATERAL = (
    _bilateral("jevons", "geometric mean of price relatives", bilateral.jevons, quantities="ignored"),
    _bilateral("dutot", "ratio of mean prices; depends on units", bilateral.dutot, quantities="ignored"),
    _bilateral(
        "carli", "arithmetic mean of price relatives; biased upward", bilateral.carli, quantities="ignored"
    ),
    _bilateral("harmonic", "harmonic mean of price relatives", bilateral.harmonic, quantities="ignored"),
    _bilateral(
        "cswd",
        "Carruthers-Sellwood-Ward-Dalén: geometric mean of Carli and harmonic",
        bilateral.cswd,
        quantities="ignored",
    ),
    _bilateral("laspeyres", "cost of the base period's basket", bilateral.laspeyres),
    _bilateral("paasche", "cost of the current period's basket", bilateral.paasche),
    _bilateral("fisher", "geometric mean of Laspeyres and Paasche; superlative", bilateral.fisher),
    _bilateral(
        "tornqvist", "relatives weighted by mean expenditure shares; superlative", bilateral.tornqvist
    ),
    _bilateral("walsh", "cost of a basket of root-mean quantities; superlative", bilateral.walsh),
    _bilateral(
        "geometric-walsh", "relatives weighted by root-mean expenditure shares", bilateral.geometric_walsh
    ),
    _bilateral("sato-vartia", "relatives weighted by log-mean shares; exact for CES", bilateral.sato_vartia),
    _bilateral(
        "montgomery-vartia", "relatives weighted by log-mean values (Vartia I)", bilateral.montgomery_vartia
    ),
    _bilateral("marshall-edgeworth", "cost of the mean basket of both periods", bilateral.marshall_edgeworth),
    _bilateral("stuvel", "from Laspeyres price and quantity indices and the value ratio", bilateral.stuvel),
    _bilateral("palgrave", "arithmetic mean of relatives, current shares", bilateral.palgrave),
    _bilateral(
        "geometric-laspeyres", "geometric mean of relatives, base shares", bilateral.geometric_laspeyres
    ),
    _bilateral(
        "geometric-paasche", "geometric mean of relatives, current shares", bilateral.geometric_paasche
    ),
    _bilateral("harmonic-laspeyres", "harmonic mean of relatives, base shares", bilateral.harmonic_laspeyres),
    _bilateral("unit-value", "value per unit; only for homogeneous products", bilateral.unit_value),
    _bilateral(
        "lloyd-moulton",
        "CES index from base shares; needs the elasticity of substitution",
        bilateral.lloyd_moulton,
        needs_elasticity=True,
    ),
    _bilateral("lowe", "cost of the basket of a weight period", bilateral.lowe, needs_basket=True),
    _bilateral(
        "young", "arithmetic mean of relatives, shares of a weight period", bilateral.young, needs_basket=True
    ),
    _bilateral(
        "geometric-young",
        "geometric mean of relatives, shares of a weight period",
        bilateral.geometric_young,
        needs_basket=True,
    ),
)


def _geks_on(base: Method, name: str, explanation: str) -> Method:
    return Method(
        name,
        explanation,
        "geks",
        base.quantities,
        base.formula,
        base.name,
        needs_elasticity=base.needs_elasticity,
    )


def _table() -> dict[str, Method]:
    methods = {method.name: method for method in _BILATERAL}
    for base in _BILATERAL:
        if not base.needs_basket:
            name = f"geks-{base.name}"
            methods[name] = _geks_on(base, name, f"GEKS: all bilateral {base.name} indices reconciled")
    methods["ccdi"] = _geks_on(
        methods["tornqvist"], "ccdi", "Caves-Christensen-Diewert-Inklaar: GEKS on Törnqvist"
    )
    for method in (
        Method("geary-khamis", "quantities at reference prices of the window", "geary-khamis", "needed"),
        Method(
            "time-product-dummy",
            "regression on time and product effects, weighted by expenditure share if quantities are given",
            "time-product-dummy",
            "if-given",
        ),
        Method(
            "time-product-dummy-unweighted",
            "regression on time and product effects, every quote with the same weight",
            "time-product-dummy",
            "ignored",
        ),
    ):
        methods[method.name] = method
    return methods


#: All methods by name.
METHODS: dict[str, Method] = _table()
