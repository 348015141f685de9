"""nlpaug on the texts of benchmarks/offline_recipes.py, run by an environment of its own: seconds of processor time."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(task: str, texts_file: str, lexicon_file: str) -> None:
    import nlpaug.augmenter.char as characters
    import nlpaug.augmenter.word as words

    texts = json.loads(Path(texts_file).read_text("utf-8"))
    if task == "noise":
        made = characters.RandomCharAug(action="substitute", aug_char_p=0.1, aug_word_p=0.5, aug_word_max=None)
    else:
        reserved = json.loads(Path(lexicon_file).read_text("utf-8"))
        made = words.ReservedAug(reserved_tokens=reserved, aug_p=0.3, aug_max=None)
    made.augment(texts[0])
    begin = time.process_time()
    for text in texts:
        made.augment(text)
    print(json.dumps(time.process_time() - begin))


if __name__ == "__main__":
    main(*sys.argv[1:])
