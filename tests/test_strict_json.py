"""JSON that leaves the program has no number that JSON does not have."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from tests.paths import ROOT
from undercut.strict_json import dumps

#: Where `json.dumps` talks between the builder's own processes, writes one known text, or looks for secrets.
OWN = {"strict_json", "forge", "worker", "kernel", "masking", "store"}
VALUES = st.recursive(
    st.floats() | st.text() | st.none() | st.integers(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part) | st.tuples(part),
    max_leaves=10,
)


@given(value=VALUES)
def test_every_value_becomes_json_that_every_program_reads(value: object) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(dumps(value), parse_constant=refuse)


def test_json_is_written_in_one_way() -> None:
    files = (ROOT / "lib" / "undercut").rglob("*.py")
    loose = re.compile(r"json\.dumps?\((?!.*allow_nan=False)")
    found = {path.stem for path in files if loose.search(path.read_text())}
    assert found <= OWN
