"""What does a given level of capability cost, how fast does that fall, and who offers it cheapest?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import InputError, TooFewError, check_known, unknown
from undercut.inference.arrays import Floats
from undercut.inference.levels import check_level
from undercut.inference.resampling import percentile_interval
from undercut.panel.measures import DEFAULT, model_scores, once_a_measure
from undercut.prices.capability.frontier import (
    VERSIONS,
    FrontierPaths,
    FrontierRule,
    frontier_paths,
    long_frame,
)
from undercut.prices.monthly_quotes import years
from undercut.result import Axes, Result

#: Models that readers know.
LANDMARKS: Final[Mapping[str, str]] = {
    "GPT-3.5 Turbo": "gpt-3.5-turbo-1106",
    "GPT-4": "gpt-4-0314",
    "Claude 3.5 Sonnet": "claude-3-5-sonnet-20240620",
    "o1": "o1",
    "GPT-5": "gpt-5",
    "GPT-5.2": "gpt-5.2",
}
#: A landmark that a measure does not score stands where models of equal score by the default measure do.
_SHARED: Final = 20
#: Fewer months than this give no rate; fewer than `SHORT_MONTHS` give one that says so.
MIN_MONTHS: Final = 6
SHORT_MONTHS: Final = 12
_HOLDER: Final = ("host", "model_id", "name", "developer", "origin", "access", "price", "eci", "product")


class CapabilityPrices(Result):
    """Price of capability levels over time.

    Attributes
    ----------
    paths : DataFrame
        ``level`` (label), ``capability``, ``version``, ``period``, ``price`` (USD per million tokens),
        ``low``, ``high``, ``offers`` that reach the level.
    rates : DataFrame
        One row a level and version: window, fold of the fall, times cheaper per year and halving time, each
        with its interval, a ``note`` on what to beware of, and ``lowest_same_months``: how many times cheaper
        per year the lowest price became over the months that this version covers.
    holders : DataFrame
        One row a level and month: the cheapest offer and the number of offers and models that compete.
    confidence : float
    clusters : int
        Clusters that the bootstrap drew from.
    settings : dict
        Rule, cluster, draws and seed.
    """

    paths: pd.DataFrame
    rates: pd.DataFrame
    holders: pd.DataFrame
    confidence: float
    clusters: int
    settings: dict[str, Any] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Rates of fall, one row a level and version."""
        return self.rates.copy()

    def path(self, level: str, version: str = "lowest") -> pd.DataFrame:
        """One level's path by one version, indexed by period.

        Raises
        ------
        UnknownNameError
            No such level or version.
        """
        for kind, name, column in (("level", level, "level"), ("version", version, "version")):
            if name not in set(self.paths[column]):
                raise unknown(kind, name, self.paths[column].unique())
        chosen = self.paths[(self.paths["level"] == level) & (self.paths["version"] == version)]
        return chosen.set_index("period").drop(columns=["level", "version"])

    def summary(self) -> str:
        """The rates as text, with the settings and what the intervals mean."""
        told = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        head = [
            "Price of capability",
            f"{self.confidence:.0%} intervals by bootstrap over {self.clusters} clusters; {told}.",
            "A resample of the lowest price is never below it: its interval is one-sided by construction.",
        ]
        return "\n".join([*head, "", self.rates.to_string(index=False, float_format="{:.3g}".format)])

    def plot(self, ax: Axes | None = None, *, version: str = "lowest", level: str | None = None) -> Axes:
        """Draw every level's path by one version, with its interval, and return the axes.

        With a ``level`` only that one has ink and an interval: six bands would merge into fog.
        """
        from undercut.plots import GREY, INK, band, label_line_ends, own_axes, price_axis

        check_known("version", version, VERSIONS)
        ax = own_axes(ax)
        # Colour means origin on every page; levels are told apart by their names at the lines' ends.
        names = list(self.rates["level"].unique())
        grey = [i % 2 if level is None else name != level for i, name in enumerate(names)]
        colors = {name: GREY if is_grey else INK for name, is_grey in zip(names, grey, strict=True)}
        ends = {}
        for name, color in colors.items():
            path = self.path(name, version).dropna(subset=["price"])
            if path.empty:
                continue
            moments = pd.PeriodIndex(path.index, freq="M").to_timestamp()
            ax.plot(moments, path["price"], color=color, drawstyle="steps-post")
            if level in (None, name):
                band(ax, moments, path["low"], path["high"], color)
            ends[name] = (moments[-1], float(path["price"].iloc[-1]))
        price_axis(ax)
        return label_line_ends(ax, ends, colors)


