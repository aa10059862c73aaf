"""Are new models launched cheaper when an open rival of their capability is already on sale?

Prices of a given model hardly ever move; prices fall because new models come at other prices. So the launch
price is where competition should show, given what the model can do and what its predecessor cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.rivals.coefficients import CoefficientResult, Terms, term_table, weights_for
from undercut.competition.rivals.price_cuts import DOSES, UNSETTLED, CutRule, real_changes
from undercut.competition.rivals.releases import CLUSTER_DAYS, predecessors
from undercut.errors import InputError, NoVariationError, TooFewError, check_known, need_columns
from undercut.inference.arrays import Floats
from undercut.inference.detectable import detectable_effect
from undercut.inference.levels import check_level
from undercut.inference.wild_bootstrap import wild_cluster_bootstrap
from undercut.panel.access import has_open_weights
from undercut.prices.monthly_quotes import years

Kind = Literal["closed", "open"]
#: A first price seen later than this after the release need not be the launch price.
MAX_LAG_DAYS: Final = 92
CONTROLS: Final = ("eci", "calendar")


class LaunchPriceResult(CoefficientResult, kw_only=True):
    """Log launch price as a function of a dose of exposure; intervals by wild cluster bootstrap.

    Attributes
    ----------
    launches : int
    developer_effects : Series
        Log price of each developer relative to the mean developer, the rest held fixed; empty without.
    """

    launches: int
    developer_effects: pd.Series

    def heading(self) -> str:
        """What was estimated, on what."""
        return (
            f"Log launch price of {self.launches} models of {self.clusters} {self.cluster}s; wild cluster "
            "bootstrap."
        )


def launches(
    quotes: pd.DataFrame,
    *,
    kind: Kind = "closed",
    max_lag_days: int = MAX_LAG_DAYS,
    rule: CutRule | None = None,
) -> pd.DataFrame:
    """The first price of every model that came on sale.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`.
    kind : {"closed", "open"}
        Closed models at their own developer, or open ones at their cheapest seller.
    max_lag_days : int
        From release to the first price seen.
    rule : CutRule, optional
        Where it takes the first change of a closed model's price for a correction of the launch price, the
        corrected price is used.

    Returns
    -------
    DataFrame
        One row a model, at its first observation: ``model_id, developer, origin, access, family,
        release_date, observed_on, period, eci, price, log_price, calendar``, ``is_corrected``, the
        developer's latest earlier model of the same grade that had a price before (``previous_model_id``)
        with its last price (``previous_price``, ``log_previous_price``), and ``why_not``: why this is no
        launch price. Such rows stay.
    """
    check_known("kind", kind, get_args(Kind))
    is_open = has_open_weights(quotes["access"])
    own = quotes["host_kind"].eq("developer") & quotes["access"].eq("closed")
    offers = quotes[(own if kind == "closed" else is_open) & quotes["developer"].notna()]
    offers = offers.sort_values(["observed_on", "price", "host"])
    first = offers.drop_duplicates("model_id").reset_index(drop=True)
    columns = ["model_id", "developer", "origin", "access", "family", "release_date", "observed_on", "period"]
    found = first[[*columns, "eci", "price"]].copy()
    corrected = _corrected_prices(found, quotes, rule) if kind == "closed" else pd.Series(np.nan, found.index)
    found["is_corrected"] = corrected.notna()
    found["price"] = corrected.fillna(found["price"])
    found["log_price"], found["calendar"] = np.log(found["price"]), years(found["period"])
    found = _with_predecessors(found, offers)
    lag = (found["observed_on"] - found["release_date"]).dt.days
    reasons = {
        "release date unknown": found["release_date"].isna(),
        "on sale when the panel begins": found["observed_on"].eq(quotes["observed_on"].min()),
        "first seen long after its release": lag > max_lag_days,
    }
    found["why_not"] = np.select(list(reasons.values()), list(reasons), "")
    found.attrs = dict(quotes.attrs)
    return found


def launch_price_effect(
    rows: pd.DataFrame,
    *,
    dose: str = "closeness",
    controls: Sequence[str] = CONTROLS,
    developer_effects: bool = True,
    cluster: str = "developer",
    terms: Terms = "all",
    draws: int = 9_999,
    level: float = 0.95,
    seed: int = 0,
) -> LaunchPriceResult:
    r"""Regression of the log launch price on exposure to open rivals.

    Parameters
    ----------
    rows : DataFrame
        From :func:`launches` and :func:`undercut.competition.rivals.price_cuts.with_doses`.
    dose : str
        One of `DOSES` except ``undercut``, which holds the price that
        is to be explained.
    controls : sequence of str
        ``eci``, ``calendar`` and, for the change against the predecessor, ``log_previous_price``, which
        leaves out the first model of each grade.
    developer_effects : bool
        An intercept for each developer; developers of one launch then say nothing.
    terms : {"all", "dose"}
        Whether to test the controls too, or the dose alone, which is faster.
    cluster, draws, level, seed
        Of the wild cluster bootstrap; Webb's weights below twelve clusters.

    Returns
    -------
    LaunchPriceResult

    Raises
    ------
    DataError
        A column is missing, or too few launches for the coefficients.
    InputError, UnknownNameError
        Options are not usable.

    Notes
    -----
    Ordinary least squares. With capability and time held fixed, ``closeness`` varies because the open
    frontier jumps at releases; whether those jumps are timed to closed launches is an assumption.

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with
    clustered errors. Review of Economics and Statistics 90, 414-427.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.monthly_quotes import monthly_quotes
    >>> from undercut.competition.rivals.exposure import open_rivals
    >>> from undercut.competition.rivals.price_cuts import with_doses
    >>> quotes = monthly_quotes(undercut.load_prices(), start="2025-01", end="2025-12")
    >>> rows = with_doses(launches(quotes), open_rivals(quotes))
    >>> found = launch_price_effect(rows, developer_effects=False, draws=99)
    >>> bool(found.effect["low"] < found.effect["estimate"] < found.effect["high"])
    True
    """
    check_level(level)
    used, design, dropped, notes = _prepared(rows, dose, controls, developer_effects, cluster)
    groups = used[cluster]
    tested = {
        term: wild_cluster_bootstrap(
            used["log_price"], design, groups, coefficient=term, draws=draws, level=level, seed=seed,
            weights=weights_for(groups.nunique()),
        )
        for term in (dose, *(() if terms == "dose" else controls))
    }  # fmt: skip
    error = tested[dose].std_error
    return LaunchPriceResult(
        terms=term_table(tested), developer_effects=_developer_effects(used, design), dose=dose,
        cluster=cluster, launches=len(used), clusters=int(groups.nunique()), dropped=dropped,
        detectable=detectable_effect(error, freedom=groups.nunique() - 1, level=level), level=level,
        dose_spread=float(used[dose].std()), notes=tuple(notes),
    )  # fmt: skip


def launch_price_coefficient(rows: pd.DataFrame, *, dose: str = "closeness") -> float:
    """The dose's coefficient alone, by the same code as :func:`launch_price_effect`, for placebos."""
    return quick_coefficient(rows, dose=dose)(rows)


def quick_coefficient(rows: pd.DataFrame, *, dose: str = "closeness") -> Callable[[pd.DataFrame], float]:
    """:func:`launch_price_coefficient` of the same launches with other doses, in microseconds."""
    used, design, *_ = _prepared(rows.reset_index(drop=True), dose, CONTROLS, True, "developer")
    place, outcome = used.index.to_numpy(), used["log_price"].to_numpy(float)
    # An orthonormal basis of the other regressors.
    basis, size, _ = np.linalg.svd(design.drop(columns=dose).to_numpy(float), full_matrices=False)
    basis = basis[:, size > 1e-10 * size[0]]

    def slope(faked: pd.DataFrame) -> float:
        doses = faked[dose].to_numpy(float)[place]
        rest = doses - basis @ (basis.T @ doses)
        if not np.isfinite(rest).all() or not rest @ rest > 1e-12 * (doses @ doses):
            raise NoVariationError("The dose does not vary apart from the other regressors.")
        return float(rest @ outcome / (rest @ rest))

    return slope


def launches_apart(rows: pd.DataFrame, releases: pd.DataFrame, *, days: int = CLUSTER_DAYS) -> pd.DataFrame:
    """Launches of closed models that did not come within two weeks of an open release."""
    moments = np.sort(releases["day"].dropna().unique())
    wanted = rows["release_date"].to_numpy()
    if not len(moments):
        return rows
    place = np.searchsorted(moments, wanted)
    before = wanted - moments[np.clip(place - 1, 0, None)]
    after = moments[np.clip(place, None, len(moments) - 1)] - wanted
    near = np.minimum(np.abs(before), np.abs(after)) < np.timedelta64(days, "D")
    return rows[~near]


def _prepared(
    rows: pd.DataFrame, dose: str, controls: Sequence[str], developer_effects: bool, cluster: str
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int], list[str]]:
    """Rows used, design, rows dropped by reason, and what to beware of."""
    _check(rows, dose, controls, cluster)
    launched = rows["why_not"].eq("")
    dropped = {str(why): int(count) for why, count in rows.loc[~launched, "why_not"].value_counts().items()}
    lacking = rows.loc[launched, [dose, *controls]].isna()
    dropped |= {f"without {name}": int(count) for name, count in lacking.sum().items() if count}
    used = rows[launched][~lacking.any(axis=1)]
    columns: dict[str, Floats] = {"constant": np.ones(len(used)), dose: used[dose].to_numpy(float)}
    for name in controls:
        columns[name] = used[name].to_numpy(float) - used[name].mean()
    if developer_effects:
        makers = used["developer"].to_numpy(object)
        columns |= {f"developer_{name}": (makers == name).astype(float) for name in sorted(set(makers))[1:]}
    design = pd.DataFrame(columns, index=used.index)
    if used[dose].nunique() < 2 or len(used) < design.shape[1] + 3:
        raise TooFewError(
            f"{len(used)} launches with a known {dose} are too few for {design.shape[1]} coefficients, or "
            "the dose does not vary. Leave out developer effects or a control, or choose another dose."
        )
    notes = []
    if developer_effects:
        single = int((used["developer"].value_counts() == 1).sum())
        if single:
            notes.append(f"{single} developers with one launch are absorbed by their own effect.")
    return used, design, dropped, notes


def _developer_effects(used: pd.DataFrame, design: pd.DataFrame) -> pd.Series:
    """Centred effects of the developers' dummies; the first developer has none and stands at zero."""
    found = np.linalg.lstsq(design.to_numpy(float), used["log_price"].to_numpy(float), rcond=None)[0]
    effects = pd.Series(found, design.columns, name="log_price").filter(regex="^developer_")
    if effects.empty:
        return effects
    effects = effects.rename(lambda name: str(name).removeprefix("developer_"))
    effects = effects.reindex(sorted(used["developer"].unique()), fill_value=0.0)
    return (effects - effects.mean()).sort_values()


def _corrected_prices(found: pd.DataFrame, quotes: pd.DataFrame, rule: CutRule | None) -> pd.Series:
    """Price after a first change that corrects the launch price; missing where there was none."""
    changes = real_changes(quotes, rule=rule)
    after_launch = changes[changes["correction"].eq(UNSETTLED)].drop_duplicates("model_id")
    return found["model_id"].map(after_launch.set_index("model_id")["after"]).astype(float)


def _with_predecessors(found: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """The latest earlier model of the grade that had a price before the launch, and that price."""
    chain = predecessors(found[found["release_date"].notna()])
    before = dict(zip(found.loc[chain.index, "model_id"], chain, strict=True))
    found = found.assign(previous_model_id=chain.reindex(found.index), previous_price=np.nan)
    while True:
        price = _last_price_before(found, offers)
        found["previous_price"] = found["previous_price"].fillna(price)
        searched = found["previous_price"].isna() & found["previous_model_id"].notna()
        if not searched.any():
            return found.assign(log_previous_price=np.log(found["previous_price"]))
        # A predecessor without an earlier price gives way to its own predecessor.
        found.loc[searched, "previous_model_id"] = found.loc[searched, "previous_model_id"].map(before)


def _last_price_before(found: pd.DataFrame, offers: pd.DataFrame) -> pd.Series:
    """The predecessor's price at its last observation before the launch was observed."""
    wanted = found.dropna(subset=["previous_model_id"])[["previous_model_id", "observed_on"]]
    wanted = wanted.reset_index(names="row").sort_values("observed_on")
    prices = offers.drop_duplicates(["model_id", "observed_on"])[["model_id", "observed_on", "price"]]
    prices = prices.rename(columns={"model_id": "previous_model_id"}).sort_values("observed_on")
    wanted["previous_model_id"] = wanted["previous_model_id"].astype(prices["previous_model_id"].dtype)
    last = pd.merge_asof(wanted, prices, on="observed_on", by="previous_model_id", allow_exact_matches=False)
    return last.set_index("row")["price"].reindex(found.index)


def _check(rows: pd.DataFrame, dose: str, controls: Sequence[str], cluster: str) -> None:
    check_known("dose", dose, DOSES)
    if dose == "undercut":
        raise InputError("undercut holds the launch price itself; use log_reach_price or closeness.")
    needed = ("log_price", "why_not", dose, cluster, *controls)
    need_columns(rows, needed, "The rows lack", "make them with launches and with_doses")
