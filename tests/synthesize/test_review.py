"""Tasks hide what made a text; judgements become rates with intervals, and the gate reads those."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from tests.synthetic_records import SCHEMA, conversation, pair, preference, text

from weft.errors import WeftError
from weft.synthesize.making import Parent
from weft.synthesize.review import Judgement, control, judgements_jsonl, read_judgements, tasks
from weft.synthesize.review_acceptance import acceptance, krippendorff, release_gate, unmatched
from weft.synthesize.review_guidelines import SCALES, guidelines


def _records(*made) -> pa.Table:
    return pa.Table.from_pylist(list(made), SCHEMA)


def _made(count: int = 30) -> pa.Table:
    return _records(
        *(text(n, f"Leo ni siku ya {n} njema sana.") for n in range(count)),
        *(pair(n, f"The rain of day {n}.", f"Mvua ya siku {n}.") for n in range(count)),
    )


def _controls(count: int = 40) -> list[dict]:
    plain = [Parent(0, f"human {n}", f"Jana nilimwona mtu wa {n}.", "swh_Latn", "text") for n in range(count)]
    sides = {"swh_Latn": "Watoto wanacheza.", "eng_Latn": "Children play.", "fra_Latn": "Les enfants jouent."}
    pairs = [Parent(0, f"human pair {n}", "both", None, "pair", sides) for n in range(count)]
    return [held for parent in (*plain, *pairs) if (held := control(parent)) is not None]


def test_a_task_says_nothing_of_what_made_it():
    drawn = tasks(_made(), 8, seed=1, controls=_controls())
    key = {row["task"]: row for row in drawn.key.to_pylist()}
    assert len(drawn.tasks) == len(key) == 20 and set(key) == {task["task"] for task in drawn.tasks}
    assert {(row["recipe"], row["control"]) for row in key.values()} == {
        (recipe, control)
        for recipe in ("synthesize.code_switch@1", "synthesize.back_translation@1")
        for control in (True, False)
    }
    told = drawn.jsonl()
    for word in ("synthesize", "tiny", "seeds", "human", "relation", "made", "code_switch"):
        assert word not in told
    assert not any(row["id"] in told for row in key.values())
    by_kind = {
        kind: {json.dumps([sorted(task), [sorted(part) for part in task["parts"]]]) for task in drawn.tasks
               if task["kind"] == kind}
        for kind in ("text", "pair")
    }  # fmt: skip
    assert all(len(shapes) == 1 for shapes in by_kind.values())  # the shape of a task does not tell a control either
    assert {task["guidelines"] for task in drawn.tasks} == {guidelines().title}
    text_task = next(task for task in drawn.tasks if task["kind"] == "text")
    assert text_task["scales"] == ["fluency", "naturalness", "harm"]
    assert [task["task"] for task in drawn.tasks] == sorted(key)  # one language: in the order of random ids


def test_the_draw_is_by_id_and_seed_and_never_by_order():
    made = _made()
    first = tasks(made, 8, seed=1, controls=_controls())
    again = tasks(made.take(list(range(len(made)))[::-1]), 8, seed=1, controls=_controls()[::-1])
    assert first.tasks == again.tasks and first.key.equals(again.key)
    other = tasks(made, 8, seed=2, controls=_controls())
    assert {row["id"] for row in other.key.to_pylist()} != {row["id"] for row in first.key.to_pylist()}
    assert not {task["task"] for task in first.tasks} & {task["task"] for task in other.tasks}


def test_what_a_record_was_made_of_is_no_control_and_no_control_stands_twice():
    made = _records(*(text(n, "Leo ni siku njema.", parents=["human 0"]) for n in range(4)),
                    *(text(n + 50, "Leo ni siku njema.", recipe="synthesize.noise") for n in range(4)))  # fmt: skip
    plain = [one for one in _controls(3) if one["kind"] == "text"]
    drawn = tasks(made, 4, seed=0, controls=plain, share=0.5)
    controls = [row["id"] for row in drawn.key.to_pylist() if row["control"]]
    assert sorted(controls) == ["human 1", "human 2"]


def test_a_control_is_about_as_long_as_a_record():
    long = [Parent(0, f"long {n}", "neno " * 500, "swh_Latn", "text") for n in range(20)]
    drawn = tasks(_made(), 10, seed=0, controls=[held for one in long if (held := control(one))], share=0.5)
    assert not any(row["control"] for row in drawn.key.to_pylist())


def test_every_kind_is_shown_as_it_is_read():
    made = _records(conversation(1, "Nini?", "Hii."), preference(2, "Eleza.", "Jibu.", "Jibu jibu."))
    shown = {task["kind"]: task["parts"] for task in tasks(made, 5, seed=0).tasks}
    assert [part["role"] for part in shown["sft"]] == ["user", "assistant"]
    assert [part["field"] for part in shown["dpo"]] == ["prompt", "chosen", "rejected"]


def _judge(task: str, reviewer: str = "r1", language: str = "yes", **ratings: int) -> Judgement:
    return Judgement(task, reviewer, language, {"fluency": 5, "naturalness": 5, "harm": 5, **ratings})


def _drawn(count: int = 20):
    drawn = tasks(_records(*(text(n, f"Leo ni siku ya {n}.") for n in range(count))), count, seed=0,
                  controls=[one for one in _controls() if one["kind"] == "text"])  # fmt: skip
    names = {flag: [row["task"] for row in drawn.key.to_pylist() if row["control"] is flag] for flag in (True, False)}
    return drawn.key, names[False], names[True]


def test_acceptance_counts_records_and_controls_apart_with_intervals():
    key, made, controls = _drawn()
    said = [
        *(_judge(task) for task in made[:14]),
        *(_judge(task, fluency=2) for task in made[14:16]),
        _judge(made[16], language="partly"),
        _judge(made[17], harm=1),
        Judgement(made[18], "r1", None, skipped=True),
        *(_judge(task) for task in controls),
        _judge("0" * 16),
    ]
    (row,) = acceptance(said, key).to_dicts()
    assert (row["recipe"], row["language"]) == ("synthesize.code_switch@1", "swh_Latn")
    assert (row["tasks"], row["rated"], row["accepted"]) == (20, 18, 14)
    assert row["rate"] == pytest.approx(14 / 18)
    # Wilson's interval of 14 in 18, from the formula of the 1927 paper worked by hand.
    assert (row["low"], row["high"]) == (pytest.approx(0.5479, abs=1e-4), pytest.approx(0.9100, abs=1e-4))
    assert (row["controls_rated"], row["controls_accepted"]) == (5, 5)
    assert (row["reviewers"], row["judgements"]) == (1, 23) and row["alpha_fluency"] is None
    assert unmatched(said, key) == 1


def test_a_text_needs_more_than_half_of_its_judges():
    key, made, _ = _drawn()
    said = [_judge(made[0], "r1"), _judge(made[0], "r2", fluency=1), _judge(made[1], "r1"), _judge(made[1], "r2"),
            _judge(made[1], "r3", naturalness=1)]  # fmt: skip
    (row,) = acceptance(said, key).to_dicts()
    assert (row["rated"], row["accepted"], row["reviewers"]) == (2, 1, 3)
    assert row["alpha_fluency"] is not None and row["alpha_fluency"] < 0.5


def test_the_gate_reads_the_lower_end_of_the_interval():
    key, made, _ = _drawn()
    all_good = acceptance([_judge(task) for task in made], key)
    assert release_gate(all_good, 0.8)["state"].to_list() == ["allowed"]  # 20 of 20: from 0.839
    (held,) = release_gate(all_good, 0.9).to_dicts()
    assert held["state"] == "held" and "at this rate 50 ratings would do" in held["detail"]
    (unknown,) = release_gate(acceptance([], key), 0.8).to_dicts()
    assert unknown["state"] == "unknown" and unknown["detail"] == "none of 20 tasks is rated"


def test_agreement_is_krippendorffs_ordinal_alpha():
    # Data and the ordinal alpha of 0.815 are those of Krippendorff (2011), section E.
    observers = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    counts = [[sum(row[unit] == str(value) for row in observers) for value in range(1, 6)] for unit in range(12)]
    assert krippendorff(counts) == pytest.approx(0.815, abs=5e-4)
    assert krippendorff([[2, 0, 0], [0, 0, 3]]) == 1
    assert krippendorff([[1, 0, 0], [0, 1, 0]]) is None and krippendorff([[2, 0], [3, 0]]) is None
    assert krippendorff([]) is None
    # Of ordinal values near misses count less than far ones.
    near, far = [[1, 1, 0, 0], [0, 0, 1, 1]], [[1, 0, 0, 1], [0, 1, 1, 0]]
    assert krippendorff(near) > krippendorff(far)


def test_judgements_are_read_back_and_the_last_of_a_reviewer_counts():
    said = [_judge("a"), _judge("a", "r2"), _judge("a", fluency=1), Judgement("b", "r1", None, skipped=True)]
    held = read_judgements(judgements_jsonl(said).encode(), "j.jsonl")
    assert held == [said[2], said[1], said[3]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "is list; expected an object"),
        ('{"reviewer": "r"}', "task is None; expected a text"),
        ('{"task": "a", "reviewer": "r", "language": "maybe"}', "language is 'maybe'; expected yes, partly, no"),
        ('{"task": "a", "reviewer": "r", "language": "yes"}', "there are no ratings"),
        ('{"task": "a", "reviewer": "r", "language": "yes", "ratings": {"fluency": 6}}', "fluency is 6; expected 1 to"),
        ('{"task": "a", "reviewer": "r", "language": "yes", "ratings": {"fluency": true}}', "fluency is True"),
        ('{"task": "a", "reviewer": "r", "language": "yes", "ratings": {"fluancy": 5}}', "did you mean fluency"),
        ('{"task": "a", "reviewer": "r", "rating": {}}', "rating is no field; .*did you mean ratings"),
        ('{"task": "a", "reviewer": "r", "skipped": "yes"}', "skipped is 'yes'"),
        ('{"task": "a", "reviewer": "r", "language": "no", "seconds": "9"}', "seconds is '9'"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str):
    good = judgements_jsonl([_judge("a")])
    with pytest.raises(WeftError, match=rf"^j\.jsonl, line 3: .*{message}"):
        read_judgements(f"{good}\n{line}\n".encode(), "j.jsonl")


def test_the_guidelines_anchor_every_value_of_every_scale():
    written = guidelines().text
    for scale in SCALES:
        section = written.split(f"### {scale}\n")[1].split("###")[0]
        assert all(f"\n- {value}: " in section for value in range(1, 6))
