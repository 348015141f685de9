"""The command `weft pairs report`."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weft.cli import show
from weft.cli.options import Json, Quiet
from weft.cli.pair_options import Columns, Header, Threads, code_of, columns_of, languages_of, progress
from weft.errors import WeftError

if TYPE_CHECKING:
    from weft.engine.pair_report import Given
    from weft.engine.pair_seen import Judges

_NAMED = re.compile(r"(?<![A-Za-z])([a-z]{3}_[A-Z][a-z]{3})-([a-z]{3}_[A-Z][a-z]{3})(?![A-Za-z])")

Pivot = Annotated[
    str | None,
    typer.Option(
        "--pivot",
        metavar="CODE",
        help="Of rows with many languages: the one that is paired with the others; default: the most frequent.",
    ),
]


def report(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="PAIRS...",
            help="Pairs: .tsv, .jsonl (also compressed) or .parquet; LANGUAGE-LANGUAGE=FILE says the languages of one.",
        ),
    ],
    into: Annotated[Path, typer.Option("--into", metavar="PAGE", help="The page, an .html file.")],
    rules: Annotated[Path | None, typer.Option("--rules", help="Rules that weft pairs learn-rules wrote.")] = None,
    models: Annotated[
        list[Path] | None,
        typer.Option("--model", metavar="FOLDER", help="What weft train pairs wrote; one for each two languages."),
    ] = None,
    languages: Annotated[
        str | None, typer.Option("--languages", metavar="CODE,CODE", help="Of all files whose name says none.")
    ] = None,
    columns: Columns = None,
    header: Header = False,
    pivot: Pivot = None,
    examples: Annotated[int, typer.Option("--examples", min=1, max=50, help="Pairs on each side of a threshold.")] = 3,
    mismatches: Annotated[
        int, typer.Option("--mismatches", min=100, help="With --model: pairs of which mismatches are made.")
    ] = 5_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the pairs that are drawn.")] = 1,
    identify: Annotated[bool, typer.Option(help="Judge the language of each side, where rules say it.")] = True,
    workers: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Write a page about pairs: what rules refuse, pairs beside each threshold, scores, and which languages meet."""
    from weft.engine.local import usable_cores
    from weft.engine.pair_report import Report
    from weft.report.pairs_page import page

    if into.suffix != ".html" or not into.resolve().parent.is_dir():
        raise WeftError(f"{into}: expected a file that ends in .html, in a folder that is there")
    judged = _Judged(rules, models or [], identify, {"borders": examples, "drawn": mismatches, "seed": seed})
    code = None if pivot is None else code_of("--pivot", pivot)
    codes = None if languages is None else languages_of(languages)
    given = [_given(one, codes or judged.only(), columns, header, code) for one in files]
    named = [one.languages for one in given if one.languages is not None]
    if len(named) == len(given):
        judged.check(named)
    held = Report(judged.judges, workers or usable_cores())
    for one in given:
        with progress(one.held.file, quiet or as_json, "report") as advance:
            held.read(one, advance)
    figures = held.figures()
    judged.check([(one["languages"][0], one["languages"][1]) for one in figures["pairs"]])
    into.write_text(page(into.stem, figures), "utf-8")
    if as_json:
        show.as_json(figures | {"page": str(into)})
        return 0
    _say(figures)
    show.say(f"page  {into}")
    return 0


