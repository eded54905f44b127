"""The expected update of a policy by groups of answers, without sampling."""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory.policy_gradients.exact.problems import check_problem
from lrtheory.policy_gradients.exact.updates import Settings, factor_of, settings_of, update

__all__ = ["GradientResult", "expected_gradient"]


@result
class GradientResult(Result):
    """The expected update of the logits of a policy.

    Attributes
    ----------
    gradient : array of shape (n_answers,)
        Expected update of the logit of each answer.
    weight : float
        Factor a(P) of statement GR-1 for rewards alone, without penalty, lengths or KL term.
    success : float
        Probability P of a right answer.
    success_slope : float
        Derivative of P along the update.
    method : str
        Way in which the mean over groups was taken: "closed" or "enumerate".
    message : str
        Way of the mean, the statement behind it, and settings that GR-1 does not cover.
    """

    gradient: Array
    weight: float
    success: float
    success_slope: float
    method: str
    message: str


@arrays("host")
def expected_gradient(
    p: ArrayLike,
    correct: ArrayLike,
    *,
    group_size: int,
    norm: str = "std",
    std_offset: float = 0.0,
    unlikeliness: float = 0.0,
    ties: str = "average",
    drop_uniform: bool = False,
    lengths: ArrayLike | None = None,
    kl: str | None = None,
    lam: float = 0.0,
    ref: ArrayLike | None = None,
    method: str = "auto",
) -> GradientResult:
    r"""Compute the expected update of the logits of a softmax by a group of independent answers.

    That is the mean over all groups of (1/G) times the sum of A_i grad log p(y_i), with advantages A_i from rewards of
    1 for right answers and 0 for wrong ones.

    Arrays: any (copied to the host)

    Parameters
    ----------
    p : array of shape (n_answers,)
        Law of the answers; those of probability 0 are not updated. A law in single precision is divided by its sum.
    correct : bool array of shape (n_answers,)
        Whether an answer is right.
    group_size : int
        Answers of a group, at least 1; a group of one has no advantage.
    norm : {"std", "sample", "none", "loo", "mean"}
        Divisor of the centred rewards, as in `group_advantages`.
    std_offset : float
        Added to the divisors "std", "sample" and "mean", at least 0.
    unlikeliness : float
        Strength of the penalty on likely answers [1]_, at least 0: a reward is multiplied by 1 - strength rank / G.
    ties : {"average", "position"}
        Rank of equally likely answers: their average, or by their order in the group.
    drop_uniform : bool
        Whether groups that are all right or all wrong are left out before the penalty.
    lengths : array of shape (n_answers,), optional
        Tokens of each answer, at least 1, by which its advantage is divided, as the mean over a sequence does.
    kl : {None, "reverse", "forward"}
        The KL term: KL(p \|\| ref), or KL(ref \|\| p), which the loss called k3 descends (statement GR-8).
    lam : float
        Weight of the KL term, at least 0.
    ref : array of shape (n_answers,), optional
        Law of the reference.
    method : {"auto", "closed", "enumerate"}
        Sum over all groups, by the number of times that each answer occurs, or the closed form of GR-1 or GR-5, which
        "auto" takes where there is one: without penalty, or for "none" and "loo".

    Returns
    -------
    GradientResult
        Expected update.

    Raises
    ------
    ValueError
        If numbers are out of range, there are too many groups to sum, or the divergence is infinite.

    References
    ----------
    .. [1] A. W. He, D. Fried, S. Welleck, Rewarding the unlikely: lifting GRPO beyond distribution sharpening, EMNLP
       2025, arXiv:2506.02355.

    Examples
    --------
    >>> from lrtheory.policy_gradients import expected_gradient
    >>> p, correct = [0.4, 0.15, 0.05, 0.4], [True, True, True, False]
    >>> expected_gradient(p, correct, group_size=8).gradient.round(4)
    array([ 0.3011,  0.1129,  0.0376, -0.4516])
    >>> expected_gradient(p, correct, group_size=8, norm="none", unlikeliness=0.25).gradient.round(4)
    array([ 0.1133,  0.0573,  0.0202, -0.1908])
    """
    law, right = check_problem(p, correct)
    settings = settings_of(
        len(law),
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
        method=method,
    )
    gradient = update(law, right, settings)
    success = float(law[right].sum())
    slope = float(gradient[right] @ law[right]) - success * float(gradient @ law)
    way = "closed" if settings.is_closed else "enumerate"
    return GradientResult(gradient, factor_of(success, settings), success, slope, way, _message(settings))


def _message(settings: Settings) -> str:
    """The way of the mean and its statement, and what GR-1 does not cover."""
    form = "GR-5" if settings.unlikeliness else "GR-1"
    said = f"by the closed form of {form}" if settings.is_closed else "by a sum over all groups"
    others = {
        "a penalty": settings.unlikeliness > 0,
        "lengths": settings.lengths is not None,
        "a KL term": settings.kl is not None,
    }
    named = [name for name, given in others.items() if given]
    return f"{said}, with {' and '.join(named)}, so that it is no multiple of grad P" if named else said