def price_of_capability(
    quotes: pd.DataFrame,
    levels: Mapping[str, float] | Sequence[float] | None = None,
    *,
    rule: FrontierRule | None = None,
    cluster: str = "developer",
    draws: int = 500,
    confidence: float = 0.95,
    capability_error: bool = False,
    seed: int = 0,
) -> CapabilityPrices:
    """Price at which each level of capability can be bought, month by month.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.prices.monthly_quotes.monthly_quotes`, of any workload.
    levels : mapping of label to capability, or sequence of capability, optional
        Points of the quotes' measure of capability; by default those of :data:`LANDMARKS`.
    rule : FrontierRule, optional
        Quantile, number of offers and width of the band; the defaults of :class:`FrontierRule`, the width
        in points of the quotes' measure.
    cluster : {"developer", "family"}
        Column that the bootstrap draws by.
    draws, confidence, seed
        Of the bootstrap.
    capability_error : bool
        Let each draw take the models' capability from its published interval too.

    Returns
    -------
    CapabilityPrices

    Raises
    ------
    DataError
        The quotes break their contract.
    InputError
        Levels or options are not usable.

    Notes
    -----
    Three versions. *Lowest*: the cheapest offer at or above the level, whatever its excess of capability.
    It falls as offers become more numerous even if none gets cheaper. *Fixed number*: what the cheapest of
    ``rule.number`` offers drawn at random costs on average (`minimum_of`);
    *low quantile*: the quantile of log prices. Both are read among offers between the level and
    ``rule.width`` points above it: among all offers above the level they would rise merely because ever
    better models appear at higher prices. The price of that is that they overlook a better model that is
    cheaper still, which the lowest price sees.

    The rate is the slope of log price on time by ordinary least squares over the months in which the level
    can be bought; the halving time is ``log(2)`` over it. Intervals are percentiles over resamples of whole
    clusters, the same clusters in every month. The bootstrap is not consistent for the ends of a
    distribution (Bickel and Freedman 1981): the intervals of *lowest* say how much hangs on single
    developers, and no more. tests/prices measure the coverage of all three.

    References
    ----------
    Bickel, P. J. and Freedman, D. A. (1981). Some asymptotic theory for the bootstrap. Annals of
    Statistics 9, 1196-1217. Hurlbert, S. H. (1971). The nonconcept of species diversity. Ecology 52,
    577-586. Stigler, G. J. (1961). The economics of information. Journal of Political Economy 69, 213-225.

    Examples
    --------
    >>> import undercut
    >>> from undercut.prices.monthly_quotes import monthly_quotes
    >>> quotes = monthly_quotes(undercut.load_prices(), start="2024-01", end="2024-12")
    >>> found = price_of_capability(quotes, {"GPT-3.5": 113.0}, draws=20)
    >>> bool(found.path("GPT-3.5")["price"].iloc[-1] < found.path("GPT-3.5")["price"].iloc[0])
    True
    """
    check_level(confidence)
    measure = quotes.attrs.get("measure", DEFAULT)
    rule = rule or FrontierRule(width=comparable_points(FrontierRule().width, measure))
    named = labelled_levels(levels, measure)
    paths = frontier_paths(
        quotes, list(named.values()), rule=rule, cluster=cluster, draws=draws, seed=seed,
        capability_error=capability_error,
    )  # fmt: skip
    settings = {
        "quantile": rule.quantile, "number": rule.number, "width": rule.width, "cluster": cluster,
        "draws": draws, "seed": seed, "capability error": capability_error,
        "workload": quotes.attrs.get("workload"), "measure": measure,
    }  # fmt: skip
    return CapabilityPrices(
        paths=_long(paths, named, confidence),
        rates=_rates(paths, named, confidence),
        holders=frontier_holders(quotes, named),
        confidence=confidence,
        clusters=paths.clusters,
        settings=settings,
    )


