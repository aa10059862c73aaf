"""How capable is a model, by which measure? Scores of one edition of one board, on the project's models.

Boards fit their scales anew for each edition, so editions are never mixed. Artificial Analysis does not allow
its scores to be passed on: they are read from the package ``llmval`` where a user has installed it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from undercut.errors import MissingExtraError, SourceError, check_known, unknown
from undercut.provenance import provenance_of
from undercut.sources.reference import load_reference


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of capability: its name in sentences, unit, edition in the table of scores, and error."""

    name: str
    title: str
    points: str
    table: str = ""
    error: str = "states none; differences within a few points are not told apart"


MEASURES: Final = {
    measure.name: measure
    for measure in (
        Measure("eci_2026_10", "Epoch Capabilities Index, October 2026", "index points", "eci_2026_10",
                "90% intervals of this edition, else of the same model in August, else the median width"),
        Measure("eci_2026_08", "Epoch Capabilities Index, August 2026", "index points", "eci_2026_08",
                "90% intervals, else the median width"),
        Measure("arena", "Arena, text", "rating points", error="95% intervals of the ratings"),
        Measure("livebench", "LiveBench, January 2026", "index points", "livebench_2026_01_08"),
        Measure("artificial_analysis", "Artificial Analysis Intelligence Index", "index points"),
    )
}  # fmt: skip
DEFAULT: Final = "eci_2026_10"
#: Half-width of a 90% interval in standard deviations: scores carry 90% intervals.
NINETY: Final = 1.6448536269514722
_NARROWED: Final = NINETY / 1.959963984540054
_COLUMNS: Final = (
    "model", "model_id", "eci", "eci_low", "eci_high", "release_date", "developer", "country", "access",
)  # fmt: skip


def capability_scores(measure: str = DEFAULT) -> pd.DataFrame:
    """Scores by one measure, the best of each model, with their 90% intervals.

    Parameters
    ----------
    measure : str
        A key of `MEASURES`: ``eci_2026_10``, ``eci_2026_08``, ``arena``, ``livebench``, or
        ``artificial_analysis`` where the package ``llmval`` is installed.

    Returns
    -------
    DataFrame
        ``model`` (as the board writes it), ``model_id`` (missing where no reviewed model matches), ``eci``
        (the score, whatever the measure), ``eci_low``, ``eci_high`` (missing where the board states no
        error), ``release_date, developer, country, access``. Of several settings of a model (effort,
        thinking) the best.

    Raises
    ------
    UnknownNameError
        No such measure.
    MissingExtraError
        The package that brings it is not installed.

    Examples
    --------
    >>> scores = capability_scores("eci_2026_08").set_index("model_id")["eci"]
    >>> float(scores["gpt-4-0314"])
    125.7
    """
    check_known("measure of capability", measure, MEASURES)
    return _scores(measure, *_digests()).copy(deep=False)


Found = TypeVar("Found", pd.DataFrame, pd.Series, dict[str, float])


def once_a_measure(function: Callable[[str], Found]) -> Callable[..., Found]:
    """Keep what a function finds for a measure while the tables behind the scores stay as they are.

    Callers get a copy of their own.
    """

    @cache
    def held(measure: str, *_: str) -> Found:
        return function(measure)

    @wraps(function)
    def found(measure: str = DEFAULT) -> Found:
        return held(measure, *_digests()).copy()

    return found


@once_a_measure
def model_scores(measure: str = DEFAULT) -> pd.Series:
    """The score of each reviewed model, by ``model_id``; see `capability_scores`."""
    return capability_scores(measure).dropna(subset=["model_id"]).set_index("model_id")["eci"]


def installed() -> list[str]:
    """The measures that can be read here."""
    return [name for name in MEASURES if name != "artificial_analysis" or _llmval() is not None]


def measure_coverage(panel: pd.DataFrame) -> pd.DataFrame:
    """How many usable offers have a score, and how many developers, by measure and by any of them.

    Parameters
    ----------
    panel : DataFrame
        Rows of the panel; those of status ``ok`` count.

    Returns
    -------
    DataFrame
        ``measure, models, developers, offers`` and ``share`` of usable rows; the last rows count whatever
        has at least one measure, without and with ``llmval``. Missing where a measure is not installed.
    """
    usable = panel[panel["status"].eq("ok")]
    here = set(installed())
    sets: dict[str, tuple[str, ...]] = {MEASURES[name].title: (name,) for name in MEASURES}
    free = tuple(name for name in MEASURES if name != "artificial_analysis")
    sets |= {"any of them without llmval": free, "any of them with llmval": tuple(MEASURES)}
    rows = []
    for title, names in sets.items():
        if not set(names) <= here:
            rows.append((title, *[pd.NA] * 3, np.nan, "needs the package llmval"))
            continue
        scored = set().union(*(model_scores(name).index for name in names))
        found = usable[usable["model_id"].isin(scored)]
        ids = [found["model_id"].nunique(), found["developer"].nunique(), len(found)]
        rows.append((title, *ids, len(found) / len(usable), ""))
    columns = ["measure", "models", "developers", "rows", "share", "note"]
    return pd.DataFrame(rows, columns=columns)


