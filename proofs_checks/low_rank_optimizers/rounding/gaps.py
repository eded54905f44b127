"""Half gaps of numbers of sixteen bits: which steps they absorb, and which changes count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Identity, Sides, Statement, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.rounding import compare_checkpoints as comparing
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
from lrtheory.low_rank_optimizers.rounding.compare_checkpoints import compare_checkpoints
from lrtheory.low_rank_optimizers.theory.rounding import HalfGaps
from proofs_checks.low_rank_optimizers.families.roundings import code_of, of_one_binade, value_of

#: how far the normal numbers go whose outer neighbors are finite
NORMAL = {"bfloat16": (-126, 126), "float16": (-14, 14)}


@dataclass(frozen=True)
class Binades:
    """All numbers of a format with one sign and exponents from one to another."""

    low: int
    high: int
    sign: int = 0
    dtype: str = "bfloat16"


def is_normal(case: Binades) -> bool:
    """Decide whether all numbers are normal, and so are their neighbors away from 0."""
    least, most = NORMAL.get(case.dtype, (1, 0))
    return case.sign in (0, 1) and least <= case.low <= case.high <= most


#: mantissa bits, and the code of 1
LAYOUT = {"bfloat16": (7, 127), "float16": (10, 15)}


def magnitudes(case: Binades) -> np.ndarray:
    """Return the codes of all numbers, without the sign."""
    bits, one = LAYOUT[case.dtype]
    return np.arange((case.low + one) << bits, (case.high + 1 + one) << bits)


#: steps just below half a gap, of half a gap, and just above it
NEAR = np.array([1 - 2.0**-20, 1.0, 1 + 2.0**-20])


def steps_of(case: Binades) -> np.ndarray:
    """Return six steps for each number: around half of the gap to the neighbor towards 0, and away from it."""
    c = magnitudes(case)
    w, inner, outer = (value_of(codes, case.dtype) for codes in (c, c - 1, c + 1))
    steps = np.concatenate([np.outer(inner - w, NEAR), np.outer(outer - w, NEAR)], axis=1) / 2
    return -steps if case.sign else steps


def summed(case: Binades) -> np.ndarray:
    """Return all numbers plus their steps, which doubles hold exactly."""
    w = value_of(magnitudes(case), case.dtype)
    return (-w if case.sign else w)[:, None] + steps_of(case)


def stepped(case: Binades, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the codes after rounding by the library."""
    return code_of(np.asarray(rounded(summed(case), dtype=case.dtype)), case.dtype)


ALL_NORMAL = Family(
    "normal-numbers",
    always=[Binades(low, low + 22, sign) for sign in (0, 1) for low in range(-126, 127, 23)]
    + [Binades(low, high, sign, "float16") for sign in (0, 1) for low, high in ((-14, 0), (1, 14))],
    complete="pairs of one of six steps and a normal number of either format whose outer neighbor is finite",
    members=26,
    of=lambda case: steps_of(case).size,
)


def ties_away(case: Binades, rng: np.random.Generator | None = None) -> np.ndarray:
    """Round ties away from 0."""
    found, own = stepped(case), magnitudes(case) + 0x8000 * case.sign
    found[:, 1], found[:, 4] = own, own + 1  # half of the gap towards 0, and away from it
    return found


def twice(case: Binades, rng: np.random.Generator | None = None) -> np.ndarray:
    """Round the sum to single precision before it is rounded."""
    return code_of(np.asarray(rounded(summed(case).astype(np.float32), dtype=case.dtype)), case.dtype)


def exact_gaps(values: np.ndarray, dtype: str) -> HalfGaps:
    """Return the half gaps of the library."""
    return theory.half_gaps(values, dtype=dtype)


def without_edge(values: np.ndarray, dtype: str) -> HalfGaps:
    """Return half gaps that are alike on both sides."""
    gaps = exact_gaps(values, dtype)
    return gaps._replace(inward=gaps.outward)


def popular(values: np.ndarray, dtype: str) -> HalfGaps:
    """Return a share of the weight, 1/256 in bfloat16."""
    limit = np.abs(values) / (256 if dtype == "bfloat16" else 2048)
    return HalfGaps(limit, limit, np.zeros(values.shape, bool))


def returns(case: Binades, found: np.ndarray, gaps: Any = exact_gaps) -> Sides:
    """Compare codes after a step with those of the weight, or of the neighbor on the side of a longer step."""
    c = magnitudes(case)
    inward, outward, even = (np.asarray(part)[:, None] for part in gaps(value_of(c, case.dtype), case.dtype))
    steps = np.abs(steps_of(case))
    limit = np.concatenate([np.repeat(inward, 3, axis=1), np.repeat(outward, 3, axis=1)], axis=1)
    stays = (steps < limit) | ((steps == limit) & even)
    neighbor = np.array([-1, -1, -1, 1, 1, 1])
    return Sides(found, c[:, None] + np.where(stays, 0, neighbor) + 0x8000 * case.sign)


