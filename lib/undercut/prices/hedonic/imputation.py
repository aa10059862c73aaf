"""How capable are the models that the capability index does not cover, judged without their prices?

Price must never enter: a hedonic regression on capability that was read off prices would explain prices by
themselves. What is used: the day of release, who made the model, its family, its size as its name states
it, whether it reasons, and the words by which makers grade their models (mini, pro, flash).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd

from undercut.errors import TooFewError
from undercut.inference.arrays import Codes, Floats
from undercut.prices.hedonic.characteristics import parameters_in_name, reasons

_SMALL: Final = re.compile(
    r"(^|[-_])(mini|nano|micro|small|lite|flash|haiku|tiny|instant|air|fast|edge)([-_.]|$)"
)
_LARGE: Final = re.compile(r"(^|[-_])(pro|opus|max|ultra|large|premier|heavy|sol|fable)([-_.]|$)")
#: Penalties on developer and family effects that are tried; the one that predicts unseen families best wins.
_PENALTIES: Final = (0.3, 1.0, 3.0, 10.0, 30.0)
MIN_SCORED: Final = 30


def impute_capability(quotes: pd.DataFrame) -> pd.DataFrame:
    """Predict the capability of models without a score.

    Parameters
    ----------
    quotes : DataFrame
        With ``model_id, developer, family, release_date, eci``; prices are not looked at.

    Returns
    -------
    DataFrame
        The models of ``quotes`` without a score whose release date is known, indexed by ``model_id``:
        ``eci`` (predicted) and ``eci_error``, the root mean squared error of predicting families that were
        left out, in points of the index.

    Raises
    ------
    TooFewError
        Fewer than :data:`MIN_SCORED` scored models.

    Notes
    -----
    Ridge regression: a quadratic in the date, size, grade and reasoning are free, effects of developers and
    families are shrunk towards none (best linear unbiased prediction with equal variances). The penalty and
    the error of prediction come from leaving out one family at a time, as most models without a score
    belong to families that have none.
    """
    needed = ["model_id", "developer", "family", "release_date", "eci"]
    models = quotes[needed].drop_duplicates("model_id").sort_values("model_id").set_index("model_id")
    models = models[models["release_date"].notna()]
    scored = models["eci"].notna().to_numpy()
    if scored.sum() < MIN_SCORED:
        raise TooFewError(
            f"Only {int(scored.sum())} models have a capability score; "
            f"{MIN_SCORED} are needed to predict others."
        )
    free, shrunk = _free_columns(models), _effects(models)
    score = models.loc[scored, "eci"].to_numpy(float)
    own = pd.Series(models.index, index=models.index)
    families = pd.factorize(models["family"].fillna(own)[scored])[0]
    design = np.column_stack([free, shrunk])
    errors = [
        _left_out_error(design[scored], score, families, free.shape[1], penalty) for penalty in _PENALTIES
    ]
    best = int(np.argmin(errors))
    fitted = _ridge(design[scored], score, free.shape[1], _PENALTIES[best])
    predicted = {"eci": design[~scored] @ fitted, "eci_error": errors[best]}
    return pd.DataFrame(predicted, index=models.index[~scored])


def with_imputed_capability(quotes: pd.DataFrame) -> pd.DataFrame:
    """Quotes whose models without a score have a predicted one.

    Returns
    -------
    DataFrame
        A copy with ``eci`` filled where it can be, ``eci_is_imputed`` and ``eci_error``. Ready for
        ``hedonic_index(..., imputed="down-weighted")``; prices of capability must not be computed from it.
    """
    found = impute_capability(quotes)
    filled = quotes.copy()
    predicted = filled["model_id"].map(found["eci"])
    filled["eci_is_imputed"] = filled["eci"].isna() & predicted.notna()
    filled["eci_error"] = filled["model_id"].map(found["eci_error"]).where(filled["eci_is_imputed"])
    filled["eci"] = filled["eci"].fillna(predicted)
    return filled


def _free_columns(models: pd.DataFrame) -> Floats:
    """Intercept, date and its square, log size where stated, reasoning, small and large: (models, 8)."""
    ids = models.index.to_series()
    age = ((models["release_date"] - pd.Timestamp("2025-01-01")).dt.days / 365.25).to_numpy()
    size = ids.map(parameters_in_name).to_numpy(float)
    stated = np.isfinite(size)
    log_size = np.where(stated, np.log(np.where(stated, size, 1.0)), 0.0)
    words = [ids.map(lambda name, p=p: bool(p.search(name))).to_numpy(float) for p in (_SMALL, _LARGE)]
    reasoning = ids.map(reasons).to_numpy(float)
    return np.column_stack([np.ones(len(ids)), age, age**2, stated, log_size, reasoning, *words])


def _effects(models: pd.DataFrame) -> Floats:
    """Dummies of developers and families, (models, developers + families)."""
    dummies = [
        pd.get_dummies(models[column].fillna("unknown"), dtype=float) for column in ("developer", "family")
    ]
    return np.hstack([d.to_numpy() for d in dummies])


def _ridge(design: Floats, outcome: Floats, free: int, penalty: float) -> Floats:
    penalties = np.diag(np.where(np.arange(design.shape[1]) < free, 1e-8, penalty))
    return np.asarray(np.linalg.solve(design.T @ design + penalties, design.T @ outcome))


def _left_out_error(design: Floats, outcome: Floats, groups: Codes, free: int, penalty: float) -> float:
    """Root mean squared error over groups, each predicted from all others.

    With the hat matrix H of all rows, errors without group g are ``(I - H_gg)^-1 e_g``: no fit is repeated.
    """
    hat = design @ _ridge(design, np.eye(len(outcome)), free, penalty)
    errors = outcome - hat @ outcome
    for group in range(groups.max() + 1):
        out = np.flatnonzero(groups == group)
        errors[out] = np.linalg.solve(np.eye(len(out)) - hat[np.ix_(out, out)], errors[out])
    return float(np.sqrt((errors**2).mean()))
