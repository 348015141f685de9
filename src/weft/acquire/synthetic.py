"""Records that `weft synthesize` released: what a machine made, with where it comes from and how it was judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from weft.acquire.compression import Damage
from weft.acquire.formats import accepted
from weft.acquire.parquet import groups_of
from weft.acquire.records import BETWEEN, NotARecord
from weft.acquire.rows import READS, WRITES, Row, Unit, as_json, problem_row, reader
from weft.model.tables import KINDS
from weft.operators.contract import ReadFunction, operator

_NEEDED = (
    *("id", "kind", "parts", "parents", "shots", "recipe", "version", "language", "skill", "group_id", "license"),
    *("consent", "basis", "redistribute", "source", "note", "calls", "problem", "gates", "accepted"),
)
_MORE = ("reviewed",)
_FIELDS = {
    "text": ("text",),
    "sft": ("messages",),
    "dpo": ("prompt", "chosen", "rejected"),
    "pair": ("translation",),
}
"""Fields of the parts of each kind, in the order of the text."""
_CALL = (
    *("key", "model", "revision", "server", "prompt", "prompt_hash", "rendered_hash", "sample", "finish"),
    *("tokens_in", "tokens_out", "estimated", "cost"),
)
"""What is kept of a call: not the reply, which the key finds again."""
_WORST = ("pass", "unjudged", "fail")


@operator(
    "acquire.synthetic",
    version=1,
    reads=READS,
    writes=WRITES,
    rows="make",
    libraries=("pyarrow",),
    accepts=accepted("parquet"),
)
def synthetic() -> ReadFunction:
    """A row for each accepted record in a Parquet file of `weft synthesize`; others are problems.

    Rows are of the kind of their record: text, sft, dpo or pair. The locator is the id of the record, so a record is
    the same document wherever its file puts it. `meta.synthetic` says what made it: recipe and version, parents and
    examples, which parts a machine made, the calls of models without their replies, verdicts of the gates.
    """

    def records(unit: Unit, stream: BinaryIO) -> Iterator[Row | pa.Table]:
        try:
            file = pq.ParquetFile(stream, pre_buffer=False)
        except pa.ArrowException as error:
            if unit.first:
                raise Damage("damaged_file", f"not a readable Parquet file: {error}") from error
            return
        known = file.schema_arrow.names
        absent = [name for name in _NEEDED if name not in known]
        if absent:
            if unit.first:
                expected = "expected a file that weft synthesize wrote, with verdicts of gates"
                raise Damage("no_records", f"no column {', '.join(absent)}; {expected}")
            return
        columns = [*_NEEDED, *(name for name in _MORE if name in known)]
        yield from groups_of(unit, file, columns, _rows)

    return reader(records)


def _rows(unit: Unit, batch: pa.RecordBatch, position: int) -> Iterator[Row]:
    for number, record in enumerate(batch.to_pylist()):
        yield _row(unit, position + number, record)


def _row(unit: Unit, position: int, record: Mapping[str, Any]) -> Row:
    name = record["id"] or f"{unit.name}#{position}"
    problem = record["problem"]
    if problem is not None:
        return problem_row(unit, position, problem["kind"], problem["reason"], problem["detail"], locator=name)
    if not record["accepted"]:
        return problem_row(unit, position, "reject", "not_accepted", _refusal(record), locator=name)
    try:
        if not record["id"]:
            raise NotARecord("no_id", "the record has no id; expected 32 hex digits")
        parts = _parts(record)
    except NotARecord as fault:
        return problem_row(unit, position, "reject", fault.reason, str(fault), locator=name)
    kind = record["kind"]
    return Row(
        name,
        0,
        mime="text/plain",
        text=BETWEEN.join(part["text"] for part in parts),
        language_hint=record["language"],
        license=record["license"],
        meta=as_json({"synthetic": _provenance(record)}),
        record_kind=kind,
        group_id=record["group_id"],
        given_parts=None if kind == "text" else [{n: part[n] for n in _GIVEN} for part in parts],
        consent=record["consent"],
        redistribute=record["redistribute"],
    )


_GIVEN = ("field", "role", "language", "text")


def _refusal(record: Mapping[str, Any]) -> str:
    """Why a record was not accepted: the gates that it failed, else that something after them left it out."""
    failed = [
        f"{verdict['gate']}: {verdict['detail'] or 'failed'}"
        for verdict in record["gates"] or ()
        if verdict["verdict"] == "fail"
    ]
    return "; ".join(failed)[:500] or "the release left it out, and no gate failed it"


def _parts(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parts in the order that readers give them; raises NotARecord where they do not make the record's kind."""
    kind, held = record["kind"], record["parts"] or []
    if kind not in KINDS:
        raise NotARecord("unknown_kind", f"the kind is {kind!r}; expected one of {', '.join(KINDS)}")
    fields = _FIELDS[kind]
    parts = [part for field in fields for part in held if part["field"] == field]
    if len(parts) != len(held):
        other = next(part["field"] for part in held if part["field"] not in fields)
        raise NotARecord("other_field", f"a part is {other!r}; expected {', '.join(fields)} in a record of kind {kind}")
    missing = [field for field in fields if not any(part["field"] == field for part in parts)]
    if missing:
        raise NotARecord("no_part", f"no part {', '.join(missing)}; expected it in a record of kind {kind}")
    empty = next((part["field"] for part in parts if not (part["text"] or "").strip()), None)
    if empty is not None:
        raise NotARecord("empty_part", f"{empty}: the part is empty")
    if kind == "pair":
        return _sides(parts)
    if kind != "text" and any(part["role"] is None for part in parts):
        raise NotARecord("unknown_role", "a message has no role; expected system, user, assistant or tool")
    return parts


