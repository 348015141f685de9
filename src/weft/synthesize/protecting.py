"""What a translation must leave alone: replaced by placeholders before a model sees it, and put back behind it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from weft.errors import WeftError, nearest

KINDS = ("code", "inline_code", "maths", "url", "email", "placeholder", "markup", "number")
"""What can be protected, by name."""
_PATTERNS = {
    "code": r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*\n)*?[ ]{0,3}(?P=fence)[`~]*[ \t]*$",
    "inline_code": r"(?P<ticks>`+)(?!`)[^\n]*?[^`\n](?P=ticks)(?!`)",
    "maths": r"\$\$[^$]+\$\$|\\\[[\s\S]+?\\\]|\\\([\s\S]+?\\\)|\\begin\{(?P<block>[a-z*]+)\}[\s\S]+?\\end\{(?P=block)\}"
    r"|(?<![\w$])\$(?=[^\s$])[^$\n]*?(?<=[^\s$\\])\$(?![\d$])",
    "url": r"(?:https?://|ftp://|www\.)[^\s<>\"'`]*[^\s<>\"'`.,;:!?()\[\]{}«»“”‘’।॥۔؟،።、。！？]",
    "email": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    "placeholder": r"\{\{[^{}\n]{0,80}\}\}|\$\{[^{}\n]{0,80}\}|\{[A-Za-z0-9_.:]{0,40}\}|%\([A-Za-z_]\w*\)[sdif]"
    r"|%(?:\d+\$)?[sd](?![A-Za-z])|\[[A-Z][A-Z_ ]+\]",
    "markup": r"</?[A-Za-z][^<>\n]{0,200}>|&(?:[A-Za-z]{2,12}|\#\d{1,7});",
    "number": r"(?<![A-Za-z_\d])[+-]?\d++(?:[.,:/٫٬\u00a0\u202f'’-]\d++)*+%?(?![A-Za-z_])",
}
# Everything that looks like one, whatever spaces, case or digits the model gave it.
_MARK = re.compile(r"<\s*/?\s*[pP]\s*(\d+)\s*/?\s*>")


@dataclass(frozen=True)
class Protected:
    """Texts with placeholders `<p1/>`, `<p2/>`, … in them, and what each stands for: `held[0]` is `<p1/>`'s."""

    texts: tuple[str, ...]
    held: tuple[str, ...]

    def restored(self, place: int, translated: str) -> str:
        """The translation of `texts[place]` with what was protected put back.

        Raises ValueError, with a sentence for the model, unless every placeholder of that text is there, as often as
        there, and no other.
        """
        wanted = Counter(int(found[1]) for found in _MARK.finditer(self.texts[place]))
        got = Counter(int(found[1]) for found in _MARK.finditer(translated))
        for number in sorted((wanted - got).keys()):
            raise ValueError(f"the placeholder <p{number}/> is missing")
        for number in sorted((got - wanted).keys()):
            raise ValueError(f"the placeholder <p{number}/> stands there too often, or does not belong there")
        return _MARK.sub(lambda found: self.held[int(found[1]) - 1], translated)


def protected(texts: Collection[str], kinds: Collection[str] = KINDS) -> Protected:
    """Texts that are translated together, with what must stay as it is replaced by placeholders.

    The same content has one placeholder in all of them. Markup that looks like a placeholder is always replaced, so
    that no text can hold one. Raises WeftError for a kind that is none of KINDS.
    """
    for kind in kinds:
        if kind not in _PATTERNS:
            raise WeftError(f"nothing protects {kind!r}; expected some of {', '.join(KINDS)}{nearest(kind, KINDS)}")
    pattern = re.compile("|".join([_MARK.pattern, *(_PATTERNS[kind] for kind in KINDS if kind in kinds)]), re.MULTILINE)
    numbers: dict[str, int] = {}

    def replace(found: re.Match[str]) -> str:
        return f"<p{numbers.setdefault(found[0], len(numbers) + 1)}/>"

    made = tuple(pattern.sub(replace, text) for text in texts)
    return Protected(made, tuple(numbers))


def nothing_to_translate(text: str) -> bool:
    """Whether a text with placeholders has no letter besides them."""
    return not any(map(str.isalpha, _MARK.sub("", text)))


def numbers(text: str) -> set[str]:
    """The runs of digits in a text, in any script, as ASCII without leading zeros."""
    plain = ("".join(str(unicodedata.decimal(one)) for one in run) for run in re.findall(r"\d+", text))
    return {run.lstrip("0") or "0" for run in plain}
