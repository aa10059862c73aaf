"""How did prices move? Index numbers for anyone's quotes; nothing here knows of AI.

`price_index` computes any method of `METHODS` from a table of quotes; `prepare` checks the quotes once for
several methods.
"""

from __future__ import annotations

from undercut.prices.index.compute import price_index
from undercut.prices.index.data import Quotes, prepare
from undercut.prices.index.methods import METHODS, Method
from undercut.prices.index.result import IndexResult
from undercut.prices.index.splice import SPLICES

__all__ = ["METHODS", "SPLICES", "IndexResult", "Method", "Quotes", "prepare", "price_index"]
