"""Steps whose parameters name a file or columns, and steps whose library is not installed."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from weft.engine.keys import operator_identity
from weft.operators.registry import Registry

from .conftest import Reads

LEAST = "acquire:\n  - path: in\nlabel:\n  - script\n  - lid\n"
LAST = "  - signals\n"
MODEL = Path(__file__).parent.parent / "examples" / "label.lid_fasttext.bin"
Faults = Callable[..., list[str]]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return Path(shutil.copy(MODEL, tmp_path / "mine.bin"))


def test_a_file_is_relative_to_the_recipe(reads: Reads, mine: Path) -> None:
    recipe = reads(LEAST + "  - lid_fasttext: {model: mine.bin}\n" + LAST)
    assert recipe.label[2].params["model"] == str(mine.resolve())
    recipe = reads(LEAST + f"  - lid_fasttext: {{model: {MODEL}}}\n" + LAST)
    assert recipe.label[2].params["model"] == str(MODEL)


def test_a_file_that_is_no_model(faults: Faults, mine: Path) -> None:
    mine.write_bytes(mine.read_bytes()[:700])
    (found,) = faults(LEAST + "  - lid_fasttext: {model: mine.bin}\n" + LAST)
    assert found.startswith("6: label[2].lid_fasttext: ") and "mine.bin: no fastText classifier: it ends" in found
    (found,) = faults(LEAST + "  - lid_fasttext: {model: other.bin}\n" + LAST)
    assert "other.bin: cannot be read: No such file or directory" in found
    (found,) = faults(LEAST + "  - lid_fasttext\n" + LAST)
    assert "parameter model: is missing" in found
    (found,) = faults(LEAST + "  - lid_fasttext: {model: 3}\n" + LAST)
    assert "lid_fasttext" in found and "expected a text" in found


def test_the_content_of_a_file_is_in_the_key_and_its_place_is_not(
    registry: Registry, mine: Path, tmp_path: Path
) -> None:
    spec = registry.get("label.lid_fasttext")
    moved = Path(shutil.copy(mine, tmp_path / "moved.bin"))
    one, other = (operator_identity(spec, {"model": str(file)}, None) for file in (mine, moved))
    assert one == other
    mine.write_bytes(mine.read_bytes() + b"\0")
    os.utime(mine, ns=(1, 1))
    assert operator_identity(spec, {"model": str(mine)}, None) != one


def test_columns_that_a_parameter_lists_are_read(reads: Reads, faults: Faults, registry: Registry) -> None:
    vote = "  - lid_vote: {identifiers: [lid, lid_cld3]}\n"
    recipe = reads(LEAST + "  - lid_cld3\n" + vote + LAST)
    step = recipe.label[3]
    assert registry.get(step.operator).reading(step.params) == ("lid", "lid_cld3")
    (found,) = faults(LEAST + vote + "  - lid_cld3\n" + LAST)
    assert found.endswith(
        "label.lid_vote reads lid_cld3, which no earlier step writes; expected label.lid_cld3 before it"
    )
    (found,) = faults(LEAST + "  - lid_vote: {identifiers: [lid, lid_cdl3]}\n" + LAST)
    assert "reads lid_cdl3" in found
    (found,) = faults(LEAST + "  - lid_vote: {identifiers: [lid, lid]}\n" + LAST)
    assert "expected different columns" in found


def test_a_library_that_is_not_installed(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.metadata.version

    def version(name: str) -> str:
        if name == "cld3-py":
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    (found,) = faults(LEAST + "  - lid_cld3\n" + LAST)
    assert found.startswith("6: label[2].lid_cld3: ")
    assert "needs the library cld3-py" in found and "pip install 'weft[identifiers]'" in found
