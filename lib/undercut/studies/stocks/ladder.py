"""How does the size of one day's move hang on the benchmark that it is compared with?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.eventstudy.data import returns_panel
from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.studies.stocks.left_out import LeftOut, shock_left_out
from undercut.studies.stocks.shock import TARGET, Companies, Shock
from undercut.studies.stocks.shown import Shown
from undercut.studies.stocks.universe import unexposed_firms

#: Donors below which no counterfactual is built from unexposed firms.
FEWEST_DONORS: Final = 10


class Ladder(Shown, page="pages_shock:ladder", label="rung"):
    """One event under one benchmark after another.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row a rung and unit: rung, firm, window, expected (summed normal return), benchmark (summed
        return of the benchmark, where it is one series), beta, car, se, ci_low, ci_high, p_value,
        detectable, n_estimation.
    shock : Shock
        The event.
    markets : dict of str to str
        Name of each rung that is one series, and its column.
    studies : dict of str to EventStudy
        The rungs that could be built, in order.
    missing : dict of str to str
        The rungs that could not, and why.
    """

    shock: Shock
    markets: dict[str, str]
    studies: dict[str, EventStudy]
    missing: dict[str, str]

    def of(self, firm: str) -> pd.DataFrame:
        """The rungs of one unit, indexed by their names."""
        return self.rows[self.rows["firm"] == firm].set_index("rung")


def rungs(usual: str, technology: str, equal: str, chips: str) -> dict[str, str]:
    """The usual rungs of a ladder by name: which column stands for which market.

    Examples
    --------
    >>> list(rungs("SPY", "QQQ", "RSP", "SMH"))
    ['S&P 500, SPY', 'Nasdaq-100, QQQ', 'equal weight, RSP', 'chip fund, SMH']
    """
    columns = {"S&P 500": usual, "Nasdaq-100": technology, "equal weight": equal, "chip fund": chips}
    return {f"{name}, {column}": column for name, column in columns.items()}


def shock_ladder(
    shock: Shock,
    *,
    markets: Mapping[str, str],
    factors: pd.DataFrame | None = None,
    donors: Sequence[str] | None = None,
    reference: str = "SMH",
) -> Ladder:
    """The move of every company and group on the day under every benchmark that the data allow.

    Parameters
    ----------
    shock : Shock
        The event.
    markets : mapping of str to str
        Name of the rung and its column, in order.
    factors : pandas.DataFrame, optional
        As `undercut.sources.factors.load_factors`; with ``rf`` among them returns are in excess of it.
    donors : sequence of str, optional
        Unexposed firms, for the rungs built from them; default, those of `unexposed_firms`.
    reference : str
        Series of chip companies: firms that move with it are no counterfactual.

    Raises
    ------
    InputError
        A donor is one of the companies looked at.
    """
    past, returns = shock.options["estimation"], shock.returns
    targets = [*shock.data.firms, *shock.groups]
    if donors is None:
        donors = unexposed_firms(
            shock.data.returns, before=shock.day, reference=reference, market=shock.benchmark, days=-past[0]
        )
    chosen: dict[str, dict[str, Any]] = {"no benchmark": {"model": "constant-mean"}}
    missing: dict[str, str] = {}
    for name, column in markets.items():
        if column in returns.columns:
            chosen[name] = {"model": "market", "market": column}
        else:
            missing[name] = f"no returns of {column}"
    _factor_rung(chosen, missing, factors)
    _donor_rungs(chosen, missing, returns, donors)
    held = [column for column in markets.values() if column in returns.columns]
    panel = returns_panel(returns[list(dict.fromkeys([*targets, *held, *donors]))])
    options = {"estimation": past, "window": shock.window}
    events = shock.alone(targets)
    studies = {name: event_study(panel, events, **options, **rung) for name, rung in chosen.items()}
    rows = pd.concat([_rung(name, study) for name, study in studies.items()], ignore_index=True)
    return Ladder(rows, shock, dict(markets), studies, missing)


def _factor_rung(
    rungs: dict[str, dict[str, Any]], missing: dict[str, str], factors: pd.DataFrame | None
) -> None:
    if factors is None:
        missing["factors"] = "no table of factors was given"
        return
    dated = factors.set_index("date") if "date" in factors.columns else factors
    rungs["factors"] = {"model": "factors", "factors": dated.drop(columns="rf", errors="ignore")}
    if "rf" in dated.columns:
        rungs["factors"]["risk_free"] = dated["rf"]


def _donor_rungs(
    rungs: dict[str, dict[str, Any]], missing: dict[str, str], returns: pd.DataFrame, donors: Sequence[str]
) -> None:
    names = ("market of unexposed firms", "factors of unexposed firms", "synthetic control")
    if len(donors) < FEWEST_DONORS:
        reason = f"{len(donors)} unexposed firms in the returns, {FEWEST_DONORS} needed"
        missing.update(dict.fromkeys(names, reason))
        return
    rungs[names[0]] = {"model": "market", "market": returns[list(donors)].mean(axis=1)}
    rungs[names[1]] = {"model": "unexposed-factors", "donors": donors}
    rungs[names[2]] = {"model": "synthetic-control", "donors": donors}


def _rung(name: str, study: EventStudy) -> pd.DataFrame:
    abnormal = study.abnormal
    days = abnormal.columns()
    is_one_series = study.setup.model.name == "market"
    position = abnormal.rows.day[0] + abnormal.windows.event[0]
    market = study.setup.design[position + days.start : position + days.stop, -1].sum()
    columns = ["rung", "firm", "window", "expected", "benchmark", "beta", "car", "se", "ci_low", "ci_high"]
    return study.car().assign(
        rung=name,
        expected=abnormal.expected.sum(axis=1),
        benchmark=market if is_one_series else np.nan,
        beta=abnormal.coefficients[:, 1] if is_one_series else np.nan,
    )[[*columns, "p_value", "detectable", "n_estimation"]]


class Headline(Shown, page="pages_shock:headline"):
    """The company that the report is about: its move, and how it depends on the benchmark."""

    companies: Companies
    ladder: Ladder
    without: LeftOut


def headline(companies: Companies, ladder: Ladder) -> Headline:
    """The company that the report is about, from the moves of all and the ladder of benchmarks."""
    rows = companies.rows
    own = rows[rows["group"] == TARGET].reset_index(drop=True)
    return Headline(own, companies, ladder, shock_left_out(ladder.shock))
