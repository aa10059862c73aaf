"""Which firm, with which accounts and assumptions? From a ticker to everything that its valuation needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from undercut.days import day_of
from undercut.errors import OutsideDataError, UnitError, check_known
from undercut.paths import data_dir
from undercut.sources.reference import load_reference
from undercut.sources.returns import load_returns
from undercut.valuation.assumptions import Assumptions, load_assumptions, read_toml
from undercut.valuation.cashflow import Horizon, discounted_value
from undercut.valuation.company import (
    Company,
    MarketValue,
    accounts,
    known_by,
    published_ratio,
    run_rate,
    units_per_dollar,
)
from undercut.valuation.valuation import Valuation, measured_beta, unlevered

_BETA_SPREAD = 1.645  # 90% interval of a normal estimate
_HINDSIGHT = "the accounts are those known on the day asked for; the assumptions, rates and beta are today's"


@dataclass(frozen=True, slots=True)
class Case:
    """A firm and everything assumed about it.

    Attributes
    ----------
    company : Company
        Its accounts.
    assumptions : Assumptions
        Parameters with the firm's own values.
    market_value : MarketValue, optional
        What the market pays, in the currency of the accounts.
    horizon : Horizon
        Years looked at.
    elapsed_years : float
        From the balance sheet to the day of the value.
    figures : DataFrame
        The published figures behind ``company``, each with its source.
    """

    company: Company
    assumptions: Assumptions
    market_value: MarketValue | None = None
    horizon: Horizon = field(default_factory=Horizon)
    elapsed_years: float = 0.0
    figures: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    def value(self, values: Mapping[str, np.ndarray] | None = None) -> Valuation:
        """Value under the defaults, or under draws of some parameters."""
        everything = {**self.assumptions.values(), **(values or {})}
        company = self.company
        if np.isnan(company.operating_income):  # unlisted: what the assumed cost shares leave
            left = 1 - everything["compute_cost_share"] - everything["overhead_share"]
            company = replace(company, operating_income=float(company.revenue * np.mean(left)))
        return discounted_value(company, everything, horizon=self.horizon, elapsed_years=self.elapsed_years)

    def with_values(self, changes: Mapping[str, float], *, source: str = "set by the user") -> Case:
        """The case under other assumptions."""
        return replace(self, assumptions=self.assumptions.with_values(changes, source=source))

    def with_market_value(self, market_value: MarketValue) -> Case:
        """The case with what the market pays; the weight of debt follows from it.

        Raises
        ------
        UnitError
            The value is in another currency than the accounts.
        """
        if market_value.currency != self.company.currency:
            raise UnitError(
                f"The market value is in {market_value.currency}, the accounts of {self.company.ticker} in "
                f"{self.company.currency}: convert it with in_currency_of_accounts."
            )
        weight = self.company.debt / (self.company.debt + market_value.value)
        parameter = self.assumptions["debt_weight"]
        known = parameter.ranged(
            weight, weight, weight, source=f"debt over debt and market value of {market_value.day}",
            evidence="measured",
        )  # fmt: skip
        return replace(self, assumptions=self.assumptions.with_parameters(known), market_value=market_value)


def vendor_names(path: Path | None = None) -> pd.DataFrame:
    """Tickers that `vendor_case` knows: ticker, name, role and what its AI share rests on."""
    rows = [
        (ticker, entry["name"], entry["role"], entry["ai_revenue_share"]["source"])
        for ticker, entry in _vendors(path).items()
    ]
    return pd.DataFrame(rows, columns=["ticker", "name", "role", "ai_share_rests_on"])


def vendor_case(
    ticker: str,
    fundamentals: pd.DataFrame,
    *,
    returns: pd.DataFrame | None = None,
    as_of: str | None = None,
    assumptions: Assumptions | None = None,
    vendors: Path | None = None,
) -> Case:
    """Accounts and assumptions of a vendor.

    Parameters
    ----------
    ticker : str
        See `vendor_names`.
    fundamentals : DataFrame
        As `undercut.load_reference("fundamentals")`, or live figures of the same form.
    returns : DataFrame, optional
        Daily returns with the ticker and SPY, from which beta is measured; an assumption without them.
    as_of : str, optional
        Only what was published by that day, YYYY-MM-DD; the value is then as of that day.
    assumptions : Assumptions, optional
        Instead of the project's.
    vendors : Path, optional
        Instead of the project's table of vendors.

    Raises
    ------
    UnknownNameError
        The ticker is not in the table of vendors.

    Examples
    --------
    >>> import undercut
    >>> case = vendor_case("NVDA", undercut.load_reference("fundamentals"))
    >>> bool(0 < case.value().ai_share[0] <= 1)
    True
    """
    known = _vendors(vendors)
    check_known("ticker", ticker, known)
    entry, base = known[ticker], assumptions or load_assumptions()
    rows = known_by(fundamentals, ticker, as_of)
    company, figures = _company(ticker, entry, fundamentals, as_of)
    changed = [base[name].ranged(*numbers[:3], source=numbers[3], evidence="assumption")
               for name, numbers in entry.get("set", {}).items()]  # fmt: skip
    held, elapsed = base.with_parameters(*changed), 0.0
    for name in ("ai_revenue_share", "ai_margin"):
        held = _stated(held, name, entry[name], rows) if name in entry else held
    if returns is not None and ticker in set(returns["ticker"]):
        held = _with_beta(held, ticker, returns)
    if (day := day_of(as_of)) is not None:
        elapsed = (day - pd.Timestamp(company.period_end)).days / 365.25
        company = replace(company, notes=(*company.notes, _HINDSIGHT))
    return Case(company, held, elapsed_years=elapsed, figures=figures)


def sample_returns(folder: Path | None = None) -> pd.DataFrame:
    """Daily returns of the shipped sample, all tickers: what `vendor_case` measures betas from."""
    path = (folder or data_dir() / "sample") / "stock_returns_bp.csv"
    tickers = [str(name) for name in pd.read_csv(path, nrows=0).columns[1:]]
    return load_returns(tickers, source="sample")


def in_currency_of_accounts(
    market_value: MarketValue, company: Company, fundamentals: pd.DataFrame
) -> MarketValue:
    """A market value in US dollars in the currency of the accounts, at a published rate.

    Raises
    ------
    OutsideDataError
        There is no published rate.
    UnitError
        It is in a third currency.
    """
    if market_value.currency == company.currency:
        return market_value
    if market_value.currency != "USD":
        raise UnitError(f"Give the market value in USD or {company.currency}, not {market_value.currency}.")
    rate, source = units_per_dollar(fundamentals, company.currency)
    told = f"{market_value.source}; {rate:.3f} {company.currency} a US dollar ({source})"
    return MarketValue(market_value.value * rate, company.currency, market_value.day, told)


def market_value_of_shares(
    company: Company, price: float, *, currency: str, day: str, source: str
) -> MarketValue:
    """Price of what is traded (an ADR where that is) times the shares outstanding by that day, million.

    Raises
    ------
    OutsideDataError
        No number of shares is published.
    InputError
        The price is not above zero.
    """
    shares, which = _shares_on(company, day)
    return MarketValue(
        price * shares, currency, day, f"{source}, times {shares:,.0f} million shares ({which})"
    )


def _shares_on(company: Company, day: str) -> tuple[float, str]:
    """Shares outstanding by the day, million; the diluted number of the accounts where none are published."""
    table = load_reference("shares_outstanding")
    known = table[(table["ticker"] == company.ticker) & (pd.to_datetime(table["date"]) <= pd.Timestamp(day))]
    if len(known):
        last = known.sort_values("date").iloc[-1]
        return float(last["shares_million"]), f"{last['basis']}, {pd.Timestamp(last['date']):%Y-%m-%d}"
    if np.isnan(company.shares):
        raise OutsideDataError(
            f"{company.ticker}: no number of shares is published; give the market value itself."
        )
    return company.shares, "diluted, as in the accounts"


def _company(
    ticker: str, entry: Mapping[str, Any], fundamentals: pd.DataFrame, as_of: str | None
) -> tuple[Company, pd.DataFrame]:
    if not entry.get("run_rate"):
        found = accounts(fundamentals, ticker, as_of=as_of)
        is_ratio = fundamentals["ticker"].eq(ticker) & fundamentals["item"].eq("adr_ratio")
        stated = fundamentals.loc[is_ratio, "value"]
        ratio = float(stated.iloc[-1]) if len(stated) else float(entry.get("adr_ratio", 1))
        return found.company(name=entry["name"], role=entry["role"], adr_ratio=ratio), found.figures
    rate = run_rate(fundamentals, ticker, as_of=as_of)
    notes = (
        f"unlisted: revenue is the run rate stated for {rate['period_end']:%Y-%m-%d} "
        f"({rate['source_title']}); margin, debt and cash are not published: operations only, on assumed "
        "cost shares",
    )
    company = Company(
        ticker, entry["name"], entry["role"], str(rate["currency"]), f"{rate['period_end']:%Y-%m-%d}",
        float(rate["value"]), float("nan"), notes=notes,
    )  # fmt: skip
    figures = rate.to_frame().T.infer_objects()
    return company, figures.drop(columns=["ticker", "currency", "source_publisher"])


def _stated(base: Assumptions, name: str, entry: Mapping[str, Any], rows: pd.DataFrame) -> Assumptions:
    """A parameter from published figures, times an assumption where they only bound it."""
    if "value" in entry:
        default, low, high = entry["value"]
        evidence, source = "assumption", entry["source"]
    else:
        ratio, period = published_ratio(rows, *entry["published"])
        spread = entry.get("spread", 0.0)
        times = entry.get("times", [1.0, 1.0, 1.0])
        default, low, high = (ratio * part for part in times)
        low, high = max(low - spread, 0.0), min(high + spread, 1.0)
        evidence = "published" if "times" not in entry else "assumption"
        source = f"{entry['source']}; {' / '.join(entry['published'])} of {period} = {ratio:.3f}"
    return base.with_parameters(base[name].ranged(default, low, high, source=source, evidence=evidence))


def _with_beta(base: Assumptions, ticker: str, returns: pd.DataFrame) -> Assumptions:
    beta, error = measured_beta(returns, ticker)
    taxes, weight = base["tax_rate"].default, base["debt_weight"].default
    middle, reach = (unlevered(b, debt_weight=weight, tax_rate=taxes) for b in (beta, _BETA_SPREAD * error))
    first, last = returns["date"].min(), returns["date"].max()
    source = f"weekly returns against SPY, {first:%Y-%m-%d} to {last:%Y-%m-%d}, Blume-adjusted, 90% interval"
    ends = (max(middle - reach, 0.0), middle + reach)
    parameter = replace(base["asset_beta"], distribution="normal")
    return base.with_parameters(parameter.ranged(middle, *ends, source=source, evidence="measured"))


def _vendors(path: Path | None) -> dict[str, Any]:
    return read_toml(path or data_dir() / "valuation" / "vendors.toml")
