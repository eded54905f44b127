"""The ledger of edits: what one costs, what others pay, what it leaves, and what all cost: RL-2, 3, 8, 10, 11."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Sides, Statement, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from proofs_checks.continual_learning.families.runs import Found, covariances, written
from proofs_checks.continual_learning.families.streams import STREAMS, Stream
from proofs_checks.continual_learning.families.truths import (
    allowances,
    as_fractions,
    beside,
    condition,
    energy,
    information,
    of_forms,
    path_of,
    share,
)
from proofs_checks.continual_learning.recursion import DEPENDENT, DIFFERENCE, HELD
from proofs_checks.continual_learning.wrong_solvers import edits as wrong
from proofs_checks.guards import signed_square


def costs(stream: Stream, found: Found) -> Sides:
    """Compare the rise of the least cost at each edit, and the reported one, with what its surprise says."""
    pairs: list[Any] = []
    for one, true, (_, _, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        least = [true.cost(t, W[t]) for t in range(len(W))]
        due = true.formula(theory.innovation_cost, W)
        pairs.append(([b - a for a, b in pairwise(least)], due, energies))
    return beside(pairs)


RL_2 = Statement(
    id="continual_learning/RL-2",
    title="An edit raises the least cost by its weighted surprise",
    says=(
        "Let edit t meet the map W_{t-1} with the surprise E = V_t - K_t W_{t-1}, and let H = I + K_t C K_t^T with the "
        "covariance C before it. The least cost of all edits so far, J_t(W_t), is larger than J_{t-1}(W_{t-1}) by "
        "tr(E^T H^-1 E)."
    ),
    source=Derived(theory.innovation_cost),
    tex=r"J_t(W_t) - J_{t-1}(W_{t-1}) = \mathrm{tr}(E_t^\top H_t^{-1} E_t)",
    hypotheses=HELD,
    instances=STREAMS,
    solve=written,
    claim=Identity(costs),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("no inverse in the gain", solve=wrong.ungained),
        saboteur("the covariance from after the edit in the gain", solve=wrong.twice_gained),
        saboteur("divided by two layers that remain", solve=wrong.spread),
        saboteur("dependent keys are inverted by their products", patch=DEPENDENT),
    ),
    notes="Both costs are evaluated from their definition, at the maps that the solver returns.",
)


def paid_by_others(stream: Stream, found: Found) -> Sides:
    """Compare what earlier edits, anchors and weights pay at each edit, and the report of it, with the formula."""
    pairs: list[Any] = []
    for one, true, (_, _, energies) in of_forms(stream, found, **path_of(stream)):
        W, E = one["weights"], true.surprises(one["weights"])
        paid = [true.cost(t, W[t + 1]) - true.cost(t, W[t]) for t in range(len(E))]
        due = true.formula(theory.interference, W)
        most = [theory.interference_bound(energy(surprise)) for surprise in E]
        pairs.append((paid, due, energies))
        inexact = max(energies, allowances(stream)[2])  # reports of Fractions are doubles
        left = [float(bound) - float(x) for bound, x in zip(most, due, strict=True)]
        reports = (("interference", due), ("bound", most), ("gap", left))
        pairs += [(one[name], np.array(value, float), inexact) for name, value in reports]
    return beside(pairs)


RL_3 = Statement(
    id="continual_learning/RL-3",
    title="What others pay for an edit is known from its surprise",
    says=(
        "By edit t, with surprise E and H = I + K_t C K_t^T, the cost of everything that was there before, J_{t-1}, "
        "rises by tr(E^T H^-1 (H - I) H^-1 E). This is what the outputs of all old edits, the anchors and the weights "
        "pay together; each report says it, with a quarter of the squared surprise as its bound."
    ),
    source=Derived(theory.interference),
    tex=r"J_{t-1}(W_t) - J_{t-1}(W_{t-1}) = \mathrm{tr}(E_t^\top H_t^{-1} (H_t - I) H_t^{-1} E_t)",
    hypotheses=HELD,
    instances=STREAMS,
    solve=partial(written, reports=("interference", "bound", "gap")),
    claim=Identity(paid_by_others),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("no inverse in the gain", solve=wrong.ungained),
        saboteur("the covariance is never updated", solve=wrong.fixed),
        saboteur("does nothing", solve=wrong.still),
    ),
)


def left_over(stream: Stream, found: Found) -> Sides:
    """Compare what each edit leaves of its surprise with the formula, and reported norms with those of the maps."""
    pairs: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        E = true.surprises(W)
        left = [V - K @ after for (K, V), after in zip(true.edits, W[1:], strict=True)]
        due = true.formula(theory.edit_residual, W)
        pairs += [(x, y, outputs) for x, y in zip(left, due, strict=True)]
        inexact = max(energies, allowances(stream)[2])
        for name, of in (("surprise", E), ("residual", left)):
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
    source=Derived(theory.edit_residual),
    tex=r"V_t - K_t W_t = H_t^{-1} E_t",
    hypotheses=HELD,
    instances=STREAMS,
    solve=partial(written, reports=("surprise", "residual")),
    claim=Identity(left_over),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("the covariance from after the edit in the gain", solve=wrong.twice_gained),
        saboteur("divided by two layers that remain", solve=wrong.spread),
        saboteur("targets that are residuals already", solve=wrong.released),
        saboteur("does nothing", solve=wrong.still),
        saboteur("dependent keys are inverted by their products", patch=DEPENDENT),
    ),
)


def balance(stream: Stream, found: Found) -> Sides:
    """Compare the final cost with the sum of what each edit met, and reported costs and drifts with what they are."""
    pairs: list[Any] = []
    for one, true, (_, _, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        due_cost = sum(true.formula(theory.innovation_cost, W), start=Fraction(0) if true.is_exact else 0.0)
        pairs.append((true.cost(len(true.edits), W[-1]), due_cost, energies))
        D, inexact = W[1:] - true.start, max(energies, allowances(stream)[2])
        reports = (
            (one["cost"], [true.cost(t, W[t]) for t in range(1, len(W))]),
            (signed_square(np.asarray(one["drift"])), [energy(x) for x in D]),
            (signed_square(np.asarray(one["anchor_drift"])), [energy(true.anchors @ x) for x in D]),
        )
        pairs += [(told, np.array(due, float), inexact) for told, due in reports]
    return beside(pairs)


RL_10 = Statement(
    id="continual_learning/RL-10",
    title="The cost of all edits is a running sum",
    says=(
        "The least cost of all edits, J_T(W_T), is the sum over the edits of tr(E_t^T H_t^-1 E_t), with the surprise "
        "E_t that each one met and H_t = I + K_t C_{t-1} K_t^T. So it is known although no edit was stored."
    ),
    source=Derived(theory.ledger_cost),
    tex=r"J_T(W_T) = \sum_{t \le T} \mathrm{tr}(E_t^\top H_t^{-1} E_t)",
    hypotheses=HELD,
    instances=STREAMS,
    solve=partial(written, reports=("cost", "drift", "anchor_drift")),
    claim=Identity(balance),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("the covariance from after the edit in the gain", solve=wrong.twice_gained),
        saboteur("the covariance is never updated", solve=wrong.fixed),
        saboteur("the root of the ridge for the ridge", solve=wrong.rooted),
    ),
    notes="The final cost is evaluated from its definition.",
)


def determinants(stream: Stream, found: Found, by_trace: bool = False) -> Sides:
    """Compare products of the determinants of all edits, and the reported logarithm, with those of the information."""
    d, T, M = len(stream.W0), len(stream.edits), [information(stream, t) for t in range(len(stream.edits) + 1)]
    exact = [determinant(one) for one in M]
    pairs: list[Any] = []
    for one, true, _ in of_forms(stream, found, covariance=(T + 1, d, d)):
        products: list[Any] = []
        due = [x / exact[0] for x in exact[1:]]
        for (K, _), C in zip(true.edits, one["covariance"], strict=False):
            P = as_fractions(K) @ as_fractions(C) @ as_fractions(K).T  # in doubles H may have lost all of I
            H = np.eye(len(K), dtype=P.dtype) + P
            growth = 1 + P.trace() if by_trace else determinant(H)
            products.append(growth * (products[-1] if products else 1))
        # a leverage errs by the share of the largest one, which is the condition times the least at most
        error = len(true.edits) * sum(len(K) for K, _ in true.edits) * share(stream) * condition(stream)
        for product, growth in zip(products, due, strict=True):
            pairs.append((product, growth, 0.0) if true.is_exact else (float(product), growth, error * float(growth)))
        told = np.log(np.array([x / exact[0] for x in exact], float))
        pairs.append((one["log_det"], told, d * share(stream) * (1 + np.abs(np.log(np.array(exact, float))).max())))
    return beside(pairs)


def determinant(A: np.ndarray) -> Any:
    """Return the determinant, of Fractions in Fractions."""
    if A.dtype != object:
        return float(np.linalg.det(A))
    if len(A) == 0:
        return 1
    rest = A[1:, 1:] if len(A) == 1 else None
    minors = [np.delete(A[1:], j, axis=1) for j in range(len(A))] if rest is None else [A[1:, 1:]]
    return sum((-1) ** j * A[0, j] * determinant(minor) for j, minor in enumerate(minors))


RL_11 = Statement(
    id="continual_learning/RL-11",
    title="Information grows by the determinants of the edits",
    says=(
        "The determinant of the information matrix M_T of all edits is that of the prior M_0, times det H_t of each "
        "edit, where H_t = I + K_t C_{t-1} K_t^T with its keys K_t and the covariance C_{t-1} = M_{t-1}^-1 before it. "
        "Its logarithm is reported."
    ),
    source=Classical(
        "the matrix determinant lemma", "Harville, Matrix Algebra from a Statistician's Perspective, 18.1"
    ),
    tex=r"\prod_{t \le T} \det H_t = \det M_T / \det M_0",
    hypotheses=HELD,
    instances=STREAMS,
    solve=covariances,
    claim=Identity(determinants),
    decisions=("*.covariance",),
    saboteurs=(
        saboteur("the covariance is never updated", solve=wrong.stale),
        saboteur("the covariance moves half of the way", solve=partial(wrong.stale, halved=True)),
        saboteur("a product of 1 + trace", claim=Identity(partial(determinants, by_trace=True))),
        saboteur("a variance is left over from a difference", patch=DIFFERENCE),
        saboteur("keys are added twice", patch=(Covariance.added, "(F * weight)", "(2 * F * weight)")),
    ),
)
