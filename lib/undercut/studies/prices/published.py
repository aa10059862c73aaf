"""What did others find, by which definition, and what does that definition give on our data?

Published rates of fall differ because they answer different questions: the cheapest model of a month or the
trend through new lows, token prices of chosen developers or of everybody, a start in 2021 or in 2023. Each
definition is an option here, so that a reader sees a published number come out of our data, or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError, check_known
from undercut.inference.arrays import Floats
from undercut.inference.resampling import percentile_interval
from undercut.panel.measures import capability_scores
from undercut.paths import read_beside
from undercut.prices.capability.frontier import FrontierRule, frontier_paths
from undercut.prices.hedonic.characteristics import reasons
from undercut.prices.load import with_workload
from undercut.prices.monthly_quotes import FIRST_MONTH, monthly_quotes, years
from undercut.prices.workloads import Workload, find_workload
from undercut.studies.framed import Framed


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """A published rate of fall and its definition.

    Attributes
    ----------
    name, source : str
        Short name; author, title, day.
    claim : str
        In the authors' terms.
    claimed_low, claimed_high : float
        Times cheaper per year, as published or as their fold over their window implies.
    window : tuple of str
        First and last month of their data.
    definition : str
        What they measured.
    differs : str
        What of it our data cannot follow.
    levels : mapping of str to str
        Their thresholds, each as the model of the capability index that stands for it.
    start_prices : mapping of str to float
        Their price at the start of their window, where it lies before our data (USD per million tokens).
    workload : Workload
    """

    name: str
    source: str
    claim: str
    claimed_low: float
    claimed_high: float
    window: tuple[str, str]
    definition: str
    differs: str
    levels: Mapping[str, str]
    start_prices: Mapping[str, float]
    workload: Workload


def _published() -> dict[str, PublishedRate]:
    """The definitions in published.toml."""
    found = {}
    for name, entry in read_beside(__file__).items():
        mix = entry.pop("workload")
        workload = find_workload(mix) if isinstance(mix, str) else Workload(**mix)
        found[name] = PublishedRate(name=name, window=tuple(entry.pop("window")), workload=workload, **entry)
    return found


PUBLISHED: Final[Mapping[str, PublishedRate]] = _published()


class Replication(Framed, row="level", value="times_cheaper_a_year"):
    """A published definition on our data.

    Attributes
    ----------
    frame : DataFrame
        One row a level and window (``theirs``: the months that their data and ours share; ``ours``):
        ``first, last, times_cheaper_a_year, low, high, fold, points, from_their_start, note``.
        ``from_their_start`` is the fold from the price they start at to ours in their last month: whether
        their end point is in our data, whatever lies before it.
    rate : PublishedRate
    confidence : float
    """

    rate: PublishedRate
    confidence: float

    def table(self) -> pd.DataFrame:
        """The results beside the claim."""
        named = self.frame.assign(source=self.rate.name)
        return named.assign(claimed_low=self.rate.claimed_low, claimed_high=self.rate.claimed_high)

    def summary(self) -> str:
        """Definition, claim and results as text."""
        head = [
            f"{self.rate.source}: {self.rate.claim}.",
            f"Definition: {self.rate.definition}",
            f"Here: {self.rate.differs}",
            f"{self.confidence:.0%} intervals.",
        ]
        return "\n".join([*head, "", self.frame.to_string(index=False, float_format="{:.3g}".format)])


class Replications(Framed, row="source", value="times_cheaper_a_year"):
    """Every published definition on our data: one row a definition, level and window (``frame``)."""

    each: tuple[Replication, ...]


def replicate_all(panel: pd.DataFrame, *, draws: int = 500, confidence: float = 0.90) -> Replications:
    """`replicate` for every publication."""
    each = tuple(replicate(panel, name, draws=draws, confidence=confidence) for name in PUBLISHED)
    return Replications(pd.concat([found.table() for found in each], ignore_index=True), each)


def replicate(
    panel: pd.DataFrame, name: str, *, draws: int = 500, confidence: float = 0.90, seed: int = 0
) -> Replication:
    """A published rate of fall by its own definition, on our data.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`; its price column is replaced by the definition's workload.
    name : {"epoch", "a16z", "ai-index", "gundlach"}
    draws, confidence, seed
        Of the bootstrap over developers, for definitions that compare two dates. Definitions that fit a
        line have the interval of that fit, as published, which takes points for independent.

    Returns
    -------
    Replication

    Raises
    ------
    UnknownNameError
        No such publication.

    Examples
    --------
    >>> import undercut
    >>> found = replicate(undercut.load_prices(), "ai-index", draws=20)
    >>> found.frame["window"].tolist()
    ['theirs', 'ours']
    """
    check_known("publication", name, PUBLISHED)
    rate = PUBLISHED[name]
    quotes = monthly_quotes(with_workload(panel, rate.workload))
    scores = capability_scores().set_index("model")["eci"]
    levels = {label: float(scores[model]) for label, model in rate.levels.items()}
    compute = _METHODS[name]
    options = {"rate": rate, "draws": draws, "confidence": confidence, "seed": seed}
    parts = []
    for window, last in (("theirs", rate.window[1]), ("ours", str(quotes["period"].max()))):
        within = quotes[quotes["period"].between(FIRST_MONTH, last)]
        found = compute(within, levels, **options)
        parts.append(found.assign(window=window))
    results = pd.concat(parts, ignore_index=True)
    front = ["level", "window"]
    return Replication(results[[*front, *(c for c in results if c not in front)]], rate, confidence)


def own_or_median_price(quotes: pd.DataFrame) -> pd.DataFrame:
    """One price a model and month: its developer's where it sells itself, else the median of sellers."""
    keys = ["period", "model_id"]
    own = quotes[quotes["host_kind"] == "developer"].groupby(keys)["price"].min()
    median = quotes.groupby(keys)["price"].median()
    facts = quotes.groupby(keys)[["eci", "developer", "release_date"]].first()
    return facts.assign(price=own.reindex(median.index).fillna(median)).reset_index()


def _new_lows(
    quotes: pd.DataFrame, levels: Mapping[str, float], *, confidence: float, **_: Any
) -> pd.DataFrame:
    """Epoch AI: the trend through the models that set a new low."""
    prices = own_or_median_price(quotes)
    prices = prices[~prices["model_id"].map(lambda name: reasons(str(name)))].sort_values(["period", "price"])
    rows = []
    for label, level in levels.items():
        lowest = prices[prices["eci"] >= level - 1e-9].groupby("period")["price"].min()
        lows = lowest[lowest < lowest.cummin().shift(fill_value=np.inf) * (1 - 1e-9)]
        row: dict[str, object] = {"level": label, "points": len(lows)}
        if len(lows) < 4:
            rows.append(row | {"note": "fewer than four new lows: no rate, as in the original"})
            continue
        time = years(lows.index).to_numpy()
        trend = _line(time[:, None], np.log(lows.to_numpy()), confidence)
        row |= {"first": lows.index[0], "last": lows.index[-1], "fold": lows.iloc[0] / lows.iloc[-1]}
        rows.append(row | trend | {"note": ""})
    return pd.DataFrame(rows)


def _pareto_regression(
    quotes: pd.DataFrame, levels: Mapping[str, float], *, confidence: float, **_: Any
) -> pd.DataFrame:
    """Gundlach et al.: log price on release date and score, over models on the frontier when released."""
    del levels
    prices = own_or_median_price(quotes).dropna(subset=["eci", "release_date"])
    launch = prices.sort_values("period").drop_duplicates("model_id")
    launch = launch[launch["release_date"] >= pd.Timestamp(f"{FIRST_MONTH}-01")]
    launch = launch.sort_values(["release_date", "price"], ignore_index=True)
    on_frontier = launch[~_dominated(launch)]
    if len(on_frontier) < 5:
        raise TooFewError(f"Only {len(on_frontier)} models were on the frontier when released; 5 are needed.")
    date = (on_frontier["release_date"] - pd.Timestamp("2025-01-01")).dt.days.to_numpy() / 365.25
    design = np.column_stack([date, on_frontier["eci"].to_numpy(float)])
    row = {"level": "frontier", "points": len(on_frontier), "note": ""}
    row |= {"first": on_frontier["period"].iloc[0], "last": on_frontier["period"].iloc[-1]}
    return pd.DataFrame([row | _line(design, np.log(on_frontier["price"].to_numpy(float)), confidence)])


def _dominated(launch: pd.DataFrame) -> pd.Series:
    """Whether a model released no later is at least as capable at no higher price, and better in one."""
    day, score, price = (launch[c].to_numpy() for c in ("release_date", "eci", "price"))
    earlier = day[None, :] <= day[:, None]
    as_good = (score[None, :] >= score[:, None]) & (price[None, :] <= price[:, None])
    better = (score[None, :] > score[:, None]) | (price[None, :] < price[:, None])
    return pd.Series((earlier & as_good & better).any(axis=1), index=launch.index)


def _cheapest_then_and_now(
    quotes: pd.DataFrame, levels: Mapping[str, float], *, rate: PublishedRate, draws: int, confidence: float,
    seed: int,
) -> pd.DataFrame:  # fmt: skip
    """a16z, AI Index: the cheapest model at or above the level, in the first month against the last."""
    if rate.name == "a16z":
        chosen = quotes["developer"].isin(["OpenAI", "Anthropic"]) | (
            quotes["developer"].eq("Meta") & quotes["model_id"].str.startswith("llama")
        )
        quotes = quotes[chosen]
    paths = frontier_paths(
        quotes, list(levels.values()), rule=FrontierRule(), cluster="developer", draws=draws, seed=seed,
        capability_error=False,
    )  # fmt: skip
    rows = []
    for j, label in enumerate(levels):
        path = paths.log_price[:, :, j, 0]
        known = np.flatnonzero(np.isfinite(path[0]))
        first, last = known[0], known[-1]
        span = years(pd.Index([paths.periods[first], paths.periods[last]])).diff().iloc[-1]
        fall = path[:, first] - path[:, last]
        low, high = percentile_interval(fall[1:], level=confidence)
        start = rate.start_prices.get(label, np.nan)
        row = {"level": label, "points": 2, "first": paths.periods[first], "last": paths.periods[last]}
        row |= {"fold": float(np.exp(fall[0])), "times_cheaper_a_year": float(np.exp(fall[0] / span))}
        row |= {"low": float(np.exp(low / span)), "high": float(np.exp(high / span))}
        rows.append(row | {"from_their_start": float(start / np.exp(path[0, last])), "note": ""})
    return pd.DataFrame(rows)


def _line(regressors: Floats, outcome: Floats, confidence: float) -> dict[str, float]:
    """Times cheaper per year from a least-squares line whose first regressor is time, with its t interval."""
    from scipy.stats import t as student

    design = np.column_stack([np.ones(len(outcome)), regressors])
    coefficients = np.linalg.lstsq(design, outcome, rcond=None)[0]
    freedom = len(outcome) - design.shape[1]
    variance = np.sum((outcome - design @ coefficients) ** 2) / freedom
    error = np.sqrt(variance * np.linalg.inv(design.T @ design)[1, 1])
    reach = student.ppf((1 + confidence) / 2, freedom) * error
    slope = coefficients[1]
    return {
        "times_cheaper_a_year": float(np.exp(-slope)),
        "low": float(np.exp(-slope - reach)),
        "high": float(np.exp(-slope + reach)),
    }


_METHODS: Final[Mapping[str, Callable[..., pd.DataFrame]]] = {
    "epoch": _new_lows,
    "a16z": _cheapest_then_and_now,
    "ai-index": _cheapest_then_and_now,
    "gundlach": _pareto_regression,
}
