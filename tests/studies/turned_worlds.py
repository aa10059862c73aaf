"""Each report's data as they are and turned around, through its own study code, and what it then says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import undercut as uc
from tests.competition.demand.test_responses import world
from tests.competition.demand.worlds import simulate_markets
from tests.competition.hosts.host_market import host_market
from tests.competition.hosts.test_first_party import market as same_weights_market
from tests.competition.rivals.market import open_model
from tests.competition.rivals.market import quotes as market_quotes
from tests.prices.capability.test_headlines import exchanged
from tests.studies.adoption.test_pages import PAID, usage
from tests.studies.price_war.test_pages import Weekly
from tests.studies.stocks.test_pages import DAY, market_of, turned
from undercut.competition import hosts
from undercut.competition.demand.response_sample import response_sample
from undercut.panel.measures import capability_scores
from undercut.prices import tasks
from undercut.studies import access, adoption, changed, entry, price_war, quality, stocks
from undercut.studies import hosts as host_study
from undercut.studies import value as value_study
from undercut.studies.counterfactual import responses
from undercut.studies.presentation import Answer, Figure, Number, Sentence, parts_of
from undercut.studies.prices import comparison, levels, specifications
from undercut.studies.quality import estimates as quality_estimates
from undercut.valuation.scenarios import scenario
from undercut.valuation.vendors import vendor_case


@dataclass(frozen=True)
class Told:
    """What a reader meets first on a page."""

    key: str
    number: Number
    answer: str
    title: str
    rest: str


def read(*results: Any, key: str = "") -> Told:
    """The headline (or the finding of that key), the answer, the leading figure's title, all sentences."""
    parts = [part for result in results for part in parts_of(result)]
    numbers = [part for part in parts if isinstance(part, Number)]
    named = [part for part in numbers if part.key == key or (not key and part.role == "headline")]
    number = [*named, *numbers][0]
    figures = [part for part in parts if isinstance(part, Figure)]
    figure = next((part for part in figures if part.leads), figures[0])
    drawn = figure.draw()
    title = drawn.figure.texts[0].get_text().replace("\n", " ")
    plt.close("all")
    answer = next((part.text for part in parts if isinstance(part, Answer)), "")
    said = " ".join(part.text for part in parts if isinstance(part, Sentence | Answer))
    return Told(number.key, number, answer, title, said)


@cache
def panel(workload: str = "chat") -> pd.DataFrame:
    return uc.load_prices(workload=workload)


@cache
def every_quote() -> pd.DataFrame:
    return uc.load_prices(status="all")


@cache
def quotes() -> pd.DataFrame:
    return uc.monthly_quotes(panel())


@cache
def sample() -> pd.DataFrame:
    return turned(DAY, 1.0)


def day() -> Any:
    return panel()["last_seen"].max().date()


def gap(sign: int) -> Told:
    """Prices of origins exchanged."""
    prices = panel() if sign > 0 else exchanged(panel())
    return read(uc.prices.gap_history(prices, [day()], **specifications.GAP, draws=99))


def index(sign: int) -> Told:
    """The same offers with a fall, or a rise, of a third a year on top of their own changes of price."""
    months = (pd.PeriodIndex(quotes()["period"], freq="M") - pd.Period("2023-12", "M")).map(lambda gap: gap.n)
    trend = np.exp(-sign * 0.4 * months.to_numpy(float) / 12)
    seen = uc.prices.count_changes(quotes(), "real").assign(price=lambda rows: rows["price"] * trend)
    seen = seen[seen["period"] >= "2025-07"]
    scored = uc.prices.hedonic.with_characteristics(seen)
    found = [
        uc.prices.resampled_index(seen, method="jevons", chained=True, draws=20),
        uc.hedonic_index(scored, characteristics=uc.prices.hedonic.OF_ALL_OFFERS),
        uc.hedonic_index(scored, window=13),
    ]
    return read(comparison.compare({"real": found, "real_and_unknown": found}, workload="chat"))


