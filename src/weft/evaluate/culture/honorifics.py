"""Register and forms of address by markers: pronouns, endings, titles and verbs that belong to one level of politeness.

The markers are data that people of the language give (or `register.learn` learns). Three answers: the wanted register
is there, another is, or none can be told; a text without a marker is not a wrong one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from weft.errors import WeftError, nearest
from weft.evaluate.culture.tables import needed
from weft.evaluate.culture.wording import EXACT, Matching, Reading, held_by, occurrences, phrase, read, together

Place = Literal["word", "end", "within"]
PLACES: tuple[Place, ...] = ("word", "end", "within")
Verdict = Literal["right", "wrong", "absent"]
SCORES: Mapping[str, float] = {"right": 1.0, "wrong": 0.0, "absent": 0.5}
"""What `gated.gate` takes for each verdict."""


@dataclass(frozen=True)
class Marker:
    """What marks a level: whole words, the `end` of a word or clause, or characters anywhere `within`."""

    text: str
    level: str
    place: Place = "word"
    weight: float = 1.0


@dataclass(frozen=True)
class Lexicon:
    """Markers of one language; `levels` in the order of politeness, the most polite first."""

    language: str
    levels: tuple[str, ...]
    markers: tuple[Marker, ...]

    def __post_init__(self) -> None:
        for marker in self.markers:
            if marker.level not in self.levels:
                hint = nearest(marker.level, self.levels)
                raise WeftError(f"markers of {self.language}: {marker.text!r} is of level {marker.level}; expected one "
                                f"of {', '.join(self.levels)}{hint}")  # fmt: skip
            if marker.place not in PLACES or not marker.weight > 0 or not phrase(marker.text).text.strip():
                raise WeftError(f"markers of {self.language}: {marker!r}; expected a text, a place of "
                                f"{', '.join(PLACES)} and a weight above 0")  # fmt: skip


def of_table(rows: pl.DataFrame, language: str, levels: Sequence[str]) -> Lexicon:
    """The lexicon of a language in a table with columns language, marker, level, and place and weight where they are.

    Raises WeftError for missing columns, for a language without markers and for markers that are none.
    """
    needed(rows, "markers", "language", "marker", "level")
    some = rows.filter(pl.col("language") == language)
    if not len(some):
        hint = nearest(language, rows["language"].unique().to_list())
        raise WeftError(f"markers: none of language {language}; expected some{hint}")
    found = tuple(
        Marker(row["marker"], row["level"], row.get("place") or "word", _weight(language, row))
        for row in some.iter_rows(named=True)
    )
    return Lexicon(language, tuple(levels), found)


def _weight(language: str, row: Mapping[str, Any]) -> float:
    given = row.get("weight")
    try:
        weight = 1.0 if given is None or given == "" else float(given)
    except (TypeError, ValueError):
        weight = math.nan
    if not math.isfinite(weight):
        raise WeftError(f"markers of {language}: {row['marker']!r} has weight {given!r}; expected a number above 0")
    return weight


def found_in(text: Reading, lexicon: Lexicon, matching: Matching = EXACT) -> list[tuple[Marker, int, int]]:
    """Markers of a text and their places, in order; of one that lies in a longer one only the longer counts."""
    every = [(marker, *place) for marker in lexicon.markers for place in _places(marker, text, matching)]
    taken: list[tuple[int, int]] = []
    kept: list[tuple[Marker, int, int]] = []
    for marker, start, stop in sorted(every, key=lambda one: one[1] - one[2]):
        same = any((start, stop) == (one[1], one[2]) for one in kept)
        # A marker of two levels counts for both, and says which it is not.
        if same or not held_by(taken, (start, stop)):
            kept.append((marker, start, stop))
            taken.append((start, stop))
    return sorted(kept, key=lambda one: one[1:])


def _places(marker: Marker, text: Reading, matching: Matching) -> Iterator[tuple[int, int]]:
    wanted = phrase(marker.text)
    if marker.place == "word":
        yield from together(wanted, text, matching)
        return
    for start, stop in occurrences(wanted.text.strip(), text):
        after = text.text[stop : stop + 1]
        if marker.place == "within" or not after or not after.isalnum():
            yield start, stop


def levels(text: Reading, lexicon: Lexicon, matching: Matching = EXACT) -> dict[str, float]:
    """Sums of weights of the markers of each level that a text has any of."""
    sums: dict[str, float] = {}
    for marker, _, _ in found_in(text, lexicon, matching):
        sums[marker.level] = sums.get(marker.level, 0.0) + marker.weight
    return sums


def judge(text: Reading, wanted: Sequence[str], lexicon: Lexicon, matching: Matching = EXACT) -> Verdict:
    """`right` where the levels that are `wanted` have the greater weight, `wrong` where others have, else `absent`."""
    unknown = [one for one in wanted if one not in lexicon.levels]
    if unknown or not wanted:
        named = ", ".join(unknown) or "none"
        raise WeftError(f"wanted register {named}; expected some of {', '.join(lexicon.levels)}")
    sums = levels(text, lexicon, matching)
    best = max((value for name, value in sums.items() if name in wanted), default=0.0)
    rest = max((value for name, value in sums.items() if name not in wanted), default=0.0)
    return "right" if best > rest else "wrong" if rest > best else "absent"


def score(
    outputs: Sequence[str | None],
    wanted: Sequence[Sequence[str] | None],
    lexicon: Lexicon,
    *,
    matching: Matching = EXACT,
) -> pl.DataFrame:
    """A row for each output: `verdict`, `value`, `judged`.

    `wanted` are the levels that are right for an item, None where any is. `value` is 1 for right and 0 for wrong, null
    for absent, for items that want none and for those that were not run; `judged` has .5 for absent, as `gated.gate`
    takes it. Raises WeftError where there are not as many of both, and for levels that are none.
    """
    if len(outputs) != len(wanted):
        raise WeftError(f"wanted registers: {len(wanted)} for {len(outputs)} outputs; expected as many")
    verdicts = [
        None if output is None or levels_of is None else judge(text, levels_of, lexicon, matching)
        for output, text, levels_of in zip(outputs, read(outputs), wanted, strict=True)
    ]
    judged = [None if one is None else SCORES[one] for one in verdicts]
    frame = pl.DataFrame(
        {"verdict": pl.Series(verdicts, dtype=pl.String), "judged": pl.Series(judged, dtype=pl.Float64)}
    )
    value = pl.when(pl.col("judged") != SCORES["absent"]).then(pl.col("judged"))
    return frame.select("verdict", value.alias("value"), "judged")
