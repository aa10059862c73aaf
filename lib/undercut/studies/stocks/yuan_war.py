"""What did the yuan price war of May 2024 do to list prices in China, to dollar prices, and to shares?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import DataError
from undercut.eventstudy.model import event_study
from undercut.inference.resampling import multiplicities, percentile_interval
from undercut.prices.cross_section import cross_section
from undercut.studies.framed import Framed
from undercut.studies.presentation import Number, Part, Sentence, Table
from undercut.studies.stocks.universe import GROUPS, group_portfolios
from undercut.studies.stocks.words import percent

#: The day before ByteDance's prices, and when the answers of the others had been listed.
BEFORE: Final = pd.Timestamp("2024-05-14")
AFTER: Final = pd.Timestamp("2024-06-30")
#: Sessions on which Chinese vendors cut: Zhipu, ByteDance, Alibaba and Baidu, Tencent.
CUTS: Final = ("2024-05-13", "2024-05-15", "2024-05-21", "2024-05-22")
#: The same number of days later, when no price war is on record.
_LATER: Final = pd.Timedelta(days=90)
#: The tracker of yuan prices that was kept up to date in these months; others leave old rows standing.
_TRACKER: Final = "aichat"
_PLATFORMS: Final = "Chinese platforms"


class YuanWar(Framed, row="what", value="change"):
    """``what, change, low, high, n, unit, note``: relative changes of prices, and of shares; a row each."""

    free: int

    def parts(self) -> Iterator[Part]:
        """A finding for each, a table and a sentence."""
        for row in self.frame.to_dict("records"):
            is_known = pd.notna(row["change"])
            yield Number(
                f"yuan_war.{row['key']}", row["what"], 100 * row["change"] if is_known else None, "%",
                ci=(100 * row["low"], 100 * row["high"]) if is_known else None, n=row["n"],
                role="descriptive", note=row["note"],
                method="mean log change of the same offers; bootstrap over sellers",
            )  # fmt: skip
        yield Sentence(self.sentence())
        shown = self.frame.assign(**{name: 100 * self.frame[name] for name in ("change", "low", "high")})
        yield Table(
            shown[["what", "change", "low", "high", "n", "note"]], "The yuan price war of May 2024",
            f"Percent, {BEFORE.date()} to {AFTER.date()}, the same offers of the same tracker; 95% intervals",
            formats=dict.fromkeys(("change", "low", "high"), "signed_percent"), row_label="what",
            labels={"n": "offers", "low": "95% from", "high": "to"},
        )  # fmt: skip

    def sentence(self) -> str:
        """What moved and what cannot be said."""
        rows = self.frame.set_index("key")
        told = "; ".join(f"{row['what']} {_moved(row)}" for _, row in rows[rows["change"].notna()].iterrows())
        lost = rows[rows["change"].isna()]
        missing = " ".join(f"{row['what']}: {row['note']}." for _, row in lost.iterrows())
        return (
            f"In May 2024 Chinese vendors cut their prices in yuan within two weeks. {told}. {self.free} "
            f"more offers became free, which no logarithm counts. {missing}"
        ).strip()


def _moved(row: pd.Series) -> str:
    """A change with its interval, where the interval has a width that shows."""
    ends = [percent(row[end]) for end in ("low", "high")]
    return percent(row["change"]) + (f" ({' to '.join(ends)})" if ends[0] != ends[1] else "")


def yuan_war(
    yuan: pd.DataFrame, prices: pd.DataFrame, returns: pd.DataFrame, *, benchmark: str = "RSP",
    draws: int = 999, seed: int = 0,
) -> YuanWar:  # fmt: skip
    """The price war of May 2024 as an event for list prices in yuan, in dollars, and for shares.

    Parameters
    ----------
    yuan : DataFrame
        ``load_reference("yuan_prices")``.
    prices : DataFrame
        From :func:`undercut.load_prices`.
    returns : DataFrame
        Daily returns with the benchmark and Chinese platforms; where they begin too late, it is said.
    benchmark : str
    draws, seed : int
        Of the bootstrap over sellers.
    """
    war, later = _yuan_changes(yuan, BEFORE, AFTER), _yuan_changes(yuan, BEFORE + _LATER, AFTER + _LATER)
    rows = [
        _change("list_prices", "List prices in yuan of Chinese vendors", war, draws, seed),
        _change("list_prices_later", "The same, 90 days later (placebo)", later, draws, seed),
    ]
    dollars = _dollar_changes(prices)
    for key, origin, whose in (("dollar_prices_cn", "CN", "Chinese"), ("dollar_prices_us", "US", "US")):
        own = dollars[dollars["origin"] == origin]
        rows.append(_change(key, f"Dollar prices of {whose} models, same seller", own, draws, seed))
    rows.append(_shares(returns, benchmark))
    return YuanWar(pd.DataFrame(rows), int(war["after"].eq(0).sum()))


def _yuan_changes(yuan: pd.DataFrame, before: pd.Timestamp, after: pd.Timestamp) -> pd.DataFrame:
    """Prices of the same offer on two days, faulty rows left out."""
    rows = yuan[yuan["tracker"].eq(_TRACKER) & yuan["fault"].isna() & yuan["input_yuan_per_mtok"].notna()]
    keys = ["seller", "model", "tracker"]

    def on(day: pd.Timestamp) -> pd.Series:
        ends = rows["observed_to"].fillna(rows["last_seen"])
        held = rows[rows["observed_from"].le(day) & ends.gt(day)]
        return held.groupby(keys)["input_yuan_per_mtok"].min()

    both = pd.concat({"before": on(before), "after": on(after)}, axis=1).dropna().reset_index()
    return both[both["before"] > 0]


def _dollar_changes(prices: pd.DataFrame) -> pd.DataFrame:
    keys = ["host", "model_id"]
    before, after = (cross_section(prices, day).set_index(keys) for day in (BEFORE, AFTER))
    both = before[["origin", "price"]].join(after["price"].rename("after"), how="inner").reset_index()
    return both.rename(columns={"price": "before", "host": "seller"})


def _change(key: str, what: str, rows: pd.DataFrame, draws: int, seed: int) -> dict[str, object]:
    paid = rows[rows["after"] > 0]
    sellers = paid["seller"].nunique()
    told = {"key": key, "what": what, "n": len(paid)}
    if sellers < 2:
        few = f"{len(paid)} offers of {sellers} sellers stand on both days"
        return told | {"change": np.nan, "low": np.nan, "high": np.nan, "note": few}
    step = np.log(paid["after"] / paid["before"]).to_numpy(float)
    codes = pd.factorize(paid["seller"])[0]
    weights = multiplicities(sellers, draws=draws, seed=seed)[:, codes]
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (weights @ step) / weights.sum(axis=1)
    low, high = percentile_interval(drawn[1:, None], level=0.95)
    cut = int((step < -0.01).sum())
    ends = {"change": np.expm1(drawn[0]), "low": np.expm1(low[0]), "high": np.expm1(high[0])}
    return told | ends | {"note": f"{cut} of {len(paid)} offers cut, {sellers} sellers"}


def _shares(returns: pd.DataFrame, benchmark: str) -> dict[str, object]:
    """Mean abnormal return of Chinese platforms on the days of the cuts, session and next."""
    told = {"key": "shares", "what": "Shares of Chinese platforms", "n": 0}
    try:
        wanted = {_PLATFORMS: GROUPS[_PLATFORMS], benchmark: [benchmark]}
        series = group_portfolios(returns, wanted)
        events = pd.DataFrame({"event": CUTS, "date": pd.to_datetime(list(CUTS)), "firm": _PLATFORMS})
        study = event_study(series, events, market=benchmark, window=(0, 1), estimation=(-160, -31))
        last = study.caar().iloc[-1]
    except (DataError, KeyError, IndexError) as reason:
        first = pd.to_datetime(returns["date"]).min() if "date" in returns else returns.index.min()
        why = f"no estimate: the returns begin on {first:%d %B %Y}, too late for May 2024"
        why = why if first > BEFORE - pd.Timedelta(days=250) else f"no estimate: {reason}"
        return told | {"change": np.nan, "low": np.nan, "high": np.nan, "note": why}
    ends = {"change": float(last["caar"]), "low": float(last["ci_low"]), "high": float(last["ci_high"])}
    return told | ends | {"n": int(last["n"]), "note": "session and next, against the benchmark"}
