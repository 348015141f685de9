"""How well the sides of a pair translate each other, by a scorer of the user for their languages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.errors import WeftError
from weft.label.embedding import Device, embedder
from weft.label.transformer import settled
from weft.operators.contract import BatchFunction, operator
from weft.operators.model_folder import folder_digest

if TYPE_CHECKING:
    from weft.parallel.encoding import Embed, Vectors

_NAME = "label.pair_score"
_TYPE = pa.struct(
    {
        "source": pa.string(),
        "target": pa.string(),
        "score": pa.float32(),
        "probability": pa.float32(),
        "keep": pa.bool_(),
        "reasons": pa.list_(pa.string()),
    }
)


def _settled(parameters: dict[str, Any]) -> dict[str, Any]:
    """Without an encoder no device is needed."""
    return settled(parameters) if parameters["encoders"] else {**parameters, "device": "cpu"}


@operator(
    _NAME,
    version=2,
    reads=("text", "record_kind", "parts"),
    writes={"pair_score": _TYPE},
    libraries=("torch", "transformers", "tokenizers"),
    folders_in=("models", "encoders"),
    settle=_settled,
    device_in="device",
)
def pair_score(
    *,
    models: Annotated[tuple[str, ...], Field(min_length=1)],
    encoders: tuple[str, ...] = (),
    no_encoder: bool = False,
    device: Device = "auto",
) -> BatchFunction:
    """How well the sides of a pair translate each other, and why it does not pass; null for what is no pair.

    `models` are folders that `weft train pairs` wrote, one for each pair of languages. `score` is the mean
    log-likelihood ratio of both directions (above 0 for translations), `probability` that the pair is right, `reasons`
    the heads that it fails (mismatch, truncated_source, truncated_target, number, copy, fluency_source,
    fluency_target), and `keep` says that it fails none. Of languages without a model there are `source` and `target`
    alone: the rest is null.

    The first side is the source; where a model is for the other direction, `source` and `target` say so. Of more than
    two sides each is scored with the first: `reasons` are those of all, `keep` says that none fails, and the numbers
    are those of the side with the lowest probability, the first of them.

    A model that was trained with an encoder, and uses it, asks it here too: its folder, or its name in the local cache
    of the Hub, is to be among `encoders`, and is known by its files. `no_encoder` scores by the lexicons alone. With
    `device: auto` an encoder runs on a GPU where there is one. A pair without a vector is scored by the lexicon. Asks
    no server: what was trained with the encoder of a service is scored by `weft pairs score`, or with `no_encoder`.
    """
    # The kernels are loaded where they are needed: a list of operators names this one too.
    from weft.parallel.pair_scores import scores

    if no_encoder and encoders:
        raise WeftError(f"{_NAME}: no_encoder with encoders; expected one of them")
    held = functools.cache(lambda: {folder_digest(Path(folder)): _embed(folder, device) for folder in encoders})

    def encoder_of(folder: str, told: Mapping[str, Any]) -> Embed | None:
        if no_encoder:
            return None
        if told["kind"] == "service":
            raise WeftError(
                f"{folder}: was trained with the encoder of a service ({told['name']}), and {_NAME} asks none; "
                "expected no_encoder: true, or scores of weft pairs score"
            )
        if told["digest"] not in held():
            given = f"{', '.join(encoders)} is not it" if encoders else "no encoders are named"
            raise WeftError(
                f"{folder}: uses the encoder that it was trained with ({told['name']}, {told['digest'][:12]}), and "
                f"{given}; expected its folder under encoders, or no_encoder: true to score by the lexicon alone"
            )
        return held()[told["digest"]]

    scored = scores(models, _TYPE, encoder_of)

    def label(batch: pa.Table) -> pa.Table:
        return batch.append_column("pair_score", scored(batch))

    return label


def _embed(folder: str, device: Device) -> Embed:
    """Vectors of texts as `weft train pairs` had them of this encoder."""
    run: Callable[[list[str]], Any] = embedder(_NAME, folder, device, "float32", "declared", None, None, 0.3, None)

    def embed(texts: Sequence[str]) -> Vectors:
        from weft.parallel.encoding import directed

        place = {text: n for n, text in enumerate(dict.fromkeys(texts))}
        vectors, known = run(list(place))
        rows = np.fromiter((place[text] for text in texts), np.int64, len(texts))
        return directed(vectors[rows].astype(np.float32), known[rows])

    return embed
