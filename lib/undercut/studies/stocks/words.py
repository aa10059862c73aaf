"""How do the stock reports speak of groups, companies and windows, of moves, p-values and counts?

Tables keep tickers and days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.eventstudy.windows import Window, parse_window
from undercut.report.findings.sentences import number
from undercut.studies.presentation import Number, Role, Table
from undercut.tables import Format

_GROUPS: Final = {
    "chips": "chip makers", "servers": "server makers", "power": "power suppliers", "clouds": "clouds",
    "all": "all together",
}  # fmt: skip


def _pairs(text: str) -> dict[str, str]:
    """``TICKER=Name`` by ticker; an underscore in a name stands for a space."""
    return {ticker: name.replace("_", " ") for ticker, name in (pair.split("=") for pair in text.split())}


_FIRMS: Final = _pairs("""
    NVDA=NVIDIA AVGO=Broadcom TSM=TSMC MU=Micron MRVL=Marvell ARM=Arm ALAB=Astera_Labs CRDO=Credo
    AMAT=Applied_Materials LRCX=Lam_Research KLAC=KLA SMCI=Supermicro DELL=Dell ANET=Arista CLS=Celestica
    COHR=Coherent LITE=Lumentum CIEN=Ciena VST=Vistra VRT=Vertiv CEG=Constellation NRG=NRG_Energy TLN=Talen
    GEV=GE_Vernova ETN=Eaton PWR=Quanta POWL=Powell MSFT=Microsoft GOOGL=Alphabet AMZN=Amazon ORCL=Oracle
    CRM=Salesforce ADBE=Adobe PLTR=Palantir NOW=ServiceNow SNOW=Snowflake INTU=Intuit WDAY=Workday
    TEAM=Atlassian HUBS=HubSpot DDOG=Datadog MDB=MongoDB AAPL=Apple META=Meta TSLA=Tesla ABNB=Airbnb
    PINS=Pinterest UBER=Uber DASH=DoorDash NFLX=Netflix BKNG=Booking BABA=Alibaba BIDU=Baidu JD=JD.com
    TCEHY=Tencent NTES=NetEase
""")
_MARKETS: Final = {
    "RSP": "the market with equal weights", "SPY": "the market weighted by size", "QQQ": "the Nasdaq-100",
    "SMH": "a fund of chip makers", "none": "no benchmark",
}  # fmt: skip
_WINDOWS: Final = {
    (0, 0): "that day", (0, 1): "that day and the next", (-1, 0): "that day and the one before",
    (-1, 1): "the day before to the day after", (1, 1): "the next day",
}  # fmt: skip
_NAMES: Final = _GROUPS | _MARKETS | _FIRMS
#: Columns that tables show in percent, and those that hold p-values.
_MOVES: Final = ("car", "caar", "ci_low", "ci_high", "car_after", "benchmark", "expected")
_NAMED: Final = ("group", "portfolio", "firm")
_PERCENTS: Final = ("detectable", "share_recovered")
_CHANCES: Final = ("p_permutation", "p_portfolio", "q_value", "p_adjusted", "p_bh", "p_rw", "p_value")
_HEADS: Final = {
    "n_members": "companies", "n_dates": "dates", "n": "responses", "car": "abnormal", "caar": "mean",
    "ci_low": "95% from", "ci_high": "to", "p_permutation": "p, dates", "q_value": "q, BH",
    "p_adjusted": "p, RW", "p_bh": "BH", "p_rw": "RW", "p_value": "p", "portfolio": "group",
}  # fmt: skip
COUNT: Final = "a count: no interval"
#: What every report on shares must warn of.
SURVIVORS: Final = "Survivors only: companies that still trade."


def named(name: object) -> str:
    """A group, a company or a benchmark as a reader knows it.

    Examples
    --------
    >>> named("chips"), named("TSM"), named("GEV"), named("software minus model sellers")
    ('chip makers', 'TSMC', 'GE Vernova', 'software minus model sellers')
    """
    text = str(name)
    return _NAMES.get(text, text)


def head(name: object) -> str:
    """The same at the head of a line.

    Examples
    --------
    >>> head("chips"), head("Chinese platforms")
    ('Chip makers', 'Chinese platforms')
    """
    text = named(name)
    return text[:1].upper() + text[1:]


def when(window: Window | str) -> str:
    """A window in words.

    Examples
    --------
    >>> when("0:1"), when((-1, 1)), when((-5, 10))
    ('that day and the next', 'the day before to the day after', 'trading days −5 to 10')
    """
    first, last = parse_window(window)
    plain = f"trading days {first} to {last}".replace("-", "\N{MINUS SIGN}")
    return _WINDOWS.get((first, last), plain)


def key_of(text: str) -> str:
    """A name as part of a finding's key.

    Examples
    --------
    >>> key_of("S&P 500, SPY")
    's_p_500_spy'
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def p_text(p_value: float) -> str:
    """A p-value as text, never as zero.

    Examples
    --------
    >>> p_text(0.0123), p_text(0.00002), p_text(float("nan"))
    ('0.012', '<0.001', '–')
    """
    if np.isnan(p_value):
        return "\N{EN DASH}"
    return "<0.001" if p_value < 0.0005 else f"{p_value:.3f}"