def capability(sign: int) -> Told:
    """Prices as they are, and with a rise by e³ a year on top."""
    months = (pd.PeriodIndex(quotes()["period"], freq="M") - pd.Period("2023-12", "M")).map(lambda gap: gap.n)
    trend = np.exp((sign < 0) * 3.0 * months.to_numpy(float) / 12)
    found = uc.price_of_capability(quotes().assign(price=quotes()["price"] * trend), draws=20)
    return read(levels.in_detail(found, "GPT-4"))


def shock(sign: int) -> Told:
    """The famous day with the returns of all companies turned upside down."""
    found = stocks.shock_of(market_of(turned(DAY, sign)), uc.load_events(), "E052", release="E050")
    firms = uc.event_study(found.returns, found.alone(found.data.firms), window=(0, 0), **found.options)
    ladder = stocks.shock_ladder(found, markets={"S&P 500": "SPY", "equal weight": "RSP"})
    return read(stocks.headline(stocks.company_moves(found, firms), ladder), ladder)


def releases(sign: int) -> Told:
    """Chip makers' shares fall, or rise, by five percent on every release."""
    found, wide = stocks.release_events(panel()), sample().copy()
    days = found.loc[found["date"].isin(wide.index), "date"]
    wide.loc[days, ["NVDA", "AVGO", "AMD", "TSM"]] -= sign * 0.05
    return read(stocks.responses(wide, found, draws=199))


def announcements(sign: int) -> Told:
    """Chip makers' shares fall, or rise, by a fifth on every tightening of controls."""
    events, wide = uc.load_events(), sample().copy()
    plain = stocks.announced(market_of(wide), events)
    days = plain.rows.loc[plain.rows["group"].eq("export controls tightened"), "date"]
    wide.loc[days, plain.members["chips"]] -= sign * 0.2
    case = stocks.announced(market_of(wide), events)
    study = uc.event_study(case.returns, case.pairs(), window=case.window, **case.options)
    return read(stocks.pair_moves(case, study, draws=999))


def dose(sign: int) -> Told:
    """Closed models whose price falls, or rises, as an open rival comes level."""
    months = [str(month) for month in pd.period_range("2024-01", periods=12, freq="M")]
    rows = [
        {"model": f"m{n}", "month": month, "developer": f"D{n}", "eci": 130.0 + n, "host": None,
         "price": np.exp(0.01 * np.sin(7 * n + at * (n + 1)) - 0.3 * sign * (at > 5) * max(0, 1.25 - n / 8))}
        for n in range(8) for at, month in enumerate(months)
    ]  # fmt: skip
    made = market_quotes(*rows, *(open_model("o", month, eci=132.0) for month in months[6:]))
    opened = pd.DataFrame({"day": pd.to_datetime(["2024-07-10"]), "is_entry": [True]})
    return read(entry.dose(made, made, opened, months_after=3, draws=99, placebos=60))


def seller(sign: int) -> Told:
    """One more seller lowers, or raises, what the others want to charge."""
    made = host_market(1, effect=-sign * 0.1, models=25)
    return read(host_study.answers(made, hosts.entry_effect(made, lags=6), workload="chat"))


