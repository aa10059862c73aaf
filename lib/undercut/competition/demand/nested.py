"""How much less of a model do buyers use when its price rises? Nested logit by two-stage least squares.

The log of a product's share over the outside good's is linear in price, characteristics and the log of its
share within its nest (Berry 1994). Fixed effects of the month take up the outside good, so that no assumption
about the size of the market touches the estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from undercut import plots
from undercut.competition.demand.instruments import instrument_columns
from undercut.competition.demand.linear_iv import LinearFit, anderson_rubin, two_stage
from undercut.competition.demand.system import Form
from undercut.errors import CellError, need_columns
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result

CONTROLS: Final = ("eci", "log_context", "is_reasoning", "age_years", "is_chinese_open", "is_other_open")
#: Values of the nesting parameter that the weak-instrument interval projects over.
_CORRELATIONS: Final = np.linspace(0, 0.95, 20)


class DemandEstimate(Result):
    """Price coefficient, nesting parameter and what they rest on.

    Attributes
    ----------
    slope, slope_error : float
        Coefficient on log price (``expenditure``) or price (``unit``); negative if demand slopes down.
    correlation, correlation_error : float
        Nesting parameter; 0 and missing for the plain logit.
    covariance : ndarray, shape (2, 2)
        Of slope and nesting parameter.
    elasticity, low, high : float
        Mean own-price elasticity of the quantity with its 95% interval (delta method, t with one degree of
        freedom fewer than clusters).
    weak_low, weak_high : float
        Interval of that elasticity that holds with weak instruments; infinite ends mean that the data do not
        bound it. Missing without instruments.
    first_stage_f : float
        Of the price.
    hansen_p : float
        Of the overidentification test.
    n, clusters, markets : int
    form : {"unit", "expenditure"}
    method : str
    coefficients : DataFrame
        ``name, estimate, std_error`` of price, nesting parameter and controls.
    """

    slope: float
    slope_error: float
    correlation: float
    correlation_error: float
    covariance: Floats
    elasticity: float
    low: float
    high: float
    weak_low: float
    weak_high: float
    first_stage_f: float
    hansen_p: float
    n: int
    clusters: int
    markets: int
    form: Form
    method: str
    coefficients: pd.DataFrame

    @property
    def elasticity_error(self) -> float:
        """Standard error of the mean own-price elasticity."""
        return (self.high - self.low) / 2 / float(stats.t.ppf(0.975, self.clusters - 1))

    @property
    def is_identified(self) -> bool:
        """Whether the interval that holds with weak instruments is bounded and allows Bertrand pricing only.

        In the ``expenditure`` form that means elasticities below -1, in the ``unit`` form below 0.
        """
        limit = -1.0 if self.form == "expenditure" else 0.0
        return bool(np.isfinite(self.weak_low) and self.weak_high < limit)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Coefficients with their 95% intervals."""
        half = float(stats.t.ppf(0.975, self.clusters - 1)) * self.coefficients["std_error"]
        rows = zip(self.coefficients["name"], self.coefficients["estimate"], half, strict=True)
        return plots.interval_rows({name: (b, b - reach, b + reach) for name, b, reach in rows}, ax=ax)

    @property
    def robust(self) -> str:
        """The interval that holds with weak instruments, in words."""
        low, high = (f"{end:.2f}".replace("-", "\N{MINUS SIGN}") for end in (self.weak_low, self.weak_high))
        if np.isnan(self.weak_low):
            return "none"
        if np.isinf([self.weak_low, self.weak_high]).all():
            return "unbounded"
        return f"{low} to {high}".replace("inf", "\N{INFINITY}")

    def row(self) -> dict[str, float | str | int]:
        """The estimate as one row of a comparison."""
        wanted = ("method", "elasticity", "low", "high", "weak_low", "weak_high", "correlation",
                  "first_stage_f", "hansen_p", "n", "clusters")  # fmt: skip
        whole = asdict(self)
        return {name: whole[name] for name in wanted} | {"robust": self.robust}

    def summary(self) -> str:
        """The estimate in a few lines."""
        return (
            f"{self.method}: mean own-price elasticity {self.elasticity:.2f} "
            f"[{self.low:.2f}, {self.high:.2f}]; robust to weak instruments: {self.robust}\n"
            f"price coefficient {self.slope:.3f} ({self.slope_error:.3f}), nesting parameter "
            f"{self.correlation:.2f} ({self.correlation_error:.2f})\n"
            f"first-stage F {self.first_stage_f:.1f}, overidentification p {self.hansen_p:.2f}; "
            f"n = {self.n}, {self.markets} markets, {self.clusters} clusters"
        )


