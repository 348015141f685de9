"""Texts in another script: by rules, by a table, and as pairs in both scripts show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.errors import WeftError
from weft.synthesize.other_script import other_script
from weft.text.transliterated import romanised

from .made import made, texts


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("नमस्ते", "namaste"), ("क्षत्रिय", "kshatriya"), ("বাংলা", "baanlaa"), ("ሰላም", "selami"), ("Москва", "Moskva"),
        ("さくら", "sakura"), ("서울", "seoul"), ("თბილისი", "tbilisi"), ("αθηνα", "athina"), ("سلام", "slam"),
        ("𞤀𞤣𞤤", None),
    ],
)  # fmt: skip
def test_letters_are_romanised(word: str, expected: str | None) -> None:
    assert romanised(word) == expected


def test_the_new_script_is_in_the_language_and_what_is_guarded_stays() -> None:
    rows = made(other_script, texts("tgk_Cyrl", "Салом, Душанбе! http://a.b/ц {имя} 25"), script="Latn")
    part = rows[0]["parts"][0]
    assert part["text"] == "Salom, Dushanbe! http://a.b/ц {имя} 25"
    assert (part["language"], part["relation"], rows[0]["language"]) == ("tgk_Latn", "other_script", "tgk_Latn")
    assert (
        made(other_script, texts("swh_Latn", "Habari"), script="Latn")[0]["problem"]["reason"] == "language_or_script"
    )
    assert made(other_script, texts("fuf_Adlm", "𞤀𞤣𞤤"), script="Latn")[0]["problem"]["reason"] == "no_rule"


def test_rules_are_learnt_from_words_in_both_scripts(tmp_path: Path) -> None:
    letters = dict(zip("abdeghiklmnorstu", "абдегхиклмнорсту", strict=True)) | {"sh": "ш", "ch": "ч"}

    def cyrillic(word: str) -> str:
        return "".join(
            letters[word[n : n + 2]] if word[n : n + 2] in letters else letters[word[n]]
            for n in range(len(word))
            if not (n and word[n - 1 : n + 1] in letters)
        )

    known = "hodi bahari mahali hata "
    known += (
        "shule mashine chakula kitabu mtoto nchi samaki dada kaka bibi babu moshi nishati chumba mlango soko gari hema"
    )
    file = tmp_path / "pairs.tsv"
    rows = [f"{word}\t{cyrillic(word)}" for word in known.split()] * 2
    file.write_text("\n".join(["swh_Latn\tswh_Cyrl", *rows, "mtoto kitabu\tмтото"]) + "\n", "utf-8")
    given = texts("swh_Latn", "Shule machela 12, kichocho")
    found = made(other_script, given, script="Cyrl", pairs=str(file), least_share=0.5)
    assert found[0]["parts"][0]["text"] == "Шуле мачела 12, кичочо"
    assert (
        made(other_script, texts("wol_Latn", "Shule"), script="Cyrl", pairs=str(file))[0]["problem"]["reason"]
        == "no_rule"
    )
    strange = made(other_script, texts("swh_Latn", "Shule ŋŋŋ"), script="Cyrl", pairs=str(file))
    assert strange[0]["problem"]["reason"] == "no_rule"


def test_a_table_is_read_longest_first(tmp_path: Path) -> None:
    file = tmp_path / "table.tsv"
    file.write_text("from\tto\nа\ta\nш\tsh\nша\tSHA\n", "utf-8")
    rows = made(other_script, texts("tgk_Cyrl", "шаша ааш"), script="Latn", table=str(file))
    assert rows[0]["parts"][0]["text"] == "SHASHA aash"


def test_what_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="rules are for Latn"):
        other_script(script="Cyrl")
    file = tmp_path / "pairs.tsv"
    file.write_text("a\tb\nc\td\n", "utf-8")
    with pytest.raises(WeftError, match="expected two such as kas_Arab"):
        other_script(script="Latn", pairs=str(file))
