"""Switched rows and columns of factors.

The merged weight is W + s B A. Row k of A is a_k, and column k of B is b_k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import gathered, in_range, table
from lrtheory._types import ArrayLike
from lrtheory._validation import pair
from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_adapters.training.switched import SwitchedLoRA
from proofs_checks.guards import unlike
from proofs_checks.low_rank_adapters.families.factors import rank

#: what a step of training is called among the events of an instance
TRAIN = "train"


@dataclass(frozen=True)
class Switches:
    """A frozen weight, factors, stored rows for A and columns for B, a gradient, and events in their order.

    An event is an index and a factor, "A" or "B", whose row or column is switched; or 0 and "train", for a step of size
    1/4 along the gradient.
    """

    W: np.ndarray
    B: np.ndarray
    A: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    G: np.ndarray
    scale: float
    events: tuple[tuple[int, str], ...]


#: steps for which a counterpart rests
RESTS = 5


def begun(case: Switches, momenta: bool = False) -> SwitchedLoRA:
    """Return the library's object in the state of the instance; its own switches are too rare to happen."""
    made = SwitchedLoRA(
        case.W,
        case.B.shape[1],
        step_size=0.25,
        horizon=1,
        scale=case.scale,
        momentum=0.5 if momenta else 0.0,
        interval=10**12,
        frozen_steps=RESTS if momenta else 0,
        rng=0,
    )
    state = made.get_state() | {"weight": case.W, "B": case.B, "A": case.A}
    state |= {"candidates_A": case.rows, "candidates_B": case.columns}
    if momenta:
        state |= {"momentum_A": np.ones_like(case.A), "momentum_B": np.ones_like(case.B)}
    made.set_state(state)
    return made


State = dict[str, Any]


def snapshot(made: SwitchedLoRA) -> State:
    """Return the arrays that a switch may change."""
    factors, stored = made.adapter.params, made.candidates
    arrays = {"W": made.weight, "B": factors["B"], "A": factors["A"], "rows": stored["A"], "columns": stored["B"]}
    return {name: np.asarray(value) for name, value in arrays.items()}


def switched(case: Switches, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's arrays after each event, and the bound on the rank that it reports then."""
    made = begun(case)
    states, bounds = [], []
    for k, word in case.events:
        if word == TRAIN:
            made.step(case.G)
        else:
            made.switch(k, word)  # type: ignore[arg-type]
        states.append(snapshot(made))
        bounds.append(made.delta_rank_bound)
    return {"states": states, "bounds": np.array(bounds)}


def of_arrays(arrays: Sequence[np.ndarray], scale: float, *events: tuple[int, str]) -> Switches:
    """Return an instance from its six arrays in their order."""
    W, B, A, rows, columns, G = arrays
    return Switches(W, B, A, rows, columns, G, scale, events)


def draw_switches(draws: Draws, least: int = 1, most: int = 5, words: tuple[str, ...] = ("A", "B")) -> Switches:
    """Draw small integers of sides between two numbers, and up to three events."""
    m, n = draws.integers(least, most), draws.integers(least, most)
    r, p = draws.integers(1, min(m, n, 2)), min(m, n)
    shapes = (m, n), (m, r), (r, n), (p, n), (m, p), (m, n)
    arrays = [draws.integers(-3, 3, shape=shape).astype(float) for shape in shapes]
    events = [(draws.integers(0, r - 1), draws.choice(words)) for _ in range(draws.integers(1, 3))]
    return of_arrays(arrays, draws.choice((1.0, 3.0, -0.5)), *events)


def arranged(shape: tuple[int, int], r: int) -> tuple[np.ndarray, ...]:
    """Return arrays of small integers in no order."""
    (m, n), p, chance = shape, min(shape), np.random.default_rng(0)
    sizes = (m, n), (m, r), (r, n), (p, n), (m, p), (m, n)
    return tuple(chance.integers(-3, 4, size).astype(float) for size in sizes)


def single() -> tuple[Switches, ...]:
    """Return the smallest switch of each side, and switches in a row."""
    one, many = [np.array([[x]]) for x in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)], arranged((3, 4), 2)
    return (
        of_arrays(one, 3.0, (0, "A")),
        of_arrays(one, 3.0, (0, "B")),
        of_arrays(many, 3.0, (1, "A"), (0, "B"), (1, "A")),
        of_arrays(many, 3.0, (1, "B"), (0, "A")),
    )


