"""Model servers that a recipe names: what decides their answers, and how much may be asked of them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Wire = Literal["openai-chat", "openai-completions", "openai-embeddings", "tei-predict", "json"]

IDENTITY = ("protocol", "model", "revision")
"""What decides answers, and is in the key of a label; the rest may change while a build runs."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")


def _address(value: str) -> str:
    held = urlsplit(value)
    if held.scheme not in ("http", "https") or not held.hostname:
        raise ValueError("expected an address such as http://localhost:8000/v1")
    if held.username is not None or held.password is not None:
        raise ValueError("expected no user or password in the address; a key is named by api_key_env")
    return value.rstrip("/")


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        # What stands here may be the key itself: it is not repeated.
        raise ValueError("expected the name of an environment variable that holds the key, never the key")
    return value


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ValueError("expected the name of an HTTP header")
    return value


def _text(value: object) -> object:
    """A revision that YAML takes for a number or a date, as it was written."""
    return str(value) if isinstance(value, int | datetime.date) and not isinstance(value, bool) else value


Revision = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int)]
Variable = Annotated[str, AfterValidator(_variable)]


class Service(BaseModel):
    """A model server: what it answers with, where it is, and how much may be asked of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Address: of openai-* the part before /chat/completions or /embeddings."
    )
    protocol: Wire = Field(description="How the server is spoken to.")
    model: str = Field("", description="Name of the model, as the server knows it.")
    revision: Revision = Field("", description="Which weights and settings serve it; another one is asked anew.")
    api_key_env: Variable | None = Field(None, description="Environment variable with the key; the key is never kept.")
    headers_env: dict[Annotated[str, AfterValidator(_header)], Variable] = Field(
        default_factory=dict, description="More headers: name of the header, environment variable with its value."
    )
    concurrency: int = Field(16, ge=1, le=4096, description="Requests in flight, at most.")
    requests_per_minute: float | None = Field(None, gt=0, description="Requests begun in a minute, at most.")
    tokens_per_minute: float | None = Field(
        None, gt=0, description="Tokens of requests and replies in a minute, at most; estimated, then corrected."
    )
    timeout_seconds: float = Field(120, gt=0, description="How long one request may take.")
    retries: int = Field(6, ge=0, description="Further tries of a request that fails while others succeed.")
    backoff_seconds: float = Field(
        0.5, gt=0, description="Wait before the first retry; each next one is twice as long."
    )
    give_up_seconds: float = Field(120, gt=0, description="How long nothing may succeed before tasks fail.")
    items_per_request: int = Field(32, ge=1, description="Texts in one request, where the protocol takes several.")
    tokens_per_request: int = Field(16_384, ge=1, description="Tokens in one such request, estimated.")

    def identity(self) -> dict[str, str]:
        """What decides answers."""
        return {name: str(getattr(self, name)) for name in IDENTITY}


def told(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's plain data with nothing of its services but what decides answers: what may be published."""
    held = dict(recipe)
    if "services" in held:
        held["services"] = {name: {key: given[key] for key in IDENTITY} for name, given in held["services"].items()}
    return held
