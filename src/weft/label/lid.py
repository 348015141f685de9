"""The language of a document by weft's own identifier, or one of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from weft.errors import WeftError, nearest
from weft.label.written import same_script
from weft.model.languages import normalise
from weft.model.tables import LID
from weft.operators.contract import BatchFunction, operator

if TYPE_CHECKING:
    from weft.language.model import LanguageModel

Language = Annotated[str, AfterValidator(normalise)]


@operator(
    "label.lid",
    version=3,
    reads=("text", "script", "language_hint"),
    writes={"lid": LID},
    assets=("language/weights/default.npz", "language/weights/small.npz"),
    files_in=("model",),
)
def lid(
    *,
    model: str | None = None,
    small: bool = False,
    among: Annotated[tuple[Language, ...], Field(min_length=1)] | None = None,
    most_letters: Annotated[int, Field(ge=20, le=100_000)] = 1_000,
    trust_hint: bool = False,
) -> BatchFunction:
    """Language as `iso639-3_Script`, a score from 0 to 1, the script, and the reason for the answer.

    The languages that are written in the document's dominant script compete, by its first `most_letters` letters. Where
    the evidence does not separate close languages the answer is the code of their group (hbs_Latn, msa_Latn, …; reason
    group): list both, or say `among` which languages there can be. Of no language, `zxx_<Script>`, are the reasons
    numbers, mojibake, code and menu. Reasons of `und_<Script>`: no_letters, too_short, unknown_script, no_candidate,
    unknown. The score is how often such answers are right in text of a known language.

    `model` is a file that `weft train language` wrote; null: the model that weft carries, or with `small` the one of 4
    MB. With `trust_hint`, text whose source says its language, and that is written in that language's script, is not
    read at all: score 1, reason `stated`.
    """
    held = _loaded(model, small)
    if among is not None:
        _check(held, among)

    def label(batch: pa.Table) -> pa.Table:
        from weft.language.identify import identify

        text = batch["text"].combine_chunks()
        stated = _stated(batch) if trust_hint else pa.nulls(batch.num_rows, LID)
        unread = pc.is_null(stated)
        asked = np.flatnonzero(unread.to_numpy(zero_copy_only=False))
        given = identify(held, text.take(pa.array(asked)), most=1, among=among, most_letters=most_letters)
        found = given["lid"].combine_chunks()
        if len(asked) == batch.num_rows:
            return batch.append_column("lid", found)
        place = np.arange(batch.num_rows)
        place[asked] = batch.num_rows + np.arange(len(asked))
        return batch.append_column("lid", pa.concat_arrays([stated, found]).take(pa.array(place)))

    return label


def _loaded(model: str | None, small: bool) -> LanguageModel:
    from weft.language.model import model_in, packaged

    if model is not None and small:
        raise ValueError("model and small exclude one another; expected a file, or small: true for weft's own")
    return packaged("small") if small else model_in(model)


def _check(model: LanguageModel, among: tuple[str, ...]) -> None:
    for code in among:
        if code not in model.labels:
            raise WeftError(f"among: the model does not know {code}{nearest(code, model.labels)}")


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
    try:
        code = normalise(hint)
    except ValueError:
        return None
    return code if same_script(code.partition("_")[2], script) else None


def identify(texts: Any, *, most: int = 3, model: LanguageModel | None = None) -> pa.Table:
    """Language, score, script, reason and up to `most` alternatives of a text, or of each in a list or Arrow column.

    By the model that weft carries, or by `model`. Columns `lid` and `alternatives`, as `weft.language.identify` says.
    """
    from weft.language.identify import identify as identified
    from weft.language.model import packaged

    held = pa.array([texts] if isinstance(texts, str) else texts, pa.large_string())
    return identified(model or packaged("default"), held, most=most)
