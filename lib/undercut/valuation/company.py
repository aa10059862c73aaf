"""What is known about a firm before anything is assumed? Its market value and role, and its published figures
as of a day: the last twelve months, and the traps in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pandas as pd

from undercut.days import day_of
from undercut.errors import InputError, OutsideDataError, check_known, unknown
from undercut.valuation.assumptions import ROLES

#: Figures whose source names no day of filing are taken as known this long after the period's end.
REPORTING_LAG: Final = pd.Timedelta(days=60)
#: A balance-sheet figure of an older period is used at most this long.
_STALE_AFTER: Final = pd.Timedelta(days=500)
_WHOLE_YEAR: Final = r"LTM|FY\d{4}"
_FILED: Final = re.compile(r"(?:filed|page dated) (\d{4}-\d{2}-\d{2})")
_DEBT: Final = ("total_debt", "total_debt_carrying")
_DEBT_BOUNDS: Final = ("debt_lower_bound", "debt_securities_excl_bank_borrowings")
_SHARES: Final = ("diluted_weighted_shares_latest_quarter", "diluted_weighted_shares", "shares_outstanding")
#: Gains outside operations above this part of pre-tax income are pointed out.
_NOTABLE_GAINS: Final = 0.10


@dataclass(frozen=True, slots=True)
class MarketValue:
    """What the market pays for all shares.

    Attributes
    ----------
    value : float
        Million of ``currency``.
    currency : str
        ISO code.
    day : str
        YYYY-MM-DD.
    source : str
        Who said so.
    """

    value: float
    currency: str
    day: str
    source: str

    def __post_init__(self) -> None:
        if not self.value > 0:
            raise InputError(f"A market value must be above zero; got {self.value!r} (million).")


@dataclass(frozen=True, slots=True)
class Company:
    """A firm at its balance-sheet date; money in million of ``currency``.

    Attributes
    ----------
    ticker, name, role : str
        Role: seller (of model services), application (buys models, sells software), cloud (rents computing
        out),
        chips, power.
    currency, period_end : str
        Of the accounts.
    revenue, operating_income, share_based_pay : float
        Of the last twelve months. Operating income is after share-based pay and before interest, gains on
        stakes
        and tax.
    debt, cash : float
        At ``period_end``.
    shares : float
        Million, diluted, in units of what is traded (ADRs where these are). Not a number where not published.
    notes : tuple of str
        What to know about these figures.
    """

    ticker: str
    name: str
    role: str
    currency: str
    period_end: str
    revenue: float
    operating_income: float
    share_based_pay: float = 0.0
    debt: float = 0.0
    cash: float = 0.0
    shares: float = float("nan")
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_known("role", self.role, ROLES)
        if not self.revenue > 0:
            raise InputError(
                f"{self.ticker}: revenue must be above zero; got {self.revenue!r}. A firm without revenue "
                "has no price and volume to speak about."
            )
        if self.operating_income > self.revenue:
            raise InputError(
                f"{self.ticker}: operating income {self.operating_income:g} exceeds revenue "
                f"{self.revenue:g}: a margin above 100% would mean that costs are negative. Are gains on "
                "stakes among it?"
            )

    @property
    def net_debt(self) -> float:
        """Debt less cash."""
        return self.debt - self.cash


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the valuation takes from a firm's publications.

    Attributes
    ----------
    ticker, currency, fiscal_period, period_end : str
        Which twelve months, in which money.
    figures : DataFrame
        Every figure used: item, value, unit, fiscal_period, period_end, confidence, source_title.
    notes : tuple of str
        Traps that were met, and how.
    """

    ticker: str
    currency: str
    fiscal_period: str
    period_end: str
    figures: pd.DataFrame
    notes: tuple[str, ...]

    def value(self, item: str, otherwise: float = float("nan")) -> float:
        """Value of a figure; ``otherwise`` where it is not published."""
        found = self.figures.loc[self.figures["item"] == item, "value"].dropna()
        return float(found.iloc[0]) if len(found) else otherwise

    def company(self, *, name: str, role: str, adr_ratio: float = 1.0) -> Company:
        """The firm as the valuation sees it; shares in units of what is traded."""
        return Company(
            ticker=self.ticker, name=name, role=role, currency=self.currency, period_end=self.period_end,
            revenue=self.value("revenue"), operating_income=self.value("operating_income"),
            share_based_pay=self.value("share_based_compensation", 0.0), debt=self.value("debt", 0.0),
            cash=self.value("cash", 0.0),
            shares=self.value("shares") / adr_ratio, notes=self.notes,
        )  # fmt: skip


