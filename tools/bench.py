"""make bench: every speed claim of the README, measured side by side with the peers, as ratios.

    python -m tools.bench [NAME ...] [-- OPTIONS of that benchmark]

Each benchmark is a module ``tools/bench_<name>.py`` with a function ``main()``. Peers are installed into a
temporary environment where a benchmark can do that and no options are given.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

#: Options of a plain ``make bench``.
DEFAULTS = {"eventstudy": ["--install-peers"], "index": ["--install-peers"]}


def main() -> None:
    """Run the benchmarks that are named, or all."""
    here = Path(__file__).parent
    known = sorted(
        path.stem.removeprefix("bench_") for path in here.glob("bench_*.py") if path.stem != "bench_peers"
    )
    arguments = sys.argv[1:]
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    wanted, options = arguments[:cut] or known, arguments[cut + 1 :]
    strange = sorted(set(wanted) - set(known))
    if strange:
        sys.exit(f"No benchmark named {', '.join(strange)}; known: {', '.join(known)}.")
    for name in wanted:
        print(f"== {name}", flush=True)
        sys.argv = [f"bench_{name}", *(options or DEFAULTS.get(name, []))]
        importlib.import_module(f"tools.bench_{name}").main()


if __name__ == "__main__":
    main()
