"""Are the ranges beside a headline those of its combinations and of what is left out?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import MissingColumnError, TooFewError
from undercut.inference.robustness import Robustness, leave_one_out
from undercut.inference.specifications import run_specifications, specification_curve
from undercut.studies.presentation import Figure, Number, Sentence, parts_of
from undercut.studies.robust import deciding, heading, told

OPTIONS = {"scale": [1.0, 2.0, 3.0, 4.0], "shift": [0.0, 10.0]}


def robustness(rows: pd.DataFrame, interval: tuple[float, float]) -> Robustness:
    def estimate(scale: float, shift: float) -> dict[str, float]:
        value = scale * float(rows["change"].mean()) + shift
        return {"estimate": value, "low": np.nan, "high": np.nan}

    curve = specification_curve(
        run_specifications(estimate, OPTIONS), list(OPTIONS), headline={"scale": 1.0, "shift": 0.0}, unit="%"
    )
    left_out = leave_one_out(rows, ["model", "developer"], lambda kept: float(kept["change"].mean()))
    return Robustness("gap", "The gap", float(rows["change"].mean()), *interval, curve, left_out)


ROWS = pd.DataFrame({"model": list("abcd"), "developer": list("xxyz"), "change": [-2.0, -4.0, 9.0, -12.0]})


def test_ranges_names_and_deciding_units_are_counted_by_hand() -> None:
    found = robustness(ROWS, (-4.0, 3.0))
    every = sorted(scale * -2.25 + shift for scale in OPTIONS["scale"] for shift in OPTIONS["shift"])
    assert found.reach == pytest.approx(tuple(np.quantile(every, [0.05, 0.95])))
    ends = found.without().set_index("unit").loc["model"]
    # Without c: (−2 −4 −12) / 3; without d: (−2 −4 + 9) / 3.
    assert list(ends[["lowest", "without_lowest", "highest", "without_highest"]]) == [-6.0, "c", 1.0, "d"]
    told_units = found.deciding.set_index(["unit", "left_out"])
    assert set(told_units.index) == {("model", "c"), ("model", "d"), ("developer", "y"), ("developer", "z")}
    assert told_units.loc[("model", "d"), ["turns", "leaves"]].tolist() == [True, False]
    assert told_units.loc[("model", "c"), ["turns", "leaves"]].tolist() == [False, True]


def test_the_page_names_what_decides_and_turns_with_the_data() -> None:
    found = robustness(ROWS, (-4.0, 3.0))
    assert "Without the model d it is 1%, of the other sign." in deciding(found)
    calm = robustness(ROWS.assign(change=[5.0, 5.1, 4.9, 5.0]), (3.0, 7.0))
    assert deciding(calm) == "No single model or developer turns its sign or takes it out of its interval."
    assert heading(calm) == "All 8 combinations of choices lie on one side"
    assert "of 8 combinations" in heading(found) and told(found).startswith("Over 8 combinations")
    parts = list(parts_of(found))
    numbers = {part.key: part.value for part in parts if isinstance(part, Number)}
    assert numbers["gap.without_one_model.lowest"] == -6.0 and numbers["gap.without_one_model.highest"] == 1.0
    assert [type(part) for part in parts if isinstance(part, Figure | Sentence)] == [Figure, Sentence]
    [figure] = [part for part in parts if isinstance(part, Figure)]
    assert figure.draw().get_yticklabels()[1].get_text() == "combinations (8)"


def test_units_that_leave_too_little_say_why() -> None:
    def strict(kept: pd.DataFrame) -> float:
        if len(kept) < 3:
            raise TooFewError("three are needed")
        return 1.0

    found = leave_one_out(ROWS, ["developer"], strict).set_index("left_out")
    assert np.isnan(found.loc["x", "estimate"]) and found.loc["x", "why_not"] == "three are needed"
    assert found.loc["y", "estimate"] == 1.0
    with pytest.raises(MissingColumnError, match="no column seller"):
        leave_one_out(ROWS, ["seller"], strict)
