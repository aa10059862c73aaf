"""Do buyers use more of a model whose price was cut, and less of its rivals? Weekly tokens, dated changes.

Two kinds of change are kept apart. Where the *developer* changes its own price, every buyer pays another
price: the response is demand for the model. Where the *router's* lowest price changes, a seller of the same
weights came, went or changed its price: the response is partly routing, since buyers who were served
elsewhere pay what they paid. Both count tokens of one model over all its sellers on one router, so that
moves between its sellers cancel, and moves between models do not: use in total answers less than either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from undercut.competition.demand.linear_iv import anderson_rubin, two_stage
from undercut.competition.demand.response_sample import response_sample
from undercut.days import Day
from undercut.errors import NotIdentifiedError, TooFewError
from undercut.inference.arrays import Booleans, Floats, Integers
from undercut.inference.detectable import detectable, placebo_p_value
from undercut.inference.levels import t_interval
from undercut.result import Axes, Result

#: Fewer models than this with a change of price carry no estimate.
MIN_MODELS: Final = 5
#: The usual least strength of instruments (Staiger and Stock 1997).
MIN_F: Final = 10.0
#: An interval wider than the range of elasticities that anybody defends (-1.6 to 0) says nothing.
WIDEST: Final = 1.6


class PriceResponse(Result):
    """How the tokens of models answered prices.

    Attributes
    ----------
    frame : DataFrame
        ``measure`` (``own``, ``rival``, ``before``: the own change against the weeks before it, which it
        cannot have caused; ``instrumented``), ``estimate, std_error, low, high, detectable, models,
        changes``.
    without : DataFrame
        ``unit`` (model or developer), ``name``, ``estimate``: the own response without each.
    first_stage_f : float
        Strength of the rivals' changes as an instrument of the own one.
    p_value : float
        Share of exchanges of the changes between models that are as far from zero.
    price_level : {"router", "developer"}
    level : float
    """

    frame: pd.DataFrame
    without: pd.DataFrame
    first_stage_f: float
    p_value: float
    price_level: str
    level: float

    def row(self, measure: str) -> pd.Series:
        """One measure."""
        return self.frame.set_index("measure").loc[measure]

    def why_not(self) -> str:
        """Why the own response is not identified; empty where it is."""
        own, before = self.row("own"), self.row("before")
        reasons = []
        if own["low"] <= 0 <= own["high"]:
            reasons.append("the interval holds no response at all")
        if own["high"] - own["low"] > WIDEST:
            reasons.append("the interval is wider than every range that is defended")
        if before["low"] * before["high"] > 0:
            reasons.append("tokens had moved with the change before it came")
        if not self.first_stage_f >= MIN_F:
            reasons.append(
                f"rivals' changes hardly move the own price (first-stage F {self.first_stage_f:.1f}; "
                f"{MIN_F:.0f} is the least)"
            )
        return "; ".join(reasons)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Each measure with its interval."""
        from undercut import plots

        shown = self.frame.dropna(subset=["low", "high"]).set_index("measure")[["estimate", "low", "high"]]
        return plots.interval_rows({str(name): tuple(row) for name, row in shown.iterrows()}, ax=ax)


@dataclass(frozen=True, slots=True)
class MeasuredElasticity:
    """The response of a model's weekly tokens to its own price, percent per percent.

    Attributes
    ----------
    estimate, low, high : float
    level : float
    identified : bool
        Whether the estimate may be read as an effect of price.
    reason : str
        Why it is not identified, or what makes it so.
    """

    estimate: float
    low: float
    high: float
    level: float
    identified: bool
    reason: str

    @property
    def interval(self) -> tuple[float, float]:
        """The two ends."""
        return self.low, self.high


def price_response(
    sample: pd.DataFrame, *, price_level: str = "router", level: float = 0.95, draws: int = 499, seed: int = 0
) -> PriceResponse:
    """Responses of tokens to own and rivals' prices, by event study and by instrument.

    Parameters
    ----------
    sample : DataFrame
        From :func:`undercut.competition.demand.response_sample`.
    price_level : str
        As the sample was made with.
    level : float
    draws : int
        Exchanges of the changes between models of a week.
    seed : int

    Raises
    ------
    TooFewError
        Fewer than five models changed a price.

    Notes
    -----
    Log tokens after less before on the own log change and the rivals' mean log change, with effects of the
    week and the logarithm of the model's age. Errors by leaving out one model at a time (jackknife, CR3),
    judged by t with the number of models that changed a price less one. The instrument of the own change is
    the mean change of rivals: it may move a model's tokens by itself, so the instrumented estimate is an
    upper bound of what can be said, and stands with the interval of Anderson and Rubin.
    """
    models = _movers(sample)
    if len(models) < MIN_MODELS:
        raise TooFewError(
            f"{len(models)} models changed a price with weeks around it; {MIN_MODELS} are needed."
        )
    rows = []
    for measure, outcome, place in (("own", "after", 0), ("rival", "after", 1), ("before", "before", 0)):
        used = sample.dropna(subset=[outcome])
        fit = _Design.of(used, outcome)
        drawn = np.array([fit.without("model_id", name)[place] for name in _movers(used)])
        count = len(drawn)
        error = float(np.sqrt((count - 1) / count * ((drawn - drawn.mean()) ** 2).sum()))
        ends = t_interval(float(fit.coefficients()[place]), error, freedom=count - 1, level=level)
        rows.append(
            {"measure": measure, "estimate": ends["estimate"], "std_error": error, "low": ends["ci_low"],
             "high": ends["ci_high"], "detectable": float(detectable(error, freedom=count - 1, level=level)),
             "models": count, "changes": int(used["own"].ne(0).sum())}
        )  # fmt: skip
    instrumented, strength = _instrumented(sample, level)
    counted = {"models": len(models), "changes": int(sample["own"].ne(0).sum())}
    frame = pd.DataFrame([*rows, instrumented | counted])
    design = _Design.of(sample, "after")
    exchanged = design.exchanged(draws, np.random.default_rng(seed))
    p_value = placebo_p_value(float(frame["estimate"].iloc[0]), exchanged)
    return PriceResponse(frame, design.left_out(), strength, p_value, price_level, level)


