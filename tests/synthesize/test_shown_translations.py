"""What a model is shown before it translates: like pairs, or entries of a dictionary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.synthesize.answers import Answering, documents, made, reasons

from weft.engine.tasks.releasing import RELEASED
from weft.errors import WeftError
from weft.parallel.word_entries import Entries, fold
from weft.synthesize.dictionary_translation import dictionary_translation
from weft.synthesize.in_context_translation import answer, in_context_translation
from weft.synthesize.showing import limited

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


def released(*given: dict[str, Any]) -> list[dict[str, Any]]:
    """Records as a release has them: pairs of English and Swahili, the Swahili side a machine's."""
    rows = []
    for number, one in enumerate(given):
        held = {"source": "", "target": "", "note": {}, "kind": "pair", "accepted": True, "consent": None} | one
        sides = (("eng_Latn", held["source"], False), ("swh_Latn", held["target"], True))
        parts = [{"language": code, "text": text, "made": made} for code, text, made in sides]
        record = {"id": f"{number:032x}", "license": "CC-BY-SA-4.0", "redistribute": None, "problem": None}
        record |= {name: held[name] for name in ("kind", "consent", "accepted")}
        rows.append(record | {"parts": parts, "note": json.dumps(held["note"])})
    return rows


def written(file: Path, rows: list[dict[str, Any]]) -> str:
    pq.write_table(pa.Table.from_pylist(rows, RELEASED), file)
    return str(file)


def test_pairs_of_an_earlier_release_are_shown_up_to_their_share_and_the_record_says_so(
    pool: str, tmp_path: Path
) -> None:
    rows = released(
        {"source": "the goat eats green grass", "target": "made one", "note": {"iteration": 2}},
        {"source": "the goat eats much grass", "target": "<BT> made two"},
        {"source": "the goat eats grass now", "target": "rejected", "accepted": False},
        {"source": "the goat eats old grass", "target": "consented", "consent": "c1"},
        {"source": "the goat eats dry grass", "target": "of another kind", "kind": "sft"},
    )
    more = {"made_pool": [written(tmp_path / "made.parquet", rows)], "shots": 4}
    batch = documents({"text": "the black goat eats grass here", "language": "eng_Latn"})

    def asked(**settings: Any) -> tuple[str, dict[str, Any]]:
        client = Answering(lambda said, sample: "mbuzi mweusi")
        (record,) = made(shown(pool, **(more | settings)), batch, client)
        return client.asked[0], record

    said, record = asked()
    assert "made one" in said and "\nmade two" in said
    assert not any(one in said for one in ("rejected", "consented", "of another kind"))
    assert {f"{n:032x}" for n in (0, 1)} < set(record["shots"]) and "pool.tsv#1" in record["shots"]
    assert record["note"]["made_shots"] == 2 and record["note"]["iteration"] == 3
    assert record["license"] == "CC-BY-SA-4.0"
    said, record = asked(made_share=0.25)
    assert said.count("made ") == 1 and len(record["shots"]) == 4
    said, record = asked(made_share=0)
    assert "made " not in said and record["note"]["iteration"] == 1 and record["license"] == "CC-BY-4.0"
    scored = released(
        {"source": "the goat eats green grass", "target": "made good", "note": {"round_trip": 61.5}},
        {"source": "the goat eats green grass", "target": "made bad", "note": {"round_trip": 12.0}},
        {"source": "the goat eats green grass", "target": "made unscored"},
    )
    more["made_pool"] = [written(tmp_path / "scored.parquet", scored)]
    said, record = asked(made_least=30)
    assert "made good" in said and "made bad" not in said and "made unscored" not in said
    with pytest.raises(WeftError, match=r"pool\.tsv.*records that weft synthesize released"):
        asked(made_pool=[pool])


def test_people_keep_their_places_among_many_pairs_of_machines() -> None:
    machines = np.arange(400) % 100 != 99

    def search(wanted: int) -> Any:
        return np.tile(np.arange(wanted, dtype=np.int32), (2, 1)), np.ones((2, wanted), np.float32)

    ids, scores = limited(search, machines, 3, 2)
    assert ids.tolist() == [[0, 1, 99, 199, 299]] * 2 and scores.tolist() == [[1.0] * 5] * 2
    ids, _ = limited(search, machines, 9, 1)
    assert ids.tolist() == [[0, 99, 199, 299, 399, -1, -1, -1, -1, -1]] * 2


class Embedding(Answering):
    """As `Answering`; beside it an encoder that turns towards one thing."""

    def beside(self, parameter: str) -> Any:
        assert parameter == "encoder"
        return self

    async def ask_each(self, rows: Any, items: Any, body: Any) -> list[Any]:
        self.given = [*getattr(self, "given", []), *items]
        things = (("song", "melody"), ("river", "water"))
        told = [[1.0 * any(name in item for name in names) for names in things] + [0.1] for item in items]
        return [None if "unknown" in item else np.array(one) for item, one in zip(items, told, strict=True)]


def test_vectors_find_what_shares_no_word_and_both_rankings_count(pool: str) -> None:
    def asked(text: str, **settings: Any) -> tuple[str, Embedding]:
        client = Embedding(lambda said, sample: "jibu")
        made(shown(pool, shots=1, **settings), documents({"text": text, "language": "eng_Latn"}), client)
        return client.asked[0], client

    by_vectors: dict[str, Any] = {"encoder": "e", "ranking": "vectors"}
    assert "anaimba wimbo" not in asked("a melody on grass")[0]
    said, client = asked("a melody on grass", **by_vectors, encoder_prefix="query: ")
    assert "anaimba wimbo" in said
    assert client.given == ["query: " + one for one, _ in POOL] + ["query: a melody on grass"]
    text = "a boat and a goat on water"
    assert "kando ya mto" in asked(text, **by_vectors)[0]
    assert "mashua mtoni" in asked(text, encoder="e", ranking="both")[0]
    text = "goats and grass by the water"
    assert "mbuzi anakula nyasi" in asked(text)[0]
    assert "kando ya mto" in asked(text, encoder="e", ranking="both")[0]
    assert "mbuzi anakula nyasi" in asked("unknown goat grass", **by_vectors)[0]
    with pytest.raises(WeftError, match="expected an encoder with vectors or both"):
        shown(pool, ranking="both")
    with pytest.raises(WeftError, match="expected an encoder with vectors or both"):
        shown(pool, encoder="e")
    with pytest.raises(WeftError, match="speaks openai-embeddings"):
        made(
            shown(pool), documents({"text": "a", "language": "eng_Latn"}), Embedding(lambda *_: "", "openai-embeddings")
        )


def test_a_pool_without_a_vector_is_told(tmp_path: Path) -> None:
    file = tmp_path / "p.tsv"
    file.write_text("eng_Latn\tswh_Latn\na song\twimbo\nunknown\tx\n", "utf-8")
    function = shown(str(file), encoder="e", ranking="vectors")
    with pytest.raises(WeftError, match=r"no vector of p\.tsv#2"):
        made(function, documents({"text": "a", "language": "eng_Latn"}), Embedding(lambda *_: "x"))


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
