"""The table of bounds that were made stricter: how many percent of a constant the measured instances leave."""

from __future__ import annotations

from collections.abc import Sequence

from lrtheory.bounds.claims import SHARPER
from lrtheory.bounds.reporting.found import Found
from lrtheory.bounds.reporting.markdown import anchor, plain, table

__all__ = ["sharpened_table"]

_HEADER = ("id", "claim", "a stricter bound is refuted from", "on instances")
_WORDS = """Each bound is made stricter by 2 % and by 10 % of its size, and held against what this run has measured:
both sides in each entry that says something, with their rounding granted to the bound; the exact probability where
one is known, else the same runs at the same level. Entries that compare a report with the truth, and equalities that
stand as two inequalities, are left out. The table has the smaller of the two that some instance refutes: with "2 %"
the constant is right to within 2 %, on that instance at least. With "-" the statement is **not shown to be tight**:
the theorem may have room, the family may lack its worst case, or the runs may be too few to tell. That is no doubt
about the theorem, and no verdict depends on it. An order without a constant, such as "never less than before", is
refuted from 2 % on where it is attained. Equalities, laws, stated means and rates have no bound that could be
stricter.
"""


def sharpened_table(found: Sequence[Found]) -> str:
    """A table of the bounds of a system by the least sharpening that is refuted.

    Parameters
    ----------
    found : sequence of Found
        Statements of the system, in the order of the report.

    Returns
    -------
    str
        A heading, what the table means, counts and the table, as Markdown; empty if no statement has a bound.
    """
    tried = [one for one in found if one.evidence.sharper is not None]
    if not tried:
        return ""
    parts = [one.evidence.sharper for one in tried]
    counts = [f"{parts.count(part)} are refuted from {_percent(part)} on" for part in SHARPER]
    told = f"Of {len(tried)} bounds {', '.join(counts)}, and {parts.count(0.0)} are not shown to be tight.\n"
    return "\n".join(["## Stricter bounds\n", _WORDS, told, table(_HEADER, [_row(one) for one in tried])])


def _row(one: Found) -> tuple[str, ...]:
    name, part = one.statement.id.partition("/")[2], one.evidence.sharper
    # of the rows that were tried, those which refute the part that the table names
    on = sum(0 < (row.get("sharper") or 0) <= (part or 0) for row in one.evidence.rows)
    many = f"{on} of {one.evidence.n_instances}" if part else "-"
    return f"[{name}](#{anchor(name)})", plain(one.statement.title), _percent(part) if part else "-", many


def _percent(part: float | None) -> str:
    return f"{100 * (part or 0):.0f} %"
