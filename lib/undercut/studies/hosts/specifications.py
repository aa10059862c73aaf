"""Does the effect of one more host hang on choices that could have been made otherwise?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

import pandas as pd

from undercut.competition.hosts.entry import effect_in
from undercut.competition.hosts.entry_design import EntryDesign, count_entries
from undercut.competition.hosts.panel import host_panel
from undercut.errors import InputError
from undercut.inference.specifications import SpecificationCurve, run_specifications, specification_curve
from undercut.prices.load import load_prices

#: Choices of the estimate that the report leads with, beside the data.
HEADLINE: Final[Mapping[str, Any]] = {
    "against": "same host and month",
    "incumbents": "all hosts",
    "months after": 6,
    "entries": "dated",
}
OPTIONS: Final[Mapping[str, Sequence[Any]]] = {
    "against": ("same host and month", "same month"),
    "incumbents": ("all hosts", "third parties"),
    "months after": (3, 6),
    "entries": ("dated", "all as dated"),
}


def entry_specifications(panels: Mapping[str, pd.DataFrame], *, leads: int = 3) -> SpecificationCurve:
    """The effect of an entry on the others' prices, in percent, under all combinations of choices.

    Parameters
    ----------
    panels : mapping of str to DataFrame
        Panels of :func:`undercut.competition.hosts.panel.host_panel` by what was chosen for them (sources,
        workload); the first is the headline's.
    leads : int
        Months before entry in the event study.

    Returns
    -------
    SpecificationCurve
    """
    if not panels:
        raise InputError("Give at least one panel.")

    counted = {name: count_entries(panel) for name, panel in panels.items()}
    longest = max(OPTIONS["months after"])

    @cache
    def design(data: str, against: str, incumbents: str) -> EntryDesign:
        return EntryDesign.of(
            panels[data], "dated", leads, longest, comparison=against,
            third_party_only=incumbents == "third parties",
        )  # fmt: skip

    def estimate(**chosen: Any) -> dict[str, float]:
        entries = counted[chosen["data"]]
        if chosen["entries"] == "all as dated":
            entries = entries.assign(kind="dated")
        study = design(chosen["data"], chosen["against"], chosen["incumbents"])
        found = effect_in(study.up_to(chosen["months after"]), entries, comparison=chosen["against"])
        return {"estimate": 100 * found.effect, "low": 100 * found.low, "high": 100 * found.high}

    results = run_specifications(estimate, {"data": list(panels), **OPTIONS})
    choices = ["data", *OPTIONS]
    return specification_curve(results, choices, headline={"data": next(iter(panels)), **HEADLINE}, unit="%")


def panels_by_choice(
    prices: pd.DataFrame, panel: pd.DataFrame, *, as_of: str | date | None, workload: str
) -> dict[str, pd.DataFrame]:
    """Panels of other sources and other workloads; the first is the report's own."""
    others = [name for name in ("chat", "agent", "reasoning") if name != workload][:2]
    named = {workload: panel, f"{workload}, also sources that ended": host_panel(prices, sources=None)}
    return named | {name: host_panel(load_prices(as_of, workload=name)) for name in others}
