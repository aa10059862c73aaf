"""How many tokens does each model serve on OpenRouter a day? Its published daily rankings, read live.

Without a key the last thirty days are public as a file; with a key (``OPENROUTER_API_KEY``) every day since
January 2025 is. The data are CC BY 4.0; cite OpenRouter (openrouter.ai/rankings) with the day.
"""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Iterator
from typing import Final

import pandas as pd

from undercut.days import Day, day_of
from undercut.errors import InputError, SourceError
from undercut.provenance import Provenance, attach, sha256_of
from undercut.sources.download import download, one_source
from undercut.sources.quotes import parse_json_object
from undercut.sources.reference import load_reference

BASE: Final = "https://openrouter.ai/api/v1/datasets"
KEY_VARIABLE: Final = "OPENROUTER_API_KEY"
#: The first day that was published.
FIRST_DAY: Final = pd.Timestamp("2025-01-01")
#: Most days that one call with a key may ask for.
MOST_DAYS: Final = 366
_WAY_OUT: Final = (
    "Check the network or try again later; load_reference('token_usage_daily') works without it."
)
_NEEDED: Final = ("date", "model_permaslug", "total_tokens")
#: Shares of a day's tokens may miss one by this much before a file is taken to be mixed of two editions.
_TOLERANCE: Final = 0.005


def read_rankings(
    start: Day = None,
    end: Day = None,
    *,
    key: str | None = None,
    base: str = BASE,
) -> pd.DataFrame:
    """Tokens by model and day, as OpenRouter publishes them.

    Parameters
    ----------
    start, end : str or date, optional
        Days, both included; need a key. Default with a key: since January 2025; without one: the last thirty
        days. The running day is never asked for, as it is not over.
    key : str, optional
        Default: the environment variable ``OPENROUTER_API_KEY``.
    base : str
        Another address, for mirrors and tests.

    Returns
    -------
    DataFrame
        The columns of ``load_reference("token_usage_daily")``: ``date``, ``permaslug`` (``other``: all models
        outside the daily top fifty), ``model_id``, ``developer``, ``origin``, ``open_weights`` (empty where
        the name is not mapped), ``tokens``, ``rounded_to``, ``source``; with provenance.

    Raises
    ------
    InputError
        Days without a key, days that are none, or an end before the start.
    SourceError
        No answer, another layout, a day twice, or shares that do not add up.
    """
    key = key or os.environ.get(KEY_VARIABLE)
    if not key and (start is not None or end is not None):
        raise InputError(f"Days before the last thirty need a key: set {KEY_VARIABLE} or pass key=.")
    yesterday = pd.Timestamp.now("UTC") - pd.Timedelta(days=1)
    first, last = (
        (day_of(given, name=name) or usual).date()
        for name, given, usual in (("start", start, FIRST_DAY), ("end", end, yesterday))
    )
    if first > last:
        raise InputError(f"start {first} is after end {last}.")
    with one_source():
        contents = list(_keyed(base, key, first, last)) if key else [_keyless(base)]
    rows = pd.concat([_rows(content) for content in contents], ignore_index=True)
    if rows.duplicated(["date", "permaslug"]).any():
        raise SourceError(f"OpenRouter's rankings hold a model twice on one day. {_WAY_OUT}")
    entry = Provenance(
        "OpenRouter (openrouter.ai/rankings)",
        f"as of {rows['date'].max():%Y-%m-%d}",
        dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "CC-BY-4.0",
        sha256_of(b"".join(contents)),
        "A router for developers; the daily top 50, the rest as `other`.",
    )
    return attach(_named(rows), entry)


def _keyless(base: str) -> bytes:
    """The dated file that the manifest names; the alias of the newest may hold two editions for a moment."""
    folder = f"{base}/exports/rankings-daily"
    manifest = parse_json_object(
        download("OpenRouter's rankings", f"{folder}/latest.manifest.json", way_out=_WAY_OUT),
        "OpenRouter's list of rankings",
    )
    try:
        address = str(manifest["files"]["csv"]["url"])
    except (KeyError, TypeError):
        raise SourceError(
            f"OpenRouter's list of rankings names no file; its layout has changed. {_WAY_OUT}"
        ) from None
    if not address.startswith(f"{folder}/") or not address.endswith(".csv"):
        raise SourceError(f"OpenRouter's list of rankings names an unexpected address: {address[:120]!r}.")
    return download("OpenRouter's rankings", address, way_out=_WAY_OUT, accept="text/csv")


