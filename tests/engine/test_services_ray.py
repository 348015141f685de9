"""Labels from model servers on a Ray cluster: one actor asks for the whole run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.corpus import contents, write_corpus
from tests.engine.model_server import ModelServer

from weft.engine.build import run
from weft.engine.ray_runner import RayRunner
from weft.recipe import load

STEPS = """\
label:
  - script
  - lid
  - signals
  - judged: {{service: judge, prompt: Is it good?}}
services:
  judge: {{url: '{url}', protocol: openai-chat, model: m, api_key_env: WEFT_TEST_KEY, concurrency: 4}}
"""


@pytest.mark.slow
def test_a_cluster_asks_from_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_TEST_KEY", "k")
    with ModelServer(key="k", seconds=0.02) as server:
        recipe = write_corpus(tmp_path, count=80, files=2)
        recipe.write_text(recipe.read_text("utf-8") + STEPS.format(url=server.url), "utf-8")
        asking = RayRunner(str(tmp_path / "ray"), workers=2)
        assert run(load(recipe), tmp_path / "ray", runner=asking).status == 0
        assert server.most_in_flight <= 4 and set(server.answered.values()) == {1}
        assert run(load(recipe), tmp_path / "local", workers=1).status == 0
    for folder in ("construct", "label/judged"):
        assert contents(tmp_path / "ray" / folder) == contents(tmp_path / "local" / folder)
