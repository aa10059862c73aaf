"""Shared data of the index tests: a random scanner-like panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def scanner_quotes() -> pd.DataFrame:
    """60 products over 8 months that enter, leave and pause, shuffled."""
    rng = np.random.default_rng(3)
    product, month = np.nonzero(rng.random((60, 8)) < 0.7)
    taste = rng.normal(size=60)
    price = np.exp(taste[product] - 0.05 * month + 0.2 * rng.normal(size=len(product)))
    quantity = np.exp(2 - 1.5 * np.log(price) + 0.5 * rng.normal(size=len(product)))
    frame = pd.DataFrame(
        {
            "period": [f"2024-{m + 1:02d}" for m in month],
            "product": [f"item {p}" for p in product],
            "price": price,
            "quantity": quantity,
        }
    )
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)
