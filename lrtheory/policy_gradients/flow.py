"""Paths of a policy along its expected update."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import Words, array, choice, floats, integer, must, open_interval
from lrtheory.policy_gradients.exact.binomials import divisors
from lrtheory.policy_gradients.exact.problems import check_correct, check_laws, check_problem
from lrtheory.policy_gradients.exact.steps import any_steps, reward_steps
from lrtheory.policy_gradients.exact.updates import Settings, settings_of, update

__all__ = ["FlowResult", "flow"]


@result
class FlowResult(Result):
    """Policies at the recorded times, beginning with the given one.

    For one problem the arrays lack the axis of problems.

    Attributes
    ----------
    p : array of shape (n_times, n_problems, n_answers)
        Laws of the answers.
    time : array of shape (n_times,)
        Steps so far, times their size.
    success : array of shape (n_times, n_problems)
        Probability of a right answer.
    entropy_correct, entropy_wrong : array of shape (n_times, n_problems)
        Entropy of the laws within the right and within the wrong answers, in nats.
    message : str
        Steps, and the mean success before and after, in a sentence.
    """

    p: Array
    time: Array
    success: Array
    entropy_correct: Array
    entropy_wrong: Array
    message: str

    def pass_at(self, k: ArrayLike) -> np.ndarray:
        """Compute the probability that one of k answers is right.

        Parameters
        ----------
        k : array of shape (n,)
            Numbers of answers, each at least 1.

        Returns
        -------
        array of shape (n_times, n_problems, n)
            1 - (1 - P)^k.

        Raises
        ------
        ValueError
            If a number is below 1 or not finite.
        """
        answers = floats("k", k, shape=(None,), low=1)
        with np.errstate(divide="ignore"):  # a success of 1 makes every k right
            failure = np.log1p(-np.minimum(np.asarray(self.success), 1.0))
        return np.asarray(-np.expm1(failure[..., None] * answers))


@arrays("host")
def flow(
    p: ArrayLike,
    correct: ArrayLike,
    *,
    group_size: int,
    step_size: float,
    n_steps: int,
    method: str = "steps",
    every: int = 1,
    norm: str = "std",
    std_offset: float = 0.0,
    unlikeliness: float = 0.0,
    ties: str = "average",
    drop_uniform: bool = False,
    lengths: ArrayLike | None = None,
    kl: str | None = None,
    lam: float = 0.0,
    ref: ArrayLike | None = None,
) -> FlowResult:
    """Follow the expected update of the logits, without sampling.

    Arrays: any (copied to the host)

    Parameters
    ----------
    p : array of shape (n_answers,) or (n_problems, n_answers)
        Law of the answers, or one for each of several problems, which do not influence each other.
    correct : bool array of shape (n_answers,) or (n_problems, n_answers)
        Whether an answer is right.
    group_size : int
        Answers of a group, at least 1.
    step_size : float
        Size of a step, positive.
    n_steps : int
        Steps, at least 0.
    method : {"steps", "rk4"}
        Steps as training makes them, or of Runge and Kutta of fourth order along the continuous flow.
    every : int
        Number of steps from one recorded law to the next; the last law is recorded too.
    norm, std_offset, unlikeliness, ties, drop_uniform, lengths, kl, lam, ref
        Settings of the update, as `expected_gradient` has them; `lengths` and `ref` hold for all problems.

    Returns
    -------
    FlowResult
        Policies at the recorded times.

    Raises
    ------
    ValueError
        If shapes do not fit or a number is out of range.

    Notes
    -----
    Along rewards alone the differences of 1/p within the right answers, and within the wrong ones, keep their ratios,
    whatever the norm (statement GR-4), and no step lowers the success (statement GR-4d).

    Examples
    --------
    >>> from lrtheory.policy_gradients import flow
    >>> found = flow([0.4, 0.15, 0.05, 0.4], [True, True, True, False], group_size=8, step_size=1.0, n_steps=20)
    >>> found.success[[0, -1]].round(3)
    array([0.6  , 0.988])
    >>> found.p[-1].round(3)
    array([0.893, 0.076, 0.019, 0.012])
    """
    laws, right = _problems(p, correct)
    rate, steps = open_interval("step_size", step_size, 0, np.inf), integer("n_steps", n_steps, low=0)
    apart = integer("every", every, low=1)
    fourth = choice("method", method, ("steps", "rk4")) == "rk4"
    settings = settings_of(
        laws.shape[1],
        group_size,
        norm,
        std_offset=std_offset,
        unlikeliness=unlikeliness,
        ties=ties,
        drop_uniform=drop_uniform,
        lengths=lengths,
        kl=kl,
        lam=lam,
        ref=ref,
    )
    times = np.unique([*range(0, steps + 1, apart), steps])
    path = np.empty((len(times), *laws.shape))
    path[0] = laws
    if _rewards_alone(settings):
        values = divisors(settings.group_size, norm, settings.std_offset)
        reward_steps(laws, right.astype(np.float64), values, rate, steps, apart, fourth, path)
    else:
        for b, (law, is_right) in enumerate(zip(laws, right, strict=True)):
            along = partial(update, right=is_right, settings=settings)
            path[:, b] = any_steps(law, along, rate, steps, apart, fourth)
    if not (np.isfinite(path).all() and np.isfinite(rate * steps)):
        raise must("step_size", "so small that updates stay finite", step_size)
    success = (path * right).sum(axis=-1)
    numbers = success, _entropy(path * right), _entropy(path * ~right)
    said = f"{steps} steps took the mean success from {success[0].mean():.6g} to {success[-1].mean():.6g}"
    if array("p", p).ndim == 1:
        path, numbers = path[:, 0], (numbers[0][:, 0], numbers[1][:, 0], numbers[2][:, 0])
    return FlowResult(path, rate * times, *numbers, said)


def _problems(p: object, correct: object) -> tuple[np.ndarray, np.ndarray]:
    """One row for each problem."""
    laws = array("p", p)
    if laws.ndim == 1:
        law, right = check_problem(p, correct)
        return law[None], right[None]
    if laws.ndim != 2 or not len(laws):
        raise must("p", "of shape (n_answers,) or (n_problems, n_answers)", laws.shape)
    rows = array("correct", correct)
    if rows.shape not in (laws.shape, laws.shape[1:]):
        raise must("correct", f"of shape {laws.shape}, as `p`", Words(f"shape {rows.shape}"))
    laws = check_laws("p", laws)
    flat = check_correct(rows.reshape(-1))
    return laws, np.broadcast_to(flat.reshape(rows.shape), laws.shape)


def _rewards_alone(settings: Settings) -> bool:
    """Decide whether the update is a multiple of grad P."""
    plain = settings.unlikeliness == 0 and settings.lengths is None
    return plain and settings.lam == 0 and settings.group_size > 1


def _entropy(masses: np.ndarray) -> np.ndarray:
    """Entropy of the law that is in proportion to the masses; 0 where there is none."""
    total = masses.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = masses / total
        return np.asarray(-np.where(share > 0, share * np.log(share), 0.0).sum(axis=-1))
