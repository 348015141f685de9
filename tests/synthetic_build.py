"""A small build that holds machine-made records of every kind beside texts of people."""

from __future__ import annotations

import json
from pathlib import Path

from tests.engine.corpus import WORDS
from tests.engine.here import run_here
from tests.synthetic_records import conversation, file_of, pair, part, preference, record, text

import weft

CODES = {"hin": "hin_Deva", "swh": "swh_Latn"}
RECIPE = """\
name: both
acquire:
  - {path: text.jsonl, format: jsonl, license: CC0-1.0, basis: licence, options: {id_field: id}}
  - {path: "made/*.parquet", format: synthetic, basis: licence}
label: [script, lid, signals, provenance]
deduplicate: [exact]
construct:
  extends: nothing
  rules:
    no_damage: provenance.synthetic = false OR provenance.relation <> 'noise'
  mixture:
    method: natural
    budget: 12000
    unit: characters
    quotas: {provenance.origin: {gathered: 0.75, synthetic: 0.25}}
settings: {shard_mb: 0.05}
"""


def _text(language: str, number: int) -> str:
    words = WORDS[language]
    return " ".join(words[(number * 7 + n * (number % 5 + 1)) % len(words)] for n in range(40)) + f" {number}."


def synthetic_build(top: Path) -> Path:
    """The build, with 6 pairs, 7 conversations and 5 preferences among its rows."""
    rows = [{"id": f"{code}{n}", "text": _text(code, n)} for code in CODES for n in range(60)]
    (top / "text.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    switched = [
        record(1000 + n, "text", [part("text", _text(code, 100 + n), CODES[code], "code_switch", of="x")],
               recipe="synthesize.code_switch", language=CODES[code])
        for code in CODES for n in range(40 if code == "hin" else 50)
    ]  # fmt: skip
    for n, one in enumerate(switched):
        one["id"] = f"{n:032x}"
    made = [
        *switched,
        record(1, "text", [part("text", _text("swh", 900), "swh_Latn", "noise", of="x")], recipe="synthesize.noise"),
        *(pair(n, f"The {_text('eng', n)}", _text("swh", 300 + n), license="CC-BY-SA-4.0") for n in range(6)),
        *(conversation(n, f"Swali {n}?", _text("swh", 400 + n)) for n in range(7)),
        *(preference(n, f"Swali {n}?", _text("swh", 500 + n), f"Hapana {n}.") for n in range(5)),
        *(text(2000 + n, _text("swh", 600 + n), accepted=False) for n in range(3)),
    ]
    (top / "made").mkdir()
    (top / "made" / "0.parquet").write_bytes(file_of(made, rows_per_group=50))
    (top / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    assert run_here(weft.load(top / "recipe.yaml", []), top / "build").status == 0
    return top / "build"
