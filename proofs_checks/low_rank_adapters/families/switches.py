"""Weights that are trained by factors whose rows and columns are switched, in integers and powers of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.training.switched import SwitchedLoRA

#: what a step of training is called among the events of an instance
TRAIN = "train"
#: steps for which a counterpart rests
RESTS = 5
State = dict[str, Any]


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
            W = theory.switched_weight(W, B[:, k], A[k], candidate=new, scale=case.scale, side=word)
            if word == "A":
                A[k], rows[slot] = new, A[k].copy()
            else:
                B[:, k], columns[:, slot] = new, B[:, k].copy()
        now = {"W": W, "B": B, "A": A, "rows": rows, "columns": columns}
        found.append(now)
    return found


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


def draw_switches(draws: Draws, least: int = 1, most: int = 5, words: tuple[str, ...] = ("A", "B")) -> Switches:
    """Draw small integers of sides between two numbers, and up to three events."""
    m, n = draws.integers(least, most), draws.integers(least, most)
    r, p = draws.integers(1, min(m, n, 2)), min(m, n)
    shapes = (m, n), (m, r), (r, n), (p, n), (m, p), (m, n)
    arrays = [draws.integers(-3, 3, shape=shape).astype(float) for shape in shapes]
    events = [(draws.integers(0, r - 1), draws.choice(words)) for _ in range(draws.integers(1, 3))]
    return of_arrays(arrays, draws.choice((1.0, 3.0, -0.5)), *events)


def of_arrays(arrays: Sequence[np.ndarray], scale: float, *events: tuple[int, str]) -> Switches:
    """Return an instance from its six arrays in their order."""
    W, B, A, rows, columns, G = arrays
    return Switches(W, B, A, rows, columns, G, scale, events)


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
SINGLE = Family("single-switches", always=single, draw=draw_switches)