SINGLE = Family("single-switches", always=single, draw=draw_switches)


def is_switching(case: Switches) -> bool:
    """Decide whether all arrays are finite and fit, the scale is not 0, and events name rows and columns."""
    arrays = [np.asarray(x) for x in (case.W, case.B, case.A, case.rows, case.columns, case.G)]
    if any(x.ndim != 2 or 0 in x.shape or x.dtype.kind != "f" or not np.isfinite(x).all() for x in arrays):
        return False
    (m, n), r = case.W.shape, case.B.shape[1]
    shapes = [(m, n), (m, r), (r, n), (min(m, n), n), (m, min(m, n)), (m, n)]
    fits = [x.shape for x in arrays] == shapes and r <= min(m, n) and np.isfinite(case.scale) and case.scale != 0
    return bool(fits and all(0 <= k < r and word in ("A", "B", TRAIN) for k, word in case.events))


def is_whole(case: Switches) -> bool:
    """Decide whether doubles compute with it exactly: small multiples of 1/4, and few events."""
    arrays = (case.W, case.B, case.A, case.rows, case.columns, case.G, np.array([case.scale]))
    small = all(bool((4 * x == np.round(4 * x)).all() and (np.abs(x) < 32).all()) for x in arrays)
    return small and sum(word == TRAIN for _, word in case.events) <= 3


SWITCHED = {"arrays that fit, events that name rows and columns": is_switching, "exact in doubles": is_whole}


@formula(W="m x n", b="m", a="n", s="(-inf, inf)")
def switched_weight(
    W: np.ndarray, b: np.ndarray, a: np.ndarray, new: ArrayLike, s: Number = 1, side: Literal["A", "B"] = "A"
) -> np.ndarray:
    """The frozen weight after a switch, W + s b (a - a')^T, or W + s (b - b') a^T.

    b is b_k and a is a_k. `new` takes the place of a where `side` is "A", and of b where it is "B".

    Proof
    -----
    Assumes: nothing.

    Proof: W + s B A contains row k of A as s b_k a_k^T alone. Exchanging it for a' changes that sum by s b_k (a' -
    a_k)^T, which the change of W takes back; likewise for a column of B.
    """
    new = table("new", new, shape=a.shape if side == "A" else b.shape)
    change = np.multiply.outer(b, a - new) if side == "A" else np.multiply.outer(b - new, a)
    return gathered(W + s * change)


def followed(case: Switches) -> list[State]:
    """Return the arrays after each event as they have to be."""
    now: State = {"W": case.W, "B": case.B, "A": case.A, "rows": case.rows, "columns": case.columns}
    found, used = [], {"A": 0, "B": 0}
    for k, word in case.events:
        W, B, A, rows, columns = (np.array(x) for x in now.values())
        if word == TRAIN:
            step = case.scale / 4
            B, A = B - step * (case.G @ A.T), A - step * (B.T @ case.G)
        else:
            slot = used[word] % len(rows)
            used[word] += 1
            new = np.array(rows[slot] if word == "A" else columns[:, slot])
            W = switched_weight(W, B[:, k], A[k], new, case.scale, word)
            if word == "A":
                A[k], rows[slot] = new, A[k].copy()
            else:
                B[:, k], columns[:, slot] = new, B[:, k].copy()
        now = {"W": W, "B": B, "A": A, "rows": rows, "columns": columns}
        found.append(now)
    return found


def listed(states: list[dict[str, Any]]) -> np.ndarray:
    """Return all entries of all arrays of some states."""
    return np.concatenate([np.ravel(value) for state in states for value in state.values()])


def merged(case: Switches, state: dict[str, Any]) -> np.ndarray:
    """Return the weight that acts."""
    return np.asarray(state["W"] + case.scale * (state["B"] @ state["A"]))


def keeps_weight(case: Switches, found: dict[str, Any]) -> Sides:
    """Compare the merged weight after each switch with that before, and all arrays with those that have to be there."""
    before = {"W": case.W, "B": case.B, "A": case.A}
    lhs = [merged(case, state).ravel() for state in found["states"]]
    rhs = [merged(case, before).ravel()] * len(lhs)
    return Sides(np.concatenate([*lhs, listed(found["states"])]), np.concatenate([*rhs, listed(followed(case))]))


