"""What a recipe may say of its gates, and what the page about them says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from weft.synthesize.gates.settings import GATES, GateSettings, Losses

PAGE = Path(__file__).resolve().parents[3] / "docs" / "synthesis-gates.md"


def test_the_example_of_the_page_is_what_a_recipe_may_say() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    found = GateSettings.model_validate(YAML(typ="safe").load(block)["synthesis"]["gates"])
    assert found.loss == Losses()
    assert not found.judges("near_source") and found.judges("language")


def test_the_losses_and_gates_of_the_page_are_those_of_the_code() -> None:
    page = PAGE.read_text("utf-8")
    total = sum(Losses().model_dump().values())
    assert f"add up to {100 * total:.1f} %" in page
    assert total <= 0.05
    assert tuple(re.findall(r"^\| ([a-z_]+) \|", page, re.MULTILINE)[1 : len(GATES) + 1]) == GATES


def test_a_recipe_calls_the_loss_of_copies_copy() -> None:
    assert GateSettings.model_validate({"loss": {"copy": 0.01}}).loss.copy_ == 0.01
    with pytest.raises(ValidationError, match="losses"):
        GateSettings.model_validate({"losses": {}})
    with pytest.raises(ValidationError, match="frozen"):
        GateSettings().seed = 3  # type: ignore[misc]
