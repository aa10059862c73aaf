"""The page says everything a reader needs, in one file, and nothing that others wrote can change it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.report.projects import code, notebook, prose
from undercut.report.commands import dict_of
from undercut.report.findings.contract import ANSWER_KEY, FIGURE_KEY, FOLD_KEY
from undercut.report.findings.results import Results
from undercut.report.page.figures import interval_bar
from undercut.report.page.render import citation, emphasised, page_script, render_report, shown_findings
from undercut.report.site.site import write_site

EVIL = "<script>alert(1)</script>"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 80"><g style="fill: #556170"/>'
    '<g class="marks"><circle cx="1" cy="2" r="7"><title>Model</title></circle></g></svg>'
)

#: A picture of one point.
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="


def results(**changes: object) -> dict:
    report = Results(
        "demo", title="Did prices fall?", data_kind="real", as_of="2026-11-01", parameters={"limit": 5}
    )
    report.finding("fall", "Fall", -36.2, "%", ci=(-41.3, -30.1), n=212, method="Jevons")
    report.answer("They fell.")
    return report.to_dict() | changes


def page(*cells: dict, files: Path | None = None, **changes: object) -> str:
    content = notebook(list(cells))
    about = {"command": "undercut build demo", "notebook_path": "notebooks/demo.ipynb", "files": files}
    return render_report(content, results(**changes), **about)


def shown(data: dict, metadata: dict | None = None) -> dict:
    output = {"output_type": "display_data", "data": data, "metadata": metadata or {}}
    return code("x") | {"outputs": [output]}


class Outline(HTMLParser):
    """Headings, ids and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a":
            self.links.append(str(values.get("href")))


def test_detail_folds_away_and_neighbours_share_a_fold() -> None:
    detail = {FOLD_KEY: True}
    first, second = (shown({"text/html": f"<p>{text}</p>"}, detail) for text in ("Placebo.", "Jackknife."))
    both = shown({"text/html": "<p>Plain.</p>"})
    both["outputs"] += shown({"text/html": "<p>Aside.</p>"}, detail)["outputs"]
    text = page(prose("Before."), first, second, prose("Between."), both, prose("After."))
    body = text[text.index('<div class="body">') :]
    folds = re.findall(r"<summary>How we know</summary>(.*?)(?=<summary>|After)", body, re.DOTALL)
    assert len(folds) == 2
    assert "Placebo." in folds[0] and "Jackknife." in folds[0] and folds[0].index("Between.") > 0
    assert "Plain." not in folds[1] and "Aside." in folds[1]
    assert text.index("Plain.") < text.index("Aside.")
    assert text.count("<details") == text.count("</details>")


def test_findings_come_with_interval_sample_method_and_day() -> None:
    text = page()
    above = re.search(r'<li id="finding-fall">.*?</li>', text, re.DOTALL)
    row = re.search(r"<tbody>\s*<tr>.*?</tr>", text, re.DOTALL)
    assert above is not None and row is not None
    for part in ("−36%", "−41% to −30%", "95%", "212", "Jevons", "2026-11-01"):
        assert part in row.group(0)
    assert "−36%" in above.group(0) and "95% interval −41% to −30%" in above.group(0)


def test_the_interval_is_drawn_where_its_numbers_are() -> None:
    finding = results()["findings"][0] | {"value": -50.0, "ci_low": -100.0, "ci_high": -25.0}
    bar = interval_bar(finding)
    assert 'class="bar" d="M6.0 10H222.0"' in bar and 'cx="150.0"' in bar and "M294.0 1V19" in bar
    assert "clear" in bar and "open" in interval_bar(finding | {"ci_high": 1.0})
    assert interval_bar(finding | {"ci_low": None, "ci_high": None}) == ""
    ratio = interval_bar({"value": 2.0, "ci_low": 0.5, "ci_high": 3.0, "unit": "x"})
    assert "open" in ratio


def test_the_number_of_the_answer_is_emphasised_once() -> None:
    finding = results()["findings"][0]
    assert emphasised("Since 2024 prices fell 36%, and <36>", [finding]).count("<b>36%</b>") == 1
    assert "<b>−36%</b>" in emphasised("It moved by −36%.", [finding])
    assert "&lt;36&gt;" in emphasised("<36>", [finding])
    assert "<b>4.2 times</b>" in emphasised("In 2025 GPT-5 cost 4.2 times as much.", [])


def test_a_report_is_cited_with_version_commit_and_day() -> None:
    told = citation(results(built_at="2026-11-23T00:00:00Z", git_commit="a" * 40))
    for part in ("2026", "Did prices fall?", "commit aaaaaaaaaaaa", "data to 1 November 2026"):
        assert part in told["citation"] and part in told["bibtex"]
    assert told["bibtex"].startswith("@misc{undercut_demo,") and "Built 23 November 2026" in told["citation"]


