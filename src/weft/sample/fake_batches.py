"""Files and batches of the fake model server: what is uploaded is answered some moments later, all lines at once."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

Answer = Callable[[str, Any], tuple[int, Any]]
"""Place and body of a request: status and reply."""
_MARK = re.compile(r"\[\[fake (expire|invalid|cancel|fail)(?: (\d+))?\]\]")
_ENDED = ("completed", "failed", "expired", "cancelled")


class Batches:
    """Files and batches by id.

    Marks in a line choose what becomes of it: `[[fake invalid]]` fails the whole batch when it is looked through and
    names the line, `[[fake fail]]` the same without a line, `[[fake expire 1]]` lets the batch expire before this line,
    `[[fake cancel 1]]` cancels it there; with a number the first so many times, else always.
    """

    def __init__(self, answer: Answer, seconds: float) -> None:
        self._answer = answer
        self.seconds = seconds
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        self._due: dict[str, float] = {}
        self._met: dict[tuple[str, str], int] = {}
        self.looked = 0
        self._numbers = itertools.count(1)

    def stats(self) -> dict[str, int]:
        counts = [batch["request_counts"] for batch in self._batches.values()]
        return {
            "made": len(self._batches),
            "files": len(self._files),
            "looked": self.looked,
            "lines": sum(one["total"] for one in counts),
            "answered": sum(one["completed"] for one in counts),
        }

    def reply(self, method: str, place: str, query: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Status and reply to what is asked of files and batches."""
        for identifier in list(self._due):
            self._move(identifier)
        kind, _, rest = place.strip("/").partition("/")
        name, _, what = rest.partition("/")
        if kind == "files":
            if method == "POST" and not name:
                return self._upload(headers, body)
            if name in self._files and what == "content":
                return 200, self._files[name]
        elif method == "POST" and not name:
            return self._make(body)
        elif method == "GET" and not name:
            return self._list({key: held[-1] for key, held in parse_qs(query).items()})
        elif name in self._batches:
            self.looked += 1
            if what == "cancel":
                self._finish(name, "cancelled", {})
            return 200, self._batches[name]
        return 404, {"error": {"message": f"there is no {method} {place}"}}

    def _upload(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        found = re.search(r'boundary="?([^";]+)', headers.get("content-type", ""))
        for part in body.split(b"--" + found.group(1).encode()) if found else ():
            head, _, content = part.partition(b"\r\n\r\n")
            if b"filename=" in head:
                identifier = f"file-{next(self._numbers):06d}"
                self._files[identifier] = content.removesuffix(b"\r\n")
                return 200, {"id": identifier, "object": "file", "bytes": len(content), "purpose": "batch"}
        return 400, {"error": {"message": "expected a file in multipart/form-data"}}

    def _make(self, body: bytes) -> tuple[int, Any]:
        asked = json.loads(body)
        if asked.get("input_file_id") not in self._files:
            return 400, {"error": {"message": f"there is no file {asked.get('input_file_id')}"}}
        identifier = f"batch_{next(self._numbers):06d}"
        lines = self._files[asked["input_file_id"]].decode().splitlines()
        self._batches[identifier] = {
            "id": identifier,
            "object": "batch",
            "endpoint": asked.get("endpoint"),
            "input_file_id": asked["input_file_id"],
            "completion_window": asked.get("completion_window"),
            "status": "validating",
            "created_at": int(time.time()),
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
            "metadata": asked.get("metadata"),
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        self._due[identifier] = time.monotonic() + self.seconds
        return 200, self._batches[identifier]

    def _list(self, query: Mapping[str, str]) -> tuple[int, Any]:
        names = sorted(self._batches, reverse=True)
        if query.get("after") in names:
            names = names[names.index(query["after"]) + 1 :]
        limit = int(query.get("limit", 20))
        shown = names[:limit]
        data = [self._batches[name] for name in shown]
        last = shown[-1] if shown else None
        return 200, {"object": "list", "data": data, "has_more": len(names) > limit, "last_id": last}

    def _move(self, identifier: str) -> None:
        """Let a batch become what it is by now."""
        if time.monotonic() < self._due[identifier]:
            self._batches[identifier]["status"] = "in_progress"
            return
        batch = self._batches[identifier]
        lines = self._files[batch["input_file_id"]].decode().splitlines()
        marked = [self._marked(line) for line in lines]
        if "invalid" in marked or "fail" in marked:
            data = [
                {"code": "invalid_request", "line": place + 1, "message": "the request is not valid"}
                for place, mark in enumerate(marked)
                if mark == "invalid"
            ]
            whole = {"code": "token_limit_exceeded", "line": None, "message": "too many tokens are waiting"}
            self._finish(identifier, "failed", {"errors": {"object": "list", "data": data or [whole]}})
            return
        stopped = next((place for place, mark in enumerate(marked) if mark in ("expire", "cancel")), len(lines))
        status = {"expire": "expired", "cancel": "cancelled"}.get(str((*marked, None)[stopped]), "completed")
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for place, line in enumerate(lines):
            asked = json.loads(line)
            said: dict[str, Any] = {"id": f"{identifier}-{place}", "custom_id": asked["custom_id"]}
            if place >= stopped:
                fault = {"code": f"batch_{status}", "message": "it was not answered"}
                bad.append(said | {"response": None, "error": fault})
                continue
            code, reply = self._answer(asked["url"].removeprefix("/v1"), asked["body"])
            said |= {"response": {"status_code": code, "body": reply}, "error": None}
            (good if code == 200 else bad).append(said)
        held = {"output_file_id": self._kept(good[::-1]), "error_file_id": self._kept(bad)}
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
        self._finish(identifier, status, held)

    def _marked(self, line: str) -> str | None:
        """The mark of a line that still counts."""
        found = _MARK.search(line)
        if found is None:
            return None
        name = (json.dumps(json.loads(line)["body"], sort_keys=True), found.group())
        self._met[name] = self._met.get(name, 0) + 1
        return found.group(1) if not found.group(2) or self._met[name] <= int(found.group(2)) else None

    def _kept(self, said: list[dict[str, Any]]) -> str | None:
        if not said:
            return None
        identifier = f"file-{next(self._numbers):06d}"
        self._files[identifier] = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in said).encode()
        return identifier

    def _finish(self, identifier: str, status: str, more: Mapping[str, Any]) -> None:
        if self._batches[identifier]["status"] not in _ENDED:
            self._batches[identifier] |= {"status": status, **more}
        self._due.pop(identifier, None)
