from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.deduplicate.contamination import contamination
from weft.errors import WeftError
from weft.model.item_index import COMMON, SHORT, SOUGHT, Limits, make
from weft.model.item_search import Found, find

SWAHILI = "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa mbele ya sheria."
KHMER = "មនុស្សទាំងអស់កើតមកមានសេរីភាព និងភាពស្មើៗគ្នា ក្នុងសេចក្ដីថ្លៃថ្នូរនិងសិទ្ធិ។"
THAI = "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"
YORUBA = "Gbogbo ènìyàn ni a bí ní òmìnira; iyì àti ẹ̀tọ́ kọ̀ọ̀kan sì dọ́gba."


def items(*texts: str) -> pl.DataFrame:
    numbers = [str(n) for n in range(len(texts))]
    return pl.DataFrame({"benchmark": ["set"] * len(texts), "item": numbers, "id": numbers, "text": list(texts)})


def found(text: str | None, *known: str, near: float = 0.75, **limits: Any) -> list[Found]:
    return find(make(items(*known), Limits(**limits)), pa.array([text], pa.large_string()), near)


@pytest.mark.parametrize("item", [SWAHILI, KHMER, THAI, YORUBA])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.upper(),
        lambda text: text.replace(" ", "\n\t "),
        lambda text: "".join(" – " if unicodedata.category(letter)[0] == "P" else letter for letter in text),
        lambda text: unicodedata.normalize("NFD", text),
    ],
)
def test_case_space_punctuation_and_normal_form_do_not_hide_an_item(item: str, change: Any) -> None:
    body = change(item)
    document = f"Mwanzo wa ukurasa. {body} Mwisho wa ukurasa."
    (one,) = found(document, item)
    assert one.verbatim and one.share == 1.0
    inside = document[one.start : one.end]
    assert inside in body and len(inside) >= len(body.strip(" .។–")) - 1


@pytest.mark.parametrize("item", [KHMER, THAI, YORUBA])
def test_marks_count(item: str) -> None:
    bare = "".join(a for a in unicodedata.normalize("NFD", item) if unicodedata.category(a) != "Mn")
    assert bare != item
    assert not any(one.verbatim for one in found(bare, item))


@pytest.mark.parametrize(
    "document",
    [
        "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa mbele sheria.",
        "Watu wote wamezaliwa huru, hadhi na zao haki ni sawa mbele ya sheria.",
        "Watu wote wamezaliwa huru, hadhi na haki zetu ni sawa mbele ya sheria.",
        "Watu wote wamezaliwa huru, hadhi na haki kubwa zao ni sawa mbele ya sheria.",
    ],
)
def test_an_edited_item_is_near(document: str) -> None:
    (one,) = found(document, SWAHILI)
    assert not one.verbatim and 0.75 <= one.share <= 1.0
    assert document[one.start : one.end] == document[:-1]


def test_the_share_is_that_of_the_letters_in_order() -> None:
    (one,) = found(SWAHILI.replace("wamezaliwa", "wanaishi"), SWAHILI)
    letters = sum(letter.isalpha() for letter in SWAHILI)
    assert one.share == pytest.approx((letters - len("wamezaliwa")) / letters)
    assert found(SWAHILI.replace("wamezaliwa", "wanaishi"), SWAHILI, near=0.9) == []


