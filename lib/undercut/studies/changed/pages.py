"""What does the report on recent changes say and draw? Days without news must read well too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from undercut import plots
from undercut.report.findings.sentences import day_text, listed, number
from undercut.sources.reference import reader_names
from undercut.studies.changed.charts import SELLERS, leading, price_moves
from undercut.studies.changed.estimates import WhatChanged
from undercut.studies.presentation import Answer, Figure, Number, Part, Role, Sentence, Table

if TYPE_CHECKING:
    from undercut.tables import Format

#: On the page; inputs and outputs one by one fold away.
SHORT: Final = ("model_id", "host", "before", "after", "change", "evidence")
#: Rows of the table of real changes on the page; all of them fold away.
FIRST: Final = 12
_COUNT: Final = "a count of what the tables show, not a sample"
_MOVE: Final = (*SHORT[:2], "input_before", "output_before", "input_after", "output_after", *SHORT[-2:])
_MONEY: Final[dict[str, Format]] = dict.fromkeys(("input", "output", *SHORT[2:4], *_MOVE[2:6]), "usd")
_HEADS: Final = {
    "happened_on": "day", "shown_on": "shown on", "model_id": "model", "host": "seller",
    "input_before": "input, old", "output_before": "output, old", "input_after": "input, new",
    "output_after": "output, new", "first_offered": "first day", "ended_on": "first day without",
    "developer": "maker", "before": "old", "after": "new", "stated_by": "by",
    "kind": "how known", "lifetime_days": "days on sale",
}  # fmt: skip


def what_changed(found: WhatChanged) -> Iterator[Part]:
    """The answer, the counts and the figure."""
    fell, rose = _ways(found.moves)
    new = found.models["reviewed"].sum()
    yield Answer(_answer(found, int(new), fell, rose))
    of_makers = found.moves["host_kind"].eq("developer").sum()
    mended = len(found.corrections)
    counts: list[tuple[str, str, float, Role]] = [
        ("real_changes", "Prices that really changed", len(found.moves), "headline"),
        ("new_models", "Models on sale for the first time", new, "primary"),
        ("cuts", "Real changes that made the model cheaper", fell, "descriptive"),
        ("makers_changes", "Real changes at the models' own makers", of_makers, "descriptive"),
        ("offers_ended", "Offers that ended", len(found.ended), "primary"),
        ("corrections", "Corrections of the tables, no change of price", mended, "descriptive"),
        ("unknown_changes", "Changes on which no witness speaks", len(found.unknown), "descriptive"),
        ("verdicts_turned", "Claims whose verdict turned", len(found.turned), "descriptive"),
    ]
    for key, label, value, role in counts:
        yield Number(key, label, float(value), "count", note=_COUNT, role=role)
    if len(found.moves):
        yield _figure(found)


def _answer(found: WhatChanged, new: int, fell: int, rose: int) -> str:
    if not found.days:
        return "A period of 0 days holds no new model and no change of price."
    when = f"In the {_many(found.days, 'day')} to {day_text(found.day)}"
    models = "no new model went on sale" if not new else f"{_many(new, 'new model')} went on sale"
    if found.moves.empty:
        return f"{when}, {models} and no price is known to have changed."
    of_makers = int(found.moves["host_kind"].eq("developer").sum())
    return (
        f"{when}, {models} and {_many(len(found.moves), 'price')} really changed, {of_makers or 'none'} of "
        f"them at the models' makers: {fell} fell, {rose} rose."
    )


def _figure(found: WhatChanged) -> Figure:
    first = leading(found.moves).iloc[0]
    fell, _ = _ways(found.moves)
    title = f"{fell} of {_many(len(found.moves), 'real change')} of price made a model cheaper"
    called = reader_names()
    who = " at ".join(called.get(first[name], first[name]) for name in ("model_id", "host"))
    move = f"{who}: {_percent(first['ratio'])}"
    return Figure(
        "price_moves",
        lambda: plots.headline(
            price_moves(found.moves), title,
            "From the old price (bar) to the new one (ring: open weights, disc: closed), US dollars per "
            f"million tokens, {found.workload} workload; makers' own prices first",
            source="Price tables read by Undercut; verdicts by independent witnesses",
        ),
        alt=f"{title}. First row, {move}.",
        data=leading(found.moves)[["happened_on", "host", "model_id", "before", "after", "verdict"]],
        leads=True,
    )  # fmt: skip


def moved(found: WhatChanged) -> Iterator[Part]:
    """Real changes with their evidence, makers' own first."""
    if found.moves.empty:
        yield Sentence("No price is known to have changed in these days.")
    else:
        kinds = found.moves["host_kind"].value_counts()
        told = [f"{kinds[kind]} at {called}" for kind, called in SELLERS.items() if kind in kinds]
        middle = found.moves["ratio"].median()
        yield Sentence(
            f"{_many(len(found.moves), 'real change').capitalize()}: {listed(told)}. The middle one is "
            f"{_percent(middle)}. Each change rests on a dated table, a seller's own list or an independent "
            "witness."
        )
        first = leading(found.moves).head(FIRST)
        title = f"Prices that really changed: the first {len(first)}"
        yield _moves_table(first, title, "happened_on", SHORT)


