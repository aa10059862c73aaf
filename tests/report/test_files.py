"""Files that a notebook leaves are harmless when they are published."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from undercut.errors import DataError
from undercut.report.page.files import (
    checked_base64,
    checked_bitmap,
    clean_files,
    clean_svg,
    without_formulas,
)
from undercut.report.run.masking import Mask

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
HARMLESS = (
    '<path d="M0 0" style="fill: #abc; clip-path: url(#c)"/>',
    '<use xlink:href="#m"/>',
    '<a href="https://example.org"><text>source</text></a>',
    '<image href="data:image/png;base64,AAAA"/>',
    "<style>.a{fill:red}</style>",
)
HARMFUL = (
    "<script>run()</script>",
    '<a href="javascript:run()"><text>x</text></a>',
    '<a xlink:href="  JaVaScript:run()"><text>x</text></a>',
    '<a href="java&#10;script:run()"><text>x</text></a>',
    '<a href="data:text/html,run()"><text>x</text></a>',
    '<path onclick="run()"/>',
    '<image href="https://elsewhere.example/run"/>',
    '<use xlink:href="https://elsewhere.example/run#m"/>',
    "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml' onload='run()'/></foreignObject>",
    '<a href="#"><set attributeName="href" to="javascript:run()"/></a>',
    "<style>@import 'https://elsewhere.example/run'</style>",
    '<path style="fill: url(https://elsewhere.example/run)"/>',
)


def png(size: tuple[int, int] = (3, 2)) -> bytes:
    content = BytesIO()
    Image.new("RGB", size).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("inside", HARMLESS)
def test_a_harmless_drawing_stays_as_it_is(inside: str) -> None:
    assert clean_svg(SVG.format(inside)) == SVG.format(inside)


@pytest.mark.parametrize("inside", HARMFUL)
def test_a_drawing_loses_what_runs_or_fetches(inside: str) -> None:
    clean = clean_svg(SVG.format(f"<title>kept</title>{inside}"))
    assert "run" not in clean and "elsewhere" not in clean
    assert "kept</" in clean
    assert clean_svg(clean) == clean


def test_a_document_type_goes_and_what_is_no_svg_is_refused() -> None:
    told = '<!DOCTYPE svg [<!ENTITY run "1">]>' + SVG.format("<path/>")
    assert "DOCTYPE" not in clean_svg(told)
    for text in ("", "<html/>", "<svg", "not xml", '<!DOCTYPE svg [<!ENTITY a "&a;">]><svg>&a;</svg>'):
        with pytest.raises(DataError, match="no SVG"):
            clean_svg(text)


def test_bitmaps_are_what_they_say_and_whole() -> None:
    good = png((300, 200))
    checked_bitmap("image/png", good)
    assert checked_base64("image/png", b64encode(good).decode() + "\n") == b64encode(good).decode()
    for content in (
        b"",
        b"<svg/>",
        good[: len(good) // 2],
        b"GIF89a" + good,
        b"\x89PNG\r\n\x1a\n" + bytes(99),
    ):
        with pytest.raises(DataError, match="no PNG"):
            checked_bitmap("image/png", content)
    with pytest.raises(DataError, match="no JPEG"):
        checked_bitmap("image/jpeg", good)
    with pytest.raises(DataError, match="no base64"):
        checked_base64("image/png", "<script>")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "=HYPERLINK(1)"]
)
def test_no_cell_of_a_csv_file_is_a_formula(cell: str) -> None:
    quoted = cell.replace('"', '""')
    assert without_formulas(f'a,b\n"{quoted}",2\n') == f"a,b\n'{cell},2\n"


@pytest.mark.parametrize(
    "cell", ["-3.5", "+12%", "-1e-7", "-inf", "-160:-31", "-", "a=b", "2024-01-01", "−3"]
)
def test_numbers_and_words_stay(cell: str) -> None:
    assert without_formulas(f"a,b\n{cell},2\n") == f"a,b\n{cell},2\n"


def test_a_folder_is_cleaned_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "t.csv").write_text("name\n=1+1\n")
    (tmp_path / "deep" / "f.svg").write_text(SVG.format("<script>run()</script>"))
    (tmp_path / "good.png").write_bytes(png())
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "etc").symlink_to("/etc")
    said = clean_files(tmp_path, Mask({}))
    assert len(said) == 2 and {path.name for path in tmp_path.iterdir()} == {"deep", "good.png"}
    assert (tmp_path / "deep" / "t.csv").read_text() == "name\n'=1+1\n"
    assert "run" not in (tmp_path / "deep" / "f.svg").read_text()
    (tmp_path / "bad.png").write_bytes(b"junk")
    with pytest.raises(DataError, match=r"its file bad.png cannot be published: it is no PNG"):
        clean_files(tmp_path, Mask({}))
    (tmp_path / "bad.png").rename(tmp_path / "tuna-4711-x.txt")
    with pytest.raises(DataError, match=r"name of a file that it wrote holds a secret: \[masked SHOP\].txt"):
        clean_files(tmp_path, Mask({"SHOP": "tuna-4711-x"}))
