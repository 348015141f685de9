"""What `make new-operator` writes conforms before anybody changed a line."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from weft.errors import WeftError
from weft.operators.conformance import check
from weft.operators.examples import load_examples
from weft.operators.registry import Registry

TOOL = Path(__file__).parent.parent.parent / "tools" / "new_operator.py"


def _module(path: Path, name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # annotations are resolved there
    found.loader.exec_module(module)
    return module


@pytest.fixture
def tool() -> Any:
    return _module(TOOL, "weft_new_operator")


@pytest.mark.parametrize("name", ["label.rhyme", "standardize.rhyme", "deduplicate.rhyme"])
def test_stubs_conform(tool: Any, name: str, tmp_path: Path, registry: Registry) -> None:
    made = tool.files(name, tmp_path)
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    module = _module(tmp_path / "src" / "weft" / Path(*name.split(".")).with_suffix(".py"), f"stub_{name}")
    examples = load_examples(tmp_path / "tests" / "examples" / f"{name}.yaml", name)
    check(module.rhyme.spec, examples, registry)
    assert {path.relative_to(tmp_path).parts[0] for path in made} == {"src", "tests"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lable.rhyme", "there is no room lable.*did you mean label"),
        ("label.Rhyme", "in lower case"),
        ("label.two words", "in lower case"),
        ("label.script", r"label\.script exists: weft\.label\.script"),
        ("acquire.pdf", r"start from a copy of one of .*weft\.acquire\.jsonl"),
    ],
)
def test_names_that_cannot_be(tool: Any, name: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=expected):
        tool.files(name, tmp_path)


def test_a_missing_name_is_one_line(tool: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main([""]) == 2
    assert "make new-operator NAME=label.rhyme" in capsys.readouterr().err
