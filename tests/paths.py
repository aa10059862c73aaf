"""Where do tests find the project, and the cases that lie beside it on some machines?"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Not there on a fresh clone: what needs it is skipped with the reason.
SHARED = ROOT.parent / "shared"
