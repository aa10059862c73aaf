"""Which offers have ended, on which day, and how long were they sold?"""

from __future__ import annotations

import pandas as pd

from undercut.days import Day, day_of
from undercut.panel import store
from undercut.provenance import attach


def load_withdrawals(as_of: Day = None) -> pd.DataFrame:
    """The calendar of withdrawals: one row an offer (seller and model) whose end is known.

    Parameters
    ----------
    as_of : str or date, optional
        Only ends that could be known at the end of this day (UTC), among them days still to come.

    Returns
    -------
    DataFrame
        ``host, model_id``; ``ended_on``, the first day without the offer; ``stated_by`` (the source, or
        ``hosts.csv`` for sellers that closed); ``kind``: ``stated``, ``delisted`` (gone from the seller's own
        list) or ``seller closed``; ``known_from``; ``first_offered``, the first day on which any source
        shows it (an upper bound); ``lifetime_days`` between the two.

    Raises
    ------
    InputError
        ``as_of`` is not usable.

    Examples
    --------
    >>> ends = load_withdrawals().set_index(["host", "model_id"])
    >>> str(ends.loc[("openai", "gpt-4.5-preview"), "ended_on"].date())
    '2025-07-14'
    """
    from undercut.panel.build import offers_and_ends
    from undercut.panel.identity import Identity

    snapshots = store.read_table("snapshots")
    newest = snapshots["published"].max().tz_convert(None).normalize()
    day = newest if as_of is None else day_of(as_of)
    assert day is not None
    _, ends = offers_and_ends(store.read_table("quotes"), snapshots, Identity.load(), day)
    ends["lifetime_days"] = (ends["ended_on"] - ends["first_offered"]).dt.days.where(
        ends["ended_on"] > ends["first_offered"]
    )
    return attach(ends, *store.provenance())
