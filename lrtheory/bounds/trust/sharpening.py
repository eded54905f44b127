"""Proposals for a sharper constant: what the instances allow, and what the linear programs of a statement prove."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import numpy as np

from lrtheory.bounds.claims import Inequality
from lrtheory.bounds.deciding.checking import check
from lrtheory.bounds.deciding.evidence import Evidence
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.session import DEFAULT_SEED, Session
from lrtheory.bounds.sets import Dual
from lrtheory.bounds.sets.shares import corners, largest_share
from lrtheory.bounds.statement import Statement

__all__ = ["Proposal", "sharpen"]

_SEEDS = 4  # further checks, whose draws and searches look for a worse instance


@dataclass(frozen=True)
class Proposal:
    """A proposal for a sharper claim.

    Attributes
    ----------
    statement : str
        Id of the statement.
    factor : float or None
        Largest lhs/rhs that was met: the right side times anything smaller is refuted. None where no instance has a
        positive right side.
    instance : str
        Label of the instance on which it was met.
    replay : str
        The command that measures this instance again.
    proved : tuple of str
        Constants that linear programs prove for all of a named set, each as a sentence.
    """

    statement: str
    factor: float | None
    instance: str
    replay: str
    proved: tuple[str, ...]

    def __str__(self) -> str:
        lines = [self.statement]
        if self.factor is None:
            lines.append("    tried      no instance has a positive right side, so no factor is known")
        else:
            short = self.instance if len(self.instance) <= 60 else f"{self.instance[:60]}..."
            lines.append(f"    tried      largest lhs/rhs {self.factor:.6g}, on {short}; a smaller factor is refuted")
            lines.append(f"    replay     {self.replay}")
        lines += [f"    all of     {one}" for one in self.proved]
        return "\n".join(lines)


def sharpen(statement: Statement, session: Session) -> Proposal:
    """Propose how a claim could be sharper; nothing is written into the statement.

    Parameters
    ----------
    statement : Statement
        Statement with an inequality that is supported.
    session : Session
        Budget and seed; four further seeds look for a worse instance.

    Returns
    -------
    Proposal
        Observation on the instances, and constants of linear programs, which multipliers in rationals prove for all of
        their set.

    Raises
    ------
    StatementError
        If the claim is no inequality, or is not supported.
    """
    if not isinstance(statement.claim, Inequality):
        raise StatementError(f"{statement.id}: the claim is no inequality, so there is no constant to sharpen")
    sessions = [session, *(Session(session.budget, session.seed + more) for more in range(1, _SEEDS + 1))]
    # sets tell nothing of the sides but whether the claim holds, and have been decided
    alone = statement._with(for_all=())
    found = [check(alone, one) for one in sessions]
    wrong = next((one for one in found if one.verdict != "supported"), None)
    if wrong is not None:
        raise StatementError(f"{statement.id}: {wrong.verdict} at seed {wrong.seed}, so there is nothing to sharpen")
    met = [(ratio, label, one) for one in found for ratio, label in _ratios(one)]
    worst = max(met, key=lambda each: each[0], default=None)
    proved = tuple(line for one in statement.for_all if isinstance(one, Dual) for line in _by_programs(one))
    if worst is None:
        return Proposal(statement.id, None, "", "", proved)
    ratio, label, evidence = worst
    words = ["lrtheory", "check", statement.origin.prefix + statement.id]
    words += ["--budget", evidence.budget] if evidence.budget != "quick" else []
    words += ["--seed", str(evidence.seed)] if evidence.seed != DEFAULT_SEED else []  # which drawn instances hang on
    return Proposal(statement.id, ratio, label, shlex.join([*words, "--instance", label]), proved)


def _ratios(evidence: Evidence) -> list[tuple[float, str]]:
    """The quotients of both sides at the worst entry of each instance that says something."""
    rows = [row for row in evidence.rows if row["says"] and row["rhs"] > 0 and np.isfinite(row["rhs"])]
    return [(row["lhs"] / row["rhs"], row["instance"]) for row in rows]


def _by_programs(one: Dual) -> list[str]:
    """The best constants of a set of programs, as sentences."""
    best = largest_share(one)
    if best is None or one.share is None:
        return []
    told = f"{one.words}: the best share is {best}"
    lines = [told + (", which is claimed" if best == one.share else f", and {one.share} is claimed")]
    for name, term in one.terms.items():
        pairs = [pair for pair in corners(one, term) if min(pair) > 0]
        lines += [f"{one.words}: {r} of {one.quantity} and {s} of {name} hold together" for r, s in pairs]
    return lines
