"""Recipe files that weft brings: one for each operator, every one can be read as it stands, and all of them run."""

from __future__ import annotations

import inspect
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.engine import starter_files
from tests.engine.inline import InlineRunner

from weft.engine import build
from weft.errors import WeftError
from weft.operators.registry import ROOMS, Registry
from weft.recipe import load
from weft.sample.fake_server import FakeServer
from weft.synthesize import starters

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = starters.names()


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.from_rooms(ROOMS)


def plain(name: str) -> dict[str, Any]:
    """The recipe as its file has it."""
    held: dict[str, Any] = YAML(typ="safe").load(starters.starter(name).text)
    return held


def test_there_is_one_for_every_operator_and_no_other_file(registry: Registry) -> None:
    assert [f"synthesize.{name}" for name in NAMES] == sorted(registry.names("synthesize"))
    folder = ROOT / "src/weft/synthesize/recipes"
    assert sorted(file.name for file in folder.iterdir()) == [f"{name}.yaml" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_once_its_files_are_there(name: str, tmp_path: Path, registry: Registry) -> None:
    starter = starters.starter(name)
    starter_files.write(tmp_path, starter)
    given = load(tmp_path / "recipe.yaml", registry=registry)
    spec = registry.get(f"synthesize.{name}")
    assert [step.operator for step in given.synthesize] == [spec.name]
    assert starter.asks == bool(given.services) == (spec.kind == "service")
    assert given.synthesis.budget.cost is not None if starter.asks else not given.synthesis.dear()
    assert {source.license for source in given.acquire} == {"unknown"}, "what nobody has said is not stated"


@pytest.mark.parametrize("name", NAMES)
def test_its_comment_is_true(name: str, registry: Registry) -> None:
    starter, held = starters.starter(name), plain(name)
    spec, (step,) = registry.get(f"synthesize.{name}"), held["synthesize"]
    files = [source["path"] for source in held["acquire"]]
    for parameter in spec.files_in:
        value = step[name].get(parameter, [])
        files += value if isinstance(value, list) else [value]
    assert set(starter.files) == set(files)
    assert starter.makes.endswith(".") and ("No model is asked" in starter.text or starter.asks or name == "leads")
    pages = re.findall(r"docs/[\w./-]+\.md", starter.text)
    assert f"docs/operators/{spec.name}.md" in pages and all((ROOT / page).is_file() for page in pages)
    offered = re.findall(r"^      # (\w+): ", starter.text, re.MULTILINE)
    assert set(offered) <= set(inspect.signature(spec.build).parameters)
    lines = starter.text.splitlines()
    (stand,) = [line for line in lines if re.search(r"stands? for your language", line)]
    codes = [set(re.findall(r"\b[a-z]{3}_[A-Z][a-z]{3}\b", text)) for text in (stand, starter.text.replace(stand, ""))]
    assert codes[0] == codes[1]
    assert max(map(len, lines)) <= 120 and len(lines) <= 36


def together(names: list[str]) -> dict[str, Any]:
    """One recipe with the steps of all, each with services of its own, and the judge of those that have all one."""
    whole = plain(names[0]) | {"synthesize": [], "services": {}}
    shared = set.intersection(*(set(plain(name)["synthesis"]) for name in names))
    whole["synthesis"] = {key: whole["synthesis"][key] for key in shared & {"trusted", "judge", "round_trip"}}
    for name in names:
        held = plain(name)
        own = {service: f"{name}_{service}" for service in held.get("services", {})}
        (step,) = held["synthesize"]
        renamed = {key: own.get(value, value) if isinstance(value, str) else value for key, value in step[name].items()}
        whole["synthesize"].append({name: renamed})
        whole["services"] |= {own[service]: settings for service, settings in held.get("services", {}).items()}
    for gate in shared & {"judge", "round_trip"}:
        whole["synthesis"][gate]["service"] = f"{names[0]}_{whole['synthesis'][gate]['service']}"
    return whole


def groups() -> dict[str, list[str]]:
    """Names of recipes that read the same sources, by what these are."""
    found = defaultdict(list)
    for name in NAMES:
        sources = plain(name)["acquire"]
        found[" ".join(f"{source['path']}-{source.get('language_hint', 'both')}" for source in sources)].append(name)
    return dict(found)


@pytest.mark.parametrize(("_", "names"), groups().items(), ids=lambda value: value if isinstance(value, str) else "")
def test_they_run_and_every_parent_gives_a_record_or_a_reason(_: str, names: list[str], tmp_path: Path) -> None:
    for name in names:
        starter_files.write(tmp_path, starters.starter(name))
    recipe = together(names)
    pairs = [source for source in recipe["acquire"] if source["path"] == "pairs.tsv"]
    if pairs:  # links of words are learnt from all of it; to run, the first lines are enough
        head = (tmp_path / "pairs.tsv").read_text("utf-8").splitlines()[: starter_files.DOCUMENTS + 1]
        (tmp_path / "few.tsv").write_text("\n".join(head), "utf-8")
        pairs[0]["path"] = "few.tsv"
    made = tmp_path / "made"
    with FakeServer() as server:
        recipe["services"] = {name: one | {"url": server.url} for name, one in recipe["services"].items()}
        (tmp_path / "recipe.yaml").write_text(json.dumps(recipe), "utf-8")
        result = build.run(load(tmp_path / "recipe.yaml"), made, runner=InlineRunner(made))
    assert result.status == 0
    held = json.loads((made / "report/summary.json").read_text("utf-8"))
    assert [step["recipe"] for step in held["steps"]] == [f"synthesize.{name}" for name in names]
    for name, step in zip(names, held["steps"], strict=True):
        reasons = sum(step["no_record"].values())
        assert step["parents"] == starter_files.DOCUMENTS, name
        assert step["made"] + reasons + step["errors"] >= step["parents"], name
        assert step["released"] + sum(step["rejected"].values()) == step["made"], name
        asks = starters.starter(name).asks
        assert step["calls"] >= step["parents"] if asks else (step["made"] >= step["parents"] and not reasons), name
    assert held["judges"]["calls"] > 0 or not {"judge", "round_trip"} & set(recipe["synthesis"])


def test_a_name_that_is_not_there_is_told_with_all_that_are() -> None:
    assert starters.starter("synthesize.noise") == starters.starter("noise")
    with pytest.raises(WeftError, match=r"no such recipe; expected one of back_translation, .*did you mean noise\?"):
        starters.starter("noises")
