"""What did models cost, where, and when: the panel with one price for each offer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import pandas as pd

from undercut.errors import unknown
from undercut.panel.names import split_raw_id
from undercut.panel.store import load_panel
from undercut.prices.workloads import Workload, find_workload

#: What a person wants to see of a price history; programs get every column.
MAIN_COLUMNS: Final = (
    "host", "model_id", "variant", "raw_id", "valid_from", "valid_to", "input", "output", "cache_read",
    "price", "status", "source", "note",
)  # fmt: skip


def load_prices(
    as_of: str | date | pd.Timestamp | None = None,
    *,
    workload: str | Workload = "chat",
    status: str | Sequence[str] | None = "ok",
) -> pd.DataFrame:
    """The price panel: who offered what, from when to when, at which price.

    Parameters
    ----------
    as_of : str or date, optional
        Only what could be known at the end of this day (UTC); no later correction leaks in. By default all
        that the project has read.
    workload : str or Workload
        Mix of tokens that turns a tariff into the column ``price``.
    status : str, sequence of str or None
        Keep offers of these statuses; None or ``"all"`` keeps every quote.

    Returns
    -------
    DataFrame
        Columns of :data:`undercut.panel.schema.PANEL_COLUMNS` plus ``price`` (US dollars per million tokens
        of the workload). ``valid_to`` is exclusive; NaT = still on offer. Provenance in ``attrs``.

    Raises
    ------
    InputError
        ``as_of``, ``workload`` or ``status`` is not usable.
    StoreError
        The panel on disk is missing or damaged.

    Examples
    --------
    >>> prices = load_prices(as_of="2025-06-30", workload="agent")
    >>> "price" in prices.columns
    True
    """
    chosen = find_workload(workload)
    panel = load_panel(as_of, status=status)
    panel["price"] = chosen.price(panel)
    return panel


def price_history(
    model: str,
    *,
    host: str | None = None,
    as_of: str | date | None = None,
    status: str | Sequence[str] | None = "all",
    workload: str | Workload = "chat",
) -> pd.DataFrame:
    """All offers of a model, by host and day.

    Parameters
    ----------
    model : str
        A canonical model id, a raw id as a source writes it, or a moving name such as ``gpt-4o``, which
        finds the offers under that name with the model that stood behind it on each day.
    host : str, optional
        Only this seller.
    as_of, status, workload
        As in :func:`undercut.load_prices`.

    Returns
    -------
    DataFrame
        Panel rows plus ``price``, by host, source and day.

    Raises
    ------
    UnknownNameError
        No offer has this name; the closest ones are named.

    Examples
    --------
    >>> history = price_history("gpt-4-0613", host="openai", status="ok")
    >>> float(history["input"].iloc[0])
    30.0
    """
    panel = load_prices(as_of, workload=workload, status=status)
    wanted = model.strip().lower()
    slugs = {raw_id: split_raw_id(raw_id).slug for raw_id in panel["raw_id"].unique()}
    found = (
        panel["model_id"].eq(wanted)
        | panel["raw_id"].str.lower().eq(wanted)
        | panel["raw_id"].map(slugs).eq(wanted)
    )
    if not found.any():
        raise unknown("model", model, {*panel["model_id"].dropna(), *slugs.values()})
    rows = panel[found]
    if host is not None:
        if host not in set(rows["host"]):
            raise unknown(f"host of {model}", host, rows["host"].dropna().unique())
        rows = rows[rows["host"] == host]
    return rows.sort_values(["host", "variant", "source", "raw_id", "valid_from"], ignore_index=True)
