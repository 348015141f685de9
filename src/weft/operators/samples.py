"""Batches to try operators on: texts that break careless code, and every column that an operator may read."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from weft.errors import WeftError
from weft.model.tables import ADDRESS, DOCUMENT, RAW
from weft.operators.contract import OperatorSpec
from weft.operators.registry import Registry

HARD_TEXTS: tuple[str | None, ...] = (
    "Mtoto anasoma kitabu chake kila siku. Mwalimu anafurahi sana, na wazazi pia.\nKesho watarudi shuleni.",
    None,
    "",
    " \t\n\u00a0\u3000\u2028 ",
    "ߒߞߏ ߦߋ߫ ߛߓߍߛߎ߲ ߘߏ߫ ߟߋ߬ ߘߌ߫، ߞߊ߲ ߠߎ߬ ߛߓߍ߫ ߟߊ߫.",
    "ሰላም ለዓለም። ይህ ጽሑፍ በአማርኛ ነው፤ አጭር ነው።",
    "ខ្ញុំចូលចិត្តអានសៀវភៅ។ ថ្ងៃនេះមានភ្លៀងធ្លាក់ខ្លាំង។",
    "วันนี้อากาศดีมาก ฉันไปตลาดกับแม่",
    "ຂ້ອຍມັກອ່ານປຶ້ມຢູ່ເຮືອນ",
    "ကျွန်တော် စာအုပ်ဖတ်တယ်။ မိုးရွာနေတယ်။",
    "سلام دنیا؛ این یک متن کوتاه است. می‌خواهم بخوانم.",
    "שלום עולם, זה טקסט קצר.\u200f",
    "यह एक छोटा वाक्य है। क्षत्रिय और क्\u200dष अलग हैं।",
    "我今天去图书馆看书。天气很好！",
    "今日は図書館で本を読みました。カタカナも。",
    "나는 오늘 도서관에 갔다.",
    "Ọmọdé náà ń kàwé. e\u0301e\u0301 o\u0323\u0300 a" + "\u0301" * 40,
    "👩‍👩‍👧‍👦 👍🏽 🇰🇪 \u2764\ufe0f 😀" * 3,
    "\u200d",
    "\u0301",
    "a" * 10_000,
    "កខគឃង" * 2_000,
    "𞤀𞤣𞤤𞤢𞤥 𞤨𞤵𞤤𞤢𞤪 𐐷 𝔘𝔫𝔦 𠀀𠀁",
    "null\x00byte \x07bell \x1b[0m \ufeffbom \ufffd \u202eoverride\u202c",
    "line\r\nbreak\rold\x85next\u2028sep\n\n\n\nend",
    "<p>Not &amp; a page</p> https://example.org/a?b=c user@example.org #tag … - • *",
    "1234567890 ١٢٣ ೧೨೩ 3.14 10,000 -5",
    "word " * 3_000,
    "x\n" * 2_000,
    "Zawgyi: ေမာင္ ျမန္မာ",
)
"""In this order; texts of scripts other than Latin were not reviewed by native speakers."""

_SCHEMA: Mapping[str, pa.DataType] = (
    {field.name: field.type for field in RAW} | {field.name: field.type for field in DOCUMENT} | ADDRESS
)
_CYCLES: Mapping[str, Sequence[Any]] = {
    "mime": ("text/html", "text/plain", None, "application/octet-stream"),
    "charset": (None, "utf-8", "windows-1252", "no-such-charset"),
    "language_hint": (None, "swh_Latn", "mya_Mymr", "und_Zzzz"),
    "license": ("unknown", "CC-BY-4.0", None),
    "basis": ("unknown", "crawl-private"),
    "redistribute": (None, True, False),
    "meta": (None, '{"title":"\u12a0\u121b\u122d\u129b"}'),
    "source": ("sample",),
    "problem": (None, None, None, None, {"kind": "error", "reason": "damaged_record", "detail": "a sample"}),
    "consent": (None,),
    "variety": (None,),
    "record_kind": ("text", "pair", "sft"),
    "group_id": (None, "story-1"),
    "given_parts": (None,),
}


def table(spec: OperatorSpec, registry: Registry, texts: Sequence[str | None] = HARD_TEXTS) -> pa.Table:
    """A batch with every column that an operator reads and some that it does not.

    Labels that it reads are made by the operators that write them. Raises WeftError when some column has no maker.
    """
    batch = _base(spec, texts)
    for column in spec.reading(registry.defaults(spec.name)) if spec.columns_in else spec.reads:
        if column not in batch.column_names:
            maker = _maker(column, spec, registry)
            made = maker.build(**registry.defaults(maker.name))(table(maker, registry, texts))
            batch = batch.append_column(column, made[column])
    return batch


def can_sample(spec: OperatorSpec, registry: Registry) -> bool:
    """Whether `table` can make a batch for this operator: it reads rows that come from documents or records."""
    if spec.kind == "group" or spec.accepts:
        return False
    others = [registry.get(name) for name in registry.names() if name != spec.name]
    makers = [other for other in others if _keeps(other) and _by_itself(other)]
    if spec.columns_in is not None and not _by_itself(spec):
        return False
    return set(spec.reads) <= {*_SCHEMA, *(column for other in makers for column in other.writes)}


def column_types(spec: OperatorSpec, registry: Registry) -> dict[str, pa.DataType]:
    """Type of every column that an operator reads, as far as tables and other operators tell."""
    # Records are no rows of a build: their columns have names of their own.
    names = [name for name in registry.names() if name != spec.name and not name.startswith("synthesize.")]
    others = [registry.get(name) for name in names]
    sources: list[Mapping[str, pa.DataType]] = [
        other.writes for other in others if set(spec.reads) <= set(other.writes)
    ]
    sources += [_SCHEMA, *(other.writes for other in others if _keeps(other)), *(other.writes for other in others)]
    sources.append(spec.writes)
    return {name: next(kinds[name] for kinds in sources if name in kinds) for name in spec.reads if _any(name, sources)}


def _any(name: str, sources: Sequence[Mapping[str, pa.DataType]]) -> bool:
    return any(name in kinds for kinds in sources)


def _keeps(spec: OperatorSpec) -> bool:
    return spec.kind == "map" and spec.rows == "keep"


def _by_itself(spec: OperatorSpec) -> bool:
    """Whether an operator wants no parameter: what needs a model of one's own makes no sample."""
    given = inspect.signature(spec.build).parameters.values()
    return all(parameter.default is not parameter.empty for parameter in given)


