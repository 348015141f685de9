"""The commands `weft pairs learn-rules` and `weft pairs filter`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.encoder_options import (
    Device,
    EncoderName,
    KeepVectors,
    NoEncoder,
    embedding_of,
    of_model,
    say_of_model,
)
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import Columns, Header, Threads, columns_of, languages_of, progress, say_left, usable
from weft.errors import WeftError, nearest

if TYPE_CHECKING:
    from weft.tokenizer.unreadable import Unreadable

Languages = Annotated[
    str | None, typer.Option("--languages", metavar="CODE,CODE", help="Languages of source and target.")
]
Rejected = Annotated[
    Path | None, typer.Option("--rejected", help="File for the rest, with reasons; default: beside --into.")
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="Defaults of opusfilter or bicleaner-hardrules.")
]
Depth = Annotated[
    str | None, typer.Option("--depth", metavar="COLUMN", help="Column of machine steps from a human text.")
]
Model = Annotated[
    Path | None,
    typer.Option("--model", metavar="FOLDER", help="A scorer of weft train pairs: its heads judge beside the rules."),
]
LeastProbability = Annotated[
    float | None, typer.Option("--least-probability", min=0, max=1, help="With --model: pairs below do not pass.")
]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="RULE", help="Leave a rule or a head out, or all heads; several times."),
]


def learn_rules(
    seed: Annotated[Path, typer.Argument(metavar="SEED", help="Good pairs: .tsv, .jsonl or .parquet.")],
    into: Annotated[Path, typer.Option("--into", help="File for the rules; other languages in it stay.")],
    languages: Languages = None,
    columns: Columns = None,
    header: Header = False,
    keep: Annotated[
        float, typer.Option("--keep", min=0.9, max=0.9999, help="Share of such pairs that is to pass all rules.")
    ] = 0.993,
    most: Annotated[int, typer.Option("--most", min=100, help="Pairs that are read; the first.")] = 50_000,
    identify: Annotated[bool, typer.Option(help="Learn what the identifier says of each side.")] = True,
    as_json: Json = False,
) -> int:
    """Learn from good pairs how long, how alike and how written translations of two languages are.

    Some 2,000 pairs are enough; 100 are the least.
    """
    from weft.parallel import rule_file
    from weft.parallel.rule_learning import learn
    from weft.tokenizer.unreadable import Unreadable

    if languages is None:
        raise WeftError("--languages: not given; expected the codes of source and target, as eng_Latn,swh_Latn")
    codes = languages_of(languages)
    left = Unreadable()
    source, target = _seed(seed, columns, header, most, left)
    unreadable = say_left(left)
    learnt = learn(source, target, codes, keep=keep, answered=_identifier() if identify else None)
    held = rule_file.load(into) if into.exists() else {}
    name = rule_file.pair_name(codes)
    rule_file.save(into, held | {name: learnt})
    if as_json:
        bounds = {bound.name: {"low": bound.low, "high": bound.high} for bound in learnt.bounds}
        show.as_json({"file": str(into), "pair": name, "rules": bounds, **unreadable, **learnt.learnt})
        return 0
    rows = [
        (bound.name, bound.signal, *(_shown(limit) for limit in (bound.low, bound.high))) for bound in learnt.bounds
    ]
    show.table(("rule", "signal", "from", "to"), rows, right=frozenset({2, 3}))
    said = learnt.learnt
    show.say(
        f"{show.counted(said['pairs'], 'pair')} read, {said['refused']} of them empty or copies; of pairs that took no "
        f"part {said['passed']:.2%} pass.\nrules  {into} ({name})"
    )
    return 0


def filter_pairs(
    file: Annotated[Path, typer.Argument(metavar="IN", help="Pairs: .tsv, .jsonl (also compressed) or .parquet.")],
    into: Annotated[Path, typer.Option("--into", help="File for what passes, in the same format.")],
    rules: Annotated[Path | None, typer.Option("--rules", help="Rules that weft pairs learn-rules wrote.")] = None,
    profile: Profile = None,
    rejected: Rejected = None,
    languages: Languages = None,
    columns: Columns = None,
    header: Header = False,
    depth: Depth = None,
    most_depth: Annotated[int, typer.Option("--most-depth", min=0, help="With --depth: steps that pass.")] = 1,
    model: Model = None,
    least_probability: LeastProbability = None,
    without: Without = None,
    identify: Annotated[bool, typer.Option(help="Judge the language of each side, where rules say it.")] = True,
    encoder: EncoderName = None,
    no_encoder: NoEncoder = False,
    keep_vectors: KeepVectors = None,
    device: Device = "auto",
    workers: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Keep the pairs that pass rules, a scorer or both, the others with their reasons, and say how many each drops."""
    from weft.engine import pair_blocks, pair_filter
    from weft.engine.local import usable_cores

    codes = None if languages is None else languages_of(languages)
    scored = _scored(model, least_probability, without or [])
    if scored is None and encoder is not None:
        raise WeftError(f"--encoder {encoder}: of which model? Expected --model FOLDER of weft train pairs")
    chosen, turned = _chosen(rules, profile, codes, scored)
    scored = _directed(scored, codes or chosen.languages)
    wanted: tuple[str, ...] = columns_of(columns) or ()
    if depth is not None:
        table = pair_blocks.format_of(file) == "tsv"
        wanted = (*(wanted or (("1", "2") if table else ("source", "target"))), depth)
    held = pair_blocks.layout(file, wanted, header)
    chosen = _adjusted(chosen, _rules_of(without or [], scored), identify, None if depth is None else most_depth)
    beside = _beside(into, rejected, file, held.format)
    answered = _identifier() if chosen.answers is not None else None
    keep = keep_vectors or into.with_name(f"{into.name}.vectors")
    with (
        _encoded(scored, model, encoder, keep, device, no_encoder) as judging,
        progress(file, quiet or as_json, "filter") as advance,
    ):
        job = pair_filter.Job(held, chosen, into, beside, turned, answered, workers or usable_cores(), judging)
        done = pair_filter.filter_pairs(job, advance)
    if judging is not None:
        because = "--no-encoder" if judging.asks else "--without mismatch"
        done |= of_model(judging.scorer, judging.embed is not None, because)
    if as_json:
        show.as_json(done | {"into": str(into), "rejects": str(beside)})
        return 0
    _say(done)
    say_of_model(done)
    show.say(f"kept      {into}\nrejected  {beside}")
    return 0