@once_a_measure
def landmark_levels(measure: str = DEFAULT) -> dict[str, float]:
    """Capability of the models of :data:`LANDMARKS` by a measure.

    A landmark without a score there stands where as large a share of the models that both measures score
    lies below it as by the default measure (equipercentile linking); landmarks beyond those models are left
    out.

    Raises
    ------
    TooFewError
        Fewer than twenty models have both scores.
    """
    known, other = model_scores(), model_scores(measure)
    both = pd.concat([known, other], axis=1, keys=["known", "other"]).dropna()
    if len(both) < _SHARED:
        raise TooFewError(f"Only {len(both)} models have a score by {DEFAULT} and by {measure}.")
    ranked = {name: np.sort(both[name].to_numpy(float)) for name in both}
    levels = {}
    for label, model in LANDMARKS.items():
        if model in other.index:
            levels[label] = float(other[model])
        elif ranked["known"][0] <= known[model] <= ranked["known"][-1]:
            levels[label] = float(np.interp(known[model], ranked["known"], ranked["other"]))
    return levels


def comparable_points(points: float, measure: str) -> float:
    """As many points of a measure as ``points`` of the default one, by the spread of the models with both."""
    spread = _spreads(measure)
    return points * spread["other"] / spread["known"]


@once_a_measure
def _spreads(measure: str) -> dict[str, float]:
    both = pd.concat([model_scores(), model_scores(measure)], axis=1, keys=["known", "other"]).dropna()
    return {name: float(both[name].std()) for name in both}


def frontier_holders(quotes: pd.DataFrame, levels: Mapping[str, float]) -> pd.DataFrame:
    """The cheapest offer at or above each level in each month.

    Returns
    -------
    DataFrame
        ``level, capability, period, offers, models`` and the holder's ``host, model_id, name, developer,
        origin, access, price, eci``. Of equal prices the more capable model holds the frontier.
    """
    scored = quotes[quotes["eci"].notna()].sort_values(
        ["period", "price", "eci", "product"], ascending=[True, True, False, True]
    )
    columns = [column for column in _HOLDER if column in scored]
    parts = []
    score, period = scored["eci"].to_numpy(float), scored["period"].to_numpy()
    model = pd.factorize(scored["model_id"])[0]
    for label, capability in levels.items():
        able = np.flatnonzero(score >= capability - 1e-9)
        months, first, offers = np.unique(period[able], return_index=True, return_counts=True)
        pairs = pd.DataFrame({"period": period[able], "model": model[able]}).drop_duplicates()
        models = pairs["period"].value_counts().reindex(months).to_numpy()
        best = scored[columns].iloc[able[first]].assign(period=months, offers=offers, models=models)
        parts.append(best.assign(level=label, capability=capability))
    found = pd.concat(parts, ignore_index=True)
    order = ["level", "capability", "period", "offers", "models", *columns]
    return found[order]


def labelled_levels(levels: Mapping[str, float] | Sequence[float] | None, measure: str) -> dict[str, float]:
    """Levels by label, those of the landmarks where none are given."""
    if levels is None:
        return landmark_levels(measure)
    named = dict(levels) if isinstance(levels, Mapping) else {f"{level:g}": level for level in levels}
    if not named or not np.isfinite(list(named.values())).all():
        raise InputError("levels must hold at least one number, and no missing ones.")
    return {str(label): float(level) for label, level in named.items()}


