"""A real server and a real model: a tiny one, trained here on parallel text, behind `transformers serve`.

python benchmarks/served_model.py [--calls 200] [--steps 300] [--into FOLDER]

The model and its server are those of tests/engine/served_model.py: a Llama of some 200,000 weights that learns to
translate Indonesian into Javanese (nusax_train); it is there to be spoken to, not for what it says. Asked are chats
with weft's client; then the same again, which the server must not hear of. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.conftest import data_folder
from tests.engine.served_model import pairs, served, train

from weft.engine.service_client import Client
from weft.engine.service_replies import Replies
from weft.recipe.services import Service


async def asked(service: Service, replies: Path, texts: list[str]) -> list[Any]:
    held = Replies(replies)
    client = Client("tiny", service, held)
    bodies = [{"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 24} for text in texts]
    found = await asyncio.gather(*(client.one(body, str(n)) for n, body in enumerate(bodies)), return_exceptions=True)
    await client.close()
    held.close()
    return list(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--together", type=int, default=4)
    parser.add_argument("--into", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.into or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        texts, began = pairs(data_folder()), time.perf_counter()
        loss = train(texts, folder, given.steps)
        trained = time.perf_counter() - began
        questions = [source for source, _ in texts[: given.calls]]
        with served(folder) as server:
            service = Service(
                url=server.url,
                protocol="openai-chat",
                model=str(folder),
                concurrency=given.together,
                timeout_seconds=60,
            )
            began = time.perf_counter()
            found = asyncio.run(asked(service, folder / "replies", questions))
            seconds = time.perf_counter() - began
        again = asyncio.run(asked(service, folder / "replies", questions))
    good = [one for one in found if isinstance(one, dict)]
    for one in [one for one in found if not isinstance(one, dict)][:3]:
        print(f"not answered: {one}")
    told = {
        "loss": round(loss, 2),
        "train_seconds": round(trained, 1),
        "start_seconds": round(server.seconds, 1),
        "calls": len(questions),
        "answered": len(good),
        "with_tokens": sum("tokens" in one for one in good),
        "finish": sorted({str(one["finish"]) for one in good}),
        "server": sorted({str(one.get("server")).replace(str(folder), "DIR") for one in good}),
        "calls_a_second": round(len(good) / seconds, 1),
        "same_without_server": again == found,
    }
    print(json.dumps(told | {"says": good[0]["text"] if good else None}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
