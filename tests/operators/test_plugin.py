"""An operator of another distribution: found by its entry point, checked by our suite, usable in a recipe."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.operators.conformance import check
from weft.operators.examples import load_examples
from weft.operators.registry import Registry

SAMPLE = Path(__file__).parent.parent / "plugin_sample"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(SAMPLE))
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "weft_sample_plugin"]:
        del sys.modules[name]


def test_entry_point_is_found_and_conforms(installed: None) -> None:
    found = Registry.from_rooms(["label"])
    spec = found.get("label.shouting")
    assert found.place("label.shouting") == "weft_sample_plugin.shouting.shouting"
    check(spec, load_examples(SAMPLE / "examples" / "label.shouting.yaml", "label.shouting"), found)


def test_entry_points_can_be_left_out(installed: None) -> None:
    assert "label.shouting" not in Registry.from_rooms(["label"], entry_points=False).names()


def _with_entry_point(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = importlib.metadata.EntryPoint("broken", value, "weft.operators")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no_such_module_anywhere", "plugin broken .* cannot be loaded: No module named"),
        ("json:dumps", "plugin broken .*: expected a module with @operator factories"),
        ("json", "plugin broken .*: expected a module with @operator factories"),
        ("json:no_such_name", "cannot be loaded"),
    ],
)
def test_a_broken_plugin_is_one_clear_message(monkeypatch: pytest.MonkeyPatch, value: str, expected: str) -> None:
    _with_entry_point(monkeypatch, value)
    with pytest.raises(WeftError, match=expected):
        Registry.from_rooms(["label"])


def test_a_plugin_cannot_replace_an_operator(installed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "weft_sample_plugin_double.py").write_text(
        "import pyarrow as pa\n"
        "from weft.operators import operator\n"
        "@operator('label.shouting', version=2, reads=('text',), writes={'shouting': pa.int32()})\n"
        "def other():\n    'Another.'\n    return lambda batch: batch\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        importlib.metadata.EntryPoint("one", "weft_sample_plugin", "weft.operators"),
        importlib.metadata.EntryPoint("two", "weft_sample_plugin_double:other", "weft.operators"),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    with pytest.raises(WeftError, match=r"label\.shouting is defined twice: in weft_sample_plugin\.shouting.* and in"):
        Registry.from_rooms(["label"])
