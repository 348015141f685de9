"""The page about reviewing shows tasks and judgements as they are, and its figures are right."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
from tests.synthetic_records import SCHEMA, pair

from weft.statistics.proportions import wilson
from weft.synthesize.review import read_judgements, tasks
from weft.synthesize.review_acceptance import LEAST
from weft.synthesize.review_guidelines import SCALES

PAGE = (Path(__file__).parents[2] / "docs" / "synthesis-review.md").read_text("utf-8")
TASK, JUDGEMENTS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_task_of_the_page_has_the_shape_of_a_task():
    made = pa.Table.from_pylist([pair(1, "Children play in the field.", "Watoto wanacheza uwanjani.")], SCHEMA)
    (task,) = tasks(made, 1, seed=0).tasks
    assert json.loads(TASK) | {"task": task["task"]} == task
    assert len(task["task"]) == len(json.loads(TASK)["task"])


def test_the_judgements_of_the_page_are_read():
    first, second = read_judgements(JUDGEMENTS.encode(), "page")
    assert first.ratings == {"adequacy": 5, "fluency": 4, "naturalness": 3, "harm": 5} and second.skipped


def test_the_figures_of_the_page_are_those_of_the_interval():
    (said,) = re.findall(r"floor of 0\.8: (.*)\.\n", PAGE)
    for needed, of in re.findall(r"(\d+) of (\d+)", said):
        assert wilson(int(needed), int(of))[0] >= 0.8 > wilson(int(needed) - 1, int(of))[0]
    assert "at least 4 for adequacy, 4 for fluency, 3 for naturalness and 4 for harm" in PAGE
    assert tuple(LEAST.values()) == (4, 4, 3, 4) and tuple(LEAST) == SCALES
