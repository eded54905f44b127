"""A plugin of pytest that collects statements: ``pytest -p lrtheory.pytest -m bounds`` measures them.

Every module-level statement in a file of the configured places, or in a file that matches the ini option
``statements``, is an item named by its id; each of its saboteurs and repairs is one more. Of a statement outside of the
package a further item, ``ID[forger]``, tells lies about its outcome, none of which may be supported. A run writes an
evidence file per item that measures, as it goes, so that an interruption loses nothing.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lrtheory.bounds import (
    BUDGETS,
    DEFAULT_SEED,
    Evidence,
    Identity,
    Inequality,
    Recorded,
    Registry,
    Session,
    Statement,
    StatementError,
    check,
    defects,
)
from lrtheory.bounds.finding.configuration import configured
from lrtheory.bounds.finding.registry import are_one
from lrtheory.bounds.trust.forger import FORGING, SECONDS, admits_lies, forge
from lrtheory.bounds.trust.testimony import is_outside, left_untold, remedies

__all__ = ["ForgerItem", "StatementFile", "StatementItem"]

_WORKERS = "2"
_SEED: pytest.StashKey[int] = pytest.StashKey()
_SESSION: pytest.StashKey[Session] = pytest.StashKey()
_REGISTRY: pytest.StashKey[Registry] = pytest.StashKey()
_FILES: pytest.StashKey[dict[str, tuple[Statement, Path]]] = pytest.StashKey()  # where the statement of an id stands


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that a run of the bounds understands."""
    group = parser.getgroup("lrtheory", "theorems, measured")
    group.addoption(
        "--bounds-budget", choices=sorted(BUDGETS), default="quick", help="how much each check may do (default: quick)"
    )
    group.addoption("--bounds-seed", type=int, default=None, help=f"seed of all checks (default: {DEFAULT_SEED})")
    group.addoption("--bounds-fresh", action="store_true", help="draw a new seed and print it")
    group.addoption(
        "--bounds-evidence", default=None, help="folder of the evidence files (default: that of the configuration)"
    )
    parser.addini(
        "statements",
        "globs of files whose statements are collected besides those of [tool.lrtheory]",
        type="args",
        default=["bounds_*.py", "bounds/*.py"],
    )


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Add workers to a run of the bounds, unless the caller chose a number, and keep each system on one of them.

    Without groups, which pytest-xdist does not make by itself where a caller chooses the number alone, every worker
    would compile the kernels of every system, and run what statements share.
    """
    known = early_config.known_args_namespace
    if known.markexpr != "bounds" or not early_config.pluginmanager.hasplugin("xdist"):
        return
    chosen = any(arg.startswith(("-n", "--numprocesses")) for arg in args)
    # with --pdb and --collect-only workers would be in the way
    if not chosen and any(arg.startswith(("--pdb", "--collect-only", "--co")) for arg in args):
        return
    if not any(arg.startswith(("--dist", "-d")) for arg in args):
        args[:0] = ["--dist", "loadgroup"]
    if not chosen:
        args[:0] = ["-n", _WORKERS]


def pytest_configure(config: pytest.Config) -> None:
    """Fix the seed: the controller's, if this is a worker."""
    config.addinivalue_line("markers", "bounds: measures statements")
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run on one worker of pytest-xdist")
    # a worker must not draw a seed of its own, or items of one run would differ
    handed_over = getattr(config, "workerinput", {}).get("lrtheory_seed")
    if handed_over is not None:
        seed = handed_over
    elif config.getoption("--bounds-fresh"):
        seed = secrets.randbelow(2**31)
    else:
        chosen = config.getoption("--bounds-seed")
        if chosen is not None and chosen < 0:
            raise pytest.UsageError("--bounds-seed must be at least 0")
        seed = DEFAULT_SEED if chosen is None else chosen
    # pytest-xdist would begin with the system that has the most items; `pytest_collection_modifyitems` knows better
    if config.getoption("dist", "no") == "loadgroup" and config.option.markexpr == "bounds":
        config.option.loadscopereorder = False
    config.stash[_SEED] = seed
    config.stash[_SESSION] = Session.named(config.getoption("--bounds-budget"), seed)
    try:
        config.stash[_REGISTRY] = Registry(configuration=configured(config.rootpath))
    except StatementError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with the systems that take longest, so that none is left alone with one of them at the end.

    A claim about chance takes up to thousands of runs and an exact one about a hundred, so the first are counted.
    """
    if not hasattr(config, "workerinput"):
        return
    found = [item for item in items if isinstance(item, StatementItem)]
    exact = (Identity, Inequality, Recorded)
    runs = Counter(item.statement.system for item in found if not isinstance(item.statement.claim, exact))
    all_of = Counter(item.statement.system for item in found)

    def place(item: pytest.Item) -> tuple[int, int, str]:
        system = item.statement.system if isinstance(item, StatementItem) else ""
        return -runs[system], -all_of[system], system

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker of pytest-xdist."""
    node.workerinput["lrtheory_seed"] = node.config.stash[_SEED]