def _sides(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    codes = [part["language"] for part in parts]
    if None in codes or len(set(codes)) != len(codes) or len(codes) < 2:
        found = ", ".join(str(code) for code in codes)
        raise NotARecord("no_sides", f"sides in {found}; expected two or more, each in a language of its own")
    return sorted(parts, key=lambda part: str(part["language"]))


def _provenance(record: Mapping[str, Any]) -> dict[str, Any]:
    """What `meta.synthetic` holds; empty values are left out."""
    calls = [_call(call) for call in record["calls"] or ()]
    made = [part for part in record["parts"] if part["made"]]
    gates = _gates(record["gates"] or ())
    held = {
        "recipe": record["recipe"],
        "version": record["version"],
        "skill": record["skill"],
        "language": record["language"],
        "basis": record["basis"],
        "source": record["source"],
        "parents": record["parents"],
        "shots": record["shots"],
        "made": list(dict.fromkeys(_called(record["kind"], part) for part in made)),
        "relations": list(dict.fromkeys(part["relation"] for part in made)),
        "models": list(dict.fromkeys(call["model"] for call in calls if call.get("model"))),
        "prompts": list(dict.fromkeys(call["prompt"] for call in calls if call.get("prompt"))),
        "calls": calls,
        "gates": gates,
        "verdicts": sorted(f"{name}@{held['version']} {held['verdict']}" for name, held in gates.items()),
        "note": _object(record["note"]),
        "reviewed": _object(record.get("reviewed")),
    }
    return {name: value for name, value in held.items() if value not in (None, "", [], {})}


def _called(kind: str, part: Mapping[str, Any]) -> str:
    """The name of a machine-made part: a language of a pair, a role of a conversation, else its field."""
    name = {"pair": part["language"], "sft": part["role"]}.get(kind)
    return str(name or part["field"])


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    held = {name: call[name] for name in _CALL} | {"parameters": _object(call["parameters"])}
    return {name: value for name, value in held.items() if value not in (None, "", {})}


def _gates(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By gate its version, the worst verdict over the parts, and the scores of the parts in order."""
    found: dict[str, dict[str, Any]] = {}
    for one in verdicts:
        held = found.setdefault(one["gate"], {"version": one["version"], "verdict": one["verdict"], "scores": []})
        held["verdict"] = max(held["verdict"], one["verdict"], key=_WORST.index)
        held["scores"] += [] if one["score"] is None else [one["score"]]
    return found


def _object(text: str | None) -> Any:
    """A JSON value that a column holds as text; what is no JSON stays text."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
