"""How is an index computed from quotes? The one door to every method."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd

from undercut.errors import InputError, check_known
from undercut.inference.arrays import Floats
from undercut.prices.changes import Counted, count_changes
from undercut.prices.index.bilateral import check_elasticity, check_variety_elasticity, feenstra
from undercut.prices.index.chain import Matcher, basket_of, bilateral_series
from undercut.prices.index.data import BadRows, Duplicates, Quantities, Quotes, prepare
from undercut.prices.index.methods import METHODS, Method
from undercut.prices.index.multilateral import Spans, geary_khamis, geks, time_product_dummy
from undercut.prices.index.pairwise import (
    PAIR_FORMULAS,
    Sums,
    check_pairs,
    cross,
    log_index_by_pairs,
    pair_sums,
)
from undercut.prices.index.result import IndexResult
from undercut.prices.index.splice import splice_windows, windows


def price_index(
    quotes: pd.DataFrame | Quotes,
    *,
    method: str,
    chained: bool = False,
    window: int | None = None,
    splice: str | None = None,
    variety: Literal["feenstra"] | None = None,
    elasticity: float | None = None,
    weight_period: object = None,
    bad_rows: BadRows = "error",
    duplicates: Duplicates = "error",
    changes: Counted | None = None,
) -> IndexResult:
    """Price index of anyone's quotes.

    Parameters
    ----------
    quotes : pandas.DataFrame or Quotes
        Columns ``period``, ``product``, ``price`` and, where needed, ``quantity``; or what `prepare` made of
        them, to compute several indices from quotes that are checked once.
    method : str
        A key of `METHODS`, for example ``"jevons"``, ``"geks-tornqvist"``, ``"time-product-dummy"``.
    chained : bool
        For bilateral methods: link each period to the one before, instead of comparing it with the first.
    window : int, optional
        For multilateral methods: periods in a rolling window.
    splice : str, optional
        How windows are linked: a key of `SPLICES`.
    variety : {"feenstra"}, optional
        Correct for products that appear and disappear, with ``elasticity``. Bilateral and GEKS methods.
    elasticity : float, optional
        Elasticity of substitution between products, for ``variety`` and Lloyd-Moulton.
    weight_period : label or list of labels, optional
        Whose basket the Lowe and Young indices use.
    bad_rows, duplicates : str
        See `prepare`. Not for quotes that are already prepared.
    changes : {"real", "real_and_unknown"}, optional
        For quotes of :func:`undercut.monthly_quotes`: which steps of an offer's price count as changes; see
        :func:`undercut.prices.count_changes`. By default every step does.

    Returns
    -------
    IndexResult

    Raises
    ------
    UnknownNameError
        No such method, splice or weight period.
    InputError
        Options that do not go together.
    DataError
        Quotes that break the contract of `prepare`, or periods without a product in common.

    Examples
    --------
    >>> quotes = pd.DataFrame({"period": ["2024-01", "2024-01", "2024-02", "2024-02"],
    ...                        "product": ["a", "b", "a", "b"], "price": [1.0, 4.0, 2.0, 2.0]})
    >>> price_index(quotes, method="jevons").index.tolist()
    [1.0, 1.0]
    >>> price_index(quotes, method="carli").index.tolist()
    [1.0, 1.25]
    """
    chosen, given = checked_method(
        method, chained=chained, window=window, splice=splice, variety=variety, elasticity=elasticity,
        weight_period=weight_period,
    )  # fmt: skip
    if changes is not None:
        if isinstance(quotes, Quotes):
            raise InputError("Give changes with quotes of monthly_quotes(); these are already prepared.")
        quotes, given = count_changes(quotes, changes), given | {"changes": changes}
    if isinstance(quotes, Quotes):
        if (bad_rows, duplicates) != ("error", "error"):
            raise InputError("Give bad_rows and duplicates to prepare(); these quotes are already prepared.")
    else:
        quantities: Quantities = "needed" if variety else chosen.quantities
        quotes = prepare(quotes, quantities=quantities, bad_rows=bad_rows, duplicates=duplicates)
    compute = _bilateral_result if chosen.family == "bilateral" else _multilateral_result
    return compute(chosen, quotes, given)


def checked_method(name: str, **options: Any) -> tuple[Method, dict[str, Any]]:
    """The method of this name and the options that were given: an error if they do not go together."""
    check_known("index method", name, METHODS)
    given = {option: value for option, value in options.items() if value is not None and value is not False}
    _check_options(METHODS[name], given)
    return METHODS[name], given


def _check_options(method: Method, given: dict[str, Any]) -> None:
    if method.family == "bilateral" and ("window" in given or "splice" in given):
        raise InputError(
            f"{method.name} is bilateral: it has no window or splice. "
            f"Use chained=True, or geks-{method.name}."
        )
    if method.family != "bilateral" and "chained" in given:
        raise InputError(f"{method.name} is multilateral: it is not chained. Use window=... and splice=...")
    if "weight_period" in given and not method.needs_basket:
        raise InputError(f"{method.name} does not use weight_period; only Lowe and Young indices do.")
    elasticity = given.get("elasticity")
    if "variety" in given:
        if given["variety"] != "feenstra":
            raise InputError(f"variety={given['variety']!r} is not possible; use 'feenstra' or None.")
        if method.family not in ("bilateral", "geks") or method.needs_basket:
            raise InputError(f"{method.name} has no variety correction; bilateral and GEKS methods have.")
        check_variety_elasticity(elasticity)
    elif method.needs_elasticity:
        check_elasticity(elasticity, method.name)
    elif elasticity is not None:
        raise InputError(f"{method.name} uses elasticity only with variety='feenstra'.")


def _bilateral_result(method: Method, quotes: Quotes, options: dict[str, Any]) -> IndexResult:
    basket = basket_of(quotes, options.get("weight_period")) if method.needs_basket else None
    matcher = Matcher(quotes, basket=basket, elasticity=options.get("elasticity"))
    assert method.formula is not None  # every bilateral method has one
    if method.quantities == "needed":
        _ = quotes.value  # quotes prepared without quantities fail here, with advice
    elasticity = options["elasticity"] if "variety" in options else None
    level, told = bilateral_series(
        quotes, matcher, method.formula, chained="chained" in options, elasticity=elasticity
    )
    return _result(method, quotes, options, level, told)


def _multilateral_result(method: Method, quotes: Quotes, options: dict[str, Any]) -> IndexResult:
    if method.family != "geks":
        weighted = method.quantities == "if-given" and quotes.quantity is not None
        totals = quotes.per_period(quotes.value) if weighted else None
        return _result(
            method, quotes, options, level_of_systems(method, [quotes], options, totals, quotes.n_periods), {}
        )
    ones = np.ones(len(quotes.price))
    matched = cross(quotes, ones, ones)
    spans = windows(quotes.n_periods, options.get("window"), options.get("splice"))
    width = max(stop - start for start, stop in spans)
    check_pairs(matched, quotes.periods, width)
    logs = _log_index(method, quotes, matched, width, options)
    level = spliced_geks(logs, spans, options)
    pairs = pd.DataFrame(matched.astype(np.int64), quotes.periods, quotes.periods)
    return _result(method, quotes, options, level, {}, pairs)


def level_of_systems(
    method: Method, chunks: Iterable[Quotes], options: dict[str, Any], period_values: Floats | None,
    n_periods: int,
) -> Floats:  # fmt: skip
    """The series of Geary-Khamis or the time-product dummy, from their small systems of equations."""
    spans = windows(n_periods, options.get("window"), options.get("splice"))
    if method.family == "geary-khamis":
        levels = geary_khamis(chunks, spans)
    else:
        levels = time_product_dummy(chunks, spans, period_values=period_values)
    return splice_windows(levels, spans, options.get("splice"))


def spliced_geks(logs: Floats, spans: Spans, options: dict[str, Any]) -> Floats:
    """GEKS in each window, as one series."""
    return splice_windows([geks(logs[a:b, a:b]) for a, b in spans], spans, options.get("splice"))


def _log_index(
    method: Method, quotes: Quotes, matched: Floats, width: int, options: dict[str, Any]
) -> Floats:
    """Log index of t against s, (n_periods, n_periods), with Feenstra's correction if asked for."""
    elasticity = options.get("elasticity")
    needs = sums_needed(method, variety="variety" in options)
    sums = {("1", "1"): matched} | pair_sums([quotes], [need for need in needs if need != ("1", "1")])
    if method.formula_name in PAIR_FORMULAS:
        return log_index_from_sums(method, sums, elasticity=elasticity if "variety" in options else None)
    assert method.formula is not None  # every GEKS method has one
    logs = log_index_by_pairs(quotes, method.formula, window=width, elasticity=elasticity)
    return logs + _log_variety(sums, elasticity) if "variety" in options else logs


