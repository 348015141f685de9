"""Writers of XML: TMX, XLIFF, and the links and documents of OPUS."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from weft.model.languages import tag
from weft.parallel.formats.translation import Columnar, OpenSink, Translation

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have (section 2.2)."""
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_RETURNS = {"\r": "&#13;"}  # a parser makes a line feed of one that stands as it is


class _Text:
    """Text as XML, with a count of what XML cannot hold."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def plain(self, text: str) -> str:
        made = _FORBIDDEN.sub("\ufffd", text)
        self.counts["controls"] += made != text
        return escape(made, _RETURNS)

    def attribute(self, text: str) -> str:
        return quoteattr(_FORBIDDEN.sub("\ufffd", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


class Tmx:
    """TMX 1.4b: a unit with as many languages as the translation has."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        self._text = _Text()
        self.counts = self._text.counts
        self._sink = opened(name)
        self._write(
            f'{_DECLARATION}<tmx version="1.4">\n<header creationtool="weft" creationtoolversion="1" segtype="block" '
            'o-tmf="weft" adminlang="en" srclang="*all*" datatype="plaintext"/>\n<body>\n'
        )

    def _write(self, text: str) -> None:
        self._sink.write(text.encode())

    def add(self, translation: Translation) -> None:
        self.counts["written"] += 1
        name = f" tuid={self._text.attribute(translation.id)}" if translation.id else ""
        made = [f"<tu{name}>{self._properties(translation.facts() | translation.of_unit())}\n"]
        for code, text in translation.texts.items():
            own = self._properties(translation.of_side(code))
            made.append(f'<tuv xml:lang="{tag(code)}">{own}<seg>{self._text.plain(text)}</seg></tuv>\n')
        self._write("".join([*made, "</tu>\n"]))

    def _properties(self, said: Mapping[str, str]) -> str:
        made = [f"<prop type={self._text.attribute(n)}>{self._text.plain(v)}</prop>" for n, v in said.items()]
        return "".join(made)

    def close(self) -> None:
        self._write("</body>\n</tmx>\n")
        self._sink.close()


class Xliff(Columnar):
    """XLIFF 2.0, of two languages; a control character is `<cp hex=…/>` there, so none is lost."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        super().__init__(codes)
        self._text = _Text()
        self._sink = opened(name)
        source, target = (tag(code) for code in codes)
        self._write(
            f'{_DECLARATION}<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="{source}" '
            f'trgLang="{target}">\n<file id="f1" xml:space="preserve">\n'
        )

    def _write(self, text: str) -> None:
        self._sink.write(text.encode())

    def add(self, translation: Translation) -> None:
        texts = self.texts(translation)
        if texts is None:
            return
        name = f" name={self._text.attribute(translation.id)}" if translation.id else ""
        said = directed(translation, self.codes)
        made = [f"<note category={self._text.attribute(n)}>{self._text.plain(v)}</note>" for n, v in said.items()]
        notes = f"<notes>{''.join(made)}</notes>" if made else ""
        source, target = (self._coded(text) for text in texts)
        self._write(
            f'<unit id="u{self.counts["written"]}"{name}>{notes}<segment><source>{source}</source>'
            f"<target>{target}</target></segment></unit>\n"
        )

    def _coded(self, text: str) -> str:
        marked = _FORBIDDEN.sub(lambda found: f"\ufffe{ord(found[0]):04X}\ufffe", text)
        return re.sub("\ufffe([0-9A-F]+)\ufffe", r'<cp hex="\1"/>', escape(marked, _RETURNS))

    def close(self) -> None:
        self._write("</file>\n</xliff>\n")
        self._sink.close()


class Xces(Columnar):
    """The links of OPUS in one file, and beside it a document for each language, in the folder of its tag."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        super().__init__(codes)
        self._text = _Text()
        self.counts = self._text.counts
        folder, mark, file = name.rpartition("/")
        inside = [f"{tag(code)}/{file}" for code in codes]
        self._links = opened(name)
        self._documents = [opened(f"{folder}{mark}{place}") for place in inside]
        self._links.write(
            f'{_DECLARATION}<cesAlign version="1.0">\n<linkGrp targType="s" fromDoc={quoteattr(inside[0])} '
            f"toDoc={quoteattr(inside[1])}>\n".encode()
        )
        for document in self._documents:
            document.write(f"{_DECLARATION}<document>\n".encode())

    def add(self, translation: Translation) -> None:
        texts = self.texts(translation)
        if texts is None:
            return
        number = self.counts["written"]
        for document, text in zip(self._documents, texts, strict=True):
            document.write(f'<s id="{number}">{self._text.plain(text)}</s>\n'.encode())
        said = {"id": translation.id, "type": translation.meta.get("alignment")}
        said["certainty"] = translation.meta.get("certainty")
        told = [f" {name}={self._text.attribute(str(value))}" for name, value in said.items() if value is not None]
        self._links.write(f'<link{"".join(told)} xtargets="{number};{number}"/>\n'.encode())

    def close(self) -> None:
        self._links.write(b"</linkGrp>\n</cesAlign>\n")
        self._links.close()
        for document in self._documents:
            document.write(b"</document>\n")
            document.close()


def directed(translation: Translation, codes: tuple[str, ...]) -> dict[str, str]:
    """What is known of a translation, where a format has a source and a target and its sides no place of their own."""
    source, target = (translation.of_side(code) for code in codes)
    made = {
        **translation.of_unit(),
        "document": source.get("document"),
        "document-target": target.get("document"),
        "license-source": source.get("license"),
        "license-target": target.get("license"),
        "consent-source": source.get("consent"),
        "consent-target": target.get("consent"),
    }
    return {name: value for name, value in made.items() if value is not None}
