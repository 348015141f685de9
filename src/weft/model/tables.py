"""Arrow schemas of the tables that rooms exchange. Column names here are the vocabulary of every operator."""

from __future__ import annotations

import pyarrow as pa

PROBLEM = pa.struct({"kind": pa.string(), "reason": pa.string(), "detail": pa.string()})
"""Why a row cannot go on. `kind` is `error` (damaged, unreadable) or `reject` (nothing to use: no text, an
image); `reason` a stable snake_case code; `detail` a sentence for a person. Null: the row goes on."""

LID = pa.struct({"language": pa.string(), "score": pa.float32(), "script": pa.string(), "reason": pa.string()})
"""What an identifier answers: `iso639-3_Script` or `und_<Script>`, a score to 1, ISO 15924, why it is refused."""

SPAN = pa.struct({"begin": pa.int64(), "end": pa.int64(), "language": pa.string(), "score": pa.float32()})
"""Words of one language: the first and the last (exclusive) character in the text; `language` and `score` as in LID."""

_PLACE = {"begin": pa.int64(), "end": pa.int64()}
LINES = pa.struct(
    {
        "spans": pa.list_(pa.struct({**_PLACE, "kind": pa.string(), "pages": pa.int32(), "share": pa.float32()})),
        "pages": pa.int32(),
        "cut": pa.int64(),
        "share": pa.float32(),
    }
)
"""Boilerplate of a document's site. A span: characters of the text, `line` or `paragraph`, pages of the site that hold
it and their share. Beside: pages that the site was learnt from, characters in spans, their share of the text."""

SUBSTRINGS = pa.struct(
    {
        "spans": pa.list_(pa.struct({**_PLACE, "id": pa.string(), "at": pa.int64()})),
        "cut": pa.int64(),
        "share": pa.float32(),
    }
)
"""Passages that an earlier document holds as well. A span: characters of the text, the id of the document that keeps
the passage and the character where it begins there. Beside: characters in spans and their share of the text."""

CUTS = {"lines": LINES, "substrings": SUBSTRINGS}
"""Labels with spans that `construct` can cut, by the short name of their step."""

EARLIER = pa.struct({"release": pa.string(), "id": pa.string(), "kind": pa.string(), "jaccard": pa.float32()})
"""The document of an earlier release that a document repeats: name of the release, id there, how (`exact`, `near`,
`page`, or `cluster`: another document of its cluster does), and their similarity (null for the last two)."""

SHARED = pa.struct({"holders": pa.int32(), "holder": pa.string(), "document": pa.int64(), "keeps": pa.bool_()})
"""A document that other holders have too: how many, which of them keeps it, as which document of its share, and whether
it is this very one."""

RELATIONS = {**CUTS, "earlier": EARLIER, "shared": SHARED}
"""Labels that relate a document to others, beside its cluster, by the short name of their step."""

CUT = pa.struct(
    {
        "spans": pa.list_(pa.struct(_PLACE)),
        "lines": pa.int64(),
        "substrings": pa.int64(),
        "left": pa.int64(),
        "bytes": pa.int32(),
        "words": pa.int32(),
    }
)
"""What is cut from a document: spans that do not touch, the characters of them that each label gives (what two give
counts for the first), and of what is left the characters that are no white space, bytes and words."""

KINDS = ("text", "sft", "dpo", "pair")
"""Kinds of documents: plain text, a conversation to learn, a preference, a text in several languages."""

PART = pa.struct(
    {
        "field": pa.string(),  # messages, prompt, chosen, rejected, translation
        "role": pa.string(),  # of a message: system, user, assistant, tool
        "language": pa.string(),  # of a side of a translation
        **_PLACE,
    }
)
"""A message or a side of a translation: characters of the document's text, the end exclusive."""

GIVEN_PART = pa.struct({"field": pa.string(), "role": pa.string(), "language": pa.string(), "text": pa.large_string()})
"""A part as a reader gives it, before the parts become one text."""

