"""In a real browser: quiet, self-contained, readable on a telephone and in the dark, usable by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PAGES = [
    "index.html", "demo/index.html", "history/demo/index.html", "broken/index.html", "broken/last-good.html",
    "brief/index.html",
]  # fmt: skip


#: Texts whose contrast with what lies behind them is below the 4.5 of WCAG 2.2 AA (3 where large).
FAINT_TEXTS = """() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = ([red, green, blue]) => [red, green, blue].map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
    const behind = (one) => {
        for (; one; one = one.parentElement) {
            const color = channels(getComputedStyle(one).backgroundColor);
            if (color.length < 4 || color[3] > 0.99) return color;
        }
        return [255, 255, 255];
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.data.trim(), one = walker.currentNode.parentElement;
        const style = getComputedStyle(one), size = parseFloat(style.fontSize);
        if (!text || !one.checkVisibility() || one.closest("svg, script, style")) continue;
        const [a, b] = [light(channels(style.color)), light(behind(one))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (contrast < (isLarge ? 3 : 4.5)) faint.push(`${contrast.toFixed(2)} ${text}`);
    }
    return faint;
}"""


@dataclass
class Visit:
    """An open page and what it asked for and complained about."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Visitor:
    """Opens pages of the site from the file system."""

    def __init__(self, browser: Any, site: Path) -> None:
        self.browser, self.site = browser, site

    def open(self, path: str, *, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Visit:
        context = self.browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=scripts
        )
        visit = Visit(context.new_page())
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        visit.page.on("console", lambda message: visit.complaints.append(message.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.goto((self.site / path).as_uri())
        return visit


@pytest.fixture
def visitor(chromium: Any, site: Path) -> Iterator[Visitor]:
    yield Visitor(chromium, site)
    for context in chromium.contexts:
        context.close()


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_quiet_and_asks_for_nothing_else(visitor: Visitor, path: str) -> None:
    visit = visitor.open(path)
    outside = [url for url in visit.requests if not url.startswith("data:")]
    assert outside == [(visitor.site / path).as_uri()]
    assert visit.complaints == []


def test_nothing_in_a_parameter_or_a_cell_runs(visitor: Visitor) -> None:
    for path in PAGES:
        page = visitor.open(path).page
        assert page.evaluate("window.harmed") is None
        assert page.locator("iframe, object, embed").count() == 0
        has_script = path in ("index.html", "demo/index.html", "broken/last-good.html", "brief/index.html")
        assert page.locator("script:not([type='application/json'])").count() == has_script
        assert page.locator("img[onerror]").count() == 0
    demo = visitor.open("demo/index.html").page
    assert "<script>window.harmed" in demo.locator("main").inner_text()


@pytest.mark.parametrize("path", ["index.html", "demo/index.html"])
def test_no_other_script_may_run(visitor: Visitor, path: str) -> None:
    visit = visitor.open(path)
    visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.harmed = 1";
            document.body.append(script);
        }"""
    )
    assert visit.page.evaluate("window.harmed") is None
    assert any("Content Security Policy" in complaint for complaint in visit.complaints)


def test_the_search_finds_words_inside_reports_by_keyboard(visitor: Visitor) -> None:
    page = visitor.open("index.html").page
    hits, status = page.locator("#hits li"), page.get_by_role("status")
    page.get_by_label("Search reports").focus()
    page.keyboard.type("nobody wrote this")
    assert status.inner_text() == "0 places in reports, 0 models and sellers" and hits.count() == 0
    page.keyboard.press("Control+A")
    page.keyboard.type("it is MEASURED month")  # in the demo, and in no abstract
    assert status.inner_text() == "1 place in reports, 0 models and sellers"
    assert "How it is measured" in hits.first.inner_text()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/demo/index.html#how-it-is-measured")


def test_the_front_page_opens_with_answers_charts_and_claims_that_unfold(visitor: Visitor) -> None:
    page = visitor.open("index.html").page
    first = page.locator(".answers .answer").first
    assert first.inner_text().startswith("Prices.") and first.bounding_box()["y"] < 400
    assert page.locator(".cards figure svg.ch").count() == 1
    assert page.locator(".cards figure").bounding_box()["y"] < 800
    claims = page.get_by_role("region", name="4 claims, and what the numbers say")
    assert "1 supported, 1 contradicted, 1 mixed, 1 not testable" in claims.inner_text()
    assert claims.get_by_role("link", name="Figure").count() == 4
    reason = claims.get_by_text("One finding speaks for it").first
    assert not reason.is_visible()
    claims.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert reason.is_visible()
    claims.get_by_role("link", name="Fall of the price").first.click()
    assert page.url.endswith("demo/index.html#finding-fall")


def test_what_readers_ask_is_answered_in_one_step_and_found_by_its_words(visitor: Visitor) -> None:
    page = visitor.open("index.html").page
    links = page.get_by_role("region", name="What readers ask").get_by_role("link")
    assert links.all_inner_texts() == ["How fast did it fall?"]  # no explorer was built
    page.get_by_label("Search reports").fill("fall fast")
    assert page.locator("#hits li").first.inner_text().startswith("How fast did it fall?")
    links.click()
    assert page.url.endswith("demo/index.html#how-it-is-measured")


def test_a_draft_is_built_and_not_shown_on_the_front_page(visitor: Visitor) -> None:
    assert (visitor.site / "draft" / "index.html").is_file()
    page = visitor.open("index.html").page
    assert page.locator("a[href^='draft/']").count() == 0
    page.get_by_label("Search reports").fill("unfinished")
    assert page.locator("#hits li").count() == 0


@pytest.mark.parametrize("path", PAGES)
def test_headings_landmarks_and_names_serve_a_screen_reader(visitor: Visitor, path: str) -> None:
    page = visitor.open(path).page
    levels = page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert page.get_by_role("main").count() == 1 and page.get_by_role("contentinfo").count() == 1
    assert page.evaluate("document.documentElement.lang") == "en" and page.title()
    nameless = """all => all.filter(one => one.checkVisibility() && !(one.textContent.trim() ||
        one.ariaLabel || one.alt || one.labels?.length)).map(one => one.outerHTML)"""
    assert page.eval_on_selector_all("a, button, input, select, summary, img", nameless) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_text_stands_out_and_focus_can_be_seen(visitor: Visitor, path: str, scheme: str) -> None:
    page = visitor.open(path, scheme=scheme).page
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    assert page.evaluate(FAINT_TEXTS) == []
    for _ in range(8):
        page.keyboard.press("Tab")
        shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert shown != "none" or page.evaluate("document.activeElement === document.body")


def test_without_scripts_the_front_page_lists_everything_and_offers_no_search(visitor: Visitor) -> None:
    page = visitor.open("index.html", scripts=False).page
    assert page.locator(".reports > li").count() == 2
    assert not page.locator("form.search").is_visible()


def test_a_failed_report_leads_to_its_last_good_version(visitor: Visitor) -> None:
    page = visitor.open("broken/index.html").page
    assert "failed in cell" in page.locator("main").inner_text()
    page.get_by_role("link", name="last good version").click()
    assert page.get_by_role("note").inner_text().startswith("Stale.")
    assert page.get_by_role("heading", name="Findings").is_visible()


def test_figures_have_the_alternative_text_they_were_given(visitor: Visitor) -> None:
    page = visitor.open("demo/index.html").page
    image = page.get_by_label("Two lines fall; the open one ends lower.").locator("visible=true")
    assert image.count() == 1 and image.bounding_box()["width"] > 300
    assert "No description" not in page.content()


def test_the_figures_headline_is_text_and_its_data_can_be_had(visitor: Visitor) -> None:
    figure = visitor.open("demo/index.html").page.locator("#fig-prices")
    assert figure.locator(".figure-title").inner_text().startswith("Open models are cheaper than closed ones")
    link = figure.get_by_role("link", name="CSV").get_attribute("href")
    assert (visitor.site / "demo" / str(link)).is_file()
    for kind in ("SVG", "PNG"):
        file = figure.get_by_role("link", name=kind).get_attribute("href")
        assert (visitor.site / "demo" / str(file)).stat().st_size > 1_000


#: What a reader sees of the drawing: its series, its marks, and the texts below and beside it.
DRAWN = """() => {
    const isSeen = (one) => one.getClientRects().length > 0;
    const svg = [...document.querySelectorAll("#fig-rise svg")].find((one) => one.checkVisibility());
    const seen = [...svg.querySelectorAll("[data-s]")].filter(isSeen);
    const frame = Object.values(JSON.parse(svg.dataset.time))[0];
    const circles = seen.filter((one) => one.tagName === "circle");
    const places = circles.map((one) => Number(one.getAttribute("cx")));
    const texts = [...svg.querySelectorAll("text")].filter(isSeen);
    return {series: [...new Set(seen.map((one) => one.dataset.s))].sort(), marks: circles.length,
        inside: places.every((x) => x >= frame[0] - 1 && x <= frame[1] + 1),
        first: Math.min(...places), texts: texts.map((one) => one.textContent),
        paths: [...svg.querySelectorAll("[data-a] path")].map((one) => one.getAttribute("d"))};
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_series_hide_by_keyboard_with_their_bands_names_and_marks(visitor: Visitor, width: int) -> None:
    page = visitor.open("demo/index.html", width=width).page
    figure = page.locator("#fig-rise")
    button = figure.get_by_role("group", name="Series").get_by_role("button", name="US closed")
    before = page.evaluate(DRAWN)
    assert before["series"] == ["0", "1"] and before["marks"] == 50 and "US closed" in before["texts"]
    button.focus()
    page.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "false"
    hidden = page.evaluate(DRAWN)
    assert hidden["series"] == ["1"] and hidden["marks"] == 25 and "US closed" not in hidden["texts"]
    svg = figure.locator("svg.ch:visible")
    svg.focus()
    for key, said in (("Home", "Chinese open, 10, January 2024"), ("End", "Chinese open, 34, January 2026")):
        page.keyboard.press(key)
        assert page.locator("[aria-live=polite]").inner_text().startswith(said.split(", ")[0])
        assert [part in page.locator("[aria-live=polite]").inner_text() for part in said.split(", ")] == [
            True
        ] * 3
    button.click()
    assert page.evaluate(DRAWN) == before


@pytest.mark.parametrize("width", [1280, 390])
def test_time_zooms_with_its_ticks_and_comes_back_whole(visitor: Visitor, width: int) -> None:
    page = visitor.open("demo/index.html", width=width).page
    period = page.locator("#fig-rise").get_by_role("group", name="Period")
    before = page.evaluate(DRAWN)
    day = "(input) => new Date(Number(input.value) * 864e5).toISOString().slice(0, 10)"
    start, end = period.get_by_label("From"), period.get_by_label("To")
    for slider, wanted in ((start, "2025-01-02"), (end, "2025-07-03")):
        slider.evaluate("(input, day) => { input.value = Date.parse(day) / 864e5; }", wanted)
        slider.dispatch_event("input")
        assert abs((date.fromisoformat(slider.evaluate(day)) - date.fromisoformat(wanted)).days) <= 6
    zoomed = page.evaluate(DRAWN)
    # February to July 2025 of both lines, spread over the whole width, with ticks of that time.
    assert zoomed["marks"] == 12 and zoomed["inside"] and zoomed["first"] < before["first"] + 60
    assert any("2025" in text for text in zoomed["texts"]) and not any(
        "2024" in text for text in zoomed["texts"]
    )
    assert {"US closed", "Chinese open"} <= set(zoomed["texts"]), "lines keep their names at the edge"
    assert "2025" in str(start.get_attribute("aria-valuetext"))
    start.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(DRAWN)["paths"] != zoomed["paths"]
    period.get_by_role("button", name="Whole period").click()
    assert page.evaluate(DRAWN) == before


def test_the_mouse_chooses_a_period_and_one_series_has_no_buttons(visitor: Visitor) -> None:
    page = visitor.open("demo/index.html").page
    svg = page.locator("#fig-rise svg.ch:visible")
    svg.scroll_into_view_if_needed()
    box, before = svg.bounding_box(), page.evaluate(DRAWN)
    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 70)
    page.mouse.up()
    assert 0 < page.evaluate(DRAWN)["marks"] < before["marks"] / 2
    assert page.locator("#fig-prices .period, #fig-prices .series").count() == 0
    assert visitor.open("demo/index.html", scripts=False).page.locator(".tools").count() == 0


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(visitor: Visitor, path: str) -> None:
    page = visitor.open(path).page
    for href in page.eval_on_selector_all("a", "links => links.map(link => link.getAttribute('href'))"):
        target, _, anchor = href.partition("#")
        place = (visitor.site / path).parent.joinpath(target).resolve() if target else visitor.site / path
        assert place.exists()
        assert not anchor or place.read_text().count(f'id="{anchor}"') == 1


@pytest.mark.parametrize("path", PAGES)
def test_a_telephone_needs_no_sideways_scrolling(visitor: Visitor, path: str) -> None:
    page = visitor.open(path, width=360).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    beyond = (
        "[...document.querySelectorAll('.findings td')].filter(e => e.getBoundingClientRect().right > 360)"
    )
    assert page.evaluate(f"{beyond}.length") == 0, "an interval must be seen beside its value"
    texts = "[...document.querySelectorAll('main p, main li, main td')]"
    assert min(page.evaluate(texts + ".map(text => parseFloat(getComputedStyle(text).fontSize))")) >= 12


def test_the_skip_link_comes_first_and_the_contents_work_by_keyboard(visitor: Visitor) -> None:
    page = visitor.open("demo/index.html").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    contents = page.get_by_role("navigation", name="Contents").get_by_role("link")
    while page.evaluate("document.activeElement.textContent") != contents.last.inner_text():
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#reproduce")
    assert page.locator("#reproduce").bounding_box()["y"] < 800


@pytest.mark.parametrize("scripts", [True, False])
def test_one_switch_shows_all_code_by_keyboard_and_without_scripts(visitor: Visitor, scripts: bool) -> None:
    page = visitor.open("demo/index.html", scripts=scripts).page
    blocks = page.locator("pre.code")
    assert blocks.count() > 4 and not any(block.is_visible() for block in blocks.all())
    page.get_by_label("Show code").focus()
    page.keyboard.press("Space")
    assert all(block.is_visible() for block in blocks.all())


def test_everything_can_be_read_without_scripts(visitor: Visitor) -> None:
    visit = visitor.open("demo/index.html", scripts=False)
    text = visit.page.locator("main").inner_text()
    for part in ("−36%", "−41% to −30%", "How to reproduce", "undercut build demo"):
        assert part in text
    assert visit.page.locator("math").count() == 4


def test_light_and_dark_pages_differ_and_figures_follow(visitor: Visitor) -> None:
    shots = {}
    for scheme in ("light", "dark"):
        page = visitor.open("demo/index.html", scheme=scheme).page
        shots[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shots[scheme + " picture"] = page.locator("figure svg.ch").first.screenshot()
    assert shots["light"] == "rgb(255, 255, 255)"
    assert shots["dark"] == "rgb(18, 23, 29)"
    assert mean_brightness(shots["light picture"]) > 230
    assert mean_brightness(shots["dark picture"]) < 60


def test_print_is_dark_on_white_whatever_the_screen_is(visitor: Visitor) -> None:
    page = visitor.open("demo/index.html", scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert not page.locator("nav.contents").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_fault(visitor: Visitor, axe: str, path: str, scheme: str) -> None:
    page = visitor.open(path, scheme=scheme).page
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    faults = [(fault["id"], [node["html"][:120] for node in fault["nodes"]]) for fault in found]
    assert faults == []


def mean_brightness(picture: bytes) -> float:
    import io

    import matplotlib.image

    return float(matplotlib.image.imread(io.BytesIO(picture), format="png")[..., :3].mean()) * 255
