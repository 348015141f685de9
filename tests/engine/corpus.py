"""A small corpus for engine tests: several files, languages, exact and near copies, and damage."""

from __future__ import annotations

import json
import random
from pathlib import Path

WORDS = {
    "swh": "habari watu nyumba shule mtoto maji chakula safari barua kazi siku mwaka mji bahari mti samaki".split(),
    "eng": "news people house school child water food journey letter work day year town sea tree fish".split(),
    "hin": "समाचार लोग घर विद्यालय बच्चा पानी भोजन यात्रा पत्र काम दिन वर्ष नगर समुद्र पर्वत पेड़ पक्षी मछली".split(),
}
RECIPE = """\
name: small
acquire:
  - path: texts
    basis: owned
    license: CC0-1.0
construct:
  extends: nothing
  rules:
    long_enough: signals.words >= 20
    few_repeats: signals.dup_5gram <= 0.5
settings: {shard_mb: 0.02}
"""


def documents(count: int, seed: int = 7) -> list[dict[str, str]]:
    """Texts of random words; every tenth is a copy of an earlier one, every seventh a copy with one word changed."""
    draw = random.Random(seed)
    made: list[dict[str, str]] = []
    for number in range(count):
        words = WORDS[draw.choice(sorted(WORDS))]
        text = ". ".join(" ".join(draw.choices(words, k=9)) for _ in range(draw.randint(1, 30)))
        if made and number % 10 == 0:
            text = draw.choice(made)["text"]
        elif made and number % 7 == 0:
            parts = draw.choice(made)["text"].split(" ")
            parts[len(parts) // 2] = "changed"
            text = " ".join(parts)
        made.append({"id": f"d{number}", "text": text})
    return made


def write_corpus(folder: Path, count: int = 400, files: int = 6) -> Path:
    """The recipe of a corpus of JSONL files in `folder`."""
    texts = folder / "texts"
    texts.mkdir(parents=True, exist_ok=True)
    every = documents(count)
    for number in range(files):
        lines = [json.dumps(one, ensure_ascii=False) for one in every[number::files]]
        (texts / f"part-{number}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE, "utf-8")
    return recipe


JUDGED = """\
label:
  - script
  - lid
  - signals
  - judged: {{service: judge, prompt: Is it good?}}
services:
  judge: {{url: '{url}', protocol: openai-chat, model: m, api_key_env: WEFT_TEST_KEY, concurrency: 4}}
"""


def write_judged(folder: Path, url: str, count: int) -> Path:
    """The recipe of a corpus of two files whose texts a server judges, by the key in WEFT_TEST_KEY."""
    recipe = write_corpus(folder, count=count, files=2)
    recipe.write_text(recipe.read_text("utf-8") + JUDGED.format(url=url), "utf-8")
    return recipe


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