def nested_logit(
    products: pd.DataFrame,
    *,
    instruments: Sequence[str] | None = None,
    nests: str | None = None,
    form: Form = "expenditure",
    controls: Sequence[str] = CONTROLS,
    fixed_effects: Sequence[str] = ("period",),
    cluster: str = "developer",
    outside_share: float = 0.5,
    robust: bool = True,
) -> DemandEstimate:
    """Estimate demand.

    Parameters
    ----------
    products : DataFrame
        ``period, price, tokens``, the controls, nests and clusters; with instruments, from
        :func:`undercut.competition.demand.instruments.with_instruments`.
    instruments : sequence of str, optional
        Names of sets of instruments; none: ordinary least squares.
    nests : str, optional
        Column of the nests; none: plain logit.
    form : {"unit", "expenditure"}
    controls, fixed_effects : sequence of str
        Without fixed effects of the period the outside good is not taken up.
    cluster : str
    outside_share : float
        Enters only the own-price elasticity, through the share of the product.
    robust : bool
        Whether the interval that holds with weak instruments is computed, which takes most of the time.

    Raises
    ------
    MissingColumnError, CellError
        A column is missing, or has missing values.

    References
    ----------
    Berry (1994), RAND Journal of Economics 25; Björnerstedt and Verboven (2016), American Economic Journal:
    Applied Economics 8 (money shares and log prices).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> month, maker = np.repeat(range(50), 4), list("abcd") * 50
    >>> market = pd.DataFrame({"period": month, "developer": maker, "price": rng.uniform(1, 2, 200)})
    >>> market["tokens"] = market["price"] ** -3  # money falls by 2% where the price rises by 1%
    >>> round(nested_logit(market, controls=[]).slope, 6)
    -2.0
    """
    data = with_groups(products)
    names = instrument_columns(instruments or [])
    used = controls_for(data, names, controls)
    _check(data, [*used, *names, *fixed_effects, cluster, *([nests] if nests else [])])
    share, within = shares(data, nests, form, outside_share)
    price = np.log(data["price"]) if form == "expenditure" else data["price"]
    endogenous = np.column_stack([price, np.log(within)] if nests else [price])
    exogenous = _exogenous(data, used, fixed_effects)
    outside = np.log(outside_share)
    codes = pd.factorize(data[cluster])[0].astype(np.int64)
    pieces = (np.log(share) - outside, endogenous.astype(float), exogenous)
    excluded = data[names].to_numpy(float) if names else None
    fit = two_stage(*pieces, excluded, codes)
    weak = (np.nan, np.nan)
    if excluded is not None and robust:
        weak = anderson_rubin(*pieces, excluded, codes, others=_CORRELATIONS)
    method = _method(instruments, nests, fixed_effects)
    return _estimate(data, fit, weak, share, within, nests, form, method, used)


def parameter_draws(estimate: DemandEstimate, draws: int, *, seed: int) -> pd.DataFrame:
    """Parametric bootstrap: slopes and nesting parameters from their joint normal distribution.

    Returns
    -------
    DataFrame
        ``slope, correlation, is_admissible``: demand slopes down and the nesting parameter lies in [0, 1).
        What share is not admissible is a result; the caller must say it.
    """
    rng = np.random.default_rng(seed)
    mean = [estimate.slope, estimate.correlation]
    drawn = rng.multivariate_normal(mean, estimate.covariance, size=draws, method="eigh")
    admissible = (drawn[:, 0] < 0) & (drawn[:, 1] >= 0) & (drawn[:, 1] < 1)
    return pd.DataFrame({"slope": drawn[:, 0], "correlation": drawn[:, 1], "is_admissible": admissible})


def own_reach(share: Floats, within: Floats, correlation: float) -> Floats:
    """What the slope is multiplied by in the own-price derivative of the log share."""
    reach = (1 - correlation * within - (1 - correlation) * share) / (1 - correlation)
    return np.asarray(reach, dtype=float)