def test_half_an_item_or_its_words_in_another_order_are_no_alarm() -> None:
    words = SWAHILI.split(" ")
    assert found(" ".join(words[: len(words) // 2]), SWAHILI) == []
    assert found(" ".join(reversed(words)), SWAHILI) == []
    assert found(" ".join(words[6:] + words[:6]), SWAHILI) == []


def test_what_several_items_share_is_no_sign_of_one_of_them() -> None:
    capitals = [f"What is the name of the capital city of {name}?" for name in "Kenya Chad Mali Togo Peru Fiji".split()]
    index = make(items(*capitals), Limits())
    assert index.items["status"].to_list() == [SOUGHT] * 6
    asked = pa.array(["Tell me, what is the name of the capital city of France?", f"So: {capitals[2]}"])
    (one,) = find(index, asked, 0.75)
    assert (one.row, one.text, one.verbatim) == (1, 2, True)


def test_items_that_are_too_short_or_too_common_are_named() -> None:
    greeting = "Good morning, how are you today?"
    known = items("yes", "no", "", "Paris is in France", greeting, SWAHILI)
    background = [pa.array([f"{greeting} {n}" for n in range(6)], pa.large_string())]
    index = make(known, Limits(), background)
    assert index.items["status"].to_list() == [SHORT, SHORT, SHORT, SHORT, COMMON, SOUGHT]
    assert index.counts().rows() == [("set", 6, 1, 4, 1)]
    assert find(index, pa.array(["yes no. Paris is in France. " + greeting]), 0.75) == []
    assert len(find(make(known, Limits()), pa.array([greeting]), 0.75)) == 1


def test_an_item_without_an_n_gram_is_too_short() -> None:
    assert make(items("one two three four five"), Limits(words=6)).items["status"].to_list() == [SHORT]
    assert make(items("one two three four five"), Limits(words=5)).items["status"].to_list() == [SOUGHT]


def test_only_the_best_of_similar_items_is_reported_and_items_beside_each_other_all_are() -> None:
    other = SWAHILI.replace("sawa", "moja")
    text = f"{other} {KHMER} {SWAHILI}"
    got = found(text, SWAHILI, other, KHMER)
    assert [(one.text, one.verbatim) for one in got] == [(1, True), (2, True), (0, True)]
    assert [one.start for one in got] == [0, text.index(KHMER), text.index(SWAHILI)]


def test_an_item_that_a_document_repeats_is_reported_once_and_at_its_copy() -> None:
    damaged = SWAHILI.replace("haki", "nchi").replace("sheria", "serikali")
    text = " ".join([damaged] * 3 + [SWAHILI] * 2)
    (one,) = found(text, SWAHILI)
    assert one.verbatim and one.start == text.index(SWAHILI)


NAMES = ("alfa", "beta", "gama", "delta", "ita", "ka", "m", "ก", "ข", "字")


def joined(words: Sequence[str]) -> str:
    return " ".join(words)


def letters_of(words: Sequence[str]) -> int:
    return sum(3 if len(word) > 1 or word == "m" else 1 for word in words)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=5, max_size=16),
    st.lists(st.sampled_from(NAMES), max_size=16),
    st.lists(st.sampled_from(NAMES), max_size=16),
    st.booleans(),
)
def test_verbatim_is_what_a_plain_search_finds(
    item: list[str], before: list[str], after: list[str], plant: bool
) -> None:
    document = before + (item if plant else []) + after
    index = make(items(joined(item)), Limits(3, 4, min_words=2, common=10**6))
    expected = any(document[n : n + len(item)] == item for n in range(len(document)))
    if index.items["status"][0] != SOUGHT:
        return
    got = [one for one in find(index, pa.array([joined(document)]), 0.75) if one.verbatim]
    assert bool(got) == expected
    for one in got:
        assert joined(document)[one.start : one.end] == joined(item)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=5, max_size=14), st.lists(st.sampled_from(NAMES), max_size=30))
def test_what_is_near_has_that_share_in_order(item: list[str], document: list[str]) -> None:
    """The longest common subsequence of the span and the item, by the textbook, holds at least the share reported."""
    index = make(items(joined(item)), Limits(2, 4, min_words=2, common=10**6))
    text = joined(document)
    for one in find(index, pa.array([text]), 0.6):
        span = text[one.start : one.end].split(" ")
        best = [[0] * (len(span) + 1) for _ in range(len(item) + 1)]
        for i, a in enumerate(item):
            for j, b in enumerate(span):
                best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], best[i][j] + len(a) * (a == b))
        whole = sum(map(len, item))
        assert 0.6 <= one.share <= best[-1][-1] / whole + 1e-9
        assert one.verbatim == (span == item)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6), st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=4))
def test_any_text_is_searched_and_spans_lie_inside(texts: list[str], known: list[str]) -> None:
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    index = make(items(*(k.encode("utf-8", "replace").decode() for k in known)), Limits(min_words=1))
    for one in find(index, pa.array(clean, pa.large_string()), 0.5):
        assert 0 <= one.start < one.end <= len(clean[one.row]) and 0.5 <= one.share <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a", []),
        ("…", []),
        ("a" * 10_000_000, [3]),
        ("a " * 1_000_000, [2]),
        (SWAHILI * 20_000, [0]),
        ("Watu wote wamezaliwa " * 300_000, []),
        ("ក" * 1_000_000, []),
    ],
)
def test_hostile_documents_are_searched_like_others(text: str, expected: list[int]) -> None:
    got = found(text, SWAHILI, KHMER, "a a a a a a a a", "a" * 4000)
    assert [one.text for one in got] == expected
    assert all(one.verbatim for one in got)


