"""The recursion is the batch solution, in any order, over workers, and with decay."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.theory.ridge import information_matrix, inverse
from proofs_checks.continual_learning.families.letters import recursion as recursion_of_letters
from proofs_checks.continual_learning.families.letters import solves, two_edits
from proofs_checks.continual_learning.families.runs import DEPENDENT, FORMS, collected, forms, recursion, written
from proofs_checks.continual_learning.families.streams import (
    ALWAYS,
    EDITS,
    HELD,
    QUARTER,
    STREAMS,
    TWO_EDITS,
    Stream,
    draw_stream,
    is_held,
)
from proofs_checks.continual_learning.families.truths import (
    KINDS,
    beside,
    condition,
    information,
    norm,
    of_forms,
    of_its_kind,
    path_of,
    share,
    truth,
)
from proofs_checks.continual_learning.families.wrong_edits import (
    in_all_forms,
    maps_of,
    released,
    right_step,
    rooted,
    spread,
    still,
    twice_gained,
    ungained,
    without_anchors,
)

#: anchors of the first coordinate alone, no ridge, and a key of the second one
FREE = Stream(((0,), (0,)), ((((0, 1),), ((1,),)),), Fraction(0), ((1, 0),), order=(0,))

STARTS = Family(
    "edit-streams-and-free-starts",
    always=(*ALWAYS, FREE),
    draw=lambda draws: replace(
        draw_stream(draws), ridge=draws.choice((Fraction(1), Fraction(4), QUARTER, Fraction(0)))
    ),
)

Found = dict[str, Any]


def jittered(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Add a millionth to the diagonal where the first information matrix is singular, and say nothing."""
    try:
        C = inverse(information(stream, 0))
    except ZeroDivisionError:
        C = inverse(information(replace(stream, ridge=Fraction(1, 10**6)), 0))
    return maps_of(stream, right_step, C)


RESIDUALS = "as released: the residual of a residual, divided by the layers that remain"
#: saboteurs that are right about one key an edit and a ridge without anchors
HELD_BY_THE_RIDGE = {
    "the anchors are left out": "there are no anchors",
    "as released: a ridge of a millionth, unasked, where anchors leave a direction free": "no direction is free",
    "dependent keys are inverted by their products": "an edit has one key",
}


#: what released code writes, on letters
RELEASED = {
    "targets that are residuals already": partial(recursion_of_letters, times=2),
    RESIDUALS: partial(recursion_of_letters, times=2, layers=2),
}


def batch_solution(stream: Stream, found: Found) -> Sides:
    """Compare each map with the batch solution; where the first one is not unique there must be no other."""
    states = len(stream.edits) + 1 if is_held(stream) else 1
    others = len(forms(stream)) - 1 if is_held(stream) else 1
    counts = [len(found.get(kind, {}).get("weights", ())) for kind in KINDS[1:]]
    if counts != (due := [others, others if is_held(stream) else 0]):
        return Sides(counts, due)
    runs = [W for kind in KINDS[1:] for W in found.get(kind, {}).get("weights", ())]
    told = [W.shape[0] for W in (found["exact"]["weights"], *runs)]
    if told != [states] * len(told):
        return Sides(told, [states] * len(told))
    if states == 1:
        return beside([(W, np.array([stream.W0]), 0.0) for W in (found["exact"]["weights"], *runs)])
    shape = path_of(stream)
    return beside(
        [
            (one["weights"], np.stack(true.maps), weights)
            for one, true, (weights, *_) in of_forms(stream, found, **shape)
        ]
    )


