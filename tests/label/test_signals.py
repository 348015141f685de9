"""Every signal against its formula, written again in plain Python from Unicode's categories, not from our tables.

Tokens are handed in, so that neither segmentation nor a dictionary can hide a mistake. Text in languages other than
English was not reviewed by native speakers.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.label.signals import COUNTS, NAMES, signals
from weft.label.tokens import tokens
from weft.operators.contract import BatchFunction

STOPS = ["na", "ya", "ไป", "និង", "της", "ß"]
TERMINAL = set(".?!…。！？।॥။၊។៕።؟۔།༎߹᙮᱾꓿᠃꘎")
BULLETS = "•‣▶◀◦■□▪▫–-"
CLOSING = "\"')]»’”」』）"
SPACES = "\u200b\u0f0b\u0f0c\u1361"


@pytest.fixture(scope="module")
def label() -> BatchFunction:
    return signals(stop_words={"zzz_Latn": STOPS})


def table(texts: list[str | None], spans: list[list[int] | None], languages: list[str | None]) -> pa.Table:
    lid = [None if code is None else {"language": code} for code in languages]
    return pa.table(
        {
            "text": pa.array(texts, pa.large_string()),
            "tokens": pa.array(spans, pa.list_(pa.int32())),
            "lid": pa.array(lid, pa.struct({"language": pa.string()})),
        }
    )


def one(label: BatchFunction, text: str, words: list[tuple[int, int]], language: str | None = None) -> dict[str, Any]:
    """Signals of a text whose tokens are given as character ranges."""
    flat = [len(text[:place].encode()) for span in words for place in span]
    row: dict[str, Any] = label(table([text], [flat], [language]))["signals"].to_pylist()[0]
    return row


def spaced(text: str) -> list[tuple[int, int]]:
    """Character ranges of what white space separates."""
    return [found.span() for found in re.finditer(r"\S+", text)]


def is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] == "L"


def is_digit(char: str) -> bool:
    return unicodedata.category(char)[0] == "N"


def is_space(char: str) -> bool:
    return char.isspace() or unicodedata.category(char)[0] == "Z" or char in SPACES


def lower(char: str) -> str:
    return char.lower() if len(char.lower()) == 1 and is_letter(char) else char


def trimmed(text: str) -> str:
    first = next((n for n, char in enumerate(text) if not is_space(char)), len(text))
    last = next((n for n, char in enumerate(reversed(text)) if not is_space(char)), len(text))
    return text[first : max(first, len(text) - last)]


def again(items: list[str], lengths: list[int]) -> tuple[int, int]:
    """How many items came before, and their characters."""
    before = [items[n] in items[:n] for n in range(len(items))]
    return sum(before), sum(length for length, seen in zip(lengths, before, strict=True) if seen)


def most_frequent(words: list[str], n: int) -> int:
    grams = [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]
    if not grams:
        return 0
    most = max(Counter(grams).values())
    return next(len(" ".join(gram)) * most for gram in grams if grams.count(gram) == most)


def repeated(words: list[str], n: int) -> int:
    seen: list[list[str]] = []
    at = chars = 0
    while at + n <= len(words):
        gram = words[at : at + n]
        if gram in seen:
            chars += len("".join(gram))
            at += n
        else:
            seen.append(gram)
            at += 1
    return chars


def of_words(text: str, tokens_: list[str], stops: list[str] | None) -> dict[str, float | None]:
    """The signals that are counted on tokens; a word has a letter or digit."""
    words = [token for token in tokens_ if any(is_letter(c) or is_digit(c) for c in token)]
    letters = [c for word in words for c in word if is_letter(c)]
    whole, chars = max(len(words), 1), max(len(text), 1)
    folded = {"".join(map(lower, word)) for word in words}
    found: dict[str, float | None] = {
        "words": len(words),
        "mean_word_length": sum(map(len, words)) / whole,
        "hash_ratio": text.count("#") / whole if words else 0,
        "ellipsis_ratio": (text.count("...") + text.count("…")) / whole if words else 0,
        "new_line": text.count("\n") / whole if words else 0,
        "alpha_words": sum(any(map(is_letter, word)) for word in words) / whole,
        "stop_words": None if stops is None else sum(stop in folded for stop in stops),
        "digits": sum(is_digit(c) for word in words for c in word) / chars,
        "upper": sum(lower(c) != c for c in letters) / max(len(letters), 1),
    }
    found |= {f"top_{n}gram": most_frequent(tokens_, n) / chars for n in (2, 3, 4)}
    return found | {f"dup_{n}gram": repeated(tokens_, n) / chars for n in range(5, 11)}


def of_lines(text: str) -> dict[str, float | None]:
    """The signals of lines that are not blank, and of paragraphs."""
    lines = [line for line in text.split("\n") if trimmed(line)]
    bare = [trimmed(line) for line in lines]
    count, chars = again(bare, list(map(len, lines)))
    paragraphs = [part for part in re.split(r"\n\n+", trimmed(text)) if part]
    part_count, part_chars = again(paragraphs, list(map(len, paragraphs)))
    whole, size = max(len(lines), 1), max(len(text), 1)
    ends = [line.rstrip(CLOSING)[-1:] for line in bare]
    return {
        "chars": len(text),
        "bytes": len(text.encode()),
        "lines": len(lines),
        "bullet_lines": sum(line[0] in BULLETS for line in bare) / whole,
        "ellipsis_lines": sum(line.endswith(("...", "…")) for line in bare) / whole,
        "line_punct": sum(end in TERMINAL for end in ends if end) / whole,
        "short_line": sum(len(line) <= 30 for line in lines) / whole,
        "dup_line_frac": count / whole,
        "dup_line_char": chars / size,
        "char_dup": chars / max(len(text) - text.count("\n"), 1),
        "dup_para_frac": part_count / max(len(paragraphs), 1),
        "dup_para_char": part_chars / size,
        "urls": len(re.findall(r"://|(?<!/)www\.", text)),
    }


def compare(row: dict[str, Any], text: str, words: list[tuple[int, int]], stops: list[str] | None) -> None:
    expected = of_lines(text) | of_words(text, [text[a:b] for a, b in words], stops)
    assert set(expected) == set(row) == set(NAMES)
    for name, value in expected.items():
        if value is None or name in COUNTS:
            assert row[name] == value, name
        else:
            assert row[name] == pytest.approx(value, rel=1e-5, abs=1e-7), name


MARKS = "".join(sorted(TERMINAL)) + BULLETS + CLOSING + SPACES + "#.:/w\n\n\n \t"
LETTERS = "aZéßΣςIıİǅñ१९กไป้ខ្មែរကိုሀאبߒ漢あ한𞤀𞤢Ⅷ½\u0301\u200d\ufe0f👍\x00"
PIECES = [*MARKS, *LETTERS, "na", "Ya ", "ΤΗΣ", "της", "...", "....", "…", "\n\n", "://", "www.", "//www.", " និង ", "a"]
# Marks of sentences whose list is another test's; nor what this Python's older Unicode does not know yet.
ANY = st.characters(exclude_categories=("Cs", "Cn", "Po"), exclude_characters="-#–‣")


@st.composite
def texts_with_tokens(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A text of anything, and cuts of it at any place into tokens without white space."""
    parts = draw(st.lists(st.one_of(st.sampled_from(PIECES), ANY), max_size=60))
    few = draw(st.lists(st.sampled_from(["na ", "ya ", ". ", "\n", "ไป", "និង", "\n\n"]), max_size=40))
    text = "".join(draw(st.permutations([*parts, *few]))) if draw(st.booleans()) else "".join([*few, *parts])
    cuts = draw(st.sets(st.integers(0, max(len(text), 1)), max_size=30)) if draw(st.booleans()) else set()
    spans, start = [], None
    for place, char in enumerate(text):
        if start is not None and (is_space(char) or place in cuts):
            spans.append((start, place))
            start = None
        if start is None and not is_space(char):
            start = place
    return text, [*spans, *([(start, len(text))] if start is not None else [])]


