"""Reports as their readers meet them: the answer and its figure first, marks that answer, nothing internal.

The pages are those of the site built for the tests, and every report that has been built into reports/site
(or into the folder that UNDERCUT_SITE names): after `make report` these tests read the real ones.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

REAL = Path(os.environ.get("UNDERCUT_SITE", ROOT / "reports" / "site"))
BUILT = sorted(path.parent.name for path in REAL.glob("[0-9][0-9]_*/results.json"))
PAGES = ["demo", *BUILT]
SCREENS = {"wide": (1280, 800), "phone": (390, 844)}
#: Most words of a report outside folds; tables and figures are looked at, not read.
MOST_WORDS = 1_500
MOST_WORDS_OF_THE_FRONT = 1_200
#: Looked at, not read.
BESIDE_PROSE = "svg, table, pre, script, figcaption"

#: What a reader sees as text: neither code, nor folded, nor inside figures.
VISIBLE = """(skipped) => {
    const main = document.querySelector("main"), found = [];
    const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const one = walker.currentNode.parentElement;
        if (one.checkVisibility() && !one.closest(skipped)) found.push(walker.currentNode.data);
    }
    return found.join(" ").replace(/\\s+/g, " ");
}"""
#: Elements that reach beyond the screen and do not scroll in a box of their own.
TOO_WIDE = """() => [...document.querySelectorAll("main *")].filter((one) => one.checkVisibility()
    && !one.closest(".scroll, pre, .formula, .hidden, table, svg *")
    && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def opened(chromium: Any, site: Path) -> Iterator[Any]:
    """Opens a page of either site; contexts are shared by the tests of this module."""
    contexts: dict[Any, Any] = {}

    def go(
        name: str, screen: str = "wide", *, scheme: str = "light", scripts: bool = True, hash: str = ""
    ) -> Any:
        key = (screen, scheme, scripts)
        if key not in contexts:
            width, height = SCREENS[screen]
            contexts[key] = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme,
                java_script_enabled=scripts, has_touch=screen == "phone",
            )  # fmt: skip
        page = contexts[key].new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(((site if name == "demo" else REAL) / name / "index.html").as_uri() + hash)
        return page

    yield go
    for context in contexts.values():
        context.close()


@pytest.mark.skipif(not (REAL / "index.html").is_file(), reason="no site has been built")
def test_the_front_page_is_short_and_leads_to_every_answer_readers_ask_for(opened: Any) -> None:
    page = opened("", "wide")
    assert len(page.evaluate(VISIBLE, BESIDE_PROSE).split()) <= MOST_WORDS_OF_THE_FRONT
    links = page.eval_on_selector_all(".asked a", "all => all.map((one) => one.getAttribute('href'))")
    assert len(links) == 5
    for link in links:
        file, _, place = link.partition("#")
        assert (REAL / file).is_file()
        assert "=" in place or not place or f'id="{place}"' in (REAL / file).read_text("utf-8")
    page.close()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_question_answer_and_figure_are_on_the_first_screen_and_nothing_is_too_wide(
    opened: Any, name: str, screen: str
) -> None:
    page = opened(name, screen)
    height = SCREENS[screen][1]
    order = [page.locator(part).bounding_box() for part in ("h1", "p.answer", ".lead svg:visible")]
    assert all(box is not None for box in order)
    assert [box["y"] for box in order] == sorted(box["y"] for box in order)
    assert order[-1]["y"] + order[-1]["height"] <= height, "the figure ends below the first screen"
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen][0]
    assert page.evaluate(TOO_WIDE) == []
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_report_can_be_read_in_minutes_and_says_nothing_internal(opened: Any, name: str) -> None:
    page = opened(name)
    prose = page.evaluate(VISIBLE, BESIDE_PROSE)
    assert len(prose.split()) <= MOST_WORDS
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    text = page.evaluate(VISIBLE, "code, pre, .provenance, #citation")
    if name != "demo":
        assert faults_of_language(text) == []
    page.close()


def faults_of_language(text: str) -> list[str]:
    """Names of columns and functions, and numbers in a form that a page does not use."""
    patterns = {
        "internal name": r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b",
        "hyphen for a minus": r"(?<=[\s(])-\d[\d.,]*(?!\d*:)",
        "minus for a hyphen": r"\b\d{4}\N{MINUS SIGN}\d\d\b",
        "too many digits": r"\d\.\d{3,}%|\d{2}\.\d{2,}%|\d{3,}\.\d+%",
        "an interval without width": r"(\S*\d\S*) \((?:\d+% interval )?\1 to \1(?=[\s),])",
    }
    return [f"{kind}: {found[0]}" for kind, shape in patterns.items() for found in re.finditer(shape, text)]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("is_exposed rose", 1),
        ("it fell by -3.2%", 1),
        ("1× (1× to 1×)", 1),
        ("+5% (95% interval +5% to +5%)", 1),
        ("36.237%", 1),
        ("since 2025−01", 1),
        ("days -1:1, 2026-11-17, GPT-5.2, −3.2%, 1.1× (1.0× to 1.2×), 0.05%", 0),
    ],
)  # fmt: skip
def test_faults_of_language_are_seen(text: str, faults: int) -> None:
    assert len(faults_of_language(text)) == faults


