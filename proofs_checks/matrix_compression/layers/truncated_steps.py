"""Steps that cannot raise a rank, and truncations that drift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import any_of
from lrtheory.bounds import (
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
from lrtheory.matrix_compression import prune_step, theory
from lrtheory.matrix_compression.layers import training as library
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import energies, norm
from proofs_checks.matrix_compression.families.stacks import nudged


def tails(matrix: np.ndarray) -> np.ndarray:
    """Return for every rank from 0 on the share of the energy that the best approximation leaves, certified."""
    values = energies(matrix)
    left = np.append(np.cumsum(values[::-1])[::-1], 0.0)
    return left / left[0] if left[0] > 0 else left


def kept(matrix: np.ndarray, share: float) -> int:
    """Return the smallest rank that leaves at most a share of the energy."""
    return int(np.argmax(tails(matrix) <= share))


def cut(matrix: np.ndarray, rank: int) -> np.ndarray:
    """Return the best approximation of a rank."""
    U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(U[:, :rank] * s[:rank] @ Vt[:rank])


@dataclass(frozen=True)
class Step:
    """A weight W, the step D that its truncation takes, and the share e of the energy that may be lost."""

    W: np.ndarray
    D: np.ndarray
    share: float

    @property
    def start(self) -> np.ndarray:
        """T, the truncation of W."""
        return cut(self.W, kept(self.W, self.share))

    @property
    def limit(self) -> float:
        """sqrt(e) |T|."""
        return float(np.sqrt(self.share) * np.linalg.norm(self.start))

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of the weights."""
        return float(rounding(64 * (sum(self.W.shape) + 8), np.linalg.norm(self.W) + np.linalg.norm(self.D)))


def is_step(case: Step) -> bool:
    """Decide whether both matrices are finite and of one shape, and the share is between 0 and 1."""
    W, D = np.asarray(case.W), np.asarray(case.D)
    fits = (
        W.ndim == 2 and W.shape == D.shape and 0 not in W.shape and bool(np.isfinite(W).all() and np.isfinite(D).all())
    )
    return bool(fits and 0 < case.share < 1)


def is_clear(case: Step) -> bool:
    """Decide whether no rank, and not the question whether a step is short, hangs on the last digits."""

    def apart(matrix: np.ndarray) -> bool:
        values, left = energies(matrix), tails(matrix)
        k = int(np.argmax(left <= case.share))
        # an approximation is one matrix alone where the next value is smaller
        gap = 0 < k < len(values) and values[k] > (1 - 1e-6) * values[k - 1]
        return not gap and bool((np.abs(left[:-1] - case.share) > 1e-9).all())

    if not apart(case.W) or not apart(case.start + case.D):
        return False
    return abs(float(np.linalg.norm(case.D)) - case.limit) > 1e-9 * case.limit or not case.D.any()


