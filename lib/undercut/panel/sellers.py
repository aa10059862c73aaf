"""Who sells an offer? From a source's name for the seller, and the path of the id, to one canonical host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from undercut.panel.names import vendor_path

UNKNOWN_HOST: Final = "unknown"
#: Sources that name the seller in the first part of an id, sometimes only there.
_HOST_IN_PATH: Final = frozenset({"litellm", "tokencost"})
#: A developer in a path made the model; a reseller in a path sells it.
_RESELLS: Final = frozenset({"cloud", "router"})


@dataclass(frozen=True, slots=True)
class Sellers:
    """Canonical hosts by the names that the sources use for them."""

    exact: Mapping[str, str]
    prefixes: tuple[tuple[str, str], ...]
    kinds: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, hosts: pd.DataFrame) -> Sellers:
        """From the frame of ``data/reference/hosts.csv``; names that end in ``*`` are prefixes."""
        exact: dict[str, str] = {}
        prefixes: list[tuple[str, str]] = []
        for host, names in zip(hosts["host"], hosts["raw_hosts"], strict=True):
            for name in names.split("|"):
                if name.endswith("*"):
                    prefixes.append((name[:-1], host))
                else:
                    exact[name] = host
        return cls(
            exact, tuple(sorted(prefixes, reverse=True)), dict(zip(hosts["host"], hosts["kind"], strict=True))
        )

    def named(self, source: str, raw_host: str) -> str | None:
        """The host that a source calls ``raw_host``; None where the table does not know it."""
        name = raw_host.strip().lower()
        for key in (f"{source}:{name}", name):
            if key in self.exact:
                return self.exact[key]
        return next((host for prefix, host in self.prefixes if name.startswith(prefix)), None)

    def of_offer(self, source: str, raw_host: str, raw_id: str) -> str | None:
        """The host of one offer; None where neither the source's name nor the id says it.

        A name that no table knows is kept, in lower case with hyphens, so that new sellers are not lost.
        """
        stated = self.named(source, raw_host) if raw_host else None
        if source in _HOST_IN_PATH:
            path = vendor_path(raw_id)
            in_path = self.named(source, path[0]) if path else None
            if in_path and (not raw_host or self.kinds.get(in_path) in _RESELLS):
                return in_path
        if stated is None and raw_host.strip():
            return "-".join(raw_host.lower().replace("_", " ").split())
        return stated