RN_1 = Statement(
    id="low_rank_optimizers/RN-1",
    title="Sixteen bits absorb steps up to half of a gap",
    says=(
        "A normal number w of bfloat16 or half precision plus a step d, rounded to the nearest number with ties to "
        "even, is w exactly where d is below half of the gap on its side, or equal to it and the last bit of w is 0. "
        "The half gap is ulp(w)/2, and ulp(w)/4 towards 0 where w is a power of two. A step just above it gives the "
        "neighbor on its side."
    ),
    source=Derived(theory.half_gaps),
    tex=r"\mathrm{rd}(w + d) = w \iff -h_- \le^* d \le^* h_+,\quad h_\pm \in \{\mathrm{ulp}/2, \mathrm{ulp}/4\}",
    hypotheses={"normal numbers with finite neighbors": is_normal},
    instances=ALL_NORMAL,
    solve=stepped,
    claim=Identity(returns),
    saboteurs=(
        saboteur("|w|/256 for half of the gap", claim=Identity(partial(returns, gaps=popular))),
        saboteur("both half gaps alike", claim=Identity(partial(returns, gaps=without_edge))),
        saboteur("ties away from 0", solve=ties_away),
        saboteur("rounded to single precision first", solve=twice),
    ),
    notes=(
        "In bfloat16 a step below |w|/512 is always absorbed, one above |w|/256 never, and between them the place "
        "decides."
    ),
)


@dataclass(frozen=True)
class Moves:
    """Weights by their codes (n,), how many codes away from 0 each is moved, and a tolerance."""

    codes: np.ndarray
    moves: np.ndarray
    atol: float


def are_moves(case: Moves) -> bool:
    """Decide whether normal weights are moved by at most one code."""
    magnitude = np.asarray(case.codes) & 0x7FFF
    inside = ((magnitude >= 0x80) & (magnitude < 0x7F00)).all()
    return bool(case.codes.shape == case.moves.shape and inside and (np.abs(case.moves) <= 1).all() and case.atol >= 0)


def counted(case: Moves, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Return what the library counts."""
    before, after = (value_of(codes).astype(np.float32) for codes in (case.codes, case.codes + case.moves))
    found = compare_checkpoints({"w": before}, {"w": after}, atol=case.atol, ranks=False)
    return {"changed": int(found.changed[0]), "beyond": int(found.n_beyond[0]), "one_ulp": int(found.n_one_ulp[0])}


def draw_moves(draws: Draws) -> Moves:
    """Draw weights of two binades, and a tolerance near the gaps there."""
    n, exponent = draws.integers(8, 64), draws.integers(80, 200)
    mantissas = draws.integers(0, 127, n) * draws.integers(0, 1, n)
    codes = ((exponent + draws.integers(0, 1, n)) << 7) + mantissas + 0x8000 * draws.integers(0, 1, n)
    atol = 2.0 ** (exponent - 127 - 7) * draws.choice((0.25, 0.5, 0.75, 1.0, 1.5))
    return Moves(codes, draws.integers(-1, 1, n), atol)


MOVES = Family(
    "moved-weights",
    always=[
        *(Moves(of_one_binade(e), np.full(128, move), 1e-5) for e in (-10, -9, -8) for move in (-1, 1)),
        Moves(of_one_binade(0), np.ones(128, np.int64), 2.0**-7),
    ],
    draw=draw_moves,
)


def all_moves() -> Iterator[Moves]:
    """Yield the positive numbers of all normal binades of bfloat16 but the largest, moved by one towards 0 or away.

    The tolerance is the gap towards 0 from the power of two, which is below all others of the binade.
    """
    for exponent in range(-126, 127):
        yield from (Moves(of_one_binade(exponent), np.full(128, move), 2.0 ** (exponent - 8)) for move in (-1, 1))


def not_below(case: Moves, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Count changes of exactly the tolerance too."""
    gaps = np.abs(value_of(case.codes + case.moves) - value_of(case.codes))
    return counted(case) | {"beyond": int((gaps >= case.atol).sum())}


def counts(case: Moves, found: dict[str, int], gaps: Any = exact_gaps) -> Sides:
    """Compare what is counted with the gaps on the side of each move."""
    inward, outward, _ = gaps(value_of(case.codes), "bfloat16")
    gap = 2 * np.where(case.moves < 0, inward, outward)
    moved = case.moves != 0
    due = [int(moved.sum()), int((moved & (gap > case.atol)).sum()), int(moved.sum())]
    return Sides(np.array([found[name] for name in ("changed", "beyond", "one_ulp")]), np.array(due))


RN_6 = Statement(
    id="low_rank_optimizers/RN-6",
    title="A tolerance hides the smallest changes",
    says=(
        "A change of a normal weight in bfloat16 to the next number has the size ulp(w), and half of it from a power "
        "of two towards 0. It counts as a change with a tolerance exactly where that size is above the tolerance: with "
        "1e-5 none of a weight below 2^-9 does."
    ),
    source=Derived(theory.half_gaps),
    tex=r"|w' - w| \in \{\mathrm{ulp}(w), \mathrm{ulp}(w)/2\}",
    hypotheses={"normal weights that move by at most one number": are_moves},
    instances=MOVES,
    for_all=(
        All(
            "pairs of a binade of bfloat16 below the largest and a direction in which its positive numbers move by "
            "one, with its least gap as the tolerance",
            all_moves,
            members=506,
        ),
    ),
    solve=counted,
    claim=Identity(counts),
    saboteurs=(
        saboteur("always at least ulp(w)", claim=Identity(partial(counts, gaps=without_edge))),
        saboteur("changes of exactly the tolerance", solve=not_below),
        saboteur(
            "counted in numbers of single precision",
            patch=(comparing._common_type, 'return "BF16"', 'return "F32"'),
        ),
    ),
)
