"""Similar vectors: what weft finds of all pairs, and at what cost, beside every pair by NumPy and beside FAISS.

python benchmarks/semantic.py [--vectors 100000] [--numbers 384] [--kinds …] [--sample 10000] [--peer PYTHON]
python benchmarks/semantic.py --encoder FOLDER|made [--texts 500]     documents per CPU-second of label.embedding

Vectors are made, with a tenth of them planted beside others at cosines from .9 to .99. One thread each; CPU seconds of
the process, vectors in memory. True pairs are those of a sample with all. weft: `cells` and `deduplicate.semantic`;
`met` are true pairs that shared a cell, `found` true pairs whose ends are in one group. FAISS: pairs that it gives.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402  # the number of threads is read when it is imported
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from weft.deduplicate.cells import Vectors, averaged, cell_count, drawn, sampled, visits, whole  # noqa: E402
from weft.deduplicate.semantic import VECTOR, VISIT, probes_of, semantic  # noqa: E402
from weft.engine.plan_semantic import destination_count  # noqa: E402
from weft.text.components import components  # noqa: E402

KINDS = {
    "uniform": "no structure at all",
    "topics": "2,000 topics whose sizes fall as 1/rank; two documents of one have a cosine of .74",
    "flat": "30 directions out of all, around one mean; two documents have a cosine of .5",
    "crowd": "a third of all within one crowd; two of it have a cosine of .85",
    "narrow": "all in one cone, as some encoders give them; two documents have a cosine of .8",
}


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def structured(kind: str, rows: int, numbers: int, draw: np.random.Generator) -> np.ndarray:
    base = unit(draw.standard_normal((rows, numbers), np.float32))
    centre = unit(draw.standard_normal((2000, numbers), np.float32))
    if kind == "topics":
        weight = 1 / np.arange(1, 2001)
        base = centre[draw.choice(2000, rows, p=weight / weight.sum())] + 0.6 * base
    elif kind == "flat":
        plane = unit(draw.standard_normal((30, numbers), np.float32))
        base = unit(draw.standard_normal((rows, 30), np.float32) @ plane) + centre[0] + 0.1 * base
    elif kind == "crowd":
        base[: rows // 3] = centre[0] + 0.42 * base[: rows // 3]
    elif kind == "narrow":
        base = centre[0] + 0.5 * base
    return unit(base)


def planted(kind: str, rows: int, numbers: int) -> np.ndarray:
    """Vectors of length one, as the label stores them, a tenth of them beside another one."""
    draw = np.random.default_rng(1)
    base = structured(kind, rows, numbers, draw)
    count = rows // 10
    of = base[draw.permutation(rows - count)[:count]]
    cosine = draw.uniform(0.9, 0.99, count).astype(np.float32)[:, None]
    # Beside it as its neighbours are: what is added is a difference of two documents of this kind.
    others = base[draw.permutation(rows)[:count]] - base[draw.permutation(rows)[:count]]
    others -= (others * of).sum(axis=1, keepdims=True) * of
    base[draw.permutation(rows)[:count]] = cosine * of + np.sqrt(1 - cosine**2) * unit(others)
    return unit(unit(base).astype(np.float16).astype(np.float32))


def every_pair(vectors: np.ndarray, threshold: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of some rows with any other of at least the threshold, and their cosines, by matrix products."""
    pairs, cosines = [], []
    for start in range(0, len(rows), 2048):
        part = rows[start : start + 2048]
        scores = vectors[part] @ vectors.T
        first, second = np.nonzero(scores >= threshold)
        other = part[first] != second
        pairs.append(np.stack([part[first[other]], second[other]], axis=1))
        cosines.append(scores[first[other], second[other]])
    return np.concatenate(pairs), np.concatenate(cosines)


