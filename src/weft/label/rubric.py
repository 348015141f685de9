"""A question about a document as tokens, and the answers that a language model finds probable."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from weft.errors import ShardError
from weft.label.answers import Doubles, Flags
from weft.label.causal import Scorer, Vocabulary, vocabulary
from weft.label.transformer_folder import LanguageModel
from weft.label.windows import Ints

_HOLE = "\ufffcdocument\ufffc"
"""Stands for the document in a chat template: it is no text of any prompt."""
_LEAST_TEXT = 16
"""Tokens of a document for which there must be room."""


class Question(NamedTuple):
    """Tokens before and after the document, and the tokens of each answer; `room` is for the document's."""

    held: Vocabulary
    before: Ints
    after: Ints
    names: tuple[str, ...]
    answers: tuple[Ints, ...]
    room: int


class Answered(NamedTuple):
    """Columns of answer, score, probability, and the sum of probabilities; and which rows are finite."""

    columns: tuple[pa.Array, ...]
    finite: Flags


@functools.lru_cache(maxsize=4)
def question(
    held: LanguageModel, changed: int, prompt: str, answers: tuple[str, ...], chat: bool, width: int
) -> Question:
    """The question in tokens of a model; raises ShardError when it cannot be asked in `width` tokens."""
    known = vocabulary(held, changed)
    asked = prompt.replace("{text}", _HOLE)
    template = chat and known.whole.chat_template is not None
    if template:
        message = [{"role": "user", "content": asked}]
        asked = known.whole.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
    before, hole, after = asked.partition(_HOLE)
    if not hole:
        raise ShardError(f"{held.folder}: its chat template does not keep what it is given; expected chat: none")
    begun = known.with_special(before)
    if not template or not len(begun) or begun[0] != known.start:
        begun = np.concatenate([[known.start], begun]).astype(np.int32)
    # A tokenizer may join the end of the prompt to an answer: what all have in common is the prompt.
    whole = [known.with_special(after + answer) for answer in answers]
    common = _common(whole)
    rest = tuple(one[common:] for one in whole)
    for name, one in zip(answers, rest, strict=True):
        if not len(one):
            raise ShardError(
                f"answers: {name!r} is how another one begins; expected answers that differ from the start"
            )
    room = width - len(begun) - common - max(len(one) for one in rest)
    if room < _LEAST_TEXT:
        raise ShardError(
            f"the prompt has {width - room} tokens with its answers, which leaves {room} of {width} for the document; "
            "expected a shorter prompt, or a larger max_tokens"
        )
    return Question(known, begun, whole[0][:common], answers, rest, room)


def _common(sequences: Sequence[Ints]) -> int:
    """How many tokens all sequences begin with."""
    least = min(len(one) for one in sequences)
    same = np.array([one[:least] for one in sequences])
    differs = np.flatnonzero((same != same[0]).any(axis=0))
    return int(differs[0]) if len(differs) else least


def answered(engine: Scorer, asked: Question, texts: Sequence[str], worth: Doubles) -> Answered:
    """What a model answers about each text."""
    told = [
        np.concatenate([asked.before, ids[: asked.room], asked.after]).astype(np.int32) for ids in asked.held.ids(texts)
    ]
    if all(len(one) == 1 for one in asked.answers):
        logs = engine.choices(told, np.concatenate(asked.answers))
    else:
        sequences = [np.concatenate([one, answer]) for one in told for answer in asked.answers]
        first = np.repeat([len(one) for one in told], len(asked.answers)).astype(np.int64)
        logs = engine.totals(sequences, first).reshape(len(told), len(asked.answers))
    finite: Flags = np.asarray(np.isfinite(logs).all(axis=1))
    logs = np.where(finite[:, None], logs, 0.0)
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    share = powers / powers.sum(axis=1, keepdims=True)
    best = share.argmax(axis=1)
    columns = (
        pa.array(asked.names, pa.string()).take(pa.array(best)),
        pa.array((share * worth).sum(axis=1).astype(np.float32)),
        pa.array(share[np.arange(len(best)), best].astype(np.float32)),
        pa.array(np.exp(logs).sum(axis=1).astype(np.float32)),
    )
    return Answered(columns, finite)
