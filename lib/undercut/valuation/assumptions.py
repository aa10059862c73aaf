"""What is assumed? Each assumption is a named parameter with unit, default, range and source.

The values live in ``data/valuation/parameters.toml`` and, where they are measured from the panel, in
``measured.toml`` beside it; this module reads them, refuses what makes no economic sense and says why.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from undercut.errors import CellError, InputError, SourceError, check_known
from undercut.faults import reading
from undercut.inference.arrays import Floats
from undercut.paths import data_dir

ROLES: Final = ("seller", "application", "cloud", "chips", "power")
EVIDENCE: Final = ("measured", "published", "assumption")


Distribution = Literal["fixed", "uniform", "triangular", "normal", "lognormal"]
DISTRIBUTIONS: Final = ("fixed", "uniform", "triangular", "normal", "lognormal")
#: Standard normal quantile of the upper end of a range: low and high are 5% and 95%.
_REACH: Final = float(ndtri(0.95))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One assumption.

    Attributes
    ----------
    name, meaning, unit : str
        What it is called, says and is measured in.
    default, low, high : float
        Value used, and the range of Monte Carlo and tornado (see `undercut.valuation.assumptions`).
    distribution : str
        fixed, uniform, triangular, normal or lognormal.
    minimum, maximum : float
        Beyond them a value makes no economic sense, for the reason in ``nonsense``.
    roles : tuple of str
        Kinds of firm for which it matters.
    evidence : str
        measured, published or assumption.
    source : str
        Where default and range come from.
    """

    name: str
    meaning: str
    unit: str
    default: float
    low: float
    high: float
    distribution: Distribution
    minimum: float
    maximum: float
    nonsense: str
    evidence: str
    source: str
    roles: tuple[str, ...] = ROLES

    def quantile(self, probability: Floats) -> Floats:
        """Quantiles of the assumption's distribution."""
        return quantile(
            probability, distribution=self.distribution, default=self.default, low=self.low, high=self.high
        )

    def moved(self, value: float, *, source: str) -> Parameter:
        """The parameter with another default; its range moves along, cut where sense ends.

        Raises
        ------
        InputError
            Where the value makes no economic sense.
        """
        reason = self.fault(value)
        if reason:
            raise InputError(reason)
        step = value - self.default
        if self.distribution == "fixed" or not math.isfinite(value):
            return replace(self, default=value, low=value, high=value, distribution="fixed", source=source)
        ends = (max(self.low + step, self.minimum), min(self.high + step, self.maximum))
        if self.distribution == "lognormal":
            ratio = value / self.default
            ends = (self.low * ratio, self.high * ratio)
        return replace(self, default=value, low=ends[0], high=ends[1], source=source)

    def ranged(self, default: float, low: float, high: float, *, source: str, evidence: str) -> Parameter:
        """The parameter with another default and range.

        Raises
        ------
        InputError
            Where a value makes no economic sense or the default lies outside its range.
        """
        changed = replace(self, default=default, low=low, high=high, source=source, evidence=evidence)
        if low == high:
            changed = replace(changed, distribution="fixed")
        elif self.distribution == "fixed":
            changed = replace(changed, distribution="triangular")
        faults = _faults(changed)
        if faults:
            raise InputError(" ".join(faults))
        return changed

    def fault(self, value: float) -> str:
        """Why ``value`` makes no economic sense; empty where it does."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            return f"{self.name} must be a number ({self.unit}); got {value!r}."
        if self.minimum <= value <= self.maximum:
            return ""
        return (
            f"{self.name} = {value:g} makes no sense: {self.nonsense}. Choose between {self.minimum:g} and "
            f"{self.maximum:g} ({self.unit})."
        )


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlation of two assumptions in the Gaussian copula, and why."""

    pair: tuple[str, str]
    value: float
    why: str


@dataclass(frozen=True, slots=True)
class Assumptions:
    """A full set of parameters and how they move together."""

    parameters: Mapping[str, Parameter]
    correlations: tuple[Correlation, ...] = ()

    def values(self) -> dict[str, Floats]:
        """Defaults as arrays of one draw, shape (1,)."""
        return {name: np.array([p.default]) for name, p in self.parameters.items()}

    def __getitem__(self, name: str) -> Parameter:
        check_known("parameter", name, self.parameters)
        return self.parameters[name]

    def with_values(self, changes: Mapping[str, float], *, source: str) -> Assumptions:
        """Other defaults for some parameters, all mistakes told at once.

        Raises
        ------
        InputError
            A value makes no economic sense.
        UnknownNameError
            A parameter does not exist.
        """
        moved, faults = dict(self.parameters), []
        for name, value in changes.items():
            fault = self[name].fault(value)
            if fault:
                faults.append(fault)
            else:
                moved[name] = self[name].moved(float(value), source=source)
        if faults:
            raise InputError(" ".join(faults))
        return replace(self, parameters=moved)

    def with_parameters(self, *changed: Parameter) -> Assumptions:
        """The set with these parameters in place of those of the same name."""
        for parameter in changed:
            self[parameter.name]  # an unknown one is an error, not an addition
        return replace(self, parameters={**self.parameters, **{p.name: p for p in changed}})

    def uncertain(self, role: str) -> list[str]:
        """Names of parameters that matter for a role and have a range."""
        return [
            name
            for name, p in self.parameters.items()
            if role in p.roles and p.distribution != "fixed" and p.low < p.high
        ]

    def table(self, role: str | None = None) -> pd.DataFrame:
        """One row a parameter (that matters for a role), with meaning, unit, range, evidence and source."""
        shown = ("name", "meaning", "unit", "default", "low", "high", "distribution", "evidence", "source")
        chosen = [p for p in self.parameters.values() if role is None or role in p.roles]
        return pd.DataFrame([{column: getattr(p, column) for column in shown} for p in chosen])


