"""The files beside the rows: a card for datasets and TRL, settings for Axolotl, dataset_info.json for LLaMA-Factory."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString


@dataclass
class Written:
    """What was written of one split of a language, a direction or a pair: `folder`, of a kind."""

    kind: str
    folder: str
    split: str
    rows_read: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    shared: bool = True
    """Whether all folders of the kind have the same columns, so that they can be loaded as one."""

    @property
    def rows(self) -> int:
        """Rows in the files."""
        return sum(file["rows"] for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """An entry of export.json."""
        left_out = dict(sorted(self.left_out.items()))
        held = {"kind": self.kind, "folder": self.folder, "split": self.split, "rows_read": self.rows_read}
        return held | {"rows": self.rows, "left_out": left_out, "files": self.files}


def card(written: Sequence[Written], told: Mapping[str, Any]) -> dict[str, str]:
    """README.md with a config for each kind, and for each kind and language: `sft`, `sft-swh_Latn`."""
    configs = []
    for kind in dict.fromkeys(one.kind for one in written):
        own = [one for one in written if one.kind == kind]
        if all(one.shared for one in own):
            configs.append(_config(kind, f"{kind}/*", own))
        for folder in dict.fromkeys(one.folder for one in own):
            part = [one for one in own if one.folder == folder]
            configs.append(_config(f"{kind}-{folder}", f"{kind}/{folder}", part))
    rows = [f"| `{one.kind}-{one.folder}` | {one.split} | {one.rows:,} |" for one in written]
    name = told["release"]["name"] or "release"
    lines = [
        f"---\n{_yaml({'pretty_name': name, 'tags': ['weft'], 'configs': configs})}---",
        f"# {name}",
        f"Written by `weft export --for {told['for']}` from a release, whose own card says where the text comes from, "
        "how it was selected and what its limits are. `export.json` says which release, and what was left out.",
        *(_closed(told),) * bool(told["not_redistributable"]),
        "\n".join(["| config | split | rows |", "| --- | --- | --- |", *rows]),
    ]
    return {"README.md": "\n\n".join(lines) + "\n"}


def _closed(told: Mapping[str, Any]) -> str:
    return (
        "> **Not for publication as it is.** Rows from sources that may not be redistributed, or of which this is not "
        f"known: {told['not_redistributable']:,}."
    )


def _config(name: str, place: str, part: Sequence[Written]) -> dict[str, Any]:
    forms = {one.split: one.files[0]["path"].partition(".")[2] for one in part}
    files = [{"split": split, "path": f"{place}/{split}-*.{form}"} for split, form in forms.items()]
    return {"config_name": name, "data_files": files}


_AXOLOTL: dict[str, dict[str, Any]] = {
    "ct": {"type": "completion", "field": "text"},
    "sft": {
        "type": "chat_template",
        "field_messages": "messages",
        "message_property_mappings": {"role": "role", "content": "content"},
    },
    "dpo": {
        "type": "chat_template.default",
        "field_messages": "messages",
        "field_chosen": "chosen",
        "field_rejected": "rejected",
        "message_property_mappings": {"role": "role", "content": "content"},
    },
}
_AXOLOTL["pairs"] = _AXOLOTL["sft"]


def axolotl(written: Sequence[Written], told: Mapping[str, Any]) -> dict[str, str]:
    """One YAML file for each kind: `datasets`, `test_datasets` of the split validation, and `rl: dpo`."""
    head = "# Paths are relative to this folder: run axolotl in it, or write its place before them.\n"
    made = {}
    for kind in dict.fromkeys(one.kind for one in written):
        held: dict[str, Any] = {"rl": "dpo"} if kind == "dpo" else {}
        for name, split in (("datasets", "train"), ("test_datasets", "validation")):
            found = [
                {"path": f"{kind}/{one.folder}", "ds_type": _ds_type(one), "split": split} | _AXOLOTL[kind]
                for one in written
                if (one.kind, one.split) == (kind, split)
            ]
            held |= {name: found} if found else {}
        made[f"{kind}.yaml"] = head + _yaml(held)
    return made


def _ds_type(one: Written) -> str:
    return "parquet" if one.files[0]["path"].endswith(".parquet") else "json"


_LLAMA_FACTORY: dict[str, dict[str, Any]] = {
    "ct": {"formatting": "alpaca", "columns": {"prompt": "text"}},
    "sft": {"formatting": "sharegpt", "columns": {"messages": "messages"}},
    "dpo": {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
    },
    "pairs": {"formatting": "alpaca", "columns": {"prompt": "instruction", "response": "output"}},
}
_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}
"""All of them: LLaMA-Factory forgets its own where `tags` is there. Its `formatting: openai` is not used, as it adds
"detailed thinking off" to every system message."""


def llama_factory(written: Sequence[Written], told: Mapping[str, Any]) -> dict[str, str]:
    """dataset_info.json with an entry for each file: `sft_swh_Latn_train`."""
    made = {}
    for one in written:
        entry: dict[str, Any] = {"file_name": one.files[0]["path"]} | _LLAMA_FACTORY[one.kind]
        if entry["formatting"] == "sharegpt":
            entry["tags"] = _TAGS
        made[f"{one.kind}_{one.folder}_{one.split}"] = entry
    return {"dataset_info.json": json.dumps(made, indent=2, ensure_ascii=False) + "\n"}


def _yaml(value: Mapping[str, Any]) -> str:
    """YAML with every string quoted, as YAML 1.1 readers take the language code no for false."""
    sink = io.StringIO()
    writer = YAML()
    writer.width = 1 << 16
    writer.dump(_quoted(value), sink)
    return sink.getvalue()


def _quoted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _quoted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) else value
