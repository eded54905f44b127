"""`lrtheory.check`, `statements`, `report`, `warmup`, the data sets: the one lazy reach from the package outwards."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory._array import no_notice
from lrtheory._data import DataSet
from lrtheory._parallel import parallel_map, progress
from lrtheory._validation import choice, integer
from lrtheory.bounds import DEFAULT_SEED, Evidence, Registry, Session, Statement
from lrtheory.bounds import check as check_statement
from lrtheory.bounds.own import check_own

__all__ = ["check", "check_all", "data_sets", "registry", "report", "statements", "warmup"]


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
    saboteur: str | None = None,
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
    saboteur : str or None
        Check the statement under one of its saboteurs, which must be refuted.
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
) -> str:
    """Render the evidence files of a run of the bounds, and the records of figures, as Markdown.

    Parameters
    ----------
    ids : iterable of str or None
        The statements to render; None means all.
    path : path or None
        Where to write the text; None writes nothing.
    evidence : path
        The folder into which `pytest -m bounds` wrote.
    figures : path or None
        The folder of one profile into which `python -m figures` wrote; None leaves the figures out.

    Returns
    -------
    str
        The text.

    Raises
    ------
    FileNotFoundError
        If a statement or one of its saboteurs has no evidence, or there is no record of a figure.
    ValueError
        If a verdict is not the one that is due, or evidence is older than the sources.
    KeyError
        If an id is unknown.
    """
    from lrtheory.bounds.figure_records import read_records
    from lrtheory.bounds.report import render

    wanted = registry().ids() if ids is None else list(ids)
    systems = {id.partition("/")[0] for id in wanted}
    titles = {system: importlib.import_module(f"proofs_checks.{system}").PAPER for system in systems}
    records = None if figures is None else read_records(Path(figures))
    text = render([registry()[id] for id in wanted], Path(evidence), titles=titles, figures=records)
    if path is not None:
        Path(path).write_text(text)
    return text


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
    """The data sets of all systems, which each system lists in ``<system>/loaders.py`` as ``DATA_SETS``.

    Returns
    -------
    list of DataSet
        In the order of the systems.
    """
    modules = [f"lrtheory.{system}.loaders" for system in lrtheory.SYSTEMS]
    found = [importlib.import_module(name) for name in modules if importlib.util.find_spec(name)]
    return [data for module in found for data in module.DATA_SETS]
