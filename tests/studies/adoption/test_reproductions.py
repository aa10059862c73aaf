"""Published figures on their own windows: the page in docs says what is computed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import undercut
from undercut.studies.adoption.reproductions import Reproductions, published_figures

PAGE = Path(__file__).parents[3] / "docs" / "reproductions.md"


@pytest.fixture(scope="module")
def found() -> Reproductions:
    usage, mix = map(undercut.load_reference, ("token_usage_weekly", "token_mix_weekly"))
    return published_figures(usage, mix, undercut.load_prices(workload="documents"))


def test_the_page_says_what_is_computed(found: Reproductions) -> None:
    written = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(written) == len(found.frame)
    for line, row in zip(written, found.frame.to_dict("records"), strict=True):
        source, figure, window, published, ours, bounds, verdict, why = map(
            str.strip, line.strip("| ").split("|")
        )
        assert (source, figure, window, why) == (row["source"], row["figure"], row["window"], row["why"])
        assert float(published.replace("\u2212", "-")) == row["published"]
        assert verdict == row["verdict"]
        ends = [float(end.replace("\u2212", "-")) for end in bounds.split(" to ")]
        assert [float(ours.replace("\u2212", "-")), *ends] == pytest.approx(
            [row["ours"], row["low"], row["high"]], rel=0.05
        )


def test_the_open_share_by_another_table(found: Reproductions) -> None:
    """The daily table of another compilation gives bounds that hold ours."""
    daily = undercut.load_reference("token_open_share_daily")
    daily = daily[daily["date"].between("2025-01-06", "2025-11-30")]
    ours = found.frame.set_index("figure").loc["open share of tokens", "ours"]
    assert 100 * daily["open_share_low"].mean() < ours < 100 * daily["open_share_high"].mean()


def test_verdicts_turn_with_the_tokens() -> None:
    usage, mix = map(undercut.load_reference, ("token_usage_weekly", "token_mix_weekly"))
    swapped = usage.assign(
        access=usage["access"].map(lambda a: a if pd.isna(a) else "closed" if a != "closed" else "open")
    )
    turned = published_figures(swapped, mix, undercut.load_prices(workload="documents")).frame
    verdicts = turned.set_index("figure")["verdict"]
    assert verdicts["open share of tokens"] == "not reproduced"
    assert verdicts["closed share of dollars"] == "not reproduced"
