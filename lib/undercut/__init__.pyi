# The names of __init__.py with their types, for type checkers and editors. The package says what it is there.

from undercut import (
    competition,
    errors,
    eventstudy,
    inference,
    panel,
    plots,
    prices,
    report,
    sources,
    studies,
    tables,
    valuation,
)
from undercut.errors import UndercutError
from undercut.eventstudy.model import event_study
from undercut.panel.changes import load_changes
from undercut.prices.capability.gap import price_gap
from undercut.prices.capability.price_of_capability import price_of_capability
from undercut.prices.hedonic.time_dummy import hedonic_index
from undercut.prices.index.compute import price_index
from undercut.prices.load import load_prices, price_history
from undercut.prices.monthly_quotes import monthly_quotes
from undercut.prices.workloads import Workload
from undercut.provenance import Provenance
from undercut.sources.events import load_events
from undercut.sources.factors import load_factors
from undercut.sources.reference import load_reference
from undercut.sources.returns import load_returns
from undercut.sources.returns_checks import check_returns
from undercut.studies.explorer.page import explore
from undercut.studies.lab import chart, sliders
from undercut.studies.own.adoption import staggered_adoption
from undercut.studies.presentation import Report
from undercut.valuation.firm import value_firm

__version__: str
__all__ = [
    "Provenance",
    "Report",
    "UndercutError",
    "Workload",
    "chart",
    "check_returns",
    "competition",
    "errors",
    "event_study",
    "eventstudy",
    "explore",
    "hedonic_index",
    "inference",
    "load_changes",
    "load_events",
    "load_factors",
    "load_prices",
    "load_reference",
    "load_returns",
    "monthly_quotes",
    "panel",
    "plots",
    "price_gap",
    "price_history",
    "price_index",
    "price_of_capability",
    "prices",
    "report",
    "sliders",
    "sources",
    "staggered_adoption",
    "studies",
    "tables",
    "valuation",
    "value_firm",
]
