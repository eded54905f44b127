"""Tables of accuracies in eighths, whose row i is measured after task i was learned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.continual_learning import metrics

EIGHTHS = 8


@dataclass(frozen=True)
class Accuracies:
    """Accuracies R (T, T) of T tasks as Fractions, one row a time and one column a task."""

    R: np.ndarray


def is_table(case: Accuracies) -> bool:
    """Decide whether the table is square, of at least two tasks, with accuracies in [0, 1] that are Fractions."""
    R = np.asarray(case.R)
    if R.ndim != 2 or R.shape[0] != R.shape[1] or len(R) < 2 or R.dtype != object:
        return False
    return all(isinstance(entry, Fraction) and 0 <= entry <= 1 for entry in R.flat)


def measured(case: Accuracies, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return what the library's metrics say of the table."""
    names = {"transfer": "backward_transfer", "average": "average_accuracy", "learned": "learning_accuracy"}
    found = {name: getattr(metrics, metric)(case.R) for name, metric in names.items()}
    return found | {"forgetting": metrics.forgetting(case.R)}


def transfer_of(R: np.ndarray) -> Fraction:
    """Return the backward transfer by its definition."""
    last = len(R) - 1
    return sum((R[last, j] - R[j, j] for j in range(last)), Fraction(0)) / last


def forgetting_of(R: np.ndarray) -> Fraction:
    """Return the forgetting by its definition, from the best accuracy before the end."""
    last = len(R) - 1
    losses = (sorted(R[i, j] for i in range(j, last))[-1] - R[last, j] for j in range(last))
    return sum(losses, Fraction(0)) / last


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


ACCURACIES = Family("accuracy-tables", always=tables, draw=draw_table, climb=other_entry)
