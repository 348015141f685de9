"""Names in text, and their tags by word."""

from __future__ import annotations

from weft.synthesize.tags import Span, by_word, grounded, tag_of, told


def test_names_of_tags_are_one_scheme() -> None:
    assert [tag_of(one) for one in ("PER", "person", "B-LOC", " Organisation ", "gpe", "weapon")] == [
        "PER", "PER", "LOC", "ORG", "LOC", None,
    ]  # fmt: skip


def test_a_name_is_found_everywhere_and_only_as_a_whole_word() -> None:
    text = "Ana alikwenda Nairobi. Anasema Nairobi ni kubwa."
    spans, lost = grounded(text, [("Nairobi", "LOC"), ("Ana", "PER"), ("Mombasa", "LOC")])
    assert spans == [Span(0, 3, "PER"), Span(14, 21, "LOC"), Span(31, 38, "LOC")]
    assert lost == ["Mombasa"]


def test_the_longer_name_comes_first() -> None:
    text = "Benki ya Kenya iko Kenya."
    spans, _ = grounded(text, [("Kenya", "LOC"), ("Benki ya Kenya", "ORG")])
    assert [(text[one.begin : one.end], one.tag) for one in spans] == [("Benki ya Kenya", "ORG"), ("Kenya", "LOC")]


def test_a_name_with_two_tags_is_none() -> None:
    assert grounded("Washington", [("Washington", "PER"), ("Washington", "LOC")]) == ([], ["Washington"])
    assert grounded("x", [(" ", "PER")]) == ([], [""])


def test_a_name_does_not_end_before_a_mark() -> None:
    assert grounded("कमला", [("कमल", "PER")])[0] == []
    assert grounded("e\u0301", [("e", "MISC")])[0] == []


def test_scripts_without_spaces_have_names_within_runs() -> None:
    text = "ฉันอยู่กรุงเทพกับแม่"
    spans, _ = grounded(text, [("กรุงเทพ", "LOC")])
    assert [text[one.begin : one.end] for one in spans] == ["กรุงเทพ"]
    held, tags = by_word(text, spans)
    assert "".join(held) == text
    assert "".join(word for word, tag in zip(held, tags, strict=True) if tag != "O") == "กรุงเทพ"
    assert next(tag for tag in tags if tag != "O") == "B-LOC"


def test_words_have_the_tags_of_their_names() -> None:
    text = "Wangari Maathai alizaliwa Nyeri."
    assert told(text, [Span(0, 15, "PER"), Span(26, 31, "LOC")]) == {
        "scheme": ["PER", "LOC", "ORG", "DATE", "MISC"],
        "spans": [{"begin": 0, "end": 15, "tag": "PER"}, {"begin": 26, "end": 31, "tag": "LOC"}],
        "words": ["Wangari", "Maathai", "alizaliwa", "Nyeri", "."],
        "tags": ["B-PER", "I-PER", "O", "B-LOC", "O"],
    }


def test_a_text_of_nothing_has_no_words() -> None:
    assert by_word("", []) == ([], [])