def tables(vectors: np.ndarray, probes: int, met: list[np.ndarray]) -> Iterator[pa.Table]:
    """The visits, one destination of the exchange at a time."""
    rows, numbers = vectors.shape
    many, few = (drawn(0, rows, share) for share in sampled(rows, cell_count(rows, probes)))
    centres = averaged(whole(vectors[few]), whole(vectors[many]))
    made = visits(Vectors(np.arange(rows), vectors), centres, probes)
    met += [made.cell.reshape(rows, -1)]
    count = destination_count(rows, probes)
    place = ((made.cell >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32)
    for number in range(count):
        chosen = np.flatnonzero(place == number)
        position = made.vector[chosen]
        offsets = np.arange(len(chosen) + 1, dtype=np.int32) * numbers
        values = pa.array(vectors[position].astype(np.float16).ravel())
        lists = pa.ListArray.from_arrays(pa.array(offsets), values).cast(VECTOR)
        columns = [made.cell[chosen], made.home[chosen], np.zeros(len(chosen), np.int32), position.astype(np.int32)]
        yield pa.table([*columns, lists], schema=VISIT)


def ours(vectors: np.ndarray, threshold: float, probes: int, truth: np.ndarray) -> dict[str, float]:
    cells: list[np.ndarray] = []
    began = time.process_time()
    group = semantic(threshold=threshold)
    made = pa.concat_tables([group(table) for table in tables(vectors, probes, cells)])
    seconds = time.process_time() - began
    root = components(len(vectors), *(made[name].to_numpy().astype(np.int64) for name in ("row_a", "row_b")))
    visited, first, second = cells[0], truth[:, 0], truth[:, 1]
    met = (visited[first] == visited[second][:, :1]).any(axis=1) | (visited[second] == visited[first][:, :1]).any(
        axis=1
    )
    return {
        "cpu_s": round(seconds, 1),
        "vectors_per_cpu_s": round(len(vectors) / seconds),
        "met": round(float(met.mean()), 4),
        "found": round(float((root[first] == root[second]).mean()), 4),
        "groups": int((root == np.arange(len(root))).sum()),
    }


def theirs(
    peer: str, vectors: np.ndarray, threshold: float, kind: str, probes: int, truth: np.ndarray
) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="weft-bench-") as name:
        given, target = Path(name, "vectors.npy"), Path(name, "pairs.npy")
        np.save(given, vectors)
        script = str(Path(__file__).with_name("peer_faiss.py"))
        cells = str(cell_count(len(vectors), probes))
        command = [peer, script, str(given), str(threshold), kind, cells, str(probes), str(target)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        pairs = np.load(target)
    size = np.int64(len(vectors))
    found = np.isin(np.sort(truth, axis=1) @ np.array([size, 1]), pairs @ np.array([size, 1]))
    rate = round(len(vectors) / told["cpu_s"])
    return {**told, "vectors_per_cpu_s": rate, "pairs_found": round(float(found.mean()), 4)}


def search(given: argparse.Namespace) -> None:
    ours(planted("uniform", 20_000, 64), 0.9, 4, np.zeros((1, 2), np.int64))  # kernels are compiled or loaded here
    for kind in given.kinds:
        vectors = planted(kind, given.vectors, given.numbers)
        began = time.process_time()
        rows = np.random.default_rng(2).permutation(len(vectors))[: given.sample]
        pairs, cosines = every_pair(vectors, min(given.thresholds), rows)
        seconds = time.process_time() - began
        for threshold in given.thresholds:
            truth = pairs[cosines >= threshold]
            row = {"kind": kind, "threshold": threshold, "pairs": len(truth)}
            row["every_pair"] = {"cpu_s": round(seconds, 1), "vectors_per_cpu_s": round(len(rows) / seconds)}
            probes = probes_of(threshold, given.probes)
            row |= {"probes": probes, "weft": ours(vectors, threshold, probes, truth)}
            for peer in given.peers if given.peer else ():
                row[f"faiss_{peer}"] = theirs(given.peer, vectors, threshold, peer, probes, truth)
            print(json.dumps(row), flush=True)


def small(folder: Path, texts: list[str]) -> Path:
    """An encoder of the shape of all-MiniLM-L6-v2 (6 layers of 384 numbers), with random weights."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    made.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=30_522, special_tokens=names))
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    wrapped = {"pad_token": "[PAD]", "unk_token": "[UNK]", "model_max_length": 256}
    PreTrainedTokenizerFast(tokenizer_object=made, **wrapped).save_pretrained(folder)
    shape = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
    BertModel(BertConfig(vocab_size=30_522, **shape), add_pooling_layer=False).save_pretrained(folder)
    return folder


def encode(given: str, count: int) -> None:
    """Documents per CPU-second of `label.embedding`, loading left out."""
    import corpora

    from weft.label.embedding import embedding

    with tempfile.TemporaryDirectory(prefix="weft-bench-") as name:
        corpora.write(Path(name, "in"), "swh_Latn", 8)
        read = [pq.read_table(file, columns=["text"]) for file in sorted(Path(name, "in").iterdir())]
        table = pa.concat_tables(read).slice(0, count).cast(pa.schema({"text": pa.large_string()}))
        texts = table["text"].to_pylist()
        folder = str(small(Path(name, "model"), texts)) if given == "made" else given
        size = sum(len(text.encode()) for text in texts)
        for precision in ("float32", "bfloat16"):
            label = embedding(model=folder, device="cpu", precision=precision)
            label(table.slice(0, 2))
            began = time.process_time()
            label(table)
            took = time.process_time() - began
            row = {"precision": precision, "documents": len(texts), "kB": round(size / 1e3), "cpu_s": round(took, 1)}
            rates = {"documents_per_cpu_s": round(len(texts) / took, 2), "kB_per_cpu_s": round(size / took / 1e3, 1)}
            print(json.dumps(row | rates), flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--vectors", type=int, default=100_000)
    arguments.add_argument("--numbers", type=int, default=384)
    arguments.add_argument("--probes", type=int, help="by default those of the operator")
    arguments.add_argument("--sample", type=int, default=10_000, help="vectors whose pairs are all found")
    arguments.add_argument("--peers", nargs="*", default=["flat", "ivf"])
    arguments.add_argument("--thresholds", type=float, nargs="*", default=[0.9, 0.95])
    arguments.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    arguments.add_argument("--peer", help="a Python that has faiss-cpu")
    arguments.add_argument("--encoder", help="a folder of an encoder, or made: time it, and nothing else")
    arguments.add_argument("--texts", type=int, default=500)
    given = arguments.parse_args()
    if given.encoder:
        encode(given.encoder, given.texts)
    else:
        search(given)


if __name__ == "__main__":
    main()