def correlation_matrix(names: Sequence[str], correlations: Iterable[Correlation]) -> Floats:
    """Correlations of the named parameters, shape (n, n).

    Raises
    ------
    InputError
        Where no random variables can be correlated like that.
    """
    order = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(order))
    stated = []
    for entry in correlations:
        first, second = entry.pair
        if first in order and second in order:
            matrix[order[first], order[second]] = matrix[order[second], order[first]] = entry.value
            stated.append(f"{first} and {second}: {entry.value:g}")
    if len(order) and float(np.linalg.eigvalsh(matrix)[0]) < 1e-10:
        raise InputError(
            "The stated correlations contradict each other (no variables can have them all): "
            + "; ".join(stated)
            + ". Bring some nearer to zero."
        )
    return matrix


def load_assumptions(path: Path | None = None) -> Assumptions:
    """The project's assumptions, or those of another file of the same form.

    Raises
    ------
    SourceError
        The file cannot be read or is not TOML.
    CellError
        It breaks its contract: all mistakes are named with their parameter.

    Examples
    --------
    >>> load_assumptions()["elasticity"].default
    -0.8
    """
    return _load(path or data_dir() / "valuation" / "parameters.toml")


@cache
def _load(path: Path) -> Assumptions:
    content, beside = read_toml(path), path.with_name("measured.toml")
    measured = read_toml(beside) if beside.is_file() else {}
    correlations = content.pop("correlation", [])
    names = {field.name for field in fields(Parameter)}
    parameters, faults = {}, []
    for name, said in content.items():
        entry = {**(measured.get(name, {}) if said.get("evidence") == "measured" else {}), **said}
        missing = names - {"name", "roles"} - set(entry)
        strange = set(entry) - names
        if missing or strange:
            faults.append(f"[{name}]: missing {sorted(missing)}, not known {sorted(strange)}.")
            continue
        parameter = Parameter(name=name, **{**entry, "roles": tuple(entry.get("roles", ROLES))})
        parameters[name] = parameter
        faults += _faults(parameter)
    known = tuple(Correlation((c["pair"][0], c["pair"][1]), c["value"], c["why"]) for c in correlations)
    for tie in known:
        faults += [f"[[correlation]]: no parameter {name!r}." for name in tie.pair if name not in content]
        if not -1 < tie.value < 1:
            faults.append(f"[[correlation]] of {tie.pair}: {tie.value:g} is not between -1 and 1.")
    if faults:
        raise CellError(f"The assumptions in {path} break their contract: " + " ".join(faults))
    return Assumptions(parameters, known)


def _faults(parameter: Parameter) -> list[str]:
    """What is wrong with a parameter, in words."""
    values = (parameter.default, parameter.low, parameter.high)
    faults = list(dict.fromkeys(filter(None, map(parameter.fault, values))))
    if faults:
        return faults
    default, low, high = values
    shape, evidence = parameter.distribution, parameter.evidence
    checks = [
        (low <= default <= high, f"the default {default:g} lies outside its range."),
        (shape in DISTRIBUTIONS, f"distribution must be one of {', '.join(DISTRIBUTIONS)}."),
        (shape != "lognormal" or low > 0, "a lognormal assumption needs a low end above zero."),
        (evidence in EVIDENCE, f"evidence must be one of {', '.join(EVIDENCE)}."),
        *((role in ROLES, f"unknown role {role!r}.") for role in parameter.roles),
    ]
    return [f"{parameter.name}: {said}" for holds, said in checks if not holds]


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file.

    Raises
    ------
    SourceError
        Where it cannot be read or is not TOML; the message names file and line.
    """
    with reading(path):
        text = path.read_text(encoding="utf-8")
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SourceError(f"{path} is not TOML: {error}.") from error


def quantile(
    probability: Floats, *, distribution: Distribution, default: float, low: float, high: float
) -> Floats:
    """Quantiles of an assumption.

    Parameters
    ----------
    probability : ndarray
        In (0, 1).
    distribution : str
        ``fixed`` (always ``default``), ``uniform`` (between low and high), ``triangular`` (mode ``default``),
        ``normal`` (mean ``default``) or ``lognormal`` (both with low and high as 5th and 95th percentile; the
        lognormal has its median at their geometric mean).
    default, low, high : float
        In the unit of the assumption.

    Returns
    -------
    ndarray
        Of the shape of ``probability``.

    Examples
    --------
    >>> shape = {"default": 0.2, "low": 0.0, "high": 1.0}
    >>> quantile(np.array([0.2]), distribution="triangular", **shape).round(6).tolist()
    [0.2]
    """
    if distribution == "fixed" or low == high:
        return np.full_like(probability, default)
    if distribution == "uniform":
        return low + (high - low) * probability
    if distribution == "triangular":
        turn = (default - low) / (high - low)
        rising = low + np.sqrt(probability * (high - low) * (default - low))
        falling = high - np.sqrt((1 - probability) * (high - low) * (high - default))
        return np.where(probability < turn, rising, falling)
    score = ndtri(probability)
    if distribution == "normal":
        return default + score * (high - low) / (2 * _REACH)
    middle, spread = np.log(low * high) / 2, np.log(high / low) / (2 * _REACH)
    return np.exp(middle + spread * score)