@pytest.mark.parametrize("name", PAGES)
def test_no_table_is_cut_off_on_a_wide_screen(opened: Any, name: str) -> None:
    page = opened(name)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    cut = "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth + 2)"
    assert page.evaluate(f"{cut}.map((box) => box.innerText.slice(0, 60))") == []
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_mark_of_every_figure_can_be_pointed_at(opened: Any, name: str) -> None:
    page = opened(name)
    figures = page.locator("figure[id]")
    for place in range(figures.count()):
        figure = figures.nth(place)
        drawn = figure.locator("svg.ch path, svg.ch use").count()
        if drawn > 40:
            assert figure.locator("svg.wide .marks circle").count() >= 3, figure.get_attribute("id")
            assert figure.locator("svg.narrow .marks circle").count() >= 3
        assert figure.locator(".figure-title").count() == 1
        for kind in ("CSV", "SVG", "PNG", "Link to this figure"):
            assert figure.get_by_text(kind, exact=True).count() == 1
    page.close()


def test_the_mouse_the_finger_and_the_keyboard_get_the_same_answer(opened: Any) -> None:
    page, phone = opened("demo"), opened("demo", "phone")
    svg = page.locator("#fig-prices svg.wide")
    mark = svg.locator(".marks circle").first
    said = mark.evaluate("mark => mark.said")
    assert re.search(r"\d", said) and "Source: none" in said
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2 + 9)
    assert page.locator("#tip").is_visible() and page.locator("#tip").inner_text().split() == said.split()
    page.mouse.move(2, 2)
    assert not page.locator("#tip").is_visible()
    svg.focus()
    page.keyboard.press("Home")
    assert page.locator("#tip").is_visible() and page.locator("#tip").inner_text().split() == said.split()
    assert page.locator("[aria-live]").inner_text().split() == said.replace("\n", ", ").split()
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    small = phone.locator("#fig-prices svg.narrow .marks circle").last
    small.scroll_into_view_if_needed()
    said, box = small.evaluate("mark => mark.said"), small.bounding_box()
    phone.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert phone.locator("#tip").inner_text().split() == said.split()


def test_without_scripts_marks_still_carry_their_words(opened: Any) -> None:
    page = opened("demo", scripts=False)
    title = page.locator("#fig-prices svg.wide .marks circle title").first.text_content()
    assert "Source: none" in title
    assert (
        page.locator("#fig-prices svg.wide").is_visible()
        and page.locator(".shown .interval").first.is_visible()
    )


def test_tables_sort_by_number_and_filter(opened: Any) -> None:
    page = opened("demo")
    table = page.locator("table").filter(has_text="Offers by number")

    def first() -> str:
        return str(table.locator("tbody tr >> nth=0").inner_text()).split()[0]

    before = first()
    head = table.get_by_role("button", name="price")
    head.click()
    assert first() == "m13" and table.locator("th[aria-sort=ascending]").count() == 1
    head.press("Enter")
    assert first() == "m0" and before == "m0"
    page.get_by_label("Filter the rows of this table").fill("m7")
    assert table.locator("tbody tr:visible").count() == 1
    assert "1 of 14" in page.locator(".filter [role=status]").first.inner_text()


def test_one_figure_stands_alone_in_a_frame(opened: Any) -> None:
    page = opened("demo", hash="#embed=fig-prices")
    assert page.locator("h1").count() == 0 and page.locator("figure").count() == 1
    page.locator("#fig-prices svg.wide").focus()
    page.keyboard.press("End")
    assert page.locator("#tip").is_visible()
    whole = opened("demo")
    snippet = whole.locator(".embed code").first.text_content()
    assert f'src="{whole.url}#embed=fig-prices"' in snippet
    assert opened("demo", hash="#embed=fig-none").locator("h1").count() == 1


@pytest.mark.parametrize("name", BUILT)
def test_real_pages_ask_nobody_and_are_accessible(opened: Any, axe: str, name: str) -> None:
    page = opened(name)
    assert [url for url in page.asked if not url.startswith(("data:", "file:"))] == []
    page.evaluate(axe)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # Elements that pass are not listed: naming thousands of them takes most of the time.
        found = page.evaluate("axe.run({exclude: ['.marks']}, {resultTypes: ['violations']})")["violations"]
        faults = [(fault["id"], [node["html"][:120] for node in fault["nodes"][:3]]) for fault in found]
        assert faults == [], scheme
    page.close()


#: What must not be seen on paper: what is folded, what only a screen can use, dark paper.
PRINTED = """() => {
    const seen = (what) => [...document.querySelectorAll(what)].filter((one) => one.checkVisibility()).length;
    const whole = (one) => getComputedStyle(one).breakInside === "avoid";
    return {
        closed: seen("main details:not([open])"), tools: seen(".tools, .top, .theme, form.search"),
        wide: seen("figure svg.wide"), paper: getComputedStyle(document.body).backgroundColor,
        apart: [...document.querySelectorAll("figure")].filter((one) => !whole(one)).length,
    };
}"""


def test_on_paper_nothing_is_folded_dark_or_cut(opened: Any) -> None:
    page = opened("demo", scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    found = page.evaluate(PRINTED)
    assert found.pop("wide") >= 1
    assert found == {"closed": 0, "tools": 0, "paper": "rgb(255, 255, 255)", "apart": 0}
    page.close()


def test_buttons_of_series_follow_light_and_dark(opened: Any) -> None:
    page = opened("demo")
    inks = "[...document.querySelectorAll('.series button')].map((one) => one.style.getPropertyValue('--c'))"
    light = page.evaluate(inks)
    assert len(light) >= 2
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        f"(old) => {inks}.every((ink, place) => ink !== old[place])", arg=light, timeout=5000
    )
    page.close()
