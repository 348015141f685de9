"""What all tests share: the data folder, the registry, and a summary that says which gates ran."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from weft.operators.registry import ROOMS, Registry

ROOT = Path(__file__).resolve().parent.parent

# The same examples each time, so that a run says whether this change broke something; HYPOTHESIS_PROFILE=search looks
# for new ones, at leisure. None has a time limit: a busy machine is no fault of the code.
_UNTIMED: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, **_UNTIMED)
settings.register_profile("search", max_examples=2_000, **_UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def data_folder() -> Path:
    """`$WEFT_DATA`, or the folder that lies beside the checkout."""
    return Path(os.environ.get("WEFT_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real multilingual data that is not part of the repository; without it the test is skipped, with a reason."""
    folder = data_folder()
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}: set WEFT_DATA to the folder that holds it")
    return folder


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Every operator of the package, and no plugin that this machine happens to have."""
    return Registry.from_rooms(ROOMS, entry_points=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent / "gates"):
            item.add_marker(pytest.mark.gate)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    """A gate, or a test of real data, may not be skipped where the data is."""
    report = yield
    reads_data = item.get_closest_marker("gate") or "data_dir" in getattr(item, "fixturenames", ())
    if report.skipped and reads_data and not hasattr(report, "wasxfail") and data_folder().is_dir():
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped although {data_folder()} is there: {reason}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    lines = sorted(
        {
            report.nodeid: _gate_line(report, outcome)
            for outcome in ("passed", "failed", "error", "skipped")
            for report in terminalreporter.stats.get(outcome, [])
            if "gate" in getattr(report, "keywords", {})
        }.items()
    )
    if lines:
        terminalreporter.section("quality gates")
        for _, line in lines:
            terminalreporter.write_line(line)


def _gate_line(report: Any, outcome: str) -> str:
    """`passed  test_gate_html.py::test_main_text  f1=0.842`: what a gate recorded with `record_property`."""
    figures = "  ".join(f"{name}={value}" for name, value in report.user_properties)
    return f"{outcome:8}{report.nodeid.removeprefix('tests/gates/')}  {figures}".rstrip()
