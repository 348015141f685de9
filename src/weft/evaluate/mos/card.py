"""What an estimator is worth, measured on pairs that its heads had not seen, and the page that says so."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.evaluate.mos.calibration import LEVEL, calibrate
from weft.evaluate.mos.ratings import Ratings
from weft.statistics.correlation import pearson, pearson_interval, ranks

VERSION = 1
"""Raised when an estimator trained on the same ratings would answer otherwise."""
SAMPLES = 2_000
_DOMAIN_ROWS = 30
Doubles = npt.NDArray[np.float64]


def signature(ratings: Ratings, seed: int) -> str:
    """Version, kind of scores, how many ratings, their digest, seed."""
    digest = hashlib.blake2b(digest_size=6)
    for row in ratings.frame.iter_rows():
        digest.update(repr(row).encode())
    return f"weft-mos|v{VERSION}|kind:{ratings.kind}|rows:{ratings.frame.height}|data:{digest.hexdigest()}|seed:{seed}"


def correlations(made: Doubles, scores: Doubles, groups: Sequence[Any] | None = None) -> dict[str, Any]:
    """Pearson and Spearman with intervals of 95 %: `value`, `low`, `high`, groups of rows drawn again together.

    All three are null where what was made is the same for all, as where nothing could be learnt.
    """
    held = {"pearson": (made, scores), "spearman": (ranks(made), ranks(scores))}
    found: dict[str, Any] = {}
    for name, (one, other) in held.items():
        value = pearson(one, other)
        if np.isnan(value):
            found[name] = dict.fromkeys(("value", "low", "high"))
            continue
        drawn = pearson_interval(one, other, clusters=groups, samples=SAMPLES)
        found[name] = {"value": round(value, 4), "low": round(drawn.low, 4), "high": round(drawn.high, 4)}
    return found


def measured(
    values: Doubles,
    scores: Doubles,
    folds: npt.NDArray[np.int64],
    groups: Sequence[Any],
    domains: Sequence[str | None] | None,
    bounds: tuple[float, float],
) -> dict[str, Any]:
    """Figures of values that were made without their own fold, calibrated without it too."""
    made, inside = np.empty(len(values)), np.empty(len(values), bool)
    widths = np.empty(len(values))
    for fold in np.unique(folds):
        own, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        some = None if domains is None else [domains[n] for n in rest.tolist()]
        fitted = calibrate(values[rest], scores[rest], folds[rest], bounds, some)
        here = None if domains is None else [domains[n] for n in own.tolist()]
        made[own], low, high = fitted.scores(values[own], here)
        inside[own] = (scores[own] >= low - 1e-9) & (scores[own] <= high + 1e-9)
        widths[own] = high - low
    found: dict[str, Any] = {"rows": len(values), **correlations(made, scores, list(groups))}
    found["error"] = round(float(np.abs(made - scores).mean()), 4)
    found["inside"], found["width"] = round(float(inside.mean()), 4), round(float(widths.mean()), 4)
    if domains is not None:
        found["domains"] = {}
        for name in sorted({str(name) for name in domains if name is not None}):
            own = np.flatnonzero(np.asarray([str(one) for one in domains]) == name)
            if len(own) >= _DOMAIN_ROWS:
                figures = correlations(made[own], scores[own], [groups[n] for n in own.tolist()])
                bias = round(float((made[own] - scores[own]).mean()), 4)
                found["domains"][name] = {"rows": len(own), **figures, "bias": bias}
            else:
                found["domains"][name] = {"rows": len(own), "reason": f"fewer than {_DOMAIN_ROWS} rows"}
    return found


def page(card: Mapping[str, Any]) -> str:
    """The card in Markdown."""
    lines = [
        "# Estimator of translation quality", "",
        f"Signature: `{card['signature']}`", "",
        f"Scores are of the kind `{card['kind']}`; figures are by cross-validation in {card['folds']} folds, "
        f"intervals of correlations 95 %, those of scores {LEVEL:.0%}.", "",
        "| pair | looks at | ratings | Pearson | Spearman | mean error | inside interval |",
        "|---|---|---:|---|---|---:|---:|",
    ]  # fmt: skip
    lines += ["| " + " | ".join(row) + " |" for row in table(card)]
    domains = domain_table(card)
    if domains:
        lines += [
            "",
            "| pair | looks at | domain | ratings | Pearson | Spearman | bias |",
            "|---|---|---|---:|---|---|---:|",
        ]
        lines += ["| " + " | ".join(row) + " |" for row in domains]
    if card["too_few"]:
        told = ", ".join(f"{name} ({count})" for name, count in card["too_few"].items())
        lines += ["", f"Not trained, too few ratings: {told}."]
    if unproven := not_shown(card):
        lines += ["", f"Not shown to be better than one score for all: {', '.join(unproven)}."]
    lines += ["", "Folds are by document where the ratings name one, else by source text. A pair of languages that is "
              "not listed gets no score."]  # fmt: skip
    return "\n".join(lines) + "\n"


def not_shown(card: Mapping[str, Any]) -> list[str]:
    """Pairs of languages and heads whose correlation may be 0 or less."""
    return [
        f"{'-'.join(pair['languages'])} ({name})"
        for pair in card["pairs"]
        for name, held in pair["heads"].items()
        if (held["pearson"]["low"] or 0.0) <= 0
    ]


def table(card: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each pair and head."""
    return [
        ("-".join(pair["languages"]), name, f"{held['rows']:,}", _said(held["pearson"]), _said(held["spearman"]),
         f"{held['error']:.3f}", f"{held['inside']:.1%}")
        for pair in card["pairs"] for name, held in pair["heads"].items()
    ]  # fmt: skip


def domain_table(card: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each pair, head and domain."""
    found: list[tuple[str, ...]] = []
    for pair in card["pairs"]:
        for name, held in pair["heads"].items():
            for domain, one in held.get("domains", {}).items():
                start = ("-".join(pair["languages"]), name, domain, f"{one['rows']:,}")
                if "reason" in one:
                    found.append((*start, one["reason"], "", ""))
                else:
                    found.append((*start, _said(one["pearson"]), _said(one["spearman"]), f"{one['bias']:+.3f}"))
    return found


def _said(held: Mapping[str, float | None]) -> str:
    if held["value"] is None:
        return "nothing learnt"
    return f"{held['value']:.3f} ({held['low']:.3f} to {held['high']:.3f})"