SW_1 = Statement(
    id="low_rank_adapters/SW-1",
    title="A switch leaves the merged weight as it is",
    says=(
        "Row k of A is exchanged with a stored row a' in W + s B A, or column k of B with a stored column. With s b_k "
        "(a_k - a')^T, or s (b_k - b') a_k^T, added to the frozen weight W the merged weight stays, A has the new row, "
        "and the old one takes its place in the store."
    ),
    source=Derived(switched_weight),
    tex=r"W' = W + s\,b_k(a_k - a')^\top \Rightarrow W' + sBA' = W + sBA",
    hypotheses=SWITCHED | {"switches alone": lambda case: all(word != TRAIN for _, word in case.events)},
    instances=SINGLE,
    solve=switched,
    claim=Identity(keeps_weight),
    decisions=("states.*",),
    unread={"bounds": "SW-2 compares the bound on the rank"},
    saboteurs=(
        saboteur(
            "the scale is left out", patch=(SwitchedLoRA._exchange, "self.adapter.scale * (old - new)", "old - new")
        ),
        saboteur("nothing is switched", patch=(SwitchedLoRA._exchange, "_with_row(factor, k, new)", "factor")),
        saboteur(
            "the store keeps what it gave", patch=(SwitchedLoRA._exchange, "_with_row(stored, slot, old)", "stored")
        ),
    ),
)


def between() -> tuple[Switches, ...]:
    """Return the smallest weight, and large ones that are trained between switches."""
    train = (0, TRAIN)
    return (
        single()[0],
        of_arrays(arranged((6, 6), 1), 3.0, (0, "A"), train, (0, "B"), train, (0, "A")),
        of_arrays(arranged((7, 6), 2), -0.5, train, (1, "A"), train, (0, "B"), (1, "A")),
        of_arrays(arranged((6, 7), 2), 1.0, (1, "B"), train, (1, "A"), train),
    )


SWITCHES = Family("trained-switches", always=between, draw=lambda draws: draw_switches(draws, 6, 7, ("A", "B", TRAIN)))


@formula(r="[1, inf)", k="[0, inf)")
def switched_rank(shape: tuple[int, int], r: int, k: int) -> int:
    """The merged weight has moved by at most this rank, after k switches of one row or column each.

    The rank of the adapter is r, and `shape` that of the weight. A pair of a row and a column counts as 2.

    Proof
    -----
    Assumes: besides switches only B and A are trained, in any way.

    Proof: each switch of one side adds s b_k (a_k - a')^T or s (b_k - b') a_k^T, of rank one, to the frozen weight, and
    B A has rank at most r. Ranks are subadditive, and a matrix of shape (m, n) has rank at most min(m, n). Equality
    needs vectors in general position.
    """
    m, n = pair("shape", shape)
    return min(m, n, r + k)


def grows_slowly(case: Switches, found: dict[str, Any], share: float = 1.0) -> Sides:
    """Compare the rank after each event with its bound, once all arrays and reports are what they have to be."""
    m, n = case.W.shape
    counts = np.cumsum([word != TRAIN for _, word in case.events])
    limits = [switched_rank((m, n), case.B.shape[1], int(np.ceil(share * count))) for count in counts]
    due = [switched_rank((m, n), case.B.shape[1], int(count)) for count in counts]
    off = unlike(listed(found["states"]) - listed(followed(case)), 0.0) or unlike(found["bounds"] - due, 0.0)
    ranks = [rank(merged(case, state) - case.W) for state in found["states"]]
    return off or Sides(np.array(ranks, float), np.array(limits, float), trivial=float(min(m, n)), rounding=0.0)


SW_2 = Statement(
    id="low_rank_adapters/SW-2",
    title="Each switch can add one to the rank of the update",
    says=(
        "The frozen weight was W before training. After any steps of training both factors, of rank r, and any switches"
        " of one row or one column each, the merged weight differs from W by a matrix of rank at most r plus the number"
        " of switches, and at most its smaller side."
    ),
    source=Derived(switched_rank),
    tex=r"\mathrm{rank}(W_t + sB_tA_t - W_0) \le \min(m, n, r + \#\text{switches})",
    hypotheses=SWITCHED,
    instances=SWITCHES,
    solve=switched,
    claim=Inequality(grows_slowly),
    decisions=("states.*",),
    saboteurs=(
        saboteur("half of the switches count", claim=Inequality(partial(grows_slowly, share=0.5))),
        saboteur("the rank of the factors", claim=Inequality(partial(grows_slowly, share=0.0))),
        saboteur(
            "compensated in the first column",
            patch=(SwitchedLoRA._exchange, "counterpart[:, k][:, None]", "counterpart[:, 0][:, None]"),
        ),
    ),
    notes="Without training between switches the bound need not be met, as a switch may undo the one before it.",
)


