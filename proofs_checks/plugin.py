"""Pytest: options and marks of the bounds, two workers, one seed for all of them.

Loaded by ``-p proofs_checks.plugin``. A run of the bounds writes one evidence file a statement as it goes, so that an
interruption loses nothing.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from lrtheory.bounds import BUDGETS, DEFAULT_SEED, Session

_WORKERS = "2"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that a run of the bounds understands."""
    group = parser.getgroup("lrtheory")
    group.addoption("--budget", choices=sorted(BUDGETS), default="quick", help="how much each check may do")
    group.addoption("--seed", type=int, default=None, help=f"seed of all checks (default {DEFAULT_SEED})")
    group.addoption("--fresh", action="store_true", help="draw a new seed and print it")
    group.addoption("--evidence", default="evidence", help="folder of the evidence files (default: evidence)")


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Add workers to a run of the bounds, unless the caller chose a number."""
    known = early_config.known_args_namespace
    chosen = any(arg.startswith(("-n", "--numprocesses", "--pdb")) for arg in args)
    if known.markexpr == "bounds" and early_config.pluginmanager.hasplugin("xdist") and not chosen:
        args[:0] = ["-n", _WORKERS, "--dist", "loadgroup"]


def pytest_configure(config: pytest.Config) -> None:
    """Fix the seed: the controller's, if this is a worker."""
    config.addinivalue_line("markers", "bounds: measures the theorems (left out unless asked for by -m bounds)")
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run on one worker of pytest-xdist")
    handed_over = getattr(config, "workerinput", {}).get("lrtheory_seed")
    if handed_over is not None:
        seed = handed_over
    elif config.getoption("fresh"):
        seed = secrets.randbelow(2**31)
    else:
        chosen = config.getoption("seed")
        if chosen is not None and chosen < 0:
            raise pytest.UsageError("--seed must be at least 0")
        seed = DEFAULT_SEED if chosen is None else chosen
    config.stash[_SEED] = seed


_SEED: pytest.StashKey[int] = pytest.StashKey()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker of pytest-xdist."""
    node.workerinput["lrtheory_seed"] = node.config.stash[_SEED]


def pytest_report_header(config: pytest.Config) -> str:
    """Print what a repetition needs."""
    return f"lrtheory: budget {config.getoption('budget')}, --seed {config.stash[_SEED]}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of the bounds in which something was skipped has not measured every theorem, so it fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if session.config.option.markexpr.startswith("bounds") and skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} skipped: a theorem that was not measured is no pass")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def bounds_session(pytestconfig: pytest.Config) -> Session:
    """The session that all checks of this process share."""
    return Session.named(pytestconfig.getoption("budget"), pytestconfig.stash[_SEED])


@pytest.fixture(scope="session")
def evidence_folder(pytestconfig: pytest.Config) -> Path:
    """Where the evidence goes."""
    return Path(pytestconfig.getoption("evidence"))
