"""What do surveys, card payments and downloads say of firms? Every figure, and whom each source counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from undercut.studies.framed import Framed
from undercut.studies.presentation import Table

#: Who publishes the figures on firms.
_SOURCES = {
    "ramp": "Ramp",
    "btos": "US Census",
    "menlo": "Menlo Ventures",
    "a16z_cio": "a16z",
    "openrouter_study": "OpenRouter and a16z",
    "atom": "ATOM project",
}


def _upper(found: re.Match[str]) -> str:
    return found[0].upper()


class Surveys(Framed, row="entity"):
    """Every figure on what firms use and download; `frame` as ``load_reference("us_adoption")``."""

    def parts(self) -> Iterator[Table]:
        """The figures, and a table of their sources."""
        rows = self.frame.assign(source=self.frame["source_id"].replace(_SOURCES))
        words = rows["measure"].str.replace("_", " ").str.replace(r"\b(llm|ai)\b", _upper, regex=True)
        yield Table(
            rows.assign(measure=words)[["source", "entity", "measure", "period", "value", "unit", "vintage"]],
            row_label="source", title="What firms pay for, use and download: every figure",
            subtitle="Vintages of one series are kept apart",
            labels={"entity": "whose", "vintage": "as published"},
        )  # fmt: skip
        yield Table(
            rows.drop_duplicates(["source", "population"])[["source", "population", "confidence", "licence"]],
            row_label="source", title="Whom each source counts", labels={"population": "who is counted"},
        )  # fmt: skip