@given(texts_with_tokens(), st.sampled_from([None, "qqq_Latn", "zzz_Latn"]))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_what_the_formulas_give(
    label: BatchFunction, given_: tuple[str, list[tuple[int, int]]], language: str | None
) -> None:
    text, words = given_
    compare(one(label, text, words, language), text, words, STOPS if language == "zzz_Latn" else None)


LINES = {
    "Latn": "Mtoto anasoma kitabu, na mama yake anapika.",
    "Latn marks": "Ọmọdé náà ń ka ìwé ní ilé ẹ̀kọ́.",
    "Ethi": "ልጁ መጽሐፍ ያነባል፤ እናቱ ምግብ ታበስላለች።",
    "Thai": "เด็กอ่านหนังสือ แม่ทำอาหาร",
    "Laoo": "ເດັກນ້ອຍອ່ານປຶ້ມ ແມ່ເຮັດອາຫານ",
    "Khmr": "កុមារអានសៀវភៅ ហើយម្តាយធ្វើម្ហូប។",
    "Mymr": "ကလေးက စာအုပ်ဖတ်ပြီး အမေက ချက်ပြုတ်သည်။",
    "Tibt": "ཕྲུ་གུས་དཔེ་ཆ་ཀློག་གི་འདུག།",
    "Deva": "बच्चा किताब पढ़ता है और माँ खाना बनाती है।",
    "Taml": "குழந்தை புத்தகம் படிக்கிறது.",
    "Arab": "الطفل يقرأ الكتاب، هل تطبخ الأم الطعام؟",
    "Hebr": "הילד קורא ספר ואמא מבשלת.",
    "Nkoo": "ߘߋ߲ ߦߋ߫ ߞߊߙߊ߲ ߞߍ߫ ߟߊ߫߹",
    "Adlm": "𞤄𞤭𞤲𞤺𞤫𞤤 𞤲𞤺𞤫𞤤 𞤶𞤢𞤲𞤺𞤢𞥄.",
    "Hani": "孩子在看书，妈妈在做饭。",
    "Jpan": "子どもは本を読み、母は料理をする。",
    "Hang": "아이는 책을 읽고 엄마는 요리한다.",
    "Grek": "ΤΟ ΠΑΙΔΙ της διαβάζει.",
    "Cher": "ᎠᏂᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ.",
}