def pytest_report_header(config: pytest.Config) -> str:
    """Print what a repetition needs."""
    return f"lrtheory: --bounds-budget {config.getoption('--bounds-budget')} --bounds-seed {config.stash[_SEED]}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a file that holds statements of a place, or that the ini option names."""
    registry = parent.config.stash[_REGISTRY]
    no_theorems = file_path.name.startswith(("test_", "conftest")) and not registry.is_place(file_path)
    if file_path.suffix != ".py" or no_theorems:
        return None
    if registry.covers(file_path):
        own = _may_hold(registry, file_path) and not _is_met_twice(parent.config, file_path)
        return StatementFile.from_parent(parent, path=file_path) if own else None
    below = file_path.relative_to(parent.config.rootpath) if file_path.is_relative_to(parent.config.rootpath) else None
    # globs are matched from the right, so "bounds/*.py" is found in every folder
    named = below is not None and any(below.match(glob) for glob in parent.config.getini("statements"))
    named = named and file_path.name != "__init__.py"  # a folder of files may be a package for their sake alone
    return StatementFile.from_parent(parent, path=file_path) if named else None


def _is_met_twice(config: pytest.Config, path: Path) -> bool:
    """Whether a file is met through a link, and again where it lies."""
    asked = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    return path.resolve() != path and any(path.resolve().is_relative_to(one) for one in asked)


def _may_hold(registry: Registry, path: Path) -> bool:
    """Whether a file may hold statements; one of a package that cannot be imported is collected, to say why."""
    try:
        return registry.may_hold(path)
    except StatementError:
        return True


def _lacking(statement: Statement) -> list[str]:
    """The defects of a statement; instances that are no plain data are one, since no two can be told apart."""
    try:
        return defects(statement)
    except TypeError as error:
        return [str(error)]


class StatementFile(pytest.File):
    """A file whose statements are items."""

    def collect(self) -> Iterator[StatementItem]:
        """Yield an item per statement, saboteur and repair, and one for the forger.

        Yields
        ------
        StatementItem
            In the order in which they are written.

        Raises
        ------
        CollectError
            If the file cannot be imported, or a statement has a defect.
        """
        try:
            registry = self.config.stash[_REGISTRY]
            covered = registry.covers(self.path)
            registry = registry if covered else Registry(str(self.path))
            statements = registry.in_file(self.path) if covered else list(registry)
            faults = [f"{one.id}: {fault}" for one in statements for fault in _lacking(one)]
        except StatementError as error:
            raise self.CollectError(str(error)) from error
        files = self.config.stash.setdefault(_FILES, {})
        for one in statements:  # the evidence of one would take the place of that of the other
            own = registry.original(one.id)
            first, path = files.setdefault(one.id, (own, self.path))
            if not are_one(first, own):
                faults.append(f"{one.id} stands twice: in {path} and in {self.path}; one of them needs another id")
        # nothing of an incomplete statement runs: its verdict would say too much
        if faults:
            raise self.CollectError("\n".join(faults))
        for one in statements:
            item = one.id.partition("/")[2]
            yield StatementItem.of(self, item, one)
            for each in one.saboteurs:
                yield StatementItem.of(self, f"{item}[{each.name}]", one.sabotaged(each.name))
            for mended in one.repairs:
                yield StatementItem.of(self, f"{item}[repair: {mended.name}]", one.repaired(mended.name))
            if is_outside(one) and admits_lies(one):
                yield ForgerItem.of(self, f"{item}[forger]", one)


