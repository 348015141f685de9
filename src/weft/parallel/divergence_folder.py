"""What `weft train divergence` learnt, in a folder: `model.json`, and a lexicon as the model of a scorer has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from weft.errors import WeftError
from weft.parallel.alignment import Lengths
from weft.parallel.divergence import INPUTS, Divergence
from weft.parallel.divergence_examples import LABELS
from weft.parallel.model_folder import DAMAGED, MANIFEST, read_lexicon, write_lexicon

FORMAT = 1
"""Raised when files are written in another way, or the inputs of the models become others."""
KIND = "divergence"


def save(made: Divergence, folder: Path) -> None:
    """Write a model; the folder is made, files of an earlier one are replaced, the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"weights_{side}": made.weights[side] for side in range(2)}
    arrays |= {f"confusion_{side}": made.confusion[side] for side in range(2)}
    write_lexicon(made.lexicon, folder, arrays)
    told = {
        "kind": KIND,
        "format": FORMAT,
        "labels": list(LABELS),
        "inputs": INPUTS,
        "languages": list(made.lexicon.languages),
        "foldings": [folding._asdict() for folding in made.lexicon.foldings],
        "lengths": {"ratio": made.lengths.ratio, "variance": made.lengths.variance},
        "least": list(made.least),
        "facts": dict(made.facts),
    }
    (folder / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def load(folder: Path, languages: tuple[str, str]) -> tuple[Divergence, bool]:
    """The model in a folder for these languages, and whether it has them the other way round.

    Raises WeftError where there is none, one that this version does not read, or one of other languages.
    """
    try:
        told: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        if told.get("kind") != KIND:
            raise WeftError(f"{folder}: no model of divergence; expected a folder that `weft train divergence` wrote")
        if (told.get("format"), told.get("labels"), told.get("inputs")) != (FORMAT, list(LABELS), INPUTS):
            raise WeftError(
                f"{folder}: a model of another version of weft; expected one that `weft train divergence` wrote anew"
            )
        lexicon, held = read_lexicon(told, folder)
        lengths = Lengths(float(told["lengths"]["ratio"]), float(told["lengths"]["variance"]))
        weights = held["weights_0"].reshape(2, INPUTS), held["weights_1"].reshape(2, INPUTS)
        least, most = map(float, told["least"])
        confusion = held["confusion_0"], held["confusion_1"]
        made = Divergence(lexicon, lengths, weights, (least, most), confusion, dict(told["facts"]))
    except FileNotFoundError as error:
        raise WeftError(f"{folder}: no model here; expected a folder that `weft train divergence` wrote") from error
    except DAMAGED as error:
        raise WeftError(f"{folder}: cannot be read: {str(error).splitlines()[0] or type(error).__name__}") from error
    if lexicon.languages not in (languages, languages[::-1]):
        raise WeftError(f"{folder}: a model of {','.join(lexicon.languages)}; expected one of {','.join(languages)}")
    return made, lexicon.languages != languages
