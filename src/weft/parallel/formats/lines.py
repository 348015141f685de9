"""Writers of line formats: Moses files, TSV, CSV, JSON lines; and Parquet."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from weft.model.languages import tag
from weft.parallel.formats.translation import Columnar, OpenSink, Translation

_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
"""What some tool takes for the end of a line, and the tab."""
BESIDE = ("id", "license", "consent", "group_id", "meta")
_ROWS = 4096


class Moses(Columnar):
    """A file for each language, named `stem.tag`; line n of each belongs together."""

    def __init__(self, opened: OpenSink, stem: str, codes: tuple[str, ...], packed: str = "") -> None:
        super().__init__(codes)
        self.names = [f"{stem}.{tag(code)}{packed}" for code in codes]
        self._sinks = [opened(name) for name in self.names]

    def add(self, translation: Translation) -> None:
        texts = self.texts(translation)
        for sink, text in zip(self._sinks, texts or (), strict=False):
            sink.write(_one_line(text, self.counts).encode() + b"\n")

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()


def _one_line(text: str, counts: Counter[str]) -> str:
    made = _BREAKS.sub(" ", text)
    counts["line_ends"] += made != text
    return made


class Tsv(Columnar):
    """A column for each language, then what is known of the row; nothing is quoted."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        super().__init__(codes)
        self._sink = opened(name)
        self._sink.write("\t".join((*codes, *BESIDE)).encode() + b"\n")

    def add(self, translation: Translation) -> None:
        texts = self.texts(translation)
        if texts is None:
            return
        beside = [_BREAKS.sub(" ", value or "") for value in translation.record().values()]
        made = [*(_one_line(text, self.counts) for text in texts), *beside]
        self._sink.write("\t".join(made).encode() + b"\n")

    def close(self) -> None:
        self._sink.close()


class Csv(Columnar):
    """A column for each language, then what is known of the row; fields are quoted where they need it."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        super().__init__(codes)
        self._sink = opened(name)
        self._row((*codes, *BESIDE))

    def _row(self, fields: tuple[str, ...] | list[str]) -> None:
        held = io.StringIO()
        csv.writer(held, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(fields)
        self._sink.write(held.getvalue().encode())

    def add(self, translation: Translation) -> None:
        texts = self.texts(translation)
        if texts is None:
            return
        made = [re.sub("\r+\n", "\n", text) for text in texts]
        self.counts["carriage_returns"] += made != texts
        self._row([*made, *(value or "" for value in translation.record().values())])

    def close(self) -> None:
        self._sink.close()


class Jsonl:
    """An object for each translation: `translation`, a text by code, and what is known of it."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        self.counts: Counter[str] = Counter()
        self._codes = codes
        self._sink = opened(name)

    def add(self, translation: Translation) -> None:
        self.counts["written"] += 1
        held = translation.record()
        meta = held.pop("meta")
        made = {"translation": dict(translation.texts), **{name: value for name, value in held.items() if value}}
        if meta:
            made["meta"] = json.loads(meta)
        self._sink.write(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        self._sink.close()


class Parquet:
    """A struct of a text for each language, null where a row has none, and what is known of the row."""

    def __init__(self, opened: OpenSink, name: str, codes: tuple[str, ...]) -> None:
        self.counts: Counter[str] = Counter()
        self._codes = codes
        sides = pa.struct([(code, pa.large_string()) for code in codes])
        self._schema = pa.schema([("translation", sides), *((name, pa.string()) for name in BESIDE)])
        self._sink = opened(name)
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd", write_statistics=False)
        self._held: list[dict[str, object]] = []

    def add(self, translation: Translation) -> None:
        self.counts["written"] += 1
        texts = {code: translation.texts.get(code) for code in self._codes}
        self._held.append({"translation": texts, **translation.record()})
        if len(self._held) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.Table.from_pylist(self._held, self._schema))
            self._held = []

    def close(self) -> None:
        self._flush()
        self._writer.close()
        self._sink.close()