class StatementItem(pytest.Item):
    """A statement, or one of its saboteurs or repairs, which is to get the verdict that is due."""

    statement: Statement

    @classmethod
    def of(cls, parent: StatementFile, name: str, statement: Statement) -> StatementItem:
        """Make an item.

        Parameters
        ----------
        parent : StatementFile
            File of the statement.
        name : str
            Name of the item.
        statement : Statement
            Statement that the item measures.

        Returns
        -------
        StatementItem
            Item that has the marks of a bound, in the group of its system, so that no kernel is compiled twice.
        """
        item = cls.from_parent(parent, name=name)
        item.statement = statement
        item.add_marker(pytest.mark.bounds)
        # statements of a system share kernels and the memo of runs
        item.add_marker(pytest.mark.xdist_group(statement.system))
        return item

    def runtest(self) -> None:
        """Measure, keep the evidence, and demand the verdict that is due.

        Raises
        ------
        Failed
            If the verdict is another one, a saboteur was refuted by luck, or the check needed too many runs.
        """
        session = self.config.stash[_SESSION]
        evidence = check(self.statement, session)
        # before the verdict is judged, so that a failure leaves its evidence too
        evidence.save(_evidence_folder(self.config))
        complaint = self._complaint(evidence)
        if complaint:
            pytest.fail(f"{complaint}\n{evidence}", pytrace=False)

    def _complaint(self, evidence: Evidence) -> str:
        statement = self.statement
        if evidence.verdict != statement.due:
            if statement.violated is not None and evidence.verdict == "supported":
                return f"the promise holds now; `violated` says: {statement.violated}"
            return f"{evidence.verdict}, and {statement.due} is due"
        if statement.due == "refuted" and evidence.by_luck:
            return "refuted on a drawn instance, which another seed may not meet"
        if evidence.unseen:
            return evidence.unseen
        return "more than half of the cap of runs was needed" if evidence.too_weak else ""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show an ill-posed statement as the sentence that says so; every other error with where it was raised.

        Parameters
        ----------
        excinfo : ExceptionInfo
            The error.
        style : str or None
            Style of tracebacks that pytest asks for.

        Returns
        -------
        str or object
            Text for the report.
        """
        if isinstance(excinfo.value, StatementError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the item stands.

        Returns
        -------
        tuple
            File, no line, and the name.
        """
        return self.path, None, self.name


class ForgerItem(StatementItem):
    """The lies about the outcome of a statement, none of which may be supported."""

    def runtest(self) -> None:
        """Tell lies for five seconds at most.

        Raises
        ------
        Failed
            If a lie is supported; the sentences say what mends the claim.
        """
        lies = forge(self.statement, Session(FORGING, self.config.stash[_SEED]), seconds=SECONDS)
        if lies.supported:
            pytest.fail(remedies(self.statement, lies), pytrace=False)
        if lies.untold:
            self.user_properties.append(("untold", f"{self.statement.id}[forger]: {left_untold(lies)}"))


def _evidence_folder(config: pytest.Config) -> Path:
    """Where the evidence goes."""
    chosen = config.getoption("--bounds-evidence")
    return Path(chosen) if chosen is not None else configured(config.rootpath).evidence_folder(config.rootpath)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say of which statements not all lies were told; a slow machine is no failure of a claim."""
    for report in terminalreporter.stats.get("passed", []):
        for text in (text for name, text in report.user_properties if name == "untold"):
            terminalreporter.write_line(str(text))


def _of_theorems(report: Any, config: pytest.Config) -> bool:
    """Whether what was skipped may hold theorems: a file of tests that lacks its library holds none, but as a place."""
    path = config.rootpath / report.nodeid.partition("::")[0]
    is_file = isinstance(report, pytest.CollectReport) and path.name.startswith("test_")
    return not is_file or config.stash[_REGISTRY].is_place(path)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of the bounds in which something was skipped has not measured every theorem, so it fails."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    skipped = [report for report in skipped if _of_theorems(report, session.config)]
    if session.config.option.markexpr.startswith("bounds") and skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} skipped: a theorem that was not measured is no pass")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
