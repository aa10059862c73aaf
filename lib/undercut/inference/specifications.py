"""How much does an estimate hang on choices that a reasonable analyst could have made otherwise?

A specification curve shows the estimate under every combination of such choices in one figure, and which
choices move it. It works for any estimate: it takes a table of choices and results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from undercut.errors import DataError, InputError, UndercutError, check_known, need_columns
from undercut.result import Axes, Result

_RESULTS: Final = ("estimate", "low", "high")


class SpecificationCurve(Result):
    """Estimates under all specifications, in ascending order.

    Attributes
    ----------
    estimates : DataFrame
        One row a specification that gave an estimate: ``rank`` (1 = lowest), the choices, ``estimate``,
        ``low``, ``high``, ``is_headline``, and whatever else the caller's table holds.
    failed : DataFrame
        Specifications without an estimate, with ``why_not``.
    choices : tuple of str
        Columns that say what was chosen.
    reference : float
        The value that stands for no effect.
    unit : str
    """

    estimates: pd.DataFrame
    failed: pd.DataFrame
    choices: tuple[str, ...]
    reference: float = 0.0
    unit: str = ""

    def influence(self) -> pd.DataFrame:
        """What each choice does to the estimate.

        Returns
        -------
        DataFrame
            ``choice, option, specifications, median, lowest, highest`` and ``share_explained``: the share of
            the variance between specifications that the choice alone explains (between-option sum of
            squares over the total; the shares need not add up to one). Most influential first.
        """
        value = self.estimates["estimate"]
        total = float(((value - value.mean()) ** 2).sum())
        parts = []
        for choice in self.choices:
            by_option = value.groupby(self.estimates[choice].astype(str))
            between = float((by_option.size() * (by_option.mean() - value.mean()) ** 2).sum())
            told = by_option.agg(specifications="size", median="median", lowest="min", highest="max")
            share = between / total if total > 0 else 0.0
            told = told.rename_axis("option").reset_index()
            parts.append(told.assign(choice=choice, share_explained=share))
        order = ["choice", "option", "specifications", "median", "lowest", "highest", "share_explained"]
        found = pd.concat(parts, ignore_index=True)[order]
        return found.sort_values("share_explained", ascending=False, kind="stable", ignore_index=True)

    def counts(self) -> dict[str, float]:
        """Median, extremes, and how many estimates are above and below no effect, with and without their
        interval."""
        found, none = self.estimates, self.reference
        return {
            "specifications": len(found),
            "failed": len(self.failed),
            "median": float(found["estimate"].median()),
            "lowest": float(found["estimate"].min()),
            "highest": float(found["estimate"].max()),
            "above": int((found["estimate"] > none).sum()),
            "below": int((found["estimate"] < none).sum()),
            "interval_above": int((found["low"] > none).sum()),
            "interval_below": int((found["high"] < none).sum()),
        }

    def summary(self) -> str:
        """The counts as text, and the choice that matters most."""
        n = self.counts()
        unit = f" {self.unit}" if self.unit else ""
        lines = [
            f"{n['specifications']:.0f} specifications ({n['failed']:.0f} more gave no estimate): median "
            f"{n['median']:.3g}{unit}, from {n['lowest']:.3g} to {n['highest']:.3g}.",
            f"{n['above']:.0f} above {self.reference:g}, of which {n['interval_above']:.0f} with their whole "
            f"interval; {n['below']:.0f} below, of which {n['interval_below']:.0f}.",
        ]
        if len(self.estimates) > 1:
            first = self.influence().iloc[0]
            lines.append(
                f"The choice that moves it most is {first['choice']}: alone it explains "
                f"{first['share_explained']:.0%} of the variance between specifications."
            )
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates in ascending order, and under them which options each one chose."""
        from undercut.inference.specification_curve_plot import draw_curve

        return draw_curve(self.estimates, self.choices, reference=self.reference, unit=self.unit, ax=ax)


