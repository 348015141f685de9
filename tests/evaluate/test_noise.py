"""Noise in what is asked, answers to it, and means that stay on their scale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.evaluate.conftest import TEXTS, TOPIC, Write
from tests.evaluate.test_running import ANSWERED, TRANSLATE, Likely, outputs, run

from weft.evaluate.models.contract import Continued, Likelihood
from weft.evaluate.models.outputs import Outputs


def test_robustness_is_what_noise_leaves(write: Write, topics: Path) -> None:
    """A model that knows the texts as they are: with noise it answers one choice."""
    known = {f"{texts[n % 2]} {n}": n % 2 for texts in TEXTS.values() for n in range(8)}

    def value(pair: Continued) -> Likelihood:
        right = known.get(pair.context.rsplit("\n", 1)[0], 0)
        return Likelihood(-1.0 if pair.continuation == (" travel", " health")[right] else -2.0, 1)

    made = run(write, topics, Likely(value), TOPIC + "    noise: {kinds: [typos], strength: 0.5}\n")
    held = {(one.metric, one.slice): one for one in made.scores if one.language == "swh_Latn"}
    assert held["accuracy", None].value == 1.0
    assert held["accuracy", "noise=typos"].value == held["robustness", "noise=typos"].value == 0.5
    assert held["robustness", "noise=typos"].low < 0.5 < held["robustness", "noise=typos"].high
    assert not held["accuracy", "noise=typos"].primary
    assert set(made.outcomes) == {"topic", "topic.typos"}


INSTRUCTED = """suite: small
version: 1
tasks:
  follow:
    kind: instructions
    level: language
    skill: instructions
    files: "{language}.jsonl"
    columns: {id: key}
    prompt: "{prompt}"
"""


def test_instructions_are_followed_or_not(write: Write, tmp_path: Path) -> None:
    rows = [
        {
            "key": 1,
            "prompt": "Andika sentensi bila koma.",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{}],
        },
        {
            "key": 2,
            "prompt": "Jibu kwa JSON.",
            "instruction_id_list": ["detectable_format:json_format"],
            "kwargs": [{}],
        },
        {"key": 3, "prompt": "Imba.", "instruction_id_list": ["sing:song"], "kwargs": [{}]},
    ]
    write("swh_Latn.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    said = [
        ("swh_Latn", "1", "Watoto wanacheza uwanjani baada ya shule."),
        ("swh_Latn", "2", "Sitaki kufanya hivyo leo."),
    ]
    made = run(write, tmp_path, outputs(write, "out.jsonl", said), INSTRUCTED)
    held = {one.metric: one.value for one in made.scores}
    assert held["prompt_strict"] == held["instruction_loose"] == 0.5
    assert held["in_language"] == 1.0
    assert made.outcomes["follow"]["missed"].to_list() == [[], ["detectable_format:json_format"]]
    (lost,) = made.lost
    assert (lost["language"], lost["rows"]) == ("swh_Latn", 1)
    assert "sing:song" in lost["first"]


SHORT = """suite: small
version: 1
tasks:
  region:
    kind: short_answers
    level: culture
    skill: commonsense
    files: "{language}.jsonl"
    columns: {groups: answers, idks: idks, slices: {region: country}}
    prompt: "{question}"
"""


def test_short_answers_by_groups_of_votes(write: Write, tmp_path: Path) -> None:
    groups = [
        {"answers": ["ugali"], "en_answers": ["ugali"], "count": 4},
        {"answers": ["wali"], "en_answers": ["rice"], "count": 1},
    ]
    none = {"no-answer": 3, "not-applicable": 0, "idk": 0}
    rows = [
        {
            "id": n,
            "question": "Chakula?",
            "answers": groups,
            "idks": none if n == 3 else {"idk": 0},
            "country": "Tanzania",
        }
        for n in range(4)
    ]
    write("swh_Latn.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    said = [("swh_Latn", str(n), text) for n, text in enumerate(["Watu hula UGALI.", "wali", "pizza", "ugali"])]
    made = run(write, tmp_path, outputs(write, "out.jsonl", said), SHORT)
    held = {(one.metric, one.slice): (one.value, one.items, one.not_run) for one in made.scores}
    # The last is left out by the rule of the benchmark: three people had no answer.
    assert held["answered", None] == (pytest.approx(2 / 3), 3, 1)
    assert held["weighted", "region=Tanzania"][0] == pytest.approx((1 + 1 / 4) / 3)


def test_translations_in_another_language_and_made_up(write: Write, tmp_path: Path) -> None:
    text = TRANSLATE.replace("references: [one, two]", "references: [one]").replace(
        "metrics: [chrf++, ter]", "checks: [language, hallucination]\n    hallucination_below: 30"
    )
    right = "Wanafunzi wa shule ya msingi walikwenda kutembelea makumbusho ya taifa jana asubuhi"
    lines = [f"{n}\tsw\tThe pupils of the primary school visited the museum {n}\t{right}\n" for n in range(3)]
    write("pairs.tsv", "n\tlang\ten\tone\n" + "".join(lines))
    loop = "kwamba hii ndiyo sababu ya " * 12
    english = "The government announced on Tuesday that the new railway would open next year for everybody"
    rows = [("swh_Latn", str(n), said) for n, said in enumerate([right, loop, english])]
    made = run(write, tmp_path, outputs(write, "out.jsonl", rows), text)
    held = {one.metric: one.value for one in made.scores}
    assert held["hallucinated"] == pytest.approx(2 / 3)
    assert held["hallucination_loop"] == pytest.approx(1 / 3)
    assert held["in_language"] == pytest.approx(2 / 3)


def test_answers_without_noise_are_none_to_what_has_it(write: Write, topics: Path) -> None:
    text = ANSWERED + "    noise: {kinds: [typos], strength: 0.5}\n"
    clean = [(code, str(n), "AB"[n % 2]) for code in TEXTS for n in range(8)]
    made = run(write, topics, outputs(write, "clean.jsonl", clean), text)
    assert not [one for one in made.scores if one.metric == "robustness"]
    assert {(one.language, one.reason) for one in made.not_run} == {(code, "not_in_file") for code in TEXTS}
    assert all("with noise typos" in one.detail for one in made.not_run)
    rows = [{"language": c, "item": i, "output": o, "variant": v} for c, i, o in clean for v in (None, "typos")]
    file = write("noisy.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    made = run(write, topics, Outputs(file), text)
    assert {one.value for one in made.scores if one.metric == "robustness"} == {1.0}
    assert not made.not_run


def test_means_stay_on_their_scale(write: Write, topics: Path) -> None:
    almost = [(code, str(n), "AB"[n % 2] if n else "B") for code in TEXTS for n in range(8)]
    (mean,) = run(write, topics, outputs(write, "out.jsonl", almost), ANSWERED).to_json()["averages"]
    assert mean["value"] == pytest.approx(7 / 8)
    assert mean["low"] < mean["value"] and mean["high"] == 1.0
