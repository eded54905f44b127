"""Edits that are taken out again."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory._validation import must
from lrtheory.bounds import Derived, Family, Identity, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.theory.ridge import inverse, of_one_kind
from proofs_checks.continual_learning.families.letters import three_edits, without_the_first
from proofs_checks.continual_learning.families.runs import collected, forms, recursion
from proofs_checks.continual_learning.families.streams import ALWAYS, HELD, Stream, draw_stream, key
from proofs_checks.continual_learning.families.truths import beside, energy, norm, of_forms, truth
from proofs_checks.continual_learning.families.wrong_edits import identity, in_all_forms, right_step

Found = dict[str, Any]


def taken_out(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits but the last, take one out, and write the last."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        machine, edits = recursion(stream, form), truth(stream, form == "exact").edits
        for K, V in edits[:-1]:
            machine.update(K, V)
        left = machine.leave_one_out(stream.gone)
        machine.forget(stream.gone)
        without = machine.weights
        machine.update(*edits[-1])
        runs.append({"weights": np.stack([without, machine.weights]), "left": left})
    return collected(runs)


def has_two(case: Stream) -> bool:
    """Decide whether there are two edits, and one before the last is to be taken out."""
    return len(case.edits) >= 2 and 0 <= case.gone < len(case.edits) - 1


LONGER_STREAMS = Family(
    "longer-edit-streams", always=tuple(filter(has_two, ALWAYS)), draw=lambda draws: draw_stream(draws, least=2)
)


def untaken(stream: Stream, rng: np.random.Generator | None = None, wrong: str = "sign") -> Found:
    """Take an edit out with a wrong sign, without its information, or with the covariance of its own time."""
    true, i = truth(stream), stream.gone
    T = len(true.edits) - 1
    W, C = true.maps[T], true.covariances[T]
    K, V = true.edits[i]
    used = true.covariances[i + 1] if wrong == "time" else C
    P = K @ used @ K.T
    gain = used @ K.T @ inverse(identity(len(K)) + (P if wrong == "sign" else -P))
    without = W - gain @ (V - K @ W)
    after = C if wrong == "information" else inverse(inverse(C) - K.T @ K)
    last = right_step(after, without, *true.edits[-1])[1]
    return in_all_forms(len(forms(stream)), {"weights": np.stack([without, last]), "left": V - K @ without})


@formula(F="u x p", P="u x u")
def leave_one_out(F: np.ndarray, P: np.ndarray) -> np.ndarray:
    """(I - P)^{-1} F, the error of the map about an edit, had it never been told.

    F = V - K W_T is its error now, and P = K C_T K^T the leverage now, all of whose eigenvalues are below 1.

    Proof
    -----
    Assumes: the information M_T - K^T K of the other edits is positive definite (statement RL-13); then so is I - P.

    Proof: put W' = W_T - C_T K^T (I - P)^{-1} F with F = V - K W_T. Then (M_T - K^T K) W' = M_T W_T - K^T K W_T - K^T
    (I - P) (I - P)^{-1} F = M_T W_T - K^T V, so W' is the map of least cost of the other edits, by
    `theory.ridge_solution`. And V - K W' = F + P (I - P)^{-1} F = (I - P)^{-1} F.
    """
    F, P = of_one_kind(F, P)
    try:
        return np.asarray(inverse(np.eye(len(P), dtype=P.dtype) - P) @ F)
    except (ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise must("P", "without the eigenvalue 1", P) from error


def as_if_never(stream: Stream, found: Found) -> Sides:
    """Compare maps without an edit with the batch solution of all others, and so the error about that edit."""
    i, edits = stream.gone, stream.pairs
    rest = edits[:i] + edits[i + 1 :]
    maps = [theory.ridge_solution(stream.W0, some, **stream.weights) for some in (rest[:-1], rest)]
    T = len(edits) - 1
    pairs: list[Any] = []
    for one, true, (weights, outputs, _) in of_forms(
        stream, found, weights=(2, *np.shape(stream.W0)), left=np.shape(edits[i][1])
    ):
        K, V = true.edits[i]
        due = [true.of_kind(W) for W in maps]
        # an edit is taken out through the inverse of I - P, with the condition of the information
        worse = 1 + norm(true.covariances[0]) * norm(K) ** 2
        pairs.append((one["weights"], np.stack(due), worse * weights))
        pairs.append((one["left"], V - K @ due[0], worse * outputs))
        by_formula = leave_one_out(V - K @ true.maps[T], K @ true.covariances[T] @ K.T)
        pairs.append((one["left"], by_formula, worse * outputs))
    return beside(pairs)


RL_13 = Statement(
    id="continual_learning/RL-13",
    title="An edit is taken out exactly",
    says=(
        "With P = K_i C_T K_i^T, the map W_T - C_T K_i^T (I - P)^-1 (V_i - K_i W_T) is the one of least cost of all "
        "edits but the i-th, and so are the maps of later edits: nothing of it stays. What the map would get wrong "
        "about edit i, had it never been told, is (I - P)^-1 (V_i - K_i W_T)."
    ),
    source=Derived(leave_one_out),
    tex=r"W_T - C_T K_i^\top (I - P_i)^{-1} (V_i - K_i W_T) = W^{-i}",
    hypotheses=HELD | {"at least two edits, and one before the last to take out": has_two},
    instances=LONGER_STREAMS,
    for_all=(three_edits(wrong={"I + P for I - P": partial(without_the_first, sign=1)}),),
    solve=taken_out,
    claim=Identity(as_if_never),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("I + P for I - P", solve=untaken),
        saboteur(
            "the information stays, so that the next edit goes wrong", solve=partial(untaken, wrong="information")
        ),
        saboteur("the covariance of the time of the edit", solve=partial(untaken, wrong="time")),
        saboteur("taken out as if written again", patch=(Covariance.removed, "-weight", "weight")),
    ),
)


#: with the ridge 1, an edit without keys, and the key 1, the second edit costs exactly a quarter of its error
ALONE = Stream(key(0), ((key(1), key(4)), ((), ())), Fraction(1), order=(1, 0))
INFLUENCES = Family(
    "longer-edit-streams-and-a-lone-edit",
    always=tuple(filter(has_two, ALWAYS)),
    tight=(Tight(ALONE, 1.0, 1.0),),
    draw=lambda draws: draw_stream(draws, least=2),
)


def forgotten(stream: Stream, rng: np.random.Generator | None = None, sign: int = 1) -> Found:
    """Write all edits and take one out; `sign` -1 moves the map the other way."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        machine = recursion(stream, form)
        for K, V in truth(stream, form == "exact").edits:
            machine.update(K, V)
        before, left = machine.weights, machine.leave_one_out(stream.gone)
        machine.forget(stream.gone)
        after = before + sign * (machine.weights - before)
        runs.append({"weights": np.stack([before, after]), "left": left})
    return collected(runs)


