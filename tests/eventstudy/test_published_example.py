"""The documented example of the R package estudy2: 13 statistics on each of 5 days, in both conventions."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.sources.returns import load_returns

TOLERANCE = 1e-9
DAILY = {
    "brown_warner_1980": "bw_1980_stat",
    "brown_warner_1985": "bw_1985_stat",
    "cross_sectional": "t_test_stat",
    "patell": "pt_stat",
    "bmp": "bh_stat",
    "portfolio": "lmb_stat",
    "sign": "sign_stat",
    "generalised_sign": "gsign_stat",
    "corrado_zivney_sign": "csign_stat",
    "rank": "rank_stat",
    "modified_rank": "mrank_stat",
    "wilcoxon": "wlcx_stat",
}
DAYS = [(day, day) for day in range(5)]


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    """Seven companies of the shipped sample and the market, wide: what the example's inputs look like."""
    firms = ["NVDA", "AMD", "MSFT", "AMZN", "AAPL", "CRM", "VRT"]
    long = load_returns([*firms, "RSP"], source="sample")
    return long.pivot_table(index="date", columns="ticker", values="return")


@pytest.mark.parametrize("convention", ["textbook", "estudy2"])
def test_statistics_of_the_shipped_sample_equal_their_formulas(
    sample: pd.DataFrame, convention: Literal["textbook", "estudy2"]
) -> None:
    """The example's own inputs are another package's; here each formula is written out a second time."""
    day = sample.index.get_loc(pd.Timestamp("2025-09-10"))
    study = event_study(
        sample, "2025-09-10", market="RSP", estimation=(-240, -1), window=(0, 0), convention=convention
    )
    past, market = sample.iloc[day - 240 : day], sample["RSP"].iloc[day - 240 : day].to_numpy()
    spread = ((market - market.mean()) ** 2).sum()
    lost = 2 if convention == "textbook" else 1
    rows = []
    for firm in sample.columns.drop("RSP"):
        beta, alpha = np.polyfit(market, past[firm], 1)
        errors = past[firm].to_numpy() - alpha - beta * market
        sigma = np.sqrt((errors**2).sum() / (240 - lost))
        ahead = sample["RSP"].iloc[day]
        forecast = 1 + 1 / 240 + (ahead - market.mean()) ** 2 / spread
        rows.append((sample[firm].iloc[day] - alpha - beta * ahead, sigma, forecast, errors))
    ar, sigma, forecast = (np.array([row[i] for row in rows]) for i in range(3))
    errors = np.array([row[3] for row in rows])
    scar, n = ar / (sigma * np.sqrt(forecast)), len(rows)
    variance = sigma**2 if convention == "estudy2" else sigma**2 * forecast
    ranks = stats.rankdata(np.column_stack([errors, ar]), axis=1)
    deviations = (ranks - ranks.mean(axis=1, keepdims=True)).mean(axis=0)
    expected = {
        "brown_warner_1980": ar.sum() / np.sqrt(variance.sum()),
        "brown_warner_1985": ar.mean() / errors.mean(axis=0).std(ddof=1),
        "cross_sectional": ar.mean() / ar.std(ddof=1) * np.sqrt(n),
        "patell": scar.sum() / np.sqrt(n * 238 / 236),
        "bmp": scar.mean() / scar.std(ddof=1) * np.sqrt(n),
        "sign": ((ar > 0).mean() - 0.5) / np.sqrt(0.25 / n),
        "rank": deviations[-1] / np.sqrt((deviations**2).sum() / 241),
        "wilcoxon": stats.rankdata(np.abs(ar))[ar > 0].sum(),
    }
    found = study.tests([(0, 0)], tests=list(expected), permutation=False).set_index("test")["statistic"]
    for test, value in expected.items():
        assert found[test] == pytest.approx(value, rel=1e-9), test


def covid_week(case: Path, **options: object) -> EventStudy:
    market = pd.read_csv(case / "market.csv", index_col="date").iloc[:, 0]
    events = pd.DataFrame({"event": ["covid"], "date": ["2020-03-16"]})
    settings = {"market": market, "estimation": (-240, -1), "window": (0, 4), **options}
    return event_study(pd.read_csv(case / "returns.csv"), events, **settings)


def statistics(study: EventStudy, windows: list[tuple[int, int]], test: str) -> np.ndarray:
    return study.tests(windows, tests=[test], permutation=False)["statistic"].to_numpy()


@pytest.mark.parametrize(("test", "column"), DAILY.items())
def test_daily_statistics_equal_those_of_estudy2(estudy2_case: Path, test: str, column: str) -> None:
    expected = pd.read_csv(estudy2_case / "expected_daily_tests.csv")[column]
    found = statistics(covid_week(estudy2_case, convention="estudy2"), DAYS, test)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_mean_abnormal_returns_equal_those_of_estudy2(estudy2_case: Path) -> None:
    expected = pd.read_csv(estudy2_case / "expected_daily_tests.csv")["mean"]
    found = covid_week(estudy2_case).caar()["aar"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("test", "name", "file"),
    [
        ("portfolio", "car_lamb", "parametric"),
        ("brown_warner_1985", "car_brown_warner_1985", "parametric"),
        ("rank", "car_rank_test", "nonparametric"),
    ],
)
def test_statistics_of_the_week_equal_those_of_estudy2(
    estudy2_case: Path, test: str, name: str, file: str
) -> None:
    expected = pd.read_csv(estudy2_case / f"expected_car_{file}.csv").set_index("name")["statistic"][name]
    found = statistics(covid_week(estudy2_case, convention="estudy2"), [(0, 4)], test)
    assert found[0] == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("test", "column"),
    [("patell", "patell_T-2"), ("bmp", "bmp_T-2"), ("kolari_pynnonen", "adj_bmp_T-2")],
)
def test_textbook_statistics_divide_by_the_degrees_of_freedom(
    estudy2_case: Path, test: str, column: str
) -> None:
    expected = pd.read_csv(estudy2_case / "textbook_T-2_variants.csv")[column]
    found = statistics(covid_week(estudy2_case), DAYS, test)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_coefficients_and_days_equal_those_of_estudy2(estudy2_case: Path) -> None:
    expected = pd.read_csv(estudy2_case / "expected_coef.csv").set_index("ticker")
    abnormal = covid_week(estudy2_case).abnormal
    expected = expected.loc[list(abnormal.rows.firm)]
    np.testing.assert_allclose(abnormal.coefficients, expected[["alpha", "beta"]], rtol=0, atol=TOLERANCE)
    assert abnormal.n_estimation.tolist() == expected["n"].tolist()


@pytest.mark.parametrize(("model", "file"), [("constant-mean", "mean_adj"), ("market-adjusted", "mrkt_adj")])
def test_simple_models_give_the_t_tests_of_estudy2(estudy2_case: Path, model: str, file: str) -> None:
    expected = pd.read_csv(estudy2_case / f"expected_ttest_{file}.csv")["t_test_stat"]
    found = statistics(covid_week(estudy2_case, model=model), DAYS, "cross_sectional")
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
