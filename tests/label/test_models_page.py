"""The recipe of the page on models is good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.label import tiny_causal, tiny_classifier, tiny_encoder

from weft.recipe import load

PAGE = Path(__file__).resolve().parents[2] / "docs/models.md"


@pytest.mark.slow
def test_the_recipe_is_good(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    tiny_encoder.write(tmp_path / "models/encoder")
    tiny_classifier.write(tmp_path / "models/domains")
    tiny_causal.write(tmp_path / "models/small-lm")
    (tmp_path / "heads").mkdir()
    for name, count in (("education", 1), ("toxic", 2)):
        save_file(torch.nn.Linear(16, count).state_dict(), tmp_path / f"heads/{name}.safetensors")
    (found,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "recipe.yaml").write_text(f"acquire:\n  - path: texts\n{found}", "utf-8")
    held = load(tmp_path / "recipe.yaml")
    assert list(held.construct.all_rules())[-4:] == ["educational", "not_toxic", "predictable", "judged"]
    devices = {step.operator: step.params["device"] for step in held.label if "device" in step.params}
    assert set(devices) == {"label.embedding", "label.classified", "label.perplexity", "label.rubric_score"}
    assert "auto" not in devices.values()
