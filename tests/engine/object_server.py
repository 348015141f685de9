"""A real S3-compatible server on this machine, and a proxy before it that fails, repeats, breaks off and delays."""

from __future__ import annotations

import http.client
import logging
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

KINDS = ("refused", "reset", "repeated", "broken", "slow")
"""An answer 503 and nothing done; no answer; done and answered 500, so that it comes again; half an answer; late."""


_one_writes = threading.Lock()
_answered = S3Response.key_response


def _one_at_a_time(self: S3Response, request: Any, *rest: Any) -> Any:
    # moto looks whether an object is there and then puts its own, and two requests can come between; a storage does
    # both in one step, and whoever counts on that must be able to.
    if request.method not in ("PUT", "POST"):
        return _answered(self, request, *rest)
    with _one_writes:
        return _answered(self, request, *rest)


class Server:
    """The storage: `url` is its endpoint."""

    def __init__(self) -> None:
        S3Response.key_response = _one_at_a_time  # type: ignore[method-assign]
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request hides what a test says
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        self.host, self.port = self._moto.get_host_and_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def bucket(self, name: str) -> None:
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=self.url, **keys).create_bucket(Bucket=name)

    def close(self) -> None:
        self._moto.stop()


class Faults:
    """A proxy before a server. `share` of the requests meet one of `kinds`, drawn with `seed`; all are counted."""

    def __init__(self, server: Server, share: float = 0.0, seed: int = 0, kinds: tuple[str, ...] = KINDS) -> None:
        self.share, self.kinds = share, kinds
        self.requests: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        """Of the content that went up and came down."""
        self.ignored: tuple[str, ...] = ()
        """Headers that this storage has never heard of."""
        self.refuse_all: int | None = None
        self.bucket: str | None = None
        """The bucket that all requests go to, whatever they name."""
        self._draw, self._guard = random.Random(seed), threading.Lock()
        self._http = _Quiet(("127.0.0.1", 0), _handler(self, server))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def drawn(self, method: str) -> str | None:
        with self._guard:
            self.requests[method] += 1
            if self._draw.random() >= self.share:
                return None
            kind = self._draw.choice(self.kinds)
            self.faults[kind] += 1
            return kind

    def count(self, up: int, down: int) -> None:
        with self._guard:
            self.bytes.update(up=up, down=down)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that was killed has hung up
            super().handle_error(request, client_address)


def _handler(faults: Faults, server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            kind = faults.drawn(self.command)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if faults.refuse_all is not None:
                return self._fail(faults.refuse_all)
            if kind == "refused":
                return self._fail(503)
            if kind == "reset":
                return self._hang_up()
            if kind == "slow":
                time.sleep(0.3)
            status, headers, content = self._forwarded(body)
            if kind == "repeated":
                return self._fail(500)
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date"):
                    self.send_header(name, value)
            length = dict((n.lower(), v) for n, v in headers).get("content-length", str(len(content)))
            self.send_header("Content-Length", length)
            self.end_headers()
            if kind == "broken":
                self.wfile.write(content[: len(content) // 2])
                return self._hang_up()
            faults.count(len(body), len(content) if self.command == "GET" else 0)
            self.wfile.write(content)

        def _forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            headers = {n: v for n, v in self.headers.items() if n.lower() not in ("connection", *faults.ignored)}
            upstream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            try:
                path = self.path if faults.bucket is None else re.sub(r"^/[^/?]+", f"/{faults.bucket}", self.path)
                upstream.request(self.command, path, body, headers)
                answer = upstream.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            finally:
                upstream.close()

        def _fail(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.close()

        def log_message(self, *_: Any) -> None:
            pass

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer

    return Handler


@contextmanager
def faults_before(server: Server, **settings: Any) -> Iterator[Faults]:
    made = Faults(server, **settings)
    try:
        yield made
    finally:
        made.close()
