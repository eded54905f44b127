"""The map of least cost, made from the products of keys.

W0 is the map W_0 before the first of the `edits`, pairs of keys K_i and values V_i. The first map has the weight
`ridge` = lambda^2, and the `anchors` K_0 have the weight `anchor_weight` = mu^2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory.bounds import Classical, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.continual_learning.theory.ridge import Edits, inverse, inverted, stream_of
from proofs_checks.continual_learning.families.runs import written
from proofs_checks.continual_learning.families.streams import HELD, STREAMS, Stream
from proofs_checks.continual_learning.families.truths import beside, information, of_forms, of_its_kind, path_of, truth
from proofs_checks.continual_learning.families.wrong_edits import fixed, identity, with_reports

Found = dict[str, Any]


def one_sided(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Solve in the products of keys, and forget the inverse of the prior on the way back."""
    true, C = truth(stream), inverse(information(stream, 0))
    maps = [true.start]
    for t in range(1, len(true.edits) + 1):
        K, V = (np.concatenate(parts) for parts in zip(*true.edits[:t], strict=True))
        maps.append(true.start + K.T @ inverse(identity(len(K)) + K @ C @ K.T) @ (V - K @ true.start))
    return with_reports(true, maps)


@formula(ridge="[0, inf)", anchor_weight="[0, inf)")
def dual_solution(
    W0: ArrayLike, edits: Edits, ridge: Number = 1, anchors: ArrayLike | None = None, anchor_weight: Number = 1
) -> np.ndarray:
    """The map of least cost, from the products of keys.

    W_0 + M_0^{-1} K^T (I + K M_0^{-1} K^T)^{-1} R, with all keys stacked as K and R = V - K W_0.

    Proof
    -----
    Assumes: M_0 is positive definite, which is checked.

    Proof: M_T (W_T - W_0) = K^T R by `theory.ridge_solution`, and (M_0 + K^T K) M_0^{-1} K^T = K^T (I + K M_0^{-1}
    K^T). So the whole history is a change whose rank is at most the number of its keys.

    References
    ----------
    .. [1] C. Saunders, A. Gammerman, V. Vovk, Ridge regression learning algorithm in dual variables, ICML 1998.
    """
    (start, anchored), stream, (prior, weight, _) = stream_of(W0, edits, ridge, anchors, anchor_weight, 1)
    C = inverted(prior * np.eye(len(start), dtype=start.dtype) + weight * (anchored.T @ anchored), ridge)
    if not stream:
        return start
    K, V = (np.concatenate(parts) for parts in zip(*stream, strict=True))
    H = np.eye(len(K), dtype=start.dtype) + K @ C @ K.T
    return np.asarray(start + C @ K.T @ inverse(H) @ (V - K @ start))


def from_keys(stream: Stream, found: Found) -> Sides:
    """Compare each map with the one that is made from the products of all keys."""
    maps = [dual_solution(stream.W0, stream.pairs[:t], **stream.weights) for t in range(len(stream.edits) + 1)]
    pairs: list[Any] = []
    for one, true, (weights, _, _) in of_forms(stream, found, **path_of(stream)):
        pairs.append((one["weights"], of_its_kind(true, np.stack(maps)), weights))
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
        saboteur("the prior is inverted on one side alone", solve=one_sided),
        saboteur("the covariance is never updated", solve=fixed),
    ),
    notes="With ridge 1 and without anchors the first saboteur is no change, so that such streams do not see it.",
)