class _Judged:
    """Rules, scorers and an identifier, by the languages that they are for."""

    def __init__(self, rules: Path | None, models: Sequence[Path], identify: bool, drawn: dict[str, int]) -> None:
        from weft.parallel import rule_file
        from weft.parallel.model_folder import load

        self._file, self._drawn = rules, drawn
        self._rules = {} if rules is None else rule_file.load(rules)
        if not identify:
            self._rules = {name: _without_identifier(one) for name, one in self._rules.items()}
        self._models = {scorer.languages: (scorer, folder) for folder in models for scorer in [load(folder)]}
        if len(self._models) < len(models):
            raise WeftError("--model: two models of the same languages; expected one for each two languages")

    def only(self) -> tuple[str, str] | None:
        """The languages, where rules or scorers are of two alone."""
        found = {one.languages for one in self._rules.values()} | set(self._models)
        pairs = {frozenset(one) for one in found}
        return min(found) if len(pairs) == 1 else None

    def judges(self, languages: tuple[str, str]) -> Judges:
        """What judges pairs of these; sides are shown as rules, or without them a scorer, are for."""
        from weft.engine.pair_seen import Judges
        from weft.parallel.rule_file import of_pair

        found = of_pair(self._rules, languages)
        scorer = next((one for codes, (one, _) in self._models.items() if set(codes) == set(languages)), None)
        rules, turned = found if found is not None else (None, scorer is not None and scorer.languages != languages)
        shown = languages[::-1] if turned else languages
        scored_turned = scorer is not None and scorer.languages != shown
        answered = _identifier() if rules is not None and rules.answers is not None else None
        return Judges(shown, rules, turned, scorer, scored_turned, answered, **self._drawn)

    def check(self, languages: Sequence[tuple[str, str]]) -> None:
        """Raises WeftError for rules or a model that no pair is for: whoever named them meant something."""
        pairs = {frozenset(one) for one in languages}
        said = ", ".join("-".join(one) for one in languages) or "of no languages"
        if self._rules and not pairs & {frozenset(one.languages) for one in self._rules.values()}:
            raise WeftError(f"{self._file}: rules for {', '.join(self._rules)}; the pairs are {said}")
        for codes, (_, folder) in self._models.items():
            if frozenset(codes) not in pairs:
                raise WeftError(f"--model {folder}: is of {'-'.join(codes)}; the pairs are {said}")


def _without_identifier(rules: Any) -> Any:
    import dataclasses

    bounds = tuple(bound for bound in rules.bounds if not bound.signal.endswith("_language"))
    return dataclasses.replace(rules, bounds=bounds, answers=None)


@functools.cache
def _identifier() -> Any:
    from weft.language.model import packaged
    from weft.parallel.side_languages import labels

    return functools.partial(labels, packaged("default"))


def _given(argument: str, codes: tuple[str, str] | None, columns: str | None, header: bool, pivot: str | None) -> Given:
    """A file and what is known of it: languages before it, in its name, or those of all files."""
    from weft.engine.multiway_blocks import is_multiway
    from weft.engine.pair_blocks import Layout, format_of, layout
    from weft.engine.pair_report import Given
    from weft.parallel.multiway_files import FIELD

    before, mark, after = argument.partition("=")
    file = Path(argument)
    told: tuple[str, str] | None = None
    if mark and not file.exists():
        file = Path(after)
        one, dash, other = before.partition("-")
        if not dash:
            raise WeftError(f"{argument}: expected LANGUAGE-LANGUAGE=FILE, such as eng_Latn-swh_Latn={after}")
        told = languages_of(f"{one},{other}")
    if told is None and columns is None and is_multiway(file):
        return Given(Layout(file, format_of(file), (FIELD,)), None, pivot)
    held = layout(file, columns_of(columns) or (), header)
    named = _NAMED.search(file.name)
    told = told or (languages_of(f"{named[1]},{named[2]}") if named else codes)
    if told is None:
        raise WeftError(
            f"{file}: of which languages? expected --languages CODE,CODE, a name such as eng_Latn-swh_Latn.tsv, or "
            f"eng_Latn-swh_Latn={file}"
        )
    return Given(held, told)


def _say(figures: dict[str, Any]) -> None:
    """How many pairs of each two languages pass what."""
    from weft.engine.pair_seen import RULES

    found = dict.fromkeys(name for part in figures["pairs"] for name in part["sets"])
    names = sorted(found, key=lambda name: name != RULES)
    rows = []
    for part in figures["pairs"]:
        shares = [_shown(part["sets"][name]["passes"] if name in part["sets"] else None) for name in names]
        scored = _shown(part["scores"]["passes"] if "scores" in part else None)
        rows.append(("-".join(part["languages"]), part["read"], part["unreadable"], *shares, scored))
    head = ("languages", "pairs", "unreadable", *(f"pass {name}" for name in names), "pass scorer")
    if not any("scores" in part for part in figures["pairs"]):
        head, rows = head[:-1], [row[:-1] for row in rows]
    show.table(head, rows, right=frozenset(range(1, len(head))), whole=frozenset({0}))


def _shown(share: dict[str, Any] | None) -> str:
    return "" if share is None else f"{share['share']:.2%}"
