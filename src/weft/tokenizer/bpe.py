"""Byte-pair encoding: merges learnt from weighed words, of characters or of the pieces of a tokenizer that is there.

The library's trainer counts words of text and takes no weights, and it begins with characters. So symbols, whatever
they are, are written as code points of the upper planes, and each word as often as its weight says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from weft.errors import WeftError
from weft.tokenizer.loaded import library
from weft.tokenizer.pieces import BYTES, bpe_model, with_unknown
from weft.tokenizer.words import Weights, alphabet

Symbols = tuple[int, ...]
LONGEST = 16
"""Symbols of a piece: longer ones are whole phrases of scripts without spaces, seen in few texts."""
_FIRST = 0x10000
MOST_SYMBOLS = 0x110000 - _FIRST
_OCCURRENCES = 8_000_000
"""Words that the trainer counts, at most: some ten seconds."""
_FINEST = 16
"""A weight is rounded to so many parts of one occurrence, where the words are few enough."""


def learn_merges(
    words: Mapping[Symbols, float], number: int, longest: int = LONGEST, least: float = 2.0
) -> list[tuple[Symbols, Symbols]]:
    """Up to `number` merges in their order, each of two sequences of symbols: those that join what is most frequent.

    `words` are sequences of symbols from 0 to MOST_SYMBOLS and their weight; what a merge joins weighs `least` in all
    (Sennrich et al. 2016). The same words in any order give the same merges.
    """
    tokenizers = library()
    seen = {symbol for word in words for symbol in word}
    if not seen or number <= 0:
        return []
    total = sum(words.values())
    finest = min(_FINEST, _OCCURRENCES / max(total, 1.0))
    held = tokenizers.Tokenizer(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=len(seen) + number,
        min_frequency=max(1, round(least * finest)),
        max_token_length=longest,
        show_progress=False,
    )
    held.train_from_iterator(_written(words, finest), trainer)
    merges = json.loads(held.to_str())["model"]["merges"]
    return [(_symbols(left), _symbols(right)) for left, right in merges][:number]


def _symbols(written: str) -> Symbols:
    return tuple(ord(character) - _FIRST for character in written)


def _written(words: Mapping[Symbols, float], finest: float) -> Iterator[list[str]]:
    batch: list[str] = []
    for word, weight in words.items():
        count = int(weight * finest + 0.5)
        if count:
            written = (np.array(word, np.uint32) + _FIRST).astype("<u4").tobytes().decode("utf-32-le")
            while count:
                some = min(count, 10_000)
                batch += [written] * some
                count -= some
                if len(batch) >= 10_000:
                    yield batch
                    batch = []
    yield batch


def divided(weights: Weights, symbols: Sequence[str]) -> dict[Symbols, float]:
    """Words as numbers of single characters; a word ends where a character is none of them."""
    place = {symbol: number for number, symbol in enumerate(symbols)}
    found: dict[Symbols, float] = {}
    for word, weight in weights.items():
        for run in runs([place.get(character, -1) for character in word]):
            found[run] = found.get(run, 0.0) + weight
    return found


def runs(numbers: Sequence[int]) -> Iterator[Symbols]:
    """The stretches of numbers of 0 and more, of two at least."""
    start = 0
    for at in range(len(numbers) + 1):
        if at == len(numbers) or numbers[at] < 0:
            if at - start > 1:
                yield tuple(numbers[start:at])
            start = at + 1


def train_bpe(weights: Weights, vocabulary: int, special: Sequence[str], coverage: float) -> dict[str, object]:
    """A BPE model of `vocabulary` ids at most: special pieces, 256 bytes, characters, merges.

    Raises WeftError where so few ids leave no room for merges.
    """
    first = [*with_unknown(special), *BYTES]
    symbols = room(weights, vocabulary, len(first), coverage)
    never, taken = set(first), {*first, *symbols}
    joined: list[str] = []
    merges: list[tuple[str, str]] = []
    for left, right in learn_merges(divided(weights, symbols), vocabulary - len(first) - len(symbols)):
        pair = "".join(symbols[n] for n in left), "".join(symbols[n] for n in right)
        piece = "".join(pair)
        # A text that spells a byte must not become that byte; what is made of such a piece goes with it.
        if piece in never or any(part in never or part not in taken for part in pair):
            continue
        merges.append(pair)
        if piece not in taken:
            taken.add(piece)
            joined.append(piece)
    return bpe_model([*first, *symbols, *joined], merges)


def room(weights: Weights, vocabulary: int, first: int, coverage: float) -> list[str]:
    """The characters that get pieces: at most half of what special pieces and bytes leave of the vocabulary.

    Raises WeftError where that is less than printable ASCII takes.
    """
    symbols = alphabet(weights, coverage, max((vocabulary - first) // 2, 0))
    if len(symbols) + first >= vocabulary:
        raise WeftError(
            f"--vocabulary {vocabulary}: {first} special pieces and bytes and {len(symbols)} characters leave no room; "
            f"expected {2 * (first + len(symbols))} or more"
        )
    return symbols
