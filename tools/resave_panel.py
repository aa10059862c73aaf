"""Derive the stored panel and its changes anew from the quotes and publications that are stored.

Run it after a change of a rule or of a table of names: ``python -m tools.resave_panel``. Nothing is
fetched, and the day of the build stays.
"""

import json

from undercut import paths
from undercut.panel import changes, store


def main() -> None:
    """Write panel.parquet and changes.parquet under the same day of build."""
    built = json.loads((paths.data_dir() / "prices" / "build.json").read_text())["built_at"]
    panel = store.save(store.read_table("quotes"), store.read_table("snapshots"), built_at=built)
    changes.save_changes(panel)


if __name__ == "__main__":
    main()
