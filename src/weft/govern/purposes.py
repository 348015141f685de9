"""Whether a row may be used for a purpose: the one rule, over consent, licence and basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from weft.errors import WeftError, nearest
from weft.govern.licences import may_derive

PURPOSES = ("train", "evaluate", "synthesise_from", "redistribute")
"""What a person can be asked to consent to."""
REASONS = {
    "consent_not_registered": "its consent id is not in the register, or no register is given",
    "consent_without_purpose": "the consent in the register does not name this purpose",
    "consent_not_stated": "it is used by consent, and no consent id says whose",
    "no_derivatives": "its licence does not let adaptations be passed on",
}
"""Why a row is denied, for people."""
READS = ("consent", "license", "basis")
"""Columns that the rule reads."""


@dataclass(frozen=True)
class Register:
    """Which purposes each consent id allows."""

    consents: Mapping[str, frozenset[str]] = field(default_factory=dict)


NO_REGISTER = Register()


def read_register(content: bytes, name: str) -> Register:
    """The register in a YAML or JSON file `{id: [purpose, …]}`; `name` is what messages call the file.

    Raises WeftError for another shape, and for a purpose that is not one of PURPOSES.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        held = YAML(typ="safe", pure=True).load(content.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise WeftError(f"{name}: is no YAML or JSON: {str(error).splitlines()[0]}") from None
    expected = "expected {id: [purpose, …]}"
    if not isinstance(held, dict):
        raise WeftError(f"{name}: is no register of consents; {expected}")
    consents = {}
    for key, purposes in held.items():
        if not isinstance(purposes, list):
            raise WeftError(f"{name}: {key} is {type(purposes).__name__}; {expected}")
        for purpose in purposes:
            _check(str(purpose), f"{name}: {key}")
        consents[str(key)] = frozenset(map(str, purposes))
    return Register(consents)


def denied(rows: pa.Table, purpose: str, register: Register | None = None) -> pa.Array:
    """For each row null where it may be used for the purpose, else why not: one of REASONS (string).

    `rows` has `consent`, `license` and `basis`. A row with consent ids needs the purpose in the register under each of
    them; without a register every consent id is denied. Of the rest, for `synthesise_from`: a row under a licence
    without derivatives is denied, whatever its basis; every other row is allowed. Raises WeftError for a purpose that
    is not one of PURPOSES.
    """
    _check(purpose, "purpose")
    held = rows.select(list(READS))
    if not held.num_rows:
        return pa.array([], pa.string())
    # Terms recur: each combination is judged once.
    keyed = held.append_column("row", pa.array(range(held.num_rows), pa.int64()))
    kinds = held.group_by(list(READS), use_threads=False).aggregate([])
    terms = zip(*(kinds[name].to_pylist() for name in READS), strict=True)
    known = register or NO_REGISTER
    told = [_reason(consent, licence, basis, purpose, known) for consent, licence, basis in terms]
    return _looked_up(keyed, kinds.append_column("reason", pa.array(told, pa.string())))


def _looked_up(rows: pa.Table, kinds: pa.Table) -> pa.Array:
    # Nulls of a join key equal nothing, so they stand as text that no id can be.
    absent = "\x00"
    both = []
    for table in (rows, kinds):
        filled = [pc.fill_null(table[name].cast(pa.string()), absent) for name in READS]
        both.append(
            table.drop_columns(list(READS)).append_column("terms", pc.binary_join_element_wise(*filled, absent))
        )
    joined = both[0].join(both[1], "terms", use_threads=False).sort_by("row")
    return joined["reason"].combine_chunks()


def _reason(
    consent: str | None, licence: str | None, basis: str | None, purpose: str, register: Register
) -> str | None:
    ids = [one for one in (consent or "").split(" AND ") if one]
    for one in ids:
        if one not in register.consents:
            return "consent_not_registered"
        if purpose not in register.consents[one]:
            return "consent_without_purpose"
    if basis == "consent" and not ids:
        return "consent_not_stated"
    if purpose == "synthesise_from" and may_derive(licence) is False:
        return "no_derivatives"
    return None


def _check(purpose: str, where: str) -> None:
    if purpose not in PURPOSES:
        raise WeftError(
            f"{where}: {purpose!r} is no purpose; expected one of {', '.join(PURPOSES)}{nearest(purpose, PURPOSES)}"
        )