def gradients(case: Switches, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the gradients in both factors around the first switch of the instance, and what rests after it."""
    made = begun(case, momenta=True)
    k, word = case.events[0]
    before = made.adapter.gradient(case.G)
    made.switch(k, word)  # type: ignore[arg-type]
    after = made.adapter.gradient(case.G)
    found: dict[str, Any] = {f"before_{name}": np.asarray(value) for name, value in before.items()}
    found |= {f"after_{name}": np.asarray(value) for name, value in after.items()}
    found |= {f"momentum_{name}": np.asarray(value) for name, value in made.momenta.items()}
    return found | {f"rests_{name}": np.array(value) for name, value in made.resting.items()}


@formula(G="m x n", before="n", after="n", s="(-inf, inf)")
def gradient_jump(G: np.ndarray, before: np.ndarray, after: np.ndarray, s: Number = 1) -> np.ndarray:
    """s G (a' - a_k), the jump of the gradient of column k of B.

    Row k of A is a_k `before` the switch, and a' `after` it.

    Proof
    -----
    Assumes: the switch is compensated, so that the merged weight and with it G stay.

    Proof: the gradient in A is s B^T G, in which A does not occur, so it stays. The gradient in column j of B is s G
    a_j, which changes for j = k alone, by s G (a' - a_k). Old momentum is wrong for that column, which is the reason to
    freeze the counterpart of what was switched.
    """
    jump = lambda scale, gradient, old, new: scale * (gradient @ (new - old))
    return gathered(in_range(jump, s, G, before, after))


def jumps_once(case: Switches, found: dict[str, Any]) -> Sides:
    """Compare both gradients around a switch, what rests after it, and which momenta are gone."""
    k, word = case.events[0]
    s, other = case.scale, "B" if word == "A" else "A"
    before = {"A": s * case.B.T @ case.G, "B": s * case.G @ case.A.T}
    after = {name: np.array(value) for name, value in before.items()}
    momenta = {"A": np.ones(case.A.shape, int), "B": np.ones(case.B.shape, int)}
    rests = {name: np.zeros(len(case.A), int) for name in "AB"}
    rests[other][k] = RESTS
    if word == "A":
        after["B"][:, k] += gradient_jump(case.G, case.A[k], case.rows[0], s)
        momenta["B"][:, k] = 0
    else:
        after["A"][k] += gradient_jump(case.G.T, case.B[:, k], case.columns[:, 0], s)
        momenta["A"][k] = 0
    wanted = {"before": before, "after": after, "momentum": momenta, "rests": rests}
    names = [(part, name) for part in wanted for name in "AB"]
    lhs = np.concatenate([np.ravel(found[f"{part}_{name}"]) for part, name in names])
    return Sides(lhs, np.concatenate([np.ravel(wanted[part][name]) for part, name in names]))


SW_3 = Statement(
    id="low_rank_adapters/SW-3",
    title="A switch makes the gradient of its counterpart jump, and no other",
    says=(
        "Where row k of A becomes a' and the gradient G in the merged weight stays, the gradient of A stays, and of the"
        " gradient of B column k alone jumps, by s G (a' - a_k); likewise for columns of B. That counterpart loses its "
        "momentum and rests for some steps."
    ),
    source=Derived(gradient_jump),
    tex=r"\Delta\nabla_A = 0,\quad \Delta\nabla_{b_j} = \mathbb 1[j = k]\,s\,G(a' - a_k)",
    hypotheses=SWITCHED | {"a switch first": lambda case: case.events[0][1] != TRAIN},
    instances=SINGLE,
    solve=gradients,
    claim=Identity(jumps_once),
    saboteurs=(
        saboteur(
            "what was switched rests",
            patch=(SwitchedLoRA._exchange, "{**self.resting, other: rests}", "{**self.resting, side: rests}"),
        ),
        saboteur(
            "the counterpart keeps its momentum", patch=(SwitchedLoRA._exchange, "mean[k, :] * 0.0", "mean[k, :]")
        ),
    ),
)
