"""What commands about pairs are told of an encoder, and what they say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.encoders import Encoder, Tell
    from weft.parallel.encoding import Embed
    from weft.parallel.scorer import Scorer

EncoderName = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="FOLDER|NAME|FILE",
        help="Sentence encoder: folder, name in the Hub's local cache, or FILE.yaml with the address of a service.",
    ),
]
EncoderLanguages = Annotated[
    str | None,
    typer.Option(
        "--encoder-languages",
        metavar="CODE,CODE,…",
        help="Languages that the encoder knows; default: what its model card says.",
    ),
]
KeepVectors = Annotated[
    Path | None,
    typer.Option("--keep-vectors", metavar="FOLDER", help="Where vectors are kept and taken from: computed once."),
]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda", help="Where the encoder runs.")]
NoEncoder = Annotated[bool, typer.Option("--no-encoder", help="Score by the lexicon alone.")]


@contextmanager
def encoder_of(
    given: str | None, languages: str | None, keep: Path, device: str, tell: Tell
) -> Iterator[Encoder | None]:
    """The encoder that the options name, None where they name none; ended afterwards."""
    from weft.engine.encoders import opened

    if given is None:
        if languages is not None:
            raise WeftError(f"--encoder-languages {languages}: of which encoder? expected --encoder as well")
        yield None
        return
    encoder = opened(given, languages, keep, device, tell)
    try:
        yield encoder
    finally:
        encoder.close()


@contextmanager
def embedding_of(
    scorer: Scorer, model: Path, given: str | None, keep: Path, device: str, without: bool
) -> Iterator[Embed | None]:
    """What gives vectors to a scorer: the encoder that it remembers or the option names; None where it uses none."""
    from weft.engine.encoders import same

    if without and given is not None:
        raise WeftError("--no-encoder: with --encoder; expected one of them")
    if scorer.meaning is None:
        if given is not None:
            said = scorer.facts.get("encoder", {}).get("why", "it was trained without")
            raise WeftError(f"--encoder {given}: the model {model} uses no encoder: {said}")
        yield None
        return
    if without:
        yield None
        return
    told = scorer.meaning.told
    with encoder_of(given or told["name"], None, keep, device, lambda what, done, total: None) as encoder:
        assert encoder is not None
        same(encoder, told, str(model))
        yield encoder.embed


def of_model(scorer: Scorer, used: bool, because: str = "--no-encoder") -> dict[str, Any]:
    """What is told of the encoder that a model was trained with, if it was; `because` of which it is not asked."""
    tried = scorer.facts.get("encoder")
    if tried is None:
        return {}
    why = tried["why"] if used or not tried["used"] else because
    return {"encoder": {"name": tried["name"], "used": used, "why": why}}


def say_of_model(told: Mapping[str, Any]) -> None:
    """Say what `of_model` tells, and how many pairs have no vector; nothing of a model that was trained without."""
    if (used := told.get("encoder")) is None:
        return
    without = f"; {told['without_vector']:,} pairs without a vector by the lexicon" if used["used"] else ""
    show.say(f"encoder {used['name']}: {'used' if used['used'] else 'not used, ' + used['why']}{without}")


def said_of(told: Mapping[str, Any]) -> str:
    """One line on an encoder that was tried on a seed."""
    if not told["used"]:
        return f"encoder {told['name']}: not used, {told['why']}; the lexicon decides"
    auc, (low, _, high) = told["auc"], told["gain"]
    by = "with the lexicon" if told["by"] == "both" else "alone"
    return (
        f"encoder {told['name']}: used for mismatches, {by}: AUC {auc[told['by']]:.3f}; the lexicon has "
        f"{auc['lexicon']:.3f}, the encoder alone {auc['encoder']:.3f} ({low:+.4f} to {high:+.4f})"
    )