def _long(paths: FrontierPaths, levels: Mapping[str, float], confidence: float) -> pd.DataFrame:
    low, high = percentile_interval(paths.log_price[1:], level=confidence)
    logs = {"price": paths.log_price[0], "low": low, "high": high}
    offers = np.repeat(paths.offers[:, :, None], len(VERSIONS), axis=2).astype(int)
    columns = {name: np.exp(log) for name, log in logs.items()} | {"offers": offers}
    return long_frame(levels, paths.periods, columns)


def _rates(paths: FrontierPaths, levels: Mapping[str, float], confidence: float) -> pd.DataFrame:
    time = years(pd.Index(paths.periods)).to_numpy()
    slopes = log_slopes(paths.log_price, time)
    low, high = percentile_interval(slopes[1:], level=confidence)
    # The versions start when there are offers enough for them: the lowest price over the same months tells
    # how much of a difference is the version and how much the window.
    sample = paths.log_price[:1]
    same = log_slopes(np.where(np.isfinite(sample), sample[..., :1], np.nan), time)[0]
    rows = []
    for (j, (label, capability)), (v, version) in product(enumerate(levels.items()), enumerate(VERSIONS)):
        where = {"level": label, "capability": capability, "version": version}
        falls = -np.array([slopes[0, j, v], high[j, v], low[j, v]])
        rate = _rate(paths.log_price[:, :, j, v], falls, paths.periods, confidence)
        rows.append(where | rate | {"lowest_same_months": float(np.exp(-same[j, v]))})
    return pd.DataFrame(rows)


def _rate(path: Floats, falls: Floats, periods: list[str], confidence: float) -> dict[str, Any]:
    """Window, fold and rate of one path, shape (draws + 1, periods), with its log fall a year, (3,)."""
    known = np.flatnonzero(np.isfinite(path[0]))
    if not len(known):
        return {"months": 0, "note": "never on sale, or never enough offers"}
    first, last = known[0], known[-1]
    fold = path[:, first] - path[:, last]
    folds = np.exp([fold[0], *percentile_interval(fold[1:], level=confidence)])
    halvings = [halving_months(fall) for fall in falls[[0, 2, 1]]]
    return {
        "first": periods[first],
        "last": periods[last],
        "months": len(known),
        "first_price": float(np.exp(path[0, first])),
        "last_price": float(np.exp(path[0, last])),
        **dict(zip(("fold", "fold_low", "fold_high"), folds, strict=True)),
        **dict(zip(("times_cheaper_a_year", "times_low", "times_high"), np.exp(falls), strict=True)),
        **dict(zip(("halving_months", "halving_low", "halving_high"), halvings, strict=True)),
        "note": _note(len(known)),
    }


def _note(months: int) -> str:
    if months < MIN_MONTHS:
        return f"{months} months: too short for a rate"
    return f"annual rate from {months} months" if months < SHORT_MONTHS else ""


def halving_months(log_fall_per_year: float) -> float:
    """Months in which a price halves at this rate of fall; infinite where it does not fall.

    Examples
    --------
    >>> round(halving_months(np.log(4)), 6)
    6.0
    """
    if np.isnan(log_fall_per_year):
        return float("nan")
    return float(12 * np.log(2) / log_fall_per_year) if log_fall_per_year > 0 else float("inf")


def log_slopes(log_price: Floats, time: Floats) -> Floats:
    """Slope per year of each path by ordinary least squares over its known months.

    Parameters
    ----------
    log_price : numpy.ndarray
        Shape (draws, periods, ...).
    time : numpy.ndarray
        Years, shape (periods,).

    Returns
    -------
    numpy.ndarray
        Shape (draws, ...); NaN with fewer than `MIN_MONTHS` known months.
    """
    known = np.isfinite(log_price)
    moments = np.where(known, time.reshape(-1, *([1] * (log_price.ndim - 2))), np.nan)
    number = known.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.nansum(moments, axis=1, keepdims=True) / number[:, None]
        away = np.where(known, moments - centre, 0.0)
        slope = (away * np.where(known, log_price, 0.0)).sum(axis=1) / (away**2).sum(axis=1)
    return np.where(number >= MIN_MONTHS, slope, np.nan)
