"""make bench: every speed claim of the README, measured side by side with the peers, as ratios.

    python -m tools.bench [NAME ...]

Each benchmark is a module ``tools/bench_<name>.py`` with a function ``main()``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run the benchmarks that are named, or all."""
    here = Path(__file__).parent
    known = sorted(
        path.stem.removeprefix("bench_") for path in here.glob("bench_*.py") if path.stem != "bench_peers"
    )
    wanted = sys.argv[1:] or known
    strange = sorted(set(wanted) - set(known))
    if strange:
        sys.exit(f"No benchmark named {', '.join(strange)}; known: {', '.join(known)}.")
    sys.argv = sys.argv[:1]
    for name in wanted:
        print(f"== {name}")
        importlib.import_module(f"tools.bench_{name}").main()


if __name__ == "__main__":
    main()
