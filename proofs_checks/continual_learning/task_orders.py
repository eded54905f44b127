"""Orders of tasks that do not matter to a ridge learner."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Identity, Sides, Statement, rounding, saboteur
from lrtheory.continual_learning import Task, run_tasks, theory
from lrtheory.continual_learning.tasks.learners import RidgeLearner
from proofs_checks.guards import misfit

Rows = tuple[tuple[int, ...], ...]
Labeled = tuple[Rows, tuple[int, ...]]
Found = dict[str, Any]


@dataclass(frozen=True)
class Course:
    """Tasks of rows of small integers with their classes, of which the last ones are for tests; and a ridge."""

    tasks: tuple[tuple[Labeled, Labeled], ...]
    ridge: Fraction = Fraction(1)

    @property
    def orders(self) -> list[tuple[int, ...]]:
        """All orders of the tasks."""
        return list(itertools.permutations(range(len(self.tasks))))


def n_classes(case: Course) -> int:
    """Count the classes up to the largest one."""
    return 1 + max(label for task in case.tasks for _, labels in task for label in labels)


@lru_cache(maxsize=4096)
def outputs_of(case: Course, learned: frozenset[int]) -> tuple[tuple[int, ...], tuple[np.ndarray, ...]]:
    """Return the classes of some tasks, and the outputs of their map for the test rows of all tasks, in Fractions."""
    edits, classes = [], np.eye(n_classes(case), dtype=int)
    for place in sorted(learned):
        rows, labels = case.tasks[place][0]
        edits.append((with_ones(rows), classes[list(labels)]))
    start = np.zeros((len(case.tasks[0][0][0][0]) + 1, len(classes)), int)
    W = theory.ridge_solution(start, edits, ridge=case.ridge)
    seen = sorted({label for place in learned for label in case.tasks[place][0][1]})
    return tuple(seen), tuple((with_ones(rows) @ W)[:, seen] for _, (rows, _) in case.tasks)


def with_ones(rows: Rows) -> np.ndarray:
    """Return rows with a last column of ones."""
    return np.c_[np.array(rows, int), np.ones(len(rows), int)]


def shares(case: Course, learned: frozenset[int]) -> list[Fraction]:
    """Return the accuracies on all tasks of the map of least cost for the rows of some of them."""
    seen, outputs = outputs_of(case, learned)
    found = []
    for (_, (_, labels)), scores in zip(case.tasks, outputs, strict=True):
        right = [seen[int(row.argmax())] == label for row, label in zip(scores, labels, strict=True)]
        found.append(Fraction(sum(right), len(right)))
    return found


def subsets(case: Course) -> Iterator[frozenset[int]]:
    """Yield all sets of at least one task."""
    for n in range(1, len(case.tasks) + 1):
        yield from map(frozenset, itertools.combinations(range(len(case.tasks)), n))


def is_course(case: Course) -> bool:
    """Decide whether there are two to four tasks with rows of one length, and a positive ridge."""
    parts = [part for task in case.tasks for part in task]
    fits = all(len(rows) == len(labels) > 0 and min(labels) >= 0 for rows, labels in parts)
    one_length = len({len(row) for rows, _ in parts for row in rows}) == 1
    return fits and one_length and 2 <= len(case.tasks) <= 4 and case.ridge > 0


def is_decided(case: Course) -> bool:
    """Decide whether no test row has two largest outputs that doubles could confuse, whatever tasks were learned."""
    for learned in subsets(case):
        for scores in outputs_of(case, learned)[1]:
            ordered = np.sort(scores, axis=1)
            if ordered.shape[1] > 1 and min(ordered[:, -1] - ordered[:, -2]) < Fraction(1, 2**20):
                return False
    return True


def learned_in(case: Course, order: tuple[int, ...]) -> Any:
    """Let the library's ridge learner learn the tasks in an order."""
    tasks = [
        Task(*(np.array(x, float if place % 2 == 0 else int) for place, x in enumerate((*train, *test))))
        for train, test in case.tasks
    ]
    return run_tasks(tasks, method="ridge", hidden=(), ridge=float(case.ridge), order=order)


def taught(case: Course, rng: np.random.Generator | None = None) -> Found:
    """Return the table of accuracies, and their average at the end, for every order of the tasks."""
    runs = [learned_in(case, order) for order in case.orders]
    return {
        "accuracy": np.stack([run.accuracy for run in runs]),
        "average": np.array([run.average_accuracy for run in runs]),
    }


def as_they_stand(case: Course, rng: np.random.Generator | None = None) -> Found:
    """Take columns in the order of learning for columns in the order in which tasks stand."""
    found = taught(case)
    tables = [R[:, list(order)] for R, order in zip(found["accuracy"], case.orders, strict=True)]
    return found | {"accuracy": np.stack(tables)}


def one_order(case: Course, rng: np.random.Generator | None = None) -> Found:
    """Learn the tasks as they stand, whatever the order is, and exchange columns."""
    run = learned_in(case, case.orders[0])
    tables = [run.accuracy[:, list(order)] for order in case.orders]
    return {"accuracy": np.stack(tables), "average": np.array([run.average_accuracy] * len(tables))}


