"""How are secrets of the environment kept out of what is published?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

#: Names of environment variables whose values are secrets.
_SECRET = re.compile(
    r"(?:^|_)(?:TOKENS?|SECRETS?|PASSWORD|PASSWD|PWD|PASSPHRASE|CREDENTIALS?|AUTH|KEY|API_?KEY|APIKEY|DSN)(?:_|$)",
    re.IGNORECASE,
)
#: Variables that only look like one.
_HARMLESS = frozenset({"PWD", "OLDPWD"})
_SHORTEST = 6


class Mask:
    """Replaces the values of secret environment variables by their names.

    Parameters
    ----------
    environment : mapping of str to str
        Variables whose name says token, secret, password, key or the like are secret; values shorter than
        six characters are left alone, because they occur by chance.

    Examples
    --------
    >>> mask = Mask({"SHOP_API_KEY": "tuna-4711", "HOME": "/home/ann"})
    >>> mask.text("https://shop.example/?key=tuna-4711 from /home/ann")
    'https://shop.example/?key=[masked SHOP_API_KEY] from /home/ann'
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.values: dict[str, str] = {}
        for name, value in environment.items():
            if _SECRET.search(name) and name not in _HARMLESS and len(value.strip()) >= _SHORTEST:
                for form in _forms(value.strip()):
                    self.values.setdefault(form, f"[masked {name}]")
        longest_first = sorted(self.values, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, content: str) -> str:
        """``content`` without secrets."""
        if self._pattern is None:
            return content
        return self._pattern.sub(lambda found: self.values[found.group(0)], content)

    def anything(self, content: Any) -> Any:
        """Lists and dicts of JSON with every text in them masked, keys too."""
        if self._pattern is None:
            return content
        if isinstance(content, str):
            return self.text(content)
        if isinstance(content, list):
            return [self.anything(item) for item in content]
        if isinstance(content, dict):
            return {self.text(key): self.anything(value) for key, value in content.items()}
        return content


def _forms(secret: str) -> list[str]:
    """The ways to write a text: as it is, in JSON, in HTML, in an address, as Python shows it."""
    return [secret, json.dumps(secret)[1:-1], escape(secret), quote(secret, safe=""), repr(secret)[1:-1]]
