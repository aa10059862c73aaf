"""What do the headlines of the reports on prices hang on? Every combination of choices, and one left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import NotIdentifiedError, TooFewError
from undercut.inference.arrays import Booleans
from undercut.inference.robustness import Robustness
from undercut.panel.measures import MEASURES, installed, model_scores
from undercut.prices.capability.frontier import VERSIONS, FrontierRule, frontier_paths
from undercut.prices.capability.gap import fit_gap
from undercut.prices.capability.gaps import UNRESTRICTED, closed_models, open_models, priced_models
from undercut.prices.capability.price_of_capability import comparable_points, landmark_levels
from undercut.prices.changes import count_changes
from undercut.prices.cross_section import model_facts, offers_of_days
from undercut.prices.index import price_index
from undercut.prices.load import with_workload
from undercut.prices.monthly_quotes import monthly_quotes, years
from undercut.report.findings.results import Finding
from undercut.studies.presentation import Part
from undercut.studies.robust import hangs_on, point

Checked = Robustness | list[Part]

#: First months of an index: the start of the panel, and each half year for which a trend can be fitted.
STARTS: Final = ("2023-12", "2024-07", "2025-01", "2025-07")
_FORMULAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "chained Jevons": {"method": "jevons", "chained": True},
    "GEKS-Jevons": {"method": "geks-jevons"},
    "time-product dummy": {"method": "time-product-dummy"},
}
SAME_MODEL: Final[Mapping[str, Sequence[Any]]] = {
    "formula": tuple(_FORMULAS),
    "first month": STARTS,
    "sellers": ("all", "developers themselves"),
    "unknown changes": ("none", "real"),
}


def same_model(quotes: pd.DataFrame, headline: Finding) -> Checked:
    """The change a year of the same model at the same seller, under every combination of `SAME_MODEL`.

    Parameters
    ----------
    quotes : DataFrame
        From :func:`undercut.monthly_quotes`.
    headline : Number
        The finding of the report, in percent a year.
    """
    counted = {"none": count_changes(quotes, "real"), "real": count_changes(quotes, "real_and_unknown")}

    def estimate(**chosen: Any) -> dict[str, float]:
        rows = counted[chosen["unknown changes"]]
        rows = rows[rows["period"] >= chosen["first month"]]
        own = rows["host_kind"].eq("developer") if chosen["sellers"] != "all" else slice(None)
        rows = rows.loc[own, ["period", "product", "price"]]
        if rows["period"].nunique() < 7:
            raise TooFewError("Fewer than seven months give no rate a year.")
        return point(annual_change(price_index(rows, **_FORMULAS[chosen["formula"]]).index))

    steps = monthly_steps(counted["none"].assign(also=counted["real"]["price"]))
    months = sorted(counted["none"]["period"].unique())

    def half_way(left: pd.DataFrame) -> float:
        return (chained_change(left, months, "price") + chained_change(left, months, "also")) / 2

    label = "The same model at the same seller: change of price a year"
    return hangs_on(headline, label, estimate, SAME_MODEL, steps, ["developer", "seller"], half_way)


def monthly_steps(quotes: pd.DataFrame) -> pd.DataFrame:
    """Log changes of ``price`` and ``also`` from the month before; missing where an offer is not in both.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes with a second price ``also``.

    Returns
    -------
    DataFrame
        ``month`` (place among the months of the quotes), ``seller, developer, price, also``.
    """
    ordered = quotes.assign(month=pd.factorize(quotes["period"], sort=True)[0], seller=quotes["host"])
    ordered = ordered.sort_values(["product", "month"])
    same = ordered["product"].eq(ordered["product"].shift()) & ordered["month"].diff().eq(1)
    changes = {name: np.log(ordered[name]).diff().where(same) for name in ("price", "also")}
    return ordered[["month", "seller", "developer"]].assign(**changes)


def chained_change(steps: pd.DataFrame, months: Sequence[str], price: str) -> float:
    """Percent a year of the chained Jevons index that these steps make; see `monthly_steps`."""
    month, step = steps["month"].to_numpy(), steps[price].to_numpy(float)
    seen = np.isfinite(step)
    count = np.bincount(month[seen], minlength=len(months))[1:]
    if (count == 0).any():
        raise NotIdentifiedError("Two months have no offer in common.")
    total = np.bincount(month[seen], weights=step[seen], minlength=len(months))[1:]
    return annual_change(pd.Series(np.exp(np.append(0.0, np.cumsum(total / count))), index=months))


#: What the report on market prices leads with, as options of `uc.prices.open_closed_gap`.
GAP: Final[Mapping[str, Any]] = {
    "at": "median", "sellers": "us-reachable", "equal_age": True, "score_error": True,
    "cluster": "developer",
}  # fmt: skip
_AGES: Final = ("held equal", "left out", "models of the last 12 months")
#: Months before the day for which the gap is computed again.
_MONTHS: Final = 6
_HELD: Final = ("model", "developer", "restricted", "age", "log_price", "is_group")


def gap_options(workload: str) -> dict[str, Sequence[Any]]:
    """The choices behind the gap at equal capability, the headline's first."""
    return {
        "seller": ("median", "lowest", "developer"),
        "age of release": _AGES,
        "measure": tuple(MEASURES[name].title for name in installed()),
        "workload": tuple(dict.fromkeys((workload, "measured", "agent"))),
        "licences": ("all", "unrestricted"),
        "months back": tuple(range(_MONTHS)),
    }


