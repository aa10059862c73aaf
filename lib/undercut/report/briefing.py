"""What must a decision maker know of all the reports, what changed, and what is not known?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from undercut.report import sentences
from undercut.report.claims import Ledger
from undercut.report.compare import NEWS, moves, turns

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from undercut.report.results import Results

#: The findings that open the briefing, in order: (report, key).
HEADLINES: Final[tuple[tuple[str, str], ...]] = (
    ("01_market_prices", "gap_equal_capability"),
    ("02_price_index", "annual.time_dummy_all_offers"),
    ("02_price_index", "annual.chained_jevons"),
    ("07_open_model_entry", "headline_effect"),
    ("09_counterfactual", "no_chinese_open_models.closed_price"),
    ("04_deepseek_shock", "nvda.abnormal_return"),
    ("05_open_release_events", "caar.all"),
    ("11_price_war", "price_war.chips"),
    ("12_cost_and_access", "open_to_closed_price"),
    ("13_security_quality_reliability", "us_hosting_premium"),
    ("13_security_quality_reliability", "capability_gap_months"),
    ("14_adoption", "chinese_open_share"),
)

_COLUMNS: Final = ("report", "title", "key", "label", "value", "unit", "ci_low", "ci_high", "level", "n",
                   "method", "as_of", "note", "text", "state", "data_kind")  # fmt: skip


def headlines(
    results: Mapping[str, Mapping[str, Any]], *, chosen: Sequence[tuple[str, str]] = HEADLINES
) -> pd.DataFrame:
    """The findings that open the briefing.

    Parameters
    ----------
    results : mapping of str to mapping
        As :func:`undercut.report.results.read_results`.
    chosen : sequence of (report, key)

    Returns
    -------
    DataFrame
        One row a finding: those of a finding, ``text`` (value with interval), the report's ``title``, its
        ``state`` (current, stale, missing) and ``data_kind``. A finding that is not published has no value
        and says so in ``note``.
    """
    import pandas as pd

    rows = [_headline(results.get(report, {}), report, key) for report, key in chosen]
    return pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object)


def record(report: Results, top: pd.DataFrame) -> None:
    """Record the headlines as the briefing's own findings, under ``headline.<report>.<key>``."""
    for row in top.to_dict("records"):
        whole = row["ci_low"] is not None
        report.finding(
            f"headline.{row['report']}.{row['key']}",
            row["label"],
            row["value"],
            row["unit"],
            ci=(row["ci_low"], row["ci_high"]) if whole else None,
            level=row["level"] if whole else 0.95,
            n=row["n"],
            method=row["method"],
            as_of=row["as_of"],
            note=row["note"] or ("" if whole else "the report says why it has no interval"),
        )


def _headline(made: Mapping[str, Any], report: str, key: str) -> dict[str, Any]:
    state = made.get("published", {}).get("state", "current" if made else "missing")
    about = {"report": report, "title": made.get("title", report), "state": state}
    found = next((finding for finding in made.get("findings", []) if finding["key"] == key), None)
    if found is None:
        blank = dict.fromkeys(("value", "ci_low", "ci_high", "level", "n"))
        note = f"{report} has not published {key}"
        words = {
            "label": key,
            "unit": "none",
            "method": "",
            "as_of": None,
            "note": note,
            "text": "not published",
        }
        return about | {"key": key, "data_kind": ""} | blank | words
    note = found["note"]
    if made.get("data_kind") != "real":
        note = "; ".join(filter(None, (f"on {made.get('data_kind')} data", note)))
    if state == "stale":
        note = "; ".join(filter(None, (f"stale: {_brief(made['published'])}", note)))
    told = {"text": sentences.sentence(dict(found)), "data_kind": made.get("data_kind", "real"), "note": note}
    return about | dict(found) | told


