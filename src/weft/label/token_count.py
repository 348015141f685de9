"""How many tokens of a language model a document has, by the tokenizer file of that model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"tokens": pa.int64(), "broken": pa.int64(), "chars": pa.int64(), "bytes": pa.int64()})


@operator(
    "label.token_count",
    version=1,
    reads=("text",),
    writes={"token_count": _TYPE},
    libraries=("tokenizers",),
    files_in=("tokenizer",),
)
def token_count(*, tokenizer: Annotated[str, Field(min_length=1)]) -> BatchFunction:
    """Tokens, characters and bytes of a document, by the Hugging Face tokenizer file `tokenizer`.

    Any tokenizer.json will do (BPE, Unigram, WordPiece); the library tokenizers must be installed (weft[tokenizers]).
    `tokens` are counted without the special tokens that a model puts around a text, and without the truncation that the
    file may ask for. `broken` are those of them that are the unknown token, a single byte of a character, or a piece
    that ends within one: text that the vocabulary has no pieces for. `chars` are code points, `bytes` those of UTF-8,
    all of the text as it is. Null where the document has no text.
    """
    from weft.tokenizer.loaded import encoded, load

    held = load(Path(tokenizer))

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        tokens, broken = encoded(held, text.to_pylist())
        made = pa.StructArray.from_arrays(
            [
                pa.array(tokens),
                pa.array(broken),
                _long(pc.utf8_length(text)),
                _long(pc.binary_length(text)),
            ],
            fields=list(_TYPE),
            mask=text.is_null(),
        )
        return batch.append_column("token_count", made)

    return label


def _long(lengths: pa.Array) -> pa.Array:
    return pa.array(np.asarray(lengths.fill_null(0).to_numpy(zero_copy_only=False), np.int64))
