"""Items with the lowest scores, as they were asked and answered."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from weft.evaluate.measures import measure
from weft.model.languages import direction
from weft.report.evaluation_heat import is_code, named
from weft.report.markup import esc, section, tag

_LANGUAGES, _ITEMS, _LONGEST = 6, 2, 700
_FLAGS = {"cut": "cut off", "copied": "the source again", "empty": "empty", "unclear": "names no choice clearly",
          "hallucinated": "says what the source does not"}  # fmt: skip


def samples(held: Mapping[str, Any], outcomes: Mapping[str, pl.DataFrame]) -> str:
    """Of each task the languages with the lowest scores, and of each of them the items with the lowest."""
    made: list[str] = []
    for task, metric in {one["task"]: one["metric"] for one in held["scores"] if one["primary"]}.items():
        if task not in outcomes or f"measure.{metric}" not in outcomes[task].columns or metric == "bias":
            continue
        for language, rows in _worst(held, task, metric, outcomes[task]):
            body = "".join(_item(row, metric) for row in rows)
            summary = f"{esc(task)}: {esc(named(language))} <span class=soft><code>{esc(language)}</code></span>"
            opened = "" if made else " open"
            made.append(f'<details data-name="{esc(task)} {esc(language)}"{opened}><summary>{summary}</summary>'
                        f"{body}</details>")  # fmt: skip
    note = (
        f"Of each task the {_ITEMS} items with the lowest scores, in the lowest language of each script, up to "
        f"{_LANGUAGES} languages. What models write stands here as it is."
    )
    return section("samples", "What went wrong", note, "".join(made)) if made else ""


def _worst(
    held: Mapping[str, Any], task: str, metric: str, outcomes: pl.DataFrame
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    known = measure(metric)
    turn = 1 if known.higher_is_better else -1
    primary = [one for one in held["scores"] if one["task"] == task and one["primary"] and one["slice"] is None]
    lowest: dict[str, float] = {}
    for one in primary:
        lowest[one["language"]] = min(turn * one["value"], lowest.get(one["language"], np.inf))
    ran = outcomes.filter(pl.col(f"measure.{metric}").is_not_null())
    for language in _spread(sorted(lowest, key=lambda code: (lowest[code], code))):
        part = ran.filter(pl.col("language") == language)
        if not part.height:
            continue
        values = known.finish(np.array(part[f"measure.{metric}"].to_list(), np.float64))
        low = part.with_columns(pl.Series("weft.value", values), pl.Series("weft.order", turn * values))
        low = low.filter(pl.col("weft.order") < turn * known.ceiling if turn > 0 else pl.lit(value=True))
        rows = low.sort("weft.order", "item", maintain_order=True).head(_ITEMS).to_dicts()
        if rows:
            yield language, rows


def _spread(codes: list[str]) -> list[str]:
    """The lowest language of each script, and then the lowest of the others; `codes` are in the order of scores."""
    scripts = dict.fromkeys(code.partition("_")[2] for code in codes)
    heads = [next(code for code in codes if code.partition("_")[2] == script) for script in scripts][:_LANGUAGES]
    others = [code for code in codes if code not in heads][: _LANGUAGES - len(heads)]
    return sorted([*heads, *others], key=codes.index)


def _item(row: Mapping[str, Any], metric: str) -> str:
    target = row.get("target_language") or (_target(row) if row.get("direction") else None) or row["language"]
    told = [("item", esc(row["item"])), (esc(metric), f"{row['weft.value']:.3g}"), ("asked", _text(row["prompt"], ""))]
    if row.get("output") is not None:
        told.append(("answered", _text(row["output"], target)))
    choices = row.get("choices")
    if choices and row.get("answer") is not None:
        told.append(("chosen", _text(choices[row["answer"]], target)))
    told += [("right", right) for right in _right(row, target)]
    flags = [said for name, said in _FLAGS.items() if (row.get(f"measure.{name}") or [0])[0]]
    if (spoken := row.get("measure.in_language")) and spoken[0] == 0:
        flags.append("in another language")
    if flags:
        told.append(("also", esc(", ".join(flags))))
    return "<dl class=told>" + "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in told) + "</dl>"


def _target(row: Mapping[str, Any]) -> str | None:
    """The language of a translation from the pivot is that of the row; to it, it is nowhere in the row."""
    return row["language"] if row["direction"] == "from_pivot" else None


def _right(row: Mapping[str, Any], target: str) -> Iterator[str]:
    choices, right = row.get("choices"), row.get("right")
    if choices and right is not None:
        yield _text(choices[right], target)
    for name in ("answers", "references"):
        for text in (row.get(name) or [])[:2]:
            if text:
                yield _text(text, target)
    for name in ("good", "missed"):
        if row.get(name):
            yield esc(row[name] if isinstance(row[name], str) else f"not followed: {', '.join(row[name])}")


def _text(text: str, code: str) -> str:
    """What was asked or answered, cut where it is long; `code` is the language that it should be in, or nothing."""
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    of = f' lang="{esc(tag(code))}" dir="{_way(shown, code)}"' if is_code(code) else ' dir="auto"'
    return f'<div class="sample"{of}>{esc(shown)}</div>'


def _way(text: str, code: str) -> str:
    """The direction of most letters, as models answer in other languages too; without letters that of the language."""
    kinds = Counter(unicodedata.bidirectional(letter) for letter in text)
    left, right = kinds["L"], kinds["R"] + kinds["AL"]
    return direction(code) if left == right else "ltr" if left > right else "rtl"
