"""Metrics of tasks that are learned in turn, in exact numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.continual_learning import metrics
from proofs_checks.continual_learning.certificates.accuracies import FORGOTTEN, TRANSFERRED
from proofs_checks.guards import unlike


@dataclass(frozen=True)
class Accuracies:
    """Accuracies R (T, T) of T tasks as Fractions, one row a time and one column a task."""

    R: np.ndarray


def measured(case: Accuracies, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return what the library's metrics say of the table."""
    names = {"transfer": "backward_transfer", "average": "average_accuracy", "learned": "learning_accuracy"}
    found = {name: getattr(metrics, metric)(case.R) for name, metric in names.items()}
    return found | {"forgetting": metrics.forgetting(case.R)}


EIGHTHS = 8


def of_eighths(rows: Any) -> Accuracies:
    """Return a table from integers between 0 and 8."""
    whole = np.asarray(rows)
    entries = [Fraction(int(entry), EIGHTHS) for entry in whole.ravel()]
    return Accuracies(np.array(entries, object).reshape(whole.shape))


def tables() -> tuple[Accuracies, ...]:
    """Return the smallest tables, in which tasks are kept, lost and regained, and larger ones."""
    chance = np.random.default_rng(0)
    return (
        of_eighths([[8, 0], [0, 8]]),
        of_eighths([[8, 4], [6, 7]]),
        of_eighths([[4, 0], [7, 6]]),
        of_eighths([[4, 0, 0], [6, 4, 0], [2, 4, 8]]),
        of_eighths([[8, 1, 2], [6, 8, 3], [5, 6, 8]]),
        *(of_eighths(chance.integers(0, 9, (T, T))) for T in (4, 5, 7)),
    )


def draw_table(draws: Draws) -> Accuracies:
    """Draw a table of up to 6 tasks."""
    T = draws.integers(2, 6)
    return of_eighths(draws.integers(0, EIGHTHS, shape=(T, T)))


def other_entry(case: Accuracies, draws: Draws) -> Accuracies:
    """Change one accuracy."""
    R = case.R.copy()
    R.flat[draws.integers(0, R.size - 1)] = Fraction(draws.integers(0, EIGHTHS), EIGHTHS)
    return replace(case, R=R)


def coarse_tables() -> Iterator[Accuracies]:
    """Yield all tables of two tasks with accuracies 0, 1/2 and 1, and of three tasks with 0 and 1."""
    for entries in itertools.product((0, 4, 8), repeat=4):
        yield of_eighths(np.reshape(entries, (2, 2)))
    for entries in itertools.product((0, 8), repeat=9):
        yield of_eighths(np.reshape(entries, (3, 3)))


COARSE = All("tables of two tasks with accuracies 0, 1/2 and 1, or of three with 0 and 1", coarse_tables, members=593)
ACCURACIES = Family("accuracy-tables", always=tables, draw=draw_table, climb=other_entry)


def is_table(case: Accuracies) -> bool:
    """Decide whether the table is square, of at least two tasks, with accuracies in [0, 1] that are Fractions."""
    R = np.asarray(case.R)
    if R.ndim != 2 or R.shape[0] != R.shape[1] or len(R) < 2 or R.dtype != object:
        return False
    return all(isinstance(entry, Fraction) and 0 <= entry <= 1 for entry in R.flat)


TABLE = {"accuracies of at least two tasks": is_table}


def transfer_of(R: np.ndarray) -> Fraction:
    """Return the backward transfer by its definition."""
    last = len(R) - 1
    return sum((R[last, j] - R[j, j] for j in range(last)), Fraction(0)) / last


def forgetting_of(R: np.ndarray) -> Fraction:
    """Return the forgetting by its definition, from the best accuracy before the end."""
    last = len(R) - 1
    losses = (sorted(R[i, j] for i in range(j, last))[-1] - R[last, j] for j in range(last))
    return sum(losses, Fraction(0)) / last


def are_kept(R: np.ndarray) -> bool:
    """Decide whether each task but the last is at its best, before the end, right after it was learned."""
    last = len(R) - 1
    return all(R[i, j] <= R[j, j] for j in range(last) for i in range(j, last))


@formula(BWT="(-inf, inf)")
def forgetting_floor(BWT: Number) -> Number:
    """Forgetting is at least this.

    Proof
    -----
    Assumes: at least 2 tasks.

    Proof: the largest accuracy on task j since it was learned is at least R[j, j], with equality for all j exactly
    where each task has its best accuracy right after it was learned.

    References
    ----------
    .. [1] A. Chaudhry et al., Riemannian walk for incremental learning, ECCV 2018.
    """
    return plain(-BWT)


