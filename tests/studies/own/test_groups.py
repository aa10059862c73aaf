"""A report on one's own table: the estimate, what it says where nothing is clear, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.report.projects import demo_cells, write_project
from undercut.errors import CellError, InputError, MissingColumnError, TooFewError, UnitError
from undercut.report.build import build_reports
from undercut.report.new import new_report
from undercut.studies.own import columns_of, read_own, two_groups
from undercut.studies.presentation import Answer, Figure, Number


def rows(shift: float = 0.0, n: int = 40) -> pd.DataFrame:
    cost = np.random.default_rng(3).lognormal(0, 0.3, 2 * n)
    cost[:n] *= 1 + shift
    return pd.DataFrame({"team": ["red"] * n + ["blue"] * n, "cost": cost})


def told(shift: float) -> str:
    found = two_groups(rows(shift), value="cost", group="team", compare=("red", "blue"))
    return next(part.text for part in found.parts() if isinstance(part, Answer))


def test_the_estimate_is_the_ratio_of_medians_with_an_interval_around_it() -> None:
    table = rows(0.5)
    found = two_groups(table, value="cost", group="team", compare=("red", "blue"))
    red, blue = (table.loc[table["team"] == name, "cost"].to_numpy() for name in ("red", "blue"))
    assert found.change == pytest.approx(100 * (np.median(red) / np.median(blue) - 1))
    # The interval a second time, naively.
    random = np.random.default_rng(99)
    drawn = [
        np.median(random.choice(red, len(red))) / np.median(random.choice(blue, len(blue))) - 1
        for _ in range(4000)
    ]
    assert (found.low, found.high) == pytest.approx(tuple(100 * np.quantile(drawn, [0.025, 0.975])), abs=5)


def test_the_sentence_turns_with_the_data_and_says_when_it_cannot_tell() -> None:
    assert "higher" in told(1.0) and "lower" in told(-0.5)
    assert told(0.0).startswith("We cannot tell")


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    random, hits = np.random.default_rng(0), 0
    for _ in range(200):
        cost = random.lognormal(0, 0.4, 60)
        table = pd.DataFrame({"team": ["a"] * 30 + ["b"] * 30, "cost": cost})
        found = two_groups(table, value="cost", group="team", draws=300)
        hits += found.low <= 0 <= found.high
    assert 180 <= hits <= 200


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooFewError, match="red 4"):
        two_groups(rows(n=4), value="cost", group="team", compare=("red", "blue"))
    with pytest.raises(UnitError, match="zero or below"):
        two_groups(rows().assign(cost=0.0), value="cost", group="team")
    path = tmp_path / "mine.csv"
    path.write_text("team;cost;note\nred;1,5;x\nblue;2,5;y\nred;oops;z\n")
    with pytest.raises(MissingColumnError, match="team, cost, note"):
        read_own(str(path), value="price", group="team")
    with pytest.raises(CellError, match="line 4"):
        read_own(str(path), value="cost", group="team")
    with pytest.raises(InputError, match="groups: team"):
        columns_of(str(path))
    path.write_text("id;team;cost\na;red;1,5\nb;blue;2,5\nc;red;3\n")
    assert columns_of(str(path)) == ("cost", "team")


def test_a_new_report_yields_figure_finding_and_sentence_from_a_table_in_five_cells(tmp_path: Path) -> None:
    project = write_project(tmp_path, demo_cells())
    table = project / "mine.csv"
    rows(0.8).to_csv(table, index=False)
    notebook = new_report(project, "my_question", table=(table, *columns_of(str(table))))
    cells = json.loads(notebook.read_text())["cells"]
    assert sum(cell["cell_type"] == "code" for cell in cells) == 5
    assert "draft = true" in (project / "reports.toml").read_text()
    [outcome] = build_reports(["my_question"], root=project)
    made = json.loads((outcome.folder / "results.json").read_text())
    [finding], [figure] = made["findings"], made["figures"]
    assert made["data_kind"] == "real" and finding["ci_low"] < finding["value"] < finding["ci_high"]
    assert figure["name"] == "groups" and ("higher" in made["answer"] or "lower" in made["answer"])
    assert "my_question" not in (project / "reports" / "site" / "reports.json").read_text()
    text = (project / "reports.toml").read_text()
    (project / "reports.toml").write_text(text.replace("draft = true", "draft = false"))
    build_reports(root=project)
    assert "my_question" in (project / "reports" / "site" / "reports.json").read_text()


def test_the_parts_are_a_number_a_figure_and_an_answer() -> None:
    kinds = [type(part) for part in two_groups(rows(1), value="cost", group="team").parts()]
    assert kinds == [Number, Figure, Answer]
