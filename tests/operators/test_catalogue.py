"""Pages of operators are made from the code, and every page in docs/ is the one that the code gives."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from weft.operators.catalogue import describe, page
from weft.operators.examples import Example
from weft.operators.registry import Registry

ROOT = Path(__file__).parent.parent.parent


def test_a_page_says_what_the_code_says(registry: Registry) -> None:
    name = "deduplicate.minhash"
    example = Example(title="One | two", input={"text": ["a"]}, output={"minhash": [{"shingles": 1}]})
    text = page(registry.get(name), registry.place(name), [example])
    assert text.startswith("# deduplicate.minhash\n")
    assert "| `bands` | whole number | 20 | 1 or more, at most 256 |" in text
    assert "| `minhash.shingles` | int32 |" in text
    assert "weft.deduplicate.minhash.minhash" in text
    assert "**One | two**" in text and "`{shingles: 1}`" in text


def test_every_operator_can_be_described(registry: Registry) -> None:
    for name in registry.names():
        held = describe(registry.get(name), registry.place(name))
        assert json.loads(json.dumps(held)) == held
        assert held["text"] and held["writes"]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    found = importlib.util.spec_from_file_location("weft_generate_docs", ROOT / "tools" / "generate_docs.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setattr(module, "DOCS", tmp_path)
    return module


def test_drift_is_seen(tool: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--check"]) == 1
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    (tmp_path / "recipe-reference.md").write_text("old\n")
    (tmp_path / "operators" / "label.gone.md").write_text("old\n")
    capsys.readouterr()
    assert tool.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert "label.gone.md: there is no such operator" in said
    assert "2 generated pages lag" in said
    assert tool.main([]) == 0
    assert not (tmp_path / "operators" / "label.gone.md").exists()


def test_pages_name_no_machine(tool: Any) -> None:
    for name, text in tool.pages().items():
        assert str(ROOT) not in text and str(Path.home()) not in text, name
