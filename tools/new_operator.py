"""Write a new operator: its code, its examples and its test, which pass as they are and wait to be changed.

new_operator.py ROOM.NAME, such as label.rhyme
"""

from __future__ import annotations

import sys
from pathlib import Path

from weft.errors import WeftError, nearest
from weft.operators.registry import ROOMS, Registry

ROOT = Path(__file__).resolve().parent.parent
TEMPLATED = ("standardize", "label", "deduplicate")
"""Rooms whose operators mostly add one column; in the others the nearest operator is the better start."""

CODE = '''"""What a text is measured for: say it here."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"chars": pa.int64(), "long": pa.bool_()})


@operator("ROOM.NAME", version=1, reads=("text",), writes={"NAME": _TYPE})
def NAME(*, long_from: Annotated[int, Field(ge=1)] = 100) -> BatchFunction:
    """Characters of a text, and whether there are at least `long_from`. Null for null text."""

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        chars = pc.utf8_length(text).cast(pa.int64())
        parts = [chars, pc.greater_equal(chars, long_from)]
        column = pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=text.is_null())
        return batch.append_column("NAME", column)

    return label
'''

EXAMPLES = """operator: ROOM.NAME
examples:
  - title: Characters count, whatever bytes they take
    input: {text: ["ሰላም", "", null]}
    output: {NAME: [{chars: 3, long: false}, {chars: 0, long: false}, null]}
  - title: A lower bar
    parameters: {long_from: 2}
    input: {text: ["ሰላም"]}
    output: {NAME: [{long: true}]}
"""

TEST = '''"""What the examples of ROOM.NAME do not show."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from weft.ROOM.NAME import NAME


@given(st.lists(st.none() | st.text(alphabet=st.characters(codec="utf-8")), max_size=5))
def test_counts_are_those_of_python(texts: list[str | None]) -> None:
    made = NAME()(pa.table({"text": pa.array(texts, pa.large_string())}))["NAME"].to_pylist()
    assert [row and row["chars"] for row in made] == [None if text is None else len(text) for text in texts]
'''


def files(name: str, root: Path) -> dict[Path, str]:
    """What is written for an operator of that name. Raises WeftError when the name cannot be used."""
    room, _, short = name.partition(".")
    if room not in ROOMS:
        raise WeftError(f"there is no room {room}; expected one of {', '.join(ROOMS)}{nearest(room, ROOMS)}")
    if not short.isidentifier() or not short.islower():
        raise WeftError(f"{name!r}: expected NAME=room.what_it_gives in lower case, such as label.rhyme")
    registry = Registry.from_rooms(ROOMS, entry_points=False)
    if name in registry.names():
        raise WeftError(f"{name} exists: {registry.place(name)}")
    if room not in TEMPLATED:
        near = [other for other in registry.names(room)]
        places = ", ".join(registry.place(other).rpartition(".")[0] for other in near)
        raise WeftError(f"{room} has no template: start from a copy of one of {places}")
    made = {
        root / "src" / "weft" / room / f"{short}.py": CODE,
        root / "tests" / "examples" / f"{name}.yaml": EXAMPLES,
        root / "tests" / room / f"test_{short}.py": TEST,
    }
    for path in made:
        if path.exists():
            raise WeftError(f"{path.relative_to(root)} exists already")
    return {path: text.replace("ROOM", room).replace("NAME", short) for path, text in made.items()}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or "." not in arguments[0]:
        print("expected NAME=room.what_it_gives, such as: make new-operator NAME=label.rhyme", file=sys.stderr)
        return 2
    try:
        made = files(arguments[0], ROOT)
    except WeftError as error:
        print(error, file=sys.stderr)
        return 2
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(path.relative_to(ROOT))
    print("Change them, then: make docs test-fast, and a fragment in changelog.d/.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
