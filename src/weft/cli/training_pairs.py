"""The command `weft train pairs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weft.cli import show
from weft.cli.encoder_options import Device, EncoderLanguages, EncoderName, KeepVectors, encoder_of, said_of
from weft.cli.options import Json
from weft.cli.pair_options import columns_of, languages_of


def pairs(
    seed: Annotated[
        Path,
        typer.Argument(metavar="SEED", help="Pairs that are right: .tsv, .csv, .jsonl or .parquet; 2,000 or more."),
    ],
    languages: Annotated[
        str, typer.Option("--languages", metavar="CODE,CODE", help="Language of each side, such as eng_Latn,swh_Latn.")
    ],
    into: Annotated[Path, typer.Option("--into", help="Folder for the model.")] = Path("pair-model"),
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="NAME,NAME", help="Columns of the sides; default: source,target, else the first two."
        ),
    ] = None,
    kept: Annotated[
        float, typer.Option("--keep", min=0.9, max=1.0, help="Share of right pairs that each head lets pass.")
    ] = 0.995,
    draw: Annotated[int, typer.Option("--seed", min=0, help="Draws the wrong pairs that heads learn from.")] = 1,
    encoder: EncoderName = None,
    encoder_languages: EncoderLanguages = None,
    keep_vectors: KeepVectors = None,
    device: Device = "auto",
    as_json: Json = False,
) -> int:
    """Train a scorer of pairs from right ones alone; no encoder has to know the languages.

    One that does is used with --encoder where it beats the lexicon on the seed.

    Give them in the order of their documents: what follows one another is learnt to be no translation.
    """
    from weft.cli.tokenizing import progress
    from weft.parallel.choosing import chosen
    from weft.parallel.encoder_trial import Trial
    from weft.parallel.model_folder import save
    from weft.parallel.pairs_file import full_pairs, read_pairs
    from weft.parallel.scorer import train

    codes = languages_of(languages)
    frame = read_pairs(seed, columns_of(columns), first_two=True, header=None)
    full = full_pairs(frame)
    sides = full["source"], full["target"]
    with (
        progress(as_json) as tell,
        encoder_of(encoder, encoder_languages, keep_vectors or into / "vectors", device, tell) as found,
    ):
        trial = None if found is None else Trial(found.embed, found.told, found.declared)
        texts = sides[0].to_list(), sides[1].to_list()
        scorer = train(*texts, codes, chosen(*sides, codes, tell), kept, draw, trial)
    save(scorer, into)
    told = {"model": str(into), "languages": list(codes), "left_out": frame.height - full.height, **scorer.facts}
    if as_json:
        show.as_json(told)
        return 0
    _said(told)
    return 0


def _said(told: dict[str, Any]) -> None:
    show.say(
        f"{told['pairs']:,} pairs of {told['languages'][0]} and {told['languages'][1]}"
        + (f"; {told['left_out']} with an empty side left out" if told["left_out"] else "")
    )
    show.say("how often a right pair is told from a wrong one (AUC), on parts of the seed that were not learnt from:")
    tried = told.get("encoder")
    for name, value in told["auc"].items():
        beside = f"  with the encoder {tried['kinds'][name]:.3f}" if tried and tried["used"] else ""
        show.say(f"  {name.replace('_', ' '):<22} {value:.3f}{beside}")
    if tried:
        show.say(said_of(tried))
    show.say(f"model  {told['model']}")