def every_move(found: WhatChanged) -> Iterator[Part]:
    """All real changes, and those that the tables learnt of late."""
    if len(found.moves) > FIRST:
        yield _moves_table(leading(found.moves), "Every price that really changed", "happened_on")
    if found.late.empty:
        yield Sentence("No earlier change came to light.")
    else:
        yield Sentence(
            f"{_many(len(found.late), 'more change').capitalize()} came to light in these days but happened "
            "before: the tables were late."
        )
        yield _moves_table(leading(found.late), "Earlier changes, shown only now", "happened_on")


def new_models(found: WhatChanged) -> Iterator[Part]:
    """Models that nobody sold before, with their first price; names that nobody has reviewed aside."""
    known, unknown = (found.models[found.models["reviewed"].eq(flag)] for flag in (True, False))
    if known.empty:
        yield Sentence("No model went on sale for the first time.")
    else:
        columns = ["first_offered", "model_id", "developer", "host", "input", "output"]
        subtitle = "First seller and price, US dollars per million tokens"
        yield _table(known[columns], "Models on sale for the first time", subtitle)
    if len(unknown):
        names = sorted(unknown["model_id"])
        some = [*names[:5], f"{len(names) - 5} others"] if len(names) > 6 else names
        yield Sentence(
            f"{_many(len(unknown), 'more name').capitalize()} appeared that nobody has matched to a model "
            f"yet, and may be old models under a new name: {listed(some)}."
        )


def mended(found: WhatChanged) -> Iterator[Part]:
    """Steps that were none: corrections, and those on which nobody can judge."""
    if found.corrections.empty and found.unknown.empty:
        yield Sentence("No table was mended, and no change is in doubt.")
        return
    yield Sentence(
        f"{_many(len(found.corrections), 'step').capitalize()} in the tables mended a wrong number or "
        f"brought one in; no price changed. On {_many(len(found.unknown), 'other')} no independent witness "
        "speaks."
    )
    for rows, title in ((found.corrections, "Corrections"), (found.unknown, "In doubt: no witness speaks")):
        if len(rows):
            yield _moves_table(rows, title, "shown_on")


def ended(found: WhatChanged) -> Iterator[Part]:
    """Offers that ended, and ends that are stated for days to come."""
    if found.ended.empty:
        yield Sentence("No offer is known to have ended.")
    columns = ["ended_on", "model_id", "host", "kind", "stated_by", "lifetime_days"]
    for rows, title in ((found.ended, "Offers that ended"), (found.ahead, "Ends stated for days to come")):
        if len(rows):
            yield _table(
                rows[columns], title, "Where it is known, how long the offer stood", lifetime_days="integer"
            )


def turned(found: WhatChanged) -> Iterator[Part]:
    """Claims whose verdict turned from one build of the briefing to the next."""
    for row in found.turned.itertuples():
        yield Sentence(f"“{row.claim}” was {row.before or 'not examined'}, and is {row.after or 'dropped'}.")
    if found.turned.empty:
        yield Sentence("No verdict turned among the builds of the briefing that are kept.")


def _moves_table(rows: pd.DataFrame, title: str, day: str, columns: Sequence[str] = _MOVE) -> Table:
    shown = rows.assign(change=100 * (rows["ratio"] - 1))[[day, *columns]]
    subtitle = "US dollars per million tokens; the change is that of the workload's price"
    return _table(shown, title, subtitle, change="signed_percent")


def _table(frame: pd.DataFrame, title: str, subtitle: str, **formats: Format) -> Table:
    """A table with the heads and formats of the columns that it has."""
    named = {name: frame[name].replace(reader_names()) for name in ("model_id", "host") if name in frame}
    return Table(
        frame.assign(**named), title=title, subtitle=subtitle, row_label="model_id",
        labels={name: head for name, head in _HEADS.items() if name in frame},
        formats={name: form for name, form in (_MONEY | formats).items() if name in frame},
    )  # fmt: skip


def _ways(moves: pd.DataFrame) -> tuple[int, int]:
    return int((moves["ratio"] < 1).sum()), int((moves["ratio"] > 1).sum())


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _percent(ratio: float) -> str:
    told = number(100 * (ratio - 1), "%", decimals=0)
    return f"+{told}" if ratio > 1 else told
