"""Operators on text that nobody thought of: any code points, any lengths, split anywhere."""

from __future__ import annotations

import contextlib
import functools
import inspect
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft.operators import samples
from weft.operators.examples import load_examples
from weft.operators.registry import ROOMS, Registry
from weft.operators.trial import build, run, same_rows

EXAMPLES = Path(__file__).parent.parent / "examples"
REGISTRY = Registry.from_rooms(ROOMS, entry_points=False)
OPERATORS = [
    name
    for name in REGISTRY.names()
    if REGISTRY.get(name).rows == "keep" and samples.can_sample(REGISTRY.get(name), REGISTRY)
]
# Letters, marks and joiners of scripts with their own rules, line ends, and what breaks parsers.
ODD = st.sampled_from(
    "a \n\r\t.!?,-•…#<&\x00\x85\u2028\u00a0\u0301\u200c\u200d\ufeff\u202eéßİıकष्ទกัമ്പ်ሀ中ァ한😀👩𐐷𞤀\U0010ffff"
)
TEXT = st.text(ODD, max_size=40) | st.text(st.characters(codec="utf-8"), max_size=30) | st.none()


@functools.cache
def _function(name: str) -> Any:
    spec = REGISTRY.get(name)
    if all(field.default is not field.empty for field in inspect.signature(spec.build).parameters.values()):
        return build(spec, {})
    with contextlib.chdir(EXAMPLES):  # what has no default (a file, a model) is that of the example
        example = load_examples(EXAMPLES / f"{name}.yaml", name)[0]
        return build(spec, example.parameters, example.replies if spec.kind == "service" else None)


@pytest.mark.parametrize("name", OPERATORS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXT, min_size=1, max_size=6))
def test_each_row_is_answered_by_itself(name: str, texts: list[str | None]) -> None:
    spec = REGISTRY.get(name)
    batch = samples.table(spec, REGISTRY, texts)
    whole = run(spec, _function(name), batch)
    rows = [run(spec, _function(name), batch.slice(row, 1)) for row in reversed(range(batch.num_rows))]
    written = list(spec.writes)
    turned = pa.concat_tables(list(reversed(rows)))
    assert same_rows(whole, turned, written, "another answer row by row") == []