RL_1 = Statement(
    id="continual_learning/RL-1",
    title="The recursion is the batch solution",
    says=(
        "After every edit t the map W_t of the recursion is the one of least cost for all edits so far: with keys K_i, "
        "values V_i and the information M_t = M_0 + sum_i K_i^T K_i it solves M_t W_t = M_0 W_0 + sum_i K_i^T V_i. "
        "Where the ridge and the anchors leave a direction free, M_0 is singular, and the recursion refuses to begin."
    ),
    source=Derived(theory.ridge_solution),
    tex=r"M_t W_t = M_0 W_0 + \sum_{i \le t} K_i^\top V_i",
    hypotheses=EDITS,
    instances=STARTS,
    for_all=(two_edits(solves, axis=False, wrong=RELEASED, invisible=HELD_BY_THE_RIDGE),),
    solve=written,
    claim=Identity(batch_solution),
    decisions=("*.weights",),
    may_vary={"*.weights": "whether a recursion begins where a direction is free is up to it, and the claim asks"},
    saboteurs=(
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("the covariance from after the edit in the gain", solve=twice_gained),
        saboteur("the root of the ridge for the ridge", solve=rooted),
        saboteur("divided by two layers that remain", solve=spread),
        saboteur("the anchors are left out", solve=without_anchors),
        saboteur(
            "the covariance is never updated",
            patch=(Covariance.added, "Covariance(self.C - (F * weight) @ solve(H, F.T))", "self"),
        ),
        saboteur("targets that are residuals already", solve=released),
        saboteur(RESIDUALS, solve=partial(released, layers=2), printed=True),
        saboteur(
            "as released: a ridge of a millionth, unasked, where anchors leave a direction free",
            solve=jittered,
            printed=True,
        ),
        saboteur("does nothing", solve=still),
        saboteur("dependent keys are inverted by their products", patch=DEPENDENT),
    ),
    notes=(
        "All forms are compared: one in Fractions, which must agree to the last digit, the others in doubles and in "
        "single precision, up to the condition of the information itself. "
        "With the ridge 0, anchors that hold e_1 alone and the key e_2, M_0 is singular and the recursion refuses. "
        "Released code adds a ridge of 1e-6 unasked, with which 0.999999 of the edit is written."
    ),
)


