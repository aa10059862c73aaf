"""When was each open model first on offer, and which of a developer's models replaces which?"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from undercut.competition.rivals.exposure import RivalRule
from undercut.prices.cross_section import SELLER_KINDS, model_facts
from undercut.prices.hedonic.characteristics import reasons
from undercut.sources.reference import load_reference

#: An offer first seen later than this after the release tells of the sources' coverage, not of an entry.
MAX_LAG_DAYS: Final = 45
#: Releases nearer to another than this cannot be told apart from it.
CLUSTER_DAYS: Final = 14


def first_offers(panel: pd.DataFrame, *, rule: RivalRule | None = None) -> pd.DataFrame:
    """The day on which each open model with a score was first on offer, by a seller that counts.

    Parameters
    ----------
    panel : DataFrame
        From :func:`undercut.load_prices`, status ``ok``.
    rule : RivalRule, optional
        Which licence classes count.

    Returns
    -------
    DataFrame
        ``model_id, developer, origin, eci, release_date, day``, ``lag_days`` from release to first offer and
        ``is_entry``: first seen within :data:`MAX_LAG_DAYS` of the release.
    """
    rule = rule or RivalRule()
    kinds = load_reference("hosts").set_index("host")["kind"]
    usable = panel["access"].isin(rule.accesses) & panel["variant"].fillna("").eq("") & panel["price"].gt(0)
    # Routers pass on others' offers and are left out of cross-sections.
    usable &= panel["host"].map(kinds).isin(SELLER_KINDS)
    by_model = panel[usable & panel["model_id"].notna()].groupby("model_id")
    found = by_model.agg(developer=("developer", "first"), origin=("origin", "first"))
    found["day"] = by_model["valid_from"].min()
    found = found.join(model_facts()[["eci", "release_date"]])
    found = found[found["eci"].notna()].reset_index()
    found["lag_days"] = (found["day"] - found["release_date"]).dt.days
    # A source that states effective days may give the announcement's own day, or the eve of it.
    found["is_entry"] = found["lag_days"].between(-2, MAX_LAG_DAYS)
    return found.sort_values(["day", "model_id"], ignore_index=True)


def release_months(releases: pd.DataFrame) -> list[str]:
    """The months whose observation, on the 15th, is the first that can show each release."""
    days = releases.loc[releases["is_entry"], "day"]
    months = (days - pd.Timedelta(days=15)).dt.to_period("M") + 1
    return sorted(months.astype(str).unique())


#: Words by which makers tell apart what they sell side by side. What is left of a name (versions, dates,
#: preview) tells apart what follows in time.
_GRADES: Final = frozenset({
    "mini", "nano", "micro", "small", "medium", "large", "lite", "flash", "haiku", "sonnet", "opus",
    "fable", "mythos", "tiny", "instant", "air", "fast", "max", "ultra", "plus", "turbo", "pro", "premier",
    "light", "sol", "terra", "luna", "astra", "argon", "codex", "chat", "audio", "realtime", "image",
    "vision", "search", "live", "tts", "robotics", "omni", "computer", "deep", "research", "embedding",
    "code", "coder", "codestral", "ocr", "cyber", "spark", "32k", "16k", "devstral", "magistral",
    "ministral", "pixtral", "saba", "nemo",
})  # fmt: skip
_WORD: Final = re.compile(r"[a-z]+|\d+[bk](?![a-z0-9])")


def grade(model_id: str) -> str:
    """The words of a name that say which place a model has beside its siblings, and whether it reasons.

    Examples
    --------
    >>> grade("gpt-5-mini"), grade("claude-3-5-haiku-20241022"), grade("gemini-2.5-flash-lite-preview-06-17")
    ('mini', 'haiku', 'flash lite')
    >>> grade("gpt-4o-2024-08-06"), grade("o3-mini")
    ('', 'mini reasoning')
    """
    words = {word for word in _WORD.findall(model_id.lower()) if word in _GRADES}
    return " ".join(sorted(words | ({"reasoning"} if reasons(model_id) else set())))


def successor_on_offer(offers: pd.DataFrame) -> pd.Series:
    """Whether the developer sells, on that day, a later model of the same grade.

    Parameters
    ----------
    offers : DataFrame
        ``observed_on, developer, model_id, release_date``; of a developer's own offers.

    Returns
    -------
    Series of bool
        Aligned with ``offers``; False where the release date is not known.
    """
    by = ["observed_on", "developer", offers["model_id"].map(grade).rename("grade")]
    newest = offers.groupby(by)["release_date"].transform("max")
    return (newest > offers["release_date"]).rename("has_successor")


def predecessors(launches: pd.DataFrame) -> pd.Series:
    """The developer's latest earlier model of the same grade.

    Parameters
    ----------
    launches : DataFrame
        One row a model: ``model_id, developer, release_date``, all release dates known.

    Returns
    -------
    Series of str
        ``model_id`` of the predecessor, aligned with ``launches``; missing for the first of its grade.
        Models of one day have the same predecessor.
    """
    keyed = launches[["model_id", "developer", "release_date"]].assign(
        grade=launches["model_id"].map(grade), row=launches.index
    )
    known = keyed.sort_values(["release_date", "model_id"])
    earlier = known.drop(columns="row").rename(columns={"model_id": "previous_model_id"})
    found = pd.merge_asof(
        known, earlier, on="release_date", by=["developer", "grade"], allow_exact_matches=False
    )
    return found.set_index("row")["previous_model_id"].reindex(launches.index)
