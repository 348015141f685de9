"""Small pieces of HTML; every text that comes from a build goes through `esc`."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from weft.model.languages import autonym, direction, name


def esc(value: object) -> str:
    """Text that is safe inside elements and quoted attributes."""
    return html.escape(str(value), quote=True)


def number(value: float) -> str:
    """1,234 or 0.56: as few digits as say something."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"


def size(value: float) -> str:
    """Bytes in the unit that fits."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def tag(code: str) -> str:
    """BCP-47 language tag of a code, for `lang` attributes."""
    base, _, script = code.partition("_")
    return f"{base}-{script}" if script and script != "Zyyy" else base


def language(code: str) -> str:
    """A language's own name, its English name and its code."""
    own, english = autonym(code), name(code)
    first = (
        f'<span class="own" lang="{esc(tag(code))}" dir="{direction(code)}">{esc(own)}</span> '
        if own != english and not english.startswith(f"{own} (")
        else ""
    )
    return f"{first}{esc(english)}"


def table(
    head: Sequence[tuple[str, bool]],
    rows: Iterable[Sequence[str]],
    *,
    sortable: bool = False,
    names: Sequence[str] = (),
    caption: str = "",
    region: str = "",
    kind: str = "",
) -> str:
    """A table; a column whose flag is set holds numbers. Cells are HTML; `value␟html` gives a sort value.

    One with a caption, or the name of its region where a caption would repeat a heading, can be scrolled by keyboard
    too.
    """
    heads = "".join(f'<th scope="col"{" class=n" if numeric else ""}>{esc(text)}</th>' for text, numeric in head)
    body = []
    for position, row in enumerate(rows):
        cells = "".join(_cell(cell, numeric) for cell, (_, numeric) in zip(row, head, strict=True))
        mark = f' data-name="{esc(names[position])}"' if names else ""
        body.append(f"<tr{mark}>{cells}</tr>")
    kind = f"{kind} sortable".strip() if sortable else kind
    classes = f' class="{kind}"' if kind else ""
    whole = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return f"{scrolled(caption or region)}<table{classes}>{captioned(caption)}{whole}</div>"


def scrolled(name: str) -> str:
    """The start of a box that scrolls sideways; one with a name can be reached by keyboard."""
    return f'<div class="wide" tabindex="0" role="region" aria-label="{esc(name)}">' if name else '<div class="wide">'


def captioned(text: str) -> str:
    return f"<caption><span>{esc(text)}</span></caption>" if text else ""


def _cell(cell: str, numeric: bool) -> str:
    value, mark, shown = cell.partition("\u241f")
    sort = f' data-v="{esc(value)}"' if mark else ""
    return f"<td{' class=n' if numeric else ''}{sort}>{shown if mark else cell}</td>"


def sorted_by(value: float, shown: str) -> str:
    """A cell that sorts by a number."""
    return f"{value}\u241f{shown}"


def section(anchor: str, title: str, note: str, body: str) -> str:
    return f'<section id="{anchor}"><h2>{esc(title)}</h2><p>{esc(note)}</p>{body}</section>'
