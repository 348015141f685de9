"""An estimator in one file: the same ratings and seed give the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.errors import WeftError
from weft.evaluate.mos import shape
from weft.evaluate.mos.calibration import Calibration
from weft.evaluate.mos.estimator import Estimator, PairModel, Trained
from weft.evaluate.mos.heads import BITS, Head
from weft.own_file import whole
from weft.parallel.evidence import Languages
from weft.parallel.expected_length import Lengths
from weft.parallel.lexicon import Folding, Lexicon, Vocabulary
from weft.parallel.scorer import Parts
from weft.text.char_model import CharModel
from weft.text.ibm1 import Cells

FORMAT = 1
WHAT = "weft-mos"
_SIDES = ("source", "target")
_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, IndexError,
            zlib.error)  # fmt: skip
Arrays = dict[str, npt.NDArray[Any]]


def save(estimator: Estimator, into: Path) -> None:
    """Write the estimator, whole or not at all."""
    arrays: Arrays = {}
    pairs = []
    for number, model in enumerate(estimator.pairs.values()):
        for place in range(len(shape.FOLDINGS)):
            _put_parts(arrays, f"{number}-own-{place}", model.known[place])
            if model.external is not None:
                _put_parts(arrays, f"{number}-external-{place}", model.external[place])
        arrays |= {f"{number}-rare-{side}": rare for side, rare in zip(_SIDES, model.rarity, strict=True)}
        heads = []
        for place, (name, held) in enumerate(model.heads.items()):
            _put_head(arrays, f"{number}-head-{place}", held.head)
            heads.append({"name": name, "looks_at": list(held.looks_at), "constant": held.head.constant,
                          "calibration": held.calibration.to_json()})  # fmt: skip
        pairs.append({"languages": list(model.languages), "external": model.external is not None,
                      "floor": model.floor, "taken_for": list(model.taken_for), "heads": heads})  # fmt: skip
    content = {"what": WHAT, "format": FORMAT, "bits": BITS, "columns": list(shape.NAMES), "kind": estimator.kind,
               "pairs": pairs, "card": _timeless(estimator.card)}  # fmt: skip
    arrays["content"] = np.frombuffer(json.dumps(content, ensure_ascii=False, sort_keys=True).encode(), np.uint8)
    with whole(into) as place_of, zipfile.ZipFile(place_of, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, array in arrays.items():
            # numpy's own writer stamps members with the time of writing
            held_in = io.BytesIO()
            np.lib.format.write_array(held_in, np.ascontiguousarray(array), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy")
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, held_in.getbuffer())


def _timeless(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card without what differs from run to run."""
    pairs = [{name: value for name, value in pair.items() if name != "cpu_seconds"} for pair in card["pairs"]]
    return {**card, "pairs": pairs}


def _put_parts(arrays: Arrays, at: str, parts: Parts) -> None:
    lexicon, languages = parts
    for side, words, cells, model, lengths in zip(
        _SIDES, lexicon.vocabularies, lexicon.cells, languages[:2], languages.lengths, strict=True
    ):
        arrays |= {f"{at}-{side}-hashes": words.hashes, f"{at}-{side}-counts": words.counts.astype(np.int32)}
        arrays |= {f"{at}-{side}-{name}": array for name, array in cells._asdict().items()}
        arrays |= {f"{at}-{side}-characters": model.table, f"{at}-{side}-unseen": np.array([model.unseen])}
        arrays[f"{at}-{side}-lengths"] = np.concatenate([[lengths.ratio], lengths.words])


def _put_head(arrays: Arrays, at: str, head: Head) -> None:
    for side, weights in zip(_SIDES, head.grams, strict=True):
        arrays[f"{at}-grams-{side}"] = weights
    for name in ("middle", "spread", "ways", "shifts", "waves", "linear", "vectors"):
        arrays[f"{at}-{name}"] = getattr(head, name)


def load(file: Path) -> Estimator:
    """Read what `save` wrote. Raises WeftError for anything else, and for another format."""
    try:
        with np.load(file, allow_pickle=False) as held:
            content = json.loads(held["content"].tobytes())
            if content["what"] != WHAT:
                raise ValueError("it is of something else")
            if content["format"] != FORMAT or content["bits"] != BITS or content["columns"] != list(shape.NAMES):
                raise WeftError(f"{file}: an estimator of format {content['format']}, made by another version of weft; "
                                "expected one that this version trained: weft train mos")  # fmt: skip
            models = {}
            for number, told in enumerate(content["pairs"]):
                model = _pair(held, number, told)
                models[model.languages] = model
            return Estimator(models, str(content["kind"]), content["card"])
    except FileNotFoundError:
        raise WeftError(f"{file}: no such file; expected what weft train mos wrote") from None
    except _DAMAGED as error:
        said = "it is cut or changed" if is_model(file) else "it is of something else"
        if isinstance(error, OSError) and error.strerror:
            said = error.strerror
        raise WeftError(
            f"{file}: no estimator of translation quality ({said}); expected what weft train mos wrote"
        ) from None


def is_model(file: Path) -> bool:
    """Whether a file looks like one that `save` wrote, of whichever format."""
    try:
        with np.load(file, allow_pickle=False) as held:
            return bool(json.loads(held["content"].tobytes())["what"] == WHAT)
    except _DAMAGED:
        return False


def _pair(held: Mapping[str, Any], number: int, told: Mapping[str, Any]) -> PairModel:
    source, target = told["languages"]
    heads = {}
    for place, one in enumerate(told["heads"]):
        at = f"{number}-head-{place}"
        parts = {
            name: held[f"{at}-{name}"] for name in ("middle", "spread", "ways", "shifts", "waves", "linear", "vectors")
        }
        grams = held[f"{at}-grams-source"], held[f"{at}-grams-target"]
        head = Head(grams=grams, constant=float(one["constant"]), **parts)
        heads[str(one["name"])] = Trained(head, Calibration.from_json(one["calibration"]), tuple(one["looks_at"]))
    rare = held[f"{number}-rare-source"], held[f"{number}-rare-target"]
    external = _known(held, f"{number}-external", (source, target)) if told["external"] else None
    own = _known(held, f"{number}-own", (source, target))
    return PairModel((source, target), own, external, rare, heads, float(told["floor"]), tuple(told["taken_for"]))


def _known(held: Mapping[str, Any], at: str, languages: tuple[str, str]) -> shape.Known:
    return tuple(_parts(held, f"{at}-{n}", languages, folding) for n, folding in enumerate(shape.FOLDINGS))


def _parts(held: Mapping[str, Any], at: str, languages: tuple[str, str], folding: Folding) -> Parts:
    words, cells, models, lengths = [], [], [], []
    for side in _SIDES:
        hashes = held[f"{at}-{side}-hashes"]
        # The forms of words are looked at by people alone, and never here.
        words.append(
            Vocabulary(hashes, held[f"{at}-{side}-counts"].astype(np.int64), pa.nulls(len(hashes), pa.large_string()))
        )
        cells.append(Cells(*(held[f"{at}-{side}-{name}"] for name in Cells._fields)))
        models.append(CharModel(held[f"{at}-{side}-characters"], int(held[f"{at}-{side}-unseen"][0])))
        known = held[f"{at}-{side}-lengths"]
        lengths.append(Lengths(float(known[0]), known[1:]))
    lexicon = Lexicon(languages, (folding, folding), (words[0], words[1]), (cells[0], cells[1]))
    return lexicon, Languages(models[0], models[1], (lengths[0], lengths[1]))