def price_gap_choices(prices: pd.DataFrame, day: pd.Timestamp, headline: Finding, **sides: Any) -> Checked:
    """The price gap in percent under every combination of `gap_options`, and without each model or developer.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices`.
    day : date
    headline : Number
        The finding of the report.
    **sides
        Countries and least capability, as in :func:`undercut.prices.open_closed_gap`.
    """
    options = gap_options(str(prices.attrs.get("workload", "chat")))
    days = [day - pd.DateOffset(months=back) for back in options["months back"]]
    by_title = {MEASURES[name].title: name for name in installed()}

    @cache
    def offers(workload: str) -> pd.DataFrame:
        return offers_of_days(with_workload(prices, workload), days)

    @cache
    def priced(workload: str, seller: str) -> pd.DataFrame:
        """One price a model and day, of the models on either side."""
        found = priced_models(offers(workload), at=seller, sellers=GAP["sellers"])
        is_open = open_models(found, sides.get("open_origin", "CN"))
        is_closed = closed_models(found, sides.get("closed_origin", "US"))
        found = found.assign(
            is_group=is_open.astype(float), log_price=np.log(found["price"]), model=found["model_id"],
            restricted=~found["access"].isin(UNRESTRICTED),
        )  # fmt: skip
        return found[(is_open | is_closed) & found["age"].notna()]

    @cache
    def arrays(workload: str, measure: str, seller: str, back: int) -> dict[str, Any]:
        rows = priced(workload, seller)
        score = scores[measure].reindex(rows["model"]).to_numpy(float)
        keep = rows["day"].eq(days[back]).to_numpy() & (score >= least)
        held = {name: rows[name].to_numpy() for name in _HELD} | {"eci": score}
        return {name: column[keep] for name, column in held.items()}

    def fitted(of: Mapping[str, Any], age: str, keep: Booleans) -> float:
        if "12" in age:
            keep = keep & (of["age"] < 12)
        held = ["eci", "age"] if age == "held equal" else ["eci"]
        regressors = np.column_stack([of[name][keep] for name in held])
        return 100 * fit_gap(regressors, of["log_price"][keep], of["is_group"][keep]).gap

    def estimate(**chosen: Any) -> dict[str, float]:
        of = arrays(*(chosen[key] for key in ("workload", "measure", "seller", "months back")))
        keep = ~of["restricted"] | (chosen["licences"] == "all")
        return point(fitted(of, chosen["age of release"], keep))

    def headline_gap(left: pd.DataFrame) -> float:
        of = {name: left[name].to_numpy() for name in left}
        return fitted(of, "held equal", np.full(len(left), True))

    scores = {title: model_scores(name) for title, name in by_title.items()}
    least = -np.inf if sides.get("min_capability") is None else sides["min_capability"]
    rows = pd.DataFrame(
        arrays(*(options[key][0] for key in ("workload", "measure", "seller", "months back")))
    )
    return hangs_on(headline, headline.label, estimate, options, rows, ["model", "developer"], headline_gap)