def write(folder: Path, name: str, content: str | bytes) -> str:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def test_the_label_names_benchmark_item_and_place(tmp_path: Path) -> None:
    first = write(tmp_path, "first.tsv", f"id\tlang\ttext\n7\tswh\t{SWAHILI}\n8\tkhm\t{KHMER}\n")
    second = write(tmp_path, "second.jsonl.gz", gzip.compress(f'{{"text": "{SWAHILI.upper()}"}}\n'.encode()))
    label = contamination(against=(first, second), name=None)
    table = label(pa.table({"text": pa.array([None, "hapana", f"Sema: {SWAHILI}"], pa.large_string())}))
    nothing, none, third = table["contamination"].to_pylist()
    assert nothing is None and none is None
    assert (third["items"], third["verbatim"], third["share"]) == (2, 2, 1.0)
    told = [(one["benchmark"], one["item"], one["start"], one["end"], one["kind"]) for one in third["found"]]
    end = 6 + len(SWAHILI) - 1
    assert told == [("first", "7", 6, end, "verbatim"), ("second", "1", 6, end, "verbatim")]


@pytest.mark.parametrize(
    ("name", "content", "given", "says"),
    [
        ("a.tsv", "id\ttexts\n1\tx\n", {}, "no column text; it has id, texts; did you mean texts?"),
        ("a.tsv", "id\ttext\n1\tx\n", {"name": "lang"}, "no column lang"),
        ("a.tsv", "text\n \n", {}, "no row has text under text"),
        ("a.tsv", b"text\n\xff\xfe\n", {}, "not UTF-8 at byte 5"),
        ("a.xlsx", "text\nx\n", {}, "expected a file of evaluation items: .tsv"),
        ("a.jsonl", '{"text": "x"\n', {}, "not a table of evaluation items (.jsonl)"),
        ("a.jsonl", '{"text": 3}\n', {}, "column text holds Int64; expected texts"),
        ("a.tsv.gz", b"\x1f\x8b\x08junk", {}, "the compressed file is cut or corrupt"),
        ("a.parquet", b"PAR1 is not enough", {}, "not a table of evaluation items (.parquet)"),
        ("a.tsv", "", {}, "not a table of evaluation items (.tsv)"),
    ],
)
def test_files_that_hold_no_items_are_refused(
    tmp_path: Path, name: str, content: Any, given: dict[str, Any], says: str
) -> None:
    file = write(tmp_path, name, content)
    with pytest.raises(WeftError) as raised:
        contamination(against=(file,), **given)
    assert str(raised.value).startswith(file) and says in str(raised.value)


def test_a_file_that_is_missing_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="cannot be read: No such file"):
        contamination(against=(str(tmp_path / "no.tsv"),))
    first = write(tmp_path, "a.tsv", f"text\n{SWAHILI}\n")
    (tmp_path / "b").mkdir()
    second = write(tmp_path / "b", "a.csv", f"text\n{SWAHILI}\n")
    with pytest.raises(WeftError, match="two files of evaluation items are called a"):
        contamination(against=(first, second))


def test_several_columns_and_formats(tmp_path: Path) -> None:
    frame = pl.DataFrame({"idx": [4], "premise": [SWAHILI], "choice1": [KHMER]})
    frame.write_parquet(tmp_path / "copa.parquet")
    write(tmp_path, "lines.txt", f"hi\n{THAI}\n")
    write(tmp_path, "quoted.csv", f'idx,premise,choice1\n1,"{YORUBA}",x\n')
    files = (str(tmp_path / "copa.parquet"), str(tmp_path / "quoted.csv"))
    label = contamination(against=files, text=("premise", "choice1"), id="idx")
    (one,) = label(pa.table({"text": [f"{KHMER}. {SWAHILI} {YORUBA}"]}))["contamination"].to_pylist()
    told = [(entry["benchmark"], entry["item"]) for entry in one["found"]]
    assert told == [("copa", "4/choice1"), ("copa", "4/premise"), ("quoted", "1/premise")]
    label = contamination(against=(str(tmp_path / "lines.txt"),))
    (thai,) = label(pa.table({"text": [THAI]}))["contamination"].to_pylist()
    assert thai["found"][0]["item"] == "2"


def test_a_row_does_not_depend_on_batch_or_order(tmp_path: Path) -> None:
    label = contamination(against=(write(tmp_path, "a.tsv", f"text\n{SWAHILI}\n{THAI}\n"),))
    texts = [THAI, None, "x", f"a {SWAHILI} b", "", SWAHILI.lower() + THAI]
    together = label(pa.table({"text": pa.array(texts, pa.large_string())}))["contamination"].to_pylist()
    alone = [label(pa.table({"text": pa.array([t], pa.string())}))["contamination"].to_pylist()[0] for t in texts]
    assert alone == together
    turned = label(pa.table({"text": pa.chunked_array([texts[3:][::-1], texts[:3][::-1]], pa.string())}))
    assert turned["contamination"].to_pylist() == together[::-1]