def draw_course(draws: Draws) -> Course:
    """Draw two or three tasks of rows of integers around different points."""
    n_tasks, d = draws.integers(2, 3), draws.integers(1, 3)
    tasks = []
    for _ in range(n_tasks):
        parts = []
        for n in (draws.integers(1, 4), draws.integers(1, 4)):
            rows = tuple(map(tuple, draws.integers(-4, 4, shape=(n, d)).tolist()))
            parts.append((rows, tuple(draws.integers(0, 3, shape=n).tolist())))
        tasks.append((parts[0], parts[1]))
    return Course(tuple(tasks), draws.choice((Fraction(1, 4), Fraction(1), Fraction(4))))


def courses() -> tuple[Course, ...]:
    """Return the smallest course, one of a class a task, and one whose first two tasks contradict each other."""
    first, second = (((1,),), (0,)), (((-2,),), (1,))
    east, north, west, south = ((4, 0), (5, 1)), ((0, 4), (1, 5)), ((-4, 1), (-5, 0)), ((1, -4), (0, -6))
    one_class = [(rows, (label, label)) for label, rows in enumerate((east, north, west, south))]
    test = (((3, 2), (1, 7)), (0, 1))
    return (
        Course(((first, first), (second, second))),
        Course(tuple((train, train) for train in one_class)),
        Course((((east, (0, 0)), test), ((east[:1], (1,)), test), ((north, (0, 1)), (south, (0, 1)))), Fraction(1, 4)),
    )


def single_rows() -> Iterator[Course]:
    """Yield three tasks of one row each, of (1, 0), (0, 1) and (1, 1) with the class 0 or 1, without ties."""
    some = [((row,), (label,)) for row in ((1, 0), (0, 1), (1, 1)) for label in (0, 1)]
    tests = ((((3, 1),), (0,)), (((1, 4),), (1,)), (((3, 1), (1, 4)), (1, 0)))
    for trained in itertools.combinations_with_replacement(some, 3):
        course = Course(tuple(zip(trained, tests, strict=True)))
        if is_decided(course):
            yield course


SINGLE_ROWS = All(
    "sets of three tasks of one row each, (1, 0), (0, 1) or (1, 1) with the class 0 or 1, that leave no test row with "
    "two equal outputs, in all orders",
    single_rows,
    members=28,
)


def agrees(case: Course, found: Found, whole: bool = False) -> Sides:
    """Compare each row of each table with the accuracies of the tasks learned so far, whatever their order was.

    With `whole` every row is compared with the last one, as if nothing depended on what was learned.
    """
    n, T = len(case.orders), len(case.tasks)
    off = misfit((found["accuracy"], (n, T, T)), (found["average"], (n,)))
    if off is not None:
        return off
    due = {learned: shares(case, learned) for learned in subsets(case)}
    every = frozenset(range(T))
    tables = [
        [[due[every if whole else frozenset(order[: i + 1])][j] for j in order] for i in range(T)]
        for order in case.orders
    ]
    lhs = np.concatenate([found["accuracy"].ravel(), found["average"]])
    rhs = np.concatenate([np.array(tables, float).ravel(), [float(sum(due[every]) / T)] * n])
    return Sides(lhs, rhs, rounding=rounding(T, 1.0))


MT_3 = Statement(
    id="continual_learning/MT-3",
    title="What a ridge learner knows depends on which tasks it has learned, and not on their order",
    says=(
        "Tasks with classes are learned one after another by the recursion of ridge regression on fixed features. The "
        "accuracies R[t, j] on all tasks j after t of them depend on which tasks these are, and not on their order: "
        "they are those of learning all rows of these tasks at once. So after the last task every order has the same "
        "accuracies, and the same average."
    ),
    source=Derived(theory.ridge_solution),
    tex=r"R^{\pi}[t, j] = R^{\sigma}[t, j] \text{ if } \{\pi_1, \ldots, \pi_t\} = \{\sigma_1, \ldots, \sigma_t\}",
    hypotheses={"two to four tasks with classes": is_course, "no test row with two equal outputs": is_decided},
    instances=Family("courses", always=courses, draw=draw_course),
    for_all=(SINGLE_ROWS,),
    solve=taught,
    claim=Identity(agrees),
    decisions=("accuracy",),
    saboteurs=(
        saboteur(
            "older tasks weigh less",
            patch=(RidgeLearner.__init__, "ridge=ridge, method", "ridge=ridge, decay=0.25, method"),
        ),
        saboteur(
            "only the classes of the last task are named",
            patch=(RidgeLearner.learn, "self.seen[y] = True", "self.seen = np.isin(np.arange(len(self.seen)), y)"),
        ),
        saboteur("columns as the tasks stand", solve=as_they_stand),
        saboteur("tasks are learned as they stand, whatever the order is", solve=one_order),
        saboteur("the whole table is that of the last row", claim=Identity(partial(agrees, whole=True))),
    ),
    notes="Outputs of test rows are compared in Fractions; accuracies are shares of few rows.",
)
