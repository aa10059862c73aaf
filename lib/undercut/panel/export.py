"""How does the panel leave the house? As a data package that other programs read without ours.

The description follows the Frictionless standard (specs.frictionlessdata.io): tables with types, units in
words, licences and sources, and how to cite.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from undercut.errors import InputError
from undercut.panel.calendar import load_withdrawals
from undercut.panel.changes import load_changes
from undercut.panel.store import load_panel
from undercut.provenance import provenance_of, sha256_of
from undercut.sources.reference import load_reference
from undercut.strict_json import dumps

FORMATS: Final = ("parquet", "csv")
_PRICE: Final = "US dollars per million tokens"
_OTHER_MODE: Final = "In rows of status other_mode: US dollars per what the column unit names."
_UNITS: Final = {
    "context_tokens": "tokens",
    "yuan_per_usd": "yuan per US dollar",
    "lifetime_days": "days",
    "first_seen": "moment, UTC",
    "last_seen": "moment, UTC",
}
_ABOUT: Final = {
    "panel": "Offers of AI models by seller, period and tariff, every quote with its status",
    "changes": "Changes of price of an offer, each with a verdict and its evidence",
    "withdrawals": "Ends of offers, as tables, sellers' own lists and sellers state them",
    "models": "Models: developer, origin, access, licence, release",
}
_CITATION: Final = "The Undercut authors, Undercut: a panel of list prices of AI services, as of {day}."


def export(folder: Path, *, file_format: str = "parquet") -> Path:
    """Write panel, changes, withdrawals and models with a ``datapackage.json`` into a folder.

    Parameters
    ----------
    folder : Path
        Made if needed; files of the same names are replaced.
    file_format : {"parquet", "csv"}

    Returns
    -------
    Path
        The description, ``datapackage.json``.

    Raises
    ------
    InputError
        Another format.
    """
    if file_format not in FORMATS:
        raise InputError(f"Unknown format {file_format!r}; choose from {', '.join(FORMATS)}.")
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "panel": load_panel(status="all"),
        "changes": load_changes(),
        "withdrawals": load_withdrawals(),
        "models": load_reference("models"),
    }
    origins = provenance_of(*tables.values())
    day = tables["panel"]["last_seen"].max().strftime("%Y-%m-%d")
    package = {
        "name": "undercut-prices",
        "title": "List prices of AI services",
        "version": day,
        "licenses": [{"name": "MIT", "title": "MIT for the compilation; sources as stated below"}],
        "citation": _CITATION.format(day=day),
        "sources": [
            {"title": entry["source"], "version": entry["version"], "licence": entry["licence"]}
            for entry in origins
        ],
        "resources": [_resource(name, table, folder, file_format) for name, table in tables.items()],
    }
    path = folder / "datapackage.json"
    path.write_text(dumps(package, indent=1) + "\n", encoding="utf-8")
    return path


def _resource(name: str, table: pd.DataFrame, folder: Path, file_format: str) -> dict[str, Any]:
    path = folder / f"{name}.{file_format}"
    plain = pd.DataFrame(table)
    plain.attrs = {}
    if file_format == "csv":
        plain.to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    else:
        plain.to_parquet(path, index=False)
    content = path.read_bytes()
    return {
        "name": name, "path": path.name, "title": _ABOUT[name], "format": file_format,
        "bytes": len(content), "hash": f"sha256:{sha256_of(content)}",
        "schema": {"fields": [_field(str(column), plain[column], "unit" in plain) for column in plain]},
    }  # fmt: skip


def _field(name: str, values: pd.Series, has_modes: bool) -> dict[str, str]:
    if pd.api.types.is_datetime64_any_dtype(values):
        kind = "datetime"
    elif pd.api.types.is_integer_dtype(values):
        kind = "integer"
    else:
        kind = "number" if pd.api.types.is_numeric_dtype(values) else "string"
    is_price = name.split("_")[0] in ("input", "output", "cache", "batch") and kind == "number"
    unit = _PRICE if is_price else _UNITS.get(name, "")
    described = {"description": _OTHER_MODE} if is_price and has_modes else {}
    return {"name": name, "type": kind} | ({"unit": unit} if unit else {}) | described
