"""What do surveys, card payments and downloads say of firms? Every figure, and whom each source counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from undercut.report.findings.sentences import number
from undercut.studies.adoption.estimates import Paid
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


def cards(found: Paid) -> str:
    """How many US firms pay a Chinese and a US vendor, as card payments show it."""
    of = [found.figure("ramp", "share_of_firms_paying", vendor) for vendor in ("DeepSeek", "Anthropic")]
    if any(each is None for each in of):
        return "what US firms pay for by card was not published by then"
    chinese, closed = (number(each["value"], "%") for each in of if each is not None)
    return f"of US firms paying by card, {chinese} pay DeepSeek, {closed} Anthropic"


def survey(found: Paid) -> Iterator[str]:
    """How much of their use firms say is of open models, now and at first."""
    told = ("menlo", "open_source_share_of_usage", "open models")
    now, first = found.figure(*told), found.figure(*told, last=False)
    if now is not None and first is not None:
        yield (
            f"A survey of US enterprise buyers puts open models at {number(now['value'], '%')} of use "
            f"{_when(now)}, {number(first['value'], '%')} {_when(first)}."
        )


def census(found: Paid) -> Iterator[str]:
    """How many firms use AI at all."""
    counted = found.frame[found.frame["source_id"].eq("btos") & found.frame["measure"].eq("firms_using_ai")]
    spans = counted[counted["period"].str.contains("..", regex=False)]
    if len(spans):
        of = spans.loc[spans["period"].eq(spans["period"].max()), "value"]
        first, last = (f"{pd.Period(month):%B %Y}" for month in spans["period"].max().split(".."))
        ends = f"{number(of.min(), '%')} to {number(of.max(), '%')}"
        yield f"The Census counted {ends} of firms using AI at all from {first} to {last}."


def _when(figure: pd.Series) -> str:
    year, _, part = figure["period"].partition("-")
    return {"mid": "in the middle of ", "end": "at the end of "}.get(part, "in ") + year
