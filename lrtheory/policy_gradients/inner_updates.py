"""Several updates from one batch of answers, with the clip of the ratios."""

from __future__ import annotations

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import Words, array, choice, integer, must, open_interval, real
from lrtheory.policy_gradients.advantages import group_advantages
from lrtheory.policy_gradients.exact.problems import check_clip, check_problem
from lrtheory.policy_gradients.theory import weight

__all__ = ["InnerResult", "inner_updates"]

#: norms whose expected advantage is a factor times the centred reward (statement GR-1)
FACTORS = ("std", "sample", "none", "loo", "mean")


@result
class InnerResult(Result):
    """A policy after several updates from one batch.

    Attributes
    ----------
    p : array of shape (n_answers,)
        Law of the answers after the last update.
    ratios : array of shape (n_answers,)
        Ratio of the law to that before the first update; 1 for answers of probability 0.
    active : bool array of shape (n_answers,)
        Whether the clip lets the answer still push the policy.
    n_iter : int
        Updates that were made; fewer than asked where the policy has come to rest.
    converged : bool
        Whether no answer pushes the policy any more, so that further updates would change nothing.
    message : str
        Updates and answers that are still active, in a sentence.
    """

    p: Array
    ratios: Array
    active: Array
    n_iter: int
    converged: bool
    message: str


@arrays("host")
def inner_updates(
    p: ArrayLike,
    correct: ArrayLike,
    *,
    group_size: int,
    groups: ArrayLike | None = None,
    n_updates: int,
    clip: float | tuple[float, float] | None = 0.2,
    step_size: float,
    norm: str = "std",
    std_offset: float = 0.0,
) -> InnerResult:
    r"""Make several updates of the logits from one batch, whose advantages stay as they are.

    An update is the gradient of the mean of min(rho A, clip(rho) A), where rho is the ratio of the probability of an
    answer to that before the first update. An answer is active where A > 0 and rho is at most 1 + clip, or A < 0 and
    rho is at least 1 - clip. At rest no sampled answer is active, so that each right one has gained a factor of 1 +
    clip (statement GR-12).

    Arrays: any (copied to the host)

    Parameters
    ----------
    p : array of shape (n_answers,)
        Law of the answers before the first update; answers of probability 0 keep it.
    correct : bool array of shape (n_answers,)
        Whether an answer is right.
    group_size : int
        Answers of a group, at least 1.
    groups : int array of shape (n_groups, group_size), optional
        Numbers of the answers that were drawn. Without it all groups count by their probability: each answer by its
        probability, with its expected advantage.
    n_updates : int
        Updates at most, at least 0.
    clip : float, pair or None
        Largest distance of the ratio from 1 at which an answer still counts, in (0, 1): below 1 for negative advantages
        and above 1 for positive ones, or one number for both; None for no clip.
    step_size : float
        Size of a step along the gradient, positive.
    norm : {"std", "sample", "none", "loo", "mean"}
        Norm of the advantages, as in `group_advantages`.
    std_offset : float
        Added to what divides them; only with `groups`.

    Returns
    -------
    InnerResult
        Policy after the updates, and whether it has come to rest.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of range, or a group holds an answer of probability 0.

    Examples
    --------
    >>> from lrtheory.policy_gradients import inner_updates
    >>> p, correct = [0.2, 0.05, 0.0125, 0.4, 0.3375], [True, True, True, False, False]
    >>> found = inner_updates(p, correct, group_size=8, n_updates=100, step_size=0.5)
    >>> found.ratios.round(2), found.converged
    (array([1.68, 1.32, 1.21, 0.8 , 0.78]), True)
    """
    law, right = check_problem(p, correct)
    size, most = integer("group_size", group_size, low=1), integer("n_updates", n_updates, low=0)
    rate, (low, high) = open_interval("step_size", step_size, 0, np.inf), check_clip(clip)
    choice("norm", norm, FACTORS)
    offset = real("std_offset", std_offset, low=0)
    push = (
        _expected(law, right, size, norm, offset) if groups is None else _drawn(law, right, size, groups, norm, offset)
    )
    ratios, n_iter = np.ones_like(law), 0
    active = push != 0
    while active.any() and n_iter < most:
        # the mean of A rho over samples is a sum over answers: rho A count / n
        along = np.where(active, push * ratios, 0.0)
        now = law * ratios
        along -= now * along.sum()
        powers = np.exp(rate * (along - along.max()))
        ratios = ratios * powers / (now * powers).sum()
        n_iter += 1
        active = np.where(push > 0, ratios <= high, ratios >= low) & (push != 0)
    ratios = np.where(law > 0, ratios, 1.0)
    rests = not active.any()
    said = (
        f"at rest after {n_iter} updates" if rests else f"{int(active.sum())} answers still push after {n_iter} updates"
    )
    return InnerResult(law * ratios, ratios, active, n_iter, rests, said)


def _expected(law: np.ndarray, right: np.ndarray, size: int, norm: str, offset: float) -> np.ndarray:
    """The expected advantage of each answer, times its probability: by GR-1 it is a(P) times the centred reward."""
    if offset:
        raise must("std_offset", "left out without `groups`", offset)
    success = float(law[right].sum())
    if size == 1 or not 0 < success < 1:
        return np.zeros_like(law)
    factor = float(weight(success, group_size=size, norm=norm))
    return np.asarray(law * factor * np.where(right, float(law[~right].sum()), -success))


def _drawn(law: np.ndarray, right: np.ndarray, size: int, groups: object, norm: str, offset: float) -> np.ndarray:
    """The sum of the advantages of the samples of each answer, over all samples."""
    numbers = array("groups", groups, shape=(None, size))
    if not len(numbers) or not ((numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < len(law))).all():
        raise must("groups", f"at least one group of integers in [0, {len(law) - 1}]", groups)
    rows = numbers.astype(np.int64)
    if (law[rows] == 0).any():
        raise must("groups", "free of answers of probability 0", Words(f"answer {rows[law[rows] == 0][0]}"))
    found = group_advantages(right[rows], norm=norm, std_offset=offset).advantages
    return np.bincount(rows.ravel(), np.asarray(found).ravel(), len(law)) / rows.size
