"""Are real price changes told apart from new models?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from undercut.errors import DataError
from undercut.prices.changes import own_price_index


def test_the_own_price_index_adds_up_mean_log_steps_and_ignores_new_models() -> None:
    rows = [
        ("2025-01", "a", 10.0), ("2025-02", "a", 5.0), ("2025-03", "a", 5.0),
        ("2025-01", "b", 4.0), ("2025-02", "b", 4.0), ("2025-03", "b", 8.0),
        ("2025-03", "new", 0.1),
    ]  # fmt: skip
    quotes = pd.DataFrame(rows, columns=["period", "product", "price"]).assign(
        host_kind="developer", developer="X", group="US closed"
    )
    index = own_price_index(quotes, "US closed")
    assert index.to_numpy() == pytest.approx([np.log(0.5) / 2, np.log(0.5) / 2 + np.log(2) / 2])
    with pytest.raises(DataError, match="CN open"):
        own_price_index(quotes, "CN open")
