"""What are arrays called in signatures? One name for each kind, the same in every room."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]
#: Codes of categories, such as the cluster of each row.
Codes: TypeAlias = NDArray[np.int64]
