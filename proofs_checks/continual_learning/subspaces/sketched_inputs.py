"""Sketches of old inputs: the leaks that they enclose, and the directions that they protect."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain
from lrtheory._types import ArrayLike
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.protection.directions import new_directions
from lrtheory.continual_learning.protection.leak import leak_of
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from proofs_checks.continual_learning.families.matrices import is_matrix, largest, spectrum
from proofs_checks.continual_learning.families.rows import HADAMARD, adversarial, sketch_of
from proofs_checks.continual_learning.families.subspaces import draw_guarded
from proofs_checks.continual_learning.sketches.projections import projection_bound
from proofs_checks.guards import allowance, misfit, square, unlike


@dataclass(frozen=True)
class Sketched:
    """Old inputs X (T, d), a change dW (d, p) of the weights, rows and buffer of a sketch, and a share of energy.

    The library gets X times 2^power and dW divided by it, whose squares may leave the range of doubles.
    """

    X: np.ndarray
    change: np.ndarray
    rank: int
    buffer: int
    share: float = 0.5
    power: int = 0


def is_sketched(case: Sketched) -> bool:
    """Decide whether all numbers are finite, not all inputs 0, the change fits, and the share is in (0, 1]."""
    fits = is_matrix(case.X) and is_matrix(case.change) and case.X.shape[1] == len(case.change)
    sizes = 1 <= case.rank < case.buffer and 0 < case.share <= 1 and abs(case.power) <= 565
    return bool(fits and case.X.any() and sizes)


Found = dict[str, Any]


def bounded(case: Sketched, rng: np.random.Generator | None = None) -> Found:
    """Return the library's interval for the change of old outputs, and the delta of its sketch in units of X."""
    protector = SubspaceProtector(case.X.shape[1], layout="rows")
    protector.extend(sketch_of(np.ldexp(case.X, case.power), case.rank, case.buffer), rank=1)
    leak = protector.leak_bound(np.ldexp(case.change, -case.power))
    delta = math.ldexp(leak.certificate.missed, 2 * (leak.certificate.power - case.power))
    return {"lower": float(leak.lower), "upper": float(leak.upper), "delta": delta}


def draw_sketched(draws: Draws) -> Sketched:
    """Draw old inputs with a decaying spectrum, and changes of which some avoid the first directions."""
    case = draw_guarded(draws)
    d = case.X.shape[1]
    rank = draws.integers(1, d)
    X = np.vstack([case.X, np.roll(case.X[::-1], 1, axis=1) / 2])
    change = case.raw
    if draws.choice((True, False)):
        V = np.linalg.svd(X)[2][: case.k]
        change = change - V.T @ V @ change
    share, buffer = draws.choice((0.25, 0.5, 0.75, 0.9)), draws.choice((rank + 1, 2 * rank + 1))
    return Sketched(X, np.ascontiguousarray(change), rank, buffer, share, draws.choice((0, 0, 0, -565, 565)))


def worse(case: Sketched, draws: Draws) -> Sketched:
    """Change one entry of the old inputs."""
    X = case.X.copy()
    X.flat[draws.integers(0, X.size - 1)] += np.abs(X).max() * draws.floats(-0.5, 0.5)
    return case if not X.any() else replace(case, X=X)


def shrunk_once() -> Sketched:
    """Return rows along axes after which a sketch has 11 of 14 in energy, of which 7 tenths are less than 8."""
    X = np.diag(np.sqrt([8.0, 4.0, 1.0]))
    return Sketched(np.vstack([X, [[1.0, 0.0, 0.0]]]), np.ones((3, 1)), 2, 3, 0.7)


def sketches() -> tuple[Sketched, ...]:
    """Return inputs that a sketch keeps entirely, among them nearly all in one direction, and some that it cannot."""
    change = np.random.default_rng(0).integers(-3, 4, (4, 3)).astype(float)
    turned = adversarial(3) @ HADAMARD
    return (
        Sketched(np.eye(2), np.array([[1.0], [0.0]]), 2, 3, 0.5),
        Sketched(np.diag(np.sqrt([99.0, 1.0])), np.array([[1.0], [2.0]]), 2, 3, 0.98),
        Sketched(np.diag([8.0, 4.0, 2.0, 1.0]) @ HADAMARD, change, 3, 4, 0.9),
        shrunk_once(),
        *(Sketched(np.vstack([np.eye(2)] * 2), np.eye(2), 1, 2, 0.25, power) for power in (-565, 565)),
        Sketched(np.diag([2.0, 1.0, 1.0]), np.eye(3)[:, 2:].copy(), 1, 3, 0.25),
        Sketched(turned, change, 3, 6, 0.25),
        Sketched(turned[::-1].copy(), HADAMARD.T[:, 3:].copy(), 3, 6, 0.25),
    )


