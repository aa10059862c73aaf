"""Which listed companies stand where in the trade with AI models, and which stand outside it?

The groups are a judgement of ours about what each company mainly sells, made once and not by its returns.
A company may stand in two groups (a cloud that also sells models does). Funds and indices are no companies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from undercut.errors import DataError, check_known
from undercut.eventstudy.data import returns_panel
from undercut.eventstudy.events import is_yardstick
from undercut.sources.returns import load_returns


def _tickers(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: What each company mainly sells to, or buys from, the market for AI models.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "chips": _tickers("NVDA AVGO AMD TSM MU MRVL ARM ALAB CRDO ASML AMAT LRCX KLAC"),
    "servers": _tickers("SMCI DELL HPE ANET CLS COHR LITE CIEN"),
    "power": _tickers("VST VRT CEG NRG TLN GEV ETN PWR POWL"),
    "clouds": _tickers("MSFT GOOGL AMZN ORCL"),
    "model sellers": _tickers("MSFT GOOGL AMZN"),
    "software": _tickers("CRM ADBE PLTR NOW SNOW INTU WDAY TEAM HUBS DDOG MDB"),
    "consumer platforms": _tickers("AAPL META TSLA ABNB PINS UBER DASH NFLX BKNG"),
    "Chinese platforms": _tickers("BABA BIDU JD PDD TCEHY NTES"),
}

#: Further companies whose business hangs on AI or on chips: in no group, and never a counterfactual.
ALSO_EXPOSED: Final = frozenset(
    _tickers("""
    GOOG INTC QCOM TXN ADI NXPI MCHP ON MPWR STM ASX UMC GFS ENTG TER NVMI CAMT SITM WOLF AMKR QRVO SWKS
    CRUS SNDK WDC STX NTAP PSTG CSCO NOK ERIC GLW APH TEL FN AAOI CDNS SNPS IBM CRWV NBIS APLD IREN CIFR
    CORZ WULF DOCN OKLO SMR LEU CCJ NEE SO DUK EIX PEG ETR AEP D BE NVT HUBB EME FIX MOD JCI TT CARR
    EQIX DLR IRM AI BBAI SOUN PATH TEM UPST INOD RDDT DUOL CHGG APP NET CRWD ZS PANW KC VNET GDS BILI IQ
    TME INDI AUR TUYA ZH WB ACN EPAM GLOB INFY WIT CTSH IT TASK UPWK AKAM FSLY ESTC BOX GTLB FRSH ASAN
    BILL DBX DOCU DT ZM U MNDY TWLO VEEV WIX GDDY PSO RELX MSTR COIN
    """)
)


@dataclass(frozen=True, slots=True)
class Market:
    """Returns that a report works with.

    Attributes
    ----------
    returns : pandas.DataFrame
        Wide: index date, one column a ticker, decimals.
    source : pandas.DataFrame
        The long table that they are from, with its provenance.
    kind : str
        ``sample`` where any of it is from the shipped sample, else ``real``.
    firms : dict of str to str
        Companies of the groups that have returns, and their group (`firms_of`).
    """

    returns: pd.DataFrame
    source: pd.DataFrame
    kind: Literal["real", "sample"]
    firms: dict[str, str]

    @property
    def described(self) -> str:
        """What kind of returns these are, for a sentence."""
        if self.kind == "sample":
            return "the shipped sample, companies that we chose and that still trade"
        return "the reader's own file, companies that still trade"


def load_market(
    source: str, tickers: Sequence[str] | None = None, *, benchmarks: Sequence[str] = ()
) -> Market:
    """Returns of the groups' companies and of the benchmarks, from wherever the user says.

    Parameters
    ----------
    source : str
        As `undercut.sources.returns.load_returns`.
    tickers : sequence of str, optional
        Companies; default, all that the source holds, and where it holds everything, those of the groups.
    benchmarks : sequence of str
        Funds needed beside them.

    Raises
    ------
    SourceError
        If the source fails or lacks one of the tickers or benchmarks that were named.
    DataError
        If everything that the source holds was asked for and a benchmark is not among it.

    Examples
    --------
    >>> market = load_market("sample", ["NVDA"], benchmarks=["SPY"])
    >>> list(market.returns.columns), market.kind, market.firms
    (['NVDA', 'SPY'], 'sample', {'NVDA': 'chips'})
    """
    wanted = list(tickers) if tickers is not None else None
    if wanted is None and source in ("auto", "yahoo"):
        wanted = sorted({name for names in GROUPS.values() for name in names})
    if wanted is not None:
        wanted = list(dict.fromkeys([*wanted, *benchmarks]))
    long = load_returns(wanted, source=source)
    lacking = sorted(set(benchmarks) - set(long["ticker"]))
    if lacking:
        raise DataError(f"The returns lack the benchmark {', '.join(lacking)}: add it, or name another.")
    wide = long.pivot_table(index="date", columns="ticker", values="return", aggfunc="first", observed=True)
    return Market(wide, long, kind_of(long), firms_of(wide))


def kind_of(returns: pd.DataFrame) -> Literal["real", "sample"]:
    """``sample`` where any of the returns is from the shipped sample."""
    return "sample" if "source" in returns.columns and (returns["source"] == "sample").any() else "real"


def firms_of(returns: pd.DataFrame) -> dict[str, str]:
    """Companies of the groups that have returns, each with the first group that it stands in.

    Examples
    --------
    >>> wide = pd.DataFrame({"date": ["2024-01-02"], "NVDA": [0.01], "SPY": [0.0], "XOM": [0.0]})
    >>> firms_of(wide)
    {'NVDA': 'chips'}
    """
    held = set(returns_panel(returns).units)
    found: dict[str, str] = {}
    for group, names in GROUPS.items():
        found |= {name: group for name in names if name in held and name not in found}
    return found


def group_portfolios(
    returns: pd.DataFrame,
    groups: Mapping[str, Sequence[str]] = GROUPS,
    *,
    differences: Mapping[str, tuple[str, str]] | None = None,
) -> pd.DataFrame:
    """Equal-weight portfolio of each group, rebalanced daily, as return series beside one another.

    A portfolio is a unit like any other, so that however its members move together is in its own history.

    Parameters
    ----------
    returns : pandas.DataFrame
        As `undercut.eventstudy.model.event_study`.
    groups : mapping of str to sequence of str
        Members; those without returns are left out, groups without any member do not appear.
    differences : mapping of str to (str, str), optional
        Name of a long-short portfolio and the two groups, long and short.

    Returns
    -------
    pandas.DataFrame
        Index date, one column a portfolio; ``attrs["members"]`` says who is in it. A day's mean is over the
        members with a return on that day.

    Raises
    ------
    DataError
        If no group has a member.
    UnknownNameError
        If a difference names a group that does not exist.

    Examples
    --------
    >>> wide = pd.DataFrame({"date": ["2024-01-02"], "NVDA": [0.02], "AMD": [0.04]})
    >>> float(group_portfolios(wide)["chips"].iloc[0])
    0.03
    """
    panel = returns_panel(returns)
    frame = pd.DataFrame(
        panel.returns.T, index=pd.DatetimeIndex(panel.days, name="date"), columns=panel.units
    )
    members = {name: [firm for firm in firms if firm in panel.units] for name, firms in groups.items()}
    members = {name: firms for name, firms in members.items() if firms}
    if not members:
        raise DataError("No group has a company with returns; give returns of at least one of their members.")
    portfolios = pd.DataFrame({name: frame[firms].mean(axis=1) for name, firms in members.items()})
    for name, (long, short) in (differences or {}).items():
        for side in (long, short):
            check_known("group", side, groups)
        if long in members and short in members:
            portfolios[name] = portfolios[long] - portfolios[short]
            members[name] = [*members[long], *(f"minus {firm}" for firm in members[short])]
    portfolios.attrs["members"] = members
    return portfolios


def unexposed_firms(
    returns: pd.DataFrame,
    *,
    before: str | pd.Timestamp,
    reference: str,
    market: str,
    days: int = 250,
) -> list[str]:
    r"""Companies from which a counterfactual may be built: in no group, and not moving with chips.

    Parameters
    ----------
    returns : pandas.DataFrame
        As `undercut.eventstudy.model.event_study`.
    before : date-like
        Only returns before this day are looked at, so that the event cannot choose its own counterfactual.
    reference, market : str
        Series of chip companies, and of the market that is taken out of both sides first.
    days : int
        Last days before ``before`` that are used.

    Returns
    -------
    list of str
        Companies with a return on every one of these days, and a correlation with ``reference``, net of
        ``market``, that cannot be told from zero at the 5% level (below :math:`1.96/\sqrt{n}`).

    Notes
    -----
    The named exposed companies are left out whatever their correlation. Firms whose correlation is negative
    beyond the limit are left out as well: the opposite of exposed is exposed.
    """
    panel = returns_panel(returns)
    past = panel.days < np.datetime64(pd.Timestamp(before))
    values = panel.returns[:, past][:, -days:]
    against, base = panel.series(reference)[past][-days:], panel.series(market)[past][-days:]
    named = {name for names in GROUPS.values() for name in names} | ALSO_EXPOSED
    complete = np.isfinite(values).all(axis=1)
    outside = [unit not in named and not is_yardstick(unit) for unit in panel.units]
    chosen = np.flatnonzero(complete & np.array(outside))
    known = np.isfinite(against) & np.isfinite(base)
    if len(chosen) == 0 or known.sum() < 2:
        return []
    design = np.column_stack([np.ones(known.sum()), base[known]])
    both = np.column_stack([against[known], values[chosen][:, known].T])
    residuals = both - design @ np.linalg.lstsq(design, both, rcond=None)[0]
    sizes = np.sqrt((residuals**2).sum(axis=0))
    correlation = residuals[:, 1:].T @ residuals[:, 0] / (sizes[1:] * sizes[0])
    limit = 1.96 / float(np.sqrt(known.sum()))
    return [panel.units[i] for i, r in zip(chosen, correlation, strict=True) if abs(r) < limit]
