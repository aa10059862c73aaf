"""Results in JupyterLab: charts that answer, sliders, or the word how to get them."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pandas as pd
import pytest

import undercut as uc
from undercut.studies.own import two_groups


def test_a_chart_says_what_each_mark_is_and_asks_no_other_host() -> None:
    rows = pd.DataFrame({"team": ["a"] * 9 + ["b"] * 9, "cost": range(11, 29)})
    shown = uc.chart(two_groups(rows, value="cost", group="team"))
    assert shown.svg.count("<title>") >= len(rows)
    assert "srcdoc" in shown._repr_html_() and "http" not in shown.page().replace("http://www.w3.org", "")


def test_sliders_move_values_or_name_the_extra_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    widgets = SimpleNamespace(interact=lambda function, least: seen.append(function(least=least[0])))
    monkeypatch.delenv("UNDERCUT_OUTPUT", raising=False)
    monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
    # What a cell would print below the widgets.
    assert uc.sliders(lambda times, least: times * least, 10, least=(1, 9)) is None
    assert seen == [10]
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert "undercut[lab]" in uc.sliders(lambda least: least, least=(1, 9))


def test_sliders_do_nothing_while_a_report_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERCUT_OUTPUT", "somewhere")
    assert uc.sliders(int, "no number", least=(1, 9)) is None