def pruned(case: Step, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's weight after the step, and all that it says of it."""
    found = prune_step(case.W, case.D, keep_energy=1 - case.share)
    return {name: getattr(found, name) for name in ("W", "rank", "rank_before", "safe", "step_norm", "limit", "lost")}


def towards(W: np.ndarray, share: float, length: float) -> Step:
    """Make the step that can raise the rank soonest, with a length in units of the limit."""
    k = kept(W, share)
    U, _, Vt = np.linalg.svd(W)
    T = cut(W, k)
    D = -share * T
    if k < min(W.shape):
        D = D + np.sqrt(share * (1 - share)) * np.linalg.norm(T) * np.outer(U[:, k], Vt[k])
    return Step(W, length * D, share)


def draw_step(draws: Draws) -> Step:
    """Draw a weight, and a step of a length around the limit: in the worst direction or any other."""
    m, n = draws.integers(3, 6), draws.integers(3, 6)
    # most weights are near a matrix of rank 1, so that there is a rank to gain
    W = np.outer(draws.integers(-9, 9, shape=(m,)), draws.integers(1, 9, shape=(n,))) / 4
    W = W + draws.integers(-3, 3, shape=(m, n)) / draws.choice((2, 4, 8))
    share, length = draws.choice((0.01, 0.0625, 0.25)), draws.choice((0.5, 0.9, 0.99, *(0.999,) * 4, 1.0005))
    unit = 2.0 ** draws.choice((0, 0, -40, 40))
    if draws.choice((True, False)):
        case = towards(W, share, length)
    else:
        D = np.asarray(draws.integers(-3, 3, shape=(m, n)), float)
        size = float(np.linalg.norm(D))
        case = Step(W, D * (length * Step(W, D, share).limit / size) if size else D, share)
    return replace(case, W=unit * case.W, D=unit * case.D)


def climb_step(case: Step, draws: Draws) -> Step:
    """Change one entry of the step."""
    return replace(case, D=nudged(case.D, draws, part=32))


def drifting() -> Step:
    """Make squared singular values 1, .1, .09: the first truncation at e = .1 drops one, the second another."""
    return Step(np.diag(np.sqrt([1.0, 0.1, 0.09])), np.zeros((3, 3)), 0.1)


def steps() -> tuple[Step, ...]:
    """Return the smallest step, the worst direction on both sides of the limit, and the published rule's example."""
    W = np.diag([4.0, 0.0])
    return (
        Step(np.array([[2.0]]), np.array([[0.5]]), 0.25),
        towards(W, 0.25, 0.999),
        towards(W, 0.25, 1.0005),
        towards(W, 0.25, 1.5),
        Step(np.diag([3.0, 0.5, 0.2]), np.diag([0.0, 0.1, 0.0]), 0.04),
        Step(np.array([[3.0, 1.0], [1.0, -2.0]]), np.array([[0.0, 1.0], [0.0, 0.0]]), 0.01),
        drifting(),
    )


STEPS = Family(
    "training-steps",
    always=steps,
    tight=(Tight(towards(np.diag([4.0, 0.0]), 0.25, 0.9995), 1, 1),),
    draw=draw_step,
    climb=climb_step,
)


def last_below(case: Step, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Cut at the last value that is small enough to go, and not at the first one, since a loop does not end there."""

    def rank(matrix: np.ndarray) -> int:
        right, n = kept(matrix, case.share), len(energies(matrix))
        return n - 1 if right < n else n

    T = cut(case.W, rank(case.W))
    after = rank(T + case.D)
    return pruned(case) | {"W": cut(T + case.D, after), "rank": after, "rank_before": rank(case.W)}


def no_larger(case: Step, found: dict[str, Any], factor: float = 1.0) -> Sides:
    """Compare the rank after a short step with that before, once the weight and all reports are what they must be."""
    before, moved = kept(case.W, case.share), case.start + case.D
    after, limit, length = kept(moved, case.share), case.limit, norm(case.D)
    made, allowed = np.asarray(found["W"], float), case.allowed
    least = norm(moved) * float(np.sqrt(tails(moved)[after]))
    wrongly = [norm(moved - made) - least, norm(cut(made, after) - made)]
    wrongly += [found["limit"] - limit, found["step_norm"] - length]
    counts = [found["rank"] - after, found["rank_before"] - before, bool(found["safe"]) - (length <= limit)]
    counts += [found["lost"] - tails(moved)[after]]
    short, most = length <= factor * limit, float(min(case.W.shape))
    return (
        unlike(np.array(wrongly), 8 * allowed)
        or unlike(np.array(counts, float), 1e-9)
        or Sides(float(after), float(before) if short else most, trivial=most, rounding=0.0)
    )


TR_1 = Statement(
    id="matrix_compression/TR-1",
    title="A short step cannot raise the rank",
    says=(
        "T is a weight that was truncated to the smallest rank k that leaves at most a share e of its squared norm. "
        "After a step D that is at most sqrt(e) |T| long, truncation of T + D by the same rule gives a rank of at most"
        " k. The weight, its rank and what is said of the step are those of this rule."
    ),
    source=Derived(theory.step_limit),
    tex=r"\|D\| \le \sqrt{e}\,\|T\| \Rightarrow \mathrm{rank}\,T_e(T + D) \le \mathrm{rank}\,T",
    hypotheses={"a weight, a step of its shape, a share in (0, 1)": is_step, "no rank on the last digits": is_clear},
    instances=STEPS,
    solve=pruned,
    claim=Inequality(no_larger),
    saboteurs=(
        saboteur("a thousandth longer", claim=Inequality(partial(no_larger, factor=1.001))),
        saboteur(
            "sqrt(e) / (1 - sqrt(e))",
            claim=Inequality(lambda case, found: no_larger(case, found, factor=1 / (1 - case.share**0.5))),
        ),
        saboteur("the last value below a limit is looked for, as released", solve=last_below, printed=True),
        saboteur(
            "values and not their squares",
            patch=(library._truncated, "np.cumsum(values[::-1] ** 2)", "np.cumsum(values[::-1])"),
        ),
        saboteur(
            "the step starts from the weight itself",
            patch=(library.prune_step, "np.ldexp(T, units[0] - unit)", "np.ldexp(given.astype(np.float64), -unit)"),
        ),
    ),
    notes="Sharp where sigma_k(T)^2 >= e / (1 - e) |T|^2 and T has not full rank. Longer steps claim nothing.",
)


#: how often a weight is truncated twice more
TIMES = 3


def drifted(case: Step, rng: np.random.Generator | None = None) -> list[np.ndarray]:
    """Return the weights after 2, 4, .. truncations, by steps of 0."""
    made, W = [], case.W
    for _ in range(TIMES):
        W = prune_step(W, np.zeros_like(W), keep_energy=1 - case.share).W
        made.append(np.asarray(W))
    return made


DRIFTS = Family(
    "repeated-truncations",
    always=lambda: (drifting(), *[replace(one, D=0 * one.D) for one in steps()[:6]]),
    draw=lambda draws: replace(draw_step(draws), share=draws.choice((0.0625, 0.25, 0.5))),
)


@formula(j="[0, inf)", e="(0, 1)")
def drift_limit(j: int, e: Number) -> Number:
    """A weight that is truncated j times, each time to a share e, loses at most this share of its energy.

    Proof
    -----
    Assumes: each truncation leaves at most e of the energy that it gets.

    Proof: each keeps at least 1 - e, so j of them keep at least (1 - e)^j; the parts that are lost are orthogonal to
    what is kept, so energies add up.
    """
    return any_of(e, j)


def less_each_time(case: Step, found: list[np.ndarray], factor: int = 2, once: bool = False) -> Sides:
    """Compare the energy that is lost after each pair of truncations with its bound, once each is what it must be."""
    lhs, rhs, off, W = [], [], [], case.W
    for j, made in enumerate(found, start=1):
        for _ in range(2):
            W = cut(W, kept(W, case.share))
        off.append(norm(W - made))
        lhs.append(norm(case.W - made) ** 2)
        times = 1 if once else factor * j
        rhs.append(float(drift_limit(times, case.share)) * norm(case.W) ** 2)
    total = norm(case.W) ** 2
    return unlike(np.array(off), 8 * case.allowed) or Sides(
        np.array(lhs), np.array(rhs), trivial=total, rounding=16 * case.allowed * norm(case.W)
    )


def stays_clear(case: Step) -> bool:
    """Decide whether no rank on the way hangs on the last digits."""
    W = case.W
    for _ in range(2 * TIMES):
        if not is_clear(Step(W, np.zeros_like(W), case.share)):
            return False
        W = cut(W, kept(W, case.share))
    return True


TR_4 = Statement(
    id="matrix_compression/TR-4",
    title="Truncating again and again drifts, but slowly",
    says=(
        "A weight W is truncated j times, each time to the smallest rank that leaves at most a share e of the squared "
        "norm it has then. All together lose at most the share 1 - (1 - e)^j of the squared norm of W; the rule is not "
        "idempotent, so that a second truncation can lose more."
    ),
    source=Derived(drift_limit),
    tex=r"\|W - T_e^j(W)\|^2 \le (1 - (1 - e)^j)\,\|W\|^2",
    hypotheses={"a weight, a step of its shape, a share in (0, 1)": is_step, "no rank on the last digits": stays_clear},
    instances=DRIFTS,
    solve=drifted,
    claim=Inequality(less_each_time),
    saboteurs=(
        saboteur("the second truncation changes nothing", claim=Inequality(partial(less_each_time, once=True))),
        saboteur(
            "at least one value is dropped",
            patch=(
                library._truncated,
                "rank = int(np.argmax(left <= share * left[0]))",
                "rank = max(0, int(np.argmax(left <= share * left[0])) - 1)",
            ),
        ),
    ),
)