def _beside(into: Path, rejected: Path | None, file: Path, format: str) -> Path:
    """Where the rest goes. Raises WeftError where either file cannot be written."""
    beside = rejected or into.with_name(_with_rejected(into.name))
    for place in (into, beside):
        usable(place, file, format)
    if into.resolve() == beside.resolve():
        raise WeftError(f"{into}: is written already")
    return beside


def _say(done: dict[str, Any]) -> None:
    """How many pairs each rule drops, the one that drops most first."""
    told = sorted(done["rules"].items(), key=lambda one: -one[1]["drops"])
    rows = [
        (name, counts["drops"], f"{counts['drops'] / max(done['read'], 1):.2%}", counts["alone"])
        for name, counts in told
        if counts["drops"]
    ]
    if rows:
        show.table(("rule", "drops", "share", "it alone"), rows, right=frozenset({1, 2, 3}))
    share = done["kept"] / max(done["read"], 1)
    show.say(
        f"{show.counted(done['read'], 'pair')} read, {done['kept']:,} kept ({share:.2%}), "
        f"{done['rejected']:,} rejected; {done['pairs_per_second']:,} pairs/s."
    )


def _chosen(file: Path | None, profile: str | None, codes: tuple[str, str] | None, scored: Any) -> tuple[Any, bool]:
    """The rules, and whether they are for the other direction; a scorer needs none."""
    from weft.parallel import rule_file, rule_profiles
    from weft.parallel.rules import Rules

    if file is None and profile is None and scored is not None:
        return Rules(codes or scored.scorer.languages, ()), False
    if (file is None) == (profile is None):
        names = " or ".join(rule_profiles.PROFILES)
        raise WeftError(
            f"expected --rules FILE, which weft pairs learn-rules writes, or --profile {names}; one of both, or --model"
        )
    if profile is not None:
        return rule_profiles.profile(profile, codes or ("", "")), False
    assert file is not None
    held = rule_file.load(file)
    if codes is None:
        if len(held) != 1:
            raise WeftError(f"{file}: rules for {', '.join(held) or 'nothing'}; expected --languages to say which")
        return next(iter(held.values())), False
    found = rule_file.of_pair(held, codes)
    if found is None:
        raise WeftError(f"{file}: no rules for {rule_file.pair_name(codes)}; it has {', '.join(held)}")
    return found