def _keyed(base: str, key: str, first: dt.date, last: dt.date) -> Iterator[bytes]:
    """Answers for spans of at most a year."""
    while first <= last:
        until = min(last, first + dt.timedelta(days=MOST_DAYS - 1))
        yield download(
            "OpenRouter's rankings",
            f"{base}/rankings-daily?start_date={first}&end_date={until}&period=day",
            way_out=_WAY_OUT,
            accept="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        first = until + dt.timedelta(days=1)


def _rows(content: bytes) -> pd.DataFrame:
    """``date``, ``permaslug``, ``tokens`` of one answer, CSV or JSON."""
    if content.lstrip().startswith(b"{"):
        listed = parse_json_object(content, "OpenRouter's rankings").get("data")
        if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
            raise SourceError(f"OpenRouter's rankings hold no rows; their layout has changed. {_WAY_OUT}")
        raw = pd.DataFrame(listed, dtype=object)
    else:
        try:
            raw = pd.read_csv(io.BytesIO(content), dtype="str", keep_default_na=False, comment="#")
        except (ValueError, UnicodeDecodeError) as error:
            raise SourceError(f"OpenRouter's rankings are not a CSV file ({error}). {_WAY_OUT}") from None
    missing = [name for name in _NEEDED if name not in raw.columns]
    if missing or raw.empty:
        raise SourceError(
            f"OpenRouter's rankings have {len(raw)} rows and lack {', '.join(missing) or 'nothing'}; "
            f"their layout has changed. {_WAY_OUT}"
        )
    days = pd.to_datetime(raw["date"].astype("str").str[:10], format="%Y-%m-%d", errors="coerce")
    tokens = pd.to_numeric(raw["total_tokens"], errors="coerce")
    bad = days.isna() | tokens.isna() | (tokens < 0) | raw["model_permaslug"].astype("str").str.strip().eq("")
    if bad.any():
        shown = raw.loc[bad.idxmax(), list(_NEEDED)].to_dict()
        raise SourceError(f"OpenRouter's rankings hold a row that cannot be read: {shown}. {_WAY_OUT}")
    rows = pd.DataFrame(
        {
            "date": days.astype("datetime64[us]"),
            "permaslug": raw["model_permaslug"].astype("str").str.strip(),
            "tokens": tokens.astype("int64"),
        }
    )
    if "share_of_daily_tokens" in raw.columns:
        _check_shares(rows, pd.to_numeric(raw["share_of_daily_tokens"], errors="coerce"))
    return rows


def _check_shares(rows: pd.DataFrame, stated: pd.Series) -> None:
    """Refuse a day whose stated shares are not those of its tokens: a file of two editions."""
    ours = rows["tokens"] / rows.groupby("date")["tokens"].transform("sum")
    off = (ours - stated).abs() > _TOLERANCE
    if off.any():
        row = rows.loc[off.idxmax()]
        raise SourceError(
            f"OpenRouter's rankings of {row['date']:%Y-%m-%d} do not add up ({row['permaslug']}: share "
            f"{stated[off.idxmax()]:.3f} stated, {ours[off.idxmax()]:.3f} by tokens): try again in a while."
        )


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with what is known of each model."""
    names = load_reference("board_names")
    names = names[names["board"].eq("openrouter") & names["model_id"].notna()]
    models = load_reference("models").set_index("model_id")
    of_name = names.drop_duplicates("name_on_board").set_index("name_on_board")["model_id"]
    bare = rows["permaslug"].str.replace(r":[a-z-]+$", "", regex=True)
    model_id = rows["permaslug"].map(of_name).fillna(bare.map(of_name))
    access = model_id.map(models["access"])
    is_open = access.ne("closed").where(access.notna()).astype("Int64")
    return rows.assign(
        model_id=model_id,
        developer=model_id.map(models["developer"]),
        origin=model_id.map(models["origin"]),
        open_weights=is_open,
        rounded_to=1,
        source="openrouter",
    )[list(load_reference("token_usage_daily").columns)]
