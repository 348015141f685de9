"""Every registered operator keeps the contract and its examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.operators.conformance import check
from weft.operators.examples import load_examples
from weft.operators.registry import ROOMS, Registry

EXAMPLES = Path(__file__).parent.parent / "examples"
REGISTRY = Registry.from_rooms(ROOMS, entry_points=False)


@pytest.mark.parametrize("name", REGISTRY.names())
def test_operator_conforms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)  # files that examples name lie beside them
    check(REGISTRY.get(name), load_examples(EXAMPLES / f"{name}.yaml", name), REGISTRY)


def test_every_example_file_has_an_operator() -> None:
    files = {file.stem for file in EXAMPLES.glob("*.yaml")}
    assert files <= set(REGISTRY.names())
