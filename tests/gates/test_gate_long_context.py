"""Facts in web documents of 186 languages: all can be made by a suite, and read off again in any script's digits."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.evaluate.running import Settings, evaluate
from weft.evaluate.suite import load

LANGUAGES, OWN_DIGITS = 186, 666
SUITE = """suite: long
version: 1
tasks:
  needle:
    kind: long_context
    level: language
    skill: recall
    files: "texts/{language}.jsonl"
    columns: {text: text}
    prompt: "{context}\\n\\n{question}"
    probes: {lengths: [2000, 16000], depths: [0, 0.5, 1], each: 3, distractors: 2, own_digits: true}
    lists: {needles: needles.tsv}
    checks: []
"""


class Reader:
    """Gives the number that stands once after the name it is asked for."""

    likely = False

    def __init__(self) -> None:
        self.told = {"kind": "test"}
        self.own_digits = 0

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        return [Output(self._read(one.prompt), "stop") for one in questions]

    def _read(self, prompt: str) -> str:
        context, question = prompt.rsplit("\n\n", 1)
        (name,) = re.findall(r"Key (\w+) =", question)
        (number,) = re.findall(rf"Key {name} = (\d+)\.", context)
        self.own_digits += not number.isascii()
        return str(number)

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        raise AssertionError(pairs)

    def close(self) -> None:
        pass


def test_facts_stand_in_native_text_of_every_language(
    data_dir: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    texts: dict[str, list[str]] = defaultdict(list)
    with gzip.open(data_dir / "docs/hplt_web_docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            texts[row["lang"]].append(row["text"])
    (tmp_path / "texts").mkdir()
    needles = ["language\tfact\tquestion\tnames"]
    for code, held in sorted(texts.items()):
        rows = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in held)
        (tmp_path / f"texts/{code}.jsonl").write_text(rows, "utf-8")
        needles.append(f"{code}\tKey {{name}} = {{number}}.\tKey {{name}} = ?\tZyxa|Qyvo|Xwuz|Vqix")
    (tmp_path / "needles.tsv").write_text("\n".join(needles) + "\n", "utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, "utf-8")
    model = Reader()
    run = evaluate(load(str(tmp_path / "suite.yaml"))[0], model, Settings(tmp_path, samples=200), lambda *_: None)
    found = {one.language: one for one in run.scores if one.metric == "found" and one.slice is None}
    record_property("languages", len(found))
    record_property("own_digits", model.own_digits)
    assert not run.not_run
    assert len(found) >= LANGUAGES
    assert all((one.value, one.items) == (1.0, 18) for one in found.values())
    assert model.own_digits >= OWN_DIGITS
