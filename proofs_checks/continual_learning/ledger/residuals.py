"""The part of its surprise that an edit leaves.

E is the surprise of an edit, with one row for each of its u keys, and P = K C K^T its leverage, both before the edit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds import Derived, Identity, Sides, Statement, formula, saboteur
from lrtheory.continual_learning.theory.ridge import inverse, of_one_kind
from proofs_checks.continual_learning.families.runs import DEPENDENT, written
from proofs_checks.continual_learning.families.streams import HELD, STREAMS, Stream
from proofs_checks.continual_learning.families.truths import allowances, beside, energy, of_forms, path_of
from proofs_checks.continual_learning.families.wrong_edits import released, spread, still, twice_gained
from proofs_checks.guards import signed_square

Found = dict[str, Any]


@formula(E="u x p", P="u x u")
def edit_residual(E: np.ndarray, P: np.ndarray) -> np.ndarray:
    """V - K W_t = (I + P)^{-1} E, the part of its surprise that an edit leaves.

    Proof
    -----
    Assumes: the step is D = C K^T H^{-1} E with H = I + P, which is that of the map of least cost (statement RL-1).

    Proof: K D = P H^{-1} E = (H - I) H^{-1} E = E - H^{-1} E, and V - K W_t = E - K D.
    """
    E, P = of_one_kind(E, P)
    try:
        return np.asarray(inverse(np.eye(len(P), dtype=P.dtype) + P) @ E)
    except (ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise must("P", "without the eigenvalue -1", P) from error


def left_over(stream: Stream, found: Found) -> Sides:
    """Compare what each edit leaves of its surprise with the formula, and reported norms with those of the maps."""
    pairs: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        E = true.surprises(W)
        left = [V - K @ after for (K, V), after in zip(true.edits, W[1:], strict=True)]
        due = true.formula(edit_residual, W)
        pairs += [(x, y, outputs) for x, y in zip(left, due, strict=True)]
        inexact = max(energies, allowances(stream)[2])
        for name, of in (("surprise", E), ("residual_norm", left)):
            pairs.append((signed_square(np.asarray(one[name])), np.array([energy(x) for x in of], float), inexact))
    return beside(pairs)


RL_8 = Statement(
    id="continual_learning/RL-8",
    title="An edit leaves a known part of its surprise",
    says=(
        "Right after edit t its error V_t - K_t W_t is H^-1 E, with its surprise E and H = I + K_t C K_t^T. It is not "
        "zero: of a single key k the share 1 / (1 + k C k^T) stays, which says how small the ridge must be for an edit "
        "to stick."
    ),
    source=Derived(edit_residual),
    tex=r"V_t - K_t W_t = H_t^{-1} E_t",
    hypotheses=HELD,
    instances=STREAMS,
    solve=partial(written, reports=("surprise", "residual_norm")),
    claim=Identity(left_over),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("the covariance from after the edit in the gain", solve=twice_gained),
        saboteur("divided by two layers that remain", solve=spread),
        saboteur("targets that are residuals already", solve=released),
        saboteur("does nothing", solve=still),
        saboteur("dependent keys are inverted by their products", patch=DEPENDENT),
    ),
)
