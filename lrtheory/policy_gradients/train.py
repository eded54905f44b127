"""Training of a small policy on several problems at once, with the exact success after each step."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from lrtheory._result import Result, read_only, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, as_array, flag, floats, generator, integer, must, open_interval, real
from lrtheory.policy_gradients.advantages import group_advantages
from lrtheory.policy_gradients.exact.problems import check_clip

__all__ = ["Population", "TrainingResult", "make_arithmetic", "train"]

#: the operations of `make_arithmetic`, in the order of its answers
OPERATIONS = (np.add, np.subtract, np.multiply)
#: problems have at most so many answers, since all of them are listed
MOST_ANSWERS = 100_000


@dataclass(frozen=True, eq=False)
class Population:
    """Problems with the same list of answers, and a policy whose parameters they share in part.

    The logits of the answers to problem t are ``features @ (shared + own[t])``.

    Parameters
    ----------
    correct : bool array of shape (n_problems, n_answers)
        Whether an answer is right for a problem.
    features : array of shape (n_answers, n_features)
        Features of the answers.
    shared : array of shape (n_features,)
        Parameters that all problems use.
    own : array of shape (n_problems, n_features)
        Parameters that each problem has for itself.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or there are more than 100,000 answers.
    """

    correct: np.ndarray
    features: np.ndarray
    shared: np.ndarray
    own: np.ndarray = field(kw_only=True)

    def __post_init__(self) -> None:
        correct = as_array("correct", self.correct)
        if correct.dtype != np.bool_ or correct.ndim != 2 or 0 in correct.shape:
            raise must("correct", "boolean, of shape (n_problems, n_answers)", self.correct)
        n_problems, n_answers = correct.shape
        if n_answers > MOST_ANSWERS:
            raise must("correct", f"of at most {MOST_ANSWERS:,} answers", n_answers)
        features = floats("features", self.features, shape=(n_answers, None)).astype(np.float64)
        n = features.shape[1]
        numbers = {
            "correct": correct.copy(),
            "features": features,
            "shared": floats("shared", self.shared, shape=(n,)).astype(np.float64),
            "own": floats("own", self.own, shape=(n_problems, n)).astype(np.float64),
        }
        with np.errstate(over="ignore", invalid="ignore"):
            logits = (numbers["shared"] + numbers["own"]) @ features.T
        if not np.isfinite(logits).all():
            raise must("shared, own, features", "so small that logits are finite", Words("larger ones"))
        for name, value in numbers.items():
            object.__setattr__(self, name, read_only(value))

    def __reduce__(self) -> tuple[Any, ...]:
        # unpickling goes through __init__, so the copies are read-only too
        return partial(Population, own=np.array(self.own)), (self.correct, self.features, self.shared)

    @property
    def p(self) -> np.ndarray:
        """Probabilities of the answers, of shape (n_problems, n_answers)."""
        return _softmax((self.shared + self.own) @ self.features.T)

    @property
    def success(self) -> np.ndarray:
        """Probability of a right answer to each problem."""
        return np.asarray((self.p * self.correct).sum(axis=1))

    def sample(self, n: int, *, rng: Rng = None) -> np.ndarray:
        """Draw independent answers to each problem.

        Parameters
        ----------
        n : int
            Answers to each problem, at least 1.
        rng : int, SeedSequence, Generator or None
            Source of the draws.

        Returns
        -------
        int array of shape (n_problems, n)
            Numbers of the answers.

        Raises
        ------
        ValueError
            If `n` is below 1.
        """
        return _draw(self.p, integer("n", n, low=1), rng)


@result
class TrainingResult(Result):
    """A policy after training, and its exact success on the way.

    Attributes
    ----------
    population : Population
        Problems with the parameters after the last step.
    success : array of shape (n_steps + 1, n_problems)
        Probability of a right answer to each problem, before training and after each step.
    entropy_correct : array of shape (n_steps + 1, n_problems)
        Entropy of the law within the right answers, in nats.
    n_samples : int
        Answers that were drawn.
    n_updates : int
        Updates of the parameters.
    message : str
        Steps, and the success before and after, in a sentence.
    """

    population: Population
    success: np.ndarray
    entropy_correct: np.ndarray
    n_samples: int
    n_updates: int
    message: str

    def pass_at(self, k: ArrayLike) -> np.ndarray:
        """Compute the probability that one of k answers is right, on the mean over problems.

        Parameters
        ----------
        k : array of shape (n,)
            Numbers of answers, each at least 1.

        Returns
        -------
        array of shape (n_steps + 1, n)
            Mean of 1 - (1 - P)^k before training and after each step.

        Raises
        ------
        ValueError
            If a number is below 1 or not finite.
        """
        answers = floats("k", k, shape=(None,), low=1)
        with np.errstate(divide="ignore"):  # a success of 1 makes every k right
            failure = np.log1p(-np.minimum(self.success, 1.0))
        return np.asarray(-np.expm1(failure[..., None] * answers).mean(axis=1))


def make_arithmetic(*, shared_std: float = 0.7, own_std: float = 0.5, rng: Rng = None) -> Population:
    """Make ten problems "write a op b with the value t", for t from 0 to 9.

    The answers are all 300 terms of two digits and one of plus, minus and times. Their features are one-hot codes of a,
    of op, of b, and of both digits with op.

    Parameters
    ----------
    shared_std : float
        Standard deviation of the parameters that all targets share, at least 0.
    own_std : float
        Standard deviation of the parameters that each target has for itself, at least 0.
    rng : int, SeedSequence, Generator or None
        Source of the parameters, which are normal.

    Returns
    -------
    Population
        Problem of each target, with 83 features.

    Raises
    ------
    ValueError
        If a standard deviation is negative or not finite.

    Examples
    --------
    >>> from lrtheory.policy_gradients import make_arithmetic
    >>> make_arithmetic(rng=0).correct.sum(axis=1)
    array([30, 12, 13, 13, 14, 13, 15, 13, 15, 14])
    """
    scales = real("shared_std", shared_std, low=0), real("own_std", own_std, low=0)
    draws = generator(rng)
    a, op, b = (one.ravel() for one in np.meshgrid(range(10), range(3), range(10), indexing="ij"))
    values = np.choose(op, [operation(a, b) for operation in OPERATIONS])
    codes = (a, 10), (op, 3), (b, 10), (3 * a + op, 30), (3 * b + op, 30)
    features = np.hstack([np.eye(size)[code] for code, size in codes])
    shared, own = draws.normal(size=features.shape[1]), draws.normal(size=(10, features.shape[1]))
    return Population(values == np.arange(10)[:, None], features, np.multiply(scales[0], shared), own=scales[1] * own)


def train(
    population: Population,
    *,
    group_size: int = 16,
    n_steps: int = 150,
    step_size: float = 0.5,
    own_step_size: float = 0.05,
    norm: str = "std",
    std_offset: float = 0.0,
    unlikeliness: float = 0.0,
    ties: str = "average",
    drop_uniform: bool = False,
    n_updates: int = 1,
    clip: float | tuple[float, float] | None = 0.2,
    rng: Rng = None,
) -> TrainingResult:
    """Train a policy by groups of answers that are drawn, one group a problem in each step.

    Parameters
    ----------
    population : Population
        Problems and the policy before training; it stays as it is.
    group_size : int
        Answers to each problem in a step, at least 1.
    n_steps : int
        Steps, at least 0.
    step_size : float
        Step of the shared parameters along the mean gradient of the problems, positive.
    own_step_size : float
        Step of a problem's own parameters along its gradient, at least 0.
    norm, std_offset, unlikeliness, ties
        Advantages, as `group_advantages` has them.
    drop_uniform : bool
        Whether groups whose rewards are all equal are left out before the penalty, as some trainers do.
    n_updates : int
        Updates from the answers of one step, at least 1.
    clip : float, pair or None
        Largest distance from 1 of the ratio of a probability to its start at which a sample still counts, in (0, 1):
        below 1 for negative advantages and above 1 for positive ones, or one number for both; None for no clip.
    rng : int, SeedSequence, Generator or None
        Source of the answers.

    Returns
    -------
    TrainingResult
        Policy after training, with the exact success after each step.

    Raises
    ------
    TypeError
        If `population` is no `Population`.
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from lrtheory.policy_gradients import make_arithmetic, train
    >>> found = train(make_arithmetic(rng=0), n_steps=20, rng=1)
    >>> bool(found.success[-1].mean() > found.success[0].mean())
    True
    """
    if not isinstance(population, Population):
        raise must("population", "a Population", population, TypeError)
    size, steps = integer("group_size", group_size, low=1), integer("n_steps", n_steps, low=0)
    updates = integer("n_updates", n_updates, low=1)
    rates = open_interval("step_size", step_size, 0, np.inf), real("own_step_size", own_step_size, low=0)
    low, high = check_clip(clip)
    group_advantages([[0.0]], norm=norm, std_offset=std_offset, ties=ties, **_likely([[1.0]], unlikeliness))
    drops, draws = flag("drop_uniform", drop_uniform), generator(rng)
    shared, own = population.shared.copy(), population.own.copy()
    features, correct = population.features, population.correct
    success, entropy = np.empty((steps + 1, len(own))), np.empty((steps + 1, len(own)))
    rows = np.arange(len(own))[:, None]
    p = population.p
    for step in range(steps + 1):
        success[step], entropy[step] = _success(p, correct)
        if step == steps:
            break
        drawn = _draw(p, size, draws)
        start = p[rows, drawn]
        likely = _likely(start, unlikeliness)
        found = group_advantages(correct[rows, drawn], norm=norm, std_offset=std_offset, ties=ties, **likely)
        advantages = np.asarray(found.advantages)
        if drops:
            advantages = np.where(np.asarray(found.uniform)[:, None], 0.0, advantages)
        for _ in range(updates):
            ratio = p[rows, drawn] / start
            active = np.where(advantages > 0, ratio <= high, ratio >= low)
            weight = advantages * ratio * active / size
            gradient = -weight.sum(axis=1, keepdims=True) * p
            np.add.at(gradient, (rows, drawn), weight)
            with np.errstate(over="ignore", invalid="ignore"):
                along = gradient @ features
                shared += rates[0] * along.mean(axis=0)
                own += rates[1] * along
                logits = (shared + own) @ features.T
            if not np.isfinite(logits).all():
                raise must("step_size, own_step_size", "so small that logits stay finite", rates)
            p = _softmax(logits)
    after = Population(correct, features, shared, own=own)
    said = f"{steps} steps took the mean success from {success[0].mean():.3f} to {success[-1].mean():.3f}"
    return TrainingResult(after, success, entropy, steps * size * len(own), steps * updates, said)


def _likely(p: Any, unlikeliness: float) -> dict[str, Any]:
    """The arguments of a penalty, if there is one."""
    return {"unlikeliness": unlikeliness} | ({} if unlikeliness == 0 else {"log_probs": np.log(p)})


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of the rows."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _draw(p: np.ndarray, n: int, rng: Rng) -> np.ndarray:
    """Draw answers to each problem; a sum that rounding leaves below 1 yields the last answer."""
    sums = p.cumsum(axis=1)
    places = generator(rng).random((len(p), n)) * sums[:, -1:]
    return np.array([np.searchsorted(row, place, side="right") for row, place in zip(sums, places, strict=True)])


def _success(p: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Success of each problem, and the entropy of the law within its right answers."""
    right = p * correct
    success = right.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = right / success[:, None]
        entropy = -np.where(share > 0, share * np.log(share), 0.0).sum(axis=1)
    return success, entropy
