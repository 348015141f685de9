"""weft's identifier beside CLD2, CLD3, py3langid and fastText: right answers, unknown languages, speed, start, memory.

python benchmarks/identify.py [--model MODEL] [--left-out FOLDER] [--fasttext FOLDER] [--peer PYTHON] [--json]

Texts are the part dev of the split of weft's own model, which neither its training nor that of fastText saw. MODEL is
what `weft train language` wrote; default: what weft carries. Below the folder of --left-out are
without-SOURCE/model.npz, what it wrote `--without SOURCE`: they answer for weft where it has seen no text of that
source, and without-udhr where it does not know the language. That of --fasttext holds all.bin and unseen.bin, fastText
trained on all texts and on those without UDHR; what is not there is trained by PYTHON, an environment of the peers
(`make bench` makes it).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
import corpora
import identifiers
from identifiers import Tool, Weft, folded

from weft.language import recipe as recipes
from weft.language.evaluation import macro_f1
from weft.language.model import packaged_file
from weft.language.texts import read_texts
from weft.language.training import in_their_script, known_labels

DATASETS = {
    "sib200": "SIB-200 sentences", "udhr": "Declaration of Human Rights", "afrisenti": "tweets",
    "persoarabic": "Perso-Arabic script", "hplt": "web documents", "lines": "web lines",
}  # fmt: skip
UNSEEN = "udhr"
COST, COSTLY = 0.02, ("sib200", "afrisenti", "persoarabic")
"""Right answers of any of these sets that a threshold may cost where tools are set side by side at equal cost."""
_SHORTEST_LINE = 20
_START = "import sys; sys.path.insert(0, sys.argv[1]); import identify_start; identify_start.main(*sys.argv[2:])"


def recipe() -> Any:
    return recipes.load_recipe(Path(recipes.__file__).with_name("default.yaml"))


def texts() -> dict[str, pl.DataFrame]:
    """Texts (language, text) of the part dev by the names of DATASETS; web documents whole, and their lines."""
    held = recipe()
    wanted = tuple(s.model_copy(update={"cut": None}) for s in held.sources if s.name in DATASETS)
    found = read_texts(held.model_copy(update={"sources": wanted}), corpora.data_folder())
    found = found.filter(pl.col("split") == "dev").select("source", "language", "text")
    made = {name: found.filter(pl.col("source") == name) for name in DATASETS if name != "lines"}
    lines = made["hplt"].with_columns(pl.col("text").str.replace_all("\\n", "\n", literal=True).str.split("\n"))
    lines = lines.explode("text").filter(pl.col("text").str.len_chars() >= _SHORTEST_LINE)
    return made | {"lines": lines.unique("text", keep="first", maintain_order=True)}


def train_fasttext(folder: Path, peer: str) -> None:
    """all.bin and unseen.bin, where they are not there, from the texts that weft's models are trained on."""
    held = recipe()
    folder.mkdir(parents=True, exist_ok=True)
    for name, left_out in (("all", ()), ("unseen", (UNSEEN,))):
        if not (folder / f"{name}.bin").exists():
            kept = tuple(s for s in held.sources if s.name not in left_out)
            rows = read_texts(held.model_copy(update={"sources": kept}), corpora.data_folder())
            rows = rows.filter(pl.col("split") == "train")
            rows = in_their_script(rows)
            rows = rows.filter(pl.col("language").is_in(known_labels(rows, held.model)))
            rows = rows.sample(fraction=1.0, shuffle=True, seed=1)
            line = pl.format("__label__{} {}", "language", pl.col("text").str.replace_all(r"\s+", " "))
            (folder / "texts").write_text("\n".join(rows.select(line).to_series()) + "\n", "utf-8")
            script = str(Path(__file__).with_name("peer_fasttext.py"))
            subprocess.run([peer, script, str(folder / "texts"), str(folder / f"{name}.bin")], check=True)
            (folder / "texts").unlink()


