"""A scorer in a folder: `model.json` says what it is, `lexicon.npz` and `words.parquet` hold what it learnt.

Of an encoder that it uses, name, digest and neighbours are kept; the encoder itself stays where it is.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.errors import WeftError
from weft.parallel.encoder_trial import Meaning
from weft.parallel.encoding import Background
from weft.parallel.evidence import NAMES, Languages
from weft.parallel.expected_length import Lengths
from weft.parallel.heads import HEADS, Head
from weft.parallel.lexicon import Folding, Lexicon, Vocabulary
from weft.parallel.scorer import Scorer
from weft.text.char_model import CharModel
from weft.text.ibm1 import Cells

FORMAT = 2
MANIFEST, ARRAYS, WORDS = "model.json", "lexicon.npz", "words.parquet"
VECTORS = "neighbours.npz"
"""Where an encoder is used: vectors of the pairs of the seed among which neighbours are looked for."""
_SIDES = ("source", "target")
DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, pa.ArrowInvalid)
"""What reading files of a model raises that are not what was written."""


def save(scorer: Scorer, folder: Path) -> None:
    """Write a scorer; the folder is made, files of an earlier one are replaced, the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    lexicon = scorer.lexicon
    arrays: dict[str, Any] = {}
    for side, model, lengths in zip(_SIDES, scorer.models[:2], scorer.models.lengths, strict=True):
        arrays |= {f"{side}_lengths": np.concatenate([[lengths.ratio], lengths.words])}
        arrays |= {f"{side}_characters": model.table, f"{side}_unseen": np.array(model.unseen)}
    arrays["seen"] = scorer.seen
    write_lexicon(lexicon, folder, arrays)
    told = {
        "format": FORMAT,
        "languages": list(lexicon.languages),
        "foldings": [folding._asdict() for folding in lexicon.foldings],
        "evidence": list(NAMES),
        "heads": {name: scorer.heads[name].to_json() for name in HEADS},
        "weights": list(scorer.weights),
        "facts": dict(scorer.facts),
    }
    if scorer.meaning is not None:
        own = scorer.meaning
        sides = [vectors.astype(np.int16) for vectors in own.background]  # none is above SCALE
        np.savez_compressed(folder / VECTORS, source=sides[0], target=sides[1])
        told["encoder"] = {"head": own.head.to_json(), "weights": list(own.weights), "told": dict(own.told)}
    else:
        (folder / VECTORS).unlink(missing_ok=True)
    (folder / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def load(folder: Path) -> Scorer:
    """The scorer in a folder. Raises WeftError where there is none, or one that this version does not read."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        if "kind" in told:
            raise WeftError(f"{folder}: a model of {told['kind']}; expected one that `weft train pairs` wrote")
        if told.get("format") != FORMAT or told.get("evidence") != list(NAMES):
            raise WeftError(f"{folder}: a model of another version of weft; expected one that `weft train pairs` wrote")
        lexicon, held = read_lexicon(told, folder)
        return _made(told, lexicon, held, _meaning(told.get("encoder"), folder / VECTORS))
    except FileNotFoundError as error:
        raise WeftError(f"{folder}: no model here; expected a folder that `weft train pairs` wrote") from error
    except DAMAGED as error:
        raise WeftError(f"{folder}: cannot be read: {str(error).splitlines()[0] or type(error).__name__}") from error


def write_lexicon(lexicon: Lexicon, folder: Path, more: Mapping[str, Any]) -> None:
    """Write ARRAYS, with those of `more`, and WORDS of a lexicon to a folder."""
    arrays: dict[str, Any] = dict(more)
    for side, words, cells in zip(_SIDES, lexicon.vocabularies, lexicon.cells, strict=True):
        arrays |= {f"{side}_hashes": words.hashes, f"{side}_counts": words.counts}
        arrays |= {f"{side}_{name}": array for name, array in cells._asdict().items()}
    np.savez_compressed(folder / ARRAYS, **arrays)
    forms = [pa.table({"side": [side] * len(words.forms), "form": words.forms}) for side, words in
             zip(_SIDES, lexicon.vocabularies, strict=True)]  # fmt: skip
    pq.write_table(pa.concat_tables(forms), folder / WORDS, compression="zstd")


def read_lexicon(told: Mapping[str, Any], folder: Path) -> tuple[Lexicon, dict[str, Any]]:
    """The lexicon in a folder, by the `languages` and `foldings` of its manifest, and all ARRAYS. Raises DAMAGED."""
    with np.load(folder / ARRAYS) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    forms, words, cells = pq.read_table(folder / WORDS), [], []
    for side in _SIDES:
        own = forms.filter(pc.equal(forms["side"], side))["form"].combine_chunks().cast(pa.large_string())
        words.append(Vocabulary(held[f"{side}_hashes"], held[f"{side}_counts"], own))
        cells.append(Cells(*(held[f"{side}_{name}"] for name in Cells._fields)))
    first, second = (Folding(bool(one["fold_marks"]), int(one["prefix"])) for one in told["foldings"])
    source, target = told["languages"]
    return Lexicon((source, target), (first, second), (words[0], words[1]), (cells[0], cells[1])), held


def lexicon_in(folder: Path, languages: tuple[str, str]) -> tuple[Lexicon, npt.NDArray[np.uint64]]:
    """The lexicon of the model in a folder for these languages, whichever way round, and keys of the pairs it has seen.

    Raises WeftError where there is none, or one of other languages.
    """
    scorer = load(folder)
    if scorer.languages not in (languages, languages[::-1]):
        raise WeftError(f"{folder}: a model of {','.join(scorer.languages)}; expected one of {','.join(languages)}")
    turned = scorer.languages != languages
    return scorer.lexicon.turned() if turned else scorer.lexicon, scorer.seen


def _meaning(told: dict[str, Any] | None, file: Path) -> Meaning | None:
    if told is None:
        return None
    with np.load(file) as held:
        sides = Background(*(held[side].astype(np.float32) for side in _SIDES))
    return Meaning(Head.from_json(told["head"]), tuple(told["weights"]), sides, told["told"])


def _made(told: dict[str, Any], lexicon: Lexicon, held: dict[str, Any], meaning: Meaning | None) -> Scorer:
    models, lengths = [], []
    for side in _SIDES:
        models.append(CharModel(held[f"{side}_characters"], int(held[f"{side}_unseen"])))
        lengths.append(Lengths(float(held[f"{side}_lengths"][0]), held[f"{side}_lengths"][1:]))
    heads = {name: Head.from_json(told["heads"][name]) for name in HEADS}
    read = Languages(models[0], models[1], (lengths[0], lengths[1]))
    seen = held.get("seen", np.empty(0, np.uint64))
    return Scorer(lexicon, read, heads, tuple(told["weights"]), told["facts"], meaning, seen)
