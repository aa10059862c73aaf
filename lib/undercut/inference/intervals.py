"""How is an estimate with few clusters judged? By t with the clusters' degrees of freedom."""

from __future__ import annotations

import numpy as np


def t_interval(estimate: float, error: float, *, freedom: float, level: float) -> dict[str, float]:
    """Estimate, std_error, t_statistic, p_value, ci_low and ci_high.

    Without an error (NaN) all but the estimate are missing.

    Examples
    --------
    >>> found = t_interval(1.0, 0.5, freedom=10, level=0.95)
    >>> round(found["p_value"], 4), round(found["ci_low"], 4)
    (0.0734, -0.1141)
    """
    from scipy import stats

    statistic = estimate / error if error != 0 else np.nan
    reach = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    return {
        "estimate": estimate, "std_error": error, "t_statistic": statistic,
        "p_value": 2 * float(stats.t.sf(abs(statistic), freedom)),
        "ci_low": estimate - reach, "ci_high": estimate + reach,
    }  # fmt: skip