_ALL_HEADS = "heads"


def _heads() -> tuple[str, ...]:
    from weft.parallel.heads import HEADS

    return HEADS


def _scored(model: Path | None, least: float | None, without: list[str]) -> Any:
    """The scorer that judges beside rules, without the heads that are left out; None where no model is named."""
    if model is None:
        if least is not None:
            raise WeftError(f"--least-probability {least}: of which model? Expected --model FOLDER of weft train pairs")
        return None
    from weft.engine.pair_filter import Scored
    from weft.parallel.model_folder import load

    heads = () if _ALL_HEADS in without else tuple(name for name in _heads() if name not in without)
    if not heads and least is None:
        raise WeftError(f"--model {model}: no head is left; expected --least-probability, or fewer of --without")
    return Scored(load(model), heads, least)


@contextmanager
def _encoded(
    scored: Any, model: Path | None, encoder: str | None, keep: Path, device: str, without: bool
) -> Iterator[Any]:
    """The scorer with the encoder that it was trained with, where it uses one that can change what passes."""
    if scored is None or model is None or not scored.asks:
        yield scored
        return
    with embedding_of(scored.scorer, model, encoder, keep, device, without) as embed:
        yield dataclasses.replace(scored, embed=embed)


def _rules_of(without: list[str], scored: Any) -> list[str]:
    """What is left out of the rules: the names that are no heads."""
    return [name for name in without if scored is None or name not in (*_heads(), _ALL_HEADS)]


def _directed(scored: Any, codes: tuple[str, str]) -> Any:
    """The scorer for a file of these languages (none where a profile is for any); WeftError for others than its own."""
    if scored is None:
        return None
    own = scored.scorer.languages
    if codes not in (own, own[::-1], ("", "")):
        raise WeftError(f"--model: is of {','.join(own)}; expected one of {','.join(codes)}")
    return dataclasses.replace(scored, turned=codes == own[::-1])


def _adjusted(rules: Any, without: list[str], identify: bool, most_depth: int | None) -> Any:
    from weft.parallel.rules import Bound

    for name in without:
        if name not in rules.names:
            raise WeftError(f"--without {name}: there is no such rule{nearest(name, rules.names)}")
    bounds = [bound for bound in rules.bounds if bound.name not in without]
    if not identify:
        bounds = [bound for bound in bounds if not bound.signal.endswith("_language")]
    if most_depth is not None:
        bounds.append(Bound("translation_depth", "depth", high=most_depth))
    judged = any(bound.signal.endswith("_language") for bound in bounds)
    return dataclasses.replace(rules, bounds=tuple(bounds), answers=rules.answers if judged else None)


def _with_rejected(name: str) -> str:
    stem, dot, endings = name.partition(".")
    return f"{stem}.rejected{dot}{endings}"


def _identifier() -> Callable[[Any], Any]:
    from weft.language.model import packaged
    from weft.parallel.side_languages import labels

    return functools.partial(labels, packaged("default"))


def _seed(file: Path, columns: str | None, header: bool, most: int, left: Unreadable) -> tuple[Any, Any]:
    """The first `most` pairs of a file."""
    from weft.engine.pair_blocks import first_pairs, layout

    return first_pairs(layout(file, columns_of(columns) or (), header), most, left)


def _shown(limit: float | None) -> str:
    return "" if limit is None else f"{limit:.4g}"
