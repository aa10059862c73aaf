"""Do buyers differ in how much they mind a price? Random-coefficient logit, estimated by pyblp.

pyblp estimates (Conlon and Gortmaker 2020); this file hands it the markets, and turns what it finds into
the demand systems of :mod:`undercut.competition.demand.system`, as pyblp cannot take products away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from undercut.competition.demand.instruments import instrument_columns
from undercut.competition.demand.nested import CONTROLS, controls_for, with_groups
from undercut.competition.demand.system import DemandSystem, Form
from undercut.errors import DataError
from undercut.inference.arrays import Floats


@dataclass(frozen=True, slots=True)
class RandomCoefficients:
    """A random-coefficient logit in which buyers differ in how much they mind the price.

    Attributes
    ----------
    slope, slope_error : float
        Mean coefficient on log price (``expenditure``) or price (``unit``).
    spread, spread_error : float
        Its standard deviation among buyers.
    elasticity : float
        Mean own-price elasticity.
    like_high_prices : float
        Share of simulated buyers whose coefficient is not negative; above 0 no surplus can be computed.
    objective : float
        Value of the criterion.
    converged : bool
    n, clusters : int
    form : {"unit", "expenditure"}
    """

    slope: float
    slope_error: float
    spread: float
    spread_error: float
    elasticity: float
    like_high_prices: float
    objective: float
    converged: bool
    n: int
    clusters: int
    form: Form

    def table(self) -> pd.DataFrame:
        """The attributes as one row."""
        return pd.DataFrame([asdict(self)])

    def summary(self) -> str:
        """The estimate in a few lines."""
        return (
            f"price coefficient {self.slope:.3f} ({self.slope_error:.3f}), spread among buyers "
            f"{self.spread:.3f} ({self.spread_error:.3f}); mean own-price elasticity {self.elasticity:.2f}\n"
            f"{self.like_high_prices:.0%} of simulated buyers like higher prices; n = {self.n}, "
            f"{self.clusters} clusters"
        )


def random_coefficients(
    products: pd.DataFrame,
    *,
    instruments: Sequence[str],
    form: Form = "expenditure",
    controls: Sequence[str] = CONTROLS,
    cluster: str = "developer",
    outside_share: float = 0.5,
    nodes: int = 7,
    start: float = 0.3,
) -> RandomCoefficients:
    """Estimate with one normal random coefficient, on the price.

    Parameters
    ----------
    products : DataFrame
        As for :func:`undercut.competition.demand.nested.nested_logit`.
    instruments : sequence of str
        Sets of instruments; at least two columns, one for the price and one for its spread.
    form, controls, cluster, outside_share
        As there. Effects of the month are absorbed.
    nodes : int
        Nodes of the Gauss-Hermite rule over buyers.
    start : float
        Where the search for the spread starts.

    Raises
    ------
    DataError
        Too few instruments, or the search did not end.

    References
    ----------
    Berry, Levinsohn and Pakes (1995), Econometrica 63; Conlon and Gortmaker (2020), RAND Journal of
    Economics 51.
    """
    import pyblp

    columns = instrument_columns(instruments)
    used = controls_for(products, columns, controls)
    if len(columns) < 2:
        raise DataError(f"A spread among buyers needs a second instrument; got {', '.join(columns)} only.")
    with _quiet(pyblp):
        problem = pyblp.Problem(
            (
                pyblp.Formulation("0 + prices + " + " + ".join(used), absorb="C(market_ids)"),
                pyblp.Formulation("0 + prices"),
            ),
            _product_data(products, columns, form, used, cluster, outside_share),
            integration=pyblp.Integration("product", nodes),
        )
        solved = problem.solve(
            sigma=[[start]], sigma_bounds=([[0.0]], [[10.0]]), method="1s", se_type="clustered",
            W_type="clustered", optimization=pyblp.Optimization("l-bfgs-b", {"gtol": 1e-6}),
        )  # fmt: skip
        return _estimate(solved, form, products[cluster].nunique())


def systems_from_pyblp(results: Any, *, size: float = 1.0) -> dict[Any, DemandSystem]:
    """Demand systems, by market, of a logit estimated by pyblp with price linear in utility.

    Parameters
    ----------
    results : pyblp.ProblemResults
        With ``prices`` entering the linear and, if at all, the nonlinear characteristics linearly; at most
        one nesting parameter. A nonlinear characteristic that is not price may have a random coefficient too.
    size : float
        Market size given to each system.

    Raises
    ------
    DataError
        The price enters otherwise, or not at all.

    Notes
    -----
    pyblp's ``prices`` is x of :class:`~undercut.competition.demand.system.DemandSystem`: the systems are of
    the ``unit`` form.
    """
    problem = results.problem
    linear = [str(each) for each in problem._X1_formulations]
    nonlinear = [str(each) for each in problem._X2_formulations]
    if "prices" not in linear + nonlinear or any("prices" in n and n != "prices" for n in linear + nonlinear):
        raise DataError(
            f"Price must enter utility linearly as 'prices'; got {', '.join(linear + nonlinear)}."
        )
    return {t: _system(results, t, linear, nonlinear, size) for t in problem.unique_market_ids}


def _system(results: Any, market: Any, linear: list[str], nonlinear: list[str], size: float) -> DemandSystem:
    products, agents = results.problem.products, results.problem.agents
    rows = products.market_ids.flatten() == market
    buyers = agents.market_ids.flatten() == market
    mean_slope = float(results.beta[linear.index("prices")].item()) if "prices" in linear else 0.0
    weights, tastes = np.ones(1), np.zeros((len(nonlinear), 1))  # tastes: (n_nonlinear, n_types)
    if nonlinear:
        weights = agents.weights[buyers].flatten()
        tastes = results.sigma @ agents.nodes[buyers].T
        if results.pi.size:
            tastes = tastes + results.pi @ agents.demographics[buyers].T
    of_price = tastes[nonlinear.index("prices")] if "prices" in nonlinear else np.zeros(len(weights))
    slopes = mean_slope + of_price
    utility = results.delta[rows] + (products.X2[rows] @ tastes if nonlinear else 0.0)
    prices = products.prices[rows].flatten()
    nests = products.nesting_ids[rows].flatten() if products.nesting_ids.size else np.zeros(rows.sum())
    rho = float(results.rho.item()) if results.rho.size else 0.0
    codes = pd.factorize(nests)[0].astype(np.int64)
    return DemandSystem(utility - np.outer(prices, slopes), slopes, weights, codes, rho, size, "unit")


def _product_data(
    products: pd.DataFrame, columns: Sequence[str], form: Form, controls: Sequence[str], cluster: str,
    outside_share: float,
) -> pd.DataFrame:  # fmt: skip
    data = with_groups(products)
    sold = data["tokens"] * (data["price"] if form == "expenditure" else 1.0)
    share = (1 - outside_share) * sold / sold.groupby(data["period"]).transform("sum")
    named: dict[str, Any] = {
        "market_ids": data["period"].astype(str).to_numpy(object),
        "shares": share.to_numpy(float),
        "prices": (np.log(data["price"]) if form == "expenditure" else data["price"]).to_numpy(float),
        "clustering_ids": data[cluster].astype(str).to_numpy(object),
    }
    named |= {control: data[control].to_numpy(float) for control in controls}
    named |= {f"demand_instruments{k}": data[column].to_numpy(float) for k, column in enumerate(columns)}
    return pd.DataFrame(named)


def _estimate(solved: Any, form: Form, clusters: int) -> RandomCoefficients:
    slope, spread = float(solved.beta[0].item()), float(solved.sigma.item())
    level = solved.problem.products.prices.flatten() if form == "unit" else 1.0
    nodes = solved.problem.agents.nodes.flatten()
    weights = solved.problem.agents.weights.flatten()
    elasticity = float(np.mean(_own_slopes(solved) * level)) - (form == "expenditure")
    likes = float(weights[slope + spread * nodes >= 0].sum() / weights.sum())
    return RandomCoefficients(
        slope, float(solved.beta_se[0].item()), spread, float(solved.sigma_se.item()), elasticity, likes,
        float(solved.objective.item()), bool(solved.converged), int(solved.problem.N), clusters, form,
    )  # fmt: skip


def _own_slopes(solved: Any) -> Floats:
    """Derivative of each log share in the product's own ``prices``, shape (n_products,)."""
    products = solved.problem.products
    whole, market = solved.compute_demand_jacobians(), products.market_ids.flatten()
    own = [np.diag(whole[market == each][:, : (market == each).sum()]) for each in dict.fromkeys(market)]
    return np.asarray(np.concatenate(own) / products.shares.flatten(), dtype=float)


@contextmanager
def _quiet(pyblp: Any) -> Iterator[None]:
    verbose, pyblp.options.verbose = pyblp.options.verbose, False
    try:
        yield
    finally:
        pyblp.options.verbose = verbose
