"""Issue 2, items 1 and 2: what the repository promises, and operators of third parties."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_project_file() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert project["requires-python"] == ">=3.11" and project["license"] == "Apache-2.0"
    assert "Apache License" in text("LICENSE") and (ROOT / "src" / "weft" / "__init__.py").is_file()
    assert "operators" in project.get("entry-points", {}).get("weft", {}) or "weft" in project["scripts"]


def test_readme_fits_a_screen_and_has_the_two_commands() -> None:
    readme = text("README.md")
    assert len(readme.splitlines()) <= 60
    assert re.search(r"^make demo\b", readme, re.MULTILINE) and re.search(r"^make test\b", readme, re.MULTILINE)
    recipe = re.search(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert recipe and len(recipe.group(1).strip().splitlines()) <= 10


def test_one_entry_of_continuous_integration() -> None:
    assert re.search(r"^make check test$", text(".ci/run"), re.MULTILINE)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111 or sys.platform == "win32"
    makefile = text("Makefile")
    for target in ("demo", "test", "test-fast", "check", "bench", "new-operator", "docs"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_pins_record_no_address() -> None:
    pins = text("constraints.txt")
    assert re.search(r"^polars==\d", pins, re.MULTILINE) and "://" not in pins and "--hash" not in pins
    locks = {"poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"}
    assert not locks & {path.name for path in ROOT.iterdir()}


PLUGIN = '''
"""An operator of somebody else."""
import pyarrow as pa
import pyarrow.compute as pc
from weft.operators import BatchFunction, operator

TYPE = pa.struct({"vowels": pa.int32()})


@operator("label.vowels", version=1, reads=("text",), writes={"vowels": TYPE})
def vowels(*, letters: str = "aeiou") -> BatchFunction:
    """How many vowels a text has."""

    def label(batch: pa.Table) -> pa.Table:
        counts = pc.count_substring_regex(batch["text"].combine_chunks(), f"[{letters}]").cast(pa.int32())
        return batch.append_column("vowels", pa.StructArray.from_arrays([counts], fields=list(TYPE)))

    return label
'''


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """What `pip install` of a third party's package leaves, on the path of the command's process."""
    site = tmp_path / "site"
    info = site / "vowel_counter-2.0.dist-info"
    info.mkdir(parents=True)
    (site / "vowel_counter.py").write_text(PLUGIN, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vowel-counter\nVersion: 2.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[weft.operators]\nvowels = vowel_counter\n", encoding="utf-8")
    return {"PYTHONPATH": str(site)}


@pytest.mark.slow
def test_third_party_operator_from_catalogue_to_corpus(command: Any, installed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, content in {"many": "aaaa eeee iiii oooo", "few": "brr tsk xyz kzt a"}.items():
        (tmp_path / "in" / f"{name}.txt").write_text(content, encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(
        "acquire: [{path: in}]\nlabel: [script, lid, signals, {vowels: {letters: aei}}]\n"
        "construct: {extends: nothing, rules: {sung: vowels.vowels >= 12}}\n",
        encoding="utf-8",
    )
    assert command("run", tmp_path / "recipe.yaml", "--workers", "2", "--quiet", env=installed).status == 0
    summary = json.loads((tmp_path / "build" / "report" / "summary.json").read_text(encoding="utf-8"))
    assert summary["stages"][-1]["rejected"] == {"sung": 1} and summary["stages"][-1]["rows_out"] == 1
    assert "letters" in command("operators", "label.vowels", env=installed).out
    # Without the plugin the same recipe is refused, clearly.
    answer = command("recipe", "check", tmp_path / "recipe.yaml")
    assert answer.status == 2 and "vowels" in answer.err and "recipe.yaml:2" in answer.err


@pytest.mark.slow
def test_a_broken_operator_costs_no_build(command: Any, installed: dict[str, str], tmp_path: Path) -> None:
    """A row that its code cannot stand is an error with a reason; the other rows go on."""
    check = "if any('poison' in (text or '') for text in batch['text'].to_pylist()):"
    fault = f"        {check}\n            raise ValueError('cannot stand it')\n        counts ="
    broken = PLUGIN.replace("        counts =", fault)
    (Path(installed["PYTHONPATH"]) / "vowel_counter.py").write_text(broken, encoding="utf-8")
    (tmp_path / "in").mkdir()
    for name, content in {"a": "watoto wote wa shule", "b": "poison kabisa hapa", "c": "samaki wa bahari kuu"}.items():
        (tmp_path / "in" / f"{name}.txt").write_text(content, encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(
        "acquire: [{path: in}]\nlabel: [script, lid, signals, vowels]\nconstruct: {extends: nothing}\n",
        encoding="utf-8",
    )
    answer = command("run", tmp_path / "recipe.yaml", "--workers", "1", "--quiet", env=installed)
    assert answer.status in (0, 1), answer
    errors = [
        json.loads(line) for line in command("errors", tmp_path / "build", "--json", env=installed).out.splitlines()
    ]
    assert len(errors) == 1 and "cannot stand it" in errors[0]["detail"] and "vowels" in errors[0]["stage"]
    summary = json.loads((tmp_path / "build" / "report" / "summary.json").read_text(encoding="utf-8"))
    # Labels never drop rows: the row goes on without this one, and no count is off by it.
    for stage in summary["stages"]:
        assert stage["rows_in"] == stage["rows_out"] + sum(stage["rejected"].values()) + stage["errors"], stage
    assert summary["stages"][-1]["rows_out"] == 3
