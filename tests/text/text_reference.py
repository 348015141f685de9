"""Plain Python versions of tokens and signals: slow, and written from the formulas, not from the kernels."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from icu4py.breakers import WordBreaker

from weft.text.unicode import EAST, JOINER, LETTER, MARK, NUMBER, SOUTH_EAST, SPACE, TERMINAL, tables

FORMAT = re.compile(
    "[\u00ad\u061c\u180e\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
WORD = LETTER | MARK | NUMBER
BULLETS = "•‣▶◀◦■□▪▫–-"
CLOSING = "\"')]»’”」』）"


def flags(char: str) -> int:
    """Flags of one character."""
    table, point = tables().flags, ord(char)
    return int(table.blocks[int(table.stage[point >> 8]) * 256 + (point & 255)])


def words_of_icu(run: str) -> list[str]:
    """A run of letters of scripts without spaces, cut where ICU sees a word end."""
    units = run.encode("utf-16-le")
    return [units[2 * a : 2 * b].decode("utf-16-le") for a, b in WordBreaker(run, "en").segments()]


def tokens(text: str) -> list[str]:
    """Tokens by the rules that `weft.text.segment` states."""
    found, at = [], 0
    while at < len(text):
        char, start = text[at], at
        bits = flags(char)
        if bits & SPACE or (not bits & WORD and FORMAT.match(char)):
            at += 1
            continue
        at += 1
        if bits & (SOUTH_EAST | EAST):
            dense = bits & (SOUTH_EAST | EAST)
            while at < len(text) and (flags(text[at]) & dense or FORMAT.match(text[at])):
                at += 1
            found += words_of_icu(text[start:at])
            continue
        if bits & WORD:
            while at < len(text) and inside(text, at):
                at += 1
        else:
            while at < len(text) and (text[at] == char or FORMAT.match(text[at])):
                at += 1
        found.append(text[start:at])
    return found


def inside(text: str, at: int) -> bool:
    """Whether a character continues a word of a spaced script."""
    bits = flags(text[at])
    if bits & WORD:
        return not bits & (SOUTH_EAST | EAST)
    if bits & JOINER:
        after = flags(text[at + 1]) if at + 1 < len(text) else 0
        return bool(after & (LETTER | MARK)) and not after & (SOUTH_EAST | EAST)
    return bool(FORMAT.match(text[at]))


def strip(text: str) -> str:
    """Text without white space of any script at its ends."""
    while text and flags(text[0]) & SPACE:
        text = text[1:]
    while text and flags(text[-1]) & SPACE:
        text = text[:-1]
    return text


def repeats(items: list[str], lengths: list[int]) -> tuple[int, int]:
    """Items that occurred before, and their lengths."""
    seen, count, chars = set(), 0, 0
    for item, length in zip(items, lengths, strict=True):
        if item in seen:
            count += 1
            chars += length
        seen.add(item)
    return count, chars


def top(words: list[str], n: int) -> int:
    """Characters of the most frequent n-gram, of several the first, times its count."""
    grams = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    if not grams:
        return 0
    gram, count = grams.most_common(1)[0]
    return len(" ".join(gram)) * count


def passages(words: list[str], n: int) -> int:
    """Characters in n-grams seen before, jumping over each."""
    seen, chars, at = set(), 0, 0
    while at < len(words) - n + 1:
        gram = tuple(words[at : at + n])
        if gram in seen:
            chars += sum(map(len, gram))
            at += n
        else:
            seen.add(gram)
            at += 1
    return chars


def finished(line: str) -> bool:
    """Whether a line ends with a sentence mark, closing quotes left aside."""
    line = strip(line).rstrip(CLOSING)
    return bool(line) and bool(flags(line[-1]) & TERMINAL)


def signals(text: str, words: list[str], stops: list[str] | None) -> dict[str, Any]:
    """All signals of one document."""
    real = [w for w in words if any(flags(c) & (LETTER | NUMBER) for c in w)]
    letters = [c for w in real for c in w if flags(c) & LETTER]
    raw = text.split("\n")
    lines = [line for line in raw if strip(line)]
    inner = strip(text)
    blocks = re.split(r"\n{2,}", inner) if inner else []
    line_repeats, line_chars = repeats([strip(line) for line in lines], [len(line) for line in lines])
    block_repeats, block_chars = repeats(blocks, [len(block) for block in blocks])

    def share(part: float, whole: float) -> float:
        return part / whole if whole else 0.0

    found = {
        "words": len(real),
        "chars": len(text),
        "bytes": len(text.encode()),
        "lines": len(lines),
        "mean_word_length": share(sum(map(len, real)), len(real)),
        "hash_ratio": share(text.count("#"), len(real)),
        "ellipsis_ratio": share(text.count("...") + text.count("…"), len(real)),
        "bullet_lines": share(sum(strip(line)[0] in BULLETS for line in lines), len(lines)),
        "ellipsis_lines": share(sum(strip(line).endswith(("...", "…")) for line in lines), len(lines)),
        "alpha_words": share(sum(any(flags(c) & LETTER for c in w) for w in real), len(real)),
        "stop_words": None if stops is None else len({lower(w) for w in words} & set(stops)),
        "dup_line_frac": share(line_repeats, len(lines)),
        "dup_line_char": share(line_chars, len(text)),
        "dup_para_frac": share(block_repeats, len(blocks)),
        "dup_para_char": share(block_chars, len(text)),
        "line_punct": share(sum(map(finished, lines)), len(lines)),
        "short_line": share(sum(len(line) <= 30 for line in lines), len(lines)),
        "char_dup": share(line_chars, max(len(text) - text.count("\n"), 1)),
        "new_line": share(text.count("\n"), len(real)),
        "digits": share(sum(bool(flags(c) & NUMBER) for w in real for c in w), len(text)),
        "upper": share(sum(lower(c) != c for c in letters), len(letters)),
        "urls": len(re.findall(r"://|(?<!/)www\.", text)),
    }
    found |= {f"top_{n}gram": share(top(words, n), len(text)) for n in range(2, 5)}
    return found | {f"dup_{n}gram": share(passages(words, n), len(text)) for n in range(5, 11)}


def lower(word: str) -> str:
    """Lower case, letter by letter, where that is one letter."""
    return "".join(c.lower() if len(c.lower()) == 1 and unicodedata.category(c)[0] == "L" else c for c in word)
