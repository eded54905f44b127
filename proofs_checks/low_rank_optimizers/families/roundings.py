"""Weights in sixteen bits by their codes: whole binades, steps of Adam on them, random steps, and moved weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.low_rank_optimizers.optimizers.adamw import AdamW
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
from lrtheory.low_rank_optimizers.rounding.compare_checkpoints import compare_checkpoints
from lrtheory.low_rank_optimizers.theory.rounding import adam_step_bound

#: mantissa bits, and the code of 1
LAYOUT = {"bfloat16": (7, 127), "float16": (10, 15)}
#: how far the normal numbers go whose outer neighbors are finite
NORMAL = {"bfloat16": (-126, 126), "float16": (-14, 14)}
#: steps just below half a gap, of half a gap, and just above it
NEAR = np.array([1 - 2.0**-20, 1.0, 1 + 2.0**-20])
Found = dict[str, Any]


def value_of(codes: np.ndarray, dtype: str = "bfloat16") -> np.ndarray:
    """Return the numbers of codes that may have a sign bit, as doubles."""
    bits = np.asarray(codes, np.uint16)
    if dtype == "float16":
        return bits.view(np.float16).astype(np.float64)
    return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def code_of(values: np.ndarray, dtype: str = "bfloat16") -> np.ndarray:
    """Return the codes of numbers of a format."""
    if dtype == "float16":
        return np.asarray(values, np.float16).view(np.uint16).astype(np.int64)
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.int64)


# --- whole binades ---------------------------------------------------------------------------------------------------


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


def magnitudes(case: Binades) -> np.ndarray:
    """Return the codes of all numbers, without the sign."""
    bits, one = LAYOUT[case.dtype]
    return np.arange((case.low + one) << bits, (case.high + 1 + one) << bits)


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
    complete="all normal numbers of both formats whose outer neighbor is finite, six steps each",
    members=26,
)


# --- steps of Adam ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gradients:
    """Decays of both moments, and one gradient a step (T, n)."""

    beta1: float
    beta2: float
    gradients: np.ndarray


def are_decays(case: Any) -> bool:
    """Decide whether Adam takes these decays and gradients, and doubles hold the squares of those that are not 0."""
    g = np.abs(np.asarray(case.gradients))
    inside = (g == 0) | ((g > 2.0**-400) & (g < 2.0**400))
    return bool(0 <= case.beta1 < 1 and 0 < case.beta2 < 1 and g.ndim == 2 and g.size and inside.all())


def moved_by_adam(case: Gradients, rng: np.random.Generator | None = None) -> Found:
    """Return the update of each step, with step size 1 and nothing added to the root."""
    adam = AdamW(step_size=1.0, beta1=case.beta1, beta2=case.beta2, epsilon_root=0.0)
    return {"updates": np.array([adam.step(g).update for g in case.gradients])}


def worst_gradients(beta1: float, beta2: float, T: int) -> np.ndarray:
    """Return the gradients (T, 1) with the longest step at the end."""
    return (beta1 / beta2) ** np.arange(T - 1.0, -1.0, -1.0)[:, None]


DECAYS = ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95), (0.95, 0.9025), (0.5, 0.75), (0.0, 0.9))


def draw_gradients(draws: Draws) -> Gradients:
    """Draw decays, and gradients of many sizes."""
    b1, b2 = draws.choice(DECAYS)
    T, n = draws.integers(1, 40), draws.integers(1, 6)
    sizes = 2.0 ** draws.integers(-8, 8, (T, n))
    return Gradients(b1, b2, draws.integers(-99, 99, (T, n)) / 64 * sizes)


GRADIENTS = Family(
    "adam-gradients",
    always=[Gradients(b1, b2, np.ones((3, 1))) for b1, b2 in DECAYS],
    tight=[Tight(Gradients(b1, b2, worst_gradients(b1, b2, 30)), 0.999, 1.001) for b1, b2 in DECAYS if b1],
    draw=draw_gradients,
)


@dataclass(frozen=True)
class Stored:
    """Weights by their codes (n,), gradients (T, n), options of Adam, and what keeps the weights between the steps."""

    codes: np.ndarray
    gradients: np.ndarray
    beta1: float
    beta2: float
    step_size: float
    storage: str = "bfloat16"


def are_normal(case: Stored) -> bool:
    """Decide whether all weights are normal numbers, one for each gradient, and the step size is above 0."""
    magnitude = np.asarray(case.codes) & 0x7FFF
    inside = ((magnitude >= 0x80) & (magnitude < 0x7F80)).all()
    return bool(are_decays(case) and case.codes.shape == case.gradients.shape[1:] and inside and case.step_size > 0)


def is_stored(case: Stored) -> bool:
    """Decide whether no copy in higher precision is kept."""
    return case.storage == "bfloat16"


def trained(case: Stored, rng: np.random.Generator | None = None, keep: Any = rounded) -> np.ndarray:
    """Return the codes of the weights before the first step and after each."""
    adam = AdamW(step_size=case.step_size, beta1=case.beta1, beta2=case.beta2, epsilon_root=0.0)
    w = value_of(case.codes)
    seen = [case.codes]
    for gradient in case.gradients:
        w = w + np.asarray(adam.step(gradient).update)
        w = np.asarray(keep(w)) if is_stored(case) else w.astype(np.float32).astype(np.float64)
        seen.append(code_of(np.asarray(rounded(w))))
    return np.array(seen, np.int64)


def near_the_limit(codes: np.ndarray, beta1: float, beta2: float, T: int, share: float) -> Stored:
    """Return gradients with the longest last step, which is a share of the least weight over 512."""
    least = float(np.abs(value_of(codes)).min())
    size = share * least / 512 / adam_step_bound(beta1, beta2, step=T)
    return Stored(codes, np.repeat(worst_gradients(beta1, beta2, T), len(codes), axis=1), beta1, beta2, size)


def of_one_binade(exponent: int) -> np.ndarray:
    """Return the codes of all 128 numbers of a binade, every other one negative."""
    codes = ((exponent + 127) << 7) + np.arange(128)
    return codes + 0x8000 * (codes & 1)


def draw_stored(draws: Draws) -> Stored:
    """Draw weights of a few binades, and steps near what the least of them absorbs."""
    b1, b2 = draws.choice(DECAYS[:3])
    T, n = draws.integers(1, 12), draws.integers(8, 40)
    magnitude = ((draws.integers(90, 160) + draws.integers(0, 3, n)) << 7) + draws.integers(0, 127, n)
    case = near_the_limit(magnitude + 0x8000 * draws.integers(0, 1, n), b1, b2, T, draws.floats(0.2, 2.0))
    if draws.integers(0, 1):
        return case
    return Stored(case.codes, draws.integers(-99, 99, (T, n)) / 64, b1, b2, case.step_size)


#: with decays in short binary fractions the first step is exactly the step size, half of the gap below 1
AT_A_TIE = Stored(np.array([0x3F80, 0xBF80, 0x3F81, 0x3FFF]), np.array([[1.0, -1.0, 1.0, -1.0]]), 0.5, 0.75, 2.0**-9)
STORED = Family(
    "stored-weights",
    always=[
        AT_A_TIE,
        *(near_the_limit(of_one_binade(0), *decays, 20, s) for decays in DECAYS[:3] for s in (0.99, 1.5)),
    ],
    draw=draw_stored,
)
KEPT_APART = Family(
    "stored-weights-and-a-copy",
    always=[Stored(of_one_binade(0), np.ones((4, 128)), 0.9, 0.95, 0.99 / 512 / 1.17, "float32")],
)


# --- random steps ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Weights by their codes (K,), the deviation of normal steps, and how the steps of two runs are correlated."""

    codes: np.ndarray
    step_std: float
    correlation: float = 0.0


