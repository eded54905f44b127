"""The forger beside a check: evidence with what it found, and the sentences that say how a claim is mended."""

from __future__ import annotations

import dataclasses

from lrtheory.bounds.deciding.evidence import LEFT_OUT, Evidence
from lrtheory.bounds.deciding.variants import noted
from lrtheory.bounds.deciding.verdict import of_variants
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement
from lrtheory.bounds.trust.forger import FORGING, SECONDS, Lie, Testimony, admits_lies, forge

__all__ = ["is_outside", "left_untold", "remedies", "with_forger"]


def is_outside(statement: Statement) -> bool:
    """Whether a statement is none of the package, whose tests run the forger over all of its own."""
    return statement.origin.collection != "proofs_checks"


def with_forger(evidence: Evidence, statement: Statement, session: Session, *, run: bool = True) -> Evidence:
    """Tell lies about the outcome of a statement from outside the package, and note which are supported.

    Parameters
    ----------
    evidence : Evidence
        Evidence of the statement itself.
    statement : Statement
        The statement.
    session : Session
        Session whose seed is that of the lies.
    run : bool
        Whether the lies are told; else the evidence says that they were not.

    Returns
    -------
    Evidence
        Evidence in which support becomes `inconclusive` where a lie is supported. Evidence that is not supported stays
        as it is, and so does that of a statement that admits no lies.
    """
    if not (is_outside(statement) and admits_lies(statement)) or evidence.alone != "supported":
        return evidence
    if not run:
        return noted(evidence, LEFT_OUT)
    try:
        testimony = forge(statement, Session(FORGING, session.seed), seconds=SECONDS)
    except KeyboardInterrupt:
        return noted(evidence, "interrupted, the forger was not done")
    believed = [remedies(statement, testimony)] if testimony.supported else []
    counts = {**evidence.counts, "lies": testimony.told, "untold": testimony.untold}
    new = dataclasses.replace(evidence, counts=counts, problems=(*evidence.problems, *believed))
    verdict = of_variants(new.alone, new.saboteurs)[0]
    return noted(dataclasses.replace(new, verdict=verdict), left_untold(testimony), *believed)


def left_untold(testimony: Testimony) -> str:
    """The clause that says how many lies were left out for want of time; empty if all were told."""
    if not testimony.untold:
        return ""
    number = testimony.told + testimony.untold
    return f"{testimony.untold} of {number} lies about the outcome were not told within {SECONDS:g} s"


def remedies(statement: Statement, testimony: Testimony) -> str:
    """The lies that are supported, by path and kind, each with what mends the claim.

    Parameters
    ----------
    statement : Statement
        Statement whose claim believes them.
    testimony : Testimony
        Testimony with at least one such lie.

    Returns
    -------
    str
        A line, and one more for each path and kind.
    """
    grouped: dict[tuple[str, str], list[Lie]] = {}
    for lie in testimony.supported:
        grouped.setdefault((lie.path, lie.kind), []).append(lie)
    rows = [
        (
            f"{path or 'the whole outcome'}: {', '.join(dict.fromkeys(one.words for one in some))}",
            _remedy(statement, some),
        )
        for (path, _), some in grouped.items()
    ]
    width = max(len(words) for words, _ in rows)
    lines = [f"    {words:<{width}}    {remedy}" for words, remedy in rows]
    return "\n".join([f"{statement.id}[forger]: still supported after a lie about the outcome", *lines])


def _remedy(statement: Statement, some: list[Lie]) -> str:
    path, kind = f"`{some[0].path}`", some[0].kind
    decided = " and ".join(f"`{one.removesuffix('.*')}`" for one in statement.decisions) or "what the algorithm decides"
    if kind == "length":
        if [one.words for one in some] == ["the first left out"]:
            return f"the claim accepts {path} cut short: demand its length"
        article = "an empty" if some[0].words == "empty" else "a shorter"
        return f"the claim accepts {article} {path}: demand its length"
    return {
        "report": f"the claim believes {path}: compute it from {decided}, or list it in `unread`",
        "decision": f"the claim does not look at {path}: judge it by the instance, or list it in `unread`",
        "sign": f"the claim does not see the sign of {path}: compare it with the instance, or list it in `free`",
        "another": f"the claim does not hold {path} against the instance: compute what is due from the instance",
        "mute": "the claim is satisfied by zeros: compare the outcome with a number that the instance gives",
        "unread": f"a side depends on {path}: take it off `unread`",
        "free": f"a side depends on the sign of {path}: take it off `free`",
    }[kind].replace("``", "the outcome")
