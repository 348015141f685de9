"""Tiny files for the recipes that weft brings: real in form, so that each of them runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from weft.synthesize.starters import Starter

WORDS = {
    "mtoto": "child",
    "anasoma": "reads",
    "kitabu": "book",
    "chake": "his",
    "kila": "every",
    "siku": "day",
    "asubuhi": "morning",
    "mwalimu": "teacher",
    "alinunua": "bought",
    "ndizi": "bananas",
    "soko": "market",
    "la": "of",
    "kijiji": "village",
    "jana": "yesterday",
    "wakulima": "farmers",
    "mvua": "rain",
    "chini": "under",
    "mti": "tree",
    "mkubwa": "big",
    "walikaa": "sat",
}
SENTENCES = (
    "Mtoto anasoma kitabu chake kila siku asubuhi.",
    "Mwalimu alinunua ndizi soko la Mombasa jana.",
    "Wakulima walikaa chini mti mkubwa kila asubuhi.",
    "Mtoto alinunua kitabu soko la Nairobi jana asubuhi.",
)
ENTITIES = (
    ("Q3870", "swh_Latn", "Nairobi", "LOC"),
    ("Q3870", "eng_Latn", "Nairobi City", "LOC"),
    ("Q8033", "swh_Latn", "Mombasa", "LOC"),
    ("Q8033", "eng_Latn", "Mombasa City", "LOC"),
)
LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", "ابچدەفگهيجكلمنوپقرستوڤوخيز", strict=True))
"""All of this was written for tests, and no native speaker has reviewed it."""
DOCUMENTS = 2


def english(text: str) -> str:
    """A text word by word."""
    return " ".join(WORDS.get(word.strip(".").lower(), word.strip(".")) for word in text.split()).capitalize() + "."


def written(number: int) -> str:
    """A document of two paragraphs, unlike the others."""
    lines = [SENTENCES[(number + place) % 4] for place in range(16)]
    return f"{' '.join(lines[:8])}\n\nNambari {number * 7}. {' '.join(lines[8:])}"


def write(folder: Path, starter: Starter) -> None:
    """The recipe, and every file that it says it reads."""
    (folder / "recipe.yaml").write_text(starter.text, "utf-8")
    for name, what in starter.files.items():
        if "." not in name:
            (folder / name).mkdir(exist_ok=True)
            for number in range(DOCUMENTS):
                text = written(number) if "swh_Latn" in what else english(SENTENCES[number])
                (folder / name / f"{number}.txt").write_text(text, "utf-8")
        else:
            (folder / name).write_text(_content(name, what), "utf-8")


def _content(name: str, what: str) -> str:
    sentences = [f"{SENTENCES[number % 4][:-1]} {number}." for number in range(120)]
    chats = [_chat(*pair) for pair in zip(SENTENCES, sentences, strict=False)]
    made: dict[str, Callable[[], str]] = {
        "lexicon.tsv": lambda: _table("swh_Latn\teng_Latn", WORDS.items()),
        "entities.tsv": lambda: _table("entity\tlanguage\tlabel\ttag", ENTITIES),
        "scripts.tsv": lambda: _table("swh_Latn\tswh_Arab", ((one, _arabic(one)) for one in sentences)),
        "pairs.tsv": lambda: _table("eng_Latn\tswh_Latn", ((english(one), one) for one in sentences)),
        "seed.tsv": lambda: _table("eng_Latn\tswh_Latn", ((english(one), one) for one in sentences[:8])),
        "questions.tsv": lambda: _table("eng_Latn\tswh_Latn", ((english(one), one) for one in SENTENCES[:DOCUMENTS])),
        "others.tsv": lambda: _table("eng_Latn\tyor_Latn", ((english(one), f"Ìwé {one}") for one in sentences)),
        "pairs.jsonl": lambda: _lines(
            {"translation": {"eng_Latn": english(one), "swh_Latn": one}, "chrf": 20.0 + 15 * place}
            for place, one in enumerate(SENTENCES[:DOCUMENTS])
        ),
        "questions.jsonl": lambda: _lines({"text": f"{one[:-1]}?"} for one in SENTENCES[:DOCUMENTS]),
        "conversations.jsonl": lambda: _lines(
            {"messages": [{**turn, "content": english(turn["content"]) if "eng_Latn" in what else turn["content"]}
                          for turn in chat]}
            for chat in chats[:DOCUMENTS]
        ),
        "gaps.yaml": lambda: (
            f"documents: {{swh_Latn: {DOCUMENTS}}}\n"
            f"targets: [{{name: short, language: swh_Latn, amount: {DOCUMENTS}, words: [2, 12]}}]\n"
        ),
    }  # fmt: skip
    return made[name]()


def _arabic(text: str) -> str:
    return "".join(LETTERS.get(letter, letter) for letter in text.lower())


def _chat(question: str, answer: str) -> list[dict[str, str]]:
    said = f"{answer} {SENTENCES[2]} {SENTENCES[0]}"
    return [{"role": "user", "content": question}, {"role": "assistant", "content": said}]


def _table(header: str, rows: Iterable[Iterable[str]]) -> str:
    return "\n".join([header, *("\t".join(row) for row in rows)]) + "\n"


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
