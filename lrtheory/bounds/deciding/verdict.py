"""The verdict that follows from rows, problems and hypotheses, for a check and for a file that is read again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lrtheory.bounds.claims import SHARPER

#: what may be measured or proved on a set
ABOUT = ("the code", "the formula", "the rule", "the theorem")

__all__ = ["alone_of", "contradictions", "of_variants", "scope_of", "vacuity", "verdict_of"]

_INSTANCES, _ENTRIES = 1 / 2, 1 / 4  # the least shares of instances and of entries in which a claim must say something
_DROWNED = 1 / 4  # the largest share of entries that may be below their rounding
_FILTER = 1e-6  # sides that are nearer to each other than this part are decided exactly, whatever their doubles say


def vacuity(rows: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> str:
    """Where a claim says too little for support, in words; empty if it says enough.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of evidence, one per instance.
    counts : mapping of str to int
        Counts of evidence; without entries it is the instances alone that count.

    Returns
    -------
    str
        A clause.
    """
    saying = sum(row["says"] for row in rows)
    if saying == 0:
        return "the bound is vacuous on every instance"
    if saying < _INSTANCES * len(rows):
        return f"the bound is vacuous on {len(rows) - saying} of {len(rows)} instances"
    drowned = counts.get("drowned", 0)
    if drowned > _DROWNED * counts.get("entries", 0):
        return f"the rounding exceeds both sides in {drowned} of {counts['entries']} entries, which say nothing"
    if counts.get("saying", 0) < _ENTRIES * counts.get("entries", 0):
        return f"the bound says something in {counts.get('saying', 0)} of {counts['entries']} entries"
    return ""


def verdict_of(
    rows: Sequence[Mapping[str, Any]], counts: Mapping[str, int], problems: Sequence[str], *, breaks_hypothesis: bool
) -> str:
    """Refuted by one instance; supported by all, if they claim anything and nothing is odd.

    Parameters
    ----------
    rows, counts
        As for `vacuity`.
    problems : sequence of str
        Reasons against support beside the verdicts of the rows.
    breaks_hypothesis : bool
        Whether the one instance of the caller's choice breaks a hypothesis, so that it says nothing of the theorem.

    Returns
    -------
    str
        `supported`, `refuted` or `inconclusive`.
    """
    verdicts = {row["verdict"] for row in rows}
    if breaks_hypothesis:
        return "inconclusive"
    if "refuted" in verdicts:
        return "refuted"
    clean = not vacuity(rows, counts) and not problems and verdicts == {"supported"}
    return "supported" if clean else "inconclusive"


def of_variants(alone: str, saboteurs: Mapping[str, str]) -> tuple[str, str]:
    """The verdict beside those of the saboteurs, and why it is not the verdict of the statement alone.

    Parameters
    ----------
    alone : str
        The verdict of the statement.
    saboteurs : mapping of str to str
        Verdicts of the saboteurs, as far as they were run, by their names.

    Returns
    -------
    tuple of str
        A check that supports a wrong variant too has told nothing, so the verdict is `inconclusive` then.
    """
    escaped = {name: found for name, found in saboteurs.items() if found != "refuted"}
    if alone != "supported" or not escaped:
        return alone, ""
    name, found = next(((n, v) for n, v in escaped.items() if v == "supported"), next(iter(escaped.items())))
    return "inconclusive", f"the check cannot tell this from a wrong variant: {name} is {found}"


def contradictions(data: Mapping[str, Any]) -> list[str]:
    """List what a file of evidence says and its own rows deny.

    Parameters
    ----------
    data : mapping
        The fields of evidence, with numbers as numbers.

    Returns
    -------
    list of str
        Clauses; empty where all agrees.
    """
    rows, counts, kind = data["rows"], data["counts"], data["kind"]
    found = [f"row {row['instance']!r}: {clause}" for row in rows for clause in _row_clauses(row, kind)]
    for name in ("lhs", "rhs", "slack"):
        if not _same(list(data[name]), [row[name] for row in rows]):
            found.append(f"`{name}` is not that of the rows")
    sums = {"n_instances": len(rows), "vacuous": sum(not row["says"] for row in rows)}
    found += [f"`{name}` is {data[name]}, and the rows say {due}" for name, due in sums.items() if data[name] != due]
    if data["scope"].split(" ")[-1] in ("instance", "instances") and data["scope"] != scope_of(len(rows)):
        found.append(f"`scope` is {data['scope']!r}, and there are {len(rows)} rows")
    pairs = (
        ("saying", "entries"),
        ("exact", "entries"),
        ("drowned", "entries"),
        ("most_runs", "runs"),
        ("most_runs", "cap"),
    )
    for part, whole in pairs:
        if counts.get(part, 0) > counts.get(whole, 0):
            found.append(f"`counts` has {counts[part]} {part} of {counts.get(whole, 0)} {whole}")
    worst = data["worst"]
    if worst and not any(
        row["instance"] == worst["instance"] and _same([row["slack"]], [worst["slack"]]) for row in rows
    ):
        found.append(f"the worst instance {worst['instance']!r} is none of the rows")
    found += [clause for one in data["sets"] if (clause := _set_clause(one))]
    if any(one["verdict"] in ("refuted", "inconclusive") for one in data["sets"]) and alone_of(data) == "supported":
        found.append("a set is not covered, and the statement is supported")
    if data["verdict"] != "recorded":
        due = of_variants(alone_of(data), data["saboteurs"])[0]
        if data["verdict"] != due:
            found.append(f"the verdict is {data['verdict']!r}, and {due!r} follows from the rows")
    return found


def alone_of(data: Mapping[str, Any]) -> str:
    """The verdict of a statement without its saboteurs, from the fields of evidence."""
    # only an instance of the caller's choice can break a hypothesis, on which it then holds no single time
    one = not data["scope"].endswith((" instance", " instances"))
    breaks = one and any(held == 0 for held in data["hypotheses"].values())
    return verdict_of(data["rows"], data["counts"], data["problems"], breaks_hypothesis=breaks)


def scope_of(n_instances: int) -> str:
    """The scope of a check of a whole family."""
    return f"{n_instances} instance{'' if n_instances == 1 else 's'}"


def _set_clause(one: Mapping[str, Any]) -> str:
    """A clause on an entry of a set that does not say how it is covered, and what was measured; else empty."""
    how = one.get("how")
    if how not in ("tried", "all of", "proof", "proved") or one.get("about") not in ABOUT:
        return f"the set {one.get('words')!r} does not say how it is covered, or what was measured on it"
    if how in ("proof", "proved"):  # it is proved where a checker is named that accepted a file, and nowhere else
        said = {name for name in ("checker", "axioms", "digest") if one.get(name) is not None}
        due = {"checker", "axioms", "digest"} if how == "proved" else set()
        checked = "supported" if how == "proved" else "not checked here"
        if said != due or one.get("verdict") != checked:
            return f"the set {one['words']!r} does not say what proved it, or says so and it was not checked"
        return ""
    if not (isinstance(one.get("members"), int) and one["members"] >= 1):
        return f"the set {one['words']!r} has no members"
    return ""


def _row_clauses(row: Mapping[str, Any], kind: str) -> list[str]:
    lhs, rhs, slack = row["lhs"], row["rhs"], row["slack"]
    if row.get("sharper") not in (None, 0, *SHARPER):
        return [f"it was tried with a bound that is stricter by {row['sharper']}"]
    one_sided, two_sided = rhs - lhs, -abs(rhs - lhs)
    due = {"identity": [two_sided], "law": [two_sided], "expectation": [one_sided, two_sided]}.get(kind, [one_sided])
    if not any(_same([slack], [each]) for each in due):
        return [f"slack {slack} of the sides {lhs} and {rhs}"]
    # sides that nearly agree were decided exactly, and those of a law and of a mean within a distance that it states
    near = row["rounding"] + _FILTER * max(abs(lhs), abs(rhs))
    # runs that support a bound on a probability have failed more rarely than it allows; only on an instance that a
    # search found may the exact probability decide against them
    sided = kind in ("inequality", "identity") or (kind == "probability" and not row["instance"].startswith("json:"))
    if row["verdict"] == "supported" and slack < -near and sided:
        return [f"it is supported, and {lhs} is beyond {rhs}"]
    if row["verdict"] == "refuted" and slack > near and kind in ("inequality", "identity", "probability"):
        return [f"it is refuted, and {lhs} is below {rhs}"]
    return []


def _same(some: Sequence[float], others: Sequence[float]) -> bool:
    """Whether numbers are equal, NaN with NaN."""
    return len(some) == len(others) and all(
        a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(some, others, strict=True)
    )
