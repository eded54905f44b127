"""The distance between the map of a recursion and the least-squares map of its edits alone, after many edits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.continual_learning.theory.ridge import inverse
from proofs_checks.continual_learning.families.runs import written
from proofs_checks.continual_learning.families.streams import (
    ALWAYS,
    HELD,
    QUARTER,
    STREAM,
    Stream,
    draw_stream,
    key,
    two_edits,
)
from proofs_checks.continual_learning.families.truths import (
    beside,
    energy,
    information,
    norm,
    of_forms,
    of_its_kind,
    path_of,
    share,
    truth,
)
from proofs_checks.continual_learning.families.wrong_edits import fixed, maps_of, right_step, still, ungained

Found = dict[str, Any]


def repeated(stream: Stream, passes: int) -> Stream:
    """Return a stream whose edits come again and again."""
    return replace(stream, edits=stream.edits * passes, order=())


@lru_cache(maxsize=512)
def least_squares(stream: Stream, t: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return S_t and G_t of the first t edits in Fractions; None where their keys leave a direction free."""
    S = information(stream, t) - information(stream, 0)
    try:
        C = inverse(S)
    except ZeroDivisionError:
        return None
    return S, C @ sum((K.T @ V for K, V in stream.pairs[:t]), start=0 * truth(stream).start)


def is_determined(case: Stream) -> bool:
    """Decide whether the keys of all edits leave no direction free."""
    return least_squares(case, len(case.edits)) is not None


def spanning() -> Iterator[Stream]:
    """Yield the streams of two edits with all directions among their keys, twice over."""
    yield from (repeated(one, 2) for one in two_edits() if is_determined(one))


SPANNING = All(
    "streams of two edits, each of one or two of the keys (1, 0), (0, 1) and (1, 1) with fixed values, that leave no "
    "direction free, with the anchor (1, 1) or none, twice over",
    spanning,
    members=66,
)


def draw_repeated(draws: Draws) -> Stream:
    """Draw a stream, and an edit of the axes, up to three times over."""
    stream = draw_stream(draws)
    d, p = len(stream.W0), len(stream.W0[0])
    axes = tuple(tuple(int(i == j) for j in range(d)) for i in range(d))
    values = tuple(map(tuple, draws.integers(-3, 3, shape=(d, p)).tolist()))
    return repeated(replace(stream, edits=(*stream.edits[:2], (axes, values))), draws.integers(1, 3))


#: one coordinate, where both bounds are the distance itself, and one whose keys differ in length
ONE = repeated(Stream(key(2), ((key(1), key(3)),), Fraction(4)), 8)
LONG_AND_SHORT = repeated(Stream(((1,), (-1,)), ((((3, 0), (0, 1)), ((2,), (5,))),), QUARTER), 4)
REPEATED = Family(
    "edits-again-and-again",
    always=(repeated(STREAM, 2), LONG_AND_SHORT, *(one for one in ALWAYS if is_determined(one))),
    tight=(Tight(ONE, 1.0, 1.0),),
    draw=draw_repeated,
)


@formula(a="[0, inf)", b="[a, inf)", c="(0, inf)", C="[c, inf)", square="[0, inf)")
def distance_range(a: Number, b: Number, c: Number, C: Number, square: Number) -> tuple[Number, Number]:
    r"""Bounds on |W_t - G_t|^2, where `square` is |W_0 - G_t|^2.

    They are (a / (C + b))^2 and (b / (c + a))^2 times `square`.

    Proof
    -----
    Assumes: W_t is the map of least cost, without decay (statement RL-1), and S_t is invertible, which is checked.

    Proof: M_t = M_0 + S_t and M_t W_t = M_0 W_0 + S_t G_t; subtract M_t G_t. So M_t (W_t - G_t) = M_0 (W_0 - G_t). The
    norm of the right side is at least a and at most b times that of W_0 - G_t. By Weyl's inequality the eigenvalues of
    M_t lie between c + a and C + b, so the norm of the left side is at least c + a and at most C + b times that of
    W_t - G_t.
    """
    least, most = exact(a) / (C + b), exact(b) / (c + a)
    return plain(least * least * square), plain(most * most * square)


