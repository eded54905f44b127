"""The recursion is the batch solution, in any order, over workers, with decay, and from keys: RL-1, 14, 15 and 18."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Sides, Statement, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.recursion import steps
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.theory.ridge import inverse
from proofs_checks.continual_learning.families.runs import Found, faded, forms, rearranged, written
from proofs_checks.continual_learning.families.streams import (
    STARTS,
    STREAMS,
    Stream,
    fades,
    is_held,
    is_ordered,
    is_stream,
)
from proofs_checks.continual_learning.families.truths import (
    KINDS,
    Truth,
    beside,
    condition,
    norm,
    of_forms,
    path_of,
    share,
)
from proofs_checks.continual_learning.wrong_solvers import edits as wrong

EDITS = {"a stream of edits": is_stream}
#: the sides of a small system: keys that depend on each other, and an edit that learns much, need the other one
DEPENDENT = (steps._moved, "is_exact(S) or K.shape[0] <= 1 or mild(S * w)", "True")
DIFFERENCE = (Covariance.added, "is_exact(S) or weight < 0 or mild(S * weight)", "True")
HELD = EDITS | {"ridge and anchors leave no direction free": is_held}


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
    solve=written,
    claim=Identity(batch_solution),
    decisions=("*.weights",),
    may_vary={"*.weights": "whether a recursion begins where a direction is free is up to it, and the claim asks"},
    saboteurs=(
        saboteur("no inverse in the gain", solve=wrong.ungained),
        saboteur("the covariance from after the edit in the gain", solve=wrong.twice_gained),
        saboteur("the root of the ridge for the ridge", solve=wrong.rooted),
        saboteur("divided by two layers that remain", solve=wrong.spread),
        saboteur("the anchors are left out", solve=wrong.without_anchors),
        saboteur(
            "the covariance is never updated",
            patch=(Covariance.added, "Covariance(self.C - (F * weight) @ solve(H, F.T))", "self"),
        ),
        saboteur("targets that are residuals already", solve=wrong.released),
        saboteur(
            "as released: the residual of a residual, divided by the layers that remain",
            solve=partial(wrong.released, layers=2),
            printed=True,
        ),
        saboteur(
            "as released: a ridge of a millionth, unasked, where anchors leave a direction free",
            solve=wrong.jittered,
            printed=True,
        ),
        saboteur("does nothing", solve=wrong.still),
        saboteur("dependent keys are inverted by their products", patch=DEPENDENT),
    ),
    notes=(
        "All forms are compared: one in Fractions, which must agree to the last digit, the others in doubles and in "
        "single precision, up to the condition of the information itself. "
        "With the ridge 0, anchors that hold e_1 alone and the key e_2, M_0 is singular and the recursion refuses. "
        "Released code adds a ridge of 1e-6 unasked, with which 0.999999 of the edit is written."
    ),
)


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
    solve=rearranged,
    claim=Identity(rearrangement),
    decisions=("*.weights", "*.covariance"),
    saboteurs=(
        saboteur("the prior of every worker counts", solve=wrong.recounted),
        saboteur(
            "the prior counts twice in the covariance form",
            patch=(Covariance.joined, " - prior.matrix()", ""),
        ),
    ),
)


def decayed(stream: Stream, found: Found) -> Sides:
    """Compare each map, and the last covariance, with those of a batch whose older edits weigh less."""
    pairs = []
    d, beta = len(stream.W0), stream.decay
    options = stream.weights | {"decay": beta}
    prefixes = [stream.pairs[:t] for t in range(len(stream.edits) + 1)]
    maps = np.stack([theory.ridge_solution(stream.W0, edits, **options) for edits in prefixes])
    C = inverse(theory.information_matrix(stream.W0, stream.pairs, **options))
    for one, true, (weights, _, _) in of_forms(stream, found, **path_of(stream), covariance=(d, d)):
        worse = float(beta) ** -len(prefixes)
        error = 0.0 if true.is_exact else worse * norm(C) * share(stream)
        pairs += [(one["weights"], _of(true, maps), worse * weights), (one["covariance"], _of(true, C), error)]
    return beside(pairs)


def _of(true: Truth, exact: np.ndarray) -> np.ndarray:
    """Return Fractions as they are, or as doubles."""
    return exact if true.is_exact else exact.astype(float)


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
    solve=faded,
    claim=Identity(decayed),
    decisions=("*.weights", "*.covariance"),
    saboteurs=(
        saboteur("the covariance fades in place of the information", solve=wrong.misfaded),
        saboteur("the prior does not fade", solve=partial(wrong.misfaded, wrong="prior")),
        saboteur("multiplied where it is divided", patch=(Covariance.faded, "self.C / decay", "self.C * decay")),
    ),
)


def from_keys(stream: Stream, found: Found) -> Sides:
    """Compare each map with the one that is made from the products of all keys."""
    maps = [theory.dual_solution(stream.W0, stream.pairs[:t], **stream.weights) for t in range(len(stream.edits) + 1)]
    pairs: list[Any] = []
    for one, true, (weights, _, _) in of_forms(stream, found, **path_of(stream)):
        pairs.append((one["weights"], _of(true, np.stack(maps)), weights))
    return beside(pairs)


RL_18 = Statement(
    id="continual_learning/RL-18",
    title="All edits together are a change of at most the rank of their keys",
    says=(
        "With all keys stacked as K, all errors of the first map as R = V - K W_0, and the prior M_0, the change of "
        "the map is W_T - W_0 = M_0^-1 K^T (I + K M_0^-1 K^T)^-1 R. Its rank is at most the number of keys, and "
        "without anchors it needs no matrix with as many rows and columns as a key has entries."
    ),
    source=Classical("the push-through identity", "Saunders, Gammerman, Vovk, ICML 1998"),
    tex=r"W_T - W_0 = M_0^{-1} K^\top (I + K M_0^{-1} K^\top)^{-1} R",
    hypotheses=HELD,
    instances=STREAMS,
    solve=written,
    claim=Identity(from_keys),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("the prior is inverted on one side alone", solve=wrong.one_sided),
        saboteur("the covariance is never updated", solve=wrong.fixed),
    ),
    notes="With ridge 1 and without anchors the first saboteur is no change, so that such streams do not see it.",
)
