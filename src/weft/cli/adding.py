"""The part of train language that adds languages to a model that is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weft.cli import show
from weft.errors import WeftError

_TOLD_BADLY = 0.8
"""Share of its own texts that are found again, below which an added language took texts from another."""


def one_recipe(files: list[Path]) -> Path | None:
    """The recipe of a training; raises WeftError when there are more files."""
    if len(files) > 1:
        raise WeftError(f"{len(files)} files; expected one recipe, or --add lang_Scrp before each file of text")
    return files[0] if files else None


def refuse_training_options(given: Mapping[str, object]) -> None:
    """Options of a training mean nothing where languages are added to a model; raises WeftError that names them."""
    if named := [name for name, value in given.items() if value]:
        raise WeftError(f"{', '.join(named)}: not possible with --add, which trains nothing anew")


def language(codes: list[str], files: list[Path], model: Path | None, into: Path, as_json: bool) -> int:
    """Read texts, add their languages, and write model.npz, README.md and words.tsv."""
    from weft.language.model import packaged_file

    if not codes or len(codes) != len(files):
        raise WeftError(f"{len(codes)} --add and {len(files)} files; expected --add lang_Scrp FILE for each language")
    if model is None or str(model) == "small":
        model = packaged_file("default" if model is None else "small")
    if into.exists() and not into.is_dir():
        raise WeftError(f"{into}: cannot be written: it is a file; expected a folder, or a name that is free")
    if (into / "model.npz").exists() and (into / "model.npz").samefile(model):
        raise WeftError(f"{into}: holds {model} itself; expected another folder, so that it stays as it is")
    told, words = _added(codes, files, model, into)
    if as_json:
        show.as_json({"model": str(into / "model.npz"), "added": told})
        return 0
    rows = [
        (
            one["language"],
            one["texts"],
            f"{one['recall']:.1%}",
            " ".join(f"{name} {share:.0%}" for name, share in one["taken_for"]),
            words[one["language"]],
        )
        for one in told
    ]
    show.table(("added", "texts", "found again", "taken for before", "precision words"), rows, right=frozenset({1, 2}))
    for one in told:
        if one["recall"] < _TOLD_BADLY and one["taken_for"]:
            show.say(
                f"{one['language']} is told badly from {one['taken_for'][0][0]}, and takes texts from it: where both "
                "matter, train a model anew with texts of both."
            )
    show.say(f"model  {into / 'model.npz'}\ncard   {into / 'README.md'}\nwords  {into / 'words.tsv'}")
    return 0


def _added(
    codes: list[str], files: list[Path], source: Path, into: Path
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """What was learnt of each language, and how many precision words it has."""
    from dataclasses import replace

    import polars as pl

    from weft.language import precision_words as lists
    from weft.language.adding import with_language
    from weft.language.card import card_of_added
    from weft.language.given import checked_code, read_language
    from weft.language.memory import load_memory
    from weft.language.model import load_model

    model, memory = load_model(source), load_memory(source)
    if model.refusal is None:
        raise WeftError(f"{source}: has not learnt to refuse; expected a model that weft train language wrote")
    for code in codes:
        checked_code(code)
        if code in model.labels:
            raise WeftError(
                f"--add {code}: {source} has this language already; expected one that it does not have. To give it "
                "more text, train a model anew with that text as a source, or add it with all its text to a model "
                "that does not have it"
            )
        if codes.count(code) > 1:
            raise WeftError(f"--add {code}: given {codes.count(code)} times; expected one file with all its text")
    texts = {code: read_language(code, file) for code, file in zip(codes, files, strict=True)}
    told: list[dict[str, Any]] = []
    for code in sorted(codes):  # so that the order on the command line changes nothing
        model, memory, one = with_language(model, memory, code, texts[code])
        digest = hashlib.blake2b(files[codes.index(code)].read_bytes(), digest_size=16).hexdigest()
        told.append(one | {"file": files[codes.index(code)].name, "blake2b": digest})
    words = pl.concat(lists.list_alone(model, code, texts[code]) for code in sorted(codes))
    model = replace(model, card=dict(model.card) | {"added": [*model.card.get("added", []), *told]})
    try:
        into.mkdir(parents=True, exist_ok=True)
        model.save(into / "model.npz", memory)
        (into / "README.md").write_text(card_of_added(source.name, model), "utf-8")
    except OSError as error:
        raise WeftError(f"{into}: cannot be written: {error.strerror or error}") from error
    lists.write_lists(words, into / "words.tsv")
    return told, {code: words.filter(pl.col("language") == code).height for code in codes}
