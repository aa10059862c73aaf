"""Which offers enter a hedonic regression, and how much does each count?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import CellError, MissingColumnError, TooFewError, need_columns
from undercut.prices.hedonic.characteristics import with_characteristics

#: Fewer offers than this in a month leave its effect to chance.
MIN_OFFERS: Final = 5


def hedonic_sample(
    quotes: pd.DataFrame, characteristics: Sequence[str], *, imputed: bool, value: str | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Offers with all characteristics, their log price and ``weight``, and what was left out.

    The weight is one, or the offer's share of its month's expenditure (column ``value``).

    Raises
    ------
    MissingColumnError, CellError, TooFewError
        A column is missing, a price is not positive, or a month keeps fewer than :data:`MIN_OFFERS`.
    """
    sample = with_characteristics(quotes)
    needed = (*characteristics, "price", "period", "model_id", *([value] if value else []))
    need_columns(sample, needed, "The quotes lack")
    if not (sample["price"] > 0).all():
        raise CellError("Hedonic regressions need positive prices; leave out free offers.")
    if "eci_is_imputed" not in sample:
        if imputed:
            raise MissingColumnError(
                "No capability is imputed in these quotes; use with_imputed_capability() first."
            )
        sample["eci_is_imputed"] = False
    kept = sample[list(characteristics)].notna().all(axis=1)
    if not imputed:
        kept &= ~sample["eci_is_imputed"].astype(bool)
    what = "a characteristic"
    if value is not None:
        kept &= sample[value].gt(0).fillna(False)
        what += f" or {value}"
    dropped = int((~kept).sum())
    notes = (f"{dropped:,} of {len(sample):,} prices left out for want of {what}",) if dropped else ()
    sample = sample[kept].sort_values(["period", "product"], ignore_index=True)
    counts = sample.groupby("period").size().reindex(sorted(quotes["period"].unique()), fill_value=0)
    if (counts < MIN_OFFERS).any():
        few = ", ".join(f"{p} ({n})" for p, n in counts[counts < MIN_OFFERS].items())
        raise TooFewError(f"Too few prices with all characteristics in {few}; start later.")
    weight = 1.0 if value is None else sample[value] / sample.groupby("period")[value].transform("sum")
    return sample.assign(log_price=np.log(sample["price"].astype(float)), weight=weight), notes
