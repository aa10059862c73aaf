"""Do buyers differ in how much they mind a price? Random-coefficient logit, estimated by pyblp.

pyblp (Conlon and Gortmaker 2020) is an extra: ``pip install 'undercut[demand]'``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from undercut import plots
from undercut.competition.demand.instruments import instrument_columns
from undercut.competition.demand.nested import CONTROLS, controls_for, shares, with_groups
from undercut.competition.demand.system import Form
from undercut.errors import NotIdentifiedError
from undercut.extras import require
from undercut.inference.arrays import Floats
from undercut.result import Axes, Result


class RandomCoefficients(Result):
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

    def plot(self, ax: Axes | None = None) -> Axes:
        """Mean coefficient and its spread with 95% intervals."""
        told = {"price coefficient": (self.slope, self.slope_error),
                "spread among buyers": (self.spread, self.spread_error)}  # fmt: skip
        ends = {name: (b, b - 1.96 * error, b + 1.96 * error) for name, (b, error) in told.items()}
        return plots.interval_rows(ends, ax=ax)

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
    NotIdentifiedError
        Too few instruments.
    MissingExtraError
        pyblp is not installed.

    References
    ----------
    Berry, Levinsohn and Pakes (1995), Econometrica 63; Conlon and Gortmaker (2020), RAND Journal of
    Economics 51.
    """
    pyblp = require("pyblp", extra="demand")
    columns = instrument_columns(instruments)
    used = controls_for(products, columns, controls)
    if len(columns) < 2:
        raise NotIdentifiedError(
            f"A spread among buyers needs a second instrument; got {', '.join(columns)} only."
        )
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
            check_optimality="gradient",  # second derivatives only say what is printed nowhere
        )  # fmt: skip
        return _estimate(solved, form, products[cluster].nunique())


def _product_data(
    products: pd.DataFrame, columns: Sequence[str], form: Form, controls: Sequence[str], cluster: str,
    outside_share: float,
) -> pd.DataFrame:  # fmt: skip
    data = with_groups(products)
    share, _ = shares(data, None, form, outside_share)
    named: dict[str, Any] = {
        "market_ids": data["period"].astype(str).to_numpy(object),
        "shares": share,
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
        slope=slope,
        slope_error=float(solved.beta_se[0].item()),
        spread=spread,
        spread_error=float(solved.sigma_se.item()),
        elasticity=elasticity,
        like_high_prices=likes,
        objective=float(solved.objective.item()),
        converged=bool(solved.converged),
        n=int(solved.problem.N),
        clusters=clusters,
        form=form,
    )


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
