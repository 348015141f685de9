"""Rules of the house style that no other tool knows: sizes, names, open ends, private matters, room pages.

The exceptions are in EXCEPTIONS, each with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ("src", "tests", "tools", "benchmarks")
MOST_LINES, MOST_IN_FUNCTION = 400, 60
REFUSED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base"}
OPEN_END = re.compile(r"#.*\b(TO" r"DO|FIX" r"ME)\b(?!.*#\d+)")
PRIVATE = re.compile(r"/work/(main|shared|notes)|/root/|/home/\w+|https?://[^\s\"')]*(pypi\.org|pythonhosted\.org)")

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("src/weft/text/normal.py", "function"): "one pass over the bytes: its state lives in local variables of a kernel",
}
"""(path, rule): reason. Rules: lines, function, name, open, private, room."""


def faults() -> Iterator[tuple[str, str, str]]:
    """Path, rule and sentence of every breach."""
    for folder in CODE:
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            text = file.read_text("utf-8")
            yield from _text_faults(name, text)
            yield from _size_faults(name, text)
    for file in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        name = file.relative_to(ROOT).as_posix()
        yield from ((name, "private", f"line {n}: {found}") for n, found in _private(file.read_text("utf-8")))
    for init in sorted((ROOT / "src" / "weft").glob("*/__init__.py")):
        readme = init.parent / "README.md"
        lines = readme.read_text("utf-8").splitlines() if readme.exists() else []
        starts = ("Purpose: ", "May know: ", "Read first: ")
        if [next((s for s in starts if line.startswith(s)), None) for line in lines if line[:1].isupper()][:3] != list(
            starts
        ):
            name = readme.relative_to(ROOT).as_posix()
            yield name, "room", "a room's page starts its lines with Purpose:, May know: and Read first:"


def _text_faults(name: str, text: str) -> Iterator[tuple[str, str, str]]:
    if Path(name).stem in REFUSED_NAMES:
        yield name, "name", f"{Path(name).stem} says nothing of what is in it"
    for number, line in enumerate(text.splitlines(), 1):
        if OPEN_END.search(line):
            yield name, "open", f"line {number}: an open end without the number of its issue"
    if name != Path(__file__).relative_to(ROOT).as_posix():
        yield from ((name, "private", f"line {n}: {found}") for n, found in _private(text))


def _private(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        found = PRIVATE.search(line)
        if found:
            yield number, f"{found.group()} is of one machine or one registry"


def _size_faults(name: str, text: str) -> Iterator[tuple[str, str, str]]:
    count = text.count("\n")
    if count > MOST_LINES:
        yield name, "lines", f"{count} lines; at most {MOST_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > MOST_IN_FUNCTION:
                yield name, "function", f"{node.name} has {length} lines; at most {MOST_IN_FUNCTION}"


def main() -> int:
    found = [(name, rule, text) for name, rule, text in faults() if (name, rule) not in EXCEPTIONS]
    for name, rule, text in found:
        print(f"{name}: {text} [{rule}]")
    unused = set(EXCEPTIONS) - {(name, rule) for name, rule, _ in faults()}
    for name, rule in sorted(unused):
        print(f"tools/check_style.py: the exception for {name} [{rule}] is no longer needed")
    if not found and not unused:
        print("house style: nothing found")
    return 1 if found or unused else 0


if __name__ == "__main__":
    sys.exit(main())