def sums_needed(method: Method, *, variety: bool) -> list[tuple[str, str]]:
    """Which sums over shared products a GEKS (or bilateral) method needs; see `pairwise`."""
    needs = list(PAIR_FORMULAS[method.formula_name].needs) if method.formula_name in PAIR_FORMULAS else []
    return [*needs, ("v", "1")] if variety else needs


def log_index_from_sums(method: Method, sums: Sums, *, elasticity: float | None) -> Floats:
    """Log index of t against s from sums over shared products; NaN where there are none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = PAIR_FORMULAS[method.formula_name].log_index(sums)
        return logs if elasticity is None else logs + _log_variety(sums, elasticity)


def level_from_sums(method: Method, sums: Sums, periods: pd.Index, options: dict[str, Any]) -> Floats:
    """The series of a bilateral or GEKS method from sums over the products of each two periods, (n_periods,).

    Raises
    ------
    NotIdentifiedError
        Periods that are compared share no product.
    """
    elasticity = options["elasticity"] if "variety" in options else None
    logs, matched = log_index_from_sums(method, sums, elasticity=elasticity), sums["1", "1"]
    n_periods = len(periods)
    if method.family == "geks":
        spans = windows(n_periods, options.get("window"), options.get("splice"))
        check_pairs(matched, periods, max(stop - start for start, stop in spans))
        return spliced_geks(logs, spans, options)
    current = np.arange(1, n_periods)
    base = current - 1 if "chained" in options else current * 0
    used = np.ones((n_periods, n_periods))
    used[base, current] = matched[base, current]
    check_pairs(used, periods, n_periods)
    links = np.exp(logs[base, current])
    return np.append(1.0, np.cumprod(links) if "chained" in options else links)


def _log_variety(sums: Sums, elasticity: float | None) -> Floats:
    """Log of Feenstra's factor of t against s, (n_periods, n_periods)."""
    value = sums["v", "1"]
    share = value / np.diag(value)[:, None]  # of period s's expenditure, on products also sold in t
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(feenstra(share, share.T, elasticity=check_variety_elasticity(elasticity)))


def _result(
    method: Method, quotes: Quotes, options: dict[str, Any], level: Floats, told: dict[str, Any],
    pairs: pd.DataFrame | None = None,
) -> IndexResult:  # fmt: skip
    """With, by period, the products on sale and those that any other period also has, unless ``told``."""
    same = np.concatenate(([False], quotes.product[1:] == quotes.product[:-1], [False]))
    recurs = same[1:] | same[:-1]  # cells are sorted by product
    base = {"base": told.pop("base")} if "base" in told else {}
    columns: dict[str, Any] = base | {
        "n_products": np.bincount(quotes.period, minlength=quotes.n_periods),
        "n_matched": np.bincount(quotes.period[recurs], minlength=quotes.n_periods),
    }
    if quotes.quantity is not None:
        value = quotes.value
        total = quotes.per_period(value)
        columns["matched_share"] = quotes.per_period(value * recurs) / total
        columns["effective_products"] = total**2 / quotes.per_period(value**2)
    diagnostics = pd.DataFrame(columns | told, index=quotes.periods)
    index = pd.Series(level, index=quotes.periods, name="index")
    return IndexResult(method.name, method.explanation, index, diagnostics, pairs, options, quotes.notes)
