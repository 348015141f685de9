"""Writer of PO files."""

from __future__ import annotations

import re

import xxhash

from weft.model.languages import tag
from weft.parallel.formats.markup import directed
from weft.parallel.formats.translation import Columnar, OpenSink, Translation

_ESCAPES = {
    **{"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"},
    **{"\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"},
}
_ESCAPED = re.compile('[\\\\"\n\t\r\a\b\f\v]')
_BREAKS = re.compile("[\n\r]+")


class Po(Columnar):
    """A message for each translation; of messages that are the same the later ones get a number as their context."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        super().__init__(codes)
        self._sink = opened(name)
        self._seen: set[int] = set()
        source, target = (tag(code) for code in codes)
        header = "".join(
            f'"{line}\\n"\n'
            for line in (
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=UTF-8",
                "Content-Transfer-Encoding: 8bit",
                f"Language: {target}",
                f"X-Source-Language: {source}",
            )
        )
        self._sink.write(f'msgid ""\nmsgstr ""\n{header}'.encode())

    def add(self, translation: Translation) -> None:
        texts = self.texts(translation)
        if texts is None:
            return
        said = ({"id": translation.id} if translation.id else {}) | directed(translation, self.codes)
        made = ["\n", *(f"#. {name}: {_BREAKS.sub(' ', value)}\n" for name, value in said.items())]
        context = translation.meta.get("context")
        key = xxhash.xxh3_64_intdigest(f"{context}\x04{texts[0]}".encode())
        if key in self._seen:
            context = f"{context or ''}#{self.counts['written']}"
        self._seen.add(key)
        if context:
            made.append(f"msgctxt {_quoted(str(context))}\n")
        self._sink.write("".join([*made, f"msgid {_quoted(texts[0])}\nmsgstr {_quoted(texts[1])}\n"]).encode())

    def close(self) -> None:
        self._sink.close()


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text) + '"'