def test_many_findings_do_not_stand_between_the_reader_and_the_text() -> None:
    one = results()["findings"][0]
    many = [one | {"key": f"fall.{number}", "label": f"Fall <{number}>"} for number in range(20)]
    text = page(prose("Here the story starts."), findings=many)
    outline = Outline(text)
    assert text.lstrip().startswith("<!DOCTYPE html>")
    assert all(outline.ids.count(f"finding-fall.{number}") == 1 for number in range(20))
    story = text.index("Here the story starts.")
    above = [number for number in range(20) if text.index(f"Fall &lt;{number}&gt;") < story]
    assert above == list(range(5))
    assert {"#all-findings"} <= set(outline.links)
    assert text.index("Fall &lt;19&gt;") > text.index('<details class="fold"><summary>20 numbers')


def test_repeats_and_checks_are_no_findings_to_open_with() -> None:
    one = results()["findings"][0]
    roles = ("robustness", "primary", "headline", "assumption", "descriptive", "primary")
    rows = [one | {"key": f"k{n}", "label": f"L{n}", "role": role} for n, role in enumerate(roles)]
    rows[5]["label"] = "L1"
    assert [found["key"] for found in shown_findings(rows)] == ["k2", "k1", "k4"]
    assert shown_findings([one | {"ci_low": None, "ci_high": None}]) == []


