"""Issue 2, items 3 and "bad input": a mistake in a recipe gives file, line, what was expected and the nearest name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import weft
from weft.errors import WeftError

# name of the case, the recipe, the line of the mistake, words that the message must hold
MISTAKES: list[tuple[str, str, int, tuple[str, ...]]] = [
    ("top level", "acquire:\n  - path: in\nconstuct:\n  extends: nothing\n", 3, ("constuct", "construct")),
    ("top level 2", "nmae: x\nacquire:\n  - path: in\n", 1, ("nmae", "name")),
    ("source key", "acquire:\n  - path: in\n    licence: MIT\n", 3, ("licence", "license")),
    ("source key 2", "acquire:\n  - pth: in\n", 2, ("pth", "path")),
    ("format", "acquire:\n  - path: in\n    format: jsonll\n", 3, ("jsonll", "jsonl")),
    ("basis", "acquire:\n  - path: in\n    basis: crawl-privat\n", 3, ("crawl-privat", "crawl-private")),
    ("redistribute", "acquire:\n  - path: in\n    redistribute: perhaps\n", 3, ("redistribute", "unknown")),
    ("license", "acquire:\n  - path: in\n    license: CC-BY-4\n", 3, ("CC-BY-4", "CC-BY-4.0")),
    ("language", "acquire:\n  - path: in\n    language_hint: swahilli\n", 3, ("swahilli",)),
    ("priority", "acquire:\n  - path: in\n    priority: high\n", 3, ("priority", "high")),
    ("option", "acquire:\n  - path: in\n    format: jsonl\n    options:\n      text_feild: t\n", 5, ("text_field",)),
    ("option value", "acquire:\n  - path: in\n    format: plain_text\n    options:\n      unit: lines\n", 5, ("line",)),
    ("parse step", "acquire:\n  - path: in\nparse:\n  - documant\n", 4, ("documant", "document")),
    ("standardize step", "acquire:\n  - path: in\nstandardize:\n  - zawgy\n", 4, ("zawgy", "zawgyi")),
    ("label step", "acquire:\n  - path: in\nlabel:\n  - script\n  - lidd\n", 5, ("lidd", "lid")),
    (
        "parameter",
        "acquire:\n  - path: in\ndeduplicate:\n  - exact\n  - minhash:\n      bnds: 20\n  - verify\n",
        6,
        ("bands",),
    ),
    (
        "parameter value",
        "acquire:\n  - path: in\nstandardize:\n  - zawgyi:\n      threshold: 3\n",
        5,
        ("threshold", "1"),
    ),
    ("where", "acquire:\n  - path: in\nlabel:\n  - script\n  - lid:\n      where: scrpt.share > 0\n", 6, ("script",)),
    ("extends", "acquire:\n  - path: in\nconstruct:\n  extends: nothin\n", 4, ("nothin", "nothing")),
    ("rule label", "acquire:\n  - path: in\nconstruct:\n  rules:\n    a: signal.words > 3\n", 5, ("signals",)),
    ("rule field", "acquire:\n  - path: in\nconstruct:\n  rules:\n    a: signals.wrds > 3\n", 5, ("signals.words",)),
    (
        "rule threshold",
        "acquire:\n  - path: in\nconstruct:\n  rules:\n    a: signals.words > threshold.wrds\n",
        5,
        ("words",),
    ),
    ("rule syntax", "acquire:\n  - path: in\nconstruct:\n  rules:\n    a: signals.words >> AND\n", 5, ("a",)),
    ("rule of text", "acquire:\n  - path: in\nconstruct:\n  rules:\n    a: signals.words + 1\n", 5, ("a",)),
    (
        "default rule",
        "acquire:\n  - path: in\nconstruct:\n  rules:\n    too_shrt: null\n",
        5,
        ("too_shrt", "too_short"),
    ),
    (
        "methods",
        "acquire:\n  - path: in\nconstruct:\n  thresholds:\n    methods:\n      wrds: percentile\n",
        6,
        ("words",),
    ),
    (
        "method",
        "acquire:\n  - path: in\nconstruct:\n  thresholds:\n    methods:\n      words: percentil\n",
        6,
        ("percentile",),
    ),
    (
        "bounds",
        "acquire:\n  - path: in\nconstruct:\n  thresholds:\n    bounds:\n      alpha_wrds: 0.5\n",
        6,
        ("alpha_words",),
    ),
    ("clamp", "acquire:\n  - path: in\nconstruct:\n  thresholds:\n    tial: 0.2\n", 5, ("tail",)),
    ("split", "acquire:\n  - path: in\nconstruct:\n  split:\n    valid: 0.1\n", 5, ("validation",)),
    ("split sum", "acquire:\n  - path: in\nconstruct:\n  split: {train: 0.9, validation: 0.5, test: 0.5}\n", 4, ("1",)),
    ("split value", "acquire:\n  - path: in\nconstruct:\n  split:\n    test: 1.5\n", 5, ("test", "1")),
    ("formats", "acquire:\n  - path: in\nconstruct:\n  formats: [parkuet]\n", 4, ("parkuet", "parquet")),
    ("redistributable", "acquire:\n  - path: in\nconstruct:\n  redistributable_only: maybe\n", 4, ("true", "false")),
    ("settings", "acquire:\n  - path: in\nsettings:\n  sead: 1\n", 4, ("sead", "seed")),
    ("shard size", "acquire:\n  - path: in\nsettings:\n  shard_mb: big\n", 4, ("shard_mb", "big")),
    ("not a list", "acquire:\n  path: in\n", 1, ("acquire", "list")),
    ("no source", "name: x\n", 1, ("acquire",)),
    ("twice", "name: x\nacquire:\n  - path: in\nname: y\n", 4, ("name",)),
    ("yaml", "acquire:\n  - path: in\n   name: [\n", 3, ()),
]


@pytest.mark.parametrize(("recipe", "line", "words"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistake_gives_file_line_and_nearest_name(
    tmp_path: Path, recipe: str, line: int, words: tuple[str, ...]
) -> None:
    path = tmp_path / "my-recipe.yaml"
    path.write_text(recipe, encoding="utf-8")
    (tmp_path / "in").mkdir()
    with pytest.raises(WeftError) as caught:
        weft.load(path)
    message = str(caught.value)
    assert f"my-recipe.yaml:{line}:" in message, message
    for word in words:
        # The text of the mistake itself does not count as naming the right word.
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", message), f"{word!r} is not in: {message}"


def test_mistake_on_the_command_line_is_status_two_and_touches_nothing(command: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "recipe.yaml").write_text("acquire:\n  - path: in\nlabel: [script, lidd]\n", encoding="utf-8")
    for arguments in (["run"], ["run", "--dry-run"], ["recipe", "check"]):
        answer = command(*arguments, tmp_path / "recipe.yaml")
        assert answer.status == 2 and "recipe.yaml:3" in answer.err and "lid" in answer.err, answer
    assert not (tmp_path / "build").exists()


def test_label_that_a_rule_needs_but_nobody_computes(tmp_path: Path) -> None:
    """The third check, wiring: each `reads` is met by an earlier `writes`."""
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "acquire:\n  - path: in\nlabel: [script, lid]\n"
        "construct:\n  extends: nothing\n  rules:\n    a: signals.words > 3\n"
    )
    with pytest.raises(WeftError, match=r"recipe\.yaml:[37]: .*signals"):
        weft.load(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("nowhere", "nowhere"), ("empty", "empty"), ("empty/*.warc.gz", "empty"), ("nosuch://x/y.txt", "nosuch")],
)
def test_input_that_is_not_there(command: Any, tmp_path: Path, path: str, expected: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "recipe.yaml").write_text(f"acquire:\n  - path: {path}\n", encoding="utf-8")
    answer = command("run", tmp_path / "recipe.yaml", "--quiet")
    assert answer.status == 2 and expected in answer.err, answer


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "nowhere.yaml"],
        ["run", "."],
        ["status", "nowhere"],
        ["report", "nowhere"],
        ["explain", "nowhere", "abc"],
        ["errors", "nowhere"],
        ["inspect", "nowhere.html"],
        ["identify", "nowhere.txt"],
        ["operators", "label.lidd"],
        ["run", "nowhere.yaml", "--only", "labell"],
        ["rnu"],
    ],
    ids=" ".join,
)
def test_wrong_argument_is_one_clear_message(command: Any, tmp_path: Path, arguments: list[str]) -> None:
    answer = command(*arguments, folder=tmp_path)
    assert answer.status == 2 and answer.err.strip(), answer
    if arguments[0] == "operators":
        assert "label.lid" in answer.err.replace("label.lidd", "")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("construct.splt.test=0.1", ("split",)),
        ("construct.rules.a=signals.wrds > 1", ("signals.words",)),
        ("settings.seed=x", ("seed",)),
        ("novalue", ("=",)),
    ],
)
def test_mistake_in_set(tmp_path: Path, setting: str, words: tuple[str, ...]) -> None:
    (tmp_path / "recipe.yaml").write_text("acquire:\n  - path: in\n", encoding="utf-8")
    with pytest.raises(WeftError) as caught:
        weft.load(tmp_path / "recipe.yaml", [setting])
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.fixture(scope="module")
def schema(command: Any) -> dict[str, Any]:
    answer = command("recipe", "schema")
    assert answer.status == 0
    held: dict[str, Any] = json.loads(answer.out)
    return held


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(text)


def test_json_schema_takes_good_recipes(command: Any, tmp_path: Path, schema: dict[str, Any]) -> None:
    jsonschema.validators.validator_for(schema).check_schema(schema)
    assert command("init", tmp_path / "new").status == 0
    root = Path(__file__).resolve().parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert example
    for text in ((tmp_path / "new" / "recipe.yaml").read_text(encoding="utf-8"), example.group(1)):
        jsonschema.validate(_yaml(text), schema)


# What a schema cannot know: whether SQL is right, sums, YAML itself, SPDX ids and language names.
BEYOND_SCHEMA = {
    "where", "rule label", "rule field", "rule threshold", "rule syntax", "rule of text", "default rule", "split sum",
    "twice", "yaml", "license", "language", "methods", "bounds",
}  # fmt: skip


@pytest.mark.parametrize("name", [m[0] for m in MISTAKES if m[0] not in BEYOND_SCHEMA])
def test_json_schema_refuses_bad_recipes(schema: dict[str, Any], name: str) -> None:
    text = next(m[1] for m in MISTAKES if m[0] == name)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_yaml(text), schema)


def test_json_schema_completes(schema: dict[str, Any]) -> None:
    """An editor offers keys, step names and parameters: they are in the schema, with a description of the keys."""
    text = json.dumps(schema)
    for name in ("acquire", "license", "zawgyi", "threshold", "min_characters", "bands", "redistributable_only"):
        assert f'"{name}"' in text
    assert text.count('"description"') > 20
