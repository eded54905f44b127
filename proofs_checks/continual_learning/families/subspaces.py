"""Old inputs, subspaces that are protected, and steps that optimizers propose, in the layouts of two libraries."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.matrices import is_matrix, spectrum
from proofs_checks.continual_learning.families.rows import HADAMARD, adversarial, sketch_of
from proofs_checks.guards import allowance, square

LAYOUTS = ("torch", "rows")
Found = dict[str, Any]


def oriented(W: np.ndarray, layout: str) -> np.ndarray:
    """Return weights, or a change of them, as rows: x is mapped to x W."""
    return np.asarray(W).T if layout == "torch" else np.asarray(W)


@dataclass(frozen=True)
class Guarded:
    """Old inputs X (T, d), k directions to protect, weights, and what an optimizer would add to them.

    Weights and change are (p, d) in the layout "torch", and (d, p) in the layout "rows".
    """

    X: np.ndarray
    k: int
    W: np.ndarray
    change: np.ndarray
    layout: str

    @property
    def raw(self) -> np.ndarray:
        """The proposed change as rows."""
        return oriented(self.change, self.layout)

    def moved(self, after: np.ndarray) -> np.ndarray:
        """Return the change to given weights as rows."""
        return oriented(after, self.layout) - oriented(self.W, self.layout)


def is_guarded(case: Guarded) -> bool:
    """Decide whether all numbers are finite, shapes fit the layout, and k is between 1 and the number of features."""
    if case.layout not in LAYOUTS or not all(map(is_matrix, (case.X, case.W, case.change))):
        return False
    d = case.X.shape[1]
    return bool(case.W.shape == case.change.shape and case.raw.shape[0] == d and 1 <= case.k <= d)


def guarded(case: Guarded, rng: np.random.Generator | None = None) -> Found:
    """Protect the first directions of the old inputs, and let the library make the step harmless."""
    protector = SubspaceProtector(case.X.shape[1], layout=case.layout)
    protector.extend(case.X, rank=case.k)
    after = protector.protect_step(case.W, case.W + case.change)
    return {"basis": np.asarray(protector.basis), "after": np.asarray(after)}


def of_rows(X: Any, k: int, W: Any, change: Any, layout: str = "rows") -> Guarded:
    """Return an instance whose weights and change are given as rows."""
    placed = [np.ascontiguousarray(oriented(np.asarray(one, float), layout)) for one in (W, change)]
    return Guarded(np.asarray(X, float), k, placed[0], placed[1], layout)


def draw_guarded(draws: Draws) -> Guarded:
    """Draw up to 6 features, old inputs with a decaying spectrum, and a change of any size."""
    d, p, T = draws.integers(2, 6), draws.integers(1, 6), draws.integers(1, 8)
    decay = draws.choice((0.0, 1.0, 2.0))
    X = draws.floats(-1.0, 1.0, shape=(T, d)) * (1.0 + np.arange(d)) ** -decay
    X = 2.0 ** draws.choice((0, 0, -30, 30)) * (X @ (draws.integers(-3, 3, shape=(d, d)) + 4 * np.eye(d)))
    W, change = (draws.floats(-2.0, 2.0, shape=(d, p)) for _ in range(2))
    return of_rows(X if X.any() else np.eye(T, d), draws.integers(1, d - 1), W, change, draws.choice(LAYOUTS))


def guarded_steps() -> tuple[Guarded, ...]:
    """Return the smallest step, square weights in both layouts, and steps of rank one inside of what is protected."""
    chance = np.random.default_rng(0)
    W, change = chance.integers(-3, 4, (2, 4, 4)).astype(float)
    X = np.diag([8.0, 4.0, 2.0, 1.0]) @ HADAMARD
    inside = np.outer([1.0, 2.0, 0.0, 1.0], HADAMARD[0])
    return (
        of_rows([[2.0, 0.0], [0.0, 1.0]], 1, np.eye(2), [[1.0, 2.0], [3.0, 5.0]]),
        of_rows(X, 2, W, change, "rows"),
        of_rows(X, 2, W, change, "torch"),
        of_rows(X, 1, W, inside, "torch"),
        of_rows(chance.integers(-3, 4, (5, 3)), 2, W[:3, :2], change[:3, :2], "torch"),
    )


#: what is not protected is one direction, and the whole step lies in it
ALONG = of_rows([[2.0, 0.0], [0.0, 1.0]], 1, np.eye(2), [[0.0, 0.0], [3.0, 4.0]], "torch")
STEPS = Family("protected-steps", always=guarded_steps, tight=(Tight(ALONG, 1 - 2.0**-40, 1.0),), draw=draw_guarded)


@dataclass(frozen=True)
class Exact(Guarded):
    """Inputs and a change beside a basis M (d, k) of halves, as columns, whose span holds all old inputs."""

    M: np.ndarray = None  # type: ignore[assignment]


def is_exact(case: Exact) -> bool:
    """Decide whether doubles compute with it exactly, M^T M = I, and all old inputs are in the span of M."""
    arrays = (case.X, case.W, case.change, case.M)
    dyadic = all(bool((16 * x == np.round(16 * x)).all() and (np.abs(x) < 64).all()) for x in arrays)
    if not is_guarded(case) or not dyadic or case.M.shape != (case.X.shape[1], case.k):
        return False
    spans = np.array_equal(case.X @ case.M @ case.M.T, case.X)
    return bool(np.array_equal(case.M.T @ case.M, np.eye(case.k)) and spans)


def begun(case: Any) -> SubspaceProtector:
    """Return the library's object with the basis of the instance."""
    protector = SubspaceProtector(len(case.M), layout=case.layout)
    protector.set_state(protector.get_state() | {"basis": case.M})
    return protector


