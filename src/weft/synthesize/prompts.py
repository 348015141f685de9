"""Prompt files: versioned texts with places to fill, read once and named in every record that they made."""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from weft.errors import WeftError, nearest

_PLACE = re.compile(r"\{([a-z_]+)\}")
_KEYS = ("name", "version", "system", "schema")


@dataclass(frozen=True)
class Prompt:
    """A prompt as its file has it. `schema` is the JSON schema of the reply; null where it is free text."""

    name: str
    version: int
    user: str
    system: str | None = None
    schema: Mapping[str, Any] | None = None
    digest: str = ""
    places: frozenset[str] = field(default_factory=frozenset)

    @property
    def title(self) -> str:
        return f"{self.name}@{self.version}"

    def messages(self, **fields: str) -> list[dict[str, str]]:
        """The messages with every place filled. What is filled in is never looked at for further places."""

        def fill(text: str) -> str:
            return _PLACE.sub(lambda found: fields.get(found[1], found[0]), text).strip()

        system = [{"role": "system", "content": fill(self.system)}] if self.system else []
        return [*system, {"role": "user", "content": fill(self.user)}]


def load(named: str, places: tuple[str, ...]) -> Prompt:
    """The prompt of this name that weft brings, or of the file at this path.

    `places` are those that the recipe can fill. Raises WeftError for a file that is not there, is no prompt, or has
    another place.
    """
    prompt = _read(named)
    for place in sorted(prompt.places - set(places)):
        raise WeftError(
            f"prompt {named}: nothing fills {{{place}}}; expected some of {', '.join(places)}{nearest(place, places)}"
        )
    return prompt


def prompt_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a recipe that name prompts: those called `prompt`, or `…_prompt`."""
    named = (name for name in parameters if name == "prompt" or name.endswith("_prompt"))
    return {name: parameters[name] for name in named if isinstance(parameters[name], str)}


def is_file(named: str) -> bool:
    """Whether a prompt is a file of somebody's own, and none that weft brings."""
    return named.endswith(".md") or "/" in named


def digest_of(named: str) -> str:
    """Digest of a prompt's content. Raises WeftError as `load`."""
    return _read(named).digest


def brought() -> list[str]:
    """Names of the prompts that weft brings."""
    folder = importlib.resources.files("weft.synthesize") / "prompts"
    return sorted(file.name.removesuffix(".md") for file in folder.iterdir() if file.name.endswith(".md"))


@functools.cache
def _read(named: str) -> Prompt:
    own = Path(named)
    if is_file(named):
        try:
            text = own.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WeftError(f"prompt {named}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    elif named in brought():
        text = (importlib.resources.files("weft.synthesize") / "prompts" / f"{named}.md").read_text("utf-8")
    else:
        raise WeftError(
            f"prompt {named}: weft has none of that name; expected a file or one of {', '.join(brought())}"
            f"{nearest(named, brought())}"
        )
    return parsed(text, named)


def parsed(text: str, place: str) -> Prompt:
    """The prompt of a file's text: YAML between two lines of ---, then what the user says. Raises WeftError."""
    begin, _, rest = text.partition("---\n")
    head, end, user = rest.partition("\n---\n")
    if begin.strip() or not end or not user.strip():
        raise WeftError(f"prompt {place}: expected YAML between two lines of ---, then the text of the prompt")
    try:
        held = YAML(typ="safe").load(head)
    except YAMLError as error:
        raise WeftError(f"prompt {place}: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(held, dict) or not isinstance(held.get("name"), str) or not isinstance(held.get("version"), int):
        raise WeftError(f"prompt {place}: expected the keys name and version (a whole number)")
    for key in held.keys() - set(_KEYS):
        raise WeftError(f"prompt {place}: unknown key {key}; expected {', '.join(_KEYS)}{nearest(str(key), _KEYS)}")
    system = held.get("system")
    whole = json.dumps([held, user], sort_keys=True, ensure_ascii=True)
    return Prompt(
        held["name"],
        held["version"],
        user,
        system,
        held.get("schema"),
        hashlib.blake2b(whole.encode(), digest_size=16).hexdigest(),
        frozenset(_PLACE.findall(f"{system or ''}\n{user}")),
    )
