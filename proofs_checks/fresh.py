"""The bounds at new seeds: ``python -m proofs_checks.fresh 20`` draws them and says at which all checks are green."""

from __future__ import annotations

import argparse
import functools
import secrets
import sys
from dataclasses import replace

from lrtheory._parallel import parallel_map
from lrtheory.bounds import BUDGETS, Registry, Session, Statement, check

registry = functools.cache(Registry)  # once a process: it imports every statement


def main(arguments: list[str] | None = None) -> int:
    """Run all checks at new seeds, side by side, and print each seed with what did not come out as it is due.

    Parameters
    ----------
    arguments : list of str or None
        Arguments of the command line: the number of seeds; ``--seeds`` names them instead, ``--jobs`` is the number of
        processes, ``--systems`` names some.

    Returns
    -------
    int
        0 if every check at every seed was as it is due, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m proofs_checks.fresh", description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=1, help="how many seeds are drawn (default: 1)")
    parser.add_argument("--seeds", type=int, nargs="+", help="these seeds, and none is drawn")
    parser.add_argument("--systems", nargs="+", choices=registry().systems, default=registry().systems)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    options = parser.parse_args(arguments)
    seeds = options.seeds or [secrets.randbelow(2**31) for _ in range(options.runs)]
    tasks = [(seed, system) for seed in seeds for system in options.systems]
    red = set()
    for (seed, system), wrong in zip(tasks, parallel_map(_complaints, tasks, n_jobs=options.jobs), strict=True):
        print(f"seed {seed}  {system:<26}{'red' if wrong else 'green'}", *wrong, sep="\n    ", flush=True)
        red |= {seed} if wrong else set()
    print("green seeds:", *(seed for seed in seeds if seed not in red))
    print("red seeds:", *(sorted(red) or ["none"]))
    return int(bool(red))


def _complaints(task: tuple[int, str]) -> list[str]:
    """List what did not come out as it is due: for each statement of a system, and each of its saboteurs."""
    seed, system = task
    # whole sets do not hang on a seed
    session, found = Session(replace(BUDGETS["quick"], members=0), seed), []
    for statement in registry():
        if statement.system == system:
            found += _wrong(statement, session)
            for one in statement.saboteurs:
                found += _wrong(statement.sabotaged(one.name), session)
    return found


def _wrong(statement: Statement, session: Session) -> list[str]:
    named = statement.id + (f" [{statement.sabotage}]" if statement.sabotage else "")
    try:
        evidence = check(statement, session)
    except Exception as error:  # the other checks of this seed go on
        return [f"{named}: {type(error).__name__}: {error}"]
    if evidence.verdict != statement.due:
        return [f"{named}: {evidence.verdict}; {evidence.message} {dict(evidence.worst)}"]
    return [f"{named}: refuted on a drawn instance alone"] if statement.sabotage and evidence.by_luck else []


if __name__ == "__main__":
    from proofs_checks import fresh  # under its own name, by which other processes find what they run

    sys.exit(fresh.main())
