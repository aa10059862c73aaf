"""What must a decision maker know of all the reports, what changed, and what is not known?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from undercut.report.findings import sentences
from undercut.report.site.compare import NEWS, moves, turns
from undercut.studies.briefing.claims import Ledger

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from undercut.report.findings.results import Results

#: The findings that open the briefing, in order: (report, key, what was measured in plain words).
HEADLINES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "01_market_prices",
        "gap_equal_capability",
        "Chinese open against US closed models of equal capability: price",
    ),
    (
        "12_cost_and_access",
        "open_to_closed_price.gpt_5.2",
        "The cheapest Chinese weights against the cheapest US closed model, at GPT-5.2's capability: price",
    ),
    (
        "02_price_index",
        "annual.time_dummy_all_offers",
        "The average offer at unchanged capability: change of price a year",
    ),
    (
        "07_open_model_entry",
        "headline_effect",
        "Price of a closed model once an open rival came within reach: change",
    ),
    (
        "13_security_quality_reliability",
        "capability_gap_months",
        "Best Chinese open model behind the best US closed one: time",
    ),
    (
        "14_adoption",
        "chinese_open_share",
        "Chinese open models: share of the tokens of one router's fifteen most used",
    ),
    (
        "07_open_model_entry",
        "headline_detectable",
        "Smallest fall that the study of open rivals would have found",
    ),
    ("02_price_index", "annual.chained_jevons", "The same model at the same seller: change of price a year"),
    (
        "12_cost_and_access",
        "open_to_closed_price",
        "The cheapest Chinese weights against the cheapest US closed model, at o1's capability: price",
    ),
    (
        "13_security_quality_reliability",
        "us_hosting_premium",
        "US sellers over the Chinese developer, same weights: price",
    ),
    (
        "09_counterfactual",
        "no_chinese_open_models.closed_price",
        "Prices of closed models had there been no Chinese open ones, under assumed elasticities: change",
    ),
    ("04_deepseek_shock", "nvda.abnormal_return", "NVIDIA on the day of the DeepSeek shock: abnormal return"),
    (
        "05_open_release_events",
        "caar.all",
        "Shares of the AI trade around open releases: mean abnormal return",
    ),
    (
        "11_price_war",
        "price_war.seller",
        "Sellers of models in an assumed price war: change of the AI business's value",
    ),
    (
        "11_price_war",
        "price_war.chips",
        "Chip makers in an assumed price war: change of the AI business's value",
    ),
)

#: How a verdict continues "the claim ...".
_SAYS: Final = {
    "supported": "is supported",
    "contradicted": "is contradicted",
    "mixed": "has mixed evidence",
    "not testable": "cannot be tested",
}

_COLUMNS: Final = ("report", "title", "key", "label", "value", "unit", "ci_low", "ci_high", "level", "n",
                   "method", "as_of", "note", "text", "state", "data_kind")  # fmt: skip


def headlines(
    results: Mapping[str, Mapping[str, Any]], *, chosen: Sequence[tuple[str, str, str]] = HEADLINES
) -> pd.DataFrame:
    """The findings that open the briefing.

    Parameters
    ----------
    results : mapping of str to mapping
        As :func:`undercut.report.findings.results.read_results`.
    chosen : sequence of (report, key, label)

    Returns
    -------
    DataFrame
        One row a finding: those of a finding, ``text`` (value with interval), the report's ``title``, its
        ``state`` (current, stale, missing) and ``data_kind``. A finding that is not published has no value
        and says so in ``note``.
    """
    import pandas as pd

    rows = [_headline(results.get(report, {}), report, key, label) for report, key, label in chosen]
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


def _headline(made: Mapping[str, Any], report: str, key: str, label: str) -> dict[str, Any]:
    state = made.get("published", {}).get("state", "current" if made else "missing")
    about = {"report": report, "title": made.get("title", report), "state": state}
    found = next((finding for finding in made.get("findings", []) if finding["key"] == key), None)
    if found is None:
        blank = dict.fromkeys(("value", "ci_low", "ci_high", "level", "n"))
        note = f"{report} has not published {key}"
        words = {
            "label": label,
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
        note = "; ".join(filter(None, ("the report is not up to date", note)))
    told = {
        "label": label,
        "text": sentences.sentence(dict(found)),
        "data_kind": made.get("data_kind", "real"),
        "note": note,
    }
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
        As :func:`undercut.report.findings.results.read_results`.
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


def answer(top: pd.DataFrame, ledger: Ledger) -> str:
    """The briefing in one sentence: the first headline, the last claim, and the count of verdicts.

    Parameters
    ----------
    top : DataFrame
        From :func:`headlines`; its first row a price difference in percent.
    ledger : Ledger
    """
    first, last = top.iloc[0], ledger.claims[-1]
    if first["value"] is None:
        opening = "What Chinese open models cost against US closed ones of equal capability is not published"
    else:
        size = sentences.number(abs(first["value"]), first["unit"], decimals=0)
        word = "less" if first["value"] < 0 else "more"
        ends = sentences.interval(dict(first), with_level=True)
        opening = f"Chinese open models cost {size} {word} than US closed ones of equal capability ({ends})"
    counts = ", ".join(f"{number or 'none'} {verdict}" for verdict, number in ledger.counts().items())
    claim = last.claim.rstrip(".")
    return f"{opening}; the claim “{claim}” {_SAYS[last.verdict]}; of {len(ledger.claims)} claims {counts}."


def verdicts(ledger: Ledger) -> pd.DataFrame:
    """Claims and verdicts in two columns, which a phone can show.

    Returns
    -------
    DataFrame
        ``claim`` (numbered) and ``verdict``: the verdict, how many findings speak for and against, the first
        finding of each side with its interval (the first undecided one where neither has any), the day, and
        what would change it.
    """
    import pandas as pd

    rows = []
    for number, judged in enumerate(ledger.claims, start=1):
        words = [f"{judged.verdict.capitalize()}: {judged.reason}."]
        told = {part.outcome: part for part in reversed(judged.evidence)}
        spoken = [told[side] for side in ("for", "against") if side in told]
        for part in spoken or [part for outcome, part in told.items() if outcome == "undecided"]:
            words.append(f"{part.outcome.capitalize()}: {part.reading}, {part.text}.")
        words += [f"As of {judged.as_of}."] if judged.as_of else []
        words += [f"Would change it: {judged.watch.rstrip('.')}."] if judged.watch else []
        rows.append({"claim": f"{number}. {judged.claim}", "verdict": " ".join(words)})
    return pd.DataFrame(rows, columns=["claim", "verdict"])


def told_apart(news: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """News that a reader must see one by one, and the rest as a sentence.

    Parameters
    ----------
    news : DataFrame
        From :func:`changes`.

    Returns
    -------
    DataFrame
        Verdicts that turned and findings that left their interval.
    str
        How many findings came, went or changed their unit.
    """
    shown = news[news["what"].isin(["verdict", "beyond"])]
    if news.empty:
        return shown, "No verdict turned and no finding left its earlier interval, came or went."
    rest = news["what"].value_counts()
    named = {"new": "came", "gone": "went", "other unit": "changed their unit"}
    told = [f"{rest[what]} {words}" for what, words in named.items() if what in rest]
    turned, left = int((shown["what"] == "verdict").sum()), int((shown["what"] == "beyond").sum())
    tail = f"; of the findings that cannot be compared {', '.join(told)}" if told else ""
    return shown, f"Verdicts that turned: {turned}; findings that left their earlier interval: {left}{tail}."


def unknowns(ledger: Ledger) -> pd.DataFrame:
    """What the reports cannot say: limits of claims and numbers that could not be measured.

    Returns
    -------
    DataFrame
        ``about`` (the claim's number), ``unknown``; one row a claim that has either.
    """
    import pandas as pd

    rows = []
    for number, judged in enumerate(ledger.claims, start=1):
        missing = [part.reading for part in judged.evidence if part.outcome == "missing"]
        told = [judged.limit] if judged.limit else []
        told += [f"No number for: {'; '.join(missing)}."] if missing else []
        if told:
            rows.append({"about": str(number), "unknown": " ".join(told)})
    return pd.DataFrame(rows, columns=["about", "unknown"])


def not_current(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Titles of the reports that are missing or were built from what has changed since."""
    return [
        str(made.get("title", name))
        for name, made in results.items()
        if made.get("published", {}).get("state", "current") != "current"
    ]


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
        range(len(ledger.claims)),
        [_shortened(f"{number}. {judged.claim}") for number, judged in enumerate(ledger.claims, start=1)],
        fontsize=9,
    )
    ax.set(xlim=(-0.6, longest + 1.6), ylim=(len(ledger.claims) - 0.4, -0.6), xticks=[])
    ax.grid(visible=False)
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.tick_params(length=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.2, -0.01), ncols=2, fontsize=9, frameon=False)
    return ax


def _shortened(text: str, width: int = 34) -> str:
    """``text`` on at most two lines."""
    from textwrap import wrap

    lines = wrap(text, width)
    return "\n".join(lines if len(lines) < 3 else [lines[0], lines[1] + " …"])
