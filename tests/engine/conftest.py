"""Fixtures of all tests of the engine: a storage on this machine, and where a build in it goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.object_server import Server

BUCKETS = ("corpora", "ledgers", "others")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A storage for the tests of one file."""
    from tests.engine.object_server import Server  # its library is slow to import, and most tests ask for none

    made = Server()
    for name in BUCKETS:
        made.bucket(name)
    yield made
    made.close()


@pytest.fixture
def storage_settings(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variables with which weft finds the storage."""
    for name, value in {"ACCESS_KEY_ID": "any", "SECRET_ACCESS_KEY": "any", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where the build of one test goes."""
    return f"s3://corpora/{tmp_path.name}/build"
