"""What the chain says of records in two invented languages."""

from __future__ import annotations

import functools
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.synthesize.gates.invented import FIRST, SECOND, documents, pairs, part, records

from weft.errors import WeftError
from weft.model.records import RECORD, VERDICT
from weft.synthesize.gates.calibration import Calibration, calibrate
from weft.synthesize.gates.chain import judge
from weft.synthesize.gates.held_out import read
from weft.synthesize.gates.settings import GATES, GateSettings
from weft.synthesize.gates.trusted import merge, sample

SETTINGS = GateSettings()


@functools.cache
def trusted() -> pa.Table:
    return merge([sample(documents(pairs(500)), 2_000, 0)], 2_000)


@functools.cache
def calibration() -> Calibration:
    return calibrate(trusted(), SETTINGS)


def verdicts(rows: pa.Table, **rest: Any) -> list[list[dict[str, Any]]]:
    found = judge(rows, calibration(), rest.pop("settings", SETTINGS), **rest)
    assert found.type == pa.list_(VERDICT)
    assert len(found) == rows.num_rows
    return list(found.to_pylist())


def fails(rows: pa.Table, **rest: Any) -> list[str | None]:
    """The gate that refuses each record."""
    found = []
    for told in verdicts(rows, **rest):
        failed = [each["gate"] for each in told if each["verdict"] == "fail"]
        assert failed == [each["gate"] for each in told[-1:] if each["verdict"] == "fail"]
        found.append(failed[0] if failed else None)
    return found


def translations(rows: list[tuple[str, str]]) -> pa.Table:
    human = {"relation": "human", "language": FIRST}
    return records(*([part(of, **human), part(text, of)] for of, text in rows))


def test_most_good_translations_pass_and_say_by_what() -> None:
    found = verdicts(translations(pairs(200, 1)))
    assert sum(told[-1]["verdict"] == "fail" for told in found) <= 12
    good = next(told for told in found if told[-1]["verdict"] != "fail")
    order = [each["gate"] for each in good]
    assert order == sorted(order, key=GATES.index)
    assert set(order) == set(GATES) - {"contamination"}
    assert {each["part"] for each in good} == {1}
    length = next(each for each in good if each["gate"] == "length")
    assert length["low"] <= length["score"] <= length["high"]


def looped(text: str) -> str:
    return text[:-1] + f" {text.split()[-2]}" * 6