def changes(
    results: Mapping[str, Mapping[str, Any]],
    previous: Callable[[str], Mapping[str, Any] | None],
    *,
    ledger: Ledger | None = None,
    verdicts_before: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """What moved out of its earlier interval, came, went, or turned since the build before.

    Parameters
    ----------
    results : mapping of str to mapping
        As :func:`undercut.report.results.read_results`.
    previous : callable
        Gives the results of the build before for the name of a report, or None.
    ledger : Ledger, optional
        The claims as judged now.
    verdicts_before : mapping, optional
        The briefing's own earlier results, for the verdicts that turned.

    Returns
    -------
    DataFrame
        ``report, what, news`` (the sentence), verdicts first. Empty where nothing is news.
    """
    import pandas as pd

    rows: list[dict[str, str]] = []
    if ledger is not None and verdicts_before is not None:
        now = {"claims": ledger.records()}
        rows += [
            {"report": "claims", "what": "verdict", "news": turn.sentence}
            for turn in turns(verdicts_before, now)
        ]
    for name, made in results.items():
        before = previous(name)
        if before is None or not made.get("findings"):
            continue
        rows += [
            {"report": made.get("title", name), "what": move.verdict, "news": move.sentence}
            for move in moves(before, made)
            if move.verdict in NEWS
        ]
    return pd.DataFrame(rows, columns=["report", "what", "news"])


def unknowns(results: Mapping[str, Mapping[str, Any]], ledger: Ledger) -> pd.DataFrame:
    """What the reports cannot say: limits of claims, numbers that could not be measured, reports not current.

    Returns
    -------
    DataFrame
        ``about, unknown``.
    """
    import pandas as pd

    rows = [{"about": judged.claim, "unknown": judged.limit} for judged in ledger.claims if judged.limit]
    for judged in ledger.claims:
        rows += [
            {"about": judged.claim, "unknown": f"No number for: {part.reading}"}
            for part in judged.evidence
            if part.outcome == "missing"
        ]
    for name, made in results.items():
        published = made.get("published", {})
        if published.get("state", "current") != "current":
            reason = f"{published['state']}: {_brief(published)}"
            rows.append({"about": made.get("title", name), "unknown": f"The report is {reason}"})
    return pd.DataFrame(rows, columns=["about", "unknown"])


def draw_verdicts(ledger: Ledger, ax: Axes) -> Axes:
    """One row a claim, one mark a finding by what it says, and the verdict at the end."""
    from undercut import plots

    looks: dict[str, dict[str, Any]] = {
        "for": {"marker": "o", "color": plots.INK},
        "against": {"marker": "X", "color": plots.origin_color("CN")},
        "undecided": {"marker": "o", "markerfacecolor": "none", "color": plots.INK},
        "missing": {"marker": "_", "color": plots.MUTED},
    }
    names = {
        "for": "speaks for",
        "against": "speaks against",
        "undecided": "undecided",
        "missing": "no number",
    }
    longest = max(len(judged.evidence) for judged in ledger.claims)
    seen: set[str] = set()
    for row, judged in enumerate(ledger.claims):
        for place, part in enumerate(judged.evidence):
            label = None if part.outcome in seen else names[part.outcome]
            seen.add(part.outcome)
            ax.plot(place, row, linestyle="none", markersize=8, label=label, **looks[part.outcome])
        ax.text(longest - 0.2, row, judged.verdict, va="center", fontsize=10, fontweight="bold")
    ax.set_yticks(
        range(len(ledger.claims)), [_shortened(judged.claim) for judged in ledger.claims], fontsize=9
    )
    ax.set(xlim=(-0.6, longest + 1.6), ylim=(len(ledger.claims) - 0.4, -0.6), xticks=[])
    ax.grid(visible=False)
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(length=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.3, -0.01), ncols=4, fontsize=9, frameon=False)
    return ax


def _brief(published: Mapping[str, Any]) -> str:
    """The first reason why a report is not current, and how many more there are."""
    first, *others = (published.get("reason") or "no reason given").split("; ")
    return first + (f" and {len(others)} more" if others else "")


def _shortened(text: str, width: int = 58) -> str:
    """``text`` on at most two lines."""
    from textwrap import wrap

    lines = wrap(text, width)
    return "\n".join(lines if len(lines) < 3 else [lines[0], lines[1] + " …"])