def error_now(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Report the error about the edit that the map has while it still knows of it."""
    found, (K, V) = forgotten(stream), truth(stream).edits[stream.gone]
    told = V - K @ found["exact"]["weights"][0]
    others = {kind: found[kind] | {"left": 0 * found[kind]["left"] + told.astype(float)} for kind in ("doubles",)}
    return found | others | {"exact": found["exact"] | {"left": told}}


@formula(square="[0, inf)")
def influence_bound(square: Number) -> Number:
    r"""All else moves by at most this when an edit is taken out, where `square` is that of its leave-one-out error.

    Proof
    -----
    Assumes: both maps are those of least cost (statement RL-13), without decay.

    Proof: the order of edits does not matter (statement RL-14), so the way back from W^{-i} to W_T is the edit i on top
    of all others. Its surprise there is the leave-one-out error, and what it costs all others is at most a quarter of
    its square (see `interference_bound`).
    """
    return plain(exact(square) / 4)


def influence(stream: Stream, found: Found, constant: Fraction = Fraction(1, 4)) -> Sides:
    """Bound what all other edits, weights and anchors pay for an edit, and compare maps and error with the batch."""
    i, edits = stream.gone, stream.pairs
    rest = edits[:i] + edits[i + 1 :]
    maps = [theory.ridge_solution(stream.W0, some, **stream.weights) for some in (edits, rest)]
    sides: list[Any] = []
    for one, true, (weights, outputs, energies) in of_forms(
        stream, found, weights=(2, *np.shape(stream.W0)), left=np.shape(edits[i][1])
    ):
        K, V = true.edits[i]
        D, due = one["weights"][0] - one["weights"][1], [true.of_kind(W) for W in maps]
        worse = 1 + norm(true.covariances[0]) * norm(K) ** 2
        others = true.edits[:i] + true.edits[i + 1 :]
        paid = sum((energy(k @ D) for k, _ in others), start=true.penalty(D))
        square = energy(one["left"])
        bound = 4 * constant * influence_bound(square)
        sides.append((paid, bound, worse**2 * energies, square if square > 0 else 1))
        off = energy(one["left"] - V + K @ due[1]), energy(one["weights"] - np.stack(due))
        size = 1 + energy(true.start)
        sides.append((off[0], 0, (worse * outputs) ** 2 * max(1, V.size), 1 + energy(V)))
        sides.append((off[1], 0, (worse * weights) ** 2 * D.size * 2, size))
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_13b = Statement(
    id="continual_learning/RL-13b",
    title="An edit has moved all else by at most half of its leave-one-out error",
    says=(
        "W_T is the map of all edits, W^{-i} the one without edit i, and F = V_i - K_i W^{-i} what that map gets wrong "
        "about it, which `leave_one_out` tells before anything is taken out. With D = W_T - W^{-i} the outputs of all "
        "other edits, the weights and the anchors K_0 together differ by sum_{j != i} |K_j D|^2 + lambda^2 |D|^2 + "
        "mu^2 |K_0 D|^2 <= |F|^2 / 4."
    ),
    source=Derived(influence_bound),
    tex=r"\sum_{j \ne i} \|K_j D\|^2 + \lambda^2 \|D\|^2 + \mu^2 \|K_0 D\|^2 \le \tfrac14 \|V_i - K_i W^{-i}\|^2",
    hypotheses=HELD | {"at least two edits, and one before the last to take out": has_two},
    instances=INFLUENCES,
    solve=forgotten,
    claim=Inequality(influence),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(partial(influence, constant=Fraction(1, 5)))),
        saboteur("the error while the edit is known", solve=error_now),
        saboteur("moved the other way", solve=partial(forgotten, sign=-1)),
    ),
    notes="This is RL-9 for the way back, so that the influence of an edit is known before it is taken out.",
)