def _maker(column: str, reader: OperatorSpec, registry: Registry) -> OperatorSpec:
    for name in registry.names():
        spec = registry.get(name)
        if column in spec.writes and name != reader.name and _keeps(spec) and _by_itself(spec):
            return spec
    raise WeftError(f"{reader.name} reads {column}, which no table has and no operator writes")


def _base(spec: OperatorSpec, texts: Sequence[str | None]) -> pa.Table:
    record = spec.room in ("acquire", "parse", "standardize")
    names = [*RAW.names, "id", "source"] if record else DOCUMENT.names
    names = [*names, *(name for name in ADDRESS if name in spec.reads)]
    columns = {name: pa.array(_values(name, texts), _SCHEMA[name]) for name in names}
    if spec.room == "parse":  # half of the records come with text, half with bytes
        given = [text if number % 2 else None for number, text in enumerate(texts)]
        columns["text"] = pa.array(given, _SCHEMA["text"])
    return pa.table(columns)


def _values(name: str, texts: Sequence[str | None]) -> list[Any]:
    count = len(texts)
    if name == "text":
        return list(texts)
    if name == "parts":
        kinds = _values("record_kind", texts)
        return [None if kind == "text" else _halves(text or "") for kind, text in zip(kinds, texts, strict=True)]
    if name == "payload":
        return [_payload(number, text) for number, text in enumerate(texts)]
    if name in _CYCLES:
        return [_CYCLES[name][number % len(_CYCLES[name])] for number in range(count)]
    if name == "id":
        return [f"{number:032x}" for number in range(count)]
    if name in ("locator", "url"):
        return [f"https://example.org/{number}" for number in range(count)]
    if name == "collected_at":
        return [datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)] * count
    return list(range(count))


def _halves(text: str) -> list[dict[str, Any]]:
    """Two parts of a text."""
    middle = len(text) // 2
    places = {"eng_Latn": (0, middle), "swh_Latn": (middle, len(text))}
    return [{"language": code, "begin": begin, "end": end} for code, (begin, end) in places.items()]


def _payload(number: int, text: str | None) -> bytes | None:
    if text is None:
        return None
    if number % 3 == 0:
        return f"<html><head><title>{number}</title></head><body><p>{text}</p></body></html>".encode()
    if number % 3 == 1:
        return text.encode("utf-16")
    return text.encode()[: -1 if number % 2 else None] + bytes(range(256))
