"""Which index methods exist? One table: name, a line of explanation, what each needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

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


#: Bilateral formulas, each a function of the same name in `bilateral`.
_BILATERAL: Final = {
    "jevons": "geometric mean of price relatives",
    "dutot": "ratio of mean prices; depends on units",
    "carli": "arithmetic mean of price relatives; biased upward",
    "harmonic": "harmonic mean of price relatives",
    "cswd": "Carruthers-Sellwood-Ward-Dalén: geometric mean of Carli and harmonic",
    "laspeyres": "cost of the base period's basket",
    "paasche": "cost of the current period's basket",
    "fisher": "geometric mean of Laspeyres and Paasche; superlative",
    "tornqvist": "relatives weighted by mean expenditure shares; superlative",
    "walsh": "cost of a basket of root-mean quantities; superlative",
    "geometric-walsh": "relatives weighted by root-mean expenditure shares",
    "sato-vartia": "relatives weighted by log-mean shares; exact for CES",
    "montgomery-vartia": "relatives weighted by log-mean values (Vartia I)",
    "marshall-edgeworth": "cost of the mean basket of both periods",
    "stuvel": "from Laspeyres price and quantity indices and the value ratio",
    "palgrave": "arithmetic mean of relatives, current shares",
    "geometric-laspeyres": "geometric mean of relatives, base shares",
    "geometric-paasche": "geometric mean of relatives, current shares",
    "harmonic-laspeyres": "harmonic mean of relatives, base shares",
    "unit-value": "value per unit; only for homogeneous products",
    "lloyd-moulton": "CES index from base shares; needs the elasticity of substitution",
    "lowe": "cost of the basket of a weight period",
    "young": "arithmetic mean of relatives, shares of a weight period",
    "geometric-young": "geometric mean of relatives, shares of a weight period",
}
_WITHOUT_QUANTITIES: Final = ("jevons", "dutot", "carli", "harmonic", "cswd")
_WITH_A_BASKET: Final = ("lowe", "young", "geometric-young")


def _bilateral(name: str) -> Method:
    return Method(
        name,
        _BILATERAL[name],
        "bilateral",
        "ignored" if name in _WITHOUT_QUANTITIES else "needed",
        getattr(bilateral, name.replace("-", "_")),
        name,
        needs_basket=name in _WITH_A_BASKET,
        needs_elasticity=name == "lloyd-moulton",
    )


def _table() -> dict[str, Method]:
    base = {name: _bilateral(name) for name in _BILATERAL}
    every = [*base.values()]
    for method in base.values():
        if not method.needs_basket:
            told = f"GEKS: all bilateral {method.name} indices reconciled"
            every.append(replace(method, name=f"geks-{method.name}", explanation=told, family="geks"))
    ccdi = "Caves-Christensen-Diewert-Inklaar: GEKS on Törnqvist"
    every.append(replace(base["tornqvist"], name="ccdi", explanation=ccdi, family="geks"))
    every += [
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
    ]
    return {method.name: method for method in every}


#: All methods by name.
METHODS: dict[str, Method] = _table()
