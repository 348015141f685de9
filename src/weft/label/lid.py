"""The language of a document, for now by CLD2: it carries its model and answers in microseconds.

Chosen over cld3 and langid.py: on SIB-200 it has the best macro-F1 of the identifiers that need no download and may
be used under Apache-2.0 (.843 against heliport's .900, which is GPL), and wheels for Linux, macOS and Windows.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.label.written import in_script, same_script
from weft.model.tables import LID
from weft.operators.contract import BatchFunction, operator

# Scripts that one living language writes nearly alone: where CLD2 only says the script.
_ONE_LANGUAGE = {
    "Nkoo": "nqo",
    "Olck": "sat",
    "Cher": "chr",
    "Thaa": "div",
    "Vaii": "vai",
    "Lisu": "lis",
    "Mtei": "mni",
}
_OLD_CODES = {"jw": "jav", "iw": "heb", "sr-ME": "srp", "bh": "bho", "mo": "ron", "zh-Hant": "zh-Hant"}
_NO_LANGUAGE = ("un", "zzp", "blu", "tlh", "vo")  # unknown, and what CLD2 was taught for fun
_RELIABLE = 1.0
_UNRELIABLE = 0.6


@operator("label.lid", version=2, reads=("text", "script", "language_hint"), writes={"lid": LID}, libraries=("pycld2",))
def lid(
    *,
    min_letters: Annotated[int, Field(ge=1)] = 8,
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.3,
    max_bytes: Annotated[int, Field(ge=64)] = 4_096,
    trust_hint: bool = False,
) -> BatchFunction:
    """Language as `iso639-3_Script`, a score from 0 to 1, the script, and the reason for the answer.

    The script of the answer is the document's dominant one; an answer that is not written in it is refused. At most
    `max_bytes` of the text are read. With `trust_hint`, text whose source says its language, and that is written in
    that language's script, is not read at all: score 1, reason `stated`. Reasons of `und_<Script>`: no_letters,
    too_short, script_mismatch, low_confidence, unknown; null where CLD2 answered.
    """

    def label(batch: pa.Table) -> pa.Table:
        stated = _stated(batch) if trust_hint else pa.nulls(batch.num_rows, LID)
        unread = pc.and_(pc.is_null(stated), pc.is_valid(batch["text"].combine_chunks()))
        rows = batch.select(["text", "script"]).filter(unread)
        found = [
            _identified(text, script, min_letters, min_score, max_bytes)
            for text, script in zip(rows["text"].to_pylist(), rows["script"].to_pylist(), strict=True)
        ]  # CLD2 takes one text at a time: a call per document
        if len(found) == batch.num_rows:
            return batch.append_column("lid", pa.array(found, LID))
        asked = unread.to_numpy(zero_copy_only=False)
        place = np.where(asked, batch.num_rows + np.cumsum(asked) - 1, np.arange(batch.num_rows))
        return batch.append_column("lid", pa.concat_arrays([stated, pa.array(found, LID)]).take(pa.array(place)))

    return label


def _stated(batch: pa.Table) -> pa.Array:
    """What the source says each text is, where the text is written in that language's script; else null."""
    script = pc.struct_field(batch["script"].combine_chunks(), "script")
    pairs = pl.DataFrame({"hint": pl.from_arrow(batch["language_hint"]), "script": pl.from_arrow(script)})
    different = pairs.drop_nulls().unique().sort("hint", "script")
    codes = [_in_script(hint, written) for hint, written in different.iter_rows()]
    known = different.with_columns(pl.Series("code", codes, pl.String))
    joined = pairs.join(known, on=["hint", "script"], how="left", maintain_order="left")
    code = joined["code"].to_arrow().cast(pa.string())
    answer = pa.StructArray.from_arrays(
        [code, _repeat(1.0, pa.float32(), code), script.cast(pa.string()), _repeat("stated", pa.string(), code)],
        fields=list(LID),
        mask=pc.or_(pc.is_null(code), pc.is_null(batch["text"].combine_chunks())),
    )
    return answer


def _repeat(value: Any, kind: pa.DataType, like: pa.Array) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), len(like))


def _in_script(hint: str, script: str) -> str | None:
    from weft.model.languages import normalise

    try:
        code = normalise(hint)
    except ValueError:
        return None
    return code if same_script(code.partition("_")[2], script) else None


def _identified(
    text: str, script: dict[str, Any] | None, min_letters: int, min_score: float, max_bytes: int
) -> dict[str, Any]:
    found = candidates(text[:max_bytes], script, max_bytes)
    name = script["script"] if script else "Zyyy"
    refused = {"language": f"und_{name}", "score": 0.0, "script": name}
    if script is None:
        return refused | {"reason": "no_letters"}
    if len(text) < 4 * min_letters and sum(map(str.isalpha, text)) < min_letters:
        return refused | {"reason": "too_short"}
    if not found:
        return refused | {"reason": "unknown"}
    language, score, fits = found[0]
    if not fits:
        return refused | {"score": score, "reason": "script_mismatch"}
    if score < min_score:
        return refused | {"score": score, "reason": "low_confidence"}
    return {"language": language, "score": score, "script": name, "reason": None}


def candidates(text: str, script: dict[str, Any] | None, max_bytes: int = 16_384) -> list[tuple[str, float, bool]]:
    """Up to three (code, score, whether the document's script fits), best first."""
    import pycld2

    if script is None:
        return []
    name = script["script"]
    data = text.encode("utf-8", "ignore")[:max_bytes].decode("utf-8", "ignore").encode()
    try:
        reliable, _, details = pycld2.detect(data, isPlainText=True, bestEffort=True)
    except (pycld2.error, ValueError):
        details, reliable = (), False  # control characters and the like: CLD2 wants clean text
    trust = _RELIABLE if reliable else _UNRELIABLE
    found = []
    for _, code, percent, _ in details:
        if code in _NO_LANGUAGE or code.startswith("xx-") or not percent:
            continue
        language, fits = in_script(_OLD_CODES.get(code, code), name)
        found.append((language, round(trust * percent / 100, 4), fits))
    if not found and name in _ONE_LANGUAGE and script["share"] > 0.8:
        return [(f"{_ONE_LANGUAGE[name]}_{name}", 0.9, True)]
    return sorted(found, key=lambda item: -item[2])


def identify(texts: Any, *, most: int = 3) -> pa.Table:
    """Language, score, script, reason and up to `most` alternatives of a text, or of each in a list or Arrow column."""
    from weft.label.script import script as script_factory

    held = pa.array([texts] if isinstance(texts, str) else texts, pa.large_string())
    batch = script_factory()(pa.table({"text": held, "language_hint": pa.nulls(len(held), pa.string())}))
    batch = lid()(batch)
    others = [
        [(code, score) for code, score, fits in candidates(text, script)[:most] if fits] if text else []
        for text, script in zip(batch["text"].to_pylist(), batch["script"].to_pylist(), strict=True)
    ]
    kind = pa.list_(pa.struct({"language": pa.string(), "score": pa.float32()}))
    listed = [[{"language": code, "score": score} for code, score in row] for row in others]
    return batch.append_column("alternatives", pa.array(listed, kind))
