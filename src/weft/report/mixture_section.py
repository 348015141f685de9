"""The section of the page on the mixture: what each language has, how often it is read, and what that gives."""

from __future__ import annotations

from collections.abc import Sequence

from weft.construct import mixture_card
from weft.construct.mixture_card import Mixed
from weft.construct.mixture_settings import LANGUAGE
from weft.model.languages import name
from weft.report.markup import esc, section, table


def mixture(mixed: Mixed | None) -> str:
    """Nothing where each document is read once."""
    if mixed is None:
        return ""
    groups = mixed.plan["group"].unique().to_list() if mixed.settings.by == LANGUAGE else []
    head = mixture_card.head(mixed)
    body = _table(head, mixture_card.rows(mixed, {code: name(code) for code in groups}))
    for facet, rows in mixture_card.quota_rows(mixed).items():
        body += f"<h3>By <code>{esc(facet)}</code></h3>" + _table((facet, *head[1:]), rows)
    said = " ".join(sentence.replace("`", "") for sentence in mixture_card.sentences(mixed))
    return section("mixture", "Mixture", said, body)


def _table(head: Sequence[str], rows: mixture_card.Rows) -> str:
    titles = [(title, place > 0) for place, title in enumerate(head)]
    return table(titles, [[esc(cell) for cell in row] for row in rows])
