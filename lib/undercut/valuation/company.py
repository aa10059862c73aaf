"""What is known about a firm before anything is assumed? Its accounts, its role and its market value."""

from __future__ import annotations

from dataclasses import dataclass

from undercut.errors import InputError, check_known
from undercut.valuation.assumptions import ROLES


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

    @property
    def margin(self) -> float:
        """Operating income over revenue."""
        return self.operating_income / self.revenue
