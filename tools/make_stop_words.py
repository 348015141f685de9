"""Writes src/weft/label/stop_words.json.gz from the per-language configurations that FineWeb-2 published.

Run with: python tools/make_stop_words.py DATA, where DATA holds terms/fineweb2_language_config.jsonl.gz (Apache-2.0).
Left out: punctuation, invisible characters, numbers, and languages with fewer than four words left.
"""

from __future__ import annotations

import gzip
import json
import sys
import unicodedata
from pathlib import Path

MOST = 64
"""Words per language: the kernel marks them as seen in one 64-bit number."""


def is_word(text: str) -> bool:
    letters = [c for c in text if unicodedata.category(c)[0] == "L"]
    return bool(letters) and all(unicodedata.category(c)[0] in "LM" or c in "'’ʼ-" for c in text)


def main(data: Path) -> None:
    lists: dict[str, list[str]] = {}
    with gzip.open(data / "terms/fineweb2_language_config.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            words = [unicodedata.normalize("NFC", w).strip().lower() for w in entry["stopwords"]]
            words = list(dict.fromkeys(w for w in words if is_word(w)))[:MOST]
            if len(words) >= 4:
                lists.setdefault(entry["lang"], words)
    text = json.dumps(dict(sorted(lists.items())), ensure_ascii=False, separators=(",", ":"))
    target = Path(__file__).parent.parent / "src/weft/label/stop_words.json.gz"
    target.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    print(len(lists), "languages,", target.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
