"""What does `Report.add` put on a page, and what does it refuse?"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes

from undercut.errors import InputError, UnknownNameError
from undercut.result import Result
from undercut.studies.presentation import Answer, Caveat, Figure, Number, Part, Report, Sentence, Table


class Fall(Result):
    """A result of five doors and its own page."""

    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        return self.frame

    def plot(self, ax: Axes | None = None) -> Axes:
        axes: Axes = ax or plt.subplots()[1]
        axes.plot(self.frame["month"], self.frame["price"])
        axes.set_title("Prices fell")
        return axes

    def parts(self) -> list[Part]:
        change = 100 * (self.frame["price"].iloc[-1] / self.frame["price"].iloc[0] - 1)
        return [
            Number("fall", "Change of the price", change, "%", ci=(change - 5, change + 5)),
            Answer(f"Prices {'fell' if change < 0 else 'rose'}."),
            Figure("prices", self.plot, alt="Price by month.", data=self.frame),
            Table(self.frame, title="Prices"),
            Sentence("One price by month."),
            Caveat("A toy."),
        ]


@pytest.fixture
def fall() -> Fall:
    return Fall(pd.DataFrame({"month": [1, 2], "price": [10.0, 5.0]}))


def test_a_result_is_put_on_the_page_whole(
    fall: Fall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERCUT_OUTPUT", str(tmp_path))
    report = Report("example", title="Did prices fall?", data_kind="simulated", workload="chat")
    [found] = report.add(fall, role="headline")
    content = report.to_dict()
    assert (found.value, found.role) == (-50, "headline")
    [plain] = Report("example", title="Did prices fall?").add(fall)
    assert plain.role == "descriptive"
    assert content["answer"] == "Prices fell."
    assert content["warnings"] == ["A toy."]
    assert content["parameters"] == {"as_of": None, "workload": "chat"}
    assert [figure["name"] for figure in content["figures"]] == ["prices"]
    assert (tmp_path / "figures" / "prices.csv").read_text().splitlines()[1] == "1,10.0"


def test_the_sentence_turns_with_the_data(fall: Fall) -> None:
    turned = Fall(fall.frame.assign(price=[5.0, 10.0]))
    assert [part.text for part in turned.parts() if isinstance(part, Answer)] == ["Prices rose."]


def test_what_nothing_presents_is_refused_by_name() -> None:
    report = Report("example", title="A title", data_kind="simulated")
    with pytest.raises(InputError, match="how a dict is presented"):
        report.add({})


def test_the_title_is_the_catalogues_and_an_unknown_report_is_refused() -> None:
    assert Report("01_market_prices").title == "Who sells what, and at which price?"
    with pytest.raises(UnknownNameError, match="01_market_prices"):
        Report("01_market_price")


def test_tables_give_the_report_its_day() -> None:
    report = Report("example", title="A title")
    report.uses(pd.DataFrame({"last_seen": pd.to_datetime(["2026-11-01", "2026-11-17"])}))
    assert report.as_of == "2026-11-17"
    dated = Report("example", title="A title", as_of="2026-11-20")
    dated.uses(pd.DataFrame({"last_seen": pd.to_datetime(["2026-11-17"])}))
    assert dated.as_of == "2026-11-20"


def test_a_table_of_detail_folds_away_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report("example", title="A title")
    folded: list[bool] = []
    monkeypatch.setattr(report, "show", lambda _: folded.append(report._folds))
    frame = pd.DataFrame({"model": ["a", "b"], "price": [1.0, 2.0]})
    report.add([Table(frame, "All", fold=True), Table(frame, "Few")])
    assert folded == [True, False]


def test_a_result_is_short_to_look_at(fall: Fall) -> None:
    long = Fall(pd.concat([fall.frame] * 5_000))
    assert len(repr(long)) < 2_000
    assert long._repr_html_().count("<tr") <= 22
    assert repr(fall).startswith("Fall\n")


def test_a_number_is_written_as_its_interval_allows() -> None:
    fall = Number("fall", "Fall", -36.21, "%", ci=(-41.3, -30.1), n=12)
    assert (fall.short, fall.size, fall.interval) == ("−36%", "36%", "95% interval −41% to −30%")
    assert fall.is_clear and not Number("rise", "Rise", 1.0, "%", ci=(-1.0, 3.0)).is_clear
    untold = Number("none", "None", None, "%", ci=(float("nan"), 1.0), note="too few")
    assert (untold.short, untold.interval, untold.is_clear) == ("–", "", False)
