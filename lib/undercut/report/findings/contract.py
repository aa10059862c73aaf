"""What is in results.json, and how is it read and written without ever being half there or wrong?"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from undercut.errors import DataError
from undercut.paths import write_atomically as write_atomically
from undercut.provenance import sha256_of

RESULTS_FILE = "results.json"
#: In a notebook's output, what the page needs to know of a figure.
FIGURE_KEY = "undercut_figure"
#: There too: the output is detail that the page folds away.
FOLD_KEY = "undercut_fold"
#: There too: the output is the report's answer, which the page says at its top.
ANSWER_KEY = "undercut_answer"
digest_of = sha256_of


def write_results(path: Path, results: dict[str, Any]) -> None:
    """Validate ``results`` against the contract and write them to ``path``.

    Raises
    ------
    DataError
        Where the content breaks the contract; the message names the field.
    """
    validate(results, where=str(path))
    text = json.dumps(results, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(path, text + "\n")


def read_results(path: Path) -> dict[str, Any]:
    """Read and validate a results.json.

    Raises
    ------
    DataError
        Where the file is missing, is not JSON, or breaks the contract.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist: did the notebook call report.save()?")
    results: dict[str, Any] = read_json(path)
    validate(results, where=str(path))
    return results


def read_json(path: Path) -> Any:
    """The content of a file that a build wrote, which somebody may have damaged since.

    Raises
    ------
    DataError
        Where it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON: {error}") from None


def validate(results: Any, *, where: str = RESULTS_FILE) -> None:
    """Check ``results`` against results.schema.json and against what a schema cannot say."""
    import fastjsonschema

    try:
        validator()(results)
    except fastjsonschema.JsonSchemaValueException as error:
        raise DataError(f"{where} breaks the contract: {error.message}.") from None
    problems = _broken_rules(results)
    if problems:
        raise DataError(f"{where} breaks the contract: " + "; ".join(problems) + ".")


def _broken_rules(results: dict[str, Any]) -> list[str]:
    """Rules across fields: unique keys, whole intervals, a reason where there is no interval."""
    problems = []
    for kind, field in (("findings", "key"), ("figures", "name"), ("claims", "id")):
        names = [entry[field] for entry in results.get(kind, [])]
        repeated = sorted({name for name in names if names.count(name) > 1})
        problems += [f"{field} {name!r} appears twice in {kind}" for name in repeated]
    if results["real_data"] != (results["data_kind"] == "real"):
        problems.append("real_data and data_kind disagree")
    for finding in results["findings"]:
        problems += [f"finding {finding['key']!r} {fault}" for fault in _interval_faults(finding)]
    return problems


def _interval_faults(finding: dict[str, Any]) -> list[str]:
    low, high = finding["ci_low"], finding["ci_high"]
    if (low is None) != (high is None):
        return ["has half an interval"]
    if low is None:
        return [] if finding["note"].strip() else ["has no interval and its note does not say why"]
    faults = [] if finding["level"] is not None else ["has an interval without its level"]
    if finding["value"] is None:
        return [*faults, "has an interval without a value"]
    return faults if low <= high else [*faults, "has an interval whose lower end is above its upper end"]


@cache
def validator() -> Callable[[Any], Any]:
    """The contract's schema as a function that raises where content breaks it."""
    import fastjsonschema

    schema = json.loads((resources.files(__package__) / "results.schema.json").read_text("utf-8"))
    compiled: Callable[[Any], Any] = fastjsonschema.compile(schema)
    return compiled


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
