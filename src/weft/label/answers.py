"""What a classifier answers: numbers of labels to probabilities, and to a column that rules can ask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.errors import WeftError, nearest

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SCORE = pa.struct({"label": pa.string(), "score": pa.float32()})
ANSWER = pa.struct({"label": pa.string(), "score": pa.float32(), "scores": pa.list_(SCORE)})

PROBLEMS = ("regression", "single_label_classification", "multi_label_classification")


def activated(logits: Doubles, problem: str) -> Doubles:
    """Numbers as they are for a regression, by softmax for one label of several, by the logistic function else."""
    if problem == "regression":
        return logits
    if problem == "single_label_classification":
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))


def check_target(target: str | None, labels: Sequence[str], place: str) -> None:
    """Raise WeftError when `target` is none of the labels of a model."""
    if target is not None and target not in labels:
        some = ", ".join(labels[:8]) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")
        raise WeftError(f"{place}: no label {target!r}; expected one of {some}{nearest(target, labels)}")


def best(scores: Doubles, labels: Sequence[str], good: Flags, target: str | None) -> tuple[pa.Array, pa.Array]:
    """The label of the highest score of each row, the first of equal ones; and that score, or the target's.

    Null where the row is not `good`.
    """
    rows = np.arange(len(scores))
    first = scores.argmax(axis=1)
    score = scores[rows, first] if target is None else scores[:, labels.index(target)]
    names = pa.array(list(labels), pa.string())
    return names.take(pa.array(first, mask=~good)), pa.array(score.astype(np.float32), mask=~good)


def every(scores: Doubles, labels: Sequence[str], good: Flags) -> pa.Array:
    """All labels of each row with their scores, in the order of the model; null where the row is not `good`."""
    count = len(labels)
    names = pa.array(list(labels), pa.string()).take(pa.array(np.tile(np.arange(count), int(good.sum()))))
    values = pa.StructArray.from_arrays([names, pa.array(scores[good].ravel().astype(np.float32))], fields=list(SCORE))
    offsets = np.concatenate([[0], np.cumsum(good)]) * count
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=pa.array(~good))


def answer_column(scores: Doubles, labels: Sequence[str], good: Flags, target: str | None, all_scores: bool) -> Any:
    """The column of `ANSWER` for rows of scores."""
    label, score = best(scores, labels, good, target)
    scored = every(scores, labels, good) if all_scores else pa.nulls(len(good), ANSWER.field("scores").type)
    return pa.StructArray.from_arrays([label, score, scored], fields=list(ANSWER), mask=pa.array(~good))


def silu(values: Doubles) -> Doubles:
    """x times the logistic function of x."""
    return np.asarray(values / (1 + np.exp(-np.clip(values, -700, 700))))


def gelu_tanh(values: Doubles) -> Doubles:
    """The Gaussian error linear unit by its tanh form (Hendrycks and Gimpel 2016)."""
    inner = math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)
    return np.asarray(0.5 * values * (1 + np.tanh(inner)))


def gelu(values: Doubles) -> Doubles:
    """The Gaussian error linear unit: x times the probability that a normal number is below x."""
    held = (values / math.sqrt(2)).ravel().tolist()
    erf = np.fromiter(map(math.erf, held), np.float64, len(held)).reshape(values.shape)  # NumPy has none
    return np.asarray(0.5 * values * (1 + erf))
