"""What is wrong with a recipe of synthesis is said before anything is made or paid."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.recipe import load
from weft.synthesize.skills import OTHERS, SKILLS, TASKS

STEP = "code_switch: {lexicon: lexicon.tsv, into: eng_Latn}"


@pytest.mark.parametrize(
    ("synthesize", "synthesis", "said"),
    [
        ("[]", "{}", "synthesize: is empty"),
        (f"[{STEP}, {STEP}]", "{}", r"synthesize\[1\]: is the same as step 0"),
        (f"[{STEP}]", "{trusted: []}", "trusted: is empty, and gates would have nothing to learn from"),
        (f"[{STEP}]", "{gates: {wide_ratio: [4, 1]}}", "two positive numbers, the smaller first, got 4 and 1"),
        (f"[{STEP}]", "{gates: {wide_ratio: [-1, 2]}}", "two positive numbers"),
        (f"[{STEP}]", "{gates: {confusable: [[swh_Latn]]}}", "expected two languages or more in a group, got swh_Latn"),
        (f"[{STEP}]", "{gates: {confusable: [[no language, swh_Latn]]}}", "no language"),
        (f"[{STEP}]", "{gates: {loss: {langage: 0.1}}}", "one of .*copy, numbers.*did you mean language"),
        (f"[{STEP}]", "{balance: {skills: {translaton: 0.4}}}", "did you mean translation"),
        (f"[{STEP}]", "{gates: {held_out: [items.jsonl]}}", "no column text; it has question"),
        (
            "[code_switch: {lexicon: lexicon.tsv, into: xxx_Latn}]",
            "{}",
            "into: 'xxx_Latn' is no language that is known",
        ),
        ("[code_switch: {lexicon: other.tsv, into: eng_Latn}]", "{}", "other.tsv: cannot be read; expected a lexicon"),
    ],
)
def test_settings_that_cannot_work(tmp_path: Path, synthesize: str, synthesis: str, said: str) -> None:
    (tmp_path / "a.txt").write_text("Habari.", "utf-8")
    (tmp_path / "items.jsonl").write_text('{"question": "a"}\n', "utf-8")
    (tmp_path / "lexicon.tsv").write_text("swh_Latn\teng_Latn\nkitabu\tbook\n", "utf-8")
    source = "{path: a.txt, license: CC0-1.0, basis: licence}"
    text = f"acquire: [{source}]\nsynthesize: {synthesize}\nsynthesis: {synthesis}\n"
    (tmp_path / "recipe.yaml").write_text(text, "utf-8")
    with pytest.raises(WeftError, match=said):
        load(tmp_path / "recipe.yaml")


def test_skills_that_recipes_make_can_be_balanced() -> None:
    import re

    folder = Path(__file__).parents[2] / "src/weft/synthesize"
    written = {
        name for file in folder.glob("*.py") for name in re.findall(r'skill="([a-z_]+)"', file.read_text("utf-8"))
    }
    assert len(written) > 8 and written <= {*SKILLS, *TASKS, *OTHERS}
