"""Write data/valuation/measured.toml, rates for the valuation: python -m tools.measure_erosion."""

from __future__ import annotations

from undercut.paths import own_data_dir
from undercut.prices.erosion import measured_erosion

_ABOUT = """\
# Rates that the valuation takes from the panel; written by python -m tools.measure_erosion after the panel
# moved (a test holds both together). Anything said in parameters.toml goes before what stands here.
# default: half way between unknown changes of price counted as none and as real.
"""
_WHAT = {
    "price_erosion": "time-dummy index over all offers, capability held fixed",
    "frontier_erosion": "chained Jevons, same model at the same seller",
}


def main() -> None:
    """Measure and write."""
    parts = [_ABOUT]
    for name, row in measured_erosion().iterrows():
        numbers = "".join(f"{end} = {row[end]:.3f}\n" for end in ("default", "low", "high"))
        told = f"{100 * row['real']:.1f}% to {100 * row['real_and_unknown']:.1f}% a year to {row['last']}"
        parts.append(f'\n[{name}]\n{numbers}source = "Report 02, {_WHAT[str(name)]}: {told}"\n')
    (own_data_dir() / "valuation" / "measured.toml").write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
