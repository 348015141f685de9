"""How often worst slices find what was planted, and how often they find something where there is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from weft.evaluate.slices import worst

RUNS, SMALL = 400, 60
SCORES: dict[str, Any] = {"scores": [{"task": "topic", "metric": "accuracy", "primary": True}]}


def items(right: Any, slices: dict[str, Any], language: str = "swh_Latn") -> pl.DataFrame:
    """Items with prompts of several lengths, each for itself."""
    names = [str(n) for n in range(len(right))]
    return pl.DataFrame(
        {
            "language": [language] * len(right),
            "item": names,
            "cluster": names,
            "prompt": ["x" * (10 + n * 7 % 90) for n in range(len(right))],
            "measure.accuracy": [[float(one), 1.0] for one in right],
            **{f"slice.{name}": values for name, values in slices.items()},
        }
    )


def found(frame: pl.DataFrame) -> list[str]:
    return [row["slice"] for row in worst(SCORES, {"topic": frame})]


def main() -> None:
    nothing = planted = beside = many = 0
    for seed in range(RUNS):
        draw = np.random.default_rng(seed)
        slices = {f"s{n}": draw.choice(list("abcd"), 400) for n in range(3)}
        nothing += bool(found(items(draw.random(400) < 0.7, slices)))
        names = found(items(draw.random(400) < np.where(slices["s0"] == "a", 0.45, 0.8), slices))
        planted += "s0=a" in names
        beside += any(name != "s0=a" for name in names)
    for seed in range(SMALL):
        draw = np.random.default_rng(1000 + seed)
        frames = []
        for number in range(20):
            slices = {f"s{n}": draw.choice(list("abc"), 200) for n in range(2)}
            frames.append(items(draw.random(200) < draw.uniform(0.3, 0.9), slices, f"l{number}"))
        many += bool(found(pl.concat(frames)))
    print(f"one language, nothing planted: any slice in {nothing} of {RUNS} runs")
    print(f"twenty languages, nothing planted: any slice in {many} of {SMALL} runs")
    print(f"planted slice found in {planted} of {RUNS} runs, any other beside it in {beside}")


if __name__ == "__main__":
    main()