@pytest.mark.parametrize("script", LINES)
def test_texts_of_many_scripts(label: BatchFunction, script: str) -> None:
    line = LINES[script]
    text = f"{line}\n{line}\n\n• {line} ...\n# 12 {line[:9]}\n\n\n{line} {line} {line}\n"
    (flat,) = tokens()(pa.table({"text": pa.array([text], pa.large_string())}))["tokens"].to_pylist()
    data = text.encode()
    spans = [(len(data[:a].decode()), len(data[:b].decode())) for a, b in zip(flat[::2], flat[1::2], strict=True)]
    row = one(label, text, spans, "zzz_Latn")
    compare(row, text, spans, STOPS)
    assert row["dup_line_frac"] == pytest.approx(1 / 5) and row["bullet_lines"] == pytest.approx(1 / 5)
    assert 0 < row["top_2gram"] < 1 and row["char_dup"] > row["dup_line_char"]
    assert row["dup_line_char"] == pytest.approx(len(line) / len(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a b a b a b a b",
            {"top_2gram": 3 * 4 / 15, "top_3gram": 5 * 3 / 15, "dup_5gram": 5 / 15, "dup_6gram": 6 / 15},
        ),
        ("a b c d e f", {"top_2gram": 3 / 11, "top_4gram": 7 / 11, "dup_5gram": 0.0}),
        ("na Na YA kwa", {"stop_words": 2, "words": 4, "upper": 3 / 9}),
        ("a\nb\na\n\na\n", {"lines": 4, "dup_line_frac": 2 / 4, "dup_line_char": 2 / 9, "char_dup": 2 / 4}),
        ("ab\n\ncd\n\n\n\nab", {"dup_para_frac": 1 / 3, "dup_para_char": 2 / 12, "lines": 3}),
        ("ab\n \nab", {"dup_para_frac": 0.0, "dup_line_frac": 1 / 2}),
        ("x" * 30 + "\n" + "y" * 31, {"short_line": 1 / 2, "new_line": 1 / 2, "mean_word_length": 61 / 2}),
        ("ก" * 30 + "\n" + "ข" * 31, {"short_line": 1 / 2, "chars": 62, "bytes": 184}),
        ("• a\n- b\n* c\nd - e", {"bullet_lines": 2 / 4}),
        ("a...\nb…\nc..\nd ...\n", {"ellipsis_lines": 3 / 4, "ellipsis_ratio": 3 / 4, "line_punct": 1.0}),
        ("a ......", {"ellipsis_ratio": 2.0}),
        ("#a ## b", {"hash_ratio": 3 / 2}),
        ("abc 12 a1 ٣٤", {"alpha_words": 2 / 4, "digits": 5 / 12, "words": 4}),
        ("(Yes.)\n“No!”\nmaybe:\nso,", {"line_punct": 2 / 4}),
        ("see http://a.b and www.c and https://www.d", {"urls": 3}),
        ("tā e\u0301", {"words": 2, "chars": 5, "mean_word_length": 2.0}),
    ],
)
def test_worked_by_hand(label: BatchFunction, text: str, expected: dict[str, float]) -> None:
    row = one(label, text, spaced(text), "zzz_Latn")
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("mark", sorted(TERMINAL | set("๚๛ฯ༏᭟᠉܀꛳꧉⸮‼᪨𑁇𑅁")))
def test_a_line_ends_with_the_mark_of_its_own_script(label: BatchFunction, mark: str) -> None:
    text = f"ab{mark}\nab»\nab{mark}»\nab {mark}x"
    assert one(label, text, spaced(text))["line_punct"] == pytest.approx(2 / 4)