def guarded_exactly(case: Exact, rng: np.random.Generator | None = None) -> Found:
    """Let the library make the step harmless to the basis of the instance."""
    return {"after": np.asarray(begun(case).protect_step(case.W, case.W + case.change))}


def exact_of(columns: tuple[int, ...], parts: Any, W: Any, change: Any, layout: str) -> Exact:
    """Return an instance whose basis has some columns of a Hadamard matrix, and inputs with given coordinates."""
    M = np.ascontiguousarray(HADAMARD.T[:, list(columns)])
    plain = of_rows(2 * np.asarray(parts, float) @ M.T, len(columns), W, change, layout)
    return Exact(plain.X, plain.k, plain.W, plain.change, layout, M)


def draw_exact(draws: Draws) -> Exact:
    """Draw inputs in the span of up to 3 columns of a Hadamard matrix, and weights of small integers."""
    k, T, p = draws.integers(1, 3), draws.integers(1, 5), draws.integers(1, 5)
    columns = tuple(int(j) for j in draws.permutation(4)[:k])
    parts = draws.integers(-3, 3, shape=(T, k))
    W, change = (draws.integers(-4, 4, shape=(4, p)) for _ in range(2))
    return exact_of(columns, parts, W, change, draws.choice(LAYOUTS))


def exact_steps() -> tuple[Exact, ...]:
    """Return a step for one protected direction, and square weights in both layouts."""
    chance = np.random.default_rng(0)
    W, change = chance.integers(-4, 5, (2, 4, 4))
    return (
        exact_of((0,), [[1]], np.zeros((4, 1)), [[1], [0], [0], [0]], "rows"),
        exact_of((1, 3), [[1, 2], [0, 3]], W, change, "rows"),
        exact_of((1, 3), [[1, 2], [0, 3]], W, change, "torch"),
        exact_of((0, 2, 3), [[1, -1, 2]], W[:, :2], change[:, :2], "torch"),
    )


EXACT = Family("exact-protected-steps", always=exact_steps, draw=draw_exact)


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


def is_within_reach(case: Sketched) -> bool:
    """Decide whether every sketch of these sizes has the share of energy, by the bound of what it can lose."""
    lost = theory.projection_bound(spectrum(case.X), case.rank, n_rows=case.rank)
    return bool(case.share * square(case.X) < square(case.X) - lost - allowance(case.X))


def bounded(case: Sketched, rng: np.random.Generator | None = None) -> Found:
    """Return the library's interval for the change of old outputs, and the delta of its sketch in units of X."""
    protector = SubspaceProtector(case.X.shape[1], layout="rows")
    protector.extend(sketch_of(np.ldexp(case.X, case.power), case.rank, case.buffer), rank=1)
    leak = protector.leak_bound(np.ldexp(case.change, -case.power))
    delta = math.ldexp(leak.certificate.missed, 2 * (leak.certificate.power - case.power))
    return {"lower": float(leak.lower), "upper": float(leak.upper), "delta": delta}


