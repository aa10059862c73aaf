"""What does ``undercut value TICKER`` print? Value, its range, what a market value implies, what matters."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from undercut.errors import InputError
from undercut.valuation.firm import value_firm


def value_command(
    ticker: str, *, scenario_name: str | None = None, settings: Sequence[str] = (), as_of: str | None = None
) -> dict[str, pd.DataFrame | list[str]]:
    """Everything that the command prints.

    Parameters
    ----------
    ticker : str
        See `undercut.valuation.vendors.vendor_names`.
    scenario_name : str, optional
        A file of ``data/scenarios``.
    settings : sequence of str
        ``name=value``: a parameter; or ``market_value`` (million) or ``share_price``, both in US dollars
        unless a currency follows (``market_value=1900000CNY``).
    as_of : str, optional
        Only what was published by that day.

    Returns
    -------
    dict
        ``value``, ``accounts``, ``cost_of_capital``, ``range`` (Monte Carlo), ``implied`` (where a market
        value was given), ``tornado``, ``assumptions`` as tables, and ``notes`` as a list.

    Raises
    ------
    InputError
        A setting or ticker that does not exist, or makes no economic sense.
    """
    return value_firm(ticker, scenario_name, as_of, **parse_settings(settings)).tables()


def parse_settings(settings: Sequence[str]) -> dict[str, str]:
    """Settings by name.

    Raises
    ------
    InputError
        Not name=value.

    Examples
    --------
    >>> parse_settings(["elasticity=-0.8", "market_value=1900000CNY"])
    {'elasticity': '-0.8', 'market_value': '1900000CNY'}
    """
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, text = (part.strip() for part in setting.partition("="))
        if not equals or not name or not text:
            raise InputError(f"--set {setting!r}: write name=value, for example elasticity=-0.8.")
        if name in found:
            raise InputError(f"--set {name} is given twice: {found[name]} and {text}.")
        found[name] = text
    return found
