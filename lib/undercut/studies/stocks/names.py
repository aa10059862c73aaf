"""What do pages call groups, companies, benchmarks and windows? Tables keep tickers and days."""

from __future__ import annotations

from typing import Final

from undercut.eventstudy.windows import Window, parse_window

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