def shared(case: Sketched, rng: np.random.Generator | None = None) -> Found:
    """Return the directions of the sketch that the library protects for the share of energy."""
    protector = SubspaceProtector(case.X.shape[1])
    protector.extend(sketch_of(case.X, case.rank, case.buffer), keep_energy=case.share)
    return {"basis": np.asarray(protector.basis)}


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


def shrunk_once() -> Sketched:
    """Return rows along axes after which a sketch has 11 of 14 in energy, of which 7 tenths are less than 8."""
    X = np.diag(np.sqrt([8.0, 4.0, 1.0]))
    return Sketched(np.vstack([X, [[1.0, 0.0, 0.0]]]), np.ones((3, 1)), 2, 3, 0.7)


#: the sketch has lost the direction along which all outputs change
LOST = Sketched(adversarial(3), np.eye(4)[:, :1].copy(), 3, 4, 0.25)
SKETCHED = Family(
    "sketched-inputs", always=sketches, tight=(Tight(LOST, 1 - 2.0**-40, 1.0),), draw=draw_sketched, climb=worse
)
SHARED = Family("shares-of-energy", always=lambda: sketches()[:4], draw=draw_sketched, climb=worse)


@dataclass(frozen=True)
class Outputs:
    """A gradient G (p, d) of torch's layout, an input x, a wish y for its output, and a proposed change (p, d)."""

    G: np.ndarray
    x: np.ndarray
    y: np.ndarray
    change: np.ndarray


def is_blind(case: Outputs) -> bool:
    """Decide whether shapes fit small integers, x and y are not 0, and y is orthogonal to all columns of G."""
    if not is_matrix(case.G) or not is_matrix(case.change) or case.change.shape != case.G.shape:
        return False
    p, d = case.G.shape
    small = all(bool((x == np.round(x)).all() and (np.abs(x) < 2**20).all()) for x in (case.G, case.x, case.y))
    fits = np.shape(case.x) == (d,) and np.shape(case.y) == (p,) and bool(case.x.any() and case.y.any())
    return bool(small and fits and case.G.any() and not (case.y @ case.G).any())


def on_outputs(case: Outputs, rng: np.random.Generator | None = None, side: str = "output") -> Found:
    """Protect one side of the gradient, and let the library change two steps: the proposed one, and that for y."""
    rows = case.G.T if side == "output" else case.G
    protector = SubspaceProtector(rows.shape[1], side=side)  # type: ignore[arg-type]
    protector.extend(rows, rank=int(np.linalg.matrix_rank(case.G)))
    start, wish = np.zeros_like(case.G), np.asarray(theory.blind_change(case.x, case.y), float).T
    return {name: protector.protect_step(start, step) for name, step in (("step", case.change), ("blind", wish))}


def draw_outputs(draws: Draws) -> Outputs:
    """Draw a gradient of small integers that lacks one output, or one difference of outputs."""
    p, d = draws.integers(2, 5), draws.integers(1, 5)
    G, change = (draws.integers(-3, 3, shape=(p, d)).astype(float) for _ in range(2))
    y = np.zeros(p)
    y[0] = draws.choice((1.0, 2.0, -3.0))
    if draws.choice((True, False)):
        G[0], y[1] = G[1], -y[0]
    else:
        G[0] = 0.0
    x = draws.integers(-3, 3, shape=d).astype(float)
    return Outputs(G, x, y, change)


def outputs() -> tuple[Outputs, ...]:
    """Return the smallest gradient, of one input and two outputs, and larger ones."""
    G = np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 0.0], [0.0, 1.0, 1.0], [2.0, 0.0, 1.0]])
    change = np.random.default_rng(0).integers(-3, 4, (4, 3)).astype(float)
    return (
        Outputs(np.array([[1.0], [0.0]]), np.array([1.0]), np.array([0.0, 1.0]), np.array([[2.0], [3.0]])),
        Outputs(G, np.array([1.0, -2.0, 3.0]), np.array([2.0, -2.0, 0.0, 0.0]), change),
        Outputs(np.vstack([G[2:], 0 * G[:1]]), np.array([0.0, 5.0, 1.0]), np.array([0.0, 0.0, 3.0]), change[:3]),
    )


OUTPUTS = Family("output-sides", always=outputs, draw=draw_outputs)
