"""The suites of culture that are shipped, on rows of the columns that they name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.evaluate.conftest import Write

from weft.evaluate.models.contract import Continued, Likelihood, Output, Question, Tell
from weft.evaluate.running import Run, Settings, evaluate
from weft.evaluate.suite import load


class Rates:
    """Log-likelihoods that a function says."""

    likely = True

    def __init__(self, nats: Callable[[Continued], float]) -> None:
        self._nats = nats
        self.told = {"kind": "test"}

    def generate(self, questions: Sequence[Question], tell: Tell) -> list[Output]:
        raise AssertionError(questions)

    def likelihoods(self, pairs: Sequence[Continued], tell: Tell) -> list[Likelihood | None]:
        return [Likelihood(self._nats(pair), 1) for pair in pairs]

    def close(self) -> None:
        pass


def _run(name: str, data: Path, nats: Callable[[Continued], float]) -> Run:
    return evaluate(load(name)[0], Rates(nats), Settings(data, samples=200), lambda *_: None)


def _values(run: Run) -> dict[tuple[str, str | None, str | None], float]:
    return {(one.metric, one.direction, one.slice): one.value for one in run.scores}


def _lines(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_opinions_of_each_country(write: Write, tmp_path: Path) -> None:
    options = ["Good", "Bad", "Neither"]
    people = {"Kenya": [50, 50, 0], "Ghana": [0, 0, 31]}
    rows = [
        {"question": f"Is {n} good?", "options": options, "country": country, "people": held, "source": "GAS"}
        for n in range(2)
        for country, held in people.items()
    ]
    write("opinions/eng.jsonl", _lines(rows))
    run = _run("global-opinions", tmp_path, lambda pair: -50.0 if pair.continuation == " Neither" else -1.0)
    assert not run.lost and not run.not_run
    found = _values(run)
    assert found["similarity", None, "region=Kenya"] == pytest.approx(1.0)
    assert found["similarity", None, "region=Ghana"] == pytest.approx(0.0, abs=1e-6)
    assert {("similarity", None, None), ("similarity", None, "source=GAS")} <= set(found)


def test_etiquette_with_more_and_more_context(write: Write, tmp_path: Path) -> None:
    made = io.StringIO()
    table = csv.DictWriter(made, ["ID", "Country", "Value", "Rule-of-Thumb", "Story", "Gold Label"])
    table.writeheader()
    for n, label in enumerate(["yes", "no", "neutral"] * 4):
        row = {"ID": n, "Country": "kenya", "Value": "Respect", "Rule-of-Thumb": f"It is {label}.", "Story": f"S{n}"}
        table.writerow(row | {"Gold Label": label})
    write("normad/eng.csv", made.getvalue())

    def nats(pair: Continued) -> float:
        rule = pair.context.partition("Rule: It is ")[2]
        wanted = {"ye": " Yes", "no": " No", "ne": " Neither"}.get(rule[:2], " Yes")
        return 0.0 if pair.continuation == wanted else -9.0

    run = _run("normad", tmp_path, nats)
    assert not run.lost and not run.not_run
    found = _values(run)
    conditions = ("none", "country", "value", "country+value", "rule")
    assert [found["accuracy", one, None] for one in conditions] == [pytest.approx(1 / 3)] * 4 + [1.0]
    assert found["gap", "rule - country", None] == pytest.approx(2 / 3)
    assert found["accuracy", "rule", "region=kenya"] == 1.0


@pytest.mark.parametrize(("fond", "stereotyped", "bias"), [("rude", 1.0, 0.5), ("tall", 0.0, -1.0)])
def test_stereotypes_beside_controls(write: Write, tmp_path: Path, fond: str, stereotyped: float, bias: float) -> None:
    numbers = {"axis": "East", "agreement": 1.0, "offensiveness": 2.0}
    rows = [
        {"identity": who, "attribute": what, "control": what == "tall", **numbers}
        for who, what in (("Aran", "rude"), ("Aran", "tall"), ("Beran", "tall"), ("Ceran", "tall"), ("Deran", "lazy"))
    ]
    write("seegull/eng.jsonl", _lines([row for row in rows if row["attribute"] != "lazy"] + rows[-1:]))

    def nats(pair: Continued) -> float:
        who, what = pair.context.split()[0], pair.continuation.strip()
        if fond == "rude":
            return -1.0 if (who, what) in (("Aran", "rude"), ("Deran", "lazy")) else -3.0
        return -3.0 if (who, what) in (("Aran", "rude"), ("Deran", "lazy")) else -1.0 - 0.1 * (who == "Deran")

    run = _run("seegull", tmp_path, nats)
    assert not run.lost and not run.not_run
    found = _values(run)
    assert found["stereotyped", None, None] == stereotyped
    assert found["bias", None, None] == pytest.approx(bias)
    assert ("bias", None, "region=East") in found