@pytest.mark.parametrize("mark", ",;:،؛፣፤、，-—·")
def test_a_comma_ends_no_line(label: BatchFunction, mark: str) -> None:
    assert one(label, f"ab{mark}", [(0, 3)])["line_punct"] == 0


NOTHING = [
    "",
    " ",
    "\n\n\n",
    "\u200b\u00a0\u3000",
    "?!",
    "...\n...",
    "#",
    "\u0301",
    "\u200d",
    "👍",
    "\x00",
    "。。\n\n。。",
]


@pytest.mark.parametrize("text", NOTHING)
def test_a_text_without_words_has_figures_and_no_division_by_zero(label: BatchFunction, text: str) -> None:
    words = spaced(text)
    row = one(label, text, words, "zzz_Latn")
    compare(row, text, words, STOPS)
    assert row["words"] == row["stop_words"] == row["mean_word_length"] == row["hash_ratio"] == row["new_line"] == 0
    assert all(math.isfinite(value) for value in row.values())


def test_one_token(label: BatchFunction) -> None:
    row = one(label, "ya", [(0, 2)], "zzz_Latn")
    compare(row, "ya", [(0, 2)], STOPS)
    assert (row["words"], row["stop_words"], row["lines"], row["alpha_words"]) == (1, 1, 1, 1.0)
    assert not any(row[f"top_{n}gram"] for n in (2, 3, 4)) and not any(row[f"dup_{n}gram"] for n in range(5, 11))


def test_nulls_and_no_rows(label: BatchFunction) -> None:
    rows = label(table([None, "na", "na", None], [None, None, [0, 2], [0, 2]], ["zzz_Latn", "zzz_Latn", None, None]))
    null, untold, unknown, held = rows["signals"].to_pylist()
    assert null is None and held is None
    assert untold["words"] == 0 and untold["chars"] == 2 and untold["stop_words"] == 0
    assert unknown["words"] == 1 and unknown["stop_words"] is None
    empty = label(table([], [], []))["signals"]
    assert len(empty) == 0 and empty.type == rows["signals"].type


def test_a_row_is_measured_alone_whatever_stands_beside_it(label: BatchFunction) -> None:
    """Tables of the kernel are not cleared between documents: nothing of one may show in the next."""
    lines = [f"{line}\n{line}\n\n{line}" for line in LINES.values()]
    texts = [*lines, "", *lines[::-1], "na", *lines]
    spans = tokens()(pa.table({"text": pa.array(texts, pa.large_string())}))["tokens"].to_pylist()
    languages: list[str | None] = [("zzz_Latn", "swh_Latn", None)[n % 3] for n in range(len(texts))]
    batch = table([*texts], spans, languages)
    together = label(batch)["signals"].to_pylist()
    alone = [label(batch.slice(n, 1))["signals"].to_pylist()[0] for n in range(len(texts))]
    chunked = label(pa.concat_tables([batch.slice(0, 7), batch.slice(7)]))["signals"].to_pylist()
    assert together == alone == chunked
    assert together[: len(lines)] != together[-len(lines) :]  # other languages, other stop words


def test_hundreds_of_repeats_are_counted(label: BatchFunction) -> None:
    text = "habari ya leo rafiki\n" * 500
    row = one(label, text, spaced(text), "zzz_Latn")
    assert row["dup_line_frac"] == pytest.approx(499 / 500)
    assert row["dup_10gram"] > 0.75 and row["top_4gram"] == pytest.approx(len("habari ya leo rafiki") * 500 / len(text))
    assert row["stop_words"] == 1
