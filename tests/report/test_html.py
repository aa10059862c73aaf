"""Foreign text reaches the page without doing harm, and readable by everybody."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.report.page import html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a href='javascript:alert(1)'>x</a></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src='https://example.org'></iframe>",
    "<img src='https://example.org/pixel.png'>",
    "<style>body{display:none}</style>",
    "<div style='position:fixed;background-image:url(https://example.org/x)'>x</div>",
    "<form action='https://example.org'><input></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<base href='https://example.org/'><meta http-equiv=refresh content='0;url=https://example.org'>",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("reader", [html.sanitise, html.markdown], ids=["html", "markdown"])
def test_nothing_that_runs_or_fetches_survives(attack: str, reader: object) -> None:
    clean = reader(f"before {attack} after")  # type: ignore[operator]
    for tag in re.findall(r"<[a-z][^>]*>", clean.lower()):
        assert not re.search(
            r"<(script|iframe|form|style|base|meta|svg)|\son\w+|javascript:|url\(|data:text", tag
        )
        assert not tag.startswith("<img") or "https://" not in tag


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{</math><img src=x onerror=alert(1)>}",
        r"\href{javascript:alert(1)}{x}",
    ],
)
def test_formulas_cannot_carry_tags(latex: str) -> None:
    mathml = html.formula(latex, display=False)
    allowed = re.compile(r"</?(math|m[a-z]+)[\s>]")
    assert all(allowed.match(tag) for tag in re.findall(r"<[^>]*>", mathml))
    assert "javascript" not in mathml
    ElementTree.fromstring(mathml)


def test_formulas_become_mathml() -> None:
    text = html.markdown("The price $p_{it}$ and\n\n$$\\left(\\sum_{i=1}^n x_i\\right)$$")
    assert "<msub>" in text
    assert "<munderover><mo>∑</mo>" in text
    assert "$" not in text


def test_dollar_amounts_are_not_formulas() -> None:
    text = html.markdown("Prices fell from $15.00 to $2.50, and \\$5 stays.")
    assert "<math" not in text
    assert "from $15.00 to $2.50, and $5 stays" in text


def test_a_formula_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(DataError, match="cannot be turned into MathML"):
        html.formula(r"\left( x", display=False)


def test_tables_get_scopes_and_lose_empty_header_cells() -> None:
    frame = pd.DataFrame({"price": [1.0]}, index=["<b>gpt</b>"])
    clean = html.sanitise(frame._repr_html_())
    assert '<th scope="col">price</th>' in clean
    assert '<th scope="row">&lt;b&gt;gpt&lt;/b&gt;</th>' in clean
    assert not re.search(r"<th[^>]*>\s*</th>", clean)


def test_an_image_from_elsewhere_leaves_its_alternative_text() -> None:
    assert html.markdown("a ![the logo](https://example.org/x.png) b").strip() == "<p>a the logo b</p>"
    kept = '<img src="data:image/png;base64,aGk=" alt="x">'
    assert html.sanitise(kept) == kept


def test_private_marks_in_text_cannot_stand_for_formulas() -> None:
    assert "\ue000" not in html.markdown("a \ue0000\ue001 b $x$")


def test_code_keeps_its_text_and_gains_classes() -> None:
    shown = html.highlighted('x = "<b>"  # why')
    assert re.sub(r"<[^>]*>", "", shown).strip() == 'x = "&lt;b&gt;"  # why'
    assert '<span class="c1">' in shown


def test_colour_codes_of_terminals_are_removed() -> None:
    assert html.plain("\x1b[0;31mKeyError\x1b[0m: <x>") == "KeyError: &lt;x&gt;"


def test_headings_that_share_a_name_get_ids_of_their_own() -> None:
    taken: set[str] = set()
    assert [html.slug("Data", taken), html.slug("Data", taken), html.slug("?", taken)] == [
        "data",
        "data-2",
        "section",
    ]
