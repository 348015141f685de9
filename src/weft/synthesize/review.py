"""Tasks for people: a sample of records among texts by people, with nothing in a task that says which is which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from weft.errors import WeftError, nearest
from weft.synthesize.balance import drawn
from weft.synthesize.making import Parent, parents
from weft.synthesize.review_guidelines import HIGHEST, LANGUAGE, LOWEST, SCALES, guidelines

KEY = pa.schema(
    {
        "task": pa.string(),
        "id": pa.string(),  # of the record, or of the document of a control
        "control": pa.bool_(),
        "recipe": pa.string(),  # name@version; of a control the one that it stands beside
        "language": pa.string(),
        "kind": pa.string(),
    }
)
"""What each task is: kept apart from the tasks, and never shown to reviewers."""
_ORDER = {"prompt": 0, "chosen": 1, "rejected": 2}
_OF_KIND = {"text": SCALES[1:]}
"""Scales of kinds that have not all of them: a text alone has nothing to be adequate to."""
_JUDGED = ("text", "pair", "sft", "dpo")


@dataclass(frozen=True)
class Drawn:
    """Tasks in the order in which they are handed out, and their key."""

    tasks: list[dict[str, Any]]
    key: pa.Table

    def jsonl(self) -> str:
        """The tasks as JSON lines."""
        return "".join(json.dumps(task, ensure_ascii=False) + "\n" for task in self.tasks)


@dataclass(frozen=True)
class Judgement:
    """What one person said of one task; `ratings` has the scales that were rated."""

    task: str
    reviewer: str
    language: str | None
    ratings: Mapping[str, int] = field(default_factory=dict)
    skipped: bool = False
    guidelines: str | None = None
    seconds: float | None = None
    comment: str | None = None


def tasks(
    records: pa.Table, n: int, seed: int, *, controls: Sequence[Mapping[str, Any]] = (), share: float = 0.2
) -> Drawn:
    """Tasks for `n` records of each recipe (name@version) and language, and texts by people among them.

    `records` are accepted rows of RECORD. `controls` (see `control`) are texts by people: as many stand among a
    stratum's tasks as make `share` of them, each of the kind, the language and about the length of a record, while
    there are some; none stands in two tasks, and none is what a drawn record was made of. The draw, the ids of tasks
    and their order depend on ids and `seed` alone. A task names no recipe, model, source or id; sides of a pair are in
    the order of their codes.
    """
    names = ["id", "kind", "recipe", "version", "language"]
    frame = pl.DataFrame(pl.from_arrow(records.select(names))).with_row_index("row")
    frame = frame.with_columns(
        pl.concat_str("recipe", pl.lit("@"), pl.col("version").cast(pl.String)).alias("recipe"),
        pl.Series("draw", drawn(frame["id"].cast(pl.String), seed), dtype=pl.UInt64),
    ).filter(pl.col("kind").is_in(_JUDGED) & pl.col("language").is_not_null())
    frame = frame.sort("recipe", "language", "draw", "id").filter(pl.int_range(pl.len()).over("recipe", "language") < n)
    chosen = records.select(["parts", "parents"]).take(pa.array(frame["row"].to_numpy()))
    held = chosen["parts"].to_pylist()
    sources = {name for names in chosen["parents"].to_pylist() for name in names or ()}
    pool = _pool([one for one in controls if one["id"] not in sources], seed)
    made: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for (recipe, language), part in frame.with_row_index("at").group_by("recipe", "language", maintain_order=True):
        for at, name, kind in part.select("at", "id", "kind").iter_rows():
            made.append(_task(name, kind, str(language), held[at], seed, str(recipe), control=False))
        like = [(kind, _length(held[at])) for at, kind in part.select("at", "kind").iter_rows()]
        for one in _beside(pool, like, str(language), share):
            made.append(_task(one["id"], one["kind"], str(language), one["parts"], seed, str(recipe), control=True))
    made.sort(key=lambda both: (both[0]["language"], both[0]["task"]))
    return Drawn([task for task, _ in made], pa.Table.from_pylist([told for _, told in made], KEY))


def controls(batch: pa.Table) -> list[dict[str, Any]]:
    """Controls of a batch of documents with the columns of PARENT: those whose language is known."""
    return [found for parent in parents(batch) if (found := control(parent)) is not None]


def control(parent: Parent) -> dict[str, Any] | None:
    """A text by people as a control: `id`, `kind`, `languages`, `parts`; None where it cannot stand beside a record."""
    if parent.kind == "pair":
        parts = [_part("translation", None, code, text) for code, text in sorted(parent.sides.items())]
        languages = sorted(parent.sides)
    elif parent.kind in ("sft", "dpo"):
        parts = [_part(field, role, parent.language, text) for field, role, text in parent.messages]
        languages = [parent.language] if parent.language else []
    else:
        parts = [_part("text", None, parent.language, parent.text)]
        languages = [parent.language] if parent.language else []
    return {"id": parent.id, "kind": parent.kind, "languages": languages, "parts": parts} if languages else None


def _part(field: str, role: str | None, language: str | None, text: str) -> dict[str, Any]:
    return {"field": field, "role": role, "language": language, "text": text}


def _pool(controls: Sequence[Mapping[str, Any]], seed: int) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Controls by kind and language, the next to be drawn last."""
    numbers = drawn(pl.Series([one["id"] for one in controls], dtype=pl.String), seed).tolist()
    pool: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for _, one in sorted(zip(numbers, controls, strict=True), key=lambda both: (both[0], both[1]["id"]), reverse=True):
        for language in one["languages"]:
            pool.setdefault((one["kind"], language), []).append(one)
    return pool


