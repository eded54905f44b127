"""The share of the optimum that the answer has, with proofs.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["batch_pair_ratio", "pair_ratio", "table_ratio"]


@formula(epsilon="[0, 1]")
def table_ratio(epsilon: Number) -> Number:
    """Return the ratio to OPT that the best of a table of guesses reaches, (1 - epsilon) / 2 (statement DS-T2).

    Parameters
    ----------
    epsilon : number
        Neighboring guesses have the ratio 1 + epsilon.

    Returns
    -------
    number
        The ratio.

    Proof
    -----
    Assumes: f is monotone and submodular (hypotheses of the statement).

    Proof: If OPT > 0, take the guess o in [OPT, (1 + epsilon) OPT). No f(v) exceeds OPT <= o, so every element with
    f(v) >= t belongs to this guess, and statement DS-T1 applies. If the guess is full, its sequence is worth at least
    o / 2 >= OPT / 2; if it is open, at least OPT - o / 2 >= OPT - (1 + epsilon) OPT / 2.

    Checked by: DS-T2.

    Examples
    --------
    >>> table_ratio(0.5)
    0.25
    """
    return (1 - epsilon) / 2


@formula(epsilon="[0, 1]")
def pair_ratio(epsilon: Number) -> Number:
    """Return the ratio to OPT that the better of a full guess and the open one above it reaches (statement DS-T10).

    Parameters
    ----------
    epsilon : number
        Neighboring guesses have the ratio 1 + epsilon.

    Returns
    -------
    number
        1 / (2 + epsilon).

    Proof
    -----
    Assumes: f is monotone and submodular, and both guesses have been shown all updates (hypotheses of the statement).

    Proof: If guess j is full, (1 + epsilon) f(I) >= (1 + epsilon) o_j / 2 = o_{j+1} / 2; if guess j + 1 is open,
    f(I') >= OPT - o_{j+1} / 2 (statement DS-T1). The sum (1 + epsilon) f(I) + f(I') is at least OPT, and at most
    (2 + epsilon) times the larger of both values. An open guess with o / 2 <= epsilon f(I) is accepted alone: there
    OPT <= f(I) + o / 2 <= (1 + epsilon) f(I) (statement DS-P5), which is an even better ratio.

    Checked by: DS-T10.

    Examples
    --------
    >>> pair_ratio(0.5)
    0.4
    """
    return 1 / (2 + epsilon)


@formula(epsilon="[0, 1/2]")
def batch_pair_ratio(epsilon: Number) -> Number:
    """Return the ratio to OPT of the better of a full and an open guess with batches (statement DS-T10-batched).

    Parameters
    ----------
    epsilon : number
        Share of a batch that may die, and neighboring guesses have the ratio 1 + epsilon.

    Returns
    -------
    number
        (1 - epsilon) / (2 (1 + epsilon)).

    Proof
    -----
    Assumes: f is monotone and submodular, and both guesses have been shown all updates (hypotheses of the statement).

    Proof: Let f and f' be the values of the living members of the full guess j and of the open guess j + 1, and
    c = (1 + epsilon) / (1 - epsilon). By statement DS-T6 c f >= (1 + epsilon) o_j / 2 = o_{j+1} / 2 and
    c f' >= OPT - o_{j+1} / 2. The sum c (f + f') is at least OPT and at most 2 c times the larger value.

    Checked by: DS-T10-batched.

    Examples
    --------
    >>> batch_pair_ratio(0.0)
    0.5
    """
    return (1 - epsilon) / (2 * (1 + epsilon))