def tokens(sign: int) -> Told:
    """Weekly tokens that answer prices with an elasticity of −1.2, or 1.2."""
    made = world(-sign * 1.2, models=20)
    products = simulate_markets(2, 6, seed=1).assign(spend=lambda rows: rows["price"] * rows["tokens"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "response_sample", lambda **chosen: response_sample(*made, **chosen))
        return read(responses.measured_responses(products, draws=49))


def vendor(sign: int) -> Told:
    """A chip maker in a boom of demand gains whatever use does; a seller of models in a price war loses."""
    ticker, name = ("NVDA", "demand-boom") if sign > 0 else ("OPENAI", "price-war")
    case, told = vendor_case(ticker, uc.load_reference("fundamentals")), scenario(name)
    found = value_study.break_even(case, scenario("status-quo"), told, draws=32)
    middle = found.found.curves.set_index("elasticity")["median"].median()
    said = read(found)
    return replace(said, key="value", number=Number("value", said.number.label, 100 * float(middle), "%"))


@cache
def war() -> Any:
    cases = [vendor_case(ticker, uc.load_reference("fundamentals")) for ticker in ("NVDA", "CRM")]
    return price_war.break_even(cases, scenario("price-war"), draws=32)


def chain(sign: int) -> Told:
    """The measured elasticity beyond the break-even, or short of it."""
    measured = Weekly(-1.6, -1.5) if sign > 0 else Weekly(-0.1, -0.05)
    return read(replace(war(), measured=measured))


def buyers(sign: int) -> Told:
    """Prices of origins exchanged, at a capability at which many models stand."""
    prices = panel("measured") if sign > 0 else exchanged(panel("measured"))
    return read(access.buyers(prices, day(), capability="GPT-5", draws=200))


def premium(sign: int) -> Told:
    """US sellers that ask more, or less, than the developer."""
    made = same_weights_market(sign * 0.3, noise=0.05)
    names = dict(zip(made["model_id"].unique(), uc.load_reference("models")["model_id"], strict=False))
    made = made.assign(model_id=made["model_id"].map(names), developer=made["model_id"])
    options = {"recent_months": 2, "first_month": "2024-01", "workload": "chat", "draws": 50}
    return read(quality.same_weights(made, **options))


def lag(sign: int) -> Told:
    """Scores of the two origins exchanged."""

    def scores(name: str) -> pd.DataFrame:
        found = capability_scores(name)
        if sign > 0:
            return found
        opened = found["access"].str.startswith("open").fillna(False) & found["country"].eq("CN")
        closed = found["access"].eq("closed") & found["country"].eq("US")
        country = found["country"].mask(opened, "US").mask(closed, "CN")
        return found.assign(
            country=country, access=found["access"].mask(opened, "closed").mask(closed, "open")
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality_estimates, "capability_scores", scores)
        patch.setattr(quality_estimates, "installed", lambda: ("eci_2026_10",))
        parts = list(parts_of(quality.behind(day(), "eci_2026_10", draws=50)))
    return read(parts, key="capability_gap_months")


def share(sign: int) -> Told:
    """A Chinese open share that rises from a fifth to three, or falls."""
    found = adoption.shares(usage(*(20, 60)[::sign]), panel())
    return read(found, adoption.conclusion(found, PAID), key="chinese_open_share.change")


@cache
def costs() -> pd.DataFrame:
    table, models = uc.load_reference("cost_per_task"), uc.load_reference("models")
    rows = tasks.task_costs(table, models, benchmark="aider_polyglot", effort="best")
    return tasks.with_token_prices(rows, panel("agent")).assign(benchmark="epoch_gpqa")


def task(sign: int) -> Told:
    """Costs of origins exchanged (the code edits, whose gap is clear, in the place of the headline's)."""
    swap = {"chinese_open": "us_closed", "us_closed": "chinese_open"}
    rows = costs() if sign > 0 else costs().assign(group=costs()["group"].replace(swap))
    return read(tasks.task_gaps({"epoch_gpqa": rows}, draws=99))


def news(sign: int) -> Told:
    """Every real change of price undone; the headline counts changes, so those down less those up."""
    prices, table = every_quote(), uc.load_changes()
    if sign < 0:
        ends = {f"{kind}_{when}": f"{kind}_{other}" for kind in ("input", "output", "cached_input")
                for when, other in (("before", "after"), ("after", "before"))}  # fmt: skip
        table = table.rename(columns=ends)
    none = pd.DataFrame(columns=["model_id", "host", "ended_on"]).astype({"ended_on": "datetime64[us]"})
    found = changed.what_changed(prices, changes=table, ends=none)
    told = read(found)
    fell = Number(
        "cuts", "", float((found.moves["ratio"] < 1).mean()) - float((found.moves["ratio"] > 1).mean()), ""
    )
    return replace(told, number=fell)
