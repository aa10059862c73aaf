"""What follows for the months to come, with which probability, and how did the rule do before?

A prediction says on which side of a threshold a monthly series will be. Its probability comes from the
series alone. List prices are steps and mostly stand still, so half of the weight is on no change; the other
half is a random walk whose spread is that of the last year's monthly changes, without their drift, which past
panels did not carry on. The rule was chosen on predictions made in 2025 until `CHOSEN_UNTIL`, and tested on
later ones. When the month has come, the series is computed from the panel as of that day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from undercut.errors import TooFewError
from undercut.prices.load import load_prices
from undercut.prices.monthly_quotes import monthly_quotes
from undercut.report.findings.sentences import number
from undercut.sources.reference import load_reference
from undercut.studies.framed import Framed
from undercut.studies.presentation import Number, Part, Sentence, Table

RULE: Final = (
    "half the weight on no change, half on a normal change around none with the standard deviation of the "
    "last twelve monthly changes times the root of the months ahead, never below 3% or above 97%"
)
#: Months ahead in the backtest, and where its thresholds stand, in standard deviations from today's value.
AHEAD: Final = 3
STEPS: Final = (-1.0, 0.0, 1.0)
#: The rule was chosen on predictions made until this day.
CHOSEN_UNTIL: Final = "2025-09-30"
_YEAR: Final = 12
_LEAST_SPREAD: Final = 0.02
_SURE: Final = 0.03
_LEAST_GAP: Final = 0.1
_TIE: Final = 1e-9
#: Capability levels (Epoch Capabilities Index) whose lowest price is followed.
LEVELS: Final[Mapping[str, float]] = {"gpt_4": 126.0, "o1": 142.0}


class Predictions(Framed):
    """Every prediction, with its outcome and Brier score where its day has come; and the backtest."""

    backtest: pd.DataFrame

    def parts(self) -> Iterator[Part]:
        """What the briefing shows of them."""
        yield from _parts(self)


def monthly_series(as_of: str | date | None = None) -> pd.DataFrame:
    """What is predicted, by month: as could be known on a day.

    Returns
    -------
    DataFrame
        Index: month (YYYY-MM). ``lowest.<level>`` (dollars per million tokens), ``median.cn_open`` and
        ``median.us_closed`` (at their developers), ``ratio`` (of the two), ``sellers`` (of the mean open
        model), ``behind`` (points of capability by which the best Chinese open model on sale follows the best
        US closed one, by the scores of today), ``share`` (Chinese open models in the weekly tokens of one
        router, mean of 13 weeks).
    """
    quotes = monthly_quotes(load_prices(as_of))
    own, opened = quotes["host_kind"].eq("developer"), quotes["access"].ne("closed")
    chinese, american = quotes["origin"].eq("CN") & opened, quotes["origin"].eq("US") & ~opened
    found = {f"lowest.{name}": quotes[quotes["eci"] >= level].groupby("period")["price"].min()
             for name, level in LEVELS.items()}  # fmt: skip
    for name, rows in (("cn_open", chinese), ("us_closed", american)):
        found[f"median.{name}"] = quotes[own & rows].groupby("period")["price"].median()
    found["ratio"] = found["median.cn_open"] / found["median.us_closed"]
    sellers = quotes[opened].groupby(["period", "model_id"])["host"].nunique()
    found["sellers"] = sellers.groupby("period").mean()
    best = [quotes[rows].groupby("period")["eci"].max() for rows in (american, chinese)]
    found["behind"] = (best[0] - best[1]).clip(lower=_LEAST_GAP)
    found["share"] = _token_share(as_of)
    return pd.DataFrame(found).sort_index()


def _token_share(as_of: str | date | None) -> pd.Series:
    """Mean over thirteen weeks, at the end of each month, in percent."""
    weeks = load_reference("token_usage_weekly")
    start = pd.to_datetime(weeks["week_start"])
    if as_of is not None:
        weeks = weeks[start + pd.Timedelta(days=7) <= pd.Timestamp(as_of)]
    mine = weeks["origin"].eq("CN") & weeks["open_weights"].eq(1)
    tokens = weeks.assign(mine=weeks["tokens"].where(mine, 0)).groupby("week_start")[["mine", "tokens"]].sum()
    share = (100 * tokens["mine"] / tokens["tokens"]).rolling(13).mean()
    share.index = pd.to_datetime(share.index).to_period("M").astype(str)
    return share.groupby(level=0).last()


def probability_above(series: pd.Series, threshold: float, months: int) -> float:
    """Probability that a series stands above a threshold some months after its last value, by `RULE`.

    Examples
    --------
    >>> flat = pd.Series(np.exp(0.02 * np.array([0, 1, 0, 1, 0, 1, 0])))
    >>> 0.4 < probability_above(flat, 1.0, 3) < 0.6
    True
    """
    known = series.dropna()
    spread = _spread(known, months)
    rise = float(np.log(threshold) - np.log(float(known.iloc[-1])))
    chance = (_no_change(rise) + float(norm.sf(rise / spread))) / 2
    return float(np.clip(chance, _SURE, 1 - _SURE))


def _spread(known: pd.Series, months: int) -> float:
    """Standard deviation of a change over some months, from the monthly ones of the last year."""
    steps = np.diff(np.log(known.to_numpy(float)))[-_YEAR:]
    if len(steps) < _YEAR // 2:
        raise TooFewError(f"{len(steps)} monthly changes are too few for a probability; six are the least.")
    return max(float(steps.std(ddof=1)), _LEAST_SPREAD) * float(np.sqrt(months))


def _no_change(rise: float) -> float:
    """Probability of a rise beyond ``rise`` where nothing moves."""
    return 0.5 if abs(rise) < _TIE else float(rise < 0)


def backtest(days: Iterable[str], *, series: Callable[[str], pd.DataFrame] = monthly_series) -> pd.DataFrame:
    """The rule on panels as of earlier days, each scored on the panel as of `AHEAD` months later.

    Parameters
    ----------
    days : iterable of str
        Month ends `AHEAD` months apart, in order; the last one only scores.

    Returns
    -------
    DataFrame
        One row a series, day and threshold: ``day, series, step, threshold, probability`` (of standing
        above), ``no_change`` (of the rule that nothing moves), ``outcome``, ``brier, brier_no_change``.
    """
    known = {day: series(day) for day in days}
    rows = []
    for before, after in zip(list(known)[:-1], list(known)[1:], strict=True):
        ends = pd.Period(after, "M")
        for name in known[before].columns:
            seen, later = known[before][name].dropna(), known[after][name].dropna()
            if len(seen) <= _YEAR // 2 or later.empty:
                continue
            months = (ends - pd.Period(seen.index[-1], "M")).n
            for step in STEPS:
                threshold = float(seen.iloc[-1] * np.exp(step * _spread(seen, months)))
                outcome = float(later.iloc[-1] > threshold)
                found = probability_above(seen, threshold, months)
                still = _no_change(step)
                rows.append((before, name, step, threshold, found, still, outcome,
                             (found - outcome) ** 2, (still - outcome) ** 2))  # fmt: skip
    columns = ["day", "series", "step", "threshold", "probability", "no_change", "outcome"]
    return pd.DataFrame(rows, columns=[*columns, "brier", "brier_no_change"])


def predictions(
    today: str | None = None,
    *,
    table: pd.DataFrame | None = None,
    tested: pd.DataFrame | None = None,
    series: Callable[[str], pd.DataFrame] = monthly_series,
) -> Predictions:
    """Every prediction, scored where its day has come.

    Parameters
    ----------
    today : str, optional
        YYYY-MM-DD; the present day by default.
    table, tested : DataFrame, optional
        As ``load_reference("predictions")`` and ``load_reference("predictions_backtest")``.
    series : callable
        Gives the monthly series as of a day.
    """
    day = pd.Timestamp(today) if today else pd.Timestamp.now("UTC").tz_localize(None).normalize()
    table = load_reference("predictions") if table is None else table
    tested = load_reference("predictions_backtest") if tested is None else tested
    due = pd.to_datetime(table["due"])
    outcomes: list[float] = []
    for row, when in zip(table.itertuples(), due, strict=True):
        if when > day:
            outcomes.append(np.nan)
            continue
        known = series(f"{when:%Y-%m-%d}")[row.series].dropna()
        value = known.get(f"{when:%Y-%m}", np.nan)
        met = value > row.threshold if row.side == "above" else value < row.threshold
        outcomes.append(np.nan if np.isnan(value) else float(met))
    frame = table.assign(outcome=outcomes)
    return Predictions(frame.assign(brier=(frame["probability"] - frame["outcome"]) ** 2), tested)


def _parts(found: Predictions) -> Iterator[Part]:
    tested, frame = found.backtest, found.frame
    rule, still = tested["brier"].mean(), tested["brier_no_change"].mean()
    days = tested.groupby("day")["brier"].mean()
    half = _half(days)
    yield Number(
        "predictions.backtest_brier", "Brier score of the rule behind the predictions, panels as of earlier "
        "days (0 is perfect, 0.25 a coin)", rule, "score", ci=(max(rule - half, 0.0), rule + half),
        n=len(tested), method=f"{len(days)} days, {tested['series'].nunique()} series; 95% over days",
        note=f"the rule that nothing moves: {still:.2f}", role="descriptive",
    )  # fmt: skip
    scored = frame.dropna(subset=["brier"])
    if len(scored):
        yield Number(
            "predictions.brier", "Brier score of the predictions whose day has come",
            float(scored["brier"].mean()), "score", n=len(scored), method="mean over predictions",
            note="few predictions: no interval", role="descriptive",
        )  # fmt: skip
    checked = f"{len(scored) or 'none'} of them can be checked yet"
    yield Sentence(f"{len(frame)} predictions; {checked}. {against_no_change(tested)} The rule: {RULE}.")
    met = frame["outcome"].map({1.0: "came true", 0.0: "did not"}).fillna("open")
    yield Table(
        frame.assign(chance=100 * frame["probability"], due=frame["due"].astype(str), met=met)[
            ["statement", "due", "chance", "met"]
        ],
        "Predictions", "Probability by the rule, percent; scored on the panel as of the day",
        {"chance": "probability", "met": "outcome"}, formats={"chance": "percent"}, row_label="statement",
    )  # fmt: skip


def against_no_change(tested: pd.DataFrame) -> str:
    """How the rule did beside the rule that nothing moves, where it was chosen and where it was tested."""
    scores = tested.groupby(tested["day"].astype(str) <= CHOSEN_UNTIL)[["brier", "brier_no_change"]].mean()
    where = {True: "on the days on which it was chosen", False: "on later ones"}
    told = ", ".join(
        f"{where[bool(early)]} {row['brier']:.3f} against {row['brier_no_change']:.3f}"
        for early, row in scores.sort_index(ascending=False).iterrows()
    )
    gaps = (tested["brier"] - tested["brier_no_change"]).groupby(tested["day"]).mean()
    mean, half = float(gaps.mean()), _half(gaps)
    verdict = "could be chance" if not abs(mean) > half else "is better" if mean < 0 else "is worse"
    ends = [number(end, "", decimals=3) for end in (mean, mean - half, mean + half)]
    return (
        f"Tried on earlier days against guessing that nothing moves, our rule scored {told} (0 is perfect, "
        f"0.25 a coin). The difference over {len(gaps)} days {verdict} ({ends[0]}, 95% interval {ends[1]} to "
        f"{ends[2]})."
    )


def _half(days: pd.Series) -> float:
    """Half of a 95% interval of a mean over a few days."""
    return float(t.ppf(0.975, len(days) - 1) * days.std(ddof=1) / np.sqrt(len(days)))
