"""A market whose effect of open rivals on prices is known, to see whether the estimators recover it.

Open models come in clusters of releases, list prices are sticky steps, developers differ in how readily they
cut, and few developers make many models: what makes the real market hard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from undercut.competition.rivals.exposure import RivalRule, exposure, open_rivals, own_closed_offers
from undercut.competition.rivals.launch_prices import launches
from undercut.competition.rivals.price_cuts import offers_at_risk, with_doses
from undercut.inference.arrays import Codes, Floats

_LATER = pd.Timestamp("2030-01-01", tz="UTC")
_FIRST = pd.Period("2023-12", freq="M")


@dataclass(frozen=True, slots=True)
class MarketDesign:
    """Size and noise of a simulated market.

    Attributes
    ----------
    developers : int
        Makers of closed models.
    models : int
        Closed models in all.
    months : int
    monthly_cuts : float
        Probability of a cut in a month of a new model far ahead of every open one.
    frailty : float
        Standard deviation of the log hazard between developers, which no regressor explains.
    developer_spread : float
        Standard deviation of log launch prices between developers.
    noise : float
        Standard deviation of log launch prices within them.
    """

    developers: int = 8
    models: int = 80
    months: int = 35
    monthly_cuts: float = 0.03
    frailty: float = 0.5
    developer_spread: float = 0.5
    noise: float = 0.6


def simulated_quotes(
    *, cut_effect: float, launch_effect: float, seed: int, design: MarketDesign | None = None
) -> pd.DataFrame:
    """Monthly quotes of closed and open models with known effects of closeness.

    Parameters
    ----------
    cut_effect : float
        Change of the log (cloglog) hazard of a cut per unit of closeness.
    launch_effect : float
        Change of the log launch price per unit of closeness.
    seed : int
    design : MarketDesign, optional

    Returns
    -------
    DataFrame
        In the shape of :func:`undercut.prices.monthly_quotes.monthly_quotes`.

    Notes
    -----
    The frontier gains 1.3 points a month. Closed models launch up to 12 points behind it; open ones come in
    clusters of one to three, some 4 to 10 points behind the closed frontier of their month. The hazard falls
    with log age by 0.5; log launch prices rise by 0.06 a point of capability and fall by 0.5 a year.
    """
    design = design or MarketDesign()
    generator = np.random.default_rng(seed)
    closed, rivals = _closed_models(design, generator), _open_models(design, generator)
    quotes = pd.concat([_offered(closed), _offered(rivals)], ignore_index=True)
    # A dated source: the first cut after a launch is a cut, and no correction of the table.
    quotes = quotes.assign(price=1.0, source="genai-prices", last_seen=_LATER, group="simulated")
    doses = exposure(own_closed_offers(quotes), open_rivals(quotes), rule=RivalRule(), groups=["any"])
    quotes["closeness"] = quotes.merge(doses[["product", "period", "closeness"]], how="left")["closeness"]
    is_closed = quotes["access"].eq("closed")
    steps = quotes[is_closed].sort_values(["product", "period"])
    quotes.loc[steps.index, "price"] = _prices(steps, closed, cut_effect, launch_effect, design, generator)
    return quotes.drop(columns="closeness")


def simulated_rows(*, effect: float, seed: int, design: MarketDesign | None = None) -> pd.DataFrame:
    """Rows for :func:`undercut.competition.rivals.hazard.event_hazard`, made by the whole chain."""
    quotes = simulated_quotes(cut_effect=effect, launch_effect=0.0, seed=seed, design=design)
    return with_doses(offers_at_risk(quotes), open_rivals(quotes))


def simulated_launches(*, effect: float, seed: int, design: MarketDesign | None = None) -> pd.DataFrame:
    """Rows for `launch_price_effect`, made by the whole chain."""
    quotes = simulated_quotes(cut_effect=0.0, launch_effect=effect, seed=seed, design=design)
    return with_doses(launches(quotes), open_rivals(quotes))


def _closed_models(design: MarketDesign, generator: np.random.Generator) -> pd.DataFrame:
    start = generator.integers(0, design.months - 2, size=design.models)
    makers = generator.choice(design.developers, size=design.models, p=_sizes(design.developers))
    behind = generator.uniform(0, 12, size=design.models)
    life = generator.integers(8, 30, size=design.models)
    return _models("closed", makers, start, 120 + 1.3 * start - behind, life, design.months)


def _open_models(design: MarketDesign, generator: np.random.Generator) -> pd.DataFrame:
    """Clusters of releases: some months have none, some up to three at once."""
    when = np.flatnonzero(generator.random(design.months) < 0.35)
    when = np.union1d(when, [0])
    start = np.repeat(when, generator.integers(1, 4, size=len(when)))
    score = 120 + 1.3 * start - generator.uniform(4, 10, size=len(start))
    makers = generator.integers(0, 5, size=len(start))
    return _models("open", makers, start, score, np.full(len(start), design.months), design.months)


def _models(
    access: str, makers: Codes, start: Codes, score: Floats, life: Codes, months: int
) -> pd.DataFrame:
    number = len(start)
    frame = pd.DataFrame({"start": start, "eci": score, "end": np.minimum(start + life, months)})
    frame["model_id"] = [f"{access}-{i}" for i in range(number)]
    frame["developer"] = [f"{access} maker {maker}" for maker in makers]
    frame["access"], frame["origin"], frame["family"] = access, "US", "family"
    frame["host"], frame["host_kind"] = frame["developer"], "developer"
    # A week before the first observation, so that no model counts as on sale before its release.
    released = [(_FIRST + int(month)).to_timestamp() + pd.Timedelta(days=7) for month in start]
    return frame.assign(release_date=pd.DatetimeIndex(released).as_unit("us"))


def _offered(models: pd.DataFrame) -> pd.DataFrame:
    """One row a model and month on sale."""
    length = (models["end"] - models["start"]).to_numpy()
    rows = models.loc[models.index.repeat(length)].copy()
    month = rows["start"].to_numpy() + rows.groupby(level=0).cumcount().to_numpy()
    periods = pd.PeriodIndex.from_ordinals(_FIRST.ordinal + month, freq="M")
    rows["period"] = periods.strftime("%Y-%m")
    rows["observed_on"] = periods.to_timestamp() + pd.Timedelta(days=14)
    rows["product"] = rows["host"] + "/" + rows["model_id"]
    return rows.drop(columns=["start", "end"])


def _prices(
    steps: pd.DataFrame, closed: pd.DataFrame, cut_effect: float, launch_effect: float, design: MarketDesign,
    generator: np.random.Generator,
) -> Floats:  # fmt: skip
    """Sticky prices of closed models, by product and month: a launch price and cuts of about a third."""
    first = steps.drop_duplicates("product").set_index("product")
    makers = sorted(closed["developer"].unique())
    level = dict(zip(makers, generator.normal(0, design.developer_spread, len(makers)), strict=True))
    readiness = dict(zip(makers, generator.normal(0, design.frailty, len(makers)), strict=True))
    since = (first["release_date"] - _FIRST.to_timestamp()).dt.days / 365.25
    launch = 0.06 * (first["eci"] - 120) - 0.5 * since + launch_effect * first["closeness"]
    launch += first["developer"].map(level) + generator.normal(0, design.noise, len(first))
    age = (steps["observed_on"] - steps["release_date"]).dt.days / 30.4375
    rate = np.log(-np.log1p(-design.monthly_cuts)) + cut_effect * steps["closeness"] - 0.5 * np.log1p(age)
    hazard = -np.expm1(-np.exp(rate + steps["developer"].map(readiness)))
    is_cut = generator.random(len(steps)) < hazard
    size = np.where(is_cut, -generator.gamma(4.0, 0.1, len(steps)) - 0.05, 0.0)
    # A cut decided in a month shows in the next month's price.
    path = pd.Series(size, index=steps.index).groupby(steps["product"])
    fallen = path.cumsum().groupby(steps["product"]).shift(fill_value=0.0)
    return np.exp(steps["product"].map(launch).to_numpy(float) + fallen.to_numpy(float))


def _sizes(developers: int) -> Floats:
    """Shares of models by developer: few make most, as in the panel."""
    weight = 1 / np.arange(1, developers + 1)
    return weight / weight.sum()
