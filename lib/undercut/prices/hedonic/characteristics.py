"""What can be said about a model without looking at its price, and which offers enter a hedonic index?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import CellError, MissingColumnError, TooFewError, need_columns

#: Of a hedonic regression whose index is the average price of all offers on sale. The panel records no
#: modality; every offer in it takes and gives text.
OF_ALL_OFFERS: Final = ("eci", "log_context", "is_reasoning")
#: With the age of the model, the index is the price of newly released models: the default. Notes of
#: :func:`undercut.prices.hedonic.time_dummy.hedonic_index` say why the two differ, and why to show both.
OF_NEW_MODELS: Final = (*OF_ALL_OFFERS, "age_years")

#: Models that reason before every answer, by their names. Hybrids that reason on request are not marked:
#: their price is that of either use.
_REASONING: Final = re.compile(
    r"^o[1-9](-|$)|(^|[-/])(r1|qwq|qvq|magistral)([-.]|$)|thinking|reason|deep-?research"
)
_NOT_REASONING: Final = re.compile(r"non-?(thinking|reason)")
_SIZE: Final = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_UNIT: Final = {"b": 1.0, "m": 0.001}
#: Fewer offers than this in a month leave its effect to chance.
MIN_OFFERS: Final = 5


def with_characteristics(quotes: pd.DataFrame) -> pd.DataFrame:
    """Quotes with ``log_context``, ``is_reasoning`` and ``age_years``.

    Returns
    -------
    DataFrame
        A copy. ``log_context``: natural log of the longest prompt in thousands of tokens; where an offer
        does not state it, the median over other sellers of the model, which is a fact about the model and
        not an estimate. ``is_reasoning``: 1.0 for models whose name says that they always reason.
        ``age_years``: years since release at mid-month, 0 for offers dated before it.
    """
    added = quotes.copy()
    if "context_tokens" in added and "log_context" not in added:
        stated = added["context_tokens"].astype("Float64").astype(float)
        context = stated.where(stated > 0)
        of_model = context.groupby(added["model_id"]).transform("median")
        added["log_context"] = np.log(context.fillna(of_model) / 1000)
    if "is_reasoning" not in added:
        known = {model: reasons(str(model)) for model in added["model_id"].unique()}
        added["is_reasoning"] = added["model_id"].map(known).astype(float)
    if "release_date" in added and "age_years" not in added:
        month = pd.to_datetime(added["period"] + "-15")
        added["age_years"] = ((month - added["release_date"]).dt.days / 365.25).clip(lower=0)
    return added


def reasons(model_id: str) -> bool:
    """Whether a model, by its name, reasons before every answer.

    Examples
    --------
    >>> [reasons(name) for name in ("o3-mini", "deepseek-r1-0528", "grok-4-fast-non-reasoning", "gpt-4o")]
    [True, True, False, False]
    """
    return bool(_REASONING.search(model_id)) and not _NOT_REASONING.search(model_id)


def parameters_in_name(model_id: str) -> float:
    """Billions of parameters that a name states; missing if it states none.

    Of several numbers the largest counts (the total of a mixture, not its active part).

    Examples
    --------
    >>> [parameters_in_name(name) for name in ("qwen3-235b-a22b", "mixtral-8x7b-instruct", "gpt-4o")]
    [235.0, 56.0, nan]
    """
    found = [float(each) * int(times or 1) * _UNIT[unit] for times, each, unit in _SIZE.findall(model_id)]
    return max(found, default=float("nan"))


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
