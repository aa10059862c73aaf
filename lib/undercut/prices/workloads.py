"""What does one token of real work cost? A workload turns a tariff into a single price.

A list price has many parts: fresh input, cached input, output, long prompts, batches, hours of the day. A
workload states how much of each a buyer uses; every result names its workload.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import InputError, unknown

_PARTS: Final = ("input", "output", "cache_read")


@dataclass(frozen=True, slots=True)
class Workload:
    """Shares of tokens and the circumstances under which they are bought.

    Parameters
    ----------
    name : str
    input, cached, output : float
        Shares of fresh input, cached input and output tokens; they sum to one.
    prompt_tokens : int
        Length of a prompt: decides which long-context tier applies.
    batch_share : float
        Share of the work that can wait for a batch.
    hour_utc : int, optional
        Hour at which the work is done (weekday); by default the base tariff holds.
    description : str

    Raises
    ------
    InputError
        Shares are negative or do not sum to one, or another value is impossible.

    Examples
    --------
    >>> Workload("summaries", input=0.9, cached=0.0, output=0.1).name
    'summaries'
    """

    name: str
    input: float
    cached: float
    output: float
    prompt_tokens: int = 4_000
    batch_share: float = 0.0
    hour_utc: int | None = None
    description: str = ""

    def __post_init__(self) -> None:
        shares = (self.input, self.cached, self.output)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise InputError(
                f"Workload {self.name!r}: shares of input, cached and output tokens must not be negative and "
                f"must sum to 1; got {self.input} + {self.cached} + {self.output} = {sum(shares):g}."
            )
        if not 0 <= self.batch_share <= 1:
            raise InputError(f"Workload {self.name!r}: batch_share must lie in 0..1; got {self.batch_share}.")
        if self.hour_utc is not None and not 0 <= self.hour_utc <= 23:
            raise InputError(f"Workload {self.name!r}: hour_utc must be 0..23; got {self.hour_utc}.")

    def price(self, offers: pd.DataFrame) -> pd.Series:
        """US dollars per million tokens of this workload, for each offer.

        A tariff without a price for cached input charges the fresh price; one without a batch price does
        not sell batches and charges the standard price.

        Parameters
        ----------
        offers : DataFrame
            With the price columns of the panel and ``conditions``.

        Returns
        -------
        Series
            Aligned with ``offers``; missing where input or output is missing.
        """
        tariff = self._tariff_in_force(offers)
        cached = tariff["cache_read"].fillna(tariff["input"])
        standard = self.input * tariff["input"] + self.cached * cached + self.output * tariff["output"]
        if not self.batch_share:
            return standard.rename("price")
        batch_input = offers["batch_input"].fillna(tariff["input"])
        batch_output = offers["batch_output"].fillna(tariff["output"])
        # Cached input in a batch has no price of its own in most tables: the lower of the two applies.
        batch_cached = np.minimum(cached, batch_input)
        batch = self.input * batch_input + self.cached * batch_cached + self.output * batch_output
        return ((1 - self.batch_share) * standard + self.batch_share * batch).rename("price")

    def _tariff_in_force(self, offers: pd.DataFrame) -> pd.DataFrame:
        tariff = offers[list(_PARTS)].astype(float).copy()
        conditional = offers["conditions"].dropna() if "conditions" in offers else pd.Series(dtype="str")
        for text, rows in conditional.groupby(conditional).groups.items():
            for name, price in self._overrides(json.loads(str(text))).items():
                tariff.loc[rows, name] = price
        return tariff

    def _overrides(self, conditions: list[dict[str, Any]]) -> dict[str, float]:
        """Prices that differ from the base tariff under this workload's circumstances."""
        tiers = [c for c in conditions if c.get("above_tokens", np.inf) < self.prompt_tokens]
        prices: dict[str, float] = {}
        for tier in sorted(tiers, key=lambda c: c["above_tokens"]):
            prices |= {k: tier[k] for k in _PARTS if tier.get(k) is not None}
        for window in conditions:
            if self.hour_utc is not None and _covers(window, self.hour_utc):
                prices |= {k: window[k] for k in _PARTS if window.get(k) is not None}
        return prices


def _covers(condition: dict[str, Any], hour: int) -> bool:
    """Whether an hourly condition holds at ``hour`` on a working day."""
    if "weekdays" in condition and not set(condition["weekdays"]) & {1, 2, 3, 4, 5}:
        return False
    for span in condition.get("hours_utc") or []:
        start, end = (int(part.split(":")[0]) + int(part.split(":")[1]) / 60 for part in span.split("-"))
        inside = start <= hour < end if start < end else hour >= start or hour < end
        if inside:
            return True
    return False


WORKLOADS: Final = {
    workload.name: workload
    for workload in (
        Workload("chat", 0.75, 0.0, 0.25, description="three parts input to one part output, nothing cached"),
        Workload(
            "agent", 0.15, 0.75, 0.10, 50_000, description="long context read again and again from the cache"
        ),
        Workload("documents", 0.95, 0.0, 0.05, 100_000, description="long prompts, short answers"),
        Workload(
            "reasoning",
            0.25,
            0.0,
            0.75,
            description="short questions, long chains of thought billed as output",
        ),
        Workload(
            "batch", 0.75, 0.0, 0.25, batch_share=1.0, description="the chat mix, all of it able to wait"
        ),
    )
}


def find_workload(workload: str | Workload) -> Workload:
    """The workload of this name; a :class:`Workload` is returned as it is.

    Raises
    ------
    UnknownNameError
        No workload has this name.
    """
    if isinstance(workload, Workload):
        return workload
    if workload not in WORKLOADS:
        raise unknown("workload", workload, WORKLOADS)
    return WORKLOADS[workload]
