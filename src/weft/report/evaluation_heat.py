"""The heat map of an evaluation: languages by level, skill and task; what was not run is hatched, and no zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft.evaluate.results import comparable
from weft.model.languages import name, normalises
from weft.report.markup import captioned, esc, language, scrolled, section

Scores = Sequence[Mapping[str, Any]]
Column = tuple[str, str, str, str, str]
"""Level, skill, task, direction and metric."""
_DEEPEST = 10
_LEVELS = ("language", "domain", "culture")


def heat(held: Mapping[str, Any]) -> str:
    """A cell for each language and task, as deep as the score is between chance and the best that there is."""
    primary = [one for one in held["scores"] if one["primary"] and one["slice"] is None]
    columns = sorted({_column(one) for one in primary}, key=lambda one: (_LEVELS.index(one[0]), *one[1:]))
    codes = sorted({one["language"] for one in primary} | _unrun(held), key=lambda code: (named(code), code))
    if not columns:
        return ""
    cells = {(one["language"], _column(one)): one for one in primary}
    why = {(one["language"], one["task"]): f"{one['reason']}: {one['detail']}" for one in held["not_run"]}
    rows = [_row(code, columns, cells, why) for code in codes]
    note = (
        "Each cell is a task's first measure. Its depth goes from chance (pale) to the best that there is (deep); "
        "what was not run is hatched. Bounds of 95 % are in the tooltip, and in the table of all scores at the end."
    )
    table = (
        f"{scrolled('Scores by language and task')}<table class=heat>{captioned('Scores by language and task')}"
        f"<thead>{_heads(columns)}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
    search = (
        '<input type="search" data-filter="#heat tbody tr" aria-label="Filter by language" '
        'placeholder="Filter by language">'
        if len(codes) > 12
        else ""
    )
    scale = "".join(f'<i class="h{depth}"></i>' for depth in range(_DEEPEST + 1))
    legend = f'<p class="legend"><span>chance<span class=scale>{scale}</span>best</span></p>'
    return section("heat", "Languages and skills", note, legend + search + table)


def _unrun(held: Mapping[str, Any]) -> set[str]:
    return {one["language"] for one in held["not_run"] if is_code(one["language"])}


def is_code(code: str) -> bool:
    """Whether a language has a code, and is no name that nobody knows."""
    return bool(code) and normalises(code) == code


def named(code: str) -> str:
    """The English name of a language, or what stands for one."""
    return name(code) if is_code(code) else code


def _column(one: Mapping[str, Any]) -> Column:
    return one["level"], one["skill"], one["task"], one["direction"] or "", one["metric"]


def _heads(columns: Sequence[Column]) -> str:
    """Levels over skills over tasks."""
    lines = ["<tr><td></td>", "<tr><td></td>"]
    for depth in (1, 2):
        start = 0
        for place in range(1, len(columns) + 1):
            if place == len(columns) or columns[place][:depth] != columns[start][:depth]:
                lines[depth - 1] += f'<th class=level colspan="{place - start}">{esc(columns[start][depth - 1])}</th>'
                start = place
    tasks = "".join(f"<th scope=col>{_task(one)}</th>" for one in columns)
    return f"{lines[0]}</tr>{lines[1]}</tr><tr><td></td>{tasks}</tr>"


def _task(column: Column) -> str:
    _, _, task, direction, metric = column
    below = f"{direction.replace('_', ' ')}, {metric}" if direction else metric
    return f'{esc(task)}<br><span class="soft">{esc(below)}</span>'


def _row(
    code: str,
    columns: Sequence[Column],
    cells: Mapping[tuple[str, Column], Mapping[str, Any]],
    why: Mapping[tuple[str, str], str],
) -> str:
    made = []
    for column in columns:
        one = cells.get((code, column))
        if one is None:
            reason = why.get((code, column[2])) or why.get(("", column[2])) or "no data of this language"
            made.append(f'<td class=none title="{esc(reason)}">not run</td>')
            continue
        share = min(max(comparable(one), 0.0), 1.0)
        title = f"{figure(one, 'value')} ({figure(one, 'low')} to {figure(one, 'high')}), {one['items']:,} items"
        if one["not_run"]:
            title += f", {one['not_run']:,} not run"
        made.append(f'<td class="h{round(share * _DEEPEST)}" title="{esc(title)}">{figure(one, "value")}</td>')
    shown = language(code) if is_code(code) else esc(code)
    return f'<tr data-name="{esc(f"{code} {named(code)}")}"><th scope=row>{shown}</th>{"".join(made)}</tr>'


def figure(one: Mapping[str, Any], key: str) -> str:
    """A value in the digits that its scale bears."""
    value = one[key]
    if value is None:
        return "–"
    return f"{value:.1f}" if one["ceiling"] > 1 else f"{value:.3f}"
