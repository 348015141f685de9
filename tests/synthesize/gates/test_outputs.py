"""Records that nearly repeat earlier ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from tests.synthesize.gates.invented import FIRST, pairs, part, records

from weft.model.records import RECORD
from weft.synthesize.gates.outputs import SIGNATURES, duplicates, signatures


def signed(*texts: str, kind: str = "text", **rest: object) -> pa.Table:
    return signatures(records(*([part(text, **rest)] for text in texts), kind=kind))  # type: ignore[arg-type]


def edited(text: str) -> str:
    return text.replace(text.split()[3], "other", 1)


def ids(found: list[pa.Array]) -> list[list[str | None]]:
    return [each.to_pylist() for each in found]


def test_a_copy_and_a_light_edit_repeat_the_first_of_all_shards() -> None:
    long = " ".join(text for _, text in pairs(4))
    other = " ".join(text for _, text in pairs(4, 1))
    shards = [signed(long, other), signed(other + " more", edited(long), long.upper())]
    assert ids(duplicates(shards)) == [[None, None], ["1", "0", "0"]]
    assert ids(duplicates(shards[::-1])) == [[None, None, "1"], ["1", "0"]]
    assert ids(duplicates(shards, near=0.999))[1] == [None, None, "0"]


def test_kinds_and_what_people_wrote_are_not_compared() -> None:
    long = " ".join(text for _, text in pairs(4))
    shards = [signed(long), signed(long, kind="sft"), signed(long, relation="human"), signed("abc"), signed("abc")]
    assert ids(duplicates(shards)) == [[None]] * 5


def test_rows_that_are_dead_or_have_a_problem_are_no_rows() -> None:
    rows = [{"parents": ["x"], "problem": {"kind": "reject", "reason": "r", "detail": ""}}]
    long = " ".join(text for _, text in pairs(4))
    both = pa.concat_tables([pa.Table.from_pylist(rows, RECORD), records([part(long)], [part(long)])])
    assert signatures(both)["row"].to_pylist() == [1, 2]
    assert signatures(both, np.array([True, False, True]))["row"].to_pylist() == [2]


def test_a_duplicate_is_no_reason_to_refuse_another() -> None:
    """What is like a duplicate only, and not like what that repeats, stays."""
    words = " ".join(text for source, text in pairs(6)).split()
    first, second, third = (" ".join(words[at : at + 45]) for at in (0, 3, 6))
    found = ids(duplicates([signed(first, second, third)], near=0.85))[0]
    assert found[1] == "0"
    assert found[2] is None


def test_nothing_is_like_nothing() -> None:
    assert duplicates([]) == []
    assert ids(duplicates([SIGNATURES.empty_table(), signed(*pairs(1)[0])])) == [[], [None, None]]
    assert FIRST
