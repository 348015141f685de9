"""Objects below one URL of an S3-compatible storage: every request is repeated until it is answered or refused."""

from __future__ import annotations

import errno
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from weft.errors import WeftError, nearest

T = TypeVar("T")

TRIES, FIRST_TRIES = 10, 4
"""Times that a request is made before the storage counts as out of reach; the client itself repeats each of them.

Ten take half a minute. One that has never answered is more likely to have a wrong address.
"""
_CLIENT_RETRIES = 3
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
PART_BYTES = 16 << 20
"""Larger files go up in parts of this size, and are visible once all are there."""
_PARTS_AT_ONCE = 4
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Failures of this machine: asking the storage again changes nothing."""
_REFUSED = re.compile(r"status code: 40[13]\b")
"""The client has an exception of its own for refusals, except where it lists."""
SCHEMES = ("s3",)
_UNTRIED = ("gs", "gcs", "az", "azure", "abfs", "abfss", "hf", "http", "https", "memory", "file")
_CREDENTIALS = (
    *("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_METADATA_ENDPOINT", "AWS_SKIP_SIGNATURE"),
)


class OutOfReach(WeftError, OSError):
    """The storage did not answer, or only with failures; the same request may succeed later."""


@dataclass(frozen=True)
class Found:
    """What the storage says of an object; `changed` is its own clock, in seconds since 1970."""

    tag: str
    size: int
    changed: float


def split_url(url: str) -> tuple[str, str]:
    """Bucket and folder of `s3://bucket/folder`. Raises WeftError for another form."""
    scheme, _, rest = url.partition("://")
    if scheme in _UNTRIED:
        raise WeftError(f"{url}: builds in {scheme}:// were not tried; expected s3://bucket/folder, or a local folder")
    if scheme not in SCHEMES:
        raise WeftError(f"{url}: {scheme}:// is not known{nearest(scheme, SCHEMES)}; expected s3://bucket/folder")
    bucket, _, folder = rest.strip("/").partition("/")
    if not bucket or not folder or "//" in folder:
        raise WeftError(f"{url}: expected s3://bucket/folder: a bucket that exists, and a folder in it for this build")
    return bucket, folder


class Objects:
    """The objects below a URL. Raises WeftError for what a person can mend, OutOfReach when nothing answers."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.bucket, self._folder = split_url(self.url)
        self.endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        self._library, self._store = self._opened()
        self._answered = False

    def _opened(self) -> tuple[Any, Any]:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError:
            raise WeftError(f"{self.url}: expected the library obstore: pip install 'weft[objects]'") from None
        if not any(os.environ.get(name) for name in _CREDENTIALS):
            raise WeftError(
                f"{self.url}: no credentials; expected the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and "
                "AWS_REGION, AWS_ENDPOINT_URL where the storage is not Amazon's)"
            )
        given: dict[str, Any] = {"endpoint": self.endpoint} if self.endpoint else {}
        client: Any = {"timeout": "300s", "read_timeout": "30s", "connect_timeout": "10s"}
        client["allow_http"] = self.endpoint.startswith("http://")
        store = S3Store(
            self.bucket,
            prefix=self._folder,
            client_options=client,
            retry_config={"max_retries": _CLIENT_RETRIES},
            **given,
        )
        return obstore, store

    def look(self, path: str) -> Found | None:
        """What there is of an object; None when there is none."""
        return self._there(path, lambda: _found(self._library.head(self._store, path)))

    def read(self, path: str) -> bytes | None:
        """The content of an object; None when there is none."""
        held = self.read_with(path)
        return held[0] if held is not None else None

    def read_with(self, path: str) -> tuple[bytes, Found] | None:
        """Content and what the storage says of it, of one moment."""

        def get() -> tuple[bytes, Found]:
            answer = self._library.get(self._store, path)
            content = bytes(answer.bytes())
            return _whole(content, path, answer.meta["size"]), _found(answer.meta)

        return self._there(path, get)

    def fetch(self, path: str, into: Path) -> Found | None:
        """Write an object to a file; what broke off goes on where it was, as long as the object is the same."""
        with open(into, "wb") as sink:

            def get() -> Found:
                done, options = sink.tell(), {}
                if done:
                    options = {"range": {"offset": done}, "if_match": started[0].tag}
                answer = self._library.get(self._store, path, options=options)
                started[:] = [_found(answer.meta)]
                for part in answer.stream(min_chunk_size=1 << 20):
                    _put(sink, part, into)
                if sink.tell() != started[0].size:
                    raise OutOfReach(f"{self.url}/{path}: {sink.tell()} of {started[0].size} bytes came")
                return started[0]

            def again() -> Found:
                try:
                    return get()
                except self._library.exceptions.PreconditionError as error:  # another object by now: from its start
                    sink.seek(0)
                    sink.truncate()
                    raise OutOfReach(f"{self.url}/{path}: was replaced while it was read") from error

            started: list[Found] = []
            return self._there(path, again)

    def write(self, path: str, content: bytes | Path) -> str:
        """Put an object in its place, over what is there; its tag. A large file goes up in parts."""

        def put() -> str:
            if isinstance(content, bytes) or content.stat().st_size <= PART_BYTES:
                given = content if isinstance(content, bytes) else content.read_bytes()
                return _tag(self._library.put(self._store, path, given, use_multipart=False))
            parts = {"use_multipart": True, "chunk_size": PART_BYTES, "max_concurrency": _PARTS_AT_ONCE}
            return _tag(self._library.put(self._store, path, content, **parts))

        return self._tried(path, put)

    def create(self, path: str, content: bytes) -> str | None:
        """Put an object where there is none; None when another is there. `content` is like no other (a nonce)."""
        return self._conditional(path, content, "create")

    def replace(self, path: str, content: bytes, tag: str) -> str | None:
        """Put an object in the place of that with this tag; None when another is there."""
        return self._conditional(path, content, {"e_tag": tag})

    def _conditional(self, path: str, content: bytes, mode: Any) -> str | None:
        def put() -> str | None:
            try:
                return _tag(self._library.put(self._store, path, content, mode=mode, use_multipart=False))
            except (self._library.exceptions.AlreadyExistsError, self._library.exceptions.PreconditionError):
                pass
            except FileNotFoundError as error:
                if isinstance(mode, str) or "NoSuchBucket" in str(error):
                    raise
                return None
            # A repeated request meets what the first one did although nobody said so.
            held = self.read_with(path)
            if held is None and isinstance(mode, str):
                raise OutOfReach(f"{self.url}/{path}: two requests met; neither was done")
            return held[1].tag if held is not None and held[0] == content else None

        return self._tried(path, put)

    def delete(self, paths: Sequence[str]) -> None:
        """Take objects away; those that are not there are no mistake."""
        for start in range(0, len(paths), 1000):
            some = list(paths[start : start + 1000])
            try:
                self._tried(some[0], lambda some=some: self._library.delete(self._store, some))  # type: ignore[misc]
            except FileNotFoundError:
                for path in some:
                    self._there(path, lambda path=path: self._library.delete(self._store, path))  # type: ignore[misc]

    def below(self, folder: str, most: int | None = None) -> Iterator[tuple[str, int]]:
        """Paths and sizes of the objects below a folder, in order: 1000 with each request."""
        yield from ((path, found.size) for path, found in self.listed(folder, most))

    def listed(self, folder: str, most: int | None = None) -> Iterator[tuple[str, Found]]:
        """Paths of the objects below a folder and what the storage says of them, in order: 1000 with each request."""

        def listed() -> list[tuple[str, Found]]:
            found: list[tuple[str, Found]] = []
            for page in self._library.list(self._store, folder or None, chunk_size=1000):
                found += [(str(one["path"]), _found(one)) for one in page]
                if most is not None and len(found) >= most:
                    break
            return found

        yield from sorted(self._tried(folder, listed), key=lambda one: one[0])

    def _there(self, path: str, call: Callable[[], T]) -> T | None:
        try:
            return self._tried(path, call)
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise WeftError(self._no_bucket()) from None
            return None

    def _tried(self, path: str, call: Callable[[], T]) -> T:
        refused = (self._library.exceptions.PermissionDeniedError, self._library.exceptions.UnauthenticatedError)
        tries = TRIES if self._answered else FIRST_TRIES
        for number in range(1, tries + 1):
            try:
                answer = call()
                self._answered = True
                return answer
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise WeftError(self._no_bucket()) from None
                raise
            except PermissionError as error:
                raise WeftError(self._refused(path, error)) from None
            except refused as error:
                raise WeftError(self._refused(path, error)) from None
            except (self._library.exceptions.BaseError, OSError) as error:
                if getattr(error, "errno", None) in _DISK_FULL:
                    raise
                if "NoSuchBucket" in str(error):
                    raise WeftError(self._no_bucket()) from None
                if _REFUSED.search(str(error)):
                    raise WeftError(self._refused(path, error)) from None
                if number == tries:
                    raise OutOfReach(
                        f"{self._where()}: {path}: no answer after {tries} tries: {_short(error)}"
                    ) from error
            # Apart from one another, so that those who were refused together do not come back together.
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**number)
            time.sleep(random.uniform(wait / 2, wait))
        raise AssertionError("the last try returns or raises")

    def _where(self) -> str:
        return f"{self.url} at {self.endpoint}" if self.endpoint else self.url

    def _no_bucket(self) -> str:
        return f"{self._where()}: there is no bucket {self.bucket}; expected one that exists: weft makes none"

    def _refused(self, path: str, error: Exception) -> str:
        return (
            f"{self._where()}: {path}: the storage refuses: {_short(error)}; expected credentials in AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY that may read and write here"
        )


def _tag(answer: Any) -> str:
    return str(answer["e_tag"])


def _found(meta: Any) -> Found:
    return Found(str(meta["e_tag"]), int(meta["size"]), meta["last_modified"].timestamp())


def _whole(content: bytes, path: str, size: int) -> bytes:
    if len(content) != size:
        raise OutOfReach(f"{path}: {len(content)} of {size} bytes came")
    return content


def _put(sink: BinaryIO, part: Any, path: Path) -> None:
    try:
        sink.write(part)
    except OSError as error:  # which disk it is says its file
        raise OSError(error.errno, error.strerror, str(path)) from None


def _short(error: Exception) -> str:
    """The first line of what the client says; below it are its own structures."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
