"""A few offers with the columns of monthly quotes, to build small markets from."""

from __future__ import annotations

from typing import Any

import pandas as pd

_DEFAULTS: dict[str, Any] = {
    "host_kind": "developer", "access": "closed", "developer": "Acme", "origin": "US", "eci": 140.0,
    "eci_low": 138.0, "eci_high": 142.0, "price": 10.0, "family": "family", "source": "litellm",
    "release_date": pd.Timestamp("2024-12-20"),
}  # fmt: skip


def quotes(*rows: dict[str, Any]) -> pd.DataFrame:
    """One row an offer; ``model`` and ``month`` (``YYYY-MM``) are needed, the rest has defaults."""
    frame = pd.DataFrame([_DEFAULTS | row for row in rows])
    frame = frame.rename(columns={"model": "model_id", "month": "period"})
    if "host" not in frame:
        frame["host"] = frame["developer"].str.lower()
    frame["host"] = frame["host"].fillna(frame["developer"].str.lower())
    frame["product"] = frame["host"] + "/" + frame["model_id"]
    frame["observed_on"] = pd.to_datetime(frame["period"] + "-15")
    if "last_seen" not in frame:
        frame["last_seen"] = pd.Timestamp("2030-01-01", tz="UTC")
    return frame


def open_model(model: str, month: str, **other: Any) -> dict[str, Any]:
    """An open model sold by a host."""
    given = {"access": "open", "developer": "Rival", "origin": "CN", "host": "host", "host_kind": "host"}
    return {"model": model, "month": month} | given | other