def measured_elasticity(
    *, as_of: Day = None, price_level: str = "router", level: float = 0.95
) -> MeasuredElasticity:
    """What weekly tokens say of the elasticity: estimate, interval, and whether it is identified.

    Parameters
    ----------
    as_of : str or date, optional
        What could be known at the end of this day; default: all.
    price_level : {"router", "developer"}
        Which changes of price: the router's lowest price of a model, or its developer's own.
    level : float

    Raises
    ------
    TooFewError
        Too few models changed a price with weeks of tokens around it.

    Notes
    -----
    It is the elasticity of one model's tokens. Part of what a cheaper model gains, others lose: the
    elasticity of use in total lies between zero and it.

    Examples
    --------
    >>> found = measured_elasticity()
    >>> found.low < found.estimate < found.high, bool(found.reason)
    (True, True)
    """
    sample = response_sample(as_of=as_of, price_level=price_level)
    response = price_response(sample, price_level=price_level, level=level)
    own = response.row("own")
    why_not = response.why_not()
    reason = why_not or "clear of zero, still before the change, and moved by a strong instrument"
    return MeasuredElasticity(
        float(own["estimate"]), float(own["low"]), float(own["high"]), level, not why_not, reason
    )


def _movers(sample: pd.DataFrame, unit: str = "model_id") -> list[str]:
    return sorted(sample.loc[sample["own"].ne(0), unit].dropna().unique())


@dataclass(frozen=True, slots=True)
class _Design:
    """The regression as arrays: outcome, own and rivals' change, age; effects of the week."""

    sample: pd.DataFrame
    values: Floats
    week: Integers

    @classmethod
    def of(cls, sample: pd.DataFrame, outcome: str) -> _Design:
        values = sample[[outcome, "own", "rival", "log_age"]].to_numpy(float)
        return cls(sample, values, pd.factorize(sample["week"])[0])

    def coefficients(self, kept: Booleans | None = None, own: Floats | None = None) -> Floats:
        """Of own, rival and age; with some rows only, or with other changes of the own price."""
        values = self.values.copy()
        if own is not None:
            values[:, 1] = own
        values, week = (values, self.week) if kept is None else (values[kept], self.week[kept])
        inner = _demeaned(values, week)
        return np.asarray(np.linalg.lstsq(inner[:, 1:], inner[:, 0], rcond=None)[0])

    def without(self, unit: str, name: str) -> Floats:
        """Coefficients without one model or developer."""
        return self.coefficients(self.sample[unit].ne(name).to_numpy(bool))

    def left_out(self) -> pd.DataFrame:
        """The own response without each model and each developer that changed a price."""
        rows = [
            {"unit": unit.removesuffix("_id"), "name": name, "estimate": self.without(unit, name)[0]}
            for unit in ("model_id", "developer")
            for name in _movers(self.sample, unit)
        ]
        return pd.DataFrame(rows)

    def exchanged(self, draws: int, rng: np.random.Generator) -> Floats:
        """Own responses after the changes of each week were dealt to other models of that week."""
        found = np.empty(draws)
        for draw in range(draws):
            dealt = np.lexsort((rng.random(len(self.week)), self.week))
            own = np.empty(len(self.week))
            own[np.argsort(self.week, kind="stable")] = self.values[dealt, 1]
            found[draw] = self.coefficients(own=own)[0]
        return found


def _demeaned(values: Floats, week: Integers) -> Floats:
    """Columns less the means of their week."""
    count = np.bincount(week)
    means = [np.bincount(week, column, len(count)) / np.maximum(count, 1) for column in values.T]
    return values - np.column_stack(means)[week]


def _instrumented(sample: pd.DataFrame, level: float) -> tuple[dict[str, object], float]:
    """The own response with the rivals' changes as instrument, and the strength of the first stage."""
    design = _Design.of(sample, "after")
    inner = _demeaned(design.values, design.week)
    clusters = sample["model_id"].astype("category").cat.codes.to_numpy(int)
    parts = (inner[:, 0], inner[:, [1]], inner[:, [3]], inner[:, [2]], clusters)
    try:
        fit = two_stage(*parts)
        low, high = anderson_rubin(*parts, level=level)
    except NotIdentifiedError:
        return {"measure": "instrumented", "estimate": np.nan}, float("nan")
    found = {"measure": "instrumented", "estimate": float(fit.coefficients[0]),
             "std_error": float(fit.std_errors[0]), "low": low, "high": high}  # fmt: skip
    return found, float(fit.first_stage_f[0])
