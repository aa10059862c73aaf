"""What does the explorer show before anybody chooses, and where scripts are blocked?"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.prices.cross_section import Sellable, cross_section, model_prices
from undercut.prices.workloads import WORKLOADS, find_workload
from undercut.report.findings.sentences import MINUS
from undercut.sources.reference import load_reference

#: The first view: this work, this volume, models as capable as this one, and so many months back.
WORKLOAD, MILLIONS, LIKE, MONTHS = "chat", 100, "gpt-5", 20
_ROWS: Final = 60
#: Size of the static charts, which a phone shows as they are.
_WIDTH, HEIGHT, _LEFT = 380, 300, 46


def first_view(prices: pd.DataFrame, scores: dict[str, float]) -> dict[str, Any]:
    """Sentence, charts and tables of the first view, and the choices behind it.

    Parameters
    ----------
    prices : DataFrame
        From :func:`undercut.load_prices` for the first view's workload.
    scores : dict
        Capability by ``model_id``.
    """
    day = prices["last_seen"].max().tz_convert(None).normalize()
    offers = cross_section(prices, day).assign(score=lambda found: found["model_id"].map(scores))
    offers["model"] = offers["name"].fillna(offers["model_id"])
    offers["host"] = offers["host"].map(load_reference("hosts").set_index("host")["name"])
    least = scores.get(LIKE, float("-inf"))
    able = offers[offers["score"].ge(least)].sort_values("price", kind="stable")
    chosen = _chosen(offers, able)
    cheapest = offers.sort_values("price", kind="stable").drop_duplicates("model_id")
    mine = cheapest.set_index("model_id").reindex(chosen).reset_index().dropna(subset=["price"])
    start = day - pd.DateOffset(months=MONTHS)
    mix = find_workload(WORKLOAD)
    shares = (mix.input, mix.cached, mix.output)
    return {
        "state": {
            "m": ",".join(chosen), "w": ",".join(f"{100 * share:.0f}" for share in shares),
            "p": str(mix.prompt_tokens), "q": "", "v": str(MILLIONS),
            "n": f"{least:g}" if LIKE in scores else "",
            "f": f"{start:%Y-%m-%d}", "d": f"{day:%Y-%m-%d}",
        },
        "day": f"{day:%Y-%m-%d}", "day_words": f"{day.day} {day:%B %Y}", "volume": MILLIONS,
        "rows": f"{len(prices):,}", "models": f"{prices['model_id'].nunique():,}",
        "sellers": prices["host"].nunique(),
        "workloads": {name: f"{name}: {known.description}" for name, known in WORKLOADS.items()},
        "sentence": _sentence(able, offers),
        "time_note": "US dollars per million tokens, cheapest seller, log scale",
        "course": _course(prices, mine, start, day),
        "scatter_note": f"{able['model_id'].nunique()} models, US dollars per million tokens, log scale",
        "scatter": _scatter(able),
        "options": _options(able, mine),
        "count": f"{len(able):,} offers of {able['model_id'].nunique()} models on {day.day} {day:%b %Y}",
        "offers": [_offer(offer, "input", "output") for _, offer in able.head(_ROWS).iterrows()],
    }  # fmt: skip


def _chosen(offers: pd.DataFrame, able: pd.DataFrame) -> list[str]:
    """The landmark, and of those as capable the cheapest and the best, closed US and open Chinese."""
    names = [LIKE] if LIKE in set(offers["model_id"]) else []
    closed = able["access"].eq("closed")
    for group in (able[able["origin"].eq("US") & closed], able[able["origin"].eq("CN") & ~closed]):
        best = group.sort_values("score", ascending=False)
        names += [*group["model_id"].head(1), *best["model_id"].head(1)]
    return list(dict.fromkeys(names))


def _sentence(able: pd.DataFrame, offers: pd.DataFrame) -> str:
    if able.empty:
        return "No model with a score is as capable as the landmark."
    best = able.iloc[0]
    top = model_prices(able.assign(name=able["model"])).merge(able[["model_id", "score"]].drop_duplicates())
    top = top.sort_values("score").iloc[-1]
    return (
        f"{MILLIONS} million tokens a month: the cheapest model as capable as {_name_of(offers, LIKE)} is "
        f"{best['model']} for {money(best['price'] * MILLIONS)} from {best['host']}. The most capable with a "
        f"score, {_name_of(offers, top['model_id'])}, costs {money(top['price'] * MILLIONS)}."
    )


def _name_of(offers: pd.DataFrame, model_id: str) -> str:
    found = offers.loc[offers["model_id"].eq(model_id), "model"]
    return str(found.iloc[0]) if len(found) else model_id


def money(value: float) -> str:
    """Dollars with at most three digits that matter.

    Examples
    --------
    >>> money(1234.5), money(21), money(3.4375), money(0.105), money(-2.5)
    ('$1,230', '$21', '$3.44', '$0.11', '−$2.50')
    """
    size, sign = abs(value), MINUS if value < 0 else ""
    if size >= 100:
        return f"{sign}${float(f'{size:.3g}'):,.0f}"
    if size >= 10:
        return f"{sign}${size + 1e-9:.1f}".removesuffix(".0")
    return f"{sign}${size + 1e-9:.2f}" if size >= 0.1 else f"{sign}${size:.2g}"


def _tone(offer: pd.Series) -> str:
    """Classes of a mark: the colour says where the developer is at home, the ring that weights are open."""
    home = {"US": "us", "CN": "cn"}.get(offer["origin"], "xx")
    return f"{home} {'closed' if offer['access'] == 'closed' else 'open'}"


def _offer(offer: pd.Series, *columns: str, option: str = "") -> dict[str, Any]:
    """One row of a table: the model, its seller, the bill of a month, and further prices."""
    return {
        "option": option,
        "tone": _tone(offer),
        "model": offer["model"],
        "seller": offer["host"],
        "bill": money(offer["price"] * MILLIONS),
        "prices": [money(offer[column]) for column in columns],
        "score": f"{offer['score']:.1f}",
    }


def _options(able: pd.DataFrame, mine: pd.DataFrame) -> list[dict[str, Any]]:
    is_open = able["access"].ne("closed") & able["access"].notna()
    groups = {
        "Cheapest of all": able,
        "Cheapest from a US seller": able[able["host_country"].eq("US")],
        "Cheapest closed US model": able[able["origin"].eq("US") & ~is_open],
        "Cheapest Chinese open model": able[able["origin"].eq("CN") & is_open],
        "Cheapest other open model": able[able["origin"].ne("CN") & is_open],
    }
    found = [_offer(group.iloc[0], option=name) for name, group in groups.items() if len(group)]
    return found + [_offer(offer, option="Chosen") for _, offer in mine.iterrows()]


def _scatter(able: pd.DataFrame) -> dict[str, Any]:
    """Marks of the models as capable, at their cheapest seller."""
    models = able.drop_duplicates("model_id")
    if models.empty:
        return {"marks": [], "ticks": []}
    across = _scale(models["score"].min() - 1, models["score"].max() + 1, _LEFT, _WIDTH - 8)
    vertical, ticks = _dollars(models["price"])
    marks = [
        {"x": across(one["score"]), "y": vertical(one["price"]), "tone": _tone(one), "words": _words(one)}
        for _, one in models.iterrows()
    ]
    return {"marks": marks, "ticks": ticks}


def _words(one: pd.Series) -> str:
    return f"{one['model']}: {money(one['price'])}, capability {one['score']:.1f}"


def _course(
    prices: pd.DataFrame, mine: pd.DataFrame, start: pd.Timestamp, day: pd.Timestamp
) -> dict[str, Any]:
    """The lowest price of each chosen model, a day a fortnight, and the names at the ends of the lines."""
    if mine.empty:
        return {"lines": [], "ticks": []}
    days = pd.date_range(start, day, freq="14D").union(pd.DatetimeIndex([day]))
    sellable = Sellable(prices[prices["model_id"].isin(mine["model_id"])].set_axis(prices.columns, axis=1))
    on = [sellable.on(moment) for moment in days]
    seen = sellable.offers(on).assign(day=np.repeat(days, [len(rows) for rows in on]))
    lowest = seen.groupby(["model_id", "day"])["price"].min()
    vertical, ticks = _dollars(lowest)
    across = _scale(0, (day - start).days, _LEFT, _WIDTH - 120)
    lines: list[dict[str, Any]] = []
    for _, one in mine.sort_values("price", ascending=False).iterrows():
        own = lowest[one["model_id"]]
        points = [(across((moment - start).days), vertical(price)) for moment, price in own.items()]
        steps = "".join(f"H{x:.1f}V{y:.1f}" for x, y in points[1:])
        above = lines[-1]["label"] + 30 if lines else 0
        lines.append(
            {
                "tone": _tone(one).split()[0], "path": f"M{points[0][0]:.1f} {points[0][1]:.1f}{steps}",
                "label": max(vertical(one["price"]), above), "name": one["model"],
                "price": money(one["price"]),
            }
        )  # fmt: skip
    return {"lines": lines, "ticks": ticks}


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _dollars(prices: pd.Series) -> tuple[Callable[[float], float], list[tuple[float, str]]]:
    """Where a price stands on a logarithmic axis, and its ticks."""
    low, high = float(prices.min()) * 0.75, float(prices.max()) * 1.3
    place = _scale(log(low), log(high), HEIGHT - 24, 12)

    def vertical(price: float) -> float:
        return place(log(price))

    ticks = [tick for power in range(-4, 4) if low <= (tick := 10.0**power) <= high]
    return vertical, [(vertical(tick), f"${tick:g}") for tick in ticks]
