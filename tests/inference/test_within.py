"""Is a regression with fixed effects the one with a dummy for each level?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from undercut.errors import NotIdentifiedError
from undercut.inference.within import independent, poisson_fit, within_fit, without_singletons


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"unit": rng.integers(0, 12, 300), "month": rng.integers(0, 9, 300)})
    frame["firm"] = frame["unit"] // 2
    frame["x"], frame["z"] = rng.normal(size=(2, 300))
    frame["y"] = 0.7 * frame["x"] + frame["unit"] - 0.3 * frame["month"] + rng.normal(size=300)
    return frame


def dummies(rows: pd.DataFrame, *effects: str) -> np.ndarray:
    return np.column_stack([pd.get_dummies(rows[name]).to_numpy(float) for name in effects])


def test_coefficients_are_those_of_dummies(rows: pd.DataFrame) -> None:
    fit = within_fit(rows["y"], rows[["x", "z"]], rows[["unit", "month"]], rows[["unit"]])
    whole = np.column_stack([rows[["x", "z"]], dummies(rows, "unit", "month")])
    assert fit.coefficients == pytest.approx(np.linalg.lstsq(whole, rows["y"])[0][:2], rel=1e-10)
    assert fit.names == ("x", "z")


@pytest.mark.parametrize("clusters", [["month"], ["unit", "month"], ["firm"]])
def test_errors_are_the_textbooks(rows: pd.DataFrame, clusters: list[str]) -> None:
    """Cameron, Gelbach and Miller: sums of scores by cluster, both ways less the intersection."""
    fit = within_fit(rows["y"], rows[["x"]], rows[["unit", "month"]], rows[clusters])
    x = (
        rows["x"]
        - dummies(rows, "unit", "month") @ np.linalg.lstsq(dummies(rows, "unit", "month"), rows["x"])[0]
    )
    y = (
        rows["y"]
        - dummies(rows, "unit", "month") @ np.linalg.lstsq(dummies(rows, "unit", "month"), rows["y"])[0]
    )
    score = x * (y - (x @ y) / (x @ x) * x)
    ways = [[name] for name in clusters] + ([clusters] if len(clusters) > 1 else [])
    signs = (1, 1, -1)
    meat = sum(
        sign * (score.groupby([rows[name] for name in way]).sum() ** 2).sum()
        for sign, way in zip(signs, ways, strict=False)
    )
    # Units lie within firms and within themselves: such effects count once.
    nested = [
        effect
        for effect in ("unit", "month")
        if effect in clusters or (clusters == ["firm"] and effect == "unit")
    ]
    levels = {"unit": 12, "month": 9}
    k = 1 + sum(count for name, count in levels.items() if name not in nested) - 1 + len(nested)
    groups = min(rows[name].nunique() for name in clusters)
    expected = meat / (x @ x) ** 2 * (300 - 1) / (300 - k) * groups / (groups - 1)
    assert fit.variance[0, 0] == pytest.approx(expected, rel=1e-10)
    assert fit.combined(["x"])[1] == pytest.approx(np.sqrt(expected), rel=1e-10)


def test_poisson_is_the_regression_with_dummies(rows: pd.DataFrame) -> None:
    mean = np.exp(0.3 * rows["x"] + 0.1 * rows["unit"] - 0.2 * rows["month"])
    counts = mean * np.random.default_rng(1).exponential(size=len(rows))
    fit = poisson_fit(counts, rows[["x"]], rows[["unit", "month"]], rows[["firm"]])
    whole = np.column_stack([rows["x"], dummies(rows, "unit", "month")[:, :-1]])
    model = sm.GLM(counts, whole, family=sm.families.Poisson())
    full = model.fit(tol=1e-14, cov_type="cluster", cov_kwds={"groups": rows["firm"]})
    assert fit.coefficients[0] == pytest.approx(full.params.iloc[0], rel=1e-9)
    # Units lie within firms and count once: ten parameters of twenty-one.
    n, k = len(rows), whole.shape[1]
    expected = full.bse.iloc[0] * np.sqrt((n - k) / (n - 10))
    assert fit.combined(["x"])[1] == pytest.approx(expected, rel=1e-9)


def test_what_the_effects_explain_is_left_out_or_refused(rows: pd.DataFrame) -> None:
    twice = rows.assign(copy=2 * rows["x"] + rows["unit"])
    fit = within_fit(twice["y"], twice[["x", "copy", "z"]], twice[["unit"]], twice[["unit"]])
    assert fit.names == ("x", "z")
    with pytest.raises(NotIdentifiedError, match="firm"):
        within_fit(rows["y"], rows[["firm"]], rows[["unit"]], rows[["unit"]])
    assert independent(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 1.0]])) == [0, 2]


def test_rows_alone_in_an_effect_go_until_none_is_left() -> None:
    frame = pd.DataFrame({"unit": list("aabbc"), "month": [1, 2, 1, 3, 3]})
    assert without_singletons(frame, ["unit", "month"]).empty
    assert len(without_singletons(frame, ["unit"])) == 4