def accounts(fundamentals: pd.DataFrame, ticker: str, *, as_of: str | None = None) -> Accounts:
    """The last twelve months of a listed firm that were published by a day.

    Parameters
    ----------
    fundamentals : DataFrame
        As `undercut.load_reference("fundamentals")` or `undercut.valuation.live.live_fundamentals`.
    ticker : str
        Of a listed firm in the table.
    as_of : str, optional
        YYYY-MM-DD; everything by default.

    Returns
    -------
    Accounts
        Operating income rather than net income (gains on stakes are no business); the newest balance sheet
        (debt
        raised after the year's end counts); marketable securities of the newest date on which they are
        published.

    Raises
    ------
    UnknownNameError
        The table does not have the ticker.
    OutsideDataError
        No year with revenue and operating income was published by then.

    Examples
    --------
    >>> import undercut
    >>> nvidia = accounts(undercut.load_reference("fundamentals"), "NVDA")
    >>> nvidia.fiscal_period, nvidia.value("revenue")
    ('LTM', 302969.0)
    """
    rows = known_by(fundamentals, ticker, as_of)
    period, end = _newest_year(rows, ticker, as_of)
    current = rows[(rows["fiscal_period"] == period) & (rows["period_end"] == end)]
    notes: list[str] = []
    chosen = [_row(current, item) for item in ("revenue", "operating_income", "share_based_compensation")]
    if chosen[2].empty:
        notes.append("share-based pay is not published for the period and taken as nil")
    chosen += [_debt(rows, end, notes), _cash(rows, end, notes), _shares(rows, end, notes)]
    _notice_gains(current, notes)
    money = chosen[0]["currency"].iloc[0]
    kept = ["item", "value", "unit", "fiscal_period", "period_end", "confidence", "source_title"]
    figures = pd.concat([part for part in chosen if len(part)], ignore_index=True)[kept]
    return Accounts(ticker, str(money), period, f"{end:%Y-%m-%d}", figures, tuple(notes))


def known_by(fundamentals: pd.DataFrame, ticker: str, as_of: str | None) -> pd.DataFrame:
    """Rows of a firm that were published by a day.

    The day of filing where the source names it, else `REPORTING_LAG` after the period's end; a run rate is
    known
    on its own day. Rows without a period count as known.

    Raises
    ------
    UnknownNameError, InputError
        No such ticker; ``as_of`` is not a day.
    """
    rows = fundamentals[fundamentals["ticker"] == ticker]
    if rows.empty:
        raise unknown("ticker", ticker, fundamentals["ticker"].unique())
    day = day_of(as_of)
    if day is None:
        return rows
    if day > pd.Timestamp.now("UTC").tz_localize(None):
        raise InputError(f"as_of {as_of} is a day to come: what will be published by then is not known.")
    filed = pd.to_datetime(rows["source_title"].str.extract(_FILED)[0])
    lag = pd.Series(REPORTING_LAG, index=rows.index).where(rows["fiscal_period"] != "as_of", pd.Timedelta(0))
    published = filed.fillna(rows["period_end"] + lag)
    return rows[published.isna() | (published <= day)]


def run_rate(fundamentals: pd.DataFrame, ticker: str, *, as_of: str | None = None) -> pd.Series:
    """The newest annualised revenue that an unlisted firm or the press stated.

    Raises
    ------
    OutsideDataError
        None was published by then.
    """
    rows = known_by(fundamentals, ticker, as_of)
    stated = rows[rows["item"] == "annualised_run_rate_revenue"].sort_values("period_end")
    if stated.empty:
        raise OutsideDataError(f"No annualised revenue of {ticker} is published by {as_of or 'now'}.")
    return stated.iloc[-1]


def published_ratio(rows: pd.DataFrame, numerator: str, denominator: str) -> tuple[float, str]:
    """Ratio of two items in the newest fiscal year that has both, and the period's name.

    Raises
    ------
    OutsideDataError
        No period has both.
    """
    wide = rows[rows["fiscal_period"].str.fullmatch(_WHOLE_YEAR)]
    table = wide.pivot_table(index=["period_end", "fiscal_period"], columns="item", values="value")
    both = table.reindex(columns=[numerator, denominator]).dropna()
    if both.empty:
        raise OutsideDataError(
            f"No period publishes both {numerator} and {denominator} by then; set the assumption instead."
        )
    return float(both.iloc[-1, 0] / both.iloc[-1, 1]), str(both.index[-1][1])


