"""Items come from whatever the files hold; what is broken costs itself alone, and is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.evaluate.conftest import TEXTS, TOPIC, Write

from weft.errors import WeftError
from weft.evaluate.items import Choice, Items, codes_in, read_items
from weft.evaluate.suite import Suite, load
from weft.model.evaluation_items import read_table

ALL = Choice()


def suite_of(write: Write, text: str = TOPIC) -> Suite:
    return load(str(write("suite.yaml", text)))[0]


def read(write: Write, data: Path, text: str = TOPIC, choice: Choice = ALL) -> Items:
    return read_items("topic", suite_of(write, text).tasks["topic"], data, choice)


def test_prompts_answers_and_slices(write: Write, topics: Path) -> None:
    found = read(write, topics)
    assert sorted(found.frames) == sorted(TEXTS)
    assert found.not_run == [] and found.lost == {}
    frame = found.frames["amh_Ethi"]
    assert frame["prompt"][1] == "የጥርስ ሐኪም 1\nThe topic is:"
    assert frame["right"].to_list() == [0, 1] * 4
    assert frame["choices"].to_list() == [["travel", "health"]] * 8
    assert frame["slice.topic"].to_list() == ["travel", "health"] * 4
    assert frame["item"].to_list() == [str(number) for number in range(8)]


def test_a_broken_file_costs_its_language_alone(write: Write, topics: Path) -> None:
    (topics / "topic" / "khm_Khmr.jsonl").write_text('{"id": 1, "text": "x"', "utf-8")
    (topics / "topic" / "xx_Nope.jsonl").write_text("{}\n", "utf-8")
    write("topic/yor_Latn.jsonl", '{"id": 1, "text": "Ìrìnàjò"}\n')
    found = read(write, topics)
    assert sorted(found.frames) == ["amh_Ethi", "swh_Latn"]
    told = {one.language: (one.reason, one.detail) for one in found.not_run}
    assert told["khm_Khmr"][0] == "broken_file" and "khm_Khmr.jsonl: " in told["khm_Khmr"][1]
    assert told["yor_Latn"][0] == "broken_file" and "no column topic" in told["yor_Latn"][1]
    assert told["xx_Nope"][0] == "broken_file"


def test_rows_without_what_is_asked_are_counted(write: Write, topics: Path) -> None:
    file = topics / "topic" / "swh_Latn.jsonl"
    more = [{"id": 8, "text": None, "topic": "travel"}, {"id": 9, "text": "Basi", "topic": "food"}]
    file.write_text(file.read_text("utf-8") + "".join(json.dumps(row) + "\n" for row in more), "utf-8")
    found = read(write, topics)
    assert found.frames["swh_Latn"].height == 8
    assert found.lost == {"swh_Latn": 2}


def test_limits_and_examples_are_the_same_items_in_all_languages(write: Write, topics: Path) -> None:
    text = TOPIC + "    shots: {count: 2}\n"
    found = read(write, topics, text, Choice(limit=3, seed=7))
    asked = [frame["item"].to_list() for frame in found.frames.values()]
    assert len(asked[0]) == 3 and asked[0] == asked[1] == asked[2]
    prompt = found.frames["swh_Latn"]["prompt"][0]
    assert prompt.count("The topic is: travel\n\n") + prompt.count("The topic is: health\n\n") == 2
    shown = {line.rsplit(" ", 1)[1] for line in prompt.split("\n") if line and not line.startswith("The topic")}
    assert len(shown) == 3 and shown & set(asked[0]) == {asked[0][0]}
    again = read(write, topics, text, Choice(limit=3, seed=8))
    assert again.frames["swh_Latn"]["item"].to_list() != asked[0] or again.frames["swh_Latn"]["prompt"][0] != prompt


def test_too_few_examples_is_not_run(write: Write, topics: Path) -> None:
    found = read(write, topics, TOPIC + '    shots: {count: 2, rows: "id = 3"}\n')
    assert found.frames == {}
    assert {one.reason for one in found.not_run} == {"no_examples"}


def test_one_packed_file_with_a_column_of_languages(write: Write, tmp_path: Path) -> None:
    rows = "lang\tn\ttext\ttopic\nsw\t1\tSafari\ttravel\nam\t1\tጉዞ\ttravel\nzz9\t1\tx\ttravel\nsw\t2\tDawa\thealth\n"
    (tmp_path / "topic.tsv.gz").write_bytes(gzip.compress(rows.encode()))
    text = TOPIC.replace('"topic/{language}.jsonl"', "topic.tsv").replace("{answer:", "{id: n, language: lang, answer:")
    found = read(write, tmp_path, text)
    assert {code: frame.height for code, frame in found.frames.items()} == {"amh_Ethi": 1, "swh_Latn": 2}
    assert [(one.language, one.reason) for one in found.not_run] == [("zz9", "unknown_language")]


@pytest.mark.parametrize(
    ("answers", "base", "right"),
    [(["0", "1", "2"], 0, [0, 1, None]), (["1", "2", "0"], 1, [0, 1, None]), (["A", "B", "C"], 0, [0, 1, None])],
)
def test_the_right_choice_by_number_label_or_text(
    write: Write, tmp_path: Path, answers: list[str], base: int, right: list[int | None]
) -> None:
    held = {"text": ["a", "b", "c"], "one": ["red", "big", "x"], "two": ["blue", "low", "y"], "topic": answers}
    (tmp_path / "topic").mkdir()
    pl.DataFrame(held).write_ndjson(tmp_path / "topic" / "swh_Latn.jsonl")
    text = TOPIC.replace("    choices: [travel, health]\n", "").replace(
        "{answer: topic,", f"{{answer: topic, answers_from: {base}, choices: [one, two],"
    )
    found = read(write, tmp_path, text)
    assert found.frames["swh_Latn"]["right"].to_list() == [one for one in right if one is not None]
    assert found.lost == {"swh_Latn": 1}


def test_what_was_asked_for_and_is_not_there_is_named(write: Write, topics: Path) -> None:
    found = read(write, topics, choice=Choice(languages=codes_in(["sw", "hau"])))
    assert list(found.frames) == ["swh_Latn"]
    assert [(one.language, one.reason) for one in found.not_run] == [("hau_Latn", "no_data")]


TRANSLATE = """suite: small
version: 1
tasks:
  topic:
    kind: translate
    level: language
    skill: translation
    files: "{language}.jsonl"
    columns: {text: text}
    pivot: eng_Latn
    prompt: "From {source_language} to {target_language}: {source}"
