"""Bounds on what edits do to old edits, anchors and weights."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import Derived, Family, Inequality, Number, Sides, Statement, Tight, formula, rounding, saboteur
from proofs_checks.continual_learning.families.runs import written
from proofs_checks.continual_learning.families.streams import ALWAYS, HELD, TWO_EDITS, Stream, draw_stream, key
from proofs_checks.continual_learning.families.truths import (
    Truth,
    beside,
    energy,
    norm,
    of_forms,
    path_of,
    probes,
    share,
)
from proofs_checks.continual_learning.families.wrong_edits import (
    fixed,
    released,
    rooted,
    still,
    ungained,
    without_anchors,
)
from proofs_checks.continual_learning.ledger.residuals import edit_residual

#: with the key 1 and the ridge 1 an edit pays exactly a quarter of its squared surprise
TIGHT = Stream(key(0), ((key(1), key(4)),), Fraction(1), order=(0,))
TIGHT_STREAMS = Family("tight-edit-streams", always=ALWAYS, tight=(Tight(TIGHT, 1.0, 1.0),), draw=draw_stream)
Found = dict[str, Any]


def is_written(true: Truth, W: np.ndarray, outputs: float) -> list[tuple[Any, Any, float, Any]]:
    """Return sides that hold where each edit leaves what RL-8 says, so that doing nothing does not pass."""
    sides = [(energy(W[0] - true.start), 0, outputs**2, 1 + energy(true.start))]
    due = true.formula(edit_residual, np.stack(true.maps))
    for t, (K, V) in enumerate(true.edits):
        off = V - K @ W[t + 1] - due[t]
        sides.append((energy(off), 0, outputs**2 * max(1, off.size), max(energy(V - K @ true.maps[t]), outputs)))
    return sides


@formula(square="[0, inf)")
def interference_bound(square: Number) -> Number:
    """An edit costs all before it at most this, where `square` is |E_t|^2.

    Proof
    -----
    Assumes: W_{t-1} and W_t are the maps of least cost, without decay (statement RL-1).

    Proof: with the eigenvalues h >= 0 of P, those of H^{-1} (H - I) H^{-1} in `interference` are h / (1 + h)^2, and 4 h
    <= (1 + h)^2. Equality holds where E lies in the eigenspace of P for the eigenvalue 1.
    """
    return plain(exact(square) / 4)


def quarter_law(stream: Stream, found: Found, constant: Fraction = Fraction(1, 4)) -> Sides:
    """Bound what old edits, weights and anchors pay at each edit, term by term, by a share of its squared surprise."""
    sides: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        for t, E in enumerate(true.surprises(W)):
            D, surprise = W[t + 1] - W[t], energy(E)
            paid = sum((energy(K @ D) for K, _ in true.edits[:t]), start=true.penalty(D))
            sides.append((paid, 4 * constant * interference_bound(surprise), energies, surprise))
        sides += is_written(true, W, outputs)
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_9 = Statement(
    id="continual_learning/RL-9",
    title="An edit moves all before it by at most half of its surprise",
    says=(
        "By edit t with the surprise E_t and the step D_t of the map, the outputs of ALL earlier edits, the weights "
        "and the anchors K_0, taken together, move by at most half of the surprise: sum_{i < t} of the squares of K_i "
        "D_t, plus lambda^2 that of D_t, plus mu^2 that of K_0 D_t, is at most a quarter of the square of E_t, "
        "whatever the keys, the ridge lambda^2, the weight mu^2 and the number of edits. And each edit leaves what "
        "RL-8 says."
    ),
    source=Derived(interference_bound),
    tex=r"\sum_{i<t} \|K_i D_t\|^2 + \lambda^2 \|D_t\|^2 + \mu^2 \|K_0 D_t\|^2 \le \tfrac14 \|E_t\|^2",
    hypotheses=HELD,
    instances=TIGHT_STREAMS,
    for_all=(TWO_EDITS,),
    solve=written,
    claim=Inequality(quarter_law),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(partial(quarter_law, constant=Fraction(1, 5)))),
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("the root of the ridge for the ridge", solve=rooted),
        saboteur("the anchors are left out", solve=without_anchors),
        saboteur("the covariance is never updated", solve=fixed),
        saboteur("targets that are residuals already", solve=released),
        saboteur("does nothing", solve=still),
    ),
    notes=(
        "Equality where the surprise lies in the eigenspace of K_t C K_t^T for the eigenvalue 1, as with the key 1 and "
        "the ridge 1. A solver that divides its steps keeps the bound, and fails by what it leaves."
    ),
)


@formula(square="[0, inf)")
def deviation_bound(square: Number) -> Number:
    """Weights and anchors move by at most this, where `square` is |R_t|^2.

    Proof
    -----
    Assumes: W_t is the map of least cost, without decay (statement RL-1).

    Proof: neither the order nor the splitting of edits matters (statement RL-14), so all of them may be one edit, which
    stacks all keys. Its surprise is R, and what was there before are the anchors and the weights alone: this is the
    bound of `interference_bound`. To compare J_t(W_t) with J_t(W_0) instead gives the constant 1 in place of 1/4.
    """
    return plain(exact(square) / 4)


def total_deviation(stream: Stream, found: Found, constant: Fraction = Fraction(1, 4)) -> Sides:
    """Bound the drift of weights and anchors after each edit by a share of the squared errors of the first map."""
    sides: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        W, total = one["weights"], 0
        for t, (K, V) in enumerate(true.edits):
            total = total + energy(V - K @ true.start)
            bound = 4 * constant * deviation_bound(total)
            sides.append((true.penalty(W[t + 1] - true.start), bound, energies, total))
        sides += is_written(true, W, outputs)
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_4 = Statement(
    id="continual_learning/RL-4",
    title="All edits move weights and anchors by at most half of the first map's errors",
    says=(
        "After any number of edits, lambda^2 times the squared change of the weights plus mu^2 times that of the "
        "outputs of the anchors K_0 is at most a quarter of the square of R_t, the errors of the first map W_0 on all "
        "edits. So the weights drift by at most the norm of R_t over 2 lambda, and the anchors over 2 mu. And each "
        "edit leaves what RL-8 says."
    ),
    source=Derived(deviation_bound),
    tex=r"\lambda^2 \|W_t - W_0\|^2 + \mu^2 \|K_0 (W_t - W_0)\|^2 \le \tfrac14 \|R_t\|^2",
    hypotheses=HELD,
    instances=TIGHT_STREAMS,
    for_all=(TWO_EDITS,),
    solve=written,
    claim=Inequality(total_deviation),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(partial(total_deviation, constant=Fraction(1, 5)))),
        saboteur("the root of the ridge for the ridge", solve=rooted),
        saboteur("the anchors are left out", solve=without_anchors),
        saboteur("does nothing", solve=still),
    ),
    notes="Comparing the costs of the first and the last map gives 1 in the place of 1/4.",
)


#: where the ridge is small beside the first key, the same key again is written by changing what the first one wrote
AGAIN = Stream(key(0), ((key(1), key(1)), (key(1), key(-1))), Fraction(1, 64), order=(1, 0))
AGAIN_STREAMS = Family(
    "edit-streams-with-a-key-again", always=ALWAYS, tight=(Tight(AGAIN, 1 - 2.0**-5, 1.0),), draw=draw_stream
)


def each_old_edit(stream: Stream, found: Found, constant: Fraction = Fraction(1, 4)) -> Sides:
    """Bound the squared change of the outputs of each old edit by a share of the squared surprise of each new one."""
    sides: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        for t, E in enumerate(true.surprises(W)):
            surprise = energy(E)
            bound = 4 * constant * interference_bound(surprise)
            sides += [(energy(K @ (W[t + 1] - W[t])), bound, energies, surprise) for K, _ in true.edits[:t]]
        sides += is_written(true, W, outputs)
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_9b = Statement(
    id="continual_learning/RL-9b",
    title="No old edit moves by more than half of the surprise of a new one",
    says=(
        "Edit t with the surprise E_t moves the map by D_t. For every edit i before it the outputs of its keys K_i "
        "move by |K_i D_t|^2 <= |E_t|^2 / 4, however large the keys are and however many edits there were. Where the "
        "ridge is small beside the first key and the key comes again, nearly this much is moved. And each edit leaves "
        "what RL-8 says."
    ),
    source=Derived(interference_bound),
    tex=r"\|K_i D_t\|^2 \le \tfrac14 \|E_t\|^2 \quad (i < t)",
    hypotheses=HELD,
    instances=AGAIN_STREAMS,
    solve=written,
    claim=Inequality(each_old_edit),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(partial(each_old_edit, constant=Fraction(1, 5)))),
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("targets that are residuals already", solve=released),
        saboteur("does nothing", solve=still),
    ),
    notes="A part of the sum of RL-9, in which all old edits, the weights and the anchors pay together.",
)


@formula(v="[0, inf)", square="[0, inf)")
def output_change_bound(v: Number, square: Number) -> Number:
    r"""An edit moves the output of a row x by at most this, where v = x C_{t-1} x^T and `square` is |E_t|^2.

    Proof
    -----
    Assumes: W_{t-1} and W_t are the maps of least cost, without decay (statement RL-1).

    Proof: by Cauchy and Schwarz, for each column D_j of the step, (x D_j)^2 <= (x C x^T) (D_j^T M D_j) with the
    information M = C^{-1} before the edit. The sum of D_j^T M D_j over the columns is the interference, which is at
    most a quarter of \|E_t\|^2 (see `interference_bound`). As D_j^T M D_j >= \|D_j\|^2 / \|C\|_2, the whole step
    has \|D\|^2 at most this for v = \|C\|_2.
    """
    return plain(exact(v * square) / 4)


def any_output(stream: Stream, found: Found, constant: Fraction = Fraction(1, 4), after: bool = False) -> Sides:
    """Bound what each edit does to the outputs of some rows, and to the whole map, by variances and its surprise."""
    sides: list[Any] = []
    for one, true, (weights, outputs, _) in of_forms(stream, found, **path_of(stream)):
        W, d = one["weights"], len(stream.W0)
        for t, E in enumerate(true.surprises(W)):
            D, surprise, C = W[t + 1] - W[t], energy(E), true.covariances[t + after]
            size = (4 * norm(D) + 4 * weights) * weights
            wrong = 2 * norm(E) * outputs + outputs**2 + share(stream) * float(surprise)
            for x in probes(d):
                v = x @ C @ x
                allowed = 0.0 if true.is_exact else d * size + float(v) * wrong
                sides.append((energy(x @ D), 4 * constant * output_change_bound(v, surprise), allowed, v * surprise))
            largest = float(np.linalg.norm(np.asarray(C, float), 2))
            allowed = size + largest * wrong + float(rounding(64 * d, largest * float(surprise)))
            most = output_change_bound(largest, float(surprise))
            sides.append((energy(D), float(4 * constant) * most, allowed, 4 * most))
        sides += is_written(true, W, outputs)
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_5 = Statement(
    id="continual_learning/RL-5",
    title="An edit moves an output by at most half of its surprise, times the root of the variance",
    says=(
        "Edit t with the surprise E_t moves the map by D_t; C is the covariance before it. The output of any row x, "
        "whether it was ever written or not, moves by |x D_t|^2 <= x C x^T |E_t|^2 / 4, where x C x^T is the variance "
        "that the recursion reports of x. The whole map moves by |D_t|^2 <= c |E_t|^2 / 4 with the largest eigenvalue "
        "c of C. And each edit leaves what RL-8 says."
    ),
    source=Derived(output_change_bound),
    tex=r"\|x D_t\|^2 \le \tfrac14\, x C_{t-1} x^\top \|E_t\|^2,\qquad \|D_t\|^2 \le \tfrac14 \|C_{t-1}\|_2 \|E_t\|^2",
    hypotheses=HELD,
    instances=TIGHT_STREAMS,
    for_all=(TWO_EDITS,),
    solve=written,
    claim=Inequality(any_output),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("a fifth", claim=Inequality(partial(any_output, constant=Fraction(1, 5)))),
        saboteur("the variance after the edit", claim=Inequality(partial(any_output, after=True))),
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("the covariance is never updated", solve=fixed),
        saboteur("does nothing", solve=still),
    ),
    notes="Both sides of the first bound are compared in Fractions; the largest eigenvalue is one of doubles.",
)