def fall_choices(prices: pd.DataFrame, level: str, headline: Finding) -> Checked:
    """How many times cheaper a level of capability becomes a year, under every combination of choices.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices`.
    level : str
        The landmark of the headline, told by its cheapest of five offers.
    headline : Finding
        The finding of the report.
    """
    measure, workload = str(prices.attrs["measure"]), str(prices.attrs["workload"])
    by_title = {MEASURES[name].title: name for name in dict.fromkeys((measure, *installed()))}
    options = {
        "definition": ("fixed number", "lowest", "low quantile"),
        "capability": tuple(dict.fromkeys((level, "GPT-3.5 Turbo", "GPT-4", "Claude 3.5 Sonnet"))),
        "measure": tuple(by_title),
        "workload": tuple(dict.fromkeys((workload, "chat", "measured"))),
        "first month": STARTS,
    }

    @cache
    def quotes(workload: str) -> pd.DataFrame:
        found = monthly_quotes(with_workload(prices, workload))
        found.attrs = {}
        return found

    def paths(rows: pd.DataFrame, name: str, levels: Mapping[str, float]) -> dict[str, pd.DataFrame]:
        rule = FrontierRule(width=comparable_points(FrontierRule().width, name))
        found = frontier_paths(
            rows, list(levels.values()), rule=rule, cluster="developer", draws=0, seed=0,
            capability_error=False,
        )  # fmt: skip
        return {
            label: pd.DataFrame(found.log_price[0, :, place], found.periods, VERSIONS)
            for place, label in enumerate(levels)
        }

    @cache
    def of(workload: str, title: str) -> dict[str, pd.DataFrame]:
        facts = model_facts(by_title[title]).filter(like="eci")
        rows = quotes(workload).drop(columns=list(facts)).join(facts, on="model_id")
        return paths(rows, by_title[title], landmark_levels(by_title[title]))

    def estimate(**chosen: Any) -> dict[str, float]:
        levels = of(chosen["workload"], chosen["measure"])
        if chosen["capability"] not in levels:
            raise TooFewError(f"{chosen['measure']} does not reach down to {chosen['capability']}.")
        path = levels[chosen["capability"]][chosen["definition"]]
        return point(times_cheaper(path[path.index >= chosen["first month"]]))

    floor, rows = landmark_levels(measure)[level], quotes(workload)
    near = rows[rows["eci"].between(floor, floor + comparable_points(FrontierRule().width, measure))]
    return hangs_on(
        headline, f"{level} capability: times cheaper a year", estimate, options,
        near.assign(model=near["model_id"]), ["model", "developer"],
        lambda kept: times_cheaper(paths(kept, measure, {level: floor})[level]["fixed number"]),
        reference=1.0,
    )  # fmt: skip


def times_cheaper(log_price: pd.Series) -> float:
    """Times cheaper a year: the slope of a monthly log price on time, where it is known.

    Raises
    ------
    TooFewError
        Fewer than twelve known months.
    """
    known = log_price.dropna()
    if len(known) < 12:
        raise TooFewError(f"Only {len(known)} months have a price; 12 are needed for a rate a year.")
    time = years(pd.Index(known.index)).to_numpy()
    return float(np.exp(-np.polyfit(time, known.to_numpy(float), 1)[0]))


def annual_change(index: pd.Series) -> float:
    """Percent a year: the slope of the log of a monthly index on time."""
    time = years(pd.Index(index.index.astype(str))).to_numpy()
    return float(100 * np.expm1(np.polyfit(time, np.log(index.to_numpy(float)), 1)[0]))
