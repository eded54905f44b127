"""``lrtheory check``: one statement with its saboteurs, several in a table, or an algorithm of the caller's own."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory.bounds import Evidence, Statement, StatementError
from lrtheory.cli.arguments import BUDGETS, SEED
from lrtheory.cli.solver import loaded
from lrtheory.cli.statements import named

__all__ = ["check", "sharpen"]

_EXIT = {"supported": 0, "recorded": 0, "refuted": 1, "inconclusive": 2}


def check(options: Any) -> int:
    """Measure what is named, and print the evidence."""
    groups = [(word, *named(word)) for word in options.ids]
    table = len(groups) > 1 or options.jobs is not None or options.cluster is not None
    if table or groups[0][2]:
        return _check_table(options, groups)
    (statement,) = groups[0][1]
    return _check_own(options, statement) if options.solve else _check_ours(options, statement)


def _check_ours(options: Any, statement: Statement) -> int:
    evidence = lrtheory.check(
        statement,
        budget=options.budget,
        rng=options.seed,
        saboteur=_number(options.saboteur, [one.name for one in statement.saboteurs]),
        repair=options.repair,
        instance=options.instance,
        forger=not options.no_forger,
    )
    return _answered(options, evidence)


def _answered(options: Any, evidence: Evidence) -> int:
    """Print the evidence for one statement; the exit code."""
    print(json.dumps(evidence.to_dict(), indent=1) if options.json else evidence, file=options.out)
    return _exit_code(evidence)


def _number(word: str | None, names: list[str]) -> str | int | None:
    """The saboteur that an argument names; a number is a position in the order of `lrtheory show`."""
    return word if word is None or word in names or not word.isdecimal() else int(word)


def sharpen(options: Any) -> int:
    """Print what a sharper claim could say; nothing is written into the statement."""
    from lrtheory.bounds import Session
    from lrtheory.bounds.trust.sharpening import sharpen as proposed

    found, kind = named(options.id)
    if kind:
        raise ValueError(f"`{options.id}` is a {kind}, of {len(found)} statements; name one of them")
    print(proposed(found[0], Session.named(options.budget, options.seed)))
    return 0


# --- an algorithm of the caller's own --------------------------------------------------------------------------------


def _check_own(options: Any, statement: Statement) -> int:
    """Measure a statement on a function in a file; the replay is a command, since its place is known."""
    if options.saboteur or options.repair:
        raise ValueError("--solve goes without --saboteur and --repair, which change our own algorithm")
    solve = loaded(options.solve, statement)
    try:
        evidence = lrtheory.check(
            statement, solve=solve, budget=options.budget, rng=options.seed, instance=options.instance
        )
    except Exception as error:
        noted = [note for note in getattr(error, "__notes__", ()) if note.startswith("raised by `solve`")]
        if not noted:
            raise
        told = f"{type(error).__name__}: {error}".rstrip(": ")
        raise StatementError(f"{told} ({_line(error, options.solve)}), {noted[0]}") from error
    evidence = dataclasses.replace(evidence, replay=_replay(options, statement, evidence))
    return _answered(options, evidence)


def _line(error: Exception, solve: str) -> str:
    """The innermost line of the caller's own file in a traceback."""
    place = solve.rpartition(":")[0] or solve
    step, found = error.__traceback__, place
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if Path(file).name == Path(place).name or step.tb_frame.f_globals.get("__name__") == place:
            found = f"{place}, line {step.tb_lineno}"
        step = step.tb_next
    return found


def _replay(options: Any, statement: Statement, evidence: Evidence) -> str:
    """The command that repeats the worst instance."""
    words = ["lrtheory", "check", statement.origin.prefix + statement.id, "--solve", options.solve]
    words += ["--budget", options.budget] if options.budget != BUDGETS[0] else []
    words += ["--seed", str(options.seed)] if options.seed != SEED else []
    label = evidence.worst.get("instance") if evidence.worst else None
    label = options.instance if label == "given" else label
    return shlex.join([*words, *(["--instance", label] if label else [])])


# --- tables ----------------------------------------------------------------------------------------------------------


def _check_table(options: Any, groups: list[tuple[str, list[Statement], str]]) -> int:
    """Several statements with their saboteurs, a line each; on the workers of a cluster where one is named."""
    from lrtheory._parallel import cluster

    if options.saboteur or options.repair or options.instance or options.solve:
        raise ValueError(
            "--saboteur, --repair, --instance and --solve go with one statement, without a pattern, a system, --jobs "
            "and --cluster"
        )
    for word, found, kind in groups:
        if kind == "system":
            print(f"`{word}` is a system; all of its {len(found)} statements are checked", file=sys.stderr, flush=True)
    ids = list(dict.fromkeys(one.origin.prefix + one.id for _, found, _ in groups for one in found))
    n_jobs = -1 if options.cluster is not None and options.jobs is None else options.jobs
    with cluster(options.cluster):
        evidence = lrtheory.check_all(
            ids, budget=options.budget, rng=options.seed, n_jobs=n_jobs, forger=not options.no_forger
        )
    if options.json:
        print(json.dumps([one.to_dict() for one in evidence], indent=1), file=options.out)
    else:
        _print_table(evidence)
    violated = {one.id for _, found, _ in groups for one in found if one.violated is not None}
    return max(_due(one, violated=one.statement in violated) for one in evidence)


def _print_table(found: list[Evidence]) -> None:
    from lrtheory.bounds.reporting import short

    width = max(len(evidence.statement) for evidence in found)
    for evidence in found:
        worst = evidence.worst
        sides = f"lhs {short(worst['lhs'])} rhs {short(worst['rhs'])}" if worst else evidence.message
        variant = evidence.saboteur or (f"repair: {evidence.repair}" if evidence.repair else "")
        print(f"{evidence.statement:<{width}} {variant[:32]:<33}{evidence.verdict:<13}{sides}")


def _due(evidence: Evidence, *, violated: bool) -> int:
    """The exit code of a check in a table: a refuted saboteur, and a promise known to be violated, are as due."""
    due = evidence.saboteur or (violated and not evidence.repair)
    return (0 if evidence.verdict == "refuted" else 2) if due else _EXIT[evidence.verdict]


def _exit_code(evidence: Evidence) -> int:
    """The exit code of a check by itself, in which every saboteur must be refuted."""
    if "interrupted" in evidence.message:
        return 130
    escaped = any(verdict != "refuted" for verdict in evidence.saboteurs.values())
    code = _EXIT[evidence.verdict]
    return 2 if code == 0 and (escaped or evidence.too_weak) else code
