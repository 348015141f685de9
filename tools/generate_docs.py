"""Write the pages of docs/ that come from the code; with --check, say which of them lag behind it.

generate_docs.py [--check]
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

from weft.construct.mixture_settings import Mixture, Rehydration
from weft.construct.ordering import Order, Phase
from weft.language.languages_page import languages_page
from weft.operators.catalogue import endings, kind, limits, page, plain, sentence, table
from weft.operators.examples import load_examples
from weft.operators.registry import ROOMS, Registry
from weft.recipe.schema import DEFAULT_STEPS, STAGES, Construct, Fractions, Groups, RecipeFile, Settings, Source
from weft.recipe.services import Price, Service
from weft.recipe.synthesis import Budget, People, Synthesis
from weft.synthesize.balance import BalanceSettings
from weft.synthesize.gates.settings import GateSettings, Losses
from weft.synthesize.judging import JudgeSettings, RoundTripSettings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOTE = "<!-- Generated from the code by `make docs`; edit the code instead. -->\n\n"
HELP_WIDTH = 100


def pages() -> dict[str, str]:
    """Path below docs/ and text of every generated page."""
    registry = Registry.from_rooms(ROOMS, entry_points=False)
    made = {f"operators/{name}.md": _operator(registry, name) for name in registry.names()}
    made["operators/README.md"] = _index(registry)
    made["recipe-reference.md"] = _recipe(registry)
    made["command-line.md"] = _command_line()
    made["languages.md"] = languages_page()
    return {name: NOTE + text for name, text in made.items()}


def _operator(registry: Registry, name: str) -> str:
    file = ROOT / "tests" / "examples" / f"{name}.yaml"
    examples = load_examples(file, name) if file.exists() else []
    return page(registry.get(name), registry.place(name), examples)


def _index(registry: Registry) -> str:
    lines = ["# Operators", "", "Every step that a recipe can name. `weft operators NAME` prints the same.", ""]
    for room in ROOMS:
        rows = [[f"[{name}]({name}.md)", sentence(registry.get(name))] for name in registry.names(room)]
        lines += [f"## {room}", "", *table(["operator", "gives"], rows), ""]
    return "\n".join(lines)


def _recipe(registry: Registry) -> str:
    from weft.construct.defaults import DEFAULT_RULES, REASONS

    lines = [
        "# Recipes",
        "",
        "A recipe is one YAML file. Unknown keys are refused; paths are relative to its folder.",
        "",
    ]
    lines += ["## Top level", "", *_fields(RecipeFile), "", "## Each source under `acquire`", "", *_fields(Source)]
    lines += ["", "Formats, chosen by the file's ending where `format` is `auto`:", ""]
    readers = [registry.get(name) for name in registry.names("acquire")]
    rows = [[f"[{r.short}](operators/{r.name}.md)", endings(r), sentence(r)] for r in readers]
    lines += [*table(["format", "endings", "gives"], rows), "", "## Steps", ""]
    lines += ["A step is a name, or a name with parameters: `minhash`, `{minhash: {bands: 20}}`. Among them each takes"]
    lines += ["`where:`, an SQL condition over earlier columns; rows that do not meet it get null:"]
    lines += ["`{signals: {where: \"lid.language = 'swh_Latn'\"}}`. Without the key, a stage has its"]
    lines += ["default steps. A step that only others need (a segmentation) is put in where it is read.", ""]
    for stage in STAGES:
        rows = [
            [
                f"[{spec.short}](operators/{spec.name}.md)",
                "yes" if spec.short in DEFAULT_STEPS[stage] else "",
                sentence(spec),
            ]
            for spec in map(registry.get, registry.names(stage))
        ]
        lines += [f"### {stage}", "", *table(["step", "default", "gives"], rows), ""]
    lines += ["## construct", "", *_fields(Construct), "", "Shares under `split`:", "", *_fields(Fractions), ""]
    lines += ["Keys of `groups`:", "", *_fields(Groups), ""]
    lines += ["Keys of `mixture`, which [has a page of its own](mixtures.md):", "", *_fields(Mixture), ""]
    lines += ["Keys of `rehydrate`:", "", *_fields(Rehydration), ""]
    lines += ["Keys of `order`, which [has a page of its own](order.md):", "", *_fields(Order), ""]
    lines += ["Keys of each of its `phases`:", "", *_fields(Phase), ""]
    lines += ["Default rules, in the order in which they are tried. A row must meet every one:", ""]
    rows = [[f"`{name}`", f"`{sql}`", REASONS.get(name, "")] for name, sql in DEFAULT_RULES.items()]
    lines += [
        *table(["rule", "a row is kept when", "leaves out"], rows),
        "",
        "## services",
        "",
        "Keys of each service, which [have a page of their own](services.md):",
        "",
    ]
    lines += [*_fields(Service), "", "Keys of `price`:", "", *_fields(Price), ""]
    lines += _synthesis(registry)
    lines += ["## settings", "", *_fields(Settings)]
    return "\n".join(lines) + "\n"


def _synthesis(registry: Registry) -> list[str]:
    rows = [[f"[{spec.short}](operators/{spec.name}.md)", sentence(spec)] for spec in _of(registry, "synthesize")]
    lines = [
        "## synthesize",
        "",
        "Steps of `weft synthesize`, which [has a page of its own](synthesis.md). Each may be there",
    ]
    lines += ["several times; a recipe that has some takes no `deduplicate` and no `construct`.", ""]
    lines += [*table(["step", "makes"], rows), "", "## synthesis", "", *_fields(Synthesis), ""]
    parts = {
        "gates": GateSettings,
        "gates.loss": Losses,
        "judge": JudgeSettings,
        "round_trip": RoundTripSettings,
        "balance": BalanceSettings,
        "people": People,
        "budget": Budget,
    }
    for name, model in parts.items():
        lines += [f"Keys of `{name}`:", "", *_fields(model), ""]
    return lines


def _of(registry: Registry, room: str) -> list[Any]:
    return [registry.get(name) for name in registry.names(room)]


def _fields(model: Any) -> list[str]:
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    rows = []
    for name, held in schema["properties"].items():
        if any("$ref" in part for part in held.get("anyOf", ())):
            parts = [
                schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in held["anyOf"]
            ]
            held = held | {"anyOf": [{"type": part["type"]} for part in parts]}
        held = held | schema["$defs"][held["$ref"].rpartition("/")[2]] if "$ref" in held else held
        meaning = " ".join(filter(None, (held.get("description"), limits(held) and f"({limits(held)})")))
        rows.append([f"`{name}`", *_type_and_default(model, name, held, name in required), meaning])
    return table(["key", "type", "default", "meaning"], rows)


def _type_and_default(model: Any, name: str, held: dict[str, Any], required: bool) -> tuple[str, str]:
    if model is RecipeFile and name in STAGES:
        return "list of steps" + (" or false" if "const" in str(held) else ""), plain(DEFAULT_STEPS[name])
    if required:
        return ("list of sources" if name == "acquire" else kind(held)), "required"
    return kind(held), plain(held["default"]) or "empty" if "default" in held else ""


def _command_line() -> str:
    import click
    import typer

    from weft.cli.application import application

    lines = ["# The command `weft`", ""]

    def describe(command: Any, name: str, parent: Any) -> None:
        context = click.Context(
            command, info_name=name, parent=parent, terminal_width=HELP_WIDTH, max_content_width=HELP_WIDTH
        )
        shown = command.get_help(context).rstrip()
        lines.extend(
            [f"## {context.command_path}", "", "```", *(line.rstrip() for line in shown.splitlines()), "```", ""]
        )
        for each in sorted(getattr(command, "commands", {})):
            describe(command.commands[each], each, context)

    describe(typer.main.get_command(application), "weft", None)
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    made = pages()
    old = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("operators/*.md")} - set(made)
    if arguments == ["--check"]:
        return _check(made, old)
    for name in old:
        (DOCS / name).unlink()
    for name, text in made.items():
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(text, "utf-8")
    print(f"docs: {len(made)} pages written")
    return 0


def _check(made: dict[str, str], old: set[str]) -> int:
    lagging = 0
    for name, text in sorted(made.items()):
        held = (DOCS / name).read_text("utf-8") if (DOCS / name).exists() else ""
        if held != text:
            lagging += 1
            changes = difflib.unified_diff(
                held.splitlines(), text.splitlines(), f"docs/{name}", "the code", lineterm="", n=0
            )
            print("\n".join(list(changes)[:12]))
    for name in sorted(old):
        print(f"docs/{name}: there is no such operator")
    if lagging or old:
        print(f"{lagging + len(old)} generated pages lag behind the code; run make docs")
        return 1
    print(f"docs: {len(made)} generated pages match the code")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
