"""What must hold in each reference table? Its columns, kinds and allowed values, checked at every load."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandera.pandas as pa

_CONTRACTS: Final = tomllib.loads(Path(__file__).with_name("reference_columns.toml").read_text("utf-8"))
KINDS: Final[dict[str, dict[str, Any]]] = _CONTRACTS["kinds"]


def _column(written: str) -> Any:
    """A column of a kind; ``?`` after its name: cells may be empty, ``!``: no value twice."""
    return _of_kind(
        **KINDS[written.rstrip("?!")], nullable=written.endswith("?"), unique=written.endswith("!")
    )


def _of_kind(
    *,
    dtype: str = "str",
    pattern: str = "",
    one_of: Sequence[str] = (),
    least: int | None = None,
    **rules: Any,
) -> Any:
    checks = [pa.Check.str_matches(f"^(?:{pattern})$")] if pattern else []
    checks += [pa.Check.isin(one_of)] if one_of else []
    checks += [pa.Check.ge(least)] if least is not None else []
    return pa.Column(dtype, checks, **rules)


SCHEMAS: Final[dict[str, Any]] = {
    name: pa.DataFrameSchema(
        {column: _column(written) for column, written in columns.items()},
        strict=True,
        ordered=True,
        coerce=True,
        unique=_CONTRACTS["unique"].get(name),
    )
    for name, columns in _CONTRACTS["columns"].items()
}
