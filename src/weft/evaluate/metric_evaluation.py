"""How well metrics of translations agree with people, by segment and by system, with intervals and tests."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.errors import WeftError, nearest
from weft.model.evaluation_items import read_table
from weft.statistics.correlation import kendall, moments, of_moments, pearson, ranks, williams
from weft.statistics.many import holm
from weft.statistics.paired import differences
from weft.statistics.pairwise import calibrated_epsilon, coins, p_values, pairwise_accuracy, tie_accuracies
from weft.statistics.resampling import bootstrap, mean, of_values
from weft.text.draws import keys_of, uniform

Doubles = npt.NDArray[np.float64]
ALL = "all"
PEOPLE = "people"
_LARGEST = 1e12
_SMALLEST = 1e-50
_DOUBLED = "_duplicated_0"
"""What polars calls a column of a name that stood before."""
_REDRAWN = 500
"""Resamples of figures of systems, which are no functions of sums."""
_SORTED = 200
"""Of them those in which Kendall's tau is counted again."""


@dataclass(frozen=True)
class Columns:
    """Where in a table things are, and what of it counts."""

    human: str = "human"
    system: str = "system"
    segment: str = "segment"
    pair: str | None = None
    metrics: tuple[str, ...] = ()
    """None: all other columns of numbers."""
    lower: frozenset[str] = field(default_factory=frozenset)
    """Columns of which less is better; they are turned."""
    without: frozenset[str] = field(default_factory=frozenset)
    """Systems that are left out, such as human translations."""


@dataclass(frozen=True)
class Scores:
    """Of one pair of languages: (segments, systems) of people and of each metric, NaN where there is none."""

    pair: str
    systems: list[str]
    segments: list[str]
    human: Doubles
    metrics: dict[str, Doubles]
    lacking: dict[str, int]
    """Rows without a score of people or of a metric, by the name of what lacks: they count for none."""


def read_scores(file: Path, columns: Columns) -> list[Scores]:
    """The scores of a table, by pair of languages. Raises WeftError for columns and rows that are not as expected."""
    table = read_table(file)
    needed = [columns.human, columns.system, columns.segment, *columns.metrics]
    needed += [columns.pair] if columns.pair else []
    for name in (*needed, *columns.lower):
        if name not in table.columns:
            has = ", ".join(table.columns)
            raise WeftError(f"{file}: no column {name}; it has {has}{nearest(name, table.columns)}")
        if table.schema[name].is_nested():
            raise WeftError(f"{file}: column {name} holds lists or objects; expected one text or number in each row")
    if columns.human in columns.metrics:
        raise WeftError(f"--metric {columns.human}: is what people said; expected another column")
    if odd := next((name for name in table.columns if name.endswith(_DOUBLED)), None):
        twice = odd.removesuffix(_DOUBLED)
        raise WeftError(f"{file}: column {twice} stands twice in the first row; expected different names")
    names = list(columns.metrics) or _numbers(table, set(needed))
    if not names:
        raise WeftError(f"{file}: no column of a metric; expected one with a number in each row, or --metric")
    keys = [pl.col(columns.pair).cast(pl.String) if columns.pair else pl.lit(ALL)]
    keys += [pl.col(columns.system).cast(pl.String), pl.col(columns.segment).cast(pl.String)]
    keys = [one.alias(name) for one, name in zip(keys, ("pair", "system", "segment"), strict=True)]
    turned = [_number(file, table, name) * (-1.0 if name in columns.lower else 1.0) for name in (columns.human, *names)]
    held = table.select(*keys, *(one.alias(f"score.{n}") for n, one in enumerate(turned)))
    systems = held["system"].drop_nulls().unique().sort().to_list()
    for name in sorted(columns.without):
        if name not in systems:
            raise WeftError(f"--without {name}: the systems are {', '.join(systems)[:200]}{nearest(name, systems)}")
    held = held.filter(~pl.col("system").is_in(sorted(columns.without))).drop_nulls(["pair", "system", "segment"])
    again = held.filter(held.select("pair", "system", "segment").is_duplicated())
    if again.height:
        pair, system, segment = again.select("pair", "system", "segment").row(0)
        raise WeftError(f"{file}: segment {segment} of {system} ({pair}) stands twice; expected one row of each")
    found = [_matrices(str(pair), part, names) for (pair,), part in held.group_by(["pair"], maintain_order=True)]
    if not found:
        raise WeftError(f"{file}: no row with a system and a segment")
    for scores in found:
        for name, values in ((columns.human, scores.human), *scores.metrics.items()):
            spread = float(np.nanmax(values) - np.nanmin(values))
            if 0 < spread < _SMALLEST:
                # Squares of such differences would be lost in rounding.
                raise WeftError(f"{file}: column {name} differs by {spread:g} at most; expected {_SMALLEST:g}, or 0")
    return found


