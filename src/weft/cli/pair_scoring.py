"""The command `weft pairs score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.encoder_options import Device, EncoderName, KeepVectors, NoEncoder, embedding_of, of_model, say_of_model
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import Columns, Header, Threads, columns_of, languages_of, progress, usable
from weft.errors import WeftError

Languages = Annotated[
    str | None,
    typer.Option(
        "--languages", metavar="CODE,CODE", help="Of the sides of the file; default: those of the model, in its order."
    ),
]


def score(
    file: Annotated[
        Path,
        typer.Argument(metavar="IN", help="Pairs: .tsv, .jsonl or .parquet; .gz, .bz2, .xz or .zst of the first two."),
    ],
    model: Annotated[Path, typer.Option("--model", metavar="FOLDER", help="What weft train pairs wrote.")],
    into: Annotated[
        Path, typer.Option("--into", metavar="OUT", help="The same rows with score, probability, reasons.")
    ],
    columns: Columns = None,
    header: Header = False,
    languages: Languages = None,
    encoder: EncoderName = None,
    no_encoder: NoEncoder = False,
    keep_vectors: KeepVectors = None,
    device: Device = "auto",
    workers: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Say of each pair how well it translates, how probably it is right, and why it does not pass."""
    from weft.engine import pair_blocks
    from weft.engine.local import usable_cores
    from weft.engine.pair_scoring import Scoring, score_pairs
    from weft.parallel.model_folder import load

    held = pair_blocks.layout(file, columns_of(columns) or (), header)
    usable(into, file, held.format)
    scorer = load(model)
    turned = False
    if languages is not None:
        codes = languages_of(languages)
        turned = codes == scorer.languages[::-1]
        if not turned and codes != scorer.languages:
            raise WeftError(f"--languages {languages}: the model {model} is of {','.join(scorer.languages)}")
    keep = keep_vectors or into.with_name(f"{into.name}.vectors")
    with (
        embedding_of(scorer, model, encoder, keep, device, no_encoder) as embed,
        progress(file, quiet or as_json, "score") as advance,
    ):
        told = score_pairs(Scoring(held, scorer, into, turned, workers or usable_cores(), embed), advance)
    told |= of_model(scorer, embed is not None)
    if as_json:
        show.as_json(told | {"into": str(into)})
        return 0
    _said(told, into)
    return 0


def _said(told: dict[str, Any], into: Path) -> None:
    rows = [(name, count, f"{count / max(told['read'], 1):.2%}") for name, count in told["reasons"].items()]
    if rows:
        show.table(("reason", "pairs", "share"), rows, right=frozenset({1, 2}))
    say_of_model(told)
    share = told["pass"] / max(told["read"], 1)
    show.say(
        f"{show.counted(told['read'], 'pair')} read, {told['pass']:,} pass ({share:.2%}); "
        f"{told['pairs_per_second']:,} pairs/s.\nscored  {into}"
    )
