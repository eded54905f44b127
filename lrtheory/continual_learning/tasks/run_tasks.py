"""Tasks that are learned in turn, and the table of what is known after each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._data.network import Network
from lrtheory._result import Result, result
from lrtheory._types import Rng
from lrtheory._validation import (
    check_sizes,
    choice,
    flag,
    generator,
    integer,
    is_iterable,
    must,
    open_interval,
    real,
    refuse_unused,
)
from lrtheory.continual_learning import metrics
from lrtheory.continual_learning.problem import Task, TaskProblem
from lrtheory.continual_learning.protection.leak import LeakCertificate
from lrtheory.continual_learning.recursion.report import DriftCertificate
from lrtheory.continual_learning.tasks.learners import (
    JointLearner,
    Learner,
    NetworkLearner,
    Protection,
    RidgeLearner,
    Training,
    accuracies,
)
from lrtheory.continual_learning.tasks.optimizer import OPTIMIZERS

__all__ = ["TaskRun", "run_tasks"]

#: the options that each method reads
METHODS = {
    "ridge": ("ridge", "intercept"),
    "sgd": ("optimizer", "step_size", "epochs"),
    "project": ("keep_energy", "optimizer", "step_size", "epochs"),
    "joint": ("optimizer", "step_size", "epochs"),
}
EPOCHS = 8


@result
class TaskRun(Result):
    """Accuracies of a learner after each of several tasks.

    Attributes
    ----------
    accuracy : ndarray of shape (T, T)
        Row i holds the accuracies on the test rows of all tasks after the i-th task was learned; the columns are the
        tasks in the order of learning.
    order : tuple of T int
        The tasks in the order of learning.
    names : tuple of T str
        Names of the tasks, in the order of learning.
    average_accuracy, learning_accuracy, incremental_accuracy : float
        The measures of these names.
    backward_transfer, forgetting, forward_transfer : float or None
        The measures of these names; None for a single task.
    baseline : ndarray of T float
        Accuracies of the untrained learner, with which forward transfer compares.
    ranks : ndarray of shape (T, layers), or None
        Directions of the inputs of each layer that are held still after each task; None without protection.
    method : str
        The one that was used.
    message : str
        Reason for a missing certificate; may be empty.
    counts : mapping of str to int
        `samples`, the rows that were learned from, each as often as it was seen.
    certificate : DriftCertificate, LeakCertificate, or None
        Bound on the drift of the map for "ridge" (statement RL-4); for "project", bounds on the change of the outputs
        of the first layer on the inputs of all earlier tasks by the last one (statement CS-3).
    trace : mapping or None
        `loss`, the mean cross-entropy of every epoch, where it was recorded and the learner has one.
    """

    accuracy: np.ndarray
    order: tuple[int, ...]
    names: tuple[str, ...]
    average_accuracy: float
    learning_accuracy: float
    incremental_accuracy: float
    backward_transfer: float | None
    forgetting: float | None
    forward_transfer: float | None
    baseline: np.ndarray
    ranks: np.ndarray | None
    method: str
    message: str
    counts: Mapping[str, int]
    certificate: DriftCertificate | LeakCertificate | None
    trace: Mapping[str, np.ndarray] | None

    _is_more = True

    def _columns(self) -> dict[str, Any]:
        return metrics.accuracy_columns(self.accuracy, self.names)

    def _facts(self) -> list[str]:
        return [*metrics.accuracy_facts(self), *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        metrics.draw_accuracy(ax, self.accuracy, self.names)


def run_tasks(
    tasks: TaskProblem | Sequence[Task],
    *,
    method: str = "ridge",
    order: Sequence[int] | None = None,
    hidden: Sequence[int] = (100,),
    ridge: float = 1.0,
    intercept: bool = True,
    keep_energy: float = 0.95,
    optimizer: str = "momentum",
    step_size: float | None = None,
    epochs: int = EPOCHS,
    rng: Rng = None,
    record: bool = False,
) -> TaskRun:
    """Learn tasks one after another, and measure after each what is known of all of them.

    There is one head for all classes, and no learner is told which task a test row belongs to.

    Parameters
    ----------
    tasks : TaskProblem or sequence of Task
        The tasks; a sequence has as many classes as its largest one tells.
    method : {"ridge", "sgd", "project", "joint"}
        "ridge" fits one-hot classes by `RecursiveRidge`, on the last hidden layer of a network that stays as it was
        drawn, or on the rows themselves for ``hidden=()``: its last row of accuracies is that of learning everything at
        once, in any order of tasks (statement RL-14). "sgd" trains a ReLU network on one task after another. "project"
        does so too, and takes out of every step what would move the directions of old inputs, layer by layer
        (statements CS-4b, CS-6). "joint" trains a fresh network on all tasks seen so far, as an upper reference.
    order : sequence of T int, or None
        The tasks in the order of learning; None leaves them as they stand.
    hidden : sequence of int
        Widths of the hidden layers; () has none.
    ridge : float
        Weight of the squared norm of the map of "ridge", positive, in squared units of the features.
    intercept : bool
        Whether a constant 1 stands beside the features of "ridge". Its row of the map is penalized like all others, so
        that in `ridge_edit` it is a last column of ones of the keys. Networks always have one in each layer.
    keep_energy : float
        Share of the squared norm of the inputs of a task that "project" protects in every layer, in (0, 1].
    optimizer : {"sgd", "momentum", "adam"}
        Steps of the networks; their state starts afresh with every task. Batches have 32 rows.
    step_size : float or None
        The factor of a step; None takes 0.1, 0.05 and 0.002.
    epochs : int
        Number of passes of a network over the rows of a task.
    rng : int, SeedSequence, Generator or None
        Source of first weights and of the order of rows.
    record : bool
        Whether to keep the losses.

    Returns
    -------
    TaskRun
        The table of accuracies, and its measures.

    Raises
    ------
    ValueError
        If an argument is out of range, or an option is given that the method does not read.
    TypeError
        If the tasks are none.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.random.default_rng(0).normal(size=(4, 20, 2)) + [[[5, 0]], [[0, 5]], [[-5, 0]], [[0, -5]]]
    >>> pairs = [(np.concatenate(points[i::2]), np.repeat([i, i + 2], 20)) for i in (0, 1)]
    >>> tasks = [Task(X, y, X, y) for X, y in pairs]
    >>> run_tasks(tasks, hidden=()).average_accuracy
    1.0
    >>> [run_tasks(tasks, method=method, rng=0).forgetting for method in ("sgd", "project")]
    [1.0, 0.0]
    """
    problem = _problem(tasks)
    choice("method", method, tuple(METHODS))
    record, constant = flag("record", record), flag("intercept", intercept)
    given = {
        "ridge": (ridge, 1.0),
        "intercept": (constant, True),
        "keep_energy": (keep_energy, 0.95),
        "optimizer": (optimizer, "momentum"),
        "step_size": (step_size, None),
        "epochs": (epochs, EPOCHS),
    }
    refuse_unused(method, METHODS[method], **given)
    places = _order(order, len(problem.tasks))
    weight, share = open_interval("ridge", ridge, 0, np.inf), real("keep_energy", keep_energy, low=0.0, high=1.0)
    if not share:
        raise must("keep_energy", "in (0, 1]", keep_energy)
    training = _training(optimizer, step_size, epochs)
    draws = generator(rng)
    network = _network(problem, hidden, draws)

    def fresh() -> NetworkLearner:
        return NetworkLearner(network.copy(), training, draws)

    learners: dict[str, Callable[[], Learner]] = {
        "ridge": lambda: RidgeLearner(network, weight, constant),
        "sgd": fresh,
        "project": lambda: NetworkLearner(network, training, draws, Protection(keep_energy=share)),
        "joint": lambda: JointLearner(fresh),
    }
    return _run(problem, places, learners[method](), method, record)


def _training(optimizer: str, step_size: float | None, epochs: int) -> Training:
    """The options of training, checked."""
    usual = OPTIMIZERS[choice("optimizer", optimizer, tuple(OPTIMIZERS))]
    step = usual if step_size is None else open_interval("step_size", step_size, 0, np.inf)
    return Training(optimizer, step, integer("epochs", epochs, low=1))


def _network(problem: TaskProblem, hidden: Sequence[int], draws: np.random.Generator) -> Network:
    """An untrained network, in the precision of the rows."""
    widths = check_sizes("hidden", hidden) if not isinstance(hidden, (tuple, list)) or hidden else ()
    return Network((problem.n_features, *widths, problem.n_classes), draws, _precision(problem))


def _precision(problem: TaskProblem) -> np.dtype:
    """The precision of the rows of all tasks."""
    return np.result_type(*(np.asarray(task.X).dtype for task in problem.tasks))


def _run(problem: TaskProblem, places: tuple[int, ...], learner: Any, method: str, record: bool) -> TaskRun:
    """Teach a learner the tasks in turn, and measure."""
    dtype = _precision(problem)
    tasks = [problem.tasks[i] for i in places]
    tests = [(np.asarray(task.X_test, dtype), np.asarray(task.y_test)) for task in tasks]
    # a ridge starts from weights 0, which name the first class always; guessing is the fair start
    start = np.array(accuracies(learner, tests) if method != "ridge" else [1 / problem.n_classes] * len(tasks))
    rows = []
    for task in tasks:
        learner.learn(np.asarray(task.X, dtype), np.asarray(task.y))
        rows.append(accuracies(learner, tests))
    R = np.array(rows)
    assert problem.names is not None
    ranks = getattr(learner, "ranks", None) or None
    certificate, message = _certified(learner, method, len(tasks))
    losses = getattr(learner, "losses", None)
    return TaskRun(
        accuracy=R,
        order=places,
        names=tuple(str(problem.names[i]) for i in places),
        **metrics.measures(R),
        forward_transfer=_transfer(R, start),
        baseline=start,
        ranks=None if ranks is None else np.array(ranks),
        method=method,
        message=message,
        counts={"samples": learner.n_rows},
        certificate=certificate,
        trace={"loss": np.array(losses)} if record and losses is not None else None,
    )


def _transfer(R: np.ndarray, start: np.ndarray) -> float | None:
    """Forward transfer as a double."""
    found = metrics.forward_transfer(R, start)
    return None if found is None else float(found)


def _certified(learner: Any, method: str, n_tasks: int) -> tuple[DriftCertificate | LeakCertificate | None, str]:
    """The certificate of a run, and a sentence for the reader."""
    notes = [] if n_tasks > 1 else [metrics.NOTHING_FOLLOWED]
    if method == "ridge":
        return learner.model.certificate, "; ".join(notes)
    if method != "project":
        return None, "; ".join([*notes, f'no certificate: "{method}" promises nothing about old tasks'])
    full = [i for i, protector in enumerate(learner.protectors) if not protector.n_free]
    if full:
        notes.append(f"all directions of layer {', '.join(map(str, full))} are held still, which learns no more")
    return (learner.leak.certificate if learner.leak is not None else None), "; ".join(notes)


def _problem(tasks: Any) -> TaskProblem:
    """The tasks that a caller means."""
    if isinstance(tasks, TaskProblem):
        return tasks
    listed = list(tasks) if isinstance(tasks, (list, tuple)) else []
    if not all(isinstance(task, Task) for task in listed) or not listed:
        raise must("tasks", "a `TaskProblem` or a sequence of `Task`", tasks, TypeError)
    return TaskProblem(listed, n_classes=1 + max(int(np.max(y)) for task in listed for y in (task.y, task.y_test)))


def _order(order: Any, n_tasks: int) -> tuple[int, ...]:
    """Every task once."""
    if order is None:
        return tuple(range(n_tasks))
    if isinstance(order, str) or not is_iterable(order):
        raise must("order", f"None or a permutation of 0 to {n_tasks - 1}", order, TypeError)
    places = tuple(integer(f"order[{i}]", place, low=0) for i, place in enumerate(order))
    if sorted(places) != list(range(n_tasks)):
        raise must("order", f"a permutation of 0 to {n_tasks - 1}", order)
    return places