#: the sketch has lost the direction along which all outputs change
LOST = Sketched(adversarial(3), np.eye(4)[:, :1].copy(), 3, 4, 0.25)

SKETCHED = Family(
    "sketched-inputs", always=sketches, tight=(Tight(LOST, 1 - 2.0**-40, 1.0),), draw=draw_sketched, climb=worse
)

#: what is beyond the rank of a sketch is dropped
DROPS = (SketchBuffer._shrunk, "missed = energies[self.rank] if", "missed = 0.0 * energies[0] if")


@formula(sketched="[0, inf)", delta="[0, inf)", change="[0, inf)")
def leak_bounds(sketched: Number, delta: Number, change: Number) -> tuple[Number, Number]:
    r"""Bounds between which |X dW|^2 lies, with `sketched` = |B dW|^2 and `change` = |dW|^2.

    Proof
    -----
    Assumes: B^T B <= X^T X <= B^T B + delta I, as for every sketch of `theory.fd_bound`.

    Proof: \|X dW\|^2 = tr(dW^T X^T X dW). Insert both bounds of X^T X.
    """
    return plain(sketched), plain(sketched + delta * change)


def encloses(case: Sketched, found: Found) -> Sides:
    """Compare both ends, one of which follows from the other, with the change of old outputs; bound delta."""
    truth, size = square(case.X @ case.change), square(case.change)
    lower, upper, delta = (found[name] for name in ("lower", "upper", "delta"))
    allowed = allowance(case.X, steps=1 + len(case.X))
    limits = [np.inf, largest(case.X) * size, largest(case.X) * size]
    lhs, rhs = [lower, truth, delta * size], [truth, upper, theory.fd_bound(spectrum(case.X), case.rank) * size]
    due = leak_bounds(max(lower, 0.0), max(delta, 0.0), size) if np.isfinite([lower, delta]).all() else (np.nan, np.nan)
    off = unlike(np.subtract([lower, upper], due), allowed * size)
    return off or Sides(lhs, rhs, trivial=limits, rounding=allowed * size)


CS_3 = Statement(
    id="continual_learning/CS-3",
    title="A sketch of old inputs encloses what any step does to old outputs",
    says=(
        "B and delta are the rows and the sum of shrinks of a sketch of old inputs X by Frequent Directions. For every "
        "change dW of the weights, protected or not, |X dW|^2 lies between |B dW|^2 and |B dW|^2 + delta |dW|^2, where "
        "delta is at most the bound of FD-1."
    ),
    source=Derived(leak_bounds),
    tex=r"\|B\Delta W\|^2 \le \|X\Delta W\|^2 \le \|B\Delta W\|^2 + \delta\|\Delta W\|^2",
    hypotheses={"inputs, a change that fits, and sizes of a sketch": is_sketched},
    instances=SKETCHED,
    solve=bounded,
    claim=Inequality(encloses, unbounded="a solver may report any interval"),
    saboteurs=(
        saboteur("delta is left out", patch=(leak_of, "mantissa * energy_of(D)", "0.0 * energy_of(D)")),
        saboteur("rows beyond the rank are dropped", patch=DROPS),
        saboteur("squares of inputs are taken for doubles", patch=(leak_of, "2 * (power + exponent)", "2 * exponent")),
    ),
)


def is_within_reach(case: Sketched) -> bool:
    """Decide whether every sketch of these sizes has the share of energy, by the bound of what it can lose."""
    lost = projection_bound(spectrum(case.X), case.rank, case.rank)
    return bool(case.share * square(case.X) < square(case.X) - lost - allowance(case.X))


def shared(case: Sketched, rng: np.random.Generator | None = None) -> Found:
    """Return the directions of the sketch that the library protects for the share of energy."""
    protector = SubspaceProtector(case.X.shape[1])
    protector.extend(sketch_of(case.X, case.rank, case.buffer), keep_energy=case.share)
    return {"basis": np.asarray(protector.basis)}


