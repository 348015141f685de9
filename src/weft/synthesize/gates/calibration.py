"""What trusted texts teach the gates: models of each language, and the bands in which trusted texts lie.

Bands are learnt from texts that the models have not seen: each fourth of the texts by models of the others.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.errors import WeftError
from weft.synthesize.gates import endings, learning
from weft.synthesize.gates.bands import BANDS
from weft.synthesize.gates.linking import Key, Linked, from_arrays, to_arrays
from weft.synthesize.gates.pieces import sized
from weft.synthesize.gates.settings import GateSettings
from weft.synthesize.gates.tongues import Contrast, Words
from weft.synthesize.gates.trusted import plain_order

FORMAT = 2
LENGTHS = {
    "language": pl.String,
    "other": pl.String,
    "of_size": pl.Int8,
    "middle": pl.Float64,
    "spread": pl.Float64,
}
"""Of translations out of `other`, by the size of the source: the median of the log ratio of lengths, and its spread."""
ANSWERS = {"language": pl.String, "answer": pl.String, "usual": pl.Float64}
"""What the identifier answers to trusted texts of a language that it does not know."""


@dataclass(frozen=True)
class Calibration:
    """Bands, and the models that measure what they bound. `texts` are the trusted plain texts of each language."""

    bands: pl.DataFrame
    lengths: pl.DataFrame
    tails: pl.DataFrame
    answers: pl.DataFrame
    contrasts: Mapping[str, Contrast] = field(default_factory=dict)
    words: Mapping[str, Words] = field(default_factory=dict)
    lexicons: Mapping[Key, Linked] = field(default_factory=dict)
    endings: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """A file; the same calibration gives the same bytes. No text can be read in it, but endings of four letters."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name, contrast in self.contrasts.items():
            arrays[f"contrast-{name}"] = contrast.table
        for name, words in self.words.items():
            arrays[f"grams-{name}"], arrays[f"words-{name}"] = words.grams, words.words
        for name, weights in self.endings.items():
            arrays[f"ending-{name}"] = weights
        languages, held = to_arrays(self.lexicons)
        arrays |= held
        content = {
            "format": FORMAT,
            "lexicons": languages,
            "contrasts": {name: [list(each.labels), each.scale] for name, each in self.contrasts.items()},
            "texts": dict(self.texts),
        }
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            _put(archive, "content.json", json.dumps(content, sort_keys=True).encode())
            for name in ("bands", "lengths", "tails", "answers"):
                _put(archive, f"{name}.arrow", _ipc(getattr(self, name)))
            for name in sorted(arrays):
                written = io.BytesIO()
                np.lib.format.write_array(written, np.ascontiguousarray(arrays[name]), allow_pickle=False)
                _put(archive, f"{name}.npy", written.getvalue())
        return made.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Calibration:
        """Read what `to_bytes` wrote. Raises WeftError for anything else."""
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                told = json.loads(archive.read("content.json"))
                if told["format"] != FORMAT:
                    raise WeftError(f"calibration of gates: format {told['format']}; expected {FORMAT}")
                arrays = {
                    name[:-4]: np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
                    for name in archive.namelist()
                    if name.endswith(".npy")
                }
                frames = {
                    name: _frame(archive.read(f"{name}.arrow")) for name in ("bands", "lengths", "tails", "answers")
                }
            return cls(
                **frames,
                contrasts={
                    name: Contrast(tuple(labels), arrays[f"contrast-{name}"], scale)
                    for name, (labels, scale) in told["contrasts"].items()
                },
                words={
                    name[6:]: Words(held, arrays[f"words-{name[6:]}"])
                    for name, held in arrays.items()
                    if name.startswith("grams-")
                },
                lexicons=from_arrays(told["lexicons"], arrays),
                endings={name[7:]: held for name, held in arrays.items() if name.startswith("ending-")},
                texts=told["texts"],
            )
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, pa.ArrowInvalid) as error:
            raise WeftError("calibration of gates: not one; expected what a run of weft synthesize wrote") from error


def calibrate(trusted: pa.Table, settings: GateSettings) -> Calibration:
    """What `trusted` (trusted.TRUSTED) teaches; languages with fewer than `settings.fewest` texts teach nothing.

    Gates that are left out are learnt as well: a calibration serves any choice of them.
    """
    frame = pl.from_arrow(trusted)
    assert isinstance(frame, pl.DataFrame)
    frame = frame.sort("language", "other_language", "order", "text")
    # By the text: what a text alone teaches must not be known where it is one side of a pair.
    fold = plain_order(frame["text"]) % np.uint64(endings.FOLDS)
    frame = sized(frame.with_columns(pl.Series("fold", fold.astype(np.int8))))
    plain = frame.filter(pl.col("other_language").is_null())
    enough = plain.group_by("language").len("texts").filter(pl.col("texts") >= settings.fewest).sort("language")
    languages = tuple(enough["language"].to_list())
    plain = plain.filter(pl.col("language").is_in(languages))
    pairs = frame.filter(pl.col("other_language").is_not_null()).with_columns(
        of=pl.col("other_text"), of_language=pl.col("other_language"), other=pl.col("other_language")
    )
    # By one side of a pair: both directions of it teach one lexicon.
    side = pl.when(pl.col("language") < pl.col("other")).then("text").otherwise("of")
    fold = plain_order(pairs.select(side.alias("side"))["side"]) % np.uint64(endings.FOLDS)
    pairs = pairs.with_columns(pl.Series("link_fold", fold.astype(np.int8)))
    tongue = learning.of_tongues(plain, settings)
    lengths = learning.lengths(pairs, settings)
    links = learning.links(pairs, settings)
    ends = learning.ends(plain, pairs, lengths, links, settings)
    bands = [
        *tongue.bands,
        *learning.shapes(plain, settings),
        *learning.of_pairs(pairs, lengths, links, settings),
        *ends.bands,
    ]
    return Calibration(
        bands=pl.concat([pl.DataFrame(schema=BANDS), *bands]).sort("gate", "measure", "language", "other", "size"),
        lengths=lengths,
        tails=ends.tails,
        answers=tongue.answers,
        contrasts=tongue.contrasts,
        words=tongue.words,
        lexicons=links.whole,
        endings=ends.weights,
        texts=dict(enough.iter_rows()),
    )


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # Without a date of its own a member is stamped with the time of writing.
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _ipc(frame: pl.DataFrame) -> bytes:
    table = frame.to_arrow().combine_chunks()
    written = io.BytesIO()
    with pa.ipc.new_stream(written, table.schema) as stream:
        stream.write_table(table)
    return written.getvalue()


def _frame(content: bytes) -> pl.DataFrame:
    made = pl.from_arrow(pa.ipc.open_stream(content).read_all())
    assert isinstance(made, pl.DataFrame)
    return made