def _beside(
    pool: dict[tuple[str, str], list[Mapping[str, Any]]], like: Sequence[tuple[str, int]], language: str, share: float
) -> list[Mapping[str, Any]]:
    """Controls that make `share` of a stratum's tasks, like its records in kind and length; they leave the pool."""
    wanted = round(len(like) * share / (1 - share)) if share < 1 else len(like)
    found: list[Mapping[str, Any]] = []
    for place in range(wanted):
        kind, length = like[place % len(like)]
        held = pool.get((kind, language), [])
        near = [at for at in range(len(held) - 1, -1, -1) if length <= 2 * _length(held[at]["parts"]) <= 4 * length]
        if not near:
            continue
        one = held.pop(near[0])
        for code in one["languages"]:
            if code != language:
                pool[kind, code].remove(one)
        found.append({**one, "parts": _two(one["parts"], language)} if kind == "pair" else one)
    return found


def _length(parts: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(part["text"]) for part in parts)


def _two(sides: Sequence[Mapping[str, Any]], language: str) -> list[Mapping[str, Any]]:
    """The side in the language and one other: texts in more languages would tell that no machine made them."""
    return [
        *(side for side in sides if side["language"] == language),
        *[side for side in sides if side["language"] != language][:1],
    ]


def _task(
    name: str, kind: str, language: str, parts: Sequence[Mapping[str, Any]], seed: int, recipe: str, *, control: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A task, and its row of KEY."""
    number = hashlib.blake2b(f"task {seed} {name}".encode(), digest_size=8).hexdigest()
    shown = [
        {key: part[key] for key in ("field", "role", "language", "text") if part[key] is not None} for part in parts
    ]
    if kind == "pair":
        shown.sort(key=lambda part: str(part.get("language")))
    else:  # the language of each message is the task's, or what the text itself shows
        shown = [{key: value for key, value in part.items() if key != "language"} for part in shown]
        shown.sort(key=lambda part: _ORDER.get(part["field"], 0))
    task = {
        "task": number,
        "guidelines": guidelines().title,
        "kind": kind,
        "language": language,
        "scales": list(_OF_KIND.get(kind, SCALES)),
        "parts": shown,
    }
    told = {"task": number, "id": name, "control": control, "recipe": recipe, "language": language, "kind": kind}
    return task, told


def read_judgements(content: bytes, name: str) -> list[Judgement]:
    """Judgements in JSON lines, the last of a reviewer on a task; `name` is what messages call the file.

    Raises WeftError that names the line and the field.
    """
    found: dict[tuple[str, str], Judgement] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            one = _judgement(line, f"{name}, line {number}")
            found[one.task, one.reviewer] = one
    return list(found.values())


_FIELDS = ("task", "reviewer", "language", "ratings", "skipped", "guidelines", "seconds", "comment")


def _judgement(line: bytes, where: str) -> Judgement:
    try:
        held = json.loads(line)
    except ValueError as error:
        raise WeftError(f"{where}: is no JSON: {error}") from None
    if not isinstance(held, dict):
        raise WeftError(f"{where}: is {type(held).__name__}; expected an object with {', '.join(_FIELDS[:4])}")
    for key in held:
        if key not in _FIELDS:
            raise WeftError(f"{where}: {key} is no field; expected {', '.join(_FIELDS)}{nearest(key, _FIELDS)}")
    for key in ("task", "reviewer"):
        if not isinstance(held.get(key), str) or not held[key]:
            raise WeftError(f"{where}: {key} is {held.get(key)!r}; expected a text")
    skipped = held.get("skipped", False)
    if not isinstance(skipped, bool):
        raise WeftError(f"{where}: skipped is {skipped!r}; expected true or false")
    language = held.get("language")
    if language not in LANGUAGE and not (skipped and language is None):
        raise WeftError(f"{where}: language is {language!r}; expected {', '.join(LANGUAGE)}")
    seconds = held.get("seconds")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        raise WeftError(f"{where}: seconds is {seconds!r}; expected a number")
    ratings = _ratings(held.get("ratings") or {}, where)
    if not ratings and not skipped and language == "yes":
        raise WeftError(f"{where}: there are no ratings; expected some of {', '.join(SCALES)}, or skipped: true")
    more = {key: held.get(key) for key in ("guidelines", "comment")}
    return Judgement(held["task"], held["reviewer"], language, ratings, skipped, seconds=seconds, **more)


def _ratings(held: Any, where: str) -> dict[str, int]:
    if not isinstance(held, dict):
        raise WeftError(f"{where}: ratings is {type(held).__name__}; expected an object with {', '.join(SCALES)}")
    made = {}
    for scale, value in held.items():
        if scale not in SCALES:
            raise WeftError(
                f"{where}: ratings.{scale} is no scale; expected {', '.join(SCALES)}{nearest(scale, SCALES)}"
            )
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not LOWEST <= value <= HIGHEST:
            raise WeftError(f"{where}: ratings.{scale} is {value!r}; expected {LOWEST} to {HIGHEST}")
        made[scale] = value
    return made


def judgements_jsonl(given: Iterable[Judgement]) -> str:
    """Judgements as `read_judgements` reads them."""
    rows = []
    for one in given:
        held = {name: getattr(one, name) for name in _FIELDS}
        rows.append({name: value for name, value in held.items() if value not in (None, {}, False)})
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