def percent(value: float, decimals: int = 1) -> str:
    """A decimal as percent.

    Examples
    --------
    >>> percent(-0.0691), percent(0.03)
    ('−6.9%', '3.0%')
    """
    return number(100 * value, "%", decimals=decimals)


def span(row: Any, value: str = "car", *, chance: str = "") -> str:
    """A move with its interval, and a p-value where ``chance`` names its column.

    Examples
    --------
    >>> span({"car": -0.069, "ci_low": -0.143, "ci_high": 0.005, "p": 0.0701}, chance="p")
    '−6.9% (−14.3% to 0.5%, p = 0.070)'
    """
    aside = f", {chance[0]} = {p_text(row[chance])}" if chance else ""
    return f"{percent(row[value])} ({percent(row['ci_low'])} to {percent(row['ci_high'])}{aside})"


def moved(row: Any, value: str = "car") -> str:
    """Which way shares went, as an answer says it.

    Examples
    --------
    >>> moved({"car": -0.069, "ci_low": -0.143, "ci_high": -0.005})
    'fell 6.9% (95% interval −14.3% to −0.5%)'
    >>> moved({"car": 0.001, "ci_low": -0.02, "ci_high": 0.021})
    'moved 0.1% (95% interval −2.0% to 2.1%): too little to tell from chance'
    """
    ends = span(row, value).partition(" (")[2]
    if row["ci_low"] * row["ci_high"] <= 0:
        return f"moved {percent(row[value])} (95% interval {ends}: too little to tell from chance"
    return f"{'fell' if row[value] < 0 else 'rose'} {percent(abs(row[value]))} (95% interval {ends}"


def sides(moves: pd.Series) -> str:
    """How many of the moves that a title counts went down and up; empty where there are none.

    Examples
    --------
    >>> sides(pd.Series([-0.1, -0.2])), sides(pd.Series([-0.1, 0.2])), sides(pd.Series([], dtype=float))
    (': 2 fell', ': 1 fell, 1 rose', '')
    """
    counted = {"fell": int((moves < 0).sum()), "rose": int((moves > 0).sum())}
    found = ", ".join(f"{size} {word}" for word, size in counted.items() if size)
    return f": {found}" if found else ""


def told(
    rows: pd.DataFrame, name: str = "group", value: str = "car", *, chance: str = "", least: str = "none"
) -> str:
    """Moves as part of a sentence; ``least`` where there are none.

    Examples
    --------
    >>> rows = pd.DataFrame([{"group": "chips", "car": -0.069, "ci_low": -0.143, "ci_high": 0.005}])
    >>> told(rows), told(rows[:0])
    ('chip makers −6.9% (−14.3% to 0.5%)', 'none')
    """
    return (
        "; ".join(f"{named(row[name])} {span(row, value, chance=chance)}" for row in rows.to_dict("records"))
        or least
    )


def points(rows: pd.DataFrame, *names: str, value: str = "car") -> str:
    """Estimates without intervals, for alternative texts."""
    return "; ".join(
        f"{' '.join(named(row[name]) for name in names)} {percent(row[value])}"
        for row in rows.to_dict("records")
    )


def count_of(number_: int) -> str:
    """A count at the head of a sentence.

    Examples
    --------
    >>> count_of(0), count_of(3)
    ('None', '3')
    """
    return str(number_) if number_ else "None"


def move(
    key: str, label: str, row: Any, *, value: str = "car", n: Any = None, method: str = "", note: str = "",
    unit: str = "%", scale: float = 100.0, role: Role | None = None,
) -> Number:  # fmt: skip
    """A finding in percent from a row of decimals: ``value``, ci_low, ci_high."""
    return Number(
        key, label, scale * row[value], unit, ci=(scale * row["ci_low"], scale * row["ci_high"]),
        n=None if n is None else int(n), method=method, note=note, role=role,
    )  # fmt: skip


def count(key: str, label: str, found: int, unit: str, *, n: int, method: str, note: str = COUNT) -> Number:
    """A finding that counts."""
    return Number(key, label, int(found), unit, n=int(n), method=method, note=note)


def table(
    frame: pd.DataFrame, columns: Sequence[str], title: str, subtitle: str, *,
    labels: Mapping[str, str] | None = None, formats: Mapping[str, Format] | None = None,
) -> Table:  # fmt: skip
    """Estimates as a table: moves in percent, p-values as text, the first column names the rows."""
    shown = frame[list(columns)].copy()
    for name in shown.columns.intersection([*_MOVES, *_PERCENTS]):
        shown[name] *= 100
    for name in shown.columns.intersection([*_CHANCES, *_NAMED]):
        shown[name] = shown[name].map(p_text if name in _CHANCES else named)
    forms: dict[str, Format] = dict.fromkeys(_PERCENTS, "percent")
    forms |= dict.fromkeys(_MOVES, "signed_percent")
    return Table(
        shown, title, subtitle, labels=_held(columns, _HEADS) | dict(labels or {}),
        formats=_held(columns, forms) | dict(formats or {}), row_label=columns[0],
    )  # fmt: skip


def _held(columns: Sequence[str], about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in about.items() if name in columns}


def ends_of(values: pd.Series) -> list[str]:
    """The least and the largest decimal in percent."""
    return [percent(end) for end in (values.min(), values.max())]
