"""What the stock reports say is computed: the same pages on the sample, and on returns turned upside down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from undercut.eventstudy.model import event_study
from undercut.sources.events import load_events
from undercut.sources.returns import load_returns
from undercut.studies import stocks
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Sentence, Table, parts_of
from undercut.studies.stocks.universe import Market, firms_of

DAY = pd.Timestamp("2025-01-27")
FUNDS = ("SPY", "RSP", "QQQ", "SMH")


def turned(day: pd.Timestamp, factor: float, firms: Iterable[str] | None = None) -> pd.DataFrame:
    """The sample with the returns of companies on one day multiplied."""
    long = load_returns(None, source="sample")
    wide = long.pivot_table(index="date", columns="ticker", values="return")
    names = [name for name in wide.columns if name not in FUNDS] if firms is None else list(firms)
    wide.loc[day, names] *= factor
    return wide


def market_of(wide: pd.DataFrame) -> Market:
    return Market(wide, wide.reset_index(), "real", firms_of(wide))


class Page:
    """The parts of results, by kind."""

    def __init__(self, *results: Any) -> None:
        parts = [part for result in results for part in parts_of(result)]
        self.numbers = {part.key: part for part in parts if isinstance(part, Number)}
        self.figures = {part.name: part for part in parts if isinstance(part, Figure)}
        self.tables = [part for part in parts if isinstance(part, Table)]
        self.answer = next((part.text for part in parts if isinstance(part, Answer)), "")
        said = [part.text for part in parts if isinstance(part, Sentence | Caveat | Answer)]
        self.text = " ".join(said)

    def title(self, name: str) -> str:
        """What the figure says above its marks."""
        axes = self.figures[name].draw()
        words = [text.get_text().replace("\n", " ") for text in axes.figure.texts]
        plt.close(axes.figure)
        return words[0]


def shock_page(wide: pd.DataFrame, windows: Iterable[tuple[int, int]] = ((0, 0),)) -> Page:
    shock = stocks.shock_of(market_of(wide), load_events(), "E052", release="E050")
    firms = event_study(shock.returns, shock.alone(shock.data.firms), window=(0, 0), **shock.options)
    groups = event_study(shock.returns, shock.alone(shock.groups), window=(0, 0), **shock.options)
    companies = stocks.company_moves(shock, firms)
    ladder = stocks.shock_ladder(shock, markets={"S&P 500": "SPY", "equal weight": "RSP"})
    long = event_study(shock.returns, shock.alone(["NVDA", *shock.groups]), window=(-5, 10), **shock.options)
    choices = stocks.specifications(
        shock, windows=list(windows), markets={"RSP": "RSP"}, models=["market"], estimations=[(-160, -31)]
    )
    return Page(
        shock, stocks.headline(companies, ladder), ladder, stocks.group_moves(shock, groups), companies,
        stocks.rebound(shock, long), stocks.longer_windows(shock, long), choices,
        stocks.dollars(shock, firms, stocks.value_from_loss(shock, 589.0)), stocks.limits(firms),
    )  # fmt: skip


@pytest.fixture(scope="module")
def fell() -> Page:
    return shock_page(turned(DAY, 1.0))


@pytest.fixture(scope="module")
def rose() -> Page:
    """On the famous day every company but Apple, which falls by 30%, is turned upside down."""
    wide = turned(DAY, -1.0)
    wide.loc[DAY, "AAPL"] = -0.3
    return shock_page(wide)


def test_the_answer_has_the_sign_of_the_day(fell: Page, rose: Page) -> None:
    minus = "\N{MINUS SIGN}"
    assert "fell 17% beyond" in fell.answer and f"{minus}24% to {minus}11%" in fell.answer
    assert "rose 17% beyond" in rose.answer and minus not in rose.answer
    assert len(fell.answer.split()) <= 30
    assert rose.numbers["nvda.abnormal_return"].value > 15 and rose.numbers["dollars.nvda"].value > 0
    assert fell.numbers["specifications.below_zero"].value == 100.0
    assert rose.numbers["specifications.below_zero"].value == 0.0


def test_who_lost_and_who_gained_turns_around(fell: Page, rose: Page) -> None:
    lost, gained = (fell.numbers[f"companies.{word}"].value for word in ("lost", "gained"))
    assert fell.title("companies") == (
        f"Corrected for their number, {lost or 'none'} of 18 companies lost and {gained or 'none'} gained"
    )
    assert rose.numbers["companies.lost"].value == 1 and rose.numbers["companies.gained"].value >= 5
    assert rose.title("companies").startswith("Corrected for their number, 1 of 18 companies lost")
    assert "Apple" not in rose.text.partition("largest moves upward")[2].partition(".")[0]


def test_groups_of_which_nothing_can_be_said_are_named(fell: Page) -> None:
    said = fell.text.partition("Groups of which that cannot be said:")[2]
    clear = fell.text.partition("Groups that moved beyond chance after correction:")[2].partition("Groups")[0]
    for row in fell.tables[1].frame.itertuples():
        q = 0.0 if row.q_value.startswith("<") else float(row.q_value)
        assert row.group in (clear if q < 0.05 else said), row.group


def test_every_finding_is_in_percent_of_the_frame_it_is_drawn_from(fell: Page) -> None:
    drawn = fell.figures["ladder"].data.set_index(["rung", "firm"])
    row = drawn.loc[("equal weight", "NVDA")]
    found = fell.numbers["ladder.nvda.equal_weight"]
    assert found.value == pytest.approx(100 * row["car"])
    assert found.ci == pytest.approx((100 * row["ci_low"], 100 * row["ci_high"]))
    assert fell.numbers["nvda.abnormal_return"].value == found.value


@pytest.fixture(scope="module")
def announced_pages() -> tuple[Page, Page]:
    """Announcements on the sample, and with a rise of the chip makers on every tightening of controls."""
    events = load_events()
    plain = turned(DAY, 1.0)
    moved = plain.copy()
    case = stocks.announced(market_of(plain), events)
    chips = case.members["chips"]
    days = case.rows.loc[case.rows["group"] == "export controls tightened", "date"]
    moved.loc[days, chips] += 0.30
    return announced_page(plain, events), announced_page(moved, events)


def announced_page(wide: pd.DataFrame, events: pd.DataFrame) -> Page:
    case = stocks.announced(market_of(wide), events)
    study = event_study(case.returns, case.pairs(), window=case.window, **case.options)
    single = event_study(case.returns, case.focused(), window=case.window, **case.options)
    return Page(
        case, stocks.pair_moves(case, study, draws=2_999), stocks.sizes(case, study, draws=499),
        stocks.each_announcement(case, single, draws=499), stocks.omissions(study),
    )  # fmt: skip


def test_a_group_that_moves_beyond_chance_is_named_with_its_sign(announced_pages: tuple[Page, Page]) -> None:
    plain, moved = announced_pages
    assert "too little to tell from chance" in plain.answer
    assert "none moved beyond chance," in plain.text and plain.numbers["pairs.beyond_chance"].value == 0
    assert plain.title("classes").startswith("None of 25 pairs")
    assert "too little to tell" not in moved.answer and "chip makers' shares rose 2" in moved.answer
    assert "chip makers around export controls tightened" in moved.text
    found = moved.numbers["class.export_controls_tightened.chips"]
    assert found.value > 20 and found.ci[0] > 0
    size = int(moved.numbers["pairs.beyond_chance"].value)
    assert moved.title("classes").startswith(f"{size} of 25 pairs") and size >= 1
    for page in announced_pages:
        assert len(page.answer.split()) <= 30


def test_announcements_left_out_and_crowded_are_said(announced_pages: tuple[Page, Page]) -> None:
    text = announced_pages[0].text
    assert "E043: left out for fewer than 100" in text and "share days of their windows" in text


@pytest.fixture(scope="module")
def release_pages() -> tuple[Page, Page]:
    releases = stocks.release_events()
    plain = load_returns(None, source="sample")
    wide = turned(DAY, 1.0)
    days = releases.loc[releases["date"].isin(wide.index), "date"]
    wide.loc[days, ["CRM", "ADBE", "PLTR"]] += 0.08
    return release_page(plain, releases), release_page(wide, releases)


def release_page(returns: pd.DataFrame, releases: pd.DataFrame) -> Page:
    found = stocks.responses(returns, releases, draws=499)
    shocks = stocks.responses(returns, stocks.market_shocks(), draws=199)
    return Page(
        found, stocks.by_release(found, shocks), stocks.shock_days(shocks), stocks.battery(found),
        stocks.trend(found, draws=199),
    )  # fmt: skip


def test_releases_that_move_a_group_are_said_to(release_pages: tuple[Page, Page]) -> None:
    plain, moved = release_pages
    assert "None of 5 groups of shares moved more" in plain.text
    assert "too little to tell from chance" in plain.answer
    assert plain.title("mean_responses") == "None of 5 groups of shares moved more than on other days"
    assert "1 of 5 groups of shares moved more" in moved.text
    assert plain.numbers["groups.distinct"].value == 0 and moved.numbers["groups.distinct"].value == 1
    assert abs(plain.numbers["caar.software"].value) < 2 and moved.numbers["caar.software"].value > 5
    assert moved.numbers["responses.unadjusted"].value > plain.numbers["responses.unadjusted"].value
    assert plain.title("responses_by_release").startswith("None of 75 responses stands out")
    for page in release_pages:
        assert len(page.answer.split()) <= 30