def specification_curve(
    results: pd.DataFrame,
    choices: Sequence[str],
    *,
    headline: Mapping[str, Any] | None = None,
    reference: float = 0.0,
    unit: str = "",
) -> SpecificationCurve:
    """Order estimates under different choices into one curve.

    Parameters
    ----------
    results : DataFrame
        One row a specification: the columns of ``choices``, ``estimate``, ``low`` and ``high``; ``why_not``
        (a reason in words) where there is no estimate. From :func:`run_specifications`, or from anywhere.
    choices : sequence of str
        Columns that hold what was chosen.
    headline : mapping of choice to option, optional
        The specification that the report leads with; it is marked.
    reference : float
        The value that stands for no effect: 0, or 1 for ratios.
    unit : str
        Of the estimates, for texts and the axis.

    Returns
    -------
    SpecificationCurve

    Raises
    ------
    DataError
        A column is missing, a specification is there twice, an estimate is missing without a reason, or
        there is no estimate at all.
    UnknownNameError
        The headline names a choice that does not exist.
    InputError
        No specification, or more than one, matches the headline.

    References
    ----------
    Simonsohn, U., Simmons, J. P. and Nelson, L. D. (2020). Specification curve analysis. Nature Human
    Behaviour 4, 1208-1214.

    Examples
    --------
    >>> results = pd.DataFrame({
    ...     "link": ["logit", "cloglog"], "estimate": [0.4, 0.2], "low": [-0.1, -0.3], "high": [0.9, 0.7]})
    >>> curve = specification_curve(results, ["link"], headline={"link": "logit"})
    >>> curve.table()["link"].tolist(), curve.counts()["above"]
    (['cloglog', 'logit'], 2)
    """
    _check(results, choices)
    has_estimate = results["estimate"].notna()
    marked = results.assign(is_headline=_matches(results, headline or {}, choices))
    found = marked[has_estimate].sort_values("estimate", kind="stable", ignore_index=True)
    found.insert(0, "rank", np.arange(1, len(found) + 1))
    failed = marked[~has_estimate].reset_index(drop=True)
    return SpecificationCurve(found, failed, tuple(choices), reference, unit)


def all_specifications(options: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Every combination of options, one row each.

    Examples
    --------
    >>> all_specifications({"link": ["logit", "cloglog"], "reach": [2, 5]}).shape
    (4, 2)
    """
    empty = [choice for choice, values in options.items() if not len(values)]
    if empty or not options:
        raise InputError(f"Every choice needs at least one option; {', '.join(empty) or 'there is none'}.")
    rows = list(product(*options.values()))
    return pd.DataFrame({choice: [row[i] for row in rows] for i, choice in enumerate(options)})


def run_specifications(
    estimator: Callable[..., Mapping[str, Any]], options: Mapping[str, Sequence[Any]] | pd.DataFrame
) -> pd.DataFrame:
    """Estimate under every combination of options.

    Parameters
    ----------
    estimator : callable
        Takes one keyword a choice and returns at least ``estimate``, ``low`` and ``high``.
    options : mapping of choice to options, or DataFrame
        All combinations are run; or the rows of a frame from :func:`all_specifications`, thinned by the
        caller where combinations make no sense.

    Returns
    -------
    DataFrame
        The choices, what the estimator returned, and ``why_not``. A specification that fails with an error
        of Undercut's own keeps its reason; any other error is a fault and is raised.

    Examples
    --------
    >>> def shifted(by: float, scale: float) -> dict[str, float]:
    ...     return {"estimate": scale + by, "low": scale + by - 1, "high": scale + by + 1}
    >>> run_specifications(shifted, {"by": [0.0, 1.0], "scale": [2.0]})["estimate"].tolist()
    [2.0, 3.0]
    """
    grid = options if isinstance(options, pd.DataFrame) else all_specifications(options)
    rows = []
    for row in grid.itertuples(index=False):
        chosen = dict(zip(map(str, grid.columns), row, strict=True))
        result: dict[str, Any] = {"why_not": ""}
        try:
            result |= estimator(**chosen)
        except UndercutError as reason:
            result |= dict.fromkeys(_RESULTS, np.nan) | {"why_not": str(reason)}
        rows.append(chosen | result)
    return pd.DataFrame(rows)


def _check(results: pd.DataFrame, choices: Sequence[str]) -> None:
    if not choices:
        raise InputError("choices must name at least one column that says what was chosen.")
    need_columns(results, (*choices, *_RESULTS), "The table of specifications lacks")
    if results.duplicated(list(choices)).any():
        raise DataError(
            f"Two rows have the same {', '.join(choices)}: name the choice in which they differ, or keep one."
        )
    silent = results["estimate"].isna() & results.get("why_not", pd.Series("", index=results.index)).eq("")
    if silent.any():
        raise DataError(
            f"{int(silent.sum())} specifications have no estimate and no reason; say why in why_not."
        )
    if results["estimate"].isna().all():
        raise DataError(f"No specification gave an estimate; the first says: {results['why_not'].iloc[0]}")


def _matches(results: pd.DataFrame, headline: Mapping[str, Any], choices: Sequence[str]) -> pd.Series:
    """Which row is the headline; none where no headline is named."""
    for choice in headline:
        check_known("choice", choice, choices)
    if not headline:
        return pd.Series(False, index=results.index)
    is_headline = pd.Series(True, index=results.index)
    for choice, option in headline.items():
        is_headline &= results[choice].map(lambda value, option=option: value == option).astype(bool)
    if is_headline.sum() != 1:
        raise InputError(
            f"{int(is_headline.sum())} specifications match the headline; it must be exactly one."
        )
    return is_headline
