"""Each test statistic against its formula written a second time, plainly, and against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from undercut.errors import UnknownNameError
from undercut.eventstudy.battery import TESTS
from undercut.eventstudy.data import ReturnsPanel
from undercut.eventstudy.model import event_study
from undercut.eventstudy.portfolio import portfolio_return
from undercut.eventstudy.results import EventStudy
from undercut.eventstudy.sample import Pool, mean_correlation, row_ranks

WINDOW = (0, 1)
DRAWS = 800


@pytest.fixture
def study(returns: pd.DataFrame, events: pd.DataFrame) -> EventStudy:
    return event_study(returns, events, market="market", estimation=(-160, -21), window=(-1, 2))


def statistic(study: EventStudy, test: str) -> float:
    found = study.tests([WINDOW], tests=[test], permutation=False)
    return float(found.loc[found["group"] == "all", "statistic"].iloc[0])


def scars(study: EventStudy) -> np.ndarray:
    abnormal = study.abnormal
    return np.array(
        [
            abnormal.abnormal[i, 1:3].sum() / np.sqrt(abnormal.covariance[i, 1:3, 1:3].sum())
            for i in range(len(abnormal.rows))
        ]
    )


def test_patell_sums_standardised_returns(study: EventStudy) -> None:
    spread = sum(m / (m - 2) for m in study.abnormal.freedom)
    assert statistic(study, "patell") == pytest.approx(scars(study).sum() / np.sqrt(spread))


def test_bmp_is_the_t_ratio_of_standardised_returns(study: EventStudy) -> None:
    assert statistic(study, "bmp") == pytest.approx(stats.ttest_1samp(scars(study), 0).statistic)


def test_cross_sectional_is_the_t_ratio_of_returns(study: EventStudy) -> None:
    cars = study.car(WINDOW)["car"]
    assert statistic(study, "cross_sectional") == pytest.approx(stats.ttest_1samp(cars, 0).statistic)


def test_mean_correlation_pairs_residuals_of_the_same_days(study: EventStudy) -> None:
    residuals, rows = pd.DataFrame(study.abnormal.residuals.T), study.abnormal.rows
    pairs = residuals.corr(min_periods=3).to_numpy()
    same = rows.day[:, None] == rows.day[None, :]
    np.fill_diagonal(same, False)
    # Events 60 days apart: rows of different dates do not share event days.
    expected = (pairs * same).sum() / (len(rows) * (len(rows) - 1))
    assert mean_correlation(study.abnormal, WINDOW) == pytest.approx(expected)


def test_a_firm_with_two_overlapping_windows_is_correlated_with_itself(returns: pd.DataFrame) -> None:
    days = returns.index[[300, 301]]
    events = pd.DataFrame({"event": ["x", "y"], "date": days, "firm": ["A", "A"]})
    options = {"market": "market", "estimation": (-160, -21), "skip_events": False}
    study = event_study(returns, events, window=(0, 2), **options)
    assert mean_correlation(study.abnormal) == pytest.approx(2 / 3, abs=0.02)


def test_kolari_pynnonen_deflates_bmp_and_patell(study: EventStudy) -> None:
    n, mean = len(study.abnormal.rows), mean_correlation(study.abnormal, WINDOW)
    deflated = statistic(study, "bmp") * np.sqrt((1 - mean) / (1 + (n - 1) * mean))
    assert statistic(study, "kolari_pynnonen") == pytest.approx(deflated)
    patell = statistic(study, "patell") / np.sqrt(1 + (n - 1) * mean)
    assert statistic(study, "kolari_pynnonen_patell") == pytest.approx(patell)


def test_generalised_rank_puts_the_event_among_the_estimation_days(study: EventStudy) -> None:
    abnormal = study.abnormal
    event = scars(study) / scars(study).std(ddof=1)
    table = pd.DataFrame(np.column_stack([abnormal.residuals / abnormal.sigma[:, None], event]))
    ranks = table.rank(axis=1)
    scaled = ranks.div(table.notna().sum(axis=1) + 1, axis=0) - 0.5
    seen = scaled.notna().sum()
    daily = scaled.mean()[seen > 0]
    spread = np.sqrt((seen[seen > 0] / len(table) * daily**2).mean())
    ratio, total = daily.iloc[-1] / spread, len(daily)
    expected = ratio * np.sqrt((total - 2) / (total - 1 - ratio**2))
    assert statistic(study, "generalised_rank") == pytest.approx(expected)


def test_corrado_rank_of_several_days(study: EventStudy) -> None:
    abnormal = study.abnormal
    table = pd.DataFrame(np.column_stack([abnormal.residuals, abnormal.abnormal])).rank(axis=1)
    daily = table.sub(table.mean(axis=1), axis=0).mean()
    spread = np.sqrt((daily**2).sum() / table.notna().sum(axis=1).mean())
    first = abnormal.residuals.shape[1] + 1
    expected = daily.iloc[first : first + 2].mean() * np.sqrt(2) / spread
    assert statistic(study, "rank") == pytest.approx(expected)


def test_generalised_sign_expects_each_firms_own_share(study: EventStudy) -> None:
    residuals = pd.DataFrame(study.abnormal.residuals)
    share = ((residuals > 0).sum(axis=1) / residuals.notna().sum(axis=1)).mean()
    cars = study.car(WINDOW)["car"]
    n = len(cars)
    expected = ((cars > 0).sum() - n * share) / np.sqrt(n * share * (1 - share))
    assert statistic(study, "generalised_sign") == pytest.approx(expected)


def test_the_portfolio_of_one_date_is_one_series(returns: pd.DataFrame) -> None:
    """With whole histories the test equals the market model of the equal-weight portfolio."""
    firms, day = ["A", "B", "C", "D"], returns.index[360]
    events = pd.DataFrame({"event": "x", "date": day, "firm": firms})
    options = {"market": "market", "estimation": (-160, -21), "window": (0, 1)}
    study = event_study(returns, events, **options)
    pooled = returns[["market"]].assign(P=returns[firms].mean(axis=1))
    alone = event_study(pooled, pd.DataFrame({"date": [day], "firm": ["P"]}), **options).car()
    assert statistic(study, "portfolio") == pytest.approx(alone["t"].iloc[0], rel=1e-9)


def test_ranks_average_ties_and_ignore_gaps() -> None:
    values = np.round(np.random.default_rng(0).normal(size=(40, 30)), 1)
    values[values > 1.5] = np.nan
    np.testing.assert_array_equal(row_ranks(values), pd.DataFrame(values).rank(axis=1))


def test_one_row_gets_the_tests_that_need_no_spread(returns: pd.DataFrame) -> None:
    events = pd.DataFrame({"date": [returns.index[360]], "firm": ["A"]})
    study = event_study(returns, events, market="market", estimation=(-160, -21))
    found = set(study.tests(permutation=False)["test"])
    assert {"patell", "rank", "portfolio"} <= found
    assert found.isdisjoint({"bmp", "cross_sectional", "kolari_pynnonen", "generalised_rank"})


def test_an_unknown_test_is_named_with_its_neighbours(study: EventStudy) -> None:
    with pytest.raises(UnknownNameError, match="patell"):
        study.tests(tests=["patel"], permutation=False)


def critical_rejections(
    tests: list[str], *, n_firms: int = 50, correlation: float = 0.0, event_variance: float = 1.0
) -> np.ndarray:
    """Share of draws in which each statistic exceeds 1.96, the convention of the closed forms.

    All draws are firms of one panel, fitted at once, and tested draw by draw.
    """
    rng = np.random.default_rng(1)
    n_days, event = 122, 121
    common = np.repeat(rng.standard_normal((DRAWS, n_days)), n_firms, axis=0)
    own = rng.standard_normal((DRAWS * n_firms, n_days))
    shocks = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    shocks[:, event] *= np.sqrt(event_variance)
    market = rng.normal(0, 0.01, n_days)
    days = pd.bdate_range("2020-01-01", periods=n_days).to_numpy().astype("datetime64[ns]")
    names = tuple(f"{i:06d}" for i in range(len(shocks)))
    panel = ReturnsPanel(days, (*names, "~market"), np.vstack([market + 0.02 * shocks, market]))
    study = event_study(
        panel, pd.DataFrame({"date": [days[event]]}), market="~market", estimation=(-120, -1), window=(0, 0)
    )
    exceeding = np.zeros((DRAWS, len(tests)))
    for draw in range(DRAWS):
        pool = Pool(study.abnormal.take(np.arange(draw * n_firms, (draw + 1) * n_firms)))
        exceeding[draw] = [abs(TESTS[name].run(pool.sample((0, 0))).statistic) > 1.96 for name in tests]
    return exceeding.mean(axis=0)


def size(name: str, n_firms: int, correlation: float = 0.0, factor: float = 1.0) -> float:
    """Share of statistics beyond 1.96 by the closed forms of Kolari and Pynnonen (2010), equations 4 to 9:
    with 50 firms and a correlation of .02 Patell .164, BMP .174, their own test .056."""
    inflation = 1 + (n_firms - 1) * correlation
    if name == "patell":
        return float(2 * stats.norm.sf(1.96 / np.sqrt(inflation * factor)))
    scale = 1.0 if name == "kolari_pynnonen" else (1 - correlation) / inflation
    return float(2 * stats.t.sf(1.96 * np.sqrt(scale), n_firms - 1))


@pytest.mark.parametrize(
    ("n_firms", "correlation", "factor"),
    [(50, 0.02, 1.0), (30, 0.16, 1.0), (50, 0.0, 1.5), (50, 0.0, 4.0)],
)
def test_sizes_under_correlation_and_event_variance_follow_the_closed_forms(
    n_firms: int, correlation: float, factor: float
) -> None:
    names = ["patell", "bmp", "kolari_pynnonen"]
    found = critical_rejections(names, n_firms=n_firms, correlation=correlation, event_variance=factor)
    for rate, name in zip(found, names, strict=True):
        truth = size(name, n_firms, correlation, factor)
        assert abs(rate - truth) < max(0.015, 3 * np.sqrt(truth * (1 - truth) / DRAWS)), name


def test_the_closed_forms_are_those_of_the_paper() -> None:
    assert [round(size(name, 50, 0.02), 3) for name in ("patell", "bmp", "kolari_pynnonen")] == [
        0.164, 0.174, 0.056,
    ]  # fmt: skip


@pytest.mark.parametrize("n_estimation", [120, 30])
@pytest.mark.parametrize(("model", "parameters"), [("constant-mean", 1), ("market", 2)])
def test_variance_of_a_cumulative_return_has_its_closed_form(
    n_estimation: int, model: str, parameters: int
) -> None:
    """Campbell, Lo and MacKinlay, chapter 4: a t ratio with n less the parameters degrees of freedom; summing
    daily variances leaves out that all days share one estimate."""
    rng = np.random.default_rng(n_estimation)
    n_firms, n_days, length = 10_000, n_estimation + 11, 11
    wide = pd.DataFrame(
        rng.normal(0, 0.02, (n_days, n_firms)), index=pd.bdate_range("2020-01-01", periods=n_days)
    )
    wide["market"] = np.random.default_rng(0).normal(0, 0.01, n_days)
    events = pd.DataFrame({"date": [wide.index[n_estimation]]})
    study = event_study(
        wide, events, model=model, market="market", estimation=(-n_estimation, -1), window=(0, 10),
        min_days=n_estimation,
    )  # fmt: skip
    table = study.car()
    freedom = n_estimation - parameters
    assert table["t"].var() == pytest.approx(freedom / (freedom - 2), abs=0.04)
    if model == "constant-mean":
        daily = np.einsum("nll->nl", study.abnormal.covariance).sum(axis=1)
        shared = (1 + length / n_estimation) / (1 + 1 / n_estimation)
        assert (table["car"] / np.sqrt(daily)).var() == pytest.approx(
            shared * freedom / (freedom - 2), abs=0.05
        )


def test_portfolios_of_neighbouring_dates_share_days(returns: pd.DataFrame) -> None:
    """Two events of one firm a day apart: of three days each, two are common."""
    events = pd.DataFrame({"event": ["x", "y"], "date": returns.index[[300, 301]], "firm": ["A", "A"]})
    options = {"model": "constant-mean", "estimation": (-160, -21), "skip_events": False}
    study = event_study(returns, events, window=(0, 2), **options)
    found = portfolio_return(study.abnormal)
    own = study.abnormal.car_variance().sum()
    shared = 2 * 2 * study.abnormal.sigma.prod()
    assert found.standard_error**2 == pytest.approx((own + shared) / 4, rel=0.02)


def test_overlapping_windows_with_gaps_agree_with_every_pair_looked_at(returns: pd.DataFrame) -> None:
    """Correlation and portfolio variance of twelve rows on four days, from pairs of rows and of days."""
    days = returns.index[[300, 301, 303, 303, 306, 306] * 2]
    events = pd.DataFrame({"event": [*"abccdd"] * 2, "date": days, "firm": [*"ABCDEFFEDCBA"]})
    options = {"market": "market", "estimation": (-160, -21), "skip_events": False}
    study = event_study(returns, events.drop_duplicates(), window=(0, 4), **options)
    abnormal = study.abnormal
    dates, length = abnormal.rows.day, 5
    aligned = [
        pd.Series(r, index=np.arange(len(r)) + day) for r, day in zip(abnormal.residuals, dates, strict=True)
    ]
    total = sum(
        (1 - abs(int(dates[i] - dates[j])) / length) * aligned[i].corr(aligned[j])
        for i in range(len(dates)) for j in range(len(dates))
        if i != j and abs(dates[i] - dates[j]) < length
    )  # fmt: skip
    assert mean_correlation(abnormal) == pytest.approx(total / len(dates) / (len(dates) - 1))
    scale = abnormal.car_variance() / abnormal.sigma**2
    variance = 0.0
    portfolios = {}
    for day in np.unique(dates):
        rows = np.flatnonzero(dates == day)
        series = pd.concat([aligned[i] for i in rows], axis=1).mean(axis=1) * len(rows) / len(dates)
        freedom = series.count() - (abnormal.n_estimation - abnormal.freedom)[rows].mean()
        variance += scale[rows].mean() * (series**2).sum() / freedom
        for other, earlier in portfolios.items():
            if day - other < length:
                variance += 2 * (length - (day - other)) * (series * earlier).mean()
        portfolios[day] = series
    assert portfolio_return(abnormal).standard_error == pytest.approx(np.sqrt(variance))


def test_bootstrap_statistic_is_cluster_robust_by_date(returns: pd.DataFrame) -> None:
    rows = [(returns.index[300 + 10 * i], firm) for i in range(7) for firm in "ABCD"[: 1 + i % 4]]
    events = pd.DataFrame(rows, columns=["date", "firm"])
    study = event_study(returns, events, market="market", estimation=(-160, -21), window=(0, 1))
    values = pd.Series(study.car((0, 1))["t"].to_numpy()).groupby(study.abnormal.rows.day)
    sums, sizes = values.sum(), values.size()
    spread = np.sqrt(((sums - sizes * sums.sum() / sizes.sum()) ** 2).sum())
    assert statistic(study, "bootstrap") == pytest.approx(sums.sum() / spread)
