"""What does one token of real work cost? A workload turns a tariff into a single price.

A list price has many parts: fresh input, cached input, output, long prompts, batches, hours of the day. A
workload states how much of each a buyer uses; every result names its workload.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.days import Day
from undercut.errors import InputError, check_known
from undercut.paths import read_beside
from undercut.sources.reference import load_reference

_PARTS: Final = ("input", "output", "cache_read")


@dataclass(frozen=True, slots=True)
class Workload:
    """Shares of tokens and the circumstances under which they are bought.

    Parameters
    ----------
    name : str
    input, cached, output : float
        Shares of fresh input, cached input and output tokens; they sum to one.
    reasoning : float
        Share of reasoning tokens; they are part of ``output`` and are paid like it.
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
    reasoning: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.input, self.cached, self.output)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            raise InputError(
                f"Workload {self.name!r}: shares of input, cached and output tokens must not be negative and "
                f"must sum to 1; got {self.input} + {self.cached} + {self.output} = {sum(shares):g}."
            )
        if not 0 <= self.reasoning <= self.output:
            raise InputError(
                f"Workload {self.name!r}: reasoning must lie in 0..output, of which it is a part; got "
                f"{self.reasoning:g} of {self.output:g}."
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


_ASSUMED: Final = {name: Workload(name, **mix) for name, mix in read_beside(__file__).items()}


#: Weeks of the token mix that make the measured workloads.
MIX_WEEKS: Final = 13
#: Models of under so many tokens a request have short requests.
_SHORT: Final = 10_000
#: Rows whose parts do not add up to their total by more than this are left out.
_ADDS_UP: Final = 0.05


@cache
def measured_workloads() -> dict[str, Workload]:
    """Mixes of tokens as measured on a router: of all paid tokens, and of short and long requests apart.

    From the ten most used models of each of the last thirteen weeks that are known, free variants left out.
    They are heavy on coding agents and no picture of all use.

    Examples
    --------
    >>> mixes = measured_workloads()
    >>> sorted(mixes), mixes["measured"].output < 0.05 < mixes["measured"].cached
    (['measured', 'measured-long', 'measured-short'], True)
    """
    mix = token_mix()
    mix = mix[mix["week_start"] > mix["week_start"].max() - pd.Timedelta(weeks=MIX_WEEKS)]
    is_short = mix["total_tokens"] / mix["request_count"] < _SHORT
    parts = {"measured": mix, "measured-short": mix[is_short], "measured-long": mix[~is_short]}
    return {name: _mixed(name, rows) for name, rows in parts.items()}


def token_mix(as_of: Day = None) -> pd.DataFrame:
    """Weekly tokens of the most used paid models on a router, by kind, where the parts add up."""
    mix = load_reference("token_mix_weekly", as_of=as_of)
    counts = ["total_tokens", "prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"]
    mix[counts] = mix[counts].astype(float)
    adds_up = (mix["prompt_tokens"] + mix["completion_tokens"]) / mix["total_tokens"]
    paid = ~mix["variant"].eq("free").fillna(False) & mix["prompt_price_usd_per_m"].gt(0)
    return mix[paid & adds_up.between(1 - _ADDS_UP, 1 + _ADDS_UP)].reset_index(drop=True)


def effective_prices(as_of: Day = None) -> pd.DataFrame:
    """Price per million tokens of what a router's users used, by model and week, at list prices.

    Cached tokens count at the price of cached input where the list states one, else as fresh input.

    Parameters
    ----------
    as_of : str or date, optional
        Only weeks that were over by this day; default: all.

    Returns
    -------
    DataFrame
        ``week_start, model_id, developer, origin, access, tokens`` (millions), ``usd`` and ``price`` (US
        dollars per million tokens).
    """
    mix = token_mix(as_of)
    cached_price = mix["cache_read_price_usd_per_m"].where(mix["cache_read_price_usd_per_m"] > 0)
    cached_price = cached_price.fillna(mix["prompt_price_usd_per_m"])
    usd = (
        (mix["prompt_tokens"] - mix["cached_tokens"]) * mix["prompt_price_usd_per_m"]
        + mix["cached_tokens"] * cached_price
        + mix["completion_tokens"] * mix["completion_price_usd_per_m"]
    ) / 1e6
    tokens = (mix["prompt_tokens"] + mix["completion_tokens"]) / 1e6
    access = mix["open_weights"].map({1: "open", 0: "closed"})
    named = mix[["week_start", "model_id", "developer", "origin"]]
    return named.assign(access=access, tokens=tokens, usd=usd, price=usd / tokens)


def _mixed(name: str, mix: pd.DataFrame) -> Workload:
    """The mix of all tokens of these rows."""
    total = mix[["prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens"]].sum()
    tokens = total["prompt_tokens"] + total["completion_tokens"]
    cached, output, reasoning = (
        float(total[f"{kind}_tokens"] / tokens) for kind in ("cached", "completion", "reasoning")
    )
    length = total["prompt_tokens"] / float(mix["request_count"].sum())
    whose = {"measured-short": " with short requests", "measured-long": " with long requests"}.get(name, "")
    weeks = f"{mix['week_start'].min():%d %B %Y} to {mix['week_start'].max():%d %B %Y}"
    return Workload(
        name, 1 - cached - output, cached, output, round(length), reasoning=reasoning,
        description=f"tokens of the most used paid models{whose} on OpenRouter, weeks of {weeks}",
    )  # fmt: skip


class _Workloads(Mapping[str, Workload]):
    """Assumed and measured workloads by name; the measured ones are read when somebody asks."""

    def __getitem__(self, name: str) -> Workload:
        return _ASSUMED[name] if name in _ASSUMED else measured_workloads()[name]

    def __iter__(self) -> Iterator[str]:
        yield from _ASSUMED
        yield from measured_workloads()

    def __len__(self) -> int:
        return len(_ASSUMED) + len(measured_workloads())


WORKLOADS: Final = _Workloads()


def find_workload(workload: str | Workload) -> Workload:
    """The workload of this name; a :class:`Workload` is returned as it is.

    Raises
    ------
    UnknownNameError
        No workload has this name.
    """
    if isinstance(workload, Workload):
        return workload
    check_known("workload", workload, WORKLOADS)
    return WORKLOADS[workload]
