"""Metrics of tasks that are learned in turn, in exact numbers: MT-1 and MT-2."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.continual_learning import metrics, theory
from proofs_checks.continual_learning.families.accuracies import (
    ACCURACIES,
    Accuracies,
    forgetting_of,
    is_table,
    measured,
    transfer_of,
)
from proofs_checks.guards import unlike

TABLE = {"accuracies of at least two tasks": is_table}


def forgets_more(case: Accuracies, found: dict[str, Any]) -> Sides:
    """Bound forgetting from below by the backward transfer, once both are what their definitions say."""
    off = [found["forgetting"] - forgetting_of(case.R), found["transfer"] - transfer_of(case.R)]
    return unlike(off, 0.0) or Sides([theory.forgetting_floor(found["transfer"])], [found["forgetting"]], least=-1)


def forgets_as_much(case: Accuracies, found: dict[str, Any]) -> Sides:
    """Bound forgetting from above by the backward transfer, which is false where a task peaks later."""
    return Sides([found["forgetting"]], [theory.forgetting_floor(found["transfer"])], trivial=1)


MT_1 = Statement(
    id="continual_learning/MT-1",
    title="Forgetting is at least the backward transfer that was lost",
    says=(
        "R[i, j] is the accuracy on task j after task i was learned. Forgetting F, the mean over all tasks j but the "
        "last of the best R[i, j] before the end less R[T, j], is at least -BWT, the mean of R[j, j] - R[T, j]. They "
        "are equal exactly where each task is at its best right after it was learned."
    ),
    source=Derived(theory.forgetting_floor),
    tex=r"F \ge -\mathrm{BWT}",
    hypotheses=TABLE,
    instances=ACCURACIES,
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


def adds_up(case: Accuracies, found: dict[str, Any]) -> Sides:
    """Compare the mean accuracies and their difference with the entries of the table."""
    T = len(case.R)
    average = sum(case.R[-1], Fraction(0)) / T
    learned = sum((case.R[j, j] for j in range(T)), Fraction(0)) / T
    made = theory.transfer_identity(learned, found["transfer"], T)
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
    source=Derived(theory.transfer_identity),
    tex=r"\mathrm{ACC} = \mathrm{LA} + \tfrac{T-1}{T}\,\mathrm{BWT}",
    hypotheses=TABLE,
    instances=ACCURACIES,
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
