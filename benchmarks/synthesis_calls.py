"""What share of a server's throughput the client uses, and what kills cost: calls paid twice, calls lost.

python benchmarks/synthesis_calls.py [--calls 10000] [--kills 50] [--rounds 3] [--only rate,kills,batches]

The server is `weft.sample.fake_server` in a process of its own: it answers `--slots` calls at a time, each in
`--latency` seconds, as a model on a GPU does, and counts what it is paid. `rate` asks with weft and with aiohttp alone,
one after the other, with as many calls in flight. `kills` sends SIGKILL to a run at a random moment and starts it
again, so many times: a call is paid twice where its answer was under way. `batches` does the same through the batch
API. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from weft.engine.service_client import Client
from weft.engine.service_replies import Replies
from weft.recipe.services import Service

TEXT = "Mtoto anasoma kitabu chake kila siku, na mwalimu anafurahi sana. " * 8
BATCH = {"requests": 100, "wait_seconds": 0.2, "poll_seconds": 0.2}


def body(number: int) -> dict[str, Any]:
    said = f"Answer about text {number}.\n\n{number} {TEXT}"
    return {"messages": [{"role": "user", "content": said}], "temperature": 0, "max_tokens": 256}


def service(url: str, together: int, batch: bool) -> Service:
    more: dict[str, Any] = {"batch": BATCH} if batch else {}
    return Service.model_validate(
        {"url": url, "protocol": "openai-chat", "model": "weft-fake", "concurrency": together, **more}
    )


async def by_weft(url: str, count: int, together: int, folder: str, batch: bool = False) -> None:
    replies = Replies(Path(folder))
    client = Client("maker", service(url, together, batch), replies)
    found = await asyncio.gather(*(client.one(body(n), f"d{n}") for n in range(count)))
    assert all(f"{n}" in answer["text"] for n, answer in enumerate(found)), "an answer is that of another call"
    await client.close()
    replies.close()


async def by_aiohttp(url: str, count: int, together: int) -> None:
    import aiohttp

    numbers = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=together)) as session:

        async def one() -> None:
            for number in numbers:
                async with session.post(f"{url}/chat/completions", json={"model": "m", **body(number)}) as reply:
                    assert (await reply.json())["choices"][0]["message"]["content"]

        await asyncio.gather(*(one() for _ in range(together)))


def child(name: str, url: str, count: int, together: int, folder: str) -> None:
    """Ask all calls; prints the seconds without those of the start."""
    began = time.perf_counter()
    if name == "aiohttp":
        asyncio.run(by_aiohttp(url, count, together))
    else:
        asyncio.run(by_weft(url, count, together, folder, name == "batch"))
    print(json.dumps(time.perf_counter() - began))


def command(*given: object) -> list[str]:
    return [sys.executable, __file__, "--child", *map(str, given)]


class Served:
    """The fake server in a process of its own."""

    def __init__(self, given: argparse.Namespace) -> None:
        more = ["--latency", str(given.latency), "--slots", str(given.slots), "--batch-seconds", "2"]
        run = [sys.executable, "-m", "weft.sample.fake_server", "--port", "0", *more]
        self.process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def stats(self) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/stats", timeout=60) as reply:
            return json.load(reply)

    def seen(self) -> int:
        """Requests and files that came."""
        held = self.stats()
        return int(held["asked"] + held["batches"]["files"] + held["batches"]["looked"])

    def settled(self) -> Any:
        """Stats when nothing is under way any more."""
        before = None
        while (held := self.stats())["paid"] != before:
            before = held["paid"]
            time.sleep(0.5)
        return held

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait()


def rate(given: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, list[float]] = {"weft": [], "aiohttp": []}
    for _ in range(given.rounds):
        for name in found:
            with Served(given) as server, tempfile.TemporaryDirectory() as folder:
                asked = command(name, server.url, given.calls, given.together, folder)
                seconds = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
                assert server.stats()["paid"]["calls"] == given.calls
            found[name].append(round(given.calls / seconds, 1))
    shares = [round(mine / bare, 3) for mine, bare in zip(found["weft"], found["aiohttp"], strict=True)]
    return {"calls_a_second": found, "share": shares, "bound": given.slots / given.latency}


def killed(server: Served, asked: list[str], draw: random.Random, after: float) -> bool:
    """Start a run and kill it at random after its first request; false where it ended before."""
    before = server.seen()
    process = subprocess.Popen(asked, stdout=subprocess.DEVNULL)
    while process.poll() is None and server.seen() == before:
        time.sleep(0.05)
    time.sleep(draw.uniform(0, after))
    done = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return done


def kills(given: argparse.Namespace) -> dict[str, Any]:
    draw = random.Random(given.seed)
    under_way: list[int] = []
    with Served(given) as server, tempfile.TemporaryDirectory() as folder:
        asked = command("weft", server.url, given.calls, given.together, folder)
        while len(under_way) < given.kills and killed(server, asked, draw, given.after):
            paid = server.settled()["paid"]["calls"]
            under_way.append(paid - stored(folder, given) - sum(under_way))
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
        paid, held = server.stats()["paid"], stored(folder, given)
    assert paid["again"] == sum(under_way), "something was paid twice that was not under way"
    assert held == paid["distinct"] == given.calls, "a call was lost"
    told = {"kills": len(under_way), "asked": given.calls, "kept": held, "paid": paid["calls"], "again": paid["again"]}
    return told | {"most_at_a_kill": max(under_way), "in_flight": given.together}


def batches(given: argparse.Namespace) -> dict[str, Any]:
    """As `kills`, build after build, as all batches of a build come back at about the same time."""
    draw, builds, done = random.Random(given.seed), 0, 0
    told = {"asked": 0, "paid": 0, "again": 0}
    while done < given.kills:
        builds += 1
        with Served(given) as server, tempfile.TemporaryDirectory() as folder:
            asked = command("batch", server.url, given.batched, given.together, folder)
            while done < given.kills and killed(server, asked, draw, given.after):
                done += 1
            subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
            paid = server.stats()["paid"]
        assert paid["again"] == 0 and paid["distinct"] == given.batched, "a call was paid twice or lost"
        for name, count in (("asked", given.batched), ("paid", paid["calls"]), ("again", paid["again"])):
            told[name] += count
    return {"kills": done, "builds": builds, **told}


def stored(folder: str, given: argparse.Namespace) -> int:
    """How many of the calls have a reply."""
    replies = Replies(Path(folder))
    client = Client("maker", service("http://127.0.0.1:1", given.together, False), replies)
    return sum(replies.get(client.key(body(number))) is not None for number in range(given.calls))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--together", type=int, default=128)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--batched", type=int, default=1000, help="calls of a build through the batch API")
    parser.add_argument("--after", type=float, default=0.5, help="seconds from a run's first requests to its kill")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="rate,kills,batches")
    parser.add_argument("--child", nargs=5)
    given = parser.parse_args()
    if given.child is not None:
        name, url, count, together, folder = given.child
        child(name, url, int(count), int(together), folder)
        return 0
    told: dict[str, Any] = {}
    for part in given.only.split(","):
        told[part] = {"rate": rate, "kills": kills, "batches": batches}[part](given)
        print(f"{part}: {told[part]}", flush=True)
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
