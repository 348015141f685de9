"""More pieces for a tokenizer that is there: old ids stay, old merges come first, old scores stay."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft.errors import WeftError
from weft.tokenizer.bpe import MOST_SYMBOLS, Symbols, learn_merges, runs
from weft.tokenizer.loaded import BYTE, Loaded, from_content, is_byte_level
from weft.tokenizer.unigram import NEVER, SEEDS, fit, flat, longer
from weft.tokenizer.words import Weights, alphabet

_LONGEST = 32
"""Symbols of a new piece: before there are merges for it, a character may be three of them."""


def extended(held: Loaded, weights: Weights, seen: Weights, number: int, coverage: float) -> dict[str, Any]:
    """The object of a tokenizer.json with up to `number` more pieces, learnt from pre-tokens as `held` cuts them.

    `seen` is how often the pre-tokens occur before they are weighed.
    Everything else in the file stays, and every old id means what it meant. Raises WeftError for models that have
    neither merges nor scores, to which nothing can be added without changing what is there.
    """
    kind = held.content["model"].get("type", "BPE")
    if kind not in ("BPE", "Unigram"):
        raise WeftError(
            f"{held.file}: a {kind} model, which takes the longest piece that fits: new ones would change the old "
            "languages; expected BPE or Unigram"
        )
    content = copy.deepcopy(held.content)
    if kind == "BPE":
        _more_merges(content, held, weights, number, coverage)
    else:
        _more_pieces(content, weights, seen, number, coverage)
    return content


def _ids(content: dict[str, Any]) -> dict[str, int]:
    """Ids of all pieces, added tokens among them.

    Those that stand outside the model get a place in it: else the library would number them anew after it.
    """
    model = content["model"]
    vocabulary = model["vocab"]
    ids = dict(vocabulary) if isinstance(vocabulary, dict) else {piece: n for n, (piece, _) in enumerate(vocabulary)}
    for token in content.get("added_tokens") or ():
        ids.setdefault(token["content"], token["id"])
    return ids


def _new_characters(weights: Weights, known: Any, most: int, coverage: float) -> list[str]:
    """Characters of the words that have no piece, those that the coverage wants, commonest first."""
    wanted = [c for c in alphabet(weights, coverage) if c not in known and not c.isspace()]
    count = {c: 0.0 for c in wanted}
    for word, weight in weights.items():
        for character in word:
            if character in count:
                count[character] += weight
    return sorted((c for c in wanted if count[c]), key=lambda c: (-count[c], c))[:most]


def _more_merges(content: dict[str, Any], held: Loaded, weights: Weights, number: int, coverage: float) -> None:
    model = content["model"]
    ids = _ids(content)
    new: list[str] = []
    if not is_byte_level(content):
        new = _new_characters(weights, ids, number // 2, coverage)
    first = max(ids.values()) + 1
    model["vocab"] = {**ids, **{piece: first + n for n, piece in enumerate(new)}}
    pieces = {n: piece for piece, n in model["vocab"].items()}
    words = _old_pieces(content, held, weights, pieces)
    prefix = model.get("continuing_subword_prefix") or ""
    merges: list[tuple[str, str]] = []
    for left, right in learn_merges(words, number - len(new), _LONGEST):
        parts = [_joined([pieces[n] for n in symbols], prefix) for symbols in (left, right)]
        piece = _joined(parts, prefix)
        if any(part not in model["vocab"] or _stands_apart(part, content) for part in parts) or (
            _stands_apart(piece, content)
        ):
            continue
        merges.append((parts[0], parts[1]))
        if piece not in model["vocab"]:
            model["vocab"][piece] = first + len(new)
            new.append(piece)
    old = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
    model["merges"] = [*old, *map(list, merges)]


def _stands_apart(piece: str, content: dict[str, Any]) -> bool:
    """Whether a piece is a byte or an added token: a text that spells it must not become it."""
    return BYTE.fullmatch(piece) is not None or any(t["content"] == piece for t in content.get("added_tokens") or ())


def _joined(parts: Sequence[str], prefix: str) -> str:
    return parts[0] + "".join(part.removeprefix(prefix) if prefix else part for part in parts[1:])


def _old_pieces(
    content: dict[str, Any], held: Loaded, weights: Weights, pieces: dict[int, str]
) -> dict[Symbols, float]:
    """Words as ids of the old model's pieces, ended by what is no whole piece: bytes and the unknown one."""
    if max(pieces) >= MOST_SYMBOLS:
        raise WeftError(f"{held.file}: ids up to {max(pieces)}; expected less than {MOST_SYMBOLS}")
    now = from_content(content, held.file)
    barrier = np.zeros(max(pieces) + 1, np.bool_)
    if not is_byte_level(content):
        barrier[: len(now.broken)] = now.broken
    found: dict[Symbols, float] = {}
    tokenize = now.tokenizer.model.tokenize
    for word, weight in weights.items():
        numbers = [-1 if barrier[token.id] else token.id for token in tokenize(word)]
        for run in runs(numbers):
            found[run] = found.get(run, 0.0) + weight
    return found


def _more_pieces(content: dict[str, Any], weights: Weights, seen: Weights, number: int, coverage: float) -> None:
    """New pieces with the scores that they would have in a model of both vocabularies, by their share of it."""
    model = content["model"]
    added = {token["content"] for token in content.get("added_tokens") or ()}
    ids = _ids(content)
    size = max(ids.values()) + 1
    by_id: list[str | None] = [None] * size
    for piece, place in ids.items():
        by_id[place] = piece
    old_scores = dict(model["vocab"])
    unknown = model["vocab"][model["unk_id"]][0] if model.get("unk_id") is not None else None
    usable = [p for p, _ in model["vocab"] if p and p not in added and p != unknown and not BYTE.fullmatch(p)]
    lowest = min((old_scores[piece] for piece in usable), default=-1.0)
    single = {piece for piece in usable if len(piece) == 1}
    # Without bytes to fall back on, a character that has no piece is lost.
    most = number // 2 if model.get("byte_fallback") else number
    characters = _new_characters(weights, single, most, coverage)
    symbols = sorted({*single, *characters} & {c for word in weights for c in word})
    taken = {*(piece for piece in by_id if piece is not None), *characters}
    more = longer(weights, symbols, SEEDS * (number - len(characters)), taken)
    candidates = [*usable, *characters, *more]
    fixed = np.arange(len(candidates)) < len(usable)
    words = flat(weights, seen, symbols)
    share = number / (number + len(usable))
    start = np.array([old_scores[p] for p in usable] + [0.0] * (len(candidates) - len(usable)))
    chosen, scores = fit(words, candidates, fixed, start, len(characters), number - len(characters), share)
    new = [(candidates[n], max(float(s), lowest)) for n, s in zip(chosen, scores, strict=True) if not fixed[n]]
    new.sort(key=lambda pair: (-pair[1], pair[0]))
    # A place that no piece has, and an added token that the model did not have, are never taken.
    vocabulary: list[list[Any]] = []
    for n, held_piece in enumerate(by_id):
        name = held_piece if held_piece is not None else f"<unused {n}>"
        # The library sets the unknown token 10 below the lowest score: added tokens must not lower that.
        vocabulary.append([name, old_scores.get(name, lowest if name in added else min(lowest, NEVER))])
    for piece, score in new:
        vocabulary.append([piece, round(score, 6) if math.isfinite(score) else lowest])
    model["vocab"] = vocabulary
