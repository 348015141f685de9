"""What a model has chosen, or counted, read from what it wrote, in whatever script.

Harnesses read answers with patterns made for English: a particle that follows the letter without a space, another
script's digits, a full-width bracket or a word for "answer" that is not listed lose them. Here no word of any language
is looked for: only labels, the choices' own texts, and where they stand. What is not clear is None and never a guess:
the caller counts it apart from wrong answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

LABELS = tuple("ABCDEFGHIJ")
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OPEN_THOUGHT = re.compile(r"<(think|thinking|reasoning)>", re.IGNORECASE)
_HALF = re.compile("[\ud800-\udfff]")
_BOXED = re.compile(r"\\boxed\s*\{\s*(?:\\text\s*\{)?([^{}]*)\}")
_ALIKE = dict(zip("АВСЕНАΑΒΕΗΙ", "ABCEHAABEHI", strict=True))
"""Letters of Cyrillic and Greek that look like Latin ones, and are typed for them."""
_READ = 10_000
"""Characters that are read at each end of a long answer."""
_OPENING, _CLOSING = "([{<«“\"'*_`【〔「『〈", ")]}>»”\"'*_`】〕」』〉"
_ENDS = ".,:;!?)]}、。，：；！？։።፡།॥।۔؟،؛၊។៖"


def whole_text(given: str) -> str:
    """A text whose halves of characters, which no file can hold, are whole unknown ones."""
    return _HALF.sub("\ufffd", given)


def answered(text: str) -> str:
    """What follows a model's thoughts, where it marks them; nothing where they do not end."""
    rest = _THOUGHT.sub("", text)
    return "" if _OPEN_THOUGHT.search(rest) else rest.strip()


def choice(text: str, choices: Sequence[str], labels: Sequence[str] = LABELS) -> int | None:
    """Which of the choices a text names, from 0 on, by its label or in its own words; None where that is not clear.

    `labels` are those of the prompt, in its script; digits count for it too (1 is the first choice), of any script. The
    order in which it looks: a box; the whole answer; a label set apart on the last line, then on the first; labels set
    apart anywhere that agree; the text of one choice alone.
    """
    held = _plain(answered(text))
    if not held:
        return None
    if len(held) > 2 * _READ:
        # What runs on without an end says at its ends what it says at all.
        held = f"{held[:_READ]}\n{held[-_READ:]}"
    known = _known(tuple(labels[: len(choices)]))
    given = frozenset(map(_plain, labels[: len(choices)]))
    for boxed in reversed(_BOXED.findall(held)):
        found = _whole(boxed, choices, known)
        if found is not None:
            return found
    found = _whole(held, choices, known)
    if found is not None:
        return found
    lines = [line for line in held.split("\n") if line.strip()]
    for line in (lines[-1], lines[0]):
        found = _only(_apart(line, known, given))
        if found is None:
            found = _named(line, choices)
        if found is not None:
            return found
    found = _only(_apart(held, known, given))
    return found if found is not None else _named(held, choices)


def _plain(text: str) -> str:
    """Compatibility forms as plain ones (full-width, circled), ends of lines as one, without marks of direction."""
    held = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in held if unicodedata.category(c) != "Cf").strip()


@lru_cache
def _known(labels: tuple[str, ...]) -> dict[str, int]:
    known = {str(place + 1): place for place in range(len(labels))}
    return known | {_plain(label).casefold(): place for place, label in enumerate(labels)}


def _label(piece: str, known: dict[str, int]) -> int | None:
    """The choice of a label: as it is, with a look-alike, or in digits of another script."""
    latin = "".join(_ALIKE.get(c, c) for c in piece.upper()) if piece not in known else piece
    digits = "".join(str(unicodedata.digit(c)) if unicodedata.digit(c, None) is not None else c for c in piece)
    for one in (piece, piece.casefold(), latin.casefold(), digits):
        if one in known:
            return known[one]
    return None


def _whole(text: str, choices: Sequence[str], known: dict[str, int]) -> int | None:
    bare = text.strip().strip(_OPENING + _CLOSING + _ENDS + " \n\t-")
    found = _label(bare, known)
    if found is not None:
        return found
    same = [place for place, one in enumerate(choices) if _words(one) == _words(bare) and _words(one)]
    return same[0] if len(same) == 1 else None


def _words(text: str) -> str:
    """A text as it is compared: case, marks of punctuation and runs of space do not count."""
    kept = (c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in _plain(text).casefold())
    return " ".join("".join(kept).split())


def _kind(c: str) -> str:
    """Script of a letter, by the first word of its name; DIGIT, or nothing of what is none."""
    if c.isdigit():
        return "DIGIT"
    return unicodedata.name(c, " ").split(" ")[0] if c.isalpha() or unicodedata.category(c)[0] == "M" else ""


def _apart(line: str, known: dict[str, int], given: frozenset[str]) -> set[int]:
    """Labels that stand for themselves in a line.

    Beside one is no letter of its own script and no digit: of another script there may be, as particles follow a Latin
    label without a space in Korean, Japanese or Thai. A label that words of its own script follow after a space is a
    word ("A cat", "В доме"), unless a bracket or a mark is between; so is a small letter, where labels are capital
    ones, without a colon or a mark.
    """
    found: set[int] = set()
    longest = max(map(len, known))
    at = 0
    while at < len(line):
        for size in range(min(longest, len(line) - at), 0, -1):
            place = _label(line[at : at + size], known)
            piece = line[at : at + size]
            small = piece.islower() and piece not in given
            if place is not None and _stands(line, at, at + size, small):
                found.add(place)
                at += size - 1
                break
        at += 1
    return found


def _stands(line: str, start: int, stop: int, small: bool) -> bool:
    before, after = line[start - 1 : start], line[stop : stop + 1]
    kinds = {_kind(c) for c in line[start:stop]}
    beside = {_kind(before) if before else "", _kind(after) if after else ""}
    if beside & (kinds | {"DIGIT"}) or (after and unicodedata.category(after)[0] == "M"):
        return False
    set_off = bool(after) and (after in _ENDS or after in _CLOSING)
    if kinds == {"DIGIT"}:
        # Of numbers in running text none is a choice: 3.5, 2 km.
        whole = not before or before in _OPENING or before.isspace()
        ended = not after or (set_off and not line[stop + 1 : stop + 2].isdigit())
        return whole and ended and not (before.isspace() and line[: start - 1].rstrip()[-1:].isdigit())
    led = line[:start].rstrip()[-1:]
    if small and not set_off and (not led or led not in ":：" + _OPENING):
        return False
    rest = line[stop:].lstrip(" ")
    follows = after == " " and bool(rest) and bool(_kind(rest[0]) in kinds)
    return not follows


def _only(found: set[int]) -> int | None:
    return next(iter(found)) if len(found) == 1 else None


def _named(text: str, choices: Sequence[str]) -> int | None:
    """The one choice whose words the text has; of choices that are in another the longer."""
    held = f" {_words(text)} "
    # Scripts without spaces have no borders of words to look for.
    spaced = " " in held.strip() or len(held) < 20
    named = {
        place: words
        for place, one in enumerate(choices)
        if (words := _words(one)) and ((f" {words} " if spaced and len(words) < 4 else words) in held)
    }
    longest = {p: w for p, w in named.items() if not any(w != other and w in other for other in named.values())}
    return next(iter(longest)) if len(longest) == 1 else None
