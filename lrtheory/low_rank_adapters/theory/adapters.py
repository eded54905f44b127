r"""Adapters in general: how many free numbers they have, what they cannot reach, and what chance captures.

Part of `theory`, where users find these functions. Formulas return energies, which are squares of Frobenius norms, and
take numbers of any kind; `crossover_exponent` takes doubles.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from lrtheory._numbers import exact, number, numbers, plain, table
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, integer, must, pair

__all__ = [
    "adapter_dimension",
    "central_difference",
    "crossover_exponent",
    "crossover_rank",
    "distance_floor",
    "random_capture",
]


def central_difference(ahead: ArrayLike, behind: ArrayLike, gradient: ArrayLike) -> Number:
    r"""Directional derivative of a loss along a step of an adapter, from two updates (statement AD-1).

    Parameters
    ----------
    ahead, behind : arrays of shape (d_out, d_in)
        The updates of the adapter after a step h of one trained block, and after -h.
    gradient : array of shape (d_out, d_in)
        G, the gradient of the loss in the merged weight.

    Returns
    -------
    number
        <ahead - behind, G> / 2, which is <h, J^T G> with the Jacobian J of the update.

    Raises
    ------
    ValueError
        If shapes differ, or a number is not finite.

    Proof
    -----
    Assumes: the update is a polynomial of degree at most 2 in the block that moves (the kinds, each of which is linear
    in every trained block, but for the vector of Uni-LoRA, of which both factors are linear functions).

    Proof: a polynomial p of degree 2 has p(h) - p(-h) = 2 p'(0) h, since even terms cancel. So ahead - behind = 2 J h
    without a remainder, and <J h, G> = <h, J^T G>.

    Checked by: AD-1.

    Examples
    --------
    >>> central_difference([[3]], [[1]], [[5]])
    5
    """
    G = table("gradient", gradient, shape=("m", "n"))
    up, down = (table(name, one, shape=G.shape) for name, one in (("ahead", ahead), ("behind", behind)))
    twice = plain(((up - down) * G).sum())
    half = exact(twice) / 2 if isinstance(twice, int) else twice / 2
    return int(half) if getattr(half, "denominator", 0) == 1 else half


def adapter_dimension(
    kind: str,
    shape: tuple[int, int],
    *,
    rank: int = 1,
    n_blocks: int = 1,
    n_parts: int = 1,
    n_groups: int = 1,
) -> int:
    r"""Return how many directions the trained numbers of an adapter move its update in (statement AD-2).

    Parameters
    ----------
    kind : str
        ``"lora"``, ``"lora-fa"``, ``"lora-xs"``, ``"vera"``, ``"randlora"``, ``"uni-lora"``, ``"hadamard"`` or
        ``"full"``.
    shape : pair of int
        (d_out, d_in), each at least 1.
    rank : int
        r, at least 1.
    n_blocks : int
        N, the number of bases of RandLoRA.
    n_parts : int
        c, the connected components of the graph whose nodes are the rows and columns, and whose edges are the nonzeros,
        of B of VeRA or of A of RandLoRA; 1 for matrices without zeros.
    n_groups : int
        d, the length of the vector of Uni-LoRA.

    Returns
    -------
    int
        The rank of the Jacobian of the update at a generic point; for Uni-LoRA an upper bound.

    Raises
    ------
    ValueError
        If the kind is unknown, or a size is below 1.

    Proof
    -----
    Assumes: frozen factors of full rank, and no zero in W of a Hadamard adapter; RandLoRA: all columns of its bases are
    linearly independent; VeRA: the rows of A are (hypotheses of the statement). Beyond these limits the number is an
    upper bound.

    Proof: the rank is at most the trained numbers less the dimension of the changes of them that keep the update, and
    at most d_out d_in. LoRA: with q = min(r, d_out, d_in) the updates near a generic one are all matrices of rank q, a
    manifold of dimension q (d_out + d_in - q); multiplication by W without zeros is injective. One or two frozen
    factors: B -> B A and R -> B R A are linear of rank d_out rank(A) and rank(B) rank(A). VeRA: A is injective from the
    right, so a change without effect has db_i / b_i = -dd_k / d_k wherever B_ik is not 0, which leaves one number for
    each component. RandLoRA: the joint basis is injective, so the blocks A o (lambda gamma^T) are independent, and each
    has r + side - c directions by the same argument.

    Checked by: AD-2.

    Examples
    --------
    >>> adapter_dimension("lora", (6, 5), rank=2), adapter_dimension("randlora", (6, 5), rank=2, n_blocks=2)
    (18, 12)
    """
    m, n = pair("shape", shape)
    r, N = integer("rank", rank, low=1), integer("n_blocks", n_blocks, low=1)
    q, c = min(r, m, n), integer("n_parts", n_parts, low=1)
    counts = {
        "lora": q * (m + n - q),
        "lora-fa": m * min(r, n),
        "lora-xs": min(r, m) * min(r, n),
        "vera": m + r - c,
        "randlora": N * (r + min(m, n) - c),
        "uni-lora": integer("n_groups", n_groups, low=1),
        "hadamard": q * (m + n - q),
        "full": m * n,
    }
    return min(m * n, counts[choice("kind", kind, tuple(counts))])


def distance_floor(total: Number, captured: Number, tail: Number) -> Number:
    r"""Squared distance that no update of an adapter can fall below (statement AD-3).

    Parameters
    ----------
    total : number
        \|D\|^2 of the target D.
    captured : number
        \|P_B D P_A\|^2 with the projectors onto the columns of B and the rows of A, where these are frozen, or the
        identity in the place of a projector where they are not.
    tail : number
        The sum of all but the r largest squared singular values of D.

    Returns
    -------
    number
        max(\|D\|^2 - \|P_B D P_A\|^2, tail).

    Raises
    ------
    ValueError
        If a number is negative or not finite, or `captured` is above `total`.

    Proof
    -----
    Assumes: the columns of every update lie in those of B and its rows in those of A, where these are frozen, and its
    rank is at most r (the kinds).

    Proof: Z = P_B Z P_A for every such Z, so D - Z has the orthogonal parts D - P_B D P_A, of squared norm \|D\|^2 -
    \|P_B D P_A\|^2, and P_B D P_A - Z. The second bound is that of Eckart and Young. With frozen B and A, and a free
    matrix between them, Z = P_B D P_A is an update, so the first bound is attained; so is the second where nothing is
    frozen.

    Checked by: AD-3.

    Examples
    --------
    >>> distance_floor(14, 9, 1)
    5
    """
    whole, tail = number("total", total, 0), number("tail", tail, 0)
    held = number("captured", captured, 0)
    if held > whole:
        raise must("captured", f"at most `total`, {whole}", held)
    return max(whole - held, tail)


def random_capture(dimension: int, shape: tuple[int, int]) -> Number:
    r"""Expected share of a target that a uniformly random subspace of updates captures (statement AD-4).

    Parameters
    ----------
    dimension : int
        K, from 0 to d_out d_in.
    shape : pair of int
        (d_out, d_in).

    Returns
    -------
    Fraction
        K / (d_out d_in), whatever the target is.

    Raises
    ------
    ValueError
        If a size is below 1, or `dimension` is outside its range.

    Proof
    -----
    Assumes: the subspace is uniformly distributed (the caller).

    Proof: the mean of its projector commutes with all rotations of the space of matrices, so it is a multiple c of the
    identity, and c d_out d_in is the mean of its trace, K.

    Checked by: AD-4.

    Examples
    --------
    >>> random_capture(7, (5, 6))
    Fraction(7, 30)
    """
    m, n = pair("shape", shape)
    return exact(integer("dimension", dimension, low=0, high=m * n)) / (m * n)


def crossover_rank(spectrum: ArrayLike, shape: tuple[int, int]) -> int:
    r"""Return the largest rank up to which LoRA beats a random linear adapter of its own dimension (statement AD-4).

    Parameters
    ----------
    spectrum : sequence of numbers
        The singular values of the target, of which not all are 0; missing ones are 0.
    shape : pair of int
        (d_out, d_in).

    Returns
    -------
    int
        The largest r below min(d_out, d_in) such that at all ranks from 1 to r LoRA leaves a smaller share of the
        target than a uniformly random subspace of dimension r (d_out + d_in - r) does on average; 0 if LoRA loses at
        rank 1.

    Raises
    ------
    ValueError
        If the singular values are more than the smaller side, are negative or all 0.

    Examples
    --------
    A flat spectrum, on which LoRA loses at every rank, and one that decays.

    >>> crossover_rank([1, 1, 1, 1], (4, 4)), crossover_rank([8, 4, 2, 1], (4, 4))
    (0, 3)
    """
    m, n = pair("shape", shape)
    values = numbers("spectrum", spectrum, 0)
    if len(values) > min(m, n) or not any(values):
        raise must("spectrum", f"at most {min(m, n)} singular values, not all 0", spectrum)
    largest = max(values)
    values = [value / largest for value in values] if isinstance(largest, float) else values
    squares = [value * value for value in sorted(values)]
    tails, r = [0, *accumulate(squares)][::-1], 1  # what each rank leaves, the whole first
    while r < len(tails) and r < min(m, n):
        if not tails[r] < (1 - random_capture(r * (m + n - r), (m, n))) * tails[0]:
            return r - 1
        r += 1
    return max(r, min(m, n)) - 1


def crossover_exponent(side: int, rank: int) -> float:
    r"""Return the decay of singular values i^-a above which LoRA beats a random linear adapter of its dimension (AD-4).

    Parameters
    ----------
    side : int
        d of a square target, at least 2.
    rank : int
        r, from 1 to d - 1.

    Returns
    -------
    float
        The exponent a at which the tail share sum_{i > r} i^-2a / sum_i i^-2a equals (1 - r / d)^2, which is 1 - r (2 d
        - r) / d^2. The share decreases in a, so LoRA wins above it.

    Raises
    ------
    ValueError
        If `side` or `rank` is outside its range.

    Examples
    --------
    >>> round(crossover_exponent(384, 16), 3)
    0.112
    """
    d = integer("side", side, low=2)
    r = integer("rank", rank, low=1, high=d - 1)
    logs, share = np.log(np.arange(1, d + 1)), (1 - r / d) ** 2
    low, high = 0.0, 64.0  # at a = 0 the share of the tail is 1 - r / d, and at 64 it is below every (1 - r / d)^2
    for _ in range(64):
        middle = (low + high) / 2
        energies = np.exp(-2 * middle * logs)
        low, high = (middle, high) if energies[r:].sum() > share * energies.sum() else (low, middle)
    return (low + high) / 2
