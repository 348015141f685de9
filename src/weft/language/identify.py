"""Answers of a trained model as a table that a person can read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft.language.model import LanguageModel, answers, script_group
from weft.model.tables import LID

ALTERNATIVES = pa.list_(pa.struct({"language": pa.string(), "score": pa.float32()}))
_FEWEST_LETTERS = 4


def identify(model: LanguageModel, texts: Any, *, most: int = 3) -> pa.Table:
    """Columns `lid` and `alternatives` for each text of an Arrow string column; null for null.

    `language` is a label, the code of a group (reason `group`), or `und_<Script>` with the reason no_letters,
    too_short, unknown_script (the model has no language in it) or unknown (refused). `score` is the probability among
    the languages of the script: of the group where that is the answer.
    """
    found = answers(model, pc.utf8_normalize(texts, "NFC"), top=most)  # what models are trained on
    valid = np.asarray(texts.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    best = np.array([*model.labels, None], dtype=object)[found.label[:, 0]]
    unwritten = np.array([name is None for name in found.script], np.bool_)
    script = np.where(unwritten, "Zyyy", found.script)
    torn = np.array([name is not None for name in found.family], np.bool_)
    written = list({script_group(label.rpartition("_")[2]) for label in model.labels})
    conditions = [
        ("no_letters", unwritten),
        ("unknown_script", ~np.isin([script_group(name) for name in script], written)),
        ("no_letters", found.label[:, 0] < 0),
        ("too_short", found.letters < _FEWEST_LETTERS),
        ("unknown", ~found.known),
        ("group", torn),
    ]
    reason = np.select([held for _, held in conditions], [name for name, _ in conditions], default="")
    refused = ~np.isin(reason, ["", "group"])
    language = np.where(refused, [f"und_{name}" for name in script], np.where(torn, found.family, best))
    score = np.where(torn & ~refused, found.mass, found.chance[:, 0])
    parts = [
        pa.array(language, pa.string()),
        pa.array(score.astype(np.float32)),
        pa.array(script, pa.string()),
        pa.array([name or None for name in reason.tolist()], pa.string()),
    ]
    lid = pa.StructArray.from_arrays(parts, fields=list(LID), mask=pa.array(~valid))
    others = [
        [
            {"language": model.labels[place], "score": float(chance)}
            for place, chance in zip(row, chances, strict=True)
            if place >= 0
        ]
        for row, chances in zip(found.label.tolist(), found.chance.tolist(), strict=True)
    ]
    return pa.table({"lid": lid, "alternatives": pa.array(others, ALTERNATIVES)})
