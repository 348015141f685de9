"""Prompts and the page of the recipes for instructions: what they name is what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from weft.operators.registry import ROOMS, Registry, validate
from weft.synthesize.culture_questions import TOPICS
from weft.synthesize.gap_plan import read_plan
from weft.synthesize.prompts import load
from weft.synthesize.skills import NEUTRAL, SKILLS, TASKS

PAGE = Path(__file__).parents[2] / "docs/synthesis-recipes-instructions.md"
PROMPTS = {
    "reverse_instruction": ("document_language", "instruction_language", "text"),
    "instruction_task": ("source_language", "tasks", "text"),
    "translated_conversation": ("source_language", "target_language", "text", "count"),
    "cross_lingual_answer": ("question_language", "answer_language", "text"),
    "rate_answer": ("question_language", "answer_language", "text", "answer"),
    "passage_questions": ("language", "count", "words", "text"),
    "culture_questions": ("language", "topics", "count", "text"),
    "dialogue_outline": ("language", "count", "text"),
    "outlined_dialogue": ("language", "outline", "text", "least", "most"),
    "paraphrase": ("language", "text"),
    "targeted_text": ("language", "wanted", "text"),
}


@pytest.mark.parametrize("name", sorted(PROMPTS))
def test_a_prompt_uses_all_that_it_is_given(name: str) -> None:
    prompt = load(name, PROMPTS[name])
    assert prompt.places == set(PROMPTS[name]) and (prompt.name, prompt.version) == (name, 1)
    (system, user) = prompt.messages(**{place: f"<{place}>" for place in PROMPTS[name]})
    assert "{" not in re.sub(r'\{"|\{"[^}]*|…\}', "", system["content"]) and "<text>" in user["content"]
    assert prompt.schema is None or _closed(prompt.schema)


def _closed(schema: Any) -> bool:
    """Whether every object requires all that it has, and nothing else: servers that hold to a schema want that."""
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    own = schema["type"] != "object" or (
        schema["required"] == list(schema["properties"]) and schema["additionalProperties"] is False
    )
    return own and all(map(_closed, inner))


def test_names_in_schemas_are_the_names_there_are() -> None:
    tasks = load("instruction_task", PROMPTS["instruction_task"]).schema
    topics = load("culture_questions", PROMPTS["culture_questions"]).schema
    assert tasks is not None and tasks["properties"]["task"]["enum"] == list(TASKS)
    assert topics is not None
    assert topics["properties"]["questions"]["items"]["properties"]["topic"]["enum"] == list(TOPICS)
    assert set(NEUTRAL) < set(TASKS) and not {"wordplay", "grammar", "translation", "culture"} & set(NEUTRAL)
    assert "dialogue" in SKILLS


def test_the_examples_of_the_page_are_good(tmp_path: Path) -> None:
    registry = Registry.from_rooms(ROOMS, entry_points=False)
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    steps: list[str] = []
    for block in blocks:
        held = YAML(typ="safe").load(block)
        if "targets" in held:
            (tmp_path / "gaps.yaml").write_text(block, "utf-8")
            assert len(read_plan(str(tmp_path / "gaps.yaml")).targets) == 3
        for step in held.get("synthesize", ()):
            ((short, parameters),) = step.items()
            assert validate(registry.get(f"synthesize.{short}"), parameters)["service"] == "writer"
            steps.append(short)
    assert len(steps) == len(set(steps)) == 8 and len(blocks) == 9