def _numbers(table: pl.DataFrame, taken: set[str]) -> list[str]:
    """Other columns that hold nothing but numbers."""
    return [name for name in table.columns if name not in taken and _why_none(table[name]) is None]


def not_taken(file: Path, columns: Columns) -> dict[str, str]:
    """Columns that are no metrics, though nobody said which are, and why."""
    if columns.metrics:
        return {}
    table = read_table(file)
    taken = {columns.human, columns.system, columns.segment, columns.pair}
    why = {name: _why_none(table[name]) for name in table.columns if name not in taken}
    return {name: said for name, said in why.items() if said is not None}


def _why_none(column: pl.Series) -> str | None:
    """Why a column holds no numbers; None: it does."""
    if column.dtype.is_nested() or column.dtype == pl.Boolean:
        return f"it holds {column.dtype}"
    held = column.cast(pl.String)
    odd = held.filter(held.is_not_null() & held.cast(pl.Float64, strict=False).is_null())
    if odd.len():
        return f"{odd[0]!r} is no number"
    return None if held.drop_nulls().len() else "it is empty"


def _number(file: Path, table: pl.DataFrame, name: str) -> pl.Series:
    held = table[name].cast(pl.String)
    made = held.cast(pl.Float64, strict=False)
    bad = table.filter(made.is_null() & held.is_not_null() & ~held.is_in(["", "None", "NA", "nan"]))
    if bad.height:
        raise WeftError(f"{file}: column {name} has {bad[name][0]!r}; expected numbers, or nothing")
    large = table.filter(made.is_infinite() | (made.abs() > _LARGEST))
    if large.height:
        raise WeftError(f"{file}: column {name} has {large[name][0]!r}; expected numbers up to {_LARGEST:g}")
    return made.fill_null(float("nan"))


def _matrices(pair: str, part: pl.DataFrame, names: Sequence[str]) -> Scores:
    systems = part["system"].unique(maintain_order=True).to_list()
    segments = part["segment"].unique(maintain_order=True).to_list()
    if len(systems) < 2:
        raise WeftError(f"{pair}: {len(systems)} system; expected two at least, which metrics can order")
    row = part["segment"].replace_strict(segments, range(len(segments)), return_dtype=pl.Int64).to_numpy()
    column = part["system"].replace_strict(systems, range(len(systems)), return_dtype=pl.Int64).to_numpy()
    made = []
    for number in range(len(names) + 1):
        matrix = np.full((len(segments), len(systems)), np.nan)
        matrix[row, column] = part[f"score.{number}"].to_numpy()
        made.append(matrix)
    lacking = {name: int(np.isnan(one[row, column]).sum()) for name, one in zip((PEOPLE, *names), made, strict=True)}
    # What a metric or people have not scored counts for none, so that all are judged on the same.
    there = ~np.isnan(np.stack(made)).any(axis=0)
    made = [np.where(there, one, np.nan) for one in made]
    if not there.any():
        raise WeftError(f"{pair}: no row that people and every metric have scored; expected some")
    return Scores(
        pair,
        systems,
        segments,
        made[0],
        dict(zip(names, made[1:], strict=True)),
        {name: count for name, count in lacking.items() if count},
    )


def evaluate_metrics(given: Sequence[Scores], tune: float, samples: int, seed: int) -> dict[str, Any]:
    """Agreement of each metric with people in each pair of languages, and tests between every two metrics.

    Intervals of 95 % draw segments again, with all their systems; Spearman's keep the ranks of the whole. acc_eq is of
    the segments that did not choose its epsilon, `tune` of them, drawn by their names. Tests swap the two metrics'
    scores by segment, as z-scores of the pair; p-values are corrected by Holm over all comparisons of a statistic.
    """
    pairs, compared = [], []
    for scores in given:
        chosen = uniform(keys_of(scores.segments, seed)) < tune
        told, rows = _of_pair(scores, chosen, samples, seed)
        pairs.append(told)
        compared += [{"pair": scores.pair, **row} for row in rows]
    for name in dict.fromkeys(row["statistic"] for row in compared):
        some = [row for row in compared if row["statistic"] == name and row["p"] is not None]
        for row, value in zip(some, holm([row["p"] for row in some]), strict=True):
            row["holm"] = float(value)
    return {
        "version": 1,
        "pairs": pairs,
        "comparisons": compared,
        "interval": f"95 %, segments drawn again: {samples} times, {min(samples, _REDRAWN)} of systems, "
        f"{min(samples, _SORTED)} of kendall",
        "test": f"permutation by segment, two-sided, seed {seed}; Holm over the comparisons of a statistic",
    }


