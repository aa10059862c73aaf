"""Do published figures on use come out of these tables, on their own windows? Each held against its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.competition.adoption.token_shares import token_shares
from undercut.panel.access import has_open_weights
from undercut.prices.cross_section import cross_section
from undercut.studies.framed import Framed
from undercut.studies.presentation import Number, Part, Table

#: Ours reproduces a figure where the bounds, widened by this share of it, hold it.
CLOSE: Final = 0.05
#: The windows of the studies: Demirer et al. and Nagle and Yue, 2025; OpenRouter's study ended in that month.
_DEMIRER: Final = ("2025-01-06", "2025-11-30")
_NAGLE: Final = ("2025-05-01", "2025-09-30")
_MIX: Final = ("2025-11-01", "2025-12-31")
_EQUAL: Final = "2025-09-15"
_NEAR: Final = 3.0
_WHY: Final = {
    "price at equal intelligence": "the same router, list prices of the cheapest seller, another index",
    "open share of tokens": "their day counts all models; here what lies outside the fifty is a bound",
    "closed price": "list prices at one mix of tokens here, what was paid there",
    "open price": "list prices at one mix of tokens here, what was paid there; free offers cost nothing",
    "closed share of tokens": "the same router; our open models count as open for their whole life",
    "closed share of dollars": "list prices at one mix of tokens here, what was paid there",
    "prompt to answer tokens": "the ten largest models of a week only, which write code; theirs is over all",
}


class Reproductions(Framed, row="figure", value="ours"):
    """A row a figure: ``source, figure, published, window, ours, low, high, unit, verdict, why``."""

    def parts(self) -> Iterator[Part]:
        """A finding and a row for each."""
        for row in self.frame.to_dict("records"):
            yield Number(
                f"reproduced.{row['figure'].replace(' ', '_')}", f"{row['source']}: {row['figure']}, ours",
                row["ours"], row["unit"], ci=(row["low"], row["high"]), role="robustness",
                method=f"on {row['window']}; bounds",
                note=f"published {row['published']:g}; {row['verdict']}",
            )  # fmt: skip
        yield Table(
            self.frame.drop(columns="unit")[
                ["source", "figure", "window", "published", "low", "ours", "high", "verdict", "why"]
            ],
            "Published figures on their own windows", row_label="source",
            subtitle="Low and high: bounds for what is not classified, or the middle half of the models",
            labels={"why": "what differs"},
        )  # fmt: skip


def published_figures(usage: pd.DataFrame, mix: pd.DataFrame, prices: pd.DataFrame) -> Reproductions:
    """Each published figure, computed from our tables.

    Parameters
    ----------
    usage, mix : DataFrame
        ``load_reference`` of ``token_usage_weekly`` and ``token_mix_weekly``.
    prices : DataFrame
        From :func:`undercut.load_prices`, of a mix without cached tokens.
    """
    demirer, nagle, own = "Demirer et al. (2025)", "Nagle and Yue (2025)", "OpenRouter and a16z (2025)"
    tokens = _mean(_within(usage, _DEMIRER), "open")
    by_tokens = _mean(_within(usage, _NAGLE), "closed")
    by_dollars = _mean(_within(usage, _NAGLE), "closed", prices)
    closed, opened = _paid(_within(usage, _NAGLE), prices)
    rows: list[tuple[str, str, float, Any, Any, str]] = [
        (demirer, "price at equal intelligence", -90, (_EQUAL, _EQUAL), _gap(prices), "%"),
        (demirer, "open share of tokens", 30, _DEMIRER, tokens, "%"),
        (nagle, "closed price", 1.86, _NAGLE, closed, "USD per million tokens"),
        (nagle, "open price", 0.23, _NAGLE, opened, "USD per million tokens"),
        (nagle, "closed share of tokens", 80, _NAGLE, by_tokens, "%"),
        (nagle, "closed share of dollars", 96, _NAGLE, by_dollars, "%"),
        (own, "prompt to answer tokens", 15, _MIX, _prompts(mix), "to 1"),
    ]
    found = []
    for source, figure, published, window, (ours, low, high), unit in rows:
        is_bound = figure == "open share of tokens"
        room = CLOSE * abs(published)
        fits = low <= published if is_bound else low - room <= published <= high + room
        verdict = "reproduced" if fits else "not reproduced"
        found.append(
            {"source": source, "figure": figure, "published": published, "window": _told(window),
             "ours": ours, "low": low, "high": high, "unit": unit, "verdict": verdict, "why": _WHY[figure]}
        )  # fmt: skip
    return Reproductions(pd.DataFrame(found))


def _told(window: tuple[str, str]) -> str:
    return window[0] if window[0] == window[1] else " to ".join(window)


def _within(usage: pd.DataFrame, window: tuple[str, str]) -> pd.DataFrame:
    return usage[usage["week_start"].between(*window)]


def _mean(usage: pd.DataFrame, access: str, prices: pd.DataFrame | None = None) -> tuple[float, float, float]:
    """Share of one access over a window, with its bounds."""
    shares = token_shares(usage, by="access", prices=prices)
    mean = shares[shares["group"] == access][["share", "low", "high"]].mean()
    return float(mean["share"]), float(mean["low"]), float(mean["high"])


def _paid(
    usage: pd.DataFrame, prices: pd.DataFrame
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Dollars per million tokens of closed and of open models; ends: the cheapest and the dearest week."""
    dollars, tokens = (token_shares(usage, by="access", prices=given) for given in (prices, None))
    merged = dollars.merge(tokens, on=["week_start", "group"], suffixes=("", "_counted"))
    merged["paid"] = 1e6 * merged["tokens"] / merged["tokens_counted"]
    told = merged.groupby("group")["paid"].agg(["mean", "min", "max"])
    closed, opened = (tuple(map(float, told.loc[access])) for access in ("closed", "open"))
    return closed, opened  # type: ignore[return-value]


def _gap(prices: pd.DataFrame) -> tuple[float, float, float]:
    """Cheapest seller of each open model against the median closed model near its score, in percent."""
    offers = cross_section(prices, _EQUAL)
    cheapest = offers.sort_values("price").drop_duplicates("model_id").set_index("model_id")
    cheapest = cheapest.dropna(subset=["eci", "price"])
    closed = cheapest[cheapest["access"].eq("closed")]
    gaps = []
    for row in cheapest[has_open_weights(cheapest["access"])].itertuples():
        near = closed.loc[(closed["eci"] - row.eci).abs() <= _NEAR, "price"]
        if len(near):
            gaps.append(100 * (row.price / near.median() - 1))
    low, middle, high = np.quantile(gaps, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)


def _prompts(mix: pd.DataFrame) -> tuple[float, float, float]:
    """Prompt tokens per answer token: of all tokens together; ends: the middle half of models and weeks."""
    rows = mix[mix["week_start"].between(*_MIX) & mix["sum_over_total"].between(0.8, 1.2)]
    whole = float(rows["prompt_tokens"].sum() / rows["completion_tokens"].sum())
    low, high = rows["prompt_per_completion"].quantile([0.25, 0.75])
    return whole, float(low), float(high)