def cut(text: str) -> str:
    return " ".join(text.split()[: len(text.split()) // 2])


def renumbered(text: str) -> str:
    return "".join(str((int(letter) + 1) % 10) if letter.isdigit() else letter for letter in text)


@pytest.mark.parametrize(
    ("fault", "gates"),
    [
        (lambda of, text: of, {"language"}),
        (lambda of, text: cut(text), {"ending", "length"}),
        (lambda of, text: looped(text), {"repetition", "length", "ending"}),
        (lambda of, text: renumbered(text), {"numbers"}),
        (lambda of, text: text + " " + text[:-1] + " " + text, set(GATES)),
        (lambda of, text: "", {"finish"}),
        (lambda of, text: of + " " + text, {"finish"}),
        (lambda of, text: "I'm sorry, but I cannot translate this.", {"finish"}),
        (lambda of, text: "Here is the translation:\n" + text, {"finish"}),
        (lambda of, text: "".join(chr(ord(a) + 0x350) if a.islower() else a for a in text), {"script"}),
        (lambda of, text: " ".join(word[::-1] for word in text.split()), {"language", "lexical", "ending"}),
        (lambda of, text: text[:-1] + " https://example.org/x" + text[-1], {"numbers"}),
    ],
)
def test_faults_are_refused_by_the_gate_that_is_for_them(fault: Any, gates: set[str]) -> None:
    rows = [(of, fault(of, text)) for of, text in pairs(120, 2) if any(a.isdigit() for a in text)]
    found = fails(translations(rows))
    assert sum(each is not None for each in found) >= 0.95 * len(rows)
    assert sum(each in gates for each in found) >= 0.9 * len(rows)


def test_a_record_is_judged_alike_whatever_stands_beside_it() -> None:
    rows = pairs(12, 3)
    rows[4], rows[7] = (rows[4][0], rows[4][0]), (rows[7][0], "")
    whole = translations(rows)
    together = verdicts(whole)
    assert [verdicts(whole.slice(n, 1))[0] for n in range(len(rows))] == together
    assert verdicts(whole.take(pa.array(range(11, -1, -1))))[::-1] == together
    assert verdicts(whole.slice(0, 0)) == []


def test_rows_with_a_problem_have_no_verdicts() -> None:
    row = {"parents": ["x"], "problem": {"kind": "reject", "reason": "r", "detail": ""}}
    both = pa.concat_tables([pa.Table.from_pylist([row], RECORD), translations(pairs(1, 4))])
    assert [bool(told) for told in verdicts(both)] == [False, True]


def test_a_reply_that_was_cut_off_refuses_the_whole_record() -> None:
    of, text = pairs(1, 5)[0]
    told = verdicts(records([part(text, of)], finish="length"))[0]
    assert told == [
        dict.fromkeys(VERDICT.names) | {"gate": "finish", "version": 1, "verdict": "fail", "detail": "finish length"}
    ]
    assert fails(records([part(text, of)], finish="stop")) == fails(records([part(text, of)]))


def test_relations_choose_gates() -> None:
    of, text = pairs(30, 6)[20]
    shuffled = text.split()
    random.Random(1).shuffle(shuffled)
    switched = " ".join(word if n % 5 else of.split()[n] for n, word in enumerate(text[:-1].split())) + text[-1]
    wrong = {
        "human": (part(of, relation="human"), None),
        "degraded": (part(of, text, "degraded"), None),
        "empty and degraded": (part(" ", text, "degraded"), "finish"),
        "copied paraphrase": (part(text, text, "paraphrase", of_language=SECOND), "near_source"),
        "switched": (part(switched, text, "code_switch", of_language=SECOND), None),
        "answer of any length": (part(text, " ".join([of] * 9), "answer"), None),
        "echoed source": (part(of + " " + text, of, "answer"), "finish"),
    }
    found = fails(records(*([each] for each, _ in wrong.values())))
    assert dict(zip(wrong, found, strict=True)) == {name: gate for name, (_, gate) in wrong.items()}


def test_an_answer_that_repeats_its_question_is_an_echo() -> None:
    question, answer = (text for _, text in pairs(2, 7))
    asked = part(question, answer, "instruction", of_language=SECOND)
    assert fails(records([asked, part(f"{question} {answer}", question, "answer", of_language=SECOND)])) == ["finish"]
    assert fails(records([asked, part(question, answer, "answer", of_language=SECOND)])) == ["finish"]
    greeting = part("Salaam!", answer, "dialogue", of_language=SECOND)
    (told,) = verdicts(records([greeting, greeting]))
    assert {each["verdict"] for each in told if each["gate"] == "finish"} == {"pass"}


def test_gates_can_be_left_out_and_an_unknown_one_is_refused() -> None:
    rows = translations([(of, of) for of, _ in pairs(3, 8)])
    settings = GateSettings(leave_out=("language", "lexical", "copy", "ending", "numbers"))
    gates = {each["gate"] for told in verdicts(rows, settings=settings) for each in told}
    assert gates.isdisjoint(settings.leave_out)
    assert fails(rows, settings=settings) == ["near_source"] * 3
    with pytest.raises(ValidationError, match="leave_out"):
        GateSettings.model_validate({"leave_out": ["langauge"]})
    with pytest.raises(ValidationError, match="loss"):
        GateSettings.model_validate({"loss": {"language": 0.9}})


def test_what_nothing_trusted_tells_of_is_unjudged_or_held_to_what_is_stated() -> None:
    rows = records([part("Jina langu ni Asha na ninaishi hapa mjini.", "x" * 40, language="qzz_Latn")])
    told = {each["gate"]: each for each in verdicts(rows)[0]}
    assert {gate for gate, each in told.items() if each["verdict"] == "unjudged"} == {"language", "ending", "lexical"}
    assert told["language"]["score"] is None
    assert told["length"]["verdict"] == "pass"
    assert fails(records([part("abc", "x" * 40, language="qzz_Latn")])) == ["length"]


def test_items_that_are_held_out_are_found_whole_in_part_and_nearly(tmp_path: Path) -> None:
    file = tmp_path / "items.txt"
    rows = pairs(40, 9)
    file.write_text("\n".join(text for _, text in rows), "utf-8")
    held = read([file])
    long = [(of, text) for of, text in rows if len(text.split()) > 15]
    edited = [(of, text.replace(text.split()[1], "zemhov", 1)) for of, text in long]
    alone = GateSettings(leave_out=tuple(gate for gate in GATES if gate != "contamination"))  # type: ignore[arg-type]
    for given in (long, edited):
        assert fails(translations(given), settings=alone, held_out=held) == ["contamination"] * len(given)
    human = records(*([part(text, relation="human")] for _, text in long))
    assert set(fails(human, held_out=held)) == {"contamination"}
    assert set(fails(translations(pairs(30, 10)), settings=alone, held_out=held)) == {None}
    with pytest.raises(WeftError, match=r"none\.tsv"):
        read([tmp_path / "none.tsv"])


def test_a_calibration_is_the_same_bytes_and_reads_back() -> None:
    content = calibration().to_bytes()
    turned = trusted().take(pa.array(range(trusted().num_rows - 1, -1, -1)))
    assert calibrate(turned, SETTINGS).to_bytes() == content
    held = Calibration.from_bytes(content)
    assert held.to_bytes() == content
    rows = translations(pairs(20, 11))
    assert judge(rows, held, SETTINGS).equals(judge(rows, calibration(), SETTINGS))
    for wrong in (b"", b"no archive", content[:-30]):
        with pytest.raises(WeftError, match="calibration of gates"):
            Calibration.from_bytes(wrong)


def test_without_trusted_text_a_calibration_is_empty() -> None:
    empty = calibrate(trusted().slice(0, 0), SETTINGS)
    few = calibrate(trusted().slice(0, 30), SETTINGS)
    for held in (empty, few):
        assert held.bands.is_empty() and not held.texts
        again = Calibration.from_bytes(held.to_bytes())
        found = judge(translations(pairs(2, 12)), again, SETTINGS).to_pylist()
        assert {each["verdict"] for told in found for each in told} == {"pass", "unjudged"}
