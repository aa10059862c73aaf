"""What do the headlines of the reports on prices hang on? Every combination of choices, and one left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.robustness import Robustness
from undercut.panel.measures import MEASURES, installed
from undercut.prices.capability.frontier import VERSIONS, FrontierRule, frontier_paths
from undercut.prices.capability.gap import fit_gap
from undercut.prices.capability.gaps import admitted, closed_models, comparable_models, open_models
from undercut.prices.capability.price_of_capability import comparable_points, landmark_levels
from undercut.prices.cross_section import model_facts, offers_of_days
from undercut.prices.index import price_index
from undercut.prices.load import with_workload
from undercut.prices.monthly_quotes import monthly_quotes, years
from undercut.prices.real_changes import count_changes
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

    def rate(rows: pd.DataFrame, formula: str = "chained Jevons") -> float:
        if rows["period"].nunique() < 7:
            raise TooFewError("Fewer than seven months give no rate a year.")
        return annual_change(price_index(rows[["period", "product", "price"]], **_FORMULAS[formula]).index)

    def estimate(**chosen: Any) -> dict[str, float]:
        rows = counted[chosen["unknown changes"]]
        rows = rows[rows["period"] >= chosen["first month"]]
        own = rows["host_kind"].eq("developer") if chosen["sellers"] != "all" else slice(None)
        return point(rate(rows.loc[own], chosen["formula"]))

    units = counted["none"].rename(columns={"host": "seller"}).assign(also=counted["real"]["price"])

    def half_way(rows: pd.DataFrame) -> float:
        return (rate(rows) + rate(rows.assign(price=rows["also"]))) / 2

    label = "The same model at the same seller: change of price a year"
    return hangs_on(headline, label, estimate, SAME_MODEL, units, ["developer", "seller"], half_way)


#: What the report on market prices leads with, as options of `uc.prices.open_closed_gap`.
GAP: Final[Mapping[str, Any]] = {
    "at": "median", "sellers": "us-reachable", "equal_age": True, "score_error": True,
    "cluster": "developer",
}  # fmt: skip
_AGES: Final = ("held equal", "left out", "models of the last 12 months")
#: Months before the day for which the gap is computed again.
_MONTHS: Final = 6


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

    countries = {name: value for name, value in sides.items() if name.endswith("origin")}
    admits = {name: value for name, value in sides.items() if name not in countries}

    @cache
    def priced(workload: str, seller: str, back: int) -> pd.DataFrame:
        of_day = offers(workload)
        of_day = of_day[of_day["day"].eq(days[back])]
        of_day.attrs = {}
        found = comparable_models(of_day, days[back], at=seller, sellers=GAP["sellers"])
        is_open, is_closed = (
            of(found, countries.get(side, country))
            for of, side, country in (
                (open_models, "open_origin", "CN"), (closed_models, "closed_origin", "US"),
            )
        )  # fmt: skip
        compared = found[["model_id", "developer", "access", "release_date", "age", "price"]]
        return compared.assign(is_group=is_open.astype(float))[is_open | is_closed]

    @cache
    def models(
        workload: str, measure: str, seller: str, back: int, licences: Literal["all", "unrestricted"]
    ) -> pd.DataFrame:
        scored = priced(workload, seller, back).join(scores[measure], on="model_id")
        scored = admitted(scored.dropna(subset=["eci", "age"]), days[back], licences=licences, **admits)
        return scored.assign(log_price=np.log(scored["price"]), model=scored["model_id"])

    def gap(rows: pd.DataFrame, age: str = "held equal") -> float:
        kept = rows["age"].lt(12).to_numpy() if "12" in age else np.full(len(rows), True)
        held = rows[["eci", "age"] if age == "held equal" else ["eci"]].to_numpy(float)
        log_price, is_group = (rows[name].to_numpy(float)[kept] for name in ("log_price", "is_group"))
        return 100 * fit_gap(held[kept], log_price, is_group).gap

    def estimate(**chosen: Any) -> dict[str, float]:
        keys = ("workload", "measure", "seller", "months back", "licences")
        return point(gap(models(*(chosen[key] for key in keys)), chosen["age of release"]))

    scores = {title: model_facts(name)[["eci"]] for title, name in by_title.items()}
    first = {choice: values[0] for choice, values in options.items()}
    keys = ("workload", "measure", "seller")
    rows = models(*(first[key] for key in keys), 0, first["licences"])
    return hangs_on(headline, headline.label, estimate, options, rows, ["model", "developer"], gap)


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

    def paths(rows: pd.DataFrame, name: str) -> dict[str, pd.DataFrame]:
        levels = landmark_levels(name)
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
        return paths(rows, by_title[title])

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
        lambda kept: times_cheaper(paths(kept, measure)[level]["fixed number"]), reference=1.0,
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
