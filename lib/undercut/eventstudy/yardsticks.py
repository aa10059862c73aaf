"""Which series are no firms? Funds, indices and factors measure a market and have no events of their own."""

from __future__ import annotations

from typing import Final

from undercut.sources.factors import FACTORS


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Exchange-traded funds that stand beside shares in files of returns.
FUNDS: Final = _names(
    """
    ACWI AIQ ARKK ARKW BKLN BND BOTZ CHAT CIBR CLOU CQQQ DBA DBB DBC DIA EEM EFA EWG EWJ EWT EWY FEZ FXA
    FXB FXE FXI FXY GLD GRID HACK HYG IEF IGV IVE IVV IVW IWM IYW JNK KWEB LQD MCHI MTUM MUB PAVE PFF PSI
    QQQ QUAL RSP SCHD SDY SHY SKYY SLV SMH SOXX SPY SRVR SVXY TIP TLT URA USMV USO UUP VGT VIXY VLUE VNQ
    VOO VOX VTI VYM WCLD XLB XLC XLE XLF XLI XLK XLP XLRE XLU XLV XLY XSD EMB RWX
    """
)


def is_yardstick(name: str) -> bool:
    """Whether a column of returns is a fund, an index or a factor rather than a firm.

    Examples
    --------
    >>> [name for name in ("NVDA", "RSP", "^GSPC", "smb") if is_yardstick(name)]
    ['RSP', '^GSPC', 'smb']
    """
    return name in FUNDS or name in FACTORS or name.startswith("^")
