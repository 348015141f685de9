"""A small release of all kinds, as a build writes it, with rows that trainers cannot take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.large_string())]))
TEXTS = [
    "Habari za asubuhi, karibu sana nyumbani kwetu leo.",
    "Watoto wanacheza mpira uwanjani kila jioni.",
    "Mvua ilinyesha usiku kucha hadi alfajiri.",
    "ሰላም ለዓለም።",
]
BESIDE = [
    ("source", pa.string()), ("locator", pa.string()), ("license", pa.string()), ("consent", pa.string()),
    ("basis", pa.string()), ("redistribute", pa.bool_()), ("language", pa.string()), ("language_score", pa.float32()),
    ("script", pa.string()), ("split", pa.string()), ("cluster_size", pa.int32()), ("group_id", pa.string()),
    ("meta", pa.string()),
]  # fmt: skip


def said(shape: str) -> list[dict[str, str | None]]:
    """Messages of which `shape` has a letter each: s, u, a, t, an x for an unknown role, a 0 for one of no content."""
    roles = {"s": "system", "u": "user", "a": "assistant", "t": "tool", "x": "critic", "0": "assistant"}
    return [
        {"role": roles[one], "content": None if one == "0" else f"{roles[one]} {place}: {TEXTS[place % 4]}"}
        for place, one in enumerate(shape)
    ]


SFT = ["ua", "sua", "uaua", "suaua", "suata", "utaua", "", "u0", "uxa", "uu", "uau", "uuaa", "usua", "uatta", "ua!"]
"""Shapes of conversations; `!`: its meta has tool calls."""
DPO = [("u", "a", "a"), ("su", "a", "a"), ("uau", "a", "a"), ("suat", "a", "a"), ("ua", "a", "a"), ("u", "u", "a"),
       ("u", "a", ""), ("u", "ata", "a"), ("", "a", "a"), ("uu", "a", "a")]  # fmt: skip
"""Shapes of prompt, preferred and rejected answer."""


def rows_of(kind: str, folder: str, split: str) -> list[dict[str, Any]]:
    """Rows of a kind, without the columns of BESIDE that are null."""
    if kind == "ct":
        return [{"text": text} for text in [*TEXTS, None, " \n"]]
    if kind == "sft":
        return [
            {"messages": said(shape.rstrip("!")), "meta": '{"tool_calls":[{}]}' if shape.endswith("!") else '{"a":1}'}
            for shape in SFT
        ]
    if kind == "dpo":
        made = [dict(zip(("prompt", "chosen", "rejected"), map(said, shapes), strict=True)) for shapes in DPO]
        made[0]["chosen"][0]["content"] = "  Ndiyo, kabisa. \n"
        made[0]["rejected"][0]["content"] = "Hapana."
        return made
    one, *more = folder.split("-")
    made = [{"translation": {one: f"Sentence {n}."} | {code: f"{TEXTS[n]} {code}" for code in more}} for n in range(3)]
    return [*made, {"translation": {one: "Alone."} | dict.fromkeys(more)}]


def column_types(kind: str, folder: str) -> list[tuple[str, pa.DataType]]:
    if kind == "pairs":
        return [("translation", pa.struct([(code, pa.large_string()) for code in folder.split("-")]))]
    names = {"ct": ["text"], "sft": ["messages"], "dpo": ["prompt", "chosen", "rejected"]}[kind]
    return [(name, pa.large_string() if kind == "ct" else MESSAGES) for name in names]


FOLDERS = {"ct": ["amh_Ethi", "swh_Latn"], "sft": ["swh_Latn"], "dpo": ["swh_Latn"], "pairs": ["eng_Latn-swh_Latn"]}


def release(
    build: Path,
    folders: dict[str, list[str]] | None = None,
    *,
    splits: Sequence[str] = ("test", "train", "validation"),
    formats: Sequence[str] = ("parquet", "jsonl.zst"),
    more: dict[str, list[Any]] | None = None,
) -> Path:
    """Write a release below `build/construct`; `more` adds columns to the rows of train, `phase` of text."""
    top, files = build / "construct", []
    for kind, names in (FOLDERS if folders is None else folders).items():
        for folder in names:
            for split in splits:
                extra = more if more and split == "train" else {}
                added = [(name, pa.string() if name == "phase" else pa.int32()) for name in extra]
                schema = pa.schema([("id", pa.string()), *column_types(kind, folder), *BESIDE, *added])
                rows = [
                    {"id": f"{kind}-{folder}-{split}-{n}", "source": "web", "split": split, "redistribute": n > 0}
                    | {name: values[n] for name, values in extra.items()}
                    | row
                    for n, row in enumerate(rows_of(kind, folder, split))
                ]
                table = pa.Table.from_pylist(rows, schema)
                for form in formats:
                    name = f"{kind}/{folder}/{split}-00000.{form}"
                    (top / name).parent.mkdir(parents=True, exist_ok=True)
                    write(table, top / name)
                    files.append({"path": name, "bytes": (top / name).stat().st_size})
    told = {"name": "small", "version": "1.2.0", "content": "ab" * 16, "documents": 9, "files": files}
    (top / "release.json").write_text(json.dumps(told))
    return build


def write(table: pa.Table, file: Path) -> None:
    if file.suffix == ".parquet":
        pq.write_table(table, file, row_group_size=4, store_schema=False)
        return
    frame = pl.DataFrame(pl.from_arrow(table))
    file.write_bytes(zstandard.compress(frame.write_ndjson().encode()))


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
