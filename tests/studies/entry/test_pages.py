"""Does report 07 say what its results say, also where prices rise after an entry or do nothing?"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.inference.did.adoption_market import adopters
from undercut.inference.did.model import MethodComparison, staggered_adoption
from undercut.inference.did.randomisation import redrawn_dates
from undercut.inference.local_projections import local_projections, permute_shocks
from undercut.studies.entry.cuts import Cuts
from undercut.studies.entry.entries import FakeEntries, Headline, placebo_table
from undercut.studies.entry.estimators import Estimates, Estimators, estimators
from undercut.studies.entry.launches import Curve
from undercut.studies.entry.market import Jump
from undercut.studies.presentation import Answer, Figure, Number, Part, Sentence
from undercut.studies.presentation import Table as PageTable

mpl.use("Agg")


def entered(effect: float) -> pd.DataFrame:
    data = adopters(3, units=30, clusters=10, effect=effect, noise=0.02, never=0.3)
    return data.drop(columns="true")


@pytest.fixture(scope="module", params=["fall", "rise", "nothing"])
def world(request: pytest.FixtureRequest) -> tuple[str, Headline]:
    frame = entered({"fall": -0.4, "rise": 0.4, "nothing": 0.0}[request.param])
    sign = {"fall": -1.0, "rise": 1.0, "nothing": 0.0}[request.param]
    every = staggered_adoption(frame, method="all", leads=3, lags=4)
    ends: dict[str, Any] = {"estimate": 30.0 * sign, "low": 30.0 * sign - 10, "high": 30.0 * sign + 10}
    launch = pd.DataFrame([
        ends | {
            "sample": "all launches", "dose": dose_name, "controls": "capability and time", "launches": 60,
            "developers": 9, "detectable_fall": 20.0, "p_value": 0.01, "why_not": "",
        }
        for dose_name in ("is_exposed", "closeness")
    ])  # fmt: skip
    fit = every.fits["imputation"]
    found = Headline(
        estimators=estimators(every, draws=99), fit=fit, dates=redrawn_dates(fit, draws=40), entries=frame,
        launch=Estimates(frame=launch), reach=4.0,
    )  # fmt: skip
    return request.param, found


def texts(parts: list[Part]) -> str:
    return " ".join(part.text for part in parts if isinstance(part, Sentence | Answer))


def test_fewer_leads_are_said_in_the_table_and_in_a_sentence(world: tuple[str, Headline]) -> None:
    every = world[1].estimators.every
    fits = {**every.fits, "stacked": replace(every.fits["stacked"], leads=2)}
    fewer = MethodComparison(fits=fits, reasons={"sun_abraham": "too few"}, leads=3, lags=4)
    found = estimators(fewer, draws=99)
    parts = list(found.parts())
    table = next(part for part in parts if isinstance(part, PageTable))
    assert table.frame.set_index("term").loc["Stacked", "leads"] == 2
    assert "3 months before entry apart: Stacked with 2" in texts(parts)
    assert "Sun-Abraham: no estimate. too few" in texts(parts)
    assert "apart" not in texts(list(world[1].estimators.parts()))


@pytest.mark.parametrize(("p", "verdict"), [(0.01, "prices had parted"), (0.4, "weak comfort")])
def test_the_leads_are_judged_by_their_p_value(world: tuple[str, Headline], p: float, verdict: str) -> None:
    found = world[1].estimators
    told = Estimators(frame=found.frame.assign(pre_trend_p=p, hidden_trend=1.0), every=found.every)
    assert verdict in texts(list(told.parts()))


def test_placebos_that_look_like_the_estimate_are_said_to(world: tuple[str, Headline]) -> None:
    what, headline = world
    dates = headline.dates
    closed = {"estimate": 2.0, "low": -3.0, "high": 7.0, "models": 12, "why_not": ""}
    found = FakeEntries(frame=placebo_table({"redrawn dates": dates}), dates=dates, closed=closed)
    parts = list(found.parts())
    title = next(p for p in parts if isinstance(p, Figure)).draw().figure.texts[0].get_text()
    title = " ".join(title.split())
    assert ("stands out" in title) == (dates.p_value <= 0.05) == (what != "nothing")
    assert "+2% (−3% to 7%), 12 models" in texts(parts)
    failed = FakeEntries(frame=found.frame, dates=dates, closed={"why_not": "no rival"})
    assert "cannot stand in: no rival" in texts(list(failed.parts()))
    plt.close("all")


def test_hazards_without_an_upper_end_say_so_and_no_cut_is_no_size() -> None:
    row = {"event": "cut", "dose": "is_exposed", "estimate": 2.0, "low": 0.5, "high": np.inf, "events": 9}
    row |= {"p_value": 0.4, "rows": 100, "developers": 4, "detectable": 30.0, "why_not": ""}
    sizes = pd.DataFrame({"event": ["cut", "rise"], "changes": [0, 0]})
    ages = pd.DataFrame({"month": [12], "cause": ["cut"], "incidence": [0.1], "low": [0.0], "high": [0.2]})
    ages = pd.concat([ages, ages.assign(cause="withdrawn")]).assign(at_risk=5)
    found = Cuts(frame=pd.DataFrame([row]), counts={"cut": 9}, sizes=sizes, incidence=ages)
    parts = list(found.parts())
    hazard = next(part for part in parts if isinstance(part, Number))
    assert hazard.ci is None and "without an upper end" in hazard.note
    assert "No price was cut." in texts(parts)


@pytest.mark.parametrize(("slope", "word"), [(-0.5, "fell"), (0.5, "rose"), (0.0, "did not measurably")])
def test_the_markets_response_is_named_by_its_interval(slope: float, word: str) -> None:
    rng = np.random.default_rng(2)
    shock = rng.normal(size=60)
    series = pd.DataFrame({"p": (slope * shock + 0.05 * rng.normal(size=60)).cumsum(), "s": shock})
    fit = permute_shocks(local_projections(series, outcome="p", shock="s", horizons=2, lags=1))
    parts = list(Jump(response=fit, months=60, horizon=2).parts())
    figure = next(part for part in parts if isinstance(part, Figure))
    title = " ".join(figure.draw().figure.texts[0].get_text().split())
    assert f"closed prices {word}" in title
    plt.close("all")


def test_a_curve_counts_falls_and_rises() -> None:
    counts = {"specifications": 7, "failed": 0, "median": -0.2, "lowest": -0.5, "highest": 0.1}
    counts |= {"above": 1, "below": 6, "interval_above": 0, "interval_below": 4}
    told = SimpleNamespace(counts=lambda: counts, summary=lambda: "Seven.", table=pd.DataFrame)
    parts = list(Curve(curve=told).parts())  # type: ignore[arg-type]
    median = next(part for part in parts if isinstance(part, Number))
    assert median.value == pytest.approx(100 * np.expm1(-0.2))
    assert "-39% to 11%" in median.note
