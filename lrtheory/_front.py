"""The bodies of `lrtheory.check`, `statements` and `report`, imported at first use, so that systems load without it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory._array import no_notice
from lrtheory._data import DataSet
from lrtheory._parallel import parallel_map, progress
from lrtheory._validation import choice, integer, must
from lrtheory.bounds import DEFAULT_SEED, Evidence, Registry, Session, Statement
from lrtheory.bounds import check as check_statement
from lrtheory.bounds.deciding.variants import with_defects, with_variants
from lrtheory.bounds.finding.configuration import Configuration, configured
from lrtheory.bounds.finding.naming import one_named, variant_named
from lrtheory.bounds.finding.registry import located
from lrtheory.bounds.reporting import DETAILS, About, Finding, needs, read_records, render
from lrtheory.bounds.reporting.again import measured_again
from lrtheory.bounds.trust.certificates.writing import with_proofs
from lrtheory.bounds.trust.replay import call
from lrtheory.bounds.trust.testimony import with_forger
from lrtheory.bounds.trust.user_solver import check_own

__all__ = [
    "abouts",
    "check",
    "check_all",
    "data_sets",
    "evidence_folder",
    "findings",
    "registry",
    "report",
    "resolve",
    "statements",
    "warmup",
]


def registry(place: str = "") -> Registry:
    """The statements of a place; without one those that the configuration names, by default `proofs_checks`."""
    return _registry_of(place, Path.cwd()) if place else _registry(configured())


@functools.lru_cache(maxsize=8)
def _registry(configuration: Configuration) -> Registry:
    return Registry(configuration=configuration)


@functools.lru_cache(maxsize=64)
def _registry_of(place: str, folder: Path) -> Registry:
    """The statements of a place that is seen from a folder, which is the current one."""
    return Registry(place)


def resolve(statement: str | Statement) -> Statement:
    """The statement that an id, a unique part of an id, a place with one, or the statement itself means.

    Parameters
    ----------
    statement : str or Statement
        ``"alpha_rank/MI-T2"``, ``"mi-t2"``, ``"bounds/cover.py::cover/two"``, or an object.

    Returns
    -------
    Statement
        Statement that knows its origin.

    Raises
    ------
    KeyError
        If no id, or more than one, has that part.
    StatementError
        If there is no such place.
    TypeError
        If it is neither a string nor a statement.
    """
    if isinstance(statement, Statement):
        return located(statement)
    if not isinstance(statement, str):
        raise must("id", "the id of a statement, or a statement", statement, TypeError)
    place, _, id = statement.rpartition("::")
    found = registry(place)
    with contextlib.suppress(KeyError):
        return found[id]  # the exact id costs the import of its own system alone
    return found[one_named(id, found.ids())]


def check(
    id: str | Statement,
    *,
    solve: Callable[..., Any] | None = None,
    budget: str = "quick",
    rng: int = DEFAULT_SEED,
    saboteur: str | int | None = None,
    repair: str | None = None,
    instance: Any = None,
    forger: bool = True,
) -> Evidence:
    """Measure both sides of a statement, on our algorithm or on yours.

    Parameters
    ----------
    id : str or Statement
        Id of the statement, such as ``"alpha_rank/MI-T2"``; `lrtheory.statements` lists them. In front of it may stand
        the place of somebody's own, ``"bounds/cover.py::cover/two"``. Or the statement itself. A process imports a file
        once: what is edited later is measured by a new one.
    solve : callable or None
        An algorithm of your own with the signature of the statement's `solve` (``lrtheory show ID`` prints it). None
        checks ours, and then runs the statement's saboteurs too. A verdict is about a solver that does not try to
        deceive: whoever does not trust one runs it in another process, and checks a `solve` that reads the answers.
    budget : {"quick", "thorough"}
        Counts of instances and runs.
    rng : int
        Seed of all random streams.
    saboteur : str or int or None
        Check the statement under one of its saboteurs, which must be refuted: by number (from 1), by name, or by a
        unique part of a name, in which neither case nor signs matter.
    repair : str or None
        Check a violated promise under one of its repairs, named likewise, which must be supported.
    instance : object or None
        Check one instance alone: a label such as ``"family:17"``, ``"json:..."``, or the instance itself.
    forger : bool
        After the saboteurs of a statement that is none of the package's own, also put a solver that says nothing and
        lies about each field of the outcome to the test, for five seconds at most. None may be supported. Without them
        the evidence says that they were left out.

    Returns
    -------
    Evidence
        Verdict, both sides, slack, worst instance, and the command that replays it.

    Raises
    ------
    KeyError
        If no statement, no saboteur or no repair has that name, or several have that part.
    StatementError
        If there is no such place, or the statement is not well posed.
    TypeError
        If `solve` cannot be called, `id` is neither a string nor a statement, or `saboteur` or `repair` is not a name.
    ValueError
        If the budget, the seed or the instance is not understood, two of `solve`, `saboteur` and `repair` are given,
        or `solve` is given for a claim about a formula, which puts no algorithm to the test.
    OutcomeError
        If what `solve` returned cannot be judged.

    Examples
    --------
    >>> import lrtheory
    >>> lrtheory.check("alpha_rank/AR-T8").verdict
    'supported'
    """
    statement = resolve(id)
    session = Session.named(budget, integer("rng", rng, low=0))
    _refuse_two({"solve": solve, "saboteur": saboteur, "repair": repair})
    if isinstance(saboteur, bool) or not isinstance(saboteur, str | Integral | None):
        raise must("saboteur", "a name or a number", saboteur, TypeError)
    if not isinstance(repair, str | None):
        raise must("repair", "a name", repair, TypeError)
    if isinstance(saboteur, str):
        saboteur = variant_named(saboteur, (one.name for one in statement.saboteurs))
    if repair is not None:
        repair = variant_named(repair, (one.name for one in statement.repairs))
    if solve is not None:
        return check_own(statement, solve, session, instance)
    variant = statement if saboteur is None else statement.sabotaged(saboteur)
    variant = variant if repair is None else statement.repaired(repair)
    evidence = check_statement(variant, session, instance=instance)
    if not statement.origin.collection:  # no command finds what was made in a notebook
        evidence = dataclasses.replace(evidence, replay=call(evidence, "STATEMENT", instance))
    if variant is not statement:
        return evidence
    evidence = with_defects(evidence, statement)
    if instance is not None:
        return evidence
    if budget == "thorough":  # Coq takes some seconds for each proof
        evidence = with_proofs(evidence, statement)
    return with_forger(with_variants(evidence, statement, session), statement, session, run=forger)


def _refuse_two(variants: Mapping[str, Any]) -> None:
    """Refuse two variants at once, of which one would be ignored."""
    given = [name for name, value in variants.items() if value is not None]
    if len(given) > 1:
        raise must(given[1], f"left out beside `{given[0]}`", variants[given[1]])


def check_all(
    ids: Iterable[str | Statement],
    *,
    budget: str = "quick",
    rng: int = DEFAULT_SEED,
    n_jobs: int | None = None,
    forger: bool = True,
) -> list[Evidence]:
    """Measure statements, and each of their saboteurs and repairs, as tasks that can run side by side.

    Parameters
    ----------
    ids : iterable of str or Statement
        Ids of statements, or statements that stand in a module or a file.
    budget : {"quick", "thorough"}
        Counts of instances and runs.
    rng : int
        Seed of all random streams.
    n_jobs : int or None
        Number of processes; None means 1, -1 all processors, or the workers of a surrounding
        ``joblib.parallel_config(backend="dask")``.
    forger : bool
        As for `check`; what it finds stands in the evidence of the statement itself.

    Returns
    -------
    list of Evidence
        For every statement its own, then those of its saboteurs and repairs. Times aside, they do not depend on the
        workers.

    Raises
    ------
    KeyError
        If no statement has that name.
    TypeError
        If `ids` is not a list.
    ValueError
        If the budget or the seed is not understood, or a statement stands in no module and no file.

    Examples
    --------
    >>> import lrtheory
    >>> [(found.saboteur, found.verdict) for found in lrtheory.check_all(["alpha_rank/AR-T6-rate"])]
    [('', 'supported'), ('like the square of epsilon', 'refuted'), ('faster than epsilon^(11/10) claimed', 'refuted')]
    """
    Session.named(budget, integer("rng", rng, low=0))  # before anything runs
    tasks = []
    for one in _resolved(ids):
        if not one.origin.collection:
            raise must("ids", "of statements that stand in a module or a file, since workers import them", one.id)
        variants = [("", ""), *(("saboteur", wrong.name) for wrong in one.saboteurs)]
        variants += [("repair", mended.name) for mended in one.repairs]
        tasks += [(one.origin.prefix + one.id, *variant, budget, rng, forger) for variant in variants]
    return list(parallel_map(_evidence_of, tasks, n_jobs=n_jobs, title="check"))


def _resolved(ids: Iterable[str | Statement]) -> list[Statement]:
    """The statements of a list; a single string would be read letter by letter."""
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise must("ids", "a list of ids", ids, TypeError)
    return [resolve(one) for one in ids]


def _evidence_of(task: tuple[str, str, str, str, int, bool]) -> Evidence:
    """One check in a session of its own: of a statement, or of a kind of variant with a name."""
    id, kind, name, budget, rng, forger = task
    statement, session = resolve(id), Session.named(budget, rng)
    if kind:
        variant = statement.sabotaged(name) if kind == "saboteur" else statement.repaired(name)
        return check_statement(variant, session)
    return with_forger(check_statement(statement, session), statement, session, run=forger)


def statements(pattern: str = "*") -> list[Statement]:
    """The statements whose id matches a pattern.

    Parameters
    ----------
    pattern : str
        A shell pattern, or a part of the id; case does not matter. In front of it may stand a place and ``::``.

    Returns
    -------
    list of Statement
        Statements in the order of the papers.

    Raises
    ------
    TypeError
        If `pattern` is not a string.

    Examples
    --------
    >>> import lrtheory
    >>> [statement.id for statement in lrtheory.statements("alpha_rank/MI-T2*")]
    ['alpha_rank/MI-T2', 'alpha_rank/MI-T2-independent']
    """
    if not isinstance(pattern, str):
        raise must("pattern", "a string", pattern, TypeError)
    place, _, glob = pattern.rpartition("::")
    return registry(place).matching(glob)


def report(
    ids: Iterable[str | Statement] | None = None,
    *,
    path: str | Path | None = None,
    evidence: str | Path | None = None,
    figures: str | Path | None = None,
    details: str = DETAILS,
    rerun: int = 0,
) -> str:
    """Render the evidence files of a run of the bounds, and the records of figures, as Markdown.

    The main page is for reading; each of its rows leads to a page of details, one for each system.

    Parameters
    ----------
    ids : iterable of str or Statement, or None
        The statements to render; None means all that the configuration names.
    path : path or None
        Path of the main page, beside which the pages of details are written; None writes nothing.
    evidence : path or None
        The folder into which `pytest -m bounds` wrote; None means that of the configuration.
    figures : path or None
        The folder of one profile into which `python -m figures` wrote; None leaves the figures out.
    details : str
        The folder of the pages of details, seen from the main page.
    rerun : int
        Number of statements, drawn at random, that are measured again before anything is written. Their evidence must
        be that of the files, times aside.

    Returns
    -------
    str
        The main page.

    Raises
    ------
    FileNotFoundError
        If a statement or one of its saboteurs has no evidence, or there is no record of a figure.
    ValueError
        If a verdict is not the one that is due, evidence is older than the sources, of a caller's solver or of one
        instance, or another than a new run gives, or a figure that the page shows has no record.
    KeyError
        If an id is unknown.
    TypeError
        If `ids` is not a list.
    """
    wanted = list(registry()) if ids is None else _resolved(ids)
    records = None if figures is None else read_records(Path(figures))
    ours = [one for one in wanted if one.origin.collection == "proofs_checks"]
    told = [one for one in findings() if _can_be_told(one, {one.id for one in ours}, records)] if ours else []
    words = abouts() if ours else {}
    folder, title = evidence_folder(evidence), configured().title
    if integer("rerun", rerun, low=0):
        measured_again(wanted, folder, rerun)
    made = render(wanted, folder, abouts=words, findings=told, figures=records, details=details, title=title)
    if path is not None:
        made.write(path)
    return made.main


def evidence_folder(chosen: str | Path | None = None) -> Path:
    """The folder of the evidence: the chosen one, that of the configuration, or ``evidence`` in the current folder."""
    return Path(chosen) if chosen is not None else configured().evidence_folder(Path())


def _can_be_told(finding: Finding, ids: set[str], records: Mapping[str, Any] | None) -> bool:
    """Whether a report of these statements and figures holds what a finding rests on."""
    pairs, figures = needs(finding)
    return {id for id, _ in pairs} <= ids and (records is not None or not figures)


def abouts() -> dict[str, About]:
    """The words of the report about each paper.

    Returns
    -------
    dict of str to About
        Words about the paper of each system.
    """
    systems = [m.name for m in pkgutil.iter_modules(importlib.import_module("proofs_checks").__path__) if m.ispkg]
    return {system: importlib.import_module(f"proofs_checks.{system}").ABOUT for system in systems}


def findings() -> tuple[Finding, ...]:
    """The findings that a reader of the report should not miss.

    Returns
    -------
    tuple of Finding
        Findings in the order of the report.
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
        Data sets in the order of the systems.
    """
    packages = [importlib.import_module(f"lrtheory.{system}") for system in lrtheory.SYSTEMS]
    names = [m.name for p in packages for m in pkgutil.walk_packages(p.__path__, f"{p.__name__}.")]
    loaders = [importlib.import_module(name) for name in names if name.endswith(".loaders")]
    return [data for module in loaders for data in module.DATA_SETS]
