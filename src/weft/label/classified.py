"""What a sequence classifier of the user says of a document: a quality score, a domain, several properties."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.label.answers import ANSWER, answer_column, check_target
from weft.label.embedding import BatchTokens, Device, MaxTokens, Precision, Share
from weft.label.transformer import settled
from weft.operators.contract import BatchFunction, operator

_PROBLEM = {
    "none": "regression",
    "softmax": "single_label_classification",
    "sigmoid": "multi_label_classification",
}


@operator(
    "label.classified",
    version=1,
    reads=("text",),
    writes={"classified": ANSWER},
    libraries=("torch", "transformers"),
    folders_in=("model",),
    settle=settled,
    device_in="device",
)
def classified(
    *,
    model: Annotated[str, Field(min_length=1)],
    device: Device = "auto",
    precision: Precision = "float32",
    activation: Literal["declared", "none", "softmax", "sigmoid"] = "declared",
    target: str | None = None,
    windows: Literal["mean", "max", "first"] = "mean",
    all_scores: bool = False,
    max_tokens: MaxTokens | None = None,
    most_unknown: Share = 0.3,
    batch_tokens: BatchTokens | None = None,
) -> BatchFunction:
    """The label of a document and its score, by the Hugging Face sequence classifier in the folder `model`.

    `label` is the one with the highest score, under its name in `id2label` of the folder's config.json. `score` is its
    score, or that of the label `target`: the probability, or for a regression (a quality score of one output, say) the
    number itself. `scores` has all labels where `all_scores` is true, else null. What the numbers are is what
    `problem_type` says (regression, single_label_classification, multi_label_classification); where it is not stated
    one output is a regression, and more are one label of several; `activation` overrules both. A document of more
    than `max_tokens` tokens (null: what the folder says, at most 512 where it says nothing) is cut into windows, whose
    scores are averaged by their tokens; with `windows: max` a label has the highest of them, with `first` only the
    first window is read, as is usual where a model was trained on beginnings. Null where the document has no text or no
    tokens, or where over `most_unknown` of its tokens are unknown to the vocabulary. `model`, `device`, `precision` and
    `batch_tokens` are those of label.embedding. The libraries torch and transformers must be installed (weft[models]).
    """
    from weft.label.classifier import Settings, load
    from weft.label.transformer import changed, check_libraries, place_of
    from weft.label.transformer_folder import check_tokens, classifier

    check_libraries("label.classified")
    held = classifier(Path(model).absolute())
    check_tokens(model, max_tokens, held.most_tokens)
    check_target(target, held.labels, model)
    problem = _PROBLEM.get(activation, held.problem)

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        rows = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False))
        good = np.zeros(len(text), np.bool_)
        scores = np.zeros((len(text), len(held.labels)))
        if len(rows):
            settings = Settings(
                problem, windows, max_tokens or held.max_tokens, most_unknown, place_of(device, precision, batch_tokens)
            )
            loaded = load(held, settings, changed(held.folder))
            scores[rows], good[rows] = loaded.scores(text.take(pa.array(rows)).to_pylist())
        made = answer_column(scores, held.labels, good, target, all_scores)
        return batch.append_column("classified", made)

    return label
