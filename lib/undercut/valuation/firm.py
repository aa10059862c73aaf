"""What is one firm worth under named assumptions? Everything at once, by ticker; ``undercut value`` too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from undercut.errors import InputError
from undercut.result import Axes, Result
from undercut.sources.reference import load_reference
from undercut.valuation.company import MarketValue
from undercut.valuation.implied import ImpliedPair, implied_pair
from undercut.valuation.market import priced_case
from undercut.valuation.montecarlo import Simulation, simulate
from undercut.valuation.scenarios import scenario as named_scenario
from undercut.valuation.sensitivity import Tornado, tornado
from undercut.valuation.valuation import Valuation
from undercut.valuation.vendors import (
    Case,
    in_currency_of_accounts,
    market_value_of_shares,
    sample_returns,
    vendor_case,
)

#: Settings that are no parameters: what the market pays.
MARKET_KEYS: Final = ("market_value", "share_price", "market_values")
_DRAWS: Final = 16_384
_SHOWN: Final = 12


class FirmValue(Result):
    """A firm's value, its range, what matters for it, and what a market value implies.

    Attributes
    ----------
    case : Case
        Accounts and assumptions.
    valuation : Valuation
        At the default assumptions.
    simulation : Simulation
        Over draws of all of them.
    tornado : Tornado
        One assumption moved at a time.
    scenario, as_of : str or None
    settings : mapping
        As given.
    """

    case: Case
    valuation: Valuation
    simulation: Simulation
    tornado: Tornado
    scenario: str | None
    as_of: str | None
    settings: Mapping[str, float | str]

    def to_frame(self) -> pd.DataFrame:
        """From operations to a share, at the default assumptions: item, value, unit."""
        return self.valuation.table()

    def implied(self) -> ImpliedPair | None:
        """Pairs of erosion and elasticity that the market value assumes; none where none was given."""
        return None if self.case.market_value is None else implied_pair(self.case)

    def tables(self) -> dict[str, pd.DataFrame | list[str]]:
        """Everything that the command prints, by name."""
        found: dict[str, pd.DataFrame | list[str]] = {
            "value": self.valuation.table(),
            "accounts": self.case.figures,
            "cost_of_capital": self.valuation.capital_cost.table(),
            "range": self.simulation.table(),
        }
        if implied := self.implied():
            found["implied"] = implied.table()
        found["tornado"] = self.tornado.table().head(_SHOWN)
        found["assumptions"] = self.case.assumptions.table(self.case.company.role)
        return {**found, "notes": self.notes()}

    def notes(self) -> list[str]:
        """Traps in the accounts, the value in words, and where a market value comes from."""
        market = self.case.market_value
        told = "no market value given: what it implies is not computed (--set share_price=...)"
        if market is not None:
            told = f"market value {market.value:,.0f} million: {market.source}"
        day = pd.to_datetime(self.case.figures["period_end"]).max()
        known = [f"as of {self.as_of}: the newest figure used is of {day:%Y-%m-%d}"] if self.as_of else []
        return [*self.case.company.notes, self.valuation.summary(), told, *known]

    def summary(self) -> str:
        """The value, its range and what matters most."""
        return f"{self.valuation.summary()}\n{self.simulation.summary()}\n{self.tornado.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Distribution of equity over the draws."""
        return self.simulation.plot(ax)


def value_firm(
    ticker: str, scenario: str | None = None, as_of: str | None = None, **settings: float | str
) -> FirmValue:
    """What a listed or unlisted AI firm is worth under named assumptions. No target price, no advice.

    Parameters
    ----------
    ticker : str
        One of `undercut.valuation.vendor_names`: NVDA, MSFT, ANTHROPIC, ...
    scenario : str, optional
        A file of ``data/scenarios``: price-war, open-parity, ...
    as_of : str, optional
        Only what was published by that day, YYYY-MM-DD.
    **settings
        Parameters of ``data/valuation/parameters.toml``, such as ``elasticity=-0.8``; and ``market_value``
        (million) or ``share_price``, in US dollars, or as text with a currency (``"1900000CNY"``), or
        ``share_price="yahoo"``; or ``market_values``, a table of your own (ticker, date, market_value or
        close). A share price is multiplied by the shares outstanding.

    Returns
    -------
    FirmValue
        With ``summary()``, ``table()``, ``implied()``, ``plot()``; money in million of the accounts'
        currency.

    Raises
    ------
    UnknownNameError
        A ticker, scenario or parameter does not exist.
    InputError
        A setting makes no economic sense.

    Notes
    -----
    Free cash flows of an AI and another business, discounted; prices, volumes and costs of tokens drive the
    first (docs/valuation.md). The range is that of the stated assumptions.

    References
    ----------
    Koller, Goedhart and Wessels (2020), Valuation, 7th edition.

    Examples
    --------
    >>> import undercut as uc
    >>> found = uc.value_firm("NVDA", scenario="price-war", elasticity=-0.8)
    >>> float(found.valuation.enterprise[0]) > 0
    True
    >>> found.table()["item"].iloc[0]
    'AI business'
    """
    fundamentals = load_reference("fundamentals")
    priced = {name: settings[name] for name in MARKET_KEYS if name in settings}
    if len(priced) > 1:
        raise InputError("Give one of market_value, share_price and market_values.")
    case = vendor_case(ticker, fundamentals, returns=sample_returns(), as_of=as_of)
    for kind, stated in priced.items():
        case = _priced(case, kind, stated, fundamentals, as_of)
    if scenario is not None:
        case = named_scenario(scenario).apply(case)
    changes = {name: _number(name, value) for name, value in settings.items() if name not in priced}
    if changes:
        case = case.with_values(changes)
    return FirmValue(
        case=case, valuation=case.value(), simulation=simulate(case, draws=_DRAWS), tornado=tornado(case),
        scenario=scenario, as_of=as_of, settings=dict(settings),
    )  # fmt: skip


def _priced(
    case: Case, kind: str, stated: float | str, fundamentals: pd.DataFrame, as_of: str | None
) -> Case:
    """The case with the market value of a setting."""
    if kind == "market_values":
        return priced_case(case, fundamentals, table=Path(str(stated)), as_of=as_of)
    if stated == "yahoo":
        return priced_case(case, fundamentals, market_value="yahoo")
    number, currency = _money(kind, stated)
    day, given = f"{pd.Timestamp.now('UTC'):%Y-%m-%d}", "given by the user"
    value = MarketValue(number, currency, day, given)
    if kind == "share_price":
        source = f"share price {given}"
        value = market_value_of_shares(case.company, number, currency=currency, day=day, source=source)
    return case.with_market_value(in_currency_of_accounts(value, case.company, fundamentals))


def _money(name: str, stated: float | str) -> tuple[float, str]:
    """An amount and its currency, US dollars unless three capitals follow."""
    text = str(stated)
    currency = text[-3:] if text[-3:].isalpha() and text[-3:].isupper() else ""
    return _number(name, text.removesuffix(currency)), currency or "USD"


def _number(name: str, stated: float | str) -> float:
    try:
        number = float(stated)
    except (TypeError, ValueError):
        raise InputError(f"{name}: {str(stated)[:60]!r} is not a number.") from None
    if not math.isfinite(number) or (name in MARKET_KEYS and number <= 0):
        needed = "a positive number" if name in MARKET_KEYS else "a finite number"
        raise InputError(f"{name}: {str(stated)[:60]!r} is not {needed}.")
    return number


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
