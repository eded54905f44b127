"""The page of details of a system: everything that is known of each of its statements and figures."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence

from lrtheory.bounds.claims import Recorded
from lrtheory.bounds.deciding.evidence import covered
from lrtheory.bounds.provenance.origin import evidence_digest
from lrtheory.bounds.provenance.sources import Measured, version_of
from lrtheory.bounds.reporting.figures import Record, details
from lrtheory.bounds.reporting.found import TINY, Found, place, run, sides
from lrtheory.bounds.reporting.markdown import plain
from lrtheory.bounds.reporting.sharpened import sharpened_table
from lrtheory.bounds.statement import Saboteur, Statement
from lrtheory.bounds.statement.letters import set_in

__all__ = ["details_page", "fixed", "item", "saboteur_line", "sources_line"]

HEAD = """## How to read this page

Every statement is supported, or *recorded*, which is not checked. In the tables brackets name another paper, and how
much of it was read; with * the claim holds on all of a set. The last column says how close the sides come: "=" is an
equality, of laws and means within a width told; "tight", an attained bound; a percentage, the largest quotient of both
sides; "runs", how many failed; "slack", their distance without a quotient; "-", nothing comes near, or no run failed;
"rate", an exponent within its interval. A second percentage is the share of cases in which the claim excludes anything.
In errata the left side should equal the right one, or stay below it.

Below stands every statement in full, as `pytest -m bounds` measured it:

- *whose*: "read" says how much of a source was at hand: full (the paper itself), abstract, secondary (what others
  restate of it), code (the authors' own), or recalled (nothing but memory). "Derived here" is no theorem of the paper:
  the docstring that is named carries the proof. What was measured is an observation, and no theorem.
- *both sides* stand at the worst entry; the slack is the right side less the left one, for equalities minus their
  distance. Near ties are decided in rational or ball arithmetic; "±" says how much the rounding of iterates may move
  the sides, and the claim is decided up to that.
- *tightness* is the largest quotient of the sides where the bound bites; a claim *says something* where it excludes
  anything, and with fewer than half of the instances or a quarter of the entries it would not count as supported.
- *all of* names a set of which every member was measured, and says whether that was the code or a formula; what is
  *tried* was measured on some instances.
- *saboteurs* are wrong variants: a changed solver, too strong a constant, a dropped hypothesis. The same check refutes
  each of them on the instance that is named.
- A claim about a *formula*, or about counts that only our own kernels make, puts no algorithm of a reader's own to the
  test.

Which instance is the worst, and sides that carry roundings, may differ on another processor; verdicts should not.
"""


def item(id: str) -> str:
    """The part of an id after the system, which is also the heading of its details."""
    return id.partition("/")[2]


def details_page(system: str, found: Sequence[Found], records: Sequence[Record], head: str = "") -> str:
    """The page of one system: what `section` says of it, and all details.

    Parameters
    ----------
    system : str
        Name of the system.
    found : sequence of Found
        Statements of the system, in the order of the report.
    records : sequence of mapping
        The records of its figures.
    head : str
        Markdown that comes before the entries, as `section` writes it.

    Returns
    -------
    str
        Markdown.
    """
    parts = [
        f"# Evidence of {system}\n",
        *filter(None, [head]),
        HEAD,
        f"{run(found)} {_versions(found)} {sources_line([one.statement for one in found])}\n",
    ]
    theorems = [one for one in found if not isinstance(one.statement.source, Measured)]
    observations = [one for one in found if isinstance(one.statement.source, Measured)]
    for heading, some in (("Theorems", theorems), ("Observations", observations)):
        parts += [f"## {heading}\n", *map(_entry, some)] if some else []
    parts += list(filter(None, [sharpened_table(found)]))
    parts += ["## Figures\n", *map(details, records)] if records else []
    return "\n".join(parts)


def _versions(found: Sequence[Found]) -> str:
    """The versions with which the report is rendered, and those that were named as a part of the evidence."""
    # a version that an author names may be one of these three, and is printed once
    names = dict.fromkeys(("numpy", "scipy", "numba", *found[0].statement.origin.versions))
    versions = ", ".join(f"{name} {version_of(name)}" for name in names)
    return f"Python {'.'.join(platform.python_version_tuple()[:2])}, {versions}."


def sources_line(statements: Sequence[Statement]) -> str:
    """The digest of the sources on which the evidence of a system rests, by its statements."""
    digests = list(dict.fromkeys(evidence_digest(one.origin) for one in statements))
    # the statements of a package have one origin, and those of several files one each
    together = digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()[:12]
    return f"Sources {together}."


def fixed(statement: Statement) -> str:
    """The part of an entry that needs no measurement.

    Parameters
    ----------
    statement : Statement
        Any statement.

    Returns
    -------
    str
        Heading, claim, formula, source, hypotheses and notes, as Markdown.
    """
    kind = "" if isinstance(statement.claim, Recorded) else f"; {statement.kind}"
    lines = [
        f"### {item(statement.id)}\n",
        f"**{plain(statement.title)}.** {statement.due.capitalize()}{kind}.\n",
        *([f"{set_in(statement.says, '${}$'.format, plain)}\n"] if statement.says else []),
        f"$$\n{statement.tex}\n$$\n",
        f"- whose: {plain(str(statement.source))}",
    ]
    # what follows is left out where there is nothing to say, so that an entry has no empty lines
    lines += [f"- hypotheses: {plain(', '.join(statement.hypotheses))}"] if statement.hypotheses else []
    lines += [f"- formula: {plain(statement.closed)}"] if statement.closed else []
    if isinstance(statement.claim, Recorded):
        reason = plain(statement.claim.reason.rstrip("."))
        lines.append(f"- not checked: {reason}; what can be checked stands in {statement.claim.carried_by}")
    lines += [f"- violated: {plain(str(statement.violated))}"] if statement.violated is not None else []
    lines += [f"- note: {plain(statement.notes)}"] if statement.notes else []
    return "\n".join(lines) + "\n"


def saboteur_line(one: Saboteur) -> str:
    """The beginning of the line of a saboteur."""
    printed = "*the wording of the source*: " if one.printed else ""
    return f"  - {printed}{plain(one.name)}: "


def _entry(found: Found) -> str:
    """All of one statement."""
    worst, evidence = found.evidence.worst, found.evidence
    lines = []
    if worst:
        lhs, rhs = sides(worst)
        slack, where = f"{worst['slack']:.3g}", place(worst["instance"])
        lines.append(f"- both sides: left {lhs}, right {rhs}; slack {slack}, at {where}")
    # only claims about a probability have an upper limit of the rate
    if "upper" in worst:
        exact = f"; exactly it is {worst['exact']:.2g}" if "exact" in worst else ""
        lines.append(
            f"- rate: {worst['failures']} of {worst['runs']} runs failed, so the probability is at most "
            f"{worst['upper']:.2g}{exact}"
        )
    if evidence.tightness is not None:
        near = f"{evidence.tightness:.3g}" if evidence.tightness > TINY else "nothing comes near"
        lines.append(f"- tightness: {near}")
    if evidence.n_instances:
        counts, said = evidence.counts, evidence.n_instances - evidence.vacuous
        entries = f", and in {counts['saying']} of {counts['entries']} entries" if counts.get("entries") else ""
        ranges = f" ({evidence.ranges})" if evidence.ranges else ""
        lines.append(f"- says something on {said} of {evidence.n_instances} instances{ranges}{entries}")
    lines += [f"- {one['how']}: {plain(covered(one))}" for one in evidence.sets]
    # the message of what is recorded without a check is its reason, which stands above
    lines += [f"- remark: {plain(evidence.message)}"] if evidence.message and worst else []
    if evidence.verdict != "recorded":
        lines.append(f"- replay: `{_replay(evidence.replay, found.statement.id)}`")
    lines += [f"- repair: {plain(name)}: {one.verdict}" for name, one in found.repairs.items()]
    lines += ["- saboteurs:", *(_caught(one, found) for one in found.statement.saboteurs)] if found.saboteurs else []
    return fixed(found.statement) + "\n".join(lines) + "\n" * bool(lines)


def _replay(command: str, id: str) -> str:
    """The command that repeats the worst instance; where it spells out a large one, that which prints it."""
    # an instance that a search found may fill the page, and a backtick would end the code
    return command if len(command) <= 160 and "`" not in command else f"lrtheory check {id}"


def _caught(one: Saboteur, found: Found) -> str:
    """The line of a saboteur: both sides where it was refuted."""
    evidence = found.saboteurs[one.name]
    if not evidence.worst:
        return saboteur_line(one) + plain(evidence.message)
    lhs, rhs = sides(evidence.worst, enough=True)
    return saboteur_line(one) + f"left {lhs}, right {rhs}, at {place(evidence.worst['instance'])}"
