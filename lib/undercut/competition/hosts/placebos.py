"""Does the event study of entries find nothing where nothing happened? Entries made up, the code the same."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from undercut.competition.hosts.entry_design import EntryDesign, column, count_entries
from undercut.errors import one_of
from undercut.inference.arrays import Floats

Fake = Literal["dates", "models"]


def placebo_dates(panel: pd.DataFrame, entries: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Entries at fake dates: each model's own entries, moved to random months of its life.

    The number of entries in each model stays; only their timing is fake.
    """
    generator = np.random.default_rng(seed)
    life = panel.groupby("model_id")["month"].agg(["min", "max"])
    first = entries["model_id"].map(life["min"]).to_numpy() + 1
    last = entries["model_id"].map(life["max"]).to_numpy()
    return entries.assign(month=generator.integers(first, last + 1))


def placebo_models(panel: pd.DataFrame, entries: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Entries into the wrong models: each entry, at its true date, is given to a random model.

    The model is drawn from those that several months of the panel show around the date and that the
    entrant does not sell.
    """
    return _drawn(entries, _pools(panel, entries), seed)


def placebo_effects(
    panel: pd.DataFrame,
    *,
    fake: Fake,
    draws: int = 50,
    seed: int = 0,
    kind: str = "dated",
    lags: int = 6,
    **options: Any,
) -> Floats:
    """Effects of fake entries through the code of the real ones, shape (draws,).

    Parameters
    ----------
    panel : DataFrame
    fake : {"dates", "models"}
        What is made up; see :func:`placebo_dates` and :func:`placebo_models`.
    draws, seed
        Of the fakes.
    kind, lags, options
        Of :func:`undercut.competition.hosts.entry.entry_effect`.
    """
    one_of("fake", fake, get_args(Fake))
    entries = count_entries(panel)
    is_studied = entries["kind"].eq(kind)
    studied, others = entries[is_studied], entries[~is_studied]
    study = EntryDesign.of(panel, kind, lags=lags, **options)
    pools = _pools(panel, studied) if fake == "models" else []
    found = []
    for each in range(seed, seed + draws):
        moved = placebo_dates(panel, studied, seed=each) if fake == "dates" else _drawn(studied, pools, each)
        fit = study.fit(pd.concat([moved, others], ignore_index=True))
        found.append(fit.combined([column("entry", k) for k in range(lags + 1)])[0])
    return np.array(found)


def _pools(panel: pd.DataFrame, entries: pd.DataFrame) -> list[list[str]]:
    """Models on sale in the month before each entry that its host never sells."""
    sold = {host: set(models) for host, models in panel.groupby("host")["model_id"]}
    on_sale = {month: list(models) for month, models in panel.groupby("month")["model_id"].unique().items()}
    return [
        [model for model in on_sale.get(month - 1, ()) if model not in sold.get(host, ())]
        for host, month in zip(entries["host"], entries["month"], strict=True)
    ]


def _drawn(entries: pd.DataFrame, pools: list[list[str]], seed: int) -> pd.DataFrame:
    """Each entry in a random model of its pool."""
    generator = np.random.default_rng(seed)
    drawn = [pool[generator.integers(len(pool))] if pool else None for pool in pools]
    return entries.assign(model_id=drawn).dropna(subset="model_id")
