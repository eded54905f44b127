"""The tally that a check keeps while it goes over the instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lrtheory.bounds.deciding.verdict import vacuity, verdict_of
from lrtheory.bounds.errors import OutcomeError, StatementError
from lrtheory.bounds.families import is_fixed
from lrtheory.bounds.running.blame import blamed, place_of, told
from lrtheory.bounds.running.encoding import encode
from lrtheory.bounds.running.handover import Fault, Raised
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement

_FEW, _LONG = 3, 60  # labels, and letters of one, that a remark spells out

__all__ = ["Row", "Tally", "faulty", "found_label", "holds"]


@dataclass(frozen=True)
class Row:
    """One examined instance: the sides at its worst entry, and what they say."""

    label: str
    instance: Any
    lhs: float
    rhs: float
    verdict: str
    shown: tuple[str, str]
    where: tuple[int, ...] = ()
    ratio: float = float("nan")
    vacuous: bool = False
    log_e: float = float("nan")
    two_sided: bool = False
    rounding: float = 0.0
    sharper: float | None = None  # the least of SHARPER that is refuted here, 0 for neither; None where none was tried
    told: Mapping[str, Any] = field(default_factory=dict)  # of a claim about chance: runs, upper limit, exact value

    @property
    def slack(self) -> float:
        """rhs - lhs; for claims of equality minus their distance."""
        return -abs(self.rhs - self.lhs) if self.two_sided else self.rhs - self.lhs

    @property
    def badness(self) -> float:
        """The height that a search climbs: by how much lhs exceeds rhs, or differs from it, in units of the scale."""
        # relative to the scale, so that a search does not merely look for large instances
        scale = max(abs(self.lhs), abs(self.rhs))
        if scale == 0 or not np.isfinite(scale):  # 0 <= 0 is as good as can be, and infinity gives no direction
            return -1.0
        return -(self.slack + self.rounding) / scale


@dataclass
class Tally:
    """Rows, counts, and what stands in the way of support."""

    rows: list[Row] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    hypotheses: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # what is remarkable, and stands in no way
    met: list[str] = field(default_factory=list)  # labels of the instances on which the hypotheses hold
    last_crash: str = ""
    longest: str = ""  # the label of the instance that needed the most runs
    breaks_hypothesis: bool = False
    misled: bool = False  # doubles were far from exact numbers on an instance, so that they filter no later one

    def refuted(self) -> bool:
        """Whether an instance has contradicted the claim."""
        return any(row.verdict == "refuted" for row in self.rows)

    def told(self) -> list[dict[str, Any]]:
        """The rows as evidence keeps them."""
        return [
            {
                "instance": row.label,
                "verdict": row.verdict,
                "lhs": float(row.lhs),
                "rhs": float(row.rhs),
                "slack": float(row.slack),
                "rounding": float(row.rounding),
                "says": not row.vacuous,
                "sharper": row.sharper,
            }
            for row in self.rows
        ]

    def worst(self) -> Row | None:
        """The worst instance among those whose replay gives the verdict of all."""
        kinds: tuple[list[Row], ...] = (
            [row for row in self.rows if row.verdict == "refuted"],
            # an instance that stayed open is why there is no support
            [row for row in self.rows if row.verdict == "inconclusive"],
            [row for row in self.rows if not row.vacuous],
            self.rows,
        )
        decisive = next((rows for rows in kinds if rows), [])
        # runs without a failure are all alike; the exact probability tells them apart
        return max(decisive, key=lambda row: (row.badness, row.told.get("exact", 0.0)), default=None)

    def left_out(self) -> str:
        """Which instances the hypotheses admit and no row shows, in words; empty where there are none."""
        measured = {row.label for row in self.rows}
        labels = [label for label in self.met if label not in measured]
        if not labels or any(row.instance is None for row in self.rows):
            return ""
        why = "crashed" if self.counts["crashes"] >= len(labels) else "refuted before" if self.refuted() else "no row"
        named = [label if len(label) <= _LONG else f"{label[:_LONG]}..." for label in labels[:_FEW]]
        more = f" and {len(labels) - _FEW} more" if len(labels) > _FEW else ""
        return f"left out of {len(self.met)} instances ({why}): {', '.join(named)}{more}"

    def vacuous(self) -> str:
        """Where a claim says too little for support, in words; empty if it says enough."""
        return vacuity(self.told(), self.counts)

    def verdict(self) -> str:
        """Refuted by one instance; supported by all, if they claim anything and nothing is odd."""
        return verdict_of(self.told(), self.counts, self.problems, breaks_hypothesis=self.breaks_hypothesis)

    def note_crash(self, statement: Statement, label: str, instance: Any, error: BaseException) -> None:
        """Raise the error of a statement's own solver, or of the statement; count that of a mutant's outcome."""
        # A saboteur may return nonsense that its claim cannot read. That must not count as a refutation, since a check
        # that only crashes has not compared anything; and an ill-posed statement is never the saboteur's fault.
        if isinstance(error, Fault) and not statement.sabotage:
            raise error  # a refutation, not a crash
        ill_posed = isinstance(error, StatementError) and not isinstance(error, OutcomeError)
        if ill_posed or not statement.sabotage:
            raise told(error, "the claim", place_of(statement.id, label), instance) from error
        self.counts["crashes"] += 1
        crash = error.error if isinstance(error, Raised) else error
        self.last_crash = f"{crash}" if isinstance(crash, Fault) else f"{type(crash).__name__}: {crash}"

    def admits(self, statement: Statement, label: str, instance: Any) -> bool:
        """Whether the hypotheses hold. A fixed instance that breaks one is an error, a found one is left out."""
        broken = [name for name in statement.hypotheses if not holds(statement, name, label, instance)]
        if broken and is_fixed(label):
            raise StatementError(f"{statement.id}: {label} breaks the hypothesis {broken[0]!r}")
        if broken:
            self.counts["refused"] += 1
            return False
        self.hypotheses.update(statement.hypotheses.keys())
        self.met.append(label)
        return True

    def instances(self, statement: Statement, session: Session, draws: int) -> Iterator[tuple[str, Any]]:
        """The family's instances on which the hypotheses hold."""
        admitted = 0
        for label, instance in session.instances(statement.instances, draws):
            if self.admits(statement, label, instance):
                admitted += not is_fixed(label)
                yield label, instance
        # what always runs was chosen by the author; without a draw nothing was measured that he has not seen
        if statement.instances.draw is not None and draws and not admitted:
            self.problems.append(f"none of {draws} drawn instances satisfies the hypotheses, so none was measured")


def holds(statement: Statement, name: str, label: str, instance: Any) -> bool:
    """Whether a hypothesis holds on an instance; anything but a truth value is refused, since most objects are true."""
    place = place_of(statement.id, label)
    with blamed(f"the hypothesis {name!r}", place, instance):
        answer = statement.hypotheses[name](instance)
    if not isinstance(answer, (bool, np.bool_)):
        raise StatementError(f"{place}: the hypothesis {name!r} must be True or False; got {answer!r}")
    return bool(answer)


def faulty(label: str, instance: Any, fault: Fault) -> Row:
    """The row of an instance on which a solver was at fault, which is a refutation without a comparison."""
    return Row(label, instance, float(fault.count), 0.0, "refuted", (f"{fault}", fault.due))


def found_label(instance: Any) -> str:
    """The label of an instance that a search has found: its content, which `instance=` takes back."""
    return "json:" + encode(instance)
