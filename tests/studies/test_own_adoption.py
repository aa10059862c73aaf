"""A panel in a file gives what the same table gives, or the cell that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import undercut as uc
from undercut.errors import CellError, DataError, MissingColumnError
from undercut.inference.did import model

OPTIONS = {"method": "stacked", "leads": 2, "lags": 2}


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """Thirty firms over twelve quarters; two thirds adopt, which adds two."""
    rng = np.random.default_rng(3)
    rows = [
        {"unit": f"u{i}", "period": f"{2019 + t // 4}Q{t % 4 + 1}", "t": t, "first": (5, 8, None)[i % 3]}
        for i in range(30) for t in range(12)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["first_treated"] = frame["first"].map({5: "2020Q2", 8: "2021Q1"})
    frame["outcome"] = rng.normal(0, 0.1, len(frame)).round(4) + 2.0 * (frame["t"] >= frame["first"])
    return frame[["unit", "period", "first_treated", "outcome"]]


def written(folder: Path, text: str) -> Path:
    path = folder / "panel.csv"
    path.write_text(text)
    return path


def test_a_file_gives_what_the_table_gives_in_every_dress(panel: pd.DataFrame, tmp_path: Path) -> None:
    expected = model.staggered_adoption(panel, **OPTIONS)
    assert expected.effect()["estimate"] == pytest.approx(2.0, abs=0.1)
    text = panel.to_csv(index=False)
    odd = panel.rename(columns=lambda name: name.title().replace("_", " "))[
        ["Outcome", "Period", "Unit", "First Treated"]
    ]
    panel.to_parquet(tmp_path / "panel.parquet")
    for path in (
        written(tmp_path, text).rename(tmp_path / "a.csv"),
        written(tmp_path, text.replace(",", ";")).rename(tmp_path / "b.csv"),
        written(tmp_path, odd.to_csv(index=False)).rename(tmp_path / "c.csv"),
        written(tmp_path, odd.fillna({"First Treated": "never"}).to_csv(index=False)).rename(
            tmp_path / "d.csv"
        ),
        tmp_path / "panel.parquet",
    ):
        found = uc.staggered_adoption(path, **OPTIONS)
        pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame())
        pd.testing.assert_frame_equal(
            uc.staggered_adoption(str(path), **OPTIONS).to_frame(), expected.to_frame()
        )
    pd.testing.assert_frame_equal(uc.staggered_adoption(panel, **OPTIONS).to_frame(), expected.to_frame())


def test_years_may_be_never_in_the_usual_ways(panel: pd.DataFrame, tmp_path: Path) -> None:
    quarter = {text: 2000 + at for at, text in enumerate(sorted(set(panel["period"])))}
    years = panel.assign(
        period=panel["period"].map(quarter), first_treated=panel["first_treated"].map(quarter)
    )
    expected = model.staggered_adoption(years, **OPTIONS).to_frame()
    for never in ("", "0", "inf", "never", "NA", "9999"):
        dressed = years["first_treated"].map("{:.0f}".format).replace("nan", never)
        path = written(tmp_path, years.assign(first_treated=dressed).to_csv(index=False))
        pd.testing.assert_frame_equal(uc.staggered_adoption(path, **OPTIONS).to_frame(), expected)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "u0,2019Q3,2020Q2,",
            "u0,2019Q3,2020Q2,x",
            r"panel.csv, line 4, column 'outcome': 'x.* is not a number",
        ),
        (
            "u0,2019Q3,",
            "u0,Mai 2019,",
            r"panel.csv, line 4, column 'period': 'Mai 2019' is not a period written",
        ),
        ("u0,2019Q3,2020Q2", "u0,2019Q3,soon", r"panel.csv, line 4, column 'first_treated': 'soon'"),
        ("u0,2019Q3,", ",2019Q3,", r"panel.csv, line 4, column 'unit': '.*' is blank where a name is needed"),
    ],
    ids=["number", "period", "adoption", "unit"],
)
def test_a_cell_that_cannot_be_read_is_named(
    panel: pd.DataFrame, tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = panel.to_csv(index=False)
    assert text.count(old) == 1
    with pytest.raises(CellError, match=message):
        uc.staggered_adoption(written(tmp_path, text.replace(old, new)), **OPTIONS)


def test_missing_columns_and_rows_twice_are_said(panel: pd.DataFrame, tmp_path: Path) -> None:
    text = panel.to_csv(index=False)
    with pytest.raises(MissingColumnError, match=r"panel.csv has no column 'price'"):
        uc.staggered_adoption(written(tmp_path, text), outcome="price")
    with pytest.raises(DataError):
        uc.staggered_adoption(written(tmp_path, text + text.splitlines()[1] + "\n"), **OPTIONS)