def rearranged(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits in another order, and share them between two workers who then merge, with and without edits."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        edits, machines = truth(stream, form == "exact").edits, [recursion(stream, form)]
        for t in stream.order:
            machines[0].update(*edits[t], name=t)
        for keep in ("edits", "nothing"):
            one, two = recursion(stream, form, keep=keep), recursion(stream, form, keep=keep)
            for t, edit in enumerate(edits):
                (one if t < stream.split else two).update(*edit, name=t)
            one.merge(two)
            machines.append(one)
        weights, matrices = [m.weights for m in machines], [m.covariance for m in machines]
        runs.append({"weights": np.stack(weights), "covariance": np.stack(matrices)})
    return collected(runs)


def is_ordered(case: Stream) -> bool:
    """Decide whether there is another order of the edits, and a split between two workers."""
    return sorted(case.order) == list(range(len(case.edits))) and 0 <= case.split <= len(case.edits)


def recounted(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Merge two workers, and count the prior of both."""
    true, M0 = truth(stream), information(stream, 0)
    M = information(stream) + M0
    due = 2 * M0 @ true.start
    for K, V in true.edits:
        due = due + K.T @ V
    maps, matrices = [true.maps[-1], *[inverse(M) @ due] * 2], [true.covariances[-1], *[inverse(M)] * 2]
    return in_all_forms(len(forms(stream)), {"weights": np.stack(maps), "covariance": np.stack(matrices)})


def rearrangement(stream: Stream, found: Found) -> Sides:
    """Compare maps and covariances of other orders and of merged workers with those of the batch."""
    pairs = []
    d, p = np.shape(stream.W0)
    edits, n = stream.edits, stream.split
    others = [tuple(edits[t] for t in stream.order), edits[:n], edits[n:]]
    worst = max(condition(replace(stream, edits=some)) for some in (edits, *others))
    for one, true, (weights, _, _) in of_forms(stream, found, weights=(3, d, p), covariance=(3, d, d)):
        error = 0.0 if true.is_exact else norm(true.covariances[-1]) * share(stream, worst)
        pairs.append((one["weights"], np.stack([true.maps[-1]] * 3), weights * worst / condition(stream)))
        pairs.append((one["covariance"], np.stack([true.covariances[-1]] * 3), error))
    return beside(pairs)


RL_14 = Statement(
    id="continual_learning/RL-14",
    title="Neither the order of edits nor the workers who write them matter",
    says=(
        "The map W_T and its information M_T are the same for every order of the edits, and for every split of them "
        "between workers who begin alike and merge in the end, with their information added and the common prior M_0 "
        "counted once."
    ),
    source=Derived(theory.ridge_solution),
    tex=r"M = M_a + M_b - M_0,\qquad M W = M_a W_a + M_b W_b - M_0 W_0",
    hypotheses=HELD | {"another order, and a split": is_ordered},
    instances=STREAMS,
    for_all=(TWO_EDITS,),
    solve=rearranged,
    claim=Identity(rearrangement),
    decisions=("*.weights", "*.covariance"),
    saboteurs=(
        saboteur("the prior of every worker counts", solve=recounted),
        saboteur(
            "the prior counts twice in the covariance form",
            patch=(Covariance.joined, " - prior.matrix()", ""),
        ),
    ),
)


def faded(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits while older ones lose weight, which the dual form does not know."""
    runs: list[dict[str, Any]] = []
    for form in ("exact", *FORMS[:-1]):
        machine = recursion(stream, form, stream.decay)
        maps = [machine.weights]
        for K, V in truth(stream, form == "exact").edits:
            machine.update(K, V)
            maps.append(machine.weights)
        runs.append({"weights": np.stack(maps), "covariance": machine.covariance})
    return collected(runs)


def fades(case: Stream) -> bool:
    """Decide whether the factor of the decay is in (0, 1]."""
    return 0 < case.decay <= 1


def misfaded(stream: Stream, rng: np.random.Generator | None = None, wrong: str = "covariance") -> Found:
    """Let the covariance fade in place of the information, or the edits and not what was there before them."""
    true, beta = truth(stream), stream.decay
    if wrong == "prior":
        M = M0 = information(stream, 0)
        due, maps = M0 @ true.start, [true.start]
        for K, V in true.edits:
            M, due = M0 + beta * (M - M0) + K.T @ K, M0 @ true.start + beta * (due - M0 @ true.start) + K.T @ V
            maps.append(inverse(M) @ due)
        return in_all_forms(len(FORMS), {"weights": np.stack(maps), "covariance": inverse(M)})
    C, maps = true.covariances[0], [true.start]
    for K, V in true.edits:
        C, W = right_step(beta * C, maps[-1], K, V)
        maps.append(W)
    return in_all_forms(len(FORMS), {"weights": np.stack(maps), "covariance": C})


def decayed(stream: Stream, found: Found) -> Sides:
    """Compare each map, and the last covariance, with those of a batch whose older edits weigh less."""
    pairs = []
    d, beta = len(stream.W0), stream.decay
    options = stream.weights | {"decay": beta}
    prefixes = [stream.pairs[:t] for t in range(len(stream.edits) + 1)]
    maps = np.stack([theory.ridge_solution(stream.W0, edits, **options) for edits in prefixes])
    C = inverse(information_matrix(stream.W0, stream.pairs, **options))
    for one, true, (weights, _, _) in of_forms(stream, found, **path_of(stream), covariance=(d, d)):
        worse = float(beta) ** -len(prefixes)
        error = 0.0 if true.is_exact else worse * norm(C) * share(stream)
        pairs += [
            (one["weights"], of_its_kind(true, maps), worse * weights),
            (one["covariance"], of_its_kind(true, C), error),
        ]
    return beside(pairs)


RL_15 = Statement(
    id="continual_learning/RL-15",
    title="With decay everything older weighs less, the first map too",
    says=(
        "With the factor beta the map W_T is that of least cost where edit i weighs beta^(T-i), and the first map and "
        "the anchors weigh beta^T. So where no keys come the covariance C_T grows as beta^-T C_0: the map forgets that "
        "it should stay where it was."
    ),
    source=Derived(theory.ridge_solution),
    tex=(
        r"W_T = \arg\min \sum_i \beta^{T-i} \|K_i W - V_i\|^2 + \beta^T (\lambda^2 \|W - W_0\|^2 + \mu^2 "
        r"\|K_0 (W - W_0)\|^2)"
    ),
    hypotheses=HELD | {"a factor in (0, 1]": fades},
    instances=STREAMS,
    for_all=(TWO_EDITS,),
    solve=faded,
    claim=Identity(decayed),
    decisions=("*.weights", "*.covariance"),
    saboteurs=(
        saboteur("the covariance fades in place of the information", solve=misfaded),
        saboteur("the prior does not fade", solve=partial(misfaded, wrong="prior")),
        saboteur("multiplied where it is divided", patch=(Covariance.faded, "self.C / decay", "self.C * decay")),
    ),
)