def quality(
    weft: Weft, peers: list[Tool], sets: dict[str, pl.DataFrame]
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Macro-F1 of every tool on every set, and what each said.

    `all`: over all labels; `shared`: texts in languages that every tool knows; `own`: in those that the tool knows.
    On these too: weft, any of its labels being possible (`weft`), and only languages that the tool knows
    (`weft_equal`). Nothing is refused.
    """
    rows, kept, tools = [], {}, [weft, *peers]
    for name, held in sets.items():
        column = held["text"].to_list()
        true = np.array([folded(code) for code in held["language"]], dtype=object)
        knows = {t.name: np.array([t.knows(code) for code in held["language"]], bool) for t in tools}
        said = {tool.name: tool.said(column) for tool in tools}
        kept[name] = {"said": said, "true": true}
        shared = np.logical_and.reduce(list(knows.values()))
        for tool in tools:
            best, own = said[tool.name].best, knows[tool.name]
            row = {"set": name, "tool": tool.name, "all": _f1(true, best), "shared": _f1(true[shared], best[shared])}
            row |= {"own": _f1(true[own], best[own]), "weft": _f1(true[own], said[weft.name].best[own])}
            rows.append(row | {"weft_equal": _f1(true[own], weft.among(column, tool.knows)[own])})
    return rows, kept


def beyond(
    peers: Mapping[str, list[Tool]], sets: dict[str, pl.DataFrame], left_out: Mapping[str, Weft]
) -> list[dict[str, Any]]:
    """Macro-F1 of peers, and of weft that saw no text of the source, where both know the language.

    Of weft only languages compete that the peer knows; of the peer its own, which are some more.
    """
    rows = []
    for name, weft in left_out.items():
        column, codes = sets[name]["text"].to_list(), sets[name]["language"].to_list()
        true = np.array([folded(code) for code in codes], dtype=object)
        for tool in peers[name]:
            both = np.array([tool.knows(code) and weft.knows(code) for code in codes], bool)
            other, own = tool.said(column).best, weft.among(column, tool.knows)
            scores = {"its": _f1(true[both], other[both]), "weft_unseen": _f1(true[both], own[both])}
            rows.append({"set": name, "tool": tool.name} | scores)
    return rows


def _f1(true: np.ndarray, found: np.ndarray) -> dict[str, Any] | None:
    return macro_f1(true, found) if len(true) else None


def unknown(tools: list[Tool], rows: pl.DataFrame, kept: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Share of texts accepted in languages that none of the tools has, every language the same.

    By default, and where the score may cost 2 % of the tool's right answers in no set; weft has no other threshold
    than its own, which was set for that cost.
    """
    none = pl.Series([not any(tool.knows(code) for tool in tools) for code in rows["language"]], dtype=pl.Boolean)
    foreign = rows.filter(none)
    weight = 1 / foreign.select(pl.len().over("language")).to_series().to_numpy()
    made = []
    for tool in tools:
        said = tool.said(foreign["text"].to_list())
        least, lost = 1.0, 0.0
        for name in COSTLY:
            held = kept[name]["said"][tool.name]
            right = held.best == kept[name]["true"]
            least = min(least, float(np.quantile(held.score[right], COST)))
            lost = max(lost, float((~held.accepted[right]).mean()))
        equal = said.accepted if tool.name == "weft" else said.score >= least
        made.append(
            {
                "tool": tool.name,
                "languages": foreign["language"].n_unique(),
                "texts": foreign.height,
                "accepted": round(float(np.average(said.accepted, weights=weight)), 3),
                "right_answers_lost": round(lost, 4),
                "accepted_at_equal_cost": round(float(np.average(equal, weights=weight)), 3),
            }
        )
    return made


def speed(tools: list[Tool], sets: dict[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """Per CPU-second of one thread, the median of five runs in turns: sentences, MB of documents of two lengths."""
    web = sets["hplt"]["text"].to_list()
    held = {
        "sentences": sets["sib200"]["text"].to_list(),
        "documents": web,
        "joined": ["\n".join(web[n : n + 10]) for n in range(0, len(web), 10)],
    }
    seconds: dict[tuple[str, str], list[float]] = {}
    for _ in range(5):
        for tool in tools:
            for name, each in held.items():
                start = time.process_time()
                tool.bare(each)
                seconds.setdefault((tool.name, name), []).append(time.process_time() - start)
    size = {name: sum(len(text.encode()) for text in each) / 1e6 for name, each in held.items()}
    made = []
    for tool in tools:
        took = {name: statistics.median(seconds[tool.name, name]) for name in held}
        made.append(
            {
                "tool": tool.name,
                "sentences_per_s": round(len(held["sentences"]) / took["sentences"]),
                "documents_mb_per_s": round(size["documents"] / took["documents"], 2),
                "joined_mb_per_s": round(size["joined"] / took["joined"], 2),
            }
        )
    for row in made:
        for name in ("sentences_per_s", "documents_mb_per_s", "joined_mb_per_s"):
            row[f"weft_times_{name.removesuffix('_per_s')}"] = round(made[0][name] / row[name], 2)
    return made


def starts(models: dict[str, str], line: str) -> list[dict[str, Any]]:
    """A process for each tool: wall and CPU seconds from start to the answer to one line, load, memory.

    The shortest of five; `command` is the whole command `weft identify`, the others call their library alone.
    """
    made = []
    for name, file in models.items():
        runs = [_started(name, file, line) for _ in range(5)]
        made.append({"tool": name} | {key: min(run[key] for run in runs) for key in runs[0]})
    return made


def _started(name: str, file: str, line: str) -> dict[str, float]:
    before, began = os.times(), time.perf_counter()
    if name == "command":
        command = [sys.executable, "-m", "weft", "identify", "--model", file]
        subprocess.run(command, input=line + "\n", text=True, check=True, capture_output=True)
        told = {}
    else:
        command = [sys.executable, "-c", _START, str(Path(__file__).parent), name, file]
        found = subprocess.run(command, input=line, text=True, check=True, capture_output=True)
        told = json.loads(found.stdout)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": round(wall, 3), "cpu_s": round(cpu, 3), **told}


def table(rows: Iterable[dict[str, Any]]) -> None:
    """Rows with tabs; of scores the value and its interval."""
    rows = list(rows)
    head = max((list(row) for row in rows), key=len)
    print("\t".join(head))
    for row in rows:
        print("\t".join(_cell(row.get(name)) for name in head))
    print()


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['macro_f1']:.3f} ({value['low']:.3f}–{value['high']:.3f}; {value['languages']})"
    return "–" if value is None else str(value)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", type=Path, default=packaged_file("default"))
    arguments.add_argument("--left-out", type=Path)
    arguments.add_argument("--fasttext", type=Path)
    arguments.add_argument("--peer")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    if given.fasttext and given.peer:
        train_fasttext(given.fasttext, given.peer)
    sets = texts()
    others = [identifiers.cld2_tool(), identifiers.cld3_tool(), identifiers.langid_tool()]
    weft = identifiers.weft_tool(given.model)
    tools: list[Tool] = [*others]
    models = {"command": str(given.model), "weft": str(given.model), "cld2": "", "cld3": "", "py3langid": ""}
    if given.fasttext:
        tools.append(identifiers.fasttext_tool(given.fasttext / "all.bin"))
        models["fastText"] = str(given.fasttext / "all.bin")
    left_out = {name: given.left_out / f"without-{name}" / "model.npz" for name in DATASETS} if given.left_out else {}
    alone = {
        n: replace(identifiers.weft_tool(file), name=f"weft without {n}")
        for n, file in left_out.items()
        if file.exists()
    }
    if given.left_out and not alone:
        raise SystemExit(f"{given.left_out}: no model there; expected without-SOURCE/model.npz, such as without-udhr")
    found: dict[str, Any] = {}
    found["quality"] = quality(weft, tools, sets)[0]
    unseen_fasttext = [identifiers.fasttext_tool(given.fasttext / "unseen.bin")] if given.fasttext else []
    if alone:
        peers = {name: [*others, *(unseen_fasttext if name == UNSEEN else [])] for name in alone}
        found["beyond"] = beyond(peers, sets, alone)
    if UNSEEN in alone:
        own, unseen = replace(alone[UNSEEN], name="weft"), [*others, *unseen_fasttext]
        seen = {name: sets[name] for name in COSTLY}
        found["unknown"] = unknown([own, *unseen], sets[UNSEEN], quality(own, unseen, seen)[1])
    found["speed"] = speed([weft, *tools], sets)
    found["start"] = starts(models, sets["sib200"]["text"][0])
    if given.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for rows in found.values():
        table(rows)


if __name__ == "__main__":
    main()
