"""`lrtheory.check`, `statements`, `report`, `warmup`, the data sets: the one lazy reach from the package outwards."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory._array import no_notice
from lrtheory._data import DataSet
from lrtheory._parallel import parallel_map, progress
from lrtheory._validation import choice, integer
from lrtheory.bounds import DEFAULT_SEED, Evidence, Registry, Session, Statement
from lrtheory.bounds import check as check_statement
from lrtheory.bounds.reporting import DETAILS, About, Finding, needs, read_records, render
from lrtheory.bounds.trust.user_solver import check_own

__all__ = ["abouts", "check", "check_all", "data_sets", "findings", "registry", "report", "statements", "warmup"]


@functools.cache
def registry() -> Registry:
    """The statements of `proofs_checks`."""
    return Registry(importlib.import_module("proofs_checks"))


def check(
    id: str,
    *,
    solve: Callable[..., Any] | None = None,
    budget: str = "quick",
    rng: int = DEFAULT_SEED,
    saboteur: str | int | None = None,
    instance: Any = None,
) -> Evidence:
    """Measure both sides of a statement, on our algorithm or on yours.

    Parameters
    ----------
    id : str
        Id of the statement, such as ``"alpha_rank/MI-T2"``; `lrtheory.statements` lists them.
    solve : callable or None
        An algorithm of your own with the signature of the statement's `solve` (``lrtheory show ID`` prints it). None
        checks ours, and then runs the statement's saboteurs too.
    budget : {"quick", "thorough"}
        Counts of instances and runs.
    rng : int
        Seed of all random streams.
    saboteur : str or int or None
        Check the statement under one of its saboteurs, by name or number (from 1), which must be refuted.
    instance : object or None
        Check one instance alone: a label such as ``"family:17"``, ``"json:..."``, or the instance itself.

    Returns
    -------
    Evidence
        Verdict, both sides, slack, worst instance, and the command that replays it.

    Raises
    ------
    KeyError
        If no statement, or no saboteur, has that name.
    TypeError
        If `solve` cannot be called.
    ValueError
        If the budget, the seed or the instance is not understood, or `solve` is given for a claim about a formula,
        which puts no algorithm to the test.
    OutcomeError
        If what `solve` returned cannot be judged.

    Examples
    --------
    >>> import lrtheory
    >>> lrtheory.check("alpha_rank/AR-T8").verdict
    'supported'
    """
    statement = registry()[id]
    session = Session.named(budget, integer("rng", rng, low=0))
    if saboteur is not None:
        return check_statement(statement.sabotaged(saboteur), session, instance=instance)
    if solve is not None:
        return check_own(statement, solve, session, instance)
    evidence = check_statement(statement, session, instance=instance)
    if instance is not None:
        return evidence
    return _with_saboteurs(evidence, statement, session)


def check_all(
    ids: Iterable[str], *, budget: str = "quick", rng: int = DEFAULT_SEED, n_jobs: int | None = None
) -> list[Evidence]:
    """Measure statements and each of their saboteurs, as tasks that can run side by side.

    Parameters
    ----------
    ids : iterable of str
        Ids of statements.
    budget : {"quick", "thorough"}
        Counts of instances and runs.
    rng : int
        Seed of all random streams.
    n_jobs : int or None
        Number of processes; None means 1, -1 all processors, or the workers of a surrounding
        ``joblib.parallel_config(backend="dask")``.

    Returns
    -------
    list of Evidence
        For every statement its own, then those of its saboteurs. Times aside, they do not depend on the workers.

    Raises
    ------
    KeyError
        If no statement has that name.
    ValueError
        If the budget or the seed is not understood.

    Examples
    --------
    >>> import lrtheory
    >>> [(found.saboteur, found.verdict) for found in lrtheory.check_all(["alpha_rank/AR-T6-rate"])]
    [('', 'supported'), ('like the square of epsilon', 'refuted'), ('faster than epsilon^(11/10) claimed', 'refuted')]
    """
    Session.named(budget, integer("rng", rng, low=0))  # before anything runs
    chosen = [registry()[id] for id in ids]
    tasks = [
        (one.id, name, budget, rng) for one in chosen for name in (None, *(saboteur.name for saboteur in one.saboteurs))
    ]
    return list(parallel_map(_evidence_of, tasks, n_jobs=n_jobs, title="check"))


def _evidence_of(task: tuple[str, str | None, str, int]) -> Evidence:
    """One check in a session of its own."""
    id, saboteur, budget, rng = task
    statement = registry()[id] if saboteur is None else registry()[id].sabotaged(saboteur)
    return check_statement(statement, Session.named(budget, rng))


def _with_saboteurs(evidence: Evidence, statement: Statement, session: Session) -> Evidence:
    """The evidence with the verdicts of the saboteurs; an interruption keeps those that are decided."""
    verdicts: dict[str, str] = {}
    message = evidence.message
    try:
        for one in statement.saboteurs:
            verdicts[one.name] = check_statement(statement.sabotaged(one.name), session).verdict
    except KeyboardInterrupt:
        left = len(statement.saboteurs) - len(verdicts)
        message = f"{message}; interrupted, {left} saboteurs were not run".removeprefix("; ")
    return dataclasses.replace(evidence, saboteurs=verdicts, message=message)


def statements(pattern: str = "*") -> list[Statement]:
    """The statements whose id matches a pattern.

    Parameters
    ----------
    pattern : str
        A shell pattern, or a part of the id; case does not matter.

    Returns
    -------
    list of Statement
        In the order of the papers.

    Examples
    --------
    >>> import lrtheory
    >>> [statement.id for statement in lrtheory.statements("alpha_rank/MI-T2*")]
    ['alpha_rank/MI-T2', 'alpha_rank/MI-T2-independent']
    """
    return registry().matching(pattern)


def report(
    ids: Iterable[str] | None = None,
    *,
    path: str | Path | None = None,
    evidence: str | Path = "evidence",
    figures: str | Path | None = None,
    details: str = DETAILS,
) -> str:
    """Render the evidence files of a run of the bounds, and the records of figures, as Markdown.

    The main page is for reading; each of its rows leads to a page of details, one for each system.

    Parameters
    ----------
    ids : iterable of str or None
        The statements to render; None means all.
    path : path or None
        Where to write the main page, and beside it the pages of details; None writes nothing.
    evidence : path
        The folder into which `pytest -m bounds` wrote.
    figures : path or None
        The folder of one profile into which `python -m figures` wrote; None leaves the figures out.
    details : str
        The folder of the pages of details, seen from the main page.

    Returns
    -------
    str
        The main page.

    Raises
    ------
    FileNotFoundError
        If a statement or one of its saboteurs has no evidence, or there is no record of a figure.
    ValueError
        If a verdict is not the one that is due, evidence is older than the sources, or a figure that the page shows has
        no record.
    KeyError
        If an id is unknown.
    """
    wanted = [registry()[id] for id in (registry().ids() if ids is None else ids)]
    records = None if figures is None else read_records(Path(figures))
    told = [one for one in findings() if _can_be_told(one, {one.id for one in wanted}, records)]
    made = render(wanted, Path(evidence), abouts=abouts(), findings=told, figures=records, details=details)
    if path is not None:
        made.write(path)
    return made.main


def _can_be_told(finding: Finding, ids: set[str], records: Mapping[str, Any] | None) -> bool:
    """Whether a report of these statements and figures holds what a finding rests on."""
    pairs, figures = needs(finding)
    return {id for id, _ in pairs} <= ids and (records is not None or not figures)


def abouts() -> dict[str, About]:
    """The words of the report about each paper.

    Returns
    -------
    dict of str to About
        By system.
    """
    return {system: importlib.import_module(f"proofs_checks.{system}").ABOUT for system in registry().systems}


def findings() -> tuple[Finding, ...]:
    """The findings that a reader of the report should not miss.

    Returns
    -------
    tuple of Finding
        In the order of the report.
    """
    return importlib.import_module("proofs_checks.findings").FINDINGS


def warmup(system: str | None = None) -> None:
    """Compile the kernels of a system, or of all, and leave them in the cache.

    Parameters
    ----------
    system : str or None
        Name of a system; None means all.

    Raises
    ------
    ValueError
        If there is no such system.
    """
    names = list(lrtheory.SYSTEMS) if system is None else [choice("system", system, lrtheory.SYSTEMS)]
    for name in progress(names, total=len(names), title="compiled"):
        with no_notice():
            importlib.import_module(f"lrtheory.{name}")._warmup()


def data_sets() -> list[DataSet]:
    """The data sets of all systems, which a module ``loaders`` of each system lists as ``DATA_SETS``.

    Returns
    -------
    list of DataSet
        In the order of the systems.
    """
    packages = [importlib.import_module(f"lrtheory.{system}") for system in lrtheory.SYSTEMS]
    names = [m.name for p in packages for m in pkgutil.walk_packages(p.__path__, f"{p.__name__}.")]
    loaders = [importlib.import_module(name) for name in names if name.endswith(".loaders")]
    return [data for module in loaders for data in module.DATA_SETS]