def forgets_more(case: Accuracies, found: dict[str, Any]) -> Sides:
    """Bound forgetting from below by the backward transfer, once both are what their definitions say.

    Whether they are equal is compared with whether tasks are at their best right after they were learned.
    """
    off = [found["forgetting"] - forgetting_of(case.R), found["transfer"] - transfer_of(case.R)]
    off.append(int(found["forgetting"] == forgetting_floor(found["transfer"])) - int(are_kept(case.R)))
    return unlike(off, 0.0) or Sides([forgetting_floor(found["transfer"])], [found["forgetting"]], least=-1)


def forgets_as_much(case: Accuracies, found: dict[str, Any]) -> Sides:
    """Bound forgetting from above by the backward transfer, which is false where a task peaks later."""
    return Sides([found["forgetting"]], [forgetting_floor(found["transfer"])], trivial=1)


MT_1 = Statement(
    id="continual_learning/MT-1",
    title="Forgetting is at least the backward transfer that was lost",
    says=(
        "R[i, j] is the accuracy on task j after task i was learned. Forgetting F, the mean over all tasks j but the "
        "last of the best R[i, j] before the end less R[T, j], is at least -BWT, the mean of R[j, j] - R[T, j]. They "
        "are equal exactly where each task is at its best right after it was learned."
    ),
    source=Derived(forgetting_floor),
    tex=r"F \ge -\mathrm{BWT}",
    hypotheses=TABLE,
    instances=ACCURACIES,
    for_all=(COARSE, FORGOTTEN),
    solve=measured,
    claim=Inequality(forgets_more),
    unread={name: "MT-2 compares both means of accuracies" for name in ("average", "learned")},
    saboteurs=(
        saboteur("the worst accuracy for the best", patch=(metrics.forgetting, "max(table[i, j]", "min(table[i, j]")),
        saboteur(
            "counted from when it was learned",
            solve=lambda case, rng: measured(case) | {"forgetting": metrics.forgetting(case.R, definition="first")},
        ),
        saboteur("equality for every table", claim=Inequality(forgets_as_much)),
    ),
)


@formula(LA="(-inf, inf)", BWT="(-inf, inf)", T="[2, inf)")
def transfer_identity(LA: Number, BWT: Number, T: int) -> Number:
    """The average accuracy, from what was learned and what came of it.

    Proof
    -----
    Assumes: nothing.

    Proof: T ACC - T LA is the sum over all tasks j of R[T, j] - R[j, j], and the last of these is 0.

    References
    ----------
    .. [1] D. Lopez-Paz, M. Ranzato, Gradient episodic memory for continual learning, NeurIPS 2017.
    """
    return plain(LA + exact((T - 1) * BWT) / T)


def adds_up(case: Accuracies, found: dict[str, Any]) -> Sides:
    """Compare the mean accuracies and their difference with the entries of the table."""
    T = len(case.R)
    average = sum(case.R[-1], Fraction(0)) / T
    learned = sum((case.R[j, j] for j in range(T)), Fraction(0)) / T
    made = transfer_identity(learned, found["transfer"], T)
    lhs = [average, found["average"], found["learned"]]
    return Sides(np.array(lhs, object), np.array([made, average, learned], object))


MT_2 = Statement(
    id="continual_learning/MT-2",
    title="Average accuracy is what was learned plus what came of it",
    says=(
        "R[i, j] is the accuracy on task j after task i of T tasks was learned. ACC is the mean of the last row of R, "
        "LA that of its diagonal, and BWT the mean of R[T, j] - R[j, j] over all tasks j but the last. Then ACC = LA + "
        "(T - 1) / T BWT, for every table."
    ),
    source=Derived(transfer_identity),
    tex=r"\mathrm{ACC} = \mathrm{LA} + \tfrac{T-1}{T}\,\mathrm{BWT}",
    hypotheses=TABLE,
    instances=ACCURACIES,
    for_all=(COARSE, TRANSFERRED),
    solve=measured,
    claim=Identity(adds_up),
    unread={"forgetting": "MT-1 compares the forgetting"},
    saboteurs=(
        saboteur("rows and columns exchanged", solve=lambda case, rng: measured(Accuracies(case.R.T))),
        saboteur(
            "the sum of changes divided by T",
            patch=(metrics.backward_transfer, "table.diagonal())[:-1])", "table.diagonal()))"),
        ),
    ),
)