def _digests() -> tuple[str, ...]:
    """What the scores are made from: a table that changed is read again."""
    tables = (load_reference(name) for name in ("capability_scores", "board_names", "arena", "models"))
    return tuple(str(entry["sha256"]) for entry in provenance_of(*tables))


@cache
def _scores(measure: str, *_: str) -> pd.DataFrame:
    """Scores of a measure; the digests of what they are made from make an edited table a new one."""
    if measure == "arena":
        found = arena_scores("overall")
    elif measure == "artificial_analysis":
        found = _artificial_analysis()
    else:
        found = _table(MEASURES[measure].table)
    found = found.sort_values(["eci", "model"], ascending=[False, True], kind="stable")
    # Boards name what the project has not reviewed too: each name is then a model of its own.
    keep = ~found.assign(of=found["model_id"].fillna(found["model"])).duplicated("of")
    return found.loc[keep, list(_COLUMNS)].reset_index(drop=True)


def _table(edition: str) -> pd.DataFrame:
    every = load_reference("capability_scores")
    # The reviewed table of models comes first: it knows the open weights behind hosted names, and what the
    # map of the board doubts or lacks.
    named = load_reference("models").rename(columns={"model_id": "reviewed", "capability_model": "model"})
    named = named[["model", "reviewed"]].dropna()
    found = every[every["measure"].eq(edition)].merge(named, on="model", how="left")
    found = found[found["reviewed"].notna() | found["confidence"].ne("low").fillna(True)]
    found = found.assign(model_id=found["reviewed"].fillna(found["model_id"]))
    found = found.rename(
        columns={"score": "eci", "ci_low": "eci_low", "ci_high": "eci_high", "released": "release_date",
                 "origin": "country"}
    )  # fmt: skip
    if edition == "eci_2026_10":
        found = _with_intervals_of(found, every[every["measure"].eq("eci_2026_08")])
    return _described(found)


def _with_intervals_of(scores: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Scores without an interval take its ends, as distances, from the same model in an earlier edition."""
    distance = earlier.set_index("model").assign(
        eci_low=lambda rows: rows["ci_low"] - rows["score"],
        eci_high=lambda rows: rows["ci_high"] - rows["score"],
    )
    ends = {
        end: scores[end].fillna(scores["eci"] + scores["model"].map(distance[end]))
        for end in ("eci_low", "eci_high")
    }
    return scores.assign(**ends)


def arena_scores(task: str) -> pd.DataFrame:
    """Arena's ratings of one kind of work as `capability_scores` gives scores.

    Raises
    ------
    UnknownNameError
        There are no ratings of such work.
    """
    ratings = load_reference("arena")
    if task not in set(ratings["task"]):
        raise unknown("kind of work", task, ratings["task"].unique())
    rated = ratings[ratings["task"].eq(task) & ratings["model_id"].notna()]
    score = rated["rating"]
    found = rated[["model_id"]].assign(model=rated["arena_name"], eci=score)
    found["eci_low"] = score - _NARROWED * (score - rated["rating_low"])
    found["eci_high"] = score + _NARROWED * (rated["rating_high"] - score)
    return _described(found.sort_values("eci", ascending=False, kind="stable").drop_duplicates("model_id"))


def _artificial_analysis() -> pd.DataFrame:
    content = _llmval()
    if content is None:
        raise MissingExtraError(
            "The Artificial Analysis index comes with the package llmval, which is not installed: "
            "pip install llmval. Its terms do not let this project pass the scores on."
        )
    names = load_reference("board_names")
    names = names[names["board"].str.split(",").map(lambda boards: "aa" in boards)]
    try:
        read = json.loads(content)["models"]
        found = pd.DataFrame({"model": [m["slug"] for m in read], "eci": [m["intel"] for m in read]})
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"The package llmval {_version()} holds scores in another form: {error!r}."
        ) from error
    known = names[~names["confidence"].eq("low").fillna(False)].set_index("name_on_board")["model_id"]
    found = found[pd.to_numeric(found["eci"]).notna()].astype({"eci": float})
    return _described(found.assign(model_id=found["model"].map(known), eci_low=np.nan, eci_high=np.nan))


def _described(found: pd.DataFrame) -> pd.DataFrame:
    """With release, developer, country and access of the project's own table where it knows the model."""
    models = load_reference("models").set_index("model_id").rename(columns={"origin": "country"})
    for fact in ("release_date", "developer", "country", "access"):
        known = found["model_id"].map(models[fact])
        found = found.assign(**{fact: known.fillna(found[fact]) if fact in found else known})
    return found.drop(columns=found.columns.difference(_COLUMNS))


def _llmval() -> str | None:
    """The scores inside the package; None where it is not installed."""
    from importlib.resources import files

    try:
        return (files("llmval") / "data" / "benchmarks.json").read_text("utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("llmval")
    except PackageNotFoundError:
        return "(of unknown version)"
