"""How much do people use each model? Weights for a robustness check, from one platform's rankings.

The fifteen models with most tokens on OpenRouter in one week a month since February 2025. They are not
market shares: the users of one router, the head of its distribution, and free offers among it. Nothing
here is a headline; it shows whether a result rests on counting every offer alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pandas as pd

from undercut.errors import TooFewError
from undercut.prices.monthly_quotes import cheapest_seller
from undercut.sources.reference import load_reference

if TYPE_CHECKING:
    from undercut.panel.identity import Identity

_SOURCE: Final = "openrouter-archive"
_ROUTER: Final = "openrouter"
#: The rankings write the day of release behind a name: deepseek-v3.2-20251201, qwen3-30b-a3b-04-28.
_DATE: Final = re.compile(r"-(20\d{6}|\d{2}-\d{2})$")
_CLAUDE: Final = re.compile(r"claude-(\d(?:\.\d)?)-(opus|sonnet|haiku)$")


def token_weights(shares: pd.DataFrame | None = None) -> pd.DataFrame:
    """Tokens by model and month, on the project's model ids.

    Parameters
    ----------
    shares : DataFrame, optional
        Columns ``week_ending, model, tokens_7d``; by default the reference table ``token_share``.

    Returns
    -------
    DataFrame
        ``period, model_id, tokens`` (millions in seven days), one row each. A moving name is taken for the
        model behind it in that week; names that cannot be resolved keep a missing ``model_id``.
    """
    from undercut.panel.identity import Identity

    table = load_reference("token_share") if shares is None else shares
    identity = Identity.load()
    named = table[["week_ending", "model", "tokens_7d"]].join(_resolved(identity, table["model"]), on="model")
    periods = identity.alias_periods()
    day = pd.to_datetime(named["week_ending"])
    behind = [
        _target(periods, alias, on) if pd.isna(model) and pd.notna(alias) else model
        for model, alias, on in zip(named["model_id"], named["alias"], day, strict=True)
    ]
    found = pd.DataFrame(
        {
            "period": day.dt.strftime("%Y-%m"),
            "model_id": pd.Series(behind, index=named.index, dtype="str"),
            "tokens": named["tokens_7d"].astype(float) / 1e6,
        }
    )
    return found.groupby(["period", "model_id"], dropna=False, as_index=False)["tokens"].sum()


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
        raise TooFewError("No quoted model is in the token rankings; they start in February 2025.")
    within = tokens[tokens["period"].isin(quotes["period"].unique())]["tokens"].sum()
    joined["quantity"] = joined["tokens"]
    joined["value"] = joined["price"] * joined["tokens"]
    joined.attrs["covered"] = float(joined["tokens"].sum() / within)
    return joined


def _resolved(identity: Identity, names: pd.Series) -> pd.DataFrame:
    """Model or alias of each name of the rankings, indexed by name; missing where the tables know none."""
    spellings = {name: list(_spellings(name)) for name in names.unique()}
    every = sorted({s for options in spellings.values() for s in options})
    raw = pd.DataFrame({"source": _SOURCE, "raw_host": _ROUTER, "raw_id": every})
    found = identity.resolve(raw).set_index("raw_id")
    known = found[found["identified_by"] == "table"]
    best = {name: next((s for s in options if s in known.index), None) for name, options in spellings.items()}
    chosen = pd.Series(best, dtype="object").dropna()
    return known.loc[chosen, ["model_id", "alias"]].set_axis(chosen.index)


def _spellings(name: str) -> Iterator[str]:
    """The name as ranked, without its date, and with Claude's grade before its number."""
    yield name
    plain = _DATE.sub("", name)
    yield plain
    yield _CLAUDE.sub(r"claude-\2-\1", plain)


def _target(periods: pd.DataFrame, alias: str, day: pd.Timestamp) -> str | None:
    """The model behind a moving name on a day; the router's own rows replace those for every host."""
    rows = periods[periods["alias"] == alias]
    own = rows[rows["host"] == _ROUTER]
    rows = own if len(own) else rows[rows["host"] == "*"]
    then = rows[(rows["valid_from"] <= day) & ~(rows["valid_to"] <= day)]
    return None if then.empty or pd.isna(then["model_id"].iloc[0]) else str(then["model_id"].iloc[0])