def test_headings_leave_no_level_out_and_contents_lead_somewhere() -> None:
    text = page(
        prose("# Did prices fall?"),
        prose("### Deep"),
        prose("## Data"),
        prose("##### Deeper"),
        prose("# Another"),
    )
    outline = Outline(text)
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    steps = zip(outline.levels, outline.levels[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)


def test_the_page_asks_nobody_else_for_anything() -> None:
    text = page(prose("![x](https://example.org/x.png) [link](https://example.org)"))
    assert "default-src 'none'" in text
    assert not re.search(r"<script src|<link[^>]+href=\"http|@import|url\(|src=\"http", text)
    assert set(re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', text.replace(page_script(), ""))) == {
        "../index.html", "../index.html#reports", "../history/report/index.html", "https://example.org",
        "notebook.ipynb", "results.json",
    }  # fmt: skip


def test_the_same_notebook_gives_the_same_page() -> None:
    fixed = {"built_at": "2026-11-23T00:00:00Z"}
    assert page(prose("## A $x$"), **fixed) == page(prose("## A $x$"), **fixed)


def test_a_figure_keeps_its_alternative_text() -> None:
    text = page(shown({"image/png": DOT}, {"image/png": {"alt": 'Prices "fall" <by> half'}}))
    assert 'alt="Prices &quot;fall&quot; &lt;by&gt; half"' in text
    assert "No description has been provided" not in text
    assert "paper" in text


def test_a_figure_without_alternative_text_is_a_warning() -> None:
    assert "A figure has no alternative text" in page(shown({"image/png": "aGk="}))
    assert "A figure has no alternative text" not in page()


def figure(name: str, tmp_path: Path, **about: object) -> dict:
    """An entry of results.json with its drawings."""
    (tmp_path / f"{name}-narrow.svg").write_text(SVG.replace("Model", f"Phone {name}"))
    files = {"image": f"{name}.svg", "narrow": f"{name}-narrow.svg", "data": f"{name}.csv"}
    said = {"title": f"It fell {EVIL}", "measure": "USD", "source": "S", "crop": [20.0, 10.0]}
    return {"name": name, "alt": "a", "leads": False, **files, **said, **about}


def test_a_figure_stands_in_the_page_for_both_widths_with_its_files(tmp_path: Path) -> None:
    cell = shown({"image/svg+xml": SVG}, {FIGURE_KEY: {"name": "f"}})
    text = page(cell, files=tmp_path, figures=[figure("f", tmp_path)])
    assert '<p class="figure-title">It fell &lt;script&gt;' in text
    assert 'class="ch wide" viewBox="0 20 100 50"' in text and 'class="ch narrow"' in text
    assert "<title>Model</title>" in text and "<title>Phone f</title>" in text
    for part in ('href="f.csv"', 'href="f.svg"', 'href="#fig-f"', "#embed=fig-f"):
        assert part in text


def test_the_figure_that_leads_stands_above_everything_and_once(tmp_path: Path) -> None:
    cells = [shown({"image/svg+xml": SVG}, {FIGURE_KEY: {"name": name}}) for name in ("f", "g")]
    story = prose("## The story")
    for leads, wanted in ((False, "f"), (True, "g")):
        figures = [figure("f", tmp_path), figure("g", tmp_path, leads=leads)]
        text = page(story, *cells, files=tmp_path, figures=figures)
        assert text.count(f'id="fig-{wanted}"') == 1
        assert text.index(f'id="fig-{wanted}"') < text.index('id="findings"')
        other = {"f": "g", "g": "f"}[wanted]
        assert text.index(f'id="fig-{other}"') > text.index('id="the-story"')


def test_the_answer_is_said_once() -> None:
    said = shown({"text/html": "<p>They fell.</p>"}, {ANSWER_KEY: True})
    assert re.sub(r"<head>.*</head>", "", page(said), flags=re.DOTALL).count("They fell.") == 1


@pytest.mark.parametrize("kind", ["sample", "simulated"])
def test_data_that_are_not_real_are_announced_at_the_top(kind: str) -> None:
    text = page(data_kind=kind, real_data=False)
    assert text.index('class="banner') < text.index("<h2")
    assert 'class="banner' not in page()


def test_foreign_text_is_escaped_everywhere() -> None:
    finding = results()["findings"][0] | {"label": EVIL, "note": EVIL, "method": EVIL}
    source = {
        "source": EVIL,
        "version": EVIL,
        "retrieved_at": EVIL,
        "licence": EVIL,
        "sha256": EVIL,
        "note": EVIL,
    }
    text = page(
        prose(f"## Heading {EVIL}\n\n{EVIL} `{EVIL}`"),
        code(f"x = '{EVIL}'") | {"outputs": [{"output_type": "stream", "name": "stdout", "text": EVIL}]},
        shown({"text/html": f"<table><tr><td>{EVIL}</td></tr></table>"}),
        shown({"text/markdown": EVIL}),
        shown({"text/plain": EVIL}),
        title=EVIL, answer=EVIL, parameters={EVIL: EVIL, "of": [EVIL]}, findings=[finding], data=[source],
        warnings=[EVIL],
    )  # fmt: skip
    assert "<script" not in text.replace(f"<script>{page_script()}</script>", "")


def test_code_is_there_behind_one_switch() -> None:
    text = page(code("limit = 5", "parameters"), code("first = 1\nsecond = 2"))
    assert text.count('<pre class="code"') == 2 and text.count('id="show-code"') == 1
    assert "(2 lines)" not in text
    assert re.sub(r"<[^>]*>", "", text).count("second = 2") == 1


def test_what_only_those_who_run_the_notebook_need_stands_with_the_code() -> None:
    hint = prose("Try `limit = 9`.")
    looked_at = shown({"text/plain": "slope 1.62"})
    hint["metadata"]["tags"] = looked_at["metadata"]["tags"] = ["try"]
    text = page(prose("## Prices\n\nThey fell."), hint, looked_at)
    assert '<div class="code"><p>Try <code>limit = 9</code>.</p>' in text and "<p>They fell.</p>" in text
    assert '<div class="code"><pre class="printed" tabindex="0">slope 1.62</pre></div>' in text


def test_the_front_page_lists_reports_with_answer_and_freshness(tmp_path: Path) -> None:
    import json

    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        content = results(report=name, title=f"Title {name} {EVIL}", built_at="2026-11-23T00:00:00Z")
        (tmp_path / name / "results.json").write_text(json.dumps(content))
    write_site(tmp_path, ["b"])
    text = (tmp_path / "index.html").read_text()
    assert text.index("b/index.html") < text.index("a/index.html")
    for part in ("They fell.", "Real data", "data 22 days old when built"):
        assert part in text
    assert text.count("<script") == 2 and EVIL not in text
    assert [entry["folder"] for entry in json.loads((tmp_path / "reports.json").read_text())] == ["b", "a"]


def test_key_value_pairs_are_split_at_the_first_equals_sign() -> None:
    from undercut.errors import InputError

    assert dict_of(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    for wrong in (["novalue"], ["=x"], ["a=1", "a=2"]):
        with pytest.raises(InputError):
            dict_of(wrong)


def test_a_section_whose_heading_is_tagged_folds_whole_and_stays_in_the_contents() -> None:
    aside = prose("## Aside\n\nDetail of it.")
    aside["metadata"]["tags"] = ["fold"]
    text = page(
        prose("## First\n\nStory."), aside, code("x = 1"), prose("## How we know: other choices\n\nMore.")
    )
    folded = re.findall(r'<details class="fold whole">(.*?)</details>', text, re.DOTALL)
    assert len(folded) == 2 and "Detail of it." in folded[0] and "More." in folded[1]
    assert "Story." not in "".join(folded) and 'href="#aside"' in text
