"""How many tokens does a task take?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.levels import check_level
from undercut.prices.tasks.gap import MIN_MODELS
from undercut.result import Axes, Result


class TokensPerTask(Result):
    """Median output tokens a task by group: ``frame`` has ``benchmark, group, median, low, high, models``."""

    benchmark: str
    frame: pd.DataFrame

    def plot(self, ax: Axes | None = None) -> Axes:
        """The medians with their intervals."""
        from undercut.prices.tasks.charts import token_medians

        return token_medians(self.frame, ax=ax)


def tokens_per_task(
    rows: pd.DataFrame, *, draws: int = 999, level: float = 0.95, seed: int = 0
) -> TokensPerTask:
    """Median output tokens that a model spends on a task, by group.

    Parameters
    ----------
    rows : DataFrame
        From `undercut.prices.tasks.task_costs`, of one benchmark, one row a model.
    draws, level, seed
        Of the bootstrap over models.

    Raises
    ------
    TooFewError
        No group has five models with tokens.
    """
    check_level(level)
    rng = np.random.default_rng(seed)
    known = rows[rows["output_tokens_per_task"].gt(0) & rows["group"].notna()]
    tail, found = (1 - level) / 2, []
    for group, side in known.groupby("group")["output_tokens_per_task"]:
        values = side.to_numpy(float)
        if len(values) < MIN_MODELS:
            continue
        drawn = np.median(rng.choice(values, (draws, len(values))), axis=1)
        low, high = np.quantile(drawn, [tail, 1 - tail])
        found.append((rows["benchmark"].iloc[0], group, np.median(values), low, high, len(values)))
    if not found:
        raise TooFewError(f"No group has {MIN_MODELS} models whose tokens are known.")
    names = ["benchmark", "group", "median", "low", "high", "models"]
    return TokensPerTask(str(rows["benchmark"].iloc[0]), pd.DataFrame(found, columns=names))