def _of_pair(
    scores: Scores, chosen: npt.NDArray[np.bool_], samples: int, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    there = ~np.isnan(scores.human)
    segment = np.nonzero(there)[0]
    human = scores.human[there]
    names = list(scores.metrics)
    values = [scores.metrics[name][there] for name in names]
    linear = {
        "pearson": np.stack([moments(human, _standard(one)) for one in values], axis=1),
        "spearman": np.stack([moments(ranks(human), ranks(one)) for one in values], axis=1),
    }
    told: dict[str, dict[str, Any]] = {name: {"metric": name} for name in names}
    compared: list[dict[str, Any]] = []
    for statistic, sums in linear.items():
        found = bootstrap(sums, of_moments, clusters=segment, samples=samples, seed=seed)
        for name, one in zip(names, found, strict=True):
            told[name][statistic] = _told(one.value, one.low, one.high)
        compared += _differences(statistic, names, sums, of_moments, segment, samples, seed)
    for row in compared:
        if row["statistic"] == "pearson":
            both = [values[names.index(row[side])] for side in ("first", "second")]
            figures = (pearson(human, both[0]), pearson(human, both[1]), pearson(*both))
            found_p = williams(*figures, len(human))
            row["williams_p"] = None if np.isnan(found_p) else found_p
    compared += _ties(scores, chosen, told, samples, seed)
    compared += _systems(scores, told, min(samples, _REDRAWN), seed)
    about = {
        "pair": scores.pair,
        "systems": len(scores.systems),
        "segments": int(there.any(axis=1).sum()),
        "rows": len(human),
        "system_segments": int(there.all(axis=1).sum()),
        "lacking": scores.lacking,
        "tuned_on": int((chosen & there.any(axis=1)).sum()),
    }
    return about | {"metrics": list(told.values())}, compared


def _standard(values: Doubles) -> Doubles:
    """z-scores, so that scores of two metrics can be swapped; Pearson's r is that of the scores."""
    spread = np.nanstd(values)
    found: Doubles = (values - np.nanmean(values)) / (spread if spread > 0 else 1.0)
    return found


def _differences(
    statistic: str, names: Sequence[str], sums: Doubles, finish: Any, clusters: Any, samples: int, seed: int
) -> Iterator[dict[str, Any]]:
    """The second metric less the first, of every two."""
    for a, b in combinations(range(len(names)), 2):
        (one,) = differences(sums[:, [a, b]], finish, clusters=clusters, samples=samples, seed=seed)
        figures = _told(one.value, one.low, one.high)
        # A metric that says the same of everything has no correlation, and differs from none.
        p = None if figures["value"] is None else one.permutation_p
        yield {"statistic": statistic, "first": names[a], "second": names[b], **figures, "p": p}


def _ties(
    scores: Scores, chosen: npt.NDArray[np.bool_], told: dict[str, dict[str, Any]], samples: int, seed: int
) -> list[dict[str, Any]]:
    """acc_eq on the segments that did not choose epsilon, beside what calling everything a tie has there."""
    human, names = scores.human[~chosen], list(scores.metrics)
    base = tie_accuracies(human, np.zeros_like(human))
    known = ~np.isnan(base)
    if not known.any() or np.isnan(tie_accuracies(scores.human[chosen], scores.human[chosen])).all():
        for name in names:
            told[name]["acc_eq"] = None
        return []
    columns = [base[known]]
    for name in names:
        epsilon = calibrated_epsilon(scores.human[chosen], scores.metrics[name][chosen])
        told[name]["acc_eq"] = {"epsilon": epsilon, "all_ties": float(base[known].mean()), "items": int(known.sum())}
        columns.append(tie_accuracies(human, scores.metrics[name][~chosen], epsilon)[known])
    sums = of_values(np.stack(columns, axis=1))
    for name, one in zip(names, bootstrap(sums, mean, samples=samples, seed=seed)[1:], strict=True):
        told[name]["acc_eq"] |= {"value": one.value, "low": one.low, "high": one.high}
    for name, gain in zip(names, differences(sums, mean, samples=samples, seed=seed), strict=True):
        told[name]["acc_eq"]["above_all_ties"] = {"value": gain.value, "low": gain.low, "high": gain.high}
    return list(_differences("acc_eq", names, sums[:, 1:], mean, None, samples, seed))


def _systems(scores: Scores, told: dict[str, dict[str, Any]], samples: int, seed: int) -> list[dict[str, Any]]:
    """SPA and pairwise accuracy of systems, and Kendall's tau of segments: what is computed anew of each resample."""
    names = list(scores.metrics)
    whole = np.asarray(~np.isnan(scores.human).any(axis=1), np.bool_).reshape(-1)
    held = [scores.human, *(_standard(one) for one in scores.metrics.values())]
    draws = np.random.Generator(np.random.PCG64([seed, 2]))
    signs = coins(len(scores.segments), seed=seed)
    value = _figures(held, whole, signs)
    drawn: list[Doubles] = []
    for number in range(samples):
        rows = draws.integers(0, len(scores.segments), len(scores.segments))
        drawn.append(_figures([one[rows] for one in held], whole[rows], signs, ranked=number < _SORTED))
    low, high = _bounds(np.array(drawn))
    for m, name in enumerate(names):
        for k, statistic in enumerate(("kendall", "spa", "pairwise_accuracy")):
            told[name][statistic] = _told(value[m, k], low[m, k], high[m, k])
    found = []
    for a, b in combinations(range(len(names)), 2):
        swapped = _swapped(held[0], held[a + 1], held[b + 1], whole, signs, samples, seed)
        for k, statistic in ((1, "spa"), (2, "pairwise_accuracy")):
            seen = value[b, k] - value[a, k]
            apart = np.array([row[k - 1] for row in swapped])
            large = int((np.abs(apart) >= abs(seen) - 1e-12).sum())
            p = None if np.isnan(seen) else (large + 1) / (len(apart) + 1)
            bounds = _bounds(np.array([one[b, k] - one[a, k] for one in drawn]))
            row = {"statistic": statistic, "first": names[a], "second": names[b], **_told(seen, *bounds)}
            found.append(row | {"p": p})
    return found


def _bounds(drawn: Doubles) -> Any:
    """The middle 95 % of resamples; NaN where none has a figure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanpercentile(drawn, [2.5, 97.5], axis=0)


def _told(value: float, low: float, high: float) -> dict[str, float | None]:
    """Figures, null where there are none."""
    return {
        name: None if np.isnan(one) else float(one)
        for name, one in zip(("value", "low", "high"), (value, low, high), strict=True)
    }


def _figures(held: Sequence[Doubles], whole: npt.NDArray[np.bool_], signs: Doubles, *, ranked: bool = True) -> Doubles:
    """(metrics, 3): Kendall's tau, SPA and pairwise accuracy, of scores of people and of each metric."""
    human = held[0]
    there = ~np.isnan(human)
    flat = human[there]
    wanted = p_values(human[whole], signs=signs) if whole.any() else None
    found = np.full((len(held) - 1, 3), np.nan)
    for m, one in enumerate(held[1:]):
        if ranked:
            found[m, 0] = kendall(flat, one[there])
        if wanted is not None:
            found[m, 1] = 1.0 - np.abs(wanted - p_values(one[whole], signs=signs)).mean()
            found[m, 2] = pairwise_accuracy(human[whole], one[whole])
    return found


def _swapped(
    human: Doubles,
    first: Doubles,
    second: Doubles,
    whole: npt.NDArray[np.bool_],
    signs: Doubles,
    samples: int,
    seed: int,
) -> list[tuple[float, float]]:
    """Differences of SPA and of pairwise accuracy when the metrics' scores of each segment are swapped by coin."""
    if not whole.any():
        return []
    h, a, b = human[whole], first[whole], second[whole]
    wanted = p_values(h, signs=signs)
    draws = np.random.Generator(np.random.PCG64([seed, 3]))
    found = []
    for _ in range(samples):
        coin = draws.integers(0, 2, (len(h), 1)).astype(np.bool_)
        one, other = np.where(coin, b, a), np.where(coin, a, b)
        soft = [np.abs(wanted - p_values(held, signs=signs)).mean() for held in (one, other)]
        hard = [pairwise_accuracy(h, held) for held in (one, other)]
        found.append((float(soft[0] - soft[1]), hard[1] - hard[0]))
    return found
