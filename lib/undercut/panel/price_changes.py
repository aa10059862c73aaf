"""Which tariffs did an offer change, when, and from what to what?"""

from __future__ import annotations

from datetime import date
from typing import Final

import pandas as pd

from undercut.panel.store import load_panel

CHANGE_COLUMNS: Final = (
    "host", "model_id", "variant", "changed_on", "input_before", "output_before", "input_after",
    "output_after", "source",
)  # fmt: skip
_OFFER: Final = ["source", "host", "raw_id", "variant"]


def load_changes(as_of: str | date | pd.Timestamp | None = None) -> pd.DataFrame:
    """Changes of the price of an offer, as each source shows them.

    Parameters
    ----------
    as_of : str or date, optional
        Only what could be known at the end of this day (UTC). By default all that the project has read.

    Returns
    -------
    DataFrame
        One row a change of the input or output price of usable quotes: ``host``, ``model_id``, ``variant``,
        ``changed_on`` (first day of the new price), ``input_before``, ``output_before``, ``input_after``,
        ``output_after`` (US dollars per million tokens) and ``source``, by day and seller. A change that
        several sources show has a row for each; a step across a gap in a series is no change.

    Raises
    ------
    InputError
        ``as_of`` is not usable.
    StoreError
        The panel on disk is missing or damaged.

    Examples
    --------
    >>> changes = load_changes()
    >>> cut = changes.query("host == 'openai' and model_id == 'o3' and source == 'litellm'")
    >>> cut[["input_before", "input_after"]].to_numpy().tolist()
    [[10.0, 2.0]]
    """
    panel = load_panel(as_of).sort_values([*_OFFER, "valid_from", "first_seen"])
    before = panel.groupby(_OFFER, dropna=False)[["model_id", "valid_to", "input", "output"]].shift()
    found = panel.assign(input_before=before["input"], output_before=before["output"]).rename(
        columns={"valid_from": "changed_on", "input": "input_after", "output": "output_after"}
    )
    follows = before["valid_to"].eq(panel["valid_from"]) & before["model_id"].eq(panel["model_id"])
    same = before[["input", "output"]].eq(panel[["input", "output"]])
    moved = ~(same | before[["input", "output"]].isna() & panel[["input", "output"]].isna()).all(axis=1)
    order = ["changed_on", "host", "model_id", "variant", "source"]
    changes = found.loc[follows & moved, list(CHANGE_COLUMNS)].drop_duplicates()
    return changes.sort_values(order, ignore_index=True)