def _estimate(
    data: pd.DataFrame, fit: LinearFit, weak: tuple[float, float], share: Floats, within: Floats,
    nests: str | None, form: Form, method: str, used: Sequence[str],
) -> DemandEstimate:  # fmt: skip
    slope = float(fit.coefficients[0])
    correlation = float(fit.coefficients[1]) if nests else 0.0
    covariance = np.zeros((2, 2))
    covariance[: fit.covariance.shape[0], : fit.covariance.shape[0]] = fit.covariance
    level = data["price"].to_numpy(float) if form == "unit" else np.ones(len(data))

    def elasticity(a: float, rho: float) -> float:
        # A nesting parameter of one or more has no elasticity; the estimate stays as it is in the table.
        reach = own_reach(share, within, min(rho, 0.99))
        return float((a * reach * level).mean()) - (form == "expenditure")

    step = 1e-5
    gradient = np.array([
        (elasticity(slope + step, correlation) - elasticity(slope - step, correlation)) / (2 * step),
        (elasticity(slope, correlation + step) - elasticity(slope, correlation - step)) / (2 * step),
    ])  # fmt: skip
    error = float(np.sqrt(gradient @ covariance @ gradient))
    half = error * float(stats.t.ppf(0.975, fit.clusters - 1))
    point = elasticity(slope, correlation)
    bounds = sorted(elasticity(end, correlation) if np.isfinite(end) else end for end in weak)
    labels = ["price", *(["nesting parameter"] if nests else []), *used]
    shown = len(labels)
    coefficients = pd.DataFrame(
        {"name": labels, "estimate": fit.coefficients[:shown], "std_error": fit.std_errors[:shown]}
    )
    return DemandEstimate(
        slope=slope,
        slope_error=float(fit.std_errors[0]),
        correlation=correlation,
        correlation_error=float(fit.std_errors[1]) if nests else float("nan"),
        covariance=covariance,
        elasticity=point,
        low=point - half,
        high=point + half,
        weak_low=bounds[0],
        weak_high=bounds[1],
        first_stage_f=float(fit.first_stage_f[0]),
        hansen_p=fit.overidentification[1],
        n=len(data),
        clusters=fit.clusters,
        markets=data["period"].nunique(),
        form=form,
        method=method,
        coefficients=coefficients,
    )


def shares(data: pd.DataFrame, nests: str | None, form: Form, outside_share: float) -> tuple[Floats, Floats]:
    """Shares of the market, and within each nest, of money or of tokens."""
    sold = data["tokens"] * (data["price"] if form == "expenditure" else 1.0)
    share = (1 - outside_share) * sold / sold.groupby(data["period"]).transform("sum")
    groups = [data["period"], data[nests]] if nests else [data["period"]]
    within = sold / sold.groupby(groups).transform("sum")
    return share.to_numpy(float), within.to_numpy(float)


def _exogenous(data: pd.DataFrame, controls: Sequence[str], fixed_effects: Sequence[str]) -> Floats:
    dummies = [pd.get_dummies(data[effect], drop_first=True, dtype=float) for effect in fixed_effects]
    return np.column_stack([data[list(controls)].to_numpy(float), np.ones((len(data), 1)), *dummies])


def controls_for(products: pd.DataFrame, instruments: Sequence[str], controls: Sequence[str]) -> list[str]:
    """Controls with those that say where an instrument is not known and written as zero."""
    owned = (("size_stated", "z_cost"), ("is_resold", "z_elsewhere"))
    needed = [control for control, instrument in owned if instrument in instruments]
    return [*controls, *(control for control in needed if products[control].std() > 0)]


def with_groups(products: pd.DataFrame) -> pd.DataFrame:
    """Products with the dummies of their groups, for the controls."""
    if "group" not in products or "is_chinese_open" in products:
        return products
    return products.assign(
        is_chinese_open=products["group"].eq("Chinese open").astype(float),
        is_other_open=products["group"].eq("other open").astype(float),
    )


def _check(data: pd.DataFrame, columns: Sequence[str]) -> None:
    needed = (*columns, "period", "price", "tokens")
    need_columns(data, needed, "The products lack", "see estimation_sample and with_instruments")
    holes = [column for column in columns if data[column].isna().any()]
    if holes:
        raise CellError(
            f"{', '.join(holes)} have missing values; estimation_sample leaves such products out."
        )


def _method(instruments: Sequence[str] | None, nests: str | None, fixed_effects: Sequence[str]) -> str:
    model = "nested logit" if nests else "logit"
    effects = " and ".join(effect.removesuffix("_id") for effect in fixed_effects)
    how = f"instruments {', '.join(instruments)}" if instruments else "OLS"
    return f"{model}, {how}, effects of {effects}" if effects else f"{model}, {how}"