def ends(A: np.ndarray) -> tuple[float, float]:
    """Return the least and the largest eigenvalue of a symmetric matrix, at least 0."""
    values = np.linalg.eigvalsh(np.asarray(A, float))
    return max(float(values[0]), 0.0), max(float(values[-1]), 0.0)


def nears(stream: Stream, found: Found, largest: bool = False, forgotten: bool = False) -> Sides:
    """Compare M_t (W_t - G_t) with M_0 (W_0 - G_t), and |W_t - G_t|^2 with its bounds, once S_t is invertible.

    With `largest` the bound from above has the largest eigenvalue of S_t in the place of the least one; if `forgotten`,
    it is 0, as if the first map left no trace.
    """
    pairs: list[Any] = []
    prior, d = information(stream, 0), len(stream.W0)
    a, b = ends(prior)
    for one, true, (weights, _, _) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        for t in range(1, len(stream.edits) + 1):
            determined = least_squares(stream, t)
            if determined is None:
                continue
            S, exact_G = determined
            G, M = of_its_kind(true, exact_G), of_its_kind(true, prior + S)
            left, right = M @ (W[t] - G), of_its_kind(true, prior) @ (true.start - G)
            product = norm(M) * (weights + share(stream, 1.0) * (norm(G) + norm(true.start)))
            error = 0.0 if true.is_exact else product
            pairs += [(left, right, error), (-left, -right, error)]
            c, C = ends(S)
            first, distance = float(energy(true.start - G)), float(energy(W[t] - G))
            least, most = distance_range(a, b, max(C if largest else c, np.finfo(float).tiny), C, first)
            # eigenvalues err by a share of the largest one, and the map by its own
            of_values = float(rounding(64 * d, (C + b) / (c + a)))
            own = 0.0 if true.is_exact else (2 * np.sqrt(distance) + weights) * weights
            pairs.append((least, distance, own + of_values * least))
            pairs.append((distance, 0.0 if forgotten else most, own + of_values * most))
    return beside(pairs)


def fading(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Multiply all that is older by 0.999 at each edit."""
    beta = Fraction(999, 1000)
    return maps_of(stream, lambda C, W, K, V: right_step(C / beta, W, K, V))


UNLIMITED = "a solver may report any map"

RL_6 = Statement(
    id="continual_learning/RL-6",
    title="The first map is forgotten as 1/t, neither faster nor slower",
    says=(
        "G_t is the least-squares map of the first t edits alone. It is unique once S_t = sum_{i <= t} K_i^T K_i has "
        "least and largest eigenvalues c and C above 0; a and b are those of M_0, the information of ridge and "
        "anchors. Then M_t (W_t - G_t) = M_0 (W_0 - G_t), and the distance of W_t from G_t lies between a / (C + b) "
        "and b / (c + a) times that of W_0. Where c and C grow in proportion to t, as with edits that come again and "
        "again, it falls as 1/t."
    ),
    source=Derived(distance_range),
    tex=(
        r"\frac{a}{C + b}\,\|W_0 - G_t\| \le \|W_t - G_t\| = \|M_t^{-1} M_0 (W_0 - G_t)\| \le "
        r"\frac{b}{c + a}\,\|W_0 - G_t\|"
    ),
    hypotheses=HELD | {"keys that leave no direction free": is_determined},
    instances=REPEATED,
    for_all=(SPANNING,),
    solve=written,
    claim=Inequality(nears, unbounded=UNLIMITED),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("older edits and the first map fade by a thousandth at each edit", solve=fading),
        saboteur(
            "the largest eigenvalue for the least one",
            claim=Inequality(partial(nears, largest=True), unbounded=UNLIMITED),
        ),
        saboteur("no trace is left", claim=Inequality(partial(nears, forgotten=True), unbounded=UNLIMITED)),
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("the covariance is never updated", solve=fixed),
        saboteur("does nothing", solve=still),
    ),
    notes=(
        "In one coordinate both bounds are the distance. M_t (W_t - G_t) is compared in Fractions, and eigenvalues are "
        "those of doubles. RLSEdit speaks of such a limit in the titles of its sections; its proofs were not read."
    ),
)
