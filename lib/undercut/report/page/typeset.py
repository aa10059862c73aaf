"""How are a page's numbers and names set? With a true minus, few digits, and words for names of columns."""

from __future__ import annotations

import re
from typing import Final

from undercut.report.findings import sentences
from undercut.tables import readable

#: Left as they are: code, what a program printed, drawings and formulas; then single tags, then text.
_PIECE: Final = re.compile(
    r"<(script|style|pre|code|svg|math|textarea)\b.*?</\1>|<[^>]*>|(?P<text>[^<]+)", re.DOTALL
)
#: A number as a table of a program writes it: five decimals or more, or an exponent.
_RAW: Final = re.compile(r"[-+]?\d+(?:\.\d{5,}|\.?\d*e[-+]\d+)")
#: A name as a program writes it, not part of a path, of an address or of a longer name.
_NAME: Final = re.compile(r"(?<![\w./\-=?&])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w/=]|\.\w)")


def typeset(page: str) -> str:
    """HTML whose running text and tables a reader can take in; code and drawings stay as they are.

    Examples
    --------
    >>> typeset('<td class="a">-1.632136e+01</td><p>from -2% to 3%, with model_id</p><code>a_b -1</code>')
    '<td class="a">−16.3</td><p>from −2% to 3%, with model id</p><code>a_b -1</code>'
    """
    return _PIECE.sub(lambda found: _set(found[0]) if found["text"] else found[0], page)


def _set(text: str) -> str:
    if _RAW.fullmatch(text.strip()):
        return sentences.number(float(text), "")
    return _NAME.sub(lambda found: found[0].replace("_", " "), readable(text))