def is_table(case: Table) -> bool:
    """Decide whether all weights are finite, and the deviation is above 0."""
    magnitude = np.asarray(case.codes) & 0x7FFF
    return bool(magnitude.ndim == 1 and magnitude.size and (magnitude < 0x7F80).all() and case.step_std > 0)


def are_independent(case: Table) -> bool:
    """Decide whether the steps of the two runs have nothing in common."""
    return case.correlation == 0


def masks(case: Table, rng: np.random.Generator, n: int, keep: Any = rounded) -> np.ndarray:
    """Return which weights change in each of two runs, (n, 2, K)."""
    w, K = value_of(case.codes), len(case.codes)
    common, own = rng.normal(size=(n, 1, K)), rng.normal(size=(n, 2, K))
    steps = case.step_std * (case.correlation**0.5 * common + (1 - case.correlation) ** 0.5 * own)
    return np.asarray(keep(w + steps)) != w


def draw_table(draws: Draws) -> Table:
    """Draw weights of several binades around one whose gaps are as large as the steps."""
    K, exponent = draws.integers(24, 48), draws.integers(90, 160)
    codes = ((exponent + draws.integers(-4, 3, K)) << 7) + draws.integers(0, 127, K) + 0x8000 * draws.integers(0, 1, K)
    return Table(codes, 2.0 ** (exponent - 127 - 9) * draws.floats(0.5, 1.0))


SPREAD = ((np.arange(32) // 4 + 122) << 7) + 29 * np.arange(32) % 128
TABLES = Family(
    "weights-and-random-steps",
    always=[
        Table(SPREAD, 2.0**-10),
        Table(np.full(32, 127 << 7), 2.0**-9),  # powers of two
        Table((127 << 7) + 3 * np.arange(1, 33), 2.0**-9),  # one binade, where all are changed equally often
        Table(np.append(SPREAD, [0, 0x8000, 1]), 2.0**-9),
    ],
    draw=draw_table,
)
CORRELATED = Family("weights-and-common-steps", always=[Table(SPREAD, 2.0**-10, 0.81)])


# --- moved weights ---------------------------------------------------------------------------------------------------


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