SHARED = Family("shares-of-energy", always=lambda: sketches()[:4], draw=draw_sketched, climb=worse)


@formula(theta="(0, 1]", mass="[0, inf)")
def energy_rank(s: ArrayLike, theta: Number, mass: Number | None = None) -> int | None:
    r"""The least k with s_1^2 + ... + s_k^2 >= theta |X|^2, or None where no k reaches that.

    s are the singular values of the sketch or of the inputs themselves, and `mass` is |X|^2, the sum of the squares of
    s where it is None.

    Proof
    -----
    Assumes: B^T B <= X^T X, as for every sketch of `theory.fd_bound`.

    Proof: a right singular vector v_i of B has \|X v_i\|^2 >= \|B v_i\|^2 = s_i^2. Add these over i <= k and
    subtract from \|X\|^2.
    """
    squares = sorted((value * value for value in numbers("s", s, 0)), reverse=True)
    wanted = theta * (sum(squares) if mass is None else mass)
    held: Number = 0
    for k in range(len(squares) + 1):
        if held >= wanted:
            return k
        held = held + (squares[k] if k < len(squares) else 0)
    return None


def holds_share(case: Sketched, found: Found) -> Sides:
    """Compare the energy outside of the directions with its share, and their number with what fewer would hold.

    So it is done, too, for the formula's number of directions of the inputs, which are a sketch that has lost nothing.
    """
    M, X = found["basis"], case.X
    d, k = M.shape
    off = misfit((M, (X.shape[1], k))) or unlike(M.T @ M - np.eye(k), allowance(np.eye(d)))
    values, mass = spectrum(X), square(X)
    fewer = mass - theory.tail_energy(values, max(k - 1, 0))
    lost = max(k - 1, 0) * theory.fd_bound(values, case.rank)
    allowed = allowance(X, steps=1 + len(X))
    enough = energy_rank(values, case.share)
    outside, below = (theory.tail_energy(values, rank) for rank in (enough, max(enough - 1, 0)))
    lhs = [square(X - X @ M @ M.T), fewer - lost, outside, mass - below]
    rhs = [(1 - case.share) * mass, case.share * mass] * 2
    return off or Sides(lhs, rhs, trivial=mass, rounding=allowed)


CS_4b = Statement(
    id="continual_learning/CS-4b",
    title="Few directions of a sketch hold a share of the energy of all inputs",
    says=(
        "B is a sketch of old inputs X by Frequent Directions, with singular values s_i, and k is the least number "
        "with s_1^2 + ... + s_k^2 >= theta |X|^2. The k first right singular vectors M of B leave |X - X M M^T|^2 <= "
        "(1 - theta) |X|^2: the share is one of the energy of all inputs, and not of what the sketch has kept."
    ),
    source=Derived(energy_rank),
    tex=r"\textstyle\sum_{i \le k}\sigma_i(B)^2 \ge \theta\|X\|^2 \Rightarrow \|X - XMM^\top\|^2 \le (1-\theta)\|X\|^2",
    hypotheses={
        "inputs and sizes of a sketch": is_sketched,
        "every sketch of these sizes holds the share": is_within_reach,
    },
    instances=SHARED,
    solve=shared,
    claim=Inequality(holds_share),
    decisions=("basis",),
    may_vary={"basis": "how many directions it takes is what it decides"},
    free={"basis": "a direction has no sign, and the claim takes the projection onto all of them"},
    saboteurs=(
        saboteur(
            "as released: as many as have a share below the threshold",
            patch=(new_directions, "int(np.argmax(held >= due))", "max(int(np.argmax(held >= due)) - 1, 0)"),
            printed=True,
        ),
        saboteur(
            "as released: the share of what the sketch has kept",
            patch=(new_directions, "energy * mass *", "energy * held[-1] *"),
            printed=True,
        ),
        saboteur(
            "all directions", patch=(new_directions, "int(np.argmax(held >= due)) if reached", "usable if reached")
        ),
    ),
    notes=(
        "A released program counts the cumulated shares below the threshold, so that it protects nothing where one "
        "direction holds nearly all, and takes shares of what its sketch has kept."
    ),
)
