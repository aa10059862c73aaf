"""How much do people use each model? Weights for a robustness check, from one platform's rankings.

The daily fifty models with most tokens on OpenRouter, in the last full week of each month since January 2025.
They are not market shares: the users of one router, and the head of its distribution. Nothing here is a
headline; it shows whether a result rests on counting every offer alike.
"""

from __future__ import annotations

import pandas as pd

from undercut.errors import TooFewError
from undercut.prices.monthly_quotes import cheapest_seller
from undercut.sources.reference import load_reference


def token_weights(usage: pd.DataFrame | None = None) -> pd.DataFrame:
    """Tokens by model in the last full week of each month.

    Parameters
    ----------
    usage : DataFrame, optional
        As ``load_reference("token_usage_weekly")``.

    Returns
    -------
    DataFrame
        ``period, week_ending, model_id, tokens`` (millions in seven days), one row each; free variants are
        left out, and what has no name in our tables or lies outside the daily top fifty keeps a missing
        ``model_id``.
    """
    table = load_reference("token_usage_weekly") if usage is None else usage
    table = table[table["days"].eq(7) & table["variant"].ne("free").fillna(True)]
    ending = table["week_start"] + pd.Timedelta(days=6)
    period = ending.dt.strftime("%Y-%m")
    found = table.assign(period=period, week_ending=ending, tokens=table["tokens"].astype(float) / 1e6)
    found = found[ending.eq(ending.groupby(period).transform("max"))]
    keys = ["period", "week_ending", "model_id"]
    return found.groupby(keys, dropna=False, as_index=False)["tokens"].sum()


def with_token_weights(quotes: pd.DataFrame, weights: pd.DataFrame | None = None) -> pd.DataFrame:
    """Models at their cheapest seller, with tokens as ``quantity`` and their cost as ``value``.

    Parameters
    ----------
    quotes : DataFrame
        Monthly quotes.
    weights : DataFrame, optional
        From :func:`token_weights`.

    Returns
    -------
    DataFrame
        The models that both tables have, in the months that both have; ``attrs["covered"]`` is the share of
        the ranked tokens that they make up. For ``price_index(..., method="tornqvist")`` and
        ``double_imputation(..., value="value")``.

    Raises
    ------
    TooFewError
        No model is in both.
    """
    tokens = token_weights() if weights is None else weights
    known = tokens.dropna(subset=["model_id"])
    joined = cheapest_seller(quotes).merge(known, on=["period", "model_id"], how="inner")
    if joined.empty:
        raise TooFewError("No quoted model is in the token rankings; they start in January 2025.")
    within = tokens[tokens["period"].isin(quotes["period"].unique())]["tokens"].sum()
    joined["quantity"] = joined["tokens"]
    joined["value"] = joined["price"] * joined["tokens"]
    joined.attrs["covered"] = float(joined["tokens"].sum() / within)
    return joined
