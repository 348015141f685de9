"""What label.pair_score computes: pairs of a batch by their languages, scored by the scorer of these."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from weft.errors import WeftError
from weft.parallel.encoding import Embed
from weft.parallel.model_folder import MANIFEST, load
from weft.parallel.pair_columns import column_of, paired
from weft.parallel.scorer import Scorer

_SAID: dict[str, Any] = {
    **{"score": pl.Float32, "probability": pl.Float32},
    **{"keep": pl.Boolean, "reasons": pl.List(pl.String)},
}
_WORSE = -pl.col("probability")


Asked = Callable[[str, Mapping[str, Any]], Embed | None]
"""What gives vectors to the model in a folder, by what it remembers of its encoder; None: the lexicon decides."""
_Held = Mapping[tuple[str, str], tuple[Scorer, Embed | None]]


def scores(folders: Sequence[str], kind: pa.StructType, encoder_of: Asked) -> Callable[[pa.Table], pa.Array]:
    """Makes the column of a batch, of type `kind`, by the models in these folders.

    Raises WeftError for a folder without a model, and for two models of the same languages.
    """
    held: dict[tuple[str, str], tuple[Scorer, Embed | None]] = {}
    for folder in folders:
        scorer = _loaded(folder, _changed(Path(folder)))
        if scorer.languages in held or scorer.languages[::-1] in held:
            names = " and ".join(scorer.languages)
            raise WeftError(f"{folder}: a second model of {names}; expected one for each pair of languages")
        embed = None if scorer.meaning is None else encoder_of(folder, scorer.meaning.told)
        held[scorer.languages] = scorer, embed

    def column(batch: pa.Table) -> pa.Array:
        found = [_scored(part, held) for part in paired(batch).partition_by("first", "language")]
        return column_of(found, batch.num_rows, kind, _WORSE)

    return column


@functools.lru_cache(maxsize=16)  # asked for with every shard
def _loaded(folder: str, changed: int) -> Scorer:
    return load(Path(folder))


def _changed(folder: Path) -> int:
    """When the model was written: its manifest is written last."""
    manifest = folder / MANIFEST
    return manifest.stat().st_mtime_ns if manifest.is_file() else 0


def _scored(part: pl.DataFrame, held: _Held) -> pl.DataFrame:
    """The struct's fields for the pairs of two languages; of languages without a model all but their names are null."""
    languages = (part["first"][0], part["language"][0])
    turned = languages not in held and languages[::-1] in held
    shown = languages[::-1] if turned else languages
    rows = part.select("row", "number", source=pl.lit(shown[0]), target=pl.lit(shown[1]))
    if shown not in held:
        return rows.with_columns(pl.lit(None).cast(kind).alias(name) for name, kind in _SAID.items())
    sides = (part["text"], part["source"]) if turned else (part["source"], part["text"])
    scorer, embed = held[shown]
    said = scorer.score(*sides, embed).select(*_SAID)
    return rows.with_columns(said.with_columns(pl.col("score", "probability").round(4).cast(pl.Float32)).get_columns())
