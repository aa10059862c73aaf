"""Where did a table come from? Every frame that a source returns carries the answer.

A frame holds it in ``attrs`` as one JSON text. pandas copies ``attrs`` deeply with every operation on a
frame; a text is never copied, and it travels whole to another process and through Parquet files.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from undercut.strict_json import dumps

if TYPE_CHECKING:
    import pandas as pd

Frame = TypeVar("Frame", bound="pd.DataFrame")
_KEY = "provenance"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Origin of a table.

    Attributes
    ----------
    source : str
        Name of the source, for example ``"litellm"``.
    version : str
        Its version, commit or date of edition.
    retrieved_at : str
        Moment of retrieval, ISO 8601, UTC.
    licence : str
        SPDX identifier or a sentence.
    sha256 : str
        Digest of the raw bytes; for many files, of their sorted digests.
    note : str
        Caveats that every user of the table must know.
    """

    source: str
    version: str
    retrieved_at: str
    licence: str
    sha256: str
    note: str = ""


def sha256_of(content: bytes) -> str:
    """Hex digest of ``content``."""
    return hashlib.sha256(content).hexdigest()


def attach(frame: Frame, *entries: Provenance) -> Frame:
    """Add provenance to ``frame`` (in its ``attrs``) and return it."""
    known = provenance_of(frame)
    known += [entry for entry in map(asdict, entries) if entry not in known]
    frame.attrs[_KEY] = dumps(known)
    return frame


def provenance_of(*frames: pd.DataFrame) -> list[dict[str, Any]]:
    """Provenance entries of all frames, each once, in order."""
    entries: list[dict[str, Any]] = []
    for frame in frames:
        entries += [entry for entry in json.loads(frame.attrs.get(_KEY, "[]")) if entry not in entries]
    return entries
