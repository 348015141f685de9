"""What asking a model server costs: requests a second and CPU beside other clients, and how much of a build overlaps.

python benchmarks/services.py [--requests 4000] [--documents 600] [--peer PYTHON]

The server is a process of its own on loopback that answers after a pause. Clients run one after another, each in a
process of its own, with the same requests and as many in flight. `--peer` is a Python that has httpx2 and openai; what
it lacks is left out and said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPLY = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": '{"score": 3, "reason": "x"}'},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 300, "completion_tokens": 20, "total_tokens": 320},
    }
).encode()
TEXT = "Mtoto anasoma kitabu chake kila siku, na mwalimu anafurahi sana. " * 20


def serve(seconds: float) -> None:
    """Answer every request with the same judgement, after a pause; prints the port."""

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.held = transport, b""

        def data_received(self, data: bytes) -> None:
            self.held += data
            while (end := self.held.find(b"\r\n\r\n")) >= 0:
                head = self.held[:end].lower()
                place = head.find(b"content-length:")
                length = int(head[place + 15 :].split(b"\r\n")[0])
                if len(self.held) < end + 4 + length:
                    return
                self.held = self.held[end + 4 + length :]
                asyncio.get_running_loop().call_later(seconds, self.answer)

        def answer(self) -> None:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY)
            self.transport.write(head + REPLY)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=2048)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(run())


def _body(number: int) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": f"{number} {TEXT}"}], "temperature": 0, "max_tokens": 64}


async def _weft(url: str, count: int, together: int) -> None:
    from weft.engine.service_client import Client
    from weft.engine.service_replies import Replies
    from weft.recipe.services import Service

    service = Service(url=url, protocol="openai-chat", model="m", concurrency=together)
    with tempfile.TemporaryDirectory() as folder:
        replies = Replies(Path(folder))
        client = Client("judge", service, replies)
        await asyncio.gather(*(client.one(_body(n), f"d{n}") for n in range(count)))
        await client.close()
        replies.close()


async def _gathered(count: int, together: int, ask: Any) -> None:
    slots = asyncio.Semaphore(together)

    async def one(number: int) -> None:
        async with slots:
            await ask(number)

    await asyncio.gather(*(one(n) for n in range(count)))


async def _httpx2(url: str, count: int, together: int) -> None:
    import httpx2

    limits = httpx2.Limits(max_connections=together, max_keepalive_connections=together)
    async with httpx2.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:

        async def ask(number: int) -> None:
            reply = await client.post(f"{url}/chat/completions", json={"model": "m", **_body(number)})
            assert reply.json()["choices"][0]["message"]["content"]

        await _gathered(count, together, ask)


async def _openai(url: str, count: int, together: int) -> None:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:

        async def ask(number: int) -> None:
            reply = await client.chat.completions.create(model="m", **_body(number))
            assert reply.choices[0].message.content

        await _gathered(count, together, ask)


async def _aiohttp(url: str, count: int, together: int) -> None:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=together)) as session:

        async def ask(number: int) -> None:
            async with session.post(f"{url}/chat/completions", json={"model": "m", **_body(number)}) as reply:
                assert (await reply.json())["choices"][0]["message"]["content"]

        await _gathered(count, together, ask)


CLIENTS = {"weft": _weft, "aiohttp alone": _aiohttp, "httpx2 alone": _httpx2, "openai": _openai}


def client(name: str, url: str, count: int, together: int) -> None:
    """Ask with one client; prints seconds and CPU seconds, without those of its start."""
    asyncio.run(CLIENTS[name](url, 50, min(together, 50)))
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(CLIENTS[name](url, count, together))
    print(json.dumps([time.perf_counter() - began, time.process_time() - cpu]))


def _server(seconds: float) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, __file__, "--serve", str(seconds)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, f"http://127.0.0.1:{int(server.stdout.readline())}/v1"


def compare(count: int, together: int, peer: str) -> None:
    """One table row for each client."""
    server, url = _server(0.02)
    print(f"{count} chats of {len(TEXT)} characters, {together} in flight, each answered after 20 ms")
    print(f"{'client':<16}{'requests/s':>12}{'CPU ms each':>14}{'per CPU second':>16}")
    try:
        for name in CLIENTS:
            python = sys.executable if name == "weft" else peer
            command = [python, __file__, "--client", name, url, str(count), str(together)]
            done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
            if done.returncode:
                print(f"{name:<16}left out: {done.stderr.strip().splitlines()[-1]}")
                continue
            seconds, cpu = json.loads(done.stdout)
            print(f"{name:<16}{count / seconds:>12.0f}{1000 * cpu / count:>14.3f}{count / cpu:>16.0f}")
    finally:
        server.terminate()


RECIPE = """\
acquire: [{{path: texts, basis: owned}}]
label: [script, lid, lid_spans, signals{judged}]
construct: {{extends: nothing}}
settings: {{shard_mb: {shard}}}
services: {{judge: {{url: '{url}', protocol: openai-chat, model: m, concurrency: {together}}}}}
"""


def overlap(documents: int, together: int) -> None:
    """Seconds of a build without the service, of the service's answers alone, and of the build with it."""
    import weft

    seconds = 0.4
    server, url = _server(seconds)
    words = "habari watu nyumba shule mtoto maji chakula safari barua kazi siku mwaka mji bahari mti samaki".split()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "texts").mkdir()
        rows = [" ".join(words[(n * (w + 3) + w * w // 3) % 16] for w in range(3000)) for n in range(documents)]
        lines = [json.dumps({"id": str(n), "text": f"{n} {row}"}) for n, row in enumerate(rows)]
        (folder / "texts/a.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        shard = sum(map(len, lines)) / 20 / 1e6
        walls = []
        for judged in ("", ", judged: {service: judge, prompt: 'Is it good?'}"):
            text = RECIPE.format(
                judged=", {" + judged[2:] + "}" if judged else "", shard=shard, url=url, together=together
            )
            (folder / "recipe.yaml").write_text(text, "utf-8")
            began = time.perf_counter()
            weft.run(weft.load(folder / "recipe.yaml"), folder / f"build{len(walls)}", workers=1)
            walls.append(time.perf_counter() - began)
    server.terminate()
    alone = documents * seconds / together
    print(f"{documents} documents in 20 shards, each judged in {seconds} s, {together} at a time")
    print(f"build without judging {walls[0]:.1f} s, waiting alone {alone:.1f} s, sum {walls[0] + alone:.1f} s")
    print(f"build with judging {walls[1]:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--documents", type=int, default=600)
    parser.add_argument("--together", type=int, default=64)
    parser.add_argument("--judges", type=int, default=8, help="requests in flight in the build")
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("--serve", type=float)
    parser.add_argument("--client", nargs=4)
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve)
    elif given.client is not None:
        name, url, count, together = given.client
        client(name, url, int(count), int(together))
    else:
        compare(given.requests, given.together, given.peer)
        overlap(given.documents, given.judges)
    return 0


if __name__ == "__main__":
    sys.exit(main())
