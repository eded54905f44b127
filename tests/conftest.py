"""Hypothesis profiles; array libraries, the wheel and a warm process as fixtures; whether what was required did run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.backends import BACKENDS, Backend, backend, need_data, required
from tests.warm import SHARED, Warm

# No deadline anywhere: the first example of a solver pays for its compilation.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=100,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", deadline=None, max_examples=5000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture
def uses(record_property: Callable[[str, Any], None]) -> Callable[[str], None]:
    """Say that this test runs on a back-end or data set; LRTHEORY_REQUIRE is held against what was said."""
    return lambda name: record_property("uses", name)


@pytest.fixture
def data(uses: Callable[[str], None]) -> Callable[[str], None]:
    """Ask for a data set by name: the test is skipped where it is missing, and otherwise says that it runs on it."""

    def ask(name: str) -> None:
        need_data(name)
        uses(name)

    return ask


@pytest.fixture(params=list(BACKENDS))
def xp(request: pytest.FixtureRequest, uses: Callable[[str], None]) -> Iterator[Backend]:
    """An array library: `.asarray(numpy_array)`, `.to_numpy(value)`, `.name`, `.namespace`."""
    chosen = backend(request.param)
    uses(chosen.name)
    with chosen.flags():
        yield chosen


@pytest.fixture(autouse=True)
def no_pictures_stay_open() -> Iterator[None]:
    """Close what a test has drawn: Matplotlib warns of the twenty-first picture, whichever test opens it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built with the packages that are here."""
    pytest.importorskip("hatchling", reason="the wheel is built without network, so hatchling must be here")
    folder, root = tmp_path_factory.mktemp("wheel"), Path(__file__).resolve().parents[1]
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    return next(folder.glob("lrtheory-*.whl"))


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A process that has imported the checkout, and forks for each command."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    made = Warm(*SHARED, environment=inherited | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])})
    yield made
    made.close()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_Required(session.config), "lrtheory-required")


class _Required:
    """Sees the reports of all workers, and fails the run when something required did not pass in any test."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.ran: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.ran.update(value for name, value in report.user_properties if name == "uses")

    def absent(self) -> list[str]:
        return sorted(required() - self.ran)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.absent() and session.exitstatus == 0 and not hasattr(self.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.absent():
            terminalreporter.write_line(f"LRTHEORY_REQUIRE: no test ran on {', '.join(self.absent())}", red=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests first, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: "project" not in item.path.parts)
