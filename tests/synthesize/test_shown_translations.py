"""What a model is shown before it translates: like pairs, or entries of a dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.synthesize.answers import Answering, documents, made, reasons

from weft.errors import WeftError
from weft.parallel.word_entries import Entries, fold
from weft.synthesize.dictionary_translation import dictionary_translation
from weft.synthesize.in_context_translation import answer, in_context_translation

POOL = [
    ("the goat eats grass", "mbuzi anakula nyasi"),
    ("the cow eats grass by the river", "ng'ombe anakula nyasi kando ya mto"),
    ("a boat on the river", "mashua mtoni"),
    ("she sings a song", "anaimba wimbo"),
]


@pytest.fixture
def pool(tmp_path: Path) -> str:
    file = tmp_path / "pool.tsv"
    file.write_text("\n".join("\t".join(row) for row in [("eng_Latn", "swh_Latn"), *POOL]) + "\n", "utf-8")
    return str(file)


def shown(pool: str, **more: Any) -> Any:
    given = {"service": "w", "source": "eng_Latn", "into": "swh_Latn", "pool": [pool], "pool_license": "CC-BY-4.0"}
    return in_context_translation(**(given | more))


def test_the_most_similar_pair_stands_next_to_the_text_and_the_text_itself_is_never_shown(pool: str) -> None:
    client = Answering(lambda said, sample: "ng'ombe anakula nyasi")
    (record,) = made(shown(pool, shots=2), documents({"text": "the cow eats grass", "language": "eng_Latn"}), client)
    (said,) = client.asked
    assert said.index("the goat eats grass") < said.index("the cow eats grass by the river") < said.index("<text-")
    assert record["shots"] == ["pool.tsv#1", "pool.tsv#2"] and "she sings" not in said
    assert [part["made"] for part in record["parts"]] == [False, True]
    client = Answering(lambda said, sample: "x")
    made(shown(pool, shots=4), documents({"text": "The goat eats grass!", "language": "eng_Latn"}), client)
    assert "mbuzi" not in client.asked[0] and "ng'ombe" in client.asked[0]


def test_sides_messages_and_pieces(pool: str) -> None:
    client = Answering(lambda said, sample: "X." if "<text-" in said else None)
    batch = documents(
        {"sides": {"eng_Latn": "A boat.", "fra_Latn": "Un bateau."}},
        {"messages": [("user", "Sing a song."), ("assistant", "La la.")], "language": "eng_Latn"},
        {"text": "One goat. Two goats.\n\nA river.", "language": "eng_Latn"},
        {"text": "Habari.", "language": "swh_Latn"},
    )
    rows = made(shown(pool), batch, client)
    assert [row["parts"] and row["parts"][0]["text"] for row in rows] == [
        *("A boat.", "Sing a song.", "One goat. Two goats.\n\nA river.", None)
    ]
    assert rows[2]["parts"][1]["text"] == "X. X.\n\nX." and len(rows[2]["calls"]) == 3
    assert reasons(rows) == [None, None, None, "other_language"]
    for per, count in (("document", 1), ("paragraph", 2)):
        assert len(made(shown(pool, per=per), batch.slice(2, 1), client)[0]["calls"]) == count


def test_a_text_with_a_piece_that_has_no_answer_gives_no_record(pool: str) -> None:
    client = Answering(lambda said, sample: None if "\nTwo." in said else "x")
    (row,) = made(shown(pool), documents({"text": "One. Two.", "language": "eng_Latn"}), client)
    assert reasons([row]) == ["no_translation"] and len(row["calls"]) == 1


def test_a_reply_ends_where_another_block_begins() -> None:
    assert answer("Swahili:\nmbuzi\nwawili\n###\nEnglish:\nx", "Swahili") == "mbuzi\nwawili"
    assert answer("mbuzi ### wawili", "Swahili") == "mbuzi ### wawili"


def test_a_pool_without_pairs_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pool.tsv"
    file.write_text("eng_Latn\tswh_Latn\na\t\n", "utf-8")
    batch = documents({"text": "a", "language": "eng_Latn"})
    with pytest.raises(WeftError, match="no pair with text on both sides"):
        made(shown(str(file)), batch, Answering(lambda said, sample: "x"))
    with pytest.raises(WeftError, match="source: "):
        shown(str(file), source="no language")


def test_entries_of_rare_words_and_of_forms(tmp_path: Path) -> None:
    lexicon, counts = tmp_path / "l.tsv", tmp_path / "c.tsv"
    lexicon.write_text("tur_Latn\teng_Latn\nkitap\tbook\nKİTAP\tvolume\nev\thouse\nokul\tschool\n", "utf-8")
    counts.write_text("word\tcount\nev\t90\nokul\t5\n", "utf-8")
    held = Entries([lexicon], "tur_Latn", ["eng_Latn"], counts)
    bounds: dict[str, Any] = {"frequent": 1, "shared": 0.6, "most": 9, "each": 3}
    found = held.of("Kitaplar evde, ev okulda okulda.", **bounds)
    assert [(one.word, one.head, one.translations) for one in found] == [
        ("Kitaplar", "kitap", (("eng_Latn", ("book", "volume")),)),
        ("okulda", "okul", (("eng_Latn", ("school",)),)),
    ]
    assert held.of("Kitaplar", **(bounds | {"shared": 1})) == []
    assert [one.word for one in held.of("ev", **(bounds | {"frequent": 0}))] == ["ev"]
    assert [one.word for one in held.of("okul kitap", **(bounds | {"most": 1}))] == ["kitap"]
    assert fold("Ñandú") == "nandu"
    with pytest.raises(WeftError, match="no entry from tur_Latn into fra_Latn"):
        Entries([lexicon], "tur_Latn", ["fra_Latn"], None)


def test_words_of_scripts_without_spaces_are_told(tmp_path: Path) -> None:
    lexicon = tmp_path / "l.tsv"
    lexicon.write_text("tha_Thai\teng_Latn\nหนังสือ\tbook\n", "utf-8")
    given = {"service": "w", "source": "tha_Thai", "into": "eng_Latn", "lexicon": [str(lexicon)]}
    client = Answering(lambda said, sample: "He reads a book.")
    function = dictionary_translation(**given, lexicon_license="CC0-1.0")  # type: ignore[arg-type]
    (row,) = made(function, documents({"text": "เขาอ่านหนังสือ", "language": "tha_Thai"}), client)
    assert "- หนังสือ: English (eng_Latn, Latin script): book" in client.asked[0] and row["note"]["entries"] == 1
