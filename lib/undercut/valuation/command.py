"""What does ``undercut value TICKER`` compute? Value, its range, what the market value implies, what
matters."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from undercut.errors import InputError
from undercut.sources.reference import load_reference
from undercut.valuation.assumptions import Assumptions
from undercut.valuation.company import MarketValue
from undercut.valuation.montecarlo import simulate
from undercut.valuation.reverse import implied_table
from undercut.valuation.scenarios import scenario
from undercut.valuation.sensitivity import tornado
from undercut.valuation.vendors import (
    Case,
    in_currency_of_accounts,
    market_value_of_shares,
    sample_returns,
    vendor_case,
)

#: What `--set` takes besides parameters.
MARKET_KEYS = ("market_value", "share_price")
_DRAWS = 16_384
_SHOWN = 12


def value_command(
    ticker: str,
    *,
    scenario_name: str | None = None,
    settings: Sequence[str] = (),
    as_of: str | None = None,
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
        unless a
        currency follows (``market_value=1900000CNY``).
    as_of : str, optional
        Only what was published by that day.

    Returns
    -------
    dict
        ``value``, ``accounts``, ``cost_of_capital``, ``range`` (Monte Carlo), ``implied`` (where a market
        value
        was given), ``tornado``, ``assumptions`` as tables, and ``notes`` as a list.

    Raises
    ------
    InputError
        A setting or ticker that does not exist, or makes no economic sense.
    """
    fundamentals = load_reference("fundamentals")
    changes, market = parse_settings(settings)
    case = vendor_case(ticker, fundamentals, returns=sample_returns(), as_of=as_of)
    if market:
        case = case.with_market_value(_market_value(case, market, fundamentals))
    if scenario_name is not None:
        case = scenario(scenario_name).apply(case)
    if changes:
        case = case.with_values(changes)
    found = case.value()
    result: dict[str, pd.DataFrame | list[str]] = {
        "value": found.table(), "accounts": case.figures, "cost_of_capital": found.capital_cost.table(),
        "range": simulate(case, draws=_DRAWS).table(),
    }  # fmt: skip
    notes = [*case.company.notes, found.summary()]
    if case.market_value is not None:
        names = ("price_erosion", "demand_growth", "ai_margin_long_run", "overhead_long_run")
        result["implied"] = implied_table([case], names)
        notes.append(f"market value {case.market_value.value:,.0f} million: {case.market_value.source}")
    else:
        notes.append("no market value given: what it implies is not computed (--set share_price=...)")
    result["tornado"] = tornado(case).table().head(_SHOWN)
    result["assumptions"] = _relevant(case.assumptions, case.company.role)
    return {**result, "notes": notes}


def parse_settings(settings: Sequence[str]) -> tuple[dict[str, float], dict[str, tuple[float, str]]]:
    """Parameters, and what is said about the market value with its currency.

    Raises
    ------
    InputError
        Not name=value, not a number, or both kinds of market value.

    Examples
    --------
    >>> parse_settings(["elasticity=-0.8", "market_value=1900000CNY"])
    ({'elasticity': -0.8}, {'market_value': (1900000.0, 'CNY')})
    """
    changes, market = {}, {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name, text = name.strip(), text.strip()
        if not equals or not name or not text:
            raise InputError(f"--set {setting!r}: write name=value, for example elasticity=-0.8.")
        if name in MARKET_KEYS:
            currency = text[-3:] if text[-3:].isalpha() and text[-3:].isupper() else ""
            number = _number(setting, text.removesuffix(currency))
            market[name] = (number, currency or "USD")
        else:
            changes[name] = _number(setting, text)
    if len(market) > 1:
        raise InputError("Give market_value or share_price, not both.")
    return changes, market


def _number(setting: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--set {setting!r}: {text!r} is not a number.") from None


def _market_value(
    case: Case, market: dict[str, tuple[float, str]], fundamentals: pd.DataFrame
) -> MarketValue:
    ((kind, (number, currency)),) = market.items()
    day = f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"
    if kind == "share_price":
        stated = market_value_of_shares(
            case.company, number, currency=currency, day=day, source="share price given by the user"
        )
    else:
        stated = MarketValue(number, currency, day, "given by the user")
    return in_currency_of_accounts(stated, case.company, fundamentals)


def _relevant(assumptions: Assumptions, role: str) -> pd.DataFrame:
    table = assumptions.table()
    wanted = [name for name, p in assumptions.parameters.items() if role in p.roles]
    return table[table["name"].isin(wanted)].reset_index(drop=True)