UNITS = pa.schema(
    {
        "path": pa.string(),  # what Fetcher.open takes
        "name": pa.string(),  # path relative to the source's root: what locators show, never machine paths
        "reader": pa.string(),
        "start": pa.int64(),  # byte range [start, stop) in which records BEGIN; a whole file is [0, size)
        "stop": pa.int64(),
        "size": pa.int64(),
    }
)
"""What one acquire task reads: files, or byte ranges of splittable files."""

RAW = pa.schema(
    {
        "locator": pa.string(),  # web record: "URL capture-time record-id"; file: name#position
        "position": pa.int64(),  # byte offset of the record, or row number where a format has no offsets
        "collected_at": pa.timestamp("us", tz="UTC"),
        "url": pa.string(),
        "mime": pa.string(),  # lower case, no parameters; what the content is, not always what was declared
        "charset": pa.string(),  # declared by the transport (HTTP header), lower case, or null
        "payload": pa.large_binary(),  # the bytes; null when `text` is given
        "text": pa.large_string(),  # given by formats that hold text (JSONL, Parquet, CSV, WET)
        "language_hint": pa.string(),
        "license": pa.string(),
        "meta": pa.string(),  # JSON object, keys sorted, or null
        "problem": PROBLEM,
        "record_kind": pa.string(),  # one of KINDS; null: text
        "group_id": pa.string(),  # what belongs together: translations of one text, say; null: nothing is known
        "given_parts": pa.list_(GIVEN_PART),  # in kinds other than text; `text` holds all of them
        "consent": pa.string(),  # ids in the consent register, of several sides joined by AND
        "redistribute": pa.bool_(),  # what is stated of this record alone; null: what the source says
    }
)
"""One record as a reader yields it. A damaged record is a row too, with `problem` set."""

DOCUMENT = pa.schema(
    {
        "id": pa.string(),  # 32 hex digits: 128-bit hash of source, locator and position
        "text": pa.large_string(),
        "source": pa.string(),
        "locator": pa.string(),
        "url": pa.string(),
        "collected_at": pa.timestamp("us", tz="UTC"),
        "mime": pa.string(),
        "license": pa.string(),
        "consent": pa.string(),
        "basis": pa.string(),
        "redistribute": pa.bool_(),
        "language_hint": pa.string(),
        "variety": pa.struct({"tag": pa.string(), "source": pa.string(), "confidence": pa.float32()}),
        "meta": pa.string(),
        "record_kind": pa.string(),  # one of KINDS
        "group_id": pa.string(),  # documents of one group are never split between train and test
        "parts": pa.list_(PART),  # null for plain text
    }
)
"""A document: one row of `documents/`. `text` is null only after a withdrawal."""

ERROR = pa.schema(
    {
        "id": pa.string(),
        "source": pa.string(),
        "locator": pa.string(),
        "stage": pa.string(),
        "kind": pa.string(),
        "reason": pa.string(),
        "detail": pa.string(),
    }
)
"""One row of `errors/`: what could not go on, where, and why."""

ADDRESS = {"shard": pa.int32(), "row": pa.int32()}
"""Where a row lives: shard number and row within it. The engine adds it; groups return results by it."""

_UNIQUE = frozenset({"id", "locator", "url", "meta", "text", "deduplicate"})


def repeating(schema: pa.Schema) -> list[str]:
    """Parquet paths of string columns whose values recur: a dictionary of texts or ids would be built in vain."""
    found: list[str] = []

    def walk(path: str, kind: pa.DataType) -> None:
        if pa.types.is_struct(kind):
            for inner in kind.fields:
                walk(f"{path}.{inner.name}", inner.type)
        elif pa.types.is_string(kind):
            found.append(path)

    for column in schema:
        if column.name not in _UNIQUE:
            walk(column.name, column.type)
    return found
