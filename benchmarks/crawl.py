"""weft beside datatrove from a web archive: WARC to clean corpus, MB of pages per CPU-second.

python benchmarks/crawl.py --peer PYTHON [--copies N]: real pages of `$WEFT_DATA/html` and copies of them with
other paragraphs, in one WARC. One
worker each, same input; CPU seconds are the operating system's, of the process and its children, start-up included.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import re
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import corpora
from pipeline import cpu_seconds

RECIPE = """\
name: crawl
acquire:
  - path: {source}
    basis: crawl-private
"""
_PARAGRAPH = re.compile(rb"<p>[^<]{40,}</p>")
_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"


def pages() -> Iterator[tuple[str, bytes]]:
    """Real pages with the name of the archive that holds them, in its order."""
    for path in sorted((corpora.data_folder() / "html").glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None and member.name.endswith((".html", ".htm")):
                    yield path.name, content.read()


def recombined(copies: int) -> Iterator[bytes]:
    """Every page, then copies of it whose paragraphs are drawn from all pages of its archive: real markup, new text."""
    for path, held in itertools.groupby(pages(), key=lambda item: item[0]):
        found = [page for _, page in held]
        yield from found
        pool = [match for page in found for match in _PARAGRAPH.findall(page)]
        draw = random.Random(path)
        for _ in range(copies - 1):
            for page in found:
                yield _PARAGRAPH.sub(lambda match, draw=draw, pool=pool: draw.choice(pool), page)


def record(number: int, page: bytes) -> bytes:
    body = _HTTP % len(page) + page
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"
        "WARC-Date: 2024-01-01T00:00:00Z\r\n"
        f"WARC-Target-URI: http://page{number}.example/\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def write(folder: Path, copies: int) -> tuple[int, int]:
    """One WARC of single-member records; returns its pages and their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    count = size = 0
    with open(folder / "pages.warc.gz", "wb") as sink:
        for number, page in enumerate(recombined(copies)):
            sink.write(gzip.compress(record(number, page), 6))
            count, size = count + 1, size + len(page)
    return count, size


def ours(source: Path, target: Path) -> float:
    target.mkdir(parents=True)
    (target / "recipe.yaml").write_text(RECIPE.format(source=source), "utf-8")
    build = ["--into", str(target / "build"), "--workers", "1", "--quiet"]
    return cpu_seconds([sys.executable, "-m", "weft", "run", str(target / "recipe.yaml"), *build])


def theirs(peer: str, source: Path, target: Path) -> float:
    return cpu_seconds([peer, str(Path(__file__).parent / "peer_datatrove_crawl.py"), str(source), str(target)])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer", required=True)
    arguments.add_argument("--copies", type=int, default=16)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
    try:
        count, size = write(folder / "in", given.copies)
        ours(folder / "in", folder / "warm")
        weft_cpu, peer_cpu = ours(folder / "in", folder / "weft"), theirs(given.peer, folder / "in", folder / "peer")
        rates = {"weft": round(size / 1e6 / weft_cpu, 3), "datatrove": round(size / 1e6 / peer_cpu, 3)}
        row = {"pages": count, "MB": round(size / 1e6, 1), **rates, "ratio": round(peer_cpu / weft_cpu, 1)}
        print(json.dumps(row), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