def units_per_dollar(fundamentals: pd.DataFrame, currency: str) -> tuple[float, str]:
    """Published units of a currency for one US dollar, and the source of the rate.

    Raises
    ------
    OutsideDataError
        The table has no rate of this currency.

    Examples
    --------
    >>> import undercut
    >>> round(units_per_dollar(undercut.load_reference("fundamentals"), "TWD")[0], 2)
    31.11
    """
    if currency == "USD":
        return 1.0, "the same currency"
    found = fundamentals[fundamentals["item"] == f"average_fx_{currency.lower()}_per_usd"]
    if found.empty:
        raise OutsideDataError(
            f"No published rate of {currency} to the US dollar in fundamentals.csv: give the market value in "
            f"{currency}, the currency of the accounts."
        )
    newest = found.sort_values("period_end").iloc[-1]
    return float(newest["value"]), str(newest["source_title"])


def _newest_year(rows: pd.DataFrame, ticker: str, as_of: str | None) -> tuple[str, pd.Timestamp]:
    whole = rows[rows["fiscal_period"].str.fullmatch(_WHOLE_YEAR)]
    needed = whole[whole["item"].isin(["revenue", "operating_income"])]
    counts = needed.groupby(["period_end", "fiscal_period"])["item"].nunique()
    complete = counts[counts == 2]
    if complete.empty:
        raise OutsideDataError(
            f"{ticker}: no twelve months with revenue and operating income were published by "
            f"{as_of or 'now'}. Choose a later day."
        )
    end, period = complete.index[-1]
    return str(period), end


def _row(rows: pd.DataFrame, item: str, name: str | None = None) -> pd.DataFrame:
    found = rows[rows["item"] == item].sort_values("period_end").tail(1)
    return found if name is None else found.assign(item=name)


def _fresh(rows: pd.DataFrame, items: tuple[str, ...], end: pd.Timestamp) -> pd.DataFrame:
    """The newest of some items up to a day, in the items' order where dates are equal."""
    usable = rows[rows["item"].isin(items) & rows["period_end"].between(end - _STALE_AFTER, end)]
    rank = usable["item"].map({item: place for place, item in enumerate(items)})
    ordered = usable.assign(rank=rank).sort_values(["period_end", "rank"], ascending=[False, True])
    return ordered.drop(columns="rank").head(1)


def _debt(rows: pd.DataFrame, end: pd.Timestamp, notes: list[str]) -> pd.DataFrame:
    found = _fresh(rows, _DEBT, end)
    if found.empty:
        found = _fresh(rows, _DEBT_BOUNDS, end)
        if len(found):
            notes.append("debt is a lower bound: bank borrowing or convertible notes may be missing")
    if found.empty:
        notes.append("no debt figure is published in the table; taken as nil")
        return found
    day = found["period_end"].iloc[0]
    if day < end:
        notes.append(f"debt is of {day:%Y-%m-%d}, before the period's end")
    return found.assign(item="debt")


def _cash(rows: pd.DataFrame, end: pd.Timestamp, notes: list[str]) -> pd.DataFrame:
    """Cash at the period's end; marketable securities of the newest date that publishes them."""
    whole = _fresh(rows, ("cash_and_marketable_securities",), end)
    cash = _fresh(rows, ("cash_and_equivalents",), end)
    if whole.empty:
        notes.append("marketable securities are not published in the table: cash alone counts")
        return cash.assign(item="cash")
    day = whole["period_end"].iloc[0]
    if cash.empty or cash["period_end"].iloc[0] <= day:
        return whole.assign(item="cash")
    then = rows[(rows["item"] == "cash_and_equivalents") & (rows["period_end"] == day)]["value"]
    if then.empty:
        return cash.assign(item="cash")
    securities = max(float(whole["value"].iloc[0]) - float(then.iloc[0]), 0.0)
    if securities:
        notes.append(f"marketable securities ({securities:,.0f} million) are of {day:%Y-%m-%d}")
    return cash.assign(item="cash", value=cash["value"] + securities)


def _shares(rows: pd.DataFrame, end: pd.Timestamp, notes: list[str]) -> pd.DataFrame:
    found = _fresh(rows, _SHARES, end)
    if found.empty:
        notes.append("no number of shares is published in the table: no value a share")
    return found.assign(item="shares")


def _notice_gains(current: pd.DataFrame, notes: list[str]) -> None:
    pretax, operating = (_row(current, item)["value"] for item in ("pretax_income", "operating_income"))
    if pretax.empty or operating.empty:
        return
    income = float(pretax.iloc[0])
    gains = income - float(operating.iloc[0])
    if gains > _NOTABLE_GAINS * abs(income):
        notes.append(
            f"{gains / income:.0%} of pre-tax income comes from outside operations (gains on "
            "stakes, interest) and is left out"
        )