"""


def lines(**texts: str) -> str:
    return "".join(json.dumps({"id": key, "text": text}, ensure_ascii=False) + "\n" for key, text in texts.items())


def test_sentences_are_joined_with_those_of_the_pivot(write: Write, tmp_path: Path) -> None:
    write("eng_Latn.jsonl", lines(a="One", b="Two", c="Three"))
    write("swh_Latn.jsonl", lines(b="Mbili", a="Moja", d="Nne"))
    frame = read(write, tmp_path, TRANSLATE).frames["swh_Latn"]
    held: dict[str, Any] = {
        (row["direction"], row["item"]): (row["prompt"], row["references"]) for row in frame.iter_rows(named=True)
    }
    assert held == {
        ("from_pivot", "a"): ("From English to Swahili: One", ["Moja"]),
        ("from_pivot", "b"): ("From English to Swahili: Two", ["Mbili"]),
        ("to_pivot", "a"): ("From Swahili to English: Moja", ["One"]),
        ("to_pivot", "b"): ("From Swahili to English: Mbili", ["Two"]),
    }


def test_without_the_pivot_nothing_is_run_and_it_is_said(write: Write, tmp_path: Path) -> None:
    write("eng_Latn.jsonl", "{")
    write("swh_Latn.jsonl", lines(a="Moja"))
    found = read(write, tmp_path, TRANSLATE)
    assert found.frames == {}
    assert {one.reason for one in found.not_run} == {"broken_file", "no_pivot"}


def test_an_id_that_stands_twice_is_asked_once(write: Write, tmp_path: Path) -> None:
    rows = [(1, "a", "travel"), (1, "b", "health"), (2, "c", "health"), (2, "c", "health"), (3, "", "health")]
    text = "".join(json.dumps({"id": n, "text": t, "topic": topic}) + "\n" for n, t, topic in rows)
    write("topic/swh_Latn.jsonl", text)
    held = load(str(write("suite.yaml", TOPIC)))[0]
    found = read_items("topic", held.tasks["topic"], tmp_path, Choice())
    frame = found.frames["swh_Latn"]
    assert frame["item"].to_list() == ["1", "2"]
    assert frame["prompt"][0].startswith("a\n")
    assert found.lost == {"swh_Latn": 3}
    # Of several things that are wrong the last that was found is told.
    assert "item 3: a column that is asked for is empty" in found.faults["swh_Latn"]


def test_one_id_in_two_splits_is_no_copy(write: Write, tmp_path: Path) -> None:
    rows = [{"id": 1, "text": split, "topic": "travel", "split": split} for split in ("train", "test")]
    write("topic/swh_Latn.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    held = load(str(write("suite.yaml", TOPIC + "    rows: split = 'test'\n")))[0]
    found = read_items("topic", held.tasks["topic"], tmp_path, Choice())
    assert found.frames["swh_Latn"]["prompt"][0].startswith("test\n") and not found.lost


COLUMNS = TOPIC.replace("    choices: [travel, health]\n", "")


@pytest.mark.parametrize(
    ("answers", "more", "right"),
    [
        # Belebele: numbers from 1 of choices that are numbers themselves.
        (["2", "4", "1"], "answers_from: 1, ", [1, 3, 0]),
        # Multiple choice of letters, as blood groups.
        (["B", "A", "D"], "", [1, 0, 3]),
        # Texts, said to be texts.
        (["2", "4", "1"], "answers_are: text, ", [2, 0, 3]),
    ],
)
def test_choices_that_are_numbers_or_letters_themselves(
    write: Write, tmp_path: Path, answers: list[str], more: str, right: list[int]
) -> None:
    letters = answers == ["B", "A", "D"]
    four = ("B", "A", "O", "AB") if letters else ("4", "3", "2", "1")
    held = {name: [choice] * 3 for name, choice in zip(("one", "two", "three", "four"), four, strict=True)}
    (tmp_path / "topic").mkdir()
    pl.DataFrame({"text": ["a", "b", "c"], "topic": answers} | held).write_ndjson(tmp_path / "topic" / "swh_Latn.jsonl")
    text = COLUMNS.replace("{answer: topic,", f"{{answer: topic, {more}choices: [one, two, three, four],")
    assert read(write, tmp_path, text).frames["swh_Latn"]["right"].to_list() == right


def test_an_empty_choice_in_between_would_move_the_letters(write: Write, tmp_path: Path) -> None:
    (tmp_path / "topic").mkdir()
    held = {"text": ["a", "b"], "topic": ["C", "B"], "one": ["p", "p"], "two": [None, "q"], "three": ["r", None]}
    pl.DataFrame(held).write_ndjson(tmp_path / "topic" / "swh_Latn.jsonl")
    text = COLUMNS.replace("{answer: topic,", "{answer: topic, choices: [one, two, three],")
    found = read(write, tmp_path, text)
    assert found.frames["swh_Latn"]["choices"].to_list() == [["p", "q"]]
    assert found.faults == {"swh_Latn": "item 1: a choice before another one is empty"}


def test_an_answer_that_is_no_choice_is_named(write: Write, topics: Path) -> None:
    file = topics / "topic" / "swh_Latn.jsonl"
    file.write_text(file.read_text("utf-8").replace("travel", "7"), "utf-8")
    found = read(write, topics)
    assert (
        found.faults["swh_Latn"] == "item 0: the answer is 7, none of the choices; numbers count from 0 (answers_from)"
    )


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (['"He said ""no"", she left."', "plain"], ['He said "no", she left.', "plain"]),
        (['"""Hi"""', "x"], ['"Hi"', "x"]),
        # Whoever wrote these wrote no quotation marks of CSV.
        (['"Hello" he said', '"x"'], ['"Hello" he said', '"x"']),
        (['"x ""y"""', 'a bare " mark'], ['"x ""y"""', 'a bare " mark']),
    ],
)
def test_quotation_marks_of_csv_in_tsv(tmp_path: Path, cells: list[str], texts: list[str]) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("id\ttext\n" + "".join(f"{n}\t{cell}\n" for n, cell in enumerate(cells)), "utf-8")
    assert read_table(file)["text"].to_list() == texts


def test_a_condition_names_the_column_that_is_not_there(write: Write, topics: Path) -> None:
    found = read(write, topics, TOPIC + "    rows: \"topc = 'travel'\"\n")
    said = {one.detail for one in found.not_run}
    assert said == {"rows: no column topc; there are id, text, topic; did you mean topic?"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": [["x", 3]]}\n', "line 2: a is a list; in line 1 it is a number"),
        ("a.jsonl", '{"g": [{"a": 1}]}\n\n{"g": [[1]]}\n', r"line 3: g\[\] is a list; in line 1 it is an object"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "line 2 is no JSON"),
        ("a.jsonl", '{"a": 1}\n{"a": NaN}\n', "line 2 is no JSON: NaN is no number of JSON"),
        ("a.jsonl", '{"a": 1}\n[1]\n', "line 2 is no object"),
        ("a.jsonl", "", "it is empty"),
        ("a.tsv", "a\tb\n1\t2\n1\t2\t3\n", "line 3 has 3 cells; expected 2"),
    ],
)
def test_the_line_of_a_broken_table_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    with pytest.raises(WeftError, match=said):
        read_table(file)
