"""The command `weft train pairs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.encoder_options import Device, EncoderLanguages, EncoderName, KeepVectors, encoder_of, said_of
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import SeedColumns, SeedLanguages, columns_of, free_for, languages_of, say_left
from weft.errors import WeftError
from weft.own_file import writing

if TYPE_CHECKING:
    import polars as pl

    from weft.parallel.scorer import Scorer
    from weft.tokenizer.unreadable import Unreadable

Raw = Annotated[
    Path | None,
    typer.Option(
        "--bootstrap",
        metavar="FILE",
        help="Pairs that nobody checked: those the scorer is sure of are learnt from too.",
    ),
]
Rounds = Annotated[
    int, typer.Option("--rounds", min=1, max=10, help="How often the scorer chooses from --bootstrap anew.")
]


def pairs(
    seed: Annotated[
        Path,
        typer.Argument(metavar="SEED", help="Pairs that are right: .tsv, .csv, .jsonl or .parquet; 2,000 or more."),
    ],
    languages: SeedLanguages,
    into: Annotated[Path, typer.Option("--into", help="Folder for the model.")] = Path("pair-model"),
    columns: SeedColumns = None,
    kept: Annotated[
        float, typer.Option("--keep", min=0.9, max=1.0, help="Share of right pairs that each head lets pass.")
    ] = 0.995,
    raw: Raw = None,
    rounds: Rounds = 3,
    draw: Annotated[int, typer.Option("--seed", min=0, help="Draws the wrong pairs that heads learn from.")] = 1,
    encoder: EncoderName = None,
    encoder_languages: EncoderLanguages = None,
    keep_vectors: KeepVectors = None,
    device: Device = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train a scorer of pairs from right ones alone; no encoder has to know the languages.

    One that does is used with --encoder where it beats the lexicon on the seed.

    Give them in the order of their documents: what follows one another is learnt to be no translation.
    """
    from weft.cli.tokenizing import progress
    from weft.parallel.encoder_trial import Trial
    from weft.parallel.model_folder import save
    from weft.parallel.pairs_file import full_pairs, no_copies, read_pairs
    from weft.tokenizer.unreadable import Unreadable

    if raw is None and rounds != 3:
        raise WeftError(f"--rounds {rounds}: expected with --bootstrap FILE")
    codes = languages_of(languages)
    free_for(into)
    left = Unreadable()
    frame = read_pairs(seed, columns_of(columns), codes, first_two=True, header=None, left=left)
    empty = frame.height - left.count
    full = full_pairs(frame)
    no_copies(seed, full)
    unchecked = None if raw is None else _unchecked(raw, codes, left)
    unreadable = say_left(left)
    with (
        progress(quiet or as_json) as tell,
        encoder_of(encoder, encoder_languages, keep_vectors or into / "vectors", device, tell) as found,
    ):
        trial = None if found is None else Trial(found.embed, found.told, found.declared)
        how: dict[str, Any] = {"kept": kept, "trial": trial}
        scorer = _learnt(full, codes, unchecked, rounds, draw, how, tell)
    with writing(into):
        save(scorer, into)
    told = {"model": str(into), "languages": list(codes), "left_out": empty - full.height, **unreadable, **scorer.facts}
    if as_json:
        show.as_json(told)
        return 0
    _said(told, raw)
    return 0


def _learnt(
    full: pl.DataFrame,
    codes: tuple[str, str],
    raw: tuple[list[str], list[str]] | None,
    rounds: int,
    draw: int,
    how: dict[str, Any],
    tell: Callable[[str, int, int | None], None],
) -> Scorer:
    from weft.parallel.bootstrap import bootstrapped
    from weft.parallel.choosing import chosen
    from weft.parallel.scorer import train

    right = full["source"].to_list(), full["target"].to_list()
    foldings = chosen(full["source"], full["target"], codes, tell)
    if raw is None:
        return train(*right, codes, foldings, seed=draw, **how)

    def begins(number: int, of: int) -> None:
        tell(f"round {number}", number - 1, of)

    return bootstrapped(right, raw, codes, foldings, rounds=rounds, draw=draw, tell=begins, **how)


def _unchecked(raw: Path, codes: tuple[str, str], left: Unreadable) -> tuple[list[str], list[str]]:
    from weft.parallel.bootstrap import MOST_READ
    from weft.parallel.pairs_file import full_pairs, read_pairs

    more = full_pairs(read_pairs(raw, None, codes, first_two=True, header=None, left=left)).head(MOST_READ)
    return more["source"].to_list(), more["target"].to_list()


def _said(told: dict[str, Any], raw: Path | None) -> None:
    show.say(
        f"{told['pairs']:,} pairs of {told['languages'][0]} and {told['languages'][1]}"
        + (f"; {told['left_out']} with an empty side left out" if told["left_out"] else "")
    )
    show.say("how often a right pair is told from a wrong one (AUC), on parts of the seed that were not learnt from:")
    tried = told.get("encoder")
    for name, value in told["auc"].items():
        beside = f"  with the encoder {tried['kinds'][name]:.3f}" if tried and tried["used"] else ""
        show.say(f"  {name.replace('_', ' '):<26} {value:.3f}{beside}")
    for number, did in enumerate(told.get("rounds", ()), 1):
        said = "learnt from too" if did["taken"] else "not taken: no better on the seed; the rounds end"
        show.say(
            f"round {number}: {show.counted(did['added'], 'pair')} of {raw}, {said}"
            f" (mean AUC {did['auc']:.4f}, words covered {did['covered']:.3f})"
        )
    if tried:
        show.say(said_of(tried))
    show.say(f"model  {told['model']}")
