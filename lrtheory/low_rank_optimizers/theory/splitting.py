r"""Splits of the coordinates into those with a state and the rest: stationary variances, resets, and bytes of state.

Part of `theory`, where users find these functions. A coordinate x has the objective l x^2 / 2 and gradients l x + xi
with independent noise xi of mean 0 and variance s2. A step with momentum is x - alpha m, where the average
m <- b m + (1 - b) g starts at 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lrtheory._numbers import exact, formula, number, plain
from lrtheory._types import Number
from lrtheory._validation import choice, integer, must, sequence

__all__ = ["resplit_variances", "state_bytes", "stationary_variance"]


@formula(curvature="(0, inf)", noise="[0, inf)", step_size="(0, inf)", momentum="[0, 1)")
def stationary_variance(curvature: Number, noise: Number, *, step_size: Number, momentum: Number = 0) -> Number:
    """Compute the variance at which a coordinate settles under noisy gradients (statement FR-3).

    Parameters
    ----------
    curvature : number
        l.
    noise : number
        s2, the variance of the noise of a gradient.
    step_size : number
        alpha, in (0, 2 (1 + b) / ((1 - b) l)), where the steps are stable.
    momentum : number
        b; 0 is plain gradient descent.

    Returns
    -------
    number
        alpha s2 (1 + b) / (l (2 (1 + b) - alpha (1 - b) l)); for b = 0 it is alpha s2 / (l (2 - alpha l)). A fixed
        split has one of both in each coordinate.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Assumes: independent noise, and a stable step.

    Proof: with a = alpha (1 - b) the step is x' = x + b (x - x_before) - a (l x + xi). Let V = E x^2, c = E x x_before
    and A = 1 + b - a l in the stationary law. Multiplying the step by x and by itself gives c (1 + b) = A V and
    V (1 - A^2 - b^2) + 2 A b c = a^2 s2. Inserting c, V ((1 - b) / (1 + b)) a l (2 (1 + b) - a l) = a^2 s2.

    Checked by: FR-3.

    Examples
    --------
    >>> stationary_variance(1, 1, step_size=Fraction(1, 2), momentum=Fraction(9, 10))
    Fraction(19, 75)
    """
    curve, s2 = exact(curvature), exact(noise)
    alpha, b = exact(step_size), exact(momentum)
    room = 2 * (1 + b) - alpha * (1 - b) * curve
    if not room > 0:
        raise must("step_size", "below 2 (1 + momentum) / ((1 - momentum) curvature)", step_size)
    return plain(alpha * s2 * (1 + b) / (curve * room))


@formula(
    curvature="(0, inf)", noise="[0, inf)", step_size="(0, inf)", momentum="[0, 1)", density="[0, 1]", period="[1, inf)"
)
def resplit_variances(
    curvature: Number, noise: Number, *, step_size: Number, momentum: Number, density: Number, period: int
) -> list[Number]:
    """Compute the variances at which a coordinate settles when it is split off anew in each period (statement FR-3T).

    Parameters
    ----------
    curvature : number
        l.
    noise : number
        s2, the variance of the noise of a gradient.
    step_size : number
        alpha, of both kinds of step.
    momentum : number
        b.
    density : number
        p, the chance that the coordinate has a momentum in a period; else it takes plain gradients.
    period : int
        T, the steps of a period. At its start the momentum is 0 and the chance is drawn anew.

    Returns
    -------
    list of T numbers
        E x^2 after each step of a period in the stationary law; the last one is that at the end of the period.

    Raises
    ------
    ValueError
        If a number is out of range, or the variance grows without bound.

    Proof
    -----
    Assumes: independent noise and independent draws.

    Proof: the pair (x, m) moves linearly, so its second moments (E x^2, E x m, E m^2) move by an affine map with
    E x xi = E m xi = 0. At the start of a period m = 0, so that E x^2 = v alone decides the moments in the period, and
    E x^2 after t steps is c_t + f_t v in each of both cases. Their average over the draw of the case is affine in v as
    well; v = c_T + f_T v at the end of a period, with a solution that is a limit iff the factor f_T is below 1.
    For T = 1 it is s2 (p a^2 + (1-p) alpha^2) / (1 - p (1 - a l)^2 - (1-p) (1 - alpha l)^2) with a = (1 - b) alpha.

    Checked by: FR-3T.

    Examples
    --------
    >>> half, b = Fraction(1, 2), Fraction(9, 10)
    >>> found = resplit_variances(1, 1, step_size=half, momentum=b, density=half / 2, period=10)
    >>> round(float(found[-1]), 5), round(float(sum(found) / 10), 5)
    (0.30353, 0.29411)
    """
    coordinate = (curvature, noise, step_size)
    numbers = [exact(one) for one in (*coordinate, momentum, density)]
    T = period
    if not any(isinstance(one, float) for one in numbers):
        return _settled(numbers, T)
    import flint  # here, so that importing the system stays quick

    with flint.ctx.workprec(BITS):  # a factor near 1 leaves doubles few digits
        balls = [flint.arb(flint.fmpq(*Fraction(one).as_integer_ratio())) for one in numbers]
        return [float(one.mid()) for one in _settled(balls, T)]


def _settled(numbers: Sequence[Any], T: int) -> list[Any]:
    """Return the variances after each step of a period, of curvature, noise, step size, momentum and density."""
    curve, s2, alpha, b, p = numbers
    maps = []
    for start in (0, 1):  # affine in the variance at the start
        kept, free = _second_moments(curve, s2, alpha, b, start, T), _second_moments(curve, s2, alpha, 0, start, T)
        maps.append([p * with_state + (1 - p) * without for with_state, without in zip(kept, free, strict=True)])
    factor = maps[1][-1] - maps[0][-1]
    if not factor < 1:
        raise must("step_size", "so small that the variance stays bounded", plain(alpha))
    v = maps[0][-1] / (1 - factor)
    return [plain(constant + (one - constant) * v) for constant, one in zip(*maps, strict=True)]


def _second_moments(curve: Number, s2: Number, alpha: Number, b: Number, start: Number, n_steps: int) -> list[Number]:
    """Return E x^2 after each step from E x^2 = start and m = 0."""
    xx: Number = start
    xm: Number = 0
    mm: Number = 0
    found = []
    for _ in range(n_steps):
        # m' = b m + (1 - b) (l x + xi), then x' = x - alpha m'
        c = (1 - b) * curve
        after_mm = b * b * mm + 2 * b * c * xm + c * c * xx + (1 - b) * (1 - b) * s2
        after_xm = b * xm + c * xx
        xx, xm, mm = xx - 2 * alpha * after_xm + alpha * alpha * after_mm, after_xm - alpha * after_mm, after_mm
        found.append(xx)
    return found


#: bits of the balls in which doubles are computed with
BITS = 512

METHODS = ("adamw", "sgd", "auon", "muon", "galore", "dct_adamw", "trion", "frugal", "mkor", "low_rank_es")


@formula(itemsize="[1, inf)", rank="[1, inf)", density="[0, 1]", momentum="[0, 1)")
def state_bytes(
    method: str,
    shape: Sequence[int],
    *,
    rank: int | None = None,
    density: Number | None = None,
    momentum: Number = 0.9,
    kind: str = "columns",
    error_feedback: bool = False,
    itemsize: int = 4,
) -> int:
    """Count the bytes that an optimizer keeps for one array of weights between two steps (statement FR-5).

    Parameters
    ----------
    method : str
        "adamw", "sgd", "auon", "muon", "galore", "dct_adamw", "trion", "frugal", "mkor" or "low_rank_es".
    shape : sequence of int
        Shape of the weights: (m, n), or (n,), for which "galore", "dct_adamw", "trion" and "frugal" keep both moments
        of all numbers, as "adamw" does, and "mkor" keeps nothing. More than two axes fit "adamw", "sgd", "auon" and
        "low_rank_es" alone.
    rank : int or None
        r of "galore", "dct_adamw" and "trion"; the smaller side of the weights where it is above that.
    density : number or None
        The share in [0, 1] of chosen columns, rows or entries of "frugal", rounded to the nearest number of them, a
        half upwards.
    momentum : number
        0 means that "sgd", "auon" and "muon" keep no momentum.
    kind : str
        Parts among which "frugal" chooses: "columns", "rows" or "entries".
    error_feedback : bool
        Whether "dct_adamw" keeps its error.
    itemsize : int
        The bytes of a number: 4 for float32, 8 for float64. Indices have 4.

    Returns
    -------
    int
        The bytes of all arrays that are kept. A basis belongs to all arrays of one size and is not counted.

    Raises
    ------
    ValueError
        If a number is out of range, or a method lacks its rank or its density.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    ===========  ======================================================================================================
    adamw        two moments of mn numbers: 8 mn bytes in float32
    sgd          one momentum, 4 mn; so do auon and muon
    galore       two moments in r directions and a basis, 8 r max(m, n) + 4 r min(m, n)
    dct_adamw    two moments of r columns and their indices, 8 r max(m, n) + 4 r; error feedback adds 4 mn
    trion        one momentum and the indices, 4 mn + 4 r
    frugal       two moments of the chosen entries, and 4 for each index of a column, a row or an entry
    mkor         two factors, 4 (m^2 + n^2); the momentum of a base optimizer comes on top
    low_rank_es  a seed and a step, 16
    ===========  ======================================================================================================

    Proof
    -----
    Assumes: what each method keeps, as in the table.

    Proof: add the sizes of the arrays. With error feedback "dct_adamw" keeps more than "adamw" as soon as
    mn + 2 r max(m, n) > 2 mn, that is for r > min(m, n) / 2.

    Checked by: FR-5.

    Examples
    --------
    >>> state_bytes("adamw", (64, 32)), state_bytes("dct_adamw", (64, 32), rank=8)
    (16384, 4128)
    """
    choice("method", method, METHODS)
    sizes = [integer("shape", size, low=1) for size in sequence("shape", shape)]
    if not sizes:
        raise must("shape", "of one axis or more", shape)
    if len(sizes) > 2 and method not in ("adamw", "sgd", "auon", "low_rank_es"):
        raise must("shape", f"of at most two axes for {method}", shape)
    item, mn, is_vector = itemsize, math.prod(sizes), len(sizes) == 1
    feeds_back = error_feedback
    choice("kind", kind, ("columns", "rows", "entries"))
    has_average = momentum > 0
    if method == "low_rank_es":
        return 16
    if method in ("sgd", "auon", "muon"):
        return item * mn if has_average else 0
    if method == "mkor":
        return 0 if is_vector else item * sum(size * size for size in sizes)
    if method == "adamw" or is_vector:
        return 2 * item * mn
    if method == "frugal":
        return _bytes_of_parts(sizes, density, kind, item)
    if rank is None:
        raise must("rank", f"given for {method}", rank)
    least, most = min(sizes), max(sizes)
    r = min(rank, least)
    kept = {"galore": 2 * r * most + r * least, "dct_adamw": 2 * r * most + feeds_back * mn, "trion": mn}
    return item * kept[method] + (0 if method == "galore" else 4 * r)


def _bytes_of_parts(sizes: list[int], density: Number | None, kind: str, item: int) -> int:
    """Return the bytes of two moments of the chosen columns, rows or entries, and of their indices."""
    if density is None:
        raise must("density", "given for frugal", density)
    share = number("density", density, 0, 1)
    n_parts = {"columns": sizes[-1], "rows": sizes[0], "entries": math.prod(sizes)}
    n_all = n_parts[choice("kind", kind, tuple(n_parts))]
    return chosen_parts(share, n_all) * (2 * item * math.prod(sizes) // n_all + 4)


def chosen_parts(density: Number, n_parts: int) -> int:
    """Round a share of columns, rows or entries to the nearest number of them, a half upwards."""
    return math.floor(density * n_parts + Fraction(1, 2))
