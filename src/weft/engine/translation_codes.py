"""Which languages a translation model knows, by the tags in its vocabulary, and where such a tag stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from weft.errors import nearest
from weft.model.languages import normalises

Place = Literal["both", "before"]
_FORMS: Mapping[str, tuple[re.Pattern[str], Place]] = {
    "nllb": (re.compile(r"([a-z]{3}_[A-Z][a-z]{3})"), "both"),
    "m2m100": (re.compile(r"__([a-z]{2,3})__"), "both"),
    "mbart": (re.compile(r"([a-z]{2}_[A-Z]{2})"), "both"),
    "marian": (re.compile(r">>([A-Za-z_]{2,20})<<"), "before"),
    "t5": (re.compile(r"<2([A-Za-z_]{2,20})>"), "before"),
}
"""Tags of a kind of model, the code in them, and where they stand.

`both`: the source's before the text and the target's first in the translation. `before`: the target's before the text.
"""
_OWN = {"ns": "nso_Latn"}
"""Codes that a model made up."""
_SHOWN = 8


@dataclass(frozen=True)
class Tags:
    """The tags of a model by language; of a model for one pair of languages there is none, and `pair` may name it."""

    tags: Mapping[str, str]
    place: Place
    pair: tuple[str | None, str | None] = (None, None)

    def of(self, language: str, side: str) -> str:
        """The tag of a language. Raises ValueError that names the nearest where the model does not know it."""
        found = self.tags.get(language) or self.tags.get(normalises(language) or "")
        if found is None:
            raise ValueError(f"the model knows no {side} language {language}; expected one of {self._near(language)}")
        return found

    def check(self, source: str, target: str) -> None:
        """Raises ValueError for a pair of languages that the model does not translate."""
        if self.tags:
            if self.place == "both":
                self.of(source, "source")
            self.of(target, "target")
            return
        for asked, held, side in zip((source, target), self.pair, ("source", "target"), strict=True):
            if held is not None and (normalises(asked) or asked) != held:
                raise ValueError(f"the model's {side} language is {held}, not {asked}; expected {held}")

    def _near(self, language: str) -> str:
        """Languages of the same base first, then some others; and the nearest name."""
        same = sorted(code for code in self.tags if code[:3] == language[:3])
        others = sorted(code for code in self.tags if code not in same)
        told = [*same, *others][:_SHOWN]
        more = len(self.tags) - len(told)
        return f"{', '.join(told)}{f' and {more} more' if more else ''}{nearest(language, self.tags)}"


def tags_in(vocabulary: Iterable[str], pair: tuple[object, object] = (None, None)) -> Tags:
    """The tags in a vocabulary, of the kind that it has most of; `pair` is what a model says of its two languages."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in _FORMS}
    for token in vocabulary:
        for name, (form, _) in _FORMS.items():
            if held := form.fullmatch(token):
                found[name].append((token, held.group(1)))
    kind = max(found, key=lambda name: len(found[name]))
    by_language: dict[str, str] = {}
    # A code that is one of ours already comes before another that only means the same.
    for token, code in sorted(found[kind], key=lambda one: (normalises(one[1]) != one[1], one)):
        by_language.setdefault(_OWN.get(code) or normalises(code) or code, token)
    told = tuple(normalises(one) if isinstance(one, str) and one else None for one in pair)
    return Tags(by_language, _FORMS[kind][1], (told[0], told[1]))
