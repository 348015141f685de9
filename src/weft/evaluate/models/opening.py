"""Which model `--model` names."""

from __future__ import annotations

from pathlib import Path

from weft.engine.service_file import yaml_of
from weft.errors import WeftError
from weft.evaluate.models.contract import Model
from weft.evaluate.models.encoding import PROTOCOL, Encoding, encodes

SERVED = (".yaml", ".yml")
OUTPUTS = (".jsonl", ".ndjson", ".tsv", ".csv", ".parquet", ".json")


def opened(given: str, keep: Path, *, device: str = "auto", precision: str = "float32", chat: bool = True) -> Model:
    """An endpoint of a YAML file, outputs of a table, or what a folder holds: a model, an encoder or a reward model.

    Replies are kept below `keep`. Raises WeftError for what is none of them.
    """
    name = Path(given).name.removesuffix(".gz").removesuffix(".zst")
    if Path(name).suffix in SERVED:
        protocol = _protocol(Path(given))
        if protocol == PROTOCOL:
            return Encoding(given, keep)
        from weft.evaluate.models import reward
        from weft.evaluate.models.endpoint import Endpoint

        if protocol == reward.PROTOCOL:
            return reward.Served(Path(given), keep)
        return Endpoint(Path(given), keep)
    if Path(name).suffix in OUTPUTS and not Path(given).is_dir():
        from weft.evaluate.models.outputs import Outputs

        return Outputs(Path(given))
    if encodes(given):
        return Encoding(given, keep, device)
    from weft.evaluate.models import reward
    from weft.evaluate.models.folder import Folder

    if reward.rewards(given):
        return reward.Folder(given, keep, device, precision, chat)
    try:
        return Folder(given, keep, device, precision, chat)
    except WeftError as error:
        if Path(given).is_dir():
            raise
        raise WeftError(
            f"--model {given}: {error}; or a YAML file of an endpoint, or a table of outputs ({', '.join(OUTPUTS)})"
        ) from None


def _protocol(file: Path) -> str | None:
    """The protocol that a file names; what cannot be read is told by what opens it."""
    try:
        held = yaml_of(file.read_text("utf-8"), file)
    except (OSError, UnicodeDecodeError):
        return None
    return held.get("protocol") if isinstance(held, dict) else None
