"""Some checks of a report, run again: a file that was edited so that it agrees with itself is found by nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from lrtheory.bounds.claims import Recorded
from lrtheory.bounds.deciding.checking import check
from lrtheory.bounds.deciding.evidence import Evidence
from lrtheory.bounds.reporting.found import collect
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement

__all__ = ["measured_again"]

_SAME = (
    *("subject", "scope", "alone", "level", "hypotheses", "worst", "vacuous", "tightness", "e_value"),
    *("n_instances", "rows", "problems", "sets", "sizes", "counts"),
)


def measured_again(statements: Sequence[Statement], folder: Path, number: int) -> list[str]:
    """Run the checks of some statements again, at the budget and the seed of their evidence.

    Parameters
    ----------
    statements : sequence of Statement
        Statements of the report.
    folder : Path
        Folder of the evidence files.
    number : int
        Number of statements that are drawn, by random numbers that nobody knows before.

    Returns
    -------
    list of str
        The ids that were measured again.

    Raises
    ------
    ValueError
        If a statement gives other evidence now; the sentence names the field. Times are not compared.
    """
    # what draws numbers of its own repeats the law and not the draws
    some = [one for one in statements if not one.randomness and not isinstance(one.claim, Recorded)]
    drawn = secrets.SystemRandom().sample(some, min(number, len(some)))
    for one in collect(drawn, folder):
        kept = one.evidence
        now = check(one.statement, Session.named(kept.budget, kept.seed))
        wrong = [name for name in _SAME if _told(kept, name) != _told(now, name)]
        if wrong:
            raise ValueError(
                f"{kept.statement}: another run at seed {kept.seed} gives other evidence than its file: `{wrong[0]}` "
                f"is {_brief(now, wrong[0])}, and the file says {_brief(kept, wrong[0])}"
            )
    return [one.id for one in drawn]


def _told(evidence: Evidence, name: str) -> object:
    if name == "sets":
        return [{key: value for key, value in one.items() if key != "seconds"} for one in evidence.sets]
    return evidence.alone if name == "alone" else evidence.to_dict()[name]


def _brief(evidence: Evidence, name: str) -> str:
    text = str(_told(evidence, name))
    return text if len(text) <= 100 else f"{text[:97]}..."
