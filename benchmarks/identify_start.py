"""One identifier in a process of its own: a line from standard input, then what it took as JSON; for identify.py.

`import_s` and `load_s` are CPU seconds: until the library is there, and until its model is; `resident_mb` after the
line, `peak_mb` the most until then (Linux).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def weft(file: str) -> tuple[float, Callable[[str], object]]:
    import pyarrow as pa

    from weft.language.identify import identify
    from weft.language.model import load_model

    start = time.process_time()
    model = load_model(Path(file))
    return start, lambda line: identify(model, pa.array([line], pa.large_string()))["lid"][0].as_py()["language"]


def cld2(_: str) -> tuple[float, Callable[[str], object]]:
    import pycld2

    return time.process_time(), lambda line: pycld2.detect(line.encode(), isPlainText=True, bestEffort=True)[2][0][1]


def cld3(_: str) -> tuple[float, Callable[[str], object]]:
    import gcld3

    start = time.process_time()
    held = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=4_096)
    return start, lambda line: held.FindLanguage(line).language


def py3langid(_: str) -> tuple[float, Callable[[str], object]]:
    from py3langid import langid

    start = time.process_time()
    held = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    return start, lambda line: held.classify(line)[0]


def fasttext(file: str) -> tuple[float, Callable[[str], object]]:
    import fasttext as library

    start = time.process_time()
    held = library.load_model(file)
    return start, lambda line: held.predict(line)[0][0]


def _peak() -> int:
    """Bytes; of this program alone, unlike getrusage, which goes on from the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main(name: str, file: str) -> None:
    began = time.process_time()
    make = {"weft": weft, "cld2": cld2, "cld3": cld3, "py3langid": py3langid, "fastText": fasttext}[name]
    start, answer = make(file)
    loaded = time.process_time()
    if not answer(sys.stdin.read().strip()):
        raise SystemExit(f"{name} gave no answer")
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    told = {
        "import_s": start - began,
        "load_s": loaded - start,
        "answer_s": time.process_time() - loaded,
        "resident_mb": resident / 1e6,
        "peak_mb": _peak() / 1e6,
    }
    print(json.dumps({key: round(value, 4) for key, value in told.items()}))
