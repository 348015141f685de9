"""What lm-evaluation-harness calls from the task files that weft wrote beside this one; weft itself is not needed.

Texts are read, and scores made, as weft does it: equal answers have equal scores in both.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Pair = tuple[list[str], str]
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OPEN_THOUGHT = re.compile(r"<(think|thinking|reasoning)>", re.IGNORECASE)


def rows(file: str, **_metadata: Any) -> dict[str, Any]:
    """The items of a task: JSON lines in a file below the folder of this one."""
    import datasets

    with (Path(__file__).parent / file).open(encoding="utf-8") as lines:
        held = [json.loads(line) for line in lines]
    return {"test": datasets.Dataset.from_list(held)}


def answered(text: str) -> str:
    """What follows a model's thoughts, where it marks them; nothing where they do not end."""
    rest = _THOUGHT.sub("", text)
    return "" if _OPEN_THOUGHT.search(rest) else rest.strip()


def plain(text: str) -> str:
    """A text in which compatibility forms, case, marks at the ends and runs of space do not count."""
    held = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    start, stop = 0, len(held)
    while start < stop and unicodedata.category(held[start])[0] in "PZ":
        start += 1
    while start < stop and unicodedata.category(held[stop - 1])[0] in "PZ":
        stop -= 1
    return held[start:stop]


def generated(doc: dict[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Whether an answer is one of the right ones as a whole, or has one in it."""
    said = plain(answered(results[0]))
    right = [plain(one) for one in doc["answers"] if one]
    return {"exact_match": float(said in right), "contains": float(any(one and one in said for one in right))}


def translated(doc: dict[str, Any], results: Sequence[str]) -> dict[str, Pair]:
    """References and translation, under every name of a metric of translations."""
    pair = ([one for one in doc["references"] if one], answered(results[0]))
    return {name: pair for name in doc["metrics"]}


def _corpus(items: Sequence[Pair], scorer: Any) -> float:
    most = max(len(references) for references, _ in items)
    sets = [[held[place] if place < len(held) else None for held, _ in items] for place in range(most)]
    return float(scorer.corpus_score([text for _, text in items], sets).score)


def chrf(items: Sequence[Pair]) -> float:
    """chrF of a corpus by sacrebleu."""
    from sacrebleu.metrics.chrf import CHRF

    return _corpus(items, CHRF())


def chrf_plus_plus(items: Sequence[Pair]) -> float:
    """chrF++ of a corpus by sacrebleu."""
    from sacrebleu.metrics.chrf import CHRF

    return _corpus(items, CHRF(word_order=2))


def ter(items: Sequence[Pair]) -> float:
    """TER of a corpus by sacrebleu."""
    from sacrebleu.metrics.ter import TER

    return _corpus(items, TER())


def _bleu(tokenizer: str) -> Callable[[Sequence[Pair]], float]:
    def score(items: Sequence[Pair]) -> float:
        from sacrebleu.metrics.bleu import BLEU

        return _corpus(items, BLEU(tokenize=tokenizer, force=True))

    return score


bleu, bleu_char, bleu_intl, bleu_zh = _bleu("13a"), _bleu("char"), _bleu("intl"), _bleu("zh")
bleu_ja_mecab, bleu_ko_mecab, bleu_none = _bleu("ja-mecab"), _bleu("ko-mecab"), _bleu("none")
bleu_13a = bleu
