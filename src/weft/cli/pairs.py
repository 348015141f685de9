"""The commands `weft pairs …`: each in a module of its own."""

from __future__ import annotations

import typer

from weft.cli import pairs_groups, pairs_words
from weft.cli.aligning import align
from weft.cli.converting import convert
from weft.cli.mining import mine
from weft.cli.pair_quality import quality
from weft.cli.pair_rules import filter_pairs, learn_rules
from weft.cli.pair_scoring import score
from weft.cli.pairs_report import report

pairs = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Align, mine, score, filter and look at parallel text, also of languages that no encoder knows.",
)


@pairs.callback()
def top() -> None:
    """Parallel text: pairs of texts that translate each other."""


pairs.command()(convert)
pairs.command("learn-rules")(learn_rules)
pairs.command("filter")(filter_pairs)
pairs.command()(score)
pairs.command("quality")(quality)
pairs.command("mine")(mine)
pairs_words.register(pairs)
pairs_groups.register(pairs)
pairs.command("align")(align)
pairs.command("report")(report)
