from __future__ import annotations

import pandas as pd
import pytest

import undercut
from undercut.valuation.assumptions import Assumptions, load_assumptions


@pytest.fixture(scope="session")
def fundamentals() -> pd.DataFrame:
    return undercut.load_reference("fundamentals")


@pytest.fixture(scope="session")
def assumptions() -> Assumptions:
    return load_assumptions()
